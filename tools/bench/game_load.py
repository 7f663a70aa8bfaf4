"""The load for comparing ways to run a model in a game: NPCs that are asked in rounds.

The NPCs and questions are those of ``bench frames``: all are asked at once, and again when all have
answered. Invariant: the n-th round asks the same questions in every way.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from npcbrain.asking.writer import MAX_NEW_TOKENS
from npcbrain.clock import SystemClock
from npcbrain.commands.bench.workload import CAST, QUESTIONS, Village
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.engine import Engine
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.npcs.persona import Persona
from npcbrain.prompting.prompt import answer_grammar, render
from npcbrain.situation import Event, Scene, Situation
from tools.bench.rules import Rule

__all__ = [
    "EngineWay",
    "Load",
    "NoModel",
    "Npcbrain",
    "NpcbrainBeside",
    "Question",
    "Way",
    "advance",
    "typical_answer",
]


class Question(NamedTuple):
    """A prompt, and the grammar of its answer."""

    prefix: str
    news: str
    grammar: str

    def ids(self, tokenizer: Tokenizer) -> list[int]:
        """The tokens of the whole prompt."""
        known, new = tokenizer.encode(self.prefix), tokenizer.encode(self.news)
        return [tokenizer.bos_id, *known, *new, tokenizer.eos_id]


class Load:
    """The questions of each NPC."""

    def __init__(self, num_npcs: int, people: Sequence[dict[str, Any]] = CAST) -> None:
        self.people = people
        self.num_npcs = num_npcs
        self._cast = [Persona.from_dict(data) for data in people]

    def round(self, number: int) -> list[Question]:
        """Everybody's question."""
        return [self._question(npc, number) for npc in range(self.num_npcs)]

    def _question(self, npc: int, number: int) -> Question:
        persona = self._cast[npc % len(self._cast)]
        event = Event("speech", "player", QUESTIONS[(npc + number) % len(QUESTIONS)])
        scene = Scene("the village", "evening", ("player",))
        situation = Situation(persona.profile, scene, event, persona.actions)
        prompt = render(situation, marks=False)  # in words, which the models of all ways can read
        return Question(prompt.prefix, prompt.news, answer_grammar(persona.actions))


class Way(Protocol):
    """A way to run the model beside a game.

    Attributes:
        name: For the table.
        words: A sentence about what it does.
        num_answers: Answers by the model so far.
        is_idle: Whether all NPCs have answered.
    """

    name: str
    words: str
    num_answers: int

    @property
    def is_idle(self) -> bool: ...

    def ask(self) -> None:
        """Begins a round, between two frames."""
        ...

    def update(self) -> None:
        """The part of a frame that the game gives it."""
        ...

    def go(self) -> None:
        """Notes that its frames begin, or go on."""
        ...

    def stop(self) -> None:
        """Stops all of its work, because the frames of other ways come now."""
        ...


class NoModel:
    """The game alone."""

    name = "no model"
    words = "the game's own work alone"
    num_answers = 0
    is_idle = False  # nobody is ever asked

    def ask(self) -> None: ...

    def update(self) -> None: ...

    def go(self) -> None: ...

    def stop(self) -> None: ...


class Npcbrain:
    """npcbrain as games use it: a runtime with its trees and a budget."""

    def __init__(self, model: Model, load: Load, budget_ms: float, name: str = "npcbrain") -> None:
        self.name = name
        self.words = f"steps priced before they start, {budget_ms:g} ms a frame"
        self.num_answers = 0
        self._budget_ms = budget_ms
        self._clock = FrameClock()
        self._village = Village(model, load.num_npcs, self._clock, load.people)
        self._clock.stop()

    @property
    def is_idle(self) -> bool:
        return self._village.is_idle

    def ask(self) -> None:
        """See ``Way``. Nobody remembers the rounds before: nobody does in the other ways."""
        self._village.forget()
        self._village.ask()

    def update(self) -> None:
        """See ``Way``."""
        report = self._village.update(self._budget_ms)
        self.num_answers += sum(done.source == "model" for _, done in report.decisions)

    def go(self) -> None:
        """See ``Way``."""
        self._clock.go()

    def stop(self) -> None:
        """Stops its clock, so that no question runs out of time meanwhile."""
        self._clock.stop()


