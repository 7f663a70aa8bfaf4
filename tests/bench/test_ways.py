"""Promises of ``tools.bench.ways``: what each rule runs in a frame, and what is counted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest

from npcbrain.commands.frame_clock import FRAME_NS
from npcbrain.engine.contract import GenerationLike, Kind, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from tools.bench.game_load import EngineWay, Load, NoModel, Npcbrain, typical_answer
from tools.bench.rules import LayersPerFrame, Rule, TokenRate, WholeToken, fair_layers
from tools.bench.ways import Frames, compare_ways, engine_ways

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = (
    {"name": "Al", "role": "cook", "lines": {"fallback": ["Busy."]}},
    {"name": "Bo", "role": "guard", "lines": {"fallback": ["Halt."]}},
)
NUM_NPCS = 5
ROOMY_MS = 1000.0


@pytest.fixture
def load() -> Load:
    return Load(NUM_NPCS, PEOPLE)


class Watched(Engine):
    """Notes every step it runs."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.steps: list[tuple[Kind, int, bool]] = []  # kind, rows, whether it ended its wave

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        gained = super().run(wave)
        self.steps.append((wave.kind, wave.rows, wave not in self.waves))
        return gained


def play(tiny: Model, load: Load, rule: Rule) -> tuple[EngineWay, list[list]]:
    """One round, and the steps of each of its frames."""
    engine = Watched(tiny)
    way = EngineWay(tiny, load, rule, engine)
    way.ask()
    frames = []
    while not way.is_idle and len(frames) < 2000:
        engine.steps = []
        way.update()
        frames.append(engine.steps)
    return way, frames


def test_one_whole_token_a_frame_runs_the_model_once(tiny: Model, load: Load) -> None:
    way, frames = play(tiny, load, WholeToken())
    assert way.is_idle
    for steps in frames:
        whole = [kind for kind, _, ended in steps if ended and kind is not Kind.COPY]
        assert len(whole) == 1
        assert steps[-1][2]  # nothing is left half done
    assert {kind for steps in frames for kind, _, _ in steps} >= {Kind.PREFILL, Kind.DECODE}


def test_fixed_layers_a_frame_are_fixed_whatever_they_are(tiny: Model, load: Load) -> None:
    way, frames = play(tiny, load, LayersPerFrame(2))
    assert way.is_idle
    assert {len(steps) for steps in frames[:-1]} == {2}


def test_a_token_rate_counts_answers_and_reads_prompts_for_nothing(tiny: Model, load: Load) -> None:
    rule = TokenRate(100, FRAME_NS / 1e6)
    assert "= 1 tokens" in rule.words  # below one a frame it still is one
    way, frames = play(tiny, load, rule)
    assert way.is_idle
    first = [kind for kind, _, ended in frames[0] if ended]
    assert first.count(Kind.PREFILL) >= 2  # a whole prompt, in several chunks
    assert all(rows == 1 for steps in frames for kind, rows, _ in steps if kind is Kind.DECODE)


def test_a_higher_rate_speaks_for_several_at_once(tiny: Model, load: Load) -> None:
    _, frames = play(tiny, load, TokenRate(200, FRAME_NS / 1e6))
    rows = {rows for steps in frames for kind, rows, _ in steps if kind is Kind.DECODE}
    assert max(rows) == 3


def test_all_rules_say_the_same_for_the_schedule_does_not_matter(tiny: Model, load: Load) -> None:
    texts: list[list[str]] = []
    for rule in (WholeToken(), LayersPerFrame(3), TokenRate(200, FRAME_NS / 1e6)):
        way = EngineWay(tiny, load, rule)
        way.ask()
        made = list(way._waiting)
        while not way.is_idle:
            way.update()
        texts.append([one.text for one in made])
    assert texts[0] == texts[1] == texts[2]


def test_layers_are_tuned_to_the_budget(tiny: Model) -> None:
    engine = Engine(tiny)
    assert fair_layers(engine, 1e-6) == 1
    assert fair_layers(engine, 1000.0) > 10


