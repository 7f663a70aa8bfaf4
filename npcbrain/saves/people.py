"""NPCs in a save: captured in the frame, packed on a thread, read, and put back.

It reaches into an ``Npc``: a save is all of it, and the NPC itself need not know of saves.
Invariant: what is read is valid as it stands, so that putting it back cannot stop half-way.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from npcbrain.asking.pending_answer import LanguageThought
from npcbrain.errors import SaveError, TreeError, fault
from npcbrain.npcs.contracts import Thought
from npcbrain.npcs.inbox import MAX_WAITING
from npcbrain.npcs.inputs import MAX_IMPORTANCE, MIN_IMPORTANCE
from npcbrain.npcs.memory import Entry, entry_of
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.open_exchange import OpenExchange
from npcbrain.plain_text import last_whole_sentence
from npcbrain.reasons import Reason
from npcbrain.saves.flight import SavedThought, ThoughtCapture, capture_thought, read_thought
from npcbrain.saves.plain import Hook, plain_entries, restored
from npcbrain.saves.reader import Reader
from npcbrain.saves.situations import ACTIONS, DECISION, EVENT, SCENE, TOLD
from npcbrain.saves.trees import SavedTree, live_data, read_tree, tree_data
from npcbrain.situation import Action, Decision, Event, Scene
from npcbrain.tree.node import Program
from npcbrain.tree.saved import Capture, SavedLayout, capture, go_on

__all__ = ["NpcCapture", "SavedNpc", "capture_npc", "put_back", "read_name", "read_npc"]

MAX_CAPACITY = 1 << 20  # lines of one memory


# What the frame takes of an NPC in one go; none of it is changed later, only replaced.
_parts = attrgetter(
    "name",
    "persona.actions",
    "_importance",
    "_scene",
    "_actions",
    "memory.capacity",
    "memory.num_learned",
    "speech",
    "emotion",
    "reason",
    "decision",
    "_exchange.answer",
    "_exchange.event",
    "_exchange.awaits_words",
    "_exchange.is_accepted",
    "_exchange.wants_whole",
    "_inbox.rests",
    "thinking",
    "_num_replies",
    "num_missed",
)


class NpcCapture(NamedTuple):
    """One NPC between two frames; all in it is immutable, or a copy."""

    parts: tuple[Any, ...]
    entries: list[Entry]
    waiting: list[Event]
    num_asked: int
    thought: ThoughtCapture | None
    blackboard: dict[str, object]
    tree: Capture
    live: dict[str, object]

    def data(self, layouts: dict[int, int]) -> dict[str, Any]:
        """As plain data; ``layouts`` has the number of each program by its ``id``."""
        name, its_own, importance, scene, actions, capacity, num_learned, *rest = self.parts
        speech, emotion, reason, decision, answer, event, *flags = rest
        *flags, num_replies, num_missed = flags
        lines = [[e.importance, e.order, TOLD.plain(e.told)] for e in self.entries]
        return {
            "name": name,
            "importance": importance,
            "scene": SCENE.plain(scene),
            "actions": None if actions == its_own else ACTIONS.plain(actions),
            "memory": [capacity, num_learned, lines],
            "says": [speech, emotion, reason],
            "decision": DECISION.plain_optional(decision),
            "answer": DECISION.plain_optional(answer),
            "event": EVENT.plain_optional(event),
            "waiting": [EVENT.plain(one) for one in self.waiting],
            "flags": flags,
            "counts": [num_replies, num_missed, self.num_asked],
            "thought": None if self.thought is None else self.thought.data(),
            "blackboard": self.blackboard,
            "tree": tree_data(self.tree, layouts[id(self.tree.program)], self.live),
        }

    @property
    def name(self) -> str:
        """The NPC's."""
        return str(self.parts[0])

    @property
    def program(self) -> Program:
        """What its tree runs."""
        return self.tree.program


def capture_npc(
    npc: Npc, number: int, now_ns: int, play_ns: int, num_asked: int, hook: Hook | None
) -> NpcCapture:
    """One NPC between two frames; some five microseconds.

    Args:
        npc: The NPC.
        number: Its place in the save, for messages.
        now_ns: By the clock of its tree.
        play_ns: By the clock of its thoughts.
        num_asked: How often it has asked the model.
        hook: Makes things of the game plain.

    Raises:
        SaveError: Something on its blackboard cannot be saved.
        TreeError: The game's ``on_save`` raised.
    """
    thought = npc._thought
    try:
        taken = capture(npc.tree, now_ns)
        # Any thread may tell it something meanwhile: all of that is in the save, or none of it.
        with npc._inbox.lock, npc.memory._lock:
            parts, entries, waiting = _parts(npc), npc.memory._entries[:], [*npc._inbox.waiting]
        return NpcCapture(
            parts,
            entries,
            waiting,
            num_asked,
            capture_thought(thought, play_ns) if isinstance(thought, LanguageThought) else None,
            plain_entries(npc.blackboard, f"$.npcs[{number}].blackboard", hook),
            taken,
            live_data(taken, f"$.npcs[{number}].tree", hook) if taken.live else {},
        )
    except (SaveError, TreeError) as error:
        error.add_note(f"of npc {npc.name!r}")
        raise


@dataclass(frozen=True, slots=True)
class SavedNpc:
    """One NPC of a save; see ``Npc``.

    Attributes:
        actions: None for those of its persona.
        flags: Awaits words, is accepted, wants whole, rests, thinks.
        counts: Replies, missed, asked.
    """

    name: str
    importance: float
    scene: Scene
    actions: tuple[Action, ...] | None
    entries: list[Entry]
    num_learned: int
    capacity: int
    speech: str
    emotion: str
    reason: str
    decision: Decision | None
    answer: Decision | None
    event: Event | None
    waiting: list[Event]
    flags: tuple[bool, ...]
    counts: tuple[int, ...]
    thought: SavedThought | None
    blackboard: Reader
    tree: Reader

    @property
    def num_asked(self) -> int:
        """How often it has asked the model."""
        return self.counts[2]


