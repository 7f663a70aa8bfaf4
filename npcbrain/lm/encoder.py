"""The chooser's graphs: tokens in, states and scores out.

It loads and runs graphs; ``npcbrain.choosing`` knows what the tokens mean and cuts rows into
chunks. Invariant: the output depends only on the input.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from npcbrain.errors import EngineError, ModelError, fault
from npcbrain.lm.encoder_files import NUM_KINDS, EncoderFiles, Worth
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.sessions import check_ports, import_runtime, open_session, session_options
from npcbrain.lm.soundness import is_sound

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

__all__ = ["Encoder", "Worth", "encoder_steps"]

FLOAT, INT64 = "tensor(float)", "tensor(int64)"
SIDES = ("query", "key", "value")
NUM_KEPT = 4096  # texts whose tokens are kept: facts, names and values are encoded at every event


class Encoder:
    """An encoder of a few layers, and the weights of its scores.

    Attributes:
        num_layers: How many layers it has.
        num_looks: How many of them, the last ones, candidates pass twice.
        hidden: Width of a state.
        width: Width of the vectors of one kind of score.
        num_occasions: Occasions it chooses among; the last one stands for words of one's own.
        num_emotions: Emotions it chooses among.
        layout: Number of the layout that it was taught to read.
        worth: What scores are made of, beside the graphs' own.
    """

    def __init__(self, files: EncoderFiles, sessions: tuple[Any, ...], tokenizer: Any) -> None:
        *self._layers, self._offers, self._asks, self._looks = sessions
        self.num_layers = files.layers
        self.num_looks = files.looks
        self.hidden = files.hidden
        self.width = files.width
        self.num_occasions = files.occasions
        self.num_emotions = files.emotions
        self.layout = files.layout
        self.worth = files.worth
        self._tokenizer = tokenizer
        self.encode = lru_cache(NUM_KEPT)(self._encode)

    def first(self, ids: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> list[Rows]:
        """States of tokens before any layer, and their queries, keys and values."""
        return self._run(self._layers[0], {"ids": ids, "positions": positions})

    def layer(self, index: int, hidden: Rows, query: Rows, keys: Rows, values: Rows) -> list[Rows]:
        """Runs one layer over some rows: their states and, before the last layer, the next three.

        Args:
            index: The layer's number, from 0.
            hidden: float32 [rows, hidden], the rows' states.
            query: float32 [rows, hidden].
            keys: float32 [length, hidden], of all the rows that these may look at.
            values: As ``keys``.
        """
        feeds = {"hidden_in": hidden, "query_in": query, "keys": keys, "values": values}
        return self._run(self._layers[index + 1], feeds)

    def offers(self, hidden: Rows) -> Rows:
        """The vectors by which candidates are compared with the news, float32 [rows, ...]."""
        return self._run(self._offers, {"hidden_in": hidden})[0]

    def asks(self, hidden: Rows) -> list[Rows]:
        """The vectors of the news, for each token and for the whole (their first row)."""
        return self._run(self._asks, {"hidden_in": hidden})

    def looks(self, hidden: Rows) -> Rows:
        """The scores of candidates after their second look, float32 [rows, ...]."""
        return self._run(self._looks, {"hidden_in": hidden})[0]

    def _encode(self, text: str) -> tuple[int, ...]:
        text = text.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    @staticmethod
    def _run(session: Any, feeds: dict[str, Any]) -> list[Rows]:
        try:
            found: list[Rows] = session.run(None, feeds)
        except Exception as error:  # ONNX Runtime's exceptions share no base
            raise EngineError(fault("step", "run", str(error), "chooser")) from error
        if not all(map(is_sound, found)):
            raise EngineError(fault("step", "find numbers", "what is none", "chooser"))
        return found


def encoder_steps(package: ModelPackage, threads: int) -> Generator[str, None, Encoder | None]:
    """Loads the graphs, pausing before each; None if the model has no chooser.

    It runs on the processor even if the model runs elsewhere, because its steps are short.

    Raises:
        ModelError: A graph or the tokenizer does not load, or has the wrong form.
    """
    files = package.encoder
    if files is None:
        return None
    ort = import_runtime()
    options = session_options(ort, threads)
    sessions = []
    for name, (inputs, outputs) in zip(files.graphs, _specs(files), strict=True):
        yield name
        session = open_session(ort, package, name, options, ("CPUExecutionProvider",))
        where = str(package.path / name)
        check_ports("inputs", session.get_inputs(), inputs, where)
        check_ports("outputs", session.get_outputs(), outputs, where)
        sessions.append(session)
    return Encoder(files, tuple(sessions), _tokenizer(package, files))


def _specs(files: EncoderFiles) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    rows = (FLOAT, (None, files.hidden))
    four = dict.fromkeys(("hidden", *SIDES), rows)
    specs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"ids": (INT64, (None,)), "positions": (INT64, (None,))}, four)
    ]
    inputs = dict.fromkeys(("hidden_in", "query_in", "keys", "values"), rows)
    for layer in range(files.layers):
        specs.append((inputs, four if layer + 1 < files.layers else {"hidden": rows}))
    more = files.occasions + files.emotions
    asked = NUM_KINDS * files.width
    states = {"hidden_in": rows}
    specs.append((states, {"offers": (FLOAT, (None, 2 * asked + NUM_KINDS))}))
    whole = (FLOAT, (1, asked + more))
    specs.append((states, {"tokens": (FLOAT, (None, asked)), "whole": whole}))
    specs.append((states, {"judged": (FLOAT, (None, NUM_KINDS + more))}))
    return specs


def _tokenizer(package: ModelPackage, files: EncoderFiles) -> Any:
    from npcbrain.lm.tokenizer_file import read_tokenizer

    where = str(package.path / files.tokenizer)
    tokenizer = read_tokenizer(package.read(files.tokenizer), where, model="WordPiece")
    tokenizer.encode_special_tokens = True  # "[SEP]" typed in a chat stays five characters
    highest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if not 0 <= highest < files.vocab:
        raise ModelError(fault("tokenizer", f"have ids below {files.vocab}", highest, where))
    return tokenizer
