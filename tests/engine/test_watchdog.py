"""What stops a step that is past its time, and what it leaves alone."""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from npcbrain.clock import SystemClock
from npcbrain.engine.watchdog import Brake
from npcbrain.testing import ManualClock

MS = 1_000_000


class Flag:
    def __init__(self) -> None:
        self.terminate = False


def happens(what: Callable[[], bool]) -> bool:
    """Waits for another thread; gives up only where something is broken."""
    for _ in range(5000):
        if what():
            return True
        time.sleep(0.001)
    return False


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "npcbrain brake"}


def looked(brake: Brake) -> bool:
    """Waits until the thread has seen the step that is armed, and is asleep."""
    watch = brake._watch
    return happens(lambda: watch.wake_ns < 1 << 61 and watch.bell.locked())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MS)


@pytest.fixture
def flag() -> Flag:
    return Flag()


@pytest.fixture
def brake(flag: Flag) -> Brake:
    return Brake(flag)


def test_a_step_past_its_time_is_stopped(brake: Brake, flag: Flag, clock: ManualClock) -> None:
    brake.arm(5 * MS, clock)
    clock.advance_ns(4 * MS)
    assert happens(lambda: brake.has_stopped)
    assert flag.terminate


def test_a_step_in_time_is_left_alone(brake: Brake, flag: Flag, clock: ManualClock) -> None:
    brake.arm(5 * MS, clock)
    clock.advance_ns(4 * MS - 1)
    brake._watch.look()
    assert (brake.has_stopped, flag.terminate) == (False, False)


def test_after_a_stop_the_flag_is_down_again(brake: Brake, flag: Flag, clock: ManualClock) -> None:
    brake.arm(MS, clock)
    assert happens(lambda: brake.has_stopped)
    brake.release()
    assert (brake.has_stopped, flag.terminate) == (False, False)


def test_a_step_that_has_ended_is_not_stopped(brake: Brake, flag: Flag, clock: ManualClock) -> None:
    brake.arm(5 * MS, clock)
    assert looked(brake)
    brake.release()
    clock.advance_ns(9 * MS)
    brake._watch.look()
    assert (brake.has_stopped, flag.terminate) == (False, False)


def test_every_step_has_its_own_time(brake: Brake, clock: ManualClock) -> None:
    stopped = []
    for late in (False, True, False, False, True):
        brake.arm(clock.now_ns() + 5 * MS, clock)
        clock.advance_ns(6 * MS if late else 4 * MS)
        stopped.append(late and happens(lambda: brake.has_stopped))
        brake.release()
    assert stopped == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("stop_ms", "rings"), [(21, False), (20, False), (18, False), (17, True), (1, True)]
)
def test_a_sleeper_is_woken_only_for_a_step_it_would_miss(
    brake: Brake, clock: ManualClock, stop_ms: int, rings: bool
) -> None:
    watch = brake._watch
    watch.is_running = True  # so that no thread answers the bell
    watch.clock, watch.wake_ns = clock, 20 * MS
    brake.arm(stop_ms * MS, clock)
    assert watch.bell.locked() is not rings


def test_a_bell_may_ring_twice_before_it_is_heard(brake: Brake, clock: ManualClock) -> None:
    watch = brake._watch
    watch.is_running = True
    for _ in range(2):
        brake.arm(5 * MS, clock)
        brake.release()
    assert not watch.bell.locked()


def test_another_clock_counts_from_its_first_step_on(brake: Brake, clock: ManualClock) -> None:
    brake.arm(1000_000 * MS, clock)
    assert looked(brake)
    brake.release()
    other = ManualClock(5000_000 * MS)
    brake.arm(5000_000 * MS, other)
    assert happens(lambda: brake.has_stopped)


def test_nothing_runs_before_the_first_step(flag: Flag) -> None:
    before = threads()
    brake = Brake(flag)
    brake.release()
    assert threads() <= before


def test_one_thread_serves_all_steps(brake: Brake, clock: ManualClock) -> None:
    before = threads()
    for _ in range(5):
        brake.arm(5 * MS, clock)
        brake.release()
    (thread,) = threads() - before
    assert thread.daemon


def test_the_thread_ends_with_its_brake(flag: Flag, clock: ManualClock) -> None:
    before = threads()
    brake = Brake(flag)
    brake.arm(5 * MS, clock)
    (thread,) = threads() - before
    gone = weakref.ref(brake)
    del brake
    assert gone() is None
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_a_thread_with_nothing_to_watch_sleeps_until_it_is_needed(
    brake: Brake, clock: ManualClock
) -> None:
    brake.arm(5 * MS, clock)
    brake.release()
    assert happens(lambda: brake._watch.wake_ns > 1 << 61)
    brake.arm(MS, clock)
    assert happens(lambda: brake.has_stopped)


def test_the_flag_is_down_between_steps_however_close_the_race(brake: Brake, flag: Flag) -> None:
    clock = SystemClock()
    dice = random.Random(3)
    for _ in range(500):
        brake.arm(clock.now_ns() + dice.randrange(100_000), clock)
        end_ns = clock.now_ns() + dice.randrange(100_000)
        while clock.now_ns() < end_ns:
            pass
        brake.release()
        assert (brake.has_stopped, flag.terminate) == (False, False)


def test_where_no_thread_can_start_steps_end_by_themselves(
    brake: Brake, flag: Flag, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    for _ in range(2):
        brake.arm(MS, clock)
        brake.release()
    assert (brake.has_stopped, flag.terminate) == (False, False)
