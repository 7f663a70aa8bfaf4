"""A model as a folder of files, and the manifest that vouches for them.

It reads and checks; it loads nothing into ONNX Runtime. Invariant: a ``ModelPackage`` names only
plain files inside its own folder, and gives out only files with the size and SHA-256 that its
manifest states.

A model may come from a mod or a download, so everything in the manifest counts as untrusted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npcbrain.errors import ModelError, fault
from npcbrain.lm.encoder_files import EncoderFiles, read_encoder
from npcbrain.lm.manifest import MANIFEST, Fields, known_file, missing, read_files, read_manifest
from npcbrain.lm.reader_tables import TableFiles, read_tables
from npcbrain.plain_file import open_plain, path_of, read_plain

__all__ = ["MEMORY_TOKENS", "ModelConfig", "ModelPackage", "default_model_path"]

# The formats of prompts: structure in words, or in marks, or in words with a frame of the model's
# own around it (``npcbrain.lm.frame``).
FORMATS = (1, 2, 3)
MARKED, FRAMED = 2, 3
DEFAULT_NAME = "hearth"
MEMORY_TOKENS = 80  # of a prompt, where a manifest does not say: a few short lines

MAX_PROVIDERS = 8
# Usual: 576, 9, 3, 64, 10, 8192, 512. Wide enough for any model that runs within a frame, narrow
# enough that the product of a forged manifest cannot ask for all of the machine's memory.
MAX_CONFIG = {
    "hidden": 8192,
    "heads": 128,
    "kv_heads": 128,
    "head_dim": 256,
    "layers": 128,
    "vocab": 262_144,
    "max_context": 16_384,
}
MIN_CONTEXT = 64  # a prompt, an answer and a padded chunk must fit
READ_BYTES = 1 << 20  # hashed at a time; larger pieces are no faster


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shapes of a model.

    Attributes:
        hidden: Width of the residual stream.
        heads: Query heads.
        kv_heads: Key and value heads; divides ``heads``.
        head_dim: Width of a head.
        layers: Decoder layers over all segments.
        vocab: Rows of the logits; the tokenizer's ids are below it.
        max_context: Most tokens of a prompt and its answer together.
    """

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    layers: int
    vocab: int
    max_context: int


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A checked model folder; make one with ``open``.

    Attributes:
        path: The folder.
        format: The format of the prompts it was taught: 1, structure in words; 2, in marks; 3, in
            words with a frame around it.
        name: The model's name.
        licence: The licence of the weights, as the manifest states it.
        config: Shapes.
        segments: File name and layers of each segment, in order; a segment that keeps no keys and
            values (a feed-forward part) has no layers.
        heads: File names of the head, or of its parts: each gives the logits of the next tokens.
        tokenizer: File name of the tokenizer.
        bos: The token a prompt begins with.
        eos: The token that ends a prompt and an answer.
        kernels: Which kernel each matrix uses; for reports only.
        words: File name of the list of words that may be said; empty for any words.
        frame: File name of what stands around a prompt; empty if that is one token on either side.
        reader: The tables that its prompts are read with.
        memory_tokens: What the memories in a prompt may have together, as it was taught.
        providers: ONNX Runtime providers that run all of its graphs, beside the processor.
        encoder: The chooser's files; None if it has none.
    """

    path: Path
    format: int
    name: str
    licence: str
    config: ModelConfig
    segments: tuple[tuple[str, tuple[int, ...]], ...]
    heads: tuple[str, ...]
    tokenizer: str
    bos: str
    eos: str
    kernels: Mapping[str, str]
    words: str
    frame: str
    reader: TableFiles
    memory_tokens: int
    providers: tuple[str, ...]
    encoder: EncoderFiles | None
    _files: Mapping[str, tuple[int, str]]

    @classmethod
    def open(cls, path: str | Path) -> ModelPackage:
        """Reads the manifest and checks every file it names (about 20 ms for 30 MB).

        Raises:
            ModelError: The folder, the manifest or a file is missing, altered or out of range.
        """
        package = cls.described(path)
        for name in package._files:
            package._check(name)
        return package

    @classmethod
    def described(cls, path: str | Path) -> ModelPackage:
        """Reads the manifest alone (a millisecond); the files are checked when they are read.

        Raises:
            ModelError: The folder or the manifest is missing or out of range.
            UsageError: ``path`` is no path.
        """
        folder = path_of(path, "Model.load()", "Model.load() without one takes what ships")
        manifest = read_manifest(folder)
        fields = Fields(manifest, folder / MANIFEST)
        form = manifest.get("format")
        if isinstance(form, bool) or form not in FORMATS:
            raise fields.error("format", "be 1, 2 or 3", form, "use a model of this release")
        files = read_files(fields)
        config = _read_config(fields)
        return cls(
            path=folder,
            format=form,
            name=fields.text("name"),
            licence=fields.text("licence"),
            config=config,
            segments=_read_segments(fields, config, files),
            heads=_read_heads(fields.child("head"), files),
            tokenizer=known_file(fields.child("tokenizer"), files),
            bos=fields.child("tokenizer").text("bos"),
            eos=fields.child("tokenizer").text("eos"),
            kernels={str(k): str(v) for k, v in fields.child("kernels").data.items()},
            words=known_file(fields.child("words"), files) if "words" in manifest else "",
            frame=known_file(fields.child("prompt"), files) if form == FRAMED else "",
            reader=read_tables(fields, files),
            memory_tokens=_read_memory_tokens(fields),
            providers=_read_providers(fields),
            encoder=read_encoder(fields, files) if "chooser" in manifest else None,
            _files=files,
        )

    def read(self, name: str) -> bytes:
        """The content of one file, checked against the manifest as it is read.

        Raises:
            ModelError: The file is missing or altered.
        """
        path, (expected, _) = self.path / name, self._files[name]
        try:
            size = path.stat().st_size
            content = read_plain(path, size) if size == expected else b""  # else it may be huge
        except OSError as error:
            raise missing(path) from error
        self._compare(name, size, hashlib.sha256(content).hexdigest())
        return content

    @property
    def digest(self) -> str:
        """A SHA-256 of all files, which differs from model to model."""
        lines = "".join(f"{name} {sha256}\n" for name, (_, sha256) in sorted(self._files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def size_of(self, name: str) -> int:
        """Bytes of one file."""
        return self._files[name][0]

    @property
    def num_bytes(self) -> int:
        """Size of all files together."""
        return sum(size for size, _ in self._files.values())

    def _check(self, name: str) -> None:
        digest = hashlib.sha256()
        path, (expected, _) = self.path / name, self._files[name]
        try:
            size = path.stat().st_size
            if size == expected:  # a file of the wrong size is refused without reading it
                with open_plain(path) as file:
                    while piece := file.read(READ_BYTES):
                        digest.update(piece)
        except OSError as error:
            raise missing(path) from error
        self._compare(name, size, digest.hexdigest())

    def _compare(self, name: str, size: int, sha256: str) -> None:
        expected_size, expected_sha256 = self._files[name]
        where, advice = str(self.path / name), "install the model again"
        if size != expected_size:
            raise ModelError(
                fault("model file", f"have {expected_size} bytes", size, where, advice)
            )
        if sha256 != expected_sha256:
            raise ModelError(
                fault("model file", f"have SHA-256 {expected_sha256}", sha256, where, advice)
            )


def default_model_path(name: str = DEFAULT_NAME) -> Path:
    """The folder of the model that ships: in the installed package, or beside it in a checkout.

    Raises:
        ModelError: It is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "models" / name, package.parent / "models" / name)
    for place in places:
        if (place / MANIFEST).is_file():
            return place
    raise ModelError(
        fault(
            "model",
            "be installed",
            name,
            " or ".join(str(place) for place in places),
            "install npcbrain from a wheel, or pass the path of a model folder",
        )
    )


