"""Promises of a runtime whose model has a chooser: quick, legal, and the same in any frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from toy_chooser import make_chooser_model

from npcbrain.asking.deliberation import NOBODY, Deliberation
from npcbrain.clock import SystemClock
from npcbrain.commands.decide import Decider
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.pricing.cost import CostModel
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision, Situation
from npcbrain.testing import ManualClock
from npcbrain.tree import Sequence as InOrder

ACTIONS = [
    {"name": "say"},
    {"name": "give", "args": {"item": ["ale", "key"], "to": ["player", "Al"]}},
    {"name": "close_door"},
]
FACTS = ["Soup is hot."]
LINES = ("Hello!", "One ale.", "Is the soup done?", "Give me the key!", "Why?")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model.load(make_chooser_model(tmp_path_factory.mktemp("model") / "toy"))


class TickingClock:
    """Moves on a little whenever it is read: frames cut work at other places, repeatably."""

    def __init__(self, tick_ns: int) -> None:
        self._tick_ns = tick_ns
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += self._tick_ns
        return self._now_ns


def answers(
    model: Model, tick_ns: int, budget_ms: float, lines: Sequence[str] = LINES
) -> tuple[dict[str, Decision], int]:
    runtime = Runtime(model, seed=5, clock=TickingClock(tick_ns), memo=0)
    root = InOrder(Heard(), Decide(ttl_ms=600_000), Act())
    found: dict[str, Decision] = {}
    for number, line in enumerate(lines):
        data = {
            "name": f"Al{number}",
            "role": "cook",
            "actions": ACTIONS,
            "facts": ["Soup is hot."],
        }
        npc = runtime.add_npc(line, persona=Persona.from_dict(data), tree=root)
        npc.hear(line)
    for name in "give", "close_door":
        runtime.on_action(name, lambda npc, **args: None)
    for num_frames in range(1, 6000):
        found.update(runtime.update(budget_ms).decisions)
        if len(found) == len(lines):
            return found, num_frames
    raise AssertionError("it never came")


def test_answers_depend_neither_on_the_budget_nor_on_the_neighbours(model: Model) -> None:
    together, _ = answers(model, 20_000, 1000.0)
    assert answers(model, 150_000, 4.0)[0] == together
    for line in LINES[:2]:
        # Names differ by their place among the lines, so each asks as the first of its own game.
        alone, _ = answers(model, 90_000, 8.0, [line])
        assert alone[line].source == "model"
    assert answers(model, 20_000, 1000.0, LINES[:1])[0][LINES[0]] == together[LINES[0]]


def test_a_quote_is_whole_without_a_step_of_the_language_model(model: Model) -> None:
    decider = Decider(model, Engine(model), FrameClock())
    quoted = []
    for line in LINES:
        situation = Situation.from_dict(
            {
                "npc": {"name": "Al", "role": "cook", "facts": ["Soup is hot."]},
                "actions": ACTIONS,
                "event": {"kind": "speech", "from": "player", "text": line},
            }
        )
        outcome = decider.decide(situation, 1000.0)
        assert outcome.decision.source == "model"
        assert bool(outcome.decision.quoted) == (outcome.tokens == 0)
        quoted.append(outcome.decision.quoted)
    assert any(quoted)


def test_a_persona_read_at_a_warm_up_is_not_read_again(model: Model) -> None:
    with Runtime(model, price_file=None) as runtime:
        data = {"name": "Al", "role": "cook", "actions": ACTIONS}
        root = InOrder(Heard(), Decide(ttl_ms=60_000), Act())
        npc = runtime.add_npc("al", persona=Persona.from_dict(data), tree=root)
        for action in ACTIONS:
            runtime.on_action(action["name"], lambda npc, **args: None)
        runtime.warm_up()
        assert runtime.is_warm
        assert not runtime._thinker.mind._deliberation.has_unread  # type: ignore[attr-defined]
        npc.hear("One ale.")
        runtime.update(1000.0)
        assert npc.event is None or npc.speech or npc.decision


def test_a_broken_chooser_leaves_the_model_to_decide_alone(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    from npcbrain.choosing.chooser import Chooser
    from npcbrain.errors import EngineError

    def fail(own: Chooser, rows: int) -> None:
        raise EngineError("broken")

    monkeypatch.setattr(Chooser, "step", fail)
    with Runtime(model, price_file=None, measure="in_frames") as runtime:
        data = {"name": "Al", "role": "cook", "actions": ACTIONS}
        root = InOrder(Heard(), Decide(ttl_ms=60_000), Act())
        npc = runtime.add_npc("al", persona=Persona.from_dict(data), tree=root)
        npc.hear("One ale.")
        for _ in range(200):
            found = dict(runtime.update(1000.0).decisions)
            if found:
                break
        assert found["al"].source == "model"


def test_a_model_folder_with_a_chooser_loads_in_slices(tmp_path: Path) -> None:
    with Model.load_sliced(make_chooser_model(tmp_path / "toy")) as loading:
        while not loading.done:
            loading.step(budget_ms=4)
        assert loading.model.encoder is not None


def test_who_is_hurried_stops_after_the_step_in_hand(model: Model) -> None:
    deliberation = Deliberation.of(model, CostModel(), SystemClock())
    assert deliberation is not None
    assert deliberation.begin(NOBODY)
    for number in range(1, 4):
        assert deliberation.run(SystemClock().now_ns() + 10**12, None, lambda: True) is None
        assert deliberation.num_steps == number
    assert deliberation.run(SystemClock().now_ns() + 10**12) is not None


class PricesByRow:
    """A step of a layer costs a microsecond a row, others hardly anything; nothing is learnt."""

    doubt = observe = staticmethod(lambda *what: None)

    def price_ns(self, kind: object, segment: int, rows: int, context: int) -> int:
        return 1000 * rows if context else 1


def test_of_a_step_that_does_not_fit_as_much_is_run_as_does(model: Model) -> None:
    clock = ManualClock()
    deliberation = Deliberation.of(model, cast(CostModel, PricesByRow()), clock)
    assert deliberation is not None
    rows: list[int] = []
    deliberation.watch = lambda what, num, context, took, failed: rows.append(num)
    assert deliberation.begin(NOBODY)
    while deliberation._groundwork is not None:
        assert deliberation.run(clock.now_ns() + 10**9, clock.now_ns()) is None
    whole = deliberation._chooser.next_shape.rows
    assert whole > 12 + 6
    ran = []
    for room in (5000, 6500, 12_500, 1000 * whole):
        rows.clear()
        assert deliberation.needed_ns(deliberation._prices.price_ns) <= 6000
        assert deliberation.run(clock.now_ns() + room, clock.now_ns()) is None
        ran.append(list(rows))
    assert ran == [[], [6], [12], [whole - 18]]


def test_a_share_too_small_for_any_step_leaves_one_a_frame(model: Model) -> None:
    deliberation = Deliberation.of(model, CostModel(), SystemClock())
    assert deliberation is not None
    assert deliberation.begin(NOBODY)
    for number in range(1, 4):
        now_ns = SystemClock().now_ns()
        assert deliberation.run(now_ns + 10**12, now_ns) is None
        assert deliberation.num_steps == number
