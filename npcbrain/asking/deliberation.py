"""The chooser's steps in what a frame has left: priced, run and learnt from, one after the other.

It knows no thoughts and no requests. Invariant: in a frame it starts no step whose price exceeds
what is left; and what it chooses depends on the situation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from npcbrain.asking.teaching import taught_reader
from npcbrain.clock import Clock, busy_time_of
from npcbrain.engine.contract import Kind
from npcbrain.errors import EngineError
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.scheduling.health import Health
from npcbrain.scheduling.policy import Price
from npcbrain.situation import Action, Event, Profile, Scene, Situation

if TYPE_CHECKING:
    from npcbrain.choosing.choice import Choice
    from npcbrain.choosing.chooser import Chooser
    from npcbrain.choosing.groundwork import Groundwork
    from npcbrain.choosing.row_pass import Shape

__all__ = ["Deliberation"]

Watch = Callable[[str, int, int, int, bool], None]
"""``watch(what, rows, context, took_ns, failed)``, of a step that has just ended."""

NUM_ROUNDS = 3  # measured, of each kind of step
NUM_CUT_ROUNDS = 2  # and of its pieces, large and small by turns

# Somebody of usual size, to measure steps on before anybody is there.
NOBODY = Situation(
    Profile(
        "Nobody",
        "keeper of an empty inn",
        ("patient",),
        "wait for somebody",
        tuple(f"The {place} is empty and has been for years." for place in ("inn", "yard", "well")),
    ),
    Scene("the inn", "night"),
    Event("speech", "somebody", "Is there anybody here who could open the old gate for me?"),
    (
        Action("say"),
        Action("open", {"what": ("gate", "door", "old cellar"), "for": ("somebody", "nobody")}),
        Action("give", {"item": ("key", "lamp", "rope", "bread"), "to": ("somebody", "nobody")}),
    ),
)


class Deliberation:
    """Chooses for one mind.

    Attributes:
        num_steps: Steps run so far.
        health: Whether choices come of it; while it rests, the model decides alone.
        has_declined: Whether what was begun last turned out to be too much to read.
        watch: Told of each step that has ended, if anybody is; see ``engine.trace.Trace``.
    """

    __slots__ = (
        "_busy_ns",
        "_chooser",
        "_clock",
        "_groundwork",
        "_largest_ns",
        "_layouts",
        "_looked_from",
        "_prices",
        "_took_ns",
        "_unread",
        "has_declined",
        "health",
        "num_steps",
        "watch",
    )

    def __init__(self, chooser: Chooser, prices: CostModel, clock: Clock) -> None:
        from npcbrain.choosing.groundwork import Layouts  # not above: it brings numpy along

        self._chooser = chooser
        self._layouts = Layouts()
        self._groundwork: Groundwork | None = None  # for what the chooser is to read next
        self.has_declined = False
        self._looked_from: tuple[bool, int] | None = None
        self.watch: Watch | None = None
        self._prices = prices
        self._clock = clock
        self._busy_ns = busy_time_of(clock)
        self._unread: list[Situation] = []
        self.num_steps = 0
        self._took_ns = self._largest_ns = 0  # of steps that no report has told of
        self.health = Health("the model's chooser")

    @classmethod
    def of(
        cls,
        model: object,
        prices: CostModel,
        clock: Clock,
        *,
        reader: bool = True,
        words: str = "any",
    ) -> Deliberation | None:
        """A model's; None if it has no chooser.

        Args:
            model: The model.
            prices: Learns what steps take.
            clock: Tells how long that was.
            reader: Whether classical reading helps a model that was taught beside it.
            words: What may be said, see ``choosing.choice.choose``.
        """
        encoder = getattr(model, "encoder", None)
        if encoder is None:
            return None
        from npcbrain.choosing.chooser import Chooser  # not above: it brings numpy along

        own = taught_reader(model) if reader else None
        return cls(Chooser(encoder, reader=own, words=words), prices, clock)

    @property
    def has_unread(self) -> bool:
        """Whether a persona waits to be read."""
        return bool(self._unread)

    def read_soon(self, situation: Situation) -> None:
        """Has a persona read in advance, when a frame has nothing better to do."""
        self._unread.append(situation)

    def measure(self, *, known: bool = False) -> None:
        """Runs every kind of step on nobody's data, so that the first question knows its prices.

        Args:
            known: Whether prices were remembered; each step is then run but once, whole and in
                pieces.

        Raises:
            EngineError: A step failed.
        """
        learn = self._prices.correct if known else self._prices.observe
        num_whole, num_cut = (1, 1) if known else (NUM_ROUNDS, NUM_CUT_ROUNDS)
        for round_number in range(num_whole + num_cut):
            self._forget()
            self.begin(NOBODY)
            step_number = round_number
            while pieces := [*self._pieces()]:
                step_number += 1
                which = step_number % len(pieces) if round_number >= num_whole else 0
                self._step(pieces[which], learn)
        self._forget()
        self.skip_times()

    def begin(self, situation: Situation) -> bool:
        """Begins to choose, unless it has begun; False if it is too much to read, or all fails."""
        if not self.health.may_try(self._clock.now_ns()):
            return False
        work, chooser = self._groundwork, self._chooser
        if (chooser.situation if work is None else work.situation) is situation:
            return not self.has_declined
        from npcbrain.choosing.groundwork import Groundwork  # not above: it brings numpy along

        self.give_up()
        encode, reader = chooser.encode, chooser.reader
        self._groundwork = work = Groundwork(situation, encode, self._layouts, reader=reader)
        self.has_declined = work.shape is None  # as when it was met before
        return not self.has_declined

    def tell(self, report: FrameReport) -> None:
        """Adds to a report what steps took since the last one."""
        report.add_choosing(self._took_ns, self._largest_ns)
        self.skip_times()

    def skip_times(self) -> None:
        """Has no report tell of the steps so far: they were run outside of frames."""
        self._took_ns = self._largest_ns = 0

    def give_up(self) -> None:
        """Forgets what is being read."""
        self._groundwork = self._looked_from = None
        self.has_declined = False
        self._chooser.give_up()

    def _forget(self) -> None:
        self.give_up()
        self._chooser.forget()
        self._layouts.forget()

    def run(
        self,
        deadline_ns: int,
        share_ns: int | None = None,
        is_hurried: Callable[[], bool] = bool,
    ) -> Choice | None:
        """Goes on choosing until it is done (the choice) or a step does not fit (None).

        Args:
            deadline_ns: No step may end later.
            share_ns: No step but the first may end later than this; ``deadline_ns`` if None. A
                share may be smaller than any step, and then nobody would ever choose.
            is_hurried: Whether to stop after the step in hand, asked before each but the first.

        Raises:
            EngineError: A step failed; what was being read is given up.
        """
        is_fresh = True
        limit_ns = deadline_ns
        while (is_fresh or not is_hurried()) and (
            shape := self._fitting(limit_ns, is_fresh)
        ) is not None:
            is_fresh, limit_ns = False, deadline_ns if share_ns is None else share_ns
            choice = self._step(shape)
            if choice is not None:
                return choice
        return None

    def read(self, deadline_ns: int, is_hurried: Callable[[], bool] = bool) -> None:
        """Reads personas in advance, as far as steps fit until ``deadline_ns``; see ``run``."""
        is_fresh = True
        while self._unread:
            situation = self._unread[0]
            begun = self.begin(situation) and not self._chooser.knows_persona
            if not begun or self._next_shape is None:
                self.give_up()
                del self._unread[0]
                continue
            if is_hurried() and not is_fresh:
                return
            if (shape := self._fitting(deadline_ns, is_fresh)) is None:
                return
            is_fresh = False
            try:
                self._step(shape)
            except EngineError:
                del self._unread[0]  # asking will say so

    def needed_ns(self, price: Price) -> int:
        """The smallest budget in which some of the next step can be run; 0 if there is none."""
        return min((price(Kind.CHOOSE, *shape) for shape in self._pieces()), default=0)

    def looks_ahead(self) -> bool:
        """Whether to judge all that is left: once a layer, since that is dozens of prices."""
        if self._groundwork is not None or self._chooser.layer == self._looked_from:
            return False
        self._looked_from = self._chooser.layer
        return True

    def largest_ns(self, price: Price) -> int:
        """The longest step of those that are left and cannot be cut."""
        left = self._chooser.left()
        return max(
            (price(Kind.CHOOSE, *shape) for shape, _ in left if not shape.context), default=0
        )

    def least_ns(self, price: Price) -> int:
        """What all that is left takes at least: if no step has to be cut."""
        left = self._chooser.left()
        return int(sum(price(Kind.CHOOSE, *shape) * number for shape, number in left))

    def read_later(self, situation: Situation) -> None:
        """Has the persona read when there is time: whoever asked came too late for it to be."""
        if all(one.npc is not situation.npc for one in self._unread):
            self.read_soon(situation)

    @property
    def _next_shape(self) -> Shape | None:
        if self._groundwork is not None:
            return self._groundwork.shape
        return None if self._chooser.situation is None else self._chooser.next_shape

    def _pieces(self) -> Iterator[Shape]:
        """The next step, and what may be run of it instead; the largest first."""
        shape, may_cut = self._next_shape, self._groundwork is None
        while shape is not None:
            yield shape
            shape = self._chooser.smaller(shape) if may_cut else None

    def _fitting(self, deadline_ns: int, is_fresh: bool) -> Shape | None:
        """As much of the next step as ends in time; None if nothing does."""
        now_ns, price_ns = self._clock.now_ns(), self._prices.price_ns
        for shape in self._pieces():
            if now_ns + price_ns(Kind.CHOOSE, *shape) <= deadline_ns:
                return shape
        if is_fresh and now_ns < deadline_ns:  # what is never tried is never measured again
            for shape in self._pieces():
                self._prices.doubt(Kind.CHOOSE, *shape)
        return None

    def _step(
        self, shape: Shape, learn: Callable[[Kind, int, int, int, int], None] | None = None
    ) -> Choice | None:
        busy_ns = self._busy_ns
        started_ns = self._clock.now_ns()
        busy_started_ns = 0 if busy_ns is None else busy_ns()
        choice: Choice | None = None
        try:
            if self._groundwork is None:
                choice = self._chooser.step(shape.rows)
            else:
                self._lay_ground(self._groundwork)
        except EngineError as error:
            self._chooser.distrust()
            now_ns = self._clock.now_ns()
            self.health.failed(now_ns, error)
            self._show(shape, now_ns - started_ns, failed=True)
            raise
        if choice is not None:
            self.health.worked()
        took_ns = self._clock.now_ns() - started_ns
        own_ns = took_ns if busy_ns is None else min(took_ns, busy_ns() - busy_started_ns)
        (learn or self._prices.observe)(Kind.CHOOSE, *shape, own_ns)
        self.num_steps += 1
        self._took_ns += took_ns
        self._largest_ns = max(self._largest_ns, took_ns)
        self._show(shape, took_ns, failed=False)
        return choice

    def _lay_ground(self, work: Groundwork) -> None:
        """Does a piece; behind the last one the chooser begins to read."""
        work.step()
        if work.shape is not None:
            return
        layout = work.layout
        self.has_declined = layout is None or not self._chooser.begin(
            work.situation, layout, work.told
        )
        if not self.has_declined:
            self._groundwork = None

    def _show(self, shape: Shape, took_ns: int, *, failed: bool) -> None:
        if self.watch is None:
            return
        from npcbrain.choosing.groundwork import PIECES

        segment, rows, context = shape
        self.watch(PIECES.get(segment, str(segment)), rows, context, took_ns, failed)
