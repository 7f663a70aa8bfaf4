"""Each public call of a runtime, its NPCs and their memories: from where it may come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cook import COOK
from minds import Idea

from npcbrain.errors import UsageError
from npcbrain.npcs.leaves import CannedReply, Heard
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.npc import Npc
from npcbrain.runtime import Runtime
from npcbrain.situation import Action, Decision, Scene
from npcbrain.tree import Sequence, Succeed, Task, Tree

REPLIES = Sequence(Heard(), CannedReply())
OTHER = COOK.changed(facts=["The soup is cold."])
DEED = Decision("say", say="Hm.")

# By the name in the message: what only one thread at a time may do.
REFUSED: dict[str, Callable[[Runtime, Npc, Path], object]] = {
    "Runtime.update()": lambda runtime, npc, path: runtime.update(1.0),
    "Runtime.add_npc()": lambda runtime, npc, path: runtime.add_npc(
        "bo", persona=COOK, tree=REPLIES
    ),
    "Runtime.remove_npc()": lambda runtime, npc, path: runtime.remove_npc("al"),
    "Runtime.tick_every()": lambda runtime, npc, path: runtime.tick_every("al", 2),
    "Runtime.on_action()": lambda runtime, npc, path: runtime.on_action("give", print),
    "Runtime.on_save()": lambda runtime, npc, path: runtime.on_save(lambda *rest: 1),
    "Runtime.on_load()": lambda runtime, npc, path: runtime.on_load(lambda *rest: 1),
    "Runtime.note()": lambda runtime, npc, path: runtime.note({"key": 13}),
    "Runtime.warm()": lambda runtime, npc, path: runtime.warm(npc),
    "Runtime.warm_up()": lambda runtime, npc, path: runtime.warm_up(),
    "Runtime.save()": lambda runtime, npc, path: runtime.save(path / "save"),
    "Runtime.load()": lambda runtime, npc, path: runtime.load(path / "save"),
    "Runtime.take_on()": lambda runtime, npc, path: runtime.take_on(b"", "a recording"),
    "Runtime.close()": lambda runtime, npc, path: runtime.close(),
    "Npc.scene": lambda runtime, npc, path: setattr(npc, "scene", Scene("the inn")),
    "Npc.actions": lambda runtime, npc, path: setattr(npc, "actions", (Action("wave"),)),
    "Npc.importance": lambda runtime, npc, path: setattr(npc, "importance", 3.0),
    "Npc.persona": lambda runtime, npc, path: setattr(npc, "persona", OTHER),
    "Npc.become()": lambda runtime, npc, path: npc.become(OTHER),
    "Npc.attend()": lambda runtime, npc, path: npc.attend(),
    "Npc.think()": lambda runtime, npc, path: npc.think(1000.0),
    "Npc.listen()": lambda runtime, npc, path: npc.listen(),
    "Npc.drop_thought()": lambda runtime, npc, path: npc.drop_thought(),
    "Npc.choose()": lambda runtime, npc, path: npc.choose(DEED),
    "Npc.accept()": lambda runtime, npc, path: npc.accept(),
    "Npc.decline()": lambda runtime, npc, path: npc.decline("guarded"),
    "Npc.reply()": lambda runtime, npc, path: npc.reply(["Later!"]),
    "Npc.finish_event()": lambda runtime, npc, path: npc.finish_event(),
    "Tree.halt()": lambda runtime, npc, path: npc.tree.halt(),
    "Tree.restore()": lambda runtime, npc, path: npc.tree.restore({}),
    "Tree.adopt()": lambda runtime, npc, path: npc.tree.adopt(Succeed()),
}
# What any thread may call, at any moment.
FREE = {
    Runtime: set(),
    Npc: {"hear", "notice", "remember"},
    Memory: {"add", "add_event", "clear", "num_learned", "restore", "select", "capacity"},
    Tree: set(),
}
# What is only read, or works something out and changes nothing; ``reflex`` turns to an event by
# ``attend``, and only the game's loop ticks trees.
READ = {
    Runtime: {"is_warm"},
    Npc: {
        "answer", "blackboard", "bubble", "data", "decision", "emotion", "event", "grammar_of",
        "handler", "introduction", "is_busy", "is_idle", "is_legal", "is_waiting", "memory", "name",
        "num_missed", "num_tokens_left", "num_waiting", "reason", "reflex", "speech", "thinking",
        "thought", "tree", "tree_speaks", "why", "words_for",
    },
    Memory: set(),
    Tree: {
        "blackboard", "is_still", "nodes", "only_waits", "root", "state", "status_of", "statuses",
        "tick",
    },
}  # fmt: skip


def names_of(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("kind", FREE, ids=lambda kind: kind.__name__)
def test_of_each_public_name_it_is_known_from_where_it_may_be_called(kind: type) -> None:
    refused = {
        name.removesuffix("()").partition(".")[2]
        for name in REFUSED
        if name.startswith(f"{kind.__name__}.")
    }
    assert refused | FREE[kind] | READ[kind] == names_of(kind)


def seen(runtime: Runtime, npc: Npc) -> list[object]:
    """All that a call from elsewhere could change."""
    recorder: Any = runtime._recorder
    return [
        [*runtime.npcs],
        dict(runtime._host.handlers),
        (runtime._save_hook, runtime._load_hook, runtime._num_frames),
        (npc.persona, npc.scene, npc.actions, npc.importance, npc.speech, npc.emotion),
        (npc._exchange, npc.thought, npc.num_waiting, npc._inbox.rests, npc._num_replies),
        [*npc.memory],
        npc.tree.root,
        None if recorder is None else [*recorder._batch],
    ]


def elsewhere(call: Callable[[], object]) -> BaseException | None:
    """Calls it on a thread of its own; returns what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None


