"""Files that nobody vouches for, changed at random: read, or refused with a clear error.

Personas, trees, saves, recordings, price files, and of a model the manifest, the prompt.json, the
tokenizer.json, a graph and the tables that events are read with. What a reader may raise
is its own error and nothing else, and the message names the place. The time and the memory that
one file may cost are bounded.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import numpy as np

from npcbrain.errors import ModelError, PersonaError, RecordingError, SaveError, TreeError
from npcbrain.lm.frame import read_frame
from npcbrain.lm.graph_file import check_graph
from npcbrain.lm.model import Model
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.npcs.persona import Persona
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_file import PriceFile
from npcbrain.prompting.verb_synonyms import VerbSynonyms, read_verbs
from npcbrain.prompting.word_vectors import WordVectors, read_affinity
from npcbrain.saves.container import HEAD
from npcbrain.tree import load
from tools.endure.attacks import read_attacks
from tools.endure.fire import NUM_SLOTS, Fire, Reference
from tools.endure.point import Point
from tools.endure.tapes import read_tape, sealed, taped, values_of
from tools.endure.village import Village, tiny
from tools.tree_trips import random_file
from tools.tree_trips import words as tree_words

__all__ = ["KINDS", "SavedGame", "fuzz", "seeds"]

MOST_S = 5.0  # of the processor that one small file may take; others may want it too
MOST_WALL_S = 60.0  # by the wall, for a reader that waits instead of working
MOST_BYTES = 64 << 20  # that reading one may need at once
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 1 << 70, -(1 << 63), 0.5, 1e308, float("nan"), "", "x" * 3000, "\ud800",
    "../../x", "con", "say", [], {}, [[]], {"": None}, [None] * 2000, "9" * 400, "\0", "<|im_end|>",
)  # fmt: skip


class Unread(Exception):
    """A price file counts as none: the game measures again."""


class Kind(NamedTuple):
    """One kind of file.

    Attributes:
        name: The file's.
        error: What reading it may raise.
        read: Reads it.
        contents: Good ones to begin with.
    """

    name: str
    error: type[Exception]
    read: Callable[[Path], object]
    contents: list[bytes]


def fuzz(point: Point, most: int | None = None) -> None:
    """Changes files at random and has them read, for a point's time or so many rounds."""
    words = [attack.text[:300] for attack in read_attacks()]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        kinds = seeds(Path(folder))
        for dice in point.rounds(most):
            for kind in kinds:
                content = mutated(dice.choice(kind.contents), kind, dice, words)
                started_s = time.monotonic()
                took_s = _try(point, kind, Path(folder) / kind.name, content)
                waited_s = time.monotonic() - started_s
                if most is None:  # a test must not fail because its machine is busy
                    point.expect(took_s < MOST_S, f"{took_s:.1f} s for {content[:60]!r}")
                    point.expect(waited_s < MOST_WALL_S, f"{waited_s:.0f} s for {content[:60]!r}")


def _try(point: Point, kind: Kind, path: Path, content: bytes) -> float:
    """Has one file read; returns what it took of the processor, in seconds."""
    path.write_bytes(content)
    point.counts["files"] += 1
    started_s = time.process_time()
    is_watched = point.counts["files"] % 20 < len(KINDS)  # watching memory takes time
    if is_watched:
        tracemalloc.start()
    try:
        kind.read(path)
        point.counts[f"{kind.name} read"] += 1
    except kind.error as error:
        point.counts[f"{kind.name} refused"] += 1
        message = str(error)
        point.expect(" must " in message, f"{kind.name}: an unclear error: {message[:200]!r}")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        found = f"{kind.name}: {type(error).__name__}: {str(error)[:200]} for {content[:60]!r}"
        point.expect(False, found)
    if is_watched:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        point.figures["most bytes"] = max(point.figures.get("most bytes", 0), peak)
        point.expect(peak < MOST_BYTES, f"{kind.name}: {peak} bytes for {content[:60]!r}")
    took_s = time.process_time() - started_s
    point.figures["longest seconds"] = max(point.figures.get("longest seconds", 0.0), took_s)
    return took_s


