"""Random trees against a plain interpreter: the same leaves asked, the same answers."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from plain_tree import Reference
from tree_puppets import HandClock, Puppet, Stage

from npcbrain import tree as bt
from npcbrain.tree import Node, Status

IDLE = Status.IDLE
START_NS = 1_000


class Truth:
    """A scripted question, with a name to show when an example fails."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, stage: Stage) -> bool:
        return stage.allows(self.name)

    def __repr__(self) -> str:
        return f"Truth({self.name!r})"


class Work(Truth):
    """A scripted action."""

    def __call__(self, stage: Stage) -> Status:  # type: ignore[override]
        stage.log.append(f"{self.name}~")
        return stage.answer(self.name)


class Stop(Truth):
    """What an action does when it is halted."""

    def __call__(self, stage: Stage) -> None:  # type: ignore[override]
        stage.log.append(f"{self.name}#")


NAMES = list("abcdefgh")
names = st.sampled_from(NAMES)
durations = st.sampled_from([1, 2, 3])
turns = st.sampled_from([1, 2, 3, None])
leaves = st.one_of(
    st.builds(Puppet, names),
    st.builds(Puppet, names),
    st.builds(lambda name: bt.Action(name, Work(name), Stop(name)), names),
    st.builds(lambda name: bt.Condition(name, Truth(name)), names),
    st.builds(bt.Wait, durations),
)


def above(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    families = st.lists(below, min_size=1, max_size=4)
    plain = st.sampled_from(
        [
            bt.Selector,
            bt.Sequence,
            bt.SequenceWithMemory,
            bt.ReactiveSelector,
            bt.ReactiveSequence,
            bt.Concurrent,
        ]
    )
    wrappers = st.sampled_from(
        [bt.Inverter, bt.ForceSuccess, bt.ForceFailure, bt.KeepRunningUntilFailure, bt.RunOnce]
    )
    branching = st.sampled_from([bt.IfThenElse, bt.WhileDoElse])
    asked = st.sampled_from([bt.Guard, bt.Precondition])
    timed = st.sampled_from([bt.Timeout, bt.Cooldown, bt.Delay])
    return st.one_of(
        st.builds(lambda kind, kids: kind(*kids), plain, families),
        st.builds(lambda kind, kids: kind(*kids), plain, families),
        st.builds(parallel, families, st.integers(0, 4), st.integers(0, 4)),
        st.builds(
            lambda kind, kids: kind(*kids), branching, st.lists(below, min_size=2, max_size=3)
        ),
        st.builds(lambda kind, child: kind(child), wrappers, below),
        st.builds(lambda kind, child, name: kind(child, Truth(name)), asked, below, names),
        st.builds(lambda kind, child, ms: kind(child, ms), timed, below, durations),
        st.builds(bt.Repeat, below, turns),
        st.builds(bt.Retry, below, turns),
    )


def parallel(children: list[Node], success: int, failure: int) -> bt.Parallel:
    top = len(children)
    return bt.Parallel(
        *children,
        success_count=min(success, top) or None,
        failure_count=min(failure, top) or None,
    )


trees = st.recursive(leaves, above, max_leaves=10)
scripts = st.fixed_dictionaries(
    {name: st.text(alphabet="SFR", min_size=1, max_size=6) for name in NAMES}
)
# Milliseconds that pass before a tick; None halts instead.
stories = st.lists(st.sampled_from([0, 0, 1, 2, None]), min_size=1, max_size=12)


class Actual:
    def __init__(self, definition: Node, stage: Stage, start_ns: int = START_NS) -> None:
        self.stage = stage
        self.clock = HandClock(start_ns)
        self.tree = bt.compile(definition, stage, self.clock)

    def play(self, ms: int | None) -> tuple[Any, ...]:
        if ms is None:
            self.tree.halt()
            return ("halted", self.stage.take_log())
        self.clock.advance(ms)
        answer = self.tree.tick()
        return answer, self.stage.take_log(), [status for _, status in self.tree.statuses]


class Expected:
    def __init__(self, definition: Node, stage: Stage) -> None:
        self.stage = stage
        self.clock = HandClock(START_NS)
        self.nodes: list[Reference] = []
        self.root = Reference(definition, stage, self.clock, self.nodes)

    def play(self, ms: int | None) -> tuple[Any, ...]:
        if ms is None:
            self.root.stop()
            return ("halted", self.stage.take_log())
        self.clock.advance(ms)
        for node in self.nodes:
            node.seen = IDLE
        answer = self.root.run()
        return answer, self.stage.take_log(), [node.seen for node in self.nodes]


@settings(max_examples=300, deadline=None)
@given(trees, scripts, stories)
def test_a_compiled_tree_does_what_a_plain_interpreter_does(
    definition: Node, script: dict[str, str], story: list[int | None]
) -> None:
    actual, expected = Actual(definition, Stage(script)), Expected(definition, Stage(script))
    for ms in story:
        assert actual.play(ms) == expected.play(ms)


@settings(max_examples=200, deadline=None)
@given(trees, scripts, stories, stories)
def test_a_tree_restored_from_a_save_file_has_the_same_future(
    definition: Node, script: dict[str, str], past: list[int | None], future: list[int | None]
) -> None:
    old = Actual(definition, Stage(script))
    for ms in past:
        old.play(ms)
    new = Actual(definition, deepcopy(old.stage), start_ns=77)
    new.tree.restore(json.loads(json.dumps(old.tree.state())))
    assert new.tree.state() == old.tree.state()
    assert [new.play(ms) for ms in future] == [old.play(ms) for ms in future]


@settings(max_examples=100, deadline=None)
@given(trees, scripts, stories)
def test_after_a_halt_nothing_is_left_to_halt(
    definition: Node, script: dict[str, str], story: list[int | None]
) -> None:
    actual = Actual(definition, Stage(script))
    for ms in story:
        actual.play(ms)
    actual.play(None)
    assert actual.play(None) == ("halted", "")
