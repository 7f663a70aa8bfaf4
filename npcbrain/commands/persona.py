"""``npcbrain persona check``: whether a persona file is right, and how much of the prompt it takes.

Invariant: it changes no file, and ``Persona.load`` refuses every file in which it finds a fault.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from npcbrain.lm.model import Model
    from npcbrain.npcs.persona import Persona

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_persona_commands", "look_at"]

LIKENESS = 0.8  # of a kind of lines to one that is known, from which it looks like a slip
ROOMY = 250  # tokens that hold the longest line, a scene, memories and a fact that it is about


def add_persona_commands(commands: Commands) -> None:
    """Adds ``persona check``."""
    persona = commands.add_parser("persona", help="check personas")
    tasks = persona.add_subparsers(required=True, metavar="WHAT")
    check = tasks.add_parser("check", help="check a persona file and count its tokens")
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(command=_check, show=_print_check)


def look_at(persona: Persona, model: Model) -> dict[str, Any]:
    """How much of the model's prompt a persona takes, with advice for its writer.

    Returns:
        ``name``; ``tokens`` by part and in ``all``; ``room`` that a prompt has for them and for
        what happens; ``left``, what they leave of it; and ``advice``, a list of sentences.
    """
    from npcbrain.asking.writer import MAX_NEW_TOKENS
    from npcbrain.npcs.persona import SAY
    from npcbrain.prompting.prompt import render
    from npcbrain.situation import Event, Scene, Situation

    def count(facts: tuple[str, ...], actions: tuple[Any, ...]) -> int:
        who = replace(persona.profile, facts=facts)
        asked = Situation(who, Scene(), Event("time", "world", ""), actions)
        prompt = render(asked, reader=None, marks=model.has_marks)
        return model.tokenizer.count(prompt.prefix)

    facts, actions = persona.profile.facts, persona.actions
    everything = count(facts, actions)
    room = model.max_prompt - MAX_NEW_TOKENS
    person = count((), (SAY,))
    return {
        "name": persona.name,
        "tokens": {
            "person": person,
            "facts": count(facts, (SAY,)) - person,
            "actions": everything - count(facts, (SAY,)),
            "all": everything,
        },
        "room": room,
        "left": room - everything,
        "advice": [*_of_room(room - everything), *_of_writing(persona)],
    }


def _of_room(left: int) -> list[str]:
    from npcbrain.npcs.wiring import LEAST_TOKENS

    if left >= ROOMY:
        return []
    if left >= LEAST_TOKENS:
        return [
            f"{left} tokens are left for what happens: enough, but with fewer than {ROOMY} some "
            "prompts are made without memories"
        ]
    return [
        f"{max(0, left)} tokens are left for what happens, and {LEAST_TOKENS} are needed: prompts "
        "leave out the facts and values that have least to do with what was said; shorten them"
    ]


def _of_writing(persona: Persona) -> list[str]:
    from npcbrain.prompting.action_ranking import is_talk, is_voice
    from npcbrain.prompting.retelling import is_kept, spoken

    profile = persona.profile
    advice = [
        f"fact {number} is not said, for it says itself that nobody is told; leave a secret out "
        f"until it may be told ({fact})"
        if is_kept(fact)
        else f"fact {number} is not said as it stands, for it tells of {profile.name} as of "
        f"somebody else: write it as {profile.name} would say it ({fact})"
        for number, fact in enumerate(profile.facts, 1)
        if not spoken(fact, profile.name)
    ]
    actions = persona.actions
    if not any(is_talk(action) or is_voice(action, actions) for action in actions):
        advice.append('it may not just talk: add {"name": "say"} to its actions')
    if not persona.lines.get("fallback"):
        advice.append(
            'it says "Hm." where the model cannot answer: add two or three lines.fallback'
        )
    return [*advice, *_of_kinds(persona.lines)]


def _of_kinds(lines: Iterable[str]) -> list[str]:
    """Names kinds of lines that look misspelt; a game may have kinds of its own."""
    from npcbrain.prompting.stock_lines import OCCASIONS

    known = ("fallback", "deed", "bark", *OCCASIONS)
    likes = {kind: get_close_matches(kind, known, 1, LIKENESS) for kind in lines}
    return [
        f"nothing but your own trees says lines.{kind}: did you mean {like[0]!r}?"
        for kind, like in likes.items()
        if like and kind not in known
    ]


def _check(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.commands.options import load
    from npcbrain.npcs.persona import Persona

    persona = Persona.load(options.file)  # before the model, so that a slip is told at once
    return {"file": str(options.file), **look_at(persona, load(options))}


def _print_check(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(title=f"{result['name']}: tokens of {result['room']}")
    table.add_column("part")
    table.add_column("tokens", justify="right")
    for part, num_tokens in result["tokens"].items():
        table.add_row(part, str(num_tokens))
    table.add_row("left for what happens", str(result["left"]), style="bold")
    console.print(table)
    for sentence in result["advice"] or ["Nothing to say against it."]:
        console.print(Text(f"- {sentence}"))
