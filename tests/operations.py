"""Counts what a call does, where a clock would tell how busy the machine is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def operations(call: Callable[[], object], most: int = 10_000_000) -> int:
    """The interpreter's instructions that npcbrain's own code runs in a call.

    Args:
        call: What is run.
        most: Where to stop counting, with an error: it may have no end.
    """
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        if not frame.f_globals.get("__name__", "").startswith("npcbrain."):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        assert count < most, "it goes on and on"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
