"""How each server wants to be asked: "OpenAI-compatible" is less than it sounds.

All take the same chat; they differ in how an answer is kept to a schema, and in the fields that
they refuse. One of them accepts a schema, answers 200, and ignores it. So at the start each way is
tried with a question whose only legal answer no model would give by itself.

Invariant: pure; a request has only fields that the server is known to take, or was seen to take.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from npcbrain.situation import Situation

__all__ = ["FORMS", "OURS", "Dialect", "Form", "Question", "obeys", "probe", "server_of", "tries"]

Fields = dict[str, Any]

PROBE_WORD = "quay"
PROBE_SCHEMA: Fields = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": [PROBE_WORD]}},
    "required": ["word"],
    "additionalProperties": False,
}
PROBE_TEXT = 'Answer with this JSON object and nothing else: {"word": "tree"}'
PROBE_TOKENS = 48  # some models put a lot of white space into JSON


@dataclass(frozen=True, slots=True)
class Question:
    """A question, not yet in any dialect.

    Attributes:
        situation: Only for npcbrain's own server, which writes its model's prompt itself.
        ttl_ms: How long the answer is worth waiting for; also only for that server.
    """

    messages: Sequence[Mapping[str, str]]
    schema: Fields
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    situation: Situation | None = None
    ttl_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Form:
    """One way to ask for an answer that follows a schema.

    Attributes:
        name: For people.
        write: The fields that ask for it.
    """

    name: str
    write: Callable[[Question], Fields]


def _nested(question: Question) -> Fields:
    wrapper = {"name": "answer", "strict": True, "schema": question.schema}
    return {"response_format": {"type": "json_schema", "json_schema": wrapper}}


def _beside(question: Question) -> Fields:
    return {"response_format": {"type": "json_schema", "schema": question.schema}}


def _bare(question: Question) -> Fields:
    return {"response_format": {"type": "json_schema", "json_schema": question.schema}}


def _json(question: Question) -> Fields:
    return {"response_format": {"type": "json", "schema": question.schema}}


def _situation(question: Question) -> Fields:
    asked = question.situation
    return {
        "situation": None if asked is None else asked.to_dict(),
        "words": "say" in question.schema["properties"],
        "ttl_ms": question.ttl_ms,
        "messages": [],
    }


OURS = "npcbrain"
FORMS: Mapping[str, Form] = {
    "nested": Form("response_format, json_schema.schema", _nested),  # OpenAI, vLLM, llama.cpp
    "beside": Form("response_format, schema", _beside),  # older llama.cpp
    "json": Form("response_format of type json, schema", _json),  # TensorRT-LLM
    "bare": Form("response_format, json_schema", _bare),  # TensorRT-LLM 1.2 unwraps nothing
    "situation": Form("the situation itself", _situation),  # npcbrain's own, see deploy/
    "asked": Form("in words alone", lambda question: {}),
}
ORDER: Mapping[str, Sequence[str]] = {
    "llama.cpp": ("nested", "beside"),
    "vLLM": ("nested",),
    "TensorRT-LLM": ("json", "nested", "bare"),
    OURS: ("situation",),
    "": ("nested", "json", "beside", "bare"),
}
OWNERS = {"llamacpp": "llama.cpp", "vllm": "vLLM", "tensorrt_llm": "TensorRT-LLM", OURS: OURS}
# Models that think aloud first would still do so when the answer is due. Some servers refuse this.
NO_THINKING: Fields = {"chat_template_kwargs": {"enable_thinking": False}}


@dataclass(frozen=True, slots=True)
class Dialect:
    """A server, as far as it is known.

    Attributes:
        server: ``"llama.cpp"``, ``"vLLM"``, ``"TensorRT-LLM"``, or empty for another.
        version: As it tells; may be empty.
        model: Its name for the model that is asked.
        form: How it is asked for legal answers, a key of ``FORMS``.
        extra: Fields that it takes beside the common ones.
        slots: How many answers it writes at once, if it tells; else 0.
    """

    server: str
    version: str
    model: str
    form: str = "asked"
    extra: tuple[str, ...] = ()
    slots: int = 0

    def __str__(self) -> str:
        """One line for a log."""
        name = f"{self.server or 'a server'} {self.version}".strip()
        kept = "asks for legal answers in words alone" if self.form == "asked" else "keeps to legal"
        return f"{name}, model {self.model}: {kept} ({FORMS[self.form].name})"

    def body(self, question: Question) -> Fields:
        """The body of a request."""
        fields: Fields = {
            "model": self.model,
            "messages": question.messages,
            "max_tokens": question.max_tokens,
            "temperature": question.temperature,
            "top_p": question.top_p,
            "seed": question.seed,
            "stream": True,
        }
        fields.update(FORMS[self.form].write(question))
        fields.update({name: value for name, value in NO_THINKING.items() if name in self.extra})
        return fields


def probe() -> Question:
    """A question that asks for one answer while its schema allows only another."""
    return Question([{"role": "user", "content": PROBE_TEXT}], PROBE_SCHEMA, PROBE_TOKENS)


def obeys(answer: str) -> bool:
    """Whether an answer to ``probe`` follows the schema."""
    try:
        return bool(json.loads(answer) == {"word": PROBE_WORD})
    except (ValueError, RecursionError):
        return False


def tries(known: Dialect) -> Sequence[Dialect]:
    """The ways to try in turn, the likeliest first; the last one constrains nothing."""
    forms = (*ORDER[known.server], "asked")
    extra = tuple(NO_THINKING)
    return [
        Dialect(known.server, known.version, known.model, form, fields, known.slots)
        for form in forms
        for fields in (extra, ())
    ]


def server_of(owner: object, header: str) -> str:
    """Which server it is, by the owner that it names for its models, or its ``Server`` header."""
    if isinstance(owner, str) and owner in OWNERS:
        return OWNERS[owner]
    return "llama.cpp" if header == "llama.cpp" else ""
