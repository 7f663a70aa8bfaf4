"""One answer being written: its tokens, how far they are computed, and its text so far.

Data and bookkeeping; it runs no model and knows nothing of waves. Invariant:
``context + num_pending == len(ids)`` and ``num_prompt + num_generated == len(ids)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.lm.action_prior import ActionPrior
from npcbrain.lm.chunks import MIN_CHUNK
from npcbrain.lm.drafts import Drafter
from npcbrain.lm.grammar import Matcher
from npcbrain.lm.sampler import RepeatGuard, SamplerConfig, pick
from npcbrain.lm.tokenizer import StreamDecoder, Tokenizer
from npcbrain.lm.words import WordGuard

__all__ = ["Generation", "own_generation"]


class Generation:
    """An answer in the making; ``Model.generation`` makes one, an engine moves it on.

    Attributes:
        ids: All known tokens: the prompt, the answer, the ones that the grammar forces next.
        num_prompt: Tokens of the prompt.
        num_prefix: Leading tokens that are worth keeping for the next prompt.
        prefix_key: Those tokens.
        context: Tokens in the KV cache.
        num_pending: Known tokens that are not yet in the KV cache.
        draft: Tokens drafted to follow the pending one; mostly none.
        num_generated: Tokens of the answer so far, forced ones and the end token included.
        max_new_tokens: The answer is cut off at this many.
        num_to_copy: Tokens of the prefix that wait to be copied, into the slot or out of it.
        cached_prefix: The cached prefix that waits to be copied into the slot, if any.
        slot: The slot it holds, if any.
        in_wave: Whether it is on its way through the segments.
        text: The answer so far, whole characters only.
        finished: Whether the answer is over.
        finish_reason: ``"stop"`` (the answer is whole), ``"length"`` or ``"error"``; empty before.
        error: What went wrong, if something did.
    """

    __slots__ = (
        "_action_prior",
        "_config",
        "_decoder",
        "_drafter",
        "_eos_id",
        "_guard",
        "_known",
        "_logit_bias",
        "_marks",
        "_matcher",
        "_random",
        "_words",
        "cached_prefix",
        "context",
        "draft",
        "error",
        "finish_reason",
        "finished",
        "ids",
        "in_wave",
        "max_new_tokens",
        "num_generated",
        "num_pending",
        "num_prefix",
        "num_prompt",
        "num_to_copy",
        "prefix_key",
        "slot",
        "text",
    )

    def __init__(
        self,
        prompt_ids: Sequence[int],
        num_prefix: int,
        *,
        tokenizer: Tokenizer,
        matcher: Matcher,
        words: WordGuard | None,
        action_prior: ActionPrior | None = None,
        logit_bias: Sequence[tuple[Sequence[int], float]] = (),
        drafter: Drafter | None = None,
        config: SamplerConfig,
        seed: int,
        max_new_tokens: int,
        begun: Sequence[int] = (),
    ) -> None:
        self.ids = [*prompt_ids, *begun]  # the engine reads settled tokens like the prompt
        self.num_prompt = len(self.ids)
        # Two tokens are never taken from a cache: the last one, because its logits are needed, and
        # one more, because a chunk has two.
        self.num_prefix = min(num_prefix, self.num_prompt - MIN_CHUNK)
        self.prefix_key = tuple(self.ids[: self.num_prefix])
        self.context = 0
        self.num_pending = len(self.ids)
        self.draft: Sequence[int] = ()
        self.num_generated = 0
        self.max_new_tokens = max_new_tokens
        self.num_to_copy = 0
        self.cached_prefix: np.ndarray | None = None
        self.slot: int | None = None
        self.in_wave = False
        self.text = ""
        self.finished = False
        self.finish_reason = ""
        self.error = ""
        self._eos_id = tokenizer.eos_id
        self._decoder = StreamDecoder(tokenizer)
        self._guard = RepeatGuard(tokenizer.newline_ids)
        self._matcher = matcher
        self._words = words
        self._marks = frozenset(tokenizer.marks.values())
        self._action_prior = (
            action_prior if action_prior is not None and action_prior.is_open else None
        )
        self._logit_bias = [(list(ids[:-1]), ids[-1], value) for ids, value in logit_bias]
        self._drafter = drafter
        self._known: Sequence[int] = ()  # the tokens from before a saved game
        self._config = config
        # PCG64 by name: what default_rng returns may change with a numpy release.
        self._random = np.random.Generator(np.random.PCG64(seed))
        for token in begun:
            self._begin_with(token)

    def rehearse(self, known: Sequence[int]) -> None:
        """Sets the tokens that had been written of this answer before the game was saved.

        They are chosen again, whatever the logits say: on another machine the last bits of the
        logits may differ, and the player has heard these words already. The random generator is
        used as often as it was then, so the answer goes on as it would have.
        """
        self._known = tuple(known)

    def set_context(self, num_tokens: int) -> None:
        """Notes that the KV cache now holds the first ``num_tokens`` of ``ids``."""
        self.context = num_tokens
        self.num_pending = len(self.ids) - num_tokens

    def take(self, logits: np.ndarray) -> None:
        """Chooses the next token by ``logits`` (float32 [vocab]); appends it and the forced tokens.

        If the grammar forces even the first token, the logits are not used.

        A grammar in trouble finishes this answer with ``"error"`` and raises nothing, because the
        other rows of its batch are well.
        """
        self._choose(logits)
        self._draft_ahead()

    def verify(self, logits: np.ndarray) -> int:
        """Chooses as ``take`` does, again and again as long as the choice equals the draft.

        Args:
            logits: float32 [1 + len(draft) or more, vocab], after the pending token and after each
                drafted one. The keys and values of these tokens are in the cache.

        Returns:
            How many tokens were chosen, one at least.
        """
        draft, first, num_chosen = list(self.draft), len(self.ids), 0
        said: list[int] = []
        while not self.finished and said == draft[: len(said)]:
            self._choose(logits[len(said)])
            num_chosen += 1
            said = self.ids[first:]
        wrong = (i for i, pair in enumerate(zip(said, draft, strict=False)) if pair[0] != pair[1])
        self.set_context(first + next(wrong, min(len(said), len(draft))))
        self._draft_ahead()
        return num_chosen

    def _choose(self, logits: np.ndarray) -> None:
        try:
            ids = [] if self.num_generated else self._matcher.forced()
            if not ids:
                banned = self._guard.banned()
                if self._action_prior is not None:
                    logits = self._action_prior.add_to(logits)
                if self._logit_bias:
                    logits = logits.copy()  # they are a view of the whole batch's
                    for before, token, value in self._logit_bias:
                        if not before or self.ids[-len(before) :] == before:
                            logits[token] += value
                ids = [pick(logits, self._matcher, banned, self._config, self._random, self._words)]
                if self.num_generated < len(self._known):
                    ids = [self._known[self.num_generated]]
                self._matcher.push(ids[0])
                ids += self._matcher.forced()
            if all(map(self._append, ids)) and self._matcher.ended:
                self.finish("stop")
        except EngineError as error:
            self.finish("error", str(error))

    def finish(self, reason: str, error: str = "") -> None:
        """Ends the answer; the first reason stays."""
        if not self.finished:
            self.finished, self.finish_reason, self.error = True, reason, error

    def _draft_ahead(self) -> None:
        """Drafts the tokens after one that would be decoded alone."""
        if self._drafter is not None:
            most = self.max_new_tokens - self.num_generated - 1
            is_alone = self.num_pending == 1 and not self.finished
            self.draft = self._drafter.draft(self.ids, most) if is_alone else ()

    def _begin_with(self, token: int) -> None:
        """Takes one of the answer's given first tokens; it is among ``ids`` already."""
        try:
            self._matcher.push(token)
        except EngineError as error:
            rule = "be what the grammar allows"
            raise UsageError(fault("begun", rule, str(error), "Model.generation()")) from error
        self._hear(token)

    def _append(self, token: int) -> bool:
        """Takes one token; returns whether the answer goes on."""
        self.ids.append(token)
        self.num_pending += 1
        self.num_generated += 1
        if token == self._eos_id:
            self.finish("stop")
            return False
        self._hear(token)
        if self.num_generated >= self.max_new_tokens:
            # The grammar may end right here; then nothing was cut off.
            self.finish("stop" if self._matcher.ended else "length")
            return False
        return True

    def _hear(self, token: int) -> None:
        """Tells a token to all that follow the answer."""
        self._guard.push(token)
        if self._action_prior is not None:
            self._action_prior.push(token)
            if not self._action_prior.is_open:
                self._action_prior = None
        if self._words is not None:
            self._words.push(token)
            if token in self._marks:
                self._words = None  # a quote's words are checked by the grammar alone
        self.text += self._decoder.push(token)


def own_generation(generation: object, where: str) -> Generation:
    """The object that an engine was given, checked to be a generation.

    Raises:
        UsageError: It is not.
    """
    if not isinstance(generation, Generation):
        raise UsageError(fault("generation", "come from Model.generation()", generation, where))
    return generation
