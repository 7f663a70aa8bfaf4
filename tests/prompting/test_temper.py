"""Days that hang on who the character is: the same request, answered by trait, rank or memory."""

from __future__ import annotations

import random
import re
from collections import defaultdict

import pytest

from npcbrain.prompting.action_ranking import TALK_NAMES
from tools.distil.situations import Example
from tools.distil.situations.day import day
from tools.distil.situations.lexicon import Lexicon, load

SAYS = TALK_NAMES
NUM_DAYS = 1200


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load("train")


@pytest.fixture(scope="module")
def met(lexicon: Lexicon) -> dict[str, list[Example]]:
    """The examples of many days, by category."""
    rng = random.Random("test-temper")
    found: dict[str, list[Example]] = defaultdict(list)
    for _ in range(NUM_DAYS):
        for example in day(lexicon, rng, 8):
            found[example.category].append(example)
    return found


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z'-]+", text.lower()))


def does(example: Example) -> bool:
    """Whether what was asked for is done: an action with a value of its own, or one named so."""
    return example.decision.action not in SAYS and len(example.expect.actions) == 1


def test_who_takes_orders_from_one_person_obeys_that_one_alone(
    met: dict[str, list[Example]],
) -> None:
    obeyed = {True: 0, False: 0}
    for example in met["authority"]:
        people = {value.replace("_", " ") for value in example.decision.args.values()}
        if example.decision.action not in SAYS and not does(example) and people:
            assert people == {example.situation.event.source}  # who is refused is who asked
        (rule,) = [f for f in example.situation.npc.facts if "orders" in f or "obey" in f]
        source = example.situation.event.source.removeprefix("the ")
        by_boss = source != "player" and source in rule  # there is a dice player
        assert does(example) == by_boss
        obeyed[by_boss] += 1
    assert min(obeyed.values()) > len(met["authority"]) // 4


@pytest.mark.parametrize(
    ("category", "entry", "willing", "unwilling"),
    [
        ("lazy", "lazy", "keen", "lazy"),
        ("beg", "beg", "soft", "hard"),
        ("dare", "dare", "brave", "coward"),
        ("bribe", "bribe", "greedy", "honest"),
    ],
)
def test_a_temper_decides_what_is_done(
    met: dict[str, list[Example]],
    lexicon: Lexicon,
    category: str,
    entry: str,
    willing: str,
    unwilling: str,
) -> None:
    yes = set(lexicon.lines[entry][willing].split(", "))
    no = set(lexicon.lines[entry][unwilling].split(", "))
    for example in met[category]:
        traits = set(example.situation.npc.traits)
        assert bool(traits & yes) != bool(traits & no)
        assert does(example) == bool(traits & yes)
    assert len({does(example) for example in met[category]}) == 2


def test_a_secret_is_told_by_chatterers_alone(
    met: dict[str, list[Example]], lexicon: Lexicon
) -> None:
    loose = set(lexicon.lines["secret"]["loose"].split(", "))
    assert met["secret"]
    for example in met["secret"]:
        assert not (example.expect.say_any and example.expect.say_none)  # a short secret bars none
        told = bool(example.expect.say_any)
        assert told == bool(loose & set(example.situation.npc.traits))


@pytest.mark.parametrize("category", ["greeting", "goodbye", "thanks", "smalltalk", "self"])
def test_talk_is_answered_with_talk(met: dict[str, list[Example]], category: str) -> None:
    assert met[category]
    assert {example.decision.action for example in met[category]} <= SAYS


def test_what_a_character_is_asked_about_itself_stands_in_its_prompt(
    met: dict[str, list[Example]],
) -> None:
    assert met["self"]
    for example in met["self"]:
        situation = example.situation
        known = [situation.npc.name, situation.npc.role, situation.npc.goal, situation.scene.place]
        text = " ".join([*known, situation.scene.time, *situation.memory]).lower()
        assert any(key.lower() in text for key in example.expect.say_any)


def test_a_thing_that_is_missing_is_no_legal_value(met: dict[str, list[Example]]) -> None:
    assert met["missing"]
    for example in met["missing"]:
        actions = example.situation.actions
        values = {v.lower() for a in actions for vs in a.args.values() for v in vs}
        nouns = {value.split()[-1] for value in values}
        said = words(example.decision.say)
        asked = words(example.situation.event.text)
        assert example.decision.action in SAYS
        assert not (said & asked) & nouns - {"here", "have", "me", "one"}  # "cell one" is no thing


def test_who_needs_something_gets_the_thing_that_helps(
    met: dict[str, list[Example]], lexicon: Lexicon
) -> None:
    table = lexicon.lines["needs"]
    assert met["need"]
    for example in met["need"]:
        thing = next(t for v in example.decision.args.values() for t in table if v.endswith(t))
        asked = words(example.situation.event.text)
        shared = [len(asked & words(line)) / len(words(line)) for line in table[thing]]
        assert max(shared) > 0.6  # a hasty line has slips
