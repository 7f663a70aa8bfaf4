"""Promises of ``tools.distil.judge``: who judges an answer does not know whose it is."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.scenarios import Scenario, read_scenarios
from npcbrain.errors import UsageError
from npcbrain.situation import Decision
from tools.distil.judge import read_answers
from tools.distil.judge.__main__ import main
from tools.distil.judge.counting import ASKED, Entry, Verdict, kappa, read_verdicts, tally
from tools.distil.judge.drawing import MAX_SITUATIONS, Item, deal, pick, sheet_text

HILDA: dict[str, Any] = {
    "npc": {
        "name": "Hilda",
        "role": "innkeeper",
        "traits": ["grumpy", "honest"],
        "goal": "fill the inn",
        "facts": ["A bed costs five coppers."],
    },
    "scene": {"place": "the Crooked Inn", "time": "night", "nearby": ["player", "the drunk"]},
    "memory": ["The player broke a chair."],
    "event": {"kind": "speech", "from": "player", "text": "Is there a bed?"},
    "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["key", "ale"]}}],
    "expect": {"actions": [{"name": "say"}]},
}
CATEGORIES = ("fact", "fact", "fact", "fact", "fact", "order", "order", "order", "event")
ALL_TRUE = dict.fromkeys(ASKED, True)


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def scenarios_in(folder: Path, categories: tuple[str, ...] = CATEGORIES) -> Path:
    rows = [{"id": f"s{n:03}-{category}", **HILDA} for n, category in enumerate(categories)]
    return write(folder / "scenarios.jsonl", *rows)


@pytest.fixture
def scenarios(tmp_path: Path) -> list[Scenario]:
    return read_scenarios(scenarios_in(tmp_path))


def answers_of(scenarios: list[Scenario], words: str) -> dict[str, Decision]:
    return {scenario.id: Decision("say", say=f"{words} {scenario.id}.") for scenario in scenarios}


def items_of(sheets: list[list[Item]]) -> list[Item]:
    return [item for sheet in sheets for item in sheet]


def verdict(**answers: bool) -> Verdict:
    return ALL_TRUE | answers


def test_categories_are_judged_evenly_while_they_last(scenarios: list[Scenario]) -> None:
    chosen = [scenario.category for scenario in pick(scenarios, 6, seed=7)]
    assert len(chosen) == 6
    assert chosen.count("event") == 1  # there is no other
    assert {chosen.count("fact"), chosen.count("order")} <= {2, 3}


def test_the_situations_depend_on_the_seed_and_not_on_who_answers(
    scenarios: list[Scenario],
) -> None:
    names = [scenario.id for scenario in pick(scenarios, 5, seed=7)]
    assert [scenario.id for scenario in pick(scenarios, 5, seed=7)] == names
    assert [scenario.id for scenario in pick(scenarios, 5, seed=8)] != names
    one = deal(pick(scenarios, 5, 7), {"a": answers_of(scenarios, "A")}, 7)
    assert {item.scenario.id for item in items_of(one)} == set(names)


@pytest.mark.parametrize("count", [0, 10])
def test_more_situations_than_there_are_cannot_be_judged(
    scenarios: list[Scenario], count: int
) -> None:
    with pytest.raises(UsageError, match="from 1 to 9"):
        pick(scenarios, count, seed=7)


def test_all_answers_to_the_chosen_situations_are_judged_once(scenarios: list[Scenario]) -> None:
    answers = {name: answers_of(scenarios, name) for name in "abc"}
    items = items_of(deal(scenarios, answers, seed=7))
    assert [item.number for item in items] == list(range(1, 28))
    assert len({(item.scenario.id, item.systems) for item in items}) == 27


def test_answers_to_one_situation_do_not_stand_side_by_side(scenarios: list[Scenario]) -> None:
    answers = {name: answers_of(scenarios, name) for name in "abcd"}
    for seed in range(20):
        names = [item.scenario.id for item in items_of(deal(scenarios, answers, seed))]
        assert all(one != other for one, other in pairwise(names))


def test_the_same_answer_of_several_is_judged_once_for_all(scenarios: list[Scenario]) -> None:
    same = answers_of(scenarios, "Same")
    other = {name: Decision("say", {}, "happy", d.say) for name, d in same.items()}
    items = items_of(deal(scenarios, {"a": same, "b": other, "c": dict(same)}, seed=7))
    assert sorted(item.systems for item in items) == [("a", "c")] * 9 + [("b",)] * 9


def test_a_sheet_is_not_too_much_for_one_judge(tmp_path: Path) -> None:
    many = read_scenarios(scenarios_in(tmp_path, ("fact",) * (MAX_SITUATIONS + 1)))
    sheets = deal(many, {"a": answers_of(many, "A"), "b": answers_of(many, "B")}, seed=7)
    situations = [{item.scenario.id for item in sheet} for sheet in sheets]
    assert [len(names) for names in situations] == [30, 31]
    assert not situations[0] & situations[1]


def test_a_system_that_left_something_unanswered_is_named(scenarios: list[Scenario]) -> None:
    lazy = answers_of(scenarios, "A")
    del lazy["s003-fact"]
    with pytest.raises(UsageError, match="lazy must answer s003-fact"):
        deal(scenarios, {"lazy": lazy}, seed=7)


def test_a_judge_sees_the_whole_situation_and_the_whole_answer(scenarios: list[Scenario]) -> None:
    decision = Decision("give", {"item": "ale"}, "angry", "Drink and go.")
    text = sheet_text(1, [Item(17, scenarios[0], decision, ("hearth",))])
    for part in (
        "Item 17", "Hilda, innkeeper", "grumpy, honest", "fill the inn", "five coppers",
        "give, item: key / ale", "the Crooked Inn, night", "the drunk", "broke a chair",
        "player says:** Is there a bed?", "give, item: ale", "angry", "Drink and go.",
    ):  # fmt: skip
        assert part in text
    assert all(f'"{question}"' in text for question in ASKED)
    assert "hearth" not in text
    assert "s000-fact" not in text  # a category would tell what is looked for


def test_answers_are_read_as_they_are_evaluated_and_as_they_are_written(tmp_path: Path) -> None:
    path = write(
        tmp_path / "answers.jsonl",
        {"id": "a", "action": "say", "args": {}, "emotion": "sad", "say": "No."},
        {"id": "b", "action": "say", "args": {}, "emotion": "sad", "say": "", "source": "tree",
         "reason": "expired", "quoted": "", "accepted": False, "tokens": 0},
    )  # fmt: skip
    answers = read_answers(path)
    assert answers["a"] == Decision("say", {}, "sad", "No.")
    assert answers["b"].source == "tree"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a", "action": "say"}, "id must come once in a file, got 'a'"),
        ({"id": "b"}, "action must be a string"),
        ({"id": "b", "action": "say", "args": {"item": 1}}, "args must map"),
        (["a"], "line must be a JSON object"),
    ],
)
def test_answers_that_are_none_are_told_with_their_line(
    tmp_path: Path, row: object, message: str
) -> None:
    path = write(tmp_path / "answers.jsonl", {"id": "a", "action": "say"}, row)
    with pytest.raises(UsageError, match=rf"{message}.*jsonl:2"):
        read_answers(path)


KEY = {
    1: Entry("s1-fact", "fact", ("a", "b")),
    2: Entry("s2-fact", "fact", ("a",)),
    3: Entry("s2-fact", "fact", ("b",)),
    4: Entry("s3-order", "order", ("b", "a")),
}


def test_sense_is_four_times_yes_and_the_mean_over_judges() -> None:
    strict = {1: verdict(), 2: verdict(true=False), 3: verdict(), 4: verdict(english=False)}
    mild = {1: verdict(), 2: verdict(), 3: verdict(), 4: verdict(english=False)}
    result = tally(KEY, [strict, mild])
    a, b = result["systems"]["a"], result["systems"]["b"]
    assert (a["num"], b["num"]) == (3, 3)
    assert a["true"]["share"] == round(5 / 6, 4)
    assert a["english"]["share"] == b["english"]["share"] == round(2 / 3, 4)
    assert (a["sense"]["share"], b["sense"]["share"]) == (0.5, round(2 / 3, 4))
    assert a["categories"] == {"fact": {"num": 2, "sense": 0.75}, "order": {"num": 1, "sense": 0.0}}


def test_more_judges_make_a_share_no_more_certain() -> None:
    said = {1: verdict(), 2: verdict(), 3: verdict(), 4: verdict(answers=False)}
    one, three = tally(KEY, [said]), tally(KEY, [said] * 3)
    assert one["systems"] == three["systems"]
    assert one["systems"]["a"]["sense"]["interval"] == pytest.approx((0.2077, 0.9385), abs=1e-3)


def test_agreement_counts_whole_verdicts_and_allows_for_chance() -> None:
    first = {1: verdict(), 2: verdict(true=False), 3: verdict(), 4: verdict(true=False)}
    second = {1: verdict(), 2: verdict(english=False), 3: verdict(), 4: verdict()}
    assert tally(KEY, [first, second])["agreement"] == {"same": 0.75, "kappa": 0.5}
    assert tally(KEY, [first])["agreement"] == {"same": None, "kappa": None}


def test_kappa_is_one_for_the_same_and_none_where_nothing_differs() -> None:
    assert kappa([(True, True), (False, False)]) == 1.0
    assert kappa([(True, False), (False, True)]) == -1.0
    assert kappa([(True, True), (True, True)]) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:-1], "item 4 must be judged, got None"),
        (lambda rows: [*rows, rows[1]], "item 2 must be judged once"),
        (lambda rows: [*rows, {"item": 9, **ALL_TRUE}], "item must be one of the sheets', got 9"),
        (lambda rows: [{**rows[0], "true": "yes"}, *rows[1:]], "item 1: true must be true or"),
        (lambda rows: [{"item": 1, "english": True}, *rows[1:]], "item 1: answers must be"),
    ],
)
def test_missing_doubled_and_half_verdicts_are_told_with_their_item(
    tmp_path: Path, change: Any, message: str
) -> None:
    rows = [{"item": number, **ALL_TRUE} for number in KEY]
    with pytest.raises(UsageError, match=message):
        read_verdicts(write(tmp_path / "judge.jsonl", *change(rows)), KEY)


@pytest.fixture
def dealt(tmp_path: Path, scenarios: list[Scenario]) -> Path:
    """A folder of sheets, made by the command."""
    arguments = ["sheets", "--scenarios", str(tmp_path / "scenarios.jsonl"), "--count", "6"]
    for name in ("hearth", "peer"):
        rows = [
            {"id": key, **decision.to_dict()} for key, decision in answers_of(scenarios, "").items()
        ]
        rows = rows if name == "hearth" else [{**row, "emotion": "proud"} for row in rows]
        path = write(tmp_path / f"{name}.jsonl", *rows)
        arguments += ["--answers", f"{name}={path}"]
    assert main([*arguments, "--out", str(tmp_path / "sheets")]) == 0
    return tmp_path / "sheets"


def test_nothing_in_the_sheets_names_a_system(dealt: Path) -> None:
    files = sorted(path.name for path in dealt.iterdir())
    assert files == ["key.json", "sheet_01.md"]
    text = (dealt / "sheet_01.md").read_text(encoding="utf-8")
    assert "hearth" not in text
    assert "peer" not in text
    assert len(re.findall("^## Item ", text, re.MULTILINE)) == 12


def test_sheets_and_verdicts_make_a_result(dealt: Path, tmp_path: Path) -> None:
    key = json.loads((dealt / "key.json").read_text(encoding="utf-8"))
    rows = [
        {"item": int(number), **verdict(true=item["systems"] == ["hearth"])}
        for number, item in key.items()
    ]
    judge, out = write(tmp_path / "judge.jsonl", *rows), tmp_path / "result.json"
    arguments = ["verdicts", "--key", str(dealt / "key.json"), "--verdicts", str(judge)]
    assert main([*arguments, "--verdicts", str(judge), "--out", str(out)]) == 0
    systems = json.loads(out.read_text(encoding="utf-8"))["systems"]
    assert systems["hearth"]["sense"]["share"] == 1.0
    assert systems["peer"]["sense"]["share"] == 0.0
    assert systems["peer"]["english"]["share"] == 1.0


def test_sheets_that_may_have_been_judged_are_not_written_over(
    dealt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (dealt / "key.json").read_bytes()
    arguments = ["sheets", "--scenarios", str(tmp_path / "scenarios.jsonl"), "--count", "5"]
    answers = ["--answers", f"peer={tmp_path / 'peer.jsonl'}"]
    assert main([*arguments, *answers, "--out", str(dealt)]) == 1
    assert "hold no sheets yet" in capsys.readouterr().err
    assert (dealt / "key.json").read_bytes() == before


@pytest.mark.parametrize("answers", [["nameless.jsonl"], ["a=peer.jsonl", "a=peer.jsonl"]])
def test_every_system_needs_a_name_of_its_own(
    tmp_path: Path, answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "peer.jsonl", {"id": "a", "action": "say"})
    arguments = ["sheets", "--scenarios", "none.jsonl", "--out", str(tmp_path / "sheets")]
    for text in answers:
        arguments += ["--answers", text.replace("peer", str(tmp_path / "peer"))]
    assert main(arguments) == 1
    assert "--answers must" in capsys.readouterr().err
