"""The behaviour trees of the village: one mind for all, a day of its own for each.

A tree is a plain value. ``Concurrent`` lets mind and body go on side by side: while ``Decide`` runs
for a second or two, the smith hammers on. In the mind, the second branch is the fallback: where the
model cannot answer in time, ``Decide`` fails and ``CannedReply`` answers in the same frame.
Invariant: every tree always has something to do.
"""

from __future__ import annotations

from collections.abc import Callable

import npcbrain as nb
from demo_game.villager import Villager
from npcbrain.tree import (
    Action,
    Concurrent,
    Condition,
    Cooldown,
    ForceSuccess,
    Guard,
    Node,
    ReactiveSelector,
    Selector,
    Sequence,
    Succeed,
    Wait,
)

__all__ = ["ROUTINES", "village_tree"]

TTL_MS = 3000.0  # how long a player waits for an answer before a stock phrase would be better


def village_tree(me: Villager) -> Node:
    """The whole tree of one villager."""
    return Concurrent(_mind(), _body(me), name=me.name)


def _mind() -> Node:
    return Selector(
        Sequence(nb.Heard(), nb.Decide(ttl_ms=TTL_MS), nb.Act(), name="think"),
        Sequence(nb.Heard(), nb.CannedReply(), name="fall back"),
        Succeed(),
        name="mind",
    )


def _body(me: Villager) -> Node:
    return ReactiveSelector(
        Guard(_do("attend", me.attend), lambda _: me.is_talking and not me.has_errand),
        Guard(_do("errand", me.run_errand), lambda _: me.has_errand),
        ROUTINES[me.name](me),
        name="body",
    )


def _do(name: str, fn: Callable[[], nb.tree.Status]) -> Node:
    return Action(name, lambda _: fn())


def _go(me: Villager, place: str, speed: float = 1.0) -> Node:
    return Action(f"go to {place}", lambda _: me.go(place, speed))


def _work(me: Villager, seconds: float, beat: int = 24, facing: str = "down") -> Node:
    return Action("work", lambda _: me.work(seconds, beat, facing))


def _call(me: Villager, kind: str, every_ms: float) -> Node:
    """A line of its own now and then; never the reason why a routine stops."""
    call: Node = Action(kind, lambda _: me.call_out(kind))
    if kind == "greeting":
        call = Sequence(Condition("sees the player", lambda _: me.sees_player()), call)
    return ForceSuccess(Cooldown(call, every_ms))


def _at_night(me: Villager, child: Node) -> Node:
    return Guard(child, lambda _: me.is_night)


def _greta(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "inn"), _work(me, 8, 40))),
        Sequence(
            _go(me, "inn"),
            _work(me, 6, 30),
            _call(me, "greeting", 20_000),
            _work(me, 5, 30),
            _call(me, "bark", 30_000),
            _go(me, "well"),
            Wait(2500),
            _go(me, "inn"),
            _work(me, 9, 30),
        ),
        name="keep the inn",
    )


def _borin(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "inn"), Wait(6000))),
        Sequence(
            _go(me, "forge"),
            _work(me, 7, 18),
            _call(me, "bark", 24_000),
            _work(me, 7, 18),
            _call(me, "greeting", 30_000),
            _go(me, "well", 0.9),
            Wait(1500),
            _go(me, "forge", 0.9),
            _work(me, 10, 18),
        ),
        name="forge",
    )


def _edda(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "gate"), _work(me, 10, 90), _go(me, "well"))),
        Sequence(
            _go(me, "gate"),
            Wait(2500),
            _call(me, "bark", 26_000),
            _go(me, "well"),
            Wait(1200),
            _call(me, "greeting", 30_000),
            _go(me, "bridge"),
            Wait(2500),
            _go(me, "shrine"),
            Wait(3000),
            _go(me, "old oak"),
            Wait(1500),
        ),
        name="watch",
    )


def _willow(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "cottage"), Wait(7000))),
        Sequence(
            _go(me, "garden"),
            _work(me, 5, 36),
            _call(me, "greeting", 24_000),
            _work(me, 6, 36),
            _go(me, "cottage"),
            Wait(1500),
            _call(me, "bark", 22_000),
            _go(me, "field"),
            Wait(2000),
            _call(me, "bark", 22_000),
        ),
        name="tend the herbs",
    )


def _pip(me: Villager) -> Node:
    play = Action("stroll", lambda _: me.stroll("well", "old oak", "home", "market", "field"))
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "home", 1.3), Wait(8000))),
        Sequence(play, _call(me, "greeting", 20_000), Wait(1400), _call(me, "bark", 18_000)),
        name="play",
    )


def _tam(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "dock"), _work(me, 20, 150, "right"))),
        Sequence(
            _go(me, "dock"),
            _work(me, 12, 110, "right"),
            _call(me, "bark", 25_000),
            _work(me, 8, 110, "right"),
            _call(me, "greeting", 30_000),
            _go(me, "market", 0.9),
            Wait(3500),
        ),
        name="fish",
    )


def _mira(me: Villager) -> Node:
    return ReactiveSelector(
        _at_night(me, Sequence(_go(me, "inn"), Wait(9000))),
        Sequence(
            _go(me, "market"),
            _work(me, 4, 30),
            _call(me, "bark", 16_000),
            _work(me, 5, 30),
            _call(me, "greeting", 22_000),
            _work(me, 4, 30),
            _go(me, "well"),
            Wait(1800),
        ),
        name="sell",
    )


ROUTINES: dict[str, Callable[[Villager], Node]] = {
    "greta": _greta,
    "borin": _borin,
    "edda": _edda,
    "willow": _willow,
    "pip": _pip,
    "tam": _tam,
    "mira": _mira,
}
