"""The scheduler's promises, one by one: who goes first, who fails and why, what is learned."""

from __future__ import annotations

import warnings

import pytest
from frame_game import MS, Game, S

from npcbrain.engine.contract import Kind
from npcbrain.errors import EngineError, UsageError
from npcbrain.pricing.budget_history import MIN_FRAMES
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduling.forecast import MIN_ENDED
from npcbrain.scheduling.scheduler import Scheduler, State
from npcbrain.testing import ScriptedGeneration


def test_an_answer_is_written_over_many_frames() -> None:
    game = Game()
    request = game.ask(num_prompt=4, answer="a b c")
    reports = game.frames(3, budget_ns=9 * MS // 2)
    assert request.state is State.DONE
    assert game.ended == [request]
    # One chunk and two decodes of three steps each, four steps a frame.
    assert [report.num_steps for report in reports] == [4, 4, 1]
    assert sum(report.num_tokens for report in reports) == 3


def test_a_report_tells_the_model_s_time_and_longest_step() -> None:
    game = Game(lambda kind, segment, rows, context: MS * (segment + 1))
    game.ask(num_prompt=4, answer="a")
    report = game.frame(budget_ns=7 * MS)
    assert (report.model_ns, report.largest_step_ns, report.num_steps) == (6 * MS, 3 * MS, 3)


def test_a_report_tells_who_thinks_and_who_waits() -> None:
    game = Game(num_slots=2)
    for _ in range(5):
        game.ask()
    report = game.frame()
    assert (report.num_thinking, report.num_waiting) == (2, 3)


def test_no_budget_runs_no_step() -> None:
    game = Game()
    game.ask()
    assert game.frame(budget_ns=0).num_steps == 0
    assert game.frame(budget_ns=-5).num_steps == 0


def test_a_frame_without_a_limit_finishes_everything() -> None:
    game = Game(num_slots=2)
    requests = [game.ask() for _ in range(5)]
    game.frame(NO_LIMIT_NS)
    assert all(request.state is State.DONE for request in requests)


def test_a_free_slot_goes_to_the_most_urgent() -> None:
    game = Game(num_slots=1)
    later = game.ask(ttl_ns=9 * S)
    sooner = game.ask(ttl_ns=8 * S)
    game.frame()
    assert (later.state, sooner.state) == (State.WAITING, State.THINKING)


def test_a_slot_that_comes_free_is_given_out_in_the_same_frame() -> None:
    game = Game(num_slots=2)
    short, _, third = (game.ask(num_prompt=1, answer="a " * n, ttl_ns=9 * S + n) for n in (1, 9, 9))
    game.frame()
    assert (short.state, third.state) == (State.DONE, State.THINKING)


def test_whoever_waits_is_expected_to_find_as_much_in_the_cache_as_others_did() -> None:
    game = Game(num_slots=1)
    script = {"num_prompt": 2000, "num_cached": 1999, "answer": "a " * 4}
    for _ in range(9):
        game.ask(**script)
        game.frames(10)
    game.ask(**script)
    game.frame()
    request = game.ask(**script, ttl_ns=S)  # to read all of its prompt would take 3 s
    game.frames(30)
    assert request.state is State.DONE


def test_an_engine_that_rounds_rows_up_does_not_run_over_the_budget() -> None:
    game = Game(lambda kind, segment, rows, context: rows * MS, chunk_sizes=(2, 4))
    start_prefill = game.engine.start_prefill
    game.engine.start_prefill = lambda generation, rows: start_prefill(generation, 4)  # type: ignore[method-assign]
    request = game.ask(num_prompt=2, answer="a")
    game.frame(budget_ns=3 * MS)
    assert (request.generation.in_wave, game.engine.overpriced) == (True, [])
    game.frames(9, budget_ns=5 * MS)
    assert request.state is State.DONE


def test_who_is_held_up_by_an_old_price_gets_on_though_others_keep_running() -> None:
    game = Game()
    for kind, segment, rows in game.engine.probes():
        for _ in range(64 if kind is Kind.PREFILL else 0):
            game.cost.observe(kind, segment, rows, 0, 5 * MS)
    speaker = game.ask(num_prompt=1, answer="a " * 2000, max_new_tokens=2000)
    reader = game.ask(num_prompt=8)
    game.frames(600)
    assert speaker.state is State.THINKING
    assert reader.state is State.DONE


def test_the_higher_priority_goes_first() -> None:
    game = Game(num_slots=1)
    lower = game.ask(ttl_ns=9 * S, priority=1.0)
    higher = game.ask(ttl_ns=9 * S, priority=3.0)
    game.frame()
    assert (lower.state, higher.state) == (State.WAITING, State.THINKING)


def test_equals_go_in_the_order_they_came() -> None:
    game = Game(num_slots=1)
    requests = [game.ask(num_prompt=1, answer="a") for _ in range(5)]
    game.frames(20)
    assert game.ended == requests


def test_a_late_request_fails_at_once_and_costs_nothing() -> None:
    game = Game()
    game.frames(MIN_FRAMES)  # before, nobody knows what the game grants
    request = game.ask(ttl_ns=20 * MS)
    report = game.frame()
    assert (request.state, request.reason) == (State.FAILED, "would_exceed")
    assert report.num_steps == 0


def learn_how_answers_are(game: Game) -> int:
    """So many answers end that a forecast rests on more than guesses; returns the steps run."""
    num_steps = 0
    for _ in range(MIN_ENDED):
        game.ask(ttl_ns=60 * S, num_prompt=1, answer="a " * 15)
        num_steps += sum(game.frame().num_steps for _ in range(60))
    return num_steps


def test_nobody_is_refused_on_guesses() -> None:
    game = Game(num_slots=1)
    requests = [game.ask(ttl_ns=2 * S, answer="a " * 30) for _ in range(3)]
    game.frame()
    assert [request.reason for request in requests] == ["", "", ""]


def test_whoever_cannot_get_a_slot_in_time_fails_at_once() -> None:
    game = Game(num_slots=1)
    learn_how_answers_are(game)
    game.ask(ttl_ns=2 * S, answer="a " * 30)
    game.frame()
    crowded_out = game.ask(ttl_ns=S // 4)
    game.frame()
    assert crowded_out.reason == "would_exceed"


def test_a_request_that_fits_beside_others_is_not_turned_away() -> None:
    game = Game()
    requests = [game.ask(ttl_ns=3 * S, answer="a " * 10) for _ in range(4)]
    game.frames(180)
    assert [request.state for request in requests] == [State.DONE] * 4


def test_what_expires_is_never_delivered() -> None:
    # The answer is four times as long as a typical one, so it is late in spite of the prediction.
    game = Game()
    request = game.ask(ttl_ns=S, answer="a " * 128, max_new_tokens=128)
    game.frames(62)
    game.clock.advance_ns(S)  # as when the game's window is dragged
    game.frame()
    assert (request.state, request.reason) == (State.FAILED, "expired")


def test_all_may_expire_at_once() -> None:
    game = Game()
    requests = [game.ask(ttl_ns=50 * MS) for _ in range(3)]
    game.clock.advance_ns(50 * MS)
    game.frame()
    assert [request.reason for request in requests] == ["expired"] * 3


def test_an_answer_finished_by_another_scheduler_is_delivered() -> None:
    # As when a runtime warms up with the same engine in the middle of a game.
    game = Game()
    request = game.ask(num_prompt=1, answer="a")
    game.frame(budget_ns=3 * MS // 2)
    other = Scheduler(game.engine, game.cost, game.clock)
    other.submit(ScriptedGeneration(), name="other", ttl_ns=S)
    game.engine.deadline_ns = NO_LIMIT_NS
    other.run_frame(NO_LIMIT_NS, FrameReport())
    assert not request.done
    game.frame()
    assert request.state is State.DONE


def test_a_failure_met_by_another_scheduler_does_no_harm_to_it() -> None:
    game = Game(failures={1})
    game.ask(num_prompt=1)
    game.frame(budget_ns=3 * MS // 2)
    other = Scheduler(game.engine, game.cost, game.clock)
    request = other.submit(ScriptedGeneration(), name="other", ttl_ns=S)
    other.run_frame(NO_LIMIT_NS, FrameReport())
    assert request.state is State.DONE


def test_an_answer_complete_only_after_its_deadline_has_expired() -> None:
    game = Game(num_segments=1, surprises={0: 2 * S})
    request = game.ask(ttl_ns=S, num_prompt=1, answer="a")
    game.frame()
    assert request.generation.finished
    assert (request.state, request.reason) == (State.FAILED, "expired")


def test_a_failing_step_fails_its_own_requests_only() -> None:
    game = Game(failures={0})
    first, second = game.ask(num_prompt=8, ttl_ns=30 * S), game.ask(num_prompt=8, ttl_ns=40 * S)
    game.frames(60)
    assert (first.state, first.reason) == (State.FAILED, "engine_error")
    assert isinstance(first.error, EngineError)
    assert second.state is State.DONE


def test_a_cancelled_request_leaves_its_slot_at_once() -> None:
    game = Game(num_slots=1)
    first, second = game.ask(), game.ask()
    game.frame()
    assert game.scheduler.cancel(first)
    game.frame()
    assert (first.state, first.reason) == (State.FAILED, "cancelled")
    assert second.state is State.THINKING


def test_a_request_is_cancelled_mid_wave_without_harm_to_the_batch() -> None:
    game = Game()
    requests = [game.ask(num_prompt=1) for _ in range(3)]
    game.frame(budget_ns=3 * MS // 2)
    assert requests[1].generation.in_wave
    game.scheduler.cancel(requests[1], "halted")
    game.frames(40)
    assert requests[1].reason == "halted"
    assert requests[0].state is requests[2].state is State.DONE


def test_a_request_that_has_ended_cannot_be_cancelled() -> None:
    game = Game()
    request = game.ask(num_prompt=1, answer="a")
    game.frame()
    assert not game.scheduler.cancel(request)
    assert request.reason == ""


def test_an_answer_half_written_is_not_thrown_away_for_a_cautious_price() -> None:
    game = Game(num_segments=1, surprises=dict.fromkeys(range(3, 60, 3), MS))
    request = game.ask(ttl_ns=260 * MS, num_prompt=1, answer="a " * 32)
    game.frames(20)
    assert request.state is State.DONE


def test_a_budget_too_small_for_any_step_fails_all_and_is_said_once() -> None:
    game = Game(2 * MS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        requests = []
        for _ in range(30):
            requests.append(game.ask())
            game.frame(budget_ns=MS // 5)
    assert {request.reason for request in requests} == {"no_budget"}
    assert not game.engine.steps
    (warning,) = caught
    assert str(warning.message) == (
        "budget_ms must leave room for one step of the model, got 0.2 - at Runtime.update(); the "
        "model's smallest steps cost up to 2.25 ms on this machine, so trees answer everything; "
        "raise budget_ms or load a smaller model"
    )


def test_a_budget_found_too_small_fails_new_requests_in_their_first_frame() -> None:
    game = Game(2 * MS)
    game.frames(8, budget_ns=MS)
    request = game.ask()
    with pytest.warns(RuntimeWarning, match=r"^budget_ms must leave room"):
        game.frame(budget_ns=MS)
    assert request.reason == "no_budget"


def test_a_copy_too_large_for_any_frame_fails_its_request_alone() -> None:
    game = Game(lambda kind, segment, rows, context: rows * MS // 10)
    large, small = game.ask(num_prompt=90, num_cached=60), game.ask()
    game.frames(40)
    assert large.reason == "no_budget"
    assert small.state is State.DONE


def test_a_paused_game_kills_nobody_who_is_in_time() -> None:
    game = Game()
    request = game.ask()
    game.frames(3)
    game.frames(500, budget_ns=0)
    assert request.state is State.THINKING
    game.frames(60)
    assert request.state is State.DONE


def test_small_frames_between_usual_ones_kill_nobody() -> None:
    game = Game(2 * MS)
    request = game.ask()
    for _ in range(60):
        game.frame(budget_ns=MS // 10)
        game.frame(budget_ns=4 * MS)
    assert request.state is State.DONE


def test_a_raised_budget_is_noticed() -> None:
    game = Game(2 * MS)
    game.frames(100, budget_ns=MS)
    game.frames(1)
    request = game.ask()
    game.frames(100)
    assert request.state is State.DONE


def test_a_hiccup_stops_nobody_for_long() -> None:
    game = Game(3 * MS, surprises={5: 40 * MS})
    request = game.ask(num_prompt=4, answer="a " * 8)
    game.frames(80)
    assert request.state is State.DONE


def test_after_a_slow_spell_somebody_is_let_through_to_find_out() -> None:
    num_steps = learn_how_answers_are(Game(MS))
    game = Game(MS, surprises=dict.fromkeys(range(num_steps, num_steps + 240), 20 * MS))
    learn_how_answers_are(game)
    game.ask(ttl_ns=60 * S, answer="a " * 300, max_new_tokens=300)
    game.frames(1, budget_ns=240 * 21 * MS)  # 240 slow steps in one go
    reasons = []
    for _ in range(40):
        request = game.ask(ttl_ns=1500 * MS, answer="a " * 8)
        game.frames(60)
        reasons.append(request.reason)
    assert "would_exceed" in reasons
    assert reasons[-5:] == [""] * 5


def test_prices_are_learned_without_a_warm_up_too() -> None:
    game = Game(3 * MS, warm=False)
    request = game.ask()
    game.frames(400)
    assert request.state is State.DONE


def test_a_warm_up_measures_every_shape() -> None:
    game = Game()
    shapes = {(entry.kind, entry.segment, entry.rows) for entry in game.cost.entries()}
    assert shapes == set(game.engine.probes())


def test_the_typical_answer_is_learned() -> None:
    game = Game()
    for _ in range(30):
        game.ask(num_prompt=1, answer="a b c d e")
        game.frames(5)
    assert game.scheduler.typical == pytest.approx(5, abs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ttl_ns": -1}, "ttl_ns must be an integer of 0 or more, got -1 - at Scheduler.submit()"),
        (
            {"ttl_ns": 1.5},
            "ttl_ns must be an integer of 0 or more, got 1.5 - at Scheduler.submit()",
        ),
        (
            {"priority": 0.0},
            "priority must be finite and above 0, got 0.0 - at Scheduler.submit()",
        ),
    ],
)
def test_a_wrong_argument_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Game().ask(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_generation_is_submitted_once() -> None:
    game = Game()
    request = game.ask()
    with pytest.raises(UsageError) as caught:
        game.scheduler.submit(request.generation, name="greta", ttl_ns=S)
    assert str(caught.value) == (
        "generation must be new, got 'greta' - at Scheduler.take(); make one per request"
    )
