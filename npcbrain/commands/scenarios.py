"""Situations with known good answers, and how answers to them are scored.

Pure: reads lines, counts answers; runs no model. Invariant: a score is a share from 0 to 1, or None
if no case asks for it.

A line of a scenario file is a situation with two more fields::

    {"id": "d003-give", "npc": {...}, ..., "expect": {
        "actions": [{"name": "give", "args": {"item": "room key"}}],
        "say_any": ["here"], "say_none": ["five"]}}

An answer is accepted if its action is one of ``actions`` and has the arguments listed there; others
are free. ``say_any`` are words of which one must be said, ``say_none`` words that must not; both
are searched for as parts of the text, in any case.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npcbrain.errors import SituationError, UsageError, fault
from npcbrain.plain_text import SENTENCE_ENDS
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import Action, Decision, Situation

__all__ = ["Expectation", "Scenario", "interval", "read_scenarios", "scores"]

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
NGRAM = 4  # words; a small model that gets stuck says the same four twice
MAX_LINE_CHARS = 1 << 20  # a situation has a few thousand; a longer line is not a situation


@dataclass(frozen=True, slots=True)
class Expectation:
    """Says which answers are good."""

    actions: tuple[tuple[str, Mapping[str, str]], ...]
    say_any: tuple[str, ...]
    say_none: tuple[str, ...]

    @property
    def may_say(self) -> bool:
        """Whether plain talking is a good answer."""
        return any(name == "say" for name, _ in self.actions)

    def accepts(self, decision: Decision) -> bool:
        """Whether action and arguments are right."""
        return any(
            name == decision.action
            and all(decision.args.get(arg) == value for arg, value in args.items())
            for name, args in self.actions
        )

    def is_grounded(self, say: str) -> bool:
        """Whether one of the words that must be said is said."""
        return _has_any(say, self.say_any)

    def is_clean(self, say: str) -> bool:
        """Whether it says nothing forbidden, ends with a sentence and does not repeat itself."""
        ended = say.endswith(tuple(SENTENCE_ENDS))
        return ended and not _has_any(say, self.say_none) and not _repeats(say)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One case: a situation and what is expected of the answer."""

    id: str
    situation: Situation
    expect: Expectation

    @property
    def category(self) -> str:
        """What the id says behind its last dash; empty without one."""
        return self.id.rpartition("-")[2] if "-" in self.id else ""


