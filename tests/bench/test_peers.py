"""Promises of ``npcbrain bench peers``: what is compared with what, and how it fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf")

from npcbrain.commands.main import main
from npcbrain.errors import ModelError
from tools.bench.contenders import NUM_CONVERSATIONS, Alone, open_npcbrain
from tools.bench.gguf_files import write_gguf
from tools.bench.peers import SPOKEN_TOKENS, TARGETS, Round, compare, measure
from tools.make_tiny_model import TINY, tiny_tokenizer, tiny_weights

ADDING = ("o_proj.weight", "down_proj.weight")  # what a layer adds to what runs through it


def round_of(decode_ms: float, prefill_ms: float, tokens_per_s: float, text: str = "Hi") -> Round:
    return Round(decode_ms, prefill_ms, tokens_per_s, text)


def test_each_ratio_is_against_whoever_does_best_at_it() -> None:
    result = compare(
        [round_of(10, 100, 80)],
        {"Q8_0": [round_of(12, 400, 40)], "Q4_0": [round_of(15, 300, 50)]},
    )
    assert [result[figure] for figure in TARGETS] == [1.2, 3.0, 1.6]
    assert result["best_kind"] == {"decode": "Q8_0", "prefill_128": "Q4_0", "aggregate_8": "Q4_0"}
    assert result["ratios"]["prefill_128"] == {"Q8_0": 4.0, "Q4_0": 3.0}


def test_a_ratio_is_taken_within_a_round_and_one_bad_round_does_not_move_it() -> None:
    ours = [round_of(10, 10, 10), round_of(20, 20, 5), round_of(10, 10, 10)]
    theirs = [round_of(20, 20, 5), round_of(40, 40, 2.5), round_of(900, 900, 0.1)]
    result = compare(ours, {"Q8_0": theirs})
    assert [result[figure] for figure in TARGETS] == [2.0, 2.0, 2.0]


def test_what_is_said_tells_whether_the_weights_are_the_same() -> None:
    ours = [round_of(1, 1, 1, " The mill wheel"), round_of(1, 1, 1, " A bell")]
    theirs = [round_of(1, 1, 1, " The river"), round_of(1, 1, 1, " Xy bell")]
    assert compare(ours, {"Q8_0": theirs})["same_first_word"] == 0.5


class Noted:
    """A contender that notes what it was asked, and takes no time."""

    weight_bytes = 1_000_000

    def __init__(self, name: str, calls: list[tuple[str, Sequence[int]]]) -> None:
        self.name = name
        self.calls = calls

    def ids(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def alone(self, prompt: Sequence[int], num_tokens: int) -> Alone:
        self.calls.append((self.name, tuple(prompt)))
        return Alone(1.0, 1.0, "Hi")

    def together(self, prompts: Sequence[Sequence[int]], num_tokens: int) -> float:
        assert len(prompts) == NUM_CONVERSATIONS
        self.calls += [("all", tuple(prompt)) for prompt in prompts]
        return 1.0

    def close(self) -> None: ...


def test_everybody_reads_the_same_new_prompts_and_takes_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # By its own globals: another test may have imported the module anew.
    monkeypatch.setitem(measure.__globals__, "_bandwidth", lambda: 1e9)
    calls: list[tuple[str, Sequence[int]]] = []
    a, b = Noted("a", calls), Noted("b", calls)
    result = measure(a, [b], num_rounds=2)  # type: ignore[arg-type]
    turns = [(name, prompt) for name, prompt in calls if name != "all"]
    assert [name for name, _ in turns] == ["b", "a", "a", "b", "b", "a"]  # the first is a warm-up
    assert all(len(prompt) == 128 for _, prompt in turns)
    assert [turns[i][1] == turns[i + 1][1] for i in (0, 2, 4)] == [True] * 3
    first_tokens = {prompt[0] for _, prompt in calls}
    assert len(first_tokens) == 3 * (1 + NUM_CONVERSATIONS)
    assert result["rounds"] == 2
    assert result["contenders"][0]["decode_limit_ms"] == 1.0


@pytest.fixture(scope="module")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peers") / "tiny.gguf"
    write_gguf(path, TINY, tiny_weights(TINY), tiny_tokenizer(TINY.vocab), "Q8_0")
    return path


def test_the_engine_reads_whole_prompts_and_says_what_it_was_asked(
    tiny_gguf: Path, tmp_path: Path
) -> None:
    ours = open_npcbrain(tiny_gguf, 2, tmp_path / "model")
    prompt = [20, *ours.ids("the player gives the key to the room")]
    first = ours.alone(prompt, SPOKEN_TOKENS)
    again = ours.alone([21, *prompt], SPOKEN_TOKENS)
    assert first.text
    assert min(first.prefill_ms, first.decode_ms, again.decode_ms) > 0
    prompts = [[100 + n, *prompt[:15]] for n in range(NUM_CONVERSATIONS)]
    assert ours.together(prompts, SPOKEN_TOKENS) > 0


def test_a_prompt_read_before_would_be_no_measurement(tiny_gguf: Path, tmp_path: Path) -> None:
    ours = open_npcbrain(tiny_gguf, 2, tmp_path / "model")
    ours.alone(list(range(20, 60)), 2)
    with pytest.raises(AssertionError, match=r"^a prompt must be new, and a slot free$"):
        ours.alone(list(range(20, 60)), 2)


def test_a_missing_file_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "none.gguf"
    assert main(["bench", "peers", "--gguf", str(path), "--json"]) == 2
    assert capsys.readouterr().err == (
        f"npcbrain: --gguf must be a file, got 'none.gguf' - at {path}; "
        "a Llama, such as the teacher's, see tools/distil/teacher.py\n"
    )


def test_a_file_of_another_kind_is_no_llama(tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(ModelError, match=r"^weights must be a Llama in a GGUF file, got '"):
        open_npcbrain(path, 2, tmp_path / "model")


def test_without_llama_cpp_the_error_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny_gguf: Path
) -> None:
    for package in ("llama_cpp", "xllamacpp"):
        monkeypatch.setitem(sys.modules, package, None)
    assert main(["bench", "peers", "--gguf", str(tiny_gguf), "--json"]) == 2
    assert capsys.readouterr().err == (
        "npcbrain: llama.cpp's package must be installed, got None - at npcbrain bench peers; "
        "pip install llama-cpp-python, which compiles it for this processor (some minutes, needs "
        "a C++ compiler), or pip install xllamacpp, a slower wheel for any processor\n"
    )


@pytest.fixture(scope="module")
def decisive_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights again, but the layers add too little for rounding to decide the next token."""
    weights = {
        name: array * np.float32(0.01 if name.endswith(ADDING) else 1.0)
        for name, array in tiny_weights(TINY).items()
    }
    path = tmp_path_factory.mktemp("peers") / "decisive.gguf"
    write_gguf(path, TINY, weights, tiny_tokenizer(TINY.vocab), "Q8_0")
    return path


def test_llama_cpp_itself_takes_part_and_says_the_same(
    capsys: pytest.CaptureFixture[str], decisive_gguf: Path
) -> None:
    if not any(map(_is_installed, ("llama_cpp", "xllamacpp"))):
        pytest.skip("neither llama-cpp-python nor xllamacpp is installed")
    command = ["bench", "peers", "--gguf", str(decisive_gguf), "--rounds", "3", "--segments", "2"]
    assert main([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result)[:3] == ["decode", "prefill_128", "aggregate_8"]
    assert all(result[figure] > 0 for figure in TARGETS)
    # By chance it would be 0. A word without an end is cut by the guard against repetition.
    assert result["same_first_word"] > 0.5
    assert [each["name"] for each in result["contenders"]] == [
        "npcbrain",
        "llama.cpp, as shipped",
        "llama.cpp Q8_0",
        "llama.cpp Q4_0",
    ]


def _is_installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None
