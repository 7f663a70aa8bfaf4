"""A folder like the teacher's, at toy size: what the stages of distillation begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

torch = pytest.importorskip("torch", reason="distillation is an extra")
transformers = pytest.importorskip("transformers", reason="distillation is an extra")

TINY_TOKENIZER = Path(__file__).parent / "models" / "tiny" / "tokenizer.json"


def make_teacher(folder: Path) -> Path:
    """Writes a random model of four thin layers with the tiny model's tokenizer."""
    tokenizer = Tokenizer.from_file(str(TINY_TOKENIZER))
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        rope_theta=100000.0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
