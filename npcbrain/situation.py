"""What an NPC is asked, ``Situation``, and what it answers, ``Decision``.

Plain immutable data with a strict reader for untrusted dictionaries; no prompt, no model, no file.
Invariant: an instance that was read is valid, and ``to_dict`` of it reads back equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from npcbrain.errors import SituationError, fault
from npcbrain.plain_text import clean_text

__all__ = ["Action", "Decision", "Event", "Exchange", "Profile", "Scene", "Situation", "clean_text"]

MAX_ACTIONS = 32  # legal actions of one situation; more would crowd the prompt out of the context
MAX_ARGS = 8  # arguments of one action; a model this small rarely gets more than two right
MAX_VALUES = 32  # legal values of one argument
MAX_NAME_CHARS = 64  # of a name, role, trait, action, argument or value
MAX_LINE_CHARS = 240  # of a goal, fact or memory; longer ones are refused, a player's line is cut
HANDLER_ARG = "npc"  # handlers get the acting NPC under this name, so no argument may have it
MAX_LINES = 32  # facts, memories or bystanders in one situation


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the NPC is: the part of a situation that rarely changes.

    Attributes:
        name: What others call it.
        role: Its work or place in the world, as ``"innkeeper"``.
        traits: Adjectives that colour judgement and voice.
        goal: What it wants, as a verb phrase: ``"fill the inn"``.
        facts: Sentences it knows and may tell.
    """

    name: str
    role: str
    traits: tuple[str, ...] = ()
    goal: str = ""
    facts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("name", "role", "goal"):
            if not isinstance(value := getattr(self, name), str):
                raise SituationError(fault(name, "be a string", value, "Profile()"))
        for name in ("traits", "facts"):
            value = getattr(self, name)
            # A string is a sequence of strings, too: its letters would become the facts.
            if isinstance(value, str) or not all(isinstance(text, str) for text in value):
                raise SituationError(fault(name, "be a tuple of strings", value, "Profile()"))


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when, and who or what is near."""

    place: str = ""
    time: str = ""
    nearby: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What just happened to the NPC.

    Attributes:
        kind: ``speech``, ``gift``, ``attack``, ``sighting``, ``time``, or a game's own word.
        source: Who or what caused it (``from`` in JSON).
        text: The spoken line, or a sentence that tells what happened.
    """

    kind: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """Something that happened or was said, and what the NPC did and said about it.

    In JSON it is one line, as ``str`` gives it: "The player said: One ale. Hilda chose: give, ale.
    Hilda said: There." When such a line is read back, a player's words that were made to look like
    a deed cannot be told from one; a running game keeps the parts apart.

    Attributes:
        name: Who remembers it.
        who: Who spoke; empty if it was not speech.
        heard: What was said, or a sentence that tells what happened.
        deed: The action it chose and its values; empty if it only talked.
        reply: What it said.
    """

    name: str
    who: str
    heard: str
    deed: str = ""
    reply: str = ""

    def __str__(self) -> str:
        line = f"{self.who} said: {self.heard}" if self.who else self.heard
        if self.deed:
            line += f" {self.name} chose: {self.deed}."
        return f"{line} {self.name} said: {self.reply}" if self.reply else line

    @classmethod
    def read(cls, line: str, name: str) -> Exchange | None:
        """The exchange of which ``str`` made ``line``; None if it is not such a line.

        >>> Exchange.read("The player said: One ale. Hilda said: There.", "Hilda").reply
        'There.'
        """
        rest, has_reply, reply = line.rpartition(f" {name} said: ")
        if not has_reply:
            rest, reply = line, ""
        before, has_deed, deed = rest.rpartition(f" {name} chose: ")
        if not has_deed or not deed.endswith("."):
            before, deed = rest, ""
        who, is_speech, heard = before.partition(" said: ")
        if not is_speech:
            who, heard = "", before
        if not heard or not (is_speech or reply or deed) or len(who) > MAX_NAME_CHARS + 4:
            return None
        return cls(name, who, heard, deed.removesuffix("."), reply)


