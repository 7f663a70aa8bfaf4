"""How the chooser reads a situation: tokens, their positions, and where its candidates stand.

In two parts, as a prompt: the **persona** (who somebody is, what it knows and may do), which is
computed once and kept, and the **news** (what happened, where, and what is remembered). Each line
begins with a mark, and the state of a line's mark stands for the line. Invariant: pure; the same
situation, the same tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from npcbrain.prompting.action_priors import event_text, is_spoken
from npcbrain.prompting.retelling import retold
from npcbrain.situation import Exchange, Situation

__all__ = [
    "LAYOUT", "MARKS", "MAX_NEWS", "MAX_PERSONA", "News", "Persona", "is_tellable", "news",
    "persona", "remembered",
]  # fmt: skip

# An encoder is taught the marks, positions and lengths below; others are another layout.
LAYOUT = 1
# The first ids of a BERT's table are of no word ([unused0] and on).
MARKS = {
    name: number
    for number, name in enumerate(
        "event npc memory said did reply fact action arg value scene".split(), 1
    )
}
CLS = 101  # the state of the first token of the news stands for all of it
MAX_PERSONA, MAX_NEWS = 320, 144  # tokens; positions of the news begin at MAX_PERSONA
# Tokens of a line that are read; what is longer says little more about what to do.
LINE = {"npc": 16, "fact": 40, "action": 10, "arg": 5, "value": 8}
EVENT, SCENE, MEMORY, DEED, REPLY = 80, 14, 40, 12, 36
# What is said leans on what was said before: a sentence begins so, something in it stands for a
# thing, or it is too short to say what it is about.
LEANING = re.compile(
    r"(?:^|[.!?]\s)\W{0,3}(?:(?:oo+h?|oh|ah|well|hm+)\W{1,3})?(?:and|but|or|so|then|why|really|yes|yeah|yep"
    r"|no|nope|ok|okay|fine|alright|sure|deal|now|do|go on|go ahead|show me|how come|which|because"
    r"|what about|how about|what if|since when|says who|like what|such as)\b"
    r"|\b(?:it|its|that|those|them|they|this|these|ones|others?|another|both|neither|either|more|else"
    r"|too|again|instead|back|same|place|way|he|him|his|she|hers?|there|then)\b"
    r"|\bone ?(?:[.,;!?]|$)",
    re.IGNORECASE,
)
SHORT = 2  # words
SEARCHED = 320  # characters, about what EVENT tokens hold; players may type much more
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in actionNames

Encode = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Persona:
    """The part that is kept.

    Attributes:
        ids: Its tokens; positions count from 0.
        facts: Where each known fact begins; those beyond the last were left out for want of room.
        actions: Where each action begins.
        values: By action and argument, where each value begins.
    """

    ids: tuple[int, ...]
    facts: tuple[int, ...]
    actions: tuple[int, ...]
    values: tuple[tuple[tuple[int, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class News:
    """The part that is new; positions count from ``MAX_PERSONA``.

    Attributes:
        ids: Its tokens.
        num_heard: How many of them tell what happened; the others tell where, and what came before.
        memories: What may be told of what is remembered, and where it begins.
    """

    ids: tuple[int, ...]
    num_heard: int
    memories: tuple[tuple[str, int], ...]


def persona(situation: Situation, encode: Encode) -> Persona | None:
    """Who is asked; None if what it may do alone is too much to read.

    Args:
        situation: The situation.
        encode: Gives the tokens of a text.
    """
    npc = situation.npc
    ids: list[int] = []

    def add(kind: str, text: str) -> int:
        at = len(ids)
        ids.extend((MARKS[kind], *encode(text)[: LINE[kind]]))
        return at

    add("npc", f"{npc.name}, {npc.role}")
    if npc.traits:
        add("npc", ", ".join(npc.traits))
    if npc.goal:
        add("npc", npc.goal)
    lines = [("fact", (MARKS["fact"], *encode(fact)[: LINE["fact"]])) for fact in npc.facts]
    room = MAX_PERSONA - len(ids) - _size_of_actions(situation, encode)
    if room < 0:
        return None
    facts = []
    for _, line in lines:
        if len(line) > room:
            break
        facts.append(len(ids))
        ids.extend(line)
        room -= len(line)
    actions, values = [], []
    for action in situation.actions:
        actions.append(add("action", _spaced(action.name)))
        of_action = []
        for arg, choices in action.args.items():
            add("arg", _spaced(arg))
            of_action.append(tuple(add("value", _spaced(value)) for value in choices))
        values.append(tuple(of_action))
    return Persona(tuple(ids), tuple(facts), tuple(actions), tuple(values))


def news(situation: Situation, encode: Encode) -> News:
    """What is asked: the event, where it is, and what is remembered, the latest first."""
    event, scene = situation.event, situation.scene
    ids = [CLS, MARKS["event"]]
    ids += encode(f"{event.kind} from {event.source}: {event_text(event)}")[:EVENT]
    num_heard = len(ids)
    if scene.place or scene.time:
        ids += (MARKS["scene"], *encode(f"{scene.place}, {scene.time}")[:SCENE])
    room = MAX_NEWS - len(ids)
    memories = []
    for memory in reversed(remembered(situation)):
        line = _memory(memory, encode)
        if len(line) > room:
            break
        if isinstance(memory, str) and is_tellable(memory, situation):
            memories.append((memory, len(ids)))
        ids += line
        room -= len(line)
    return News(tuple(ids), num_heard, tuple(memories))


def is_tellable(memory: str, situation: Situation) -> bool:
    """Whether a memory may be told to whoever spoke, see ``prompting.retelling``."""
    event = situation.event
    return is_spoken(event) and bool(retold(memory, situation.npc.name, event.source))


def remembered(situation: Situation) -> list[str | Exchange]:
    """What is remembered, as far as it bears on the event.

    In training an exchange is mostly remembered where the next one follows from it; in play the
    last one always is, and would be answered again. So it is read only if what is said leans on
    something ("and the other one?", "Show me!"). Nor is an answer that was a known fact as it
    stands: no written one is, and nothing outweighs what is equal.
    """
    heard = event_text(situation.event)[:SEARCHED]
    leans = len(heard.split()) <= SHORT or bool(LEANING.search(heard))
    facts = situation.npc.facts
    found: list[str | Exchange] = []
    for memory in situation.memory:
        if isinstance(memory, str) or not memory.who:
            found.append(memory)
        elif leans:
            found.append(replace(memory, reply="") if memory.reply in facts else memory)
    return found


def _memory(memory: str | Exchange, encode: Encode) -> list[int]:
    if isinstance(memory, str):
        return [MARKS["memory"], *encode(memory)[:MEMORY]]
    line = [MARKS["said"], *encode(f"{memory.who}: {memory.heard}")[:MEMORY]]
    if memory.deed:
        line += (MARKS["did"], *encode(memory.deed)[:DEED])
    if memory.reply:
        line += (MARKS["reply"], *encode(memory.reply)[:REPLY])
    return line


def _size_of_actions(situation: Situation, encode: Encode) -> int:
    size = 0
    for action in situation.actions:
        size += 1 + len(encode(_spaced(action.name))[: LINE["action"]])
        for arg, choices in action.args.items():
            size += 1 + len(encode(_spaced(arg))[: LINE["arg"]])
            size += sum(1 + len(encode(_spaced(value))[: LINE["value"]]) for value in choices)
    return size


def _spaced(name: str) -> str:
    return HUMP.sub(" ", name).replace("_", " ")
