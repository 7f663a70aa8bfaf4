"""What may be called from where: words from any thread, the rest from one at a time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cook import COOK

from npcbrain.errors import UsageError
from npcbrain.npcs.inbox import MAX_WAITING
from npcbrain.npcs.leaves import CannedReply, Heard
from npcbrain.runtime import Runtime
from npcbrain.tree import Sequence, Task

REPLIES = Sequence(Heard(), CannedReply())


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*calls: Callable[[], object]) -> list[BaseException]:
    """Runs each on a thread of its own; returns what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.usefixtures("_hasty")
def test_words_may_come_from_any_thread_and_are_never_too_many() -> None:
    with Runtime(None) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)
        most = 0

        def talk(who: str) -> None:
            nonlocal most
            for number in range(1500):
                npc.hear(f"{who} {number}", speaker=who)
                npc.notice("gift", source=who, text=f"A gift {number}.")
                npc.remember(f"{who} has been here {number} times.")
                most = max(most, npc.num_waiting)

        def play() -> None:
            for _ in range(1500):
                runtime.update(1.0)

        assert at_once(lambda: talk("ann"), lambda: talk("ben"), play) == []
        assert most <= MAX_WAITING
        assert len(npc.memory) <= npc.memory.capacity
        assert len({entry.text for entry in npc.memory}) == len(npc.memory)


CALLS: dict[str, Callable[[Runtime, Path], object]] = {
    "update": lambda runtime, path: runtime.update(1.0),
    "add_npc": lambda runtime, path: runtime.add_npc("bo", persona=COOK, tree=REPLIES),
    "remove_npc": lambda runtime, path: runtime.remove_npc("al"),
    "tick_every": lambda runtime, path: runtime.tick_every("al", 2),
    "on_action": lambda runtime, path: runtime.on_action("give", lambda npc: None),
    "warm": lambda runtime, path: runtime.warm(runtime.npcs["al"]),
    "warm_up": lambda runtime, path: runtime.warm_up(),
    "save": lambda runtime, path: runtime.save(path / "save"),
    "load": lambda runtime, path: runtime.load(path / "save"),
    "close": lambda runtime, path: runtime.close(),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_second_thread_is_told_and_changes_nothing(name: str, tmp_path: Path) -> None:
    told: list[BaseException] = []

    def work(npc: Any) -> None:
        told.extend(at_once(lambda: CALLS[name](runtime, tmp_path)))

    with Runtime(None) as runtime:
        runtime.add_npc("al", persona=COOK, tree=Task("work", work))
        runtime.update(1.0)
        assert list(runtime.npcs) == ["al"]
        assert runtime.update(1.0).frame == 1
    assert [type(error) for error in told] == [UsageError] * 2
    assert str(told[0]).startswith(
        f"runtime must be used by one thread at a time, got 'two at once' - at Runtime.{name}()"
    )


def test_one_thread_after_the_other_may_use_it() -> None:
    runtime = Runtime(None)
    for call in (
        lambda: runtime.add_npc("al", persona=COOK, tree=REPLIES),
        lambda: runtime.update(1.0),
        lambda: runtime.close(),
    ):
        assert at_once(call) == []
    with pytest.raises(UsageError, match="got 'closed'"):
        runtime.update(1.0)


def test_a_tree_may_call_what_it_may_call() -> None:
    def work(npc: Any) -> None:
        if "bo" not in runtime.npcs:
            runtime.add_npc("bo", persona=COOK, tree=REPLIES)
        runtime.tick_every("al", 1)

    with Runtime(None) as runtime:
        runtime.add_npc("al", persona=COOK, tree=Task("work", work))
        runtime.update(1.0)
        assert list(runtime.npcs) == ["al", "bo"]
