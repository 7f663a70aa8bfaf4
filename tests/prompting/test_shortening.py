"""Promises about prompts that are too long: a player is answered whatever he types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from minds import GRETA

import npcbrain as nb
from npcbrain.lm.marks import KNOWS, MEMORY
from npcbrain.prompting.shortening import shorter_prompts
from npcbrain.situation import Action, Event, Profile, Scene, Situation

TINY = Path(__file__).parents[1] / "models" / "tiny"
FACTS = tuple(
    f"Number {i} of the long facts tells about thing{i}{' and more' * 9}." for i in range(16)
)
LONG = Situation(
    Profile("Greta", "baker", facts=FACTS),
    Scene(),
    Event("speech", "player", "Tell me of thing13! " + "word " * 50),
    (Action("say"),),
    ("He paid.",),
)


@pytest.mark.parametrize("marks", [True, False])
def test_each_prompt_is_shorter_than_the_one_before(marks: bool) -> None:
    prompts = list(shorter_prompts(LONG, may_forget=True, reader=True, marks=marks))
    sizes = [len(prompt.prefix + prompt.news) for prompt in prompts]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes) == 7
    assert sizes[-1] < 600


def test_memories_go_first_and_the_fact_that_was_asked_about_last() -> None:
    first, second, *_, last = shorter_prompts(LONG, may_forget=True, reader=True, marks=True)
    assert MEMORY in first.news
    assert MEMORY not in second.news
    assert second.prefix == first.prefix
    assert f"{KNOWS}14 {FACTS[13]}" in last.prefix  # by the number it always had


def test_a_short_situation_has_one_prompt() -> None:
    short = replace(LONG, npc=Profile("Greta", "baker"), memory=())
    short = replace(short, event=Event("speech", "player", "Hello."))
    assert len(list(shorter_prompts(short, may_forget=True, reader=True, marks=True))) == 1


@pytest.mark.parametrize(
    "line",
    ["\N{GRINNING FACE}" * 90, "\u6f22" * 128, "\xe9\u0301" * 140, "x" * 280, "zq " * 400],
    ids=["emoji", "Chinese", "accents", "a wall", "gibberish"],
)
@pytest.mark.filterwarnings("error")
def test_whatever_is_typed_the_model_is_asked(line: str) -> None:
    model = nb.Model.load(TINY, num_slots=1)
    tree = nb.tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=600_000))
    with nb.Runtime(model, price_file=None) as runtime:
        npc = runtime.add_npc("greta", persona=GRETA, tree=tree)
        npc.hear(line)
        fallbacks = [reason for _ in range(8) for _, reason in runtime.update(50.0).fallbacks]
    assert "refused" not in fallbacks
