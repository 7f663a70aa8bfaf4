"""Finds typed words that change the structure of prompts, tokens or memories.

A prompt of hostile words is compared with the same prompt of harmless ones: both must have the same
lines of structure in the same order, and the same control tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from npcbrain.errors import PersonaError, UsageError
from npcbrain.lm.marks import FITS, MARKS, RECALLS
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.npcs.inputs import line_of, name_of
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.persona import Persona
from npcbrain.prompting.prompt import Prompt, render
from npcbrain.situation import Action, Decision, Event, Scene, Situation
from tools.endure.attacks import mutant, read_attacks, read_names
from tools.endure.point import Point

__all__ = [
    "Encoding", "faults_of_persona", "faults_of_speech", "num_control", "situation_of", "try_words",
]  # fmt: skip

FACTS = ("A bed costs five coppers.", "The bell rings at noon: the gate is locked then.")
ACTIONS = (Action("say"), Action("give", {"item": ("room key", "ale"), "to": ("player",)}))
HARMLESS = "Well met."
DIGITS = re.compile(r"(?<=\d):(?=\d)")
ACTION = re.compile("|".join(action.name for action in ACTIONS))


class Encoding(Protocol):
    """A tokenizer."""

    token_bytes: tuple[bytes, ...]

    def encode(self, text: str) -> list[int]: ...


def num_control(encoding: Encoding, text: str) -> int:
    """How many control tokens a text has, marks not counted."""
    return sum(not encoding.token_bytes[index] for index in encoding.encode(text))


def faults_of_speech(text: str, speaker: str, encodings: list[Encoding]) -> Iterator[str]:
    """Faults in the prompts of an NPC to which somebody says the same thing twice."""
    line = line_of(text, "text", "speech")
    try:
        who = name_of(speaker, "speaker", "speech")
    except UsageError:
        return  # a clear error
    if not line:
        return  # an empty line is not an event
    if ":" in who:
        yield f"a speaker's name holds a colon: {who!r}"
    hostile, harmless = situation_of(line, who), situation_of(HARMLESS, "player")
    for marks in (True, False):
        found, wanted = render(hostile, marks=marks), render(harmless, marks=marks)
        if found.prefix != wanted.prefix:
            yield "what somebody said stands in the prefix"
        yield from _faults_of_news(found, wanted, marks)
        for encoding in encodings:
            if num_control(encoding, found.prefix + found.news):
                yield f"typed text became a control token: {line[:80]!r}"


def faults_of_persona(name: str, encodings: list[Encoding]) -> Iterator[str]:
    """Faults in the prompt of a persona in which everything has this name."""
    fields = {"name": name, "role": name, "traits": [name], "goal": name, "facts": [name]}
    actions = [{"name": "say"}, {"name": name, "args": {name: [name]}}]
    try:
        persona = Persona.from_dict({**fields, "actions": actions})
    except PersonaError:
        return  # a clear error
    plain = {"name": "a", "role": "a", "traits": ["a"], "goal": "a", "facts": ["a"]}
    other = Persona.from_dict(
        {**plain, "actions": [{"name": "say"}, {"name": "a", "args": {"a": ["a"]}}]}
    )
    for marks in (True, False):
        found, wanted = (
            render(
                Situation(one.profile, Scene(), Event("time", "world", ""), one.actions),
                marks=marks,
            ).prefix
            for one in (persona, other)
        )
        if _bones(found) != _bones(wanted):
            yield f"a persona's text is structure: {found[:80]!r}"
        for encoding in encodings:
            if num_control(encoding, found):
                yield f"a persona's text became a control token: {found[:80]!r}"


def situation_of(line: str, who: str) -> Situation:
    """The situation of an NPC to which somebody says the same thing for the second time."""
    persona = Persona.from_dict({"name": "Greta", "role": "innkeeper", "facts": list(FACTS)})
    memory = Memory()
    memory.add("The mill burned down.", 0.9)
    memory.add_event(Event("speech", who, line), Decision("say", say="So you say."), "Greta")
    told = memory.select(10**6, len)
    return Situation(persona.profile, Scene("inn"), Event("speech", who, line), ACTIONS, told)


def _faults_of_news(found: Prompt, wanted: Prompt, marks: bool) -> Iterator[str]:
    lines, expected = found.news.split("\n"), wanted.news.split("\n")
    recalls, fits = (RECALLS, FITS) if marks else ("recalls: ", "fits: ")
    read = [line for line in lines if line.startswith((recalls, fits))]
    lines = [line for line in lines if not line.startswith((recalls, fits))]
    expected = [line for line in expected if not line.startswith((recalls, fits))]
    for line in read:
        told = line.removeprefix(recalls).removeprefix(fits).lstrip("0123456789 ")
        if told not in FACTS and not ACTION.match(told):
            yield f"a line of structure tells what nobody knows: {line!r}"
    if len(lines) != len(expected):
        yield f"there are {len(lines)} lines instead of {len(expected)}"
    for line, plain in zip(lines, expected, strict=False):
        if _bones(line) != _bones(plain):
            yield f"a line is put together otherwise: {line[:80]!r}"
        if not marks and plain.count(":") != DIGITS.sub("", line).count(":"):
            yield f"a typed word stands as a title: {line[:80]!r}"


def _bones(text: str) -> list[str]:
    """The marks and line ends of a text."""
    return [character for character in text if character in MARKS or not character.isprintable()]


def try_words(point: Point, folder: Path, most: int | None = None) -> None:
    """Tries all kept attacks, then random mixtures, for a point's time or ``most`` times."""
    package = ModelPackage.described(folder)
    content, vocab = package.read(package.tokenizer), package.config.vocab
    encodings: list[Encoding] = [
        Tokenizer(content, package.bos, package.eos, vocab, str(folder), {})
    ]
    attacks, names = read_attacks(), read_names()
    for attack in (*attacks, *names):
        _try(point, attack.text, "player", encodings)
    for dice in point.rounds(most):
        _try(point, mutant(attacks, dice), mutant(names, dice), encodings)


def _try(point: Point, text: str, speaker: str, encodings: list[Encoding]) -> None:
    point.counts["attacks"] += 1
    for fault in faults_of_speech(text, speaker, encodings):
        point.expect(False, fault)
    for fault in faults_of_persona(text[:200], encodings):
        point.expect(False, fault)
