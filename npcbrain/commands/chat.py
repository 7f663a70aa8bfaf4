"""The command ``chat``: talk to a persona in the terminal, with the budget beside it.

It reads the arguments; ``conversation`` talks, ``chat_view`` shows. Invariant: nothing heavy is
imported before the command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.commands.options import add_model_options, check_budget, load

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_chat_command"]


def add_chat_command(commands: Commands) -> None:
    """Adds ``chat``."""
    chat = commands.add_parser("chat", help="talk to a persona, line by line")
    chat.add_argument("persona", type=Path, metavar="PERSONA.json")
    chat.add_argument("--trees", action="store_true", help="no model: the tree answers alone")
    add_model_options(chat)
    chat.set_defaults(command=_chat, show=lambda result: None)  # shown as it goes on


def _chat(options: argparse.Namespace) -> dict[str, Any]:
    from rich.console import Console

    from npcbrain.commands.chat_view import ChatView
    from npcbrain.commands.conversation import Conversation
    from npcbrain.npcs.persona import Persona

    check_budget(options)
    persona = Persona.load(options.persona)
    console = Console(highlight=False)
    if isinstance(sys.stdin, io.TextIOWrapper) and not sys.stdin.isatty():
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # in any console
    is_typed = sys.stdin is not None and sys.stdin.isatty() and console.is_terminal
    is_live = is_typed and not options.json
    view = ChatView(console, is_live=is_live, is_quiet=options.json)
    model = None if options.trees else load(options)
    conversation = Conversation(persona, model, budget_ms=options.budget_ms, is_live=is_live)
    turns = []
    try:
        view.greet(persona.name, persona.profile.role, options.budget_ms)
        for line in view.lines(iter(sys.stdin or ())):
            turn = conversation.say(line, view.frame)
            if turn is not None:
                turns.append(turn)
                view.answer(persona.name, turn)
    finally:
        view.stop()
        conversation.close()
    return {"persona": persona.name, "turns": [turn.to_dict() for turn in turns]}
