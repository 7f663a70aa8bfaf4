"""Tokenizers and chat templates of others, carried over or refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jinja2", reason="the import is an extra")
pytest.importorskip("onnx", reason="the import is an extra")

from npcbrain.errors import ModelError
from npcbrain.importing.chat import framed_prompt, turn_end
from npcbrain.importing.gguf_tokens import tokenizer_of_gguf
from npcbrain.importing.instructions import EXAMPLES, INSTRUCTIONS, SAMPLES
from npcbrain.importing.vocabulary import Vocabulary, read_vocabulary
from npcbrain.lm.frame import read_frame
from npcbrain.lm.grammar import GrammarCompiler
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.prompting.prompt import AnswerReader, answer_text, grammar
from tools.make_tiny_model import tiny_tokenizer

VOCAB = 352
TEXTS = ("give the player 2 keys", "  Ünder the\n bridge", "<|im_end|>", "don't", "a\u2581b")
CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)
NO_SYSTEM = (  # as Gemma 2 has it
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}{% for m in messages %}{{ '<start_of_turn>' + m['role'] + '\n' + m['content'] | "
    "trim + '<end_of_turn>\n' }}{% endfor %}{{ '<start_of_turn>model\n' }}"
)


def vocabulary(template: str, controls: tuple[str, ...], bos: str = "") -> Vocabulary:
    return Vocabulary({}, bos, "<eos>", template, frozenset(controls))


def read(tokenizer: dict[str, Any], vocab: int, bos: str, eos: str) -> Tokenizer:
    return Tokenizer(json.dumps(tokenizer).encode(), bos, eos, vocab, "here", {})


# Tokenizers


def byte_level_fields(pre: str = "smollm") -> dict[str, Any]:
    """The tiny tokenizer as a GGUF file has it."""
    data = tiny_tokenizer(VOCAB)
    tokens = list(data["model"]["vocab"])
    control = {token["content"] for token in data["added_tokens"]}
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": np.array([3 if token in control else 1 for token in tokens]),
        "tokenizer.ggml.merges": [" ".join(pair) for pair in data["model"]["merges"]],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }


@pytest.mark.parametrize("pre", ["smollm", "qwen2", "llama-bpe", "gpt-4o", "gpt-2"])
def test_a_byte_level_tokenizer_of_a_gguf_gives_every_text_back(pre):
    data, bos, eos = tokenizer_of_gguf(byte_level_fields(pre), "here")
    tokenizer = read(data, VOCAB, bos, eos)

    assert (bos, eos) == ("<|im_start|>", "<|im_end|>")
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert not {tokenizer.bos_id, tokenizer.eos_id} & set(ids)


def test_it_is_the_tokenizer_it_was_written_from():
    data, _, _ = tokenizer_of_gguf(byte_level_fields(), "here")
    rebuilt = read(data, VOCAB, "<|im_start|>", "<|im_end|>")
    own = read(tiny_tokenizer(VOCAB), VOCAB, "<|im_start|>", "<|im_end|>")

    for text in TEXTS:
        assert rebuilt.encode(text) == own.encode(text)


def scored_fields() -> dict[str, Any]:
    """A tokenizer of characters with scores, as Gemma's and Llama 2's are."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [2, 3, 3] + [6] * 256
    words = [
        *"\u2581abcdegiklmnoprstuvy",
        "\u2581k",
        "ey",
        "\u2581key",
        "ke",
        "\u2581give",
        "gi",
        "ve",
    ]
    words += ["\u2581gi"]
    tokens += words
    kinds += [1] * len(words)
    scores = [0.0] * 259 + [-100.0] * 20 + [-float(index) for index in range(len(words) - 20)]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": np.array(kinds),
        "tokenizer.ggml.scores": np.array(scores, np.float32),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }


