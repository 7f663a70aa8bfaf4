"""Lines and their words, to be looked up: facts, and what actions and their values are called.

A player may type anything, and a line of gibberish has dozens of words. Comparing each with every
word of every line took up to a tenth of a second. So words are found by what they are, and words
with a slip of the keys by the trigrams they share. Invariant: pure; what one question costs grows
with its own words and with what is found, not with the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

__all__ = ["MAX_SLIPS", "Lexicon"]

ALIKE = 0.6  # shared trigrams (Dice) of two words that may be one word with a slip of the keys
SLIP_WORTH = 0.6  # of a word that is the same to the letter
MIN_SLIP_LETTERS = 4
MAX_SLIP_LETTERS = 24  # longer ones are no words, and have as many trigrams
MAX_LONGER = 3  # letters that one word may have more than the other
MAX_SLIPS = 12  # words that are looked at for slips in a line: gibberish has dozens
MAX_WORDS = 1024  # among which slips are looked for: more than any prompt holds
LEAST = ALIKE / (2 - ALIKE)  # of a word's trigrams: who shares fewer is not alike, however short
BY_COUNT = itemgetter(1)
NUM_FOUND = 4  # questions whose findings are kept: the same is asked for a choice and for a prompt


class Lexicon:
    """The words of some lines.

    Attributes:
        lines: The words of each line, each once.
    """

    __slots__ = ("_found", "_holders", "_places", "_sizes", "lines")

    def __init__(self, lines: Iterable[Sequence[str]]) -> None:
        """Some microseconds a word.

        Args:
            lines: The words of each, as ``fact_retrieval.stems`` makes them.
        """
        self.lines = tuple(lines)
        self._found: dict[tuple[tuple[str, ...], bool], Mapping[int, float]] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}  # of a word: line, place in it
        for number, words in enumerate(self.lines):
            for place, word in enumerate(words):
                self._places.setdefault(word, []).append((number, place))
        self._sizes: dict[str, int] = {}  # of a word that may be meant by a slip: its trigrams
        self._holders: dict[str, list[str]] = {}  # of each trigram, the words that hold it
        for word in list(self._places)[:MAX_WORDS]:
            if MIN_SLIP_LETTERS <= len(word) <= MAX_SLIP_LETTERS:
                own = _trigrams(word)
                self._sizes[word] = len(own)
                for trigram in own:
                    self._holders.setdefault(trigram, []).append(word)

    def overlap(self, asked: Sequence[str], *, weighs_rare: bool = False) -> Mapping[int, float]:
        """How much of what is asked stands in each line; lines in which nothing does are left out.

        The last few findings are kept.

        Args:
            asked: Words, each once.
            weighs_rare: Whether a word that many lines share counts less.
        """
        key = tuple(asked), weighs_rare
        found = self._found.get(key)
        if found is None:
            found = self._look_up(key[0], weighs_rare)
            if len(self._found) >= NUM_FOUND:
                self._found.clear()
            self._found[key] = found
        return found

    def _look_up(self, asked: tuple[str, ...], weighs_rare: bool) -> dict[int, float]:
        places, worth = self._places, dict[int, float]()
        known_before: Counter[int] = Counter()  # by line, long words so far that stand in it
        most_known = num_long = 0
        for word in asked:
            is_long = len(word) >= MIN_SLIP_LETTERS
            found = places.get(word, ())
            each = 1 / len(found) if found and weighs_rare else 1.0
            for line, _ in found:
                worth[line] = worth.get(line, 0.0) + each
            # Of each line, the first dozen of long words that do not stand in it may be slips.
            if is_long and num_long - most_known < MAX_SLIPS:
                for line, other in self._alike(word).items():
                    if num_long - known_before[line] < MAX_SLIPS and word not in self.lines[line]:
                        each = 1 / len(places[other]) if weighs_rare else 1.0
                        worth[line] = worth.get(line, 0.0) + SLIP_WORTH * each
            if is_long:
                num_long += 1
                for line, _ in found:
                    known_before[line] += 1
                    most_known = max(most_known, known_before[line])
        return worth

    def _alike(self, word: str) -> dict[int, str]:
        """By line, its first word that may be this one with a slip."""
        if len(word) > MAX_SLIP_LETTERS:
            return {}
        own = _trigrams(word)
        shared: Counter[str] = Counter()
        for trigram in own:
            shared.update(self._holders.get(trigram, ()))
        sizes, places, least = self._sizes, self._places, LEAST * len(own)
        first: dict[int, tuple[int, str]] = {}
        # Those that share most come first: of hundreds of words a few are looked at.
        for other, count in sorted(shared.items(), key=BY_COUNT, reverse=True):
            if count < least:
                break
            if abs(len(word) - len(other)) > MAX_LONGER:
                continue
            if 2 * count >= ALIKE * (len(own) + sizes[other]):
                for line, place in places[other]:
                    if line not in first or place < first[line][0]:
                        first[line] = place, other
        return {line: other for line, (_, other) in first.items()}


def _trigrams(word: str) -> frozenset[str]:
    padded = f"^{word}"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))
