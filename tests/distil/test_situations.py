"""The generator of training data keeps its promises: legal, accepted, copied, split."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from npcbrain.prompting.action_ranking import TALK_NAMES
from npcbrain.prompting.prompt import EMOTIONS, answer_text, render
from npcbrain.situation import Situation
from tools.distil.generate import main
from tools.distil.situations import Example, sample
from tools.distil.situations.cast import Cast
from tools.distil.situations.day import day
from tools.distil.situations.draft import ARG_NOUNS, NAME_PREFIXES, Draft
from tools.distil.situations.idling import idle_rule
from tools.distil.situations.judging import gate
from tools.distil.situations.lexicon import DATA, load
from tools.distil.situations.text import clumsy, definite, expand, indefinite, is_plural, tidy

NUM_EXAMPLES = 1500
SAYS = TALK_NAMES


def draw(split: str, count: int = NUM_EXAMPLES) -> list[Example]:
    rng = random.Random(f"test-{split}")
    return [sample(rng, split) for _ in range(count)]


@pytest.fixture(scope="module")
def train() -> list[Example]:
    return draw("train")


@pytest.fixture(scope="module")
def val() -> list[Example]:
    return draw("val", 500)


@pytest.fixture(scope="module")
def days() -> list[list[Example]]:
    rng = random.Random("test-days")
    return [day(load("train"), rng, 8) for _ in range(150)]


@pytest.fixture(scope="module")
def examples(train: list[Example], val: list[Example], days: list[list[Example]]) -> list[Example]:
    return train + val + [example for one in days for example in one]


def test_every_situation_reads_back_equal_through_the_strict_reader(
    examples: list[Example],
) -> None:
    for example in examples:
        assert Situation.from_dict(example.situation.to_dict()) == example.situation


def test_every_answer_is_a_legal_action_with_a_legal_value_for_each_argument(
    examples: list[Example],
) -> None:
    for example in examples:
        legal = {action.name: action.args for action in example.situation.actions}
        args = legal[example.decision.action]
        assert list(example.decision.args) == list(args)
        assert all(value in args[arg] for arg, value in example.decision.args.items())
        assert example.decision.emotion in EMOTIONS


def test_every_answer_is_accepted_by_its_own_expectation(examples: list[Example]) -> None:
    assert [e for e in examples if not e.expect.accepts(e.decision)] == []


def test_every_accepted_action_is_one_of_the_list(examples: list[Example]) -> None:
    for example in examples:
        legal = {action.name: action.args for action in example.situation.actions}
        for name, args in example.expect.actions:
            assert all(value in legal[name][arg] for arg, value in args.items())


def test_speech_is_one_short_line_that_ends_a_sentence_and_repeats_no_four_words(
    examples: list[Example],
) -> None:
    for example in examples:
        say = example.decision.say
        words = say.lower().split()
        grams = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
        assert say[-1] in ".!?", say
        assert "\n" not in say
        assert len(words) <= 22, say
        assert len(grams) == len(set(grams)), say


def test_no_text_holds_what_is_left_of_a_template(examples: list[Example]) -> None:
    for example in examples:
        prompt = render(example.situation)
        text = prompt.prefix + prompt.news.replace('{"action"', "") + answer_text(example.decision)
        assert not set("{[|]") & set(text.replace("<|im_", "").replace("|>", "")), text


def test_a_day_has_one_prefix_and_the_same_request_is_granted_and_denied() -> None:
    both = 0
    for seed in ("test-days", "a", "b", "c"):
        rng = random.Random(seed)
        for examples in filter(None, (day(load("train"), rng, 8) for _ in range(150))):
            assert len({render(e.situation).prefix for e in examples}) == 1
            gates = [e for e in examples if e.category == "gate"]
            is_denied = {bool(e.expect.say_any) for e in gates}
            both += is_denied == {True, False}
    assert both > 40


def test_a_question_about_a_fact_is_answered_by_words_of_the_prompt(
    examples: list[Example],
) -> None:
    asked = [e for e in examples if e.category in ("fact", "self")]
    for example in asked:
        prompt = render(example.situation)
        text = (prompt.prefix + prompt.news).lower()
        assert any(value.lower() in text for value in example.expect.say_any)


def test_an_unknown_question_is_answered_without_a_value_of_a_similar_fact(
    examples: list[Example],
) -> None:
    unknown = [e for e in examples if e.category == "unknown"]
    assert any(e.expect.say_none for e in unknown)
    for example in unknown:
        for value in example.expect.say_none:
            assert value.lower() not in example.decision.say.lower()


def test_what_is_asked_for_is_given_to_the_one_who_asked_or_is_named(
    examples: list[Example],
) -> None:
    receivers = {"recipient", "receiver", "buyer", "customer"}
    given = [(e, receivers & set(e.decision.args)) for e in examples]
    assert any(args for _, args in given)
    for example, args in given:
        for arg in args:
            who = example.decision.args[arg].replace("_", " ")
            event = example.situation.event
            assert who == event.source or who.lower().removeprefix("the ") in event.text.lower()


def test_no_action_name_of_one_split_occurs_in_the_other(
    train: list[Example], val: list[Example]
) -> None:
    def names(examples: list[Example]) -> set[str]:
        return {action.name for e in examples for action in e.situation.actions} - {"say"}

    assert names(train) & names(val) == set()


def test_no_action_base_name_is_in_both_splits() -> None:
    def bases(split: str) -> set[str]:
        return {name for concept in load(split).concepts.values() for name in concept.names}

    assert bases("train") & bases("val") == set()


def test_no_world_place_or_role_is_in_both_splits() -> None:
    train, val = load("train").worlds, load("val").worlds
    assert {w.name for w in train} & {w.name for w in val} == set()
    assert len(train) >= 25
    assert len(val) >= 5
    for key in ("places", "roles"):
        used = {value for world in train for value in world.lists[key]}
        assert used & {value for world in val for value in world.lists[key]} == set()


def are_apart(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether no phrasing is in both; where there are too few to spare one, all are."""
    shared = set(ours) & set(theirs)
    return not shared or (len(theirs) < 3 and shared == set(theirs))


