"""Random trees, what their leaves answer, and what the game does to them; for hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from own_nodes import words_with_branches
from plain_tree import Reference
from plain_values import SCRIPTS, PlainBoard, Wrong
from tree_puppets import HandClock, Puppet, Stage

from npcbrain import tree as bt
from npcbrain.errors import TreeError
from npcbrain.tree import Blackboard, Node, Pointer, Script, Status
from npcbrain.tree.calls import Argument, Call
from npcbrain.tree.ports import Port
from npcbrain.tree.scripted import CopyEntry, UnsetBlackboard

IDLE = Status.IDLE
START_NS = 1_000
WORDS = words_with_branches()


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


def take(stage: Stage, value: Any) -> None:
    """What a leaf with a typed port does: tells what it was given."""
    stage.log.append(f"{type(value).__name__} {value!r}")


def taking(kind: type, item: type, key: str) -> Call:
    port = Port("value", kind, takes_entries=True, item=item)
    return Call("Take", take, (Argument(port, key=key),))


NAMES = list("abcdefgh")
names = st.sampled_from(NAMES)
x = Pointer("x")
durations = st.sampled_from([0, 1, 2, 3])
told_durations = st.sampled_from([0, 1, 2, x])
turns = st.sampled_from([0, 1, 2, 3, None, x])
kinds = st.sampled_from([str, int, float, bool])
keys = st.sampled_from(["x", "y", "q"])
values = st.sampled_from(
    [0, 1, 2, 3, -1, True, False, 2.0, 0.5, -2.5, "1", "2", "3.0", "true", "x", "2.5e0", "1;2", ""]
)
lists = st.sampled_from(["1;2", "0; 1 ;1", "", [1, 0], [True, 1.0], ["1"], "a;b", 1, []])
puppets = st.one_of(
    st.builds(Puppet, names),
    st.builds(Puppet, names),
    st.builds(lambda name: bt.Task(name, Work(name), Stop(name)), names),
    st.builds(lambda name: bt.Condition(name, Truth(name)), names),
    st.builds(bt.Wait, durations),
)
entry_leaves = st.one_of(
    st.builds(bt.Wait, told_durations),
    st.builds(bt.SetBlackboard, keys.filter("q".__ne__), values),
    st.builds(CopyEntry, keys, st.sampled_from(["x", "y"])),
    st.builds(UnsetBlackboard, st.sampled_from(["x", "y"])),
    st.builds(lambda text: bt.RunScript(Script.read(text)), st.sampled_from(list(SCRIPTS))),
    st.builds(bt.WasEntryUpdated, keys),
    st.builds(taking, kinds, kinds, keys),
    st.builds(taking, st.just(list), kinds, keys),
)
leaves = st.one_of(puppets, puppets, puppets, entry_leaves)

PLAIN = [
    bt.Selector,
    bt.Sequence,
    bt.SequenceWithMemory,
    bt.ReactiveSelector,
    bt.ReactiveSequence,
    bt.AsyncSelector,
    bt.AsyncSequence,
    bt.Concurrent,
]
WRAPPERS = [
    bt.Inverter,
    bt.ForceSuccess,
    bt.ForceFailure,
    bt.KeepRunningUntilFailure,
    bt.RunOnce,
]
LOOPS = [bt.LoopInt, bt.LoopDouble, bt.LoopString, bt.LoopBool]
queues = st.sampled_from([(1, 0), (0, 1, 1), (), Pointer("q")])
SKIPPERS = [Status.SUCCESS, Status.FAILURE, Status.SKIPPED, Status.SKIPPED]


def above(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    families = st.lists(below, min_size=1, max_size=4)
    several = st.lists(below, min_size=2, max_size=3)
    counts = st.sampled_from([0, 1, 2, 3, -1, -2, -5, x])
    empty = st.sampled_from([*Status][1:])
    return st.one_of(
        *(st.builds(of_children(kind), families) for kind in PLAIN),
        *(st.builds(of_children(kind), several) for kind in (bt.IfThenElse, bt.WhileDoElse)),
        *(st.builds(kind, below) for kind in WRAPPERS),
        st.builds(parallel, families, counts, counts),
        st.builds(parallel_all, families, counts),
        st.builds(
            lambda kids, catches: bt.TryCatch(*kids, catch_on_halt=catches), several, st.booleans()
        ),
        st.builds(lambda child: bt.RunOnce(child, then_skip=x), below),
        st.builds(lambda child, name: bt.Guard(child, Truth(name)), below, names),
        st.builds(
            lambda child, name, otherwise: bt.Precondition(child, Truth(name), otherwise),
            below,
            names,
            st.sampled_from(SKIPPERS),
        ),
        st.builds(bt.Cooldown, below, durations),
        *(st.builds(kind, below, told_durations) for kind in (bt.Timeout, bt.Delay)),
        *(st.builds(kind, below, turns) for kind in (bt.Repeat, bt.Retry)),
        *(st.builds(kind, below, queues, st.sampled_from(["", "x", "y"]), empty) for kind in LOOPS),
        *(st.builds(kind, below, keys) for kind in (bt.SkipUnlessUpdated, bt.WaitValueUpdate)),
        st.builds(branch, st.sampled_from(["RoundRobin", "PipelineSequence"]), families),
        st.builds(branch, st.just("RecoveryNode"), several.map(lambda kids: kids[:2])),
        st.builds(branch, st.just("RateController"), below.map(lambda child: [child])),
    )


def of_children(kind: type[bt.Composite]) -> Callable[[list[Node]], Node]:
    return lambda children: kind(*children)


def parallel(children: list[Node], success: Any, failure: Any) -> bt.Parallel:
    top = len(children)
    return bt.Parallel(
        *children,
        success_count=success if success is x else min(success, top),
        failure_count=failure if failure is x else min(failure, top),
    )


def parallel_all(children: list[Node], limit: Any) -> bt.ParallelAll:
    limit = limit if limit is x else min(limit, len(children))
    return bt.ParallelAll(*children, max_failures=limit)


def branch(id: str, children: list[Node]) -> Node:
    settings = {"RecoveryNode": 2, "RateController": 500.0}
    ports = WORDS[id].ports
    arguments = tuple(Argument(port, settings[id]) for port in ports)
    return WORDS[id].make("", arguments, children)


trees = st.recursive(leaves, above, max_leaves=10)
answers = st.lists(st.sampled_from("SFRSR"), min_size=1, max_size=6).map("".join)
scripts = st.fixed_dictionaries(dict.fromkeys(NAMES, answers))
boards = st.fixed_dictionaries({}, optional={"x": values, "y": values, "q": lists})
# Milliseconds that pass before a tick; None halts instead; a pair is written by the game.
writes = st.tuples(st.sampled_from(["x", "y"]), values)
stories = st.lists(
    st.one_of(st.sampled_from([0, 1, None]), st.sampled_from([0, 0, 1, 2]), writes),
    min_size=4,
    max_size=16,
)


class Actual:
    """The compiled tree in a story."""

    def __init__(
        self,
        definition: Node,
        stage: Stage,
        start_ns: int = START_NS,
        board: dict[str, Any] | None = None,
    ) -> None:
        self.stage = stage
        self.clock = HandClock(start_ns)
        self.tree = bt.compile(definition, stage, self.clock, Blackboard(board or {}))

    def play(self, event: Any) -> tuple[Any, ...]:
        board = self.tree.blackboard
        if isinstance(event, tuple):
            board[event[0]] = event[1]
            return ("written",)
        answer: Any = "halted"
        self.clock.advance(event or 0)
        try:
            if event is None:
                self.tree.halt()
            else:
                answer = self.tree.tick()
        except TreeError:
            answer = "raised"
        statuses = [status for _, status in self.tree.statuses]
        return answer, self.stage.take_log(), typed(board), statuses


class Expected:
    """The plain interpreter in a story."""

    def __init__(self, definition: Node, stage: Stage, board: dict[str, Any] | None = None) -> None:
        self.stage = stage
        self.clock = HandClock(START_NS)
        self.nodes: list[Reference] = []
        self.board = PlainBoard(board or {})
        self.root = Reference(definition, stage, self.clock, self.nodes, self.board)

    def play(self, event: Any) -> tuple[Any, ...]:
        if isinstance(event, tuple):
            self.board[event[0]] = event[1]
            return ("written",)
        for node in self.nodes:
            node.seen = IDLE
        answer: Any = "halted"
        self.clock.advance(event or 0)
        try:
            if event is None:
                self.root.stop()
            else:
                answer = self.root.run()
        except Wrong:
            answer = "raised"
            while not self.is_stopped():
                pass
        if answer in ("raised", "halted"):
            for node in self.nodes:
                node.seen = IDLE
        return answer, self.stage.take_log(), typed(self.board), [node.seen for node in self.nodes]

    def is_stopped(self) -> bool:
        """Halts; False if something raised, which does not do so twice."""
        try:
            self.root.stop()
        except Wrong:
            return False
        return True


def typed(board: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """What is on a blackboard; 1, 1.0 and True are told apart."""
    return [(key, type(value).__name__, value) for key, value in sorted(board.items())]


def compare(
    definition: Node, script: dict[str, str], board: dict[str, Any], story: list[Any]
) -> bt.Tree:
    """Plays a story on both and compares them event by event; gives the tree."""
    actual = Actual(definition, Stage(dict(script)), board=board)
    expected = Expected(definition, Stage(dict(script)), board)
    for event in story:
        assert actual.play(event) == expected.play(event)
    return actual.tree
