"""``NoMind``: where there is no model, everything is declined, and trees answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npcbrain.asking.pending_answer import LostThought
from npcbrain.npcs.memory import Memory
from npcbrain.reasons import Reason
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Situation

__all__ = ["NoMind"]

NO_LINES: Mapping[str, Sequence[str]] = {}


class NoMind:
    """Answers everything with ``no_model``: a game without a model runs on its trees."""

    __slots__ = ()
    may_quote = False

    def num_tokens_left(self, situation: Situation) -> int | None:
        """Nobody counts."""
        return None

    def ask(
        self,
        situation: Situation,
        memory: Memory | None,
        grammar: str,
        *,
        name: str,
        ttl_ms: float,
        priority: float,
        extent: Extent = Extent.WHOLE,
        lines: Mapping[str, Sequence[str]] = NO_LINES,
    ) -> LostThought:
        """Declines."""
        return LostThought(Reason.NO_MODEL)
