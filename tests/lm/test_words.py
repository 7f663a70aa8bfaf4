"""Words that may be said: the list's and the prompt's, and no others."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from npcbrain.errors import ModelError
from npcbrain.lm.model import Model
from npcbrain.lm.words import WordGuard, WordList, split_words

TINY = Path(__file__).parents[1] / "models" / "tiny"

TOKENS = (
    b"",
    b" ",
    b"a",
    b"b",
    b"c",
    b"ab",
    b" ab",
    b"c.",
    b"-",
    b"ca b",
    "\u00e9".encode(),
    b"1",
    b"2",
    b"A",
    b"B",
    b"C",
)
END = 0


def token(text: str) -> int:
    return TOKENS.index(text.encode())


def guard(words: str, prompt: str = "") -> WordGuard:
    return WordList(words.split(), TOKENS, "words.txt").guard(prompt)


def follow(following: WordGuard, *texts: str) -> bool:
    """Whether all tokens are allowed, one after another."""
    for text in texts:
        index = token(text)
        if not following.allows(index):
            return False
        following.push(index)
    return True


def test_a_word_of_the_list_may_be_said_letter_by_letter() -> None:
    assert follow(guard("abc"), "a", "b", "c.")


def test_a_word_may_not_go_on_as_no_word_does() -> None:
    assert not follow(guard("abc"), "a", "c")


def test_a_word_may_not_end_before_its_end() -> None:
    assert not follow(guard("abc"), "ab", " ")
    assert not guard("abc").allows(token("ca b"))


def test_an_answer_may_not_end_within_a_word() -> None:
    following = guard("abc")
    following.push(token("ab"))
    assert not following.allows(END)
    following.push(token("c."))
    assert following.allows(END)


def test_words_of_the_prompt_may_be_said_too_whatever_their_case() -> None:
    assert follow(guard("", "CAB!"), "c", "ab", "-")
    assert not follow(guard("", "CAB!"), "c", "b")


@pytest.mark.parametrize("spelling", ["abc", "Abc", "ABC"])
def test_a_word_is_written_small_with_a_capital_or_in_capitals(spelling: str) -> None:
    assert follow(guard("abc"), *spelling, " ")


@pytest.mark.parametrize("spelling", ["aBc", "ABc", "abC", "AbC"])
def test_capitals_within_a_word_are_a_slip_unless_the_prompt_has_them(spelling: str) -> None:
    assert not follow(guard("abc"), *spelling)
    assert follow(guard("abc", spelling), *spelling, " ")
    assert follow(guard("", spelling), *spelling, " ")


def test_a_prompts_word_may_gain_or_lose_its_plural_s() -> None:
    tokens = (b"", b"key", b"s", b".")
    listed = WordList([], tokens, "words.txt")
    for prompt in ("key", "keys"):
        one, many = listed.guard(prompt), listed.guard(prompt)
        for index in (1, 3):
            assert one.allows(index)
            one.push(index)
        for index in (1, 2, 3):
            assert many.allows(index)
            many.push(index)


def test_a_number_that_nobody_named_cannot_be_said() -> None:
    assert follow(guard("a", "It costs 12."), "1", "2", "-")
    assert not follow(guard("a", "It costs 12."), "1", "1")
    assert not follow(guard("a", "It costs 12."), "1", "-")


def test_letters_beyond_ascii_belong_to_their_word() -> None:
    assert follow(guard("", "cab\u00e9"), "c", "ab", "\u00e9", "-")
    assert not follow(guard("", "cab"), "c", "ab", "\u00e9")


def test_a_token_with_whole_words_inside_is_checked_word_by_word() -> None:
    assert guard("ca b").allows(token("ca b"))
    assert not guard("ca a").allows(token("ca b"))


@pytest.mark.parametrize("word", ["two words", "semi;colon", "a" * 41, "don't"])
def test_a_list_with_something_else_than_words_is_refused(word: str) -> None:
    with pytest.raises(ModelError, match="word must be letters and digits, at most 40, got"):
        WordList([word], TOKENS, "words.txt")


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(ModelError, match="words must be at most 50000, got 'more'"):
        WordList((f"w{i}" for i in range(60_000)), TOKENS, "words.txt")


def with_words(folder: Path, words: bytes) -> Path:
    """The tiny model with a list of words."""
    shutil.copytree(TINY, folder)
    (folder / "words.txt").write_bytes(words)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256(words).hexdigest()
    manifest["files"]["words.txt"] = {"sha256": digest, "bytes": len(words)}
    manifest["words"] = {"file": "words.txt"}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_whatever_the_logits_say_an_answer_holds_only_known_words(
    tmp_path: Path, temperature: float
) -> None:
    model = Model.load(with_words(tmp_path / "model", b"the\nroom\nkeys\n"))
    known = {b"the", b"room", b"keys", b"hilda", b"hildas", b"hello", b"hellos", b"bo", b"bos"}
    random, num_whole = np.random.default_rng(5), 0
    for seed in range(20):
        generation = model.generation(
            "Hilda\n",
            "hello Bo\n",
            grammar="start: /[a-zA-Z ]+[.]/",
            seed=seed,
            temperature=temperature,
        )
        while not generation.finished:
            generation.take(random.normal(size=model.config.vocab).astype(np.float32))
        if generation.finish_reason == "stop":
            num_whole += 1
            assert split_words(generation.text.encode()) <= known
    assert num_whole > 5


def test_a_model_without_a_list_may_say_any_word() -> None:
    assert Model.load(TINY).words is None


def test_a_list_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="words must be UTF-8 text, got"):
        Model.load(with_words(tmp_path / "model", b"caf\xe9\n"))


def test_a_list_that_the_manifest_does_not_vouch_for_is_refused(tmp_path: Path) -> None:
    folder = with_words(tmp_path / "model", b"the\n")
    (folder / "words.txt").write_bytes(b"thy\n")
    with pytest.raises(ModelError, match="model file must have SHA-256"):
        Model.load(folder)
