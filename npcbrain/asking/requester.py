"""How a situation becomes a decision: ``LanguageMind`` asks the chooser, then the model.

Between the NPC, which knows no model, and the scheduler, which knows no NPC. Invariant:
asking never raises for anything a player can cause; what cannot be answered has a reason.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from npcbrain.asking.answer_memo import AnswerMemo
from npcbrain.asking.deliberation import Deliberation
from npcbrain.asking.models import ModelLike
from npcbrain.asking.pending_answer import (
    AnswerLike,
    LanguageThought,
    NpcRequest,
    Question,
    seed_of,
)
from npcbrain.asking.work_price import WorkPrices
from npcbrain.asking.writer import Writer, text_of
from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import EngineError, NpcBrainError
from npcbrain.npcs.contracts import Inquiry
from npcbrain.prompting.stock_lines import load as load_phrases
from npcbrain.reasons import Reason
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduling.request import UNWRITTEN
from npcbrain.scheduling.requests import rank
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["LanguageMind"]

EARLY_SHARE = 8  # of a frame, the part for prompts that wait behind a full house
BUSY_SHARE = 2  # of a frame, the part for choosing while answers are being written


class LanguageMind:
    """Asks the model through a scheduler.

    Asking takes microseconds. Making the prompt's tokens and the grammar's matcher takes tenths of
    a millisecond, and everybody may be asked in one frame, so ``prepare`` does it later, one after
    the other, when a frame has room for it, the most urgent first. Once as many wait as the engine
    has slots, the others get a small share of a frame: the steps must not starve for their sake.

    Attributes:
        writer: Begins answers.
    """

    __slots__ = (
        "_askers",
        "_clock",
        "_deliberation",
        "_engine",
        "_faults",
        "_has_refused",
        "_is_in_order",
        "_line",
        "_memo",
        "_num_asked",
        "_num_recalled",
        "_prices",
        "_scheduler",
        "_seed",
        "writer",
    )

    def __init__(
        self,
        model: ModelLike,
        scheduler: Scheduler,
        engine: EngineLike,
        clock: Clock,
        *,
        seed: int = 0,
        temperature: float = 0.0,
        top_p: float = 1.0,
        reader: bool = True,
        memo: int = 0,
        deliberation: Deliberation | None = None,
    ) -> None:
        self.writer = Writer(model, reader=reader, temperature=temperature, top_p=top_p)
        self._deliberation = deliberation  # chooses before the model speaks
        self._scheduler = scheduler
        self._engine = engine
        self._clock = clock
        self._seed = seed
        # With chance in play another seed is another answer, and each question has its own.
        self._memo = AnswerMemo(memo if temperature == 0.0 else 0)
        self._num_recalled = 0
        self._faults: tuple[str, ...] = ()
        self._askers: dict[str, None] = {}
        self._num_asked: dict[str, int] = {}
        self._line: list[NpcRequest] = []  # of those who are being prepared, or have ended there
        self._is_in_order = True  # the line, most urgent first
        self._prices = WorkPrices()
        self._has_refused = False
        load_phrases()

    def ask(self, inquiry: Inquiry) -> LanguageThought:
        """Begins a thought.

        The answer depends on the situation, the seed, the name and how often that name has asked,
        and on nothing else.
        """
        situation, memory, name = inquiry.situation, inquiry.memory, inquiry.name
        number = self._num_asked.get(name, 0)
        self._num_asked[name] = number + 1
        self._askers[name] = None
        question = Question(
            situation,
            memory is not None,
            inquiry.grammar,
            seed_of(self._seed, name, number),
            number,
            inquiry.lines,
        )
        now_ns = self._clock.now_ns()
        request = NpcRequest(
            name,
            UNWRITTEN,
            now_ns,
            now_ns + round(inquiry.ttl_ms * NS_PER_MS),
            inquiry.priority,
            extent=inquiry.extent,
            question=question,
        )
        if memory is not None:  # as it is now; what fits is picked when the request's turn comes
            most, count, entries = self.writer.memory_tokens, self.writer.count, tuple(memory)
            request.recall = partial(memory.select, most, count, among=entries)
        return self.ask_again(self.thought(request))

    def thought(self, request: NpcRequest) -> LanguageThought:
        """What reads the answer to a request."""
        return LanguageThought(request, self._scheduler, self._clock, self._memo)

    def ask_again(self, thought: LanguageThought) -> LanguageThought:
        """Puts a thought's request in line; one of a saved game, for instance."""
        self._line.append(thought.request)
        self._is_in_order = False
        return thought

    def prepare(self, deadline_ns: int) -> None:
        """Hands requests over to the scheduler, as many as fit until ``deadline_ns``.

        Where the model has a chooser, that comes first, for one request after the other; an answer
        that is a quote is then complete, and is never handed over.

        A prompt that is too long is made without memories, with less of what was said and at last
        of what is known; one that is too long even so fails with ``refused``. For one that cannot
        be answered in time none is made, see ``scheduling.verdicts``.
        """
        line, now_ns, scheduler = self._line, self._clock.now_ns(), self._scheduler
        granted_ns = deadline_ns - now_ns
        if not line:
            if self._deliberation is not None and self._deliberation.has_unread:
                self._deliberation.read(self._share(now_ns, deadline_ns), self._is_hurried)
            return
        if scheduler.verdicts.refuse(line, granted_ns):
            line.clear()
            return
        self._line_up(now_ns)
        num_slots = self._engine.num_slots
        share_ns = now_ns + granted_ns // EARLY_SHARE
        num_steps, num_in_line = self._num_choosing_steps, len(line)
        while line:
            request = line[0]
            if request.in_preparation and not self._has_chosen(request, deadline_ns, granted_ns):
                break
            if request.in_preparation:
                price, limit_ns = self._prices.prompt, deadline_ns
                if request.is_chosen_whole:
                    price = self._prices.quote
                elif scheduler.num_waiting >= num_slots:
                    limit_ns = share_ns
                now_ns = self._clock.now_ns()
                # A frame that has done nothing yet has no more to give than it has now.
                is_fresh = (self._num_choosing_steps, len(line)) == (num_steps, num_in_line)
                most_ns = limit_ns - now_ns if is_fresh and limit_ns == deadline_ns else granted_ns
                if not price.fits(now_ns, limit_ns, most_ns):
                    break
                self._begin(request, now_ns)
                price.learn(self._clock.now_ns() - now_ns)
            del line[0]
            if scheduler.interrupted:
                break

    @property
    def _num_choosing_steps(self) -> int:
        return 0 if self._deliberation is None else self._deliberation.num_steps

    @property
    def may_quote(self) -> bool:
        """Whether the model was taught marks: only then may a grammar offer quotes."""
        return self.writer.may_quote

    def num_tokens_left(self, situation: Situation) -> int | None:
        """What a prompt has left beside who is asked; None if the model does not tell."""
        return self.writer.num_tokens_left(situation)

    @property
    def num_queued(self) -> int:
        """Requests that are still to be prepared."""
        return len(self._line)

    def take_num_recalled(self) -> int:
        """Answers since the last call that were known already."""
        num_recalled, self._num_recalled = self._num_recalled, 0
        return num_recalled

    def take_faults(self) -> tuple[str, ...]:
        """What went wrong in choosing since the last call."""
        faults, self._faults = self._faults, ()
        return faults

    def tell_choosing(self, report: FrameReport) -> None:
        """Adds what the chooser's steps took since the last call."""
        if self._deliberation is not None:
            self._deliberation.tell(report)

    def take_askers(self) -> tuple[str, ...]:
        """Names of those who have asked since the last call, each once."""
        if not self._askers:
            return ()
        names = tuple(self._askers)
        self._askers.clear()
        return names

    def learn(self, situation: Situation, grammar: str) -> AnswerLike | None:
        """A short answer to nobody: running it leaves the prompt's prefix in the prefix cache."""
        if self._deliberation is not None:
            self._deliberation.read_soon(situation)
        return self.writer.learn(situation, grammar)

    def read_now(self) -> None:
        """Reads all the personas that wait to be read for the chooser, however long it takes."""
        if self._deliberation is not None:
            self._deliberation.read(self._clock.now_ns() + NO_LIMIT_NS)
            self._deliberation.skip_times()

    def choose_now(self, situation: Situation) -> Choice | None:
        """What the chooser chooses, however long it takes; None without one."""
        own = self._deliberation
        try:
            begun = own is not None and own.begin(situation)
            return own.run(self._clock.now_ns() + NO_LIMIT_NS) if own and begun else None
        except EngineError:
            return None
        finally:
            if own is not None:
                own.skip_times()

    def forget(self, name: str) -> None:
        """The NPC of that name is gone."""
        self._num_asked.pop(name, None)

    def forget_all(self) -> None:
        """Nobody has asked anything yet."""
        self._num_asked.clear()
        self._askers.clear()
        self._line.clear()

    def give_up(self) -> None:
        """Has nobody's choice half made: it is begun anew."""
        if self._deliberation is not None:
            self._deliberation.give_up()

    def _line_up(self, now_ns: int) -> None:
        """Puts the most urgent first, and turns away those at the end who would be too late."""
        line, scheduler, num_slots = self._line, self._scheduler, self._engine.num_slots
        if not self._is_in_order:
            self._is_in_order = True
            rank(line, now_ns)
        num_begun = scheduler.num_thinking + scheduler.num_waiting
        while len(line) > num_slots:
            last, num_ahead = line[-1], num_begun + len(line) - 1
            if last.in_preparation and not scheduler.verdicts.crowd_out(last, now_ns, num_ahead):
                break
            del line[-1]

    def _has_chosen(self, request: NpcRequest, deadline_ns: int, granted_ns: int) -> bool:
        """Goes on choosing for a request; False if that needs another frame."""
        deliberation, verdicts = self._deliberation, self._scheduler.verdicts
        if deliberation is None or request.chosen is not None or not request.may_choose:
            return True
        now_ns = self._clock.now_ns()
        if verdicts.expire(request, now_ns):
            deliberation.read_later(request.question.situation)
            return True
        if request.key is None:
            if not self._prices.recall.fits(now_ns, deadline_ns, deadline_ns - now_ns):
                return False
            request.remember()
            is_known = self._recall(request)
            self._prices.recall.learn(self._clock.now_ns() - now_ns)
            if is_known:
                return True
        try:
            if deliberation.begin(request.question.situation):
                share_ns = self._share(self._clock.now_ns(), deadline_ns)
                request.chosen = deliberation.run(deadline_ns, share_ns, self._is_hurried)
                if request.chosen is not None:
                    return True
                if not deliberation.has_declined:
                    if verdicts.refuse([request], granted_ns, deliberation.needed_ns):
                        deliberation.give_up()
                    elif deliberation.looks_ahead():
                        self._look_ahead(request, now_ns, granted_ns, deliberation)
                    return request.done
        except EngineError as error:
            self._faults += (str(error),)  # the model decides alone
        request.may_choose = False
        return True

    def _look_ahead(
        self, request: NpcRequest, now_ns: int, granted_ns: int, deliberation: Deliberation
    ) -> None:
        """Refuses what can be begun and never be ended, or not in time."""
        verdicts = self._scheduler.verdicts
        if verdicts.refuse([request], granted_ns, deliberation.largest_ns):
            deliberation.give_up()
        elif verdicts.is_too_much(request, now_ns, granted_ns, deliberation.least_ns):
            deliberation.read_later(request.question.situation)

    def _share(self, now_ns: int, deadline_ns: int) -> int:
        """Until when the chooser may run: while answers are being written, not all of a frame."""
        if not self._scheduler.num_thinking:
            return deadline_ns
        return now_ns + (deadline_ns - now_ns) // BUSY_SHARE

    def _is_hurried(self) -> bool:
        """Whether somebody waits for the frame to end."""
        return self._scheduler.interrupted

    def _recall(self, request: NpcRequest) -> bool:
        """Answers a request if the very same was answered before; returns whether it was."""
        if request.key is not None:
            return False
        if not self._memo.is_kept:
            request.key = b""  # no prompt need be made only to look for it
            return False
        question = request.question
        first = next(iter(self.writer.prompts(question)))
        request.key = self._memo.key_of(first, question.grammar)
        text = self._memo.find(request.key)
        if text is None:
            return False
        self._num_recalled += 1
        request.answer(text)
        return True

    def _begin(self, request: NpcRequest, now_ns: int) -> None:
        """Answers a request from what is known or chosen, or hands it over with its prompt."""
        scheduler, choice = self._scheduler, request.chosen
        if scheduler.verdicts.expire(request, now_ns):
            return
        request.remember()
        if self._recall(request):
            return
        if choice is not None and request.is_chosen_whole:
            text = text_of(request, choice)
            self._memo.keep(request.key or b"", text)
            request.answer(text)
            return
        try:
            generation = self.writer.begin(request)
        except NpcBrainError as error:
            scheduler.cancel(request, Reason.REFUSED)
            if not self._has_refused:  # once: the same cause returns with every event
                self._has_refused = True
                scheduler.tell(f"npc {request.name!r} cannot be asked: {error}")
            return
        scheduler.take(request, generation)
