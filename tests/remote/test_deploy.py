"""The decision model for many games at once: what the service promises, without Ray."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from minds import GRETA
from stand_in import patiently

from deploy.capacity import cores, rates
from deploy.service import Asked, Piece, Service
from npcbrain.lm.model import Model
from npcbrain.remote.answer import read_answer
from npcbrain.situation import Event, Scene, Situation

TINY = Path(__file__).parents[1] / "models" / "tiny"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    running = Service(Model.load(TINY, num_slots=3))
    yield running
    running.close()


def ask(
    service: Service, text: str, *, words: bool = True, ttl_ms: float = 60_000.0
) -> list[Piece]:
    pieces: list[Piece] = []
    event = Event("speech", "player", text)
    situation = Situation(GRETA.profile, Scene(), event, GRETA.actions)
    service.ask(Asked(situation, words=words, ttl_ms=ttl_ms, on_piece=pieces.append))
    return pieces


def wait(*answers: list[Piece]) -> None:
    for _ in patiently(60.0):
        if all(pieces and pieces[-1].is_last for pieces in answers):
            return
    raise AssertionError("no answer")


@pytest.mark.parametrize("words", [True, False])
def test_pieces_make_one_legal_answer_that_the_client_reads(service: Service, words: bool) -> None:
    answers = [ask(service, f"Bread for {n}!", words=words) for n in range(7)]
    wait(*answers)
    for pieces in answers:
        text = "".join(piece.text for piece in pieces)
        if pieces[-1].reason:  # it knows nothing, and may find no words
            continue
        assert read_answer(text, GRETA.actions, whole=True).is_legal
        assert ("say" in json.loads(text)) is words
        assert [piece.is_last for piece in pieces[:-1]] == [False] * (len(pieces) - 1)


def test_a_question_without_time_is_told_why_it_has_no_answer(service: Service) -> None:
    pieces = ask(service, "Quick!", ttl_ms=0.001)
    wait(pieces)
    assert pieces == [Piece(is_last=True, reason="expired")]


def test_whoever_hangs_up_is_forgotten(service: Service) -> None:
    event = Event("speech", "player", "Never mind.")
    situation = Situation(GRETA.profile, Scene(), event, GRETA.actions)
    asked = Asked(situation, words=True, ttl_ms=60_000.0, on_piece=lambda piece: None)
    asked.is_gone = True
    service.ask(asked)
    wait(ask(service, "And you?"))
    for _ in patiently():
        if service.num_under_way == 0:
            return
    raise AssertionError("somebody is still waited for")


def test_cores_grow_with_npcs_and_shrink_with_the_time_between_two_questions() -> None:
    assert cores(10, 60.0, rate=4.0) == 1
    assert cores(1_000_000, 60.0, rate=4.0, busy=0.5) == 8334
    assert cores(1_000_000, 600.0, rate=4.0, busy=0.5) == 834


def test_a_rate_is_of_one_replica_at_its_best_load() -> None:
    loads = [
        {"what": "deeds", "replicas": 2, "answers_per_s": 6.0},
        {"what": "deeds", "replicas": 2, "answers_per_s": 8.0},
        {"what": "deeds", "replicas": 1, "answers_per_s": 3.0},
    ]
    assert rates(loads) == {"deeds": 4.0}
