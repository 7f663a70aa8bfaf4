"""Reads a server's answer while it is being written, and checks all of it.

Servers are untrusted: one may ignore the schema, break off, or be somebody else. So each answer is
checked here against the situation's legal actions. Invariant: no text raises, and a ``Reading`` has
only legal actions, legal values, known emotions and one short printable line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from npcbrain.plain_text import clean_text, last_whole_sentence
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import MAX_LINE_CHARS, Action, Decision

__all__ = ["NOTHING_YET", "Reading", "read_answer"]

DECODER = json.JSONDecoder(strict=False)  # not strict: models put line breaks into strings
BLANKS = " \t\r\n"


class Reading(NamedTuple):
    """An answer as far as it has been read.

    Attributes:
        choice: The deed, once it is complete and legal.
        emotion: ``"neutral"`` until it is known.
        say: The words so far.
        is_legal: False once it can no longer become a legal answer.
    """

    choice: Decision | None
    emotion: str
    say: str
    is_legal: bool


NOTHING_YET = Reading(None, "neutral", "", True)


def read_answer(text: str, actions: Sequence[Action], *, whole: bool) -> Reading:
    """Reads an answer as ``npcbrain.remote.schema`` asks for it.

    Args:
        text: All of it so far; text before the first brace does not count.
        actions: The legal ones.
        whole: Whether no more will come.

    >>> read_answer('{"deed": {"action": "say"}, "say": "We', [Action("say")], whole=False).say
    'We'
    """
    done, key, rest = _fields(text)
    deed = done.get("deed")
    choice = None if deed is None else _legal(deed, actions)
    if choice is None:
        return NOTHING_YET._replace(is_legal=deed is None and not whole)
    emotion = done.get("emotion")
    say = done.get("say", _unfinished(rest) if key == "say" else "")
    line = clean_text(say)[: MAX_LINE_CHARS + 1] if isinstance(say, str) else ""
    if len(line) > MAX_LINE_CHARS or (whole and "say" not in done):
        line = last_whole_sentence(line[:MAX_LINE_CHARS])
    known = isinstance(emotion, str) and emotion in EMOTIONS
    return Reading(choice, str(emotion) if known else "neutral", line, True)


def _legal(deed: object, actions: Sequence[Action]) -> Decision | None:
    """The deed as a decision without words; None unless it is exactly one of the legal ones."""
    if not isinstance(deed, Mapping) or not deed.keys() <= {"action", "args"}:
        return None
    args = deed.get("args", {})
    for action in actions:
        if action.name == deed.get("action"):
            if not isinstance(args, Mapping) or args.keys() != action.args.keys():
                return None
            if all(args[arg] in values for arg, values in action.args.items()):
                return Decision(action.name, {arg: args[arg] for arg in action.args})
    return None


def _fields(text: str) -> tuple[dict[str, object], str, str]:
    """The complete fields of the first object, and key and text of the one that is not complete.

    If a key comes twice, the first value counts: the game may have acted on it already.
    """
    done: dict[str, object] = {}
    at = text.find("{") + 1
    while at:
        at = _skip(text, at, f"{BLANKS},")
        key, at = _value(text, at)
        if not isinstance(key, str):
            break
        at = _skip(text, at, BLANKS)
        if text[at : at + 1] != ":":
            break
        at = _skip(text, at + 1, BLANKS)
        value, end = _value(text, at)
        if not end:
            return done, key, text[at:]
        done.setdefault(key, value)
        at = end
    return done, "", ""


def _value(text: str, at: int) -> tuple[object, int]:
    """A value and its end; the end is 0 if the value is not complete, or is none."""
    try:
        return DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, 0


def _skip(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at


def _unfinished(text: str) -> str:
    """A string whose end has not come yet, without an escape that is cut in two."""
    for cut in range(6):  # an escape has six characters at most, "\\u00e9"
        head = text[: len(text) - cut]
        try:
            said = json.loads(f'{head}"', strict=False)
        except (ValueError, RecursionError):
            continue
        return said if isinstance(said, str) else ""
    return ""
