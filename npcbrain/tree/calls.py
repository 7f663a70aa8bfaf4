"""``Call``: a leaf of a tree file that calls one of the game's functions with its ports.

In Python, ``Condition`` and ``Task`` with a lambda do the same. Invariant: as in ``leaves``, no
error in the game's code is swallowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import TreeError
from npcbrain.tree.node import BLACKBOARD, OWNER, Compiled, Node, Site, State
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Output, Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SUCCESS, Status

__all__ = ["Argument", "Call", "readers_of", "shown"]


@dataclass(frozen=True, slots=True)
class Argument:
    """What a port was given.

    Attributes:
        port: The port.
        value: The value, if the file gives one.
        key: Else the entry of the blackboard that is read or written; empty for a value.
        text: As the file has it; None if the file leaves it to the default.
    """

    port: Port
    value: Any = None
    key: str = ""
    text: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether the file gives it."""
        return self.text is not None

    @property
    def setting(self) -> Any:
        """What the node's class is given: a value, a pointer, or the name of an entry to write."""
        if not self.key:
            return self.value
        return self.key if self.port.is_output else Pointer(self.key)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """Calls ``fn(owner, *ports)``; answers as ``Condition`` or ``Task`` do.

    Args:
        id: Its id in tree files.
        fn: The game's function.
        arguments: One for each of its ports, in the order of its parameters.
        is_condition: Whether it must answer True or False.
        on_halt: Called with the owner when an action is stopped while RUNNING.
        name: For displays; the id if empty.
    """

    id: str
    fn: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    is_condition: bool = False
    on_halt: Callable[[Any], object] | None = None
    name: str = ""

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
        index, running = site.index, site.slot()
        call, on_halt, is_condition = self._call(site), self.on_halt, self.is_condition

        def tick(me: State) -> Status:
            try:
                answer = call(me)
            except TreeError:
                raise
            except Exception as error:
                raise site.raised(error) from error
            status: Status
            if answer is True:
                status = SUCCESS
            elif answer is False:
                status = FAILURE
            elif is_condition:
                raise site.refused(answer, "be True or False", "wrap it: bool(...)")
            elif answer is None or answer is SUCCESS:
                status = SUCCESS
            elif answer is RUNNING or answer is FAILURE:
                status = answer
            else:
                rule = "be SUCCESS, FAILURE, RUNNING, a bool or None"
                raise site.refused(answer, rule, "return Status.RUNNING to be ticked again")
            me[running] = 1 if status is RUNNING else 0
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            was_running = me[running]
            me[running] = 0  # first, so that a function that raises is not called twice
            if was_running == 1 and on_halt is not None:
                try:
                    on_halt(me[OWNER])
                except Exception as error:
                    raise site.raised(error) from error

        return Compiled(tick, halt)

    def _call(self, site: Site) -> Callable[[State], Any]:
        fn = self.fn
        if not any(argument.key for argument in self.arguments):
            values = tuple(argument.value for argument in self.arguments)
            if not values:
                return lambda me: fn(me[OWNER])
            return lambda me: fn(me[OWNER], *values)
        readers = readers_of(self.arguments, site)
        return lambda me: fn(me[OWNER], *[read(me) for read in readers])


def shown(arguments: tuple[Argument, ...]) -> str:
    """The texts that a file gives to a node's ports, for displays."""
    return ", ".join(argument.text for argument in arguments if argument.text is not None)


def readers_of(arguments: tuple[Argument, ...], site: Site) -> tuple[Callable[[State], Any], ...]:
    """The functions that give each argument at each tick."""
    return tuple(_reader(argument, site) for argument in arguments)


def _reader(argument: Argument, site: Site) -> Callable[[State], Any]:
    port, value, key = argument.port, argument.value, argument.key
    if not key:
        return lambda me: value
    if port.is_output:
        place = site.live(lambda me: Output(me[BLACKBOARD], key))
        return lambda me: me[place]
    return reader(Pointer(key), port, site)
