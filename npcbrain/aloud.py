"""Says something once that a developer should know, without stopping the game.

Invariant: it never raises, whatever the game does with warnings.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress

__all__ = ["say_aloud"]


def say_aloud(message: str, *, stacklevel: int) -> None:
    """Warns, as if from so many calls further up.

    Where warnings are errors, as in some games' tests, it is printed instead: a frame must not fail
    for what a player typed, nor for a slow disk.
    """
    try:
        warnings.warn(message, RuntimeWarning, stacklevel=stacklevel + 1)
    except RuntimeWarning:
        with suppress(Exception):  # a game without a console has no such stream
            print(f"RuntimeWarning: {message}", file=sys.stderr)
