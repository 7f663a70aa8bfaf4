"""What the scheduler does about steps far past their price: stop them, and run them again."""

from __future__ import annotations

import pytest
from braking_engine import BrakingGame, ScriptedBrake
from frame_game import MS, Game, S

from npcbrain.engine.contract import Kind
from npcbrain.report import NO_LIMIT_NS
from npcbrain.scheduling.scheduler import State
from npcbrain.scheduling.step_runner import MAX_BRAKED_NS, stop_ns


def test_a_step_is_stopped_three_milliseconds_after_its_frame_or_at_four_times_its_price() -> None:
    assert stop_ns(0, price_ns=MS, deadline_ns=4 * MS, num_braked=0) == 7 * MS
    assert stop_ns(0, price_ns=3 * MS, deadline_ns=4 * MS, num_braked=0) == 12 * MS


def test_a_step_that_was_stopped_before_has_twice_the_time() -> None:
    times = [stop_ns(0, MS, 2 * MS, num_braked) for num_braked in range(4)]
    assert times == [5 * MS, 8 * MS, 16 * MS, 32 * MS]


def test_no_step_is_stopped_where_nobody_waits_for_a_frame() -> None:
    assert stop_ns(5, MS, 5 + MAX_BRAKED_NS, 0) > 0
    assert stop_ns(5, MS, 6 + MAX_BRAKED_NS, 0) == 0
    assert stop_ns(5, MS, NO_LIMIT_NS, 0) == 0


def test_a_braked_step_is_told_and_ends_the_frame_soon_after_its_budget() -> None:
    game = BrakingGame(slow={1: 90 * MS})
    game.ask()
    report = game.frame(budget_ns=4 * MS)
    assert (report.num_steps, report.braked) == (2, 1)
    assert report.used_ns == 7 * MS
    assert report.largest_step_ns == 6 * MS
    assert str(report).endswith(", 1 braked, over by 3.00 ms")


def test_a_braked_step_leaves_its_request_as_it_was() -> None:
    game = BrakingGame(slow={1: 90 * MS})
    request = game.ask()
    game.frame(budget_ns=4 * MS)
    (wave,) = game.engine.waves
    assert (wave.segment, wave.kind) == (1, Kind.PREFILL)
    assert (request.state, request.generation.context) == (State.THINKING, 0)


def test_what_was_braked_is_run_again_and_done() -> None:
    slow, quick = BrakingGame(slow={1: 90 * MS, 9: 90 * MS}), BrakingGame()
    requests = [game.ask() for game in (slow, quick)]
    braked = [sum(report.braked for report in game.frames(40)) for game in (slow, quick)]
    assert braked == [2, 0]
    assert [request.state for request in requests] == [State.DONE] * 2
    steps = [[(s.kind, s.segment, s.rows) for s in g.engine.steps] for g in (slow, quick)]
    assert steps[0] == steps[1]


def test_a_machine_that_has_become_slow_gets_on_after_a_few_tries() -> None:
    game = BrakingGame(slow=dict.fromkeys(range(1000), 30 * MS))
    request = game.ask(num_prompt=4, answer="a", ttl_ns=60 * S)
    reports = game.frames(400)
    assert request.state is State.DONE
    # At 7, 8 (a price that has doubled) and 16 ms, and then it may take 32: for each of two waves.
    assert 2 <= sum(report.braked for report in reports) <= 8


def test_a_wave_that_never_ends_expires_with_its_request() -> None:
    game = BrakingGame(slow=dict.fromkeys(range(1000), S * 3600))
    request = game.ask(ttl_ns=2 * S)
    game.frames(60)
    assert (request.state, request.reason) == (State.FAILED, "expired")
    assert list(game.engine.waves) == []


def test_a_new_wave_starts_with_the_usual_patience() -> None:
    game = BrakingGame(slow={0: 90 * MS, 1: 90 * MS})
    request = game.ask(num_prompt=4, answer="a " * 30)
    late_ns = []
    while request.generation.num_generated < 2:
        num_armed, deadline_ns = len(game.braking.brake.armed), game.clock.now_ns() + 4 * MS
        game.frame(budget_ns=4 * MS)
        late_ns += [stop - deadline_ns for stop in game.braking.brake.armed[num_armed:][:1]]
    assert (late_ns[0], late_ns[-1]) == (3 * MS, 3 * MS)
    assert max(late_ns) >= 12 * MS


def test_a_braked_step_is_dearer_from_then_on() -> None:
    game = BrakingGame(slow={0: 90 * MS})
    game.ask()
    before_ns = game.cost.price_ns(Kind.PREFILL, 0, 16, 0)
    game.frame()
    assert game.cost.price_ns(Kind.PREFILL, 0, 16, 0) > before_ns


def test_the_brake_is_released_after_each_step_whatever_came_of_it() -> None:
    game = BrakingGame(slow={1: 90 * MS})
    game.braking._failures = frozenset({4})
    game.ask()
    game.frames(10)
    brake = game.braking.brake
    assert brake.stop_ns == 0
    assert brake.num_released == len(brake.armed) > 5


def test_a_frame_without_a_limit_is_not_braked() -> None:
    game = BrakingGame(slow={1: 90 * MS})
    request = game.ask()
    assert game.frame(NO_LIMIT_NS).braked == 0
    assert game.braking.brake.armed == []
    assert request.state is State.DONE


def test_a_brake_that_does_not_come_harms_nothing() -> None:
    class Deaf(ScriptedBrake):
        def arm(self, *_: object) -> None:
            self.armed.append(0)

    game, plain = BrakingGame(slow={1: 90 * MS}), Game(surprises={1: 89 * MS})
    game.braking.brake = game.scheduler._runner._brake = Deaf()  # type: ignore[assignment]
    requests = [one.ask(ttl_ns=9 * S) for one in (game, plain)]
    reports = [one.frames(40) for one in (game, plain)]
    assert game.braking.brake.armed
    assert [request.state for request in requests] == [State.DONE] * 2
    assert sum(report.braked for report in reports[0]) == 0


@pytest.mark.parametrize("budget_ns", [0, -5 * MS])
def test_a_frame_without_a_budget_arms_nothing(budget_ns: int) -> None:
    game = BrakingGame()
    game.ask()
    game.frames(5, budget_ns)
    assert game.braking.brake.armed == []
