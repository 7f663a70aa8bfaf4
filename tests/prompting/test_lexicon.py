"""Words looked up: what the plain way finds, at a price that nothing typed can raise."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import operations

from npcbrain.prompting.action_ranking import learn_words, load_tables
from npcbrain.prompting.lexicon import ALIKE, MAX_SLIPS, SLIP_WORTH, Lexicon
from npcbrain.prompting.reader import STANDARD_READER
from npcbrain.prompting.reflex import reflex
from npcbrain.prompting.shortening import shorter_prompts
from npcbrain.situation import Action, Event, Profile, Scene, Situation

# A millisecond is some 30,000 on a core of 2020. Compared word by word it took a million.
MOST_READING = 70_000
WORDS = st.sampled_from(
    "copper coppers coper silver sliver slivers bed beds cellar celar gate gates mill mile old "
    "oldest smith smithy blacksmith rope ropes roped kitten kitchen".split()
)
LINES = st.lists(st.lists(WORDS, unique=True, max_size=8), max_size=8)


def plain_overlap(
    asked: Sequence[str], words: Sequence[str], commonness: Counter[str] | None
) -> float:
    """Each word against each other word."""
    total, num_slips = 0.0, 0
    for word in asked:
        if word in words:
            total += 1 / commonness[word] if commonness else 1
        elif len(word) >= 4 and num_slips < MAX_SLIPS:
            num_slips += 1
            like = [other for other in words if is_alike(word, other)]
            if like:
                total += SLIP_WORTH * (1 / commonness[like[0]] if commonness else 1)
    return total


def is_alike(word: str, other: str) -> bool:
    mine, its = trigrams(word), trigrams(other)
    close = 2 * len(mine & its) >= ALIKE * (len(mine) + len(its))
    return close and len(other) >= 4 and abs(len(word) - len(other)) <= 3


def trigrams(word: str) -> set[str]:
    return {f"^{word}"[i : i + 3] for i in range(len(word) - 1)}


@given(LINES, st.lists(WORDS, unique=True), st.booleans())
def test_what_is_looked_up_is_what_comparing_each_word_with_each_finds(
    lines: list[list[str]], asked: list[str], weighs_rare: bool
) -> None:
    commonness = Counter(word for words in lines for word in words) if weighs_rare else None
    found = Lexicon(lines).overlap(asked, weighs_rare=weighs_rare)
    expected = [plain_overlap(asked, words, commonness) for words in lines]
    assert [found.get(line, 0.0) for line in range(len(lines))] == pytest.approx(expected)
    assert all(worth > 0 for worth in found.values())


def large_situation(line: str) -> Situation:
    """Somebody who knows and may do more than any prompt holds, of words that are all alike."""
    rng = random.Random(7)

    def words(count: int) -> str:
        return " ".join("".join(rng.choices("abcde", k=rng.randint(4, 8))) for _ in range(count))

    facts = tuple(words(20) for _ in range(16))
    actions = tuple(
        Action(words(2), {words(1): tuple(words(1) for _ in range(8)) for _ in range(2)})
        for _ in range(12)
    )
    npc = Profile("Greta", "baker", ("kind",), "sell bread", facts)
    event = Event("speech", "player", line)
    return Situation(npc, Scene("the mill", "noon"), event, (Action("say"), *actions))


@settings(max_examples=15)
@given(
    st.text(min_size=1, max_size=400)
    | st.text("abcde ", min_size=200, max_size=400)
    | st.lists(st.text("abcde", min_size=4, max_size=8), min_size=40).map(" ".join)
    | st.lists(st.sampled_from("run get take open go carry find kill see".split())).map(" ".join)
)
def test_no_line_of_a_player_costs_a_frame_more_than_a_few_milliseconds(line: str) -> None:
    load_tables()
    situation = large_situation(line)
    learn_words(situation.actions, situation.npc.facts)
    assert operations(lambda: reflex(situation)) < MOST_READING
    prompts = shorter_prompts(situation, may_forget=True, reader=STANDARD_READER, marks=True)
    assert operations(lambda: next(prompts)) < 1.5 * MOST_READING
