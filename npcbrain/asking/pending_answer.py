"""A thought: a question put to the model, and what becomes of it.

It reads an answer while it is being written; who asks, and when, is the mind's business.
Invariant: it changes in ``begin``, ``listen``, ``drop`` and ``fail`` only, and once done no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

from npcbrain.clock import Clock
from npcbrain.engine.contract import GenerationLike
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.prompting.prompt import AnswerReader
from npcbrain.reasons import Reason
from npcbrain.scheduling.scheduler import Extent, Request, Scheduler
from npcbrain.situation import Decision, Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["AnswerLike", "LanguageThought", "LostThought", "Question", "seed_of"]

Keep = Callable[[str], None]


class AnswerLike(GenerationLike, Protocol):
    """What a mind reads of an answer being written."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer depends on, and how much it matters.

    ``number``: how often that name has asked before; ``lines``: its own, by occasion.
    ``may_forget``: whether the memories were picked here, and may be left out for want of room. A
    situation given with its memories is asked as it is or not at all. ``extent``: how much of the
    answer must be there in time.
    """

    situation: Situation
    may_forget: bool
    grammar: str
    name: str
    priority: float
    seed: int
    number: int = 0
    extent: Extent = Extent.WHOLE
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)


class LostThought:
    """A thought that was over before it began."""

    __slots__ = ("choice", "decision", "done", "emotion", "reason", "speech")

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
    """An answer being written by the model; ``npcs.contracts.Thought`` names its attributes."""

    __slots__ = (
        "_clock",
        "_generation",
        "_keep",
        "_num_read",
        "_reader",
        "_request",
        "_scheduler",
        "asked_ns",
        "choice",
        "chosen",
        "deadline_ns",
        "decision",
        "done",
        "emotion",
        "key",
        "may_choose",
        "question",
        "reason",
        "speech",
    )

    def __init__(self, question: Question, scheduler: Scheduler, clock: Clock, ttl_ns: int) -> None:
        self.question = question
        self.asked_ns = clock.now_ns()
        self.deadline_ns = self.asked_ns + ttl_ns
        self._scheduler = scheduler
        self._clock = clock
        self._generation: AnswerLike | None = None
        self._request: Request | None = None
        self._keep: Keep | None = None
        self._reader = AnswerReader(question.situation, question.number, question.lines)
        self._num_read = -1
        self.key: bytes | None = None  # of the same answer given before, once looked for
        self.may_choose = True  # before the model speaks, where it has a chooser
        self.chosen: Choice | None = None
        self.choice: Decision | None = None
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"

    @property
    def generation(self) -> AnswerLike | None:
        """What writes it; None before its prompt is made."""
        return self._generation

    @property
    def request(self) -> Request | None:
        """Its request; None before its prompt is made."""
        return self._request

    @property
    def num_tokens(self) -> int:
        """Answer tokens so far."""
        return 0 if self._generation is None else self._generation.num_generated

    @property
    def is_chosen_whole(self) -> bool:
        """Whether what was chosen is an answer without a word of the model."""
        choice = self.chosen
        return choice is not None and (bool(choice.quote) or self.question.extent is Extent.DEED)

    def begin(self, generation: AnswerLike, ttl_ns: int, keep: Keep | None = None) -> None:
        """Hands the answer over to the scheduler.

        Args:
            generation: What writes it.
            ttl_ns: How long from now it is worth something.
            keep: Called with its text if the model ends it itself.
        """
        question = self.question
        self._generation = generation
        self._keep = keep
        self._request = self._scheduler.submit(
            generation,
            name=question.name,
            ttl_ns=ttl_ns,
            priority=question.priority,
            extent=question.extent,
        )

    def recall(self, text: str) -> None:
        """Takes a whole answer that was written to the same question before."""
        reader = self._reader
        reader.read(text)
        self.choice = _choice(reader)
        self.emotion = reader.emotion or "neutral"
        self._conclude("", "stop")

    def resume(self, generation: AnswerLike, request: Request, num_read: int) -> None:
        """Goes on with an answer of a saved game.

        Args:
            generation: What writes it again, from its first token on; mostly as far as it was.
            request: Its request.
            num_read: How many of its tokens had been read. What they say is known already, and is
                not heard again.
        """
        self._generation, self._request = generation, request
        self._num_read = num_read
        if generation.num_generated >= num_read:
            self._num_read = generation.num_generated
            self._read(generation.text)

    def fail(self, reason: str) -> None:
        """Ends without a decision."""
        self.done = True
        self.reason = reason

    def listen(self) -> None:
        """Reads what is new, and whether the request is over. Microseconds."""
        generation, request, reader = self._generation, self._request, self._reader
        if self.done:
            return
        if generation is None or request is None:
            if self._clock.now_ns() >= self.deadline_ns:
                self.fail(Reason.EXPIRED)
            return
        was_in_time = self.choice is not None or not request.reason
        if generation.num_generated > self._num_read:
            self._num_read = generation.num_generated
            self._read(generation.text)
            if self.choice is None and was_in_time:
                self.choice = _choice(reader)
                if self.choice is not None:
                    self._scheduler.decided(request)
        if request.done:
            how = generation.finish_reason
            if self._keep is not None and not request.reason and how == "stop":
                self._keep(generation.text)
            self._conclude(request.reason or (Reason.ENGINE_ERROR if how == "error" else ""), how)

    def _read(self, text: str) -> None:
        reader = self._reader
        reader.read(text)
        self.speech = reader.say
        self.emotion = reader.emotion or "neutral"

    def _conclude(self, reason: str, how: str) -> None:
        """Takes the whole answer, or what was said of it when it was cut off."""
        decision = None
        if self.choice is not None:
            decision = self._reader.decision(whole=how == "stop")
        if decision is None:
            self.fail(reason or Reason.REFUSED)  # cut off before it chose
        elif self.question.extent is Extent.DEED and not reason:
            self.fail(Reason.NO_WORDS)  # as it was asked to
        elif not decision.say and (reason or how != "stop" or only_talks(decision)):
            self.fail(reason or Reason.REFUSED)  # with nothing said
        else:
            self.done = True
            self.decision = decision
            self.reason = reason
            self.speech = decision.say

    def drop(self) -> None:
        """Cancels the request."""
        self._scheduler.before_change()  # a worker may be about to begin it
        if not self.done:
            if self._request is not None:
                self._scheduler.cancel(self._request)
            self.fail(Reason.CANCELLED)


def _choice(reader: AnswerReader) -> Decision | None:
    """What will be done, without the words that are still to come."""
    if not reader.decided or reader.action is None:
        return None
    return Decision(reader.action, dict(reader.args))


def seed_of(seed: int, name: str, number: int) -> int:
    """The seed of somebody's question, by a runtime's and by how often it asked before."""
    digest = blake2b(f"{seed}\0{number}\0{name}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
