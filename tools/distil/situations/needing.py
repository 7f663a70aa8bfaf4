"""Needs: somebody says what is wrong, and which of the things at hand helps is common sense.

Invariant: all things that can be given are of the table, and each need fits one of them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tools.distil.situations.doing import do_line
from tools.distil.situations.stage import Stage, Wish

__all__ = ["needs"]

# They would help as well.
HELPFUL = (
    "quench", "warm", "dish_up", "heal", "light", "cook", "calm", "rest", "eat", "feed", "clean",
    "open", "hand_to", "sell", "call_medic", "repair", "make", "dig", "tie", "point", "escort",
)  # fmt: skip
NUM_THINGS = 6


def needs(stage: Stage) -> None:
    """Gives by need; to be the first thread of its day, for it decides what things there are."""
    things = list(stage.lexicon.lines["needs"])
    stage.cast.pool("thing")[:] = stage.rng.sample(things, k=NUM_THINGS)
    stage.avoid.update(HELPFUL)
    wish = stage.wish(("give",))
    if wish is None:
        return
    arg = next(iter(wish[0].args))  # the thing; whom it is given to comes second
    for value in wish[0].args[arg]:
        stage.add(wish, partial(_need, stage, wish, arg, value))


def _need(stage: Stage, wish: Wish, arg: str, value: str) -> None:
    draft, rng = stage.draft, stage.rng
    thing = next(t for t in stage.cast.pool("thing") if value.replace("_", " ").endswith(t))
    draft.category = "need"
    draft.hear(rng.choice(stage.lexicon.lines["needs"][thing]))
    offer = replace(wish[0], chosen={**wish[0].chosen, arg: value})
    say = do_line(draft, wish[1], {**wish[2], "thing": thing})
    draft.answer(offer, draft.mood(*wish[1].moods), draft.speak(say))