class NpcbrainBeside:
    """npcbrain on a thread of its own, which has all the time between two updates."""

    words = "a worker thread, from one update to the next"

    def __init__(self, model: Model, load: Load, name: str = "npcbrain beside the game") -> None:
        self.name = name
        self.num_answers = 0
        self._village = Village(model, load.num_npcs, SystemClock(), load.people, overlap=True)

    @property
    def is_idle(self) -> bool:
        return self._village.is_idle

    def ask(self) -> None:
        """See ``Way``. Nobody remembers the rounds before: nobody does in the other ways."""
        self._village.forget()
        self._village.ask()

    def update(self) -> None:
        """See ``Way``."""
        self._update(math.inf)

    def go(self) -> None: ...

    def stop(self) -> None:
        """Ends the worker's turn; for the runtime the game pauses."""
        self._update(0.0)

    def _update(self, budget_ms: float) -> None:
        report = self._village.update(budget_ms)
        self.num_answers += sum(done.source == "model" for _, done in report.decisions)


class EngineWay:
    """The same engine under another rule.

    Prompts are tokenised and grammars compiled between two frames, at no cost, and there are no
    trees. Both favour this way: npcbrain's own frames pay for them.
    """

    def __init__(self, model: Model, load: Load, rule: Rule, engine: Engine | None = None) -> None:
        self.name = rule.name
        self.words = rule.words
        self.num_answers = 0
        self._model = model
        self._load = load
        self._rule = rule
        self._engine = Engine(model) if engine is None else engine
        self._waiting: deque[Generation] = deque()
        self._thinking: list[Generation] = []
        self._num_rounds = 0

    @property
    def is_idle(self) -> bool:
        return not self._waiting and not self._thinking

    def ask(self) -> None:
        """See ``Way``."""
        self._waiting.extend(
            self._model.generation(
                question.prefix,
                question.news,
                grammar=question.grammar,
                seed=0,
                max_new_tokens=MAX_NEW_TOKENS,
            )
            for question in self._load.round(self._num_rounds)
        )
        self._num_rounds += 1

    def update(self) -> None:
        """See ``Way``."""
        while self._waiting and self._engine.open(self._waiting[0]):
            self._thinking.append(self._waiting.popleft())
        self._rule.spend(self._engine, self._thinking)
        for one in [one for one in self._thinking if one.finished]:
            self._engine.close(one)
            self._thinking.remove(one)
            self.num_answers += one.finish_reason == "stop"

    def go(self) -> None: ...

    def stop(self) -> None: ...


def advance(engine: Engine, one: Generation) -> None:
    """Moves a lone answer on by one wave: a copy, a chunk, a draft or a token."""
    if one.num_to_copy:
        wave = engine.start_copy(one)
    elif one.num_pending > 1:
        wave = engine.start_prefill(one, engine.chunk_sizes[-1])
    elif one.draft:
        wave = engine.start_verify(one)
    else:
        wave = engine.start_decode([one])
    while one.in_wave:
        engine.run(wave)


def typical_answer(model: Model, load: Load) -> int:
    """Tokens of an answer, on average over one round."""
    engine, generations = Engine(model), []
    for prefix, news, grammar in load.round(0)[: engine.num_slots]:
        one = model.generation(prefix, news, grammar=grammar, seed=0, max_new_tokens=MAX_NEW_TOKENS)
        engine.open(one)
        while not one.finished:
            advance(engine, one)
        engine.close(one)
        generations.append(one.num_generated)
    return round(sum(generations) / len(generations))
