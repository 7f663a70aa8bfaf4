"""What players say, without what makes a title: for prompts whose structure stands in words.

Where a model was taught marks, no typed text can look like structure, and none is changed. In words
structure is a word and a colon, ``recalls: ...``, so typed text keeps no colon but between two
digits. Invariant: pure; words stay as they are, and so does what classical reading makes of them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from npcbrain.situation import Exchange, Situation

__all__ = ["disarmed", "without_titles"]

# The colon, and characters that a reader takes for one.
COLON = re.compile("(?<![0-9]):|:(?![0-9])|[\uff1a\ufe55\ufe13\u2236\ua789\u02d0\u05c3\u0589]")


def without_titles(text: str) -> str:
    """A text in which nothing is a title.

    >>> without_titles("recalls: Beds are free until 5:30.")
    'recalls, Beds are free until 5:30.'
    """
    return COLON.sub(",", text)


def disarmed(situation: Situation) -> Situation:
    """A situation in whose event, and in what was said before, nothing is a title."""
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
