"""JSON objects in files beside weights.

Invariant: an object is returned, and the file is of limited size.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npcbrain.errors import ModelError, fault
from npcbrain.plain_file import read_plain

__all__ = ["read_json"]

MAX_JSON_BYTES = 64 << 20  # a tokenizer.json of 262,144 tokens has 33 MB


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ModelError: The file is missing, too large or holds something else.
    """
    try:
        content = read_plain(path, MAX_JSON_BYTES)
        if len(content) > MAX_JSON_BYTES:
            raise ModelError(
                fault("file", f"have at most {MAX_JSON_BYTES} bytes", "more", str(path))
            )
        data = json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(fault("file", "be readable JSON", str(error), str(path))) from None
    if not isinstance(data, dict):
        raise ModelError(fault("file", "hold an object", data, str(path)))
    return data
