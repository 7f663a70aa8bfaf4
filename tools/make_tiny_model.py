"""Makes ``tests/models/tiny``: a model of random weights that most tests run on.

``python -m tools.make_tiny_model [--out DIR]``. It knows nothing and is no measure of speed; its
arithmetic, its files and its tokenizer have the form of a real model. Invariant: the same bytes
from every run.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from npcbrain.graphs.decoder import LlamaConfig
from npcbrain.graphs.quantise import SHIPPED_KERNELS, STATIC, kernel_plan
from npcbrain.lm.marks import MARKS
from tools.distil.calibrate import calibrate
from tools.distil.package import BuiltModel, build_model

__all__ = ["TINY", "make_tiny_model", "tiny_tokenizer", "tiny_weights"]

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

TINY = LlamaConfig(
    hidden=32,
    heads=4,
    kv_heads=2,
    head_dim=16,
    layers=4,
    vocab=352,
    ffn=64,
    rope_theta=1e4,
    eps=1e-5,
    max_context=256,
)
NUM_SEGMENTS = 2
SEED = 7

# Each word becomes one token and each of its beginnings another: enough that tokens differ from
# characters, and that a word has one token after a space and several without.
WORDS = (" the", " to", " say", " give", " player", " happy", " neutral", " key", " and", " room")

OUT = Path(__file__).parents[1] / "tests" / "models" / "tiny"


def make_tiny_model(kernel: str = "nbits8") -> BuiltModel:
    """Builds the tiny model in memory, with another kernel if asked.

    ``staticint8`` is meant as it ships: with ``rowint8`` where one scale does not serve.
    """
    kernels = kernel_plan(TINY.layers, *(SHIPPED_KERNELS if kernel == STATIC else (kernel,)))
    weights = tiny_weights(TINY)
    if kernel == STATIC:
        random = np.random.RandomState(SEED)
        weights = calibrate(TINY, weights, kernels, random.randint(0, TINY.vocab, (4, 100)))
    return build_model(
        "tiny", TINY, weights, tiny_tokenizer(TINY.vocab), kernels, NUM_SEGMENTS, form=1
    )


def tiny_weights(config: LlamaConfig, seed: int = SEED) -> dict[str, np.ndarray]:
    """Random weights, scaled so that attention is picky and the next token hard to guess.

    ``RandomState`` rather than a ``Generator``: its stream is frozen for good.
    """
    random = np.random.RandomState(seed)

    def draw(num_out: int, num_in: int, gain: float) -> np.ndarray:
        return (random.standard_normal((num_out, num_in)) * gain / num_in**0.5).astype(np.float32)

    def gains() -> np.ndarray:
        return (1 + 0.1 * random.standard_normal(config.hidden)).astype(np.float32)

    width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
    weights = {"model.embed_tokens.weight": draw(config.vocab, config.hidden, 1.0)}
    for layer in range(config.layers):
        prefix = f"model.layers.{layer}"
        weights |= {
            f"{prefix}.input_layernorm.weight": gains(),
            f"{prefix}.self_attn.q_proj.weight": draw(width, config.hidden, 2.0),
            f"{prefix}.self_attn.k_proj.weight": draw(kv_width, config.hidden, 2.0),
            f"{prefix}.self_attn.v_proj.weight": draw(kv_width, config.hidden, 1.0),
            f"{prefix}.self_attn.o_proj.weight": draw(config.hidden, width, 1.0),
            f"{prefix}.post_attention_layernorm.weight": gains(),
            f"{prefix}.mlp.gate_proj.weight": draw(config.ffn, config.hidden, 1.5),
            f"{prefix}.mlp.up_proj.weight": draw(config.ffn, config.hidden, 1.5),
            f"{prefix}.mlp.down_proj.weight": draw(config.hidden, config.ffn, 1.5),
        }
    weights["model.norm.weight"] = gains() * 3  # logits a few units apart, as a trained model's are
    return weights


def tiny_tokenizer(vocab: int) -> dict[str, Any]:
    """The content of a ``tokenizer.json``: byte-level BPE, all bytes first, then ``WORDS``.

    Written out here rather than by the tokenizers package, whose format moves with its version.
    """
    alphabet = _byte_characters()
    tokens = [*SPECIALS, *alphabet]
    merges = []
    for word in WORDS:
        letters = [alphabet[byte] for byte in word.encode()]
        for end in range(2, len(letters) + 1):
            left, right = "".join(letters[: end - 1]), letters[end - 1]
            if left + right not in tokens:
                merges.append([left, right])
                tokens.append(left + right)
    tokens += MARKS.values()  # known, but of no use to it: it is asked in words and never quotes
    tokens += [f"<|unused_{index}|>" for index in range(vocab - len(tokens))]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": index, "content": token, **special, "special": True}
            for index, token in enumerate(tokens)
            if token.startswith("<|")
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": merges,
        },
    }


def _byte_characters() -> list[str]:
    """The printable character that stands for each byte, as GPT-2's byte-level BPE assigns them."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    spare = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(spare)) for byte in range(256)]


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the tiny model that tests run on.")
    parser.add_argument(
        "--out", type=Path, default=OUT, help="folder to write (default: %(default)s)"
    )
    arguments = parser.parse_args()
    model = make_tiny_model()
    model.write(arguments.out)
    num_bytes = sum(len(content) for content in model.files.values())
    print(f"wrote {arguments.out}: {len(model.files)} files, {num_bytes / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
