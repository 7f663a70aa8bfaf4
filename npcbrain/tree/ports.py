"""The typed arguments of a node in a tree file: ``Port``, and ``Output`` to write through.

Floor 1. Invariant: a value that a port let through is of the port's type, wherever it came from.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from npcbrain.errors import TreeError, fault
from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.pointer import Pointer

__all__ = [
    "DURATION",
    "DURATION_RULE",
    "MAX_MS",
    "MISSING",
    "NUMBER_OF_CHILDREN",
    "TURNS",
    "Output",
    "Port",
    "literal",
    "ports_of",
]

MAX_MS = 1e12  # 31 years; keeps every moment far below what trees take for never
MAX_INT = 1 << 63  # what other programs that read the file can hold
DURATION_RULE = "be above 0 and at most 1e12 milliseconds"

T = TypeVar("T")
MISSING = inspect.Parameter.empty
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
NAMES = {str: "std::string", int: "int", float: "double", bool: "bool", list: "std::vector"}


class Output(Generic[T]):
    """Where a game's function puts a result: an entry of the blackboard.

    A parameter annotated ``Output[str]`` is an output port; in the file it names the entry, as in
    ``place="{goal}"``.
    """

    __slots__ = ("_blackboard", "key")

    def __init__(self, blackboard: Blackboard, key: str) -> None:
        self._blackboard = blackboard
        self.key = key

    def write(self, value: T) -> None:
        """Writes the entry; plain data only, or the game cannot be saved."""
        self._blackboard[self.key] = value


@dataclass(frozen=True, slots=True)
class Limits:
    """What a number of a port must be, and how to say so."""

    rule: str
    hold: Callable[[Any], bool]


DURATION = Limits("be a number of milliseconds above 0", lambda ms: 0 < ms <= MAX_MS)
TURNS = Limits("be at least 1, or -1 for no end", lambda count: count == -1 or count >= 1)
NUMBER_OF_CHILDREN = Limits("be at least 1, or -1 for all, -2 for all but one", lambda n: n != 0)


@dataclass(frozen=True, slots=True)
class Port:
    """One argument of a node.

    Attributes:
        name: The attribute in XML, the parameter in Python.
        kind: ``str``, ``int``, ``float``, ``bool``, ``list`` (strings, ``;`` between), ``object``.
        default: Used where the attribute is absent; ``MISSING`` if it must be there.
        choices: The only values allowed; empty for any.
        is_output: Whether the node writes it.
        is_script: Whether it is a script.
        takes_entries: Whether it may be read from an entry of the blackboard, ``{entry}``.
        limits: What a number must be besides; None for anything.
    """

    name: str
    kind: type = str
    default: Any = MISSING
    choices: tuple[Any, ...] = ()
    is_output: bool = False
    is_script: bool = False
    takes_entries: bool = False
    limits: Limits | None = None

    @property
    def parameter(self) -> str:
        """What Python calls it: ``from_`` for ``from``, which is a word of the language."""
        return f"{self.name}_" if keyword.iskeyword(self.name) else self.name

    @property
    def rule(self) -> str:
        """What a value must be, for messages."""
        if self.choices:
            return "be " + " or ".join(map(str, self.choices))
        if self.limits is not None:
            return self.limits.rule
        return {
            int: "be a whole number",
            float: "be a number",
            bool: "be true or false",
            list: "be words with ; between",
        }.get(self.kind, "be text")

    @property
    def type_name(self) -> str:
        """Its type as Groot2 shows it."""
        return NAMES.get(self.kind, "AnyTypeAllowed")

    def read(self, text: str) -> Any:
        """The value of an attribute.

        Raises:
            ValueError: It is not of the port's type.
        """
        value: Any = text
        if self.kind is int:
            value = int(text)
            if not -MAX_INT <= value < MAX_INT:
                raise ValueError(text)
        elif self.kind is float:
            value = float(text)
            if not isfinite(value):
                raise ValueError(text)
        elif self.kind is bool:
            if text.strip().lower() not in TRUTHS:
                raise ValueError(text)
            value = TRUTHS[text.strip().lower()]
        elif self.kind is list:
            value = [part.strip() for part in text.split(";") if part.strip()]
        elif self.kind is object:
            value = literal(text)
        if self.choices and value not in self.choices:
            raise ValueError(text)
        if self.limits is not None and not self.limits.hold(value):
            raise ValueError(text)
        return value

    def take(self, value: Any, where: str) -> Any:
        """A value found on the blackboard, as the port's type.

        Raises:
            TreeError: It is of another type.
        """
        try:
            if self.kind is object:
                return value
            if isinstance(value, str):
                return self.read(value)
            if self.kind is float and type(value) is int:
                return float(value)
            if self.kind is str and type(value) in (bool, int, float):
                return self.write(value)
            if type(value) is self.kind and (not self.choices or value in self.choices):
                return value
        except (ValueError, OverflowError):  # an int may be too big for any float
            pass
        raise TreeError(fault(f"port {self.name!r}", self.rule, value, where))

    @staticmethod
    def write(value: Any) -> str:
        """A value as an attribute; ``read`` gives it back."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return ";".join(value) if isinstance(value, list | tuple) else str(value)


