"""The decision model for many games at once: questions in, answers out as they are written.

One thread runs the engine, like a runtime without frames: a question that comes while others are
answered joins their batch. It knows no HTTP. Invariant: every question ends once, with a whole
answer or with the reason why there is none, and only that one thread touches the engine.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from npcbrain.asking.pending_answer import LanguageThought
from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import NS_PER_MS, SystemClock
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.npcs.contracts import Inquiry
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.prompt import answer_grammar, grammar
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.scheduling.request import Extent
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision, Situation

__all__ = ["Asked", "Piece", "Service"]

TURN_NS = 20 * NS_PER_MS  # of the engine, between two looks at new and cancelled questions


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an answer.

    Attributes:
        text: JSON, as ``npcbrain.remote.schema`` has it; all pieces together are one object.
        is_last: Whether the answer ends with it.
        reason: Why there is no answer; empty if there is.
    """

    text: str = ""
    is_last: bool = False
    reason: str = ""


class Asked:
    """An open question; set ``is_gone`` when the answer is no longer wanted."""

    __slots__ = ("extent", "is_gone", "on_piece", "situation", "told", "ttl_ms")

    def __init__(
        self,
        situation: Situation,
        *,
        words: bool,
        ttl_ms: float,
        on_piece: Callable[[Piece], None],
    ) -> None:
        """Asks nothing yet.

        Args:
            situation: What to decide about.
            words: Whether anything is to be said.
            ttl_ms: How long the answer is worth waiting for.
            on_piece: Called on the engine's thread with each piece.
        """
        self.situation = situation
        self.extent = Extent.DECIDED if words else Extent.DEED
        self.ttl_ms = ttl_ms
        self.on_piece = on_piece
        self.is_gone = False
        self.told = ""


class Service:
    """An engine that answers until it is closed."""

    def __init__(self, model: Model, *, memo: int = 4096) -> None:
        """Measures the engine's steps and starts the thread.

        Args:
            model: Its ``num_slots`` is the largest batch.
            memo: How many answers to keep, for questions with exactly the same prompt.
        """
        self._new: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread = threading.Thread(
            target=self._serve, args=(model, memo), name="npcbrain service", daemon=True
        )
        self.num_under_way = 0
        self._thread.start()

    def ask(self, asked: Asked) -> None:
        """Takes a question; may be called from any thread."""
        self._new.put(asked)

    def close(self) -> None:
        """Ends the thread; open questions get no answer."""
        self._new.put(None)
        self._thread.join()

    def _serve(self, model: Model, memo: int) -> None:
        clock, engine = SystemClock(), Engine(model)
        scheduler = Scheduler(engine, CostModel(), clock)
        scheduler.warm_up()
        mind = LanguageMind(model, scheduler, engine, clock, memo=memo)
        under_way: list[tuple[Asked, LanguageThought]] = []
        names = map(str, itertools.count())
        while True:
            while not under_way or not self._new.empty():
                asked = self._new.get()
                if asked is None:
                    return
                under_way.append((asked, _begin(asked, mind, model, next(names))))
            mind.take_askers()  # nobody listens to them here
            deadline_ns = clock.now_ns() + TURN_NS
            mind.prepare(deadline_ns)
            scheduler.run_frame(deadline_ns, FrameReport(budget_ns=TURN_NS))
            under_way = [pair for pair in under_way if not _look(*pair)]
            self.num_under_way = len(under_way)


def _begin(asked: Asked, mind: LanguageMind, model: Model, name: str) -> LanguageThought:
    situation = asked.situation
    if asked.extent is Extent.DEED:
        legal = answer_grammar(situation.actions, words="none")
    else:
        legal = grammar(situation, "any" if model.has_marks else "own")
    inquiry = Inquiry(situation, None, legal, name, asked.ttl_ms, extent=asked.extent)
    thought = mind.ask(inquiry)
    mind.forget(name)  # each question has a name of its own, and none is asked twice
    return thought


def _look(asked: Asked, thought: LanguageThought) -> bool:
    """Passes on what is new; returns whether the question is over."""
    if asked.is_gone:
        thought.drop()
        return True
    thought.listen()
    text = ""
    if thought.choice is not None and not asked.told:
        text = f'{{"deed": {_deed(thought.choice)}'
        asked.told = text
    if not thought.done:
        if text:
            asked.on_piece(Piece(text))
        return False
    decision = thought.decision
    if thought.choice is None or (decision is None and thought.reason != Reason.NO_WORDS):
        asked.on_piece(Piece(is_last=True, reason=thought.reason))
        return True
    if decision is not None:
        text += f', "emotion": {json.dumps(decision.emotion)}, "say": {json.dumps(decision.say)}'
    asked.on_piece(Piece(f"{text}}}", is_last=True))
    return True


def _deed(choice: Decision) -> str:
    deed: dict[str, object] = {"action": choice.action}
    if choice.args:
        deed["args"] = dict(choice.args)
    return json.dumps(deed, ensure_ascii=False)
