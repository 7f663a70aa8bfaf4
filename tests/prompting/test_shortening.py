"""Promises about prompts that are too long: a player is answered whatever he types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from minds import GRETA

import npcbrain as nb
from npcbrain.lm.marks import KNOWS, MEMORY
from npcbrain.prompting.reader import STANDARD_READER
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
    prompts = list(shorter_prompts(LONG, may_forget=True, reader=STANDARD_READER, marks=marks))
    sizes = [len(prompt.prefix + prompt.news) for prompt in prompts]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes) == 8
    assert sizes[-1] < 200


def test_memories_go_first_and_the_fact_that_was_asked_about_last() -> None:
    first, second, *_, late, last = shorter_prompts(
        LONG, may_forget=True, reader=STANDARD_READER, marks=True
    )
    assert MEMORY in first.news
    assert MEMORY not in second.news
    assert second.prefix == first.prefix
    assert f"{KNOWS}14 {FACTS[13]}" in late.prefix  # by the number it always had
    assert KNOWS not in last.prefix


def test_what_was_asked_is_kept_for_longer_than_facts_that_it_is_not_about() -> None:
    asked = replace(LONG, event=Event("speech", "player", "Tell me, please, what of thing13?"))
    prompts = list(shorter_prompts(asked, may_forget=True, reader=STANDARD_READER, marks=True))
    assert len(prompts) == 6  # whole, without memories, fewer facts twice, less text, no facts
    assert all("please, what of thing13?" in prompt.news for prompt in prompts[:4])


def test_of_too_many_values_those_that_were_mentioned_are_told() -> None:
    dishes = tuple(f"dish number {word}" for word in "one two three four five six".split())
    asked = replace(LONG, npc=Profile("Greta", "baker"), memory=())
    asked = replace(asked, event=Event("speech", "player", "Dish six!"))
    asked = replace(asked, actions=(Action("say"), Action("serve", {"dish": dishes})))
    first, second, third = shorter_prompts(
        asked, may_forget=True, reader=STANDARD_READER, marks=True
    )
    assert f"dish: {' / '.join(dishes)}" in first.prefix
    assert "dish: dish number one / dish number two / " in second.prefix
    assert "number six" in second.prefix
    assert second.prefix.count("dish number") == 4
    assert third.prefix.count("dish number") == 1


def test_a_short_situation_has_one_prompt() -> None:
    short = replace(LONG, npc=Profile("Greta", "baker"), memory=())
    short = replace(short, event=Event("speech", "player", "Hello."))
    assert (
        len(list(shorter_prompts(short, may_forget=True, reader=STANDARD_READER, marks=True))) == 1
    )


@pytest.mark.parametrize(
    "line",
    ["\N{GRINNING FACE}" * 90, "\u6f22" * 128, "\xe9\u0301" * 140, "x" * 280, "zq " * 400],
    ids=["emoji", "Chinese", "accents", "a wall", "gibberish"],
)
@pytest.mark.filterwarnings("error")
def test_whatever_is_typed_the_model_is_asked(line: str) -> None:
    model = nb.Model.load(TINY, num_slots=1)
    tree = nb.tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=600_000), nb.Act())
    with nb.Runtime(model, price_file=None) as runtime:
        runtime.on_action("give", lambda npc, item: None)
        npc = runtime.add_npc("greta", persona=GRETA, tree=tree)
        npc.hear(line)
        fallbacks = [reason for _ in range(8) for _, reason in runtime.update(50.0).fallbacks]
    assert "refused" not in fallbacks
