"""Promises of ``prompting.word_vectors``: what the table says, and that a forged one is refused."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from small_tables import KIN, vectors

from npcbrain.errors import ModelError
from npcbrain.prompting.reader import STANDARD_READER
from npcbrain.prompting.word_vectors import WordVectors, read_affinity, row_of


def nearness(words: list[str], names: list[tuple[str, ...]]) -> tuple[list[float], float]:
    return STANDARD_READER.vectors.nearness(words, names)


def test_a_name_is_near_what_it_offers_and_far_from_the_rest() -> None:
    (heal, sell), _ = nearness(["sick", "pain"], [("heal",), ("auction",)])
    assert -1 <= sell < heal <= 1


def test_a_question_asks_for_talk_more_than_an_order_does() -> None:
    _, question = nearness(["who", "is", "that"], [])
    _, order = nearness(["fetch", "me", "that"], [])
    assert question > order


def test_words_nobody_knows_are_near_nothing() -> None:
    assert nearness(["blorf"], [("gnarp",), ("cook",)]) == ([0.0, 0.0], 0.0)
    assert nearness([], [("cook",)])[0] == [0.0]


@pytest.mark.parametrize(
    ("word", "row"), [("cook", 0), ("cooks", 0), ("cooked", 0), ("baking", 1), ("eat", None)]
)
def test_a_word_is_found_by_its_plain_form(word: str, row: int | None) -> None:
    assert row_of(word, {"cook": 0, "bake": 1}) == row


def test_two_tables_answer_each_for_itself() -> None:
    one = WordVectors(read_affinity(vectors(), "one.npz"))
    other = vectors(vectors=np.array([[9, 1], [0, 9], [9, 0]], np.int8))
    two = WordVectors(read_affinity(other, "two.npz"))
    for _ in range(2):  # what was looked up is kept
        assert one.nearness(["cook"], [("bake",), ("flee",)])[0][0] > 0.9
        assert two.nearness(["cook"], [("bake",), ("flee",)])[0][1] > 0.9
    assert one.weights.kin == KIN


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "word vectors must hold the arrays words, vectors"),
        (vectors()[:-30], "word vectors must hold the arrays"),
        (vectors(without="talk"), "word vectors must hold the arrays"),
        (vectors(save=np.savez_compressed), "it is compressed"),
        (vectors(weights=np.array([{}] * 8)), "word vectors must hold the arrays"),
        (vectors(words=np.frombuffer(b"cook bake fl\xe9e", np.uint8)), "words must be ASCII"),
        (
            vectors(words=np.frombuffer(b"cook bake", np.uint8)),
            r"vectors must be int8 \(2, 2\) and not empty, got 'int8 \(3, 2\)'",
        ),
        (vectors(vectors=np.zeros((3, 2), np.int8)), "vectors must have a direction each"),
        (vectors(vectors=np.array(3, np.int8)), r"vectors must be int8 \(3, 0\)"),
        (vectors(asks=np.eye(3, dtype=np.float32)), r"asks must be float32 \(2, 2\)"),
        (vectors(loudness=np.ones((2, 3), np.float32)), r"loudness must be float32 \(3, 3\)"),
        (vectors(offers=np.eye(2)), "offers must be float32"),
        (
            vectors(talk=np.array([0, np.nan], np.float32)),
            "talk must hold numbers of at most 1000, got 'others'",
        ),
        (vectors(tempers=np.full((2, 2), 1e9, np.float32)), "tempers must hold numbers"),
    ],
)
def test_a_table_that_is_none_is_refused_with_what_is_wrong(content: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        read_affinity(content, "vectors.npz")
    assert "vectors.npz" in str(caught.value)


def test_no_room_is_made_for_more_than_there_is() -> None:
    file = BytesIO()
    with ZipFile(BytesIO(vectors())) as good, ZipFile(file, "w") as bad:
        for name in good.namelist():
            claim = good.read(name).replace(b"(2,), }" + b" " * 7, b"(25000000,), }")
            bad.writestr(name, claim)
    tracemalloc.start()
    with pytest.raises(ModelError, match="word vectors must hold the arrays"):
        read_affinity(file.getvalue(), "vectors.npz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000
