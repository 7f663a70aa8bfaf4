"""``npcbrain import-model`` from end to end: a model that plays, or nothing at all."""

from __future__ import annotations

import dataclasses
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf", reason="the import is an extra")

from test_export import CONFIG, write_safetensors

from npcbrain.commands.decide import Decider
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.commands.main import main
from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.errors import ModelError, UsageError
from npcbrain.importing import importer, sizing
from npcbrain.importing.importer import import_model
from npcbrain.importing.instructions import SAMPLES
from npcbrain.importing.settings import ImportSettings
from npcbrain.importing.sizing import StepTimes, plan_cut
from npcbrain.lm.model import Model
from tools.make_tiny_model import TINY, tiny_tokenizer, tiny_weights

CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)
CONTEXT = 2048  # the tiny tokenizer has a token for nearly every letter of the instructions
WHOLE = StepTimes(0.1, 0.1, 0.4, 0.5)
SLICED = StepTimes(1.9, 5.0, 20.0, 9.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_folder(tmp_path_factory.mktemp("source"), tiny_weights(TINY))


def make_folder(path: Path, weights: dict[str, np.ndarray]) -> Path:
    """A tiny Llama in the usual layout; made without transformers."""
    config = {**CONFIG, "model_type": "llama", "max_position_embeddings": CONTEXT}
    settings = {"eos_token": "<|im_end|>", "chat_template": CHATML}
    contents = {
        "config.json": config,
        "tokenizer.json": tiny_tokenizer(TINY.vocab),
        "tokenizer_config.json": settings,
    }
    for name, content in contents.items():
        (path / name).write_text(json.dumps(content), encoding="utf-8")
    write_safetensors(path / "model.safetensors", weights)
    return path


SETTINGS = ImportSettings("tiny", CONTEXT, "nbits8", 2.0, 0.5)


def imported(
    folder: Path, out: Path, times: StepTimes, monkeypatch: pytest.MonkeyPatch, **changes: object
) -> dict:
    monkeypatch.setattr(importer, "measure_steps", lambda *_: times)
    monkeypatch.setattr(importer, "SAMPLES", SAMPLES[:1])  # enough, and half the time
    return import_model(folder, out, dataclasses.replace(SETTINGS, **changes))


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "model"
    with pytest.MonkeyPatch.context() as patch:
        imported(folder, out, WHOLE, patch)
    return out


@pytest.fixture(scope="module")
def sliced(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sliced") / "model"
    with pytest.MonkeyPatch.context() as patch:
        imported(folder, out, SLICED, patch)
    return out


def test_an_imported_model_answers_situations_by_their_grammar(whole):
    model = Model.load(whole, num_slots=2, providers="cpu")
    decider = Decider(model, Engine(model), FrameClock())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a prompt that cannot be made is told by one
        outcomes = decider.decide_all([situation for situation, _ in SAMPLES], lambda done: None)

    assert not model.has_marks
    for (situation, _), outcome in zip(SAMPLES, outcomes, strict=True):
        assert outcome.decision.source == "model" or outcome.decision.reason == "refused"
        assert outcome.decision.action in {action.name for action in situation.actions}


def test_a_prompt_stands_in_its_frame(whole):
    model = Model.load(whole, num_slots=1, providers="cpu")
    made = model.generation("who\n", "what\n", grammar='start: "a"', seed=0, max_new_tokens=8)
    names = [model.tokenizer.token_id(name) for name in ("<|im_start|>", "<|im_end|>")]

    assert made.ids[0] == names[0]
    assert model.tokenizer.decode(made.ids).endswith("user\nwho\nwhat\n\nassistant\n")
    assert made.ids.count(names[1]) == 4  # instructions, example, its answer, the prompt
    assert made.num_prefix > made.num_prompt / 2


def test_the_manifest_says_what_it_came_from(whole):
    manifest = json.loads((whole / "manifest.json").read_text(encoding="utf-8"))

    assert (manifest["format"], manifest["name"]) == (3, "tiny")
    assert (manifest["reader"], manifest["memory_tokens"]) == ({"tables": "npcbrain-1"}, 80)
    assert manifest["source"]["architecture"] == "llama"
    assert manifest["tokenizer"]["eos"] == "<|im_end|>"
    assert sorted(manifest["files"]) == sorted(
        path.name for path in whole.iterdir() if path.name != "manifest.json"
    )


def answers(engine: Engine, model: Model, prompts: list[str], *, together: bool) -> list[list[int]]:
    """What the model writes, one after the other or several side by side."""
    rule = "start: /[^\\n]+/"
    made = [
        model.generation(prompt, "so?\n", grammar=rule, seed=1, temperature=1.0, max_new_tokens=9)
        for prompt in prompts
    ]
    groups = [made] if together else [[one] for one in made]
    for group in groups:
        for one in group:
            assert engine.open(one)
        while any(not one.finished for one in group):
            waiting = [one for one in group if not one.in_wave and not one.finished]
            for one in waiting:
                if one.num_to_copy:
                    engine.start_copy(one)
                elif one.num_pending > 1:
                    engine.start_prefill(one, 32 if together else 8)
            lone = [one for one in waiting if one.num_pending == 1 and not one.in_wave]
            if lone:
                engine.start_decode(lone)
            for wave in [*engine.waves]:  # a step of each: parts of heads take turns
                engine.run(wave)
        for one in group:
            engine.close(one)
    return [one.ids[one.num_prompt :] for one in made]


def test_parts_of_layers_and_heads_give_the_same_bits_alone_and_side_by_side(sliced):
    model = Model.load(sliced, num_slots=3, providers="cpu")
    manifest = model.package
    assert len(manifest.heads) == 5
    assert manifest.config.hidden == 2 * TINY.hidden
    assert any(not layers for _, layers in manifest.segments)
    prompts = ["the key\n", "give the player a room key\n", "neutral\n"]

    alone = answers(Engine(model), model, prompts, together=False)
    together = answers(Engine(model), model, prompts, together=True)

    assert alone == together
    assert len({tuple(answer) for answer in alone}) > 1


def test_an_answer_given_up_between_two_parts_of_the_head_disturbs_nobody(sliced):
    model = Model.load(sliced, num_slots=3, providers="cpu")
    prompts = ["the key\n", "give the player a room key\n"]
    (_, wanted) = answers(Engine(model), model, prompts, together=False)
    engine = Engine(model)
    first, second = (
        model.generation(
            prompt, "so?\n", grammar="start: /[^\\n]+/", seed=1, temperature=1.0, max_new_tokens=9
        )
        for prompt in prompts
    )
    for one in (first, second):
        assert engine.open(one)
        while one.num_pending > 1 or one.num_to_copy:
            wave = engine.start_copy(one) if one.num_to_copy else engine.start_prefill(one, 8)
            while wave in engine.waves:
                engine.run(wave)

    wave = engine.start_decode([first, second])
    while wave.segment < engine.num_segments - 2:
        engine.run(wave)
    engine.close(first)
    while wave in engine.waves:
        engine.run(wave)

    assert second.ids[second.num_prompt :] == wanted[:2]


def test_each_part_of_a_head_is_a_step_with_a_price(sliced):
    engine = Engine(Model.load(sliced, num_slots=1, providers="cpu"))

    assert engine.num_heads == 5
    for segment in range(engine.num_segments - 5, engine.num_segments):
        assert engine.probe(Kind.DECODE, segment, 1) == CONTEXT // 2


# Nothing half-written


def test_a_model_that_does_not_survive_the_rounding_is_not_written(folder, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"^agreement must be at least 1\.0, got '0\.\d+' - at "):
        imported(folder, tmp_path / "out", WHOLE, monkeypatch, min_agreement=1.0, kernel="rowint8")

    assert list(tmp_path.iterdir()) == []


def test_a_failure_in_the_middle_leaves_nothing(folder, tmp_path, monkeypatch):
    def fail(*arguments: object, **options: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importer, "head_graph", fail)

    with pytest.raises(UsageError, match=r"^--out must be writable, got 'No space left"):
        imported(folder, tmp_path / "out", WHOLE, monkeypatch)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_taken_is_left_alone(folder, tmp_path):
    (tmp_path / "precious").write_text("kept", encoding="utf-8")

    with pytest.raises(UsageError, match=r"^--out must be a new folder, got 'one that is taken'"):
        import_model(folder, tmp_path, SETTINGS)
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "kept"


def test_weights_that_are_no_numbers_are_refused(tmp_path, monkeypatch):
    weights = tiny_weights(TINY)
    weights["model.layers.1.mlp.up_proj.weight"][3] = np.nan
    make_folder(tmp_path, weights)

    with pytest.raises(ModelError, match=r"^weights must lead to finite numbers"):
        imported(tmp_path, tmp_path / "out", WHOLE, monkeypatch, max_context=512)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": "fp8"}, "kernel must be known, got 'fp8'"),
        ({"step_ms": 0.0}, "step_ms must be above 0"),
        ({"min_agreement": 2.0}, "min_agreement must be 0 to 1"),
        ({"max_context": 8}, "max_context must be at least 64"),
    ],
)
def test_settings_out_of_range_are_the_callers_mistake(folder, tmp_path, change, message):
    with pytest.raises(UsageError, match=f"^{message}"):
        import_model(folder, tmp_path / "out", dataclasses.replace(SETTINGS, **change))


