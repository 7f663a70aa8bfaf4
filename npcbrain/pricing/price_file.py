"""Prices that outlast a game: a small file, so that a second start need not measure anew.

It reads and writes; ``npcbrain.pricing.cost`` defines prices. Invariant: nothing that the file
holds or lacks can stop or slow a game. The file is safe to lose, to alter and to share: a bad one
counts as none, and the next save replaces it by a good one.

The prices of one model on one processor with one version of ONNX Runtime say nothing about others,
so each such combination has a table of its own; the file keeps the last few.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import msgpack

from npcbrain.errors import UsageError
from npcbrain.lm.model import Model
from npcbrain.plain_file import read_plain
from npcbrain.pricing.cost import CostModel

__all__ = [
    "FOLDER_VARIABLE",
    "PriceFile",
    "cache_folder",
    "default_price_path",
    "price_file_of",
    "processor",
]

FORMAT = 1
FOLDER_VARIABLE = "NPCBRAIN_CACHE"  # an environment variable: the folder to use instead
FILE_NAME = "prices.msgpack"
MAX_BYTES = 1 << 20  # usual: 20 KB a table
MAX_TABLES = 8  # the last ones used; players have one or two
MAX_CELLS = 8192  # usual: 400
MAX_KEY_CHARS = 512


class PriceFile:
    """One table of prices in a file.

    Attributes:
        path: The file; it need not exist.
        key: A digest of all that the prices depend on.
    """

    __slots__ = ("key", "path")

    def __init__(self, path: Path, *parts: str) -> None:
        """Touches nothing yet.

        Args:
            path: The file.
            parts: All that prices depend on: the model's digest, the processor, providers, threads,
                the version of ONNX Runtime.
        """
        self.path = path
        self.key = " | ".join(parts)[:MAX_KEY_CHARS]

    def load(self, prices: CostModel) -> bool:
        """Restores ``prices`` from the table; False, with nothing changed, if there is none.

        Takes about 5 ms for 400 cells, so call it on a loading screen.
        """
        table = self._tables().get(self.key)
        if not table:
            return False
        try:
            prices.restore(table)
        except UsageError:
            return False
        return True

    def save(self, prices: CostModel) -> bool:
        """Puts the table into the file, whole or not at all; False if it cannot be written.

        Takes a few ms and writes to disk, so do not call it in a frame. If two games save at once,
        one table may be lost.
        """
        table = prices.snapshot()
        if not 1 <= len(table) <= MAX_CELLS:
            return False
        tables = self._tables()
        tables.pop(self.key, None)
        kept = [*tables.items()][-(MAX_TABLES - 1) :]
        content = _packed([*kept, (self.key, table)])
        if len(content) > MAX_BYTES:
            content = _packed([(self.key, table)])
        return len(content) <= MAX_BYTES and _replace(self.path, content)

    def _tables(self) -> dict[str, list[Any]]:
        """The tables in the file, oldest first; none if any of them is not as it should be."""
        try:
            content = read_plain(self.path, MAX_BYTES)
            if len(content) > MAX_BYTES:
                return {}
            data = msgpack.unpackb(content, max_array_len=MAX_CELLS, max_map_len=MAX_TABLES)
            if data["format"] != FORMAT:
                return {}
            tables = dict(data["tables"])
            whole = all(isinstance(k, str) and isinstance(t, list) for k, t in tables.items())
            return tables if whole else {}
        except Exception:  # no file, no permission, or made-up bytes
            return {}


def cache_folder(system: str, environment: Mapping[str, str], home: PurePath) -> PurePath:
    """The folder where a platform wants files that are safe to lose.

    Args:
        system: ``sys.platform``.
        environment: ``os.environ``.
        home: The user's own folder.

    >>> from pathlib import PurePosixPath
    >>> str(cache_folder("linux", {}, PurePosixPath("/home/ann")))
    '/home/ann/.cache/npcbrain'
    """
    if own := environment.get(FOLDER_VARIABLE):
        return type(home)(own)
    if system == "win32":
        local = environment.get("LOCALAPPDATA")
        return (type(home)(local) if local else home / "AppData" / "Local") / "npcbrain" / "Cache"
    if system == "darwin":
        return home / "Library" / "Caches" / "npcbrain"
    wanted = type(home)(environment.get("XDG_CACHE_HOME", ""))
    # The XDG specification says that relative paths are to be ignored.
    return (wanted if wanted.is_absolute() else home / ".cache") / "npcbrain"


def default_price_path() -> Path | None:
    """The file in this user's cache folder; None for a user without a home."""
    try:
        return Path(cache_folder(sys.platform, os.environ, Path.home())) / FILE_NAME
    except (RuntimeError, KeyError):
        return None


def price_file_of(model: object, path: str | os.PathLike[str] | None) -> PriceFile | None:
    """The file for the prices of a model on this machine.

    Args:
        model: A model loaded from files; any other has no price file.
        path: The file; ``"auto"`` for the default one, None for none.
    """
    place = default_price_path() if path == "auto" else path
    if place is None or not isinstance(model, Model):
        return None
    sessions = model.sessions
    return PriceFile(
        Path(place),
        model.package.digest,
        processor(),
        "+".join(sessions.providers),
        f"{sessions.threads} threads",
        f"onnxruntime {sessions.runtime}",
    )


def processor() -> str:
    """This machine's processor, as far as it can be found without starting another program."""
    name = os.environ.get("PROCESSOR_IDENTIFIER", "")  # Windows
    if not name:
        with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as f:
            lines = f.read(4096).splitlines()  # the first core is among them
            found = [line.partition(":")[2].strip() for line in lines if line[:5] == "model"]
            name = " ".join(dict.fromkeys(found))
    return f"{platform.machine()} {name} x{os.cpu_count()}"


def _packed(tables: list[tuple[str, list[Any]]]) -> bytes:
    content: bytes = msgpack.packb({"format": FORMAT, "tables": tables})
    return content


def _replace(path: Path, content: bytes) -> bool:
    """Writes beside the file and renames, so that readers see the old file or the new one."""
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".prices-", delete=False) as file:
            name = file.name
            file.write(content)
        os.replace(name, path)
    except OSError:
        if name:
            with suppress(OSError):
                os.unlink(name)
        return False
    return True
