"""A scripted engine with a brake on manual time: it stops a step at the moment it is told to."""

from __future__ import annotations

from collections.abc import Sequence

from frame_game import MS, Game

from npcbrain.clock import Clock
from npcbrain.engine.contract import BrakedError, GenerationLike, WaveLike
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine


class ScriptedBrake:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.stop_ns = 0
        self.armed: list[int] = []
        self.num_released = 0

    def arm(self, stop_ns: int, clock: Clock) -> None:
        assert not self.stop_ns, "a step was armed while another one ran"
        self.stop_ns = stop_ns
        self.armed.append(stop_ns)

    def release(self) -> None:
        self.stop_ns = 0
        self.num_released += 1


class BrakingEngine(ScriptedEngine):
    """Stops at ``brake.stop_ns`` exactly, leaving its wave as it was.

    Args:
        clock: Advanced by the cost of each step, or up to where it is stopped.
        slow: What each run of a step costs, by its number; others cost ``cost_ns``.
        cost_ns: Of a step.
    """

    def __init__(self, clock: ManualClock, slow: dict[int, int], cost_ns: int = MS) -> None:
        super().__init__(clock, cost_ns)
        self.brake = ScriptedBrake()
        self._slow = slow
        self._usual_ns = cost_ns
        self._num_tried = 0

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        cost_ns = self._slow.get(self._num_tried, self._usual_ns)
        self._num_tried += 1
        left_ns = self.brake.stop_ns - self._clock.now_ns()
        if self.brake.stop_ns and cost_ns > left_ns:
            self._clock.advance_ns(left_ns)
            raise BrakedError("stopped")
        self._clock.advance_ns(cost_ns - self._usual_ns)
        return super().run(wave)


class BrakingGame(Game):
    """A game whose engine can be stopped."""

    def __init__(self, slow: dict[int, int] | None = None) -> None:
        super().__init__(warm=False)
        self.braking = BrakingEngine(self.clock, slow or {})
        self.engine = self.braking  # type: ignore[assignment]
        self.cost = CostModel()
        self.scheduler = Scheduler(self.braking, self.cost, self.clock)
        self.scheduler.warm_up(8)