def _read_config(fields: Fields) -> ModelConfig:
    config = fields.child("config")
    numbers = {name: config.whole(name, 1, limit) for name, limit in MAX_CONFIG.items()}
    if numbers["heads"] % numbers["kv_heads"]:
        raise config.error("kv_heads", f"divide heads, {numbers['heads']}", numbers["kv_heads"])
    if numbers["max_context"] < MIN_CONTEXT:
        raise config.error("max_context", f"be at least {MIN_CONTEXT}", numbers["max_context"])
    return ModelConfig(**numbers)


def _read_segments(
    fields: Fields, config: ModelConfig, files: Mapping[str, object]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    entries = fields.data.get("segments")
    if not isinstance(entries, list) or not entries:
        raise fields.error("segments", "be a list of at least one segment", entries)
    segments: list[tuple[str, tuple[int, ...]]] = []
    first = 0
    for index, entry in enumerate(entries):
        segment = Fields(entry, fields.file, f"$.segments[{index}]")
        layers = segment.data.get("layers")
        if (
            not isinstance(layers, list)
            or not (layers or first)
            or layers != list(range(first, first + len(layers)))
        ):
            raise segment.error("layers", f"be adjacent and begin with {first}", layers)
        first += len(layers)
        segments.append((known_file(segment, files), tuple(range(first - len(layers), first))))
    if first != config.layers:
        raise fields.error("segments", f"hold {config.layers} layers together", first)
    return tuple(segments)


def _read_heads(fields: Fields, files: Mapping[str, object]) -> tuple[str, ...]:
    names = fields.data.get("files")
    if names is None:
        return (known_file(fields, files),)
    if not isinstance(names, list) or not names:
        raise fields.error("files", "be a list of at least one file", names)
    return tuple(known_file(Fields({"file": one}, fields.file, fields.at), files) for one in names)


def _read_memory_tokens(fields: Fields) -> int:
    if "memory_tokens" not in fields.data:
        return MEMORY_TOKENS
    return fields.whole("memory_tokens", 0, MAX_CONFIG["max_context"])


def _read_providers(fields: Fields) -> tuple[str, ...]:
    names = fields.data.get("providers", [])
    if not isinstance(names, list) or len(names) > MAX_PROVIDERS:
        raise fields.error("providers", f"be a list of at most {MAX_PROVIDERS} names", names)
    for name in names:
        if not isinstance(name, str):
            raise fields.error("provider", "be a string", name)
    return tuple(names)
