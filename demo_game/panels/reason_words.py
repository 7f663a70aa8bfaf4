"""Why a tree answered, in words short enough for a badge.

Invariant: an unknown reason is shown as it is, with spaces for underscores.
"""

from __future__ import annotations

from collections.abc import Mapping

import npcbrain as nb

__all__ = ["reason_words"]

WORDS: Mapping[str, str] = {
    nb.Reason.EXPIRED: "out of time",
    nb.Reason.WOULD_EXCEED: "would be too late",
    nb.Reason.REFUSED: "cannot be asked",
    nb.Reason.CANCELLED: "broken off",
    nb.Reason.GUARDED: "not allowed",
}


def reason_words(reason: str) -> str:
    """A reason as a player reads it.

    >>> reason_words("would_exceed"), reason_words("no_budget")
    ('would be too late', 'no budget')
    """
    return WORDS.get(reason, reason.replace("_", " "))
