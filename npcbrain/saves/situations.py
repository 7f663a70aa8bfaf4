"""What happened, what was decided, where and what may be done: as plain data, and back.

Invariant: what is read can stand in a prompt: every line of it is clean, every number in range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from npcbrain.errors import SituationError
from npcbrain.npcs.inputs import MAX_TEXT_CHARS
from npcbrain.saves.codec import Codec
from npcbrain.saves.reader import Reader
from npcbrain.scheduling.request import Extent
from npcbrain.situation import (
    MAX_LINE_CHARS,
    MAX_NAME_CHARS,
    Action,
    Decision,
    Event,
    Exchange,
    Scene,
    read_actions,
)

__all__ = ["ACTIONS", "DECISION", "EVENT", "EXTENT", "SCENE", "TOLD"]


def _event_data(event: Event) -> list[str]:
    """An event."""
    return [event.kind, event.source, event.text]


def _read_event(reader: Reader) -> Event:
    """The event that ``_event_data`` made a list of."""
    kind, source, text = reader.items(3)
    return Event(
        kind.line(MAX_NAME_CHARS, may_be_empty=False),
        source.line(MAX_NAME_CHARS, may_be_empty=False),
        text.line(MAX_TEXT_CHARS),
    )


def _scene_data(scene: Scene) -> list[Any]:
    """A scene."""
    return [scene.place, scene.time, list(scene.nearby)]


def _read_scene(reader: Reader) -> Scene:
    """The scene that ``_scene_data`` made a list of."""
    place, time, nearby = reader.items(3)
    names = tuple(near.line(MAX_NAME_CHARS) for near in nearby.items())
    return Scene(place.line(MAX_NAME_CHARS), time.line(MAX_NAME_CHARS), names)


def _told_data(told: str | Exchange) -> str | list[str]:
    """A remembered line."""
    if isinstance(told, str):
        return told
    return [told.name, told.who, told.heard, told.deed, told.reply]


def _read_told(reader: Reader) -> str | Exchange:
    """The line that ``_told_data`` took apart."""
    if isinstance(reader.value, str):
        return reader.line(MAX_LINE_CHARS, may_be_empty=False)
    name, who, heard, deed, reply = (part.line(MAX_LINE_CHARS) for part in reader.items(5))
    told = Exchange(name, who, heard, deed, reply)
    if not str(told):
        raise reader.wrong("not be empty")
    return told


def _decision_data(decision: Decision) -> list[Any]:
    """A decision."""
    return [
        decision.action,
        dict(decision.args),
        decision.emotion,
        decision.say,
        decision.source,
        decision.reason,
        decision.quoted,
    ]


def _read_decision(reader: Reader) -> Decision:
    """The decision that ``_decision_data`` made a list of."""
    action, args, *texts = reader.items(7)
    given = {name: value.text() for name, value in args.entries().items()}
    emotion, say, source, reason, quoted = (text.text() for text in texts)
    if source not in ("model", "tree"):
        raise texts[2].wrong("be model or tree")
    return Decision(action.text(), given, emotion, say, source, reason, quoted)


def _actions_data(actions: Sequence[Action]) -> list[Any]:
    """What somebody may do."""
    return [[action.name, {k: list(v) for k, v in action.args.items()}] for action in actions]


def _read_actions(reader: Reader) -> tuple[Action, ...]:
    """The actions that ``_actions_data`` made a list of."""
    data = []
    for item in reader.items():
        name, args = item.items(2)
        values: Mapping[str, Any] = {k: v.value for k, v in args.entries().items()}
        data.append({"name": name.text(), "args": values})
    try:
        return read_actions(data, reader.where)
    except SituationError as error:
        raise reader.wrong("be legal actions", str(error)) from error


def _read_extent(reader: Reader) -> Extent:
    try:
        return Extent(reader.text())
    except ValueError:
        raise reader.wrong("be deed, decided or whole") from None


ACTIONS = Codec(_actions_data, _read_actions)
DECISION = Codec(_decision_data, _read_decision)
EVENT = Codec(_event_data, _read_event)
EXTENT = Codec(attrgetter("value"), _read_extent)
SCENE = Codec(_scene_data, _read_scene)
TOLD = Codec(_told_data, _read_told)
