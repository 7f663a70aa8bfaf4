"""``Contender``: an engine for ``bench peers``, which reads a prompt and says the next tokens.

npcbrain's own engine is here; llama.cpp is in ``llama``. Invariant: a contender times only its
model's work and the choice of the likeliest token: no tokenizer, no grammar, no making of prompts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from npcbrain.engine.engine import Engine
from npcbrain.errors import ModelError, fault
from npcbrain.graphs.decoder import LlamaConfig
from npcbrain.graphs.quantise import SHIPPED_KERNELS, kernel_plan
from npcbrain.lm.generation import Generation
from npcbrain.lm.grammar import Matcher
from npcbrain.lm.model import Model
from npcbrain.lm.sampler import SamplerConfig
from tools.distil.calibrate import calibrate
from tools.distil.export import encode_texts, written_texts
from tools.distil.package import build_model
from tools.distil.teacher import read_gguf

__all__ = ["CONTEXT", "NUM_CONVERSATIONS", "Alone", "Contender", "Npcbrain", "open_npcbrain"]

CONTEXT = 256  # tokens of a conversation: the longest prompt, the answer, and some room
NUM_CONVERSATIONS = 8
NS_PER_MS = 1e6


class Alone(NamedTuple):
    """One conversation.

    Attributes:
        prefill_ms: From the prompt to the first token.
        decode_ms: Of each token after that.
        text: The words that were said.
    """

    prefill_ms: float
    decode_ms: float
    text: str


class Contender(Protocol):
    """Reads prompts of token ids, each for the first time, on one thread.

    Attributes:
        name: For the table.
        weight_bytes: How many bytes of weights one token has to read.
    """

    name: str
    weight_bytes: int

    def alone(self, prompt: Sequence[int], num_tokens: int) -> Alone:
        """Reads one prompt, then says so many tokens."""
        ...

    def together(self, prompts: Sequence[Sequence[int]], num_tokens: int) -> float:
        """Says so many tokens in every one of several conversations at once; tokens per second.

        Reading the prompts does not count.
        """
        ...

    def close(self) -> None:
        """Closes files and ends threads."""
        ...


class AnyToken(Matcher):
    """A grammar that allows every token except one, at no cost, since llama.cpp has none either."""

    __slots__ = ("_banned", "_legal")

    def __init__(self, banned: int, vocab: int) -> None:
        self._banned = banned
        self._legal = np.ones(vocab, dtype=np.bool_)
        self._legal[banned] = False

    def allows(self, token_id: int) -> bool:
        """Allows all except the one that would end the conversation."""
        return token_id != self._banned

    def mask(self) -> np.ndarray:
        """The same as a mask."""
        return self._legal

    def push(self, token_id: int) -> None:
        """Ignores it."""

    def forced(self) -> list[int]:
        """Nothing is ever forced."""
        return []

    @property
    def ended(self) -> bool:
        """Never."""
        return False


class Npcbrain:
    """This engine, driven step by step as its scheduler drives it, but without a budget."""

    name = "npcbrain"

    def __init__(self, model: Model, weight_bytes: int) -> None:
        self.weight_bytes = weight_bytes
        self._model = model
        self._engine = Engine(model)
        self._grammar = AnyToken(model.tokenizer.eos_id, model.config.vocab)

    def alone(self, prompt: Sequence[int], num_tokens: int) -> Alone:
        """See ``Contender``."""
        engine, one = self._engine, self._open(prompt, num_tokens + 1)
        started_ns = time.perf_counter_ns()
        self._read(one)
        read_ns = time.perf_counter_ns()
        for _ in range(num_tokens):
            self._speak([one])
        spoke_ns = time.perf_counter_ns()
        engine.close(one)
        decode_ms = (spoke_ns - read_ns) / num_tokens / NS_PER_MS
        return Alone((read_ns - started_ns) / NS_PER_MS, decode_ms, one.text)

    def together(self, prompts: Sequence[Sequence[int]], num_tokens: int) -> float:
        """See ``Contender``."""
        conversations = [self._open(prompt, num_tokens + 1) for prompt in prompts]
        for one in conversations:
            self._read(one)
        started_ns = time.perf_counter_ns()
        for _ in range(num_tokens):
            self._speak(conversations)
        took_ns = time.perf_counter_ns() - started_ns
        for one in conversations:
            self._engine.close(one)
        return len(prompts) * num_tokens / took_ns * 1e9

    def close(self) -> None:
        """Does nothing."""

    def text(self, ids: Sequence[int]) -> str:
        """The text of some tokens, for contenders that have only their ids."""
        return self._model.tokenizer.decode(ids)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text."""
        return self._model.tokenizer.encode(text)

    def _open(self, prompt: Sequence[int], num_tokens: int) -> Generation:
        one = Generation(
            prompt,
            0,
            tokenizer=self._model.tokenizer,
            matcher=self._grammar,
            words=None,
            config=SamplerConfig(),
            seed=0,
            max_new_tokens=num_tokens + 1,  # one more, so that the answer does not end among these
        )
        if not self._engine.open(one) or one.context:
            raise AssertionError("a prompt must be new, and a slot free")
        return one

    def _read(self, one: Generation) -> None:
        engine = self._engine
        while not one.num_generated:
            wave = engine.start_prefill(one, engine.chunk_sizes[-1])
            while one.in_wave:
                engine.run(wave)

    def _speak(self, conversations: Sequence[Generation]) -> None:
        engine = self._engine
        wave = engine.start_decode(conversations)
        while conversations[0].in_wave:
            engine.run(wave)


def open_npcbrain(gguf_file: Path, num_segments: int, folder: Path) -> Npcbrain:
    """Imports a GGUF file's weights, with the kernels of the model that ships.

    Their fixed scales are found on three sample prompts.

    Args:
        gguf_file: A Llama.
        num_segments: Steps of a token, without the head.
        folder: Where to write the model.

    Raises:
        ModelError: The weights have the wrong form.
        UsageError: There are more segments than layers.
    """
    try:
        data, weights, tokenizer = read_gguf(gguf_file)
    except (KeyError, ValueError, OSError) as error:  # raised by its reader for other files
        rule, advice = "be a Llama in a GGUF file", "such as SmolLM2-135M-Instruct.Q4_1.gguf"
        raise ModelError(fault("weights", rule, str(error), str(gguf_file), advice)) from error
    rows = len(weights["model.layers.0.self_attn.q_proj.weight"])  # heads may be wide or narrow
    head_dim = rows // data["num_attention_heads"]
    config = LlamaConfig.from_hf({**data, "head_dim": head_dim}, CONTEXT)
    kernels = kernel_plan(config.layers, *SHIPPED_KERNELS)
    content = json.loads(tokenizer.to_str())
    texts = encode_texts(content, config, written_texts(3, "val"))
    smoothed = calibrate(config, weights, kernels, texts)
    built = build_model("peer", config, smoothed, content, kernels, num_segments)
    built.write(folder)
    graphs = sum(len(data) for name, data in built.files.items() if name.endswith(".onnx"))
    looked_up = config.vocab * (config.hidden + 4)  # of it a token reads only one row
    model = Model.load(folder, num_slots=NUM_CONVERSATIONS, providers="cpu")
    return Npcbrain(model, graphs - looked_up)
