"""llama.cpp beside a game: it answers in threads of its own while frames go on.

Engine plugins work like this. Invariant: the game's thread only hands over questions and counts
answers; it waits only in ``stop``, before the frames of other ways are measured.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from npcbrain.lm.model import Model
from npcbrain.lm.slots import common_prefix
from tools.bench.contenders import NUM_CONVERSATIONS
from tools.bench.game_load import Load
from tools.bench.llama import Binding, LlamaCpp, LlamaServer

__all__ = ["LlamaBackground"]


class LlamaBackground:
    """See ``tools.bench.game_load.Way``.

    Eight conversations at once, batched; a new one takes the place of an earlier one with the
    longest common beginning. No grammar: every answer has the average length of npcbrain's. Both
    cost it nothing. Answers that come after its frames, before ``stop`` returns, count as well, and
    so does their time.
    """

    def __init__(
        self, binding: Binding, gguf_file: Path, model: Model, load: Load, answer: int, threads: int
    ) -> None:
        self.name = f"llama.cpp in the background, {threads} thread{'s' if threads > 1 else ''}"
        self.words = f"{binding.name}, Q8_0, {NUM_CONVERSATIONS} conversations, no bound at all"
        self._tokenizer = model.tokenizer
        self._load = load
        self._num_rounds = 0
        context = model.config.max_context
        llama = binding.open(self.name, gguf_file, model.tokenizer.decode, context, threads)
        self._worker = (
            _Batches(llama, answer) if isinstance(llama, LlamaCpp) else _Requests(llama, answer)
        )

    @property
    def num_answers(self) -> int:
        return self._worker.num_done

    @property
    def is_idle(self) -> bool:
        return self._worker.num_done == self._num_rounds * self._load.num_npcs

    def ask(self) -> None:
        """See ``Way``."""
        for question in self._load.round(self._num_rounds):
            self._worker.put(question.ids(self._tokenizer))
        self._num_rounds += 1

    def update(self) -> None:
        """Does nothing: that is the point of a background thread."""

    def go(self) -> None:
        """See ``Way``."""

    def stop(self) -> None:
        """Waits until all questions are answered."""
        self._worker.wait()

    def close(self) -> None:
        """Ends the threads."""
        self._worker.close()


class _Requests:
    """Questions to a server that has threads of its own."""

    def __init__(self, server: LlamaServer, answer: int) -> None:
        self.num_done = 0
        self._server = server
        self._answer = answer
        self._crowd = ThreadPoolExecutor(NUM_CONVERSATIONS)
        self._asked: list[Future[None]] = []
        self._lock = threading.Lock()

    def put(self, prompt: Sequence[int]) -> None:
        self._asked.append(self._crowd.submit(self._ask, prompt))

    def wait(self) -> None:
        for each in self._asked:
            each.result()
        self._asked.clear()

    def close(self) -> None:
        self._crowd.shutdown()
        self._server.close()

    def _ask(self, prompt: Sequence[int]) -> None:
        self._server.ask(prompt, self._answer, keep=True)
        with self._lock:
            self.num_done += 1


class _Batches:
    """A thread that batches as llama.cpp's server does: a token for each, prompts as they come."""

    def __init__(self, llama: LlamaCpp, answer: int) -> None:
        self.num_done = 0
        self._llama = llama
        self._answer = answer
        self._asked: queue.Queue[Sequence[int] | None] = queue.Queue()
        self._held: list[list[int]] = [[] for _ in range(NUM_CONVERSATIONS)]
        self._left = [0] * NUM_CONVERSATIONS  # tokens still to say; 0 for a free place
        self._thread = threading.Thread(target=self._work, name="llama.cpp", daemon=True)
        self._thread.start()

    def put(self, prompt: Sequence[int]) -> None:
        self._asked.put(prompt)

    def wait(self) -> None:
        self._asked.join()

    def close(self) -> None:
        self._asked.put(None)
        self._thread.join()
        self._llama.close()

    def _work(self) -> None:
        while True:
            while not all(self._left) and (not any(self._left) or not self._asked.empty()):
                prompt = self._asked.get()
                if prompt is None:
                    return
                self._begin(prompt)
            self._speak()

    def _begin(self, prompt: Sequence[int]) -> None:
        """Reads a prompt in the conversation that knows most of it already."""
        free = [place for place, left in enumerate(self._left) if not left]
        limit = len(prompt) - 1
        place = max(free, key=lambda each: common_prefix(self._held[each], prompt, limit))
        known = common_prefix(self._held[place], prompt, limit)
        self._llama.forget(place, known)
        first = self._llama.read(place, prompt, known)
        self._held[place] = [*prompt, first]
        self._left[place] = self._answer
        self._said(place)

    def _speak(self) -> None:
        places = [place for place, left in enumerate(self._left) if left]
        rows = [
            (held[-1], len(held) - 1, place) for place in places for held in [self._held[place]]
        ]
        for place, token in zip(places, self._llama.speak(rows), strict=True):
            self._held[place].append(token)
            self._said(place)

    def _said(self, place: int) -> None:
        self._left[place] -= 1
        if not self._left[place]:
            self._held[place].pop()  # its last token was never read
            self.num_done += 1
            self._asked.task_done()
