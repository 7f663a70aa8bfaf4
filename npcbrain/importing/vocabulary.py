"""A model's tokenizer, turned into the ``tokenizer.json`` that npcbrain reads.

Text becomes the same tokens as before, with one exception: no space is put before a text, because
prompts are written in pieces. Invariant: a ``Vocabulary`` is byte-level BPE, or BPE of characters
with byte tokens as a fallback; anything else is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npcbrain.errors import ModelError, fault
from npcbrain.importing.gguf_tokens import tokenizer_of_gguf
from npcbrain.importing.json_file import read_json
from npcbrain.importing.source import Source

__all__ = ["Vocabulary", "read_vocabulary"]

CONTROL = re.compile(r"<.+>|\[.+\]")  # how control tokens look; other added ones are text
MAX_TEMPLATE_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens, and the names and template of which prompts are made.

    Attributes:
        tokenizer: The content of a ``tokenizer.json``.
        bos: The token a text begins with; empty if there is none.
        eos: The token a text ends with.
        template: The chat template, in Jinja; empty if the model has none.
        controls: Names of all control tokens.
    """

    tokenizer: Mapping[str, Any]
    bos: str
    eos: str
    template: str
    controls: frozenset[str]

    def to_bytes(self) -> bytes:
        """The file, without spaces and newlines, which halves it."""
        return json.dumps(self.tokenizer, ensure_ascii=False, separators=(",", ":")).encode()


def read_vocabulary(source: Source) -> Vocabulary:
    """The vocabulary of a model.

    Raises:
        ModelError: There is none, or it cannot be carried over.
    """
    if source.fields:
        where = str(source.path)
        tokenizer, bos, eos = tokenizer_of_gguf(source.fields, where)
        template = source.fields.get("tokenizer.chat_template", "")
    else:
        where = str(source.path / "tokenizer.json")
        tokenizer = read_json(source.path / "tokenizer.json")
        bos, eos, template = _read_settings(source.path)
    if not isinstance(template, str) or len(template) > MAX_TEMPLATE_CHARS:
        rule = f"be a text of at most {MAX_TEMPLATE_CHARS} characters"
        raise ModelError(fault("chat template", rule, template, where))
    added = _plain_text_only(tokenizer, where)
    controls = {token["content"] for token in added if token["special"]}
    names = set(tokenizer["model"]["vocab"]) | {token["content"] for token in added}
    if bos not in names:
        bos = ""
    if eos not in names:
        rule, advice = "be among the tokens", "name it in tokenizer_config.json"
        raise ModelError(fault("end token", rule, eos, where, advice))
    return Vocabulary(tokenizer, bos, eos, template, frozenset(controls))


def _plain_text_only(tokenizer: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """Takes out all that would add to a text; returns the added tokens, control ones marked."""
    model, added = tokenizer.get("model"), tokenizer.get("added_tokens") or []
    advice = "only byte-pair encodings can be carried over"
    if not isinstance(model, dict) or model.get("type", "BPE") != "BPE":
        kind = model.get("type") if isinstance(model, dict) else model
        raise ModelError(fault("tokenizer", "be BPE", kind, where, advice))
    if not isinstance(model.get("vocab"), dict) or not isinstance(model.get("merges"), list):
        raise ModelError(fault("tokenizer", "have vocab and merges", list(model), where, advice))
    if not isinstance(added, list):
        raise ModelError(fault("added_tokens", "be a list", added, where))
    for token in added:
        if not isinstance(token, dict) or not isinstance(token.get("content"), str):
            raise ModelError(fault("added token", "have a content", token, where))
        token["special"] = bool(token.get("special") or CONTROL.fullmatch(token["content"]))
    tokenizer.update(truncation=None, padding=None, post_processor=None, added_tokens=added)
    tokenizer["normalizer"] = _without_prefix(tokenizer.get("normalizer"), "normalizers")
    tokenizer["pre_tokenizer"] = _without_prefix(tokenizer.get("pre_tokenizer"), "pretokenizers")
    return added


def _without_prefix(step: Any, children: str) -> Any:
    """A tokenizer's step without the part that puts a space before a text; None if none is left."""
    if not isinstance(step, dict):
        return None
    if step.get("type") == "Prepend":
        return None
    if isinstance(step.get(children), list):
        kept = [_without_prefix(one, children) for one in step[children]]
        return {**step, children: [one for one in kept if one is not None]}
    if step.get("type") == "Metaspace":
        return {**step, "prepend_scheme": "never"}
    return {**step, "add_prefix_space": False} if step.get("add_prefix_space") else step


def _read_settings(folder: Path) -> tuple[str, str, Any]:
    """First token, last token and chat template, from the files beside a ``tokenizer.json``."""
    path = folder / "tokenizer_config.json"
    settings = read_json(path) if path.is_file() else {}
    template = settings.get("chat_template") or ""
    if isinstance(template, list):  # several, by name
        named = {one.get("name"): one.get("template") for one in template if isinstance(one, dict)}
        template = named.get("default") or ""
    file = folder / "chat_template.jinja"
    if file.is_file():
        try:
            template = file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ModelError(fault("chat template", "be text", str(error), str(file))) from None
    return _token_name(settings.get("bos_token")), _token_name(settings.get("eos_token")), template


def _token_name(value: Any) -> str:
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else ""
