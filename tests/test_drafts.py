"""What drafts would spare is counted as a run with drafts would spare it."""

from __future__ import annotations

from pathlib import Path

from npcbrain.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.situation import Action, Event, Profile, Scene, Situation
from tools.bench.drafts import Answer, answer_to, draft, tally

NEWLINE = 99
TINY = Path(__file__).parent / "models" / "tiny"


def test_a_draft_follows_the_longest_and_latest_like_tokens() -> None:
    ids = [1, 2, 3, 4, 9, 2, 3, 5, 6, 7, 1, 2, 3]
    assert draft(ids, 10, 2, 2, ()) == [4, 9]  # 1 2 3 is longer than the later 2 3
    assert draft([*ids[:10], 8, 2, 3], 10, 2, 2, ()) == [5, 6]
    assert draft([*ids[:10], 8, 8, 3], 10, 2, 2, ()) == ()


def test_a_draft_ends_with_its_line_and_with_the_prompt() -> None:
    ids = [1, 2, 3, NEWLINE, 4, 5, 6, 1, 2]
    assert draft(ids, 7, 5, 2, (NEWLINE,)) == [3]
    assert draft([1, 2, 3, 1, 2], 3, 5, 2, ()) == [3]


def test_a_draft_that_hits_spares_the_runs_of_its_tokens() -> None:
    prompt = [1, 2, 3, 4, 5, 6]
    copied = Answer([*prompt, 1, 2, 3, 4, 5], 6, [7, 8, 9, 10, 11])
    count = tally([copied], 3, 2, ())
    # 1 after the prompt; then 2; then, behind "1 2", a chunk with 3 4 5 drafted, all right.
    assert count.without == {1: 4}
    assert count.drafted_runs == {1: 1, 4: 1}
    assert (count.chunks, count.drafted, count.accepted) == (1, 3, 3)
    assert count.speedup({1: 1.0, 2: 1.5, 4: 2.0}) == 4 / 3


def test_a_draft_that_fails_costs_its_chunk_and_spares_nothing() -> None:
    prompt = [1, 2, 3, 4, 5, 6]
    other = Answer([*prompt, 1, 2, 8, 9], 6, [7, 8, 9, 10])
    count = tally([other], 3, 2, ())
    assert count.without == {1: 3}
    assert count.drafted_runs == {1: 2, 4: 1}
    assert (count.chunks, count.accepted) == (1, 0)
    assert count.speedup({1: 1.0, 4: 1.5}) < 1


def test_forced_tokens_take_no_draft() -> None:
    prompt = [1, 2, 3, 4, 5, 6]
    forced = Answer([*prompt, 1, 2, 3, 4], 6, [7, 9, 10])  # 2 3 came together: one was forced
    count = tally([forced], 3, 2, ())
    assert count.chunks == 0
    assert count.without == count.drafted_runs == {1: 1, 2: 1}
    assert count.speedup({1: 1.0, 2: 1.2}) == 1.0


def test_an_answer_is_noted_run_by_run() -> None:
    tiny = Model.load(TINY)
    situation = Situation(
        Profile("Mara", "guard"),
        Scene("the gate"),
        Event("speech", "player", "Open the gate."),
        (Action("say"), Action("open", {"what": ("gate", "door")})),
    )
    answer = answer_to(tiny, Engine(tiny), situation)
    assert list(answer.ends) == sorted(set(answer.ends))
    assert answer.num_prompt < answer.ends[0] <= answer.ends[-1] == len(answer.ids)
