"""Which key does what, and how this is shown. All can be changed in the settings file.

Invariant: one key does one thing; an unknown name changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pygame

__all__ = ["HELP", "Keys"]

# Each command with its usual keys (pygame's names) and the words that tell of it.
USUAL: Mapping[str, tuple[str, ...]] = {
    "left": ("a", "left"),
    "right": ("d", "right"),
    "up": ("w", "up"),
    "down": ("s", "down"),
    "talk": ("return", "enter", "[enter]", "keypad enter"),
    "choose": ("tab",),
    "search": ("e",),
    "strike": ("f",),
    "notebook": ("j",),
    "less": ("[", "-"),
    "more": ("]", "="),
    "details": ("f1",),
    "stress": ("f2",),
    "naive": ("f3",),
    "mind": ("f4",),
    "save": ("f5",),
    "crowd": ("f6",),
    "model": ("f7",),
    "rate": ("f8",),
    "sound": ("f9",),
    "load": ("f10",),
    "new": ("n",),
    "pause": ("escape", "p"),
    "fullscreen": ("f11",),
    "picture": ("f12",),
}
HELP: tuple[tuple[str, str], ...] = (
    ("talk", "talk to whom you stand by"),
    ("choose", "choose another listener"),
    ("search", "search where you stand"),
    ("strike", "strike (it will be remembered)"),
    ("notebook", "notebook"),
    ("save", "save the game"),
    ("load", "load a game"),
    ("less", "less budget"),
    ("more", "more budget"),
    ("stress", "burn game time"),
    ("naive", "answers in one piece, unsliced"),
    ("crowd", "1, 16 or 200 people more"),
    ("model", "model off and on"),
    ("mind", "a villager's mind"),
    ("details", "more figures"),
    ("rate", "30, 60 or 144 frames a second"),
    ("sound", "sound"),
    ("fullscreen", "full screen"),
    ("picture", "save a picture"),
)


class Keys:
    """The keys of one player.

    Args:
        own: Other keys than the usual ones, by what they do.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self._names = {name: keys[0] for name, keys in USUAL.items()}
        self._does: dict[int, str] = {}
        for name, keys in USUAL.items():
            for key in keys:
                if (code := _code(key)) is not None:
                    self._does[code] = name
        for name, key in (own or {}).items():
            code = _code(key)
            if name not in USUAL or code is None:
                continue
            self._does = {c: n for c, n in self._does.items() if n != name}
            self._does[code] = name
            self._names[name] = key

    def does(self, code: int) -> str:
        """What a key does; empty for nothing."""
        return self._does.get(code, "")

    def name(self, what: str) -> str:
        """The key for something, as it is shown."""
        key = self._names[what]
        shown = {"return": "Enter", "escape": "Esc", "tab": "Tab"}.get(key, key)
        return shown.upper() if len(shown) <= 3 and shown != "Tab" and shown != "Esc" else shown


def _code(key: str) -> int | None:
    try:
        return pygame.key.key_code(key)
    except (ValueError, pygame.error):
        return None
