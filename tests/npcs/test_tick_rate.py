"""Promises of ``npcbrain.npcs.tick_rate``: everybody gets a turn, and turns are shared evenly."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from npcbrain.npcs.tick_rate import Cadence

CHANGES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), max_size=60)


def due(cadence: Cadence[int], frame: int) -> list[int]:
    return [member for line in cadence.due(frame) for member in line]


@given(CHANGES, st.integers(0, 1000))
def test_each_member_is_due_once_in_as_many_frames_as_it_was_put_for(
    changes: list[tuple[int, int]], first: int
) -> None:
    cadence, wanted = Cadence[int](), {}
    for member, num_frames in changes:
        if num_frames:
            cadence.put(member, num_frames)
            wanted[member] = num_frames
        else:
            cadence.remove(member)
            wanted.pop(member, None)
    counted = Counter(m for frame in range(first, first + 12) for m in due(cadence, frame))
    assert counted == {member: 12 // num_frames for member, num_frames in wanted.items()}


@given(st.integers(1, 60), st.integers(1, 10))
def test_frames_share_members_evenly(num_members: int, num_frames: int) -> None:
    cadence = Cadence[int]()
    for member in range(num_members):
        cadence.put(member, num_frames)
    loads = [len(due(cadence, frame)) for frame in range(num_frames)]
    assert max(loads) - min(loads) <= 1


def test_members_due_in_every_frame_keep_their_order() -> None:
    cadence = Cadence[int]()
    for member in (3, 1, 2):
        cadence.put(member, 1)
    cadence.remove(1)
    cadence.put(1, 1)
    assert due(cadence, 7) == [3, 2, 1]


def test_putting_a_member_where_it_is_changes_nothing() -> None:
    cadence = Cadence[int]()
    cadence.put(1, 3)
    before = [due(cadence, frame) for frame in range(3)]
    cadence.put(1, 3)
    assert [due(cadence, frame) for frame in range(3)] == before


def test_a_frame_builds_no_line_anew_unless_somebody_has_moved() -> None:
    cadence = Cadence[int]()
    cadence.put(1, 1)
    (first,), (second,) = cadence.due(0), cadence.due(1)
    assert first is second
