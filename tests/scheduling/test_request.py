"""Promises of ``npcbrain.scheduling.request``: a request goes one way, and ends once."""

from __future__ import annotations

from itertools import product

import pytest

from npcbrain.reasons import Reason
from npcbrain.scheduling.request import UNWRITTEN, Request, State

WAYS = """
preparing waiting
preparing done
preparing failed
waiting thinking
waiting done
waiting failed
thinking done
thinking failed
"""


def request_in(state: State) -> Request:
    return Request("greta", UNWRITTEN, 0, 1, 1.0, state=state)


def move(request: Request, state: State) -> None:
    if state is State.FAILED:
        request.fail(Reason.EXPIRED)
    else:
        request.move(state)


@pytest.mark.parametrize(("before", "after"), [*product(State, State)])
def test_a_request_goes_the_ways_that_there_are_and_no_other(before: State, after: State) -> None:
    request = request_in(before)
    if f"\n{before} {after}\n" in WAYS:
        move(request, after)
        assert request.state is after
    else:
        with pytest.raises(AssertionError, match=f"got '{after}' - at the request of 'greta'"):
            move(request, after)
        assert request.state is before


def test_a_request_that_was_not_asked_otherwise_is_still_to_be_prepared() -> None:
    request = Request("greta", UNWRITTEN, 0, 1, 1.0)
    assert request.in_preparation
    assert not request.done


def test_a_request_keeps_the_reason_it_first_failed_for() -> None:
    request = request_in(State.THINKING)
    request.fail(Reason.WOULD_EXCEED)
    with pytest.raises(AssertionError):
        request.fail(Reason.CANCELLED)
    assert (request.done, request.reason) == (True, "would_exceed")


def test_states_are_plain_words() -> None:
    assert [*map(str, State)] == ["preparing", "waiting", "thinking", "done", "failed"]
