"""``OpenExchange``: one event on its way to an answer, as a value.

It knows no tree and no model. Each transition gives a new exchange, so that whoever saves, shows or
compares one holds something that nobody changes. Invariant: words are open, and a deed is accepted,
only while there is an answer; and a reason stands for as long as the model's part is the tree's.

=====================  =====================================================================
transition             what has happened
=====================  =====================================================================
``turned_to(event)``   the NPC has turned to an event
``asked()``            the model is asked; what was answered before is forgotten
``chosen(deed)``       somebody has chosen a deed; its words are still to come
``decided(decision)``  the answer is there, words and all
``accepted()``         the game does it: it cannot be taken back
``declined(reason)``   the model's answer is taken back: the tree has to give another
``cut_off(reason)``    the model's deed stays, and the tree has to find the words
``over()``             the event is dealt with
=====================  =====================================================================
"""

from __future__ import annotations

from typing import NamedTuple

from npcbrain.situation import Decision, Event

__all__ = ["IDLE", "OpenExchange"]


class OpenExchange(NamedTuple):
    """How far an NPC is with the event at hand.

    Attributes:
        event: What is being dealt with; None if nothing is.
        answer: What was decided about it; None until then.
        awaits_words: Whether the answer's words are still to come.
        is_accepted: Whether the game does what was decided.
        wants_whole: Whether an answer without its words is none yet.
        reason: Why the model does not answer, or does not speak; empty if it did or still may.
        about: The action of the model's answer that was taken back last; empty if it had none.
    """

    event: Event | None = None
    answer: Decision | None = None
    awaits_words: bool = False
    is_accepted: bool = False
    wants_whole: bool = False
    reason: str = ""
    about: str = ""

    @property
    def tree_speaks(self) -> bool:
        """Whether the words are the tree's to find: the deed is its own, or the model is silent."""
        return bool(self.reason) or (self.answer is not None and self.answer.source == "tree")

    @property
    def is_doubtful(self) -> bool:
        """Whether there is an answer that nobody has begun to do."""
        return self.answer is not None and not self.is_accepted

    def turned_to(self, event: Event) -> OpenExchange:
        """The NPC has turned to an event."""
        return self._replace(event=event)

    def asked(self, *, wants_whole: bool) -> OpenExchange:
        """The model is asked about the event; what was answered before is forgotten."""
        return OpenExchange(self.event, wants_whole=wants_whole)

    def chosen(self, deed: Decision) -> OpenExchange:
        """A deed was chosen; its words are still to come."""
        return self._replace(answer=deed, awaits_words=True)

    def decided(self, decision: Decision) -> OpenExchange:
        """The answer is there, words and all."""
        return self._replace(answer=decision, awaits_words=False)

    def accepted(self) -> OpenExchange:
        """The game does what was decided: from now on the tree may only lend it words."""
        return self._replace(is_accepted=self.answer is not None)

    def declined(self, reason: str, about: str = "") -> OpenExchange:
        """The model's answer is taken back, and the tree has to give another.

        ``about`` names the action that was decided, where there is no answer yet that knows it.
        """
        named = about if self.answer is None else self.answer.action
        return self.without_answer()._replace(reason=reason, about=named)

    def cut_off(self, reason: str) -> OpenExchange:
        """The model's deed stays, and the tree has to find the words."""
        return self._replace(reason=reason)

    def without_answer(self) -> OpenExchange:
        """Nothing has been decided about the event."""
        return self._replace(answer=None, awaits_words=False, is_accepted=False)

    def over(self) -> OpenExchange:
        """The event is dealt with; what ``why`` tells of it stays."""
        return self.without_answer()._replace(event=None, reason="")


IDLE = OpenExchange()
