"""``Codec``: one kind of value as plain data, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from npcbrain.saves.reader import Reader

__all__ = ["Codec"]

T = TypeVar("T")


class Codec(NamedTuple, Generic[T]):
    """One kind of value, there and back.

    Attributes:
        plain: Makes plain data of it.
        read: Makes it of plain data; raises ``SaveError`` where that is none.
    """

    plain: Callable[[T], Any]
    read: Callable[[Reader], T]

    def plain_optional(self, value: T | None) -> Any:
        """A value, or None, as plain data."""
        return None if value is None else self.plain(value)

    def read_optional(self, reader: Reader) -> T | None:
        """The value, or None where there was none."""
        return self.read(reader) if reader.optional() else None
