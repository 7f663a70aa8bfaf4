"""Promises of ``tools.bench.price_variants``: one notion less, and the product is whole again."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest

from npcbrain.clock import NS_PER_S
from npcbrain.engine.contract import Kind
from npcbrain.pricing import cost
from npcbrain.pricing.cost import CostModel
from tests.bench.test_refusals import steady
from tools.bench import price_variants
from tools.bench.price_notions import AS_IT_IS, VARIANTS, Variant, as_variant
from tools.bench.price_variants import Load, compared
from tools.bench.refusals import Cell

MS = 1_000_000
STEP = (Kind.DECODE, 0, 4, 0)
LOADS = (Load(Cell(2, 60, 4.0), "measured"), Load(Cell(2, 60, 2.0), "remembered"))
BY_NAME = {variant.name: variant for variant in VARIANTS}


def price_ns(*times_ns: int) -> int:
    prices = CostModel()
    for took_ns in times_ns:
        prices.observe(*STEP, took_ns)
    return prices.price_ns(*STEP)


def uneven_ns(num: int) -> list[int]:
    rng = random.Random(1)
    return [rng.randrange(MS, 6 * MS) for _ in range(num)]


@pytest.mark.parametrize(
    ("name", "times_ns", "wanted_ns"),
    [
        ("median", [MS, 2 * MS, 3 * MS] * 21, 2 * MS),
        ("no cap", [MS] * 62 + [9 * MS] * 2, 9 * MS),
        ("plain quantile", [MS, 3 * MS], 3 * MS),
        ("measured once", [MS, MS, MS, *[5 * MS] * 60], MS * 9 // 8),
    ],
)
def test_a_price_lacks_what_its_variant_does_without(
    name: str, times_ns: list[int], wanted_ns: int
) -> None:
    before_ns = price_ns(*times_ns)
    with as_variant(BY_NAME[name]):
        assert price_ns(*times_ns) == pytest.approx(wanted_ns, rel=0.02)
    assert price_ns(*times_ns) == before_ns != pytest.approx(wanted_ns, rel=0.1)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_each_variant_leaves_the_product_as_it_was(variant: Variant) -> None:
    before = [getattr(owner, name) for owner, name, _ in variant.replaced]
    with as_variant(variant):
        price_ns(*uneven_ns(80))
        cost.CostModel().doubt(*STEP)
        replaced = [getattr(owner, name) for owner, name, _ in variant.replaced]
        assert all(now is not was for now, was in zip(replaced, before, strict=True))
    assert [getattr(owner, name) for owner, name, _ in variant.replaced] == before


def test_nothing_stands_out_where_nothing_is_switched_off() -> None:
    same = AS_IT_IS._replace(name="the same")
    rows = compared(
        (AS_IT_IS, same), steady(MS), steady(MS), loads=LOADS, num_seeds=2, played_ns=3 * NS_PER_S
    )
    assert rows[0]["asked"] > 0
    assert [row["stands_out"] for row in rows] == [[], []]
    assert {**rows[1], "variant": rows[0]["variant"]} == rows[0]


def test_the_tool_keeps_a_row_for_each_variant_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_variants, "LOADS", LOADS)
    times, out = tmp_path / "quiet.json", tmp_path / "out.json"
    times.write_text(json.dumps(asdict(steady(MS))), encoding="utf-8")
    words = ["--times", times, "--remembered", times, "--out", out, "--seeds", 2, "--seconds", 4]
    assert price_variants.main([*map(str, words), "--only", "no cap"]) == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["machines"]["quiet"]
    assert [row["variant"] for row in rows] == ["as it is", "no cap"]
