"""Promises about quotes: what the grammar lets be quoted, and what an answer that quotes says."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npcbrain.lm.generation import Generation
from npcbrain.lm.grammar import GrammarCompiler
from npcbrain.lm.marks import QUOTE
from npcbrain.lm.sampler import SamplerConfig
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.lm.words import WordList
from npcbrain.prompting.prompt import (
    AnswerReader,
    answer_grammar,
    answer_text,
    grammar,
    quotable,
    render,
)
from npcbrain.prompting.stock_lines import OF_DEEDS, OF_TALK, load
from npcbrain.situation import Action, Decision, Event, Situation

FILE = Path(__file__).parents[1] / "models" / "tiny" / "tokenizer.json"
EOS = 2
SITUATION = Situation.from_dict(
    {
        "npc": {
            "name": "Hilda",
            "role": "innkeeper",
            "traits": ["gruff"],
            "facts": ["A bed costs five coppers.", "Her back aches.", "The mill burned down."],
        },
        "event": {"kind": "speech", "from": "player", "text": "What is a bed?"},
        "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["key", "ale"]}}],
    }
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(FILE.read_bytes(), "<|im_start|>", "<|im_end|>", 352, "tokenizer.json")


def read(text: str, number: int = 0, **lines: list[str]) -> AnswerReader:
    reader = AnswerReader(SITUATION, number, lines)
    reader.read(text)
    return reader


def test_whatever_is_drawn_after_the_mark_is_a_fact_or_an_occasion(tokenizer: Tokenizer) -> None:
    compiler = GrammarCompiler(tokenizer)
    facts = SITUATION.npc.facts
    sayable = {
        *(f"{QUOTE}{number}" for number in (1, 2, 3)),
        *(f"{QUOTE} {occasion}" for occasion in OF_TALK),
    }
    assert (facts[0], facts[2]) == ("A bed costs five coppers.", "The mill burned down.")
    for seed in range(60):
        dice, matcher = random.Random(seed), compiler.matcher(grammar(SITUATION, "quotes"))
        for token in tokenizer.encode(" say\n happy\n"):
            matcher.push(token)
        ids = matcher.forced()
        while not matcher.ended and EOS not in ids:
            token = dice.choice([int(token) for token in matcher.mask().nonzero()[0]])
            matcher.push(token)
            ids += [token, *matcher.forced()]
        text = tokenizer.decode(ids)
        assert text in sayable, text
    for quote in sayable:
        matcher = compiler.matcher(grammar(SITUATION, "quotes"))
        for token in tokenizer.encode(f" say\n happy\n{quote}"):
            matcher.push(token)
        assert matcher.allows(EOS) or matcher.ended, quote


def test_words_of_ones_own_are_legal_beside_quotes_unless_one_is_left_out(
    tokenizer: Tokenizer,
) -> None:
    compiler = GrammarCompiler(tokenizer)
    mark, word = tokenizer.marks[QUOTE], tokenizer.encode(" the")[0]
    legal = {}
    for words in ("any", "own", "quotes"):
        matcher = compiler.matcher(grammar(SITUATION, words))
        for token in tokenizer.encode(" say\n happy\n"):
            matcher.push(token)
        legal[words] = (matcher.allows(word), matcher.allows(mark))
    assert legal == {"any": (True, True), "own": (True, False), "quotes": (False, True)}


def test_beside_a_deed_no_fact_is_quoted(tokenizer: Tokenizer) -> None:
    compiler = GrammarCompiler(tokenizer)
    for quote, legal in ("1", False), (" handing over", True):
        matcher = compiler.matcher(grammar(SITUATION))
        allowed = []
        for token in tokenizer.encode(f" give\n key\n happy\n{QUOTE}{quote}"):
            allowed.append(matcher.allows(token))
            if not allowed[-1]:
                break
            matcher.push(token)
        assert all(allowed) is legal, quote
    assert "handing over" in OF_DEEDS


def test_a_fact_is_quoted_as_it_stands() -> None:
    decision = read(f" say\n neutral\n{QUOTE}1").decision(whole=True)
    assert decision == Decision("say", {}, "neutral", "A bed costs five coppers.", quoted="fact")


def test_a_memory_is_told_to_whoever_it_is_about() -> None:
    situation = replace(
        SITUATION,
        memory=("It rained.", "The player paid for a bed."),
        event=Event("speech", "player", "Did I pay?"),
    )
    number = len(SITUATION.npc.facts) + 2
    assert (
        answer_text(
            Decision("say", {}, "happy", f"{QUOTE}The player paid for a bed."), quotable(situation)
        )
        == f" say\n happy\n{QUOTE}{number}"
    )
    reader = AnswerReader(situation)
    reader.read(f" say\n happy\n{QUOTE}{number}")
    decision = reader.decision(whole=True)
    assert decision == Decision("say", {}, "happy", "You paid for a bed.", quoted="memory")


def test_an_occasion_becomes_one_of_its_lines() -> None:
    decision = read(f" give\n key\n neutral\n{QUOTE} handing over").decision(whole=True)
    assert decision is not None
    assert decision.quoted == "handing over"
    assert decision.say in {line.text for line in load()["handing over"]}


def test_the_persona_has_the_first_word() -> None:
    reader = read(f" say\n happy\n{QUOTE} greeting", 1, greeting=["Welcome!", "You again?"])
    decision = reader.decision(whole=True)
    assert decision is not None
    assert decision.say == "You again?"


def test_asked_thrice_about_the_same_nobody_hears_one_line_thrice() -> None:
    said = [
        read(f" give\n key\n neutral\n{QUOTE} handing over", number).decision(whole=True)
        for number in range(3)
    ]
    assert len({decision.say for decision in said if decision}) == 3


def test_a_quote_says_nothing_before_it_is_whole() -> None:
    reader = read(f" give\n key\n neutral\n{QUOTE} handing")
    assert reader.say == ""
    assert reader.decision(whole=False) == Decision("give", {"item": "key"}, "neutral", "")


def test_a_label_that_quotes_is_written_as_the_model_shall_write_it() -> None:
    facts = ("A bed is free.", "Ale is not.")
    for quote, line in ("greeting", " greeting"), ("Ale is not.", "2"):
        label = Decision("say", {}, "happy", f"{QUOTE}{quote}")
        assert answer_text(label, facts) == f" say\n happy\n{QUOTE}{line}"


@pytest.mark.parametrize("number", ["1", "3"])
def test_a_fact_that_reading_recalls_is_likelier_to_be_the_one_quoted(
    tokenizer: Tokenizer, number: str
) -> None:
    odds = {QUOTE: 9.0, f"{QUOTE}{number}": 9.0}
    talk = answer_grammar([Action("say")], SITUATION.npc)
    answer = Generation(
        tokenizer.encode("Bed?\n"),
        2,
        tokenizer=tokenizer,
        matcher=GrammarCompiler(tokenizer).matcher(talk),
        words=None,
        logit_bias=[(tokenizer.encode(text), value) for text, value in odds.items()],
        config=SamplerConfig(),
        seed=0,
        max_new_tokens=32,
    )
    random_logits = np.random.default_rng(4)
    while not answer.finished:
        answer.take(random_logits.random(352, np.float32))
    assert answer.text.endswith(f"{QUOTE}{number}")


def test_what_is_recalled_stands_in_the_odds_by_its_number() -> None:
    facts = ("The mill burned down.", "A bed costs five coppers.", "Breakfast in bed costs three.")
    npc = replace(SITUATION.npc, facts=facts)
    prompt = render(replace(SITUATION, npc=npc))
    best, next_best = (f"{QUOTE}{number}" for number in (2, 3))
    assert prompt.logit_bias[best] > prompt.logit_bias[next_best] > 0
    assert set(prompt.logit_bias) == {QUOTE, best, next_best}
    assert set(render(SITUATION, reader=None).logit_bias) == {QUOTE}


def test_the_list_of_words_that_may_be_said_does_not_hold_for_quotes(tokenizer: Tokenizer) -> None:
    """Nobody ever says "knowing"; a character may say lines for not knowing all the same."""
    said = ["say", "happy", "not", "yet"]
    talk = answer_grammar([Action("say")], SITUATION.npc, words="quotes")
    wanted = tokenizer.encode(f" say\n happy\n{QUOTE} not knowing")
    answer = Generation(
        tokenizer.encode("Bed?\n"),
        2,
        tokenizer=tokenizer,
        matcher=GrammarCompiler(tokenizer).matcher(talk),
        words=WordList(said, tokenizer.token_bytes, "words.txt").guard(""),
        config=SamplerConfig(),
        seed=0,
        max_new_tokens=64,
    )
    while not answer.finished:
        at = len(answer.ids) - answer.num_prompt
        logits = np.zeros(352, np.float32)
        logits[wanted[at] if at < len(wanted) else EOS] = 9.0
        answer.take(logits)
    assert answer.text.endswith(f"{QUOTE} not knowing")
