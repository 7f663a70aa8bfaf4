"""What the encoder knew before it was taught: how near in meaning an action is to what happened.

A sentence encoder is pressed into its shape by a billion pairs of sentences; some thousands of
written exchanges teach it the task and wear that away. Nearness by the untaught encoder, frozen, is
shown to the one that learns as a soft target beside what was written. It is needed in training
alone. Invariant: it depends on the texts, not on what was taught.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel

from npcbrain.situation import Action, Situation

__all__ = ["Plain"]

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
MOST = 64  # tokens of a text that are read
KEPT = 60_000  # texts whose vectors are kept, 1.5 KB each


class Plain:
    """The untaught encoder.

    Args:
        encoder: Its folder.
    """

    def __init__(self, encoder: Path) -> None:
        self._bert = BertModel.from_pretrained(encoder, add_pooling_layer=False).eval()
        self._tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MOST)
        self._tokenizer.enable_padding()
        self._known: dict[str, torch.Tensor] = {}

    def near(self, situation: Situation) -> torch.Tensor:
        """How near each action is to the event, float32 [actions], cosines.

        The mean of two: of the action with all its values, and of the name alone or with the value
        that fits best.
        """
        lines = [_lines(action) for action in situation.actions]
        text = situation.event.text
        self._read([text, *(line for own in lines for line in own)])
        heard = self._known[text]
        fits = [torch.stack([self._known[line] for line in own]) @ heard for own in lines]
        return torch.stack([(own[0] + own[1:].max()) / 2 for own in fits])

    def _read(self, texts: Iterable[str]) -> None:
        if len(self._known) > KEPT:
            self._known.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if not new:
            return
        read = self._tokenizer.encode_batch(new)
        ids = torch.tensor([one.ids for one in read])
        mask = torch.tensor([one.attention_mask for one in read])
        with torch.no_grad():
            states = self._bert(ids, attention_mask=mask).last_hidden_state
        weights = mask[..., None] / mask.sum(1)[:, None, None]
        for text, vector in zip(new, functional.normalize((states * weights).sum(1)), strict=True):
            self._known[text] = vector


def _lines(action: Action) -> Sequence[str]:
    """The action with all its values, its name, and its name with each of its values."""
    name = _plain(action.name)
    values = [_plain(value) for choices in action.args.values() for value in choices]
    return [" ".join((name, *values)), name, *(f"{name} {value}" for value in values)]


def _plain(name: str) -> str:
    return CAMEL.sub(" ", name).replace("_", " ").lower()
