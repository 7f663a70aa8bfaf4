"""``NoMind``: where there is no model, everything is declined, and trees answer."""

from __future__ import annotations

from npcbrain.asking.pending_answer import LostThought
from npcbrain.npcs.contracts import Inquiry
from npcbrain.reasons import Reason
from npcbrain.situation import Situation

__all__ = ["NoMind"]


class NoMind:
    """Answers everything with ``no_model``: a game without a model runs on its trees."""

    __slots__ = ()
    may_quote = False

    def num_tokens_left(self, situation: Situation) -> int | None:
        """Nobody counts."""
        return None

    def ask(self, inquiry: Inquiry) -> LostThought:
        """Declines."""
        return LostThought(Reason.NO_MODEL)
