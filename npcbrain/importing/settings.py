"""``ImportSettings``: how a model is imported.

Invariant: settings that were checked are in range.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from npcbrain.errors import UsageError, fault
from npcbrain.lm.package import MIN_CONTEXT

__all__ = ["AUTO", "KERNELS", "MAX_NAME_CHARS", "ImportSettings"]

AUTO = "auto"
KERNELS = (AUTO, "rowint8", "nbits8", "rowint4")
MAX_NAME_CHARS = 128


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How a model is imported.

    Attributes:
        name: The name of the new model; empty to keep its own.
        max_context: Most tokens of a prompt and its answer together.
        kernel: One of ``KERNELS``; ``auto`` takes the first that agrees.
        step_ms: Most a step may take, as far as the model can be cut.
        min_agreement: Least share of positions whose most likely token must be the source's.
        adapters: Folders of LoRA adapters, as PEFT saves them, to be merged into the weights.
    """

    name: str = ""
    max_context: int = 1024
    kernel: str = AUTO
    step_ms: float = 2.0
    min_agreement: float = 0.9
    adapters: tuple[Path, ...] = ()

    def check(self) -> None:
        """Refuses settings that are out of range.

        Raises:
            UsageError: One is.
        """
        where = "import-model"
        if self.kernel not in KERNELS:
            advice = f"use one of {', '.join(KERNELS)}"
            raise UsageError(fault("kernel", "be known", self.kernel, where, advice))
        if not self.step_ms > 0:
            raise UsageError(fault("step_ms", "be above 0", self.step_ms, where))
        if not 0 <= self.min_agreement <= 1:
            raise UsageError(fault("min_agreement", "be 0 to 1", self.min_agreement, where))
        if self.max_context < MIN_CONTEXT:
            rule = f"be at least {MIN_CONTEXT}"
            raise UsageError(fault("max_context", rule, self.max_context, where))
