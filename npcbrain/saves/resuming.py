"""Has thoughts of a save go on: asks again, and computes again what had been computed.

It runs the engine outside of frames, on a loading screen: some hundred milliseconds for each answer
that was being written. Invariant: whatever a save holds, no request is lost or leaves a slot held:
one that cannot go on is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from npcbrain.asking.pending_answer import AnswerLike, LanguageThought, NpcRequest
from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import PlayClock
from npcbrain.engine.contract import EngineLike, WaveLike
from npcbrain.errors import EngineError, NpcBrainError
from npcbrain.lm.generation import Generation
from npcbrain.npcs.npc import Npc
from npcbrain.saves.flight import SavedRequest, SavedThought
from npcbrain.scheduling.request import State
from npcbrain.scheduling.scheduler import Scheduler

__all__ = ["Resuming"]


class Resuming:
    """Goes on with the thoughts of one save.

    Attributes:
        notes: What could not go on, and why.
        num_resumed: Thoughts that go on.
    """

    def __init__(
        self,
        mind: LanguageMind,
        scheduler: Scheduler,
        engine: EngineLike,
        play: PlayClock,
        num_tokens: int,
    ) -> None:
        """Changes nothing yet.

        Args:
            mind: Makes the prompts again.
            scheduler: Takes the requests on.
            engine: Computes again what was computed.
            play: The time that players feel.
            num_tokens: That the model has.
        """
        self._num_tokens = num_tokens
        self._mind = mind
        self._scheduler = scheduler
        self._engine = engine
        self._play = play
        self.notes: list[str] = []
        self.num_resumed = 0

    def go_on(self, saved: Sequence[tuple[Npc, SavedThought]]) -> dict[Npc, LanguageThought]:
        """The thoughts that go on, by who has them."""
        asked: list[_Asked] = []
        for npc, one in saved:
            if one.request is not None and not one.done:
                request = one.again(npc)
                generation = self._generation(request, one.request)
                if generation is not None:
                    asked.append(_Asked(npc, one, one.request, request, generation))
        asked.sort(key=lambda each: each.known.number)
        found = [self._catch_up(each) for each in asked]
        # Only now: what was computed again is no time that anybody waited.
        now_ns = self._play.now_ns()
        thoughts: dict[Npc, LanguageThought] = {}
        for state, (npc, one, known, request, generation) in zip(found, asked, strict=True):
            if state is State.FAILED:
                continue
            thought = thoughts[npc] = self._thought(one, request, now_ns)
            self._hand_over(request, generation, known, state)
            thought.resume(len(known.answer))
        for npc, one in saved:
            if one.done:
                thoughts[npc] = self._ended(one, one.again(npc), now_ns)
            elif one.request is None:
                thoughts[npc] = self._mind.ask_again(self._thought(one, one.again(npc), now_ns))
        self.num_resumed = len(thoughts)
        return thoughts

    def _thought(self, one: SavedThought, request: NpcRequest, now_ns: int) -> LanguageThought:
        request.created_ns, request.deadline_ns = now_ns - one.age_ns, now_ns + one.left_ns
        thought = self._mind.thought(request)
        thought.choice, thought.decision = one.choice, one.decision
        thought.speech, thought.emotion = one.speech, one.emotion
        return thought

    def _ended(self, one: SavedThought, request: NpcRequest, now_ns: int) -> LanguageThought:
        """A thought that was over, and that its NPC has not heard the end of."""
        if one.reason:
            request.fail(one.reason)
        else:
            request.move(State.DONE)
        thought = self._thought(one, request, now_ns)
        thought.done, thought.reason = True, one.reason
        return thought

    def _generation(self, request: NpcRequest, known: SavedRequest) -> AnswerLike | None:
        """The same answer, to be written again; None, with a note, if it would be another."""
        # The same choice as then: it depends on the situation alone. But the model was left alone
        # with it where the chooser had failed.
        choice = self._mind.choose_now(request.question.situation)
        for chosen in (choice, None) if choice is not None else (None,):
            request.chosen = chosen
            try:
                generation = self._mind.writer.begin(request)
            except NpcBrainError:
                continue
            if getattr(generation, "ids", None) in (None, known.prompt):
                if isinstance(generation, Generation):
                    generation.rehearse(known.answer)
                return generation
        self._lost(request, "its persona has changed")
        return None

    def _catch_up(self, asked: _Asked) -> State:
        """Has an answer hold a slot again, with all that was written of it.

        Returns:
            THINKING if it does; WAITING if it waits for a slot, as before or for want of one; DONE
            if it came to its end; FAILED, with a note, if it cannot go on.
        """
        request, generation, known = asked.request, asked.generation, asked.known.answer
        if not isinstance(generation, Generation) or not asked.known.is_open:
            return State.WAITING
        if any(token >= self._num_tokens for token in known):
            return self._lost(request, "its answer has tokens that there are not")
        if not self._engine.open(generation):
            return State.WAITING
        try:
            while generation.num_generated < len(known) and not generation.finished:
                self._run(self._started(generation))
        except EngineError:
            self._engine.close(generation)
            return self._lost(request, "the model failed")
        num_prompt = generation.num_prompt
        if generation.ids[num_prompt : num_prompt + len(known)] != known:
            self._engine.close(generation)
            return self._lost(request, "what was written is no legal answer")
        if not generation.finished:
            return State.THINKING
        self._engine.close(generation)
        return State.DONE

    def _lost(self, request: NpcRequest, why: str) -> State:
        self.notes.append(f"npc {request.name!r} is asked again: {why}")
        return State.FAILED

    def _started(self, generation: AnswerLike) -> WaveLike:
        engine = self._engine
        if generation.num_to_copy:
            return engine.start_copy(generation)
        if generation.draft:
            return engine.start_verify(generation)
        if generation.num_pending > 1:
            return engine.start_prefill(generation, max(engine.chunk_sizes))
        return engine.start_decode([generation])

    def _run(self, wave: WaveLike) -> None:
        while wave in self._engine.waves:
            self._engine.run(wave)

    def _hand_over(
        self, request: NpcRequest, generation: AnswerLike, known: SavedRequest, state: State
    ) -> None:
        """Has a request be in the state that its answer has come to."""
        request.decided = known.decided
        if state is State.DONE:  # its last token came with those that were known
            request.generation = generation
            request.move(State.DONE)
            return
        self._scheduler.take(request, generation)
        if state is State.THINKING:
            self._scheduler.resume(request)


class _Asked(NamedTuple):
    """A request that was prepared, and is again."""

    npc: Npc
    one: SavedThought
    known: SavedRequest
    request: NpcRequest
    generation: AnswerLike
