"""Promises of ``commands.bench.frame_log``, and of the CSV that ``bench frames`` writes."""

from __future__ import annotations

from pathlib import Path

from npcbrain.commands.bench.frame_log import FrameLog
from npcbrain.commands.main import main
from npcbrain.report import FrameReport
from npcbrain.situation import Decision

TINY = str(Path(__file__).parents[1] / "models" / "tiny")
TIMES = "on_ms,off_ms,used_ms,over_ms,over_by_us_ms,stolen_ms,largest_step_ms"
HEADER = f"frame,{TIMES},tokens,thinking,waiting"


def report() -> FrameReport:
    return FrameReport(
        budget_ns=4_000_000,
        used_ns=4_250_000,
        stolen_ns=100_000,
        largest_step_ns=900_000,
        num_tokens=3,
        num_thinking=2,
        num_waiting=1,
        decisions=[("al", Decision("say", say="Hi.")), ("bo", Decision("say", source="tree"))],
        fallbacks=[("bo", "expired")],
    )


def test_a_frame_becomes_a_line() -> None:
    log = FrameLog()
    log.add(10_000_000, 6_000_000, report())
    assert log.to_csv() == f"{HEADER}\n0,10.0,6.0,4.25,0.25,0.15,0.1,0.9,3,2,1\n"


def test_only_the_models_decisions_are_counted_and_fallbacks_by_reason() -> None:
    log = FrameLog()
    log.add(1, 1, report())
    log.add(1, 1, report())
    assert (log.num_decisions, log.fallbacks) == (2, {"expired": 2})


def test_a_report_may_be_used_again() -> None:
    log, used = FrameLog(), report()
    log.add(1, 1, used)
    used.used_ns, used.num_tokens = 0, 0
    used.decisions.clear()
    assert (log.used_ns, log.num_tokens, log.num_decisions) == ([4_250_000], [3], 1)


def test_the_command_writes_a_line_for_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    short = ["--model", TINY, "--npcs", "1", "--frames", "3", "--game-ms", "0"]
    assert main(["bench", "frames", *short, "--csv", str(path), "--json"]) == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEADER
    assert [line.partition(",")[0] for line in lines[1:]] == ["0", "1", "2"]
