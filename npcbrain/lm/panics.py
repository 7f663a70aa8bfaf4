"""Panics of packages that are written in Rust.

Invariant: ``except Exception`` catches whatever a file makes such a package raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_panic"]


@contextmanager
def no_panic() -> Iterator[None]:
    """Turns a panic, which is a ``BaseException`` but no ``Exception``, into a ``RuntimeError``."""
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as panic:
        raise RuntimeError(str(panic)) from panic
