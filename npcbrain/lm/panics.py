"""Packages that are written in Rust, and what they raise where they should not.

Invariant: nothing that a file makes them do passes an ``except Exception``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_panic"]


@contextmanager
def no_panic() -> Iterator[None]:
    """Within it a panic, which is a ``BaseException`` and no more, is a ``RuntimeError``."""
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as panic:
        raise RuntimeError(str(panic)) from panic