def test_phrasings_kept_for_validation_are_never_in_training() -> None:
    train, val = load("train"), load("val")
    for ours, theirs in zip(train.facts, val.facts, strict=True):
        for slot, asks in ours.asks.items():
            assert are_apart(asks, theirs.asks[slot])
    for name in train.concepts.keys() & val.concepts.keys():
        assert are_apart(train.concepts[name].asks, val.concepts[name].asks)
    for name in train.lines:
        for key in (key for key in train.lines[name] if key.startswith("ask")):
            assert are_apart(train.lines[name][key], val.lines[name][key])


def test_what_is_kept_for_training_never_reaches_validation() -> None:
    kept = {"skedaddle", "hightail", "Run away!", "A shell hits {the spot}.", "Loser."}
    for split, has in (("train", True), ("val", False)):
        lexicon = load(split)
        flee, lines = lexicon.concepts["flee"], lexicon.lines
        found = {*flee.names, *flee.asks, *lines["explosion"]["text"], *lines["insult"]["ask"]}
        assert bool(kept & found) == has
        assert has or kept.isdisjoint(found)


def test_in_training_now_and_then_an_action_has_a_name_without_meaning() -> None:
    def share(split: str) -> float:
        lexicon = load(split)
        known = {name for concept in lexicon.concepts.values() for name in concept.names}
        known |= TALK_NAMES
        words = {word for name in known for word in name.split("_")} | ARG_NOUNS | {*NAME_PREFIXES}
        names = [a.name.lower() for e in draw(split, 300) for a in e.situation.actions]
        coined = [n for n in names if n.isalpha() and n not in words and is_one_word(n, words)]
        return len(coined) / len(names)

    def is_one_word(name: str, words: set[str]) -> bool:
        return not any(name.startswith(word) and name != word for word in words)

    assert share("val") == 0
    assert 0.005 < share("train") < 0.1


def test_facts_and_deeds_are_each_a_good_part_of_the_data(train: list[Example]) -> None:
    deeds = sum(e.decision.action not in SAYS for e in train) / len(train)
    facts = sum(bool(e.expect.say_any) for e in train) / len(train)
    assert 0.38 < deeds < 0.52
    assert 0.38 < facts < 0.55


def test_the_right_action_is_not_given_away_by_its_place_in_the_list(
    train: list[Example],
) -> None:
    places = Counter(
        [action.name for action in e.situation.actions].index(e.decision.action)
        for e in train
        if e.decision.action not in SAYS and len(e.situation.actions) == 4
    )
    assert min(places[i] for i in range(4)) > 0.07 * sum(places.values())


