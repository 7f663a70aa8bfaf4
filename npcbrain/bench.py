"""``npcbrain bench frames``: what thinking costs a game's frames, and what frames cost thinking.

A village that is talked to without end, played without a screen. Floor 5. Invariant: whatever is
compared was measured in one run, alternating, so that the machine's noise hits both sides.

What is compared:

* **Frames with npcbrain and without.** Each frame is played twice: the game's work and an update,
  then the game's work alone. A frame is a hitch when it takes longer than 16.67 ms. The game's work
  is a fixed amount of computing, measured beforehand to take ``game_ms``: what disturbs the machine
  makes it longer, as it would a game's. The idle rest of a frame is skipped, see ``pacing``.
* **The model in slices and in one piece.** The village is asked in rounds: everybody at once, and
  again when all have answered. After each round a second village, with the same people, is asked
  the same and answers in one update without a limit. The answers are the same, token for token,
  and so is who waited for whom, so that the model's times can be compared:
  ``slicing_efficiency`` is the time in one piece over the time in slices. A round in which
  somebody's time or budget ran out did other work and is left out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from npcbrain.leaves import Act, CannedReply, Decide, Heard
from npcbrain.mind import ModelLike
from npcbrain.pacing import FRAME_NS, FrameClock
from npcbrain.persona import Persona
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision, Scene
from npcbrain.tree import Selector, Succeed
from npcbrain.tree import Sequence as SequenceNode

__all__ = ["GameWork", "Village", "bench_frames"]

TTL_MS = 600_000.0  # rounds are to be completed: a full village takes seconds to answer everybody
MIN_ROUND_FRAMES = 30  # nobody is asked twice in half a second, even if trees answer at once
WARM_UP_FRAMES = 30
MAX_FURTHER_FRAMES = 3600  # for the last round; one that takes longer than a minute is given up
COMPARISON_FIELDS = (
    "slicing_efficiency",
    "rounds_compared",
    "same_answers",
    "tokens_per_s_sliced",
    "tokens_per_s_unsliced",
)

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
TREE = Selector(
    SequenceNode(Heard(), Decide(ttl_ms=TTL_MS), Act()),
    SequenceNode(Heard(), CannedReply()),
    Succeed(),
)


class GameWork:
    """A game's own work: a fixed amount of computing on memory of its own.

    Args:
        game_ms: What it should take; 0 is no work.
        clock: Measures it once.
    """

    __slots__ = ("_field", "_num_rounds")

    def __init__(self, game_ms: float, clock: Clock) -> None:
        self._field = np.ones(1 << 17, dtype=np.float32)  # 512 KB: out of the first-level cache
        self._num_rounds = 50
        for _ in range(2):  # a first guess, then at the size that it is to have
            times = [_time_ns(clock, self.run) for _ in range(25)]
            share = game_ms * NS_PER_MS / max(1, median(times))
            self._num_rounds = round(self._num_rounds * share)

    def run(self) -> None:
        """Does one frame's work."""
        field = self._field
        for _ in range(self._num_rounds):
            np.multiply(field, 1.0, out=field)


class Village:
    """People who are asked together, and again when all have answered.

    Attributes:
        runtime: Theirs.
        round: What came of the questions asked last.
    """

    __slots__ = ("_num_rounds", "round", "runtime")

    def __init__(
        self, model: ModelLike, num_npcs: int, clock: Clock, people: Sequence[dict[str, Any]]
    ) -> None:
        self.runtime = Runtime(model, clock=clock)
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
        self.disturbed |= any(reason != "refused" for _, reason in report.fallbacks)
        self.answers.update(report.decisions)


class Comparison:
    """The rounds played both ways, added up.

    Attributes:
        num_rounds: Those undisturbed on either side.
        same_answers: Whether all of them agreed in every answer.
    """

    __slots__ = ("_num_tokens", "_sliced_ns", "_whole_ns", "num_rounds", "same_answers")

    def __init__(self) -> None:
        self.num_rounds = 0
        self.same_answers = True
        self._num_tokens = self._sliced_ns = self._whole_ns = 0

    def add(self, sliced: Round, whole: Round) -> None:
        """Adds a round, unless it was disturbed."""
        if sliced.disturbed or whole.disturbed:
            return
        self.num_rounds += 1
        self.same_answers = self.same_answers and sliced.answers == whole.answers
        self._num_tokens += sliced.num_tokens
        self._sliced_ns += sliced.model_ns
        self._whole_ns += whole.model_ns

    def to_dict(self) -> dict[str, Any]:
        """The fields of the result; None where no round could be compared."""
        if not self.num_rounds:
            return dict.fromkeys(COMPARISON_FIELDS) | {"rounds_compared": 0}
        speeds = [self._num_tokens * NS_PER_S / t for t in (self._sliced_ns, self._whole_ns)]
        values = (
            round(self._whole_ns / self._sliced_ns, 4),
            self.num_rounds,
            self.same_answers,
            *(round(speed, 1) for speed in speeds),
        )
        return dict(zip(COMPARISON_FIELDS, values, strict=True))


