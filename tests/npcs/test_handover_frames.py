"""Hand-overs with a scheduler, frame by frame: what is said when, and what is done."""

from __future__ import annotations

from collections.abc import Callable

from minds import GRETA, ScriptedModel

from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Selector, Sequence

LATE = ("expired", "would_exceed")  # as a scheduler may see it coming

GIFT = {"item": "loaf"}


def frames(
    runtime: Runtime, clock: ManualClock, npc: Npc, busy: Callable[[Npc], bool] = lambda npc: False
) -> list[tuple[str, bool]]:
    """What the NPC says at the end of each frame, and whether it has acted; until all is said.

    From when ``busy`` says so, the game has no time for the model.
    """
    log: list[tuple[str, bool]] = []
    is_busy = False
    while npc.event is not None:
        assert len(log) < 1000, "it never came"
        started_ns = clock.now_ns()
        runtime.update(0.001 if is_busy else 4.0)  # at 0 the game would pause
        clock.advance_ns(max(0, started_ns + 16_666_667 - clock.now_ns()))
        log.append((npc.speech, npc.blackboard.get("given", False)))
        is_busy = is_busy or busy(npc)
    return log


def playing(ttl_ms: float) -> tuple[Runtime, ManualClock, Npc]:
    answer = " give\n loaf\n happy\n Here you are. Mind the step, it is the third one on the left."
    clock = ManualClock()
    engine = ScriptedEngine(clock, 1_500_000)
    runtime = Runtime(ScriptedModel(answer), clock=clock, engine=engine)
    root = Selector(Sequence(Heard(), Decide(ttl_ms), Act()), Sequence(Heard(), CannedReply()))
    npc = runtime.add_npc("greta", persona=GRETA, tree=root)
    runtime.on_action("give", lambda npc, item: npc.blackboard.update(given=True))
    npc.hear("Bread, please.")
    return runtime, clock, npc


def test_the_loaf_is_given_many_frames_before_the_last_word() -> None:
    runtime, clock, npc = playing(60_000)
    log = frames(runtime, clock, npc)
    acted = [done for _, done in log].index(True)
    assert acted < len(log) / 2
    assert log[acted][0] in ("", "Here", "Here you")
    assert npc.speech.endswith("left.")


def test_time_that_runs_out_in_mid_speech_leaves_the_deed_and_the_sentences_said() -> None:
    runtime, clock, npc = playing(3000)
    frames(runtime, clock, npc, busy=lambda npc: npc.speech.endswith("Mind"))
    assert npc.blackboard["given"] is True
    assert npc.decision == Decision("give", GIFT, "happy", "Here you are.")


def test_time_that_runs_out_before_the_first_sentence_leaves_the_words_to_the_tree() -> None:
    runtime, clock, npc = playing(3000)
    frames(runtime, clock, npc, busy=lambda npc: npc.answer is not None)
    assert npc.blackboard["given"] is True
    assert npc.decision is not None
    assert (npc.decision.action, npc.decision.source) == ("give", "model")
    assert npc.speech == npc.decision.say == "Mind the oven!"
    assert npc.decision.reason == "no_budget"  # the deed was in time; words need a budget


def test_time_that_runs_out_before_the_decision_leaves_all_to_the_tree() -> None:
    runtime, clock, npc = playing(3000)
    frames(runtime, clock, npc, busy=lambda npc: npc.thinking)
    assert "given" not in npc.blackboard
    assert npc.decision is not None
    assert (npc.decision.source, npc.decision.reason in LATE) == ("tree", True)
