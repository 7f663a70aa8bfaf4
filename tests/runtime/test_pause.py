"""A game that pauses: nobody's patience runs out behind a menu."""

from __future__ import annotations

import pytest
from minds import ScriptedModel

from npcbrain.clock import PAUSE_NS, PlayClock
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Selector, Sequence, Succeed

MS = 1_000_000
FRAME_NS = 16 * MS


def test_play_stands_still_between_updates_that_pay() -> None:
    clock = ManualClock()
    play = PlayClock(clock)
    play.begin(pays=True)
    before_ns = play.now_ns()
    clock.advance_ns(60_000 * MS)
    play.begin(pays=True)
    assert play.now_ns() == before_ns


def test_a_hitch_is_no_pause() -> None:
    clock = ManualClock()
    play = PlayClock(clock)
    play.begin(pays=True)
    before_ns = play.now_ns()
    clock.advance_ns(PAUSE_NS)
    play.begin(pays=True)
    assert play.now_ns() == before_ns + PAUSE_NS


def test_play_never_goes_back_while_menus_are_drawn() -> None:
    clock = ManualClock()
    play = PlayClock(clock)
    play.begin(pays=True)
    seen = [play.now_ns()]
    for _ in range(100):
        clock.advance_ns(FRAME_NS)
        play.begin(pays=False)
        seen.append(play.now_ns())
        clock.advance_ns(MS)
        seen.append(play.now_ns())
    assert seen == sorted(seen)
    assert seen[-1] - seen[0] < PAUSE_NS + 101 * 2 * MS


@pytest.mark.parametrize("drawn", [True, False], ids=["updates of 0", "no updates"])
def test_whoever_thinks_while_a_menu_is_open_answers_after_it(drawn: bool) -> None:
    clock = ManualClock()
    model = ScriptedModel(" say\n happy\n Two coins.")
    runtime = Runtime(model, clock=clock, engine=ScriptedEngine(clock, MS))
    persona = Persona.from_dict({"name": "Ada", "role": "guide"})
    tree = Selector(
        Sequence(Heard(), Decide(ttl_ms=20_000), Act()), Sequence(Heard(), CannedReply()), Succeed()
    )
    ada = runtime.add_npc("ada", persona=persona, tree=tree)
    ada.hear("What does a map cost?")
    reports = []
    for _ in range(4):
        reports.append(runtime.update(2.0))
        clock.advance_ns(FRAME_NS)
    for _ in range(60):
        clock.advance_ns(1000 * MS)
        if drawn:
            reports.append(runtime.update(0))
    assert ada.decision is None
    for _ in range(400):
        reports.append(runtime.update(4.0))
        clock.advance_ns(FRAME_NS)
    assert [reason for report in reports for _, reason in report.fallbacks] == []
    assert ada.decision is not None
    assert ada.decision.source == "model"
