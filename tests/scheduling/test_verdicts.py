"""Promises of ``npcbrain.scheduling.verdicts``: who fails for want of time."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from frame_game import MS, Game, S

from npcbrain.engine.contract import Kind
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.policy import Price
from npcbrain.scheduling.request import UNWRITTEN, Request, State

PACKAGE = Path(__file__).parents[2] / "npcbrain"
VERDICTS = {"EXPIRED", "WOULD_EXCEED", "NO_BUDGET"}


def asked(game: Game, ttl_ns: int = 60 * S) -> Request:
    """A request that is still being prepared."""
    now_ns = game.clock.now_ns()
    return Request("greta", UNWRITTEN, now_ns, now_ns + ttl_ns, 1.0)


def in_state(state: State, game: Game) -> Request:
    if state is State.PREPARING:
        return asked(game, 100 * MS)
    for _ in range(game.engine.num_slots if state is State.WAITING else 0):
        game.ask(priority=1000.0)
    request = game.ask(ttl_ns=100 * MS, answer="a " * 50)
    game.frame()
    return request


@pytest.mark.parametrize("state", [State.PREPARING, State.WAITING, State.THINKING])
def test_a_deadline_ends_a_request_wherever_it_is(state: State) -> None:
    game = Game()
    request = in_state(state, game)
    verdicts = game.scheduler.verdicts
    assert request.state is state
    assert not verdicts.expire(request, request.deadline_ns - 1)
    assert verdicts.expire(request, request.deadline_ns)
    assert (request.state, request.reason) == (State.FAILED, "expired")
    game.frame()  # and its slot is free


def test_what_fits_no_frame_is_refused_unprepared_and_said_once() -> None:
    game = Game(10 * MS)
    verdicts, told = game.scheduler.verdicts, list[str]()
    game.scheduler.tell = told.append
    game.frames(9)
    for _ in range(2):
        request, dropped = asked(game), asked(game)
        game.scheduler.cancel(dropped)
        assert verdicts.refuse([request, dropped], 4 * MS)
        assert [request.reason, dropped.reason] == ["no_budget", "cancelled"]
    (notice,) = told
    assert "budget_ms must leave room for one step of the model, got 4.0" in notice


def test_dozens_of_prices_are_not_added_up_anew_in_each_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game, asked_for = Game(10 * MS), list[object]()
    best_ns = CostModel.best_ns

    def counting(cost: CostModel, *shape: Any) -> int:
        asked_for.append(shape)
        return best_ns(cost, *shape)

    game.scheduler.tell = lambda text: None
    game.frames(9)
    assert game.scheduler.verdicts.refuse([asked(game)], 4 * MS)
    monkeypatch.setattr(CostModel, "best_ns", counting)
    assert game.scheduler.verdicts.refuse([asked(game)], 4 * MS)
    assert not asked_for

    game.scheduler.cost.observe(Kind.DECODE, 0, 1, 0, MS)  # a price was learnt
    game.scheduler.verdicts.refuse([asked(game)], 4 * MS)
    assert asked_for


def test_a_frame_with_more_room_than_all_before_is_a_budget_too() -> None:
    game = Game(10 * MS)
    game.frames(9)
    request = asked(game)
    assert not game.scheduler.verdicts.refuse([request], 20 * MS)
    assert request.in_preparation


def test_a_request_may_need_more_than_the_models_smallest_steps() -> None:
    def needed_ns(price: Price) -> int:
        return 9 * MS

    game = Game(MS)
    game.scheduler.tell = lambda text: None
    game.frames(9)
    request = asked(game)
    assert not game.scheduler.verdicts.refuse([request], 4 * MS)
    assert game.scheduler.verdicts.refuse([request], 4 * MS, needed_ns)


def test_nobody_is_refused_or_turned_away_before_eight_frames_were_seen() -> None:
    game = Game(10 * MS)
    verdicts, request = game.scheduler.verdicts, asked(game, MS)
    game.frames(7)
    assert not verdicts.refuse([request], 4 * MS)
    assert not verdicts.crowd_out(request, game.clock.now_ns(), 1000)
    game.scheduler.tell = lambda text: None
    game.frame()
    assert verdicts.crowd_out(request, game.clock.now_ns(), 1000)
    assert request.reason == "would_exceed"


def test_no_other_module_fails_a_request_for_want_of_time() -> None:
    """Servers have clocks of their own, and what they say of time is theirs."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in VERDICTS
        and isinstance(node.value, ast.Name)
        and node.value.id == "Reason"
    }
    here = {name for name in found if not name.startswith("remote/")}
    assert here == {"reasons.py", "scheduling/verdicts.py"}