def seeds(folder: Path) -> list[Kind]:
    """Every kind of file, with good ones to change; a game that loads saves lies in ``folder``."""
    root = tiny().parents[2]
    personas = [*(root / "demo_game").rglob("personas/*.json")]
    manifests = [root / "models" / "hearth" / "manifest.json", tiny() / "manifest.json"]
    frame = {"before": [{"token": "<|im_start|>"}, "You are Greta."], "after": ["\nAnswer:"]}
    player = SavedGame(folder)
    words, trees = tree_words(), [random_file(number).encode() for number in range(40)]
    return [
        Kind("persona.json", PersonaError, Persona.load, _bytes(personas)),
        Kind("tree.xml", TreeError, lambda path: load(path, words), trees),
        Kind("manifest.json", ModelError, lambda path: _described(path), _bytes(manifests)),
        Kind("prompt.json", ModelError, _frame_reader(), [json.dumps(frame).encode()]),
        Kind(
            "slot.npcb",
            SaveError,
            player.load,
            [player.content],
        ),
        Kind("prices.msgpack", Unread, lambda path: _prices(path), [_price_content()]),
        Kind("tape.npcr", RecordingError, read_tape, [_tape_content(folder)]),
        Kind("tokenizer.json", ModelError, _tokenized, [(tiny() / "tokenizer.json").read_bytes()]),
        Kind("head.onnx", ModelError, _checked, [(tiny() / "head.onnx").read_bytes()]),
        Kind("vectors.npz", ModelError, _nearness, [_packed(ARRAYS)]),
        Kind("verbs.txt", ModelError, _kinship, [b"# verbs\ngive bestow >1\nmove ~run\nflee >1\n"]),
    ]


KINDS = (
    "persona.json", "tree.xml", "manifest.json", "prompt.json", "slot.npcb", "prices.msgpack",
    "tape.npcr", "tokenizer.json", "head.onnx", "vectors.npz", "verbs.txt",
)  # fmt: skip
ARRAYS = {
    "words": np.frombuffer(b"cook bake flee", np.uint8),
    "vectors": np.array([[9, 1], [9, 0], [0, 9]], np.int8),
    **dict.fromkeys(("asks", "tempers", "offers"), np.eye(2, dtype=np.float32)),
    "loudness": np.ones((3, 3), np.float32),
    "talk": np.zeros(2, np.float32),
    "weights": np.ones(8, np.float32),
}


def mutated(content: bytes, kind: Kind, dice: random.Random, words: list[str]) -> bytes:
    """A file changed in its bytes, or in one of its values and then sealed again."""
    move = dice.random()
    if kind.name == "slot.npcb":
        return _mutated_save(content, dice, words) if move < 0.8 else _bitten(content, dice)
    if kind.name == "tape.npcr" and move < 0.8:
        bad = _fits_64_bits(changed(values_of(content), dice, words))
        return sealed(bad if isinstance(bad, list) else [bad])
    if kind.name == "vectors.npz" and move < 0.7:
        return _with_another_array(dice)
    if kind.name == "head.onnx" and move < 0.5:
        return _spliced(content, dice)
    if move < 0.6 and kind.name.endswith(".json"):
        return json.dumps(changed(json.loads(content), dice, words)).encode()
    if move < 0.6 and kind.name.endswith(".msgpack"):
        return msgpack.packb(
            _fits_64_bits(changed(msgpack.unpackb(content), dice, words)),
            unicode_errors="surrogatepass",
        )
    if move < 0.8 and kind.name.endswith(".xml"):
        text = content.decode("utf-8")
        start = dice.randrange(len(text))
        end = min(len(text), start + dice.choice((0, 1, 5, 60)))
        place = dice.choice((dice.choice(words), text[: dice.randrange(2000)], '"', "<", "{x}"))
        return (text[:start] + place + text[end:]).encode("utf-8", "replace")
    return _bitten(content, dice)


def changed(data: Any, dice: random.Random, words: list[str]) -> Any:
    """Plain data with one value changed, somewhere; changes what it is given."""
    if not isinstance(data, dict | list) or not data:
        return dice.choice(STRANGE)
    at, key = data, None
    while True:
        key = dice.choice([*at] if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], dict | list) or not at[key] or dice.random() < 0.15:
            break
        at = at[key]
    move = dice.random()
    if move < 0.5:
        at[key] = dice.choice(STRANGE)
    elif move < 0.7:
        at[key] = dice.choice(words)
    elif move < 0.8:
        del at[key]
    elif move < 0.9 and isinstance(at, dict):
        at[dice.choice(words)] = at[key]
    elif isinstance(at, list):
        at.extend([at[key]] * dice.choice((1, 40, 600)))
    return data


def _bitten(content: bytes, dice: random.Random) -> bytes:
    bad = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 8))):
        bad[dice.randrange(len(bad))] = dice.randrange(256)
    if dice.random() < 0.3:
        del bad[dice.randrange(len(bad)) :]
    if dice.random() < 0.2:
        bad += bad[: dice.randrange(len(bad) + 1)]
    return bytes(bad)


def _spliced(content: bytes, dice: random.Random) -> bytes:
    """One with a piece of itself in another place, or another operator."""
    if dice.random() < 0.3:
        name = dice.choice((b"MatMul", b"Reshape", b"Cast", b"Add"))
        return content.replace(name, dice.choice((b"Loop", b"If", b"Scan", b"MatMul")), 1)
    start, place = dice.randrange(len(content)), dice.randrange(len(content))
    piece = content[start : start + dice.choice((1, 8, 200))]
    return content[:place] + piece + content[place + dice.choice((0, len(piece))) :]


