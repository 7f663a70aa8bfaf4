"""What an NPC remembers: short lines, some more important than others.

No model, no clock: age is counted in newer memories, not in seconds, so what is recalled depends on
what happened and never on how fast the machine ran. Invariant: the entries are in the
order in which they were learned, and there are at most ``capacity`` of them.

What others said is hearsay: it is kept as something said, and whoever talks without end does not
talk away what happened. Where both would be kept, or told, hearsay has its share and no more.

A line's weight is ``importance * 0.5 ** (age / HALF_LIFE)``. All lines age alike, so which of two
weighs more never changes and ``log2(importance) + order / HALF_LIFE`` is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from npcbrain.errors import UsageError, fault
from npcbrain.plain_text import SENTENCE_ENDS, clean_text, cut_at_sentence
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.prompting.prompt import memory_line
from npcbrain.situation import MAX_LINE_CHARS, Decision, Event, Exchange

__all__ = ["Entry", "Memory", "check_line", "entry_of"]

CAPACITY = 64  # lines kept; the select below stays some tens of microseconds
HALF_LIFE = 12  # newer memories after which a line weighs half
HEARSAY_SHARE = 0.75  # of what is kept, the most that may be what others said, if there is more
MIN_IMPORTANCE = 1e-3  # what importance 0 counts as; its logarithm must exist
MAX_DEED_CHARS = 40  # of what was done; more than an action with three values
MAX_QUOTE_CHARS = 80  # of each side's words in a memory of a talk: two of them make one line

# How well each kind of event is remembered, 0 to 1; ACTED is added where it did more than talk.
IMPORTANCE = {"attack": 0.8, "gift": 0.7, "sighting": 0.5, "speech": 0.3, "time": 0.1}
OTHER_IMPORTANCE = 0.5
ACTED = 0.2


@dataclass(slots=True)
class Entry:
    """One remembered line.

    Attributes:
        text: A sentence or two, on one line.
        told: The same as a prompt needs it: what was said and what was done kept apart.
        importance: 0 to 1, as the game gave it.
        order: How many lines had been learned before it.
        weight: What it is worth, on a scale that does not move; compare, do not add.
        counted: Who counted the tokens of its line in a prompt last, and how many there are.
    """

    text: str
    told: str | Exchange
    importance: float
    order: int
    weight: float
    counted: tuple[Callable[[str], int], int] | None = None

    @property
    def is_hearsay(self) -> bool:
        """Whether somebody only said so."""
        return isinstance(self.told, Exchange) and bool(self.told.who)


class Memory:
    """A bounded list of lines that forgets the one that weighs least.

    Any thread may add to it, read it or clear it.
    """

    __slots__ = ("_entries", "_lock", "_num_learned", "capacity")

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Starts empty.

        Raises:
            UsageError: ``capacity`` is not a whole number above 0.
        """
        if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
            raise UsageError(fault("capacity", "be an integer above 0", capacity, "Memory()"))
        self.capacity = capacity
        self._entries: list[Entry] = []
        self._num_learned = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """The entries as they are now, oldest first."""
        return iter(tuple(self._entries))

    def add(self, text: str, importance: float = 0.5) -> None:
        """Learns a line; a line known already becomes the newest and keeps its higher importance.

        Args:
            text: Any text; cleaned to one line and cut at a sentence or a word to 240 characters.
                Nothing is learned from an empty one.
            importance: 0 (small talk) to 1 (a debt of blood).

        Raises:
            UsageError: ``text`` is not a string or ``importance`` is not a number from 0 to 1.
        """
        check_line(text, importance)
        self._learn(shorten(text), float(importance))

    def _learn(self, told: str | Exchange, importance: float) -> None:
        line = str(told)
        if not line:
            return
        with self._lock:  # any thread may tell something
            for index, known in enumerate(self._entries):
                if known.text == line:
                    importance = max(importance, known.importance)
                    del self._entries[index]
                    break
            self._entries.append(entry_of(told, importance, self._num_learned))
            self._num_learned += 1
            if len(self._entries) > self.capacity:
                self._entries.remove(min(self._forgettable(), key=_weight))

    def _forgettable(self) -> list[Entry]:
        """Of whom one goes: of hearsay, where that has more than its share."""
        hearsay = [entry for entry in self._entries if entry.is_hearsay]
        return hearsay if len(hearsay) > HEARSAY_SHARE * self.capacity else self._entries

    def add_event(self, event: Event, answer: Decision | None, name: str) -> None:
        """Learns what happened and what was done about it.

        Args:
            event: What happened.
            answer: What was decided about it, if anything. A tree's line is not worth a memory.
            name: What the one who remembers is called.
        """
        importance = IMPORTANCE.get(event.kind, OTHER_IMPORTANCE)
        deed = reply = ""
        if answer is not None and answer.source == "model":
            if not only_talks(answer):
                importance += ACTED
                what = ", ".join((answer.action, *answer.args.values())).replace("_", " ")
                deed = shorten(what, MAX_DEED_CHARS)
            reply = _quote(answer.say)
        who, heard = _told(event)
        told = Exchange(name, who, heard, deed, reply)
        if len(str(told)) > MAX_LINE_CHARS:  # two very long names leave no room for both lines
            told = Exchange(name, who, heard, deed)
        self._learn(told, importance)

    def select(
        self,
        max_tokens: int,
        count_tokens: Callable[[str], int],
        *,
        max_lines: int = 4,
        among: Sequence[Entry] | None = None,
    ) -> tuple[str | Exchange, ...]:
        """The memories worth telling the model now, oldest first.

        The weightiest are taken first, and before them the weightiest that is no hearsay; one that
        does not fit is passed over whole, never cut.

        Args:
            max_tokens: What all of them together may cost.
            count_tokens: Tokens of a text. Asked once a line as long as the same function is given.
            max_lines: At most so many lines.
            among: The entries of an earlier moment; those of now if None.
        """
        chosen: list[Entry] = []
        for entry in _ranked(tuple(self._entries) if among is None else among):
            if len(chosen) == max_lines:
                break
            counted = entry.counted  # read once: another thread may count in its own way
            if counted is None or counted[0] != count_tokens:
                counted = count_tokens, count_tokens(f"{memory_line(entry.told)}\n")
                entry.counted = counted
            if counted[1] <= max_tokens:
                max_tokens -= counted[1]
                chosen.append(entry)
        chosen.sort(key=_order)
        return tuple(entry.told for entry in chosen)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()

    @property
    def num_learned(self) -> int:
        """Lines learned so far, those forgotten since included."""
        return self._num_learned

    def restore(self, entries: Sequence[Entry], num_learned: int, capacity: int) -> None:
        """Takes on what a saved game remembers.

        Args:
            entries: In the order in which they were learned; at most ``capacity``.
            num_learned: Above the order of each.
            capacity: 1 or more.
        """
        with self._lock:
            self._entries = list(entries)
            self._num_learned = num_learned
            self.capacity = capacity


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    ranked = sorted(entries, key=_weight, reverse=True)
    happened = next((i for i, entry in enumerate(ranked) if not entry.is_hearsay), 0)
    return [*ranked[happened : happened + 1], *ranked[:happened], *ranked[happened + 1 :]]


