"""A save on its way: what the frame pays for it, what is not in it, a disk that never answers."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from saving import Game

from npcbrain.saves.plain import plain_entries
from npcbrain.saves.snapshot import Snapshot
from npcbrain.saves.store import Disk
from npcbrain.testing import ManualClock
from npcbrain.tree import Context, Node, StatefulLeaf, Status, Succeed
from npcbrain.tree import Sequence as InOrder


def game_of(tree: Node, **options: Any) -> Game:
    return Game(None, names=("Ann",), tree=tree, **options)


def test_copying_a_flat_blackboard_takes_no_call_for_each_entry() -> None:
    def num_calls(num: int) -> int:
        calls: list[object] = []
        flat = {f"entry {number}": number for number in range(num)}
        board: dict[str, object] = {**flat, "name": "Ann", "bag": [1, "loaf", None] * num}
        sys.setprofile(lambda frame, event, arg: calls.append(event) if event == "call" else None)
        try:
            copy = plain_entries(board, "$", None)
        finally:
            sys.setprofile(None)
        assert copy == board
        assert copy["bag"] is not board["bag"]
        return len(calls)

    assert num_calls(3) == num_calls(300)


def test_the_thread_that_writes_rests_before_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    packed = Snapshot.packed

    def pack(snapshot: Snapshot, rest: Any) -> bytes:
        done.append("packs")
        return packed(snapshot, rest)

    monkeypatch.setattr(Snapshot, "packed", pack)
    monkeypatch.setattr("npcbrain.saves.writing.time.sleep", lambda seconds: done.append("rests"))
    game_of(Succeed()).runtime.save(tmp_path / "a.npcb").wait()
    assert done[:2] == ["rests", "packs"]


def test_what_the_frame_paid_is_the_whole_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()

    class Slow:
        def id(self) -> str:
            clock.advance_ns(7)
            return "Sting"

    game = game_of(Succeed(), clock=clock)
    game.runtime.on_save(lambda npc, path, thing: thing.id())
    game.npc("Ann").blackboard["hand"] = Slow()
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        clock.advance_ns(5)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    saving = game.runtime.save(tmp_path / "a.npcb")
    assert saving.wait()
    assert saving.snapshot_ns == 12


@dataclass(frozen=True, slots=True)
class Forgetful(StatefulLeaf):
    """At work, with a handle that it does not save."""

    def on_start(self, ctx: Context) -> Status:
        ctx.handle = object()
        return Status.RUNNING

    def on_running(self, ctx: Context) -> Status:
        return Status.RUNNING


def test_what_is_not_in_a_save_is_told(tmp_path: Path) -> None:
    game = Game(None, names=("Ann", "Bob"), tree=InOrder(Succeed(), Forgetful()))
    assert game.runtime.save(tmp_path / "a.npcb").notes == []
    game.npc("Bob").data = object()
    game.play(1)
    why = "begins anew: its on_save saves nothing of its handle"
    assert game.runtime.save(tmp_path / "a.npcb").notes == [
        f"leaf root/1 of npc 'Ann' {why}",
        f"leaf root/1 of npc 'Bob' {why}",
        "npc.data of 1 is not saved: 'Bob'",
    ]


def test_a_disk_that_never_answers_holds_up_neither_load_nor_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, answers = game_of(Succeed()), threading.Event()
    path = tmp_path / "a.npcb"
    game.runtime.save(path).wait()

    class Stuck(Disk):
        def write(self, path: Path, content: bytes) -> None:
            answers.wait()
            super().write(path, content)

    game.runtime._disk = Stuck()
    saving = game.runtime.save(path)
    monkeypatch.setattr("npcbrain.saves.writing.END_S", 0.01)
    with pytest.warns(RuntimeWarning, match="the disk has not answered"):
        game.runtime.load(path)
    with pytest.warns(RuntimeWarning, match="the disk has not answered"):
        game.runtime.close()
    answers.set()
    assert saving.wait()
