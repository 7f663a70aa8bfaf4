"""A game that does to its NPCs whatever a game can do, recorded and played again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from saving import COOK, TINY, TREE, Game

from npcbrain.lm.model import Model
from npcbrain.npcs.persona import Persona
from npcbrain.recording.moments import Kind, Moment
from npcbrain.replay.play import Play
from npcbrain.replay.recording import Recording
from npcbrain.situation import Action, Scene


@cache
def tiny() -> Model:
    return Model.load(TINY, num_slots=3)


def give(npc: Any, item: str) -> None:
    """The handler, for a game that needs no world."""


def build(play: Play) -> None:
    play.runtime.on_action("give", give)
    play.trees = TREE


class Busy(Game):
    """Cooks to whom everything happens that can, in a frame that depends on its number alone."""

    def ask(self) -> None:
        super().ask()
        for frame, deed in enumerate(self.all_deeds(), 3):
            if self.frame == 2 * frame:
                deed()

    def all_deeds(self) -> Sequence[Any]:
        ann, bob, cid = (self.npc(name) for name in ("Ann", "Bob", "Cid"))
        other = Persona.from_dict({**COOK, "name": "Anna", "role": "smith"})
        return [
            lambda: ann.notice("gift", source="player", text="The player gives you a spoon."),
            lambda: ann.remember("The mill burned down.", importance=0.9),
            lambda: setattr(bob, "scene", Scene("the kitchen", "noon", ("Ann", "player"))),
            lambda: setattr(bob, "actions", (Action("say"), Action("give", {"item": ("room",)}))),
            lambda: setattr(ann, "persona", other),
            lambda: setattr(cid, "importance", 3.5),
            lambda: ann.blackboard.update(route=["well", {"x": 1.5}], open=None),
            lambda: ann.blackboard.pop("open"),
            lambda: bob.blackboard.update(a=1) or bob.blackboard.clear(),
            lambda: self.runtime.tick_every("Cid", 3),
            bob.drop_thought,
            lambda: cid.reply(["Later!"]),
            lambda: ann.finish_event(rest=True),
            lambda: bob.decline("not now"),
            lambda: bob.memory.clear(),
            lambda: self.runtime.note({"keys": [13, "w"]}),
            lambda: self.runtime.remove_npc("Dot") if "Dot" in self.runtime.npcs else None,
            lambda: self.runtime.add_npc(
                "Eve", persona=Persona.from_dict({**COOK, "name": "Eve"}), tree=TREE, importance=2
            ),
            lambda: self.npc("Eve").hear("Who are you?", speaker="Ann"),
        ]


def moments(path: Path) -> list[Moment]:
    return [moment for turn in Recording(path).turns() for moment in turn.moments]


def kinds(path: Path) -> set[Kind]:
    return {moment.kind for moment in moments(path)}


def recorded(path: Path, model: Model | None = None, *, frames: int = 30, **options: Any) -> Game:
    """A short game on a file, closed."""
    game = Game(model, record=path, **options)
    game.play(frames)
    game.runtime.close()
    return game
