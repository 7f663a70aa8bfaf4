"""How large and how deep packed data would become: known before anything of it is decoded.

It looks at msgpack's headers alone. Invariant: what it lets pass is one whole value, of bounded
depth and number, whose every length is covered by bytes that are there.
"""

from __future__ import annotations

from npcbrain.errors import SaveError, fault

__all__ = ["check_extent"]

MAX_DEPTH = 48  # lists and dictionaries in each other; a blackboard's 32 and what is around it
MAX_VALUES = 1 << 22  # a hundred people with full memories have some 40,000

# First bytes that are followed by a length, and how many bytes that has.
BYTES_LENGTH = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
EXT_LENGTH = {0xC7: 1, 0xC8: 2, 0xC9: 4}
LIST_LENGTH = {0xDC: 2, 0xDD: 4}
MAP_LENGTH = {0xDE: 2, 0xDF: 4}
# First bytes that are followed by so many more.
FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8}
FIXED |= {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
FIXED |= {0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}


def check_extent(data: bytes, where: str) -> None:
    """Looks whether data is one whole msgpack value of a size that is to be expected.

    Raises:
        SaveError: It is not.
    """
    at, end, num_values = 0, len(data), 0
    left = [1]  # values still to come at each depth
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        num_values += 1
        if num_values > MAX_VALUES:
            raise SaveError(fault("data", f"have at most {MAX_VALUES} values", "more", where))
        if at >= end:
            raise SaveError(fault("data", "be whole", f"{end} bytes", where))
        at, children = _skip(data, at, where)
        if children:
            if children > end - at:  # each has a byte at least
                raise SaveError(fault("data", "be whole", f"{children} values", where))
            left.append(children)
            if len(left) > MAX_DEPTH:
                raise SaveError(fault("data", f"nest at most {MAX_DEPTH} deep", "more", where))
    if at != end:
        rule = "be whole" if at > end else "end where it ends"
        raise SaveError(fault("data", rule, f"{end - at} bytes more", where))


def _skip(data: bytes, at: int, where: str) -> tuple[int, int]:
    """Where what follows a value's head begins, and how many values are in it."""
    head = data[at]
    at += 1
    if head < 0x80 or head >= 0xE0:
        return at, 0
    if head < 0x90:
        return at, 2 * (head & 0x0F)
    if head < 0xA0:
        return at, head & 0x0F
    if head < 0xC0:
        return at + (head & 0x1F), 0
    if head in FIXED:
        return at + FIXED[head], 0
    for lengths, times, extra in (
        (BYTES_LENGTH, 0, 0),
        (EXT_LENGTH, 0, 1),
        (LIST_LENGTH, 1, 0),
        (MAP_LENGTH, 2, 0),
    ):
        if head in lengths:
            size = lengths[head]
            length = int.from_bytes(data[at : at + size], "big")
            at += size
            return (at, times * length) if times else (at + length + extra, 0)
    raise SaveError(fault("data", "be msgpack", head, f"{where}, byte {at - 1}"))
