"""What a model is asked to write: prompts, and the answers that begin from them.

It knows no queue, no frame and no scheduler. Invariant: the same question and choice are asked the
same way, whether for the first time or again after a saved game.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from npcbrain.asking.models import ModelLike
from npcbrain.asking.pending_answer import AnswerLike, NpcRequest, Question
from npcbrain.asking.teaching import taught_memory_tokens, taught_reader
from npcbrain.errors import NpcBrainError, UsageError
from npcbrain.lm.marks import QUOTE
from npcbrain.prompting.prompt import Prompt, answer_text, quotable, render
from npcbrain.prompting.shortening import shorter_prompts
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision, Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["Writer", "text_of"]

MAX_NEW_TOKENS = 64  # of an answer; action, arguments, emotion and two short sentences take 20-50
LEARN_TOKENS = 16  # enough for the answer to outlive its first token, when the prefix is copied
NEVER_QUOTES = {QUOTE: -100.0}  # who was to find words of its own


class Writer:
    """Begins answers of one model.

    Args:
        model: The model.
        reader: Whether classical reading helps a model that was taught beside it.
        temperature: See ``lm.sampler.SamplerConfig``.
        top_p: See there.

    Attributes:
        memory_tokens: What the memories in a prompt may have together.
    """

    __slots__ = ("_count_prefix", "_model", "_reader", "_temperature", "_top_p", "memory_tokens")

    def __init__(self, model: ModelLike, *, reader: bool, temperature: float, top_p: float) -> None:
        self._model = model
        # Crowds share a persona, and somebody may be added in any frame.
        self._count_prefix = lru_cache(maxsize=64)(model.tokenizer.count)
        self._reader = taught_reader(model) if reader else None
        self.memory_tokens = taught_memory_tokens(model)
        self._temperature = temperature
        self._top_p = top_p

    @property
    def may_quote(self) -> bool:
        """Whether the model was taught marks: only then may a grammar offer quotes."""
        return self._model.has_marks

    def count(self, text: str) -> int:
        """How many tokens a text has."""
        return self._model.tokenizer.count(text)

    def num_tokens_left(self, situation: Situation) -> int | None:
        """What a prompt has left for its news; None if the model does not tell how much it reads.

        Some 0.2 ms, but microseconds for a persona met before.
        """
        room = getattr(self._model, "max_prompt", None)
        if room is None:
            return None
        prefix = render(situation, reader=None, marks=self.may_quote).prefix
        return int(room - MAX_NEW_TOKENS - self._count_prefix(prefix))

    def prompts(self, question: Question) -> Iterable[Prompt]:
        """The whole prompt and shorter ones, should it be too long."""
        return shorter_prompts(
            question.situation,
            may_forget=question.may_forget,
            reader=self._reader,
            marks=self.may_quote,
        )

    def begin(self, request: NpcRequest) -> AnswerLike:
        """The answer to a request, to be written from its first free token on.

        What was not chosen before is left to the model too.

        Raises:
            NpcBrainError: No prompt of it is short enough.
        """
        error: NpcBrainError = UsageError("no prompt")
        for prompt in self.prompts(request.question):
            try:
                return self._generation(request, prompt)
            except NpcBrainError as refused:
                error = refused
        raise error

    def learn(self, situation: Situation, grammar: str) -> AnswerLike | None:
        """A short answer to nobody: running it leaves the prompt's prefix in the prefix cache."""
        prompt = render(situation, reader=self._reader, marks=self.may_quote)
        try:
            return self._model.generation(
                prompt.prefix,
                prompt.news,
                grammar=grammar,
                seed=0,
                temperature=0.0,
                top_p=1.0,
                max_new_tokens=LEARN_TOKENS,
            )
        except NpcBrainError:
            return None  # asking will say so, with its reason

    def _generation(self, request: NpcRequest, prompt: Prompt) -> AnswerLike:
        question, choice = request.question, request.chosen
        free = choice is None
        return self._model.generation(
            prompt.prefix,
            prompt.news,
            grammar=question.grammar,
            action_prior=prompt.action_prior if free else (),
            logit_bias=prompt.logit_bias if free else NEVER_QUOTES if self.may_quote else {},
            begun="" if choice is None else text_of(request, choice),
            seed=question.seed,
            temperature=self._temperature,
            top_p=self._top_p,
            max_new_tokens=MAX_NEW_TOKENS,
        )


def text_of(request: NpcRequest, choice: Choice) -> str:
    """A choice as the answer to a request begins, or is whole where it quotes."""
    decision = Decision(choice.action, choice.args, choice.emotion, f"{QUOTE}{choice.quote}")
    lines = answer_text(decision, quotable(request.question.situation)).split("\n")
    if request.extent is Extent.DEED:
        return "\n".join(lines[:-2]) + "\n"
    return "\n".join(lines if choice.quote else [*lines[:-1], ""])
