"""Promises of ``choosing.groundwork``: it changes no choice, and no piece of it is long."""

from __future__ import annotations

import random

import pytest
from operations import operations
from timed_chooser import toy_encoder

from npcbrain.asking.deliberation import Deliberation
from npcbrain.choosing.chooser import Chooser
from npcbrain.choosing.groundwork import NUM_LAYOUTS, PIECES, Groundwork, Layouts
from npcbrain.choosing.layout import news, persona
from npcbrain.choosing.signs import signs
from npcbrain.lm.encoder import Encoder
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.action_ranking import learn_words, load_tables
from npcbrain.prompting.reader import STANDARD_READER
from npcbrain.situation import Action, Situation
from npcbrain.testing import ManualClock

MOST_OPERATIONS = 30_000  # the interpreter's, of a piece: a millisecond on a core of 2020
LINES = ("One ale, please.", "Did I pay for the bed?", "", "x" * 5000, "bed ale key " * 90)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return toy_encoder(tmp_path_factory.mktemp("model") / "toy")


def situation(text: str, name: str = "Hilda", num_values: int = 2) -> Situation:
    values = ["ale", "key", *(f"thing {number}" for number in range(num_values - 2))]
    return Situation.from_dict(
        {
            "npc": {"name": name, "role": "cook", "facts": ["A bed is cheap.", "The ale is old."]},
            "actions": [{"name": "say"}, {"name": "give", "args": {"item": values, "for": values}}],
            "memory": ["The player paid.", "Al said: No. Hilda said: Yes."],
            "event": {"kind": "speech", "from": "player", "text": text},
        }
    )


def large_situation(line: str) -> Situation:
    """Somebody who knows and may do more than can be read, of words that are all alike."""
    rng = random.Random(5)

    def words(count: int) -> str:
        return " ".join("".join(rng.choices("abcde", k=rng.randint(4, 8))) for _ in range(count))

    args = {words(1): [words(1) for _ in range(8)] for _ in range(2)}
    return Situation.from_dict(
        {
            "npc": {"name": "Greta", "role": "baker", "facts": [words(20) for _ in range(16)]},
            "actions": [{"name": "say"}, *({"name": words(2), "args": args} for _ in range(8))],
            "memory": [words(12) for _ in range(8)],
            "event": {"kind": "speech", "from": "player", "text": line or words(60)},
        }
    )


def work(encoder: Encoder, asked: Situation, layouts: Layouts | None = None) -> Groundwork:
    return Groundwork(asked, encoder.encode, layouts or Layouts(), reader=STANDARD_READER)


@pytest.mark.parametrize("text", LINES)
def test_a_choice_is_the_same_with_it_and_without(encoder: Encoder, text: str) -> None:
    asked = situation(text)
    alone = Chooser(encoder)
    assert alone.begin(asked)
    while (expected := alone.step()) is None:
        pass
    own = Deliberation(Chooser(encoder), CostModel(), ManualClock())
    for _ in range(2):  # a persona that is new, and one that was met before
        assert own.begin(asked)
        found = None
        while found is None:
            found = own.run(1 << 62, None, lambda: True)  # piece by piece
        assert found == expected


@pytest.mark.parametrize("text", LINES)
def test_it_finds_the_layouts_that_the_chooser_would(encoder: Encoder, text: str) -> None:
    asked = situation(text)
    own = work(encoder, asked)
    while own.shape is not None:
        assert own.shape.segment in PIECES
        own.step()
    assert own.layout == persona(asked, encoder.encode)
    assert own.told == news(asked, encoder.encode)


@pytest.mark.parametrize("line", ["", "abcde " * 60, "\x00" * 400])
def test_no_piece_is_long_whatever_is_said_to_whomever(encoder: Encoder, line: str) -> None:
    load_tables()
    asked = large_situation(line)
    learn_words(asked.actions, asked.npc.facts)  # as when somebody is added
    own = work(encoder, asked)
    while own.shape is not None:
        assert operations(own.step) < MOST_OPERATIONS
    if own.layout is not None:
        num_facts = len(own.layout.facts)
        assert operations(lambda: signs(asked, num_facts)) < MOST_OPERATIONS / 2


def test_a_persona_met_before_needs_no_layout(encoder: Encoder) -> None:
    layouts = Layouts()
    shapes: list[list[str]] = []
    for text in "Hm?", "One ale.":
        own = work(encoder, situation(text), layouts)
        shapes.append([])
        while own.shape is not None:
            shapes[-1].append(PIECES[own.shape.segment])
            own.step()
    assert {"lines", "tokens", "layout"} <= set(shapes[0])
    assert set(shapes[1]) == {"news", "words"}


def test_layouts_that_are_kept_are_bounded(encoder: Encoder) -> None:
    layouts = Layouts()
    first = situation("Hm?", "Number 0")
    layout = persona(first, encoder.encode)
    for number in range(NUM_LAYOUTS + 1):
        layouts.keep(situation("Hm?", f"Number {number}"), layout)
    assert layouts.find(first) == (False, None)
    assert layouts.find(situation("Hm?", "Number 1")) == (True, layout)


def test_a_persona_that_may_do_too_much_is_declined_and_stays_so(encoder: Encoder) -> None:
    asked = situation("Hm?", num_values=32)
    own = Deliberation(Chooser(encoder), CostModel(), ManualClock())
    assert own.begin(asked)
    assert own.run(1 << 62) is None
    assert own.has_declined
    for _ in range(2):
        assert not own.begin(asked)
        own.give_up()
    assert own.begin(Situation(asked.npc, asked.scene, asked.event, (Action("say"),)))
    assert own.run(1 << 62) is not None
