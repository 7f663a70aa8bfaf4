"""Ctrl-C between any two lines: the game goes on, nothing is held for ever, ``close`` returns."""

from __future__ import annotations

import ast
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from cook import COOK, TREE

import npcbrain.asking.calibration
import npcbrain.asking.requester
import npcbrain.engine.engine
import npcbrain.npcs.roster
import npcbrain.runtime
import npcbrain.scheduling.request
import npcbrain.scheduling.requests
import npcbrain.scheduling.scheduler
import npcbrain.scheduling.step_runner
import npcbrain.scheduling.verdicts
import npcbrain.scheduling.worker
import npcbrain.thinker
from npcbrain.lm.model import Model
from npcbrain.reasons import Reason
from npcbrain.runtime import Runtime

WATCHED = {
    module.__file__: {
        node.finalbody[0].lineno
        for node in ast.walk(ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8")))
        if isinstance(node, ast.Try) and node.finalbody
    }
    for module in (
        npcbrain.asking.calibration,
        npcbrain.asking.requester,
        npcbrain.engine.engine,
        npcbrain.npcs.roster,
        npcbrain.runtime,
        npcbrain.scheduling.request,
        npcbrain.scheduling.requests,
        npcbrain.scheduling.scheduler,
        npcbrain.scheduling.step_runner,
        npcbrain.scheduling.verdicts,
        npcbrain.scheduling.worker,
        npcbrain.thinker,
    )
}  # and the lines before which Python looks for no signal: the first ones of a ``finally``


def interrupted_at(number: int, call: Callable[[], object]) -> bool:
    """Has Ctrl-C come before the so-manieth line in these modules; False if there are fewer."""
    left = number

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal left
        lines = WATCHED.get(frame.f_code.co_filename)
        if lines is None:
            return None
        if event == "line" and frame.f_lineno not in lines:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def village(model: Model, *, overlap: bool) -> Runtime:
    runtime = Runtime(model, overlap=overlap, price_file=None, measure="in_frames")
    for name in ("al", "bo"):
        runtime.add_npc(name, persona=COOK, tree=TREE)
    return runtime


def check_that_all_is_free(runtime: Runtime) -> None:
    engine = runtime._thinker.engine  # type: ignore[attr-defined]
    assert [slot.generation for slot in engine._slots] == [None] * engine.num_slots
    assert engine.waves == []


@pytest.mark.parametrize(("overlap", "step"), [(False, 61), (True, 41)], ids=["inline", "beside"])
def test_an_update_may_be_interrupted_anywhere(tiny: Model, overlap: bool, step: int) -> None:
    with village(tiny, overlap=overlap) as runtime:
        number, is_there = 1, True
        while is_there:
            for npc in runtime.npcs.values():
                npc.hear(f"Is soup number {number} done?")
            runtime.update(50.0)
            is_there = interrupted_at(number, lambda: runtime.update(50.0))
            number += step
            for npc in runtime.npcs.values():  # a quick machine has answered all before
                npc.hear("And now?")
            for _ in range(10_000):
                report = runtime.update(50.0)
                # A model of random weights may say nothing that can be used, and that ends it too.
                reasons = [reason for _, reason in report.fallbacks]
                if report.decisions or Reason.REFUSED in reasons:
                    break
            else:
                raise AssertionError(f"nobody answers after an interrupt at {number - step}")
        assert number > 40
    check_that_all_is_free(runtime)


@pytest.mark.parametrize("overlap", [False, True], ids=["inline", "beside"])
def test_closing_may_be_interrupted_anywhere_and_is_done_by_another_call(
    tiny: Model, overlap: bool
) -> None:
    number, is_there = 1, True
    while is_there:
        runtime = village(tiny, overlap=overlap)
        npc = runtime.npcs["al"]
        npc.hear("Is the soup done?")
        runtime.warm(runtime.npcs["bo"])
        for _ in range(3):
            runtime.update(2.0)
        is_there = interrupted_at(number, runtime.close)
        runtime.close()
        check_that_all_is_free(runtime)
        number += 3
    assert number > 30


def test_a_worker_is_not_taken_for_dead_after_an_interrupt(tiny: Model) -> None:
    """``Thread.is_alive`` does so in some releases of Python, for ever."""
    with village(tiny, overlap=True) as runtime:
        overlap = runtime._thinker._overlap  # type: ignore[attr-defined]
        overlap._thread._is_stopped = True
        runtime.npcs["al"].hear("Is the soup done?")
        for _ in range(100_000):
            if runtime.update(5.0).decisions:
                break
        else:
            raise AssertionError("it never came")
        overlap._thread._is_stopped = False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_process_goes_on_with_a_runtime_without_threads(tiny: Model) -> None:
    with village(tiny, overlap=False) as runtime:
        npc = runtime.npcs["al"]
        npc.hear("Is the soup done?")
        runtime.update(4.0)
        child = os.fork()
        if child == 0:
            found = any(runtime.update(50.0).decisions for _ in range(10_000))
            runtime.close()
            os._exit(7 if found else 1)
        for _ in range(400):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.05)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked process hangs")
        assert os.waitstatus_to_exitcode(status) == 7