def test_the_command_says_what_is_wrong_in_a_line(tmp_path, capsys):
    (tmp_path / "bad.gguf").write_bytes(b"no model")

    code = main(["import-model", str(tmp_path / "bad.gguf"), "--out", str(tmp_path / "out")])

    assert code == 2
    assert capsys.readouterr().err.startswith("npcbrain: file must begin with GGUF, got b'no m")
    assert not (tmp_path / "out").exists()


# Sizes


def test_steps_are_whole_layers_while_they_fit_and_slices_when_they_do_not():
    config = make_config(layers=6, vocab=1000, ffn=512)

    together = plan_cut(config, StepTimes(0.1, 0.1, 0.9, 1.0), 2.0)
    apart = plan_cut(config, StepTimes(1.0, 5.9, 40.0, 5.9), 2.0)

    assert [len(segment) for segment in together.segments] == [4, 4, 4]
    assert not together.is_wide
    assert len(apart.segments) == 6 * 4
    assert apart.heads == ((0, 333), (333, 667), (667, 1000))
    assert apart.is_wide
    for cut in (together, apart):
        columns = [part.columns or (0, 512) for s in cut.segments for part in s if not part.attends]
        assert sum(stop - start for start, stop in columns) == 6 * 512


def make_config(**sizes: int):
    from npcbrain.graphs.shape import LlamaConfig

    return LlamaConfig(64, 4, 2, 16, **sizes, rope_theta=1e4, eps=1e-5, max_context=256)


def test_a_layer_is_measured_on_this_machine(folder, tmp_path, monkeypatch):
    from npcbrain.graphs.quantise import kernel_plan
    from npcbrain.importing.source import open_source

    monkeypatch.setattr(sizing, "NUM_RUNS", 2)
    monkeypatch.setattr(sizing, "SWEPT_BYTES", 1)
    source = open_source(folder, 256)
    plan = kernel_plan(source.config.layers, "rowint8")

    times = sizing.measure_steps(source.config, source.weights, plan, tmp_path)

    assert all(time > 0 for time in times)
    assert list(tmp_path.iterdir()) == []
