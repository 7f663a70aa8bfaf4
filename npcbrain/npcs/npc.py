"""``Npc``: what a character perceives, remembers, says and decides between two frames.

It knows neither the model nor the scheduler: a ``Mind`` lent by the runtime does the asking. Where
a body stands and how it moves is the game's business. Invariant: an event is dealt with
once, by the model's decision or by the tree's, and the one being dealt with is never dropped.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from npcbrain.npcs.bubble import Bubble, whole_words
from npcbrain.npcs.character import Character
from npcbrain.npcs.contracts import Handler, Host, Mind, Thought
from npcbrain.npcs.inputs import line_of, name_of
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.slips import can_do, warn_of_asking, warn_of_deafness
from npcbrain.npcs.why import why
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.prompting.prompt import last_whole_sentence
from npcbrain.prompting.reflex import reflex, words_for
from npcbrain.reasons import Reason
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision, Event, Situation
from npcbrain.tree import Blackboard, Node, Tree, compile

__all__ = ["Handler", "Host", "Mind", "Npc", "Thought"]

LOG = logging.getLogger("npcbrain")
MAX_WAITING = 4  # events not yet dealt with; older ones are no longer worth an answer
DEFAULT_LINE = "Hm."  # what the tree says for a persona that brings no lines of its own


class Npc(Character):
    """One character. Made by ``Runtime.add_npc``.

    A game tells it things (``hear``, ``notice``, ``remember``), changes it (``become``, ``scene``)
    and shows it (``bubble``, ``emotion``, ``why``). The rest is for leaves.

    Attributes:
        data: The game's own: npcbrain neither looks at it nor saves it. What is to be saved belongs
            on the ``blackboard``.
        memory: What it remembers.
        tree: Its behaviour tree.
        blackboard: What its tree's nodes share; plain data only.
        speech: What it says: grows while the model speaks (with a line filter it comes whole),
            and empties when a new thought begins. ``bubble`` is for the screen.
        emotion: One word.
        decision: The last one, or None; the model's has no words until it is whole, which is when
            ``report.decisions`` has it.
        reason: Why the model did not answer the event at hand, or did not speak; empty if it did
            or still may.
        num_missed: Events that were dropped because newer ones kept coming.
    """

    __slots__ = (
        "_about",
        "_answer",
        "_bubble",
        "_ear",
        "_event",
        "_is_accepted",
        "_is_open",
        "_is_told",
        "_num_replies",
        "_rests",
        "_thought",
        "_waiting",
        "_wants_whole",
        "blackboard",
        "data",
        "decision",
        "emotion",
        "memory",
        "num_missed",
        "reason",
        "speech",
        "tree",
    )

    def __init__(
        self, name: str, persona: Persona, root: Node, host: Host, *, importance: float = 1.0
    ) -> None:
        super().__init__(name, persona, host, importance)
        self.memory = Memory()
        self.blackboard = Blackboard()
        self.data: Any = None
        self.speech = ""
        self.emotion = "neutral"
        self.decision: Decision | None = None
        self.reason = ""
        self.num_missed = 0
        self._about = ""  # the action of the model's answer that was declined last
        self._bubble = Bubble()
        self._is_told = False  # whether it was looked at for asking for ever
        self._thought: Thought | None = None
        self._event: Event | None = None
        self._answer: Decision | None = None  # to the event at hand
        self._is_open = False  # whether the answer's words are still to come
        self._is_accepted = False  # whether the game does what was decided
        self._wants_whole = False  # whether a choice without its words is no answer
        self._waiting: deque[Event] = deque()
        self._ear = Lock()
        self._num_replies = 0
        self._rests = False  # whether the next event waits for the next frame
        self.tree: Tree = compile(root, self, host.clock, self.blackboard)

    def __repr__(self) -> str:
        return f"<Npc {self.name}>"

    # What the game tells it.

    def hear(self, text: str, *, speaker: str = "player") -> None:
        """Somebody speaks to it. Any text is harmless; silence is no event. For any thread.

        Raises:
            UsageError: ``text`` or ``speaker`` is not a string, or ``speaker`` is empty.
        """
        where = f"npc {self.name!r}, hear()"
        line = line_of(text, "text", where)
        if line:
            self._queue(Event("speech", name_of(speaker, "speaker", where), line))

    def notice(self, kind: str, *, source: str, text: str = "") -> None:
        """Something happens to it or near it.

        Args:
            kind: ``gift``, ``attack``, ``sighting``, ``time``, or a game's own word.
            source: Who or what caused it.
            text: A sentence that tells what happened.

        Raises:
            UsageError: An argument is not a string, or ``kind`` or ``source`` is empty.
        """
        where = f"npc {self.name!r}, notice()"
        line = line_of(text, "text", where)
        self._queue(Event(name_of(kind, "kind", where), name_of(source, "source", where), line))

    def remember(self, text: str, *, importance: float = 0.5) -> None:
        """Adds a line to its memory; see ``Memory.add``."""
        self.memory.add(text, importance)

    # What the game shows of it.

    @property
    def bubble(self) -> str:
        """What to draw over its head: whole words, for as long as they take to read.

        It grows by whole words while the model speaks. A line that is finished stays for 60 ms a
        letter, 1.5 seconds at least, even if the next thought has begun meanwhile.
        """
        speech = whole_words(self.speech) if self.thinking else self.speech
        return self._bubble.shown(speech, self._host.clock.now_ns())

    @property
    def why(self) -> str:
        """One sentence: who answered its last event, the model or the tree, and for what reason.

        With ``logging.getLogger("npcbrain").setLevel(logging.INFO)`` the log has such a line for
        each event that is dealt with.
        """
        return why(self.name, self.decision, self.reason, self._about, thinking=self.thinking)

    # What its tree asks and does; the leaves of ``npcbrain.npcs.leaves`` call these.

    @property
    def event(self) -> Event | None:
        """The event at hand: the one being dealt with, else the oldest waiting."""
        return self._event or (self._waiting[0] if self._waiting else None)

    @property
    def num_waiting(self) -> int:
        """Events behind the one being dealt with."""
        return len(self._waiting)

    @property
    def thinking(self) -> bool:
        """Whether the model is at work on its answer."""
        return self._thought is not None and not self._thought.done

    @property
    def thought(self) -> Thought | None:
        """What the model is at work on, or has just finished; None if nothing."""
        return self._thought

    def attend(self) -> bool:
        """Turns to the oldest waiting event, unless one is being dealt with; False if none is."""
        if self._event is None and self._waiting and not self._rests:
            self._event = self._waiting.popleft()
        return self._event is not None

    def think(self, ttl_ms: float, *, extent: Extent = Extent.DECIDED) -> Thought | None:
        """Asks the model about the event at hand; None if there is none.

        A thought already under way is dropped.

        Args:
            ttl_ms: How long the answer is worth waiting for.
            extent: How much of the answer must be there by then; ``WHOLE`` also waits for its last
                word, where else it is there once its action is decided.
        """
        self.drop_thought()
        if not self.attend() or self._event is None:
            return None
        if self._answer is not None and not self._is_told:
            self._is_told = True
            warn_of_asking(self.name, self.tree)
        self._forget_answer()
        self._wants_whole = extent is Extent.WHOLE
        self._bubble.begin()
        self.reason = self._about = ""
        self.speech = ""
        situation = Situation(self.persona.profile, self._scene, self._event, self._actions)
        thought = self._host.mind.ask(
            situation,
            self.memory,
            self._deed_grammar if extent is Extent.DEED else self._grammar,
            name=self.name,
            ttl_ms=ttl_ms,
            priority=self._importance,
            extent=extent,
            lines=self.persona.lines,
        )
        self._thought = thought
        self.listen()  # what cannot be answered is known at once, for the tree to go on
        return thought

    def listen(self) -> None:
        """Takes in what the model has written; the runtime calls this once a frame."""
        self._rests = False
        thought = self._thought
        if thought is None:
            return
        thought.listen()
        check = self._host.line_filter
        self.speech = thought.speech if check is None or thought.done else ""
        self.emotion = thought.emotion
        choice = thought.choice
        if self._answer is None and choice is not None:
            if not can_do(
                choice, self.handler(choice.action), self.tree
            ):  # before a report tells of a deed never done
                self.decline(Reason.NO_HANDLER, choice.action)
                return
            if not self._wants_whole:
                self._set_answer(choice)
                self._is_open = True
        if not thought.done:
            return
        self._thought = None
        decision, reason = thought.decision, thought.reason
        if decision is not None and check is not None and not check.passes(self, decision.say):
            decision, reason = None, Reason.FILTERED
        if decision is not None and not (reason and self._wants_whole):
            self._decide(decision)
        elif self._answer is None or only_talks(self._answer):
            self.decline(reason)
        else:  # it acts, and has not said a sentence: the tree has the word
            self.speech = ""
            self.reason = reason
            if reason != Reason.NO_WORDS:  # which is what was asked for
                self._host.report.fallbacks.append((self.name, reason))

    def drop_thought(self, thought: Thought | None = None) -> None:
        """Stops thinking (this thought, or any); the event stays at hand."""
        if self._thought is not None and thought in (None, self._thought):
            self._thought.drop()
            self._thought = None
            self.speech = ""

    def reflex(self) -> Decision | None:
        """What classical reading would do about the event at hand; None if there is nothing."""
        if not self.attend() or self._event is None:
            return None
        return reflex(Situation(self.persona.profile, self._scene, self._event, self._actions))

    def words_for(self, deed: Decision) -> str:
        """What to say beside a tree's own deed."""
        event = self._event or Event("time", "world", "")
        who, lines = self.persona.profile, self.persona.lines
        return words_for(deed, event, who, number=self._num_replies, lines=lines)

    def choose(self, deed: Decision) -> None:
        """Takes a tree's deed for the answer to the event at hand; its words are still to come."""
        self.drop_thought()
        self._set_answer(replace(deed, reason=self.reason))
        self._is_open = True

    @property
    def answer(self) -> Decision | None:
        """What was decided about the event at hand, if anything yet; its words may still come."""
        return self._answer

    def accept(self) -> None:
        """The game does what was decided: from now on the tree may only lend it words."""
        self._is_accepted = True

    def decline(self, reason: str, about: str = "") -> None:
        """Takes the model's answer back: the tree has to answer, for this reason.

        A thought that is still under way is dropped. ``about`` names the action that was decided,
        where ``answer`` does not know it yet.
        """
        self._about = about if self._answer is None else self._answer.action
        self.drop_thought()
        self._forget_answer()
        self.speech = ""
        self.reason = reason
        self._host.report.fallbacks.append((self.name, reason))

    def handler(self, action: str) -> Handler | None:
        """What the game registered for an action with ``Runtime.on_action``, or None."""
        return self._host.handlers.get(action)

    def reply(self, lines: Sequence[str] | None = None) -> None:
        """Says the next of these lines about the event at hand, which is over then.

        Where the game does what the model decided, and the model was cut off before it said a
        sentence, this is what the deed's words are. An answer that nobody has accepted is taken
        back, with reason ``guarded``.

        Args:
            lines: What to choose from; None means the persona's ``fallback`` lines.
        """
        if self._answer is not None and not self._is_accepted:
            self.decline(Reason.GUARDED)
        self.drop_thought()
        choice = self.persona.lines.get("fallback", ()) if lines is None else lines
        line = choice[self._num_replies % len(choice)] if choice else DEFAULT_LINE
        self._num_replies += 1
        self.speech = line
        if self._answer is not None and self._is_open:
            deed = self._answer
            self._decide(replace(deed, emotion=self.emotion, say=line, reason=self.reason))
        else:
            self.emotion = "neutral"
            self._decide(Decision("say", say=line, source="tree", reason=self.reason))
        self.finish_event()

    def finish_event(self, *, rest: bool = False) -> None:
        """The event at hand is dealt with; what happened becomes a memory.

        A thought about it that is still under way is dropped: what it says ends at its last whole
        sentence.

        Args:
            rest: Whether to leave the next event for the next frame: the branch of the tree that
                is to answer where the model cannot would take it, and the model was never asked.
        """
        self._rests = rest
        said = last_whole_sentence(self.speech)
        self.drop_thought()
        if self._answer is not None and self._is_open:
            self.speech = said
            deed = self._answer
            self._decide(replace(deed, emotion=self.emotion, say=said, reason=self.reason))
        event, self._event = self._event, None
        self.reason = ""
        answer = self._answer
        self._forget_answer()
        self._bubble.finish(self.speech, self._host.clock.now_ns())
        if event is not None:
            self.memory.add_event(event, answer, self.persona.name)
            if answer is not None and LOG.isEnabledFor(logging.INFO):
                LOG.info("%s. It said: %s", self.why, answer.say)

    def _queue(self, event: Event) -> None:
        self._host.check_open(f"npc {self.name!r}")
        with self._ear:  # any thread may speak to it
            if len(self._waiting) == MAX_WAITING:
                missed = self._waiting.popleft()
                self.num_missed += 1
                if self.num_missed == 1:
                    warn_of_deafness(self.name, self.tree, MAX_WAITING + 1)
                self.memory.add_event(missed, None, self.persona.name)
            self._waiting.append(event)

    def _set_answer(self, decision: Decision) -> None:
        self.decision = self._answer = decision
        self.blackboard["decision"] = decision.to_dict()

    def _decide(self, decision: Decision) -> None:
        """Takes a decision that is whole."""
        self._set_answer(decision)
        self._is_open = False
        self._host.report.decisions.append((self.name, decision))

    def _forget_answer(self) -> None:
        self._answer = None
        self._is_open = self._is_accepted = False
