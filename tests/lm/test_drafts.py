"""Drafts of what is copied from the prompt: where they come from, and that they change nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tiny_engine import TINY, ask, finish_wave, message_of, read, ready

from npcbrain.engine.contract import Kind, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.drafts import Drafter
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.situation import Action, Event, Profile, Scene, Situation
from tools.bench.drafts import compare, compare_groups, speak

PEOPLE = ({"name": "Al", "role": "cook", "lines": {"fallback": ["Busy."]}},)  # a short prompt
NEWLINE = 99
PROMPT = [1, 2, 3, 4, 9, 6, 2, 3, 5, 6, 7, 8]


def draft(said: Sequence[int], most: int = 9, prompt: Sequence[int] = PROMPT) -> list[int]:
    return Drafter(prompt, (NEWLINE,)).draft([*prompt, *said], most)


def test_a_guess_follows_the_longest_like_tokens_and_the_latest_of_several() -> None:
    assert draft([2, 3]) == [5, 6, 7]
    assert draft([1, 2, 3]) == [4, 9, 6]  # longer than the later 2 3
    assert draft([4, 3]) == []  # no two tokens alike
    assert draft([3]) == []


def test_a_guess_has_three_tokens_or_one_so_that_no_chunk_is_padded() -> None:
    assert draft([2, 3], most=2) == [5]
    assert draft([2, 3], most=0) == []
    assert draft([6, 7]) == [8]  # the prompt's last
    assert draft([5, 6]) == [7]  # two would be left


def test_a_guess_ends_with_its_line() -> None:
    assert draft([1, 2], prompt=[1, 2, 3, NEWLINE, 4, 5]) == [3]
    assert draft([1, 2], prompt=[1, 2, NEWLINE, 4, 5]) == []


def test_tokens_before_the_prompt_match_nothing() -> None:
    assert draft([7, 8, 1, 2], prompt=[1, 2, 3, 4, 5, 6]) == [3, 4, 5]


@pytest.fixture(scope="module")
def plain() -> Model:
    return Model.load(TINY, num_slots=1)


@pytest.fixture(scope="module")
def drafting() -> Model:
    return Model.load(TINY, num_slots=1, drafts=True)


def run(model: Model, **options: object) -> tuple[Generation, list[tuple[Kind, int, int]]]:
    """An answer, and the kind, rows and gained tokens of each run that it took after the prompt."""
    engine, one = Engine(model), ask(model, **options)
    read(engine, one)
    runs = []
    while not one.finished:
        wave = next_wave(engine, one)
        runs.append((wave.kind, wave.rows, len(finish_wave(engine, wave))))
    return one, runs


def next_wave(engine: Engine, one: Generation) -> WaveLike:
    if one.num_pending > 1:
        return engine.start_prefill(one, 2)
    return engine.start_verify(one) if one.draft else engine.start_decode([one])


@pytest.mark.parametrize("wrong_at", [0, 1, 2, 3])
def test_guesses_right_or_wrong_change_no_token(
    plain: Model, drafting: Model, monkeypatch: pytest.MonkeyPatch, wrong_at: int
) -> None:
    want, lone_runs = run(plain, temperature=0.8)

    def oracle(own: Drafter, ids: Sequence[int], most: int) -> list[int]:
        comes = want.ids[len(ids) : len(ids) + 3]
        assert most == want.max_new_tokens - (len(ids) - want.num_prompt) - 1
        if len(comes) < 3 or most < 3:
            return []
        return [token + (place == wrong_at) for place, token in enumerate(comes)]

    monkeypatch.setattr(Drafter, "draft", oracle)
    got, runs = run(drafting, temperature=0.8)
    assert got.ids == want.ids
    assert (got.text, got.finish_reason) == (want.text, want.finish_reason)
    assert got.num_prompt + got.num_generated == len(got.ids)
    drafted = [gained for kind, rows, gained in runs if (kind, rows) == (Kind.VERIFY, 4)]
    assert drafted
    assert max(drafted) <= wrong_at + 1
    if wrong_at == 3:
        assert max(drafted) == 4
        assert len(runs) < len(lone_runs) / 2
    assert all(gained == 1 for kind, rows, gained in runs if kind is Kind.DECODE)


def test_what_is_guessed_wrong_leaves_keys_that_nothing_reads(
    plain: Model, drafting: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a draft of other tokens would show in the logits that come after it."""
    engine = Engine(drafting)
    rows: list[list[bytes]] = []
    for wrong in (7, 11):
        monkeypatch.setattr(Drafter, "draft", lambda own, ids, most, w=wrong: [w] * 3)
        taken: list[bytes] = []
        verify = Generation.verify

        def spy(
            own: Generation, logits: object, taken: list[bytes] = taken, verify: object = verify
        ) -> int:
            taken.append(logits[0].tobytes())  # type: ignore[index]
            return verify(own, logits)  # type: ignore[operator, no-any-return]

        one = ask(drafting)
        with monkeypatch.context() as patch:
            patch.setattr(Generation, "verify", spy)
            read(engine, one)
            while not one.finished and len(taken) < 5:
                finish_wave(engine, next_wave(engine, one))
        engine.close(one)
        rows.append(taken)
    assert len(rows[0]) >= 3
    assert rows[0] == rows[1]


