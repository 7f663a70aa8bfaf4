"""Who is next, what fits, and who is too late: the scheduler's decisions, as pure functions.

No clock, no state, no I/O: numbers and the engine's own description of itself come in, a decision
goes out; nothing is started here.
Invariant: the first step of whatever ``next_step`` returns costs no more than what is left.

The order of things, and why:

1. **Finish what is in flight.** A wave holds hidden states and keeps its generations from doing
   anything else, so the most urgent wave whose next step fits goes on. The first step of a frame is
   the *oldest* wave's, however urgent the others are: a big step fits only an untouched frame, and
   would starve behind smaller ones.
2. **Then start something, reading or speaking.** Reading (copies, prefill) brings more NPCs into
   the batch, and eight in one decode cost two or three alone; speaking (decode, verify) is what the
   player sees. Where one is clearly more urgent, it goes first. Else they take turns once two of
   three are ready to speak, so speech streams on while the last are read in; before that a decode
   would cost all of its segments for a few. Nor do fewer fill what a chunk leaves over of a frame.
   Whoever has decided is less urgent: words that come a little later cost nobody a decision, and
   while others are read, the batch that they are spoken in grows.
3. **One decode in flight, with everyone who is ready.** A second one would tear the batch in two
   for good. Whoever becomes ready meanwhile joins the next token.
4. **Nothing is started that cannot be finished**: all steps of a new wave must fit the usual
   budget, and only the first must fit now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.engine.contract import EngineLike, GenerationLike, Kind, WaveLike
from npcbrain.scheduling.request import Request

__all__ = [
    "FrameBudget",
    "Plan",
    "Price",
    "Quote",
    "Shape",
    "least_ns",
    "next_step",
    "quote",
    "reading_ns",
    "token_ns",
    "tokens_left",
    "unaffordable",
    "urgency_ns",
    "would_exceed",
]

HORIZON_NS = 10 * NS_PER_S  # deadlines further away than this are all alike; bounds starvation
NEAR_NS = 500 * NS_PER_MS  # reading and speaking take turns when their urgencies differ by less
SERVED_NS = NS_PER_S  # by which whoever has decided, and only speaks on, ranks behind the others
MAX_READING_WAVES = 2  # one that waits for a roomier frame, one that fills what frames leave over
WASTE = 1.15  # a smaller chunk may cost this much more per token than the best, to fill a frame

Price = Callable[[Kind, int, int, int], int]
"""``price(kind, segment, rows, context)`` in nanoseconds: ``CostModel.price_ns`` or ``best_ns``."""


class FrameBudget(NamedTuple):
    """What there is to spend of a frame, in nanoseconds."""

    remaining_ns: int  # of this frame
    usual_ns: int  # a usual frame's whole budget
    most_ns: int  # the largest budget of late


class Quote(NamedTuple):
    """What a wave costs, in nanoseconds."""

    first_ns: int
    largest_ns: int
    total_ns: int


class Plan(NamedTuple):
    """A wave to go on with, or (``wave`` is None) what to start one of."""

    kind: Kind
    wave: WaveLike | None
    generations: Sequence[GenerationLike]
    rows: int


class Shape(NamedTuple):
    """What the price of one step depends on."""

    kind: Kind
    segment: int
    rows: int
    context: int


def urgency_ns(now_ns: int, created_ns: int, deadline_ns: int, priority: float) -> int:
    """Ranks requests: the smallest number is the most urgent.

    ``min(deadline - now, 10 s) / priority - (now - created)``: the earliest deadline first, twice
    the priority counting as half the time left; and everyone grows more urgent with age. A fresh
    request ranks at 0 or above, so one that has waited ``10 s / priority`` is ahead of all that
    are yet to come, and nobody starves.

    >>> urgency_ns(0, 0, 2_000_000_000, 1.0) > urgency_ns(0, 0, 2_000_000_000, 2.0)
    True
    """
    slack_ns = min(deadline_ns - now_ns, HORIZON_NS)
    return int(slack_ns / priority) - (now_ns - created_ns)


def would_exceed(now_ns: int, deadline_ns: int, time_ns: int) -> bool:
    """Whether work that takes so much wall time ends after the deadline."""
    return now_ns + time_ns > deadline_ns


def tokens_left(generated: int, max_new_tokens: int, typical: float) -> int:
    """Answer tokens still to come, when a typical answer has so many; at least 1."""
    return max(1, math.ceil(min(typical, max_new_tokens)) - generated)


def reading_ns(generation: GenerationLike, token_ns: int, price: Price) -> int:
    """What it costs to bring a generation to its first answer token, at so much per token."""
    num_to_copy = generation.num_to_copy
    cost_ns = max(0, generation.num_pending - num_to_copy - 1) * token_ns
    if num_to_copy:
        cost_ns += price(Kind.COPY, 0, num_to_copy, generation.context)
    return cost_ns


def quote(price: Price, kind: Kind, rows: int, context: int, num_steps: int) -> Quote:
    """Prices a whole wave before it is started."""
    first_ns = largest_ns = total_ns = price(kind, 0, rows, context)
    for segment in range(1, num_steps):
        step_ns = price(kind, segment, rows, context)
        total_ns += step_ns
        if step_ns > largest_ns:
            largest_ns = step_ns
    return Quote(first_ns, largest_ns, total_ns)


def token_ns(engine: EngineLike, price: Price, usual_ns: int, context: int) -> int:
    """The price of a prompt token in the cheapest chunk that fits, or in the smallest if none."""
    num_steps = max(1, engine.num_segments - engine.num_heads)
    costs_ns: list[int] = []
    for rows in engine.chunk_sizes:
        asked = quote(price, Kind.PREFILL, rows, context, num_steps)
        if asked.largest_ns <= usual_ns or not costs_ns:
            costs_ns.append(asked.total_ns // rows)
    return min(costs_ns)


def least_ns(engine: EngineLike, price: Price) -> int:
    """The smallest budget in which an answer can be written at all.

    It is the largest step of the narrowest waves: one chunk of the smallest size, one token of one
    generation; and of the largest draft, for it cannot be cut.
    """
    shapes = [(Kind.PREFILL, engine.chunk_sizes[0]), (Kind.DECODE, 1)]
    shapes += [(Kind.VERIFY, rows) for rows in engine.draft_sizes[-1:]]
    steps = engine.num_segments
    return max(quote(price, kind, rows, 0, steps).largest_ns for kind, rows in shapes)


def next_step(
    engine: EngineLike,
    order: Sequence[Request],
    price: Price,
    budget: FrameBudget,
    *,
    fresh: bool,
    last_start: Kind,
) -> Plan | None:
    """Picks the step to run now; None when nothing that needs to be done fits.

    Args:
        engine: Asked for its waves and sizes; nothing is started.
        order: The open requests, most urgent first.
        price: Prices a step.
        budget: What there is to spend.
        fresh: Whether no step has run in this frame yet.
        last_start: The kind of the wave last started.
    """
    wave = _in_flight(engine.waves, order, price, budget.remaining_ns, fresh)
    if wave is not None:
        return Plan(wave.kind, wave, wave.generations, wave.rows)
    reader: Request | None = None
    ready: list[Request] = []
    for request in order:
        generation = request.generation
        if generation.in_wave or generation.finished:
            continue
        if generation.num_pending == 1 and not generation.num_to_copy:
            ready.append(request)
        elif reader is None:
            reader = request
    num_decodes = num_prefills = 0
    for wave in engine.waves:
        num_decodes += wave.kind is Kind.DECODE
        num_prefills += wave.kind is Kind.PREFILL
    if num_decodes:
        ready = [request for request in ready if request.generation.draft]
    if num_prefills >= MAX_READING_WAVES:
        reader = None
    is_quorum = 3 * len(ready) >= 2 * len(order)
    if reader is None or (ready and _speaks_first(reader, ready[0], is_quorum, last_start)):
        plan = _speak(engine, ready, price, budget)
        if plan is None and reader is not None:
            plan = _read(engine, reader.generation, price, budget)
        return plan
    plan = _read(engine, reader.generation, price, budget)
    if plan is None and (fresh or is_quorum):
        return _speak(engine, ready, price, budget)
    return plan


def unaffordable(
    engine: EngineLike, order: Sequence[Request], price: Price, most_ns: int
) -> list[Shape]:
    """Steps that are needed next, and whose price no frame of late could have paid."""
    needed = [Shape(w.kind, w.segment, w.rows, w.context) for w in engine.waves]
    reads = speaks = False
    for request in order:
        generation = request.generation
        context = generation.context
        if generation.in_wave or generation.finished:
            continue
        if generation.num_to_copy:
            needed.append(Shape(Kind.COPY, 0, generation.num_to_copy, context))
            continue
        if generation.draft:
            kind, rows = Kind.VERIFY, 1 + len(generation.draft)
        elif generation.num_pending == 1 and not speaks:
            speaks, kind, rows = True, Kind.DECODE, 1
        elif generation.num_pending > 1 and not reads:
            reads, kind, rows = True, Kind.PREFILL, engine.chunk_sizes[0]
        else:
            continue
        needed += [Shape(kind, segment, rows, context) for segment in range(engine.num_segments)]
    return [shape for shape in needed if price(*shape) > most_ns]


def _in_flight(
    waves: Sequence[WaveLike],
    order: Sequence[Request],
    price: Price,
    remaining_ns: int,
    fresh: bool,
) -> WaveLike | None:
    best: WaveLike | None = None
    best_place = 0
    for wave in waves:
        if price(wave.kind, wave.segment, wave.rows, wave.context) > remaining_ns:
            continue
        if fresh or len(waves) == 1:
            return wave
        place = _place(wave, order)
        if best is None or place < best_place:
            best, best_place = wave, place
    return best


def _place(wave: WaveLike, order: Sequence[Request]) -> int:
    # By identity: comparing two generations by value would compare their token lists.
    for place, request in enumerate(order):
        for generation in wave.generations:
            if generation is request.generation:
                return place
    return len(order)


def _speaks_first(reader: Request, speaker: Request, is_quorum: bool, last_start: Kind) -> bool:
    lead_ns = reader.urgency_ns - speaker.urgency_ns
    if abs(lead_ns) > NEAR_NS:
        return lead_ns > 0
    return is_quorum and last_start is not Kind.DECODE


def _speak(
    engine: EngineLike, ready: Sequence[Request], price: Price, budget: FrameBudget
) -> Plan | None:
    """A draft, then a decode with all the others: whoever has one may join them in it.

    Unless one of the others is clearly more urgent, or the draft does not fit.
    """
    if not engine.draft_sizes:
        return _decode(engine, ready, price, budget)
    drafted = [request for request in ready if request.generation.draft]
    others = [request for request in ready if not request.generation.draft]
    draft = _verify(engine, drafted[0].generation, price, budget) if drafted else None
    waits = drafted and others and drafted[0].urgency_ns - others[0].urgency_ns > NEAR_NS
    if draft is None or waits:
        return _decode(engine, others, price, budget) or draft
    return draft


def _verify(
    engine: EngineLike, generation: GenerationLike, price: Price, budget: FrameBudget
) -> Plan | None:
    rows = 1 + len(generation.draft)
    asked = quote(price, Kind.VERIFY, rows, generation.context, engine.num_segments)
    if (
        asked.largest_ns > max(budget.usual_ns, budget.most_ns)
        or asked.first_ns > budget.remaining_ns
    ):
        return None
    return Plan(Kind.VERIFY, None, (generation,), rows)


def _decode(
    engine: EngineLike, ready: Sequence[Request], price: Price, budget: FrameBudget
) -> Plan | None:
    """One token for as many as it pays to take along, all the ready ones if possible."""
    if not ready:
        return None
    steps = engine.num_segments
    group = [request.generation for request in ready]
    context = max(generation.context for generation in group)
    rows = engine.decode_rows(group)
    # Spares most frames' last quotes. Of all rows: a lone one's price may be of a slow spell.
    if all(price(Kind.DECODE, 0, n, context) > budget.remaining_ns for n in range(1, rows + 1)):
        return None
    alone = quote(price, Kind.DECODE, 1, context, steps)
    if alone.largest_ns > budget.usual_ns:
        # Usual frames are too small even for one; a larger one now and then has to do.
        group, rows, asked = group[:1], 1, alone
        if alone.largest_ns > budget.most_ns:
            return None
    else:
        asked = quote(price, Kind.DECODE, rows, context, steps)
        # Gaps between slots cost as much as rows: past a point, two waves are cheaper than one.
        if asked.largest_ns > budget.usual_ns or asked.total_ns > len(group) * alone.total_ns:
            group, rows, asked = _gather(engine, group, price, context, budget.usual_ns)
    if asked.first_ns > budget.remaining_ns:
        return None
    return Plan(Kind.DECODE, None, group, rows)


def _gather(
    engine: EngineLike,
    group: Sequence[GenerationLike],
    price: Price,
    context: int,
    usual_ns: int,
) -> tuple[list[GenerationLike], int, Quote]:
    """The most urgent, and each next one that costs no more in the batch than alone."""
    steps = engine.num_segments
    taken, rows = [group[0]], 1
    alone = asked = quote(price, Kind.DECODE, 1, context, steps)
    for generation in group[1:]:
        trial = [*taken, generation]
        trial_rows = engine.decode_rows(trial)
        offered = quote(price, Kind.DECODE, trial_rows, context, steps)
        if offered.largest_ns <= usual_ns and offered.total_ns - asked.total_ns <= alone.total_ns:
            taken, rows, asked = trial, trial_rows, offered
    return taken, rows, asked


def _read(
    engine: EngineLike, generation: GenerationLike, price: Price, budget: FrameBudget
) -> Plan | None:
    """A copy where one waits, else a chunk of the prompt.

    The chunk is the largest whose steps all fit a usual frame. One that has no room now yields to a
    smaller one that has, unless that wastes too much: small chunks cost more per token, and what is
    left of this frame is free but the wave's later steps are not.
    """
    context = generation.context
    remaining_ns = budget.remaining_ns
    if generation.num_to_copy:
        if price(Kind.COPY, 0, generation.num_to_copy, context) > remaining_ns:
            return None
        return Plan(Kind.COPY, None, (generation,), generation.num_to_copy)
    pending, sizes = generation.num_pending, engine.chunk_sizes
    cover = next((i for i, rows in enumerate(sizes) if rows >= pending), len(sizes) - 1)
    if all(price(Kind.PREFILL, 0, rows, context) > remaining_ns for rows in sizes[: cover + 1]):
        return None
    best_per_token = 0.0
    for i in range(cover, -1, -1):
        rows = sizes[i]
        limit_ns = budget.usual_ns
        if i == 0 and not best_per_token:
            limit_ns = max(limit_ns, budget.most_ns)
        if price(Kind.PREFILL, 0, rows, context) > limit_ns:  # mostly spares a whole quote
            continue
        # The head runs only when the chunk reaches the prompt's end.
        num_steps = engine.num_segments - engine.num_heads * (rows < pending)
        asked = quote(price, Kind.PREFILL, rows, context, num_steps)
        if asked.largest_ns > limit_ns:
            continue
        per_token = asked.total_ns / min(rows, pending)
        best_per_token = best_per_token or per_token
        if per_token > WASTE * best_per_token:
            return None
        if asked.first_ns <= remaining_ns:
            return Plan(Kind.PREFILL, None, (generation,), rows)
    return None
