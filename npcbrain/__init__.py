"""npcbrain: NPCs that think with a small language model inside a game's frame budget.

A map, from what a game holds down to what it never sees:

* ``Runtime``            once a frame, ``update(budget_ms)``; answers with a ``FrameReport``
* ``FramePacer``         tells when a frame's update must end, for games that do not know
* ``Npc``, ``Persona``   a character: what it hears, remembers (``Memory``), says; who it is
* ``Heard``, ``Decide``, ``Act``, ``Reflex``, ``CannedReply``
                         leaves for its behaviour tree; the other nodes are in ``tree``
* ``minds``              ready-made trees: ``minds.talker()``
* ``registry``           what tree files may call: these leaves, and what the game adds
* ``Situation``          what the model is asked: a ``Profile``, a ``Scene``, an ``Event`` and the
                         legal ``Action`` values; it answers with a ``Decision``
* ``Reason``             why a tree answered in the model's place
* ``Model``              the language model; loads nothing heavy until ``Model.load``
* ``Remote``, ``Hybrid``   a server in its place, or both (extra ``remote``)
* ``Trace``              a recording of frames and steps for ui.perfetto.dev
* ``Clock``              gives the time; ``npcbrain.testing`` has one to drive by hand
* ``NpcBrainError``      the base of all errors; running out of budget is not an error

The commands are in ``npcbrain.commands.main``. DESIGN.md tells why things are as they are.
"""

from __future__ import annotations

import os
import sys

# ONNX Runtime's wheels send telemetry unless this is set before their import. If a game has
# imported onnxruntime earlier, its files are written already; then only its events can be stopped.
if "onnxruntime" in sys.modules and not os.environ.get("ORT_DISABLE_TELEMETRY"):
    getattr(sys.modules["onnxruntime"], "disable_telemetry_events", bool)()
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from npcbrain import minds, tree
from npcbrain.clock import Clock, SystemClock
from npcbrain.engine.trace import Trace
from npcbrain.errors import (
    EngineError,
    HandlerError,
    ModelError,
    NpcBrainError,
    PersonaError,
    RecordingError,
    RemoteError,
    SaveError,
    SituationError,
    TreeError,
    UsageError,
)
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard, Reflex
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.vocabulary import registry
from npcbrain.reasons import Reason
from npcbrain.remote import Hybrid, Remote
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.scheduling.frame_pacer import FramePacer
from npcbrain.situation import Action, Decision, Event, Profile, Scene, Situation
from npcbrain.version import RELEASE as __version__

__all__ = [
    "Act",
    "Action",
    "CannedReply",
    "Clock",
    "Decide",
    "Decision",
    "EngineError",
    "Event",
    "FramePacer",
    "FrameReport",
    "HandlerError",
    "Heard",
    "Hybrid",
    "Memory",
    "Model",
    "ModelError",
    "Npc",
    "NpcBrainError",
    "Persona",
    "PersonaError",
    "Profile",
    "Reason",
    "RecordingError",
    "Reflex",
    "Remote",
    "RemoteError",
    "Runtime",
    "SaveError",
    "Scene",
    "Situation",
    "SituationError",
    "SystemClock",
    "Trace",
    "TreeError",
    "UsageError",
    "__version__",
    "minds",
    "registry",
    "testing",
    "tree",
]


def __getattr__(name: str) -> object:
    """Loads ``npcbrain.testing`` when a test asks for it, since no game needs it."""
    if name != "testing":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module("npcbrain.testing")
