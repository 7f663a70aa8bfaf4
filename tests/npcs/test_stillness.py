"""A tree that only listens costs nothing until there is something to listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

import npcbrain as nb
from npcbrain.npcs.responder import Responder
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedModel
from npcbrain.tree import Concurrent, Inverter, Node, Selector, Sequence, Succeed, Task, Tree, Wait

ADA = nb.Persona.from_dict({"name": "Ada", "role": "baker", "lines": {"fallback": ["Mew."]}})


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[Node]]:
    """Counts the ticks of trees by their definitions."""
    counted: Counter[Node] = Counter()
    tick = Tree.tick

    def counting(tree: Tree) -> object:
        counted[tree.root] += 1
        return tick(tree)

    monkeypatch.setattr(Tree, "tick", counting)
    return counted


def frames(runtime: nb.Runtime, num_frames: int = 5) -> None:
    for _ in range(num_frames):
        runtime.update(budget_ms=4.0)


def test_whoever_only_listens_is_not_ticked_until_spoken_to(ticks: Counter[Node]) -> None:
    runtime, mind = nb.Runtime(ScriptedModel("Good day.")), nb.minds.talker()
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    frames(runtime)
    assert ticks[mind] == 1  # the first tells that it only listens

    ada.hear("Hello!")
    for _ in range(100):
        if ada.event is None:
            break
        frames(runtime, 1)
    assert ada.speech == "Good day."

    so_far = ticks[mind]
    frames(runtime)
    assert so_far > 1
    assert ticks[mind] - so_far <= 1


def test_whoever_waits_for_the_model_is_not_ticked_until_it_has_decided(
    ticks: Counter[Node],
) -> None:
    clock, mind = ManualClock(), nb.minds.talker()
    engine = ScriptedEngine(clock, 500_000)
    runtime = nb.Runtime(ScriptedModel("Good day."), clock=clock, engine=engine)
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    ada.hear("Hello!")
    waited = 0
    for _ in range(200):
        before = ticks[mind]
        runtime.update(budget_ms=0.7)  # a step a frame
        clock.advance_ns(16_000_000)
        waited += ticks[mind] == before
        if ada.event is None:
            break
    assert ada.speech == "Good day."
    assert waited > 3
    assert ticks[mind] < waited


def test_whoever_waits_for_the_model_in_vain_answers_by_tree(ticks: Counter[Node]) -> None:
    clock, mind = ManualClock(), nb.minds.talker()
    engine = ScriptedEngine(clock, 500_000)
    runtime = nb.Runtime(ScriptedModel("Good day."), clock=clock, engine=engine)
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    ada.hear("Hello!")
    for _ in range(20):
        runtime.update(budget_ms=0.3)  # no step fits
        clock.advance_ns(16_000_000)
    assert ada.event is None
    assert ada.decision is not None
    assert ada.decision.source == "tree"


def test_a_branch_beside_the_one_that_waits_still_takes_the_next_event() -> None:
    clock = ManualClock()
    engine = ScriptedEngine(clock, 500_000)
    runtime = nb.Runtime(ScriptedModel("Good day."), clock=clock, engine=engine)
    both = Concurrent(
        Sequence(nb.Heard(), nb.CannedReply()),
        Sequence(nb.Heard(), nb.Decide(), nb.Act()),
    )
    ada = runtime.add_npc("ada", persona=ADA, tree=both)
    ada.hear("Hello!")
    ada.hear("And you there!")
    frames(runtime, 2)
    assert (ada.event, len(ada.memory)) == (None, 2)


def test_whatever_happens_to_somebody_still_wakes_it(ticks: Counter[Node]) -> None:
    runtime, mind = nb.Runtime(None), nb.minds.talker()
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    frames(runtime)
    for number in range(3):
        ada.notice("gift", source="player", text=f"The player gives her bun {number}.")
        frames(runtime, 2)
        assert ada.event is None
        assert len(ada.memory) == number + 1


@pytest.mark.parametrize("in_frames", [1, 3])
def test_who_was_passed_over_for_long_turns_to_what_comes_from_any_thread(in_frames: int) -> None:
    runtime = nb.Runtime(None)
    crowd = [runtime.add_npc(f"n{i}", persona=ADA, tree=nb.minds.talker()) for i in range(20)]
    for npc in crowd:
        runtime.tick_every(npc.name, in_frames)
    frames(runtime, 10)
    for round_number in range(1, 4):
        speakers = [Thread(target=npc.hear, args=(f"Hello {round_number}!",)) for npc in crowd[::3]]
        for speaker in speakers:
            speaker.start()
        frames(runtime, 2)  # while they speak
        for speaker in speakers:
            speaker.join()
        frames(runtime, 10)
        told = [len(npc.memory) for npc in crowd]
        assert told == [round_number if i % 3 == 0 else 0 for i in range(20)]


def test_who_dozes_is_woken_by_a_deed_that_the_game_chooses(ticks: Counter[Node]) -> None:
    runtime, mind = nb.Runtime(None), nb.minds.talker()
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    frames(runtime)
    ada.choose(nb.Decision("say", say="Good day."))
    assert ada.is_busy
    frames(runtime, 1)
    assert ticks[mind] == 2


def test_a_crowd_that_dozes_takes_up_what_a_save_has_for_it(tmp_path: Path) -> None:
    def crowd() -> tuple[nb.Runtime, list[nb.Npc]]:
        runtime = nb.Runtime(None)
        return runtime, [
            runtime.add_npc(f"n{i}", persona=ADA, tree=nb.minds.talker()) for i in range(40)
        ]

    runtime, npcs = crowd()
    for npc in npcs:
        npc.hear("Hello!")
    runtime.save(tmp_path / "slot.npcb").wait()
    loaded, again = crowd()
    frames(loaded, 10)
    loaded.load(tmp_path / "slot.npcb")
    frames(loaded, 20)
    assert [npc.speech for npc in again] == ["Mew."] * 40


def test_an_interrupt_while_it_is_looked_at_puts_nobody_to_sleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = nb.Runtime(None)
    npcs = [runtime.add_npc(f"n{i}", persona=ADA, tree=nb.minds.talker()) for i in range(3)]
    frames(runtime)
    npcs[1].hear("Hello!")
    is_idle = Responder.is_idle

    def cut(npc: Responder) -> bool:
        monkeypatch.setattr(Responder, "is_idle", is_idle)
        raise KeyboardInterrupt

    monkeypatch.setattr(Responder, "is_idle", property(cut))
    with pytest.raises(KeyboardInterrupt):
        runtime.update(budget_ms=4.0)
    frames(runtime)
    assert [npc.speech for npc in npcs] == ["", "Mew.", ""]


def test_halting_a_tree_that_is_passed_over_has_it_ticked_again(ticks: Counter[Node]) -> None:
    runtime, mind = nb.Runtime(None), nb.minds.talker()
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    frames(runtime)
    ada.tree.halt()
    frames(runtime)
    assert ticks[mind] == 2


@dataclass(frozen=True, slots=True)
class Counting(nb.Heard):
    """A leaf of a game's own, made of ours."""


