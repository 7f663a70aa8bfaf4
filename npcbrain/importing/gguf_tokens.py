"""The tokenizer of a GGUF file as the content of a ``tokenizer.json``.

Invariant: text becomes the same tokens as with the file's own tools, or the file is refused. A file
only names its way to cut text into words; for an unknown name nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from npcbrain.errors import ModelError, fault
from npcbrain.lm.tokenizer_file import GPT_4O, LLAMA_3, QWEN_2

__all__ = ["tokenizer_of_gguf"]

NORMAL, UNKNOWN, BYTE = 1, 2, 6  # kinds of token; tokens of all others are added ones
USER_DEFINED = 4

PATTERNS = {  # by the name that a file has for the way to cut words
    "llama-bpe": LLAMA_3,
    "llama3": LLAMA_3,
    "qwen2": QWEN_2,
    "gpt-4o": GPT_4O,
}
DIGITS = {"smollm"}  # each digit alone, then GPT-2's words
PLAIN = {"gpt-2"}  # GPT-2's words


def tokenizer_of_gguf(fields: Mapping[str, Any], where: str) -> tuple[dict[str, Any], str, str]:
    """Rebuilds a tokenizer.

    Args:
        fields: The file's fields.
        where: The file, for messages.

    Returns:
        The content of a ``tokenizer.json``, and the names of the first and the last token; empty
        for one that the file does not name.

    Raises:
        ModelError: It is of a kind that cannot be carried over, or is not complete.
    """
    tokens = _tokens(fields, where)
    kinds = [int(kind) for kind in _numbers(fields, "token_type", len(tokens), where)]
    added = [
        {
            "id": index,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind != USER_DEFINED,
        }
        for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind not in (NORMAL, BYTE)
    ]
    how = fields.get("tokenizer.ggml.model")
    if how == "gpt2":
        steps = _byte_level(fields, tokens, where)
    elif how == "llama":
        steps = _with_scores(fields, tokens, kinds, where)
    else:
        advice = "gpt2 and llama can be"
        raise ModelError(fault("tokenizer", "be carried over", how, where, advice))
    tokenizer = {"version": "1.0", "added_tokens": added, **steps}
    names = []
    for which in "bos", "eos":
        index = fields.get(f"tokenizer.ggml.{which}_token_id", -1)
        is_known = isinstance(index, int) and 0 <= index < len(tokens)
        names.append(tokens[index] if is_known else "")
    return tokenizer, names[0], names[1]


def _tokens(fields: Mapping[str, Any], where: str) -> list[str]:
    tokens = fields.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens:
        raise ModelError(fault("file", "hold tokens", tokens, where, "convert the model again"))
    if len(set(tokens)) != len(tokens):
        raise ModelError(fault("tokens", "have a name each", len(set(tokens)), where))
    return tokens


def _numbers(fields: Mapping[str, Any], key: str, count: int, where: str) -> np.ndarray:
    numbers = fields.get(f"tokenizer.ggml.{key}")
    if not isinstance(numbers, np.ndarray) or len(numbers) != count:
        got = len(numbers) if isinstance(numbers, np.ndarray) else numbers
        raise ModelError(fault(key, f"be {count} numbers", got, where))
    if not np.isfinite(numbers).all():
        raise ModelError(fault(key, "be finite", "others", where))
    return numbers


def _byte_level(fields: Mapping[str, Any], tokens: Sequence[str], where: str) -> dict[str, Any]:
    name = str(fields.get("tokenizer.ggml.pre"))
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    words = {**byte_level, "use_regex": name not in PATTERNS}
    if name in PATTERNS:
        pattern = {"Regex": PATTERNS[name]}
        first = {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}
        steps = [first, words]
    elif name in DIGITS:
        steps = [{"type": "Digits", "individual_digits": True}, words]
    elif name in PLAIN:
        steps = [words]
    else:
        advice = "import the safetensors folder, which says it in full"
        rule = f"be one of {', '.join([*PATTERNS, *DIGITS, *PLAIN])}"
        raise ModelError(fault("pre-tokenizer", rule, name, where, advice))
    pairs = fields.get("tokenizer.ggml.merges")
    if not isinstance(pairs, list):
        raise ModelError(fault("merges", "be a list of texts", pairs, where))
    merges = [pair.split(" ") for pair in pairs]
    known = set(tokens)
    for pair in merges:
        if len(pair) != 2 or not {*pair, "".join(pair)} <= known:
            raise ModelError(fault("merge", "be of two tokens to a third", pair, where))
    return {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "decoder": {**byte_level, "use_regex": True},
        "model": _bpe(tokens, merges),
    }


def _with_scores(
    fields: Mapping[str, Any], tokens: Sequence[str], kinds: Sequence[int], where: str
) -> dict[str, Any]:
    """SentencePiece's BPE: two parts are merged if together they are a token, best score first."""
    scores = _numbers(fields, "scores", len(tokens), where)
    ids = {token: index for index, token in enumerate(tokens) if kinds[index] == NORMAL}
    merges = []
    for token, index in ids.items():
        pairs = ((token[:cut], token[cut:]) for cut in range(1, len(token)))
        own = [pair for pair in pairs if pair[0] in ids and pair[1] in ids]
        own.sort(key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        merges += [(-float(scores[index]), pair) for pair in own]
    merges.sort(key=lambda scored: scored[0])
    unknown = next((tokens[i] for i, kind in enumerate(kinds) if kind == UNKNOWN), None)
    space = {"String": " "}
    bar = {"String": "\u2581"}
    decoders = [
        {"type": "Replace", "pattern": bar, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    model = _bpe(tokens, [list(pair) for _, pair in merges])
    model.update(byte_fallback=True, fuse_unk=True, unk_token=unknown)
    return {
        "normalizer": {"type": "Replace", "pattern": space, "content": "\u2581"},
        "pre_tokenizer": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": model,
    }


def _bpe(tokens: Sequence[str], merges: list[list[str]]) -> dict[str, Any]:
    return {
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
    }
