"""Recordings: what a game told its NPCs, and what they answered in which frame, in a bounded file.

A map, from the top down:

* ``recorder``  ``Recorder``: is told of everything that happens in a runtime, a few times a frame
* ``cast``      NPCs that tell a recorder what the game does to them
* ``writing``   ``Writer``: puts records into a file, on a thread, and stops at the limit
* ``moments``   the kinds of things that are recorded, as plain data and back
* ``stream``    the bytes of a file: a header, then records, each with a checksum

Playing a recording again is ``npcbrain.replay``.
"""

from __future__ import annotations

__all__: list[str] = []
