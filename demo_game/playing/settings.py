"""The player's choices, remembered from one start to the next in one small JSON file.

It is where the platform keeps such files. Invariant: a missing file, a broken one or one that
cannot be written never stops the game; a setting that cannot be read has its default.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

__all__ = ["RATES", "Settings", "settings_path"]

RATES = (30, 60, 144)  # frames a second


@dataclass(slots=True)
class Settings:
    """The choices.

    Attributes:
        sound: Whether there is any.
        fullscreen: Whether the window fills the screen.
        rate: Frames a second.
        budget_ms: The budget for thinking in each frame.
        keys: Other keys than the usual ones, by what they do: ``{"search": "f"}``.
    """

    sound: bool = True
    fullscreen: bool = False
    rate: int = 60
    budget_ms: float = 4.0
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None) -> Settings:
        """Reads them; a setting that is missing or makes no sense has its default."""
        settings = cls()
        if path is None:
            return settings
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return settings
        if not isinstance(data, Mapping):
            return settings
        for each in fields(cls):
            value = data.get(each.name)
            usual = getattr(settings, each.name)
            is_number = isinstance(usual, float) and type(value) in (int, float)
            if type(value) is type(usual) or is_number:
                setattr(settings, each.name, value)
        if settings.rate not in RATES:
            settings.rate = 60
        if not 0.0 <= settings.budget_ms <= 1000.0:
            settings.budget_ms = 4.0
        settings.keys = {k: v for k, v in settings.keys.items() if isinstance(v, str)}
        return settings

    def save(self, path: Path | None) -> None:
        """Writes them, if there is somewhere to write to."""
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")
        except OSError:
            return  # one can play in a read-only home, too


def settings_path(platform: str = sys.platform) -> Path:
    """Where the platform keeps a program's settings."""
    if platform == "win32":
        home = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif platform == "darwin":
        home = Path.home() / "Library" / "Application Support"
    else:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return home / "npcbrain-village" / "settings.json"