def read_name(reader: Reader) -> str:
    """The name of a person in a save."""
    name = reader.field("name").text()
    if not name:
        raise reader.field("name").wrong("not be empty")
    return name


def read_npc(reader: Reader) -> SavedNpc:
    """The person that ``NpcCapture.data`` made a dictionary of.

    Blackboard and tree are left as they are: they may hold things that are made by hooks.
    """
    field = reader.field
    capacity, num_learned, entries = _read_memory(field("memory"))
    speech, emotion, reason = (text.text() for text in field("says").items(3))
    waiting, thought = field("waiting"), field("thought")
    events = [EVENT.read(item) for item in waiting.items()]
    if len(events) > MAX_WAITING:
        raise waiting.wrong(f"hold at most {MAX_WAITING} events")
    return SavedNpc(
        read_name(reader),
        field("importance").number(MIN_IMPORTANCE, MAX_IMPORTANCE),
        SCENE.read(field("scene")),
        ACTIONS.read_optional(field("actions")),
        entries,
        num_learned,
        capacity,
        speech,
        emotion,
        reason,
        DECISION.read_optional(field("decision")),
        DECISION.read_optional(field("answer")),
        EVENT.read_optional(field("event")),
        events,
        tuple(flag.flag() for flag in field("flags").items(5)),
        tuple(count.whole() for count in field("counts").items(3)),
        read_thought(thought) if thought.optional() else None,
        field("blackboard"),
        field("tree"),
    )


def _read_memory(reader: Reader) -> tuple[int, int, list[Entry]]:
    limit, learned, lines = reader.items(3)
    capacity, num_learned = limit.whole(1, MAX_CAPACITY), learned.whole()
    entries: list[Entry] = []
    for line in lines.items():
        importance, order, told = line.items(3)
        last = entries[-1].order if entries else -1
        number = order.whole(last + 1, num_learned - 1)
        entries.append(entry_of(TOLD.read(told), importance.number(0.0, 1.0), number))
    if len(entries) > capacity:
        raise SaveError(
            fault("memory", f"hold at most {capacity} lines", len(entries), lines.where)
        )
    return capacity, num_learned, entries


class Prepared(NamedTuple):
    """What of an NPC is made by hooks, before anything has changed."""

    blackboard: dict[str, Any]
    tree: SavedTree


def prepared(saved: SavedNpc, layouts: list[SavedLayout], hook: Hook | None) -> Prepared:
    """Reads blackboard and tree; hooks make things of the game again.

    Raises:
        SaveError: They are not as they should be.
    """
    saved.blackboard.entries()
    blackboard: Any = restored(saved.blackboard, hook)
    return Prepared(blackboard, read_tree(saved.tree, layouts, hook))


def put_back(
    npc: Npc, saved: SavedNpc, made: Prepared, thought: Thought | None, now_ns: int
) -> tuple[list[str], Exception | None]:
    """Gives an NPC, whose tree is halted and who has no thought, what it was when it was saved.

    Args:
        npc: The NPC.
        saved: What it was.
        made: What of it hooks have made.
        thought: What it goes on thinking.
        now_ns: By the clock of its tree.

    Returns:
        What does not fit any more, and the first error of the game's code.
    """
    notes: list[str] = []
    npc.importance = saved.importance
    npc._scene = saved.scene
    npc.actions = npc.persona.actions if saved.actions is None else saved.actions
    npc.memory.restore(saved.entries, saved.num_learned, saved.capacity)
    npc.speech, npc.emotion, npc.decision = saved.speech, saved.emotion, saved.decision
    awaits_words, is_accepted, wants_whole, rests, thinks = saved.flags
    is_answered = saved.answer is not None
    npc._exchange = OpenExchange(
        saved.event,
        saved.answer,
        awaits_words and is_answered,
        is_accepted and is_answered,
        wants_whole,
        saved.reason,
    )
    inbox = npc._inbox
    inbox.waiting.clear()
    inbox.waiting.extend(saved.waiting)
    inbox.rests, npc._dozes = rests, False
    npc._num_replies, inbox.num_missed, _ = saved.counts
    npc._thought = thought
    npc.blackboard.clear()
    npc.blackboard.update(made.blackboard)
    if thinks and thought is None:
        _fall_silent(npc)
    answer = npc.answer
    if answer is not None and not npc.is_legal(answer):
        notes.append(f"npc {npc.name!r} may not {answer.action!r} so any more: it is not done")
        npc.drop_thought()
        npc._exchange = npc._exchange.without_answer()
    tree = made.tree
    num_new, error = go_on(npc.tree, tree.layout, tree.statuses, tree.numbers, tree.live, now_ns)
    if num_new:
        of_all = f"{num_new} of {len(npc.tree.nodes)} nodes"
        notes.append(f"the tree of npc {npc.name!r} has changed: {of_all} begin anew")
    return notes, error


def _fall_silent(npc: Npc) -> None:
    """A thought is lost: what it said ends at its last whole sentence, or a tree finds words."""
    awaits_words = npc._exchange.awaits_words
    npc.speech = last_whole_sentence(npc.speech) if awaits_words else ""
    if awaits_words and not npc.speech:
        npc._exchange = npc._exchange.cut_off(Reason.CANCELLED)
