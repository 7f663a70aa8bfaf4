"""Saved games: everybody as they were, in a small file that no accident leaves broken.

A map, from the top down:

* ``savable``     ``Savable``: ``save`` and ``load`` of a ``Runtime``
* ``report``      ``LoadReport``: what was not as it had been saved
* ``writing``     ``Saving``: a save on its way to the disk, on a thread
* ``snapshot``    ``Snapshot``, all of a runtime between two frames; ``Save``, what a file holds
* ``people``      NPCs; ``trees``, ``flight`` and ``situations`` are parts of them
* ``resuming``    answers that were being written go on
* ``migrations``  old saves for new versions
* ``container``   the file's header and checksum; ``store``, where files lie
* ``plain``       what may be saved; ``reader`` and ``extent``, how it is read without trust
"""

from __future__ import annotations

__all__: list[str] = []
