"""One event on its way to an answer: what each transition changes, and what can never be."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from npcbrain.npcs.open_exchange import IDLE, OpenExchange
from npcbrain.situation import Decision, Event

HEARD = Event("speech", "player", "May I have a loaf?")
DEED = Decision("give", {"item": "loaf"})
WHOLE = Decision("give", {"item": "loaf"}, say="Here you are.")
TREES = Decision("give", {"item": "loaf"}, source="tree")

Move = Callable[[OpenExchange], OpenExchange]
MOVES: dict[str, Move] = {
    "turned_to": lambda one: one.turned_to(HEARD),
    "asked": lambda one: one.asked(wants_whole=False),
    "chosen": lambda one: one.chosen(DEED),
    "chosen by a tree": lambda one: one.chosen(TREES),
    "decided": lambda one: one.decided(WHOLE),
    "accepted": lambda one: one.accepted(),
    "declined": lambda one: one.declined("guarded"),
    "cut_off": lambda one: one.cut_off("expired"),
    "over": lambda one: one.over(),
}


@given(st.lists(st.sampled_from(sorted(MOVES))))
def test_words_are_open_and_deeds_accepted_only_while_there_is_an_answer(names: list[str]) -> None:
    one = IDLE
    for name in names:
        one = MOVES[name](one)
        assert one.answer is not None or not (one.awaits_words or one.is_accepted)


def test_a_deed_is_doubtful_until_the_game_does_it() -> None:
    chosen = IDLE.turned_to(HEARD).asked(wants_whole=False).chosen(DEED)
    assert (chosen.is_doubtful, chosen.awaits_words) == (True, True)
    assert not chosen.accepted().is_doubtful
    assert not chosen.accepted().decided(WHOLE).awaits_words
    assert not IDLE.is_doubtful


def test_who_speaks_follows_from_the_reason_and_from_whose_the_deed_is() -> None:
    chosen = IDLE.turned_to(HEARD).asked(wants_whole=False).chosen(DEED)
    assert not chosen.tree_speaks
    assert chosen.cut_off("expired").tree_speaks
    assert chosen.chosen(TREES).tree_speaks


def test_what_was_declined_is_named_until_the_model_is_asked_again() -> None:
    chosen = IDLE.turned_to(HEARD).asked(wants_whole=False).chosen(DEED).accepted()
    declined = chosen.declined("guarded")
    assert declined == OpenExchange(HEARD, reason="guarded", about="give")
    assert IDLE.declined("no_handler", "dance").about == "dance"
    assert declined.over() == OpenExchange(about="give")
    assert declined.asked(wants_whole=True) == OpenExchange(HEARD, wants_whole=True)
