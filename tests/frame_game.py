"""A game loop on manual time, around a scheduler and a scripted engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from npcbrain.engine.contract import GenerationLike, Kind, WaveLike
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Extent, Request, Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

MS = 1_000_000
S = 1000 * MS
FRAME_NS = 16 * MS
Costs = Callable[[Kind, int, int, int], int] | int


class WatchedEngine(ScriptedEngine):
    """Notes each step's price at its start and what was left of the frame."""

    cost: CostModel
    deadline_ns = 0

    def __init__(self, clock: ManualClock, cost_ns: Costs = MS, **script: object) -> None:
        super().__init__(clock, cost_ns, **script)  # type: ignore[arg-type]
        self.clock = clock
        self.overpriced: list[int] = []

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        price_ns = self.cost.price_ns(wave.kind, wave.segment, wave.rows, wave.context)
        if price_ns > self.deadline_ns - self.clock.now_ns():
            self.overpriced.append(price_ns)
        return super().run(wave)


class Game:
    """A game loop: frames of 16 ms of manual time, a budget in each."""

    def __init__(self, cost_ns: Costs = MS, *, warm: bool = True, **script: object) -> None:
        self.clock = ManualClock()
        self.engine = WatchedEngine(self.clock, cost_ns, **script)
        self.cost = self.engine.cost = CostModel()
        self.scheduler = Scheduler(self.engine, self.cost, self.clock)
        self.asked: list[Request] = []
        self.ended: list[Request] = []  # by frame, and then as they were asked
        self.num_frames = 0
        if warm:
            self.scheduler.warm_up()

    def ask(
        self,
        *,
        ttl_ns: int = 60 * S,
        priority: float = 1.0,
        extent: Extent = Extent.WHOLE,
        **script: object,
    ) -> Request:
        generation = ScriptedGeneration(**script)  # type: ignore[arg-type]
        name = f"npc {len(self.asked)}"
        request = self.scheduler.submit(
            generation, name=name, ttl_ns=ttl_ns, priority=priority, extent=extent
        )
        self.asked.append(request)
        return request

    def frame(self, budget_ns: int = 4 * MS) -> FrameReport:
        report = FrameReport(frame=self.num_frames, budget_ns=budget_ns)
        start_ns = self.clock.now_ns()
        self.engine.deadline_ns = start_ns + budget_ns
        self.scheduler.run_frame(self.engine.deadline_ns, report)
        report.used_ns = self.clock.now_ns() - start_ns
        self.ended += [r for r in self.asked if r.done and r not in self.ended]
        self.clock.advance_ns(max(0, FRAME_NS - report.used_ns))
        self.num_frames += 1
        return report

    def frames(self, num: int, budget_ns: int = 4 * MS) -> list[FrameReport]:
        return [self.frame(budget_ns) for _ in range(num)]
