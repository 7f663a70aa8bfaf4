"""Promises of ``npcbrain.runtime``, with a scripted engine under a clock driven by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from minds import GRETA, ScriptedModel

from npcbrain.errors import TreeError, UsageError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Concurrent, Node, Selector, Sequence, Status, Succeed, Task

TINY = Path(__file__).parents[1] / "models" / "tiny"
FRAME_NS = 16_666_667
STEP_NS = 1_000_000
MIND = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


class Game:
    """A runtime with one NPC, and frames of 16.67 ms."""

    def __init__(self, root: Node = MIND, answer: str = " say\n happy\n Well met.") -> None:
        self.clock = ManualClock()
        self.model = ScriptedModel(answer)
        self.engine = ScriptedEngine(self.clock, STEP_NS)
        self.runtime = Runtime(self.model, clock=self.clock, engine=self.engine)
        self.npc = self.runtime.add_npc("greta", persona=GRETA, tree=root)

    def frame(self, budget_ms: float = 4.0) -> FrameReport:
        started_ns = self.clock.now_ns()
        report = self.runtime.update(budget_ms)
        self.clock.advance_ns(max(0, started_ns + FRAME_NS - self.clock.now_ns()))
        return report

    def frames_until(self, over: Callable[[], bool]) -> list[FrameReport]:
        reports = []
        while not over():
            assert len(reports) < 1000, "it never came"
            reports.append(self.frame())
        return reports


@pytest.fixture
def game() -> Game:
    return Game()


def test_a_question_is_answered_over_frames_that_keep_to_their_budget(game: Game) -> None:
    game.npc.hear("Good day!")
    reports = game.frames_until(lambda: game.npc.event is None)
    assert game.npc.decision == Decision("say", emotion="happy", say="Well met.")
    assert len(reports) > 2
    assert max(report.over_budget_ns for report in reports) == 0
    assert 1 < max(report.num_steps for report in reports) <= 4


def test_what_landing_answers_took_of_late_is_kept_from_the_steps() -> None:
    def most_steps(landing_ns: int) -> int:
        clock = ManualClock()

        def check(npc: Npc, line: str) -> bool:  # called when an answer lands
            clock.advance_ns(landing_ns)
            return True

        engine = ScriptedEngine(clock, STEP_NS // 2)
        runtime = Runtime(ScriptedModel(), clock=clock, engine=engine, line_filter=check)
        runtime.on_action("give", lambda npc, item: True)
        npc = runtime.add_npc("greta", persona=GRETA, tree=MIND)
        for _ in range(2):
            npc.hear("Good day!")
            most = 0
            while npc.event is not None:
                most = max(most, runtime.update(4.0).num_steps)
                clock.advance_ns(FRAME_NS)
        return most

    # An eighth of 4 ms is a step of half a millisecond.
    assert most_steps(landing_ns=2_000_000) == most_steps(landing_ns=0) - 1


def test_a_decision_lands_at_the_end_of_one_frame_and_is_acted_on_in_the_next(game: Game) -> None:
    game.npc.hear("Good day!")
    reports = game.frames_until(lambda: bool(game.npc.speech) and not game.npc.thinking)
    assert [name for name, _ in reports[-1].decisions] == ["greta"]
    assert game.npc.event is not None
    game.frame()
    assert game.npc.event is None


def test_speech_grows_word_by_word(game: Game) -> None:
    game.npc.hear("Good day!")
    heard = []
    while game.npc.event is not None:
        game.frame(3.0)
        heard.append(game.npc.speech)
    assert list(dict.fromkeys(heard)) == ["", "Well", "Well met."]


def test_an_action_is_performed_by_the_games_handler() -> None:
    game = Game(answer=" give\n loaf\n happy\n Here you are.")
    given: list[tuple[str, str]] = []
    game.runtime.on_action("give", lambda npc, item: given.append((npc.name, item)))
    game.npc.hear("Bread, please.")
    game.frames_until(lambda: game.npc.event is None)
    assert given == [("greta", "loaf")]


@pytest.mark.parametrize("budget_ms", [0, 0.0, -5.0, -math.inf])
def test_without_a_budget_trees_run_and_the_model_does_not(game: Game, budget_ms: float) -> None:
    game.npc.hear("Good day!")
    for _ in range(20):
        assert game.frame(budget_ms).num_steps == 0
    assert game.npc.thinking


def test_a_paused_game_costs_nobody_an_answer_that_is_still_wanted(game: Game) -> None:
    game.npc.hear("Good day!")
    for _ in range(60):
        game.frame(0)
    game.frames_until(lambda: game.npc.event is None)
    assert game.npc.decision is not None
    assert game.npc.decision.source == "model"


@pytest.mark.parametrize(("budget_ms", "granted_ns"), [(10**400, 1 << 62), (-(10**400), 0)])
def test_a_number_beyond_a_float_is_a_budget_too(
    game: Game, budget_ms: int, granted_ns: int
) -> None:
    assert game.frame(budget_ms).budget_ns == granted_ns


def test_without_a_limit_everything_is_answered_in_one_frame(game: Game) -> None:
    game.npc.hear("Good day!")
    report = game.frame(math.inf)
    assert [decision.say for _, decision in report.decisions] == ["Well met."]


def test_the_trees_time_counts_against_the_budget() -> None:
    def dawdle(npc: Npc) -> None:
        game.clock.advance_ns(2_500_000)

    game = Game(Concurrent(MIND, Task("dawdle", dawdle)))
    game.npc.hear("Good day!")
    reports = game.frames_until(lambda: game.npc.event is None)
    assert {report.trees_ns for report in reports} == {2_500_000}
    assert max(report.num_steps for report in reports) == 1


def test_an_answer_that_would_come_too_late_is_the_trees() -> None:
    game = Game(Selector(Sequence(Heard(), Decide(ttl_ms=1), Act()), CannedReply()))
    game.npc.hear("Good day!")
    reports = game.frames_until(lambda: game.npc.event is None)
    assert game.npc.decision is not None
    assert game.npc.decision.source == "tree"
    assert game.npc.decision.reason in ("would_exceed", "expired")
    assert [pair for report in reports for pair in report.fallbacks] == [
        ("greta", game.npc.decision.reason)
    ]


def test_without_a_model_the_tree_answers_in_the_same_frame() -> None:
    runtime = Runtime(None)
    npc = runtime.add_npc("greta", persona=GRETA, tree=MIND)
    npc.hear("Good day!")
    report = runtime.update(4.0)
    reply = Decision("say", say="Mind the oven!", source="tree", reason="no_model")
    assert report.decisions == [("greta", reply)]
    assert report.fallbacks == [("greta", "no_model")]


def test_frames_are_counted_from_0(game: Game) -> None:
    assert [game.frame().frame for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("budget_ms", ["4", True, [4], 4j])
def test_a_budget_must_be_a_number(game: Game, budget_ms: Any) -> None:
    with pytest.raises(UsageError) as caught:
        game.runtime.update(budget_ms)
    assert str(caught.value) == (
        f"budget_ms must be a number, got {budget_ms!r} - at Runtime.update(); "
        "pass milliseconds, such as 4.0"
    )
    assert game.frame().frame == 0


def test_a_budget_that_is_not_a_number_is_refused(game: Game) -> None:
    with pytest.raises(UsageError, match=r"^budget_ms must not be NaN, got nan"):
        game.runtime.update(math.nan)


def test_an_update_in_an_update_is_refused() -> None:
    game = Game(Task("again", lambda npc: game.runtime.update(4.0) and None))
    with pytest.raises(TreeError) as caught:
        game.frame()
    assert str(caught.value.__cause__) == (
        "update must not be called in an update, got None - at Runtime.update(); "
        "a handler must not call it; the game loop does"
    )


def test_an_npc_added_by_a_tree_joins_with_the_next_frame() -> None:
    ticked: list[str] = []

    def spawn(npc: Npc) -> None:
        ticked.append(npc.name)
        if "child" not in game.runtime.npcs:
            game.runtime.add_npc("child", persona=GRETA, tree=Task("spawn", spawn))

    game = Game(Task("spawn", spawn))
    game.frame()
    assert ticked == ["greta"]
    game.frame()
    assert ticked == ["greta", "greta", "child"]


def test_an_npc_removed_by_a_tree_is_ticked_no_more_and_halted() -> None:
    events: list[str] = []

    def work(npc: Npc) -> Status:
        events.append(f"{npc.name} works")
        return Status.RUNNING

    def banish(npc: Npc) -> None:
        if "victim" in game.runtime.npcs:
            game.runtime.remove_npc("victim")

    game = Game(Task("wait", lambda npc: None))
    root = Task("work", work, lambda npc: events.append(f"{npc.name} stops"))
    game.runtime.add_npc("victim", persona=GRETA, tree=root)
    game.frame()
    game.runtime.remove_npc("greta")
    game.runtime.add_npc("king", persona=GRETA, tree=Task("banish", banish))
    game.frame()
    game.frame()
    assert events == ["victim works", "victim works", "victim stops"]
    assert list(game.runtime.npcs) == ["king"]


def test_an_npc_may_remove_itself() -> None:
    game = Game(Task("leave", lambda npc: game.runtime.remove_npc(npc.name)))
    game.frame()
    game.frame()
    assert dict(game.runtime.npcs) == {}


def test_removing_an_npc_drops_its_thought(game: Game) -> None:
    game.npc.hear("Good day!")
    game.frame()
    game.runtime.remove_npc("greta")
    assert game.frame().num_thinking == 0


def test_an_error_of_the_game_is_raised_with_the_npc_and_the_frame() -> None:
    falls = [ZeroDivisionError()]

    def stumble(npc: Npc) -> None:
        if falls:
            raise falls.pop()

    game = Game(Task("stumble", stumble))
    with pytest.raises(TreeError) as caught:
        game.frame()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__notes__ == ["in the tree of npc 'greta', frame 0"]


def test_after_an_error_the_game_goes_on() -> None:
    falls = [ZeroDivisionError()]

    def stumble(npc: Npc) -> None:
        if falls:
            raise falls.pop()

    game = Game(Concurrent(MIND, Task("stumble", stumble)))
    game.npc.hear("Good day!")
    with pytest.raises(TreeError):
        game.frame()
    game.clock.advance_ns(FRAME_NS)
    game.frames_until(lambda: game.npc.event is None)
    assert game.npc.speech == "Well met."


def test_an_error_in_one_tree_costs_nobody_else_the_frame() -> None:
    def stumble(npc: Npc) -> None:
        raise ZeroDivisionError

    game = Game(Task("stumble", stumble))
    other = game.runtime.add_npc("tom", persona=GRETA, tree=MIND)
    game.runtime.add_npc("ann", persona=GRETA, tree=Task("stumble", stumble))
    other.hear("Good day!")
    for _ in range(100):
        with pytest.raises(TreeError) as caught:
            game.frame()
        game.clock.advance_ns(FRAME_NS)
    assert other.speech == "Well met."
    first, second = caught.value.__notes__
    assert first == "in the tree of npc 'greta', frame 99"
    assert second.startswith("and in the tree of npc 'ann': Task 'stumble' must return")


def test_a_tree_that_cannot_be_halted_keeps_no_other_from_it() -> None:
    halted: list[str] = []

    def stop(npc: Npc) -> None:
        halted.append(npc.name)
        raise ZeroDivisionError

    game = Game(Task("work", lambda npc: Status.RUNNING, stop))
    game.runtime.add_npc("tom", persona=GRETA, tree=Task("work", lambda _: Status.RUNNING, stop))
    game.frame()
    with pytest.raises(TreeError):
        game.runtime.close()
    assert halted == ["greta", "tom"]


def test_closing_drops_thoughts_and_halts_trees() -> None:
    halted: list[str] = []
    busy = Task("work", lambda npc: Status.RUNNING, lambda npc: halted.append(npc.name))
    game = Game(Concurrent(MIND, busy))
    game.npc.hear("Good day!")
    game.frame()
    game.runtime.close()
    game.runtime.close()
    assert halted == ["greta"]
    assert not game.npc.thinking
    assert game.engine.waves == []


def test_a_closed_runtime_says_so(game: Game) -> None:
    with game.runtime:
        pass
    with pytest.raises(UsageError) as caught:
        game.runtime.update(4.0)
    assert str(caught.value) == (
        "runtime must be open, got 'closed' - at Runtime.update(); make a new Runtime"
    )


def test_a_runtime_cannot_be_closed_by_a_tree() -> None:
    game = Game(Task("quit", lambda npc: game.runtime.close()))
    with pytest.raises(TreeError) as caught:
        game.frame()
    assert isinstance(caught.value.__cause__, UsageError)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name must be a string that is not empty, got ''"),
        ({"name": "greta"}, "name must be new, got 'greta'"),
        ({"persona": {"name": "Tom"}}, "persona must be a Persona, got {'name': 'Tom'}"),
        ({"importance": 0}, "importance must be a number from 0.001 to 1000, got 0"),
        ({"tree": Heard}, "child must be a node, got "),
    ],
)
def test_a_wrong_npc_is_refused_and_changes_nothing(
    game: Game, change: dict[str, Any], message: str
) -> None:
    arguments = {"name": "tom", "persona": GRETA, "tree": MIND} | change
    with pytest.raises((UsageError, TreeError)) as caught:
        game.runtime.add_npc(arguments.pop("name"), **arguments)
    assert str(caught.value).startswith(message)
    assert list(game.runtime.npcs) == ["greta"]


def test_warming_up_asks_once_per_npc_and_leaves_nothing_behind(game: Game) -> None:
    game.runtime.add_npc("tom", persona=GRETA, tree=MIND)
    game.runtime.warm_up()
    assert len(game.model.news) == 2
    assert game.engine.waves == []
    assert game.frame().num_thinking == 0


def test_warming_up_does_nothing_while_thoughts_hold_every_slot(game: Game) -> None:
    names = ["greta", *(f"npc {index}" for index in range(1, game.engine.num_slots))]
    for name in names[1:]:
        game.runtime.add_npc(name, persona=GRETA, tree=MIND)
    for name in names:
        game.runtime.npcs[name].hear("Good day!")
    while game.frame().num_thinking < game.engine.num_slots:
        pass
    game.runtime.warm_up()
    game.frames_until(lambda: all(npc.event is None for npc in game.runtime.npcs.values()))
    assert {npc.speech for npc in game.runtime.npcs.values()} == {"Well met."}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": 1.5}, "seed must be an integer, got 1.5 - at Runtime()"),
        ({"temperature": 9}, "temperature must be 0 to 2, got 9 - at SamplerConfig()"),
        ({"temperature": "hot"}, "temperature must be 0 to 2, got 'hot' - at SamplerConfig()"),
        ({"top_p": None}, "top_p must be above 0 and at most 1, got None - at SamplerConfig()"),
    ],
)
def test_a_wrong_setting_is_refused_before_anybody_asks(
    wrong: dict[str, Any], message: str
) -> None:
    clock = ManualClock()
    with pytest.raises(UsageError) as caught:
        Runtime(ScriptedModel(), clock=clock, engine=ScriptedEngine(clock, STEP_NS), **wrong)
    assert str(caught.value) == message


def test_a_game_that_passes_something_else_as_a_model_is_told() -> None:
    with pytest.raises(UsageError, match=r"use Model\.load\(\), or None for trees alone"):
        Runtime("hearth")  # type: ignore[arg-type]
