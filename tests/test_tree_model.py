"""Random trees against a second interpreter, written plainly and in another way.

The reference walks the definitions recursively. It keeps a status in every node and resets
children to idle, as BehaviorTree.CPP does, where the compiled form keeps places and counts.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tree_puppets import HandClock, Puppet, Stage

from npcbrain import tree as bt
from npcbrain.clock import NS_PER_MS
from npcbrain.tree import Node, Status

IDLE, SUCCESS, FAILURE, RUNNING, _ = Status
START_NS = 1_000


class Reference:
    """One node of the plain interpreter; ``run`` ticks it, ``stop`` halts it."""

    def __init__(self, node: Node, stage: Stage, clock: HandClock, nodes: list[Reference]) -> None:
        self.node, self.stage, self.clock = node, stage, clock
        self.status = IDLE
        self.seen = IDLE  # in this tick
        nodes.append(self)
        below = getattr(node, "children", ()) or filter(None, [getattr(node, "child", None)])
        self.children = [Reference(child, stage, clock, nodes) for child in below]
        self.step = getattr(self, f"tick_{type(node).__name__}")
        self.place = 0
        self.done: dict[int, Status] = {}
        self.answer: Status | None = None
        self.since: int | None = None
        self.stopped_at: int | None = None

    def run(self) -> Status:
        before = self.status
        self.status = RUNNING
        self.status = self.seen = self.step(before)
        return self.status

    def stop(self) -> None:
        """Halts and resets to idle; only what is RUNNING notices."""
        if self.status is RUNNING:
            if isinstance(self.node, Puppet):
                self.stage.log.append(f"{self.node.name}#")
            if isinstance(self.node, bt.Action):
                self.node.on_halt(self.stage)
            if isinstance(self.node, bt.Cooldown):
                self.stopped_at = self.clock.ns
            if not isinstance(self.node, bt.SequenceWithMemory):
                self.place = 0
            self.done.clear()
            self.since = None
            self.seen = IDLE
            self.stop_children()
        self.status = IDLE

    def stop_children(self) -> None:
        for child in self.children:
            child.stop()

    def end(self, status: Status) -> Status:
        self.stop_children()
        return status

    def elapsed(self) -> bool:
        return self.clock.ns - self.since >= self.node.ms * NS_PER_MS

    # Leaves

    def tick_Puppet(self, before: Status) -> Status:
        self.stage.log.append(self.node.name + ("." if before is RUNNING else "!"))
        return self.stage.answer(self.node.name)

    def tick_Action(self, before: Status) -> Status:
        return self.node.fn(self.stage)

    def tick_Condition(self, before: Status) -> Status:
        return SUCCESS if self.node.fn(self.stage) else FAILURE

    def tick_Wait(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
            return RUNNING
        return SUCCESS if self.elapsed() else RUNNING

    # Composites

    def tick_in_order(self, go_on: Status, keeps_place: bool = False) -> Status:
        while self.place < len(self.children):
            status = self.children[self.place].run()
            if status is RUNNING:
                return RUNNING
            if status is not go_on:
                if not keeps_place:
                    self.place = 0
                return self.end(status)
            self.place += 1
        self.place = 0
        return self.end(go_on)

    def tick_Selector(self, before: Status) -> Status:
        return self.tick_in_order(FAILURE)

    def tick_Sequence(self, before: Status) -> Status:
        return self.tick_in_order(SUCCESS)

    def tick_SequenceWithMemory(self, before: Status) -> Status:
        return self.tick_in_order(SUCCESS, keeps_place=True)

    def tick_reactive(self, go_on: Status) -> Status:
        for child in self.children:
            status = child.run()
            if status is RUNNING:
                for other in self.children:
                    if other is not child:
                        other.stop()
                return RUNNING
            if status is not go_on:
                return self.end(status)
        return self.end(go_on)

    def tick_ReactiveSelector(self, before: Status) -> Status:
        return self.tick_reactive(FAILURE)

    def tick_ReactiveSequence(self, before: Status) -> Status:
        return self.tick_reactive(SUCCESS)

    def tick_Parallel(self, before: Status) -> Status:
        total = len(self.children)
        need = self.node.success_count or total
        limit = self.node.failure_count or total
        for number, child in enumerate(self.children):
            if number not in self.done:
                status = child.run()
                if status is not RUNNING:
                    self.done[number] = status
            answers = list(self.done.values())
            if answers.count(SUCCESS) >= need:
                self.done.clear()
                return self.end(SUCCESS)
            failures = answers.count(FAILURE)
            if failures >= limit or total - failures < need:
                self.done.clear()
                return self.end(FAILURE)
        return RUNNING

    def tick_Concurrent(self, before: Status) -> Status:
        answers = [child.run() for child in self.children]
        return next((s for s in (RUNNING, FAILURE) if s in answers), SUCCESS)

    def tick_IfThenElse(self, before: Status) -> Status:
        if self.place == 0:
            asked = self.children[0].run()
            if asked is RUNNING:
                return RUNNING
            self.place = 1 if asked is SUCCESS else 2
        if self.place == len(self.children):
            self.place = 0
            return self.end(FAILURE)
        status = self.children[self.place].run()
        if status is RUNNING:
            return RUNNING
        self.place = 0
        return self.end(status)

    def tick_WhileDoElse(self, before: Status) -> Status:
        asked = self.children[0].run()
        if asked is RUNNING:
            return RUNNING
        branch = 1 if asked is SUCCESS else 2
        for number in (1, 2):
            if number != branch and number < len(self.children):
                self.children[number].stop()
        status = self.children[branch].run() if branch < len(self.children) else FAILURE
        return RUNNING if status is RUNNING else self.end(status)

    # Decorators

    def tick_Inverter(self, before: Status) -> Status:
        return {SUCCESS: FAILURE, FAILURE: SUCCESS, RUNNING: RUNNING}[self.children[0].run()]

    def tick_ForceSuccess(self, before: Status) -> Status:
        return RUNNING if self.children[0].run() is RUNNING else SUCCESS

    def tick_ForceFailure(self, before: Status) -> Status:
        return RUNNING if self.children[0].run() is RUNNING else FAILURE

    def tick_KeepRunningUntilFailure(self, before: Status) -> Status:
        return FAILURE if self.children[0].run() is FAILURE else RUNNING

    def tick_turns(self, num_turns: int | None, again: Status) -> Status:
        while True:
            status = self.children[0].run()
            if status is RUNNING:
                return RUNNING
            self.children[0].stop()
            self.place += status is again
            if status is not again or self.place == num_turns:
                self.place = 0
                return status
            if num_turns is None:
                return RUNNING

    def tick_Repeat(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_cycles, SUCCESS)

    def tick_Retry(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_attempts, FAILURE)

    def tick_RunOnce(self, before: Status) -> Status:
        if self.answer is None:
            status = self.children[0].run()
            if status is RUNNING:
                return RUNNING
            self.answer = status
        return self.answer

    def tick_Precondition(self, before: Status) -> Status:
        if self.children[0].status is not RUNNING and not self.node.fn(self.stage):
            return self.node.otherwise
        return self.children[0].run()

    def tick_Guard(self, before: Status) -> Status:
        if not self.node.fn(self.stage):
            return self.end(FAILURE)
        return self.children[0].run()

    def tick_Timeout(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
        elif self.elapsed():
            return self.end(FAILURE)
        return self.children[0].run()

    def tick_Cooldown(self, before: Status) -> Status:
        if self.stopped_at is not None:
            if self.clock.ns - self.stopped_at < self.node.ms * NS_PER_MS:
                return FAILURE
            self.stopped_at = None
        status = self.children[0].run()
        if status is not RUNNING:
            self.stopped_at = self.clock.ns
        return status

    def tick_Delay(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
        return self.children[0].run() if self.elapsed() else RUNNING


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
