"""A village whose people are asked in rounds: the work that ``bench`` measures.

It plays no frames of its own and reads no clock. Invariant: the same people, asked the
same number of rounds, get the same questions, whoever plays the village and however fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from npcbrain import tree
from npcbrain.asking.models import ModelLike
from npcbrain.clock import Clock
from npcbrain.engine.contract import EngineLike
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.persona import Persona
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision, Scene

if TYPE_CHECKING:
    from npcbrain.lm.model import Model

__all__ = ["CAST", "QUESTIONS", "Round", "Village", "without_chooser"]

TTL_MS = 60_000.0  # a full village takes seconds to answer; who takes a minute is left to the tree

CAST: tuple[dict[str, Any], ...] = (
    {
        "name": "Marta",
        "role": "innkeeper",
        "traits": ["cheerful", "busy"],
        "goal": "fill every bed",
        "facts": ["A bed costs four coppers.", "The stew is mutton.", "Supper ends at nine."],
        "actions": [
            {"name": "say"},
            {"name": "give", "args": {"item": ["room key", "stew"], "to": ["player"]}},
            {"name": "go_to", "args": {"place": ["kitchen", "cellar"]}},
        ],
        "lines": {"fallback": ["One moment!", "Mind the step."]},
    },
    {
        "name": "Osric",
        "role": "smith",
        "traits": ["gruff", "honest"],
        "goal": "finish the plough",
        "facts": ["A blade takes two days.", "Coal comes from Harrow.", "The bellows are torn."],
        "actions": [
            {"name": "say"},
            {"name": "repair", "args": {"item": ["sword", "kettle", "wheel"]}},
            {"name": "refuse", "args": {"who": ["player"]}},
        ],
        "lines": {"fallback": ["Later.", "Hm."]},
    },
    {
        "name": "Wenna",
        "role": "herbalist",
        "traits": ["gentle", "curious"],
        "goal": "heal the sick",
        "facts": ["Feverfew grows by the mill.", "The pond water is foul.", "Old Pim is ill."],
        "actions": [
            {"name": "say"},
            {"name": "heal", "args": {"who": ["player", "Old Pim"]}},
            {"name": "follow", "args": {"who": ["player"]}},
        ],
        "lines": {"fallback": ["Let me think.", "Oh my."]},
    },
)
QUESTIONS = (
    "What does it cost?",
    "Can you help me, please?",
    "Where would I find that?",
    "Good evening to you!",
    "Have you heard any news?",
    "How long will it take?",
    "I would like to have one.",
    "Come with me, quickly!",
)
TREE = tree.Selector(
    tree.Sequence(Heard(), Decide(ttl_ms=TTL_MS), Act()),
    tree.Sequence(Heard(), CannedReply()),
    tree.Succeed(),
)


def without_chooser(model: Model) -> Model:
    """The same model deciding and speaking by its language model alone.

    Every answer is then written token by token, which is the heavier load for frames.
    """
    alone = copy(model)
    alone.encoder = None
    return alone


class Village:
    """People who are asked together, and again when all have answered.

    Attributes:
        runtime: Theirs.
        round: What came of the questions asked last.
    """

    __slots__ = ("_num_rounds", "round", "runtime")

    def __init__(
        self,
        model: ModelLike,
        num_npcs: int,
        clock: Clock,
        people: Sequence[dict[str, Any]],
        *,
        engine: EngineLike | None = None,
        overlap: bool = False,
    ) -> None:
        # Measured anew, not remembered: a bench depends on nothing but this run.
        self.runtime = Runtime(
            model, clock=clock, engine=engine, price_file=None, overlap=overlap, memo=0
        )
        self.round = Round()
        self._num_rounds = 0
        cast = [Persona.from_dict(data) for data in people]
        for index in range(num_npcs):
            name = f"npc {index}"
            npc = self.runtime.add_npc(name, persona=cast[index % len(cast)], tree=TREE)
            npc.scene = Scene("the village", "evening", ("player",))
        for action in {action.name for persona in cast for action in persona.actions}:
            self.runtime.on_action(action, _do_nothing)
        self.runtime.warm_up()

    @property
    def is_idle(self) -> bool:
        """Whether everybody has answered."""
        return all(npc.event is None for npc in self.runtime.npcs.values())

    def ask(self) -> None:
        """Begins a round."""
        self.round = Round()
        for index, npc in enumerate(self.runtime.npcs.values()):
            npc.hear(QUESTIONS[(index + self._num_rounds) % len(QUESTIONS)])
        self._num_rounds += 1

    def forget(self) -> None:
        """Nobody remembers a thing: what one village went through and another did not is no more.

        What people are asked next then has the same prompts in both.
        """
        for npc in self.runtime.npcs.values():
            npc.memory = Memory()

    def update(self, budget_ms: float) -> FrameReport:
        """Runs one update and counts what it did."""
        report = self.runtime.update(budget_ms)
        self.round.add(report)
        return report


@dataclass(slots=True)
class Round:
    """One round of questions, answered.

    Attributes:
        model_ns: Time in the model's steps.
        num_tokens: Tokens sampled.
        disturbed: Whether time or budget ran out for anybody. What the model itself cannot answer
            (``refused``) is the same work both ways and disturbs nothing.
        answers: By name, the trees' included.
    """

    model_ns: int = 0
    num_tokens: int = 0
    disturbed: bool = False
    answers: dict[str, Decision] = field(default_factory=dict)

    def add(self, report: FrameReport) -> None:
        """Counts one update."""
        self.model_ns += report.model_ns
        self.num_tokens += report.num_tokens
        self.disturbed |= any(reason != Reason.REFUSED for _, reason in report.fallbacks)
        self.answers.update(report.decisions)


def _do_nothing(npc: object, **args: str) -> None:
    """The game's part of an action, of which there is none here."""
