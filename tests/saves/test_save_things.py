"""Saves and what is the game's: things on blackboards, leaves of its own, trees it edits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from saving import Game

from npcbrain.errors import SaveError, TreeError, UsageError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.saves.reader import Reader
from npcbrain.saves.trees import read_layout
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock
from npcbrain.tree import (
    Concurrent,
    Context,
    Cooldown,
    ForceSuccess,
    LoopString,
    Node,
    Pointer,
    Selector,
    StatefulLeaf,
    Status,
    Succeed,
    Task,
    Wait,
    WasEntryUpdated,
)
from npcbrain.tree import Sequence as InOrder


class Sword:
    def __init__(self, name: str) -> None:
        self.name = name


class Rank(IntEnum):
    CAPTAIN = 1


IDLE = Succeed()


def game_of(tree: Node, **options: Any) -> Game:
    return Game(None, names=("Ann",), tree=tree, **options)


def reloaded(game: Game, tree: Node, path: Path, **options: Any) -> Game:
    """Another game of that tree, loaded from a save of this one."""
    game.runtime.save(path).wait()
    other = game_of(tree, **options)
    other.report = other.runtime.load(path)  # type: ignore[attr-defined]
    return other


@pytest.mark.parametrize(
    ("thing", "path"),
    [
        (Sword("Sting"), r"\$\.npcs\[0\]\.blackboard\.bag\[1\]\.hand"),
        (Rank.CAPTAIN, r"\.bag\[1\]\.hand"),
        (b"bytes", r"\.bag\[1\]\.hand"),
        ({1: "one"}, r"\.bag\[1\]\.hand"),
        (1 << 64, r"\.bag\[1\]\.hand"),
        ({"a", "b"}, r"\.bag\[1\]\.hand"),
    ],
)
def test_a_thing_of_the_game_is_refused_by_path(tmp_path: Path, thing: object, path: str) -> None:
    game = game_of(IDLE)
    game.npc("Ann").blackboard["bag"] = ["loaf", {"hand": thing}]
    with pytest.raises(SaveError, match=path):
        game.runtime.save(tmp_path / "a.npcb")
    assert [*tmp_path.iterdir()] == []


def test_what_holds_itself_is_refused(tmp_path: Path) -> None:
    game = game_of(IDLE)
    knot: list[object] = []
    knot.append(knot)
    game.npc("Ann").blackboard["knot"] = knot
    with pytest.raises(SaveError, match="nest at most 32 deep"):
        game.runtime.save(tmp_path / "a.npcb")


def test_hooks_save_things_and_make_them_again(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def save(npc: Npc, path: str, thing: object) -> object:
        seen.append((npc.name, path))
        assert isinstance(thing, Sword)
        return {"sword": thing.name, "sharp": (1, 2)}

    def load(npc: Npc, path: str, data: object) -> object:
        seen.append((npc.name, path))
        assert data == {"sword": "Sting", "sharp": [1, 2]}
        return Sword("Sting")

    game = game_of(IDLE)
    game.npc("Ann").blackboard["bag"] = ["loaf", Sword("Sting")]
    game.runtime.on_save(save)
    game.runtime.save(tmp_path / "a.npcb").wait()
    other = game_of(IDLE)
    with pytest.raises(SaveError, match=r"a\.npcb.*have a hook|have a hook"):
        other.runtime.load(tmp_path / "a.npcb")
    other.runtime.on_load(load)
    other.runtime.load(tmp_path / "a.npcb")
    loaf, sword = other.npc("Ann").blackboard["bag"]
    assert (loaf, sword.name) == ("loaf", "Sting")
    assert seen == [("Ann", "$.npcs[0].blackboard.bag[1]")] * 2
    with pytest.raises(UsageError, match="callable"):
        other.runtime.on_save("no")  # type: ignore[arg-type]


def test_a_hook_that_raises_leaves_everything_as_it_was(tmp_path: Path) -> None:
    game = game_of(IDLE)
    game.npc("Ann").blackboard["sword"] = Sword("Sting")
    game.runtime.on_save(lambda npc, path, thing: "sword")
    game.runtime.save(tmp_path / "a.npcb").wait()

    def load(npc: Npc, path: str, data: object) -> object:
        raise KeyError("no such sword")

    game.runtime.on_load(load)
    game.npc("Ann").remember("Now.")
    with pytest.raises(KeyError, match="no such sword"):
        game.runtime.load(tmp_path / "a.npcb")
    assert len(game.npc("Ann").memory) == 1
    game.runtime.on_save(lambda npc, path, thing: Sword("Sting"))
    with pytest.raises(SaveError, match="plain data"):
        game.runtime.save(tmp_path / "a.npcb")


@dataclass(frozen=True, slots=True)
class Walk(StatefulLeaf):
    """Walks three steps; where it is, is in the handle."""

    name: str = ""

    def on_start(self, ctx: Context) -> Status:
        ctx.handle = [0]
        return Status.RUNNING

    def on_running(self, ctx: Context) -> Status:
        if ctx.handle is None:
            ctx.owner.blackboard["lost"] = True
            return Status.FAILURE
        ctx.handle[0] += 1
        ctx.owner.blackboard["steps"] = ctx.handle[0]
        return Status.RUNNING if ctx.handle[0] < 3 else Status.SUCCESS


@dataclass(frozen=True, slots=True)
class SavedWalk(Walk):
    """The same, and it is saved."""

    def on_save(self, ctx: Context) -> object:
        return {"at": ctx.handle[0]}

    def on_load(self, ctx: Context, data: object) -> None:
        assert isinstance(data, dict)
        ctx.handle = [data["at"]]


def test_a_leaf_of_the_game_brings_its_handle_back(tmp_path: Path) -> None:
    tree = InOrder(Succeed(), SavedWalk())
    game = game_of(tree)
    game.play(2)
    other = reloaded(game, tree, tmp_path / "a.npcb")
    other.play(2)
    assert other.npc("Ann").blackboard["steps"] == 3
    assert other.npc("Ann").tree.status_of("root") is Status.SUCCESS


def test_a_leaf_without_hooks_finds_no_handle_as_ever(tmp_path: Path) -> None:
    tree = InOrder(Succeed(), Walk())
    game = game_of(tree)
    game.play(2)
    other = reloaded(game, tree, tmp_path / "a.npcb")
    other.play(1)
    assert other.npc("Ann").blackboard["lost"]


def test_a_leaf_that_saves_no_plain_data_is_refused_by_path(tmp_path: Path) -> None:
    class Bad(SavedWalk):
        __slots__ = ()

        def on_save(self, ctx: Context) -> object:
            return Sword("Sting")

    game = game_of(InOrder(Succeed(), Bad()))
    game.play(2)
    with pytest.raises(SaveError, match=r"\$\.npcs\[0\]\.tree\.root/1"):
        game.runtime.save(tmp_path / "a.npcb")


def test_an_on_load_that_raises_is_told_and_the_rest_is_loaded(tmp_path: Path) -> None:
    class Bad(SavedWalk):
        __slots__ = ()

        def on_load(self, ctx: Context, data: object) -> None:
            raise RuntimeError("no way")

    tree = InOrder(Succeed(), Bad())
    game = game_of(tree)
    game.play(2)
    game.npc("Ann").remember("A walk.")
    game.runtime.save(tmp_path / "a.npcb").wait()
    other = game_of(tree)
    with pytest.raises(RuntimeError, match="no way"):
        other.runtime.load(tmp_path / "a.npcb")
    assert len(other.npc("Ann").memory) == 1
    other.play(1)
    assert other.npc("Ann").blackboard["lost"]


def test_timers_and_cooldowns_go_on_by_what_is_left(tmp_path: Path) -> None:
    tree = Concurrent(InOrder(Wait(100)), Cooldown(Task("bark", bark := Bark()), 500))
    clock = ManualClock()
    game = game_of(tree, clock=clock)
    game.play(1)
    clock.advance_ns(60_000_000)
    game.play(1)
    late = ManualClock(10**12)
    other = reloaded(game, tree, tmp_path / "a.npcb", clock=late)
    assert bark.count == 1
    other.play(1)
    assert other.npc("Ann").tree.status_of("root/0/0") is Status.RUNNING
    late.advance_ns(41_000_000)
    other.play(1)
    assert other.npc("Ann").tree.status_of("root/0/0") is Status.SUCCESS
    assert bark.count == 1
    late.advance_ns(400_000_000)
    other.play(1)
    assert bark.count == 2


class Bark:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, npc: Npc) -> None:
        self.count += 1


def test_loops_go_on_with_the_values_they_began_with(tmp_path: Path) -> None:
    tree = LoopString(Task("say", lambda npc: None), Pointer("queue"), "word")
    game = game_of(tree)
    game.npc("Ann").blackboard["queue"] = ["a", "b", "c"]
    game.play(2)
    game.npc("Ann").blackboard["queue"] = ["x", "y", "z"]
    other = reloaded(game, tree, tmp_path / "a.npcb")
    other.play(1)
    assert other.npc("Ann").blackboard["word"] == "c"


def test_nodes_that_watch_entries_know_what_they_have_seen(tmp_path: Path) -> None:
    tree = Selector(WasEntryUpdated("alarm"), Succeed())
    game = game_of(tree)
    game.npc("Ann").blackboard["alarm"] = 1
    game.play(2)
    seen = reloaded(game, tree, tmp_path / "a.npcb")
    game.npc("Ann").blackboard["alarm"] = 2
    unseen = reloaded(game, tree, tmp_path / "a.npcb")
    for other, expected in (seen, Status.FAILURE), (unseen, Status.SUCCESS):
        other.play(1)
        assert other.npc("Ann").tree.status_of("root/0") is expected


def test_an_edited_tree_keeps_what_fits_and_tells_what_does_not(tmp_path: Path) -> None:
    bark = Bark()

    def tree(*more: Node) -> Node:
        return Concurrent(
            ForceSuccess(Cooldown(Task("bark", bark), 10_000)),
            Selector(*more, InOrder(Wait(1000), Succeed()), name="work"),
        )

    game = game_of(tree())
    game.play(2)
    same = reloaded(game, tree(), tmp_path / "a.npcb")
    assert same.report.notes == []  # type: ignore[attr-defined]
    edited = reloaded(game, tree(Task("sing", lambda npc: Status.FAILURE)), tmp_path / "a.npcb")
    (note,) = edited.report.notes  # type: ignore[attr-defined]
    assert note == "the tree of npc 'Ann' has changed: 5 of 9 nodes begin anew"
    edited.play(1)
    assert bark.count == 1  # its cooldown goes on
    assert edited.npc("Ann").tree.status_of("sing") is Status.FAILURE


def test_a_deed_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    """Words were still to come when it was saved, by a model that is not there any more."""
    tree = Selector(InOrder(Heard(), Said(), Act()), InOrder(Heard(), CannedReply()), Succeed())
    game = game_of(tree)
    game.frame = 100
    game.npc("Ann").hear("Give me the key.")
    game.npc("Ann")._thought = Endless()
    game.play(2)
    assert game.deeds["Ann"] == ["key"]
    assert game.npc("Ann").thinking
    other = reloaded(game, tree, tmp_path / "a.npcb")
    other.frame = 100
    other.play(2)
    assert other.deeds["Ann"] == []
    assert other.npc("Ann").event is None
    assert other.decisions["Ann"][0].say == "Mind the pot!"
    assert other.decisions["Ann"][0].action == "give"


class Endless:
    """A thought that goes on and on."""

    choice = Decision("give", {"item": "key"})
    decision = None
    done = False
    reason = speech = ""
    emotion = "happy"
    is_still = False

    def listen(self) -> None: ...

    def drop(self) -> None:
        self.done = True


@dataclass(frozen=True, slots=True)
class Said(Decide):
    """Takes what is being thought for its thought."""

    def on_start(self, ctx: Context) -> Status:
        ctx.owner.listen()
        return Status.SUCCESS if ctx.owner.answer else Status.FAILURE


def test_an_error_in_a_game_s_on_save_is_told(tmp_path: Path) -> None:
    class Bad(SavedWalk):
        __slots__ = ()

        def on_save(self, ctx: Context) -> object:
            raise RuntimeError("not now")

    game = game_of(Bad())
    game.play(1)
    with pytest.raises(TreeError, match=r"not now.*root"):
        game.runtime.save(tmp_path / "a.npcb")


def test_a_save_of_before_knows_the_leaf_by_its_old_name() -> None:
    layout = read_layout(Reader([[["root", "Action", "bark"]], []]))
    assert [info.kind for info in layout.infos] == [type(Task("bark", Bark())).__name__]
