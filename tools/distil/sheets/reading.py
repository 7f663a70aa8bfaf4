"""Reads sheets of written exchanges; README.md beside this file describes their lines.

Invariant: every exchange that is read is legal in its situation; what is not raises with its line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from npcbrain.errors import NpcBrainError, UsageError, fault
from npcbrain.npcs.memory import Memory
from npcbrain.plain_text import SENTENCE_ENDS
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import Decision, Event, Situation, clean_text
from tools.distil.situations.example import Example, Expect

__all__ = ["DATA", "MAX_WORDS", "Sheet", "SheetError", "held_out_names", "read_sheets"]

DATA = Path(__file__).parent / "data"
HELD_OUT_SET = DATA.with_name("held_out.jsonl")  # 337 situations of theirs, with expectations
NEAR_SET = DATA.with_name("held_out_near.jsonl")  # 319 of newer ones, whose deeds are near others
HELD_OUT = "held_out.txt"  # names the characters that no training sees, one "file: name" a line
KINDS = {"": "sighting", "sighting": "sighting", "attack": "attack", "gift": "gift", "time": "time"}
MAX_WORDS = 32  # of an answer; two sentences that fit a bubble
PROFILE = ("knows:", "can:", "- ", "traits: ", "goal: ")  # lines about who it is and can do
EVENT = re.compile(
    r"(?P<follows>\+\s*)?(?P<bang>!(?P<kind>\w*)\s+)?(?P<who>[^:|=~#]{1,40}?):\s+(?P<text>.+)"
)


class SheetError(UsageError):
    """A line of a sheet breaks a rule; the message says which, and where."""


@dataclass
class Sheet:
    """One character and what happens to it.

    Attributes:
        file: The name of its file.
        name: The character's.
        examples: Its exchanges, in order.
        lines: The line of each exchange's answer in the file.
    """

    file: str
    name: str
    examples: list[Example] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    @property
    def key(self) -> str:
        """How ``held_out.txt`` names it."""
        return f"{self.file}: {self.name}"


def read_sheets(
    folder: Path = DATA, split: str = "all", faults: list[SheetError] | None = None
) -> list[Sheet]:
    """All sheets of a folder, in order of file names.

    Args:
        folder: Holds ``*.txt`` files.
        split: ``"train"`` leaves out the characters of ``held_out.txt``, ``"val"`` takes only
            those, ``"all"`` takes everybody.
        faults: Takes what is wrong with the lines, so that all of it is told at once and what is
            right is read; None raises the first.

    Raises:
        SheetError: A line breaks a rule, or there is no sheet.
    """
    held = held_out_names(folder)
    sheets = [
        sheet
        for file in sorted(folder.glob("*.txt"))
        if file.name != HELD_OUT
        for sheet in _read_file(file, faults)
        if split == "all" or (sheet.key in held) == (split == "val")
    ]
    if not sheets:
        raise SheetError(fault("folder", "hold sheets", 0, str(folder), "name another one"))
    return sheets


def held_out_names(folder: Path) -> frozenset[str]:
    """The characters that no training sees, by ``Sheet.key``."""
    path = folder / HELD_OUT
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return frozenset(line.strip() for line in lines if line.strip())


def _read_file(path: Path, faults: list[SheetError] | None) -> list[Sheet]:
    reader = _Reader(path.name, faults)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        reader.take(number, clean_text(line))
    reader.end()
    return reader.sheets


class _Reader:
    """Where in a file reading is, and what holds from there on."""

    def __init__(self, file: str, faults: list[SheetError] | None) -> None:
        self.file, self.number, self._faults = file, 0, faults
        self.sheets: list[Sheet] = []
        self._npc: dict[str, Any] = {}
        self._scene: dict[str, Any] = {}
        self._actions: list[dict[str, Any]] = []
        self._memory: list[str] = []
        self._event: dict[str, str] | None = None
        self._last: str | None = None  # the exchange before, as it is remembered
        self._section = ""
        self._known: Situation | None = None  # who it is and can do, once that was checked
        self._lost = ""  # what cannot be read for a fault before it: "answer" or "sheet"

    def take(self, number: int, line: str) -> None:
        """Takes the next line of the file, which may be empty.

        Raises:
            SheetError: It breaks a rule, and nobody collects faults.
        """
        self.number = number
        try:
            if line:
                self._read(line)
        except SheetError as error:
            self._tell(error)
            self._pass_over(line)

    def end(self) -> None:
        """Ends the last sheet.

        Raises:
            SheetError: It is not whole, and nobody collects faults.
        """
        if self._event is not None:
            self._tell(self._error("event", "have an answer", self._event["text"]))
        self._event = None

    def _tell(self, error: SheetError) -> None:
        if self._faults is None:
            raise error
        self._faults.append(error)

    def _read(self, line: str) -> None:
        if line.startswith("# "):
            self._begin(line[2:])
        elif self._lost == "sheet":
            return
        elif not self.sheets:
            raise self._error("first line", "be '# Name, role'", line)
        elif self._known is not None and line.startswith(PROFILE):
            raise self._error("profile", "stand before the first event", line)
        elif line in ("knows:", "can:"):
            self._section = line[:-1]
        elif line.startswith("- "):
            self._list(line[2:])
        elif line.startswith("traits: "):
            self._npc["traits"] = _split(line[8:], ",")
        elif line.startswith("goal: "):
            self._npc["goal"] = line[6:]
        elif line.startswith("at: "):
            place, _, time = line[4:].rpartition(", ")
            self._scene = {**self._scene, "place": place or time, "time": time if place else ""}
        elif line.startswith("near: "):
            self._scene = {**self._scene, "nearby": _split(line[6:], ",")}
        elif line.startswith("~ "):
            self._memory.append(line[2:])
        elif line.startswith("= "):
            self._answer(_split(line[2:], " | "))
        elif found := EVENT.fullmatch(line):
            self._happens(found)
        else:
            raise self._error("line", "be one that sheets have", line[:60])

    def _pass_over(self, line: str) -> None:
        """Goes on after a line that broke a rule, so that one fault is not told as many."""
        if line.startswith("# ") or not self.sheets:
            self._lost = "sheet"
        elif line.startswith("= "):
            self._memory, self._event = [], None
            self._last = self._last or "-"  # a "+" after it is no fault of its own
        elif self._event is None and not line.startswith("- "):
            unknown = self._known is None and EVENT.fullmatch(line)
            self._lost = "sheet" if unknown else "answer"

    def _begin(self, text: str) -> None:
        self.end()
        name, comma, role = text.partition(", ")
        if not comma:
            raise self._error("first line", "be '# Name, role'", text)
        self.sheets.append(Sheet(self.file, name.strip()))
        self._npc = {"name": name.strip(), "role": role.strip(), "traits": [], "goal": ""}
        self._npc["facts"] = []
        self._scene, self._actions, self._memory = {}, [], []
        self._event, self._last, self._section, self._known = None, None, "", None
        self._lost = ""

    def _list(self, text: str) -> None:
        if self._section == "knows":
            self._npc["facts"].append(text)
        elif self._section == "can":
            self._actions.append(_action(text))
        else:
            raise self._error("'- '", "stand under knows: or can:", text)

    def _happens(self, found: re.Match[str]) -> None:
        if self._event is not None:
            raise self._error("event", "have an answer before the next", found["text"])
        self._known = self._known or self._profile()
        kind = found["kind"] or ""
        if found["bang"] and kind not in KINDS:
            raise self._error("kind", "be attack, gift, time or none", kind)
        if found["follows"]:
            if self._last is None:
                raise self._error("'+'", "follow an exchange", found["text"])
            self._memory.append(self._last)
        kind = KINDS[kind] if found["bang"] else "speech"
        self._event = {"kind": kind, "from": found["who"].strip(), "text": found["text"]}
        self._lost = ""

    def _answer(self, parts: Sequence[str]) -> None:
        if self._event is None and self._lost == "answer":
            self._memory, self._lost = [], ""
            return
        if self._event is None:
            raise self._error("answer", "follow an event", parts)
        legal = next((a for a in self._actions if a["name"] == parts[0]), None)
        if legal is None:
            names = [a["name"] for a in self._actions]
            raise self._error("action", f"be one of {names}", parts[0])
        args = legal.get("args", {})
        if len(parts) != len(args) + 3:
            raise self._error(parts[0], f"have {len(args)} values, emotion and words", parts[1:])
        for (arg, values), value in zip(args.items(), parts[1:], strict=False):
            if value not in values:
                raise self._error(arg, f"be one of {values}", value)
        emotion, say = parts[-2:]
        if emotion not in EMOTIONS:
            raise self._error("emotion", f"be one of {EMOTIONS}", emotion)
        if say[-1:] not in SENTENCE_ENDS or not 1 <= len(say.split()) <= MAX_WORDS:
            raise self._error("words", f"be 1 to {MAX_WORDS} and end a sentence", say)
        decision = Decision(parts[0], dict(zip(args, parts[1:], strict=False)), emotion, say)
        situation = self._situation()
        expect = Expect(((decision.action, decision.args),))
        sheet = self.sheets[-1]
        sheet.examples.append(Example(situation, decision, expect, self._event["kind"]))
        sheet.lines.append(self.number)
        self._last = _remembered(situation, decision)
        self._memory, self._event = [], None

    def _profile(self) -> Situation:
        """Who it is and what it can do, checked once a sheet."""
        nothing = {"kind": "-", "from": "-"}
        return self._checked({"npc": self._npc, "actions": self._actions, "event": nothing})

    def _situation(self) -> Situation:
        """What is answered."""
        known = self._known
        assert known is not None
        who = {"npc": {"name": known.npc.name, "role": "-"}, "actions": [{"name": "-"}]}
        what = {"scene": self._scene, "event": self._event, "memory": self._memory}
        situation = self._checked(who | what)
        return replace(situation, npc=known.npc, actions=known.actions)

    def _checked(self, data: dict[str, Any]) -> Situation:
        try:
            return Situation.from_dict(data, f"{self.file}:{self.number}")
        except NpcBrainError as error:
            raise SheetError(str(error)) from error

    def _error(self, what: str, rule: str, got: object) -> SheetError:
        return SheetError(fault(what, rule, got, f"{self.file}:{self.number}", "see README.md"))


def _remembered(situation: Situation, decision: Decision) -> str:
    """The exchange as the runtime would remember it."""
    memory = Memory()
    event = situation.event
    memory.add_event(Event(event.kind, event.source, event.text), decision, situation.npc.name)
    return next(iter(memory)).text


def _action(text: str) -> dict[str, Any]:
    """``give item: key / ale; to: player`` or ``give``."""
    head, colon, _ = text.partition(":")
    if not colon:
        return {"name": text.strip()}
    name, _, _ = head.rpartition(" ")
    args = {}
    for part in _split(text[len(name) + 1 :], ";"):
        arg, _, values = part.partition(":")
        args[arg.strip()] = _split(values, " / ")
    return {"name": name.strip(), "args": args}


def _split(text: str, by: str) -> list[str]:
    return [part.strip() for part in text.split(by) if part.strip()]
