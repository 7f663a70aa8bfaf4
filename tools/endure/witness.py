"""What a model's chooser chooses in a game, noted beside it; and a chooser that fails when told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from npcbrain.asking.deliberation import Deliberation
from npcbrain.clock import SystemClock
from npcbrain.errors import EngineError, fault
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import CostModel
from npcbrain.report import NO_LIMIT_NS
from npcbrain.situation import Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["QuietChooser", "Witness"]

GRAPHS = ("first", "layer", "offers", "asks", "looks")


class QuietChooser:
    """What a chooser chooses that does nothing else, and all in one go."""

    def __init__(self, model: Model) -> None:
        self._clock = SystemClock()
        self._own = Deliberation.of(model, CostModel(), self._clock)
        self._known: dict[str, Choice | None] = {}

    def choice(self, situation: Situation) -> Choice | None:
        """Its choice; None without a chooser, or where it is too much to read."""
        own, key = self._own, repr(situation)
        if key not in self._known:
            begun = own is not None and own.begin(situation)
            deadline_ns = self._clock.now_ns() + NO_LIMIT_NS
            self._known[key] = own.run(deadline_ns) if own is not None and begun else None
        return self._known[key]


class Witness:
    """In the place of a mind's deliberation.

    Attributes:
        chosen: Situations, and what was chosen in them, since somebody looked.
        num_cut: How often a frame ended in the midst of a choice.
        fails: Whether the next graph fails.
    """

    def __init__(self, deliberation: Deliberation) -> None:
        self._own = deliberation
        self._situation: Situation | None = None
        self.chosen: list[tuple[Situation, Choice]] = []
        self.num_cut = 0
        self.fails = False
        chooser = deliberation._chooser
        chooser._encoder = FaultyEncoder(chooser._encoder, self)  # type: ignore[assignment]

    def begin(self, situation: Situation) -> bool:
        """Begins to choose."""
        self._situation = situation
        return self._own.begin(situation)

    def run(self, *limits: Any) -> Choice | None:
        """Goes on choosing."""
        choice = self._own.run(*limits)
        if choice is not None and self._situation is not None:
            self.chosen.append((self._situation, choice))
        self.num_cut += choice is None
        return choice

    @property
    def is_in_midst(self) -> bool:
        """Whether a choice has begun and is not over."""
        return self._own._next_shape is not None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


class FaultyEncoder:
    """Runs a chooser's graphs, but for one when it is to fail."""

    def __init__(self, encoder: Any, witness: Witness) -> None:
        self._encoder = encoder
        self._witness = witness

    def __getattr__(self, name: str) -> Any:
        if name in GRAPHS and self._witness.fails:
            self._witness.fails = False
            raise EngineError(fault("step", "run", "a fault", "chooser"))
        return getattr(self._encoder, name)
