"""Checks a ``tokenizer.json`` before the ``tokenizers`` package reads it.

A model may come from a mod. The format has steps that make a thousand million characters of one,
patterns that backtrack without end, and steps that act at random. Invariant: a tokenizer that is
built has only steps named here, with texts of a few letters, and cuts words by a known pattern.
"""

from __future__ import annotations

import json
from typing import Any

from tokenizers import Tokenizer

from npcbrain.errors import ModelError, fault
from npcbrain.lm.panics import no_panic

__all__ = ["GPT_4O", "LLAMA_3", "QWEN_2", "read_tokenizer"]

MAX_BYTES = 64 << 20  # usual: 0.3 MB; Gemma's has 33
MAX_ADDED = 20_000  # usual: 3; Gemma has 6,000
MAX_STEPS = 8  # in a sequence
MAX_CHARS = 8  # of a text that a step looks for, or puts in the place of another
MAX_REPLACED = 4  # steps that replace something; each may make three characters of one
MAX_GROWTH = 3
MAX_WORD_CHARS = 200  # of a word that WordPiece cuts; its time grows with their square

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = r"|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
LLAMA_3 = CONTRACTIONS + WORDS % r"\p{N}{1,3}"
QWEN_2 = CONTRACTIONS + WORDS % r"\p{N}"
GPT_4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = frozenset((LLAMA_3, QWEN_2, GPT_4O))

STEPS = {  # by the part of the file; a Sequence of them is allowed as well
    "normalizer": frozenset(
        "BertNormalizer Lowercase NFC NFD NFKC NFKD Prepend Replace Strip StripAccents".split()
    ),
    "pre_tokenizer": frozenset(
        "BertPreTokenizer ByteLevel Digits Metaspace Punctuation Split Whitespace "
        "WhitespaceSplit".split()
    ),
    "decoder": frozenset("ByteFallback ByteLevel Fuse Metaspace Replace Strip WordPiece".split()),
}
LISTS = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "decoder": "decoders"}
DROPPED = ("truncation", "padding", "post_processor")  # these would silently change a prompt


def read_tokenizer(content: bytes, where: str, *, model: str = "BPE") -> Any:
    """The tokenizer of a file.

    Args:
        content: The file.
        where: Its path, for messages.
        model: The type of model that it must be.

    Raises:
        ModelError: It is not a tokenizer, or has unknown steps or patterns.
    """
    if len(content) > MAX_BYTES:
        rule = f"have at most {MAX_BYTES} bytes"
        raise ModelError(fault("tokenizer", rule, len(content), where))
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(fault("tokenizer", "be a tokenizer.json", str(error), where)) from None
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise ModelError(fault("tokenizer", "be a tokenizer.json", data, where))
    _check_model(data["model"], model, where)
    added = data.get("added_tokens") or []
    if not isinstance(added, list) or len(added) > MAX_ADDED:
        rule = f"be a list of at most {MAX_ADDED}"
        raise ModelError(fault("added_tokens", rule, added, where))
    for part in STEPS:
        _check_steps(data.get(part), part, where)
    try:
        with no_panic():
            # Written anew, so that exactly what was checked is built, even if a key came twice.
            return Tokenizer.from_str(json.dumps(data | dict.fromkeys(DROPPED)))
    except Exception as error:  # the package raises bare Exception for a bad file
        raise ModelError(fault("tokenizer", "be a tokenizer.json", str(error), where)) from error


def _check_model(model: dict[str, Any], kind: str, where: str) -> None:
    if model.setdefault("type", kind) != kind:
        raise ModelError(fault("tokenizer", f"be {kind}", model["type"], where))
    if model.get("dropout"):
        rule = "not leave tokens to chance"
        raise ModelError(fault("tokenizer", rule, model["dropout"], where, "set dropout to null"))
    vocab, unknown = model.get("vocab"), model.get("unk_token")
    if not isinstance(vocab, dict):
        raise ModelError(fault("tokenizer", "have a vocab", vocab, where))
    if unknown is not None and (not isinstance(unknown, str) or unknown not in vocab):
        raise ModelError(fault("unk_token", "be in the vocab", unknown, where))
    longest = model.get("max_input_chars_per_word", MAX_WORD_CHARS)
    if not isinstance(longest, int) or longest > MAX_WORD_CHARS:
        rule = f"be at most {MAX_WORD_CHARS}"
        raise ModelError(fault("max_input_chars_per_word", rule, longest, where))
    for name in ("continuing_subword_prefix", "end_of_word_suffix"):
        _check_text(model.get(name) or "", name, where)


def _check_steps(step: object, part: str, where: str) -> None:
    """Checks one part of a tokenizer: nothing, a step or a sequence of steps."""
    if step is None:
        return
    steps: object = [step]
    if isinstance(step, dict) and step.get("type") == "Sequence":
        steps = step.get(LISTS[part])
    if not isinstance(steps, list) or len(steps) > MAX_STEPS:
        raise ModelError(fault(part, f"have at most {MAX_STEPS} steps", steps, where))
    num_replaced = 0
    for one in steps:
        kind = one.get("type") if isinstance(one, dict) else one
        if not isinstance(kind, str) or kind not in STEPS[part]:
            rule = f"have steps that are one of {', '.join(sorted(STEPS[part]))}"
            raise ModelError(fault(part, rule, kind, where))
        num_replaced += kind in ("Replace", "Prepend")
        for name, value in one.items():
            if name == "pattern":
                _check_pattern(value, kind, where)
            elif isinstance(value, str) and name not in ("type", "behavior", "prepend_scheme"):
                _check_text(value, f"{name} of {kind}", where)
        growth = len(str(one.get("content", ""))) if kind == "Replace" else 0
        if growth > MAX_GROWTH:
            rule = f"be at most {MAX_GROWTH} characters"
            raise ModelError(fault("content of Replace", rule, one["content"], where))
    if num_replaced > MAX_REPLACED:
        rule = f"replace at most {MAX_REPLACED} times"
        raise ModelError(fault(part, rule, num_replaced, where))


def _check_pattern(pattern: object, kind: str, where: str) -> None:
    what = f"pattern of {kind}"
    text = pattern.get("String") if isinstance(pattern, dict) and len(pattern) == 1 else None
    if isinstance(text, str) and text:
        _check_text(text, what, where)
    elif not (kind == "Split" and isinstance(pattern, dict)) or list(pattern) != ["Regex"]:
        raise ModelError(fault(what, "be a text", pattern, where))
    elif pattern["Regex"] not in PATTERNS:
        rule = "be that of Llama 3, Qwen 2 or GPT-4o"
        advice = "others may take for ever; only byte-level words, digits and these are read"
        raise ModelError(fault(what, rule, pattern["Regex"], where, advice))


def _check_text(text: object, what: str, where: str) -> None:
    if not isinstance(text, str) or len(text) > MAX_CHARS:
        rule = f"be a text of at most {MAX_CHARS} characters"
        raise ModelError(fault(what, rule, text, where))
