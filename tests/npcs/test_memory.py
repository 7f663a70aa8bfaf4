"""Promises of ``npcbrain.npcs.memory``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.errors import UsageError
from npcbrain.lm.marks import MEMORY
from npcbrain.npcs.memory import HALF_LIFE, Memory
from npcbrain.situation import Event


def words(text: str) -> int:
    return len(text.split())


def test_memories_are_told_oldest_first() -> None:
    memory = Memory()
    memory.add("He came.", 0.2)
    memory.add("He paid.", 0.9)
    memory.add("He left.", 0.5)
    assert memory.select(100, words) == ("He came.", "He paid.", "He left.")


def test_the_more_important_of_two_new_lines_is_told() -> None:
    memory = Memory()
    memory.add("He saved my life.", 0.9)
    memory.add("He likes the soup.", 0.1)
    assert memory.select(100, words, max_lines=1) == ("He saved my life.",)


def test_of_two_equally_important_lines_the_newer_is_told() -> None:
    memory = Memory()
    memory.add("He bought bread.", 0.5)
    memory.add("He bought fish.", 0.5)
    assert memory.select(100, words, max_lines=1) == ("He bought fish.",)


def test_an_important_line_yields_to_small_talk_after_enough_half_lives() -> None:
    memory = Memory()
    memory.add("He saved my life.", 0.8)
    for number in range(2 * HALF_LIFE + 1):
        memory.add(f"Talk {number}.", 0.2)
    last = f"Talk {2 * HALF_LIFE}."
    assert memory.select(100, words, max_lines=1) == (last,)


def test_a_line_that_does_not_fit_is_passed_over_whole() -> None:
    memory = Memory()
    memory.add("A short one.", 0.1)
    memory.add("A very long one that says a great deal about nothing.", 0.9)
    assert memory.select(6, words) == ("A short one.",)


def test_the_lightest_is_forgotten_when_full() -> None:
    memory = Memory(capacity=2)
    memory.add("The king died.", 1.0)
    memory.add("It rained.", 0.1)
    memory.add("The well is dry.", 0.5)
    assert [entry.text for entry in memory] == ["The king died.", "The well is dry."]


def test_a_line_learned_again_is_kept_once_as_the_newest() -> None:
    memory = Memory()
    memory.add("He paid.", 0.9)
    memory.add("He left.", 0.5)
    memory.add("He paid.", 0.1)
    assert [(e.text, e.importance) for e in memory] == [("He left.", 0.5), ("He paid.", 0.9)]


def test_tokens_are_counted_once_for_the_same_function() -> None:
    asked: list[str] = []

    def count(text: str) -> int:
        asked.append(text)
        return 1

    memory = Memory()
    memory.add("He paid.")
    memory.select(10, count)
    memory.select(10, count)
    assert asked == [f"{MEMORY} He paid.\n"]


def test_another_function_counts_anew() -> None:
    memory = Memory()
    memory.add("He paid.")
    assert memory.select(10, words) == ("He paid.",)
    assert memory.select(10, len) == ()


def test_a_book_is_cut_to_its_first_sentences() -> None:
    memory = Memory()
    memory.add("It was the best of times. " * 10_000)
    (entry,) = memory
    assert entry.text == ("It was the best of times. " * 9).strip()


def test_nothing_is_learned_from_silence() -> None:
    memory = Memory()
    memory.add(" \n\x00\ud800 ")
    assert len(memory) == 0


@pytest.mark.parametrize("importance", [-0.1, 1.1, float("nan"), True, "high", None])
def test_an_importance_outside_0_to_1_is_refused(importance: float) -> None:
    memory = Memory()
    with pytest.raises(UsageError) as caught:
        memory.add("He paid.", importance)
    assert str(caught.value) == (
        f"importance must be a number from 0 to 1, got {importance!r} - at Memory.add()"
    )
    assert len(memory) == 0


@pytest.mark.parametrize("capacity", [0, -1, 2.0, True])
def test_a_capacity_that_is_no_count_is_refused(capacity: int) -> None:
    with pytest.raises(UsageError, match=r"^capacity must be an integer above 0, got "):
        Memory(capacity)


lines = st.tuples(st.text(max_size=400), st.floats(0, 1))


@given(st.lists(lines, max_size=40), st.integers(1, 8), st.integers(0, 60))
def test_whatever_was_learned_the_budget_and_the_bounds_hold(
    learned: list[tuple[str, float]], capacity: int, max_tokens: int
) -> None:
    memory = Memory(capacity)
    for text, importance in learned:
        memory.add(text, importance)
    told = memory.select(max_tokens, words)
    assert len(memory) <= capacity
    assert sum(words(f"- {line}\n") for line in told) <= max_tokens
    kept = [entry.text for entry in memory]
    assert list(told) == [line for line in kept if line in told]
    assert all(len(line) <= 240 and "\n" not in line for line in kept)


def test_who_talks_without_end_does_not_talk_away_what_happened() -> None:
    memory = Memory(capacity=8)
    memory.add("The mill burned down.", 0.2)
    memory.add("The guard took a bribe.", 0.9)
    for number in range(50):
        memory.add_event(Event("speech", "player", f"Hear me out, {number}."), None, "Greta")
    kept = [str(entry.told) for entry in memory]
    assert kept[:2] == ["The mill burned down.", "The guard took a bribe."]
    assert kept[2:] == [f"The player said: Hear me out, {number}." for number in range(44, 50)]
    told = [str(line) for line in memory.select(1000, len)]
    assert told == [kept[1], *kept[-3:]]


def test_where_there_is_nothing_but_talk_all_of_it_is_kept_and_told() -> None:
    memory = Memory(capacity=8)
    for number in range(50):
        memory.add_event(Event("speech", "player", f"Hear me out, {number}."), None, "Greta")
    assert len(memory) == 8
    assert len(memory.select(1000, len)) == 4
