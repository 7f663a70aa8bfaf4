"""A thought: a question put to the model, and what is read of its answer.

Its request is there from asking on, see ``scheduling.request``; who asks, prepares and writes is
the business of others. Invariant: a thought changes in ``listen`` and ``drop`` only, and once done
no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from npcbrain.asking.answer_memo import AnswerMemo
from npcbrain.clock import Clock
from npcbrain.engine.contract import GenerationLike
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.prompting.prompt import AnswerReader
from npcbrain.reasons import Reason
from npcbrain.scheduling.request import Extent, Request, State, Unwritten
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision, Exchange, Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["AnswerLike", "LanguageThought", "LostThought", "NpcRequest", "Question", "seed_of"]


class AnswerLike(GenerationLike, Protocol):
    """What a mind reads of an answer being written."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer depends on, but for how much of it is wanted.

    ``number``: how often that name has asked before; ``lines``: its own, by occasion.
    ``may_forget``: whether the memories were picked here, and may be left out for want of room. A
    situation given with its memories is asked as it is or not at all.
    """

    situation: Situation
    may_forget: bool
    grammar: str
    seed: int
    number: int = 0
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class NpcRequest(Request):
    """A request with what it takes to prepare it.

    Attributes:
        question: What is asked; before ``remember``, without what the asker remembers.
        recall: Tells what it remembered when it asked; None once that stands in the question.
        key: Of the same answer given before, once looked for; empty if none is to be kept.
        may_choose: Whether the chooser may choose, where the model has one.
        chosen: What it chose.
    """

    generation: AnswerLike
    question: Question = field(kw_only=True)
    recall: Callable[[], tuple[str | Exchange, ...]] | None = None
    key: bytes | None = None
    may_choose: bool = True
    chosen: Choice | None = None

    @property
    def is_chosen_whole(self) -> bool:
        """Whether what was chosen is an answer without a word of the model."""
        choice = self.chosen
        return choice is not None and (bool(choice.quote) or self.extent is Extent.DEED)

    def remember(self) -> None:
        """Completes the question. It counts tokens, so whoever asks in a tree leaves it for later.

        Some 30 us, and nothing the second time.
        """
        if self.recall is not None:
            situation = replace(self.question.situation, memory=self.recall())
            self.question = replace(self.question, situation=situation)
            self.recall = None

    def answer(self, text: str) -> None:
        """Its answer is known: no token need be computed, and nothing be learnt from it."""
        self.move(State.DONE)
        self.generation, self.decided, self.key = Unwritten(text), True, b""


class LostThought:
    """A thought that was over before it began."""

    __slots__ = ("choice", "decision", "done", "emotion", "reason", "speech")
    is_still = False

    def __init__(self, reason: str) -> None:
        self.choice: Decision | None = None
        self.done = True
        self.decision: Decision | None = None
        self.reason = reason
        self.speech = ""
        self.emotion = "neutral"

    def listen(self) -> None:
        """Nothing to hear."""

    def drop(self) -> None:
        """Nothing to drop."""


class LanguageThought:
    """An answer being written by the model; ``npcs.contracts.Thought`` names its attributes.

    Attributes:
        request: What becomes of the question.
    """

    __slots__ = (
        "_clock",
        "_memo",
        "_num_read",
        "_reader",
        "_scheduler",
        "choice",
        "decision",
        "done",
        "emotion",
        "reason",
        "request",
        "speech",
    )

    def __init__(
        self, request: NpcRequest, scheduler: Scheduler, clock: Clock, memo: AnswerMemo
    ) -> None:
        self.request = request
        self._scheduler = scheduler
        self._clock = clock
        self._memo = memo
        self._reader: AnswerReader | None = None  # once there is something to read
        self._num_read = -1
        self.choice: Decision | None = None
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"

    @property
    def generation(self) -> AnswerLike:
        """What writes it."""
        return self.request.generation

    @property
    def is_still(self) -> bool:
        """Whether it is being prepared, and has time."""
        request = self.request
        return request.in_preparation and self._clock.now_ns() < request.deadline_ns

    @property
    def num_tokens(self) -> int:
        """Answer tokens so far."""
        return self.generation.num_generated

    def resume(self, num_read: int) -> None:
        """Goes on with an answer of a saved game.

        Args:
            num_read: How many of its tokens had been read. What they say is known already, and is
                not heard again.
        """
        generation = self.generation
        self._num_read = num_read
        if generation.num_generated >= num_read:
            self._num_read = generation.num_generated
            self._read(generation.text)

    def listen(self) -> None:
        """Reads what is new, and whether the request is over. Microseconds."""
        request = self.request
        if self.done:
            return
        verdicts = self._scheduler.verdicts
        if request.in_preparation and not verdicts.expire(request, self._clock.now_ns()):
            return
        generation = request.generation
        was_in_time = self.choice is not None or not request.reason
        if generation.num_generated > self._num_read:
            self._num_read = generation.num_generated
            self._read(generation.text)
            if self.choice is None and was_in_time:
                self.choice = _choice(self._reader)
                if self.choice is not None:
                    self._scheduler.decided(request)
        if request.done:
            self._conclude()

    def _read(self, text: str) -> None:
        reader = self._reader
        if reader is None:
            question = self.request.question
            reader = AnswerReader(question.situation, question.number, question.lines)
            self._reader = reader
        reader.read(text)
        self.speech = reader.say
        self.emotion = reader.emotion or "neutral"

    def _conclude(self) -> None:
        """Takes the whole answer, or what was said of it when it was cut off."""
        request, generation = self.request, self.generation
        how = generation.finish_reason
        is_whole = how == "stop"
        reason = request.reason or (Reason.ENGINE_ERROR if how == "error" else "")
        if request.key and not reason and is_whole:
            self._memo.keep(request.key, generation.text)
        reader = self._reader
        decision = None
        if self.choice is not None and reader is not None:
            decision = reader.decision(whole=is_whole)
        if decision is None:
            self._end(reason or Reason.REFUSED)  # cut off before it chose
        elif request.extent is Extent.DEED and not reason:
            self._end(Reason.NO_WORDS)  # as it was asked to
        elif not decision.say and (reason or not is_whole or only_talks(decision)):
            self._end(reason or Reason.REFUSED)  # with nothing said
        else:
            self.decision, self.speech = decision, decision.say
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.done = True
        self.reason = reason

    def drop(self) -> None:
        """Cancels the request."""
        if not self.done:
            self._scheduler.cancel(self.request)
            self._end(Reason.CANCELLED)


def _choice(reader: AnswerReader | None) -> Decision | None:
    """What will be done, without the words that are still to come."""
    if reader is None or not reader.decided or reader.action is None:
        return None
    return Decision(reader.action, dict(reader.args))


def seed_of(seed: int, name: str, number: int) -> int:
    """The seed of somebody's question, by a runtime's and by how often it asked before."""
    digest = blake2b(f"{seed}\0{number}\0{name}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
