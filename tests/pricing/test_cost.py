"""Prices: never below what neighbours show, quick to rise, quick to forget, never stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.engine.contract import Kind
from npcbrain.errors import UsageError
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_table import COLD_NS, NUM_KEPT, SPIKE, UNKNOWN_NS, WINDOW

MS = 1_000_000
TIMES = st.integers(1, 50 * MS)
ROWS = st.integers(1, 300)
CONTEXTS = st.integers(0, 2000)


def learned(*times_ns: int, rows: int = 4, context: int = 0) -> CostModel:
    cost = CostModel()
    for took_ns in times_ns:
        cost.observe(Kind.DECODE, 0, rows, context, took_ns)
    return cost


def price_ns(cost: CostModel, rows: int = 4, context: int = 0) -> int:
    return cost.price_ns(Kind.DECODE, 0, rows, context)


def test_an_unknown_step_has_the_documented_default() -> None:
    for kind, (first_ns, further_ns) in UNKNOWN_NS.items():
        assert CostModel().price_ns(kind, 0, 1, 0) == first_ns
        assert CostModel().price_ns(kind, 0, 8, 0) == first_ns + 7 * further_ns


def test_an_unknown_step_has_no_best_time() -> None:
    assert CostModel().best_ns(Kind.DECODE, 0, 1, 0) == 0


def test_a_steady_step_comes_to_cost_what_it_takes() -> None:
    assert price_ns(learned(*[MS] * WINDOW)) <= MS * 101 // 100


def test_the_price_of_few_runs_has_a_margin() -> None:
    assert price_ns(learned(MS)) == MS * 5 // 4


def test_one_run_in_fifty_may_exceed_the_price() -> None:
    times_ns = [MS + i * 10_000 for i in range(WINDOW)]
    cost = learned(*sorted(times_ns, reverse=True))
    assert sum(took_ns > price_ns(cost) for took_ns in times_ns) <= 1


def test_one_surprise_is_the_one_run_in_fifty_and_a_second_raises_the_price() -> None:
    cost = learned(*[MS] * WINDOW)
    cost.observe(Kind.DECODE, 0, 4, 0, MS * 17 // 10)
    assert price_ns(cost) <= MS * 101 // 100
    cost.observe(Kind.DECODE, 0, 4, 0, MS * 17 // 10)
    assert MS * 17 // 10 <= price_ns(cost) <= MS * 18 // 10


def test_surprises_are_forgotten_within_the_window() -> None:
    cost = learned(*[MS] * WINDOW, 9 * MS, 9 * MS)
    before_ns = price_ns(cost)
    for _ in range(WINDOW):
        cost.observe(Kind.DECODE, 0, 4, 0, MS)
    assert price_ns(cost) <= MS * 101 // 100 < before_ns


def test_a_slow_spell_is_believed() -> None:
    cost = learned(*[MS] * WINDOW, *[3 * MS] * (WINDOW // 2 + 1))
    assert price_ns(cost) >= 3 * MS


@given(st.lists(TIMES, min_size=1, max_size=150))
def test_a_price_lies_between_the_best_time_and_twice_the_median_or_a_little_more(
    times_ns: list[int],
) -> None:
    cost = learned(*times_ns)
    recent = sorted(times_ns[-WINDOW:])
    median_ns = recent[len(recent) // 2]
    assert min(times_ns) <= price_ns(cost) <= max(SPIKE * median_ns, median_ns + COLD_NS)
    assert 0 <= cost.best_ns(Kind.DECODE, 0, 4, 0) <= min(times_ns)


@given(st.lists(TIMES, min_size=1, max_size=40), ROWS, CONTEXTS, ROWS, CONTEXTS)
def test_a_larger_step_is_never_guessed_cheaper(
    times_ns: list[int], rows: int, context: int, more_rows: int, more_context: int
) -> None:
    cost = learned(*times_ns, rows=rows, context=context)
    larger_ns = price_ns(cost, rows + more_rows, context + more_context)
    assert larger_ns >= price_ns(cost, rows, context)


def test_a_smaller_step_costs_what_its_larger_neighbour_does() -> None:
    cost = learned(MS, MS, MS, rows=8, context=300)
    assert price_ns(cost, 3, 0) == price_ns(cost, 8, 300)


def test_a_larger_step_is_scaled_from_its_smaller_neighbour_with_a_margin() -> None:
    cost = learned(*[MS] * WINDOW, rows=2)
    assert price_ns(cost, 8) == price_ns(cost, 2) * 4 * 5 // 4
    assert price_ns(cost, 2, 130) == price_ns(cost, 2) * 5 // 4


def test_a_young_price_is_no_higher_than_what_its_neighbours_allow() -> None:
    cost = learned(*[MS] * WINDOW, rows=8)
    cost.observe(Kind.DECODE, 0, 2, 0, 9 * MS)
    assert price_ns(cost, 2) == price_ns(cost, 8)


def test_measuring_a_neighbour_renews_the_guesses() -> None:
    cost = learned(*[MS] * WINDOW, rows=2)
    guess_ns = price_ns(cost, 8)
    for _ in range(WINDOW):
        cost.observe(Kind.DECODE, 0, 4, 0, MS)
    assert price_ns(cost, 8) < guess_ns


@given(TIMES, ROWS, CONTEXTS, ROWS, CONTEXTS)
def test_the_best_time_of_an_unmeasured_step_is_bounded_by_its_price(
    took_ns: int, rows: int, context: int, other_rows: int, other_context: int
) -> None:
    cost = learned(took_ns, rows=rows, context=context)
    best_ns = cost.best_ns(Kind.DECODE, 0, other_rows, other_context)
    assert 0 <= best_ns <= price_ns(cost, other_rows, other_context)


def test_the_best_time_is_trusted_more_with_every_run() -> None:
    shares = [learned(*[64] * num_runs).best_ns(Kind.DECODE, 0, 4, 0) for num_runs in (1, 2, 3, 9)]
    assert shares == [32, 48, 56, 64]


def test_a_first_run_by_bad_luck_counts_no_more_than_larger_steps() -> None:
    cost = learned(*[MS] * WINDOW, rows=8, context=300)
    cost.observe(Kind.DECODE, 0, 2, 0, 9 * MS)
    assert cost.best_ns(Kind.DECODE, 0, 2, 0) == MS // 2


def test_kinds_and_segments_are_priced_apart() -> None:
    cost = learned(MS, MS, MS)
    assert cost.price_ns(Kind.PREFILL, 0, 4, 0) == CostModel().price_ns(Kind.PREFILL, 0, 4, 0)
    assert cost.price_ns(Kind.DECODE, 1, 4, 0) == CostModel().price_ns(Kind.DECODE, 1, 4, 0)


def test_doubt_takes_a_price_to_the_median_quickly() -> None:
    cost = learned(*[MS] * WINDOW, *[MS * 19 // 10] * 3)
    assert price_ns(cost) > MS * 18 // 10
    for _ in range(12):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    assert price_ns(cost) == MS


def test_doubt_goes_below_the_median_slowly_and_never_below_the_best() -> None:
    cost = learned(MS, *[3 * MS] * WINDOW)
    for _ in range(20):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    assert price_ns(cost) > 2 * MS
    for _ in range(1000):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    assert price_ns(cost) == MS


def test_a_young_price_is_doubted_quickly() -> None:
    cost = learned(MS, 9 * MS, 9 * MS)
    for _ in range(40):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    assert price_ns(cost) <= MS


def test_doubt_brings_down_a_guess() -> None:
    cost = CostModel()
    for _ in range(60):
        cost.doubt(Kind.DECODE, 0, 1, 0)
    assert price_ns(cost, 1) < UNKNOWN_NS[Kind.DECODE][0] // 10


def test_a_run_after_doubts_sets_the_price_anew() -> None:
    cost = learned(MS, *[3 * MS] * WINDOW)
    for _ in range(1000):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    cost.observe(Kind.DECODE, 0, 4, 0, 3 * MS)
    assert price_ns(cost) >= 3 * MS


def test_a_doubt_that_was_right_ends_the_slow_spell() -> None:
    cost = learned(MS, *[3 * MS] * WINDOW)
    for _ in range(1000):
        cost.doubt(Kind.DECODE, 0, 4, 0)
    cost.observe(Kind.DECODE, 0, 4, 0, MS)
    assert price_ns(cost) == MS * 5 // 4


def test_entries_tell_all_that_was_measured() -> None:
    cost = learned(MS, 3 * MS, 2 * MS, rows=40, context=200)
    cost.price_ns(Kind.DECODE, 2, 1, 0)  # asked for, never measured
    (entry,) = cost.entries()
    assert entry[:6] == (Kind.DECODE, 0, 64, 128, 3, MS)
    assert entry.price_ns == cost.price_ns(Kind.DECODE, 0, 40, 200)


@given(st.lists(TIMES, min_size=1, max_size=150))
def test_what_is_remembered_prices_as_before(times_ns: list[int]) -> None:
    cost, heir = learned(*times_ns), CostModel()
    heir.restore(cost.snapshot())
    assert price_ns(heir) == price_ns(cost)
    assert price_ns(heir, 2) == price_ns(cost, 2)
    assert heir.snapshot() == cost.snapshot()


def test_a_window_is_remembered_by_few_runs_of_the_same_median_and_quantile() -> None:
    cost = learned(*(MS + i * 10_000 for i in range(WINDOW)))
    (_, _, _, _, _, _, *runs) = cost.snapshot()[0]
    assert len(runs) == NUM_KEPT
    assert runs[NUM_KEPT // 2] == MS + WINDOW // 2 * 10_000
    assert runs[-1] == MS + (WINDOW - 2) * 10_000


def test_a_remembered_price_follows_a_machine_that_has_become_faster() -> None:
    heir = CostModel()
    heir.restore(learned(*[3 * MS] * WINDOW).snapshot())
    for _ in range(WINDOW):
        heir.observe(Kind.DECODE, 0, 4, 0, MS)
    assert price_ns(heir) <= MS * 101 // 100


def test_a_remembered_price_follows_a_machine_that_has_become_slower() -> None:
    heir = CostModel()
    heir.restore(learned(*[MS] * WINDOW).snapshot())
    for _ in range(NUM_KEPT + 1):
        heir.observe(Kind.DECODE, 0, 4, 0, 3 * MS)
    assert price_ns(heir) >= 3 * MS


ROW = [2, 0, 4, 0, MS, 2 * MS, MS, MS]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("row", "be a list of 7 to 14 integers, got 'row'"),
        (ROW[:6], "be a list of 7 to 14 integers"),
        ([*ROW, *ROW], "be a list of 7 to 14 integers"),
        ([2.0, *ROW[1:]], "hold integers only"),
        ([True, *ROW[1:]], "hold integers only"),
        ([9, *ROW[1:]], "be of a known step"),
        ([2, 256, *ROW[2:]], "be of a known step"),
        ([2, 0, 0, *ROW[3:]], "be of a known step"),
        ([2, 0, 1 << 40, *ROW[3:]], "be of a known step"),
        ([2, 0, 4, 8, *ROW[4:]], "be of a known step"),
        ([*ROW[:4], 0, *ROW[5:]], "hold times, none below its best"),
        ([*ROW[:4], 2 * MS, *ROW[5:]], "hold times, none below its best"),
        ([*ROW, 1 << 62], "hold times, none below its best"),
        ([*ROW[:5], 0, *ROW[6:]], "have a price in range"),
        ([*ROW[:5], 1 << 62, *ROW[6:]], "have a price in range"),
    ],
)
def test_a_cell_that_is_none_is_refused_and_changes_nothing(row: object, rule: str) -> None:
    cost = learned(MS)
    with pytest.raises(UsageError) as caught:
        cost.restore([ROW, row])
    assert str(caught.value).startswith(f"cell must {rule}")
    assert str(caught.value).endswith("- at CostModel.restore() $[1]")
    assert cost.snapshot() == learned(MS).snapshot()


def test_a_quantile_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        CostModel(quantile=1.0)
    assert str(caught.value) == (
        "quantile must lie between 0 and 1, got 1.0 - at CostModel(); leave it at 0.98"
    )


@pytest.mark.parametrize("num_runs", [1, 40])
def test_what_is_said_of_steps_never_run_follows_their_neighbours(num_runs: int) -> None:
    model = CostModel()
    for _ in range(num_runs):
        model.observe(Kind.DECODE, 0, 2, 150, 2_000_000)
    wanted = (Kind.DECODE, 0, 1, 0)
    price_ns, best_ns = model.price_ns(*wanted), model.best_ns(*wanted)
    model.observe(Kind.DECODE, 0, 2, 150, 1_000_000)
    assert model.best_ns(*wanted) < best_ns
    for _ in range(70):
        model.observe(Kind.DECODE, 0, 2, 150, 4_000_000)
    assert model.price_ns(*wanted) > 1.5 * price_ns
    fresh = CostModel()
    fresh.restore(model.snapshot())
    assert fresh.price_ns(*wanted) == model.price_ns(*wanted)
    for _ in range(40):
        fresh.observe(Kind.DECODE, 0, 2, 150, 4_000_000)
    assert fresh.best_ns(*wanted) == model.best_ns(*wanted)


def test_what_was_measured_on_a_busy_machine_is_at_best_as_quick_as_a_larger_step_since() -> None:
    model = CostModel()
    for context in (0, 300):
        model.observe(Kind.DECODE, 0, 1, context, 4_000_000)
    model.observe(Kind.DECODE, 0, 2, 150, 1_000_000)
    assert [model.best_ns(Kind.DECODE, 0, rows, 0) <= 1_000_000 for rows in (1, 2)] == [True, True]


def test_a_remembered_price_that_cannot_be_true_is_forgotten_at_the_first_run() -> None:
    honest, poisoned = CostModel(), CostModel()
    for took_ns in (90_000, 100_000, 110_000):
        honest.observe(Kind.DECODE, 0, 1, 0, took_ns)
    rows = [[*row[:4], *(1000 * ns for ns in row[4:])] for row in honest.snapshot()]
    low_best = [[*row[:4], 1, *row[5:]] for row in rows]
    for table in (rows, low_best):
        poisoned.restore(table)
        poisoned.correct(Kind.DECODE, 0, 1, 0, 120_000)
        assert poisoned.price_ns(Kind.DECODE, 0, 1, 0) < 500_000
    before = honest.price_ns(Kind.DECODE, 0, 1, 0)
    honest.correct(Kind.DECODE, 0, 1, 0, 120_000)
    assert honest.price_ns(Kind.DECODE, 0, 1, 0) == before


def test_what_was_never_remembered_needs_no_correction() -> None:
    prices = CostModel()
    prices.correct(Kind.DECODE, 0, 1, 0, 120_000)
    assert list(prices.entries()) == []
