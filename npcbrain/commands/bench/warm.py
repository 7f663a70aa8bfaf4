"""How soon one warm NPC answers when nobody else is thinking.

Warm: its persona was read before, so that only the news of an event has to be. Part of
``npcbrain bench frames``. Invariant: a question is heard just before frame 1, and making
its prompt counts as part of that frame's budget.

It drives the scheduler itself rather than a whole runtime, because it looks into an answer while
that is being written: when the action is decided, when speech begins, when 20 tokens are there.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from statistics import median
from typing import Any

from npcbrain.asking.models import ModelLike
from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import NpcBrainError
from npcbrain.npcs.persona import Persona
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.prompt import AnswerReader, render
from npcbrain.prompting.prompt import grammar as grammar_of
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Event, Scene, Situation

__all__ = ["WARM_FIELDS", "bench_warm"]

ANSWER_TOKENS = 20
MAX_NEW_TOKENS = 64  # as for any answer
MAX_FRAMES = 600  # ten seconds; an answer that takes longer is not worth waiting for
WARM_FIELDS = ("warm_action_frames", "warm_first_word_frames", "warm_20_tokens_frames")


def bench_warm(
    model: ModelLike,
    engine: EngineLike,
    budget_ms: float,
    people: Sequence[dict[str, Any]],
    questions: Sequence[str],
) -> dict[str, float | None]:
    """Asks every question of every persona, one after the other (some seconds).

    Args:
        model: Makes the prompts.
        engine: Runs the model; nothing else may be open in it.
        budget_ms: Of each frame.
        people: Personas, as ``Persona.from_dict`` reads them.
        questions: Spoken by the player.

    Returns:
        The medians by ``WARM_FIELDS``, of the answers that came so far; None where none did.
    """
    clock = FrameClock()
    prices = CostModel()
    Scheduler(engine, prices, clock).warm_up()
    budget_ns = int(min(budget_ms * NS_PER_MS, NS_PER_S))
    frames: dict[str, list[int]] = {field: [] for field in WARM_FIELDS}
    scene = Scene("the village", "evening", ("player",))
    with warnings.catch_warnings():
        # That the budget is too small would be said for every question anew.
        warnings.simplefilter("ignore", RuntimeWarning)
        for persona in (Persona.from_dict(data) for data in people):
            for number, text in enumerate((questions[-1], *questions)):
                event = Event("speech", "player", text)
                situation = Situation(persona.profile, scene, event, persona.actions)
                # A scheduler of its own: frames without a limit must teach the others nothing.
                scheduler = Scheduler(engine, prices, clock)
                if number == 0:
                    _answer(model, scheduler, clock, situation, NO_LIMIT_NS)
                    continue
                found = _answer(model, scheduler, clock, situation, budget_ns)
                for field, frame in zip(WARM_FIELDS, found, strict=True):
                    if frame is not None:
                        frames[field].append(frame)
    return {field: median(found) if found else None for field, found in frames.items()}


def _answer(
    model: ModelLike, scheduler: Scheduler, clock: FrameClock, situation: Situation, budget_ns: int
) -> tuple[int | None, int | None, int | None]:
    """Frames until the action, the first word and the 20th token were there; None if never."""
    reader = AnswerReader(situation)
    deadline_ns = clock.now_ns() + budget_ns
    has_marks = model.has_marks
    prompt = render(situation, marks=has_marks)
    try:
        generation = model.generation(
            prompt.prefix,
            prompt.news,
            grammar=grammar_of(situation, "any" if has_marks else "own"),
            action_prior=prompt.action_prior,
            seed=0,
            temperature=0.0,
            top_p=1.0,
            max_new_tokens=MAX_NEW_TOKENS,
        )
    except NpcBrainError:  # a prompt too long for a tiny model: a tree answers, as in a game
        return None, None, None
    request = scheduler.submit(generation, name=situation.npc.name, ttl_ns=NO_LIMIT_NS)
    action = word = tokens = None
    for frame in range(1, MAX_FRAMES + 1):
        scheduler.run_frame(deadline_ns, FrameReport(budget_ns=budget_ns))
        clock.next_frame()
        deadline_ns = clock.now_ns() + budget_ns
        reader.read(generation.text)
        if action is None and reader.decided:
            action = frame
        if word is None and reader.say:
            word = frame
        if tokens is None and generation.num_generated >= ANSWER_TOKENS:
            tokens = frame
        if request.done:
            break
    scheduler.cancel(request)
    return action, word, tokens
