"""A player's events and a game's options as plain data for a recording, and back.

Invariant: whatever the data holds, only events of kinds that the game reads are made, or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pygame

import npcbrain as nb
from demo_game.playing.options import Options
from demo_game.playing.settings import RATES, Settings
from demo_game.story.ending import EndingKind

__all__ = ["events_of", "keys_of", "options_data", "options_of"]

# The attributes that the game reads, by kind of event.
KEPT: dict[int, tuple[str, ...]] = {
    pygame.QUIT: (),
    pygame.WINDOWFOCUSLOST: (),
    pygame.KEYDOWN: ("key", "unicode", "mod"),
    pygame.KEYUP: ("key",),
    pygame.TEXTINPUT: ("text",),
    pygame.TEXTEDITING: ("text",),
    pygame.MOUSEBUTTONDOWN: ("button", "pos"),
}
KINDS = {"key": int, "mod": int, "button": int, "unicode": str, "text": str, "pos": list}
SPOT = 2  # numbers


def keys_of(events: Iterable[pygame.event.Event]) -> list[list[Any]]:
    """Events as plain data; those that the game does not read are left out."""
    return [
        [event.type, *(_plain(getattr(event, name, "")) for name in KEPT[event.type])]
        for event in events
        if event.type in KEPT
    ]


def events_of(keys: object) -> list[pygame.event.Event]:
    """The events of which ``keys_of`` made data.

    Raises:
        RecordingError: It is not such data.
    """
    if not isinstance(keys, list):
        raise nb.RecordingError(f"keys must be a list, got {type(keys).__name__}")
    return [_event(key) for key in keys]


def options_data(options: Options) -> dict[str, Any]:
    """A game's options, as far as they decide what happens in it."""
    return {
        "game": "demo_game",  # so that npcbrain replay knows how to build it
        "seed": options.seed,
        "plays_itself": options.plays_itself,
        "goal": str(options.goal),
        "rate": options.settings.rate,
        "budget_ms": options.settings.budget_ms,
        "keys": dict(options.settings.keys),
    }


def options_of(data: object) -> Options:
    """The options of which ``options_data`` made data; nothing is drawn or heard.

    Raises:
        RecordingError: It is not such data.
    """
    if not isinstance(data, dict):
        raise nb.RecordingError("a recording must be of the village, got another game's")
    try:
        settings = Settings(sound=False, rate=data["rate"], budget_ms=float(data["budget_ms"]))
        settings.keys = {str(name): str(key) for name, key in data["keys"].items()}
        goal, seed = EndingKind(data["goal"]), data["seed"]
        if settings.rate not in RATES or type(seed) is not int:
            raise ValueError("a rate or a seed that there is not")
        return Options(
            seed=seed,
            plays_itself=data["plays_itself"] is True,
            goal=goal,
            draws=False,
            settings=settings,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise nb.RecordingError(f"the village's options cannot be read: {error}") from error


def _event(key: object) -> pygame.event.Event:
    names = KEPT.get(key[0]) if isinstance(key, list) and key and type(key[0]) is int else None
    if names is None or not isinstance(key, list) or len(key) != len(names) + 1:
        raise nb.RecordingError("an event must be of a kind that the village reads")
    values = dict(zip(names, key[1:], strict=True))
    for name, value in values.items():
        if type(value) is not KINDS[name]:
            raise nb.RecordingError(f"an event's {name} must be {KINDS[name].__name__}")
    if (spot := values.get("pos")) is not None:
        if len(spot) != SPOT or not all(type(number) in (int, float) for number in spot):
            raise nb.RecordingError("a click must have two numbers")
        values["pos"] = tuple(spot)
    return pygame.event.Event(key[0], values)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
