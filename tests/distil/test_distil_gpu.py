"""Training in minutes on one large GPU, at toy size and on a processor.

Needs the ``distil`` extra (PyTorch); without it these tests are left out.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the distil extra is not installed")
pytest.importorskip("transformers", reason="the distil extra is not installed")

from toy_teacher import make_teacher  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from npcbrain.errors import ModelError, UsageError  # noqa: E402
from tools.distil import decisions, export, gpu, train  # noqa: E402
from tools.distil.sheets import Sheet, read_sheets  # noqa: E402

SHEET = """
# {name}, {role}
traits: brisk
knows:
- A loaf costs {price} silver.
- The cellar is flooded.
can:
- say
- sell item: loaf / cake
- leave

player: how much is a loaf?
= say | neutral | It costs {price} silver.

player: One loaf, please.
= sell | loaf | happy | There you go.

! world: The roof is on fire!
= leave | afraid | Out, everybody out!
"""
PEOPLE = {"Ann": "baker", "Borg": "grocer", "Cleo": "cook"}  # the last one is held out


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the teacher's, with a random model of four thin layers."""
    return make_teacher(tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of written exchanges with three characters."""
    folder = tmp_path_factory.mktemp("sheets")
    for (name, role), price in zip(PEOPLE.items(), ("three", "six", "nine"), strict=True):
        text = SHEET.format(name=name, role=role, price=price)
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    (folder / "held_out.txt").write_text("Cleo.txt: Cleo", encoding="utf-8")
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """Runs the command in this process."""
    monkeypatch.setattr(sys, "argv", ["gpu", *map(str, arguments)])
    gpu.main()


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).state_dict()


def course(folder: Path, sheets: Path, start: Path, *more: object) -> tuple[object, ...]:
    """A short course from 4 layers to 3 and 2; in float32, for few processors know bfloat16."""
    paths = ("--start", start, "--out", folder / "out", "--work", folder / "work")
    few = ("--steps", 4, "--tokens", 400, "--turns", 3, "--students", "2,3", "--workers", 0)
    return ("train", *paths, "--sheets", sheets, *few, "--dtype", "float32", *more)


@pytest.mark.parametrize("peak", [12, 127])
def test_what_is_packed_comes_back_within_half_a_step(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peak: int
) -> None:
    monkeypatch.setattr(gpu, "PIECE", 20_000)
    packed, back = tmp_path / "packed", tmp_path / "back"
    run(monkeypatch, "pack", "--weights", teacher, "--out", packed, "--peak", peak, "--name", "one")
    files = sorted(packed.iterdir())
    assert len(files) > 2
    assert all(file.stat().st_size <= 20_000 for file in files)

    run(monkeypatch, "unpack", "--packed", packed, "--out", back)
    before, after = weights_of(teacher), weights_of(back)
    for name, weight in before.items():
        parts = 127 if "embed" in name or "head" in name else peak
        step = weight.abs().amax(-1, keepdim=True) / parts if weight.dim() == 2 else 0 * weight
        assert ((after[name] - weight).abs() <= step / 2 + 1e-6).all(), name
    assert (back / "tokenizer.json").read_bytes() == (teacher / "tokenizer.json").read_bytes()

    files[1].unlink()
    with pytest.raises(ModelError, match="one must be whole"):
        gpu.unpack(packed, "one", back)
    with pytest.raises(UsageError, match="--name"):
        gpu.unpack(packed, "two", back)


def test_a_course_ends_in_students_that_come_back_as_they_ran(
    teacher: Path, sheets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, out, back = (tmp_path / name for name in ("packed", "out", "back"))
    run(monkeypatch, "pack", "--weights", teacher, "--out", packed, "--peak", 12)
    run(monkeypatch, *course(tmp_path, sheets, packed, "--round-from", 0.4, "--workers", 2))

    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert list(report) == ["teacher", "student-3", "student-2"]
    assert [len(entry["layers"]) for entry in report.values()] == [4, 3, 2]
    for entry in report.values():
        assert entry["steps"] == 4
        assert entry["held_out"].keys() == {"loss", "action_loss", "action_tokens", "actions"}
        assert 0 <= entry["held_out"]["actions"] <= entry["held_out"]["action_tokens"] <= 1
    files = list(out.iterdir())
    assert len(files) == 3
    assert sum(file.stat().st_size for file in files) <= gpu.ROOM

    run(monkeypatch, "unpack", "--packed", out, "--name", "student-2", "--out", back)
    before, after = weights_of(tmp_path / "work" / "student-2"), weights_of(back)
    for name, weight in before.items():
        if "embed" not in name and "head" not in name:
            torch.testing.assert_close(after[name], weight, rtol=1e-6, atol=1e-7)
    model, _ = export.export(back, "toy", "fp32", {}, 2, 512)
    assert model.config.layers == 2


def test_what_was_cut_off_goes_on_where_it_was(
    teacher: Path, sheets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = course(tmp_path, sheets, teacher)
    update, steps = gpu.Stage._update, iter(range(100))

    def cut_off(stage: gpu.Stage) -> None:
        update(stage)
        if next(steps) == 5:  # the second of the first student's
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(gpu.Stage, "_update", cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(broken, *command)
    first = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert list(first) == ["teacher"]
    assert (tmp_path / "work" / "student-3" / "checkpoint.pt").exists()

    taken = []
    monkeypatch.setattr(gpu.Stage, "_update", lambda stage: (taken.append(1), update(stage)))
    run(monkeypatch, *command)
    second = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert second["teacher"] == first["teacher"]
    assert [entry["steps"] for entry in second.values()] == [4, 4, 4]
    assert len(taken) == 3 + 4  # a step that was cut off in its midst is taken again

    for file in (tmp_path / "out").iterdir():  # done is done, and is only packed again
        file.unlink()
    run(monkeypatch, *command)
    assert len(taken) == 7
    assert gpu.pieces(tmp_path / "out", "student-3")


def test_what_does_not_fit_stays(
    teacher: Path, sheets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, *course(tmp_path, sheets, teacher, "--deliver", "2", "--from-larger"))
    out = tmp_path / "out"
    (file,) = gpu.pieces(out, "*")
    assert file.name == "student-2.npz.00"
    monkeypatch.setattr(gpu, "ROOM", file.stat().st_size + 1000)
    run(monkeypatch, *course(tmp_path, sheets, teacher))
    assert gpu.pieces(out, "*") == [file]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    larger, smaller = (set(report[f"student-{n}"]["layers"]) for n in (3, 2))
    assert smaller < larger


@pytest.mark.parametrize("dtype", ["autocast", "bfloat16"])
def test_products_are_bfloat16_and_what_is_learnt_is_float32(
    teacher: Path, sheets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    few = decisions.make_batch([decisions.Row([1, 2, 3, 4], [])])
    found = set()

    def look(stage: gpu.Stage) -> None:
        model = stage.student.model
        matrix = model.layers[0].mlp.gate_proj
        matrix.register_forward_hook(
            lambda _, __, product: found.add(
                (stage.masters[0].dtype, matrix.weight.dtype, product.dtype)
            )
        )
        model(few.ids, position_ids=few.positions, use_cache=False, layout=few.layout)

    monkeypatch.setattr(gpu.Stage, "_update", look)
    monkeypatch.setattr(gpu, "NUM_TRIED", 1)
    few_steps = ("--dtype", dtype, "--steps", 1, "--students", "3")
    run(monkeypatch, *course(tmp_path, sheets, teacher, *few_steps))
    weight = torch.float32 if dtype == "autocast" else torch.bfloat16
    assert found == {(torch.float32, weight, torch.bfloat16)}


def test_no_stage_begins_when_the_time_is_up(
    teacher: Path, sheets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, *course(tmp_path, sheets, teacher, "--steps", 0, "--minutes", 0.5))
    assert not (tmp_path / "work" / "teacher").exists()


def test_workers_share_an_epoch_and_none_has_who_is_held_out(
    teacher: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(_: object, groups: object, *__: object, **___: object) -> object:
        return ((group[0].situation.npc.role, group[0].situation.event.text) for group in groups)

    args = argparse.Namespace(sheets=sheets, seed=1, turns=1, tokens=400, text=[])
    monkeypatch.setattr(gpu.decisions, "batches", named)
    monkeypatch.setattr(gpu.decisions, "VARIED", 0.0)
    found = []
    for index in range(2):
        worker = SimpleNamespace(id=index, num_workers=2)
        monkeypatch.setattr(gpu, "get_worker_info", lambda worker=worker: worker)
        source = iter(gpu.Exchanges(args, teacher, 352, 0))
        found += [pickle.loads(next(source)) for _ in range(3)]
    written = [
        (sheet_role(sheet), example.situation.event.text)
        for sheet in read_sheets(sheets, "train")
        for example in sheet.examples
    ]
    assert sorted(found) == sorted(written)


def sheet_role(sheet: Sheet) -> str:
    return sheet.examples[0].situation.npc.role


def test_an_action_is_right_if_all_of_it_is(
    teacher: Path, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = train.read_tokenizer(teacher, 352)
    rows = [decisions.make_row(tokenizer, s.examples) for s in read_sheets(sheets, "train")]
    batch = decisions.make_batch(rows)
    places = batch.labels[:, 1:] != decisions.IGNORE
    wanted = batch.labels[:, 1:][places]
    chosen = (batch.weights[:, 1:][places] == decisions.CHOOSING).nonzero().flatten()
    guessed = wanted.clone()
    guessed[chosen[:2]] = 0  # two tokens of the first action
    guessed[chosen[-1] + 2] = 0  # and one of what the last answer says
    logits = 40.0 * torch.nn.functional.one_hot(guessed, 352).float()
    monkeypatch.setattr(gpu, "logits_at", lambda *_: logits)
    scores = gpu.judge(LlamaForCausalLM.from_pretrained(teacher), [batch])
    assert scores["actions"] == pytest.approx(1 - 1 / 6, abs=1e-4)
    assert scores["action_tokens"] == pytest.approx(1 - 2 / len(chosen), abs=1e-4)
    assert scores["loss"] == pytest.approx(40 * 3 / len(wanted), abs=1e-3)
