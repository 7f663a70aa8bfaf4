"""Tiny models of random weights in the forms that others store them, for tests of the import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="compared with transformers")
transformers = pytest.importorskip("transformers", reason="compared with transformers")

from tools.make_tiny_model import tiny_tokenizer  # noqa: E402

VOCAB = 352  # the tiny tokenizer's
CONTEXT = 256
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}"
)
SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCAB,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "partial_rotary_factor": 0.75,
    "original_max_position_embeddings": CONTEXT,
    "short_factor": [1 + index / 10 for index in range(24)],
    "long_factor": [2.0] * 24,
}
GEMMA = {"head_dim": 32, "sliding_window": 16, "query_pre_attn_scalar": 32}
KINDS = {
    "llama": ("LlamaConfig", {"tie_word_embeddings": True}),
    "llama3": ("LlamaConfig", {"rope_parameters": LLAMA3, "tie_word_embeddings": False}),
    "qwen2": ("Qwen2Config", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3Config", {"head_dim": 32}),
    "gemma2": ("Gemma2Config", GEMMA),
    "gemma3": ("Gemma3TextConfig", {**GEMMA, "num_hidden_layers": 7}),
    "phi3": ("Phi3Config", {"sliding_window": 20}),
    "phi4": (
        "Phi3Config",
        {
            "hidden_size": 256,
            "tie_word_embeddings": True,
            "rope_parameters": LONG,
            "original_max_position_embeddings": CONTEXT,
        },
    ),
}


def make_folder(kind: str, folder: Path) -> Any:
    """Writes a model as transformers does, with a tokenizer beside it; returns the model."""
    name, own = KINDS[kind]
    torch.manual_seed(1)
    config = getattr(transformers, name)(**{**SIZES, **own})
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():  # as they come, weights are so small that every token is alike
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.add_(torch.randn_like(weight) * 0.2)
            else:
                weight.mul_(6)
    model.save_pretrained(folder)
    add_tokenizer(folder)
    return model


def add_tokenizer(folder: Path, template: str = CHATML) -> None:
    """Puts the tiny tokenizer and a chat template beside a model."""
    (folder / "tokenizer.json").write_text(json.dumps(tiny_tokenizer(VOCAB)), encoding="utf-8")
    settings = {"bos_token": None, "eos_token": "<|im_end|>", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def logits_of(model: Any, ids: np.ndarray) -> np.ndarray:
    """What transformers makes of tokens, float32 [tokens, vocab]."""
    with torch.no_grad():
        return model(torch.tensor(ids[None])).logits[0].float().numpy()
