"""Promises of ``npcbrain chat``: every line is answered, and every answer says who chose it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from npcbrain.commands.chat_view import ChatView
from npcbrain.commands.conversation import Conversation
from npcbrain.commands.credit import told, who_chose
from npcbrain.commands.main import main
from npcbrain.npcs.persona import Persona
from npcbrain.situation import Decision

TINY = str(Path(__file__).parents[1] / "models" / "tiny")
GRETA = {
    "name": "Greta [red]",  # a name is no markup
    "role": "baker",
    "facts": ["A loaf costs two coppers."],
    "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["loaf"], "to": ["player"]}}],
    "lines": {"fallback": ["Mind the oven!"]},
}


@pytest.fixture
def greta(tmp_path: Path) -> str:
    path = tmp_path / "greta.json"
    path.write_text(json.dumps(GRETA), encoding="utf-8")
    return str(path)


def pipe(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_piped_lines_are_answered_in_turn_by_who_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, greta: str
) -> None:
    pipe(monkeypatch, b"What is a loaf?\n\n \xff\nGive me a loaf, please.")
    assert main(["chat", greta, "--trees"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Greta [red], baker, with 4 ms a frame."
    assert out[1:4] == [
        "you> What is a loaf?",
        "Greta [red]: A loaf costs two coppers.",
        "  tree, a fact it was asked for (no_model: the runtime has no model): say, neutral",
    ]
    assert "you> \ufffd" in out
    assert out[-2].startswith(
        "  tree, by reflex (no_model: the runtime has no model): give item=loaf"
    )


def test_a_model_answers_and_what_it_took_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, greta: str
) -> None:
    pipe(monkeypatch, b"Hello?\n")
    assert main(["chat", greta, "--model", TINY, "--budget-ms", "1000", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    (turn,) = json.loads(line)["turns"]
    assert (turn["heard"], turn["source"]) == ("Hello?", "model")
    assert turn["chosen"].startswith("model, ")
    assert turn["tokens"] > 0
    assert turn["writing_ms"] > 0


def test_no_lines_are_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, greta: str
) -> None:
    pipe(monkeypatch, b"")
    assert main(["chat", greta, "--trees", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"persona": "Greta [red]", "turns": []}


def test_a_persona_that_is_none_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "greta.json"
    path.write_text('{"name": "Greta"}', encoding="utf-8")
    assert main(["chat", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"npcbrain: field must be present, got None - at {path}: $.role; add 'role'\n"
    )


def test_a_terminal_shows_the_budget_while_it_waits_and_clears_it_away() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    view = ChatView(console, is_live=True)
    talk = Conversation(Persona.from_dict(GRETA), None, budget_ms=4.0)
    turn = talk.say("What is a loaf?", view.frame)
    assert turn is not None
    view.answer("Greta", turn)
    talk.close()
    shown = out.getvalue()
    assert "frame 1: " in shown
    assert "of 4.0 ms, trees " in shown
    assert "tree, a fact it was asked for" in shown


@pytest.mark.parametrize(
    ("decision", "who"),
    [
        (Decision("say", say="Well met."), "model, in its own words"),
        (Decision("say", say="It rains.", quoted="fact"), "model, quoting a fact"),
        (Decision("give", quoted="handing over"), 'model, with a line for "handing over"'),
        (Decision("say", say="It rains.", source="tree"), "tree, a fact it was asked for"),
        (Decision("say", say="Hm.", source="tree"), "tree, one of its lines"),
        (Decision("give", say="Hm.", source="tree"), "tree, by reflex"),
    ],
)
def test_who_chose_is_told_apart(decision: Decision, who: str) -> None:
    assert who_chose(decision, ("It rains.",)) == who


def test_a_deed_of_the_models_that_was_cut_short_is_told_with_the_reason() -> None:
    cut = Decision("give", {"item": "loaf"}, say="Hm.", reason="expired")
    assert told(cut) == (
        "model, cut short: its deed, and what words there were or the tree's "
        "(expired: the model was still at work when the time was up): give item=loaf"
    )
