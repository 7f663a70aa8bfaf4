"""``Chooser``: reads a persona once and its news each time, in steps of a few milliseconds.

In the last layers a persona's candidates (actions, values, facts) go along with the news' rows:
they were read without them, and look a second time. A step takes up to 24 rows through one layer,
or 12 or 6 of them where a frame has no room for more. No row's sums depend on the others that run
with it, so a choice does not depend on frames, to the last bit. Invariant: one situation is read at
a time; who begins another gives up the one before, which may be begun again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from npcbrain.choosing.choice import MEMORY, Choice, Offers, candidates, choose
from npcbrain.choosing.layout import LAYOUT, MAX_NEWS, MAX_PERSONA, News, Persona, news, persona
from npcbrain.choosing.row_pass import CHUNK, CUT_ROWS, LONE, RowPass, Shape, steps_of
from npcbrain.errors import EngineError, ModelError, fault
from npcbrain.lm.encoder import Encoder
from npcbrain.lm.soundness import is_sound
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.prompting.stock_lines import OCCASIONS
from npcbrain.situation import Situation

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

__all__ = ["Chooser"]

KEPT_BYTES = 64 << 20  # for personas' keys and values; some 35 of 200 tokens


@dataclass(slots=True)
class _Read:
    """A persona that was read.

    Attributes:
        sides: Its keys and values by layer, float16 [layers, 2, tokens, hidden]: half the memory
            of float32. What is read now is rounded alike before the news look at it, so a choice
            does not depend on whether the persona was kept.
        looking: Its candidates' states and queries where their second look begins, float32
            [2, candidates, hidden].
        offers: What its candidates offer.
    """

    sides: npt.NDArray[np.float16]
    looking: Rows
    offers: Offers

    @property
    def num_bytes(self) -> int:
        """Memory of it, but for the offers."""
        return self.sides.nbytes + self.looking.nbytes


class Chooser:
    """Chooses for the NPCs of one runtime.

    Attributes:
        encode: Gives the tokens of a text, and keeps them.
        reader: Classical reading that helps; None for a model that goes without.

    Args:
        encoder: What reads.
        kept_bytes: Memory for personas that were read.
        reader: Classical reading that helps; None for a model that goes without.
        words: What may be said, see ``choice.choose``.

    Raises:
        ModelError: The encoder was taught other occasions or emotions than there are, or to read
            another layout.
    """

    def __init__(
        self,
        encoder: Encoder,
        kept_bytes: int = KEPT_BYTES,
        *,
        reader: Reader | None = STANDARD_READER,
        words: str = "any",
    ) -> None:
        for kind, known, own in (
            ("occasions", len(OCCASIONS) + 1, encoder.num_occasions),
            ("emotions", len(EMOTIONS), encoder.num_emotions),
            ("layout", LAYOUT, encoder.layout),
        ):
            if own != known:
                advice = "take the model that came with this version, or distil the chooser again"
                raise ModelError(fault(kind, f"be {known}", own, "$.chooser", advice))
        self.encode = encoder.encode
        self.reader = reader
        self._encoder = encoder
        self._words = words
        self._room = kept_bytes
        self._kept: OrderedDict[tuple[int, ...], _Read] = OrderedDict()
        self._situation: Situation | None = None
        self._persona: Persona | None = None
        self._known: _Read | None = None
        self._told: News | None = None
        self._news: News | None = None
        self._memories: Offers | None = None
        self._judged: Rows | None = None
        self._looking: Rows | None = None
        self._pass: RowPass | None = None
        self._layers: list[npt.NDArray[np.float16]] = []
        size = (2, MAX_PERSONA + MAX_NEWS, encoder.hidden)
        self._sides = np.empty(size, np.float32)  # what the rows of one layer look at

    def begin(
        self, situation: Situation, layout: Persona | None = None, told: News | None = None
    ) -> bool:
        """Begins to read a situation; False if it is too much for the chooser.

        Args:
            situation: What to choose about.
            layout: Its persona's layout, where it is known; see ``groundwork``.
            told: Its news', likewise.
        """
        self.give_up()
        layout = persona(situation, self.encode) if layout is None else layout
        if layout is None:
            return False
        self._situation, self._persona, self._told = situation, layout, told
        self._known = self._kept.get(layout.ids)
        if self._known is None:
            self._pass = RowPass(layout.ids, 0, self._encoder.hidden)
            self._layers = []
        else:
            self._kept.move_to_end(layout.ids)
            self._read_news()
        return True

    def give_up(self) -> None:
        """Forgets what is being read."""
        self._situation = self._persona = self._known = self._pass = None
        self._news = self._told = self._memories = self._judged = None

    def distrust(self) -> None:
        """Forgets what is being read and, of its persona, what was kept: a step went wrong."""
        read = None if self._persona is None else self._kept.pop(self._persona.ids, None)
        if read is not None:
            self._room += read.num_bytes
        self.give_up()

    def forget(self) -> None:
        """Forgets all personas too."""
        self.give_up()
        self._room += sum(read.num_bytes for read in self._kept.values())
        self._kept.clear()

    @property
    def knows_persona(self) -> bool:
        """Whether who is being read about is read already, and only the news are not."""
        return self._known is not None

    @property
    def situation(self) -> Situation | None:
        """What is being read."""
        return self._situation

    @property
    def layer(self) -> tuple[bool, int]:
        """How far it is: whether it reads the news, and the layer that was run last."""
        return self._known is not None, -1 if self._pass is None else self._pass.layer

    @property
    def next_shape(self) -> Shape:
        """The step that ``step`` would run; see ``smaller``."""
        own = self._pass
        assert own is not None
        layers = self._encoder.num_layers
        if own.layer == layers:
            if offering := self._offering:
                return Shape(layers + 1, len(offering), 0)
            if self._judged is None:
                return Shape(layers + 3, len(self._looking_rows(own)), 0)
            return Shape(layers + 2, len(own.ids), 0)
        known = 0 if self._known is None or own.layer < 0 else self._known.sides.shape[2]
        return Shape(own.layer + 1, own.num_next, known + len(own.ids))

    def smaller(self, shape: Shape) -> Shape | None:
        """A smaller step than ``shape`` to begin with, for the same choice; None if there is none.

        Args:
            shape: The next step, or a smaller one.
        """
        if shape.segment > self._encoder.num_layers:
            return None
        own = self._pass
        assert own is not None
        for rows in CUT_ROWS:
            if rows < shape.rows and own.num_next - rows != LONE:
                return shape._replace(rows=rows)
        return None

    def left(self) -> Iterator[tuple[Shape, float]]:
        """The steps that are left, uncut: each shape, and how many there are of it.

        A reading ends with steps that cannot be cut, which have 0 as context.
        """
        own, persona, layers = self._pass, self._persona, self._encoder.num_layers
        if own is None or persona is None:
            return
        read, layer, done = len(persona.ids), own.layer, own.chunk
        looking = len(candidates(persona))
        if self._known is None:
            for at in range(layer, layers):
                yield steps_of(at, read - done, read if at >= 0 else len(own.ids))
                done = 0
            yield Shape(layers + 1, looking, 0), 1
            layer = -1
        told = self._told or self._news
        if told is None:
            return
        heard = len(told.ids)
        for at in range(layer, layers):
            rows = heard + looking * (at >= layers - self._encoder.num_looks)
            yield steps_of(at, rows - done, read + heard if at >= 0 else heard)
            done = 0
        yield Shape(layers + 3, looking, 0), 1
        yield Shape(layers + 2, heard, 0), 1

    def step(self, rows: int = CHUNK) -> Choice | None:
        """Runs one step; the choice, if it was the last.

        Args:
            rows: At most so many of a step that ``smaller`` can cut.

        Raises:
            EngineError: A graph failed, or found no numbers.
        """
        own = self._pass
        assert own is not None
        assert self._persona is not None
        assert self._situation is not None
        assert own.layer == self._encoder.num_layers or own.num_next - rows != LONE
        encoder, offering = self._encoder, self._offering
        if own.layer < encoder.num_layers:
            self._run_layer(own, min(rows, own.num_next))
            return None
        if offering:
            found = encoder.offers(own.hidden[[place for _, place in offering]])
            kinds = [kind for kind, _ in offering]
            offers = Offers.read(kinds, found, encoder.width)
            if self._known is not None:
                self._memories = offers
                return None
            assert self._looking is not None
            read = _Read(np.stack(self._layers), self._looking, offers)
            self._keep(self._persona.ids, read)
            self._read_news()
            return None
        if self._judged is None:
            self._judged = encoder.looks(own.hidden[self._looking_rows(own)])
            return None
        assert self._known is not None
        assert self._news is not None
        tokens, whole = encoder.asks(own.hidden[: len(own.ids)])
        choice = choose(
            self._situation,
            self._persona,
            self._news,
            self._known.offers,
            self._memories,
            tokens,
            whole[0],
            self._judged,
            encoder.worth,
            reader=self.reader,
            words=self._words,
        )
        self.give_up()
        return choice

    @property
    def _offering(self) -> list[tuple[int, int]]:
        """Kind and place of the candidates whose layers are done and offers are not."""
        if self._known is None:
            return candidates(self._persona) if self._persona else []
        if self._memories is None and self._news is not None:
            return [(MEMORY, place) for _, place in self._news.memories]
        return []

    def _looking_rows(self, own: RowPass) -> list[int]:
        """Of all candidates that have seen the news; memories stand among these."""
        assert self._news is not None
        places = (place for _, place in self._news.memories)
        return [*range(len(own.ids), own.num_rows), *places]

    def _run_layer(self, own: RowPass, num_rows: int) -> None:
        encoder, layer = self._encoder, own.layer
        rows = slice(own.chunk, own.chunk + num_rows)
        if layer < 0:
            positions = np.arange(own.start + rows.start, own.start + rows.stop)
            hidden, *more = encoder.first(own.ids[rows], positions)
        else:
            if not own.chunk:
                self._look(own)
            known = 0 if self._known is None else self._known.sides.shape[2]
            keys, values = self._sides[:, : known + len(own.ids)]
            hidden, *more = encoder.layer(layer, own.hidden[rows], own.query[rows], keys, values)
        own.take(hidden, more)
        if own.chunk:
            return
        if more and self._known is None:
            self._layers.append(_halved(own.sides))
        if own.layer == encoder.num_layers - encoder.num_looks:
            self._begin_looking(own)

    def _begin_looking(self, own: RowPass) -> None:
        """A persona's candidates are kept as they are; kept ones join the news."""
        if self._known is not None:
            own.join(self._known.looking)
            return
        assert self._persona is not None
        places = [place for _, place in candidates(self._persona)]
        self._looking = np.stack([own.hidden[places], own.query[places]])

    def _look(self, own: RowPass) -> None:
        """Puts together what the rows of a layer look at."""
        known = self._known
        first = 0
        if known is not None:
            first = known.sides.shape[2]
            self._sides[:, :first] = known.sides[own.layer]
        self._sides[:, first : first + len(own.ids)] = own.sides

    def _read_news(self) -> None:
        assert self._situation is not None
        assert self._persona is not None
        self._known = self._kept[self._persona.ids]
        self._news = self._told or news(self._situation, self.encode)
        num_looking = self._known.looking.shape[1]
        self._pass = RowPass(self._news.ids, MAX_PERSONA, self._encoder.hidden, num_looking)

    def _keep(self, key: tuple[int, ...], read: _Read) -> None:
        self._kept[key] = read
        self._room -= read.num_bytes
        while self._room < 0 and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._room += oldest.num_bytes


def _halved(sides: Rows) -> npt.NDArray[np.float16]:
    """Keys and values as they are kept.

    Raises:
        EngineError: One is too large for that.
    """
    with np.errstate(over="ignore"):
        halved = sides.astype(np.float16)
    if not is_sound(halved):
        rule = "be below 65,504"
        raise EngineError(fault("keys and values", rule, "larger ones", "chooser"))
    return halved
