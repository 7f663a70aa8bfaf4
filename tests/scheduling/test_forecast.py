"""What an answer will still take: the bound that nothing can beat."""

from __future__ import annotations

import pytest

from npcbrain.engine.contract import Kind
from npcbrain.pricing.budget_history import MIN_FRAMES, BudgetHistory
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.forecast import Forecast
from npcbrain.scheduling.request import Request
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

MS = 1_000_000


@pytest.mark.parametrize(("draft_sizes", "rounds"), [((), 10), ((2, 4), 2.5)])
def test_nothing_is_hopeless_that_guesses_may_still_make(
    draft_sizes: tuple[int, ...], rounds: float
) -> None:
    """Ten tokens, one in each round of three steps; or four, with three guessed right."""
    clock = ManualClock()
    engine = ScriptedEngine(clock, MS, draft_sizes=draft_sizes)
    cost = CostModel()
    Scheduler(engine, cost, clock).warm_up()
    history = BudgetHistory()
    for _ in range(MIN_FRAMES):
        history.begin(0, history.period_ns)  # frames that are the model's own
    forecast = Forecast(engine, cost, history)
    generation = ScriptedGeneration(max_new_tokens=11)
    generation.num_pending, generation.num_generated = 1, 1
    needed_ns = rounds * engine.num_segments * cost.best_ns(Kind.DECODE, 0, 1, 0)
    for share, is_hopeless in (0.99, True), (1.01, False):
        request = Request("npc", generation, 0, round(share * needed_ns), 1.0, 1)
        forecast.outdate()
        forecast.look([request], 0)
        assert forecast.is_hopeless(request, 0) is is_hopeless
