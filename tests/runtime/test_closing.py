"""A runtime may be closed at any moment; afterwards it says so; and others go on with the model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from saving import TINY, Game

from npcbrain.errors import UsageError
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.tree import Selector, Sequence, Status, Succeed

GUARD = Persona.from_dict({"name": "Al", "role": "guard", "lines": {"fallback": ["Halt!"]}})


def num_free(game: Game) -> int:
    engine = game.runtime._thinker.engine  # type: ignore[attr-defined]
    return sum(slot.generation is None for slot in engine._slots)


@pytest.mark.parametrize("overlap", [False, True], ids=["inline", "overlap"])
def test_close_at_any_moment_gives_every_slot_back(tiny: Model, overlap: bool) -> None:
    """In the midst of a prompt, of a word, of a persona that is read in advance."""
    is_busy = 0
    for num_frames in range(0, 33, 4):
        game = Game(tiny, overlap=overlap)
        game.runtime.warm(game.npc("Dot"))
        game.play(num_frames, 1.0)
        is_busy += num_free(game) < 3
        game.runtime.close()
        game.runtime.close()
        assert num_free(game) == 3
        assert game.runtime.scheduler is not None
        assert not game.runtime.scheduler.num_thinking + game.runtime.scheduler.num_waiting
        assert not any(npc.thinking for npc in game.runtime.npcs.values())
    assert is_busy > 2 or overlap


@pytest.mark.parametrize("overlap", [False, True], ids=["inline", "overlap"])
def test_a_program_may_end_in_the_midst_of_a_thought(overlap: bool) -> None:
    code = (
        "from saving import TINY, Game\nfrom npcbrain.lm.model import Model\n"
        f"game = Game(Model.load(TINY, num_slots=3), overlap={overlap})\n"
        "game.play(12, 1.5)\nassert any(npc.thinking for npc in game.runtime.npcs.values())\n"
        "print('ends')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TINY.parents[1]), os.getcwd()))},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "ends", "")


USES: dict[str, Callable[[Runtime, Npc], object]] = {
    "update": lambda runtime, npc: runtime.update(4.0),
    "add_npc": lambda runtime, npc: runtime.add_npc("Eve", persona=GUARD, tree=Succeed()),
    "remove_npc": lambda runtime, npc: runtime.remove_npc("Ann"),
    "tick_every": lambda runtime, npc: runtime.tick_every("Ann", 2),
    "on_action": lambda runtime, npc: runtime.on_action("give", print),
    "on_save": lambda runtime, npc: runtime.on_save(print),
    "on_load": lambda runtime, npc: runtime.on_load(print),
    "note": lambda runtime, npc: runtime.note(7),
    "warm": lambda runtime, npc: runtime.warm(npc),
    "warm_up": lambda runtime, npc: runtime.warm_up(),
    "save": lambda runtime, npc: runtime.save("never.npcb"),
    "load": lambda runtime, npc: runtime.load("never.npcb"),
    "hear": lambda runtime, npc: npc.hear("Hello?"),
    "notice": lambda runtime, npc: npc.notice("gift", source="player"),
}


@pytest.mark.parametrize("use", USES)
def test_whoever_uses_it_afterwards_is_told_that_it_is_closed(use: str) -> None:
    game = Game(None)
    npc = game.npc("Ann")
    game.runtime.close()
    with pytest.raises(UsageError, match=r"runtime must be open, got 'closed'.*make a new Runtime"):
        USES[use](game.runtime, npc)
    assert npc.event is None
    assert [*game.runtime.npcs]


def test_two_runtimes_share_a_models_weights_and_neither_hears_the_other(tiny: Model) -> None:
    alone = Game(tiny)
    alone.end()
    one, other = Game(tiny), Game(tiny, seed=9)
    engines: list[Any] = [game.runtime._thinker.engine for game in (one, other)]  # type: ignore[attr-defined]
    assert engines[0]._runner._segments is engines[1]._runner._segments  # loaded once
    assert engines[0]._pool is not engines[1]._pool
    for _ in range(25):
        one.play(1)
        other.play(1, 0.7)
    other.runtime.close()  # and the other one goes on
    one.end()
    assert one.past() == alone.past()


def test_a_veto_of_the_game_has_its_reason_on_record(tiny: Model) -> None:
    runtime = Runtime(tiny, price_file=None)
    runtime.on_action("say", lambda npc: Status.FAILURE)  # may not even speak
    tree = Selector(
        Sequence(Heard(), Decide(ttl_ms=60_000), Act()), Sequence(Heard(), CannedReply()), Succeed()
    )
    npc = runtime.add_npc("al", persona=GUARD, tree=tree)
    npc.hear("Let me in!")
    fallbacks: list[tuple[str, str]] = []
    while npc.event is not None:
        fallbacks += runtime.update(20.0).fallbacks
    assert fallbacks == [("al", "guarded")]
    assert npc.decision is not None
    assert (npc.decision.source, npc.decision.say, npc.decision.reason) == (
        "tree",
        "Halt!",
        "guarded",
    )
    runtime.close()


def test_logits_that_are_no_numbers_end_an_answer_and_never_choose_a_word(tiny: Model) -> None:
    import numpy as np

    for temperature in (0.0, 0.8):
        answer: Generation = tiny.generation(
            "Al, guard\n",
            "speech from player: Hi\n",
            grammar='start: " say\\n" / [a-z]+[.]/',
            seed=1,
            temperature=temperature,
        )
        answer.take(np.full(352, np.nan, np.float32))
        answer.take(np.full(352, np.nan, np.float32)) if not answer.finished else None
        assert answer.finish_reason == "error"
        assert answer.text in ("", " say\n")
