"""The prompt of a model that was taught to chat: its own template around our instructions.

The template is rendered once, at import, with words that stand for the messages; the text between
these words is kept, and prompts are made of it. So a game needs no Jinja, and a template from
elsewhere runs in a sandbox and never beside a game. Invariant: control tokens come from the
template alone; the words of a message are only ever words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.importing.instructions import EXAMPLES, INSTRUCTIONS
from npcbrain.importing.vocabulary import Vocabulary
from npcbrain.prompting.prompt import Prompt, answer_text, render
from npcbrain.situation import Decision, Situation

__all__ = ["Piece", "decided", "framed_prompt", "turn_end"]

Piece = str | dict[str, str]  # text, or {"token": name}

SYSTEM, USER, ANSWER, LAST = "Zsystemz", "Zuserz", "Zanswerz", "Zlastz"  # no template says these
PLAIN = f"{SYSTEM}\n\n{USER}\n{ANSWER}\n\n{LAST}\n"  # for a model that was never taught to chat


def framed_prompt(vocabulary: Vocabulary, where: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces before a prompt and after it.

    Args:
        vocabulary: With the template.
        where: Its file, for messages.

    Raises:
        ModelError: The template cannot be rendered, or leaves a message out.
        UsageError: Jinja is not installed.
    """
    text = _rendered(vocabulary, where)
    opening, to_user, to_answer, to_last, closing = _between(text, where)
    pieces: list[tuple[str, bool]] = [(opening, True), (INSTRUCTIONS, False), (to_user, True)]
    for index, (situation, decision) in enumerate(EXAMPLES):
        if index:
            pieces.append((to_last, True))
        pieces += [(_asked(situation), False), (to_answer, True)]
        pieces.append((answer_text(decision), False))
    pieces.append((to_last, True))
    before: list[Piece] = []
    for part, is_template in pieces:
        before += _split(part, vocabulary.controls) if is_template else [part]
    if vocabulary.bos and not vocabulary.template:
        before.insert(0, {"token": vocabulary.bos})
    return _joined(before), _joined(_split(closing, vocabulary.controls))


def turn_end(vocabulary: Vocabulary, where: str) -> str:
    """The token that ends an answer: the one that the template puts behind it, or ``eos``."""
    to_last = _between(_rendered(vocabulary, where), where)[3]
    first = _split(to_last, vocabulary.controls)[:1]
    return first[0]["token"] if first and isinstance(first[0], dict) else vocabulary.eos


def _asked(situation: Situation) -> str:
    prompt: Prompt = render(situation, marks=False)
    return prompt.prefix + prompt.news


def _rendered(vocabulary: Vocabulary, where: str) -> str:
    if not vocabulary.template:
        return PLAIN
    try:
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ModuleNotFoundError as error:
        advice = "pip install npcbrain[import]"
        raise UsageError(fault("jinja2", "be installed", None, "import-model", advice)) from error

    def refuse(message: str) -> None:
        raise TemplateError(message)

    extensions = ["jinja2.ext.loopcontrols"]
    world = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=extensions
    )
    world.globals["raise_exception"] = refuse
    system = {"role": "system", "content": SYSTEM}
    talk = [
        {"role": "user", "content": USER},
        {"role": "assistant", "content": ANSWER},
        {"role": "user", "content": LAST},
    ]
    # Some models know no system message; then the instructions begin the first question.
    merged = [{"role": "user", "content": f"{SYSTEM}\n\n{USER}"}, *talk[1:]]
    values: dict[str, Any] = {
        "bos_token": vocabulary.bos,
        "eos_token": vocabulary.eos,
        "add_generation_prompt": True,
        "enable_thinking": False,
    }
    refusal = ""
    for messages in ([system, *talk], merged):
        try:
            text: str = world.from_string(vocabulary.template).render(messages=messages, **values)
        except Exception as error:  # a template may raise anything that Python can
            refusal = str(error)
            continue
        if SYSTEM in text:
            return text
    advice = "a model needs a template that takes a system or a user message"
    raise ModelError(fault("chat template", "be rendered", refusal, where, advice))


def _between(text: str, where: str) -> list[str]:
    """The texts before, between and after the messages."""
    between = re.split("|".join((SYSTEM, USER, ANSWER, LAST)), text)
    if re.findall("|".join((SYSTEM, USER, ANSWER, LAST)), text) != [SYSTEM, USER, ANSWER, LAST]:
        rule = "hold each message once, in order"
        raise ModelError(fault("chat template", rule, text, where))
    return between


def _split(text: str, controls: frozenset[str]) -> list[Piece]:
    """The text cut into texts and control tokens."""
    names = sorted(controls, key=len, reverse=True)
    parts = re.split(f"({'|'.join(map(re.escape, names))})", text) if names else [text]
    return [{"token": part} if part in controls else part for part in parts if part]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with neighbouring texts joined, so that they are tokenized as one text."""
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def decided(situation: Situation, decision: Decision) -> tuple[str, str]:
    """A prompt and its answer, as the model will read them."""
    return _asked(situation), answer_text(decision)
