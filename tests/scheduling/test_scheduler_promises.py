"""What the scheduler promises for any costs, budgets and requests."""

from __future__ import annotations

import warnings

import pytest
from frame_game import FRAME_NS, MS, Costs, Game, S
from hypothesis import given, settings
from hypothesis import strategies as st

from npcbrain.engine.contract import Kind
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Request, Scheduler, State
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

COST = st.integers(1, 3000)
SCRIPTS = st.lists(
    st.fixed_dictionaries(
        {
            "frame": st.integers(0, 20),
            "num_prompt": st.integers(1, 40),
            "num_cached": st.integers(0, 30),
            "num_answer": st.integers(1, 12),
            "forced": st.integers(0, 3),
            "drafted": st.sampled_from((0, 1, 3)),
            "ttl_ms": st.integers(1, 3000),
            "priority": st.floats(0.1, 10.0),
            "cancel_after": st.none() | st.integers(0, 30),
        }
    ),
    min_size=1,
    max_size=12,
)
BUDGETS_US = st.lists(st.integers(-100, 8000), min_size=1, max_size=20)


@st.composite
def costs(draw: st.DrawFn) -> Costs:
    """Any cost that grows with rows and context, in every segment another."""
    base = [draw(COST) for _ in range(3)]
    row, context_cost = draw(st.integers(0, 300)), draw(st.integers(0, 3))

    def cost_ns(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 1000 * (base[segment] + row * (rows - 1) + context_cost * context)

    return cost_ns


def play(
    game: Game, scripts: list[dict[str, int]], budgets_us: list[int], num_frames: int
) -> list[Request]:
    """Submits and cancels by script; budgets repeat."""
    requests: list[tuple[Request, int]] = []
    cancels: list[tuple[int, Request]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for frame in range(num_frames):
            for script in scripts:
                if script["frame"] == frame:
                    request = game.ask(
                        ttl_ns=script["ttl_ms"] * MS,
                        priority=script["priority"],
                        num_prompt=script["num_prompt"],
                        num_cached=script["num_cached"],
                        answer="w " * script["num_answer"],
                        forced={1: script["forced"]},
                        drafts={2: script["drafted"], 4: script["drafted"]},
                    )
                    requests.append((request, frame))
                    if script["cancel_after"] is not None:
                        cancels.append((frame + script["cancel_after"], request))
            for at, request in cancels:
                if at == frame:
                    game.scheduler.cancel(request)
            game.frame(budgets_us[frame % len(budgets_us)] * 1000)
    return [request for request, _ in requests]


@settings(max_examples=40, deadline=None)
@given(costs(), SCRIPTS, BUDGETS_US, st.booleans(), st.sets(st.integers(0, 60), max_size=3))
def test_no_step_starts_whose_price_exceeds_what_is_left(
    cost_ns: Costs, scripts: list, budgets_us: list[int], warm: bool, failures: set[int]
) -> None:
    surprises = dict.fromkeys(range(0, 200, 17), 5 * MS)
    game = Game(cost_ns, draft_sizes=(2, 4), warm=warm, failures=failures, surprises=surprises)
    play(game, scripts, budgets_us, 60)
    assert game.engine.overpriced == []


@settings(max_examples=40, deadline=None)
@given(costs(), SCRIPTS, BUDGETS_US, st.booleans(), st.sets(st.integers(0, 60), max_size=3))
def test_every_request_ends_in_time_or_with_a_reason(
    cost_ns: Costs, scripts: list, budgets_us: list[int], warm: bool, failures: set[int]
) -> None:
    game = Game(cost_ns, draft_sizes=(2, 4), warm=warm, failures=failures)
    requests = play(game, scripts, budgets_us, 21 + 3000 * MS // FRAME_NS + 1)
    for request in requests:
        assert request.done
        assert (request.reason == "") == (request.state is State.DONE)
    assert game.scheduler.num_thinking == game.scheduler.num_waiting == 0
    assert list(game.engine.waves) == []


@settings(max_examples=40, deadline=None)
@given(costs(), SCRIPTS)
def test_nobody_starves_while_the_budget_fits_every_step(cost_ns: Costs, scripts: list) -> None:
    # Each frame with work in it moves somebody on by a step, so as many frames as steps suffice;
    # and some more in which guesses that were too high come down.
    game = Game(cost_ns, draft_sizes=(2, 4))
    budget_us = 2 * max(cost_ns(Kind.COPY, segment, 32, 60) for segment in range(3)) // 1000  # type: ignore[operator]
    for script in scripts:
        script |= {"ttl_ms": 10_000_000, "cancel_after": None, "frame": 0}
    num_steps = sum(
        1 + 3 * (script["num_prompt"] + script["num_answer"] + script["forced"])
        for script in scripts
    )
    requests = play(game, scripts, [budget_us], num_steps + 60)
    assert [request.state for request in requests] == [State.DONE] * len(requests)


@settings(max_examples=20, deadline=None)
@given(costs(), SCRIPTS, BUDGETS_US)
def test_the_same_calls_give_the_same_steps(
    cost_ns: Costs, scripts: list, budgets_us: list[int]
) -> None:
    runs = []
    for _ in range(2):
        game = Game(cost_ns, draft_sizes=(2, 4))
        requests = play(game, scripts, budgets_us, 50)
        runs.append((game.engine.steps, [(r.state, r.reason, r.number) for r in requests]))
    assert runs[0] == runs[1]


@pytest.mark.filterwarnings("ignore:budget_ms")
@pytest.mark.parametrize(("cost_ns", "reason"), [(3_870_000, ""), (3_950_000, "no_budget")])
def test_a_step_that_leaves_no_room_for_picking_it_holds_nobody_up(
    cost_ns: int, reason: str
) -> None:
    class SlowClock(ManualClock):
        def now_ns(self) -> int:
            self.advance_ns(20_000)
            return super().now_ns()

    clock = SlowClock()
    engine = ScriptedEngine(clock, cost_ns)
    cost = CostModel()
    scheduler = Scheduler(engine, cost, clock)
    scheduler.warm_up(20)
    request = scheduler.submit(ScriptedGeneration(answer="a b"), name="npc", ttl_ns=60 * S)
    for _ in range(200):
        start_ns = clock.now_ns()
        scheduler.run_frame(start_ns + 4 * MS, FrameReport())
        clock.advance_ns(max(0, start_ns + 16 * MS - clock.now_ns()))
    assert (request.done, request.reason) == (True, reason)


def test_a_warm_up_on_a_busy_machine_does_not_shut_everybody_out_for_ever() -> None:
    cost_ns = [3 * MS]
    game = Game(lambda *_: cost_ns[0])
    cost_ns[0] = MS // 4
    reasons = []
    for _ in range(3):
        game.frames(700)
        request = game.ask(ttl_ns=S, answer="a " * 20)
        game.frames(70)
        reasons.append(request.reason)
    assert reasons[-1] == ""
