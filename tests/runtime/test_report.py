"""What a frame's report adds up and says."""

from __future__ import annotations

from npcbrain.report import NO_LIMIT_NS, FrameReport


def test_a_frame_within_its_budget_is_not_over_it() -> None:
    assert FrameReport(budget_ns=4_000_000, used_ns=4_000_000).over_budget_ns == 0


def test_a_frame_over_its_budget_says_by_how_much() -> None:
    assert FrameReport(budget_ns=4_000_000, used_ns=4_250_000).over_budget_ns == 250_000


def test_a_budget_below_zero_counts_as_none() -> None:
    assert FrameReport(budget_ns=-5, used_ns=7).over_budget_ns == 7


def test_what_others_took_of_the_core_is_not_our_overshoot() -> None:
    report = FrameReport(budget_ns=4_000_000, used_ns=4_250_000, stolen_ns=100_000)
    assert (report.over_budget_ns, report.over_by_us_ns) == (250_000, 150_000)
    assert FrameReport(budget_ns=4, used_ns=9, stolen_ns=90).over_by_us_ns == 0
    assert FrameReport(budget_ns=4, used_ns=9).over_by_us_ns == 5  # untold is not others'


def test_reading_and_writing_add_up_to_the_models_time() -> None:
    report = FrameReport()
    report.add_step(5, 0, reads=True)
    report.add_step(9, 1)
    assert (report.reading_ns, report.writing_ns, report.model_ns) == (5, 9, 14)


def test_steps_add_up_and_the_longest_is_kept() -> None:
    report = FrameReport()
    for took_ns, num_tokens in ((5, 0), (9, 3), (2, 1)):
        report.add_step(took_ns, num_tokens)
    assert (report.num_steps, report.model_ns, report.num_tokens) == (3, 16, 4)
    assert report.largest_step_ns == 9


def test_a_report_reads_as_one_line() -> None:
    report = FrameReport(
        frame=3, budget_ns=4_000_000, used_ns=4_500_000, num_thinking=2, num_waiting=1
    )
    report.add_step(1_500_000, 2)
    assert str(report) == (
        "frame 3: 4.50 of 4.00 ms, model 1.50 in 1 steps, 2 tokens, 2 thinking, 1 waiting, "
        "over by 0.50 ms"
    )


def test_a_report_without_a_limit_says_so() -> None:
    assert str(FrameReport(budget_ns=NO_LIMIT_NS)).startswith("frame 0: 0.00 of no limit, ")


def test_two_reports_share_no_list() -> None:
    first = FrameReport()
    first.fallbacks.append(("greta", "expired"))
    assert FrameReport().fallbacks == []
