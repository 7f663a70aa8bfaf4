"""Finds what breaks a rule in sheets of written exchanges, and counts what they hold.

A reader finds what cannot be read; here is found what reads well and teaches ill: a name that
nobody has told the character, a line that is said again and again, a situation that no prompt has
room for. Invariant: nothing is changed, and every fault is told, not only the first.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from npcbrain.errors import fault
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.fact_retrieval import split_words
from npcbrain.prompting.stock_lines import OF_DEEDS, OF_TALK
from npcbrain.situation import Exchange, Situation
from tools.distil.sheets.quoting import OCCASIONS
from tools.distil.sheets.reading import HELD_OUT, Sheet, SheetError, held_out_names, read_sheets
from tools.distil.situations.example import Example

__all__ = ["Report", "check", "invented", "known_words"]

MAX_CHARS = 2600  # of a situation in JSON; the prompt of a longer one may be cut
MAX_SAID = 2  # times that the same words are an answer
OPENING = 3  # words of an answer that are its opening
MAX_OPENING_SHARE = 1 / 150  # of the answers that one opening may begin
MIN_OPENINGS = 3  # in a few sheets so many are no habit
ACTS = (0.45, 0.65)  # share of the answers that do more than talk
MAX_PLACES = 3  # told of a fault that stands in many

# Written large within a sentence, and no name that somebody must have been told.
TITLES = frozenset(
    "mr mrs ms miss mister madam madame sir lord lady master mistress majesty highness grace honour"
    " excellency radiance president father mother brother sister mum mamma auntie doctor captain"
    " cap sarge your his her god him thor".split()
)
NAME = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
WITHIN = re.compile(r"[^\W_][,;]?['\u2019]? $")  # what stands before a word within a sentence
PART = re.compile(r"[^\W_]+")


@dataclass
class Report:
    """What was found.

    Attributes:
        faults: One sentence each, with file and line.
        sheets: All that could be read.
        num_held_out: Those of them that no training sees.
        num_exchanges: Events with their answers.
        num_acts: Answers that do more than talk.
        num_words: Different words said.
        repeated: Answers that are said more than once.
        openings: Openings that are said too often.
    """

    faults: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    num_held_out: int = 0
    num_exchanges: int = 0
    num_acts: int = 0
    num_words: int = 0
    repeated: int = 0
    openings: int = 0

    def __str__(self) -> str:
        acts = self.num_acts / max(1, self.num_exchanges)
        return (
            f"{len(self.sheets)} sheets ({self.num_held_out} held out), {self.num_exchanges}"
            f" exchanges, {acts:.0%} acts, {self.num_words} words said, {self.repeated} lines"
            f" repeated, {self.openings} openings said too often, {len(self.faults)} faults"
        )


def check(folder: Path) -> Report:
    """Checks all sheets of a folder.

    Args:
        folder: Holds ``*.txt`` files, as ``read_sheets`` reads them.

    Raises:
        SheetError: There is no sheet at all.
    """
    unread: list[SheetError] = []
    sheets = read_sheets(folder, faults=unread)
    report = Report(list(map(str, unread)), sheets)
    said: dict[str, list[str]] = defaultdict(list)
    openings: dict[str, list[str]] = defaultdict(list)
    words: set[str] = set()
    for sheet in sheets:
        for example, line in zip(sheet.examples, sheet.lines, strict=True):
            where = f"{sheet.file}:{line}"
            report.num_exchanges += 1
            report.num_acts += example.decision.action != "say"
            spoken = NAME.findall(example.decision.say.lower())
            words.update(spoken)
            said[" ".join(spoken)].append(where)
            openings[" ".join(spoken[:OPENING])].append(where)
            report.faults += _exchange_faults(example.situation, example.decision.say, where)
    report.num_words = len(words)
    report.repeated = sum(len(places) > 1 for places in said.values())
    most = max(MIN_OPENINGS, report.num_exchanges * MAX_OPENING_SHARE)
    often = {opening: at for opening, at in openings.items() if len(at) > most}
    report.openings = len(often)
    for line, at in said.items():
        if len(at) > MAX_SAID:
            report.faults.append(
                fault("answer", f"be said at most {MAX_SAID} times", line, _places(at))
            )
    for opening, at in often.items():
        rule = f"begin at most {most:.0f} of {report.num_exchanges} answers, not {len(at)}"
        report.faults.append(fault("opening", rule, opening, _places(at), "begin some otherwise"))
    acts = report.num_acts / max(1, report.num_exchanges)
    if not ACTS[0] <= acts <= ACTS[1]:
        rule = f"be {ACTS[0]} to {ACTS[1]} of all answers"
        report.faults.append(fault("acts", rule, round(acts, 2), str(folder)))
    report.faults += _held_out_faults(sheets, folder)
    report.faults += _occasion_faults(sheets, folder)
    held_out = held_out_names(folder)
    report.num_held_out = sum(sheet.key in held_out for sheet in sheets)
    return report


def invented(situation: Situation, say: str) -> list[str]:
    """Names and numbers in an answer that its situation does not hold.

    A name is seen by its capital within a sentence; at the beginning of one every word has it.
    Titles and oaths are none, and whoever is there may be called by a short form of his name.

    >>> from npcbrain.situation import Action, Event, Profile, Scene
    >>> event = Event("speech", "player", "Where is Lulu?")
    >>> situation = Situation(Profile("Al", "cook"), Scene(), event, (Action("say"),))
    >>> invented(situation, "Ask Bo. Or God. Ask Lulu at 9, ask Alan.")
    ['Bo', '9', 'Alan']
    """
    parts = [part for part in _names(say) if TITLES.isdisjoint(_forms(part))]
    if not parts:
        return []
    known, present = known_words(situation), _present(situation)

    def is_known(part: str) -> bool:
        is_short = part.isalpha() and any(other.startswith(part.lower()) for other in present)
        return is_short or not known.isdisjoint(_forms(part))

    return [part for part in parts if not is_known(part)]


def known_words(situation: Situation) -> frozenset[str]:
    """All words that an answer may take its names from."""
    npc, scene, event = situation.npc, situation.scene, situation.event
    texts = [npc.name, npc.role, npc.goal, *npc.facts, scene.place, scene.time, *scene.nearby]
    texts += [event.source, event.text]
    for memory in situation.memory:
        told = isinstance(memory, Exchange)
        texts += (memory.who, memory.heard, memory.deed, memory.reply) if told else (memory,)
    for action in situation.actions:
        texts += (action.name, *(value for values in action.args.values() for value in values))
    return frozenset().union(*map(_words, texts))


def _names(say: str) -> Iterator[str]:
    """Words that are written as only names and numbers are, each once."""
    parts: dict[str, None] = {}
    for name in NAME.finditer(say):
        within = WITHIN.search(say, 0, name.start())
        for part in PART.findall(name[0]):
            if any(map(str.isdigit, part)) or (within and part[0].isupper() and part != "I"):
                parts[part] = None
    yield from parts


def _forms(word: str) -> tuple[str, ...]:
    """As it is and of another number: "Monday" is known from "Mondays"."""
    word = word.lower()
    return word, word.removesuffix("s"), f"{word}s"


def _present(situation: Situation) -> frozenset[str]:
    """Words of what those are called who are there."""
    values = (v for action in situation.actions for vs in action.args.values() for v in vs)
    names = (situation.npc.name, situation.event.source, *situation.scene.nearby, *values)
    return frozenset().union(*map(_words, names))


# Facts and values come again with every event of a sheet.
@lru_cache(maxsize=1 << 14)
def _words(text: str) -> frozenset[str]:
    return frozenset(split_words(text))


def _exchange_faults(situation: Situation, say: str, where: str) -> Iterator[str]:
    for word in invented(situation, say):
        rule = "be known from facts, memory, event, scene or actions"
        advice = f"add it, or change {say!r}"
        yield fault("name" if word.isalpha() else "number", rule, word, where, advice)
    chars = len(json.dumps(situation.to_dict(), ensure_ascii=False))
    if chars > MAX_CHARS:
        rule = f"have at most {MAX_CHARS} characters in JSON"
        yield fault("situation", rule, chars, where, "shorten facts or memories")


def _held_out_faults(sheets: Sequence[Sheet], folder: Path) -> Iterator[str]:
    keys = [sheet.key for sheet in sheets]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield fault("name", "be unique in its file", key, key.partition(":")[0])
    for key in sorted(held_out_names(folder).difference(keys)):
        yield fault("held-out character", "have a sheet", key, HELD_OUT, "name it 'file: name'")


def _occasion_faults(sheets: Sequence[Sheet], folder: Path) -> Iterator[str]:
    path = folder / OCCASIONS
    rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    answers = {
        f"{sheet.file}:{line}": example
        for sheet in sheets
        for example, line in zip(sheet.examples, sheet.lines, strict=True)
    }
    for number, row in enumerate(rows, 1):
        where = f"{OCCASIONS}:{number}"
        file, line, occasion = (*row.split("\t"), "", "", "")[:3]
        answer = answers.get(f"{file}:{line}")
        if answer is None:
            yield fault("line", "be that of an answer", f"{file}:{line}", where)
        elif occasion not in (legal := OF_DEEDS if _acts(answer) else OF_TALK):
            beside = "a deed" if legal is OF_DEEDS else "talk"
            rule = f"be one of npcbrain.prompting.stock_lines that goes with {beside}"
            yield fault("occasion", rule, occasion, where, f"it answers in {file}:{line}")


def _acts(example: Example) -> bool:
    """Whether the answer is a deed, by the same rule as where a quote is allowed."""
    chosen = (a for a in example.situation.actions if a.name == example.decision.action)
    return not any(map(is_talk, chosen))


def _places(at: Sequence[str]) -> str:
    more = f" and {len(at) - MAX_PLACES} more" if len(at) > MAX_PLACES else ""
    return ", ".join(at[:MAX_PLACES]) + more