@dataclass(frozen=True, slots=True)
class Action:
    """One legal action; ``args`` maps each argument to its legal values, in prompt order."""

    name: str
    args: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a decision may depend on. See ``from_dict`` for the JSON form."""

    npc: Profile
    scene: Scene
    event: Event
    actions: tuple[Action, ...]
    memory: tuple[str | Exchange, ...] = ()

    @classmethod
    def from_dict(cls, data: object, where: str = "$") -> Situation:
        """Reads the JSON form, checking every field.

        Args:
            data: ``{"npc": {..}, "scene": {..}, "memory": [..], "event": {..}, "actions": [..]}``.
                Other fields (``id``, ``expect``) are ignored.
            where: The path of ``data`` in its file, for messages.

        Raises:
            SituationError: A field is missing, of the wrong type, empty or too long.
        """
        reader = _Reader(data, where)
        npc = reader.child("npc")
        scene = reader.child("scene", optional=True)
        event = reader.child("event")
        name = npc.text("name", MAX_NAME_CHARS)
        return cls(
            npc=Profile(
                name=name,
                role=npc.text("role", MAX_NAME_CHARS),
                traits=npc.texts("traits", MAX_NAME_CHARS),
                goal=npc.text("goal", MAX_LINE_CHARS, default=""),
                facts=npc.texts("facts", MAX_LINE_CHARS),
            ),
            scene=Scene(
                place=scene.text("place", MAX_NAME_CHARS, default=""),
                time=scene.text("time", MAX_NAME_CHARS, default=""),
                nearby=scene.texts("nearby", MAX_NAME_CHARS),
            ),
            memory=tuple(
                Exchange.read(line, name) or line for line in reader.texts("memory", MAX_LINE_CHARS)
            ),
            event=Event(
                kind=event.text("kind", MAX_NAME_CHARS),
                source=event.text("from", MAX_NAME_CHARS),
                text=event.text("text", None, default=""),
            ),
            actions=read_actions(reader.get("actions"), f"{where}.actions"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; ``from_dict`` reads it back."""
        return {
            "npc": {
                "name": self.npc.name,
                "role": self.npc.role,
                "traits": list(self.npc.traits),
                "goal": self.npc.goal,
                "facts": list(self.npc.facts),
            },
            "scene": {
                "place": self.scene.place,
                "time": self.scene.time,
                "nearby": list(self.scene.nearby),
            },
            "memory": [str(line) for line in self.memory],
            "event": {"kind": self.event.kind, "from": self.event.source, "text": self.event.text},
            "actions": [
                {"name": a.name, "args": {k: list(v) for k, v in a.args.items()}}
                for a in self.actions
            ],
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What the NPC now does and says.

    Attributes:
        action: The name of one of the situation's actions.
        args: A legal value for each of the action's arguments.
        emotion: One word of ``npcbrain.prompting.prompt.EMOTIONS``; free when a tree decided.
        say: What it says; may be empty when a tree decided.
        source: Who chose the deed: ``"model"`` or ``"tree"``.
        reason: Why the tree answered, or found the words (a ``Reason``: ``expired``, ...); empty
            if the model did both.
        quoted: The source of the words, if the model quoted: ``"fact"``, ``"memory"`` or an
            occasion of ``npcbrain.prompting.stock_lines``; empty for words of its own.
    """

    action: str
    args: Mapping[str, str] = field(default_factory=dict)
    emotion: str = "neutral"
    say: str = ""
    source: str = "model"
    reason: str = ""
    quoted: str = ""

    @property
    def words_source(self) -> str:
        """Who found the words: ``"model"`` or ``"tree"``; ``source`` tells who chose the deed.

        >>> Decision("give", {"item": "ale"}, say="Busy!", reason="expired").words_source
        'tree'
        """
        return "tree" if self.reason else self.source

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "action": self.action,
            "args": dict(self.args),
            "emotion": self.emotion,
            "say": self.say,
            "source": self.source,
            "reason": str(self.reason),  # a plain string, not a Reason
            "quoted": self.quoted,
        }


def read_actions(data: object, where: str = "$.actions") -> tuple[Action, ...]:
    """Reads a list of legal actions: ``[{"name": "give", "args": {"item": ["key"]}}, ...]``.

    Raises:
        SituationError: The list is empty, a name is repeated, an argument has no legal value, or
            there are too many of something.
    """
    items = _list(data, where, MAX_ACTIONS)
    if not items:
        raise SituationError(
            fault("actions", "name at least one action", items, where, 'add {"name": "say"}')
        )
    actions: dict[str, Action] = {}
    for index, item in enumerate(items):
        at = f"{where}[{index}]"
        if isinstance(item, str):
            advice = f'write {{"name": {json.dumps(item)}}}'
            raise SituationError(fault("action", "be an object", item, at, advice))
        reader = _Reader(item, at)
        name = reader.text("name", MAX_NAME_CHARS)
        if name in actions:
            raise SituationError(fault("action name", "be unique", name, f"{at}.name"))
        actions[name] = Action(name, _read_args(reader.child("args", optional=True)))
    return tuple(actions.values())


def _read_args(reader: _Reader) -> dict[str, tuple[str, ...]]:
    where = reader.where
    if len(reader.data) > MAX_ARGS:
        rule = f"hold at most {MAX_ARGS} arguments"
        raise SituationError(fault("args", rule, len(reader.data), where))
    args: dict[str, tuple[str, ...]] = {}
    for key in reader.data:
        arg = _text(key, where, MAX_NAME_CHARS)
        if arg == HANDLER_ARG:
            advice = "a handler is called as handler(npc, **args): name it who, whom or to"
            raise SituationError(fault("argument name", "not be npc", arg, where, advice))
        if arg in args:  # two keys may differ in white space only
            raise SituationError(fault("argument name", "be unique", arg, where))
        args[arg] = reader.texts(key, MAX_NAME_CHARS, MAX_VALUES)
        if not args[arg]:
            rule = "have at least one legal value"
            raise SituationError(fault("argument", rule, [], f"{where}.{arg}"))
    return args


class _Reader:
    """Reads fields of one JSON object and remembers where it is."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise SituationError(fault("value", "be an object", data, where))
        self.data = data
        self.where = where

    def get(self, key: str) -> object:
        if key not in self.data:
            raise SituationError(
                fault("field", "be present", None, f"{self.where}.{key}", f"add {key!r}")
            )
        return self.data[key]

    def child(self, key: str, *, optional: bool = False) -> _Reader:
        value = self.data.get(key, {}) if optional else self.get(key)
        return _Reader(value, f"{self.where}.{key}")

    def text(self, key: str, limit: int | None, *, default: str | None = None) -> str:
        if default is not None and key not in self.data:
            return default
        where = f"{self.where}.{key}"
        return _text(self.get(key), where, limit, may_be_empty=default is not None)

    def texts(self, key: str, limit: int, count: int = MAX_LINES) -> tuple[str, ...]:
        where = f"{self.where}.{key}"
        items = _list(self.data.get(key, ()), where, count)
        return tuple(_text(item, f"{where}[{i}]", limit) for i, item in enumerate(items))


def _list(data: object, where: str, limit: int) -> Sequence[object]:
    if not isinstance(data, list | tuple):
        advice = f"write {json.dumps([data])}" if isinstance(data, str) and len(data) < 40 else ""
        raise SituationError(fault("value", "be a list", data, where, advice))
    if len(data) > limit:
        raise SituationError(fault("list", f"hold at most {limit} items", len(data), where))
    return data


def _text(data: object, where: str, limit: int | None, *, may_be_empty: bool = False) -> str:
    """A cleaned line; ``limit`` is None for a player's line, which the prompt shortens."""
    if not isinstance(data, str):
        raise SituationError(fault("value", "be a string", data, where))
    text = clean_text(data)
    if not text and not may_be_empty:
        raise SituationError(fault("text", "not be empty", data, where))
    if limit is not None and len(text) > limit:
        raise SituationError(
            fault("text", f"have at most {limit} characters", len(text), where, "shorten it")
        )
    return text
