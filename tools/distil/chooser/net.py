"""The chooser as a network: a BERT of a few layers, and scores for candidates.

A persona's tokens look at each other, the news at both; so what a persona offers can be computed
once and kept. In the last layers its candidates look a second time, now at the news as well. A
candidate's score has five parts: how near its line is to the news as a whole, how near to any
single token of them, a bias of its own, what the second look makes of it, and the signs of
classical reading. Needs PyTorch and transformers. Invariant: the same sums as
``npcbrain.choosing`` makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from transformers import BertModel

from npcbrain.choosing.choice import FACT, KINDS, MEMORY, SHARPNESS, candidates, spans_of
from npcbrain.choosing.layout import MAX_PERSONA, News, Persona
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from tools.distil.turns import NEVER, Layout, _Gather

__all__ = ["LOOKS", "Group", "Net", "Scores"]

LOOKS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A persona and news to it, as numbers.

    Attributes:
        persona: Its layout.
        news: The layout of each.
        signs: float32 [candidates, 4] of each.
        of_memories: float32 [memories, 4] of each.
    """

    persona: Persona
    news: list[News]
    signs: list[torch.Tensor]
    of_memories: list[torch.Tensor]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the network makes of a group.

    Attributes:
        candidates: float32 [news, candidates]: actions, their values, facts.
        memories: float32 [memories] of each of the news.
        whole: float32 [news, hidden], the news' states.
        actions: float32 [news, actions, hidden], the actions' states after the second look.
    """

    candidates: torch.Tensor
    memories: list[torch.Tensor]
    whole: torch.Tensor
    actions: torch.Tensor


class _Looks:
    """Which candidate looks at which news: pairs, and where each stands in a padded block.

    Attributes:
        rows: int64 [pairs], the candidate's place among the packed rows.
        at: int64 [pairs], the pair's place in the block, flattened.
    """

    def __init__(self, offered: Sequence[tuple[int, list[int]]], most: int) -> None:
        self.longest = max((len(rows) for _, rows in offered), default=0)
        self.most, self.groups = most, len(offered)
        rows, at = [], []
        for group, (num_news, own) in enumerate(offered):
            for turn in range(num_news):
                rows += own
                first = (group * most + turn) * self.longest
                at += range(first, first + len(own))
        self.rows, self.at = torch.tensor(rows), torch.tensor(at)

    def spread(self, packed: torch.Tensor) -> torch.Tensor:
        """[pairs, width] to [groups x turns, candidates, width], zeros where nobody is."""
        slots = self.groups * self.most
        block = packed.new_zeros(slots * self.longest, packed.shape[1])
        return block.index_copy(0, self.at, packed).view(slots, self.longest, -1)

    def pack(self, block: torch.Tensor) -> torch.Tensor:
        """[groups x turns, candidates, width] to [pairs, width]."""
        return block.flatten(0, 1)[self.at]


class Net(nn.Module):
    """The network.

    Args:
        encoder: A folder with a small BERT, such as a sentence encoder.
        width: Of one kind of score.
        looks: In how many layers, the last ones, candidates look at the news; 0 to compare.
    """

    def __init__(self, encoder: Path, width: int = 128, looks: int = LOOKS) -> None:
        super().__init__()
        bert = BertModel.from_pretrained(encoder, add_pooling_layer=False)
        self.emb, self.layers = bert.embeddings, bert.encoder.layer
        hidden, self.heads = bert.config.hidden_size, bert.config.num_attention_heads
        self.width, self.looks = width, looks
        self.q, self.k = nn.Linear(hidden, KINDS * width), nn.Linear(hidden, KINDS * width)
        self.e, self.c = nn.Linear(hidden, KINDS * width), nn.Linear(hidden, KINDS * width)
        self.bias, self.look = nn.Linear(hidden, KINDS), nn.Linear(hidden, KINDS)
        self.scale = nn.Parameter(torch.tensor([-1.5, -0.5, -0.5, -0.5]))
        signs = [[1.0, 0, 0, 0], [2.0, 0.5, 0.5, 0], [1.0, 1, 0, 0], [1.0, 1, 0, 0]]
        self.sign = nn.Parameter(torch.tensor(signs))
        self.args = nn.Parameter(torch.tensor([0.3, 0.0]))
        self.occ, self.occ2 = (nn.Linear(hidden, len(OCCASIONS) + 1) for _ in range(2))
        self.emo, self.emo2 = (nn.Linear(hidden, len(EMOTIONS)) for _ in range(2))
        # It begins as what the signs say, and learns what to add to that.
        for quiet in (self.occ2, self.emo2, self.bias, self.look):
            nn.init.zeros_(quiet.weight)
            nn.init.zeros_(quiet.bias)
        nn.init.normal_(self.q.weight, std=0.03)
        nn.init.normal_(self.k.weight, std=0.002)
        nn.init.zeros_(self.k.bias)
        with torch.no_grad():
            start = torch.eye(max(hidden, KINDS * width))[: KINDS * width, :hidden]
            start[MEMORY * width :] = start[FACT * width : MEMORY * width]
            self.e.weight.copy_(start)
            self.c.weight.copy_(start)

    def forward(self, groups: Sequence[Group]) -> list[Scores]:
        """Scores of all candidates of all groups."""
        ids: list[int] = []
        positions: list[int] = []
        shape, starts, offered = [], [], []
        for group in groups:
            own = group.persona.ids
            starts.append((len(ids), len(ids) + len(own)))
            rows = [len(ids) + place for _, place in candidates(group.persona)]
            offered.append((len(group.news), rows))
            ids += own
            positions += range(len(own))
            for told in group.news:
                ids += told.ids
                positions += range(MAX_PERSONA, MAX_PERSONA + len(told.ids))
            shape.append((len(own), [len(told.ids) for told in group.news]))
        looks = _Looks(offered, max(num_news for num_news, _ in offered))
        states, looked = self._states(
            torch.tensor(ids), torch.tensor(positions), Layout.of(shape), looks
        )
        sizes = [num_news * len(rows) for num_news, rows in offered]
        return [
            self._scores(group, states, own.view(len(group.news), -1, own.shape[-1]), *start)
            for group, own, start in zip(groups, looked.split(sizes), starts, strict=True)
        ]

    def _states(
        self, ids: torch.Tensor, positions: torch.Tensor, layout: Layout, looks: _Looks
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """States of all rows, and of all pairs of candidate and news."""
        emb = self.emb
        x = emb.word_embeddings(ids) + emb.position_embeddings(positions)
        x = emb.dropout(emb.LayerNorm(x + emb.token_type_embeddings.weight[0]))
        groups, longest = layout.prefix.shape
        most, turn = layout.turns.shape[1:]
        of_persona = layout.hidden.float()
        of_news = torch.where(layout.turns == len(ids), NEVER, 0.0).view(-1, 1, 1, turn)
        ahead = of_persona.repeat_interleave(most, 0)
        first_look = len(self.layers) - self.looks
        looked = x[:0]
        for index, layer in enumerate(self.layers):
            own = layer.attention.self
            packed = torch.cat([own.query(x), own.key(x), own.value(x)], 1)
            spread = _Gather.apply(packed, layout.places, layout.back)
            split = groups * longest
            q, k, v = self._by_head(spread[:split].view(groups, longest, -1))
            mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=of_persona)
            tq, tk, tv = self._by_head(spread[split:].view(groups * most, turn, -1))
            keys = torch.cat([k.repeat_interleave(most, 0), tk], 2)
            values = torch.cat([v.repeat_interleave(most, 0), tv], 2)
            mask = torch.cat([ahead, of_news], -1)
            told = functional.scaled_dot_product_attention(tq, keys, values, attn_mask=mask)
            if index >= first_look:
                looked = x[looks.rows] if index == first_look else looked
                asked = looks.spread(own.query(looked)).unflatten(-1, (self.heads, -1))
                seen = functional.scaled_dot_product_attention(
                    asked.transpose(1, 2), keys, values, attn_mask=mask
                )
                seen = looks.pack(seen.transpose(1, 2).flatten(2))
                looked = self._fed(layer, looked, seen)
            both = torch.cat([self._by_row(mixed), self._by_row(told)])
            x = self._fed(layer, x, _Gather.apply(both, layout.back, layout.places))
        return x, looked if self.looks else x[looks.rows]

    @staticmethod
    def _fed(layer: nn.Module, x: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
        attended, fed = layer.attention.output, layer.output  # each drops out in training alone
        x = attended.LayerNorm(x + attended.dropout(attended.dense(mixed)))
        inner = functional.gelu(layer.intermediate.dense(x))
        return fed.LayerNorm(x + fed.dropout(fed.dense(inner)))

    def _by_head(self, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        split = rows.unflatten(-1, (3 * self.heads, -1)).transpose(1, 2)
        return split.split(self.heads, 1)

    @staticmethod
    def _by_row(mixed: torch.Tensor) -> torch.Tensor:
        return mixed.transpose(1, 2).flatten(2).flatten(0, 1)

    def _scores(
        self, group: Group, states: torch.Tensor, looked: torch.Tensor, first: int, at: int
    ) -> Scores:
        found = candidates(group.persona)
        kinds = torch.tensor([kind for kind, _ in found])
        lines = states[[first + place for _, place in found]]
        offers = self._offers(kinds, lines)
        scores, memories, whole = [], [], []
        judged = self.look(looked)[:, torch.arange(len(kinds)), kinds]
        for told, read, of_memories, judgement in zip(
            group.news, group.signs, group.of_memories, judged, strict=True
        ):
            own = states[at : at + len(told.ids)]
            scores.append(self._fit(offers, own, own[1:], read) + judgement)
            places = [place for _, place in told.memories]
            remembered = self._offers(torch.full((len(places),), MEMORY), own[places])
            fits = self._fit(remembered, own, own[1 : told.num_heard], of_memories)
            memories.append(fits + self.look(own[places])[:, MEMORY])
            whole.append(own[0])
            at += len(told.ids)
        num_actions = len(group.persona.actions)
        of_all = torch.stack(scores)
        of_actions = of_all[:, :num_actions] + self._called(group.persona, of_all)
        of_all = torch.cat([of_actions, of_all[:, num_actions:]], 1)
        return Scores(of_all, memories, torch.stack(whole), looked[:, :num_actions])

    def _called(self, persona: Persona, scores: torch.Tensor) -> torch.Tensor:
        """What an action gains by how well its arguments' best values fit."""
        gains = []
        for spans in spans_of(persona):
            best = [scores[:, start:stop].amax(1) for start, stop in spans]
            gain = self.args[0] * torch.stack(best).mean(0) + self.args[1] if best else 0.0
            gains.append(gain + torch.zeros(len(scores)))
        return torch.stack(gains, 1)

    def _offers(self, kinds: torch.Tensor, lines: torch.Tensor) -> tuple[torch.Tensor, ...]:
        rows = torch.arange(len(kinds))
        keys, marks = (
            part(lines).unflatten(-1, (KINDS, -1))[rows, kinds] for part in (self.k, self.c)
        )
        return kinds, keys, functional.normalize(marks, dim=-1), self.bias(lines)[rows, kinds]

    def _fit(
        self,
        offers: tuple[torch.Tensor, ...],
        own: torch.Tensor,
        heard: torch.Tensor,
        read: torch.Tensor,
    ) -> torch.Tensor:
        kinds, keys, marks, fixed = offers
        if not len(kinds):
            return fixed
        rows = torch.arange(len(kinds))
        asked = self.q(own[0]).unflatten(-1, (KINDS, -1))[kinds]
        scores = (asked * keys).sum(-1) * (SHARPNESS / self.width**0.5) + fixed
        tokens = functional.normalize(self.e(heard).unflatten(-1, (KINDS, -1)), dim=-1)
        near = torch.einsum("tkd,nd->tkn", tokens, marks)[:, kinds, rows].amax(0)
        scores = scores + near * (self.scale.exp() * SHARPNESS)[kinds]
        return scores + (read * self.sign[kinds]).sum(-1)
