"""Promises of ``npcbrain.lm.sampler``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.errors import EngineError, UsageError
from npcbrain.lm.sampler import RepeatGuard, SamplerConfig, pick

GREEDY = SamplerConfig()


class Legal:
    """A mask of a fixed set of tokens that counts what it was asked for."""

    def __init__(self, *ids: int, vocab: int = 6) -> None:
        self.ids = ids
        self.vocab = vocab
        self.num_masks = 0

    def allows(self, token_id: int) -> bool:
        return token_id in self.ids

    def mask(self) -> np.ndarray:
        self.num_masks += 1
        mask = np.zeros(self.vocab, dtype=np.bool_)
        mask[list(self.ids)] = True
        return mask


def row(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_greedy_takes_the_likeliest_legal_token() -> None:
    assert pick(row(9, 1, 5, 3, 0, 0), Legal(1, 2, 3), (), GREEDY, generator()) == 2


def test_greedy_takes_the_lowest_id_among_equals() -> None:
    assert pick(row(0, 5, 5, 5, 0, 0), Legal(2, 3), (), GREEDY, generator()) == 2
    assert pick(row(0, 5, 5, 5, 0, 0), Legal(1, 2, 3), (), GREEDY, generator()) == 1


def test_greedy_needs_no_mask_when_the_likeliest_is_legal() -> None:
    legal = Legal(0, 1)
    assert pick(row(9, 1, 0, 0, 0, 0), legal, (), GREEDY, generator()) == 0
    assert legal.num_masks == 0


def test_a_banned_token_loses_against_any_legal_one() -> None:
    assert pick(row(9, 1, 5, 0, 0, 0), Legal(0, 1), (0,), GREEDY, generator()) == 1


def test_a_banned_token_wins_when_nothing_else_is_legal() -> None:
    assert pick(row(9, 1, 5, 0, 0, 0), Legal(0, 2), (0, 2), GREEDY, generator()) == 0


def test_a_ban_leaves_the_logits_as_they_were() -> None:
    logits = row(9, 1, 5, 0, 0, 0)
    pick(logits, Legal(0, 1), (0,), GREEDY, generator())
    assert logits.tolist() == [9, 1, 5, 0, 0, 0]


@given(
    logits=st.lists(st.floats(-30, 30, width=32), min_size=6, max_size=6),
    legal=st.sets(st.integers(0, 5), min_size=1),
    banned=st.sets(st.integers(0, 5)),
    temperature=st.sampled_from((0.0, 0.3, 1.0, 2.0)),
    top_p=st.sampled_from((0.01, 0.5, 1.0)),
    seed=st.integers(0, 1000),
)
def test_only_legal_tokens_are_picked_and_banned_ones_last(
    logits: list[float],
    legal: set[int],
    banned: set[int],
    temperature: float,
    top_p: float,
    seed: int,
) -> None:
    config = SamplerConfig(temperature, top_p)
    token = pick(row(*logits), Legal(*legal), banned, config, generator(seed))
    assert token in (legal - banned or legal)


def test_the_same_seed_draws_the_same_tokens() -> None:
    def draw(seed: int) -> list[int]:
        random, config = generator(seed), SamplerConfig(1.0)
        legal = Legal(*range(6))
        return [pick(row(1, 1, 1, 1, 1, 1), legal, (), config, random) for _ in range(20)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_draws_follow_the_probabilities() -> None:
    random, config = generator(), SamplerConfig(1.0)
    logits = np.log(row(0.5, 0.25, 0.25, 1, 1, 1))
    drawn = [pick(logits, Legal(0, 1, 2), (), config, random) for _ in range(2000)]
    shares = [drawn.count(token) / 2000 for token in range(3)]
    assert shares == pytest.approx([0.5, 0.25, 0.25], abs=0.04)


def test_top_p_draws_from_the_likeliest_only() -> None:
    random, config = generator(), SamplerConfig(1.0, top_p=0.6)
    logits = np.log(row(0.5, 0.3, 0.15, 0.05, 1e-9, 1e-9))
    legal = Legal(*range(6))
    assert {pick(logits, legal, (), config, random) for _ in range(300)} == {0, 1}


def test_a_low_temperature_is_nearly_greedy() -> None:
    random, config = generator(), SamplerConfig(0.05)
    drawn = {pick(row(3, 2, 1, 0, 0, 0), Legal(1, 2, 3), (), config, random) for _ in range(100)}
    assert drawn == {1}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_broken_logit_is_an_engine_error(temperature: float, bad: float) -> None:
    with pytest.raises(EngineError) as caught:
        pick(row(bad, 1, 1, 1, 1, 1), Legal(0, 1), (), SamplerConfig(temperature), generator())
    assert str(caught.value) == f"logit must be finite, got {bad} - at pick()"


def test_a_grammar_without_a_way_out_is_an_engine_error() -> None:
    with pytest.raises(EngineError) as caught:
        pick(row(0, 1, 1, 1, 1, 1), Legal(), (), GREEDY, generator())
    assert str(caught.value) == "grammar must allow a token, got 0 - at pick()"


@pytest.mark.parametrize(
    ("temperature", "top_p", "message"),
    [
        (-0.1, 1.0, "temperature must be 0 to 2, got -0.1 - at SamplerConfig()"),
        (float("nan"), 1.0, "temperature must be 0 to 2, got nan - at SamplerConfig()"),
        (0.0, 0.0, "top_p must be above 0 and at most 1, got 0.0 - at SamplerConfig()"),
        (True, 1.0, "temperature must be 0 to 2, got True - at SamplerConfig()"),
    ],
)
def test_settings_out_of_range_are_refused(temperature: float, top_p: float, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        SamplerConfig(temperature, top_p)
    assert str(caught.value) == message


def test_the_fourth_token_of_a_repetition_is_banned() -> None:
    guard = RepeatGuard(newline_ids={99})
    for token in (1, 2, 3, 4, 1, 2):
        guard.push(token)
    assert not guard.banned()
    guard.push(3)
    assert set(guard.banned()) == {4}


def test_every_continuation_seen_is_banned() -> None:
    guard = RepeatGuard(newline_ids={99})
    for token in (1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3):
        guard.push(token)
    assert set(guard.banned()) == {4, 5}


def test_a_new_line_may_repeat_the_one_before() -> None:
    guard = RepeatGuard(newline_ids={99})
    for token in (1, 2, 3, 4, 99, 1, 2, 3):
        guard.push(token)
    assert not guard.banned()
