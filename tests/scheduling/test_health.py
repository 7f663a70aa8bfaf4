"""Promises of ``npcbrain.scheduling.health``: what fails again and again rests, told once."""

from __future__ import annotations

import warnings

import pytest
from frame_game import MS, Game, S
from minds import GRETA, VILLAGER, ScriptedModel

from npcbrain.runtime import Runtime
from npcbrain.scheduling.health import FIRST_REST_NS, LONGEST_REST_NS, MAX_FAILURES, Health
from npcbrain.testing import ManualClock, ScriptedEngine


def broken(health: Health, times: int = MAX_FAILURES, now_ns: int = 0) -> Health:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(times):
            health.failed(now_ns, "out of memory")
    return health


def test_a_hiccup_is_no_illness() -> None:
    health = broken(Health("it"), MAX_FAILURES - 1)
    assert health.is_well
    assert health.may_try(0)
    health.worked()
    assert broken(health, MAX_FAILURES - 1).is_well


def test_it_rests_for_twice_as_long_each_time_and_a_minute_at_most() -> None:
    health, now_ns, rest_ns = broken(Health("it")), 0, FIRST_REST_NS
    for _ in range(9):
        assert not health.may_try(now_ns + rest_ns - 1)
        assert health.may_try(now_ns + rest_ns)
        now_ns += rest_ns
        rest_ns = min(2 * rest_ns, LONGEST_REST_NS)
        broken(health, 1, now_ns)
    assert rest_ns == LONGEST_REST_NS
    health.worked()
    assert health.is_well
    assert broken(health, now_ns=now_ns).may_try(now_ns + FIRST_REST_NS)


def test_it_is_told_once_with_the_cause() -> None:
    health = Health("the model's engine")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for number in range(40):
            health.failed(0, "no device")
            if number == 20:
                health.worked()
    (only,) = told
    assert "engine failed 3 times in a row, the last time with: no device" in str(only.message)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_while_it_rests_no_step_is_run_and_requests_fail_at_once() -> None:
    game = Game(failures=range(10**6))
    for _ in range(MAX_FAILURES):
        assert game.ask().reason == ""
        game.frames(3)
    num_steps = len(game.engine.steps)
    late = game.ask()
    game.frame()
    assert (late.reason, len(game.engine.steps)) == ("engine_error", num_steps)
    game.clock.advance_ns(2 * S)
    game.ask()
    game.frames(3)
    assert len(game.engine.steps) == num_steps + 1  # one try
    assert {request.reason for request in game.asked} == {"engine_error"}
    assert len(game.ended) == len(game.asked)


class Village:
    """Four NPCs whose engine fails for a while."""

    def __init__(self, failures: range) -> None:
        self.clock = ManualClock()
        self.engine = ScriptedEngine(self.clock, failures=failures)
        self.runtime = Runtime(ScriptedModel(), clock=self.clock, engine=self.engine, memo=0)
        for number in range(4):
            self.runtime.add_npc(f"npc {number}", persona=GRETA, tree=VILLAGER)
        self.runtime.on_action("give", lambda npc, item: None)

    def second(self) -> list[str]:
        """Everybody is talked to, and sixty frames go by; who answered whom."""
        for npc in self.runtime.npcs.values():
            npc.hear("Good day!")
        sources = []
        for _ in range(60):
            report = self.runtime.update(4.0)
            sources += [decision.source for _, decision in report.decisions]
            self.clock.advance_ns(16 * MS)
        assert len(sources) == 4
        return sources


def test_people_carry_on_by_tree_and_the_model_comes_back_when_the_engine_does() -> None:
    village = Village(range(200, 206))
    with pytest.warns(RuntimeWarning, match="engine failed") as told:
        rounds = [village.second() for _ in range(40)]
    assert rounds[0] == ["model"] * 4
    assert ["tree"] * 4 in rounds
    assert rounds[-1] == ["model"] * 4
    assert village.runtime.scheduler is not None
    assert village.runtime.scheduler.health.is_well
    assert len(told) == 1
