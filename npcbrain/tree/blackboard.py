"""``Blackboard``: where the nodes of one tree, and the game, leave values for each other.

A dictionary that checks what goes into save files; no events, no scopes, no types of its own.
Invariant: ``restore`` takes all of a snapshot or, when it raises, nothing.
"""

from __future__ import annotations

from typing import Any

from npcbrain.errors import TreeError, fault

__all__ = ["Blackboard"]

MAX_DEPTH = 32  # of nested lists and dictionaries; a list that holds itself is refused here
SCALARS = frozenset({type(None), bool, int, float, str})


class Blackboard(dict[str, Any]):
    """A dictionary for plain data: None, bool, int, float, str, and lists and dicts of them.

    Writing is unchecked, since nodes write inside a frame; ``snapshot`` checks. Live objects
    (sprites, requests) belong on the owner of the tree, or they could not be saved.

    >>> board = Blackboard(alarm=True)
    >>> board["route"] = ("well", "inn")
    >>> board.snapshot()
    {'alarm': True, 'route': ['well', 'inn']}
    """

    __slots__ = ("writes",)

    writes: dict[str, int]  # how often each entry was written; only of a WatchedBlackboard

    def count_writes(self) -> None:
        """Begins to count how often each entry is written, for nodes that ask for changes.

        Only trees with such nodes call it, so that writing to all other blackboards stays cheap.

        Raises:
            TreeError: The blackboard is of a class of the game's own.
        """
        if isinstance(self, WatchedBlackboard):
            return
        if type(self) is not Blackboard:
            rule, advice = "be a Blackboard itself", "a node of the tree waits for its changes"
            raise TreeError(fault("blackboard", rule, type(self).__name__, "compile()", advice))
        self.writes = dict.fromkeys(self, 1)
        self.__class__ = WatchedBlackboard

    def snapshot(self) -> dict[str, Any]:
        """A deep copy of plain data; tuples become lists.

        Raises:
            TreeError: Something on the blackboard is not plain data; the message has its path.
        """
        copy: dict[str, Any] = _plain(dict(self), "$.blackboard", MAX_DEPTH)
        return copy

    def restore(self, snapshot: object) -> None:
        """Replaces everything by a copy of a snapshot.

        Raises:
            TreeError: It is not a dictionary of plain data; the blackboard stays as it was.
        """
        copy = check_snapshot(snapshot)
        self.clear()
        self.update(copy)


class WatchedBlackboard(Blackboard):
    """A blackboard that counts its writes; ``Blackboard.count_writes`` makes one of a plain one."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Blackboard], tuple[dict[str, Any]]]:
        """Copies and pickles are plain blackboards; a tree that needs counts makes them count."""
        return Blackboard, (dict(self),)

    def __setitem__(self, key: str, value: Any) -> None:
        self.writes[key] = self.writes.get(key, 0) + 1
        dict.__setitem__(self, key, value)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As ``dict.setdefault``, and counts the write."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **entries: Any) -> None:
        """As ``dict.update``, and counts the writes."""
        for key, value in dict(*others, **entries).items():
            self[key] = value

    def __ior__(self, other: Any) -> WatchedBlackboard:  # type: ignore[override, misc]
        self.update(other)
        return self


def check_snapshot(snapshot: object) -> dict[str, Any]:
    """A deep copy of a snapshot read from outside.

    Raises:
        TreeError: It is not a dictionary of plain data.
    """
    if type(snapshot) is not dict:
        raise TreeError(fault("blackboard", "be a dictionary", snapshot, "$.blackboard"))
    copy: dict[str, Any] = _plain(snapshot, "$.blackboard", MAX_DEPTH)
    return copy


def _plain(value: Any, where: str, depth: int) -> Any:
    # Exact types: a subclass (an enum, a numpy scalar) would come back as something else.
    kind = type(value)
    if kind in SCALARS:
        return value
    if depth == 0:
        raise TreeError(fault("value", f"nest at most {MAX_DEPTH} deep", kind.__name__, where))
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise TreeError(fault("key", "be a string", key, where))
        return {key: _plain(item, f"{where}.{key}", depth - 1) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_plain(item, f"{where}[{i}]", depth - 1) for i, item in enumerate(value)]
    raise TreeError(
        fault("value", "be plain data", value, where, "keep live objects on the tree's owner")
    )
