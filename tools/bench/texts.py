"""Written situations with their answers, in the tokens of a model, for measuring what it loses.

They are of characters that no training has seen. Invariant: a model reads them as it would in a
game, by its own tokenizer and in the prompt's format that it was taught.
"""

from __future__ import annotations

import random

import numpy as np

from npcbrain.lm.model import Model
from npcbrain.prompting.prompt import answer_text, render
from tools.distil.sheets import read_sheets

__all__ = ["held_out"]

SEED = 7


def held_out(model: Model, count: int) -> list[np.ndarray]:
    """Tokens of so many situations and their answers, int64 [tokens] each."""
    examples = [example for sheet in read_sheets(split="val") for example in sheet.examples]
    tokenizer, texts = model.tokenizer, []
    for example in random.Random(SEED).sample(examples, k=count):
        prompt = render(example.situation, marks=model.has_marks)
        ids = [tokenizer.bos_id, *tokenizer.encode(prompt.prefix), *tokenizer.encode(prompt.news)]
        ids += [tokenizer.eos_id, *tokenizer.encode(answer_text(example.decision))]
        texts.append(np.array(ids[: model.config.max_context], np.int64))
    return texts
