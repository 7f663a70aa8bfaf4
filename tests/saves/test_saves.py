"""Promises of ``npcbrain.saves``: whatever frame is saved, the game goes on as it would have."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from saving import COOK, TINY, Game, people
from toy_chooser import load_chooser_model, make_chooser_model

from npcbrain.errors import TreeError, UsageError
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.saves.container import opened
from npcbrain.saves.snapshot import Snapshot
from npcbrain.saves.store import Disk
from npcbrain.situation import Action as Deed
from npcbrain.situation import Decision, Event, Scene
from npcbrain.tree import Selector, Succeed, Task
from npcbrain.tree import Sequence as InOrder

Deeds = dict[str, list[str]]
Future = tuple[dict[str, list[Decision]], Deeds]


class Moment(NamedTuple):
    """A game as it was saved, and what was known of it then."""

    path: Path
    frame: int
    past: Future
    people: list[object]
    said: dict[str, tuple[Event | None, str]]
    num_tokens: int

    def is_heard_once(self, game: Game) -> bool:
        """Whether nobody begins anew with what was being said."""
        for name, (event, words) in self.said.items():
            npc = game.npc(name)
            on_it = npc.thinking and npc.event == event
            if on_it and not npc.speech.startswith(words):
                return False
        return True


class Played:
    """One game from begin to end that was saved in every third frame."""

    def __init__(self, tiny: Model, folder: Path) -> None:
        self.game = game = Game(tiny)
        self.moments: list[Moment] = []
        while game.frame < 40 or not game.is_over:
            if game.frame % 3 == 0:
                self._save(folder / f"{game.frame}.npcb")
            game.play(1)
        self.whole = game.past()

    def _save(self, path: Path) -> None:
        game = self.game
        assert game.runtime.save(path).wait()
        flying = [npc for npc in game.runtime.npcs.values() if npc.thinking]
        said = {npc.name: (npc.event, npc.speech) for npc in flying}
        num_tokens = sum(npc.thought.num_tokens for npc in flying)  # type: ignore[union-attr]
        now = [*people(game.runtime)]
        self.moments.append(Moment(path, game.frame, game.past(), now, said, num_tokens))


@pytest.fixture(scope="module", params=["the model alone", "with a chooser"])
def load(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Model]:
    """Loads a model with so many slots; one of the two chooses before it speaks."""
    if request.param == "the model alone":
        return lambda num_slots: Model.load(TINY, num_slots=num_slots)
    folder = make_chooser_model(tmp_path_factory.mktemp("model") / "toy")
    return lambda num_slots: load_chooser_model(folder, num_slots, own_words=9.0)


@pytest.fixture(scope="module")
def tiny(load: Callable[[int], Model]) -> Model:
    return load(3)


@pytest.fixture(scope="module")
def played(tiny: Model, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tiny, tmp_path_factory.mktemp("saves"))


def test_a_game_loaded_from_any_frame_goes_on_token_for_token(tiny: Model, played: Played) -> None:
    game = Game(tiny, seed=1)  # what chance depends on is in the save
    # Each takes three times as long where a chooser chooses first.
    for moment in played.moments[:: 1 if tiny.encoder is None else 4]:
        game.go_back(moment.frame, moment.past)
        report = game.runtime.load(moment.path)
        assert str(report) == ""
        assert (report.frame, report.num_resumed) == (moment.frame, len(moment.said))
        assert [*people(game.runtime)] == moment.people
        game.play(1)
        assert moment.is_heard_once(game)
        game.end()
        assert game.past() == played.whole
    assert sum(moment.num_tokens > 0 for moment in played.moments) > 5


def test_the_game_that_is_saved_is_not_disturbed(tiny: Model, played: Played) -> None:
    game = Game(tiny)
    game.end()
    assert game.past() == played.whole


def test_a_save_of_a_game_that_was_loaded_is_the_same(
    tiny: Model, played: Played, tmp_path: Path
) -> None:
    game = Game(tiny)
    for moment in played.moments[6:16:3]:
        game.runtime.load(moment.path)
        game.runtime.save(tmp_path / "again.npcb").wait()
        first, again = (
            opened(path.read_bytes(), "")[1] for path in (moment.path, tmp_path / "again.npcb")
        )
        for npc in (*first["npcs"], *again["npcs"]):
            # Moments and the numbers of requests are relative to the clock and the scheduler.
            npc["thought"] = npc["tree"][2] = None
        assert first == again


def test_answers_written_beside_the_game_go_on_as_well(
    tiny: Model, played: Played, tmp_path: Path
) -> None:
    num_resumed = 0
    for num_frames in (21, 24, 28):
        game = Game(tiny, overlap=True)
        game.play(num_frames, 1.5)
        game.runtime.save(tmp_path / "overlap.npcb").wait()
        past, frame = game.past(), game.frame
        game.runtime.close()
        game = Game(tiny, overlap=True)
        game.go_back(frame, past)
        num_resumed += game.runtime.load(tmp_path / "overlap.npcb").num_resumed
        game.end()
        assert game.past() == played.whole
        game.runtime.close()
    assert num_resumed > 2


def test_with_fewer_slots_answers_wait_and_nothing_is_heard_twice(
    load: Callable[[int], Model], played: Played
) -> None:
    moment = max(played.moments, key=lambda moment: moment.num_tokens)
    game = Game(load(1))
    game.go_back(moment.frame, moment.past)
    assert game.runtime.load(moment.path).num_resumed == len(moment.said) > 1
    for _ in range(8):
        game.play(1)
        assert moment.is_heard_once(game)
    game.end()
    assert game.past() == played.whole


def test_patience_is_saved_as_what_is_left_of_it(tiny: Model, tmp_path: Path) -> None:
    tree = Selector(
        InOrder(Heard(), Decide(ttl_ms=400), Act()), InOrder(Heard(), CannedReply()), Succeed()
    )
    game = Game(tiny, names=("Ann",), tree=tree)
    game.npc("Ann").hear("Well?")
    game.frame = 100
    game.play(4, 0)
    game.runtime.save(tmp_path / "a.npcb").wait()
    late = Game(tiny, names=("Ann",), tree=tree, now_ns=10**15)
    late.frame = 100
    late.runtime.load(tmp_path / "a.npcb")
    thought, before = late.npc("Ann").thought, game.npc("Ann").thought
    assert thought is not None
    assert before is not None
    left_ns = thought.request.deadline_ns - late.runtime.clock.now_ns()  # type: ignore[attr-defined]
    assert 0 < left_ns < 400_000_000
    late.play(3000, 0)  # nobody has time for her
    assert late.decisions["Ann"][0].say == "Mind the pot!"
    assert late.decisions["Ann"][0].reason == "expired"


def test_a_save_of_another_model_brings_people_back_and_asks_them_again(
    tiny: Model, played: Played
) -> None:
    moment = max(played.moments, key=lambda moment: moment.num_tokens)
    game = Game(tiny)
    game.runtime._model_digest = "ab" * 32
    game.go_back(moment.frame, ({}, {}))
    report = game.runtime.load(moment.path)
    assert report.other_model
    assert report.num_resumed == 0
    assert "another model" in str(report)
    assert [len(npc.memory) for npc in game.runtime.npcs.values()] == [
        len(one[4])
        for one in moment.people  # type: ignore[index]
    ]
    game.end()
    asked = {name for name, npc in game.runtime.npcs.items() if npc.num_missed == 0}
    assert {name for name, found in game.decisions.items() if found} >= set(moment.said) & asked


def test_a_game_without_a_model_is_saved_and_loaded(tmp_path: Path, played: Played) -> None:
    game = Game(None)
    game.play(7)
    game.runtime.save(tmp_path / "a.npcb").wait()
    other = Game(None)
    assert str(other.runtime.load(tmp_path / "a.npcb")) == ""
    assert [*people(other.runtime)] == [*people(game.runtime)]
    assert other.runtime.load(played.moments[9].path).other_model
    other.end()


def test_who_is_gone_or_new_is_told(tiny: Model, played: Played) -> None:
    game = Game(tiny, names=("Eve", "Dot", "Bob"))
    report = game.runtime.load(played.moments[8].path)
    assert (report.gone, report.new) == (("Ann", "Cid"), ("Eve",))
    assert [*game.runtime.npcs] == ["Bob", "Dot", "Eve"]  # as they were, then the new ones
    assert "'Ann'" in str(report)
    assert "'Eve'" in str(report)
    game.frame = 100
    game.npc("Eve").hear("Who are you?")
    game.end()
    assert len(game.decisions["Eve"]) == 1


def test_an_edited_persona_is_asked_again(tiny: Model, played: Played) -> None:
    moment = max(played.moments, key=lambda moment: moment.num_tokens)
    game = Game(tiny, cook={**COOK, "facts": ["The soup is cold."]})
    report = game.runtime.load(moment.path)
    assert report.num_resumed == 0
    assert len(report.notes) == len(moment.said)
    assert all("persona has changed" in note for note in report.notes)
    game.go_back(100, ({}, {}))
    game.end()


def test_what_an_npc_may_no_longer_do_is_not_done(tiny: Model, tmp_path: Path) -> None:
    game = Game(None, names=("Ann",))
    npc = game.npc("Ann")
    npc.choose(Decision("give", {"item": "key"}))
    game.runtime.save(tmp_path / "a.npcb").wait()
    game = Game(None, names=("Ann",), cook={**COOK, "actions": [{"name": "say"}]})
    report = game.runtime.load(tmp_path / "a.npcb")
    assert game.npc("Ann").answer is None
    assert "may not 'give'" in str(report)


def test_turns_of_those_far_away_are_kept(tmp_path: Path) -> None:
    def ticked(game: Game) -> list[list[str]]:
        found: list[list[str]] = []
        for _ in range(12):
            seen.clear()
            game.play(1)
            found.append([*seen])
        return found

    seen: list[str] = []
    tree = Task("note", lambda npc: seen.append(npc.name))
    game = Game(None, tree=tree)
    for name, num_frames in (("Ann", 3), ("Bob", 4), ("Ann", 1), ("Dot", 3)):
        game.runtime.tick_every(name, num_frames)
    game.play(5)
    game.runtime.save(tmp_path / "a.npcb").wait()
    expected = ticked(game)
    other = Game(None, tree=tree, names=("Dot", "Cid", "Bob", "Ann"))
    other.runtime.tick_every("Cid", 7)
    other.runtime.load(tmp_path / "a.npcb")
    assert ticked(other) == expected


def test_what_the_game_set_is_kept(tmp_path: Path) -> None:
    game = Game(None, names=("Ann",))
    npc = game.npc("Ann")
    npc.scene = Scene("the inn", "night", ("Bob", "player"))
    npc.actions = [Deed("wave"), Deed("give", {"item": ("loaf",)})]
    npc.importance = 7
    npc.remember("The mill burned down.", importance=0.9)
    npc.blackboard["route"] = ["well", {"x": 1.5, "ok": None, "\ud800": 3}]
    for number in range(6):
        npc.hear(f"Hello {number}")
    game.runtime.save(tmp_path / "a.npcb").wait()
    other = Game(None, names=("Ann",))
    other.npc("Ann").remember("Something that was not.")
    other.npc("Ann").blackboard["late"] = True
    assert str(other.runtime.load(tmp_path / "a.npcb")) == ""
    assert [*people(other.runtime)] == [*people(game.runtime)]


@pytest.mark.parametrize("call", ["save", "load"])
def test_saving_and_loading_are_for_between_frames(tmp_path: Path, call: str) -> None:
    def from_a_tree(npc: Npc) -> None:
        getattr(game.runtime, call)(tmp_path / "a")

    game = Game(None, names=("Ann",), tree=Task("call", from_a_tree))
    with pytest.raises(TreeError) as caught:
        game.play(1)
    assert isinstance(caught.value.__cause__, UsageError)
    game.runtime.close()
    with pytest.raises(UsageError, match="open"):
        getattr(game.runtime, call)(tmp_path / "a")
    assert [*tmp_path.iterdir()] == []


def test_a_hundred_people_with_full_memories_fit_into_a_megabyte(tmp_path: Path) -> None:
    words = re.findall(r"\w[\w,]*", (Path(__file__).parents[2] / "README.md").read_text("utf-8"))
    dice = random.Random(1)
    game = Game(None, names=tuple(f"cook {number}" for number in range(100)))
    for npc in game.runtime.npcs.values():
        for _ in range(npc.memory.capacity):
            line = ""
            while len(line) < 240:  # as long as a memory can be
                line += f"{dice.choice(words)} "
            npc.remember(line, importance=round(dice.random(), 2))
        assert len(npc.memory) == npc.memory.capacity
    saving = game.runtime.save(tmp_path / "a.npcb")
    assert saving.wait()
    assert saving.num_bytes == (tmp_path / "a.npcb").stat().st_size < 1 << 20


def test_the_frame_pays_for_a_snapshot_and_no_more(tmp_path: Path) -> None:
    """In operations: what packs and what writes runs on another thread."""
    here = threading.get_ident()
    threads: dict[str, int] = {}

    class Watched(Disk):
        def write(self, path: Path, content: bytes) -> None:
            threads["write"] = threading.get_ident()
            super().write(path, content)

    game = Game(None)
    game.runtime._disk = Watched()
    with pytest.MonkeyPatch.context() as patch:
        packed = Snapshot.packed

        def watched(own: Snapshot, rest: Callable[[], object]) -> bytes:
            threads["pack"] = threading.get_ident()
            return packed(own, rest)

        patch.setattr(Snapshot, "packed", watched)
        game.runtime.save(tmp_path / "a.npcb").wait()
    assert {*threads} == {"pack", "write"}
    assert here not in threads.values()


def test_what_happens_after_the_snapshot_is_not_in_it(tmp_path: Path) -> None:
    game = Game(None, names=("Ann",))
    npc = game.npc("Ann")
    npc.blackboard["route"] = route = ["well"]
    npc.hear("Hello")
    gate = threading.Event()
    before = [*people(game.runtime)]

    def held(own: Snapshot, rest: Callable[[], object]) -> bytes:
        assert gate.wait(10)
        return packed(own, rest)

    packed = Snapshot.packed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Snapshot, "packed", held)
        saving = game.runtime.save(tmp_path / "a.npcb")
        route.append("inn")
        npc.remember("Later.")
        game.play(3)
        npc.hear("And later")
        gate.set()
        assert saving.wait()
    game.runtime.load(tmp_path / "a.npcb")
    assert [*people(game.runtime)] == before
