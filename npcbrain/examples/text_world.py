"""A text world in Evennia's manner: rooms, characters, commands, and a script that ticks."""

from __future__ import annotations

import sys
from pathlib import Path

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=2500), nb.Act()),  # the model, if it answers in time
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),  # else the tree, at once
    Succeed(),
)


class Room:
    """A place; in Evennia, a DefaultRoom."""

    def __init__(self, key: str, desc: str) -> None:
        self.key, self.desc = key, desc
        self.contents: list[Character] = []

    def msg_contents(self, text: str, exclude: Character | None = None) -> None:
        """Tells everybody here."""
        for character in self.contents:
            if character is not exclude:
                character.msg(text)


class Character:
    """Somebody in a room; in Evennia, a DefaultCharacter."""

    def __init__(self, key: str, room: Room) -> None:
        self.key, self.location = key, room
        room.contents.append(self)

    def msg(self, text: str) -> None:
        """Text reaches its screen."""
        print(text)

    def at_say(self, message: str) -> None:
        """It speaks, and everybody here hears it."""
        self.location.msg_contents(f'{self.key} says, "{message}"')
        for other in self.location.contents:
            if isinstance(other, ThinkingCharacter) and other is not self:
                other.npc.hear(message, speaker=self.key)


class ThinkingCharacter(Character):
    """A character with a mind. Add its NPC in at_init, so that it is back after a reload."""

    def __init__(self, key: str, room: Room, runtime: nb.Runtime, persona: nb.Persona) -> None:
        super().__init__(key, room)
        self.npc = runtime.add_npc(key, persona=persona, tree=TREE)
        self.npc.scene = nb.Scene(place=room.key)

    def msg(self, text: str) -> None:
        """It has no screen."""


def at_repeat(runtime: nb.Runtime, characters: dict[str, ThinkingCharacter]) -> bool:
    """The work of a Script with an interval of a second or less: one update, and its results."""
    report = runtime.update(budget_ms=20.0)
    for name, decision in report.decisions:
        who = characters[name]
        who.location.msg_contents(f'{name} ({decision.source}) says, "{decision.say}"')
    return bool(report.decisions)


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Plays until your lines end; headless, with two lines of its own."""
    landing = Room("landing", "Wet planks, a rope across the river, a flat boat.")
    persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
    with nb.Runtime(model, seed=7) as runtime:
        for action in ("ferry", "give", "refuse"):  # in Evennia, an emote and what it moves
            runtime.on_action(
                action, lambda npc, **args: landing.msg_contents(f"({npc.name}: {args})")
            )
        player = Character("player", landing)
        oda = ThinkingCharacter("oda", landing, runtime, persona)
        player.msg(f"{landing.desc} Oda is here. Type: look, or say something")
        for line in ["look", "say What does the crossing cost?"] if headless else sys.stdin:
            command, _, rest = line.strip().partition(" ")
            if command == "look":
                player.msg(landing.desc)
            elif command == "say":
                player.at_say(rest)
            else:
                player.msg("Commands: look, say <something>")
            while oda.npc.event is not None:  # here Evennia's reactor would call it
                at_repeat(runtime, {"oda": oda})


if __name__ == "__main__":
    main(nb.Model.load())