def read_scenarios(path: Path) -> list[Scenario]:
    """Reads a scenario file (JSON lines, UTF-8; empty lines are passed over).

    Raises:
        UsageError: The file cannot be read, is not JSON lines, or holds no scenario.
        SituationError: A line does not follow the schema; the message has its number.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(
            fault("scenarios", "be a readable file", error.strerror, str(path), "check the path")
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(fault("scenarios", "be UTF-8", error.reason, str(path))) from error
    scenarios = [
        _read_scenario(line, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not scenarios:
        raise UsageError(fault("scenarios", "hold at least one line", 0, str(path)))
    return scenarios


def is_valid(decision: Decision, actions: Sequence[Action]) -> bool:
    """Whether a decision is legal: a listed action, a listed value for each argument, a mood."""
    action = next((action for action in actions if action.name == decision.action), None)
    return (
        action is not None
        and decision.emotion in EMOTIONS
        and decision.args.keys() == action.args.keys()
        and all(decision.args[arg] in values for arg, values in action.args.items())
    )


def scores(scenarios: Sequence[Scenario], decisions: Sequence[Decision | None]) -> dict[str, Any]:
    """Scores answers; None stands for no answer, which is wrong in every way.

    Returns:
        ``num``; the shares ``valid``, ``action_accuracy``, ``action_accuracy_say`` (of cases where
        ``say`` is accepted), ``action_accuracy_act`` (of the others), ``grounded`` (of cases with
        ``say_any``), ``clean``, ``quoted`` (of the answers with words, those that quote); their
        ``intervals``, 95 % by Wilson; and ``categories``, the same for each category.
    """
    pairs = list(zip(scenarios, decisions, strict=True))
    result = _scores(pairs)
    result["categories"] = {
        category: _scores([pair for pair in pairs if pair[0].category == category])
        for category in sorted({scenario.category for scenario in scenarios})
    }
    return result


def _scores(pairs: Sequence[tuple[Scenario, Decision | None]]) -> dict[str, Any]:
    right = [(s.expect.may_say, d is not None and s.expect.accepts(d)) for s, d in pairs]
    asked = {
        "valid": [d is not None and is_valid(d, s.situation.actions) for s, d in pairs],
        "action_accuracy": [ok for _, ok in right],
        "action_accuracy_say": [ok for may_say, ok in right if may_say],
        "action_accuracy_act": [ok for may_say, ok in right if not may_say],
        "grounded": [
            d is not None and s.expect.is_grounded(d.say) for s, d in pairs if s.expect.say_any
        ],
        "clean": [d is not None and s.expect.is_clean(d.say) for s, d in pairs],
        "quoted": [bool(d.quoted) for _, d in pairs if d is not None and d.say],
    }
    shares: dict[str, Any] = {name: _share(answers) for name, answers in asked.items()}
    intervals = {name: interval(sum(got), len(got)) for name, got in asked.items() if got}
    return {"num": len(pairs), **shares, "intervals": intervals}


def interval(count: int, num: int) -> tuple[float, float]:
    """Where a share of ``count`` in ``num`` may truly lie, with 95 % confidence (Wilson 1927).

    >>> interval(8, 10)
    (0.4902, 0.9433)
    """
    share, z = count / num, 1.959964
    middle = (share + z * z / (2 * num)) / (1 + z * z / num)
    half = z / (1 + z * z / num) * math.sqrt(share * (1 - share) / num + z * z / (4 * num * num))
    return max(0.0, round(middle - half, 4)), min(1.0, round(middle + half, 4))


def _share(answers: Sequence[bool]) -> float | None:
    return round(sum(answers) / len(answers), 4) if answers else None


def _has_any(say: str, words: Sequence[str]) -> bool:
    said = say.casefold()
    return any(word.casefold() in said for word in words)


def _repeats(say: str) -> bool:
    """Whether any four words in a row occur twice.

    >>> _repeats("The inn is full, I say, the inn is full!")
    True
    >>> _repeats("The inn is full and the inn is warm.")
    False
    """
    words = WORD.findall(say.casefold())
    grams = [tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)]
    return len(set(grams)) < len(grams)


def _read_scenario(line: str, where: str) -> Scenario:
    if len(line) > MAX_LINE_CHARS:
        rule = f"have at most {MAX_LINE_CHARS} characters"
        raise UsageError(fault("line", rule, len(line), where))
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(fault("line", "be JSON", str(error), where)) from error
    situation = Situation.from_dict(data, f"{where}: $")
    name = data.get("id", where)
    if not isinstance(name, str):
        raise SituationError(fault("id", "be a string", name, f"{where}: $.id"))
    return Scenario(name, situation, _read_expectation(data.get("expect"), f"{where}: $.expect"))


def _read_expectation(data: object, where: str) -> Expectation:
    if not isinstance(data, Mapping):
        advice = "say which answers are right"
        raise SituationError(fault("expect", "be an object", data, where, advice))
    actions = data.get("actions")
    if not isinstance(actions, list) or not actions:
        raise SituationError(fault("actions", "be a list of one or more", actions, where))
    return Expectation(
        tuple(_read_action(item, f"{where}.actions[{i}]") for i, item in enumerate(actions)),
        _read_words(data.get("say_any", []), f"{where}.say_any"),
        _read_words(data.get("say_none", []), f"{where}.say_none"),
    )


def _read_action(data: object, where: str) -> tuple[str, Mapping[str, str]]:
    name = data.get("name") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(name, str):
        raise SituationError(fault("action", "be an object with a name", data, where))
    args = data.get("args", {})
    if not isinstance(args, Mapping) or not all(isinstance(v, str) for v in args.values()):
        raise SituationError(fault("args", "map arguments to one value each", args, where))
    return name, dict(args)


def _read_words(data: object, where: str) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(word, str) and word for word in data):
        raise SituationError(fault("words", "be a list of strings that are not empty", data, where))
    return tuple(data)
