"""Promises of ``npcbrain.asking.requester``: what is asked, when, and what becomes of it."""

from __future__ import annotations

import pytest
from minds import GRETA, ScriptedModel

from npcbrain.asking.no_mind import NoMind
from npcbrain.asking.pending_answer import LanguageThought
from npcbrain.asking.requester import LanguageMind
from npcbrain.errors import UsageError
from npcbrain.lm.marks import MEMORY
from npcbrain.npcs.contracts import Inquiry
from npcbrain.npcs.memory import Memory
from npcbrain.pricing.budget_history import MIN_FRAMES
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.prompt import answer_grammar
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Event, Scene, Situation
from npcbrain.testing import ManualClock, ScriptedEngine

STEP_NS = 1_000_000
BUDGET_NS = 4_000_000
FRAME_NS = 16_666_667


class Bench:
    """A mind, and frames for it to think in."""

    def __init__(
        self, model: ScriptedModel | None = None, seed: int = 0, memo: int = 0, **engine: object
    ) -> None:
        self.clock = ManualClock()
        self.model = ScriptedModel() if model is None else model
        self.engine = ScriptedEngine(self.clock, STEP_NS, **engine)  # type: ignore[arg-type]
        self.scheduler = Scheduler(self.engine, CostModel(), self.clock)
        self.mind = LanguageMind(
            self.model, self.scheduler, self.engine, self.clock, seed=seed, memo=memo
        )

    def ask(
        self,
        text: str = "Hi!",
        *,
        memory: Memory | None = None,
        name: str = "greta",
        ttl_ms: float = 5000.0,
        priority: float = 1.0,
    ) -> LanguageThought:
        event = Event("speech", "player", text)
        situation = Situation(GRETA.profile, Scene(), event, GRETA.actions, ("He paid.",))
        grammar = answer_grammar(GRETA.actions)
        return self.mind.ask(Inquiry(situation, memory, grammar, name, ttl_ms, priority))

    def frame(self, budget_ns: int = BUDGET_NS) -> FrameReport:
        report = FrameReport()
        started_ns = self.clock.now_ns()
        self.mind.prepare(started_ns + budget_ns)
        self.scheduler.run_frame(started_ns + budget_ns, report)
        self.clock.advance_ns(max(0, started_ns + FRAME_NS - self.clock.now_ns()))
        return report

    def finish(self, thought: LanguageThought) -> LanguageThought:
        for _ in range(1000):
            if thought.done:
                return thought
            self.frame()
            thought.listen()
        raise AssertionError("it never came")


def test_an_answer_becomes_a_decision() -> None:
    bench = Bench(ScriptedModel(" give\n loaf\n happy\n Here you are."))
    decision = bench.finish(bench.ask()).decision
    assert decision is not None
    assert (decision.action, decision.args) == ("give", {"item": "loaf"})
    assert (decision.emotion, decision.say) == ("happy", "Here you are.")


def test_asking_makes_no_prompt_before_there_is_room_for_it() -> None:
    bench = Bench()
    bench.ask()
    assert bench.model.news == []
    bench.frame(budget_ns=0)
    assert bench.model.news == []
    bench.frame()
    assert len(bench.model.news) == 1


def test_prompts_are_made_one_after_the_other_as_frames_have_room() -> None:
    bench = Bench(ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(1_500_000)))
    for index in range(6):
        bench.ask(name=f"npc {index}")
    made = []
    for _ in range(3):
        bench.frame()
        made.append(len(bench.model.news))
    assert made == [2, 4, 6]


def test_whoever_matters_more_gets_the_first_prompt() -> None:
    bench = Bench(ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(3_000_000)))
    bench.ask("Hi!")
    bench.ask("Fire!", priority=5.0)
    bench.frame()
    assert ["Fire!" in news for news in bench.model.news] == [True]


def test_a_crowd_that_asks_at_once_leaves_the_steps_their_time() -> None:
    bench = Bench(ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(1_500_000)))
    thoughts = [bench.ask(name=f"npc {index}", ttl_ms=60_000.0) for index in range(60)]
    reports = [bench.frame() for _ in range(60)]
    for thought in thoughts:
        thought.listen()
    assert sum(report.num_steps for report in reports) > 2 * len(reports)
    assert any(thought.decision for thought in thoughts)
    assert bench.scheduler.num_waiting <= bench.engine.num_slots


def test_whoever_is_far_behind_in_a_crowd_is_turned_away_without_a_prompt() -> None:
    bench = Bench(ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(1_500_000)))
    bench.scheduler.warm_up()  # on guesses nobody is turned away
    thoughts = [bench.ask(name=f"npc {index}", ttl_ms=2500.0) for index in range(200)]
    for _ in range(MIN_FRAMES + 1):
        bench.frame()
    for thought in thoughts:
        thought.listen()
    assert [thoughts[index].reason for index in (0, -1)] == ["", "would_exceed"]
    assert len(bench.model.news) <= 2 * bench.engine.num_slots


