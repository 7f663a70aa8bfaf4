"""NPCs that think on a server: ``Remote`` and ``Hybrid`` take the place of a model.

The same leaves, deadlines and refusals over the OpenAI-compatible API of llama.cpp's server, vLLM
and TensorRT-LLM. The game's thread puts questions into a queue and takes answers out of one; a
worker thread does all else.
"""

from __future__ import annotations

from npcbrain.remote.hybrid import Hybrid
from npcbrain.remote.remote import Remote

__all__ = ["Hybrid", "Remote"]
