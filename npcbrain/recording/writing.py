"""``Writer``: puts moments into a file, on a thread.

Invariant: the game's thread only fills a queue and touches no disk. Moments taken out of the queue
are passed to the system at once, so that a game that crashes loses some 50 milliseconds. The file
and the queue each have a limit.
"""

from __future__ import annotations

import os
import queue
import threading
import warnings
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgpack

from npcbrain.errors import RecordingError, UsageError, fault
from npcbrain.recording.moments import Kind, plain_of
from npcbrain.recording.stream import LIMIT_BYTES, head, record

__all__ = ["Batch", "Writer"]

Batch = list[tuple[Any, ...]]

MAX_QUEUED = 4096  # frames that wait for the disk: over a minute
LAST_BYTES: Final = 1024  # of the limit, kept for the record that tells of the end
REST_S = 0.05  # between two looks at the queue; a crash loses no more than that
END_S = 5.0  # for which the end of a game waits for the disk at most


class Writer:
    """A recording on its way to the disk.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, model: str, *, limit_bytes: int = LIMIT_BYTES) -> None:
        """Makes the file; one that is there becomes the last one, ``<path>.last``.

        Args:
            path: The file; its folder must exist.
            model: The model's digest; empty without one.
            limit_bytes: The largest size of the file.

        Raises:
            RecordingError: It cannot be written.
            UsageError: Something else than a file is there.
        """
        self.path = path
        if path.exists() and not path.is_file():
            raise UsageError(fault("record", "be a file's path", str(path), "Runtime()"))
        try:
            if path.exists():
                os.replace(path, path.with_name(f"{path.name}.last"))
            file = path.open("wb")
            first, check = head(model)
            file.write(first)
            file.flush()
        except OSError as error:
            reason = error.strerror or str(error)
            advice = "check that the folder exists and has room"
            message = fault("a recording", "be writable", reason, str(path), advice)
            raise RecordingError(message) from error
        self._tape = tape = _Tape(file, len(first), check, limit_bytes)
        self._thread = threading.Thread(target=tape.run, name="npcbrain recording", daemon=True)
        # So that the last frames are written even if the game ends without close().
        self._finish = weakref.finalize(self, _end, tape, self._thread)
        self._thread.start()

    @property
    def why_over(self) -> str:
        """Why nothing is recorded any more; empty while it is."""
        return self._tape.why_over

    def put(self, batch: Batch) -> None:
        """Queues moments to be written; takes a microsecond."""
        tape = self._tape
        if tape.moments.qsize() >= MAX_QUEUED:
            tape.why_over = "the disk was too slow"
        if not tape.why_over:
            tape.moments.put(batch)

    def close(self) -> None:
        """Waits until all is written; warns if something went wrong."""
        self._finish()
        if self._tape.error:
            message = f"{self.path} is not whole: {self._tape.error}"
            warnings.warn(message, RuntimeWarning, stacklevel=4)  # at the game's close()


class _Tape:
    """The thread's state; it holds no ``Writer``, so that a dropped writer is collected."""

    def __init__(self, file: BinaryIO, num_bytes: int, check: int, limit_bytes: int) -> None:
        self.moments: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.ends = threading.Event()
        self._is_full = False
        self.why_over = ""
        self.error = ""
        self._file = file
        self._num_bytes = num_bytes
        self._check = check
        self._limit_bytes = limit_bytes

    def run(self) -> None:
        """Writes what comes, until the end."""
        try:
            with self._file:
                while not self.ends.wait(REST_S):
                    self._write_all()
                self._write_all()
                if self.why_over and not self._is_full:
                    self._stop()
        except Exception as error:  # a full disk, or an unforeseen value
            self.error = self.why_over = str(error) or type(error).__name__

    def _write_all(self) -> None:
        while not self.moments.empty():
            content, check = self._packed(self.moments.get())
            if self._is_full:
                continue  # a smaller batch might fit, but would stand behind a gap
            if self._num_bytes + len(content) > self._limit_bytes - LAST_BYTES:
                self.why_over = f"it has reached its limit of {self._limit_bytes} bytes"
                self._is_full = True
                self._stop()
                continue
            self._write(content, check)
        self._file.flush()

    def _stop(self) -> None:
        self._write(*self._packed([(Kind.STOP, self.why_over)]))

    def _packed(self, batch: Batch) -> tuple[bytes, int]:
        data: Any = msgpack.packb([plain_of(one) for one in batch], unicode_errors="surrogatepass")
        return record(data, self._check)

    def _write(self, content: bytes, check: int) -> None:
        self._file.write(content)
        self._check = check
        self._num_bytes += len(content)


def _end(tape: _Tape, thread: threading.Thread) -> None:
    tape.ends.set()
    thread.join(END_S)
