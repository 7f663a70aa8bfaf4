"""Two brains for one runtime: who is asked first, and when the other is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from minds import ANSWER, GRETA, HandDrivenMind
from stand_in import StandIn, patiently

import npcbrain as nb
from npcbrain import tree
from npcbrain.npcs.contracts import Inquiry
from npcbrain.npcs.memory import Memory
from npcbrain.remote.hybrid import HybridMind, HybridThought
from npcbrain.situation import Event, Scene, Situation
from npcbrain.testing import ManualClock

TINY = Path(__file__).parents[1] / "models" / "tiny"
SITUATION = Situation(GRETA.profile, Scene(), Event("speech", "player", "Hi!"), GRETA.actions)


class Pair:
    """A near mind and a far one, both driven by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.near, self.far = HandDrivenMind(), HandDrivenMind()
        self.mind = HybridMind(self.near, self.far, self.clock, near_from=1.0)

    def ask(self, importance: float = 1.0) -> HybridThought:
        return self.mind.ask(Inquiry(SITUATION, Memory(), "", "greta", 2000.0, importance))

    def asked(self) -> tuple[int, int]:
        return len(self.near.ideas), len(self.far.ideas)


@pytest.mark.parametrize(("importance", "asked"), [(1.0, (1, 0)), (5.0, (1, 0)), (0.9, (0, 1))])
def test_those_who_matter_think_here_and_crowds_far_away(
    importance: float, asked: tuple[int, int]
) -> None:
    pair = Pair()
    pair.ask(importance)
    assert pair.asked() == asked


@pytest.mark.parametrize("reason", ["would_exceed", "no_budget", "unreachable", "engine_error"])
def test_where_one_cannot_the_other_is_asked_with_the_time_that_is_left(reason: str) -> None:
    pair = Pair()
    thought = pair.ask(0.5)
    pair.clock.advance_ns(500_000_000)
    pair.far.ideas[0].fail(reason)
    thought.listen()
    assert (pair.asked(), thought.done) == ((1, 1), False)
    assert pair.near.asked[0].ttl_ms == 1500.0
    pair.near.ideas[0].succeed(ANSWER)
    thought.listen()
    assert (thought.done, thought.decision) == (True, ANSWER)


def test_where_both_cannot_the_tree_is_told_why() -> None:
    pair = Pair()
    thought = pair.ask()
    pair.near.ideas[0].fail("no_budget")
    thought.listen()
    pair.far.ideas[0].fail("unreachable")
    thought.listen()
    thought.listen()
    assert (thought.done, thought.reason, pair.asked()) == (True, "unreachable", (1, 1))


@pytest.mark.parametrize("reason", ["expired", "cancelled", "no_words"])
def test_what_no_other_could_mend_is_not_tried_again(reason: str) -> None:
    pair = Pair()
    thought = pair.ask()
    pair.near.ideas[0].fail(reason)
    thought.listen()
    assert (thought.done, pair.asked()) == (True, (1, 0))


def test_a_deed_once_chosen_stays_where_it_was_chosen() -> None:
    pair = Pair()
    thought = pair.ask(0.5)
    pair.far.ideas[0].choose("give", item="loaf")
    pair.far.ideas[0].fail("engine_error")
    thought.listen()
    assert (thought.choice, pair.asked()) == (nb.Decision("give", {"item": "loaf"}), (0, 1))


def test_a_dropped_thought_is_asked_for_nowhere_any_more() -> None:
    pair = Pair()
    thought = pair.ask()
    thought.drop()
    thought.listen()
    assert (thought.done, pair.near.ideas[0].drops, pair.asked()) == (True, 1, (1, 0))


@pytest.mark.parametrize("arguments", [(None, "remote"), ("model", "model"), ("remote", "remote")])
def test_a_hybrid_is_a_model_here_and_a_server_there(arguments: tuple[Any, Any]) -> None:
    pytest.importorskip("httpx2")
    brains = {"remote": nb.Remote("http://localhost:1"), "model": object(), None: None}
    near, far = (brains[name] for name in arguments)
    with pytest.raises(nb.UsageError):
        nb.Hybrid(near, far)


def test_near_and_far_answer_in_one_game_and_near_alone_when_the_server_is_gone() -> None:
    pytest.importorskip("httpx2")
    root = tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=600_000), nb.Act())
    with StandIn() as server:
        brain = nb.Hybrid(nb.Model.load(TINY, num_slots=2), nb.Remote(server.url))
        with nb.Runtime(brain, price_file=None) as runtime:
            runtime.on_action("give", lambda npc, item: None)
            hero = runtime.add_npc("hero", persona=GRETA, tree=root)
            crowd = runtime.add_npc("crowd", persona=GRETA, tree=root, importance=0.2)
            runtime.warm_up()

            def ask() -> None:
                for npc in hero, crowd:
                    npc.hear("Hello!")
                for _ in patiently(60.0):
                    report = runtime.update(4.0)
                    if hero.event is None and crowd.event is None:
                        break
                assert report is not None

            ask()
            assert len(server.asked) == 1
            assert hero.decision is not None
            server.kill()
            ask()
            assert len(server.asked) == 1
            assert crowd.event is None
