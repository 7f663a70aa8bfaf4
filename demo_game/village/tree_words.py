"""The behaviour trees of the village: read from ``trees/*.xml``, with the words below.

All have the same mind (``common.xml``), and each has a day of its own. ``Concurrent`` runs mind and
body side by side: while ``Decide`` takes a second or two, the smith hammers on. ``nodes.xml`` tells
Groot2 the words; this writes it::

    npcbrain tree export-nodes --registry demo_game.village.tree_words:words

Invariant: every tree always has something to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import npcbrain as nb
from demo_game.people.villager import Villager
from demo_game.world.land import PLACES
from npcbrain.tree import Registry, Status, TreeFile

__all__ = ["ROUTINES", "TREES", "tree_file", "words"]

TREES = Path(__file__).parents[1] / "trees"
SHARED = ("common", "nodes")  # included by the others

ROUTINES: dict[str, Path] = {
    path.stem: path for path in sorted(TREES.glob("*.xml")) if path.stem not in SHARED
}

Place = Literal[tuple(PLACES)]
Facing = Literal["up", "down", "left", "right"]
Line = Literal["bark", "greeting"]


def tree_file(me: Villager, folder: Path = TREES) -> TreeFile:
    """One villager's file, to be followed while it is edited."""
    return TreeFile(folder / f"{me.name}.xml", words(me))


def words(me: Villager | None = None) -> Registry:
    """The registry of the village's tree files.

    Args:
        me: The villager that acts; None for a registry to check files with.
    """
    known = nb.registry()
    if me is None:
        me = Villager.__new__(Villager)  # only its methods are used

    @known.condition("IsTalking")
    def is_talking(npc: nb.Npc) -> bool:
        """Should it stand and look at somebody?"""
        return me.is_talking

    @known.condition("HasErrand")
    def has_errand(npc: nb.Npc) -> bool:
        """Did a decision send it somewhere?"""
        return me.has_errand

    @known.condition("GetsGift")
    def gets_gift(npc: nb.Npc) -> bool:
        """Is it being given something?"""
        return npc.event is not None and npc.event.kind == "gift"

    @known.condition("IsNight")
    def is_night(npc: nb.Npc) -> bool:
        """Is it dark?"""
        return me.is_night

    @known.condition("SeesPlayer")
    def sees_player(npc: nb.Npc) -> bool:
        """Is the player near?"""
        return me.sees_player()

    @known.action("Attend")
    def attend(npc: nb.Npc) -> Status:
        """Stands and looks at the one it talks with."""
        return me.attend()

    @known.action("RunErrand")
    def run_errand(npc: nb.Npc) -> Status:
        """Takes a step of its errand."""
        return me.run_errand()

    @known.action("GoTo")
    def go(npc: nb.Npc, place: Place, speed: float = 1.0) -> Status:
        """Walks to a place."""
        return me.go(place, speed)

    @known.action("Stroll")
    def stroll(npc: nb.Npc, places: list[str]) -> Status:
        """Walks to one of several places, another each time."""
        return me.stroll(*places)

    @known.action("Work")
    def work(npc: nb.Npc, seconds: float, beat_frames: int = 24, facing: Facing = "down") -> Status:
        """Moves its tool for a while."""
        return me.work(seconds, beat_frames, facing)

    @known.action("CallOut")
    def call_out(npc: nb.Npc, kind: Line) -> Status:
        """Says a line of its own."""
        return me.call_out(kind)

    return known
