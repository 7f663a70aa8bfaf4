"""A model as files: the graphs, the tokenizer and the manifest that describes them.

It puts together and writes; it reads no weights and runs nothing. Invariant: the manifest is
written last, so a folder with a manifest is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from npcbrain.errors import UsageError, fault
from npcbrain.graphs.decoder import LlamaConfig, Weights, head_graph, segment_graph
from npcbrain.lm.package import MEMORY_TOKENS
from npcbrain.lm.reader_tables import OWN_TABLES, STANDARD_TABLES

__all__ = ["BOS", "VECTORS", "VERBS", "BuiltModel", "balance", "build_model"]

BOS, EOS = "<|im_start|>", "<|im_end|>"
VECTORS, VERBS = "word_vectors.npz", "verb_synonyms.txt"  # tables of its own to read with


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A model ready to be written.

    Attributes:
        config: Shapes.
        segments: The layers of each segment.
        files: Contents by file name, without the manifest.
        manifest: What ``manifest.json`` will say.
    """

    config: LlamaConfig
    segments: tuple[tuple[int, ...], ...]
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Writes all files; those of an earlier export that are no longer used are removed."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        for stale in folder.glob("segment_*.onnx"):
            if stale.name not in self.files:
                stale.unlink()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        (folder / "manifest.json").write_bytes(self.manifest_bytes())

    def manifest_bytes(self) -> bytes:
        """``manifest.json`` as written: indented, with plain newlines on every platform."""
        return (json.dumps(self.manifest, indent=1) + "\n").encode()


def build_model(
    name: str,
    config: LlamaConfig,
    weights: Weights,
    tokenizer: Mapping[str, Any],
    kernels: Mapping[str, str],
    num_segments: int,
    words: bytes = b"",
    *,
    form: int = 2,
    tables: tuple[bytes, bytes] | None = None,
) -> BuiltModel:
    """Builds all files of a model in memory.

    Args:
        name: The model's name.
        config: Shapes.
        weights: float32 arrays in Hugging Face's naming, and the scales of ``staticint8``.
        tokenizer: The content of a ``tokenizer.json``; rewritten without spaces and newlines, which
            halves it and leaves nothing for a line-ending conversion to break the checksum.
        kernels: From ``kernel_plan``.
        num_segments: Segments the layers are cut into.
        words: The list of words that may be said, one a line; empty for any.
        form: Of the prompt that the model was taught: 1, structure in words; 2, in marks.
        tables: Vectors of words and verbs near in meaning that it was taught beside, where these
            are not npcbrain's; see ``npcbrain.prompting.reader``.

    Raises:
        UsageError: There are more segments than layers, or a scale is missing.
        ModelError: A weight is missing or has the wrong shape.
    """
    segments = balance(config.layers, num_segments)
    names = [f"segment_{index}.onnx" for index in range(num_segments)]
    files = {
        file: segment_graph(config, weights, layers, kernels)
        for file, layers in zip(names, segments, strict=True)
    }
    files["head.onnx"] = head_graph(config, weights, kernels)
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    files["tokenizer.json"] = compact.encode()
    if words:
        files["words.txt"] = words
    reader: dict[str, Any] = {"tables": STANDARD_TABLES}
    if tables is not None:
        files |= dict(zip((VECTORS, VERBS), tables, strict=True))
        reader = {"tables": OWN_TABLES, "vectors": {"file": VECTORS}, "verbs": {"file": VERBS}}
    manifest: dict[str, Any] = {
        "format": form,
        "name": name,
        "licence": "Apache-2.0",
        "files": {
            file: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for file, content in files.items()
        },
        "segments": [
            {"file": file, "layers": list(layers)}
            for file, layers in zip(names, segments, strict=True)
        ],
        "head": {"file": "head.onnx"},
        "tokenizer": {"file": "tokenizer.json", "bos": BOS, "eos": EOS},
        "config": config.manifest(),
        "kernels": dict(kernels),
        "reader": reader,
        "memory_tokens": MEMORY_TOKENS,
    }
    if words:
        manifest["words"] = {"file": "words.txt"}
    return BuiltModel(config, segments, files, manifest)


def balance(num_layers: int, num_segments: int) -> tuple[tuple[int, ...], ...]:
    """Cuts layers into segments that differ by one layer at most, the longer ones first.

    The longest segment is the longest step, and the longest step decides whether a frame's rest is
    usable; an even cut makes it shortest.

    >>> balance(10, 3)
    ((0, 1, 2, 3), (4, 5, 6), (7, 8, 9))
    """
    if not 1 <= num_segments <= num_layers:
        raise UsageError(
            fault("segments", f"be 1 to {num_layers}", num_segments, "balance()", "cut less often")
        )
    size, longer = divmod(num_layers, num_segments)
    starts = [index * size + min(index, longer) for index in range(num_segments + 1)]
    return tuple(tuple(range(start, stop)) for start, stop in pairwise(starts))
