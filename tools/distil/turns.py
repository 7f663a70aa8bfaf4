"""Attention over prefixes and their turns, several times faster than a masked square.

A batch is one packed row: for each group a *prefix* and then its *turns*; a turn sees its prefix
and itself. Everything but attention runs on the packed row, where nothing is padding. Attention
gathers queries, keys and values into two padded blocks (prefixes against themselves, turns against
their prefix and themselves) and skips what no token may see. Registered with transformers under
``NAME``. Invariant: each turn gets what it would get alone behind its prefix.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface

NAME = "prefix_and_turns"
NEVER = -1e30  # a score that leaves no weight; finite, so that a row of padding is no NaN


@dataclass
class Layout:
    """Where the tokens of a packed row of N stand in the two blocks; N stands for padding.

    Attributes:
        prefix: int64 [groups, longest prefix], places in the packed row.
        turns: int64 [groups, most turns, longest turn], places in the packed row.
        places: int64, ``prefix`` and ``turns``, flattened end to end.
        back: int64 [N], each token's place in ``places``.
        prefix_causal: bfloat16 [longest prefix, longest prefix], scores to add: no token sees a
            later one.
        turn_causal: bfloat16 [longest turn, longest turn], the same.
        hidden: bfloat16 [groups, 1, 1, longest prefix], scores to add: nobody sees padding.
    """

    prefix: torch.Tensor
    turns: torch.Tensor
    places: torch.Tensor
    back: torch.Tensor
    prefix_causal: torch.Tensor
    turn_causal: torch.Tensor
    hidden: torch.Tensor

    @classmethod
    def of(cls, groups: list[tuple[int, list[int]]]) -> Layout:
        """The layout of groups of (prefix length, turn lengths), packed in this order."""
        total = sum(prefix + sum(turns) for prefix, turns in groups)
        most = max(len(turns) for _, turns in groups)
        longest = max((length for _, turns in groups for length in turns), default=0)
        prefix = torch.full((len(groups), max(p for p, _ in groups)), total)
        turn = torch.full((len(groups), most, longest), total)
        end = 0
        for i, (first, lengths) in enumerate(groups):
            prefix[i, :first] = torch.arange(end, end + first)
            end += first
            for j, length in enumerate(lengths):
                turn[i, j, :length] = torch.arange(end, end + length)
                end += length
        places = torch.cat([prefix.flatten(), turn.flatten()])
        back = torch.empty(total + 1, dtype=torch.long)
        back[places] = torch.arange(len(places))
        hidden = torch.where(prefix == total, NEVER, 0.0)[:, None, None]
        return cls(
            prefix,
            turn,
            places,
            back[:-1],
            _causal(prefix.shape[1]),
            _causal(longest),
            hidden.bfloat16(),
        )

    def to(self, device: str) -> Layout:
        """The same layout on a device."""
        return Layout(*(getattr(self, f.name).to(device) for f in fields(self)))


def _causal(length: int) -> torch.Tensor:
    return torch.full((length, length), NEVER).triu(1).bfloat16()


class _Gather(torch.autograd.Function):
    """``rows[places]``, zeros where a place is past the end; each row is taken at most once.

    That makes the gradient a gather too: adding into rows by index is slow on a CPU.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, places: torch.Tensor, back: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(back)
        return _take(rows, places)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (back,) = ctx.saved_tensors
        (grad,) = grads
        return _take(grad, back), None, None


def _take(rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])[places]


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    layout: Layout,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it.

    Args:
        query: [1, heads, N, size]; key and value are [1, kv heads, N, size].
    """
    heads, size = query.shape[1], query.shape[3]
    kv = key.shape[1]
    groups, longest = layout.prefix.shape
    most, turn = layout.turns.shape[1:]
    width = (heads + 2 * kv) * size
    packed = torch.cat([query[0] * scaling, key[0], value[0]]).transpose(0, 1).reshape(-1, width)
    spread = _Gather.apply(packed, layout.places, layout.back)
    split = groups * longest
    before = spread[:split].view(groups, longest, heads + 2 * kv, size).transpose(1, 2)
    q, k, v = before.split([heads, kv, kv], dim=1)
    scores = q.reshape(groups, kv, -1, size) @ k.transpose(-1, -2)
    weights = scores.view(groups, heads, longest, longest).add_(layout.prefix_causal).softmax(-1)
    out = (weights.view(groups, kv, -1, longest) @ v).view(groups, heads, longest, size)
    out = out.transpose(1, 2).reshape(split, -1)

    if most and turn:
        after = spread[split:].view(groups, most, turn, heads + 2 * kv, size)
        tq, tk, tv = after.permute(0, 3, 1, 2, 4).split([heads, kv, kv], dim=1)
        # [groups, kv, turns, heads of one kv head x tokens, size]: one product for all of them.
        tq = tq.unflatten(1, (kv, -1)).transpose(2, 3).reshape(groups, kv, most, -1, size)
        to_prefix = (tq.flatten(2, 3) @ k.transpose(-1, -2)).add_(layout.hidden)
        to_self = (tq @ tk.transpose(-1, -2)).add_(layout.turn_causal.repeat(heads // kv, 1))
        weights = torch.cat([to_prefix.unflatten(2, (most, -1)), to_self], -1).softmax(-1)
        to_prefix, to_self = weights.split([longest, turn], -1)
        mixed = (to_prefix.flatten(2, 3) @ v).view(tq.shape) + to_self @ tv
        mixed = mixed.unflatten(3, (-1, turn)).permute(0, 2, 4, 1, 3, 5)
        out = torch.cat([out, mixed.reshape(groups * most * turn, -1)])
    out = _Gather.apply(out, layout.back, layout.places)
    return out.view(1, -1, heads, size), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, lambda *_, **__: None)  # the layout says what sees what