def test_a_tokenizer_with_scores_merges_the_best_first_and_falls_back_on_bytes():
    fields = scored_fields()
    tokens = fields["tokenizer.ggml.tokens"]
    data, bos, eos = tokenizer_of_gguf(fields, "here")
    tokenizer = read(data, len(tokens), bos, eos)

    assert [tokens[i] for i in tokenizer.encode(" key")] == ["\u2581key"]
    assert [tokens[i] for i in tokenizer.encode("key")] == ["k", "ey"]
    assert [tokens[i] for i in tokenizer.encode("\n")] == ["<0x0A>"]
    assert len(tokenizer.newline_ids) == 1
    for text in (" give the key\n", "Ünder", "  two", "</s>"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_grammars_can_follow_it():
    fields = scored_fields()
    data, bos, eos = tokenizer_of_gguf(fields, "here")
    tokenizer = read(data, len(fields["tokenizer.ggml.tokens"]), bos, eos)
    matcher = GrammarCompiler(tokenizer).matcher('start: " give key\\n" | " key\\n"')

    for token in tokenizer.encode(" give key\n"):
        assert matcher.allows(token)
        matcher.push(token)
    assert matcher.forced() == [tokenizer.eos_id] or matcher.ended


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokenizer.ggml.tokens": None}, "file must hold tokens, got None"),
        ({"tokenizer.ggml.tokens": ["a", "a"]}, "tokens must have a name each, got 1"),
        ({"tokenizer.ggml.token_type": np.array([1])}, "token_type must be 352 numbers, got 1"),
        ({"tokenizer.ggml.token_type": 7}, "token_type must be 352 numbers, got 7"),
        ({"tokenizer.ggml.merges": np.array([1])}, "merges must be a list of texts"),
        ({"tokenizer.ggml.model": "rwkv"}, "tokenizer must be carried over, got 'rwkv'"),
        ({"tokenizer.ggml.pre": "new"}, "pre-tokenizer must be one of llama-bpe, "),
        ({"tokenizer.ggml.merges": ["a b c"]}, "merge must be of two tokens to a third"),
        ({"tokenizer.ggml.model": "llama"}, "scores must be 352 numbers, got None"),
    ],
)
def test_a_tokenizer_that_cannot_be_carried_over_is_refused(change, message):
    with pytest.raises(ModelError, match=f"^{message}"):
        tokenizer_of_gguf(byte_level_fields() | change, "here")


def folder_with(tmp_path: Path, tokenizer: dict[str, Any], **settings: object) -> Any:
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    named = {"eos_token": {"content": "<|im_end|>"}, **settings}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    return SimpleNamespace(path=tmp_path, fields={})


def test_nothing_is_put_before_or_behind_a_text(tmp_path):
    data = tiny_tokenizer(VOCAB)
    data["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = True
    data["post_processor"] = {"type": "TemplateProcessing"}
    data["truncation"] = {"max_length": 1}
    data["normalizer"] = {"type": "Prepend", "prepend": "x"}

    found = read_vocabulary(folder_with(tmp_path, data, chat_template=CHATML))
    tokenizer = Tokenizer(found.to_bytes(), found.eos, found.eos, VOCAB, "here", {})

    assert tokenizer.decode(tokenizer.encode("the key")) == "the key"
    assert (found.bos, found.eos, found.template) == ("", "<|im_end|>", CHATML)


def test_an_added_token_that_looks_like_control_is_never_text(tmp_path):
    data = tiny_tokenizer(VOCAB)
    for token in data["added_tokens"]:
        token["special"] = False

    found = read_vocabulary(folder_with(tmp_path, data))
    tokenizer = Tokenizer(found.to_bytes(), found.eos, found.eos, VOCAB, "here", {})

    assert tokenizer.eos_id not in tokenizer.encode("<|im_end|>")


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"model": {"type": "Unigram"}}, {}, "tokenizer must be BPE, got 'Unigram'"),
        ({"model": None}, {}, "tokenizer must be BPE, got None"),
        ({"model": {"type": "BPE", "vocab": {}}}, {}, "tokenizer must have vocab and merges"),
        ({"added_tokens": [3]}, {}, "added token must have a content, got 3"),
        ({}, {"eos_token": "<nope>"}, "end token must be among the tokens, got '<nope>'"),
        ({}, {"chat_template": 7}, "chat template must be a text"),
    ],
)
def test_a_folder_whose_tokenizer_will_not_do_is_refused(tmp_path, change, settings, message):
    source = folder_with(tmp_path, tiny_tokenizer(VOCAB) | change, **settings)

    with pytest.raises(ModelError, match=f"^{message}"):
        read_vocabulary(source)