def entry_of(told: str | Exchange, importance: float, order: int) -> Entry:
    """A remembered line, with its weight."""
    weight = math.log2(max(importance, MIN_IMPORTANCE)) + order / HALF_LIFE
    return Entry(str(told), told, importance, order, weight)


def check_line(text: str, importance: float) -> None:
    """Whether a line can be learned.

    Raises:
        UsageError: ``text`` is not a string or ``importance`` is not a number from 0 to 1.
    """
    if not isinstance(text, str):
        raise UsageError(fault("memory", "be a string", text, "Memory.add()"))
    number = isinstance(importance, int | float) and not isinstance(importance, bool)
    if not number or not 0.0 <= importance <= 1.0:
        raise UsageError(fault("importance", "be a number from 0 to 1", importance, "Memory.add()"))


def shorten(text: str, limit: int = MAX_LINE_CHARS) -> str:
    """``text`` on one line of at most ``limit`` characters, cut at a sentence or else at a word.

    >>> shorten("The mill burned down. Nobody knows who did it.", 30)
    'The mill burned down.'
    >>> shorten("The old mill by the river burned down", 20)
    'The old mill by the'
    """
    # Cleaning costs time per character, and the text may be a book.
    return cut_at_sentence(clean_text(text[: 4 * limit]), limit)


def _told(event: Event) -> tuple[str, str]:
    """Who spoke (nobody, where it was no speech), and what is remembered of the event.

    >>> _told(Event("speech", "player", "Good day"))
    ('The player', 'Good day.')
    """
    who = event.source
    if who[:1].islower():
        who = who[0].upper() + who[1:] if who.startswith(("the ", "a ")) else f"The {who}"
    if event.kind == "speech":
        return who, _quote(event.text)
    return "", _quote(event.text) or f"{who}: {event.kind}."


def _quote(text: str) -> str:
    line = shorten(text, MAX_QUOTE_CHARS)
    return line if not line or line[-1] in SENTENCE_ENDS else f"{line}."


def _weight(entry: Entry) -> float:
    return entry.weight


def _order(entry: Entry) -> int:
    return entry.order
