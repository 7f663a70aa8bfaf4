"""Has thoughts of a save go on: asks again, and computes again what had been computed.

It runs the engine outside of frames, on a loading screen: some hundred milliseconds for each answer
that was being written. Invariant: whatever a save holds, no request is lost or leaves a slot held:
one that cannot go on is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.asking.pending_answer import AnswerLike, LanguageThought
from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import PlayClock
from npcbrain.engine.contract import EngineLike, WaveLike
from npcbrain.errors import EngineError, NpcBrainError
from npcbrain.lm.generation import Generation
from npcbrain.npcs.npc import Npc
from npcbrain.saves.flight import SavedRequest, SavedThought
from npcbrain.scheduling.request import Request, State
from npcbrain.scheduling.scheduler import Scheduler

__all__ = ["Resuming"]

Asked = tuple[Npc, SavedThought, SavedRequest, AnswerLike]


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
        asked: list[Asked] = []
        for npc, one in saved:
            if one.request is not None and not one.done:
                generation = self._generation(npc, one, one.request)
                if generation is not None:
                    asked.append((npc, one, one.request, generation))
        asked.sort(key=lambda item: item[2].number)
        found = [(self._catch_up(npc, request, one), npc) for npc, _, request, one in asked]
        # Only now: what was computed again is no time that anybody waited.
        now_ns = self._play.now_ns()
        thoughts: dict[Npc, LanguageThought] = {}
        for (state, _), (npc, one, request, generation) in zip(found, asked, strict=True):
            if state is State.FAILED:
                continue
            thought = thoughts[npc] = self._thought(npc, one, now_ns)
            live = self._request(npc, one, request, generation, state, now_ns)
            thought.resume(generation, live, len(request.answer))
        for npc, one in saved:
            if one.done:
                thoughts[npc] = self._thought(npc, one, now_ns)
            elif one.request is None:
                thoughts[npc] = self._mind.ask_again(self._thought(npc, one, now_ns))
        self.num_resumed = len(thoughts)
        return thoughts

    def _thought(self, npc: Npc, one: SavedThought, now_ns: int) -> LanguageThought:
        thought = LanguageThought(one.question(npc), self._scheduler, self._play, one.left_ns)
        thought.asked_ns = now_ns - one.age_ns
        thought.deadline_ns = now_ns + one.left_ns
        thought.choice, thought.decision = one.choice, one.decision
        thought.done, thought.reason = one.done, one.reason
        thought.speech, thought.emotion = one.speech, one.emotion
        return thought

    def _generation(self, npc: Npc, one: SavedThought, request: SavedRequest) -> AnswerLike | None:
        """The same answer, to be written again; None, with a note, if it would be another."""
        question = one.question(npc)
        # The same choice as then: it depends on the situation alone. But the model was left alone
        # with it where the chooser had failed.
        choice = self._mind.choose_now(question.situation)
        for chosen in (choice, None) if choice is not None else (None,):
            try:
                generation = self._mind.writer.begin(question, chosen)
            except NpcBrainError:
                continue
            if getattr(generation, "ids", None) in (None, request.prompt):
                if isinstance(generation, Generation):
                    generation.rehearse(request.answer)
                return generation
        self._lost(npc, "its persona has changed")
        return None

    def _catch_up(self, npc: Npc, request: SavedRequest, generation: AnswerLike) -> State:
        """Has an answer hold a slot again, with all that was written of it.

        Returns:
            THINKING if it does; WAITING if it waits for a slot, as before or for want of one; DONE
            if it came to its end; FAILED, with a note, if it cannot go on.
        """
        if not isinstance(generation, Generation) or not request.is_open:
            return State.WAITING
        known = request.answer
        if any(token >= self._num_tokens for token in known):
            return self._lost(npc, "its answer has tokens that there are not")
        if not self._engine.open(generation):
            return State.WAITING
        try:
            while generation.num_generated < len(known) and not generation.finished:
                self._run(self._started(generation))
        except EngineError:
            self._engine.close(generation)
            return self._lost(npc, "the model failed")
        num_prompt = generation.num_prompt
        if generation.ids[num_prompt : num_prompt + len(known)] != known:
            self._engine.close(generation)
            return self._lost(npc, "what was written is no legal answer")
        if not generation.finished:
            return State.THINKING
        self._engine.close(generation)
        return State.DONE

    def _lost(self, npc: Npc, why: str) -> State:
        self.notes.append(f"npc {npc.name!r} is asked again: {why}")
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

    def _request(
        self,
        npc: Npc,
        one: SavedThought,
        request: SavedRequest,
        generation: AnswerLike,
        state: State,
        now_ns: int,
    ) -> Request:
        created_ns, deadline_ns = now_ns - request.age_ns, now_ns + request.left_ns
        if state is State.DONE:  # its last token came with those that were known
            return Request(
                npc.name,
                generation,
                created_ns,
                deadline_ns,
                one.priority,
                request.number,
                one.extent,
                decided=request.decided,
                state=state,
            )
        live = self._scheduler.submit(
            generation,
            name=npc.name,
            ttl_ns=max(0, request.left_ns),
            priority=one.priority,
            extent=one.extent,
        )
        live.created_ns, live.deadline_ns, live.decided = created_ns, deadline_ns, request.decided
        if state is State.THINKING:
            self._scheduler.resume(live)
        return live
