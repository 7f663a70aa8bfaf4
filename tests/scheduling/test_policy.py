"""The pure decisions: who is next, what fits, what is never started."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npcbrain.engine.contract import Kind
from npcbrain.scheduling.policy import (
    HORIZON_NS,
    NEAR_NS,
    FrameBudget,
    Plan,
    Quote,
    Shape,
    least_ns,
    next_step,
    quote,
    reading_ns,
    token_ns,
    tokens_left,
    unaffordable,
    urgency_ns,
    would_exceed,
)
from npcbrain.scheduling.request import Request
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

S = 1_000_000_000
PRIORITIES = st.floats(0.1, 10.0)


def flat(kind: Kind, segment: int, rows: int, context: int) -> int:
    """Every step costs 100."""
    return 100


def per_row(kind: Kind, segment: int, rows: int, context: int) -> int:
    """A step costs 50 and 10 a row."""
    return 50 + 10 * rows


class Scene:
    """An engine with open requests, most urgent first, each a second less urgent than the last."""

    def __init__(
        self,
        *prompts: int,
        gap_ns: int = S,
        num_slots: int = 8,
        num_cached: int = 0,
        draft_sizes: tuple[int, ...] = (),
    ) -> None:
        self.engine = ScriptedEngine(
            ManualClock(), num_slots=num_slots, chunk_sizes=(2, 4, 16), draft_sizes=draft_sizes
        )
        self.order = []
        for place, num_prompt in enumerate(prompts):
            generation = ScriptedGeneration(num_prompt=num_prompt, num_cached=num_cached)
            assert self.engine.open(generation)
            request = Request(str(place), generation, 0, S, 1.0, place)
            request.urgency_ns = place * gap_ns
            self.order.append(request)

    def generation(self, place: int) -> ScriptedGeneration:
        generation = self.order[place].generation
        assert isinstance(generation, ScriptedGeneration)
        return generation

    def pick(
        self,
        price=flat,
        remaining_ns: int = 1000,
        usual_ns: int = 1000,
        most_ns: int = 1000,
        *,
        fresh: bool = True,
        last_start: Kind = Kind.DECODE,
    ) -> Plan | None:
        budget = FrameBudget(remaining_ns, usual_ns, most_ns)
        return next_step(self.engine, self.order, price, budget, fresh=fresh, last_start=last_start)


def test_the_earlier_deadline_is_more_urgent() -> None:
    assert urgency_ns(0, 0, 1 * S, 1.0) < urgency_ns(0, 0, 2 * S, 1.0)


def test_the_higher_priority_is_more_urgent() -> None:
    assert urgency_ns(0, 0, 2 * S, 2.0) < urgency_ns(0, 0, 2 * S, 1.0)


@given(st.integers(1, 100 * HORIZON_NS), PRIORITIES, st.integers(1, 100 * HORIZON_NS), PRIORITIES)
def test_whoever_has_waited_long_enough_is_ahead_of_all_newcomers(
    ttl_ns: int, priority: float, newcomer_ttl_ns: int, newcomer_priority: float
) -> None:
    now_ns = int(HORIZON_NS / priority) + 1
    newcomer_ns = urgency_ns(now_ns, now_ns, now_ns + newcomer_ttl_ns, newcomer_priority)
    assert urgency_ns(now_ns, 0, now_ns + ttl_ns, priority) < newcomer_ns


def test_work_that_ends_at_the_deadline_is_in_time() -> None:
    assert not would_exceed(10, 20, 10)
    assert would_exceed(10, 20, 11)


def test_at_least_one_token_is_expected_and_no_more_than_allowed() -> None:
    assert tokens_left(0, 64, 25.5) == 26
    assert tokens_left(40, 64, 25.5) == 1
    assert tokens_left(0, 10, 25.5) == 10


def test_a_wave_is_priced_step_by_step() -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return (3, 9, 5)[segment]

    assert quote(price, Kind.DECODE, 1, 0, 3) == Quote(3, 9, 17)


def test_reading_counts_what_neither_copy_nor_decode_takes_care_of() -> None:
    scene = Scene(20, num_cached=12)
    assert reading_ns(scene.generation(0), 10, flat) == 100 + 7 * 10


def test_a_prompt_token_is_priced_in_the_largest_chunk_that_fits() -> None:
    engine = Scene().engine
    assert token_ns(engine, per_row, 1000, 0) == 2 * (50 + 160) // 16
    assert token_ns(engine, per_row, 100, 0) == 2 * (50 + 40) // 4
    assert token_ns(engine, per_row, 1, 0) == 2 * (50 + 20) // 2


def test_the_least_budget_holds_the_largest_step_of_the_narrowest_waves() -> None:
    assert least_ns(Scene().engine, per_row) == 50 + 2 * 10


def test_nothing_is_picked_where_nobody_asks() -> None:
    assert Scene().pick() is None


def test_what_does_not_fit_does_not_start() -> None:
    assert Scene(8).pick(remaining_ns=99) is None
    assert Scene(8).pick(remaining_ns=100) is not None


def test_what_is_in_flight_goes_on_before_anything_starts() -> None:
    scene = Scene(1, 8)
    wave = scene.engine.start_prefill(scene.generation(1), 4)
    plan = scene.pick()
    assert plan is not None
    assert plan.wave is wave


def test_the_first_step_of_a_frame_is_the_oldest_wave_s() -> None:
    scene = Scene(1, 8)
    oldest = scene.engine.start_prefill(scene.generation(1), 4)
    urgent = scene.engine.start_decode([scene.generation(0)])
    first, later = scene.pick(), scene.pick(fresh=False)
    assert first is not None
    assert later is not None
    assert first.wave is oldest
    assert later.wave is urgent


def test_a_wave_that_does_not_fit_lets_a_smaller_one_by() -> None:
    scene = Scene(1, 8)
    scene.engine.start_decode([scene.generation(0)])

    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 500 if kind is Kind.DECODE else 100

    plan = scene.pick(price, remaining_ns=200)
    assert plan is not None
    assert (plan.kind, plan.wave, plan.generations) == (Kind.PREFILL, None, (scene.generation(1),))


def test_a_decode_takes_everyone_who_is_ready() -> None:
    scene = Scene(1, 1, 1)
    plan = scene.pick(per_row)
    assert plan is not None
    assert (plan.kind, plan.rows) == (Kind.DECODE, 3)
    assert plan.generations == [scene.generation(i) for i in range(3)]


def test_gaps_that_cost_more_than_a_wave_of_its_own_split_a_decode() -> None:
    scene = Scene(1, *[4] * 6, 1)

    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 10 * rows

    plan = scene.pick(price, last_start=Kind.PREFILL)
    assert plan is not None
    assert (plan.kind, plan.generations) == (Kind.DECODE, [scene.generation(0)])


def test_a_decode_too_wide_for_a_frame_takes_as_many_as_fit() -> None:
    plan = Scene(1, 1, 1, 1).pick(per_row, usual_ns=70, most_ns=70)
    assert plan is not None
    assert plan.rows == 2


def test_only_one_decode_is_in_flight() -> None:
    scene = Scene(1, 1)
    scene.engine.start_decode([scene.generation(0)])

    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 100 if rows == 1 and segment else 10

    scene.engine.waves[0].segment = 1  # its next step costs 100: too much now
    assert scene.pick(price, remaining_ns=50) is None


def test_reading_and_speaking_take_turns() -> None:
    for last_start, expected in ((Kind.DECODE, Kind.PREFILL), (Kind.PREFILL, Kind.DECODE)):
        plan = Scene(1, 1, 8, gap_ns=NEAR_NS // 4).pick(last_start=last_start)
        assert plan is not None
        assert plan.kind is expected


def test_fewer_than_two_of_three_do_not_speak_while_others_are_read_in() -> None:
    for last_start in (Kind.DECODE, Kind.PREFILL):
        plan = Scene(1, 8, gap_ns=NEAR_NS // 2).pick(last_start=last_start)
        assert plan is not None
        assert plan.kind is Kind.PREFILL


def test_what_a_chunk_leaves_of_a_frame_is_filled_by_many_and_not_by_few() -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 10 if kind is Kind.DECODE else 100

    for prompts, fills in (((1, 1, 8), True), ((1, 8), False)):
        scene = Scene(*prompts, gap_ns=NEAR_NS // 4)
        plan = scene.pick(price, remaining_ns=50, fresh=False)
        assert (plan is not None and plan.kind is Kind.DECODE) == fills


def test_who_is_clearly_more_urgent_goes_first_whoever_s_turn_it_is() -> None:
    for prompts, expected in (((1, 8), Kind.DECODE), ((8, 1), Kind.PREFILL)):
        for last_start in (Kind.DECODE, Kind.PREFILL):
            plan = Scene(*prompts, gap_ns=NEAR_NS + 1).pick(last_start=last_start)
            assert plan is not None
            assert plan.kind is expected


def test_two_prompts_are_read_at_a_time() -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 100 if segment else 10

    scene = Scene(8, 8, 8)
    for place in range(2):  # one segment on, where steps cost too much for what is left
        scene.engine.run(scene.engine.start_prefill(scene.generation(place), 4))
        plan = scene.pick(price, remaining_ns=50)
        assert (plan is None) == (place == 1)


def test_a_copy_comes_before_prefill() -> None:
    plan = Scene(20, num_cached=12).pick()
    assert plan is not None
    assert (plan.kind, plan.rows) == (Kind.COPY, 12)


def test_a_chunk_is_the_largest_that_fits_a_usual_frame() -> None:
    for usual_ns, rows in ((1000, 16), (200, 4), (80, 2)):
        plan = Scene(40).pick(per_row, usual_ns=usual_ns)
        assert plan is not None
        assert plan.rows == rows


def test_a_chunk_is_no_larger_than_the_prompt_needs() -> None:
    plan = Scene(3).pick()
    assert plan is not None
    assert plan.rows == 4


def test_a_smaller_chunk_fills_the_rest_of_a_frame_unless_it_is_wasteful() -> None:
    def thrifty(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 10 * rows + 5

    plan = Scene(40).pick(thrifty, remaining_ns=50)
    assert plan is not None
    assert plan.rows == 4
    assert Scene(40).pick(per_row, remaining_ns=100) is None


def test_the_price_of_a_slow_spell_for_the_smallest_step_holds_up_no_larger_one() -> None:
    """A crowd seldom runs the smallest shapes, so their prices may be old."""

    def old(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 900 if rows <= 2 else 10 * rows

    read = Scene(40).pick(old, remaining_ns=500)
    assert read is not None
    assert (read.kind, read.rows) == (Kind.PREFILL, 16)
    spoken = Scene(1, 1, 1, 1).pick(old, remaining_ns=500)
    assert spoken is not None
    assert (spoken.kind, spoken.rows) == (Kind.DECODE, 4)


def test_where_usual_frames_are_too_small_a_larger_one_now_and_then_has_to_do() -> None:
    for num_prompt in (1, 8):
        scene = Scene(num_prompt)
        assert scene.pick(flat, usual_ns=90, most_ns=100) is not None
        assert scene.pick(flat, usual_ns=90, most_ns=99) is None


def test_a_wave_whose_later_steps_never_fit_is_not_started() -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 100 if segment == 0 else 2000

    assert Scene(1).pick(price) is None
    assert Scene(8).pick(price) is None


def test_unaffordable_steps_are_named() -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 2000 if segment == 2 else 100

    scene = Scene(1, 8, 8)
    scene.engine.start_prefill(scene.generation(2), 4)
    assert unaffordable(scene.engine, scene.order, price, 1000) == [
        Shape(Kind.DECODE, 2, 1, 0),
        Shape(Kind.PREFILL, 2, 2, 0),
    ]
    assert unaffordable(scene.engine, scene.order, price, 2000) == []


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=8),
    st.integers(0, 1000),
    st.integers(1, 1000),
    st.integers(0, 1000),
    st.booleans(),
    st.sampled_from(Kind),
)
def test_what_is_picked_always_fits_what_is_left(
    prompts: list[int], remaining_ns: int, usual_ns: int, base_ns: int, fresh: bool, last: Kind
) -> None:
    def price(kind: Kind, segment: int, rows: int, context: int) -> int:
        return 1 + (base_ns * (segment + 1) * (kind + 1) * (rows + 3)) // 20

    scene = Scene(*prompts)
    plan = scene.pick(
        price, remaining_ns, usual_ns, max(usual_ns, remaining_ns), fresh=fresh, last_start=last
    )
    if plan is not None:
        context = max(generation.context for generation in plan.generations)
        assert price(plan.kind, 0, plan.rows, context) <= remaining_ns


def drafted(*places: int, num: int = 3) -> Scene:
    """So many who are ready to speak, some of them with a draft of three tokens."""
    scene = Scene(*[40] * num, gap_ns=0, draft_sizes=(2, 4))
    for place in range(num):
        scene.generation(place).num_pending = 1
        scene.generation(place).draft = (7, 8, 9) if place in places else ()
    return scene


def test_a_guess_is_read_whole_or_not_at_all() -> None:
    scene = drafted(0, num=1)
    plan = scene.pick(per_row, 90)
    assert plan is not None
    assert (plan.kind, plan.rows) == (Kind.VERIFY, 4)
    assert scene.pick(per_row, 80) is None
    assert scene.pick(per_row, 400, 80, 80) is None
    shapes = unaffordable(scene.engine, scene.order, per_row, 80)
    assert {(shape.kind, shape.rows) for shape in shapes} == {(Kind.VERIFY, 4)}


def test_a_guess_goes_before_a_decode_so_that_who_guessed_may_join_it() -> None:
    scene = drafted(1)
    plan = scene.pick()
    assert plan is not None
    assert (plan.kind, [*plan.generations]) == (Kind.VERIFY, [scene.generation(1)])
    scene.order[1].urgency_ns = scene.order[2].urgency_ns = NEAR_NS + 1
    plan = scene.pick()
    assert plan is not None
    assert plan.kind is Kind.DECODE
    assert [*plan.generations] == [scene.generation(0), scene.generation(2)]


def test_who_has_no_room_for_a_guess_lets_the_others_speak() -> None:
    scene = drafted(0)
    # Four rows of a draft cost 90, three of a decode 80.
    plan = scene.pick(per_row, 85)
    assert plan is not None
    assert plan.kind is Kind.DECODE


def test_who_guesses_waits_for_two_of_three_like_everybody() -> None:
    scene = drafted(0)
    for place in (1, 2):
        scene.generation(place).num_pending = 9
    plan = scene.pick(last_start=Kind.PREFILL)
    assert plan is not None
    assert plan.kind is Kind.PREFILL
    scene.generation(1).num_pending = 1
    plan = scene.pick(last_start=Kind.PREFILL)
    assert plan is not None
    assert plan.kind is Kind.VERIFY


def test_the_smallest_budget_pays_for_the_largest_guess() -> None:
    assert least_ns(Scene(9).engine, per_row) == 70  # a chunk of two
    assert least_ns(Scene(9, draft_sizes=(2, 4)).engine, per_row) == 90
