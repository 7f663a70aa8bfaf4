"""``FaultyRunner``: runs an engine's graphs, and fails in mid-game as ONNX Runtime may."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FAULTS", "FaultyRunner"]

FAULTS = ("error", "memory", "nan")


class FaultyRunner:
    """Runs a model's graphs, and fails when told to.

    Attributes:
        always: A fault of every run from now on; empty for none.
    """

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._next = ""
        self.always = ""

    def fail(self, fault: str) -> None:
        """Lets the next run fail; a fault that gives NaN waits for the head."""
        self._next = fault

    def run(self, *args: Any) -> None:
        """A segment."""
        self._raise()
        self._runner.run(*args)

    def run_head(self, *args: Any) -> None:
        """The head, or a part of it."""
        self._raise()
        self._runner.run_head(*args)
        if "nan" in (self._next, self.always):
            self._next = ""
            for found in self._runner._head_parts:
                found[:] = np.nan

    def _raise(self) -> None:
        fault = self.always or self._next
        if fault in ("", "nan"):
            return
        self._next = ""
        if fault == "memory":
            raise RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory")
        raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL : Non-zero status code")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)