def test_every_way_plays_as_many_frames_and_answers_are_counted(tiny: Model, load: Load) -> None:
    ways = engine_ways(tiny, load, ROOMY_MS)
    rows = compare_ways(ways, 40, lambda: None, paced=False)
    assert [row["way"] for row in rows] == [
        "no model",
        "npcbrain",
        "npcbrain beside the game",
        "npcbrain as it ships",
        "npcbrain as it ships, beside the game",
        "one whole token a frame",
        "fixed layers a frame",
        "tokens per second",
    ]
    assert {row["frames"] for row in rows} == {40}
    assert rows[0]["answers_per_minute"] == 0
    for way, row in zip(ways, rows, strict=True):
        assert (row["answers_per_minute"] > 0) == (way.num_answers > 0)
    assert rows[1]["answers_per_minute"] > 0


def test_a_row_tells_the_frames_that_missed_their_beat() -> None:
    frames = Frames()
    frames.took_ns = [FRAME_NS] * 98 + [FRAME_NS + 1, 40_000_000]
    row = frames.to_dict(NoModel())
    assert (row["missed_frames"], row["missed_percent"]) == (2, 2.0)
    assert (row["frame_p99_ms"], row["frame_max_ms"]) == (16.6667, 40.0)


def test_a_minute_is_as_long_as_it_took() -> None:
    way, frames = NoModel(), Frames()
    way.num_answers = 60
    frames.took_ns = [1] * 1800  # half a minute, whatever is left over of the frames
    assert frames.to_dict(way)["answers_per_minute"] == 120.0
    frames.drained_ns = 30_000_000_000
    assert frames.to_dict(way)["answers_per_minute"] == 60.0
    frames.took_ns = [3 * FRAME_NS] * 1800  # each missed its beat twice
    assert frames.to_dict(way)["answers_per_minute"] == 30.0


def test_time_stands_still_for_npcbrain_while_others_play(tiny: Model, load: Load) -> None:
    way = Npcbrain(tiny, load, ROOMY_MS)
    before = way._clock.now_ns()
    assert way._clock.now_ns() == before
    way.go()
    assert way._clock.now_ns() >= before
    way.stop()
    assert way._clock.now_ns() == way._clock.now_ns()


def test_a_typical_answer_has_some_tokens(tiny: Model, load: Load) -> None:
    assert 1 <= typical_answer(tiny, load) <= 64


def test_llama_cpp_answers_while_frames_go_on(tiny: Model, load: Load, tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    if not any(_is_installed(module) for module in ("llama_cpp", "xllamacpp")):
        pytest.skip("neither llama-cpp-python nor xllamacpp is installed")
    from tools.bench.ways import llama_ways

    ways, _ = llama_ways(tiny, load, TINY, tmp_path, 4)
    row, *_ = compare_ways(ways[:1], 8, lambda: None, paced=False)
    assert row["answers_per_minute"] > 0
    assert ways[0].num_answers % NUM_NPCS == 0
    for way in ways:
        way.close()


class Generator:
    """onnxruntime-genai's, as far as a game uses it: it ends by itself after three tokens."""

    prompts: ClassVar[list[list[int]]] = []

    def __init__(self, *_: object) -> None:
        self.num_said = 0

    def append_tokens(self, ids: list[int]) -> None:
        self.prompts.append(ids)

    def generate_next_token(self) -> None:
        self.num_said += 1

    def is_done(self) -> bool:
        return self.num_said == 3


@pytest.mark.parametrize(("answer", "num_frames"), [(2, 2 * NUM_NPCS), (9, 3 * NUM_NPCS)])
def test_genai_says_one_token_a_frame_and_answers_one_after_the_other(
    tiny: Model,
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: int,
    num_frames: int,
) -> None:
    pytest.importorskip("onnx")
    from tools.bench.genai import Genai

    genai = ModuleType("onnxruntime_genai")
    genai.Model = lambda folder: folder
    genai.GeneratorParams = lambda model: SimpleNamespace(set_search_options=lambda **_: None)
    genai.Generator = Generator
    monkeypatch.setitem(sys.modules, "onnxruntime_genai", genai)
    monkeypatch.setattr(Generator, "prompts", [])
    way = Genai(TINY, tmp_path, tiny, load, answer)
    assert way.is_idle
    way.ask()
    for _ in range(num_frames):
        assert not way.is_idle
        way.update()
    assert way.is_idle
    assert way.num_answers == NUM_NPCS
    assert Generator.prompts == [q.ids(tiny.tokenizer) for q in load.round(0)]


def _is_installed(module: str) -> bool:
    from importlib.util import find_spec

    return module in sys.modules or find_spec(module) is not None
