"""A chooser whose graphs take scripted time, beside a scripted engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from toy_chooser import make_chooser_model

from npcbrain.lm.encoder import Encoder
from npcbrain.lm.model import Model
from npcbrain.testing import ManualClock, ScriptedModel

GRAPHS = ("first", "layer", "offers", "asks", "looks")


class TimedEncoder:
    """An encoder that moves a clock on by the cost of each run."""

    def __init__(self, encoder: Encoder, clock: ManualClock, step_ns: int, row_ns: int = 0) -> None:
        self._encoder = encoder
        self._clock = clock
        self._step_ns = step_ns
        self._row_ns = row_ns
        self.num_runs = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._encoder, name)
        return self._timed(name, found) if name in GRAPHS else found

    def _timed(self, name: str, graph: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            self.num_runs += 1
            num_rows = len(args[1]) if name == "layer" else 0
            self._clock.advance_ns(self._step_ns + self._row_ns * num_rows)
            return graph(*args)

        return run


class ChoosingModel(ScriptedModel):
    """A scripted model with a chooser."""

    def __init__(self, encoder: Encoder, clock: ManualClock, step_ns: int, row_ns: int = 0) -> None:
        super().__init__()
        self.encoder = TimedEncoder(encoder, clock, step_ns, row_ns)


def toy_encoder(folder: Path) -> Encoder:
    encoder = Model.load(make_chooser_model(folder)).encoder
    assert encoder is not None
    return encoder
