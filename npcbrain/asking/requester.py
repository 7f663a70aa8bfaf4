"""How a situation becomes a decision: ``LanguageMind`` asks the chooser, then the model.

Between the NPC, which knows no model, and the scheduler, which knows no NPC. Invariant:
asking never raises for anything a player can cause; what cannot be answered has a reason.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from npcbrain.asking.answer_memo import AnswerMemo
from npcbrain.asking.deliberation import Deliberation
from npcbrain.asking.models import ModelLike
from npcbrain.asking.pending_answer import AnswerLike, LanguageThought, Question, seed_of
from npcbrain.asking.work_price import WorkPrices
from npcbrain.asking.writer import Writer, text_of
from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import EngineError, NpcBrainError
from npcbrain.npcs.contracts import Inquiry
from npcbrain.prompting.action_ranking import load_tables
from npcbrain.prompting.stock_lines import load as load_phrases
from npcbrain.reasons import Reason
from npcbrain.report import NO_LIMIT_NS
from npcbrain.scheduling.policy import least_ns, urgency_ns
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice

__all__ = ["LanguageMind"]

MEMORY_TOKENS = 80  # of a prompt; the model was taught with a few short lines
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
        "_memo",
        "_num_asked",
        "_num_recalled",
        "_prices",
        "_queue",
        "_scheduler",
        "_seed",
        "_told",
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
        self._queue: list[LanguageThought] = []
        self._is_in_order = True  # the queue, most urgent first
        self._prices = WorkPrices()
        self._has_refused = False
        self._told: LanguageThought | None = None  # who was told that the budget is too small
        load_tables()
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
        if memory is not None:
            told = memory.select(MEMORY_TOKENS, self.writer.count)
            situation = replace(situation, memory=told)
        question = Question(
            situation,
            memory is not None,
            inquiry.grammar,
            name,
            inquiry.priority,
            seed_of(self._seed, name, number),
            number,
            inquiry.extent,
            inquiry.lines,
        )
        ttl_ns = round(inquiry.ttl_ms * NS_PER_MS)
        return self.ask_again(LanguageThought(question, self._scheduler, self._clock, ttl_ns))

    def ask_again(self, thought: LanguageThought) -> LanguageThought:
        """Queues a thought whose prompt is to be made; one of a saved game, for instance."""
        self._queue.append(thought)
        self._is_in_order = False
        return thought

    def prepare(self, deadline_ns: int) -> None:
        """Hands thoughts over to the scheduler, as many as fit until ``deadline_ns``.

        Where the model has a chooser, that comes first, one thought after the other; an answer
        that is a quote is then complete, and is never handed over.

        A prompt that is too long is made without memories, with less of what was said and at last
        of what is known; one that is too long even so fails with ``refused``. One behind so many
        others that its answer would be late is not made at all: ``would_exceed``.
        """
        queue, now_ns = self._queue, self._clock.now_ns()
        granted_ns = deadline_ns - now_ns
        if not queue:
            if self._deliberation is not None and self._deliberation.has_unread:
                self._deliberation.read(self._share(now_ns, deadline_ns), self._is_hurried)
            return
        if self._is_hopeless(granted_ns):
            self._refuse_all(now_ns)
        self._line_up(now_ns)
        scheduler, num_slots = self._scheduler, self._engine.num_slots
        share_ns = now_ns + granted_ns // EARLY_SHARE
        num_steps, num_queued = self._num_choosing_steps, len(queue)
        while queue:
            thought = queue[0]
            if not thought.done and not self._has_chosen(thought, deadline_ns, granted_ns):
                break
            if not thought.done:
                price, limit_ns = self._prices.prompt, deadline_ns
                if thought.is_chosen_whole:
                    price = self._prices.quote
                elif scheduler.num_waiting >= num_slots:
                    limit_ns = share_ns
                now_ns = self._clock.now_ns()
                # A frame that has done nothing yet has no more to give than it has now.
                is_fresh = (self._num_choosing_steps, len(queue)) == (num_steps, num_queued)
                most_ns = limit_ns - now_ns if is_fresh and limit_ns == deadline_ns else granted_ns
                if not price.fits(now_ns, limit_ns, most_ns):
                    break
                self._begin(thought, now_ns)
                price.learn(self._clock.now_ns() - now_ns)
            del queue[0]
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
        """Thoughts whose prompts are still to be made."""
        return len(self._queue)

    def take_num_recalled(self) -> int:
        """Answers since the last call that were known already."""
        num_recalled, self._num_recalled = self._num_recalled, 0
        return num_recalled

    def take_faults(self) -> tuple[str, ...]:
        """What went wrong in choosing since the last call."""
        faults, self._faults = self._faults, ()
        return faults

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

    def choose_now(self, situation: Situation) -> Choice | None:
        """What the chooser chooses, however long it takes; None without one."""
        own = self._deliberation
        try:
            begun = own is not None and own.begin(situation)
            return own.run(self._clock.now_ns() + NO_LIMIT_NS) if own and begun else None
        except EngineError:
            return None

    def forget(self, name: str) -> None:
        """The NPC of that name is gone."""
        self._num_asked.pop(name, None)

    def forget_all(self) -> None:
        """Nobody has asked anything yet."""
        self._num_asked.clear()
        self._askers.clear()
        self._queue.clear()

    def give_up(self) -> None:
        """Has nobody's choice half made: it is begun anew."""
        if self._deliberation is not None:
            self._deliberation.give_up()

    def _is_hopeless(self, granted_ns: int) -> bool:
        """Whether no step fits any budget of late: what the scheduler calls ``no_budget``."""
        history, best_ns = self._scheduler.budget_history, self._scheduler.cost.best_ns
        most_ns = max(history.most_ns, granted_ns)
        return history.known and least_ns(self._engine, best_ns) > most_ns

    def _line_up(self, now_ns: int) -> None:
        """Puts the most urgent first, and turns away those at the end who would be too late."""
        queue, scheduler, num_slots = self._queue, self._scheduler, self._engine.num_slots
        if not self._is_in_order:
            self._is_in_order = True
            queue.sort(
                key=lambda thought: urgency_ns(
                    now_ns, thought.asked_ns, thought.deadline_ns, thought.question.priority
                )
            )
        num_begun = scheduler.num_thinking + scheduler.num_waiting
        while len(queue) > num_slots:
            thought = queue[-1]
            if not thought.done:
                if not scheduler.is_crowded_out(thought.deadline_ns, num_begun + len(queue) - 1):
                    break
                thought.fail(Reason.WOULD_EXCEED)
            del queue[-1]

    def _refuse_all(self, now_ns: int) -> None:
        """Fails the queue with ``no_budget``; a prompt nobody can afford to read is not made.

        But for the first: the scheduler refuses it in this frame and, once, says so aloud.
        """
        queue = self._queue
        if self._told is None or self._told.reason not in ("", Reason.NO_BUDGET):
            self._told = queue.pop(0)
            if not self._told.done:
                self._begin(self._told, now_ns)
        for thought in queue:
            if not thought.done:
                thought.fail(Reason.NO_BUDGET)
        queue.clear()

    def _has_chosen(self, thought: LanguageThought, deadline_ns: int, granted_ns: int) -> bool:
        """Goes on choosing for a thought; False if that needs another frame."""
        deliberation = self._deliberation
        if deliberation is None or thought.chosen is not None or not thought.may_choose:
            return True
        now_ns = self._clock.now_ns()
        if now_ns >= thought.deadline_ns:
            return True
        if thought.key is None:
            if not self._prices.recall.fits(now_ns, deadline_ns, deadline_ns - now_ns):
                return False
            is_known = self._recall(thought)
            self._prices.recall.learn(self._clock.now_ns() - now_ns)
            if is_known:
                return True
        try:
            if deliberation.begin(thought.question.situation):
                share_ns = self._share(self._clock.now_ns(), deadline_ns)
                thought.chosen = deliberation.run(deadline_ns, share_ns, self._is_hurried)
                if thought.chosen is not None:
                    return True
                if not deliberation.has_declined:
                    return self._is_given_up(thought, deliberation, granted_ns)
        except EngineError as error:
            self._faults += (str(error),)  # the model decides alone
        thought.may_choose = False
        return True

    def _is_given_up(
        self, thought: LanguageThought, deliberation: Deliberation, granted_ns: int
    ) -> bool:
        """Whether the chooser's next step fits no budget of late: then it fails at once."""
        scheduler, needed_ns = self._scheduler, deliberation.needed_ns
        history, cost = scheduler.budget_history, scheduler.cost
        most_ns = max(history.most_ns, granted_ns)
        if history.known and needed_ns(cost.best_ns) > most_ns:
            thought.fail(Reason.NO_BUDGET)
            scheduler.verdicts.notice.give(
                scheduler.tell, needed_ns(cost.price_ns), history.most_ns
            )
            deliberation.give_up()
        return thought.done

    def _share(self, now_ns: int, deadline_ns: int) -> int:
        """Until when the chooser may run: while answers are being written, not all of a frame."""
        if not self._scheduler.num_thinking:
            return deadline_ns
        return now_ns + (deadline_ns - now_ns) // BUSY_SHARE

    def _is_hurried(self) -> bool:
        """Whether somebody waits for the frame to end."""
        return self._scheduler.interrupted

    def _recall(self, thought: LanguageThought) -> bool:
        """Whether the very same was answered before; the thought is done then."""
        if thought.key is not None:
            return False
        if not self._memo.is_kept:
            thought.key = b""  # no prompt need be made only to look for it
            return False
        question = thought.question
        first = next(iter(self.writer.prompts(question)))
        thought.key = self._memo.key_of(first, question.grammar)
        text = self._memo.find(thought.key)
        if text is None:
            return False
        self._num_recalled += 1
        thought.recall(text)
        return True

    def _begin(self, thought: LanguageThought, now_ns: int) -> None:
        ttl_ns = thought.deadline_ns - now_ns
        if ttl_ns <= 0:
            thought.fail(Reason.EXPIRED)
            return
        if self._recall(thought):
            return
        question, choice = thought.question, thought.chosen
        keep = partial(self._memo.keep, thought.key or b"")
        if choice is not None and thought.is_chosen_whole:
            text = text_of(choice, question)
            keep(text)
            thought.recall(text)
            return
        try:
            generation = self.writer.begin(question, choice)
        except NpcBrainError as error:
            thought.fail(Reason.REFUSED)
            if not self._has_refused:  # once: the same cause returns with every event
                self._has_refused = True
                message = f"npc {question.name!r} cannot be asked: {error}"
                self._scheduler.tell(message)
            return
        thought.begin(generation, ttl_ns, keep)
