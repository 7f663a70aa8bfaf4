"""Lines written beforehand: what an NPC may quote where it need not find words of its own.

A model this small chooses better than it writes. So beside free speech an answer may be a quote: a
fact as it stands, or a line for an occasion, such as ``handing over``; the model names the fact or
the occasion, and the line is picked here, from the persona's own lines or from a bank. The bank
holds neither facts nor names, but slots for what its speaker knows: ``{name}``, ``{a_role}``,
``{goal}``, ``{place}`` and ``{time}``. Invariant: pure; and who quotes twice in a row says two
lines.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from npcbrain.prompting.retelling import spoken
from npcbrain.situation import Profile, Situation

__all__ = ["OCCASIONS", "Phrase", "load", "phrase", "quotes"]

BANK = Path(__file__).with_name("stock_lines.txt")
MIN_CHOICE = 3  # lines; from fewer a player would hear one thrice in a row

# Occasions that go with a deed, with talk, and with either. A persona's ``lines`` may have its own.
WITH_DEEDS = (
    "handing over", "obeying", "leading", "ordering other", "alarm", "fighting back", "fleeing",
    "calling help", "work as usual",
)  # fmt: skip
WITH_TALK = (
    "greeting", "welcome", "praised", "insulted", "not knowing", "nonsense", "how are you",
    "small talk", "about self deflect", "disbelief", "apology accepted", "not yet", "trading",
)  # fmt: skip
WITH_EITHER = (
    "warning", "comfort", "thanks for gift", "agreeing", "waiting", "farewell", "threatened",
    "apology made", "refusing", "refusing rule", "suspicion", "surprise", "delight", "grief",
)  # fmt: skip
# Small talk: what anybody may be asked or told, whatever the world.
ASKED = (
    "name", "work", "place", "hour", "age", "origin", "family", "past", "doing", "why here",
    "likes work", "likes", "favourite", "dislikes", "fear", "dream", "happy", "alone",
    "opinion of me", "remembers me", "opinion of other", "belief", "joke", "song", "story",
    "news", "weather", "advice", "wants", "help", "secret", "real", "can do", "trade",
    "how known", "meaning",
)  # fmt: skip
TOLD = (
    "name", "where from", "deed", "good news", "bad news", "tired", "lost", "bored", "afraid",
    "love", "friend", "hate", "liar", "secret", "promise", "guess", "opinion", "joke", "yes",
    "no", "never mind", "wait", "hush", "hurry", "back", "sorry small", "order silly",
    "come along", "sleep", "luck", "again", "attention", "pause", "mood", "swap subject",
    "clever",
)  # fmt: skip
SMALL_TALK = (*(f"asked {topic}" for topic in ASKED), *(f"told {topic}" for topic in TOLD))
OF_DEEDS, OF_TALK = (*WITH_DEEDS, *WITH_EITHER), (*WITH_TALK, *WITH_EITHER, *SMALL_TALK)
OCCASIONS = (*WITH_DEEDS, *WITH_TALK, *WITH_EITHER, *SMALL_TALK)

# Which voice somebody has, by a word of its traits; who has none of these speaks plainly.
VOICES = {
    "gruff": "gruff grumpy blunt stern harsh rough surly tough hard fierce angry stubborn sour"
    " bad-tempered grim rude brusque cantankerous irritable short-tempered",
    "warm": "warm kind gentle motherly friendly generous loving cheerful hearty jolly caring"
    " patient tender soft-hearted good-natured cosy",
    "courtly": "courtly noble proud formal polite pompous elegant dignified vain haughty regal"
    " correct old-fashioned solemn pious learned gallant",
    "dry": "dry wry sardonic sly shrewd cynical clever calm witty ironic tired cunning weary"
    " deadpan laconic cool practical",
    "timid": "timid shy nervous anxious fearful cowardly meek gentle-voiced jumpy worried lonely"
    " humble unsure",
    "young": "young childish playful eager naive excitable curious cheeky restless energetic"
    " innocent hyper",
}
SLOT = re.compile(r"\{\w+\}")
HIS = re.compile(r"\b(?:his|her|their)\b")  # of a goal, which is written about somebody
ARTICLES = frozenset("a an the my your his her our their one".split())
VOICE_OF = {trait: voice for voice, traits in VOICES.items() for trait in traits.split()}
PLAIN = ("plain", "dry", "warm")


class Phrase(NamedTuple):
    """A line of the bank.

    Attributes:
        when: ``act`` beside a deed, ``say`` where one only talks, ``any``.
        voice: ``plain`` or one of ``VOICES``.
        emotion: The mood it is said in.
        text: A sentence or two.
    """

    when: str
    voice: str
    emotion: str
    text: str


@cache
def load() -> Mapping[str, tuple[Phrase, ...]]:
    """The bank by occasion; 3 ms the first time, so that no frame should be the first."""
    bank: dict[str, list[Phrase]] = {occasion: [] for occasion in OCCASIONS}
    for line in BANK.read_text(encoding="utf-8").splitlines():
        occasion, *fields = line.split(" | ")
        bank[occasion.replace("_", " ")].append(Phrase(*fields))
    return {occasion: tuple(phrases) for occasion, phrases in bank.items()}


def quotes(profile: Profile, *, acts: bool) -> tuple[str, ...]:
    """What somebody may quote: occasions, and in talk its facts, as far as it can say them."""
    if acts:
        return OF_DEEDS
    facts = (fact for fact in profile.facts if spoken(fact, profile.name))
    return tuple(dict.fromkeys((*facts, *OF_TALK)))


def phrase(
    occasion: str,
    situation: Situation,
    *,
    emotion: str,
    acts: bool,
    number: int,
    own: Sequence[str] = (),
) -> str:
    """A line for an occasion; microseconds.

    Args:
        occasion: One of ``OCCASIONS``.
        situation: Who speaks, where and when: the same line comes to two people at different times.
        emotion: The mood it is said in, where there are lines enough of that mood.
        acts: Whether it goes with a deed.
        number: How often that person has been asked: another number, another line.
        own: The persona's own lines for the occasion; if there are any, one of them.
    """
    profile = situation.npc
    slots = _slots(situation)
    if own:
        return own[number % len(own)]
    known = frozenset(slot for slot, value in slots.items() if value)
    voiced = _voiced(occasion, known, acts, _voices(profile.traits), emotion)
    first = zlib.crc32(profile.name.encode("utf-8", "replace"))
    text = voiced[(first + number) % len(voiced)].text
    text = SLOT.sub(lambda slot: slots[slot[0]], text)
    return f"{text[0].upper()}{text[1:]}"


@lru_cache(maxsize=1024)  # half a kilobyte each; a tenth of a millisecond of a frame is spared
def _voiced(
    occasion: str, known: frozenset[str], acts: bool, voices: tuple[str, ...], emotion: str
) -> Sequence[Phrase]:
    """The lines to choose from, in the bank's order: of slots that are known, and in a voice."""
    lines = [line for line in load()[occasion] if known.issuperset(SLOT.findall(line.text))]
    fitting = [line for line in lines if line.when != ("say" if acts else "act")] or lines
    telling = [line for line in fitting if "{" in line.text]
    fitting = telling if len(telling) >= MIN_CHOICE else fitting
    for voiced in (
        [line for line in fitting if line.voice in voices and line.emotion == emotion],
        [line for line in fitting if line.voice in voices],
        fitting,
    ):
        if len(voiced) >= MIN_CHOICE:
            break
    return voiced


def _slots(situation: Situation) -> dict[str, str]:
    npc, scene = situation.npc, situation.scene
    role = npc.role
    first = role.split()[0].lower() if role.split() else ""
    if first and first not in ARTICLES and not first.endswith(("'s", "s'")):
        role = f"{'an' if first[0] in 'aeiou' else 'a'} {role}"
    goal = HIS.sub("my", npc.goal).rstrip(".")
    return {
        "{name}": npc.name,
        "{a_role}": role,
        "{goal}": goal,
        "{place}": scene.place,
        "{time}": scene.time,
    }


def _voices(traits: Sequence[str]) -> tuple[str, ...]:
    words = (word for trait in traits for word in trait.lower().split())
    found = dict.fromkeys(VOICE_OF[word] for word in words if word in VOICE_OF)
    return (*found, "plain") if found else PLAIN
