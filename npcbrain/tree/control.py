"""Nodes that choose between children by a question: ``IfThenElse``, ``WhileDoElse``, ``Switch``.

Each means what it means in BehaviorTree.CPP 4. Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

from npcbrain.errors import TreeError, fault
from npcbrain.tree.composites import Composite
from npcbrain.tree.node import BLACKBOARD, Compiled, Node, Site, State
from npcbrain.tree.operators import NEAR
from npcbrain.tree.ordered import place_all
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SUCCESS, Status

__all__ = ["IfThenElse", "Switch", "WhileDoElse"]

Case = str | int | float | bool
TRUTHS: Mapping[str, Case] = {"true": True, "false": False}


class _Branching(Composite):
    """A question, what to do if it succeeds, and maybe what to do if it fails."""

    __slots__ = ()

    def __init__(self, *children: Node, name: str = "") -> None:
        super().__init__(*children, name=name)
        if len(children) not in (2, 3):
            where = f"{type(self).__name__}()"
            raise TreeError(fault("children", "be two or three", len(children), where))


@dataclass(frozen=True, slots=True, init=False)
class IfThenElse(_Branching):
    """Asks its first child once, then stays with the second or the third until it is done.

    ==========  ====================================================
    question    answers
    ==========  ====================================================
    SUCCESS     the second child, its answer
    FAILURE     the third child, its answer; FAILURE if there is none
    RUNNING     RUNNING, asks on
    SKIPPED     SKIPPED
    ==========  ====================================================

    While a branch is RUNNING the question is not asked again. Halted: halts what is running, asks
    anew next time.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        branch = site.slot(len(self.children) - 1)  # 0: still asking
        compiled = place_all(self.children, site)
        ask = compiled[0].tick
        ticks = tuple(child.tick for child in compiled)
        halts = tuple(child.halt for child in compiled)

        def tick(me: State) -> Status:
            number = me[branch]
            if number == 0:
                status = ask(me)
                if status is SUCCESS:
                    number = 1
                elif status is FAILURE and len(ticks) == 3:
                    number = 2
            if number:
                status = ticks[number](me)
                me[branch] = number if status is RUNNING else 0
            me[index] = status
            return status

        return Compiled(tick, _halt_all(site, halts, branch, 0), _may_skip(compiled))


@dataclass(frozen=True, slots=True, init=False)
class WhileDoElse(_Branching):
    """Asks its first child at every tick, and changes branch when the answer changes.

    ==========  ====================================================
    question    answers
    ==========  ====================================================
    SUCCESS     halts the third child; the second, its answer
    FAILURE     halts the second child; the third, its answer, or FAILURE if there is none
    RUNNING     RUNNING, asks on
    SKIPPED     SKIPPED; halts the branch that was running
    ==========  ====================================================

    Halted: halts what is running.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        running = site.slot(len(self.children) - 1)  # the branch that is RUNNING, or 0
        compiled = place_all(self.children, site)
        ask = compiled[0].tick
        ticks = tuple(child.tick for child in compiled)
        halts = tuple(child.halt for child in compiled)

        def tick(me: State) -> Status:
            status = ask(me)
            if status is RUNNING:
                # The branch that runs keeps running unticked, as it does in BehaviorTree.CPP.
                me[index] = RUNNING
                return RUNNING
            number = 1 if status is SUCCESS else 2 if status is FAILURE and len(ticks) == 3 else 0
            before = me[running]
            me[running] = 0
            if before and before != number:
                halts[before](me)
            if number:
                status = ticks[number](me)
                me[running] = number if status is RUNNING else 0
            me[index] = status
            return status

        return Compiled(tick, _halt_all(site, halts, running, 0), _may_skip(compiled))


@dataclass(frozen=True, slots=True, init=False)
class Switch(Composite):
    """Ticks the child whose case equals an entry of the blackboard; the last child if none does.

    The entry is read at every tick; if another child was RUNNING, it is halted. Numbers and their
    spelling are equal (``3`` and ``"3"``). Answers what the child answers. Halted: halts it. Cases
    that are pointers are read at every tick, in their order.

    Args:
        children: One for each case and one more, the default.
        key: The entry of the blackboard; one that is missing equals no case.
        cases: The values, in the order of the children.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: There is no case, or not one child more than cases.
    """

    key: str
    cases: tuple[Case | Pointer, ...]

    def __init__(
        self, *children: Node, key: str, cases: tuple[Case | Pointer, ...], name: str = ""
    ) -> None:
        Composite.__init__(self, *children, name=name)
        if not isinstance(key, str) or not key:
            raise TreeError(fault("key", "be a string, not empty", key, "Switch()"))
        if not cases or len(children) != len(cases) + 1:
            rule = "be one for each case and a default"
            advice = f"there are {len(cases)} cases"
            raise TreeError(fault("children", rule, len(children), "Switch()", advice))
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "cases", tuple(cases))

    @property
    def detail(self) -> str:
        """The entry."""
        return self.key

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        running = site.slot(len(self.children) - 1, low=-1, initial=-1)
        compiled = place_all(self.children, site)
        ticks = tuple(child.tick for child in compiled)
        halts = tuple(child.halt for child in compiled)
        choose = self._choose(site)

        def tick(me: State) -> Status:
            number = choose(me)
            before = me[running]
            if before not in (-1, number):
                me[running] = -1
                halts[before](me)
            status = ticks[number](me)
            me[running] = number if status is RUNNING else -1
            me[index] = status
            return status

        return Compiled(tick, _halt_all(site, halts, running, -1), _may_skip(compiled))

    def _choose(self, site: Site) -> Callable[[State], int]:
        """A function that gives the number of the child to tick."""
        key, default = self.key, len(self.cases)
        if any(isinstance(case, Pointer) for case in self.cases):
            cases = [reader(case, Port("case", object), site) for case in self.cases]

            def search(me: State) -> int:
                value = me[BLACKBOARD].get(key)
                if value is not None:
                    for number, case in enumerate(cases):
                        if _plain(case(me)) == _plain(value):
                            return number
                return default

            return search
        # Text and numbers in one table: 3 finds 3.0 by itself, and "3" by its spelling.
        table: dict[object, int] = {}
        for number, case in enumerate(self.cases):
            table.setdefault(_plain(case), number)

        numbers = [
            (case, number) for case, number in table.items() if isinstance(case, int | float)
        ]

        def look_up(me: State) -> int:
            value = me[BLACKBOARD].get(key)
            if value is None:
                return default
            found = table.get(_plain(value))
            if found is not None:
                return found
            if type(value) is float:  # it may be near a case
                near = (number for case, number in numbers if abs(case - value) <= NEAR)
                return min(near, default=default)
            return default

        return look_up


def _plain(value: object) -> object:
    """A value for comparing: numbers, booleans and text that spells a number become numbers."""
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return TRUTHS.get(value, value)
        return number if isfinite(number) else value
    return value if isinstance(value, int | float) else None


def _may_skip(compiled: list[Compiled]) -> bool:
    return any(child.may_skip for child in compiled)


def _halt_all(
    site: Site, halts: tuple[Callable[[State], None], ...], slot: int, initial: int
) -> Callable[[State], None]:
    index = site.index

    def halt(me: State) -> None:
        me[slot] = initial
        if me[index] is RUNNING:
            me[index] = IDLE
        for stop in halts:
            stop(me)

    return halt
