"""The import: takes another project's model, makes a model folder, or says why not.

It goes layer by layer: a layer's weights are read, rounded, written and compared, then forgotten.
Invariant: the folder appears whole or not at all, and only if it agrees with its source.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.graphs.decoder import head_graph, part_graph
from npcbrain.graphs.quantise import kernel_plan
from npcbrain.importing.agreement import Comparison, load_graph
from npcbrain.importing.chat import decided, framed_prompt, turn_end
from npcbrain.importing.instructions import SAMPLES
from npcbrain.importing.settings import AUTO, MAX_NAME_CHARS, ImportSettings
from npcbrain.importing.sizing import Cut, StepTimes, measure_steps, plan_cut
from npcbrain.importing.source import Source, open_source
from npcbrain.importing.vocabulary import Vocabulary, read_vocabulary
from npcbrain.lm.frame import read_frame
from npcbrain.lm.grammar import GrammarCompiler
from npcbrain.lm.package import FRAMED, MEMORY_TOKENS
from npcbrain.lm.reader_tables import STANDARD_TABLES
from npcbrain.lm.tokenizer import Tokenizer

__all__ = ["import_model"]

TRIED = ("rowint8", "nbits8")  # the faster first
Progress = Callable[[str, float], None]


def import_model(
    path: Path,
    out: Path,
    settings: ImportSettings | None = None,
    on_progress: Progress = lambda doing, share: None,
) -> dict[str, Any]:
    """Imports a model.

    Args:
        path: A GGUF file, or a folder with ``config.json``, safetensors and ``tokenizer.json``.
        out: The model folder to write; must not be there yet, or be empty.
        settings: How to import it.
        on_progress: Called with the current work and the share of all work that is done.

    Returns:
        Facts about the new model: sizes, kernel, milliseconds of a step, agreement.

    Raises:
        ModelError: The source is not supported, not complete, or too different once rounded.
        UsageError: An argument is out of range, or ``out`` is taken.
    """
    settings = settings or ImportSettings()
    settings.check()
    _check_out(out)
    source = open_source(path, settings.max_context, settings.adapters)
    vocabulary = read_vocabulary(source)
    tokenizer = _tokenizer(vocabulary, source)
    before, after = framed_prompt(vocabulary, str(path))
    frame = json.dumps({"before": before, "after": after}, ensure_ascii=False, indent=1) + "\n"
    texts = _texts(frame.encode(), tokenizer, source)
    out.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    tried = TRIED if settings.kernel == AUTO else (settings.kernel,)
    scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for kernel in tried:
            writer = _Writer(source, scratch, kernel, settings, texts, on_progress)
            writer.write_graphs()
            if writer.agreement >= settings.min_agreement:
                break
        else:
            rule = f"be at least {settings.min_agreement}"
            advice = "nothing was written; try --kernel nbits8"
            got = f"{writer.agreement:.3f}"
            raise ModelError(fault("agreement", rule, got, str(path), advice))
        writer.add("tokenizer.json", vocabulary.to_bytes())
        writer.add("prompt.json", frame.encode())
        manifest = writer.manifest(vocabulary, turn_end(vocabulary, str(path)))
        (scratch / "manifest.json").write_bytes((json.dumps(manifest, indent=1) + "\n").encode())
        scratch.chmod(0o755)  # a temporary folder is closed to other users
        if out.exists():
            out.rmdir()  # it is empty, as was checked
        scratch.rename(out)
    except OSError as error:
        raise UsageError(fault("--out", "be writable", error.strerror, str(out))) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return writer.result(time.monotonic() - start)


def _check_out(out: Path) -> None:
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise UsageError(fault("--out", "be readable", error.strerror, str(out))) from error
    if taken:
        advice = "remove it, or name another"
        raise UsageError(fault("--out", "be a new folder", "one that is taken", str(out), advice))


def _tokenizer(vocabulary: Vocabulary, source: Source) -> Tokenizer:
    """The tokenizer as a game will have it; checked to work with grammars."""
    end = turn_end(vocabulary, str(source.path))
    begin = vocabulary.bos or end
    where = str(source.path)
    size = source.config.vocab
    tokenizer = Tokenizer(vocabulary.to_bytes(), begin, end, size, where, {})
    GrammarCompiler(tokenizer)
    return tokenizer


def _texts(frame: bytes, tokenizer: Tokenizer, source: Source) -> list[np.ndarray]:
    """Prompts with their answers, as the model will read them."""
    around = read_frame(frame, tokenizer, str(source.path))
    texts = []
    for sample in SAMPLES:
        asked, answer = decided(*sample)
        ids = [*around.before, *tokenizer.encode(asked), *around.after, *tokenizer.encode(answer)]
        texts.append(np.array(ids[: source.config.max_context], np.int64))
    return texts


@dataclass(slots=True)
class _Writer:
    """Writes the graphs with one kernel."""

    source: Source
    folder: Path
    kernel: str
    settings: ImportSettings
    texts: list[np.ndarray]
    on_progress: Progress
    agreement: float = 0.0
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    _cut: Cut = field(default_factory=lambda: Cut((), ()))
    _times: StepTimes = field(default_factory=lambda: StepTimes(0.0, 0.0, 0.0, 0.0))
    _kernels: Mapping[str, str] = field(default_factory=dict)

    def write_graphs(self) -> None:
        """Writes and compares all segments and heads."""
        config, weights = self.source.config, self.source.weights
        for old in self.folder.iterdir():
            old.unlink()
        self._kernels = kernel_plan(config.layers, self.kernel)
        self.on_progress(f"measuring {self.kernel}", 0.0)
        self._times = measure_steps(config, weights, self._kernels, self.folder)
        self._cut = plan_cut(config, self._times, self.settings.step_ms)
        comparison = Comparison(config, weights, self.texts)
        loaded: dict[int, dict[str, np.ndarray]] = {}
        for index, parts in enumerate(self._cut.segments):
            self.on_progress(f"writing {self.kernel}", index / len(self._cut.segments))
            layers = sorted({part.layer for part in parts})
            for layer in layers:
                if layer not in loaded:
                    loaded[layer] = weights.of_layer(layer)
                    comparison.take_layer(layer, loaded[layer])
            for layer in [layer for layer in loaded if layer < layers[0]]:
                del loaded[layer]
            comparison.check_finite(str(self.source.path))
            own = ChainMap(*loaded.values(), weights)  # type: ignore[arg-type]
            content = part_graph(config, own, parts, self._kernels, is_wide=self._cut.is_wide)
            attending = [part.layer for part in parts if part.attends]
            name = f"segment_{index}.onnx"
            self.add(name, content)
            comparison.take_segment(load_graph(self.folder / name), attending)
        self._write_heads(comparison)
        self.agreement = comparison.agreement

    def _write_heads(self, comparison: Comparison) -> None:
        config, weights = self.source.config, self.source.weights
        self.on_progress(f"writing the head in {self.kernel}", 1.0)
        table = "lm_head.weight" if config.blocks.own_head else "model.embed_tokens.weight"
        ends = {name: weights[name] for name in (table, "model.norm.weight")}
        for name, rows in zip(self._head_names(), self._cut.heads, strict=True):
            content = head_graph(config, ends, self._kernels, rows, is_wide=self._cut.is_wide)
            self.add(name, content)
        graphs = [load_graph(self.folder / name) for name in self._head_names()]
        comparison.take_heads(graphs, ends)

    def _head_names(self) -> list[str]:
        count = len(self._cut.heads)
        return ["head.onnx"] if count == 1 else [f"head_{index}.onnx" for index in range(count)]

    def add(self, name: str, content: bytes) -> None:
        """Writes one file, and notes its size and digest for the manifest."""
        (self.folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self.files[name] = {"sha256": digest, "bytes": len(content)}

    def manifest(self, vocabulary: Vocabulary, end: str) -> dict[str, Any]:
        """The content of ``manifest.json``."""
        source, config = self.source, self.source.config
        names = self._head_names()
        return {
            "format": FRAMED,
            "name": self._name(),
            "licence": source.licence[:MAX_NAME_CHARS],
            "source": {
                "file": source.path.name,
                "architecture": config.blocks.name,
                "adapters": self._adapters(),
            },
            "files": self.files,
            "segments": [
                {
                    "file": f"segment_{index}.onnx",
                    "layers": [part.layer for part in parts if part.attends],
                }
                for index, parts in enumerate(self._cut.segments)
            ],
            "head": {"file": names[0]} if len(names) == 1 else {"files": names},
            "tokenizer": {"file": "tokenizer.json", "bos": vocabulary.bos or end, "eos": end},
            "prompt": {"file": "prompt.json"},
            # The width of the stream between segments, since a game's buffers are made for it.
            "config": {**config.manifest(), "hidden": config.hidden * (1 + self._cut.is_wide)},
            "kernels": dict(self._kernels),
            # It was taught beside no reader; its prompts hold what the standard one finds.
            "reader": {"tables": STANDARD_TABLES},
            "memory_tokens": MEMORY_TOKENS,
        }

    def result(self, seconds: float) -> dict[str, Any]:
        """The facts that ``import_model`` returns."""
        config, times = self.source.config, self._times
        return {
            "name": self._name(),
            "architecture": config.blocks.name,
            "adapters": self._adapters(),
            "parameters": sum(
                int(np.prod(self.source.weights.shape_of(name))) for name in self.source.weights
            ),
            "kernel": self.kernel,
            "agreement": round(self.agreement, 4),
            "positions": sum(map(len, self.texts)),
            "segments": len(self._cut.segments),
            "heads": len(self._cut.heads),
            "layer_ms": round(times.attention + times.feed_forward, 3),
            "head_ms": round(times.head, 3),
            "largest_step_ms": round(self._cut.largest_ms(times, config), 3),
            "bytes": sum(int(entry["bytes"]) for entry in self.files.values()),
            "seconds": round(seconds, 1),
        }

    def _adapters(self) -> list[str]:
        return [folder.resolve().name for folder in self.settings.adapters]

    def _name(self) -> str:
        return (self.settings.name or self.source.name)[:MAX_NAME_CHARS] or "imported"
