"""Copy and paste, with any version of pygame; without a clipboard the game keeps its own.

pygame-ce and later versions of pygame give text at once, older ones bytes. Invariant: nothing here
raises.
"""

from __future__ import annotations

from typing import Any

import pygame

__all__ = ["Clipboard"]


class Clipboard:
    """The system's clipboard, as far as there is one."""

    def __init__(self) -> None:
        self._own = ""
        self._scrap: Any = getattr(pygame, "scrap", None)

    def copy(self, text: str) -> None:
        """Puts a text onto it."""
        self._own = text
        try:
            if hasattr(self._scrap, "put_text"):
                self._scrap.put_text(text)
            elif self._begin():
                self._scrap.put(pygame.SCRAP_TEXT, text.encode("utf-8"))
        except Exception:  # another program's clipboard may fail in any way
            return

    def paste(self) -> str:
        """The text on it."""
        try:
            if hasattr(self._scrap, "get_text"):
                return str(self._scrap.get_text()) or self._own
            if self._begin():
                for kind in ("text/plain;charset=utf-8", pygame.SCRAP_TEXT):
                    data = self._scrap.get(kind)
                    if data:
                        return bytes(data).decode("utf-8", errors="replace").rstrip("\0")
        except Exception:
            return self._own
        return self._own

    def _begin(self) -> bool:
        if self._scrap is None or not pygame.display.get_surface():
            return False
        if pygame.display.get_driver() == "dummy":
            return False
        if not self._scrap.get_init():
            self._scrap.init()
        return bool(self._scrap.get_init())
