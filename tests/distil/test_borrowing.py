"""What is borrowed from other sheets changes no answer, and cannot be what was asked for."""

from __future__ import annotations

import random

from npcbrain.commands.scenarios import is_valid
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.fact_retrieval import split_words, stems
from npcbrain.situation import MAX_ACTIONS
from tools.distil.sheets import read_sheets
from tools.distil.sheets.borrowing import BINDING, MOST, Lender, binds_nobody
from tools.distil.situations.example import Example

SHEETS = read_sheets(split="val")


def lent(seed: int) -> list[tuple[Example, Example]]:
    lender = Lender(SHEETS, random.Random(seed))
    groups = [sheet.examples[:12] for sheet in SHEETS if sheet.examples]
    return [pair for group in groups for pair in zip(group, lender.lend(group), strict=True)]


def test_what_was_written_stays_and_is_legal_still() -> None:
    for before, after in lent(1):
        assert after.decision == before.decision
        old, new = before.situation, after.situation
        assert set(old.npc.facts) <= set(new.npc.facts)
        assert {action.name for action in old.actions} <= {action.name for action in new.actions}
        names = [action.name for action in new.actions]
        assert len(names) == len(set(names)) <= MAX_ACTIONS
        assert is_valid(after.decision, new.actions)
        assert (new.event, new.memory, new.scene) == (old.event, old.memory, old.scene)


def test_what_is_borrowed_shares_no_word_with_what_was_heard_and_done() -> None:
    num_borrowed = 0
    for before, after in lent(2):
        old, new = before.situation, after.situation
        facts = [fact for fact in new.npc.facts if fact not in old.npc.facts]
        deeds = [action for action in new.actions if action not in old.actions]
        assert max(len(facts), len(deeds)) <= MOST
        assert not any(is_talk(deed) for deed in deeds)
        decision = before.decision
        heard = stems(f"{old.event.text} {decision.say} {' '.join(split_words(decision.action))}")
        borrowed = [*facts, *(" ".join(split_words(deed.name)) for deed in deeds)]
        assert not set(stems(" ".join(borrowed))) & set(heard)
        num_borrowed += len(borrowed)
    assert num_borrowed > len(SHEETS)


def test_no_rule_is_lent() -> None:
    for before, after in lent(3):
        for fact in set(after.situation.npc.facts) - set(before.situation.npc.facts):
            assert not BINDING & set(split_words(fact.lower()))


def test_what_binds_is_told_from_what_is_so() -> None:
    assert binds_nobody("The well is forty feet deep.")
    for rule in ("Flash is forbidden inside.", "Nobody rows at night.", "I open at six."):
        assert not binds_nobody(rule)


def test_where_nothing_can_be_lent_nothing_changes() -> None:
    group = SHEETS[0].examples[:3]
    assert Lender([], random.Random(0)).lend(group) == [*group]