def test_a_gate_is_granted_only_to_those_remembered_with_its_proof() -> None:
    rng = random.Random(5)
    gates = [gate(load("train"), rng) for _ in range(200)]
    granted = [e for e in gates if not e.expect.say_any]
    denied = [e for e in gates if e.expect.say_any]
    assert min(len(granted), len(denied)) > len(gates) // 4
    assert all(example.situation.memory for example in granted)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        main(["--out", str(tmp_path / name), "--count", "30", "--seed", seed])
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_a_written_line_is_a_scenario_with_its_answer(tmp_path: Path) -> None:
    out = tmp_path / "val.jsonl"
    main(["--out", str(out), "--count", "5", "--split", "val"])
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    numbers = [f"v{i:07d}" for i in range(5)]
    categories = [row["category"] for row in rows]
    assert [row["id"] for row in rows] == [
        f"{n}-{c}" for n, c in zip(numbers, categories, strict=True)
    ]
    for row in rows:
        assert Situation.from_dict(row).event.text == row["event"]["text"]
        assert row["answer"]["action"] in {action["name"] for action in row["expect"]["actions"]}


def test_names_of_a_seed_folder_join_the_things(tmp_path: Path) -> None:
    objects = [{"name": "moth lamp"}, {"name": "Three Ducks"}, {"name": "a thing"}, {"name": "x1"}]
    (tmp_path / "light-objects.json").write_text(json.dumps(objects), encoding="utf-8")
    assert load("train", tmp_path).lists["seed_things"] == ("moth lamp",)


def test_every_data_file_stays_under_four_hundred_lines() -> None:
    assert [
        p.name for p in DATA.glob("*.toml") if len(p.read_text("utf-8").splitlines()) > 400
    ] == []


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{the X} is here.", "The lamp is here."),
        ("look, {a X}", "Look, a lamp"),
        ("{a Y}? yes. no", "An owl? Yes. No"),
        ("{the Z}", "Dock two"),
        ("{the N} waits", "Mara waits"),
        ("{P} {is P} here", "Old boots are here"),
    ],
)
def test_a_template_is_filled_as_english(template: str, written: str) -> None:
    slots = {"X": "lamp", "Y": "owl", "Z": "dock two", "N": "Mara", "P": "old boots"}
    assert expand(template, slots, random.Random(0)) == written


def test_a_choice_in_a_template_takes_each_of_its_ways() -> None:
    rng = random.Random(0)
    assert {expand("a [red|blue] door", {}, rng) for _ in range(50)} == {
        "A red door",
        "A blue door",
    }


@pytest.mark.parametrize(
    ("phrase", "with_the", "with_a"),
    [
        ("brass key", "the brass key", "a brass key"),
        ("the cook", "the cook", "a cook"),
        ("grey one", "the grey one", "a grey one"),
        ("bay one", "bay one", "bay one"),
        ("room 12", "room 12", "room 12"),
        ("Brelka", "Brelka", "Brelka"),
    ],
)
def test_articles_fit_the_phrase(phrase: str, with_the: str, with_a: str) -> None:
    assert (definite(phrase), indefinite(phrase)) == (with_the, with_a)


def test_plurals_are_told_by_their_head_noun() -> None:
    phrases = ("box of nails", "boots", "brass compass", "men", "sack")
    assert [is_plural(phrase) for phrase in phrases] == [False, True, False, True, False]


def test_tidying_repairs_articles_spaces_and_capitals() -> None:
    assert tidy("a  owl and a unicorn , wait an hour. yes") == (
        "An owl and a unicorn, wait an hour. Yes"
    )


def test_a_hasty_line_is_still_most_of_the_line() -> None:
    rng = random.Random(1)
    for _ in range(50):
        assert abs(len(clumsy("Open the northern gate, please.", rng)) - 31) <= 1


def test_a_rule_about_something_else_forbids_nothing() -> None:
    rng, lexicon = random.Random(11), load("train")
    strange = 0
    for _ in range(200):
        draft = Draft(Cast(lexicon, rng), "request")
        draft.offer("open", {"gate": draft.cast.target("gate")})
        idle_rule(draft)
        gates = {v.lower() for offer in draft.offers for v in offer.args.popitem()[1]}
        strange += bool(draft.facts)
        for fact in draft.facts:
            assert not any(f"the {gate} " in fact.lower() for gate in gates), (fact, gates)
    assert strange > 150
