"""Promises of ``chooser.chatter``: small talk reaches anybody who knows nothing better to say."""

from __future__ import annotations

import random
from collections import Counter

import pytest

torch = pytest.importorskip("torch", reason="distillation is an extra")
pytest.importorskip("transformers", reason="distillation is an extra")

from npcbrain.lm.marks import QUOTE  # noqa: E402
from npcbrain.prompting.action_ranking import is_talk  # noqa: E402
from npcbrain.prompting.stock_lines import OF_TALK, SMALL_TALK  # noqa: E402
from npcbrain.situation import Decision, Exchange  # noqa: E402
from tools.distil.chooser.chatter import Chatter, read_utterances  # noqa: E402
from tools.distil.chooser.small_talk import heard_by, read_held_out, tally  # noqa: E402
from tools.distil.sheets import read_sheets  # noqa: E402
from tools.distil.sheets.reading import DATA  # noqa: E402

SHEETS = read_sheets(split="val")[:6]
SAID = read_utterances(DATA)


def test_every_occasion_of_small_talk_is_asked_for_in_many_ways() -> None:
    counts = Counter(occasion for occasion, _ in SAID)
    assert set(SMALL_TALK) < set(counts) <= set(OF_TALK)
    assert min(counts.values()) >= 50
    assert len({text.lower() for _, text in SAID}) == len(SAID)
    assert all(text.strip() == text and 1 <= len(text) <= 160 for _, text in SAID)


def joined(seed: int, said: list[tuple[str, str]]) -> list:
    rng = random.Random(seed)
    return [one for sheet in SHEETS for one in Chatter(said).join(sheet.examples, rng)]


def test_small_talk_is_answered_by_its_line_and_by_nothing_else() -> None:
    occasions = {text: occasion for occasion, text in SAID}
    found = [one for one in joined(1, SAID) if one.situation.event.text in occasions]
    assert found
    for one in found:
        assert one.decision.say == f"{QUOTE}{occasions[one.situation.event.text]}"
        assert one.decision.action == "say"
        assert all(isinstance(before, Exchange) for before in one.situation.memory)
    assert {len(one.situation.memory) for one in found} == {0, 1}


def test_who_knows_what_is_asked_for_is_not_taught_small_talk() -> None:
    fact = SHEETS[0].examples[0].situation.npc.facts[0]
    assert not [
        one
        for one in joined(2, [("asked news", fact)])[: len(SHEETS[0].examples)]
        if one.situation.event.text == fact
    ]


def test_what_is_remembered_besides_was_said_to_the_same_person_and_changes_no_answer() -> None:
    before = [example for sheet in SHEETS for example in sheet.examples]
    after = joined(3, [])
    assert [one.decision for one in after] == [one.decision for one in before]
    changed = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if old.situation.memory != new.situation.memory
    ]
    assert changed
    for old, new in changed:
        assert old.situation.memory == ()
        (memory,) = new.situation.memory
        assert isinstance(memory, Exchange)
        assert memory.name == new.situation.npc.name
        assert memory.heard != new.situation.event.text


def test_held_out_small_talk_is_judged_by_occasions_that_exist_and_was_not_taught() -> None:
    held_out = read_held_out()
    assert len(held_out) >= 250
    assert all(fitting and fitting <= set(OF_TALK) for _, fitting in held_out)
    taught = {text.lower() for _, text in SAID}
    assert not [text for text, _ in held_out if text.lower() in taught]


def test_held_out_small_talk_is_said_to_who_knows_nothing_about_it() -> None:
    known = SHEETS[0].examples[0].situation.npc.facts[0]
    said = [("Lovely weather.", frozenset({"asked weather"})), (known, frozenset({"greeting"}))]
    heard = heard_by(SHEETS, said)
    assert [situation.event.text for situation, _ in heard] == ["Lovely weather.", known]
    assert known not in heard[1][0].npc.facts
    assert {situation.memory for situation, _ in heard} == {()}


def test_answers_to_small_talk_are_told_apart() -> None:
    heard = heard_by(SHEETS, [("Lovely weather.", frozenset({"asked weather"}))] * 5)
    situations = [situation for situation, _ in heard]
    talk = [next(one.name for one in s.actions if is_talk(one)) for s in situations]
    deed = next(one for one in situations[4].actions if not is_talk(one))
    args = {name: values[0] for name, values in deed.args.items()}
    fact = situations[2].npc.facts[0]
    answers = [
        Decision(talk[0], {}, "", "Grey again.", quoted="asked weather"),
        Decision(talk[1], {}, "", "I'm tired.", quoted="told tired"),
        Decision(talk[2], {}, "", fact, quoted="fact"),
        Decision(talk[3], {}, "", "It is."),
        Decision(deed.name, args, "", "Hello.", quoted="asked weather"),
    ]
    found = tally(heard, answers)
    assert found.pop("num") == 5
    low, high = found.pop("interval")
    assert low < 0.2 < high
    assert found == dict.fromkeys(
        ("fits", "another line", "fact or memory", "own words", "deed"), 0.2
    )


def test_talk_by_another_name_is_no_deed() -> None:
    heard = heard_by(read_sheets(split="val"), [("Hello.", frozenset({"greeting"}))] * 135)
    named = [(one, next(a.name for a in one[0].actions if is_talk(a))) for one in heard]
    others = [(one, name) for one, name in named if name != "say"]
    assert others
    answers = [Decision(name, {}, "", "Hello.", quoted="greeting") for _, name in others]
    assert tally([one for one, _ in others], answers)["fits"] == 1.0
