"""Thoughts in flight in a save: what was asked, and as tokens how far the answer was.

Keys and values of the model are not saved but computed again. Invariant: an answer goes on only if
its prompt is the same to the token; then the tokens that follow are those that would have followed,
and nothing that was heard before is heard again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from npcbrain.asking.pending_answer import LanguageThought, NpcRequest, Question
from npcbrain.npcs.inputs import MAX_IMPORTANCE, MIN_IMPORTANCE
from npcbrain.npcs.npc import Npc
from npcbrain.saves.reader import LONGEST, Reader
from npcbrain.saves.situations import ACTIONS, DECISION, EVENT, EXTENT, SCENE, TOLD
from npcbrain.scheduling.request import UNWRITTEN, Extent, State
from npcbrain.situation import MAX_LINES, Decision, Situation

__all__ = ["SavedRequest", "SavedThought", "ThoughtCapture", "capture_thought", "read_thought"]

MAX_TOKENS = 1 << 16  # of a prompt or an answer; far above any context
MAX_SEED = (1 << 64) - 1


class ThoughtCapture(NamedTuple):
    """A thought between two frames; all in it is immutable, or a copy."""

    question: Question
    priority: float
    extent: Extent
    asked_ns: int
    deadline_ns: int
    choice: Decision | None
    decision: Decision | None
    done: bool
    reason: str
    speech: str
    emotion: str
    request: tuple[int, bool, bool, list[int], int] | None
    now_ns: int

    def data(self) -> list[Any]:
        """As plain data."""
        question, situation = self.question, self.question.situation
        age_ns, left_ns = self.now_ns - self.asked_ns, self.deadline_ns - self.now_ns
        return [
            [
                EVENT.plain(situation.event),
                SCENE.plain(situation.scene),
                ACTIONS.plain(situation.actions),
                [TOLD.plain(told) for told in situation.memory],
                question.may_forget,
                self.priority,
                question.seed,
                question.number,
                EXTENT.plain(self.extent),
            ],
            age_ns,
            left_ns,
            DECISION.plain_optional(self.choice),
            DECISION.plain_optional(self.decision),
            self.done,
            self.reason,
            self.speech,
            self.emotion,
            None if self.request is None else self._request_data(*self.request, age_ns, left_ns),
        ]

    def _request_data(
        self,
        number: int,
        is_open: bool,
        decided: bool,
        ids: list[int],
        num_prompt: int,
        age_ns: int,
        left_ns: int,
    ) -> list[Any]:
        # Both times are the thought's; files of before have them here too.
        return [number, is_open, decided, age_ns, left_ns, ids[:num_prompt], ids[num_prompt:]]


def capture_thought(thought: LanguageThought, now_ns: int) -> ThoughtCapture:
    """A thought between two frames; what a worker has written is read first."""
    request, generation = thought.request, thought.generation
    if not request.in_preparation:  # else listening could but end it for its time, before its frame
        thought.listen()
    request.remember()
    taken = None
    if not (request.in_preparation or thought.done):
        taken = (
            request.number,
            request.state is State.THINKING,
            request.decided,
            [*getattr(generation, "ids", ())],  # a double may have none; then it is asked again
            int(getattr(generation, "num_prompt", 0)),
        )
    return ThoughtCapture(
        request.question,
        request.priority,
        request.extent,
        request.created_ns,
        request.deadline_ns,
        thought.choice,
        thought.decision,
        thought.done,
        thought.reason,
        thought.speech,
        thought.emotion,
        taken,
        now_ns,
    )


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """What became of a request that was prepared and lived.

    Attributes:
        number: Orders them.
        is_open: Whether it held a slot.
        decided: Whether its action was known.
        prompt: Tokens of the prompt.
        answer: Tokens of the answer so far.
    """

    number: int
    is_open: bool
    decided: bool
    prompt: list[int]
    answer: list[int]


@dataclass(frozen=True, slots=True)
class SavedThought:
    """A thought with its request; see ``LanguageThought`` and ``NpcRequest``.

    Attributes:
        situation: What was asked, but for who: that is the persona, which may have been edited.
        age_ns: Since it was asked.
        left_ns: Until its deadline.
        request: None if it was still being prepared, or had ended.
    """

    situation: dict[str, Any]
    may_forget: bool
    priority: float
    seed: int
    number: int
    extent: Extent
    age_ns: int
    left_ns: int
    choice: Decision | None
    decision: Decision | None
    done: bool
    reason: str
    speech: str
    emotion: str
    request: SavedRequest | None

    def again(self, npc: Npc) -> NpcRequest:
        """What was asked, to be put to the same person; its times are still to be told."""
        situation = Situation(npc.persona.profile, **self.situation)
        grammar = npc.grammar_of(situation.actions, self.extent)
        question = Question(
            situation, self.may_forget, grammar, self.seed, self.number, npc.persona.lines
        )
        return NpcRequest(
            npc.name, UNWRITTEN, 0, 0, self.priority, extent=self.extent, question=question
        )


def read_thought(reader: Reader) -> SavedThought:
    """The thought that ``ThoughtCapture.data`` made a list of."""
    asked, age, left, choice, decision, done, reason, speech, emotion, request = reader.items(10)
    event, scene, actions, memory, forget, priority, seed, number, extent = asked.items(9)
    told = memory.items()
    if len(told) > MAX_LINES:
        raise memory.wrong(f"hold at most {MAX_LINES} lines")
    return SavedThought(
        {
            "scene": SCENE.read(scene),
            "event": EVENT.read(event),
            "actions": ACTIONS.read(actions),
            "memory": tuple(TOLD.read(line) for line in told),
        },
        forget.flag(),
        priority.number(MIN_IMPORTANCE, MAX_IMPORTANCE),
        seed.whole(0, MAX_SEED),
        number.whole(),
        EXTENT.read(extent),
        age.whole(0, LONGEST),
        left.whole(-LONGEST, LONGEST),
        DECISION.read_optional(choice),
        DECISION.read_optional(decision),
        done.flag(),
        reason.text(),
        speech.text(),
        emotion.text(),
        _read_request(request) if request.optional() else None,
    )


def _read_request(reader: Reader) -> SavedRequest:
    number, is_open, decided, age, left, prompt, answer = reader.items(7)
    age.whole(0, LONGEST)  # as the thought's, but for the time that its prompt took to be made
    left.whole(-LONGEST, LONGEST)
    return SavedRequest(
        number.whole(),
        is_open.flag(),
        decided.flag(),
        _read_tokens(prompt),
        _read_tokens(answer),
    )


def _read_tokens(reader: Reader) -> list[int]:
    tokens = reader.items()
    if len(tokens) > MAX_TOKENS:
        raise reader.wrong(f"hold at most {MAX_TOKENS} tokens")
    return [token.whole(0, (1 << 31) - 1) for token in tokens]
