"""Typed reading of a save: whatever is in it, the message names the place.

Invariant: a reader returns what was asked for or raises ``SaveError`` with the path of what is
wrong, as in ``$.npcs[3].memory[2]``; it changes nothing.
"""

from __future__ import annotations

import math
from typing import Any, Final

from npcbrain.errors import SaveError, fault
from npcbrain.plain_text import clean_text

__all__ = ["LONGEST", "Reader"]

LONGEST: Final = (1 << 62) - 1  # nanoseconds; added to a clock they stay a moment
MAX_WHOLE = (1 << 63) - 1


class Reader:
    """One value of a save, and where it stands.

    Attributes:
        value: The value, of any type.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: Reader | None = None, key: str | int = "$") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def where(self) -> str:
        """Its path; made only when something is wrong."""
        if self._parent is None:
            return str(self._key)
        if isinstance(self._key, int):
            return f"{self._parent.where}[{self._key}]"
        return f"{self._parent.where}.{self._key}"

    def wrong(self, rule: str, advice: str = "") -> SaveError:
        """What to raise when the value does not follow a rule."""
        return SaveError(fault("value", rule, self.value, self.where, advice))

    def field(self, key: str) -> Reader:
        """One entry of a dictionary."""
        if not isinstance(self.value, dict):
            raise self.wrong("be a dictionary")
        if key not in self.value:
            raise SaveError(fault("entry", "be present", None, f"{self.where}.{key}"))
        return Reader(self.value[key], self, key)

    def items(self, num: int | None = None) -> list[Reader]:
        """The items of a list; exactly ``num`` if that is given."""
        if not isinstance(self.value, list):
            raise self.wrong("be a list")
        if num is not None and len(self.value) != num:
            rule = f"have {num} items"
            raise SaveError(fault("list", rule, len(self.value), self.where))
        return [Reader(item, self, i) for i, item in enumerate(self.value)]

    def entries(self) -> dict[str, Reader]:
        """The entries of a dictionary."""
        if not isinstance(self.value, dict):
            raise self.wrong("be a dictionary")
        for key in self.value:
            if not isinstance(key, str):
                raise SaveError(fault("key", "be a string", key, self.where))
        return {key: Reader(item, self, key) for key, item in self.value.items()}

    def optional(self) -> Reader | None:
        """This; None if the value is None."""
        return None if self.value is None else self

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.wrong("be a string")
        return self.value

    def line(self, limit: int, *, may_be_empty: bool = True) -> str:
        """One clean line: what may stand in a prompt; it comes out clean whatever is in it."""
        text = clean_text(self.text())
        if len(text) > limit:
            raise SaveError(
                fault("line", f"have at most {limit} characters", len(text), self.where)
            )
        if not text and not may_be_empty:
            raise self.wrong("not be empty")
        return text

    def whole(self, low: int = 0, high: int = MAX_WHOLE) -> int:
        """A whole number within limits."""
        if type(self.value) is not int or not low <= self.value <= high:
            raise self.wrong(f"be an integer of {low} to {high}")
        return self.value

    def number(self, low: float, high: float) -> float:
        """A number within limits."""
        if type(self.value) not in (int, float) or math.isnan(self.value):
            raise self.wrong("be a number")
        if not low <= self.value <= high:
            raise self.wrong(f"be {low:g} to {high:g}")
        return float(self.value)

    def flag(self) -> bool:
        """True or False."""
        if not isinstance(self.value, bool):
            raise self.wrong("be true or false")
        return self.value

    def data(self) -> bytes:
        """Bytes."""
        if not isinstance(self.value, bytes):
            raise self.wrong("be bytes")
        return self.value
