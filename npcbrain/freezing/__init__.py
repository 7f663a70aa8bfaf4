"""What PyInstaller has to know of npcbrain; it finds this by npcbrain's entry point.

Used while a game is frozen, never while it runs; imports nothing of npcbrain.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["hook_folders"]


def hook_folders() -> list[str]:
    """Where PyInstaller finds ``hook-npcbrain.py``."""
    return [str(Path(__file__).parent)]
