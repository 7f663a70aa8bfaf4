"""What the game has granted of late: budgets, frame rates, pauses, and what became work."""

from __future__ import annotations

import pytest

from npcbrain.pricing.budget_history import BudgetHistory

MS = 1_000_000


def test_a_history_learns_the_budget_and_the_frame_rate() -> None:
    history = BudgetHistory()
    for frame in range(100):
        history.begin(frame * 10 * MS, 4 * MS)
    assert history.usual_ns == history.most_ns == 4 * MS
    assert abs(history.period_ns - 10 * MS) <= 10


def test_a_pause_teaches_a_history_nothing() -> None:
    history = BudgetHistory()
    for frame in range(20):
        history.begin(frame * 10 * MS, 4 * MS)
    before = (history.usual_ns, history.most_ns, history.period_ns)
    for frame in range(1000):
        history.begin((20 + frame) * 10 * MS, -frame)
    history.begin(60_000 * MS, 4 * MS)
    assert (history.usual_ns, history.most_ns, history.period_ns) == before


def test_a_history_knows_after_eight_frames_with_a_budget() -> None:
    history = BudgetHistory()
    for frame in range(7):
        history.begin(frame, 1)
        history.begin(frame, 0)
    assert not history.known
    history.begin(8, 1)
    assert history.known


def test_work_takes_as_long_as_its_share_of_the_frames() -> None:
    history = BudgetHistory()
    for frame in range(300):
        history.begin(frame * 16 * MS, 4 * MS)
        history.end(4 * MS, 4 * MS)
    assert history.time_ns(8 * MS) == pytest.approx(32 * MS, rel=0.01)


def test_work_never_takes_less_than_itself() -> None:
    history = BudgetHistory()
    for frame in range(20):
        history.begin(frame * 16 * MS, 1 << 62)
    assert history.time_ns(8 * MS) == 8 * MS


def test_a_budget_without_limit_says_nothing_about_efficiency() -> None:
    history = BudgetHistory()
    history.begin(0, 1 << 62)
    for _ in range(200):
        history.end(1 << 62, 1000 * MS)
    assert history.efficiency == pytest.approx(1.0, abs=0.01)


def test_a_frame_without_limit_is_soon_outweighed() -> None:
    history = BudgetHistory()
    for frame in range(100):
        history.begin(frame * 16 * MS, 4 * MS if frame else 1 << 62)
    assert history.usual_ns == pytest.approx(4 * MS, rel=0.01)


def test_a_few_frames_that_trees_ate_up_say_little_of_the_seconds_to_come() -> None:
    """As when a whole village is spoken to at once: eight frames of 1 ms after a hundred of 4."""
    history = BudgetHistory()
    for frame in range(108):
        history.begin(frame * 16 * MS, 4 * MS if frame < 100 else MS)
        history.end(4 * MS, 4 * MS)
    assert history.usual_ns < 2.1 * MS
    assert history.time_ns(8 * MS) < 36 * MS
    assert history.least_time_ns(8 * MS) < 36 * MS


def test_a_budget_that_has_become_smaller_is_what_times_are_told_by_after_some_seconds() -> None:
    history = BudgetHistory()
    for frame in range(500):
        history.begin(frame * 16 * MS, 4 * MS if frame < 100 else MS)
        history.end(4 * MS, 4 * MS)
    assert history.time_ns(8 * MS) == pytest.approx(128 * MS, rel=0.02)


def test_a_loading_screen_is_no_promise() -> None:
    history = BudgetHistory()
    for frame in range(32):
        history.begin(frame * 16 * MS, 4 * MS if frame else 1 << 62)
        history.end(4 * MS, 4 * MS)
    assert history.time_ns(8 * MS) > 16 * MS  # and not a frame's whole time for each frame


def test_what_every_frame_loses_to_prompts_is_no_budget_and_a_frame_full_of_choosing_is() -> None:
    usual, busy = BudgetHistory(), BudgetHistory()
    for number in range(20):
        usual.begin(number * 10 * MS, 3_900_000, 100_000)
        busy.begin(number * 10 * MS, 400_000, 3_600_000)
    assert usual.most_ns == 3_900_000  # or a step of 3.95 ms would wait for ever
    assert busy.most_ns == 4_000_000