@pytest.mark.parametrize("is_recorded", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_second_thread_is_told_and_changes_nothing(
    name: str, is_recorded: bool, tmp_path: Path
) -> None:
    told: list[BaseException | None] = []
    states: list[list[object]] = []

    def work(npc: Npc) -> None:
        npc._thought = Idea()  # for ``listen``
        states.append(seen(runtime, npc))
        told.append(elsewhere(lambda: REFUSED[name](runtime, npc, tmp_path)))
        states.append(seen(runtime, npc))
        npc._thought = None

    record = tmp_path / "a.npcr" if is_recorded else None
    with Runtime(None, record=record) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=Task("work", work))
        npc.hear("Hello?")
        runtime.update(1.0)
        assert runtime.update(1.0).frame == 1
    assert [type(error) for error in told] == [UsageError] * 2
    assert str(told[0]).startswith(
        f"runtime must be used by one thread at a time, got 'two at once' - at {name}; "
    )
    assert states[0] == states[1]
    assert states[2] == states[3]


@pytest.mark.parametrize("name", [name for name in REFUSED if not name.startswith("Runtime.")])
def test_while_no_update_runs_any_thread_may_do_it(name: str, tmp_path: Path) -> None:
    with Runtime(None) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)
        npc.hear("Hello?")
        error = elsewhere(lambda: REFUSED[name](runtime, npc, tmp_path))
        assert not isinstance(error, UsageError), error
        runtime.update(1.0)


def test_nobody_may_begin_an_update_while_another_thread_changes_somebody() -> None:
    """And afterwards it goes on: who is told is never held up."""
    inside, goes_on = threading.Event(), threading.Event()

    class Slow(list[str]):
        def __len__(self) -> int:
            inside.set()
            assert goes_on.wait(60)
            return 1

    with Runtime(None) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=REPLIES)
        thread = threading.Thread(target=npc.reply, args=(Slow(["Later!"]),))
        thread.start()
        assert inside.wait(60)
        with pytest.raises(UsageError, match=r"two at once' - at Runtime\.update\(\)"):
            runtime.update(1.0)
        goes_on.set()
        thread.join()
        assert npc.speech == "Later!"
        runtime.update(1.0)
