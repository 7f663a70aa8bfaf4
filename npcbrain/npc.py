"""``Npc``: what a character perceives, remembers, says and decides between two frames.

It knows neither the model nor the scheduler: a ``Mind`` lent by the runtime does the asking. Where
a body stands and how it moves is the game's business. Floor 4. Invariant: an event is dealt with
once, by the model's decision or by the tree's, and the one being dealt with is never dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from npcbrain.clock import Clock
from npcbrain.errors import SituationError, UsageError, fault
from npcbrain.memory import Memory
from npcbrain.persona import Persona
from npcbrain.prompt import answer_grammar
from npcbrain.report import FrameReport
from npcbrain.situation import (
    MAX_NAME_CHARS,
    Action,
    Decision,
    Event,
    Scene,
    Situation,
    clean_text,
    read_actions,
)
from npcbrain.tree import Blackboard, Node, Status, Tree, compile

__all__ = ["Handler", "Host", "Mind", "Npc", "Thought"]

Handler = Callable[..., Status | None]  # handler(npc, **args): performs an action in the game

MAX_WAITING = 4  # events not yet dealt with; older ones are no longer worth an answer
MIN_IMPORTANCE, MAX_IMPORTANCE = 0.001, 1000.0  # beyond, an NPC waits for hours, or all others do
MAX_TEXT_CHARS = 1000  # of an event's text that are kept; the prompt takes 280 of them
DEFAULT_LINE = "Hm."  # what the tree says for a persona that brings no lines of its own


class Thought(Protocol):
    """An answer being written for an NPC; it changes in ``listen`` and ``drop`` only.

    Attributes:
        done: Whether ``decision`` or ``reason`` is final.
        decision: What the model decided; None until then, and if it failed.
        reason: Why there will be no decision (``expired``, ...); empty if there is or may be one.
        speech: What it says so far.
        emotion: The emotion, ``"neutral"`` until it is known.
    """

    done: bool
    decision: Decision | None
    reason: str
    speech: str
    emotion: str

    def listen(self) -> None:
        """Takes in what the model has written since the last call."""
        ...

    def drop(self) -> None:
        """Gives up: nobody wants the answer any more. Idempotent."""
        ...


class Mind(Protocol):
    """Whoever writes the thoughts."""

    def ask(
        self,
        situation: Situation,
        memory: Memory,
        grammar: str,
        *,
        name: str,
        ttl_ms: float,
        priority: float,
    ) -> Thought:
        """Begins a thought; the memories that fit are added to the situation. Never raises."""
        ...


@dataclass(slots=True)
class Host:
    """What a runtime lends its NPCs."""

    mind: Mind
    clock: Clock
    report: FrameReport  # of the frame that runs now
    handlers: dict[str, Handler] = field(default_factory=dict)


class Npc:
    """One character. Made by ``Runtime.add_npc``.

    Attributes:
        name: Its name in the runtime; unique there.
        persona: Who it is.
        memory: What it remembers.
        tree: Its behaviour tree.
        blackboard: What its tree's nodes share; plain data only.
        speech: What it says: grows while the model speaks, holds the tree's line if a tree
            answered, and empties when a new thought begins.
        emotion: One word.
        decision: The last decision, or None.
        reason: Why the model did not answer the event at hand; empty if it did or still may.
        num_missed: Events that were dropped because newer ones kept coming.
    """

    __slots__ = (
        "_actions",
        "_answer",
        "_event",
        "_grammar",
        "_host",
        "_importance",
        "_num_replies",
        "_rests",
        "_scene",
        "_thought",
        "_waiting",
        "blackboard",
        "decision",
        "emotion",
        "memory",
        "name",
        "num_missed",
        "persona",
        "reason",
        "speech",
        "tree",
    )

    def __init__(
        self, name: str, persona: Persona, root: Node, host: Host, *, importance: float = 1.0
    ) -> None:
        self.name = name
        self.persona = persona
        self.memory = Memory()
        self.blackboard = Blackboard()
        self.speech = ""
        self.emotion = "neutral"
        self.decision: Decision | None = None
        self.reason = ""
        self.num_missed = 0
        self._host = host
        self._scene = Scene()
        self._thought: Thought | None = None
        self._event: Event | None = None
        self._answer: Decision | None = None  # to the event at hand
        self._waiting: deque[Event] = deque()
        self._num_replies = 0
        self._rests = False  # whether the next event waits for the next frame
        self.importance = importance
        self.actions = persona.actions
        self.tree: Tree = compile(root, self, host.clock, self.blackboard)

    def __repr__(self) -> str:
        return f"<Npc {self.name}>"

    # What the game tells it.

    @property
    def scene(self) -> Scene:
        """Where and when, and who or what is near."""
        return self._scene

    @scene.setter
    def scene(self, scene: Scene) -> None:
        where = f"npc {self.name!r}"
        if not isinstance(scene, Scene):
            raise UsageError(fault("scene", "be a Scene", scene, where))
        if scene != self._scene:
            if not isinstance(scene.nearby, list | tuple):  # a string is a list of its letters
                raise UsageError(fault("nearby", "be a list of names", scene.nearby, where))
            for text in (scene.place, scene.time, *scene.nearby):
                if not isinstance(text, str):
                    raise UsageError(fault("a scene's text", "be a string", text, where))
            self._scene = Scene(
                _name(scene.place), _name(scene.time), tuple(_name(near) for near in scene.nearby)
            )

    @property
    def actions(self) -> tuple[Action, ...]:
        """What it may do; the model chooses from these alone."""
        return self._actions

    @actions.setter
    def actions(self, actions: Sequence[Action]) -> None:
        where = f"npc {self.name!r}, actions"
        for action in actions:
            if not isinstance(action, Action):
                raise UsageError(fault("action", "be an Action", action, where))
        try:
            checked = read_actions([{"name": a.name, "args": a.args} for a in actions], where)
        except SituationError as error:
            raise UsageError(str(error)) from error
        self._actions = checked
        self._grammar = answer_grammar(checked)

    @property
    def importance(self) -> float:
        """Its share of the model's time against other NPCs': 0.001 to 1000, usually 1."""
        return self._importance

    @importance.setter
    def importance(self, importance: float) -> None:
        number = isinstance(importance, int | float) and not isinstance(importance, bool)
        if not number or not MIN_IMPORTANCE <= importance <= MAX_IMPORTANCE:
            rule = f"be a number from {MIN_IMPORTANCE:g} to {MAX_IMPORTANCE:g}"
            raise UsageError(fault("importance", rule, importance, f"npc {self.name!r}"))
        self._importance = float(importance)

    def hear(self, text: str, *, speaker: str = "player") -> None:
        """Somebody speaks to it. Any text is harmless; silence is no event.

        Raises:
            UsageError: ``text`` or ``speaker`` is not a string, or ``speaker`` is empty.
        """
        where = f"npc {self.name!r}, hear()"
        line = _text(text, "text", where)
        if line:
            self._queue(Event("speech", _source(speaker, "speaker", where), line))

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
        line = _text(text, "text", where)
        self._queue(Event(_source(kind, "kind", where), _source(source, "source", where), line))

    def remember(self, text: str, *, importance: float = 0.5) -> None:
        """Adds a line to its memory; see ``Memory.add``."""
        self.memory.add(text, importance)

    def introduction(self) -> tuple[Situation, str]:
        """A situation in which nothing happens, and its grammar: what all its prompts share."""
        nothing = Event("time", "world", "")
        return Situation(self.persona.profile, Scene(), nothing, self._actions), self._grammar

    # What its tree asks and does; the leaves of ``npcbrain.leaves`` call these.

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

    def attend(self) -> bool:
        """Turns to the oldest waiting event, unless one is being dealt with; False if none is."""
        if self._event is None and self._waiting and not self._rests:
            self._event = self._waiting.popleft()
        return self._event is not None

    def think(self, ttl_ms: float) -> Thought | None:
        """Asks the model about the event at hand; None if there is none.

        A thought already under way is dropped.
        """
        self.drop_thought()
        if not self.attend() or self._event is None:
            return None
        self._answer = None
        self.reason = ""
        self.speech = ""
        situation = Situation(self.persona.profile, self._scene, self._event, self._actions)
        thought = self._host.mind.ask(
            situation,
            self.memory,
            self._grammar,
            name=self.name,
            ttl_ms=ttl_ms,
            priority=self._importance,
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
        self.speech = thought.speech
        self.emotion = thought.emotion
        if not thought.done:
            return
        self._thought = None
        if thought.decision is None:
            self.decline(thought.reason)
        else:
            self._decide(thought.decision)

    def drop_thought(self, thought: Thought | None = None) -> None:
        """Stops thinking (this thought, or any); the event stays at hand."""
        if self._thought is not None and thought in (None, self._thought):
            self._thought.drop()
            self._thought = None
            self.speech = ""

    @property
    def answer(self) -> Decision | None:
        """What was decided about the event at hand, if anything yet."""
        return self._answer

    def decline(self, reason: str) -> None:
        """Takes the model's answer back: the tree has to answer, for this reason."""
        self._answer = None
        self.speech = ""
        self.reason = reason
        self._host.report.fallbacks.append((self.name, reason))

    def handler(self, action: str) -> Handler | None:
        """What the game registered for an action with ``Runtime.on_action``, or None."""
        return self._host.handlers.get(action)

    def reply(self, lines: Sequence[str] | None = None) -> None:
        """Answers the event at hand without the model, with the next of these lines in turn.

        Args:
            lines: What to choose from; None means the persona's ``fallback`` lines.
        """
        choice = self.persona.lines.get("fallback", ()) if lines is None else lines
        line = choice[self._num_replies % len(choice)] if choice else DEFAULT_LINE
        self._num_replies += 1
        self.speech = line
        self.emotion = "neutral"
        self._decide(Decision("say", say=line, source="tree", reason=self.reason))
        self.finish_event()

    def finish_event(self, *, rest: bool = False) -> None:
        """The event at hand is dealt with; what happened becomes a memory.

        A thought about it that is still under way is dropped.

        Args:
            rest: Whether to leave the next event for the next frame: the branch of the tree that
                is to answer where the model cannot would take it, and the model was never asked.
        """
        self._rests = rest
        if self._thought is not None:
            self._thought.drop()
            self._thought = None
        event, self._event = self._event, None
        self.reason = ""
        answer, self._answer = self._answer, None
        if event is not None:
            self.memory.add_event(event, answer, self.persona.name)

    def _queue(self, event: Event) -> None:
        if len(self._waiting) == MAX_WAITING:
            missed = self._waiting.popleft()
            self.num_missed += 1
            self.memory.add_event(missed, None, self.persona.name)
        self._waiting.append(event)

    def _decide(self, decision: Decision) -> None:
        self.decision = self._answer = decision
        self.blackboard["decision"] = decision.to_dict()
        self._host.report.decisions.append((self.name, decision))


def _text(text: object, what: str, where: str) -> str:
    if not isinstance(text, str):
        raise UsageError(fault(what, "be a string", text, where))
    return clean_text(text[:MAX_TEXT_CHARS])


def _name(text: str) -> str:
    return clean_text(text[: 4 * MAX_NAME_CHARS])[:MAX_NAME_CHARS].rstrip()


def _source(text: object, what: str, where: str) -> str:
    if not isinstance(text, str) or not (name := _name(text)):
        raise UsageError(fault(what, "be a string that is not empty", text, where))
    return name
