"""What docs/testing.md shows is run, and the scripted model keeps what the page promises of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import npcbrain as nb
from npcbrain.errors import UsageError
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedModel

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
ADA = nb.Persona.from_dict({"name": "Ada", "role": "baker", "facts": ["The oven is cold."]})


def ask(runtime: nb.Runtime, ada: nb.Npc, line: str) -> str:
    ada.hear(line)
    for _ in range(1000):
        if ada.event is None:
            return ada.speech
        runtime.update(budget_ms=4.0)
    raise AssertionError(ada.why)


def test_the_page_s_test_passes_and_has_ten_lines() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(code, "testing.md", "exec"), scope)
    scope["test_ada_gives_what_was_asked_for"]()
    assert len(code.partition("def test_")[2].splitlines()) <= 11


@pytest.mark.parametrize("clock", [None, ManualClock()])
def test_answers_come_in_order_and_the_last_one_stays(clock: ManualClock | None) -> None:
    model = ScriptedModel("Good day.", "I said good day.")
    runtime = nb.Runtime(model, clock=clock)
    ada = runtime.add_npc("ada", persona=ADA, tree=nb.minds.talker())
    runtime.warm_up()
    said = [ask(runtime, ada, "Good day!") for _ in range(3)]
    assert said == ["Good day.", "I said good day.", "I said good day."]
    assert "The oven is cold." in model.asked[0]
    assert len(model.asked) == 3


def test_a_deed_that_is_not_legal_is_refused() -> None:
    runtime = nb.Runtime(ScriptedModel(nb.Decision("fly")))
    ada = runtime.add_npc("ada", persona=ADA, tree=nb.minds.talker())
    ask(runtime, ada, "Good day!")
    assert ada.decision is not None
    assert (ada.decision.source, ada.decision.reason) == ("tree", nb.Reason.REFUSED)


def test_time_by_hand_makes_an_answer_late() -> None:
    clock = ManualClock()
    runtime = nb.Runtime(ScriptedModel("Good day."), clock=clock)
    ada = runtime.add_npc("ada", persona=ADA, tree=nb.minds.talker(ttl_ms=500))
    ada.hear("Good day!")
    runtime.update(budget_ms=4.0)
    clock.advance_ns(100_000_000)
    for _ in range(4):
        runtime.update(budget_ms=0.1)
        clock.advance_ns(200_000_000)
    assert ada.decision is not None
    assert ada.decision.reason == nb.Reason.EXPIRED


def test_an_engine_without_a_model_is_refused_rather_than_ignored() -> None:
    with pytest.raises(UsageError, match=r"^engine must come with a model, got None - at Runtime"):
        nb.Runtime(None, engine=ScriptedEngine(ManualClock()))
