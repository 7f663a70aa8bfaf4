"""What an event calls for: by its words, by rules and by temper.

What is said calls for what it says. What happens calls for what the rule about it names ("At the
bell you lock the gate."), and an attack for what the temper of whoever is attacked says.
Invariant: pure; the same situation, the same deeds.
"""

from __future__ import annotations

from npcbrain.plain_text import clean_text, cut_at_word
from npcbrain.prompting.action_ranking import Deed, weigh
from npcbrain.prompting.fact_retrieval import recalled_facts
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.situation import Event, Situation

__all__ = ["called_for", "deeds", "event_text", "is_spoken", "temper"]

MAX_EVENT_CHARS = 280  # of a player's line or an event that are read; about 70 tokens
SPEECH, ATTACK = "speech", "attack"  # kinds of event


def event_text(event: Event) -> str:
    """The event's text, cleaned and cut at a word: a player may type 100,000 characters."""
    return cut_at_word(clean_text(event.text), MAX_EVENT_CHARS)


def is_spoken(event: Event) -> bool:
    """Whether it is something said, not something that happens."""
    return event.kind == SPEECH


def called_for(situation: Situation) -> str:
    """The text in which to look for what is to be done."""
    text = event_text(situation.event)
    if is_spoken(situation.event):
        return text
    return " ".join((text, *recalled_facts(situation.npc.facts, text)[:1]))


def temper(situation: Situation) -> tuple[str, ...] | None:
    """The traits that decide about an attack; None if it is none."""
    return situation.npc.traits if situation.event.kind == ATTACK else None


def deeds(situation: Situation, reader: Reader = STANDARD_READER) -> list[Deed]:
    """How likely the event calls for each action that is not plain talk, best first."""
    return weigh(
        situation.actions,
        called_for(situation),
        spoken=is_spoken(situation.event),
        temper=temper(situation),
        reader=reader,
    )