def bench_frames(
    model: ModelLike,
    *,
    num_npcs: int,
    num_frames: int,
    budget_ms: float,
    game_ms: float,
    on_progress: Callable[[int], None],
    people: Sequence[dict[str, Any]] = CAST,
) -> dict[str, Any]:
    """Plays ``num_frames`` frames, each with npcbrain and without.

    A last round under way is played to its end for the comparison; its further frames do not count.

    Returns:
        ``over_budget_*_ms`` (time used less budget, floored at 0), ``largest_step_ms``,
        ``hitches_on`` and ``hitches_off`` (frames over 16.67 ms), ``budget_used`` (share),
        ``tokens`` (sampled), ``decisions`` (by the model), ``fallbacks`` and
        ``slicing_efficiency``, None if there was no round to compare. And what these rest on.
    """
    real = SystemClock()
    clock = FrameClock(real)
    work = GameWork(game_ms, real)
    sliced = Village(model, num_npcs, clock, people)
    whole = Village(model, num_npcs, real, people)
    comparison = Comparison()
    reports: list[FrameReport] = []
    frames_on: list[int] = []
    frames_off: list[int] = []

    def play() -> None:
        work.run()
        reports.append(sliced.update(budget_ms))

    for _ in range(WARM_UP_FRAMES):  # teaches the scheduler the rhythm; nobody is asked
        sliced.update(budget_ms)
        clock.next_frame()
    sliced.ask()
    asked = 1
    for frame in range(1, num_frames + MAX_FURTHER_FRAMES + 1):
        if sliced.is_idle and (frame >= asked + MIN_ROUND_FRAMES or frame > num_frames):
            clock.stop()
            comparison.add(sliced.round, _answer_whole(whole))
            clock.go()
            if frame > num_frames:
                break
            sliced.ask()
            asked = frame
        if frame > num_frames:
            sliced.update(budget_ms)
            clock.next_frame()
            continue
        frames_on.append(_time_ns(real, play))
        clock.next_frame()
        clock.stop()
        frames_off.append(_time_ns(real, work.run))
        on_progress(frame)
        clock.go()

    over_ns = sorted(report.over_budget_ns for report in reports)
    decisions = [d for report in reports for _, d in report.decisions if d.source == "model"]
    reasons = Counter(reason for report in reports for _, reason in report.fallbacks)
    granted_ns = budget_ms * NS_PER_MS * num_frames
    compared = comparison.to_dict()
    return {
        "frames": num_frames,
        "over_budget_p50_ms": _ms(_quantile(over_ns, 0.5)),
        "over_budget_p99_ms": _ms(_quantile(over_ns, 0.99)),
        "over_budget_p999_ms": _ms(_quantile(over_ns, 0.999)),
        "over_budget_max_ms": _ms(over_ns[-1]),
        "largest_step_ms": _ms(max(report.largest_step_ns for report in reports)),
        "hitches_on": sum(frame_ns > FRAME_NS for frame_ns in frames_on),
        "hitches_off": sum(frame_ns > FRAME_NS for frame_ns in frames_off),
        "budget_used": round(sum(report.used_ns for report in reports) / granted_ns, 4),
        "tokens": sum(report.num_tokens for report in reports),
        "decisions": len(decisions),
        "fallbacks": reasons.total(),
        **compared,
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "game_ms": game_ms,
        "fallback_reasons": dict(reasons),
        "frame_on_p50_ms": _ms(_quantile(sorted(frames_on), 0.5)),
        "frame_on_p99_ms": _ms(_quantile(sorted(frames_on), 0.99)),
        "frame_off_p50_ms": _ms(_quantile(sorted(frames_off), 0.5)),
        "frame_off_p99_ms": _ms(_quantile(sorted(frames_off), 0.99)),
    }


def _answer_whole(village: Village) -> Round:
    """A round answered in as few updates as it takes: asked, answered, acted on."""
    village.ask()
    while not village.is_idle:
        village.update(math.inf)
    return village.round


def _time_ns(clock: Clock, run: Callable[[], None]) -> int:
    started_ns = clock.now_ns()
    run()
    return clock.now_ns() - started_ns


def _quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that at least ``share`` of the values do not exceed.

    >>> _quantile([1, 2, 3, 4], 0.5), _quantile([1, 2, 3, 4], 0.99)
    (2, 4)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _ms(time_ns: int) -> float:
    return round(time_ns / NS_PER_MS, 4)


def _do_nothing(npc: object, **args: str) -> None:
    """The game's part of an action, of which there is none here."""
