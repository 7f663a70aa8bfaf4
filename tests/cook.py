"""A cook who is asked and waits for the answer: for tests of threads and of interrupts."""

from __future__ import annotations

from npcbrain.npcs.leaves import Act, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.tree import Sequence

COOK = Persona.from_dict({"name": "Al", "role": "cook"})
TREE = Sequence(Heard(), Decide(ttl_ms=600_000), Act())