# Templates


def test_a_prompt_stands_in_the_models_own_template():
    found = vocabulary(CHATML, ("<|im_start|>", "<|im_end|>"))

    before, after = framed_prompt(found, "here")

    assert before[0] == {"token": "<|im_start|>"}
    assert before[1] == f"system\n{INSTRUCTIONS}"
    assert before[-1] == "user\n"
    assert after == [{"token": "<|im_end|>"}, "\n", {"token": "<|im_start|>"}, "assistant\n"]
    assert turn_end(found, "here") == "<|im_end|>"


def test_where_there_is_no_system_message_the_first_question_begins_with_the_instructions():
    controls = ("<start_of_turn>", "<end_of_turn>", "<bos>")
    found = vocabulary(NO_SYSTEM, controls, "<bos>")

    before, after = framed_prompt(found, "here")

    assert before[:2] == [{"token": "<bos>"}, {"token": "<start_of_turn>"}]
    assert str(before[2]).startswith(f"user\n{INSTRUCTIONS}\n\nHilda, innkeeper\n")
    assert after[-1] == "model\n"
    assert turn_end(found, "here") == "<end_of_turn>"


def test_a_model_without_a_template_reads_plain_text():
    before, after = framed_prompt(vocabulary("", (), "<s>"), "here")

    assert before[0] == {"token": "<s>"}
    assert after == ["\n"]
    assert turn_end(vocabulary("", ()), "here") == "<eos>"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('never') }}", "chat template must be rendered, got 'never'"),
        ("{% for %}", "chat template must be rendered"),
        ("{{ messages[0].content }}", "chat template must hold each message once, in order"),
        ("{{ ''.__class__.__mro__ }}", "chat template must be rendered"),
        ("{{ cycler.__init__.__globals__.os.system('x') }}", "chat template must be rendered"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template, message):
    with pytest.raises(ModelError, match=f"^{message}"):
        framed_prompt(vocabulary(template, ()), "here")


def test_examples_are_answers_that_the_grammar_allows():
    tokenizer = read(tiny_tokenizer(VOCAB), VOCAB, "<|im_start|>", "<|im_end|>")
    compiler = GrammarCompiler(tokenizer)
    for situation, decision in (*EXAMPLES, *SAMPLES):
        answer = answer_text(decision)
        matcher = compiler.matcher(grammar(situation, "own"))
        for token in tokenizer.encode(answer):
            matcher.push(token)
        reader = AnswerReader(situation)
        reader.read(answer)
        assert reader.decision(whole=True) == decision


# Frames


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "prompt must be JSON"),
        (b"[]", "pieces must be a list of at most 256, got None"),
        (b'{"before": [], "after": []}', "after must hold a piece"),
        (b'{"before": [3], "after": ["a"]}', "piece must be a text of at most 20000"),
        (b'{"before": [{"token": "<no>"}], "after": ["a"]}', "piece must be a text of at most"),
    ],
)
def test_a_frame_that_is_none_is_refused(content, message):
    tokenizer = read(tiny_tokenizer(VOCAB), VOCAB, "<|im_start|>", "<|im_end|>")

    with pytest.raises(ModelError, match=f"^{message}"):
        read_frame(content, tokenizer, "prompt.json")
