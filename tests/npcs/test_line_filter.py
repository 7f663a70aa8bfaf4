"""Promises of ``npcbrain.npcs.line_filter``: no line is heard that the game did not let pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from minds import GRETA, VILLAGER, ScriptedModel

from npcbrain.errors import TreeError, UsageError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Node, Selector, Sequence, Succeed

MS = 1_000_000
SAYS = " say\n happy\n Well met, traveller."
GIVES = " give\n loaf\n happy\n Here you are."
WHOLE = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500, when="whole"), Act()),
    Sequence(Heard(), CannedReply()),
    Succeed(),
)


class Scene:
    """Greta, whose answer is known, and a game that filters."""

    def __init__(
        self, answer: str, line_filter: Any, tree: Node = VILLAGER, *, overlap: bool = False
    ) -> None:
        self.clock = ManualClock()
        self.runtime = Runtime(
            ScriptedModel(answer),
            clock=self.clock,
            engine=ScriptedEngine(self.clock),
            line_filter=line_filter,
            overlap=overlap,
        )
        self.given: list[str] = []
        self.heard: set[str] = set()
        self.runtime.on_action("give", lambda npc, item: self.given.append(item))
        self.npc = self.runtime.add_npc("greta", persona=GRETA, tree=tree)
        self.reports: list[FrameReport] = []

    def play(self) -> Scene:
        """One question, until it is dealt with; notes all that could be seen over her head."""
        self.npc.hear("Good day!")
        for _ in range(200):
            self.reports.append(self.runtime.update(4.0))
            self.heard.add(self.npc.speech)
            self.clock.advance_ns(16 * MS)
            if self.npc.event is None:
                return self
        raise AssertionError("it never ended")

    @property
    def fallbacks(self) -> list[tuple[str, str]]:
        return [one for report in self.reports for one in report.fallbacks]


def no(npc: Npc, line: str) -> bool:
    return False


def test_a_line_that_passes_is_said_and_comes_whole() -> None:
    asked: list[tuple[str, str]] = []

    def yes(npc: Npc, line: str) -> bool:
        asked.append((npc.name, line))
        return True

    scene = Scene(SAYS, yes).play()
    assert asked == [("greta", "Well met, traveller.")]
    assert scene.heard == {"", "Well met, traveller."}
    assert scene.fallbacks == []
    assert scene.npc.decision is not None
    assert scene.npc.decision.source == "model"


@pytest.mark.parametrize("tree", [VILLAGER, WHOLE], ids=["decided", "whole"])
def test_in_the_place_of_a_line_that_does_not_pass_the_tree_speaks(tree: Node) -> None:
    scene = Scene(SAYS, no, tree).play()
    assert scene.heard == {"", "Mind the oven!"}
    assert scene.fallbacks == [("greta", "filtered")]
    decision = scene.npc.decision
    assert decision is not None
    assert (decision.source, decision.say, decision.reason) == (
        "tree",
        "Mind the oven!",
        "filtered",
    )
    assert "traveller" not in " ".join(entry.text for entry in scene.npc.memory)


def test_a_deed_is_done_all_the_same_with_the_trees_words() -> None:
    scene = Scene(GIVES, no).play()
    assert scene.given == ["loaf"]
    assert scene.heard == {"", "Mind the oven!"}
    assert scene.fallbacks == [("greta", "filtered")]
    decision = scene.npc.decision
    assert decision is not None
    assert (decision.action, decision.say, decision.source, decision.reason) == (
        "give",
        "Mind the oven!",
        "model",
        "filtered",
    )


def test_beside_the_game_it_is_the_same() -> None:
    scene = Scene(SAYS, no, overlap=True).play()
    assert scene.heard == {"", "Mind the oven!"}
    assert scene.fallbacks == [("greta", "filtered")]
    scene.runtime.close()


def broken(npc: Npc, line: str) -> bool:
    raise RuntimeError("the list of bad words is gone")


@pytest.mark.parametrize(
    ("check", "rule"),
    [(broken, "not raise"), (lambda npc, line: 1, "return True or False")],
    ids=["raises", "no bool"],
)
def test_a_filter_that_fails_lets_nothing_pass_and_is_told_when_the_frame_is_over(
    check: Callable[[Npc, str], bool], rule: str
) -> None:
    scene = Scene(SAYS, check)
    with pytest.raises(TreeError, match=rule) as caught:
        scene.play()
    assert isinstance(caught.value.__cause__, RuntimeError) is (check is broken)
    for _ in range(3):
        scene.runtime.update(4.0)
    assert scene.npc.speech == "Mind the oven!"
    assert scene.npc.event is None


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(UsageError, match="line_filter must be callable"):
        Runtime(None, line_filter="no swearing")  # type: ignore[arg-type]
