"""Promises of ``npcbrain.commands.main``: what the commands print, and how they fail."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.decide import tree_decision
from npcbrain.commands.main import main
from npcbrain.errors import ModelError
from npcbrain.situation import Decision, Situation

TINY = str(Path(__file__).parents[1] / "models" / "tiny")
ROOMY = ("--budget-ms", "1000")  # so that no outcome hangs on the machine's speed
SITUATION: dict[str, Any] = {
    "npc": {"name": "Al", "role": "cook"},
    "event": {"kind": "speech", "from": "player", "text": "Hi?"},
    "actions": [{"name": "say"}, {"name": "go", "args": {"to": ["inn", "well"]}}],
}
EXPECT = {"actions": [{"name": "say"}], "say_any": [], "say_none": []}
TOO_LONG = {**SITUATION, "memory": ["It rained for a very long time. " * 6] * 4}


@pytest.fixture
def situation(tmp_path: Path) -> str:
    path = tmp_path / "situation.json"
    path.write_text(json.dumps(SITUATION), encoding="utf-8")
    return str(path)


@pytest.fixture
def scenarios(tmp_path: Path) -> str:
    path = tmp_path / "scenarios.jsonl"
    lines = [
        {"id": "a-talk", **SITUATION, "expect": EXPECT},
        {"id": "b-talk", **SITUATION, "expect": EXPECT},
        {"id": "c-long", **TOO_LONG, "expect": EXPECT},
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(path)


def result_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    output = capsys.readouterr().out
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    assert len(output.splitlines()) == 1
    return result


def complaint_of(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_decide_prints_a_decision_and_how_it_came_about(
    capsys: pytest.CaptureFixture[str], situation: str
) -> None:
    result = result_of(capsys, "decide", situation, "--model", TINY, *ROOMY)
    assert list(result) == [
        "action",
        "args",
        "emotion",
        "say",
        "source",
        "reason",
        "quoted",
        "frames",
        "first_word_frames",
        "tokens",
    ]
    assert result["source"] == "model"
    assert 1 <= result["first_word_frames"] <= result["frames"]
    assert result["tokens"] > 0


def test_decide_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(SITUATION).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert result_of(capsys, "decide", "-", "--model", TINY, *ROOMY)["source"] == "model"


def test_a_budget_that_can_never_fit_is_answered_by_a_tree(
    capsys: pytest.CaptureFixture[str], situation: str
) -> None:
    result = result_of(capsys, "decide", situation, "--model", TINY, "--budget-ms", "0.0001")
    assert (result["source"], result["action"], result["say"]) == ("tree", "say", "Hm.")
    assert result["reason"] in ("no_budget", "expired", "would_exceed")
    assert (result["first_word_frames"], result["tokens"]) == (None, 0)


def test_the_smallest_tree_does_the_first_thing_where_it_may_not_speak() -> None:
    mute = Situation.from_dict({**SITUATION, "actions": SITUATION["actions"][1:]})
    assert tree_decision(mute, "expired") == Decision(
        "go", {"to": "inn"}, say="Hm.", source="tree", reason="expired"
    )


def test_evaluate_scores_the_models_own_answers_alone(
    capsys: pytest.CaptureFixture[str], scenarios: str
) -> None:
    result = result_of(capsys, "evaluate", scenarios, "--model", TINY, *ROOMY)
    assert list(result) == [
        "num",
        "valid",
        "action_accuracy",
        "action_accuracy_say",
        "action_accuracy_act",
        "grounded",
        "clean",
        "quoted",
        "intervals",
        "mean_frames",
        "fallbacks",
        "categories",
    ]
    assert result["num"] == 3
    # A tree would have said something, and that would have been accepted.
    assert result["fallbacks"]["refused"] >= 1
    assert result["categories"]["long"]["valid"] == 0.0
    assert result["categories"]["long"]["action_accuracy"] == 0.0


def test_evaluate_writes_the_answers(
    capsys: pytest.CaptureFixture[str], scenarios: str, tmp_path: Path
) -> None:
    out = tmp_path / "answers.jsonl"
    result_of(capsys, "evaluate", scenarios, "--model", TINY, "--out", str(out), *ROOMY)
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == ["a-talk", "b-talk", "c-long"]
    assert (answers[2]["source"], answers[2]["reason"]) == ("tree", "refused")
    assert answers[2]["accepted"] is False


def test_doctor_tells_versions_prices_and_whether_the_budget_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = result_of(capsys, "doctor", "--model", TINY, *ROOMY)
    assert result["fits"] is True
    assert result["providers"] == ["CPUExecutionProvider"]
    assert result["model"]["name"] == "tiny"
    assert {step["kind"] for step in result["steps"]} == {"copy", "prefill", "decode"}
    assert result["versions"]["numpy"]


def test_doctor_tells_a_budget_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of(capsys, "doctor", "--model", TINY, "--budget-ms", "0.0001")
    assert (result["fits"], result["answer_frames"]) == (False, None)
    assert "load a smaller model" in result["advice"]


def test_without_json_a_table_is_printed(
    capsys: pytest.CaptureFixture[str], situation: str
) -> None:
    assert main(["decide", situation, "--model", TINY, *ROOMY]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:1].strip()]
    assert {"action", "say", "source", "frames"} <= set(names)


def test_a_missing_situation_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "nothing.json")
    line = complaint_of(capsys, 2, "decide", path, "--model", TINY, "--json")
    assert line == (
        "npcbrain: situation must be a readable file, got 'No such file or directory' - "
        f"at {path}; check the path"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b" " * 2_000_000])
def test_a_file_that_is_no_situation_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    line = complaint_of(capsys, 2, "decide", str(path), "--model", TINY)
    assert line.startswith("npcbrain: situation must be ")


def test_a_wrong_field_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "situation.json"
    path.write_text(json.dumps({**SITUATION, "actions": []}), encoding="utf-8")
    line = complaint_of(capsys, 2, "decide", str(path), "--model", TINY)
    assert line.endswith(f'at {path}: $.actions; add {{"name": "say"}}')


def test_a_folder_that_is_no_model_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], situation: str, tmp_path: Path
) -> None:
    line = complaint_of(capsys, 2, "decide", situation, "--model", str(tmp_path))
    assert line == (
        "npcbrain: model file must exist and be readable, got 'manifest.json' - "
        f"at {tmp_path / 'manifest.json'}; install the model again"
    )


def test_an_installation_without_a_model_is_one_line_and_code_1(
    capsys: pytest.CaptureFixture[str], situation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> Path:
        raise ModelError("model must be installed")

    monkeypatch.setattr("npcbrain.lm.loading.default_model_path", lost)
    assert complaint_of(capsys, 1, "decide", situation) == "npcbrain: model must be installed"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_situation_may_begin_with_a_byte_order_mark(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, mark: bytes
) -> None:
    path = tmp_path / "situation.json"
    path.write_bytes(mark + json.dumps(SITUATION).encode())
    assert result_of(capsys, "decide", str(path), "--model", TINY, *ROOMY)["source"] == "model"


@pytest.mark.parametrize("command", ["decide", "evaluate"])
def test_a_folder_instead_of_a_file_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    line = complaint_of(capsys, 2, command, str(tmp_path), "--model", TINY)
    assert " must be a readable file, got " in line
    assert line.endswith(f"at {tmp_path}; check the path")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n \n", "scenarios must hold at least one line, got 0 - at {path}"),
        (b"\xff", "scenarios must be UTF-8, got 'invalid start byte' - at {path}"),
        (b"[1]", "value must be an object, got [1] - at {path}:1: $"),
        (b" " * (1 << 20) + b"1", "line must have at most 1048576 characters, got 1048577"),
    ],
)
def test_a_file_that_holds_no_scenarios_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "scenarios.jsonl"
    path.write_bytes(content)
    line = complaint_of(capsys, 2, "evaluate", str(path), "--model", TINY)
    assert line.startswith(f"npcbrain: {message.format(path=path)}")


def test_a_reader_that_goes_away_is_no_traceback(situation: str) -> None:
    command = [sys.executable, "-m", "npcbrain", "decide", situation, "--model", TINY, *ROOMY]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
    assert (process.returncode, complaint) == (1, b"")


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf"])
def test_a_budget_must_be_above_0(
    capsys: pytest.CaptureFixture[str], situation: str, budget: str
) -> None:
    line = complaint_of(capsys, 2, "decide", situation, "--model", TINY, "--budget-ms", budget)
    assert line == (
        f"npcbrain: --budget-ms must be a number above 0, got {float(budget)} - "
        "at the command line; pass milliseconds, such as 4"
    )


@pytest.mark.parametrize(
    "wrong", [("--npcs", "0"), ("--frames", "0"), ("--game-ms", "-1"), ("--game-ms", "nan")]
)
def test_a_bench_out_of_range_is_refused(
    capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    line = complaint_of(capsys, 2, "bench", "frames", "--model", TINY, *wrong)
    assert line.startswith(f"npcbrain: {wrong[0]} must be ")


def test_an_answers_file_that_cannot_be_written_is_code_2(
    capsys: pytest.CaptureFixture[str], scenarios: str, tmp_path: Path
) -> None:
    out = str(tmp_path / "no such folder" / "answers.jsonl")
    # The model is not even looked for: nobody waits minutes for an answer that has nowhere to go.
    line = complaint_of(capsys, 2, "evaluate", scenarios, "--model", "none", "--out", out)
    assert line.startswith("npcbrain: --out must be writable, got ")


@pytest.mark.parametrize("arguments", [[], ["dance"], ["bench"], ["decide"]])
def test_a_wrong_command_line_is_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_importing_npcbrain_loads_neither_the_model_nor_its_packages() -> None:
    heavy = "onnxruntime", "numpy", "tokenizers", "llguidance", "rich"
    code = f"import npcbrain, sys; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_module_runs_as_a_command(situation: str) -> None:
    command = [sys.executable, "-m", "npcbrain", "decide", situation, "--model", TINY, *ROOMY]
    run = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["source"] == "model"
