"""The typed arguments of a node in a tree file: ``Port``, and ``Output`` to write through.

Invariant: a value that a port let through is of the port's type, wherever it came from.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from npcbrain.errors import TreeError, fault
from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.values import converted, literal, text_of

__all__ = [
    "DURATION",
    "DURATION_RULE",
    "MAX_MS",
    "MISSING",
    "TURNS",
    "Output",
    "Port",
    "literal",
    "ports_of",
]

MAX_MS = 1e12  # 31 years; keeps every moment far below the one that stands for never
DURATION_RULE = "be 0 to 1e12 milliseconds"

T = TypeVar("T")
MISSING = inspect.Parameter.empty
AS_THEY_ARE = frozenset({str, int, bool})  # kinds whose values need no check
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
    """The limits of a number, and how messages tell them."""

    rule: str
    hold: Callable[[Any], bool]


DURATION = Limits("be a number of milliseconds, 0 or more", lambda ms: 0 <= ms <= MAX_MS)
TURNS = Limits("be 0 or more, or -1 for no end", lambda count: count >= -1)


@dataclass(frozen=True, slots=True)
class Port:
    """One argument of a node.

    Attributes:
        name: The attribute in XML, the parameter in Python.
        kind: ``str``, ``int``, ``float``, ``bool``, ``list`` (``;`` between), ``object``.
        default: Used where the attribute is absent; ``MISSING`` if it must be there.
        choices: The only values allowed; empty for any.
        is_output: Whether the node writes it.
        is_script: Whether it is a script; one of kind ``bool`` is a condition.
        takes_entries: Whether it may be read from an entry of the blackboard, ``{entry}``.
        limits: Limits of a number; None for none.
        item: What the items of a list are.
        words: Words that text on the blackboard may use for values, as attributes may.
    """

    name: str
    kind: type = str
    default: Any = MISSING
    choices: tuple[Any, ...] = ()
    is_output: bool = False
    is_script: bool = False
    takes_entries: bool = False
    limits: Limits | None = None
    item: type = str
    words: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def parameter(self) -> str:
        """Its name in Python: ``from_`` for ``from``, which is a keyword there."""
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
            list: "be words with ; between" if self.item is str else "be numbers with ; between",
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
        return literal(text) if self.kind is object else self.hold(text)

    def take(self, value: Any, where: str) -> Any:
        """A value found on the blackboard, as the port's type; converted as an attribute would be.

        Raises:
            TreeError: It is of another type.
        """
        kind = self.kind
        if kind is object:
            return value
        is_fit = type(value) is kind and (kind in AS_THEY_ARE or _is_finite(value))
        if is_fit and not self.choices and not self.limits:
            return value
        try:
            if self.words and kind is not str and type(value) is str and value in self.words:
                return self.hold(self.words[value])
            return self.hold(value)
        except ValueError:
            raise TreeError(fault(f"port {self.name!r}", self.rule, value, where)) from None

    def hold(self, value: Any) -> Any:
        """A value as the port's type.

        Raises:
            ValueError: It does not fit.
        """
        value = converted(value, self.kind, self.item)
        if self.choices and value not in self.choices:
            raise ValueError(value)
        if self.limits is not None and not self.limits.hold(value):
            raise ValueError(value)
        return value

    @staticmethod
    def write(value: Any) -> str:
        """A value as an attribute; ``read`` gives it back."""
        if isinstance(value, list | tuple):
            return ";".join(map(text_of, value))
        return text_of(value) if isinstance(value, str | int | float) else str(value)


def _is_finite(value: Any) -> bool:
    return type(value) is float and isfinite(value)


def ports_of(fn: Callable[..., Any], where: str, *, num_given: int) -> tuple[Port, ...]:
    """The ports that a function's signature gives; ``name`` is not one of them.

    A parameter that is a keyword of Python with ``_`` behind it, ``from_``, is the port ``from``.

    Args:
        fn: A function or a class.
        where: For messages.
        num_given: How many parameters the tree fills in by itself: 1 for the owner, or 0.

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
    if type(None) in arguments or Pointer in arguments:  # the port is of the type that remains
        rest = [kind for kind in arguments if kind not in (type(None), Pointer)]
        if len(rest) == 1:
            port = _port(parameter, rest[0], where)
            return replace(port, takes_entries=Pointer in arguments)
    if hint in (str, int, float, bool):
        return Port(parameter.name, hint, parameter.default)
    if hint is Any or hint is object:
        return Port(parameter.name, object, parameter.default)
    name = getattr(origin or hint, "__name__", "")
    item = arguments[0] if len(arguments) == 1 else str
    if name in ("list", "Sequence") and len(arguments) < 2 and item in (str, int, float, bool):
        return Port(parameter.name, list, parameter.default, item=item)
    rule = "be str, int, float, bool, a list of these, a Literal of strings or an Output of these"
    raise TreeError(fault(f"type of {parameter.name!r}", rule, hint, where))