def test_without_a_limit_a_crowd_is_asked_at_once() -> None:
    bench = Bench()
    for index in range(30):
        bench.ask(name=f"npc {index}", ttl_ms=60_000.0)
    bench.frame(budget_ns=60_000_000_000)
    assert len(bench.model.news) == 30


def test_a_prompt_that_once_took_long_is_tried_again() -> None:
    delays = [50_000_000]
    bench = Bench(
        ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(delays.pop() if delays else 0))
    )
    bench.frame()
    bench.ask(name="slow")
    bench.frame()
    bench.ask(name="quick", ttl_ms=60_000.0)
    for _ in range(100):
        bench.frame()
    assert len(bench.model.news) == 2


def test_a_thought_that_found_no_room_expires() -> None:
    bench = Bench()
    thought = bench.ask(ttl_ms=100.0)
    for _ in range(7):
        bench.frame(budget_ns=0)
        thought.listen()
    assert (thought.done, thought.reason) == (True, "expired")
    bench.frame()
    assert bench.model.news == []


def test_a_dropped_thought_is_never_asked() -> None:
    bench = Bench()
    thought = bench.ask()
    thought.drop()
    bench.frame()
    assert (thought.reason, bench.model.news) == ("cancelled", [])


def test_dropping_a_thought_frees_its_slot() -> None:
    bench = Bench()
    thought = bench.ask()
    bench.frame()
    assert bench.scheduler.num_thinking == 1
    thought.drop()
    assert bench.scheduler.num_thinking == 0
    thought.listen()
    assert thought.reason == "cancelled"


def test_memories_are_told_as_they_were_when_asked() -> None:
    bench = Bench()
    memory = Memory()
    memory.add("He stole a spoon.")
    bench.ask(memory=memory)
    memory.add("He gave it back.")
    bench.frame()
    assert f"{MEMORY} He stole a spoon.\n" in bench.model.news[0]
    assert "gave it back" not in bench.model.news[0]


def test_a_model_is_told_no_more_memories_than_it_was_taught_to_read() -> None:
    model = ScriptedModel()
    model.memory_tokens = 8  # type: ignore[attr-defined]  # words, to this one
    bench, memory = Bench(model), Memory()
    for line in ("He stole a spoon.", "He gave back the spoon that he stole in the spring."):
        memory.add(line)
    bench.ask(memory=memory)
    bench.frame()
    assert f"{MEMORY} He stole a spoon.\n" in bench.model.news[0]
    assert "gave back" not in bench.model.news[0]


def test_without_a_memory_the_situations_own_lines_are_told() -> None:
    bench = Bench()
    bench.ask(memory=None)
    bench.frame()
    assert f"{MEMORY} He paid.\n" in bench.model.news[0]


def too_long(news: str) -> None:
    if MEMORY in news:
        raise UsageError("the prompt is too long")


def test_a_prompt_too_long_with_memories_is_asked_without() -> None:
    bench = Bench(ScriptedModel(on_ask=too_long))
    memory = Memory()
    memory.add("He stole a spoon.")
    decision = bench.finish(bench.ask(memory=memory)).decision
    assert decision is not None
    assert MEMORY not in bench.model.news[0]


def test_a_situation_given_with_its_memories_is_asked_as_it_is_or_not_at_all() -> None:
    bench = Bench(ScriptedModel(on_ask=too_long))
    thought = bench.ask(memory=None)
    with pytest.warns(RuntimeWarning):
        bench.finish(thought)
    assert (thought.reason, bench.model.news) == ("refused", [])


def test_what_cannot_be_asked_is_refused_and_said_once() -> None:
    def refuse(news: str) -> None:
        raise UsageError("the prompt is too long")

    bench = Bench(ScriptedModel(on_ask=refuse))
    with pytest.warns(RuntimeWarning) as caught:
        reasons = [bench.finish(bench.ask()).reason for _ in range(3)]
    assert reasons == ["refused"] * 3
    assert [str(warning.message) for warning in caught] == [
        "npc 'greta' cannot be asked: the prompt is too long"
    ]


def test_speech_cut_off_is_kept_to_its_last_sentence() -> None:
    bench = Bench(ScriptedModel(" say\n happy\n Well met. " + "and " * 90))
    decision = bench.finish(bench.ask()).decision
    assert decision is not None
    assert decision.say == "Well met."


def test_speech_cut_off_before_any_sentence_ends_is_refused() -> None:
    bench = Bench(ScriptedModel(" say\n happy\n Well " + "and " * 90))
    thought = bench.finish(bench.ask())
    assert (thought.reason, thought.decision) == ("refused", None)


def test_a_failing_step_is_an_engine_error() -> None:
    bench = Bench(failures=(0,))
    assert bench.finish(bench.ask()).reason == "engine_error"


