"""Reads a model's manifest: typed fields, and messages that say where one is wrong.

Everything in it counts as untrusted: a model may come from a mod or a download. What the fields
mean is not known here. Invariant: every value is of the type and within the range asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from npcbrain.errors import ModelError, fault
from npcbrain.plain_file import read_plain

__all__ = ["MANIFEST", "Fields", "known_file", "missing", "read_files", "read_manifest"]

MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 1 << 20  # usual: 2 KB; a larger one is not a manifest
MAX_FILE_BYTES = 1 << 31  # usual: 1 to 20 MB; a graph beyond 2 GB is no longer one protobuf
MAX_WORTH = 1000  # of a weight in a chooser's ``Worth``
MAX_FILES = 512  # usual: 25; large models have layers and heads in several parts

# A letter, digit or underscore first: no "..", no hidden file, no drive and no folder.
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Fields:
    """Reads fields of one object of the manifest and names them in errors."""

    def __init__(self, data: object, file: Path, at: str = "$") -> None:
        self.file = file
        self.at = at
        if not isinstance(data, dict):
            raise self.error("value", "be an object", data)
        self.data: dict[str, Any] = data

    def error(self, what: str, rule: str, got: object, advice: str = "") -> ModelError:
        return ModelError(fault(what, rule, got, f"{self.file} {self.at}", advice))

    def child(self, key: str) -> Fields:
        return Fields(self.data.get(key), self.file, f"{self.at}.{key}")

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value or len(value) > 128:
            raise self.error(key, "be a string of 1 to 128 characters", value)
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        value = self.data.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(key, f"be an integer of {low} to {high}", value)
        return value

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        values = self.data.get(key)
        if not isinstance(values, list) or len(values) != count:
            raise self.error(key, f"be a list of {count} numbers", values)
        for value in values:
            if type(value) not in (int, float) or not abs(value) <= MAX_WORTH:
                raise self.error(key, f"hold numbers of at most {MAX_WORTH}", value)
        return tuple(map(float, values))


def read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        content = read_plain(path, MAX_MANIFEST_BYTES)
        if len(content) > MAX_MANIFEST_BYTES:
            rule = f"have at most {MAX_MANIFEST_BYTES} bytes"
            raise ModelError(fault("manifest", rule, "more", str(path)))
        data = json.loads(content.decode("utf-8"))
    except OSError as error:
        raise missing(path) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested without end
        raise ModelError(fault("manifest", "be JSON", str(error), str(path))) from error
    if not isinstance(data, dict):
        raise ModelError(fault("manifest", "be an object", data, str(path)))
    return data


def read_files(fields: Fields) -> dict[str, tuple[int, str]]:
    listed = fields.child("files")
    if not 1 <= len(listed.data) <= MAX_FILES:
        raise listed.error("files", f"list 1 to {MAX_FILES} files", len(listed.data))
    files = {}
    for name in listed.data:
        if not FILE_NAME.fullmatch(name):
            raise listed.error("file name", "be a plain name without folders", name)
        entry = listed.child(name)
        sha256 = entry.text("sha256")
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise entry.error("sha256", "be 64 lower-case hexadecimal digits", sha256)
        files[name] = (entry.whole("bytes", 1, MAX_FILE_BYTES), sha256)
    return files


def known_file(fields: Fields, files: Mapping[str, object]) -> str:
    name = fields.text("file")
    if name not in files:
        raise fields.error("file", "be listed in $.files", name)
    return name


def missing(path: Path) -> ModelError:
    advice = "install the model again" if path.parent.is_dir() else "there is no such folder"
    return ModelError(fault("model file", "exist and be readable", path.name, str(path), advice))