def _with_another_array(dice: random.Random) -> bytes:
    """Vectors of words, one array of which has another kind or shape, or strange numbers."""
    name = dice.choice([*ARRAYS])
    array = ARRAYS[name]
    with np.errstate(all="ignore"):
        number = np.array(dice.choice((0, -128, 1e3, 1e30, np.nan, -np.inf))).astype(array.dtype)
    changes = (
        array[:-1], array.reshape(-1), array[..., None], np.concatenate([array, array]),
        array.astype(dice.choice(("f8", "f2", "i1", "u1", "?", "S3", "O"))),
        np.full_like(array, number),
    )  # fmt: skip
    return _packed({**ARRAYS, name: dice.choice(changes)})


def _packed(arrays: dict[str, Any]) -> bytes:
    file = BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _mutated_save(content: bytes, dice: random.Random, words: list[str]) -> bytes:
    """One with another value in it, and a header as of somebody who means harm."""
    data = msgpack.unpackb(
        zlib.decompress(content[HEAD.size + 16 :]), unicode_errors="surrogatepass"
    )
    bad = _fits_64_bits(changed(data, dice, words))
    packed = msgpack.packb(bad, unicode_errors="surrogatepass")
    if dice.random() < 0.3:
        packed = _bitten(packed, dice)
    body = zlib.compress(packed, 1)
    head = HEAD.pack(b"npcbsave", 1, bytes(32), len(body), len(packed))
    return head + blake2b(head + body, digest_size=16).digest() + body


def _fits_64_bits(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _fits_64_bits(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_fits_64_bits(value) for value in data]
    return (1 << 64) - 1 if isinstance(data, int) and data >= 1 << 64 else data


def _bytes(paths: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in sorted(paths)]


def _described(path: Path) -> object:
    package = ModelPackage.described(path.parent)
    return package.digest, package.num_bytes


def _frame_reader() -> Callable[[Path], object]:
    content = (tiny() / "tokenizer.json").read_bytes()
    tokenizer = Tokenizer(content, "<|im_start|>", "<|im_end|>", 1024, "tiny", {})
    return lambda path: read_frame(path.read_bytes(), tokenizer, str(path))


class SavedGame:
    """A game in the midst of answers, which loads and plays whatever save it is given.

    Attributes:
        content: Of a save of it.
    """

    def __init__(self, folder: Path) -> None:
        model = Model.load(tiny(), num_slots=NUM_SLOTS)
        self._game = game = Fire(model, Reference(model), folder)
        for number in range(3):
            game.hear(number, number)
        game.play(12, 1.5)
        self.content = game.runtime._snapshot().packed(lambda: None)
        game.runtime._model_digest = ""  # as in one that was sealed again: its answers go on

    def load(self, path: Path) -> None:
        """Loads a save and plays on; no request may be lost by it."""
        runtime, scheduler = self._game.runtime, self._game.runtime.scheduler
        assert scheduler is not None
        runtime.load(path)
        for _ in range(2):
            runtime.update(1.5)
        assert self._game.ledger.is_right
        assert scheduler.num_thinking + scheduler.num_waiting <= len(runtime.npcs)
        self._game.forget()


def _price_content() -> bytes:
    village = Village(2, seed=1)
    village.soak(60)
    prices = village.runtime.prices
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prices.msgpack"
        assert PriceFile(path, "model", "machine").save(prices)
        return path.read_bytes()


def _prices(path: Path) -> None:
    """A bad one counts as none; a good one, whatever it says, lets a game be played."""
    prices = CostModel()
    if not PriceFile(path, "model", "machine").load(prices):
        raise Unread("a price file must be whole and of this machine")
    for key in range(3):
        assert prices.price_ns(key, 0, 4, 100) >= 0  # type: ignore[arg-type]


def _tape_content(folder: Path) -> bytes:
    path = folder / "good.npcr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of an engine that fails
        taped(path, Model.load(tiny(), num_slots=NUM_SLOTS), random.Random(1), num_frames=40)
    return path.read_bytes()


def _tokenized(path: Path) -> None:
    """One that can be read cuts whatever is typed."""
    content = path.read_bytes()
    tokenizer = Tokenizer(content, "<|im_start|>", "<|im_end|>", 1024, str(path), {})
    assert tokenizer.count("What is a bed? \u00e9\0 <|im_end|>") >= 0


def _nearness(path: Path) -> None:
    """A table that can be read gives numbers."""
    vectors = WordVectors(read_affinity(path.read_bytes(), str(path)))
    near, talk = vectors.nearness(["cook", "fled"], [("bake",), ("flee", "cook")], ["kind", "bake"])
    assert np.isfinite([*near, talk, *vectors.weights]).all()


def _kinship(path: Path) -> None:
    """A table that can be read answers either way round."""
    verbs = VerbSynonyms(read_verbs(path.read_bytes(), str(path)))
    assert verbs.are_akin("give", "run") == verbs.are_akin("run", "give")


def _checked(path: Path) -> None:
    check_graph(path.read_bytes(), str(path))
