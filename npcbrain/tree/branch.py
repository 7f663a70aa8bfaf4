"""``Branch``: a control node or a decorator of a game's own, which a function steers.

A leaf of the game's own is ``Task``, ``Condition`` or ``StatefulLeaf``. Invariant: a child that is
RUNNING when the branch is done is halted, even if the function forgot it; an error that a child
raised comes out of the tick, even if the function caught it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable
from npcbrain.tree.calls import Argument, readers_of, shown
from npcbrain.tree.composites import Composite
from npcbrain.tree.node import MAX_STEPS, NEVER_NS, Compiled, Node, Site, State
from npcbrain.tree.stateful import Context
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = ["Branch", "BranchContext", "Child"]


class Child:
    """One child of a branch, as its function sees it.

    It can be used while the function is being called, and at no other time.
    """

    __slots__ = ("_branch", "_compiled", "_me", "_size", "_slot")

    def __init__(
        self, branch: BranchContext, me: State, compiled: Compiled, slot: int, size: int
    ) -> None:
        self._branch = branch
        self._me = me
        self._compiled = compiled
        self._slot = slot
        self._size = size

    @property
    def status(self) -> Status:
        """Its last answer in this run of the branch; IDLE if it was not ticked, or was halted."""
        return Status(self._me[self._slot])

    def tick(self) -> Status:
        """Ticks it; SUCCESS, FAILURE, RUNNING or SKIPPED.

        Raises:
            TreeError: What a tick raises; or the branch is not being ticked.
        """
        branch, me = self._branch, self._me
        branch.check_open("tick()")
        branch.count_turn(me, self._size)
        try:
            status = self._compiled.tick(me)
        except BaseException as error:
            branch.failed = error
            raise
        me[self._slot] = int(status)
        return status

    def halt(self) -> None:
        """Stops it if it is RUNNING; it is IDLE afterwards."""
        self._branch.check_open("halt()")
        self.stop()

    def stop(self) -> None:
        """As ``halt``, but also outside the function: the branch itself calls it."""
        self._me[self._slot] = 0
        self._compiled.halt(self._me)


class BranchContext(Context):
    """What the function of a branch is given: one object for each branch in each tree.

    Numbers that the branch remembers are read and set by name, ``ctx["place"] = 3``. They are
    saved with the tree, begin with 0 and stay until they are set; moments begin with None.

    Attributes:
        children: The children, in order.
        is_new: Whether this tick begins a run: the branch was not RUNNING.
        owner: Whose tree it is; ``blackboard``, ``path``, ``now_ns`` and ``handle`` as of any
            ``Context``.
    """

    __slots__ = ("_moments", "_numbers", "children", "count_turn", "failed", "is_new", "is_open")

    def __init__(
        self,
        path: str,
        me: State,
        compiled: list[Compiled],
        slots: list[int],
        sizes: list[int],
        numbers: Mapping[str, int],
        moments: Mapping[str, int],
        count_turn: Callable[[State, int], None],
    ) -> None:
        super().__init__(path, me)
        each = zip(compiled, slots, sizes, strict=True)
        self.children = tuple(Child(self, me, *one) for one in each)
        self.is_new = True
        self.is_open = False
        self.failed: BaseException | None = None
        self.count_turn = count_turn
        self._numbers = numbers
        self._moments = moments

    @property
    def child(self) -> Child:
        """The first child; a decorator has no other."""
        return self.children[0]

    def __getitem__(self, name: str) -> Any:
        if name in self._moments:
            moment = self._me[self._moments[name]]
            return None if moment == NEVER_NS else moment
        return self._me[self._place(name)]

    def __setitem__(self, name: str, value: int | None) -> None:
        moment = name in self._moments
        if value is None and moment:
            value = NEVER_NS
        if not isinstance(value, int) or abs(value) > NEVER_NS:
            rule = "be nanoseconds or None" if moment else "be a whole number of at most 62 bits"
            raise TreeError(fault(f"{name!r}", rule, value, self.path))
        self._me[self._moments[name] if moment else self._place(name)] = int(value)

    def _place(self, name: str) -> int:
        if name not in self._numbers:
            known = ", ".join([*self._numbers, *self._moments]) or "nothing"
            advice = f"it remembers {known}; name it when you register the node"
            raise TreeError(
                fault("name", "be one that the branch remembers", name, self.path, advice)
            )
        return self._numbers[name]

    def check_open(self, call: str) -> None:
        """Raises TreeError unless the branch is being ticked or halted."""
        if not self.is_open:
            rule, advice = "be in its function", "keep no child for later"
            raise TreeError(fault(f"Child.{call}", rule, "outside", self.path, advice))


@dataclass(frozen=True, slots=True, init=False)
class Branch(Composite):
    """A node with children whose turns a function of the game decides.

    The function is called at each tick with a ``BranchContext`` and its ports. It ticks and halts
    children as it likes and answers SUCCESS, FAILURE, RUNNING or SKIPPED. Answers other than
    RUNNING end the run: children that are still RUNNING are halted, and all are IDLE.

    Halted: halts all children; then, if the branch was RUNNING or raised, calls ``on_halt``.

    Args:
        children: At least one, in order.
        id: Its id in tree files.
        fn: The game's function.
        arguments: One for each of its ports, in the order of its parameters.
        on_halt: Called with the ``BranchContext`` when the branch is stopped while RUNNING.
        remembers: Names of whole numbers that it keeps between ticks.
        moments: Names of moments, in nanoseconds as ``now_ns``, that it keeps between ticks.
        name: For displays; the id if empty.

    Raises:
        TreeError: An argument is not of its kind; in a tick, ``fn`` raised or answered something
            else.
    """

    id: str
    fn: Callable[..., Any]
    arguments: tuple[Argument, ...]
    on_halt: Callable[[BranchContext], object] | None
    remembers: tuple[str, ...]
    moments: tuple[str, ...]

    def __init__(
        self,
        *children: Node,
        id: str,
        fn: Callable[..., Any],
        arguments: tuple[Argument, ...] = (),
        on_halt: Callable[[BranchContext], object] | None = None,
        remembers: tuple[str, ...] = (),
        moments: tuple[str, ...] = (),
        name: str = "",
    ) -> None:
        Composite.__init__(self, *children, name=name)
        check_callable(fn, "fn", "Branch()")
        for field, value in (
            ("id", id),
            ("fn", fn),
            ("arguments", tuple(arguments)),
            ("on_halt", on_halt),
            ("remembers", tuple(remembers)),
            ("moments", tuple(moments)),
        ):
            object.__setattr__(self, field, value)

    @property
    def label(self) -> str:
        """The name it was given, or its id."""
        return self.name or self.id

    @property
    def detail(self) -> str:
        """What the file gives to its ports."""
        return shown(self.arguments)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, fn, on_halt = site.index, self.fn, self.on_halt
        running = site.slot()
        slots = [site.slot(SKIPPED) for _ in self.children]
        numbers = {name: site.slot(NEVER_NS, low=-NEVER_NS) for name in self.remembers}
        moments = {name: site.moment() for name in self.moments}
        site.read_time()
        spent = site.spent()
        readers = readers_of(self.arguments, site)
        compiled: list[Compiled] = []
        sizes: list[int] = []
        for number, one in enumerate(self.children):
            before = site.num_below()
            compiled.append(site.child(one, number))
            sizes.append(site.num_below() - before)

        def count_turn(me: State, size: int) -> None:
            me[spent] += size
            if me[spent] > MAX_STEPS:
                raise site.endless()

        own = site.live(
            lambda me: BranchContext(
                site.path, me, compiled, slots, sizes, numbers, moments, count_turn
            )
        )

        def tick(me: State) -> Status:
            context: BranchContext = me[own]
            context.is_new, context.is_open = me[running] == 0, True
            me[running] = 1  # so that a branch that raises is halted as if it had been RUNNING
            try:
                status = fn(context, *[read(me) for read in readers])
            except TreeError:
                raise
            except Exception as error:
                raise site.raised(error) from error
            finally:
                context.is_open = False
                failed, context.failed = context.failed, None
            if failed is not None:
                raise failed
            if status is SUCCESS or status is FAILURE or status is SKIPPED:
                me[running] = 0
                end(context)
            elif status is not RUNNING:
                rule = "be Status.SUCCESS, FAILURE, RUNNING or SKIPPED"
                raise site.refused(status, rule, "True and None are for actions")
            me[index] = status
            answer: Status = status
            return answer

        def end(context: BranchContext) -> None:
            context.handle = None
            for child in context.children:
                child.stop()

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            was_running, context = me[running], me[own]
            me[running] = 0  # first, so that a function that raises is not called twice
            for child in context.children:
                child.stop()
            if was_running == 1 and on_halt is not None:
                context.is_open = True
                try:
                    on_halt(context)
                except Exception as error:
                    raise site.raised(error) from error
                finally:
                    context.is_open, context.failed = False, None
                    context.handle = None

        return Compiled(tick, halt, True)
