"""Runs one step of the model: times it, stops it if need be, and learns its price.

Which step, and what becomes of the requests, is the scheduler's business. Invariant: each
step is reported once, and a price learns only from the time for which the step had a core.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock, busy_time_of
from npcbrain.engine.contract import (
    BrakedError,
    BrakeLike,
    EngineLike,
    GenerationLike,
    Kind,
    WaveLike,
)
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport

__all__ = ["StepRunner", "stop_ns"]

MAX_PRICE = 4  # times its price that a step may take, and more if its frame has room
GRACE_NS = 3 * NS_PER_MS  # past its frame's end that a step may run: less is no hitch
MAX_BRAKED_NS = NS_PER_S  # of a frame; a longer one is a loading screen, and nobody waits for it
READS = (Kind.PREFILL, Kind.COPY)


class StepRunner:
    """Runs the steps of one engine.

    A step that is far past its price and its frame (``stop_ns``) is stopped, where the
    engine has a brake, and is run again in a later frame, with twice the time at each new try.

    Attributes:
        ended_ns: When the last step ended.
    """

    __slots__ = ("_brake", "_braked", "_busy_ns", "_clock", "_cost", "_engine", "ended_ns")

    def __init__(self, engine: EngineLike, cost: CostModel, clock: Clock) -> None:
        self._engine = engine
        self._cost = cost
        self._clock = clock
        # Of steps on several threads this one's own time tells nothing.
        alone = getattr(engine, "threads", 1) == 1
        self._busy_ns = busy_time_of(clock) if alone else None
        self._brake: BrakeLike | None = getattr(engine, "brake", None)
        self._braked: dict[int, tuple[WaveLike, int]] = {}  # waves in flight that were, how often
        self.ended_ns = clock.now_ns()

    def run(
        self, wave: WaveLike, price_ns: int, deadline_ns: int, report: FrameReport
    ) -> Sequence[GenerationLike]:
        """Runs a wave's next step; returns who gained a token, nobody if it was stopped.

        Raises:
            EngineError: The step failed.
        """
        kind, segment, rows, context = wave.kind, wave.segment, wave.rows, wave.context
        brake, busy_ns, limit_ns = self._brake, self._busy_ns, 0
        busy_started_ns = 0 if busy_ns is None else busy_ns()
        started_ns = self._clock.now_ns()
        if brake is not None:
            num_braked = self._num_braked(wave) if self._braked else 0
            limit_ns = stop_ns(started_ns, price_ns, deadline_ns, num_braked)
        gained: Sequence[GenerationLike] = ()
        learns = True
        try:
            if limit_ns and brake is not None:
                brake.arm(limit_ns, self._clock)
            gained = self._engine.run(wave)
        except BrakedError:  # it takes that long at least, so the price learns from it all the same
            self._braked[id(wave)] = wave, self._num_braked(wave) + 1
            report.braked += 1
        except BaseException:
            learns = False
            raise
        finally:
            if limit_ns and brake is not None:
                brake.release()
            self.ended_ns = self._clock.now_ns()
            took_ns = self.ended_ns - started_ns
            report.add_step(took_ns, len(gained), reads=kind in READS)
            if learns:
                own_ns = took_ns if busy_ns is None else min(took_ns, busy_ns() - busy_started_ns)
                self._cost.observe(kind, segment, rows, context, own_ns)
        return gained

    def _num_braked(self, wave: WaveLike) -> int:
        """How often it was stopped; forgets waves that are gone."""
        in_flight = {id(one) for one in self._engine.waves}
        self._braked = {key: kept for key, kept in self._braked.items() if key in in_flight}
        _, num_braked = self._braked.get(id(wave), (wave, 0))
        return num_braked


def stop_ns(started_ns: int, price_ns: int, deadline_ns: int, num_braked: int) -> int:
    """When a step is to be stopped; 0 for never.

    At four times its price or three milliseconds past its frame's end, whichever is later: what is
    dearer than expected but does no harm goes on. Each time its wave was stopped before doubles
    both, so that a machine that has become slow gets on after a few tries instead of never.

    >>> stop_ns(0, 1_000_000, 2_000_000, num_braked=0)
    5000000
    >>> stop_ns(0, 1_000_000, 2_000_000, num_braked=1)
    8000000
    """
    if deadline_ns - started_ns > MAX_BRAKED_NS:
        return 0
    return max(
        started_ns + (MAX_PRICE * price_ns << num_braked), deadline_ns + (GRACE_NS << num_braked)
    )
