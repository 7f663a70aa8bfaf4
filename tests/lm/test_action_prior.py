"""Two judges of how an answer begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npcbrain.lm.action_prior import ActionPrior
from npcbrain.lm.model import Model
from npcbrain.prompting.prompt import answer_grammar, render
from npcbrain.situation import Situation

TINY = Path(__file__).parents[1] / "models" / "tiny"
WAYS = [((1, 2, 9), 0.0), ((1, 3, 9), 2.0), ((4, 9), -1.0)]
FLAT = np.zeros(12, np.float32)


def test_a_token_counts_for_as_much_as_the_best_way_through_it() -> None:
    biased = ActionPrior(WAYS).add_to(FLAT)
    assert biased[1] - biased[4] == 3.0
    assert biased[4] == biased[0] == 0.0
    assert not FLAT.any()


def test_once_ways_part_only_those_that_are_left_count() -> None:
    prior = ActionPrior(WAYS)
    prior.push(1)
    assert prior.is_open
    biased = prior.add_to(FLAT)
    assert biased[3] - biased[2] == 2.0
    assert biased[4] == 0.0
    prior.push(3)
    assert not prior.is_open


@pytest.mark.parametrize("token", [4, 7])
def test_one_way_or_none_left_is_no_choice(token: int) -> None:
    prior = ActionPrior(WAYS)
    prior.push(token)
    prior.push(9)
    assert not prior.is_open


@pytest.mark.parametrize("ways", [[], WAYS[:1]])
def test_without_a_choice_there_is_nothing_to_lean_to(
    ways: list[tuple[tuple[int, ...], float]],
) -> None:
    assert not ActionPrior(ways).is_open


def test_what_classical_reading_is_sure_of_decides_where_the_model_is_not() -> None:
    tiny = Model.load(TINY)
    situation = Situation.from_dict(
        {
            "npc": {"name": "Hilda", "role": "innkeeper"},
            "actions": [{"name": "say"}, {"name": "cook"}, {"name": "open_gate"}],
            "event": {"kind": "speech", "from": "player", "text": "Open the gate!"},
        }
    )
    prompt = render(situation)
    grammar = answer_grammar(situation.actions)
    level = np.zeros(tiny.config.vocab, np.float32)
    answers = []
    for favourite in (" cook\n", " open_gate\n"):
        prior = [(text, 5.0 if text == favourite else 0.0) for text, _ in prompt.action_prior]
        generation = tiny.generation(
            prompt.prefix, prompt.news, grammar=grammar, seed=0, action_prior=prior
        )
        while "\n" not in generation.text:
            generation.take(level)
        answers.append(generation.text.split("\n")[0])
    assert answers == [" cook", " open_gate"]
    best = max(prompt.action_prior, key=lambda way: way[1])
    assert best[0] == " open_gate\n"
