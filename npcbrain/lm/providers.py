"""Which ONNX Runtime providers run a model, and why; pure functions that load nothing.

Invariant: a provider that is chosen without being asked for by name has run every graph of the
model in a trial; otherwise the processor runs the model.

``"auto"`` means CUDA for a model whose manifest claims it, else the processor. A graph that CUDA
can run only in part is slower there than on the processor, because hidden states then travel to the
card and back between nodes. ONNX Runtime's CUDA has no float32 ``GroupQueryAttention`` and no
``MatMulIntegerToFloat``, of which the model that ships is made. So a claim is tried with every
fallback forbidden.

TensorRT is never chosen automatically. It compiles an engine for each graph and each range of
shapes, which takes minutes at the first start on a player's machine: the steps here have a dozen
shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from npcbrain.errors import UsageError, fault

__all__ = ["CPU", "CUDA", "Choice", "asked_for", "choose", "to_try"]

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
AUTOMATIC = (CUDA,)  # what "auto" may choose beside the processor, best first


class Choice(NamedTuple):
    """What to give ONNX Runtime, best first, and a sentence for ``npcbrain doctor``."""

    providers: tuple[str, ...]
    reason: str


def to_try(claimed: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """The providers that ``"auto"`` should try before the processor.

    Args:
        claimed: Providers that the model's manifest says can run all of its graphs.
        available: Those that this ONNX Runtime was built with.
    """
    return tuple(name for name in AUTOMATIC if name in claimed and name in available)


def choose(
    claimed: Sequence[str], available: Sequence[str], obtained: Sequence[str] = (), error: str = ""
) -> Choice:
    """The choice that ``"auto"`` makes after the trial.

    Args:
        claimed: See ``to_try``.
        available: See ``to_try``.
        obtained: The providers on which the trial's sessions really run; empty without a trial.
        error: The error that stopped the trial; empty if none did.
    """
    wanted = [name for name in AUTOMATIC if name in claimed]
    if not wanted:
        return Choice((CPU,), "the model's graphs are made for the processor")
    tried = to_try(claimed, available)
    if not tried:
        return Choice((CPU,), f"this ONNX Runtime was built without {wanted[0]}")
    for name in tried:
        if name in obtained:
            return Choice((name, CPU), f"{name} runs all of the model's graphs")
    why = error.partition("\n")[0].strip() or "ONNX Runtime fell back to the processor"
    return Choice((CPU,), f"{tried[0]} is offered but does not run the model here: {why}")


def asked_for(providers: str | Sequence[str], available: Sequence[str]) -> Choice | None:
    """The providers that a game asked for; None if it left the choice to ``choose``.

    Raises:
        UsageError: It is neither ``"auto"``, ``"cpu"`` nor a list of available names.
    """
    if providers == "auto":
        return None
    if providers == "cpu":
        return Choice((CPU,), "asked for")
    where = "Model.load()"
    if isinstance(providers, str) or not providers:
        rule = 'be "auto", "cpu" or a list of names'
        raise UsageError(fault("providers", rule, providers, where))
    for name in providers:
        if name not in available:
            raise UsageError(fault("provider", f"be one of {', '.join(available)}", name, where))
    names = tuple(providers)
    return Choice(names if CPU in names else (*names, CPU), "asked for")
