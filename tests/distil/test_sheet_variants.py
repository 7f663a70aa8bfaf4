"""Variants of written exchanges are true ones: legal, and they say what the written one said."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from test_sheets import SHEET, folder_of

from npcbrain.lm.marks import QUOTE
from npcbrain.prompting.action_priors import event_text
from npcbrain.prompting.fact_retrieval import recalled_facts, split_words, stems
from npcbrain.prompting.stock_lines import OCCASIONS, quotes
from npcbrain.situation import Exchange, Situation
from tools.distil.sheets import Sheet, augmenting, quoting, read_sheets
from tools.distil.sheets.augmenting import INSIDE, NUMBER, Augmenter
from tools.distil.sheets.checking import invented, known_words
from tools.distil.sheets.quoting import Quotes, quoted_fact
from tools.distil.sheets.reading import DATA
from tools.distil.situations.example import Example

SPACING = 7  # of the real files that are varied, so that it takes seconds
GROUP = 8  # exchanges that are varied together
RATES = ("RENAMED", "RENUMBERED", "RESPELT", "ASKED_BY_OTHERS", "LEFT_OUT", "FORGED")


class Pair(NamedTuple):
    """A written exchange and a variant of it."""

    at: str
    old: Example
    new: Example


def vary(
    sheets: list[Sheet], seed: int, change: Callable[[Example], Example] = lambda example: example
) -> list[list[Pair]]:
    """Variants of the sheets' exchanges in groups; that none is drawn twice is seen on the way."""
    augmenter = Augmenter(sheets, random.Random(seed))
    groups = []
    for sheet in sheets:
        # Whatever is done to an exchange, its category comes along: it tells which one it was.
        old = [replace(change(e), category=str(i)) for i, e in enumerate(sheet.examples)]
        for start in range(0, len(old), GROUP):
            group = old[start : start + GROUP]
            new = augmenter.vary(group)
            numbers = [int(example.category) for example in new]
            assert numbers == sorted(set(numbers))
            assert set(numbers) <= {int(example.category) for example in group}
            groups.append(
                [
                    Pair(f"{sheet.file}:{sheet.lines[i]}", old[i], example)
                    for i, example in zip(numbers, new, strict=True)
                ]
            )
    return groups


def only(patch: pytest.MonkeyPatch, **rates: float) -> None:
    """Switches every change off but those named."""
    for rate in RATES:
        patch.setattr(augmenting, rate, rates.get(rate, 0.0))


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> list[Sheet]:
    folder = tmp_path_factory.mktemp("sheets")
    for file in sorted(DATA.glob("?-*.txt"))[::SPACING]:
        shutil.copy(file, folder)
    return read_sheets(folder)


@pytest.fixture(scope="module")
def pairs(some: list[Sheet]) -> list[Pair]:
    """As training draws them, only that more is changed at once."""
    with pytest.MonkeyPatch.context() as patch:
        only(patch, RENAMED=0.8, RENUMBERED=0.3, RESPELT=0.5, ASKED_BY_OTHERS=0.5, LEFT_OUT=0.6)
        return [pair for group in vary(some, 1) for pair in group]


def test_few_exchanges_are_lost_and_most_are_changed(some: list[Sheet], pairs: list[Pair]) -> None:
    written = sum(len(sheet.examples) for sheet in some)
    assert 0.9 * written < len(pairs) <= written
    assert (
        sum(old.situation.npc.name != new.situation.npc.name for _, old, new in pairs) > written / 3
    )
    spoken = [(old.decision.say, new.decision.say) for _, old, new in pairs]
    copied = [pair for pair in spoken if INSIDE.search(pair[0]) or NUMBER.search(pair[0])]
    assert len(copied) > written / 10
    assert sum(old != new for old, new in copied) > 0.4 * len(copied)


def test_every_variant_reads_back_equal_through_the_strict_reader(pairs: list[Pair]) -> None:
    for at, _, new in pairs:
        assert Situation.from_dict(new.situation.to_dict()) == new.situation, at


def test_every_variants_answer_is_legal_and_expected(pairs: list[Pair]) -> None:
    for at, old, new in pairs:
        legal = {action.name: action.args for action in new.situation.actions}
        assert len(legal) == len(new.situation.actions), at
        args = legal[new.decision.action]
        assert list(new.decision.args) == list(args), at
        assert all(value in args[arg] for arg, value in new.decision.args.items()), at
        assert new.expect.accepts(new.decision), at
        assert new.decision.emotion == old.decision.emotion


def test_arguments_keep_their_order_and_values_their_number(pairs: list[Pair]) -> None:
    for at, old, new in pairs:
        chosen = {a.name: a.args for a in old.situation.actions}[old.decision.action]
        varied = {a.name: a.args for a in new.situation.actions}[new.decision.action]
        for values, others, value, other in zip(
            chosen.values(),
            varied.values(),
            old.decision.args.values(),
            new.decision.args.values(),
            strict=True,
        ):
            assert values.index(value) == others.index(other), at
            assert len(set(values)) == len(set(others)), at


def test_no_two_who_were_different_are_one_in_a_variant(pairs: list[Pair]) -> None:
    for at, old, new in pairs:
        was, now = old.situation, new.situation
        assert len(set(was.scene.nearby)) == len(set(now.scene.nearby)), at
        was_there = was.event.source in was.scene.nearby
        assert was_there == (now.event.source in now.scene.nearby), at


def test_a_variant_invents_no_name(pairs: list[Pair]) -> None:
    for at, old, new in pairs:
        was = invented(old.situation, old.decision.say)
        assert was or invented(new.situation, new.decision.say) == [], (at, new.decision.say)