def test_a_guess_of_any_engine_fits_whatever_chunks_it_has(
    plain: Model, drafting: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    want, _ = run(plain)
    monkeypatch.setattr(Drafter, "draft", lambda own, ids, most: [5, 6, 7][: 3 * (most >= 3)])
    engine, one = Engine(drafting, chunk_sizes=(2, 32)), ask(drafting)
    read(engine, one)
    while not one.finished:
        finish_wave(engine, next_wave(engine, one))
    assert one.ids == want.ids


def test_an_answer_with_guesses_may_fill_the_context_to_its_last_token(
    drafting: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = drafting.config.max_context
    short = ask(drafting, news="the key\n", grammar="start: /[^\\n]+/", max_new_tokens=1)
    fill = limit - len(short.ids)
    one = ask(drafting, news="the key\n", grammar="start: /[^\\n]+/", max_new_tokens=fill)
    monkeypatch.setattr(Drafter, "draft", lambda own, ids, most: [5, 6, 7][: 3 * (most >= 3)])
    engine = Engine(drafting)
    read(engine, one)
    while not one.finished:
        finish_wave(engine, next_wave(engine, one))
    assert (len(one.ids), one.finish_reason) == (limit, "length")


def test_who_guesses_is_not_for_a_decode_and_who_does_not_is_not_for_a_guess(
    plain: Model, drafting: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, one = Engine(plain), ask(plain)
    ready(engine, one)
    assert "draft must have a token, got ()" in message_of(engine.start_verify, one)
    monkeypatch.setattr(Drafter, "draft", lambda own, ids, most: [5])
    engine, one = Engine(drafting), ask(drafting)
    read(engine, one)
    while one.num_pending > 1:
        finish_wave(engine, next_wave(engine, one))
    assert "num_pending must be 1, got 2" in message_of(engine.start_decode, [one])


def test_the_bench_counts_what_guesses_spare(
    plain: Model, drafting: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    situation = Situation(
        Profile("Mara", "guard"),
        Scene("the gate"),
        Event("speech", "player", "Open the gate."),
        (Action("say"), Action("open", {"what": ("gate", "door")})),
    )
    said = speak(plain, Engine(plain), situation)
    assert said.num_guesses == said.num_right == 0
    assert said.num_runs > 4

    def oracle(own: Drafter, ids: Sequence[int], most: int) -> list[int]:
        num_said = len(ids) - len(own._prompt)
        comes = said.ids[num_said : num_said + 3]
        return list(comes) if len(comes) == 3 <= most else []

    assert compare(plain, plain, [situation])["acceptance"] == 0.0
    monkeypatch.setattr(Drafter, "draft", oracle)
    result = compare(plain, drafting, [situation] * 2)
    assert (result["answers"], result["same"], result["acceptance"]) == (2, 2, 1.0)
    assert result["runs_without"] == 2 * said.num_runs
    assert result["runs_with"] == result["runs_without"] - 3 * result["guesses"]


def test_the_bench_compares_groups_of_any_size(plain: Model, drafting: Model) -> None:
    rows = compare_groups(plain, drafting, (1, 2), num_turns=1, num_rounds=1, people=PEOPLE)
    assert [row["npcs"] for row in rows] == [1, 2]
    for row in rows:
        for side in "without", "with":
            assert 0 < row[side]["whole_p50_frames"] <= row[side]["all_frames"]
            assert row[side]["tokens_per_s"] > 0
