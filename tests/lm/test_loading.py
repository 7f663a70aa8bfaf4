"""Promises of ``npcbrain.lm.loading``: frames go on, errors come to the game, nothing stays behind.

The loadings here are held and let go by the test; a thread that should end is waited for, and a
test that waits too long fails.
"""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import ModelError, UsageError
from npcbrain.lm.loading import Loading, Stage, exhaust, load_steps
from npcbrain.lm.model import Model

TINY = Path(__file__).parents[1] / "models" / "tiny"
PATIENCE_S = 20.0


class Script:
    """Steps of a loading that go on when the test says so."""

    def __init__(self, result: object = "model", num_steps: int = 4) -> None:
        self.result = result
        self.num_steps = num_steps
        self.num_run = 0
        self.is_closed = False
        self._go = threading.Semaphore(0)
        self._paused = threading.Semaphore(0)

    def __iter__(self) -> Generator[Stage, None, Any]:
        try:
            for number in range(self.num_steps):
                yield Stage(f"piece {number}", number / self.num_steps)
                self._paused.release()
                assert self._go.acquire(timeout=PATIENCE_S)
                self.num_run += 1
            if isinstance(self.result, BaseException):
                raise self.result
            return self.result
        finally:
            self.is_closed = True

    def wait(self) -> None:
        """Until the loading is in the next piece."""
        assert self._paused.acquire(timeout=PATIENCE_S)

    def go(self, num_steps: int = 1) -> None:
        for _ in range(num_steps):
            self._go.release()


def begin(script: Script) -> Loading:
    return Loading(iter(script))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + PATIENCE_S
    while any(thread.name == "npcbrain loading" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a loading still runs"
        time.sleep(0.001)


def test_frames_go_on_while_a_piece_is_loaded() -> None:
    script = Script()
    loading = begin(script)
    script.wait()
    assert [loading.step() for _ in range(100)] == [False] * 100
    assert not loading.done
    script.go(4)
    assert loading.model == "model"


def test_progress_tells_what_is_done_and_what_comes_next() -> None:
    script = Script()
    loading = begin(script)
    seen = []
    for _ in range(4):
        script.wait()
        seen.append((loading.doing, loading.progress))
        script.go()
    assert loading.model == "model"
    seen.append((loading.doing, loading.progress))
    assert seen == [("piece 0", 0), ("piece 1", 0.25), ("piece 2", 0.5), ("piece 3", 0.75), ("", 1)]


def test_progress_never_goes_back() -> None:
    def steps() -> Generator[Stage, None, Any]:
        yield Stage("far", 0.9)
        yield Stage("again", 0.2)
        shown.append(loading.progress)
        ready.set()
        return "model"

    shown: list[float] = []
    ready, made = threading.Event(), threading.Event()

    def held() -> Generator[Stage, None, Any]:
        assert made.wait(PATIENCE_S)
        return (yield from steps())

    loading = Loading(held())
    made.set()
    assert loading.model == "model"
    assert shown == [0.9]


def test_a_step_waits_for_the_end_as_long_as_it_is_told() -> None:
    script = Script()
    loading = begin(script)
    script.go(4)
    assert loading.step(math.inf) is True
    assert loading.done


@pytest.mark.parametrize("budget_ms", [-1, -0.5, math.nan, "4", None, True])
def test_a_budget_that_is_none_is_refused(budget_ms: Any) -> None:
    script = Script()
    script.go(4)
    with begin(script) as loading, pytest.raises(UsageError) as caught:
        loading.step(budget_ms)
    assert str(caught.value) == (
        f"budget_ms must be a number of 0 or more, got {budget_ms!r} - at Loading.step(); "
        "pass milliseconds, such as 4.0"
    )


def test_an_error_is_raised_in_the_games_thread_by_step_and_by_model() -> None:
    script = Script(ModelError("head.onnx is broken"))
    loading = begin(script)
    script.go(4)
    for _ in range(2):
        with pytest.raises(ModelError, match=r"^head\.onnx is broken$"):
            loading.step(math.inf)
        with pytest.raises(ModelError, match=r"^head\.onnx is broken$"):
            _ = loading.model
    assert loading.done
    assert loading.progress < 1


def test_closing_in_the_middle_stops_after_the_piece_in_hand() -> None:
    script = Script()
    loading = begin(script)
    script.wait()
    closing = threading.Thread(target=loading.close)
    closing.start()
    while not loading._work.is_cancelled:
        time.sleep(0.001)
    script.go(4)
    closing.join(PATIENCE_S)
    assert (script.num_run, script.is_closed, loading.done) == (1, True, True)
    with pytest.raises(UsageError) as caught:
        _ = loading.model
    assert str(caught.value) == (
        "loading must not be closed, got 'closed' - at Loading.model; "
        "call Model.load_sliced() again"
    )


def test_closing_after_the_end_leaves_the_model() -> None:
    script = Script()
    script.go(4)
    with begin(script) as loading:
        loading.step(math.inf)
    loading.close()
    assert loading.model == "model"


def test_a_loading_that_is_forgotten_stops() -> None:
    script = Script()
    loading = begin(script)
    script.wait()
    del loading
    script.go(4)
    deadline = time.monotonic() + PATIENCE_S
    while not script.is_closed:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert script.num_run == 1


def test_a_game_that_ends_in_the_middle_ends_cleanly() -> None:
    code = (
        "import npcbrain as nb\n"
        f"loading = nb.Model.load_sliced({str(TINY)!r})\n"
        "loading.step()\n"
        "print('bye')\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "bye", "")


def test_a_model_loaded_in_slices_is_the_one_loaded_at_once() -> None:
    loading = Model.load_sliced(TINY, num_slots=3, threads=1)
    while not loading.done:
        loading.step(budget_ms=4)
    model, other = loading.model, Model.load(TINY, num_slots=3)
    assert (model.package.digest, model.num_slots) == (other.package.digest, 3)
    assert model.tokenizer.encode("give the key") == other.tokenizer.encode("give the key")
    assert len(model.sessions.segments) == len(other.sessions.segments)


def test_the_pieces_of_a_loading_are_told_in_order() -> None:
    stages: list[Stage] = []

    def noted() -> Generator[Stage, None, Model]:
        steps = load_steps(TINY, "auto", 1)
        while True:
            try:
                stages.append(next(steps))
            except StopIteration as end:
                return end.value
            yield stages[-1]

    exhaust(noted())
    assert list(dict.fromkeys(stage.doing for stage in stages)) == [
        "manifest",
        "packages",
        "tokenizer",
        "grammar",
        "graphs",
    ]
    shares = [stage.progress for stage in stages]
    assert shares == sorted(shares)
    assert 0 == shares[0] < shares[-1] < 1


def test_a_broken_file_is_told_as_load_tells_it(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TINY, tmp_path / "tiny"))
    (folder / "head.onnx").write_bytes(b"")
    with pytest.raises(ModelError) as at_once:
        Model.load(folder)
    with pytest.raises(ModelError) as sliced:
        _ = Model.load_sliced(folder).model
    assert str(sliced.value) == str(at_once.value)
    assert str(sliced.value).startswith("model file must have ")


@pytest.mark.parametrize("wrong", [{"num_slots": 0}, {"threads": 0}, {"num_slots": True}])
def test_an_argument_out_of_range_is_refused_before_anything_is_loaded(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"must be an integer of 1 to 64"):
        Model.load_sliced(TINY, **wrong)
