"""``Turnstile``: how many NPCs turn to a new event in one frame, and who is next.

Turning to an event, asking the model about it or answering it by a tree costs some 60 us, and three
times that where the game has just used the caches, so a bang that two hundred people hear at once
would cost a whole frame. Whoever is too many waits for one of the next frames, however important.
Invariant: it depends on budgets, on the order of events and on which frames left a question to its
tree, never on a clock; a recording holds all three, so it is played with the same turns.
"""

from __future__ import annotations

from itertools import islice

__all__ = ["Turnstile", "num_turns"]

TURN_NS = 400_000  # of a budget, for each turn: about half of a frame is left to the model
# In a frame that has hardly any time, or answers would never come. It has not even room for a
# question and for what a tree says to another one, so the two take turns.
LEAST_TURNS = 1
MOST_TURNS = 10  # however much time there is, and where nobody says how much: some 1 to 2 ms


def num_turns(budget_ns: int) -> int:
    """How many may turn to something new in a frame of such a budget; 0 or less tells nothing."""
    if budget_ns <= 0:
        return MOST_TURNS
    return max(LEAST_TURNS, min(MOST_TURNS, budget_ns // TURN_NS))


class Turnstile:
    """Lets names through: so many in a frame, first come first served.

    Between frames everybody goes through.
    """

    __slots__ = ("_called", "_is_open", "_line", "_num_free", "_was_owed")

    def __init__(self) -> None:
        self._line: dict[str, None] = {}  # who waits, in the order in which they came
        self._called: set[str] = set()  # whose turn it is, and who has not come yet
        self._is_open = True
        self._num_free = 0
        self._was_owed = False  # whether the last frame's turn was a tree's

    def begin(self, num_turns: int, num_owed: int = 0) -> None:
        """A frame begins: the first in line may go through, whenever they next come.

        Args:
            num_turns: How many.
            num_owed: Whom the model has just left to their trees: most are answered in this frame,
                and nobody goes through if one turn is all there is, but for every second frame.
        """
        self._is_open = False
        self._was_owed = bool(num_owed) and num_turns == LEAST_TURNS and not self._was_owed
        if self._was_owed:
            num_turns = 0
        self._num_free = num_turns
        if self._line:
            first = tuple(islice(self._line, num_turns))
            for name in first:
                del self._line[name]
            self._called.update(first)
            self._num_free -= len(first)

    def end(self) -> None:
        """The trees were ticked."""
        self._is_open = True

    def passes(self, name: str) -> bool:
        """Whether somebody may turn to something new now; who may not is put in line."""
        if self._is_open:
            self.forget(name)
            return True
        if name in self._called:
            self._called.discard(name)
            return True
        if self.holds(name):
            return False
        self._num_free -= 1
        return True

    def holds(self, name: str) -> bool:
        """Whether somebody cannot go through now; who cannot is put in line."""
        if self._num_free or self._is_open or name in self._called:
            return False  # where some are free, nobody is in line who came before
        self._line.setdefault(name)
        return True

    def forget(self, name: str) -> None:
        """Somebody is gone, or needs no turn any more."""
        self._line.pop(name, None)
        self._called.discard(name)

    def clear(self) -> None:
        """Nobody is in line."""
        self._line.clear()
        self._called.clear()
        self._was_owed = False
