"""Promises of ``Runtime`` about prices that outlast the game, with the tiny model's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from minds import ScriptedModel

from npcbrain.engine.contract import Kind
from npcbrain.errors import UsageError
from npcbrain.lm.model import Model
from npcbrain.pricing.price_file import default_price_path
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine

TINY = Path(__file__).parents[1] / "models" / "tiny"
MS = 1_000_000


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY, num_slots=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prices"


class CountingEngine(ScriptedEngine):
    num_probed = 0

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        self.num_probed += 1
        return super().probe(kind, segment, rows)


def start(
    model: Any, path: Path | str | None, cost_ns: int = MS, **options: Any
) -> tuple[Runtime, CountingEngine]:
    clock = ManualClock()
    engine = CountingEngine(clock, cost_ns)
    runtime = Runtime(model, clock=clock, engine=engine, price_file=path, **options)
    return runtime, engine


def price_ns(runtime: Runtime) -> int:
    return runtime.prices.price_ns(Kind.DECODE, 0, 1, 0)


def test_a_second_start_begins_with_the_prices_of_the_first(model: Model, path: Path) -> None:
    first, _ = start(model, path)
    for took_ns in (2 * MS, 3 * MS, 2 * MS):
        first.prices.observe(Kind.DECODE, 0, 1, 0, took_ns)
    first.close()
    second, _ = start(model, path)
    assert price_ns(second) == price_ns(first)
    assert second.prices.snapshot() == first.prices.snapshot()


def test_a_second_start_runs_each_step_once_where_the_first_ran_it_four_times(
    model: Model, path: Path
) -> None:
    _, first = start(model, path)
    _, second = start(model, path)
    assert first.num_probed == 4 * second.num_probed == 4 * len(list(second.probes()))


def test_a_game_that_never_closes_its_runtime_has_measured_for_the_next(
    model: Model, path: Path
) -> None:
    start(model, path)
    assert path.is_file()


def test_an_update_never_writes(model: Model, path: Path) -> None:
    runtime, _ = start(model, path)
    before = path.stat().st_mtime_ns, path.read_bytes()
    runtime.prices.observe(Kind.DECODE, 0, 1, 0, 9 * MS)
    runtime.update(4.0)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    runtime.close()
    assert path.read_bytes() != before[1]


def test_prices_of_a_busy_machine_are_doubted_by_one_quicker_run(model: Model, path: Path) -> None:
    start(model, path, 50 * MS)
    second, _ = start(model, path, MS)
    assert second.prices.best_ns(Kind.DECODE, 0, 1, 0) <= MS


def test_a_remembered_price_still_adapts(model: Model, path: Path) -> None:
    start(model, path, MS)
    second, _ = start(model, path, MS)
    for _ in range(20):
        second.prices.observe(Kind.DECODE, 0, 1, 0, 3 * MS)
    assert price_ns(second) >= 3 * MS


def test_another_model_is_measured_anew(model: Model, path: Path) -> None:
    start(model, path)
    other = Model.load(TINY, num_slots=2, threads=2)
    _, engine = start(other, path)
    assert engine.num_probed == 4 * len(list(engine.probes()))


def test_a_bad_file_is_measured_over(model: Model, path: Path) -> None:
    path.write_bytes(b"\xc1 no prices")
    _, engine = start(model, path)
    assert engine.num_probed == 4 * len(list(engine.probes()))
    _, again = start(model, path)
    assert again.num_probed == len(list(again.probes()))


def test_it_can_be_switched_off(model: Model) -> None:
    path = default_price_path()
    assert path is not None
    path.unlink(missing_ok=True)
    Runtime(model, price_file=None).close()
    assert not path.exists()


def test_by_default_a_real_clock_and_engine_are_remembered_in_the_users_cache(
    model: Model,
) -> None:
    path = default_price_path()
    assert path is not None
    path.unlink(missing_ok=True)
    Runtime(model).close()
    assert path.is_file()


def test_by_default_times_of_doubles_are_nobodys(model: Model) -> None:
    path = default_price_path()
    assert path is not None
    path.unlink(missing_ok=True)
    clock = ManualClock()
    Runtime(model, clock=clock).close()
    Runtime(model, engine=ScriptedEngine(clock, MS)).close()
    assert not path.exists()


def test_measuring_in_frames_is_remembered_at_the_end(model: Model, path: Path) -> None:
    first, _ = start(model, path, measure="in_frames")
    while not first.is_warm:
        first.update(100.0)
    assert not path.exists()
    first.close()
    second, _ = start(model, path)
    assert second.prices.snapshot() == first.prices.snapshot()


def test_a_model_without_files_is_remembered_nowhere(path: Path) -> None:
    start(ScriptedModel(), path)[0].close()
    assert not path.exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"price_file": 7},
            'price_file must be a path, "auto" or None, got 7 - at Runtime()',
        ),
        (
            {"measure": "later"},
            'measure must be "now" or "in_frames", got \'later\' - at Runtime()',
        ),
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Runtime(None, **wrong)
    assert str(caught.value) == message
