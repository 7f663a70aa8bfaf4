"""``Responder``: how an NPC deals with an event: what the leaves of its tree call.

It asks the model by a ``Mind`` that the runtime lends it, and knows neither model nor scheduler.
How far it is stands in one value, the ``OpenExchange``; here it meets memory, speech and the report
of the frame. Invariant: an event is dealt with once, by the model's decision or by the tree's, and
the one being dealt with is never dropped.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from npcbrain.npcs.bubble import Bubble
from npcbrain.npcs.character import Character
from npcbrain.npcs.contracts import Handler, Host, Inquiry, Thought
from npcbrain.npcs.inbox import Inbox
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.open_exchange import IDLE, OpenExchange
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.slips import can_do, warn_of_asking
from npcbrain.npcs.why import why
from npcbrain.one_thread import alone_at
from npcbrain.plain_text import last_whole_sentence
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.prompting.reflex import reflex, words_for
from npcbrain.reasons import Reason
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision, Event, Situation
from npcbrain.tree import Blackboard, Node, Tree, compile

__all__ = ["Responder"]

LOG = logging.getLogger("npcbrain")
DEFAULT_LINE = "Hm."  # what the tree says for a persona that brings no lines of its own


class Responder(Character):
    """The part of an ``Npc`` that its tree drives; its attributes are told there."""

    __slots__ = (
        "_bubble",
        "_dozes",
        "_exchange",
        "_inbox",
        "_is_told",
        "_num_replies",
        "_thought",
        "blackboard",
        "decision",
        "emotion",
        "memory",
        "speech",
        "tree",
    )

    def __init__(
        self, name: str, persona: Persona, root: Node, host: Host, importance: float
    ) -> None:
        super().__init__(name, persona, host, importance)
        self.memory = Memory()
        self.blackboard = Blackboard()
        self.speech = ""
        self.emotion = "neutral"
        self.decision: Decision | None = None
        self._bubble = Bubble()
        self._exchange: OpenExchange = IDLE
        self._inbox = Inbox()
        self._thought: Thought | None = None
        # Nothing has come since it was found idle: then its tick is passed over at a glance.
        self._dozes = False
        self._is_told = False  # whether it was looked at for asking for ever
        self._num_replies = 0
        self.tree: Tree = compile(root, self, host.clock, self.blackboard, host.alone.check)

    @property
    def event(self) -> Event | None:
        """The event at hand: the one being dealt with, else the oldest waiting."""
        return self._exchange.event or self._inbox.oldest

    @property
    def is_idle(self) -> bool:
        """Whether nothing has happened to it that is not dealt with."""
        return not self._inbox.waiting and not self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether it is dealing with an event."""
        exchange = self._exchange
        return (
            exchange.event is not None or exchange.answer is not None or self._thought is not None
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it can do nothing about the event at hand before the model has decided."""
        return self.thinking and self._exchange.answer is None

    @property
    def num_waiting(self) -> int:
        """Events behind the one being dealt with."""
        return len(self._inbox.waiting)

    @property
    def answer(self) -> Decision | None:
        """What was decided about the event at hand, if anything yet; its words may still come."""
        return self._exchange.answer

    @property
    def reason(self) -> str:
        """Why the model did not answer the event at hand, or did not speak; see ``nb.Reason``.

        Empty if it did or still may.
        """
        return self._exchange.reason

    @property
    def tree_speaks(self) -> bool:
        """Whether the words beside what was decided are the tree's to find."""
        return self._exchange.tree_speaks

    @property
    def thinking(self) -> bool:
        """Whether the model is at work on its answer."""
        return self._thought is not None and not self._thought.done

    @property
    def thought(self) -> Thought | None:
        """What the model is at work on, or has just finished; None if nothing."""
        return self._thought

    @property
    def why(self) -> str:
        """One sentence: who answered its last event, the model or the tree, and for what reason.

        With ``logging.getLogger("npcbrain").setLevel(logging.INFO)`` the log has such a line for
        each event that is dealt with.
        """
        about, unheard = self._exchange.about, not self.is_busy and bool(self._inbox.waiting)
        return why(
            self.name, self.decision, self.reason, about, thinking=self.thinking, unheard=unheard
        )

    def attend(self) -> bool:
        """Turns to the oldest waiting event, unless one is being dealt with.

        Returns:
            Whether one is at hand. While trees are ticked, only so many NPCs turn to a new one in a
            frame; whoever is too many finds none until it is its turn.
        """
        if self._exchange.event is not None:
            return True
        if self._inbox.oldest is None:
            return False  # before anything else: most ask in vain, and in every frame
        self._alone.check("Npc.attend()")
        if self._inbox.rests or not self._host.turnstile.passes(self.name):
            return False
        event = self._inbox.take()
        if event is None:
            return False
        self._exchange = self._exchange.turned_to(event)
        return True

    @alone_at("Npc.think()")
    def think(self, ttl_ms: float, *, extent: Extent = Extent.DECIDED) -> Thought | None:
        """Asks the model about the event at hand; None if there is none.

        A thought already under way is dropped.

        Args:
            ttl_ms: How long the answer is worth waiting for.
            extent: How much of the answer must be there by then; ``WHOLE`` also waits for its last
                word, where else it is there once its action is decided.
        """
        self.drop_thought()
        situation = self._situation()
        if situation is None:
            return None
        if self.answer is not None and not self._is_told:
            self._is_told = True
            warn_of_asking(self.name, self.tree)
        self._exchange = self._exchange.asked(wants_whole=extent is Extent.WHOLE)
        self._bubble.begin()
        self.speech = ""
        inquiry = Inquiry(
            situation,
            self.memory,
            self._deed_grammar if extent is Extent.DEED else self._grammar,
            self.name,
            ttl_ms,
            self._importance,
            extent,
            self.persona.lines,
        )
        thought = self._thought = self._host.mind.ask(inquiry)
        self._take_in(thought)  # what cannot be answered is known at once, for the tree to go on
        return thought

    def listen(self) -> None:
        """Takes in what the model has written; the runtime calls this once a frame."""
        thought, inbox = self._thought, self._inbox
        if not inbox.rests and (thought is None or thought.is_still):
            return
        self._alone.check("Npc.listen()")
        inbox.rests = False
        if thought is not None:
            self._take_in(thought)

    def _take_in(self, thought: Thought) -> None:
        thought.listen()
        self.speech = thought.speech if self._host.line_filter is None or thought.done else ""
        self.emotion = thought.emotion
        choice = thought.choice
        if self.answer is None and choice is not None:
            # Before a report tells of a deed that is never done.
            if not can_do(choice, self.handler(choice.action), self.tree):
                self.decline(Reason.NO_HANDLER, choice.action)
                return
            if not self._exchange.wants_whole:
                self._show(self._exchange.chosen(choice))
        if thought.done:
            self._thought = None
            self._conclude(thought)

    @alone_at("Npc.drop_thought()")
    def drop_thought(self, thought: Thought | None = None) -> None:
        """Stops thinking (this thought, or any); the event stays at hand."""
        if self._thought is not None and thought in (None, self._thought):
            self._thought.drop()
            self._thought = None
            self.speech = ""

    def reflex(self) -> Decision | None:
        """What classical reading would do about the event at hand; None if there is nothing."""
        situation = self._situation()
        return None if situation is None else reflex(situation)

    def words_for(self, deed: Decision) -> str:
        """What to say beside a tree's own deed."""
        event = self._exchange.event or Event("time", "world", "")
        who, lines = self.persona.profile, self.persona.lines
        return words_for(deed, event, who, number=self._num_replies, lines=lines)

    @alone_at("Npc.choose()")
    def choose(self, deed: Decision) -> None:
        """Takes a tree's deed for the answer to the event at hand; its words are still to come."""
        self.drop_thought()
        self._show(self._exchange.chosen(replace(deed, reason=self.reason)))

    @alone_at("Npc.accept()")
    def accept(self) -> None:
        """The game does what was decided: from now on the tree may only lend it words."""
        self._exchange = self._exchange.accepted()

    @alone_at("Npc.decline()")
    def decline(self, reason: str, about: str = "") -> None:
        """Takes the model's answer back: the tree has to answer, for this reason.

        A thought that is still under way is dropped. ``about`` names the action that was decided,
        where ``answer`` does not know it yet.
        """
        self.drop_thought()
        self._exchange = self._exchange.declined(reason, about)
        self.speech = ""
        self._host.report.fallbacks.append((self.name, reason))

    def handler(self, action: str) -> Handler | None:
        """What the game registered for an action with ``Runtime.on_action``, or None."""
        return self._host.handlers.get(action)

    @alone_at("Npc.reply()")
    def reply(self, lines: Sequence[str] | None = None) -> None:
        """Says the next of these lines about the event at hand, which is over then.

        Where the game does what the model decided, and the model was cut off before it said a
        sentence, this is what the deed's words are. An answer that nobody has accepted is taken
        back, with reason ``guarded``.

        Args:
            lines: What to choose from; None means the persona's ``fallback`` lines.
        """
        if self._exchange.is_doubtful:
            self.decline(Reason.GUARDED)
        self.drop_thought()
        choice = self.persona.lines.get("fallback", ()) if lines is None else lines
        line = choice[self._num_replies % len(choice)] if choice else DEFAULT_LINE
        self._num_replies += 1
        self.speech = line
        if self._exchange.awaits_words:
            self._say(line)
        else:
            self.emotion = "neutral"
            self._decide(Decision("say", say=line, source="tree", reason=self.reason))
        self.finish_event()

    @alone_at("Npc.finish_event()")
    def finish_event(self, *, rest: bool = False) -> None:
        """The event at hand is dealt with; what happened becomes a memory.

        A thought about it that is still under way is dropped: what it says ends at its last whole
        sentence.

        Args:
            rest: Whether to leave the next event for the next frame: the branch of the tree that
                is to answer where the model cannot would take it, and the model was never asked.
        """
        self._inbox.rests = rest
        said = last_whole_sentence(self.speech)
        self.drop_thought()
        if self._exchange.awaits_words:
            self.speech = said
            self._say(said)
        event, answer = self._exchange.event, self._exchange.answer
        self._exchange = self._exchange.over()
        self._bubble.finish(self.speech, self._host.clock.now_ns())
        if event is not None:
            self.memory.add_event(event, answer, self.persona.name)
            if answer is not None and LOG.isEnabledFor(logging.INFO):
                told = why(self.name, answer, "", "", thinking=False)
                LOG.info("%s. It said: %s", told, answer.say)

    def _situation(self) -> Situation | None:
        """What there is to decide about; None if no event is at hand."""
        if not self.attend() or self._exchange.event is None:
            return None
        event = self._exchange.event
        return Situation(self.persona.profile, self._scene, event, self._actions)

    def _conclude(self, thought: Thought) -> None:
        """The model is through: its answer holds, or the tree has the word."""
        check = self._host.line_filter
        decision, reason = thought.decision, thought.reason
        if decision is not None and check is not None and not check.passes(self, decision.say):
            decision, reason = None, Reason.FILTERED
        exchange = self._exchange  # only now: the game's filter may do anything
        if decision is not None and not (reason and exchange.wants_whole):
            self._decide(decision)
        elif exchange.answer is None or only_talks(exchange.answer):
            self.decline(reason)
        else:  # it acts, and has not said a sentence
            self.speech = ""
            self._exchange = exchange.cut_off(reason)
            if reason != Reason.NO_WORDS:  # which is what was asked for
                self._host.report.fallbacks.append((self.name, reason))

    def _say(self, line: str) -> None:
        """The deed that was chosen gets its words."""
        deed = self._exchange.answer
        if deed is not None:
            self._decide(replace(deed, emotion=self.emotion, say=line, reason=self.reason))

    def _decide(self, decision: Decision) -> None:
        """Takes a decision that is whole."""
        self._show(self._exchange.decided(decision))
        self._host.report.decisions.append((self.name, decision))

    def _show(self, exchange: OpenExchange) -> None:
        """Goes on with an exchange that has a new answer, and shows it to game and tree."""
        self._dozes = False
        self._exchange, self.decision = exchange, exchange.answer
        if exchange.answer is not None:
            self.blackboard["decision"] = exchange.answer.to_dict()