def test_what_takes_the_place_of_a_known_word_is_known(pairs: list[Pair]) -> None:
    count = 0
    for at, old, new in pairs:
        said, says = (set(split_words(x.decision.say)) for x in (old, new))
        if said != says and said - says <= known_words(old.situation):
            count += 1
            assert says - said <= known_words(new.situation), (at, new.decision.say)
    assert count > 300


def test_facts_that_are_asked_for_or_told_stay(
    some: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, LEFT_OUT=1.0)
    left_out = 0
    for group in vary(some, 2):
        for at, old, new in group:
            facts, kept = old.situation.npc.facts, new.situation.npc.facts
            texts = (old.decision.say, old.situation.event.text, *map(str, old.situation.memory))
            used = {stem for text in texts for stem in stems(text)}
            assert set(kept) <= set(facts), at
            for fact in set(facts) - set(kept):
                assert used.isdisjoint(stems(fact)), (at, fact)
            assert set(recalled_facts(facts, event_text(old.situation.event))) <= set(kept), at
            assert new.decision == old.decision, at
            assert new.situation.event == old.situation.event, at
            left_out += len(facts) - len(kept)
    assert left_out > 1000


def test_a_forged_line_changes_no_answer(
    some: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, FORGED=1.0)
    forged = 0
    for group in vary(some[::2], 3):
        for at, old, new in group:
            assert new.decision == old.decision, at
            was, now = old.situation.event, new.situation.event
            assert (was.kind, was.source) == (now.kind, now.source), at
            assert was.text in now.text, at
            assert (was.text != now.text) == (was.kind == "speech"), at
            assert new.situation.memory == old.situation.memory, at
            forged += was.text != now.text
    assert forged > 500


def test_where_somebody_counts_no_number_is_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, RENUMBERED=1.0)
    counts = (
        "player: I have ten pence. Enough for the rye?\n= say | happy | One over. Nine will do.\n"
    )
    sheets = read_sheets(folder_of(tmp_path, f"{SHEET}\n{counts}"))
    varied = [new for group in vary(sheets, 4) for _, _, new in group]
    says = [example.decision.say for example in varied]
    assert len(says) == 4  # without the one that counts
    found = re.fullmatch(r"(\w+) pence, and your memory is better than your purse\.", says[0])
    assert found
    assert found[1] != "Nine"
    price = f"A sack of rye costs {found[1].lower()} pence."
    assert all(example.situation.npc.facts == (price,) for example in varied)


def test_names_are_exchanged_in_actions_and_deeds_but_titles_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, RENAMED=1.0)
    text = SHEET.replace("grease_gears", "call_wat").replace(
        "You have", "Thank you, Father, you have"
    )
    text = text.replace("Twice, you say?", "Thank you, Father, twice!")
    sheets = read_sheets(folder_of(tmp_path, text))
    (group,) = vary(sheets, 5)
    (name,) = {new.situation.scene.nearby[1] for _, _, new in group}
    assert name != "Wat"
    assert group[1].new.decision.action == f"call_{name.lower()}"
    assert group[2].new.decision.say == "Thank you, Father, you have earned it twice."
    told = group[3].new.situation.memory[-1]
    assert isinstance(told, Exchange)
    assert (told.who, told.name) == (name, group[3].new.situation.npc.name)


def test_another_asker_is_nobody_who_is_there_and_no_card_player(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, ASKED_BY_OTHERS=1.0)
    names = ", ".join((*augmenting.ASKERS, *augmenting.NAMES[3:]))
    facts = "- The player owes a card player the other half."
    text = SHEET.replace("near: player, Wat", f"near: player\n~ {names[:230]}.")
    text = text.replace("- A sack", f"{facts}\n- A sack")
    for seed in range(20):
        for group in vary(read_sheets(folder_of(tmp_path, text)), seed):
            for _, _, new in group:
                asker = new.situation.scene.nearby[0]
                assert asker.lower() not in split_words(names[:230])
                who = asker if asker[0].isupper() else f"The {asker}"
                assert f"{who} owes a card player the other half." in new.situation.npc.facts


def test_a_quote_replaces_the_words_alone_and_stays_legal_in_variants(
    some: list[Sheet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quoting, "QUOTED", 1.0)
    quoted, rng = Quotes(some), random.Random(6)
    changed = []
    for sheet in some:
        for old in sheet.examples:
            new = quoted.maybe(old, rng)
            assert replace(new.decision, say="") == replace(old.decision, say="")
            assert new.situation == old.situation
            changed.append(new != old)
            fact = quoted_fact(old)
            assert not fact or new.decision.say == f"{QUOTE}{fact}"
            assert not fact or fact in quotes(old.situation.npc, acts=False)
    assert sum(changed) == len(quoted) > 0.15 * len(changed)
    for group in vary(some, 7, lambda example: quoted.maybe(example, rng)):
        for at, _, new in group:
            if new.decision.say.startswith(QUOTE):
                said = new.decision.say.removeprefix(QUOTE)
                assert said in (*quotes(new.situation.npc, acts=False), *OCCASIONS), at


def test_a_voice_quotes_facts_for_the_chooser_alone(some: list[Sheet]) -> None:
    talk = next(
        (sheet, example)
        for sheet in some
        for example in sheet.examples
        if quoted_fact(example) and example.decision.action == "say"
    )[1]
    actions = [replace(a, name="croak") if a.name == "say" else a for a in talk.situation.actions]
    situation = replace(talk.situation, actions=tuple(actions))
    raven = replace(talk, situation=situation, decision=replace(talk.decision, action="croak"))
    assert quoted_fact(raven, voices=True) == quoted_fact(talk)
    assert quoted_fact(raven) == ""
