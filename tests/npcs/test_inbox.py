"""The events that wait until an NPC turns to them."""

from __future__ import annotations

from npcbrain.npcs.inbox import MAX_WAITING, Inbox
from npcbrain.situation import Event


def heard(number: int) -> Event:
    return Event("speech", "player", f"Line {number}.")


def test_the_oldest_come_out_first_and_are_the_ones_that_are_dropped() -> None:
    inbox = Inbox()
    missed = [inbox.put(heard(number)) for number in range(MAX_WAITING + 2)]
    assert missed == [None] * MAX_WAITING + [heard(0), heard(1)]
    assert inbox.num_missed == 2
    assert inbox.oldest == inbox.take() == heard(2)


def test_nothing_is_taken_while_it_rests_or_is_empty() -> None:
    inbox = Inbox()
    assert (inbox.oldest, inbox.take()) == (None, None)
    inbox.put(heard(0))
    inbox.rests = True
    assert (inbox.oldest, inbox.take()) == (heard(0), None)
    inbox.rests = False
    assert inbox.take() == heard(0)
