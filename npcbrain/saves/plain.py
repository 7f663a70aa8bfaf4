"""Plain data for a save: copied in the frame, things of the game by its own hooks.

Invariant: what comes out can be packed and read back equal, and shares nothing with the game that
could change while it is being written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

import msgpack

from npcbrain.errors import SaveError, fault
from npcbrain.saves.extent import check_extent
from npcbrain.saves.reader import Reader

__all__ = ["Hook", "plain", "plain_entries", "restored"]

MAX_DEPTH = 32  # of lists and dictionaries in each other, as on a blackboard
SCALARS = frozenset({type(None), bool, float, str})
FLAT = SCALARS | {int}
TEXT = frozenset({str})
LEAST_INT, MOST_INT = -(1 << 63), (1 << 64) - 1  # that msgpack can hold
THING = 1  # msgpack's type of what a hook made plain

Hook = Callable[[str, object], object]  # hook(path, thing or data) -> data or thing


def plain(value: object, where: str, hook: Hook | None, depth: int = MAX_DEPTH) -> object:
    """A deep copy; tuples become lists, things of the game what the hook makes of them.

    Args:
        value: Anything.
        where: Its path, for messages and for the hook.
        hook: None if the game has none.
        depth: How many lists and dictionaries may be in each other.

    Raises:
        SaveError: It is not plain data, and there is no hook.
    """
    # Exact types: a subclass (an enum, a numpy scalar) would come back as something else.
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is int:
        if not LEAST_INT <= value <= MOST_INT:  # type: ignore[operator]
            raise SaveError(
                fault("number", "have at most 64 bits", value, where, "keep it as text")
            )
        return value
    if depth == 0:
        raise SaveError(fault("value", f"nest at most {MAX_DEPTH} deep", kind.__name__, where))
    if kind is dict:
        return plain_entries(cast(dict[str, object], value), where, hook, depth)
    if kind is list or kind is tuple:
        items = cast(list[object], value)
        if _is_flat(items):
            return [*items]
        return [plain(item, f"{where}[{i}]", hook, depth - 1) for i, item in enumerate(items)]
    if hook is None:
        advice = "give Runtime.on_save and on_load what turns it into plain data and back"
        raise SaveError(fault("value", "be plain data", value, where, advice))
    made = plain(hook(where, value), where, None, depth - 1)
    return msgpack.ExtType(THING, msgpack.packb(made, unicode_errors="surrogatepass"))


def plain_entries(
    entries: Mapping[str, object], where: str, hook: Hook | None, depth: int = MAX_DEPTH
) -> dict[str, object]:
    """The same for a dictionary of any kind; this is what a frame pays for, person by person."""
    copy: dict[str, Any] = dict(entries)
    if not TEXT.issuperset(map(type, copy)):
        key = next(key for key in copy if type(key) is not str)
        raise SaveError(fault("key", "be a string", key, where))
    if not _is_flat(copy.values()):
        for key, item in copy.items():
            kind = type(item)
            if kind in SCALARS or (kind is int and LEAST_INT <= item <= MOST_INT):
                continue  # a path is made only where it may be needed
            copy[key] = plain(item, f"{where}.{key}", hook, depth - 1)
    return copy


def _is_flat(values: Collection[Any]) -> bool:
    """Whether a shallow copy will do; most hold scalars, looked at without a call for each."""
    kinds = {*map(type, values)}
    if int not in kinds:
        return kinds <= SCALARS
    whole = [value for value in values if type(value) is int]
    return kinds <= FLAT and min(whole) >= LEAST_INT and max(whole) <= MOST_INT


def restored(reader: Reader, hook: Hook | None, depth: int = MAX_DEPTH) -> object:
    """What ``plain`` made a copy of.

    Args:
        reader: What was read.
        hook: Makes things of the game again.
        depth: How many lists and dictionaries may be in each other.

    Raises:
        SaveError: It is not what ``plain`` gives, or there is no hook for a thing.
    """
    value = reader.value
    kind = type(value)
    if kind in SCALARS or kind is int:
        return value
    if depth == 0:
        raise SaveError(
            fault("value", f"nest at most {MAX_DEPTH} deep", kind.__name__, reader.where)
        )
    if kind is dict:
        return {k: restored(item, hook, depth - 1) for k, item in reader.entries().items()}
    if kind is list:
        return [restored(item, hook, depth - 1) for item in reader.items()]
    if kind is not msgpack.ExtType or value.code != THING:
        raise reader.wrong("be plain data")
    if hook is None:
        advice = "give Runtime.on_load what makes the thing of it again"
        raise SaveError(fault("a thing of the game", "have a hook", None, reader.where, advice))
    check_extent(value.data, reader.where)
    try:
        data = msgpack.unpackb(value.data, unicode_errors="surrogatepass", strict_map_key=True)
    except Exception as error:
        raise reader.wrong("be msgpack") from error
    return hook(reader.where, restored(Reader(data, reader, "data"), None, depth - 1))
