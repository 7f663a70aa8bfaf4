"""A save on its way to the disk, on a thread of its own: ``Saving``.

Invariant: saves of one runtime are written one after the other, in the order in which they were
asked for; one that failed is told, even if nobody waits for it.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from npcbrain.errors import NpcBrainError, SaveError, fault, warn_game
from npcbrain.saves.snapshot import Snapshot
from npcbrain.saves.store import Disk, put

__all__ = ["Saving"]

END_S = 5.0  # that the end of a game, or a load, waits for the disk at most
REST_S = 0.0002  # after each NPC; the game's thread gets the interpreter at once if it wants it


class Saving:
    """A save that is being written.

    Attributes:
        path: The file.
        num_bytes: Of the save; 0 until it is packed.
        notes: Sentences about what is not in it, and begins anew when it is loaded.
        snapshot_ns: What the frame paid: all of the call of ``save``, its thread's start included.
    """

    __slots__ = (
        "_ended",
        "_error",
        "_is_told",
        "_is_written",
        "_process",
        "_thread",
        "notes",
        "num_bytes",
        "path",
        "snapshot_ns",
    )

    def __init__(self, path: Path, snapshot: Snapshot, before: Saving | None, disk: Disk) -> None:
        """Begins to write.

        Args:
            path: The file.
            snapshot: What to write.
            before: What is to be written first.
            disk: Where to.
        """
        self.path = path
        self.num_bytes = 0
        self.notes = snapshot.notes()
        self.snapshot_ns = 0
        self._error: BaseException | None = None
        self._is_written = self._is_told = False
        # Asked in place of the thread itself: an interrupt in its methods has it taken for dead.
        self._ended = threading.Event()
        self._process = os.getpid()
        # No daemon: a game that ends without close() must not lose its last save.
        self._thread = threading.Thread(
            target=self._write, args=(snapshot, before, disk), name="npcbrain save"
        )
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it is on the disk, or has failed."""
        return self._ended.is_set() or self._process != os.getpid()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Waits until it is on the disk.

        Args:
            timeout_s: How long at most; None for as long as it takes.

        Returns:
            Whether it is.

        Raises:
            SaveError: It could not be written; what was there before is still there.
        """
        if not self.done and not self._ended.wait(timeout_s):
            return False
        self._is_told = True
        if isinstance(self._error, NpcBrainError):
            raise self._error
        if self._error is not None or not self._is_written:
            reason = self._error or "a thread that is gone, as after a fork"
            raise SaveError(fault("a save", "be written", reason, str(self.path))) from self._error
        return True

    def finish(self) -> None:
        """Waits for the disk for so long and no longer, and warns if it has not answered."""
        if not self.done and not self._ended.wait(END_S):
            warn_game(
                f"{self.path} is not saved yet: the disk has not answered for {END_S:g} s; "
                "it is written when the disk does, and the end of the program waits for it"
            )

    def tell(self) -> None:
        """Warns once if it has failed and nobody has waited for it."""
        if self.done and not self._is_written and not self._is_told:
            self._is_told = True
            warn_game(f"not saved: {self._error}")

    def _write(self, snapshot: Snapshot, before: Saving | None, disk: Disk) -> None:
        if before is not None:
            before._thread.join()
        try:
            # Whoever starts a thread waits for its first sign, and would wait on for as long as
            # it keeps the interpreter: it rests before it works.
            time.sleep(REST_S)
            content = snapshot.packed(lambda: time.sleep(REST_S))
            self.num_bytes = len(content)
            put(self.path, content, disk)
            self._is_written = True
        except BaseException as error:
            self._error = error
        finally:
            self._ended.set()
