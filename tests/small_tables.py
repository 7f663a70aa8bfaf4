"""Tables to read events with, of a few words: what a model may bring of its own."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

VERBS = b"give zorp\nflee\n"  # to zorp is to give; nobody else knows that
KIN = 5.0  # what that is worth, as a logarithm of odds


def vectors(*, save: Any = np.savez, without: str = "", **changed: np.ndarray) -> bytes:
    """Vectors of three words; ``cook`` and ``bake`` point one way, ``flee`` another."""
    arrays = {
        "words": np.frombuffer(b"cook bake flee", np.uint8),
        "vectors": np.array([[9, 1], [9, 0], [0, 9]], np.int8),
        **dict.fromkeys(("asks", "tempers", "offers"), np.eye(2, dtype=np.float32)),
        "loudness": np.ones((3, 3), np.float32),
        "talk": np.zeros(2, np.float32),
        "weights": np.array([3, KIN, 3, 0, 4, 0, 0, 0], np.float32),
        **changed,
    }
    arrays.pop(without, None)
    file = BytesIO()
    save(file, **arrays)
    return file.getvalue()


def change_manifest(folder: Path, **changed: object) -> None:
    """Writes other entries into a model's manifest; None takes one away."""
    path = folder / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8")) | changed
    kept = {name: value for name, value in entries.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def add_tables(folder: Path, *, words: bytes | None = None, verbs: bytes = VERBS) -> None:
    """Puts tables of its own into a model's folder."""
    contents = {"own.npz": vectors() if words is None else words, "own.txt": verbs}
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        listed[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    entry = {"tables": "own", "vectors": {"file": "own.npz"}, "verbs": {"file": "own.txt"}}
    change_manifest(folder, files=listed, reader=entry)
