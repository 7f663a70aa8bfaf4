"""The promise of schedule invariance: same request, same bits, whatever happens around it.

A schedule here is a random walk: waves of any kind start and move on in any order, chunks have any
size, decodes any company, neighbours come and are cancelled at any step, slots are cold or warm and
prefixes kept or not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcbrain.engine.engine import Engine
from npcbrain.lm.drafts import Drafter
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from tools.bench.game_load import advance

TINY = Path(__file__).parents[1] / "models" / "tiny"
NUM_SLOTS = 4
GRAMMAR = (
    'start: (" say\\n" | " give\\n" (" key\\n" | " room\\n")) emotion speech\n'
    'emotion: " happy\\n" | " neutral\\n"\n'
    "speech: / [^ \\n][^\\n]{0,30}[.!?]/\n"
)


@dataclass(frozen=True)
class Ask:
    """A request that can be made again and again."""

    prefix: str
    news: str
    seed: int
    temperature: float = 0.0
    max_new_tokens: int = 24

    def generation(self, model: Model) -> Generation:
        return model.generation(
            self.prefix,
            self.news,
            grammar=GRAMMAR,
            seed=self.seed,
            temperature=self.temperature,
            top_p=0.9,
            max_new_tokens=self.max_new_tokens,
        )


HILDA = "Hilda, innkeeper\nknows:\n- the room key costs five\n"
OTTO = "Otto, smith\nknows:\n- the key to the room and the player\n"
ASKS = (
    Ask(HILDA, "speech from player: give the key\n", 1),
    Ask(HILDA, "speech from player: give the room to the player\n", 2, temperature=1.0),
    Ask(OTTO, "gift from player: a key\n", 3, temperature=0.7),
    Ask(OTTO, "at the room\n", 4, max_new_tokens=9),
    Ask("Ida\n", "x\n", 5),
    # As long as the context allows: its last chunks have no room for padding.
    Ask("Bo, " + "player " * 60, "the key " * 78 + "\n", 6, max_new_tokens=30),
)


class Recorder:
    """Everything that decided an answer: the logits of each sampled token, by generation."""

    def __init__(self) -> None:
        self.rows: dict[Generation, list[bytes]] = {}

    def take(self, generation: Generation, logits: np.ndarray) -> None:
        self.rows.setdefault(generation, []).append(logits.tobytes())
        _take(generation, logits)

    def verify(self, generation: Generation, logits: np.ndarray) -> int:
        used = logits[: 1 + len(generation.draft)]
        self.rows.setdefault(generation, []).append(used.tobytes())
        return _verify(generation, logits)


_take, _verify = Generation.take, Generation.verify


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "drafts"])
def model(request: pytest.FixtureRequest) -> Iterator[Model]:
    """The tiny model, once as it is and once with drafts, most of them right."""
    plain = Model.load(TINY, num_slots=NUM_SLOTS)
    if not request.param:
        yield plain
        return
    written = [write_alone(plain, ask).ids for ask in ASKS]

    def draft(own: Drafter, ids: Sequence[int], most: int) -> list[int]:
        size = (1, 3, 3, 0)[len(ids) % 4]
        for known in written:
            if known[: len(ids)] == ids and size <= min(most, len(known) - len(ids)):
                comes = known[len(ids) : len(ids) + size]
                return [token ^ (sum(ids) % 5 == place) for place, token in enumerate(comes)]
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Drafter, "draft", draft)
        yield Model.load(TINY, num_slots=NUM_SLOTS, drafts=True)


def write_alone(model: Model, ask: Ask) -> Generation:
    """The answer with an engine to itself."""
    engine, generation = Engine(model, prefix_cache_bytes=0), ask.generation(model)
    assert engine.open(generation)
    while not generation.finished:
        advance(engine, generation)
    return generation


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Generation, "take", lambda own, logits: recorder.take(own, logits))
        patch.setattr(Generation, "verify", lambda own, logits: recorder.verify(own, logits))
        yield recorder


@pytest.fixture(scope="module")
def alone(model: Model, recorder: Recorder) -> dict[Ask, tuple[list[int], list[bytes]]]:
    """What each request yields with an engine to itself: its tokens and its logits."""
    answers = {}
    for ask in ASKS:
        generation = write_alone(model, ask)
        answers[ask] = (generation.ids, recorder.rows[generation])
    return answers


class Walk:
    """One random schedule over one engine."""

    def __init__(self, model: Model, dice: random.Random) -> None:
        self.model = model
        self.dice = dice
        self.engine = Engine(model, prefix_cache_bytes=dice.choice((0, 60_000, 1 << 20)))
        self.open: dict[Generation, Ask] = {}
        self.done: list[tuple[Generation, Ask]] = []

    def step(self) -> None:
        resting = [one for one in self.open if not one.in_wave]
        move = self.dice.choice(("start", "start", "run", "run", "run", "run", "open", "cancel"))
        if move == "open" or not self.open:
            ask = self.dice.choice(ASKS)
            generation = ask.generation(self.model)
            if self.engine.open(generation):
                self.open[generation] = ask
        elif move == "cancel" and self.dice.random() < 0.15:
            generation = self.dice.choice([*self.open])
            self.engine.close(generation)
            del self.open[generation]
        elif move == "start" and resting:
            self.start(self.dice.choice(resting), resting)
        elif self.engine.waves:
            self.engine.run(self.dice.choice(self.engine.waves))
            self.collect()

    def start(self, one: Generation, resting: list[Generation]) -> None:
        if one.num_to_copy:
            self.engine.start_copy(one)
        elif one.num_pending > 1:
            self.engine.start_prefill(one, self.dice.choice(self.engine.chunk_sizes))
        elif one.draft:
            self.engine.start_verify(one)
        else:
            able = [other for other in resting if other.num_pending == 1 and not other.num_to_copy]
            ready = [other for other in able if not other.draft]
            others = [other for other in ready if other is not one and self.dice.random() < 0.6]
            self.engine.start_decode([one, *others])

    def collect(self) -> None:
        for generation in [one for one in self.open if one.finished]:
            self.engine.close(generation)
            self.done.append((generation, self.open.pop(generation)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_schedule_gives_the_same_tokens_and_logits_to_the_last_bit(
    model: Model,
    recorder: Recorder,
    alone: dict[Ask, tuple[list[int], list[bytes]]],
    seed: int,
) -> None:
    walk = Walk(model, random.Random(seed))
    for _ in range(600):
        walk.step()
    for generation, ask in walk.done:
        ids, rows = alone[ask]
        assert generation.ids == ids
        assert recorder.rows[generation] == rows


def test_random_schedules_finish_answers_and_meet_every_kind_of_reuse(
    model: Model, recorder: Recorder
) -> None:
    """The test above would prove nothing on schedules that never get anywhere."""
    recorder.rows.clear()
    num_done = num_restored = num_warm = 0
    for seed in range(6):
        walk = Walk(model, random.Random(seed))
        known: set[Generation] = set()
        for _ in range(600):
            walk.step()
            for one in set(walk.open) - known:
                known.add(one)
                num_restored += one.cached_prefix is not None
                num_warm += one.context > 0
        num_done += len(walk.done)
    assert num_done > 12
    assert num_restored > 5
    assert num_warm > 5
    row_bytes = 4 * model.config.vocab
    num_guessed = sum(len(row) > row_bytes for rows in recorder.rows.values() for row in rows)
    assert num_guessed > 20 if model.drafts else num_guessed == 0


def test_the_answers_compared_are_no_trifles_and_differ(
    alone: dict[Ask, tuple[list[int], list[bytes]]],
) -> None:
    assert len({tuple(ids) for ids, _ in alone.values()}) == len(ASKS)
    assert all(len(rows) >= 3 for _, rows in alone.values())


def test_an_answer_sampled_with_another_seed_differs(model: Model) -> None:
    def draw(seed: int) -> list[int]:
        engine, ask = Engine(model), Ask(HILDA, "x\n", seed, temperature=1.5)
        walk = Walk(model, random.Random(1))
        walk.engine, generation = engine, ask.generation(model)
        engine.open(generation)
        while not generation.finished:
            walk.start(generation, [generation])
            while engine.waves:
                engine.run(engine.waves[0])
        return generation.ids

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