@pytest.mark.parametrize(
    "busy",
    [
        nb.minds.talker(lambda npc: True),
        Selector(Sequence(Counting(), nb.CannedReply()), Succeed()),
        Selector(Wait(0.5), Succeed()),
        Sequence(Task("work", lambda npc: False), Succeed()),
    ],
)
def test_who_does_anything_else_is_ticked_in_every_frame(ticks: Counter[Node], busy: Node) -> None:
    runtime = nb.Runtime(None)
    runtime.add_npc("ada", persona=ADA, tree=busy)
    frames(runtime)
    assert ticks[busy] == 5


def test_a_tree_that_is_taken_on_later_is_ticked(ticks: Counter[Node]) -> None:
    runtime, mind, other = nb.Runtime(None), nb.minds.talker(), Inverter(Succeed())
    ada = runtime.add_npc("ada", persona=ADA, tree=mind)
    frames(runtime)
    ada.tree.adopt(other)
    frames(runtime)
    assert (ticks[mind], ticks[other]) == (1, 1)


def test_whoever_was_saved_with_something_to_do_does_it_after_loading(tmp_path: Path) -> None:
    save = tmp_path / "slot.npcb"

    def village() -> tuple[nb.Runtime, nb.Npc]:
        runtime = nb.Runtime(None)
        return runtime, runtime.add_npc("ada", persona=ADA, tree=nb.minds.talker())

    runtime, ada = village()
    frames(runtime)
    ada.hear("Hello!")
    runtime.save(save).wait()

    loaded, again = village()
    frames(loaded)
    loaded.load(save)
    frames(loaded, 2)
    assert again.event is None
    assert again.speech == "Mew."
