"""Taking layers out of a model, the least missed first.

What depth pruning damages is found by trying: a layer's worth is the loss without it. Taken out one
at a time, with training in between, the layers that stay take over before the next one goes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from transformers import LlamaForCausalLM


@torch.no_grad()
def least_missed(
    model: LlamaForCausalLM, measure: Callable[[], float], count: int = 1
) -> tuple[list[int], float]:
    """The layers whose absence, each by itself, raises ``measure`` least; no two are neighbours.

    Returns:
        ``count`` indices, or fewer if there are not so many, and the measure without the last.
    """
    layers = model.model.layers
    losses = []
    try:
        for index in range(len(layers)):
            model.model.layers = torch.nn.ModuleList(
                layer for i, layer in enumerate(layers) if i != index
            )
            losses.append(measure())
    finally:  # interrupted, the model that is saved must be whole
        model.model.layers = layers
    chosen: list[int] = []
    for index in sorted(range(len(layers)), key=losses.__getitem__):
        if len(chosen) < count and all(abs(index - other) > 1 for other in chosen):
            chosen.append(index)
    return chosen, losses[chosen[-1]]


def kept_layers(model: LlamaForCausalLM) -> list[int]:
    """The numbers the layers had in the teacher."""
    count = len(model.model.layers)
    return list(getattr(model.config, "kept_layers", None) or range(count))


def remove(model: LlamaForCausalLM, index: int) -> None:
    """Takes a layer out, in place; ``config.kept_layers`` keeps the original numbers."""
    config, kept = model.config, kept_layers(model)
    del model.model.layers[index]
    for number, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = number
    del kept[index]
    config.kept_layers = kept
    config.num_hidden_layers = len(kept)
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[: len(kept)]


def freeze(student: LlamaForCausalLM, num_layers: int) -> None:
    """Leaves the first layers as they are: of 30 layers 10 make a step a fifth shorter.

    The table of tokens then learns as the head alone.
    """
    if num_layers:
        student.model.layers[:num_layers].requires_grad_(False)
        student.model.embed_tokens.register_forward_hook(lambda _, __, out: out.detach())