def starve(bench: Bench) -> list[LanguageThought]:
    """Forty frames of a fifth of a step's price, with a question in each of the later ones."""
    for kind, segment, rows in bench.engine.probes():
        bench.scheduler.cost.observe(kind, segment, rows, 0, STEP_NS)
    thoughts = []
    for number in range(40):
        if number >= 20:
            thoughts.append(bench.ask(name=f"npc {number}"))
        bench.frame(budget_ns=STEP_NS // 5)
        for thought in thoughts:
            thought.listen()
    return thoughts


def test_a_budget_too_small_for_any_step_is_said_once_and_costs_no_prompt() -> None:
    bench = Bench()
    with pytest.warns(RuntimeWarning, match="budget_ms must leave room for one step") as caught:
        thoughts = starve(bench)
    assert {thought.reason for thought in thoughts} == {"no_budget"}
    assert len(caught) == 1
    assert bench.model.news == []


def test_a_larger_budget_lets_thoughts_through_again() -> None:
    bench = Bench()
    with pytest.warns(RuntimeWarning):
        starve(bench)
    bench.frame()
    assert bench.finish(bench.ask()).reason == ""


def test_the_same_question_has_the_same_seed_whoever_else_asks() -> None:
    alone, crowded = Bench(seed=3), Bench(seed=3)
    for _ in range(2):
        alone.finish(alone.ask())
        crowded.ask(name="tom")
        crowded.finish(crowded.ask())
    assert alone.model.seeds == crowded.model.seeds[1::2]


def test_each_question_has_a_seed_of_its_own() -> None:
    bench, other = Bench(seed=3), Bench(seed=4)
    for one in (bench, other):
        one.finish(one.ask())
        one.finish(one.ask())
        one.finish(one.ask(name="tom"))
    assert len({*bench.model.seeds, *other.model.seeds}) == 6


def test_no_mind_answers_at_once() -> None:
    situation = Situation(GRETA.profile, Scene(), Event("speech", "you", "Hi"), GRETA.actions)
    thought = NoMind().ask(Inquiry(situation, None, "", "greta", 1.0))
    assert (thought.done, thought.reason, thought.decision) == (True, "no_model", None)


def test_a_thought_has_one_request_from_asking_to_its_end() -> None:
    bench = Bench()
    thought = bench.ask(ttl_ms=5000.0, priority=2.0)
    request = thought.request
    seen = [request.state]
    while not thought.done:
        bench.frame()
        thought.listen()
        assert thought.request is request
        seen += [request.state] * (request.state is not seen[-1])
    assert seen == ["preparing", "thinking", "done"]
    assert (request.created_ns, request.deadline_ns, request.priority) == (0, 5_000_000_000, 2.0)


def test_the_time_that_a_prompt_takes_is_no_time_more_to_answer_in() -> None:
    bench = Bench(ScriptedModel(on_ask=lambda news: bench.clock.advance_ns(3_000_000)))
    bench.frame()
    asked_ns = bench.clock.now_ns()
    thought = bench.ask(ttl_ms=100.0)
    bench.frame()
    assert thought.request.state == "thinking"
    assert thought.request.deadline_ns == asked_ns + 100_000_000


def test_whoever_waited_long_for_a_prompt_is_no_younger_for_it() -> None:
    bench = Bench(num_slots=2)
    bench.ask(name="ann", ttl_ms=60_000.0)  # holds one slot
    bench.frame()
    first = bench.ask(ttl_ms=60_000.0)
    for _ in range(190):  # three seconds in which trees need all there is
        bench.frame(budget_ns=0)
    second = bench.ask(name="tom", ttl_ms=8_000.0)
    bench.frame()
    assert [first.request.state, second.request.state] == ["thinking", "waiting"]


def test_an_answer_that_is_known_ends_its_request_and_teaches_no_length() -> None:
    bench = Bench(memo=8)
    decision = bench.finish(bench.ask()).decision
    lengths = bench.scheduler.typical, bench.scheduler._forecast.typical_deed
    again = bench.ask()
    bench.frame()
    assert (again.request.state, bench.scheduler.num_thinking) == ("done", 0)
    assert bench.finish(again).decision == decision
    assert (bench.scheduler.typical, bench.scheduler._forecast.typical_deed) == lengths
    assert len(bench.model.news) == 1


def test_asking_counts_no_tokens_and_tells_what_was_remembered_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, memory, counted = Bench(), Memory(), list[str]()
    count = bench.model.tokenizer.count
    monkeypatch.setattr(
        bench.model.tokenizer, "count", lambda text: (counted.append(text), count(text))[1]
    )
    memory.add("The well is dry.")
    thought = bench.ask(memory=memory)
    assert not counted
    memory.add("It rains.")  # too late for this question, whenever its turn comes
    bench.frame()
    assert counted
    assert thought.request.question.situation.memory == ("The well is dry.",)
