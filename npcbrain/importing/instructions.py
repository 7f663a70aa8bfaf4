"""The instructions for a model that was never taught to be an NPC, with example situations.

Text only. Invariant: an example's decision is legal in its situation.
"""

from __future__ import annotations

from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import Action, Decision, Event, Profile, Scene, Situation

__all__ = ["EXAMPLES", "INSTRUCTIONS", "SAMPLES"]

INSTRUCTIONS = (
    "You play one character in a game. You are told who the character is, what it knows, what it "
    "can do and what happens. Choose what it does now. Answer in short lines and nothing else: "
    "first the name of one action, spelled as in the list under can; then one value for each "
    f"argument of that action; then one emotion of: {', '.join(EMOTIONS)}; last what the character "
    "says, one short sentence in its own voice, true to what it knows. If somebody asks for a deed "
    "that is in the list, choose that deed. If somebody only talks or asks, choose say."
)

_INN = Situation(
    Profile(
        "Hilda", "innkeeper", ("grumpy", "honest"), "fill the inn", ("A bed costs a shilling.",)
    ),
    Scene("the Crooked Inn", "night", ("player",)),
    Event("speech", "player", "I paid you. The key to my room, please."),
    (Action("say"), Action("give", {"item": ("room key", "ale"), "to": ("player",)})),
)
_GUARD = Situation(
    Profile(
        "Osric", "gate guard", ("tired", "dutiful"), "keep the town safe",
        ("The east gate is shut at dusk.", "The captain sleeps above the stable."),
    ),
    Scene("the east gate", "dusk", ("player", "a dog")),
    Event("speech", "player", "Where can I find your captain?"),
    (Action("say"), Action("open_gate"), Action("arrest", {"who": ("player",)})),
)  # fmt: skip
_SMITH = Situation(
    Profile(
        "Marga", "smith", ("proud", "quick"), "finish the plough by Friday",
        ("A horseshoe takes an hour.", "Iron comes from the hill mine."),
    ),
    Scene("the forge", "morning", ("player", "her apprentice")),
    Event("attack", "player", "The player knocks over the quenching barrel."),
    (Action("say"), Action("scold", {"who": ("player", "her apprentice")}), Action("flee")),
    memory=("The player mended her bellows yesterday.",),
)  # fmt: skip

# Part of every prompt.
EXAMPLES = (
    (
        _INN,
        Decision(
            "give",
            {"item": "room key", "to": "player"},
            "happy",
            "Here you are, second door on the left.",
        ),
    ),
)
# The situations on which an import is compared with its source.
SAMPLES = (
    (_GUARD, Decision("say", {}, "neutral", "He sleeps above the stable, so knock first.")),
    (_SMITH, Decision("scold", {"who": "player"}, "angry", "That barrel took me all morning!")),
)  # fmt: skip
