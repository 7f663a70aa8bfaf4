"""Tokenizers that mean harm are refused before they are built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import ModelError
from npcbrain.lm import tokenizer_file
from npcbrain.lm.panics import no_panic
from npcbrain.lm.tokenizer_file import QWEN_2, read_tokenizer

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "models" / "tiny" / "tokenizer.json"

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> bytes:
    data = json.loads(FILE.read_text(encoding="utf-8"))
    edit(data)
    return json.dumps(data).encode()


def replace(text: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": text}, "content": content}


def normal(*steps: Any) -> Edit:
    whole = {"type": "Sequence", "normalizers": list(steps)}
    return lambda data: data.update(normalizer=whole)


def split(pattern: Any) -> Edit:
    step = {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
    return lambda data: data.update(pre_tokenizer=step)


HOSTILE: dict[str, tuple[Edit, str]] = {
    "a character becomes a million": (
        normal(replace("a", "a" * 1_000_000)),
        "content of Replace must be a text of at most 8 characters",
    ),
    "a character becomes four, time and again": (
        normal(*[replace("a", "aaa")] * 5),
        "normalizer must replace at most 4 times, got 5",
    ),
    "a word before every text": (
        normal({"type": "Prepend", "prepend": "kill them "}),
        "prepend of Prepend must be a text of at most 8 characters",
    ),
    "a text is looked for by a pattern": (
        normal({"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": "b"}),
        "pattern of Replace must be a text",
    ),
    "words are cut by a pattern without end": (
        split({"Regex": "(a+)+$"}),
        "pattern of Split must be that of Llama 3, Qwen 2 or GPT-4o, got '(a+)+$'",
    ),
    "steps nobody knows": (
        normal({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
        "normalizer must have steps that are one of ",
    ),
    "steps in steps": (
        normal({"type": "Sequence", "normalizers": []}),
        "normalizer must have steps that are one of ",
    ),
    "steps without number": (normal(*[{"type": "NFC"}] * 99), "normalizer must have at most 8"),
    "a step that is none": (normal(7), "normalizer must have steps that are one of "),
    "chance": (
        lambda data: data["model"].update(dropout=0.5),
        "tokenizer must not leave tokens to chance",
    ),
    "an unknown token nobody knows": (
        lambda data: data["model"].update(unk_token="<nothing>"),
        "unk_token must be in the vocab, got '<nothing>'",
    ),
    "a vocab that is none": (lambda data: data["model"].update(vocab=[]), "tokenizer must have a"),
    "another kind": (lambda data: data["model"].update(type="Unigram"), "tokenizer must be BPE"),
    "added tokens without number": (
        lambda data: data.update(added_tokens=[data["added_tokens"][0]] * 30_000),
        "added_tokens must be a list of at most 20000",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_steps_that_mean_harm_are_refused(kind: str) -> None:
    edit, message = HOSTILE[kind]
    with pytest.raises(ModelError) as caught:
        read_tokenizer(edited(edit), "tokenizer.json")
    assert str(caught.value).startswith(message)
    assert " - at tokenizer.json" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"7", b"[" * 100_000, b'{"model": 1}'])
def test_what_is_no_tokenizer_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^tokenizer must be a tokenizer.json, got "):
        read_tokenizer(content, "tokenizer.json")


def test_a_file_of_gigabytes_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_file, "MAX_BYTES", 10)
    with pytest.raises(ModelError, match=r"^tokenizer must have at most 10 bytes, got 11"):
        read_tokenizer(b"[" * 11, "tokenizer.json")


def test_the_patterns_of_models_that_can_be_imported_are_known() -> None:
    assert read_tokenizer(edited(split({"Regex": QWEN_2})), "t").encode("a b").tokens


def test_what_adds_to_a_text_is_left_out() -> None:
    whole = {"Sequence": {"id": "A", "type_id": 0}}
    more = {"type": "TemplateProcessing", "single": [whole] * 50, "pair": [], "special_tokens": {}}
    content = edited(lambda data: data.update(post_processor=more))
    plain = read_tokenizer(FILE.read_bytes(), "t").encode("a b")
    assert read_tokenizer(content, "t").encode("a b").ids == plain.ids


def test_what_is_looked_at_is_what_is_built() -> None:
    """JSON may say a thing twice, and two readers may take another one each."""
    text = FILE.read_text(encoding="utf-8")
    evil = json.dumps(replace("e", "eee"))
    twice = '{"normalizer": ' + evil + ", " + text.strip().removeprefix("{")
    built = read_tokenizer(twice.encode(), "t")
    assert built.normalizer is None


def test_a_panic_of_a_package_is_an_error_like_others() -> None:
    class Panic(BaseException):
        pass

    with pytest.raises(RuntimeError, match="index out of bounds"), no_panic():
        raise Panic("index out of bounds")
    for own in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(own), no_panic():
            raise own


def test_a_tokenizer_that_panics_is_a_model_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panicking:
        @staticmethod
        def from_str(text: str) -> object:
            raise BaseException("called unwrap on a None value")

    monkeypatch.setattr(tokenizer_file, "Tokenizer", Panicking)
    with pytest.raises(ModelError, match=r"tokenizer.json, got 'called unwrap on a None value'"):
        read_tokenizer(FILE.read_bytes(), "tokenizer.json")
