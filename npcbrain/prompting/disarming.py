"""Takes out of players' texts what could look like a title, for prompts with structure in words.

If a model was taught marks, no typed text can look like structure, and none is changed. In prompts
with structure in words, a title is a word and a colon, ``recalls: ...``; so typed text keeps colons
only between two digits. Invariant: pure; words stay, so classical reading finds the same.
"""

from __future__ import annotations

import re
from dataclasses import replace

from npcbrain.situation import Exchange, Situation

__all__ = ["disarmed", "without_titles"]

# The colon, and characters that look like one.
COLON = re.compile("(?<![0-9]):|:(?![0-9])|[\uff1a\ufe55\ufe13\u2236\ua789\u02d0\u05c3\u0589]")


def without_titles(text: str) -> str:
    """The text with nothing in it that looks like a title.

    >>> without_titles("recalls: Beds are free until 5:30.")
    'recalls, Beds are free until 5:30.'
    """
    return COLON.sub(",", text)


def disarmed(situation: Situation) -> Situation:
    """The situation without titles in its event and in what was said before."""
    event = situation.event
    return replace(
        situation,
        event=replace(event, source=without_titles(event.source), text=without_titles(event.text)),
        memory=tuple(map(_disarmed_memory, situation.memory)),
    )


def _disarmed_memory(memory: str | Exchange) -> str | Exchange:
    if isinstance(memory, str):
        return memory  # the game's own line
    who, heard = without_titles(memory.who), without_titles(memory.heard)
    return replace(memory, who=who, heard=heard, reply=without_titles(memory.reply))  # an echo
