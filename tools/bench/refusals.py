"""Refusals that were not true, and answers that came too late, over loads, rates and budgets.

    python -m tools.bench.refusals --times bench_results/steps-quiet.json --out FILE.json

People are asked again some seconds after each answer, by a virtual clock; steps take what they took
on a machine (``step_times``). Lengths of prompts and answers are drawn, the same for the same
question. A question that was refused is asked again in a *shadow*: the same play from its start,
but that this one is let through. Decided in time there, its refusal was false. One that was let
through and had not decided when its time was up is late. Invariant: a cell depends on its
parameters and the step times alone.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.engine.contract import Kind
from npcbrain.pricing.cost import CostModel
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Extent, Request, Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration
from tools.bench.record import surroundings
from tools.bench.step_times import StepTimes

__all__ = ["Cell", "Frame", "Play", "Question", "judge", "measure", "play"]

NPCS, FPS, BUDGETS_MS = (1, 4, 16, 64), (30, 60, 144), (1.0, 2.0, 4.0, 8.0)
PLAYED_NS = 30 * NS_PER_S
TTL_NS = 5 * NS_PER_S // 2
PAUSE_S = (2.0, 5.0)  # from an answer to the next question to the same person
PROMPT, CACHED = (120, 320), (0.5, 0.9)  # tokens, and the share that a prefix cache holds
DEED, WORDS = (2, 6), (4, 20)  # sampled tokens until the action is known, and after
MAX_SHADOWS = 8  # refusals of a cell that are looked into, evenly drawn


class Cell(NamedTuple):
    """One load on one machine."""

    npcs: int
    fps: int
    budget_ms: float


@dataclass
class Question:
    """What was asked, and when its action was known."""

    request: Request
    deed: int
    decided_ns: int | None = None

    @property
    def in_time(self) -> bool:
        return self.decided_ns is not None and self.decided_ns < self.request.deadline_ns


class Frame(NamedTuple):
    """What became of one frame's budget, in nanoseconds."""

    budget_ns: int
    used_ns: int  # of it
    over_ns: int  # past it
    over_by_us_ns: int  # the part of that in which nobody else had the core
    is_hungry: bool  # whether there was more to do at its end


def play(cell: Cell, times: StepTimes, exempt: int | None = None) -> list[Question]:
    """Plays a cell from its start.

    Args:
        cell: The load.
        times: Of the machine.
        exempt: The number of a question that is not refused, whatever is predicted.

    Returns:
        All questions in the order in which they were asked, but those still open at the end.
    """
    return [question for question in Play(cell, times, exempt).run() if question.request.done]


class Play:
    """One play of a cell.

    Attributes:
        frames: What became of each frame so far.
    """

    def __init__(
        self,
        cell: Cell,
        times: StepTimes,
        exempt: int | None = None,
        *,
        prices: CostModel | None = None,
        measures: bool = True,
        seed: int = 0,
        played_ns: int = 0,
    ) -> None:
        """Measures steps, but plays nothing yet.

        Args:
            cell: The load.
            times: Of the machine.
            exempt: See ``play``.
            prices: What is remembered from an earlier start; None for nothing.
            measures: Whether steps are measured before the first frame.
            seed: Other seeds give other draws of the same load.
            played_ns: For how long; ``PLAYED_NS`` if 0.
        """
        self._drawn_from = f"{cell} {seed}"
        rng = random.Random(self._drawn_from)
        offset = rng.randrange(len(times.factors))
        self._cell, self._exempt, self._clock = cell, exempt, ManualClock()

        def cost_ns(kind: Kind, segment: int, rows: int, context: int) -> int:
            drawn = times.draw(kind, segment, rows, self._clock.now_ns(), rng, offset)
            self._clock.steal_ns(drawn.taken_ns)
            return drawn.own_ns

        engine = ScriptedEngine(
            self._clock,
            cost_ns,
            num_segments=times.num_segments,
            num_slots=times.num_slots,
            chunk_sizes=times.chunk_sizes,
        )
        cost = CostModel() if prices is None else prices
        self._scheduler = Scheduler(engine, cost, self._clock)
        if measures and prices is None:
            self._scheduler.warm_up()
        elif measures:
            _correct(cost, engine, self._clock)
        self.frames: list[Frame] = []
        self._questions: list[Question] = []
        self._ended: set[int] = set()  # their numbers
        self._live: dict[int, Question] = {}  # by person
        began_ns = self._clock.now_ns()
        self._due_ns = {i: began_ns + rng.randrange(3 * NS_PER_S) for i in range(cell.npcs)}
        self._end_ns = began_ns + (played_ns or PLAYED_NS)

    def run(self) -> list[Question]:
        """Plays to the end, or until the exempt question is answered; all that was asked."""
        clock, cell, exempt = self._clock, self._cell, self._exempt
        frame_ns, budget_ns = NS_PER_S // cell.fps, round(cell.budget_ms * NS_PER_MS)
        while (start_ns := clock.now_ns()) < self._end_ns:
            for person, due_ns in self._due_ns.items():
                if start_ns >= due_ns and person not in self._live:
                    self._ask(person)
            report = FrameReport()
            busy_started_ns = clock.busy_ns()
            self._scheduler.run_frame(start_ns + budget_ns, report)
            used_ns = clock.now_ns() - start_ns
            over_ns = max(0, used_ns - budget_ns)
            taken_ns = used_ns - (clock.busy_ns() - busy_started_ns)
            is_hungry = report.num_thinking + report.num_waiting > 0
            by_us_ns = max(0, over_ns - taken_ns)
            self.frames.append(Frame(budget_ns, used_ns - over_ns, over_ns, by_us_ns, is_hungry))
            self._listen()
            if exempt in self._ended:
                break
            clock.advance_ns(max(0, start_ns + frame_ns - clock.now_ns()))
        return self._questions

    def _ask(self, person: int) -> None:
        number = len(self._questions)
        dice = random.Random(f"{self._drawn_from} {person} {self._due_ns[person]}")
        num_prompt, deed = dice.randint(*PROMPT), dice.randint(*DEED)
        generation = ScriptedGeneration(
            answer=" a" * (deed + dice.randint(*WORDS)),
            num_prompt=num_prompt,
            num_cached=round(num_prompt * dice.uniform(*CACHED)),
        )
        request = self._scheduler.submit(
            generation, name=str(person), ttl_ns=TTL_NS, extent=Extent.DECIDED
        )
        request.on_trial = number == self._exempt
        self._live[person] = Question(request, deed)
        self._questions.append(self._live[person])

    def _listen(self) -> None:
        now_ns = self._clock.now_ns()
        for person, question in tuple(self._live.items()):
            request = question.request
            if question.decided_ns is None and request.generation.num_generated >= question.deed:
                question.decided_ns = now_ns
                self._scheduler.decided(request)
            if request.done:
                self._ended.add(request.number - 1)  # they are counted from 1
                dice = random.Random(f"{self._drawn_from} {person} {request.created_ns}")
                self._due_ns[person] = now_ns + round(dice.uniform(*PAUSE_S) * NS_PER_S)
                del self._live[person]


