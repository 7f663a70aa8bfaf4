"""What may be called from where: words from any thread, the rest from one at a time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cook import COOK

from npcbrain import testing
from npcbrain.errors import UsageError
from npcbrain.npcs.inbox import MAX_WAITING
from npcbrain.npcs.leaves import CannedReply, Heard
from npcbrain.npcs.memory import Memory
from npcbrain.replay.play import Play
from npcbrain.runtime import Runtime
from npcbrain.saves.snapshot import read
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


@pytest.mark.usefixtures("_hasty")
def test_a_game_is_saved_while_threads_speak_and_each_save_can_be_read() -> None:
    over, contents = threading.Event(), []
    with Runtime(None) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)

        def talk(who: str) -> None:
            number = 0
            while not over.is_set():
                number += 1
                npc.hear(f"{who} {number}", speaker=who)
                npc.remember(f"{who} has been here {number % 9} times.")

        def save() -> None:
            try:
                contents.extend(runtime._snapshot().packed(bool) for _ in range(300))
            finally:
                over.set()

        assert at_once(lambda: talk("ann"), lambda: talk("ben"), save) == []
    for content in contents:
        (saved,) = read(content, "a save").npcs
        assert len({entry.text for entry in saved.entries}) == len(saved.entries)


@pytest.mark.usefixtures("_hasty")
def test_a_memory_may_be_read_and_cleared_by_any_thread() -> None:
    memory = Memory(8)

    def learn(who: str) -> None:
        for number in range(1500):
            memory.add(f"{who} {number % 12}")

    def look() -> None:
        for number in range(1500):
            orders = [entry.order for entry in memory]
            assert orders == sorted(orders)
            assert len(memory.select(100, [len, lambda text: len(text) + 1][number % 2])) <= 4
            if number % 50 == 0:
                memory.clear()

    assert at_once(lambda: learn("ann"), lambda: learn("ben"), look) == []
    assert len(memory) <= 8
    assert memory.num_learned == 3000


@pytest.mark.usefixtures("_hasty")
def test_a_recorded_game_to_which_threads_speak_plays_again(tmp_path: Path) -> None:
    """What they say comes with the next update: in the midst of one, nobody could say when."""

    def build(again: Play) -> None:
        again.trees = REPLIES

    tape = tmp_path / "a.npcr"
    with Runtime(None, record=tape) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)

        def talk(who: str) -> None:
            for number in range(200):
                npc.hear(f"{who} {number}", speaker=who)
                npc.remember(f"{who} has been here {number} times.")

        def play() -> None:
            for number in range(400):
                npc.remember(f"It is frame {number}.")
                runtime.update(1.0)

        assert at_once(lambda: talk("ann"), lambda: talk("ben"), play) == []
        runtime.update(1.0)
        runtime.save(tmp_path / "a.npcb").wait()
    found = testing.replay(tape, build)
    assert (found.difference, found.whole, found.num_frames) == (None, True, 401)
    with Runtime(None) as runtime:
        runtime.add_npc("al", persona=COOK, tree=REPLIES)
        runtime.load(tmp_path / "a.npcb")
        assert runtime.npcs["al"].memory.num_learned >= 800


@pytest.mark.parametrize(("text", "importance"), [(7, 0.5), ("Hello.", 2.0)])
def test_a_thread_that_tells_nonsense_to_a_recorded_game_is_told_so_itself(
    tmp_path: Path, text: Any, importance: float
) -> None:
    with Runtime(None, record=tmp_path / "a.npcr") as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)
        (error,) = at_once(lambda: npc.remember(text, importance=importance))
        assert isinstance(error, UsageError)
        runtime.update(1.0)


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
