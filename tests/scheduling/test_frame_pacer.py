"""Promises of ``npcbrain.scheduling.frame_pacer``, and of an update that is told until when."""

from __future__ import annotations

import pytest

from npcbrain.errors import UsageError
from npcbrain.runtime import Runtime
from npcbrain.scheduling.frame_pacer import FIRST_RESERVE_NS, LEAST_RESERVE_NS, FramePacer
from npcbrain.testing import ManualClock

MS = 1_000_000
FRAME_NS = 10 * MS  # at 100 frames a second


class Loop:
    """A game whose frames take what one says."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.pacer = FramePacer(100, clock=self.clock)
        self.pacer.begin_frame()

    def frame(self, game_ns: int = 3 * MS, whole_ns: int = FRAME_NS) -> int:
        """Plays one; returns what the update was given."""
        self.clock.advance_ns(game_ns)
        given_ns = self.pacer.until_ns - self.clock.now_ns()
        self.clock.advance_ns(whole_ns - game_ns)
        self.pacer.begin_frame()
        return given_ns


def test_an_update_gets_what_the_game_leaves_less_a_reserve() -> None:
    assert Loop().frame(game_ns=3 * MS) == FRAME_NS - 3 * MS - FIRST_RESERVE_NS


def test_a_longer_game_leaves_less() -> None:
    assert Loop().frame(game_ns=6 * MS) == FRAME_NS - 6 * MS - FIRST_RESERVE_NS


def test_frames_that_come_late_raise_the_reserve() -> None:
    loop = Loop()
    loop.frame(whole_ns=FRAME_NS + MS)
    assert loop.pacer.reserve_ns == FIRST_RESERVE_NS + MS


def test_the_reserve_never_takes_more_than_half_a_frame() -> None:
    loop = Loop()
    for _ in range(100):
        loop.frame(game_ns=0, whole_ns=FRAME_NS + 4 * MS)
    assert loop.pacer.reserve_ns == FRAME_NS // 2


def test_frames_in_time_give_the_reserve_back() -> None:
    loop = Loop()
    for _ in range(3000):
        loop.frame()
    assert LEAST_RESERVE_NS <= loop.pacer.reserve_ns < 2 * LEAST_RESERVE_NS


def test_a_game_that_is_late_by_itself_teaches_nothing() -> None:
    loop = Loop()
    loop.frame(game_ns=FRAME_NS + 2 * MS, whole_ns=FRAME_NS + 3 * MS)
    assert loop.pacer.reserve_ns == FIRST_RESERVE_NS


def test_a_breakpoint_teaches_nothing() -> None:
    loop = Loop()
    loop.frame(whole_ns=3600_000 * MS)
    assert loop.pacer.reserve_ns == FIRST_RESERVE_NS


@pytest.mark.parametrize("fps", [0, -60, float("nan"), "60", True, 1e9])
def test_a_rate_out_of_range_is_refused(fps: object) -> None:
    with pytest.raises(UsageError, match=r"^fps must be a number from 1 to 1000, got "):
        FramePacer(fps)  # type: ignore[arg-type]


def test_before_the_first_frame_there_is_no_end_of_it() -> None:
    with pytest.raises(UsageError, match=r"call begin_frame\(\) first in the loop$"):
        _ = FramePacer().until_ns


def test_an_update_told_until_when_has_that_budget() -> None:
    clock = ManualClock()
    runtime = Runtime(None, clock=clock)
    assert runtime.update(until_ns=clock.now_ns() + 3 * MS).budget_ns == 3 * MS
    assert runtime.update(until_ns=clock.now_ns() - 3 * MS).budget_ns == 0


@pytest.mark.parametrize("until_ns", [1.5, True, "soon"])
def test_a_moment_must_be_whole_nanoseconds(until_ns: object) -> None:
    with pytest.raises(UsageError, match=r"^until_ns must be an integer, got "):
        Runtime(None).update(until_ns=until_ns)  # type: ignore[arg-type]


@pytest.mark.parametrize("both", [{}, {"budget_ms": 4.0, "until_ns": 5}])
def test_a_budget_and_a_moment_are_two_ways_to_say_one_thing(both: dict) -> None:
    with pytest.raises(UsageError, match=r"^update must have budget_ms or until_ns, "):
        Runtime(None).update(**both)
