"""onnxruntime-genai in a game: its own loop, a token a frame.

It needs the plain onnxruntime, which must not be installed beside onnxruntime-gpu, so it wants a
virtual environment of its own, where npcbrain runs just as well. Invariant: the game's thread does
what a game would do: it begins an answer, and asks for a token in each frame.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from npcbrain.lm.model import Model
from tools.bench.game_load import Load
from tools.bench.whole_graph import write_genai

__all__ = ["Genai"]


class Genai:
    """See ``tools.bench.game_load.Way``.

    One conversation after the other, because all that it batches must have the same length. A
    prompt is read in one piece, as ``append_tokens`` does. No grammar: the model ends an answer, or
    it ends at the average length of npcbrain's. Prompts are tokenised between two frames, at no
    cost.
    """

    name = "onnxruntime-genai, a token a frame"

    def __init__(self, folder: Path, scratch: Path, model: Model, load: Load, answer: int) -> None:
        """Writes the model as one graph and loads it.

        Args:
            folder: The model's.
            scratch: An empty folder.
            model: The same, loaded, for its tokenizer.
            load: The questions.
            answer: Tokens of each answer.

        Raises:
            ImportError: onnxruntime-genai is not installed.
        """
        import onnxruntime_genai

        self._genai: Any = onnxruntime_genai
        write_genai(folder, scratch)
        self._model = self._genai.Model(str(scratch))
        self.words = "each frame asks one conversation for a token, one after the other"
        self.num_answers = 0
        self._tokenizer = model.tokenizer
        self._context = model.config.max_context
        self._load = load
        self._answer = answer
        self._num_rounds = 0
        self._asked: deque[list[int]] = deque()
        self._generator: Any = None
        self._left = 0

    @property
    def is_idle(self) -> bool:
        return not self._asked and self._generator is None

    def ask(self) -> None:
        """See ``Way``."""
        questions = self._load.round(self._num_rounds)
        self._asked.extend(question.ids(self._tokenizer) for question in questions)
        self._num_rounds += 1

    def update(self) -> None:
        """See ``Way``."""
        if self._generator is None:
            if not self._asked:
                return
            params = self._genai.GeneratorParams(self._model)
            params.set_search_options(max_length=self._context)
            self._generator = self._genai.Generator(self._model, params)
            self._generator.append_tokens(self._asked.popleft())
            self._left = self._answer
        self._generator.generate_next_token()
        self._left -= 1
        if not self._left or self._generator.is_done():
            self._generator = None
            self.num_answers += 1

    def go(self) -> None: ...

    def stop(self) -> None: ...
