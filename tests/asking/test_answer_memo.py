"""Promises about answers that are known: the same question costs nothing, another is asked."""

from __future__ import annotations

import pytest
from minds import GRETA, VILLAGER, ScriptedModel

import npcbrain as nb
from npcbrain.asking.answer_memo import AnswerMemo
from npcbrain.errors import UsageError
from npcbrain.prompting.prompt import Prompt
from npcbrain.testing import ManualClock, ScriptedEngine

MS = 1_000_000
GIVE = " give\n loaf\n happy\n Here you are."


def crowd(num: int, **options: object) -> tuple[nb.Runtime, ScriptedModel, list[str]]:
    """So many who are all Greta, and what they gave."""
    clock, model = ManualClock(), ScriptedModel(GIVE)
    engine = ScriptedEngine(clock, MS // 10)
    runtime = nb.Runtime(model, clock=clock, engine=engine, **options)  # type: ignore[arg-type]
    given: list[str] = []
    runtime.on_action("give", lambda npc, item: given.append(npc.name))
    for number in range(num):
        runtime.add_npc(f"greta {number}", persona=GRETA, tree=VILLAGER)
    return runtime, model, given


def ask_all(runtime: nb.Runtime, text: str = "Bread, please.") -> list[nb.FrameReport]:
    """Asks one after the other, each until it has answered."""
    reports = []
    for npc in runtime.npcs.values():
        npc.hear(text)
        while npc.event is not None:
            reports.append(runtime.update(4.0))
            runtime.clock.advance_ns(16 * MS)  # type: ignore[attr-defined]
    return reports


def test_a_crowd_of_one_persona_is_answered_by_one_answer() -> None:
    runtime, model, given = crowd(5)
    reports = ask_all(runtime)
    assert given == [f"greta {number}" for number in range(5)]
    assert len(model.news) == 1
    assert sum(report.num_recalled for report in reports) == 4
    first, *others = (npc.decision for npc in runtime.npcs.values())
    assert first is not None
    assert first.say == "Here you are."
    assert others == [first] * 4


def test_whoever_remembers_something_else_is_asked() -> None:
    runtime, model, _ = crowd(2)
    runtime.npcs["greta 1"].remember("The player paid for a loaf.")
    reports = ask_all(runtime)
    assert len(model.news) == 2
    assert sum(report.num_recalled for report in reports) == 0


@pytest.mark.parametrize("options", [{"memo": 0}, {"temperature": 0.5}])
def test_without_a_memo_or_with_chance_everybody_is_asked(options: dict[str, object]) -> None:
    runtime, model, given = crowd(3, **options)
    ask_all(runtime)
    assert len(model.news) == len(given) == 3


def test_an_answer_that_was_cut_off_is_not_kept() -> None:
    runtime, model, _ = crowd(2)
    for npc in runtime.npcs.values():
        npc.hear("Bread, please.")
        for _ in range(3):
            runtime.update(1.0)
        runtime.clock.advance_ns(9_000 * MS)  # type: ignore[attr-defined]
        runtime.update(0.1)
        runtime.update(0.1)
    assert len(model.news) == 2


def test_the_oldest_answer_goes_first() -> None:
    memo = AnswerMemo(2)
    keys = [memo.key_of(Prompt(text, "news\n"), "start") for text in "abc"]
    memo.keep(keys[0], "1")
    memo.keep(keys[1], "2")
    assert memo.find(keys[0]) == "1"
    memo.keep(keys[2], "3")
    assert [memo.find(key) for key in keys] == ["1", None, "3"]
    assert len(memo) == 2


def test_a_key_tells_where_one_part_ends_and_the_next_begins() -> None:
    memo = AnswerMemo(1)
    prompts = Prompt("ab", "c"), Prompt("a", "bc"), Prompt("ab", "c", ((" say\n", 0.5),))
    keys = {memo.key_of(prompt, grammar) for prompt in prompts for grammar in ("d", "e")}
    assert len(keys) == 6


def test_a_memo_has_a_size() -> None:
    for memo in -1, True, 1.5, 10**9:
        with pytest.raises(UsageError, match="memo must be an integer of 0 to"):
            nb.Runtime(None, memo=memo)  # type: ignore[arg-type]
