"""Recordings played again: what happened happens, frame by frame, with the model or without."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from minds import HandDrivenMind
from replaying import Busy, build, give, kinds, moments, tiny
from saving import COOK, TREE, Game, TickingClock, UnmeasuredEngine, people

import npcbrain as nb
from npcbrain import testing
from npcbrain.errors import RecordingError, UsageError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.recording.moments import INPUTS, Kind
from npcbrain.replay.play import Play, Replay
from npcbrain.thinker import NullThinker
from npcbrain.tree import Concurrent, Cooldown, Selector, Succeed, Task
from npcbrain.tree import Sequence as InOrder


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "a.npcr"


class Kept:
    """Plays a game without a world, and keeps its runtime."""

    def __init__(self, tree: Any = TREE) -> None:
        self.tree = tree

    def __call__(self, play: Play) -> None:
        self.runtime = play.runtime
        build(play)
        play.trees = self.tree


def check(path: Path, *, model: bool = False, tree: Any = TREE) -> tuple[Replay, nb.Runtime]:
    kept = Kept(tree)
    found = testing.replay(path, kept, model=tiny() if model else None)
    assert found.difference is None
    assert found.identical
    return found, kept.runtime


@pytest.mark.parametrize("options", [{}, {"overlap": True}, {"temperature": 0.0}], ids=str)
def test_all_that_a_game_can_do_is_done_again_with_and_without_the_model(
    tape: Path, options: dict[str, Any]
) -> None:
    game = Busy(tiny(), record=tape, **options)
    game.end()
    game.runtime.close()
    assert kinds(tape) >= INPUTS - {Kind.LOAD}
    found, runtime = check(tape)
    assert (found.num_frames, found.num_questions > 4) == (game.frame, True)
    assert (found.whole, found.why_over, found.num_left_out) == (True, "", 0)
    assert [*people(runtime)] == [*people(game.runtime)]
    found, _ = check(tape, model=True)  # the model writes every answer again, token for token
    asked = [m for m in moments(tape) if m.kind is Kind.ANSWER and m.values[1].tokens]
    assert found.num_checked >= len(asked) > 1


def test_a_recorded_game_is_as_one_that_is_not(tape: Path) -> None:
    games = [Busy(tiny()), Busy(tiny(), record=tape)]
    for game in games:
        game.end(budget_ms=float("inf"))
    assert games[0].past() == games[1].past()
    assert [*people(games[0].runtime)] == [*people(games[1].runtime)]


def test_answers_that_come_too_late_come_too_late_again(tape: Path) -> None:
    hasty = Selector(
        InOrder(Heard(), Decide(ttl_ms=12), Act()), InOrder(Heard(), CannedReply()), Succeed()
    )
    game = Game(tiny(), tree=hasty, record=tape)
    game.end()
    game.runtime.close()
    found, _ = check(tape, tree=hasty)
    assert found.num_fallbacks > 2
    reasons = {m.values[1] for m in moments(tape) if m.kind is Kind.FALLBACK}
    assert reasons & {"expired", "would_exceed", "no_budget"}
    check(tape, model=True, tree=hasty)


def test_without_a_model_trees_answer_again(tape: Path) -> None:
    game = Game(None, record=tape)
    game.end()
    game.runtime.close()
    found, _ = check(tape)
    assert found.num_fallbacks == found.num_questions > 4
    with pytest.raises(UsageError, match="a model in the game's process, got 'none'"):
        testing.replay(tape, build, model=tiny())


def test_timers_see_the_recorded_time(tape: Path) -> None:
    seen: list[list[bool]] = [[], []]

    def timed(log: list[bool]) -> Any:
        return Concurrent(TREE, Cooldown(Task("rings", lambda npc: log.append(True)), 0.25))

    game = Game(None, tree=timed(seen[0]), record=tape, clock=TickingClock(tick_ns=3_000_000))
    for _ in range(60):
        game.play(1)
        seen[0].append(False)
    game.runtime.close()
    check(tape, tree=timed(seen[1]))
    assert seen[0].count(True) == len(seen[1]) > 8


def test_a_saved_game_that_was_loaded_is_loaded_again(tape: Path, tmp_path: Path) -> None:
    save = tmp_path / "slot.npcb"
    first = Game(tiny())
    first.play(30)
    first.runtime.save(save).wait()
    game = Game(tiny(), record=tape)
    game.play(7)
    game.runtime.load(save)
    game.frame = 30
    game.end()
    game.runtime.close()
    save.unlink()
    assert {Kind.LOAD, Kind.RESUMED} <= kinds(tape)
    check(tape)
    check(tape, model=True)


def test_another_tree_is_the_first_difference(tape: Path) -> None:
    game = Game(tiny(), record=tape)
    game.end()
    game.runtime.close()
    mute = InOrder(Heard(), CannedReply(("No.",)))
    found = testing.replay(tape, Kept(mute))
    assert not found.identical
    assert found.difference is not None
    assert found.difference.frame == 0
    assert found.difference.kind == "ASK"
    assert "Ann" in found.difference.first


def test_another_answer_of_a_handler_is_the_first_difference(tape: Path) -> None:
    game = Game(tiny(), record=tape)
    game.end()
    game.runtime.close()

    def refuses(play: Play) -> None:
        play.trees = TREE
        play.runtime.on_action("give", lambda npc, item: nb.tree.Status.FAILURE)

    found = testing.replay(tape, refuses)
    assert found.difference is not None
    assert found.difference.kind == "DEED"


def test_a_handler_that_is_missing_is_stood_in_for(tape: Path) -> None:
    game = Game(tiny(), record=tape)
    state = iter([nb.tree.Status.RUNNING] * 3)

    def gives(npc: Any, item: str) -> Any:
        npc.remember(f"I gave away the {item}.")
        return next(state, None)

    game.runtime.on_action("give", gives)
    game.end()
    game.runtime.close()
    kept = Kept()

    def without(play: Play) -> None:
        kept.runtime, play.trees = play.runtime, TREE

    found = testing.replay(tape, without)
    assert (found.identical, found.stand_ins) == (True, ("give",))


def test_another_model_is_refused(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Game(tiny(), record=tape).runtime.close()
    monkeypatch.setattr(type(tiny().package), "digest", "ab" * 32)
    with pytest.raises(UsageError, match="model must be the recorded one, got 'abababababab'"):
        testing.replay(tape, build, model=tiny())


def test_what_the_model_writes_otherwise_is_the_first_difference(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from npcbrain.replay import answers

    game = Game(tiny(), record=tape)
    game.end()
    game.runtime.close()
    right = answers.tokens_of
    monkeypatch.setattr(answers, "tokens_of", lambda thought: (right(thought) or ())[:-1])
    found = testing.replay(tape, build, model=tiny())
    assert found.difference is not None
    assert found.difference.kind.startswith("answer of ")


class Far(NullThinker):
    """Thinks beside the game, at whatever pace, and says of whom there is news."""

    is_beside = True

    def __init__(self) -> None:
        super().__init__()
        self.hand, self.rng, self.asked = HandDrivenMind(), random.Random(5), 0
        self.news: list[str] = []

    def thinker(self, settings: Any) -> Far:
        return self

    @property
    def mind(self) -> Any:
        return self.hand

    def collect(self, report: Any) -> None:
        asked = self.hand.asked
        for idea, one in zip(self.hand.ideas, asked, strict=True):
            if not idea.done and self.rng.random() < 0.2:
                self.news.append(one.name)
                if idea.choice is None:
                    idea.choose("give", item="room")
                elif len(idea.speech) < 20:
                    idea.speech += "Here. "
                elif self.rng.random() < 0.5:
                    idea.fail("unreachable")
                else:
                    idea.succeed(nb.Decision("give", {"item": "room"}, say=idea.speech))

    def take_askers(self) -> tuple[str, ...]:
        news, self.news = tuple(dict.fromkeys(self.news)), []
        return news


def test_what_a_server_thought_lands_again(tape: Path) -> None:
    runtime = nb.Runtime(Far(), record=tape, clock=TickingClock())
    runtime.on_action("give", give)
    for name in ("Ann", "Bob"):
        runtime.add_npc(name, persona=nb.Persona.from_dict({**COOK, "name": name}), tree=TREE)
    for frame in range(400):
        if frame % 40 == 0:
            runtime.npcs["Ann" if frame % 80 else "Bob"].hear(f"Is soup number {frame} done?")
        runtime.update(1.0)
    runtime.close()
    found, _ = check(tape)
    assert (found.num_frames, found.num_questions) == (400, 10)
    assert {m.values[1] for m in moments(tape) if m.kind is Kind.FALLBACK} == {"unreachable"}
    with pytest.raises(UsageError, match="got 'other'"):
        testing.replay(tape, build, model=tiny())


class World:
    """A game with a world of its own: who is hungry decides what trees do."""

    def __init__(self, model: Any, **options: Any) -> None:
        engine = UnmeasuredEngine(model) if isinstance(model, nb.Model) else None
        clock = TickingClock()
        self.runtime = nb.Runtime(
            model, seed=4, clock=clock, engine=engine, price_file=None, **options
        )
        self.hunger = 0
        self.closed = False
        tree = Selector(
            InOrder(nb.tree.Condition("hungry", lambda npc: self.hunger % 7 > 3), Heard(),
                    Decide(ttl_ms=600_000), Act()),
            Succeed(),
        )  # fmt: skip
        self.npc = self.runtime.add_npc("Ann", persona=nb.Persona.from_dict({**COOK, "name": "A"}),
                                        tree=tree)  # fmt: skip
        self.runtime.on_action("give", give)

    def __call__(self) -> None:
        self.hunger += 1
        if self.hunger % 30 == 1:
            self.npc.hear("Is there soup?")
        self.runtime.update(1.5)

    def close(self) -> None:
        self.closed = True
        self.runtime.close()


def test_a_game_with_a_world_runs_again_by_itself(tape: Path) -> None:
    world = World(tiny(), record=tape)
    for _ in range(200):
        world()
    world.close()
    again: list[World] = []

    def builds(play: Play) -> World:
        again.append(World(play.model))
        return again[0]

    found = testing.replay(tape, builds, model=tiny())
    assert (found.identical, found.num_frames, found.num_checked > 2) == (True, 200, True)
    assert again[0].closed


def test_a_game_that_stops_updating_does_not_hang(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from npcbrain.replay import play as module

    monkeypatch.setattr(module, "MAX_IDLE", 10)
    game = Game(None, record=tape)
    game.play(3)
    game.runtime.close()
    found = testing.replay(tape, lambda play: lambda: None)
    assert found.difference is not None
    assert "no update in 10 calls" in found.difference.second


@pytest.mark.parametrize(
    ("builds", "message"),
    [("no", "build must be callable"), (lambda play: 7, "build must return None or what is to be")],
)
def test_what_cannot_build_a_game_is_told(tape: Path, builds: Any, message: str) -> None:
    Game(None, record=tape).runtime.close()
    with pytest.raises(UsageError, match=message):
        testing.replay(tape, builds)


def test_a_tree_that_is_missing_is_told_by_name(tape: Path) -> None:
    Game(None, record=tape).runtime.close()
    with pytest.raises(RecordingError, match="trees must have 'Ann'"):
        testing.replay(tape, lambda play: None)