def measure(cell: Cell, times: StepTimes) -> dict[str, Any]:
    """One row: what was asked, decided, refused and late, and which refusals were false."""
    _, row = judge(lambda exempt: Play(cell, times, exempt))
    return {**cell._asdict(), **row}


def judge(
    begin: Callable[[int | None], Play], max_shadows: int = MAX_SHADOWS
) -> tuple[Play, dict[str, Any]]:
    """Plays, and looks into refusals.

    Args:
        begin: Makes the play, with one question exempt or none; always the same play.
        max_shadows: Refusals that are looked into, at most.

    Returns:
        The play, and what came of its questions.
    """
    played = begin(None)
    questions = [question for question in played.run() if question.request.done]
    refused = [
        question
        for question in questions
        if question.decided_ns is None and question.request.reason == Reason.WOULD_EXCEED
    ]
    late = sum(q.decided_ns is None and q.request.reason == Reason.EXPIRED for q in questions)
    looked_into = refused[:: max(1, len(refused) // max_shadows)][:max_shadows]
    false = 0
    for question in looked_into:  # would it have been decided in time?
        number = question.request.number - 1
        false += begin(number).run()[number].in_time
    share = false / len(looked_into) if looked_into else 0.0
    asked = max(1, len(questions))
    return played, {
        "asked": len(questions),
        "decided": sum(question.in_time for question in questions),
        "refused": len(refused),
        "looked_into": len(looked_into),
        "false": false,
        "false_refusals": round(share * len(refused) / asked, 4),
        "late": round(late / asked, 4),
    }


def _correct(cost: CostModel, engine: ScriptedEngine, clock: ManualClock) -> None:
    """Runs each shape once, as a runtime does that remembers prices."""
    for kind, segment, rows in engine.probes():
        started_ns = clock.now_ns()
        context = engine.probe(kind, segment, rows)
        cost.correct(kind, segment, rows, context, clock.now_ns() - started_ns)


def cells() -> Iterator[Cell]:
    """All loads."""
    return map(Cell._make, product(NPCS, FPS, BUDGETS_MS))


def main(argv: Sequence[str] | None = None) -> int:
    """Measures all cells, prints a table, keeps it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=Path, action="append", required=True, metavar="FILE.json")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    args = parser.parse_args(argv)
    rows = []
    for path in args.times:
        times = StepTimes.of(json.loads(path.read_text(encoding="utf-8")))
        rows += [{"times": path.stem, **measure(c, times)} for c in track(list(cells()), path.stem)]
    result = {**surroundings(), "played_s": PLAYED_NS // NS_PER_S, "cells": rows}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    _show(rows)
    return 0


def _show(rows: Sequence[dict[str, Any]]) -> None:
    """The cells that are worst, and all together."""
    table = Table("machine", "npcs", "fps", "budget", "asked", "decided", "false", "late", box=None)
    worst = sorted(rows, key=lambda row: -max(row["false_refusals"], row["late"]))
    for row in worst[:12]:
        shares = (f"{row[name]:.1%}" for name in ("false_refusals", "late"))
        numbers = (row[name] for name in ("times", "npcs", "fps", "budget_ms", "asked", "decided"))
        table.add_row(*map(str, numbers), *shares)
    console = Console(width=100)
    console.print(table)
    asked = sum(row["asked"] for row in rows)
    for name in "false_refusals", "late":
        share = sum(row[name] * row["asked"] for row in rows) / asked
        above = sum(row[name] > 0.05 for row in rows)
        console.print(f"{name}: {share:.2%} of {asked}; above 5 % in {above} of {len(rows)} cells")


if __name__ == "__main__":
    raise SystemExit(main())
