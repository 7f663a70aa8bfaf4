"""Frames of a game whose model chooses first, by a virtual clock: in time, or refused at once."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from timed_chooser import ChoosingModel, toy_encoder

import npcbrain as nb
from npcbrain.lm.encoder import Encoder
from npcbrain.reasons import Reason
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

MS = 1_000_000
FRAME_NS = 16_666_667
ADA = nb.Persona.from_dict(
    {
        "name": "Ada",
        "role": "innkeeper",
        "facts": ["A bed costs five coppers."],
        "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["ale", "room key"]}}],
    }
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return toy_encoder(tmp_path_factory.mktemp("model") / "toy")


class Inn:
    """README's game: one NPC, a talker's tree."""

    def __init__(
        self,
        encoder: Encoder,
        step_ns: int,
        row_ns: int = 0,
        ttl_ms: float = 2500.0,
        **settings: Any,
    ) -> None:
        self.clock = ManualClock()
        self.model = ChoosingModel(encoder, self.clock, step_ns, row_ns)
        # Half a millisecond a step, as the model that ships on a slow core.
        self.engine = ScriptedEngine(self.clock, MS // 2, num_segments=14)
        self.runtime = nb.Runtime(self.model, clock=self.clock, engine=self.engine, **settings)
        self.runtime.on_action("give", lambda npc, item: None)
        self.ada = self.runtime.add_npc("ada", persona=ADA, tree=nb.minds.talker(ttl_ms=ttl_ms))
        self.over_ns = 0

    def frame(self, budget_ms: float) -> nb.FrameReport:
        report = self.runtime.update(budget_ms=budget_ms)
        self.over_ns = max(self.over_ns, report.over_budget_ns)
        self.clock.advance_ns(FRAME_NS - min(FRAME_NS, report.used_ns))
        return report

    def answer(self, budget_ms: float, line: str = "What does a bed cost?") -> tuple[str, str, int]:
        """Who answers, for what reason, and after how many frames."""
        self.ada.hear(line, speaker="player")
        for number in range(1, 600):
            report = self.frame(budget_ms)
            if report.decisions:
                ((_, decision),) = report.decisions
                return decision.source, decision.reason, number
        raise AssertionError("nobody answered")


@pytest.mark.parametrize("measure", ["now", "in_frames"])
@pytest.mark.parametrize("own_words", [0.0, 1e6])
def test_the_first_question_of_a_fresh_game_is_answered_by_the_model(
    encoder: Encoder, measure: str, own_words: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether it quotes, or has the language model find words: both are in time at 4 ms and 60 Hz.
    monkeypatch.setattr(encoder, "worth", encoder.worth._replace(own=own_words))
    inn = Inn(encoder, 700_000, measure=measure)
    source, reason, num_frames = inn.answer(4.0)
    assert (source, reason, inn.over_ns) == ("model", "", 0)
    assert num_frames < 150  # Decide's 2.5 seconds
    assert bool(inn.model.asked) is bool(own_words)


def test_a_budget_that_no_step_of_the_chooser_fits_is_told_at_once_and_once(
    encoder: Encoder,
) -> None:
    inn = Inn(encoder, 2_990_000)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = [inn.answer(2.0, line) for line in ("A bed?", "An ale?", "A key?")]
    assert {(source, reason) for source, reason, _ in found} == {("tree", Reason.NO_BUDGET)}
    num_frames = [frames for *_, frames in found]
    assert num_frames[0] <= 12  # eight tell what the game grants
    assert max(num_frames[1:]) <= 3
    assert inn.over_ns == 0
    (notice,) = [one for one in told if "budget_ms" in str(one.message)]
    assert "2.0" in str(notice.message)
    assert "cost up to 2.8" in str(notice.message)


@pytest.mark.parametrize("budget_ms", [1.2, 1.4])
def test_who_cannot_be_read_in_time_is_refused_soon_and_read_for_the_next_time(
    encoder: Encoder, budget_ms: float
) -> None:
    # Six rows fit, but not all of them within the twelve frames that she has.
    inn = Inn(encoder, 0, row_ns=150_000, ttl_ms=200.0)
    for _ in range(10):  # eight tell what the game grants
        inn.frame(budget_ms)
    source, reason, num_frames = inn.answer(budget_ms)
    assert (source, reason) == ("tree", Reason.WOULD_EXCEED)
    assert num_frames <= 6
    for _ in range(400):
        inn.frame(budget_ms)
    chooser = inn.runtime._thinker.mind._deliberation._chooser  # type: ignore[attr-defined]
    assert len(chooser._kept) == 1


def test_a_larger_budget_opens_the_door_again(encoder: Encoder) -> None:
    inn = Inn(encoder, 3 * MS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert inn.answer(2.0)[1] == Reason.NO_BUDGET
    assert inn.answer(4.0, "And an ale?")[0] == "model"


def test_frames_full_of_choosing_are_no_small_budgets(encoder: Encoder) -> None:
    inn = Inn(encoder, 3_900_000)  # all but a tenth of each frame, for two seconds
    for number in range(6):
        inn.runtime.add_npc(f"guest {number}", persona=ADA, tree=nb.minds.talker()).hear("A bed?")
    assert inn.answer(4.0)[0] == "model"
    history = inn.runtime.scheduler.budget_history  # type: ignore[union-attr]
    assert history.most_ns >= 3_900_000


def test_a_prompt_waits_for_a_frame_that_has_room_for_it(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "worth", encoder.worth._replace(own=1e6))
    inn = Inn(encoder, 2_600_000)  # one step a frame, and 1.4 ms left over
    plain = inn.model.generation

    def slowly(*parts: str, **rest: Any) -> ScriptedGeneration:
        inn.clock.advance_ns(1_450_000)
        return plain(*parts, **rest)

    monkeypatch.setattr(inn.model, "generation", slowly)
    assert inn.answer(4.0)[0] == "model"
    assert len(inn.model.asked) == 1
    assert inn.over_ns == 0
