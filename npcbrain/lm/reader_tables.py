"""Which tables a model's prompts are read with, as its manifest says.

A prompt repeats what classical reading finds in an event, and a model learns to lean on that. So a
folder names the tables that its model was taught beside: npcbrain's, some of its own, or none. This
file knows the names and the bytes; ``npcbrain.prompting.reader`` knows what they mean. Invariant:
every file it names is listed in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from npcbrain.lm.manifest import Fields, known_file

__all__ = [
    "NO_TABLES",
    "OWN_TABLES",
    "STANDARD_TABLES",
    "ReaderTables",
    "TableFiles",
    "read_tables",
]

# Those in ``npcbrain/prompting``. Others in their place get another number, so that a model that
# was taught beside these is refused and not misled; a test holds their hashes to the name.
STANDARD_TABLES = "npcbrain-1"
OWN_TABLES = "own"  # of the folder
NO_TABLES = "none"  # nothing is read for the model
MAX_BYTES = 64 << 20  # of one of the two; usual: 3 MB. Reading takes some 10 ms a MB


class TableFiles(NamedTuple):
    """Which tables, and where a folder's own are.

    Attributes:
        name: ``STANDARD_TABLES``, ``OWN_TABLES`` or ``NO_TABLES``.
        vectors: File name of the folder's own vectors of words; else empty.
        verbs: File name of its own verbs near in meaning; else empty.
    """

    name: str = STANDARD_TABLES
    vectors: str = ""
    verbs: str = ""


class ReaderTables(NamedTuple):
    """Which tables, and what is in a folder's own.

    Attributes:
        name: As in ``TableFiles``.
        vectors: Content of the folder's own vectors of words; else empty.
        verbs: Content of its own verbs near in meaning; else empty.
        where: The folder, for messages.
    """

    name: str = STANDARD_TABLES
    vectors: bytes = b""
    verbs: bytes = b""
    where: str = ""


def read_tables(fields: Fields, files: Mapping[str, tuple[int, str]]) -> TableFiles:
    """Reads ``reader`` of a manifest; a folder without it is older, and means the standard tables.

    Raises:
        ModelError: The tables are not known, or a file is not listed or too large.
    """
    if "reader" not in fields.data:
        return TableFiles()
    entry = fields.child("reader")
    name = entry.text("tables")
    if name not in (STANDARD_TABLES, OWN_TABLES, NO_TABLES):
        rule = f"be {STANDARD_TABLES!r}, {OWN_TABLES!r} or {NO_TABLES!r}"
        raise entry.error("tables", rule, name, "use a model of this release")
    if name != OWN_TABLES:
        return TableFiles(name)
    return TableFiles(name, *(_table(entry.child(kind), files) for kind in ("vectors", "verbs")))


def _table(entry: Fields, files: Mapping[str, tuple[int, str]]) -> str:
    name = known_file(entry, files)
    size, _ = files[name]
    if size > MAX_BYTES:
        raise entry.error("table", f"have at most {MAX_BYTES} bytes", size)
    return name
