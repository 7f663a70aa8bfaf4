"""Verdict arithmetic: what judges said of numbered items becomes shares of each system's answers.

Pure but for reading the two kinds of file. Invariant: every judge has judged every item once, or
nothing is counted; so all shares are of the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from npcbrain.commands.scenarios import interval
from npcbrain.errors import UsageError, fault
from tools.distil.judge.lines import read_rows, read_text

__all__ = ["ASKED", "Entry", "Verdict", "agreement", "kappa", "read_key", "read_verdicts", "tally"]

ASKED = ("english", "answers", "true", "character")  # the questions, as ``drawing`` puts them

Verdict = Mapping[str, bool]  # the answer to each question, for one item


@dataclass(frozen=True, slots=True)
class Entry:
    """What the key says of an item: the situation, its category, and whose the answer is."""

    id: str
    category: str
    systems: tuple[str, ...]


def read_key(path: Path) -> dict[int, Entry]:
    """The items of all sheets.

    Raises:
        UsageError: The file is not what ``drawing.write_sheets`` writes.
    """
    text = read_text(path)
    try:
        key = {
            int(number): Entry(item["id"], item["category"], tuple(item["systems"]))
            for number, item in json.loads(text).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        rule, advice = "be a key that sheets were written with", "give the sheets' key.json"
        raise UsageError(fault("--key", rule, str(error), str(path), advice)) from error
    if not key:
        raise UsageError(fault("--key", "name at least one item", 0, str(path)))
    return key


def read_verdicts(path: Path, key: Mapping[int, Entry]) -> dict[int, Verdict]:
    """One judge's verdicts, by item.

    Raises:
        UsageError: An item is missing, judged twice or in no sheet, or a question has no answer.
    """
    verdicts: dict[int, Verdict] = {}
    for where, row in read_rows(path):
        number = row.get("item")
        if isinstance(number, bool) or not isinstance(number, int) or number not in key:
            raise UsageError(fault("item", "be one of the sheets'", number, where))
        if number in verdicts:
            raise UsageError(fault(f"item {number}", "be judged once", "twice", where))
        for question in ASKED:
            if not isinstance(row.get(question), bool):
                what, rule = f"item {number}: {question}", "be true or false"
                raise UsageError(fault(what, rule, row.get(question), where))
        verdicts[number] = {question: row[question] for question in ASKED}
    for number in key:
        if number not in verdicts:
            advice = "every judge judges every item"
            raise UsageError(fault(f"item {number}", "be judged", None, str(path), advice))
    return verdicts


def tally(key: Mapping[int, Entry], judges: Sequence[Mapping[int, Verdict]]) -> dict[str, Any]:
    """The result of all verdicts.

    A share is the mean over the judges of each one's share. Its interval is by Wilson on the number
    of answers: another judge makes a share no more certain of situations that nobody asked.

    Returns:
        ``judges`` and ``items`` (how many), ``systems`` (for each ``num``; for each question and
        for ``sense``, which is four times yes, ``share`` and ``interval``; and ``categories`` with
        ``num`` and ``sense``) and ``agreement``.
    """
    systems = sorted({system for entry in key.values() for system in entry.systems})
    return {
        "judges": len(judges),
        "items": len(key),
        "systems": {system: _system(system, key, judges) for system in systems},
        "agreement": agreement(judges),
    }


def agreement(judges: Sequence[Mapping[int, Verdict]]) -> dict[str, float | None]:
    """How far judges agree on what makes sense, the mean over all pairs of them.

    Returns:
        ``same``, the share of items about which two judges say the same, and ``kappa``; None where
        there is one judge alone or kappa has no value.
    """
    pairs = [
        [(_makes_sense(one[number]), _makes_sense(other[number])) for number in one]
        for one, other in combinations(judges, 2)
    ]
    kappas = [value for value in map(kappa, pairs) if value is not None]
    return {
        "same": _mean(sum(a == b for a, b in pair) / len(pair) for pair in pairs),
        "kappa": _mean(kappas),
    }


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa: how much oftener two agree than their habits alone would make them.

    None where both always say the same one thing: then habit explains everything.

    >>> kappa([(True, True), (True, True), (False, False), (True, False)])
    0.5
    """
    num = len(pairs)
    same = sum(a == b for a, b in pairs) / num
    yes, also_yes = (sum(column) / num for column in zip(*pairs, strict=True))
    chance = yes * also_yes + (1 - yes) * (1 - also_yes)
    return None if chance == 1 else (same - chance) / (1 - chance)


def _system(
    system: str, key: Mapping[int, Entry], judges: Sequence[Mapping[int, Verdict]]
) -> dict[str, Any]:
    own = {number: entry for number, entry in key.items() if system in entry.systems}
    result: dict[str, Any] = {"num": len(own)}
    for question in ASKED:
        result[question] = _with_interval(
            [judge[number][question] for judge in judges for number in own], len(own)
        )
    sense = {number: [_makes_sense(judge[number]) for judge in judges] for number in own}
    result["sense"] = _with_interval([yes for said in sense.values() for yes in said], len(own))
    result["categories"] = {}
    for category in sorted({entry.category for entry in own.values()}):
        within = [sense[number] for number, entry in own.items() if entry.category == category]
        share = _mean(yes for said in within for yes in said)
        result["categories"][category] = {"num": len(within), "sense": share}
    return result


def _makes_sense(verdict: Verdict) -> bool:
    return all(verdict[question] for question in ASKED)


def _with_interval(verdicts: Sequence[bool], num: int) -> dict[str, Any]:
    share = sum(verdicts) / len(verdicts)
    return {"share": round(share, 4), "interval": interval(share * num, num)}


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return round(sum(values) / len(values), 4) if values else None
