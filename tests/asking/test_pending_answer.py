"""Promises of ``asking.pending_answer``: what is known of an answer while it is being written."""

from __future__ import annotations

import pytest
from minds import GRETA

from npcbrain.asking.answer_memo import AnswerMemo
from npcbrain.asking.pending_answer import LanguageThought, NpcRequest, Question
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.prompt import answer_grammar
from npcbrain.report import FrameReport
from npcbrain.scheduling.request import UNWRITTEN
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision, Event, Scene, Situation
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

STEP_NS = 1_000_000
TTL_NS = 10_000_000_000
ANSWER = " give\n loaf\n happy\n Here you are. Mind the step!"


class Writer:
    """One thought and the engine that writes it, a token at a time."""

    def __init__(
        self, answer: str = ANSWER, *, max_new_tokens: int = 64, failures: tuple[int, ...] = ()
    ) -> None:
        self.clock = ManualClock()
        engine = ScriptedEngine(self.clock, STEP_NS, num_segments=1, failures=failures)
        self.scheduler = Scheduler(engine, CostModel(), self.clock)
        event = Event("speech", "player", "Bread, please.")
        situation = Situation(GRETA.profile, Scene(), event, GRETA.actions)
        grammar = answer_grammar(GRETA.actions)
        question = Question(situation, False, grammar, 0)
        request = NpcRequest("greta", UNWRITTEN, 0, TTL_NS, 1.0, question=question)
        self.thought = LanguageThought(request, self.scheduler, self.clock, AnswerMemo(0))
        self.generation = ScriptedGeneration(answer, num_prompt=4, max_new_tokens=max_new_tokens)
        self.scheduler.take(request, self.generation)

    def write(self, num_tokens: int) -> LanguageThought:
        """Until the answer has so many tokens, or is over."""
        while self.generation.num_generated < num_tokens and not self.thought.done:
            deadline_ns = self.clock.now_ns() + STEP_NS * 3 // 2
            self.scheduler.run_frame(deadline_ns, FrameReport())
            self.thought.listen()
        return self.thought

    def end(self) -> LanguageThought:
        """Time runs out."""
        self.clock.advance_ns(TTL_NS)
        self.scheduler.run_frame(self.clock.now_ns() + STEP_NS, FrameReport())
        self.thought.listen()
        return self.thought


def test_nothing_is_chosen_before_the_last_argument_is_written() -> None:
    writer = Writer()
    assert writer.write(2).choice is None
    assert writer.write(3).choice == Decision("give", {"item": "loaf"})
    assert not writer.thought.done


def test_a_choice_has_no_words_and_stays_what_it_is() -> None:
    writer = Writer()
    choice = writer.write(3).choice
    thought = writer.write(99)
    assert thought.choice is choice
    assert thought.decision == Decision(
        "give", {"item": "loaf"}, "happy", "Here you are. Mind the step!"
    )
    assert thought.reason == ""


def test_time_that_runs_out_after_a_sentence_leaves_that_sentence() -> None:
    writer = Writer()
    assert writer.write(7).speech == "Here you are. Mind"
    thought = writer.end()
    assert thought.decision == Decision("give", {"item": "loaf"}, "happy", "Here you are.")
    assert (thought.reason, thought.speech) == ("expired", "Here you are.")


def test_time_that_runs_out_in_the_first_sentence_leaves_the_choice_alone() -> None:
    writer = Writer()
    writer.write(5)
    thought = writer.end()
    assert (thought.decision, thought.reason) == (None, "expired")
    assert thought.choice == Decision("give", {"item": "loaf"})


def test_time_that_runs_out_before_the_choice_leaves_nothing() -> None:
    writer = Writer()
    writer.write(2)
    thought = writer.end()
    assert (thought.choice, thought.decision, thought.reason) == (None, None, "expired")


def test_an_engine_that_fails_leaves_what_was_said() -> None:
    writer = Writer(failures=(10,))
    thought = writer.write(99)
    assert thought.decision is not None
    assert (thought.decision.say, thought.reason) == ("Here you are.", "engine_error")


@pytest.mark.parametrize(("max_new_tokens", "say"), [(7, "Here you are."), (4, None), (2, None)])
def test_an_answer_that_is_too_long_ends_at_a_sentence_or_is_refused(
    max_new_tokens: int, say: str | None
) -> None:
    thought = Writer(max_new_tokens=max_new_tokens).write(99)
    if say is None:
        assert (thought.decision, thought.reason) == (None, "refused")
        assert (thought.choice is None) is (max_new_tokens == 2)
    else:
        assert thought.decision is not None
        assert (thought.decision.say, thought.reason) == (say, "")


def test_who_drops_a_thought_keeps_the_choice() -> None:
    writer = Writer()
    thought = writer.write(3)
    thought.drop()
    assert (thought.done, thought.reason, thought.decision) == (True, "cancelled", None)
    assert thought.choice == Decision("give", {"item": "loaf"})
