"""Recordings played again: without the model, or with it, and compared.

A map, from the top down:

* ``play``        ``play``: plays a recording with a game, and tells whether all is identical
* ``games``       which game a recording is of
* ``doing``       does to NPCs what the game did to them when they were recorded
* ``playback``    where a playback is, and what a runtime hears of it in place of a model
* ``answers``     answers written by the model again, held against those that were recorded
* ``difference``  the first difference between two recordings
* ``recording``   a file, read turn by turn without trust

How recordings come to be is ``npcbrain.recording``.
"""

from __future__ import annotations

__all__: list[str] = []
