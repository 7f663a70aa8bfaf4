"""The distillation pipeline, stage by stage at toy size: from a teacher's weights to a decision.

Needs the ``distil`` extra (PyTorch); without it these tests are left out.
"""

from __future__ import annotations

import json
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the distil extra is not installed")
pytest.importorskip("transformers", reason="the distil extra is not installed")

from toy_teacher import make_teacher  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from npcbrain.engine.engine import Engine  # noqa: E402
from npcbrain.graphs import quantise  # noqa: E402
from npcbrain.graphs.four_bits import pack_rows, widen_rows  # noqa: E402
from npcbrain.lm.action_prior import ActionPrior  # noqa: E402
from npcbrain.lm.model import Model  # noqa: E402
from npcbrain.prompting.prompt import AnswerReader, answer_grammar, render  # noqa: E402
from tools.distil import decisions, export, prune, reopen, shed, train, turns  # noqa: E402
from tools.distil.situations import Example, sample  # noqa: E402
from tools.distil.situations.lexicon import load  # noqa: E402
from tools.distil.situations.talking import talk  # noqa: E402

EOS_ID = 2


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the teacher's, with a random model of four thin layers."""
    return make_teacher(tmp_path_factory.mktemp("teacher"))


def run(monkeypatch: pytest.MonkeyPatch, stage: object, *arguments: object) -> None:
    """Runs a stage's command in this process."""
    monkeypatch.setattr(sys, "argv", ["stage", *map(str, arguments)])
    stage.main()


