"""Words that may be said: the list's and the prompt's, and no others."""

from __future__ import annotations

import pytest

from npcbrain.errors import ModelError
from npcbrain.lm.words import WordGuard, WordList

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
