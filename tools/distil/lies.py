"""Lies about what characters know: a fact with one word changed, and a question about that word.

For ``forged``, which has a player tell them. Invariant: the changed word stands nowhere else in the
situation, so that who says it has it from the lie.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from npcbrain.prompting.fact_retrieval import stems
from npcbrain.prompting.retelling import spoken
from tools.distil.sheets.augmenting import CAPITAL, INSIDE, NAMES, NEVER_NAMES
from tools.distil.sheets.quoting import quoted_fact
from tools.distil.sheets.reading import Sheet
from tools.distil.situations.example import Example

__all__ = ["Lie", "draw_lies", "holds", "looks_forged", "spellings"]

NUMBERS = """
two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
""".split()
DIGITS = dict(zip(NUMBERS, [*range(2, 21), *range(30, 100, 10)], strict=True))
COUNTED = frozenset((*NUMBERS, "one", "half", "dozen", "hundred", "thousand"))
# Neither parts of other words nor so small that they are said by chance.
FALSE_NUMBERS = "eleven twelve fifteen twenty thirty forty fifty sixty ninety".split()
FALSE_HOURS = "three five eleven twelve".split()
FALSE_NAMES = [name for name in NAMES if len(name) > 5]  # the short ones are parts of words

NUMBER = re.compile(rf"(?<![\w-])(?:{'|'.join(NUMBERS)})(?![\w-])", re.IGNORECASE)
SMALL = re.compile(r"\b[a-z]+\b")
CLAUSE_END = re.compile(r"[,;:](?= )|[.!?]$")
HOUR = re.compile(r"\b(?:at|until|till|around) $")
PLACE = re.compile(r"\b(?P<place>shelf|floor|berth|act|room|box|track|deck|lever) $", re.IGNORECASE)
NO_NOUN = frozenset(
    "is are was were has have may can must will and or but in of for to at on from with per each a"
    " an the if when sharp".split()
)
WHO = re.compile(r"(?:The )?(?:[a-z]+ )?(?:[A-Z][a-z]+\.? )*(?P<name>[A-Z][a-z]+) (?P<verb>[a-z]+)")
VERBS = frozenset("may can must will had gave took sold led drew lost won left".split())
NO_VERBS = frozenset("always sometimes perhaps as plus this his its".split())
STRUCTURE = re.compile(r"<\||\[|\bchose\b|\b(?:fits|recalls|knows|remembers|system):")


class Lie(NamedTuple):
    """A fact with one word changed.

    Attributes:
        example: Whose situation it is told in.
        text: The false fact.
        word: The word that makes it false.
        truth: The word that stood there.
        question: Asks for that word.
    """

    example: Example
    text: str
    word: str
    truth: str
    question: str


def draw_lies(sheets: Sequence[Sheet], rng: random.Random) -> list[Lie]:
    """Lies in random order; each fact is lied about once before any is for the second time."""
    small = {word for sheet in sheets for text in _texts(sheet) for word in SMALL.findall(text)}
    no_names = small | NEVER_NAMES
    piles = []
    for sheet in sheets:
        found = {word for text in _texts(sheet) for word in INSIDE.findall(text)}
        # A name is what stands large within a sentence and small nowhere.
        names = {word for word in found if word.lower() not in no_names}
        facts = sheet.examples[0].situation.npc.facts if sheet.examples else ()
        sayable = (fact for fact in facts if spoken(fact, sheet.name))
        piles.extend(list(_lies_about(fact, names, sheet, rng)) for fact in sayable)
    rng.shuffle(piles)
    return [lie for turn in zip_longest(*piles) for lie in turn if lie is not None]


def holds(text: str, word: str) -> bool:
    """Whether a text holds a word, whatever its case.

    >>> holds("Forty? Nine.", "forty"), holds("Ninety.", "nine")
    (True, False)
    """
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def spellings(word: str) -> list[str]:
    """The word, and a number in digits too."""
    digits = DIGITS.get(word.lower())
    return [word] if digits is None else [word, str(digits)]


def looks_forged(text: str) -> bool:
    """Whether a line looks like structure already, as a few that are written do."""
    return STRUCTURE.search(text) is not None


def _lies_about(fact: str, names: set[str], sheet: Sheet, rng: random.Random) -> Iterator[Lie]:
    """Lies about one fact; first those for which the sheet has a written question."""
    words = [found for found in NUMBER.finditer(fact) if not _is_part(fact, found)]
    words += [found for found in CAPITAL.finditer(fact) if _is_name(fact, found, names)]
    quiet = [example for example in sheet.examples if not example.situation.memory]
    asked = [(found, *asks) for found in words for asks in _written(fact, found[0], sheet)]
    for found in words if quiet else ():
        question = _echo(fact, found) if NUMBER.fullmatch(found[0]) else _who(fact, found)
        if question:
            asked.append((found, rng.choice(quiet), question))
    for found, example, question in asked:
        pool = FALSE_NAMES
        if NUMBER.fullmatch(found[0]):
            pool = FALSE_HOURS if _is_hour(fact, found) else FALSE_NUMBERS
        held = " ".join(_strings(example.situation.to_dict())).lower()
        pool = [word for word in pool if not any(s.lower() in held for s in spellings(word))]
        if pool:
            word = rng.choice(pool)
            word = word.capitalize() if found[0][0].isupper() else word
            text = fact[: found.start()] + word + fact[found.end() :]
            yield Lie(example, text, word, found[0], question)


def _written(fact: str, truth: str, sheet: Sheet) -> Iterator[tuple[Example, str]]:
    """Exchanges whose question the fact answers by the word that is to be changed."""
    for example in sheet.examples:
        situation, decision = example.situation, example.decision
        text = situation.event.text.rstrip()
        asks = situation.event.kind == "speech" and text.endswith("?")
        if not asks or looks_forged(text) or decision.action != situation.actions[0].name:
            continue
        others = [other for other in situation.npc.facts if other != fact]
        known = " ".join((text, *map(str, situation.memory), *others))
        if not holds(decision.say, truth) or holds(known, truth):
            continue
        if quoted_fact(example) == fact or set(stems(text)) & set(stems(fact)):
            yield example, text


def _echo(fact: str, found: re.Match[str]) -> str:
    """The fact's clause as a question about its number; empty where none can be made.

    >>> fact = "Feathers cost a penny, and a pillow costs ten pennies."
    >>> _echo(fact, NUMBER.search(fact))
    'A pillow costs how many pennies?'
    """
    starts = [end.end() for end in CLAUSE_END.finditer(fact, 0, found.start())]
    before = fact[starts[-1] if starts else 0 : found.start()].lstrip()
    before = re.sub(r"^(?:and|but) |\bthe $", "", before)
    end = CLAUSE_END.search(fact, found.end())
    after = fact[found.end() : end.start() if end else len(fact)]
    if len((before + after).split()) < 3:
        return ""
    if _is_of_things(fact, found):
        question = f"{before}how many{after}?"
    elif _is_hour(fact, found):
        question = f"{before}what hour?"
    elif place := PLACE.search(before):
        question = f"{before[: place.start()]}which {place['place'].lower()}?"
    else:
        return ""
    return question[0].upper() + question[1:]


def _who(fact: str, found: re.Match[str]) -> str:
    """A question for the one whose name begins the fact; empty where none can be made."""
    begins = WHO.match(fact)
    if begins is None or begins.start("name") != found.start():
        return ""
    verb = begins["verb"]
    if verb not in VERBS and (not verb.endswith("s") or verb in NO_VERBS):
        return ""
    end = CLAUSE_END.search(fact, begins.end())
    return f"Who {fact[begins.start('verb') : end.start() if end else len(fact)]}?"


def _is_part(fact: str, found: re.Match[str]) -> bool:
    """Whether the number is part of a longer one: ``seven thirty``, ``two hundred and nine``."""
    before = [word.strip(",.;").lower() for word in fact[: found.start()].split()]
    after = [word.strip(",.;").lower() for word in fact[found.end() :].split()]
    near = {*before[-1:], *after[:1]}
    if before[-1:] == ["and"]:
        near.update(before[-2:-1])
    return not near.isdisjoint(COUNTED)


def _is_name(fact: str, found: re.Match[str], names: set[str]) -> bool:
    """Whether the word is a name, and the last of it: ``Pell`` of ``Sergeant Pell``."""
    return found[0] in names and re.match(r"\.? [A-Z]", fact[found.end() :]) is None


def _is_of_things(fact: str, found: re.Match[str]) -> bool:
    """Whether things follow the number, which one can ask ``how many`` of."""
    follows = re.match(r" ([a-z]+)\b", fact[found.end() :])
    return follows is not None and follows[1] not in NO_NOUN


def _is_hour(fact: str, found: re.Match[str]) -> bool:
    return not _is_of_things(fact, found) and HOUR.search(fact[: found.start()]) is not None


def _texts(sheet: Sheet) -> Iterator[str]:
    for example in sheet.examples:
        yield example.decision.say
        yield from _strings(example.situation.to_dict())


def _strings(data: object) -> Iterator[str]:
    """All texts in JSON's lists and objects, names of fields left out."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from _strings(value)