def test_every_stage_feeds_the_next_from_the_teacher_to_a_legal_decision(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned, healed, student, model = (
        tmp_path / n for n in ("pruned", "healed", "student", "model")
    )
    vocab = json.loads((teacher / "config.json").read_text(encoding="utf-8"))["vocab_size"] - 20
    few = ("--tokens", 512, "--steps", 2)
    run(monkeypatch, prune, "--teacher", teacher, "--out", pruned, "--layers", 2, "--vocab", vocab)
    heal = ("heal", "--student", pruned, "--teacher", teacher, "--out", healed)
    run(monkeypatch, train, *heal, *few)
    run(monkeypatch, train, "decide", "--student", healed, "--out", student, *few, "--turns", 2)
    options = ("--segments", 2, "--max-context", 1024, "--min-agreement", 0.0)
    run(monkeypatch, export, "--weights", student, "--out", model, *options)

    situation = sample(random.Random(3), "val").situation
    loaded, prompt = Model.load(model, num_slots=1), render(situation)
    grammar = answer_grammar(situation.actions)
    generation = loaded.generation(
        prompt.prefix, prompt.news, grammar=grammar, seed=1, max_new_tokens=100
    )
    engine = Engine(loaded)
    assert engine.open(generation)
    reader = AnswerReader(situation)
    while not reader.decided:
        one = generation.num_pending == 1
        wave = engine.start_decode([generation]) if one else engine.start_prefill(generation, 32)
        for _ in range(wave.num_steps):
            engine.run(wave)
        reader.read(generation.text)
    assert reader.action in [action.name for action in situation.actions]


@pytest.mark.parametrize("kernel", [k for k in quantise.KERNELS if k != quantise.STATIC])
def test_a_model_that_ships_opens_again_within_a_rounding_of_its_weights(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str
) -> None:
    model, again = tmp_path / "model", tmp_path / "again"
    options = ("--segments", 2, "--max-context", 1024, "--min-agreement", 0.0)
    options = (*options, "--kernel", kernel)
    run(monkeypatch, export, "--weights", teacher, "--out", model, *options)
    run(monkeypatch, reopen, "--model", model, "--out", again)

    shipped = LlamaForCausalLM.from_pretrained(teacher, dtype=torch.float32).state_dict()
    opened = LlamaForCausalLM.from_pretrained(again, dtype=torch.float32)
    assert opened.config.rope_parameters["rope_theta"] == 100000.0
    for name, weight in opened.state_dict().items():
        step = shipped[name].abs().amax() / (8 if kernel == "rowint4" else quantise.ROW_PEAK)
        assert (weight - shipped[name]).abs().amax() <= (0 if kernel == "fp32" else step), name


def test_a_smoothed_model_opens_again_as_one_that_computes_the_same(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, again = tmp_path / "model", tmp_path / "again"
    monkeypatch.setattr(export, "NUM_CALIBRATED", 4)
    options = ("--segments", 2, "--max-context", 1024, "--min-agreement", 0.0)
    options = (*options, "--kernel", quantise.STATIC)
    run(monkeypatch, export, "--weights", teacher, "--out", model, *options)
    run(monkeypatch, reopen, "--model", model, "--out", again)

    ids = torch.arange(40)[None]
    want, got = (
        LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(ids).logits
        for folder in (teacher, again)
    )
    assert (got - want).norm() < 0.05 * want.norm()


def test_late_in_a_run_the_model_has_the_weights_that_its_kernels_will_have(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "student"
    command = ("decide", "--student", teacher, "--out", out, "--tokens", 512, "--steps", 2)
    command = (*command, "--round-from", 0.4, "--four-bits", "--dtype", "float32")
    run(monkeypatch, train, *command)

    student = LlamaForCausalLM.from_pretrained(out, dtype=torch.float32)
    for name, weight in student.named_parameters():
        if weight.dim() == 2 and "embed" not in name:
            rows, scales = quantise.quantise_rows(weight.detach().numpy())
            if "mlp" in name:
                rows = widen_rows(*pack_rows(weight.detach().numpy(), scales))
            torch.testing.assert_close(torch.from_numpy(rows * scales[:, None]), weight.detach())


def test_frozen_layers_stay_as_they_are_and_the_others_learn(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "student"
    command = ("decide", "--student", teacher, "--out", out, "--tokens", 512, "--steps", 1)
    run(monkeypatch, train, *command, "--frozen", 2, "--round-from", 1, "--dtype", "float32")

    before, after = (
        LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).model.layers
        for folder in (teacher, out)
    )
    same = [
        all(map(torch.equal, old.parameters(), new.parameters()))
        for old, new in zip(before, after, strict=True)
    ]
    assert same == [True, True, False, False]


def test_turns_that_share_a_prefix_are_computed_as_if_each_stood_alone(teacher: Path) -> None:
    plain = LlamaForCausalLM.from_pretrained(teacher, dtype=torch.float32)
    model = LlamaForCausalLM.from_pretrained(
        teacher, dtype=torch.float32, attn_implementation=turns.NAME
    )
    tokenizer = train.read_tokenizer(teacher, 352)
    group = talk(load("train", None), random.Random(2), 4)
    together = decisions.make_batch([decisions.make_row(tokenizer, group)])
    places = together.labels[:, 1:] != decisions.IGNORE
    alone = []
    for example in group:
        one = decisions.make_batch([decisions.make_row(tokenizer, [example])])
        hidden = plain.model(one.ids).last_hidden_state[:, :-1]
        logits = plain.lm_head(hidden[one.labels[:, 1:] != decisions.IGNORE])
        alone.append(logits.index_put(tuple(one.leads), one.odds, accumulate=True))
    assert len(group) > 1
    torch.testing.assert_close(
        train.logits_at(model, together, places), torch.cat(alone), rtol=1e-4, atol=1e-4
    )


def test_what_reading_says_is_added_in_training_where_the_engine_adds_it(teacher: Path) -> None:
    tokenizer = train.read_tokenizer(teacher, 352)
    example = sample(random.Random(4), "train")
    batch = decisions.make_batch([decisions.make_row(tokenizer, [example])])
    answer = batch.labels[0][batch.labels[0] != decisions.IGNORE].tolist()
    added = torch.zeros(len(answer), tokenizer.num_tokens)
    added.index_put_(tuple(batch.leads), batch.odds, accumulate=True)
    prior = ActionPrior(
        [(tokenizer.encode(t), o) for t, o in render(example.situation).action_prior]
    )
    assert prior.is_open
    for place, token in enumerate(answer):
        if prior.is_open:
            np.testing.assert_array_equal(
                added[place], prior.add_to(np.zeros(added.shape[1], np.float32))
            )
        else:
            assert not added[place].any()
        prior.push(token)


def test_some_turns_are_judged_without_reading(teacher: Path) -> None:
    tokenizer = train.read_tokenizer(teacher, 352)
    rng = random.Random(1)
    group = [sample(rng, "train")] * 200
    alone = sum(not turn.leads for turn in decisions.make_row(tokenizer, group, rng).turns)
    assert 40 <= alone <= 80


def test_a_stopped_training_resumes_where_it_was(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "student"
    command = ("decide", "--student", teacher, "--out", out, "--tokens", 512)
    run(monkeypatch, train, *command, "--steps", 1)
    first = json.loads((out / "training.json").read_text(encoding="utf-8"))
    run(monkeypatch, train, *command, "--steps", 3)
    second = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert (first["steps"], second["steps"]) == (1, 3)
    assert second["tokens"] > first["tokens"]


def test_a_request_to_stop_waits_until_a_save_is_done() -> None:
    # A shell has what it runs in the background ignore the signal.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with train.undisturbed():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, usual)


def test_the_layer_that_does_nothing_is_the_one_least_missed(teacher: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(
        teacher, dtype=torch.float32, attn_implementation=turns.NAME
    )
    idle = model.model.layers[2]
    torch.nn.init.zeros_(idle.self_attn.o_proj.weight)
    torch.nn.init.zeros_(idle.mlp.down_proj.weight)
    tokenizer = train.read_tokenizer(teacher, 352)
    group = talk(load("train", None), random.Random(2), 4)
    batch = decisions.make_batch([decisions.make_row(tokenizer, group)])
    whole = train.batch_loss(model, None, batch, 0.0)[0].item()

    def distance() -> float:
        return abs(train.batch_loss(model, None, batch, 0.0)[0].item() - whole)

    assert shed.least_missed(model, distance) == ([2], 0.0)
    shed.remove(model, 2)
    assert shed.kept_layers(model) == [0, 1, 3]
    assert distance() == 0.0


def test_layers_are_shed_on_the_way_and_a_resumed_run_goes_on_shedding(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "student"
    command = ("decide", "--student", teacher, "--out", out, "--tokens", 512, "--layers", 2)
    for steps, layers in ((4, 2), (8, 2)):
        run(monkeypatch, train, *command, "--steps", steps)
        config = json.loads((out / "config.json").read_text(encoding="utf-8"))
        assert config["num_hidden_layers"] == layers
        assert len(config["kept_layers"]) == layers
        assert LlamaForCausalLM.from_pretrained(out).config.num_hidden_layers == layers


SHEET = """# Hob Millward, miller
traits: sly
goal: sell the last of the rye
knows:
- A sack of rye flour costs nine pence.
can:
- say
- hoist sack: rye / barley
at: the mill, noon
near: player

player: What's a sack of rye?
= say | amused | Nine pence, and it was never cheaper.

player: Up with the rye, then.
= hoist | rye | happy | Up she goes!
"""


def test_written_exchanges_are_learnt_and_a_resumed_run_passes_over_what_it_saw(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets, out = tmp_path / "sheets", tmp_path / "student"
    sheets.mkdir()
    (sheets / "one.txt").write_text(SHEET, encoding="utf-8")
    command = ("decide", "--student", teacher, "--out", out, "--sheets", sheets, "--tokens", 300)
    seen = []
    written = decisions.written

    def watched(*args: Any, **rest: Any) -> Iterator[list[Example]]:
        seen.append(args[4])
        return written(*args, **rest)

    monkeypatch.setattr(decisions, "written", watched)
    run(monkeypatch, train, *command, "--steps", 1)
    run(monkeypatch, train, *command, "--steps", 2)
    assert seen[0] == 0 < seen[1]
    assert json.loads((out / "training.json").read_text(encoding="utf-8"))["steps"] == 2


def test_labels_stand_on_the_answer_alone(teacher: Path) -> None:
    tokenizer = train.read_tokenizer(teacher, 352)
    example = sample(random.Random(4), "train")
    batch = decisions.make_batch([decisions.make_row(tokenizer, [example])])
    learnt = batch.labels[0][batch.labels[0] != decisions.IGNORE]
    assert learnt[-1] == EOS_ID
    words = tokenizer.decode(learnt[:-1].tolist())
    assert words == decisions.answer_text(example.decision)
