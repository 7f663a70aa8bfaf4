"""What is done before the chooser's graphs run: tokens, layout, words looked up.

In pieces, since all of it may be more than a frame has room for, where a persona is new or a line
is gibberish. Invariant: it decides nothing. It works out beforehand what the
chooser would work out itself, so a choice is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from npcbrain.choosing.layout import News, Persona, news, persona
from npcbrain.choosing.row_pass import Shape
from npcbrain.choosing.signs import read_ahead
from npcbrain.prompting.action_priors import event_text
from npcbrain.prompting.reader import Reader
from npcbrain.situation import Situation

__all__ = ["PIECES", "Groundwork", "Layouts"]

# Kinds of pieces, where a step of the chooser has the number of a graph; far above any graph's.
LINES, TOKENS, LAYOUT, NEWS, WORDS = range(250, 255)
PIECES = {LINES: "lines", TOKENS: "tokens", LAYOUT: "layout", NEWS: "news", WORDS: "words"}
CHARS_AT_ONCE = 256  # that are made tokens in a piece, or one line
CHARS_A_ROW = 16  # a piece's rows, by which it is priced, are about its work
NUM_LAYOUTS = 256  # personas whose layouts are kept: of each, some 300 tokens and places

Encode = Callable[[str], Sequence[int]]


class Layouts:
    """Layouts of the personas met of late."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[object, Persona | None] = {}

    def find(self, situation: Situation) -> tuple[bool, Persona | None]:
        """Whether its persona's is kept, and which; None where it may do too much."""
        key = _key(situation)
        return key in self._kept, self._kept.get(key)

    def keep(self, situation: Situation, layout: Persona | None) -> None:
        """Keeps one, in place of the oldest if there are many."""
        while len(self._kept) >= NUM_LAYOUTS:
            del self._kept[next(iter(self._kept))]
        self._kept[_key(situation)] = layout

    def forget(self) -> None:
        """Forgets all."""
        self._kept.clear()


class Groundwork:
    """The groundwork for one choice.

    Attributes:
        situation: What is to be chosen about.
        shape: Of the next piece, for its price; None when all is done.
        layout: Of its persona; None before it is known, and if it is too much for the chooser.
        told: The layout of its news; None before it is known.
    """

    __slots__ = (
        "_encode",
        "_layouts",
        "_pieces",
        "_reader",
        "layout",
        "shape",
        "situation",
        "told",
    )

    def __init__(
        self, situation: Situation, encode: Encode, layouts: Layouts, *, reader: Reader | None
    ) -> None:
        """Does nothing yet.

        Args:
            situation: What is to be chosen about.
            encode: Gives the tokens of a text, and keeps them.
            layouts: Of personas met before.
            reader: Classical reading that will be asked for; None if none will.
        """
        self.situation = situation
        self.layout: Persona | None = None
        self.told: News | None = None
        self._encode = encode
        self._layouts = layouts
        self._reader = reader
        self._pieces = self._work()
        self.shape: Shape | None = next(self._pieces, None)

    def step(self) -> None:
        """Does the next piece."""
        self.shape = next(self._pieces, None)

    def _work(self) -> Iterator[Shape]:
        situation, encode = self.situation, self._encode
        is_known, self.layout = self._layouts.find(situation)
        if not is_known:
            yield _shape(LINES, len(situation.actions) + len(situation.npc.facts))
            lines = _lines(situation)
            for group in _grouped(lines):
                yield _shape(TOKENS, sum(map(len, group)) // CHARS_A_ROW)
                for line in group:
                    encode(line)
            yield _shape(LAYOUT, len(lines))
            self.layout = persona(situation, encode)
            self._layouts.keep(situation, self.layout)
        if self.layout is None:
            return
        text, memory = event_text(situation.event), situation.memory
        yield _shape(NEWS, (len(text) + sum(len(str(one)) for one in memory)) // CHARS_A_ROW)
        self.told = news(situation, encode)
        if self._reader is not None:
            rows, memories = len(text) // CHARS_A_ROW, [one for one, _ in self.told.memories]
            for size in read_ahead(situation, memories, self._reader):
                yield _shape(WORDS, rows + size)


def _shape(piece: int, rows: int) -> Shape:
    return Shape(piece, max(1, rows), 0)


def _lines(situation: Situation) -> list[str]:
    """Whatever of a persona is made tokens, each once."""
    lines: dict[str, None] = {}

    def note(line: str) -> tuple[int, ...]:
        lines[line] = None
        return ()

    persona(situation, note)
    return list(lines)


def _grouped(lines: Sequence[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for line in lines:
        if group and sum(map(len, group)) + len(line) > CHARS_AT_ONCE:
            yield group
            group = []
        group.append(line)
    yield group


def _key(situation: Situation) -> object:
    """A persona's layout depends on this alone."""
    npc = situation.npc
    who = npc.name, npc.role, tuple(npc.traits), npc.goal, tuple(npc.facts)
    return who, tuple(
        (action.name, tuple((arg, tuple(legal)) for arg, legal in action.args.items()))
        for action in situation.actions
    )
