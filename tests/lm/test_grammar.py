"""Promises of ``npcbrain.lm.grammar``: only legal answers, and trouble is said."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcbrain.errors import EngineError, ModelError, UsageError
from npcbrain.lm import grammar as grammar_module
from npcbrain.lm.grammar import GrammarCompiler, Matcher
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.prompting.prompt import EMOTIONS, answer_grammar
from npcbrain.situation import Action

FILE = Path(__file__).parents[1] / "models" / "tiny" / "tokenizer.json"
EOS = 2
ACTIONS = (
    Action("say"),
    Action("give", {"item": ("room key", 'the "good" ale'), "to": ("player",)}),
    Action("go_to", {"place": ("room", "rooms")}),
)
ARGS = {
    "say": "",
    "give": r' (room key|the "good" ale)\n player\n',
    "go_to": r" rooms?\n",
}
LEGAL = re.compile(
    rf"({'|'.join(f' {name}{chr(92)}n{args}' for name, args in ARGS.items())})"
    rf" ({'|'.join(EMOTIONS)})\n [^ \n][^\n]*[.!?]"
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(FILE.read_bytes(), "<|im_start|>", "<|im_end|>", 352, "tokenizer.json")


@pytest.fixture(scope="module")
def compiler(tokenizer: Tokenizer) -> GrammarCompiler:
    return GrammarCompiler(tokenizer)


def push_text(matcher: Matcher, tokenizer: Tokenizer, text: str) -> None:
    for token in tokenizer.encode(text):
        matcher.push(token)


@pytest.mark.parametrize("name", ["<|im_end|>", "a <|im_start|> b", "<|im_end"])
def test_a_name_that_reads_like_a_control_token_is_spelled_out(
    compiler: GrammarCompiler, tokenizer: Tokenizer, name: str
) -> None:
    matcher = compiler.matcher(answer_grammar([Action("greet", {"who": (name,)})]))
    ids = matcher.forced()
    assert tokenizer.decode(ids).startswith(f" greet\n {name}\n")
    assert EOS not in ids
    assert matcher.mask().any()


def test_a_tokenizer_that_grammars_cannot_follow_is_a_model_error() -> None:
    content = json.loads(FILE.read_bytes()) | {"decoder": None, "pre_tokenizer": None}
    tokenizer = Tokenizer(json.dumps(content).encode(), "<|im_start|>", "<|im_end|>", 352, "file")
    with pytest.raises(ModelError, match=r"^tokenizer must be one that grammars can follow, got "):
        GrammarCompiler(tokenizer)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_is_drawn_only_legal_answers_come_out(
    compiler: GrammarCompiler, tokenizer: Tokenizer, seed: int
) -> None:
    dice, matcher, ids = random.Random(seed), compiler.matcher(answer_grammar(ACTIONS)), []
    for _ in range(300):
        legal = [int(token) for token in matcher.mask().nonzero()[0]]
        token = EOS if EOS in legal else dice.choice(legal)
        matcher.push(token)
        ids.append(token)
        if token == EOS:
            break
        ids += matcher.forced()
    text = tokenizer.decode(ids)
    assert LEGAL.fullmatch(text) or ids[-1] != EOS
    assert "\n" in text


def test_allows_and_mask_agree_on_every_token(
    compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    matcher = compiler.matcher(answer_grammar(ACTIONS))
    for text in ("", " go_to", "s", " happy", " Yes", "."):
        push_text(matcher, tokenizer, text)
        matcher.forced()
        mask = matcher.mask()
        assert [matcher.allows(token) for token in range(352)] == mask.tolist()
    assert mask[EOS]


def test_what_must_come_is_forced_at_once(compiler: GrammarCompiler, tokenizer: Tokenizer) -> None:
    matcher = compiler.matcher(answer_grammar(ACTIONS))
    push_text(matcher, tokenizer, " gi")
    assert tokenizer.decode(matcher.forced()) == "ve\n"
    push_text(matcher, tokenizer, " r")
    assert tokenizer.decode(matcher.forced()) == "oom key\n player\n"


def test_nothing_is_forced_where_there_is_a_choice(
    compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    matcher = compiler.matcher(answer_grammar(ACTIONS))
    push_text(matcher, tokenizer, " go_to\n room")
    assert matcher.forced() == []


def test_the_end_is_forced_when_nothing_else_may_follow(
    compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    matcher = compiler.matcher('start: "yes" | "no"')
    push_text(matcher, tokenizer, "y")
    forced = matcher.forced()
    assert tokenizer.decode(forced) == "es"
    assert matcher.ended


def test_an_illegal_token_is_an_engine_error(compiler: GrammarCompiler) -> None:
    matcher = compiler.matcher('start: "yes" | "no"')
    with pytest.raises(EngineError, match=r"^grammar must go on, got .* - at Matcher.push\(\)$"):
        matcher.push(EOS)


def test_a_matcher_in_trouble_stays_in_trouble(
    compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    matcher = compiler.matcher('start: "yes" | "no"')
    with pytest.raises(EngineError):
        matcher.push(EOS)
    with pytest.raises(EngineError, match=r"Matcher.mask\(\)$"):
        matcher.mask()
    assert not matcher.allows(tokenizer.encode("y")[0])


def test_matchers_of_one_grammar_do_not_share_their_place(
    compiler: GrammarCompiler, tokenizer: Tokenizer
) -> None:
    first, second = compiler.matcher('start: "yes"'), compiler.matcher('start: "yes"')
    push_text(first, tokenizer, "ye")
    assert second.allows(tokenizer.encode("y")[0])


def test_a_broken_grammar_is_refused_with_its_place(compiler: GrammarCompiler) -> None:
    with pytest.raises(UsageError) as caught:
        compiler.matcher('start: "yes" [')
    assert str(caught.value).startswith("grammar must compile, got '1(")
    assert str(caught.value).endswith(
        "- at GrammarCompiler.matcher(); offer fewer or simpler actions"
    )


def test_a_grammar_beyond_the_limits_is_refused(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar_module, "MAX_GRAMMAR_SIZE", 100)
    compiler = GrammarCompiler(tokenizer)
    words = " | ".join(f'"w{index} " start' for index in range(200))
    with pytest.raises(UsageError, match=r"^grammar must compile, got .* too big .*offer fewer"):
        compiler.matcher(f'start: {words} | "x"')


def test_the_largest_situation_compiles(compiler: GrammarCompiler, tokenizer: Tokenizer) -> None:
    values = tuple(
        f"the {index} th thing of the village and its people, {index}" for index in range(32)
    )
    actions = [Action(f"act {i} " + "x" * 50, {"what": values, "to": values}) for i in range(32)]
    matcher = compiler.matcher(answer_grammar(actions))
    push_text(matcher, tokenizer, " act 3")
    assert matcher.mask().sum() > 0


def test_old_grammars_are_forgotten_and_compiled_anew(
    compiler: GrammarCompiler, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar_module, "MAX_GRAMMARS", 2)
    for word in "abcabc":
        assert compiler.matcher(f'start: "{word}"').allows(tokenizer.encode(word)[0])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_short_way_to_see_that_nothing_is_forced_finds_what_the_mask_finds(
    compiler: GrammarCompiler, tokenizer: Tokenizer, seed: int
) -> None:
    dice = random.Random(seed)
    text = answer_grammar([*ACTIONS, Action("name", {"it": ("te", "et", "e", "t")})])
    quick = compiler.matcher(text)
    kept = quick._letters
    thorough = compiler.matcher(text)
    thorough._letters = ()
    assert len(set(kept)) == 2
    num_short = 0
    for _ in range(60):
        num_short += all(map(quick.allows, kept))
        forced = quick.forced()
        assert forced == thorough.forced()
        if quick.ended:
            break
        legal = [int(token) for token in quick.mask().nonzero()[0]]
        assert legal == [int(token) for token in thorough.mask().nonzero()[0]]
        token = dice.choice(legal)
        quick.push(token)
        thorough.push(token)
    # Only speech leaves room for both; whoever came that far took the short way.
    assert num_short or not quick.ended
