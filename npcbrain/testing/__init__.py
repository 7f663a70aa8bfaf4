"""For tests of games and of npcbrain itself: a clock driven by hand, scripted doubles, replays.

It may import everything; nothing here is needed in play.
"""

from npcbrain.testing.manual_clock import ManualClock
from npcbrain.testing.replaying import replay
from npcbrain.testing.scripted_engine import (
    ScriptedEngine,
    ScriptedGeneration,
    ScriptedWave,
    Step,
    default_cost_ns,
)
from npcbrain.testing.scripted_model import ScriptedModel

__all__ = [
    "ManualClock",
    "ScriptedEngine",
    "ScriptedGeneration",
    "ScriptedModel",
    "ScriptedWave",
    "Step",
    "default_cost_ns",
    "replay",
]