def literal(text: str) -> int | float | bool | str:
    """Text as what it looks like: a number, true or false, else itself.

    Only where it is written as the value would be: a ``007`` or ``1.50`` that comes back as text
    must be what the file says. Scripts compare such text with numbers all the same.

    >>> literal("42"), literal("-1.5"), literal("true"), literal("007"), literal("1_000")
    (42, -1.5, True, '007', '1_000')
    """
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
            is_number = isfinite(value)
        except (ValueError, OverflowError):  # an int may be too big for any float
            continue
        if is_number and str(value) == text:
            return value
    return text


def ports_of(fn: Callable[..., Any], where: str, *, num_given: int) -> tuple[Port, ...]:
    """The ports that a function's signature tells; ``name`` is not one of them.

    A parameter that is a word of Python with ``_`` behind it, ``from_``, is the port ``from``.

    Args:
        fn: A function or a class.
        where: For messages.
        num_given: Parameters that the tree fills in by itself: 1 for the owner, or 0.

    Raises:
        TreeError: A parameter has a type no port can have, or takes any number of arguments.
    """
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError) as error:
        raise TreeError(fault("function", "have a signature", fn, where)) from error
    target = fn.__init__ if isinstance(fn, type) else fn  # type: ignore[misc]
    try:
        hints = get_type_hints(target)
    except (NameError, TypeError):
        hints = {}
    if len(parameters) < num_given:
        raise TreeError(fault("function", "take the tree's owner", fn, where))
    ports = []
    for parameter in parameters[num_given:]:
        if parameter.name == "name" and num_given == 0:
            continue
        by_name = parameter.kind is parameter.KEYWORD_ONLY and num_given == 0
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD and not by_name:
            rule = "be an ordinary one"
            raise TreeError(fault("parameter", rule, str(parameter), where, "name each port"))
        if parameter.name in ("name", "ID") or parameter.name.startswith("_"):
            advice = "tree files use name, ID and _ for themselves"
            raise TreeError(fault("parameter", "have another name", parameter.name, where, advice))
        port = _port(parameter, hints.get(parameter.name, str), where)
        bare = port.name.removesuffix("_")
        ports.append(replace(port, name=bare) if keyword.iskeyword(bare) else port)
    return tuple(ports)


def _port(parameter: inspect.Parameter, hint: Any, where: str) -> Port:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Output:
        inner = _port(parameter, arguments[0], where)
        return Port(parameter.name, inner.kind, parameter.default, inner.choices, is_output=True)
    if origin is Literal:
        kinds = {type(choice) for choice in arguments}
        if len(kinds) == 1 and next(iter(kinds)) in (str, int):
            return Port(parameter.name, kinds.pop(), parameter.default, arguments)
    if type(None) in arguments or Pointer in arguments:  # as the type that remains
        rest = [kind for kind in arguments if kind not in (type(None), Pointer)]
        if len(rest) == 1:
            port = _port(parameter, rest[0], where)
            return replace(port, takes_entries=Pointer in arguments)
    if hint in (str, int, float, bool):
        return Port(parameter.name, hint, parameter.default)
    if hint is Any or hint is object:
        return Port(parameter.name, object, parameter.default)
    name = getattr(origin or hint, "__name__", "")
    if name in ("list", "Sequence") and arguments in ((), (str,)):
        return Port(parameter.name, list, parameter.default)
    rule = "be str, int, float, bool, list[str], a Literal of strings or an Output of these"
    raise TreeError(fault(f"type of {parameter.name!r}", rule, hint, where))
