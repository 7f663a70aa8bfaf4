"""Recordings that nobody trusts, cut, flipped and forged: the same past or a clear error."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import settings as patient
from hypothesis import strategies as st
from replaying import build

from npcbrain import testing
from npcbrain.errors import NpcBrainError, RecordingError
from npcbrain.recording.moments import Kind
from npcbrain.recording.stream import HEADER_BYTES, Records, head, header_of, record
from npcbrain.replay.play import Replay
from npcbrain.replay.recording import Recording

GOLDEN = (Path(__file__).parents[1] / "golden_recordings" / "1.npcr").read_bytes()
HEADER = header_of(GOLDEN, "golden")
RECORDS = [*Records(GOLDEN, HEADER)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "a.npcr"


def read(path: Path, content: bytes) -> list[Any]:
    """All plain moments."""
    path.write_bytes(content)
    recording = Recording(path)
    found = [moment.plain for turn in recording.turns() for moment in turn.moments]
    assert recording.num_left_out < len(content)
    return found


def played(path: Path, content: bytes) -> Replay:
    path.write_bytes(content)
    return testing.replay(path, build)


def forged(values: list[Any]) -> bytes:
    """A recording of these records, whose checksums are right."""
    content, check = head(HEADER.model)
    for value in values:
        piece, check = record(msgpack.packb(value, unicode_errors="surrogatepass"), check)
        content += piece
    return content


def test_every_prefix_is_the_beginning_of_the_same_past(path: Path) -> None:
    content = forged(RECORDS[:40])
    whole = read(path, content)
    for num_bytes in range(0, len(content), 5):
        try:
            found = read(path, content[:num_bytes])
        except RecordingError:
            assert num_bytes < HEADER_BYTES + 200  # neither header nor settings are there
        else:
            assert found == whole[: len(found)]


def test_a_recording_cut_after_any_record_is_played_to_there(path: Path) -> None:
    for num in range(1, len(RECORDS), 23):
        found = played(path, forged(RECORDS[:num]))
        assert found.identical
        assert not found.whole


def test_hundreds_of_flipped_bytes_change_nothing_that_is_played(path: Path) -> None:
    rng, content = random.Random(3), forged(RECORDS[:40])
    whole = read(path, content)
    for _ in range(600):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        try:
            found = read(path, bytes(damaged))
        except RecordingError:
            continue
        assert found == whole[: len(found)]


# Whoever forges a recording makes its checksums right.

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 1 << 40) | st.floats() | st.text(max_size=5)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)  # fmt: skip


@patient(max_examples=80)
@given(st.integers(0, len(RECORDS) - 1), st.integers(0, 40), st.integers(0, 9), VALUES)
def test_a_forged_value_is_played_or_told(
    path: Path, at: int, moment: int, place: int, value: Any
) -> None:
    records: list[Any] = [[[*one] for one in batch] for batch in RECORDS]
    batch = records[at]
    one = batch[moment % len(batch)]
    one[place % len(one)] = value
    with suppress(NpcBrainError):
        played(path, forged(records))


@patient(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(list(Kind)), st.lists(VALUES, max_size=8)), max_size=5))
def test_moments_of_nowhere_are_told(path: Path, moments: list[tuple[Kind, list[Any]]]) -> None:
    batch = [[int(kind), *values] for kind, values in moments]
    with suppress(NpcBrainError):
        played(path, forged([*RECORDS[:6], batch]))


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ([29], r"\$\[1\]\[0\]\[0\]"),
        ([2, 0], "be about an npc that was added before"),
        ([19, 0, [False, "", "sad", 0, "", None, None, None]], "stand in an update"),
        ([24], "stand in an update"),
        ([9, 0, {"name": "X"}], "persona|role|added before"),
        ([14, "no bytes"], "be bytes"),
        ([1, "Ann", {"name": "Ann", "role": "cook"}, float("nan")], "be a number"),
        ([4], "have 3 items"),
        ([], "not be empty"),
        ("x", "be a list"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(path: Path, moment: Any, message: str) -> None:
    with pytest.raises(RecordingError, match=message) as caught:
        read(path, forged([RECORDS[0], [moment]]))
    assert "$[1][0]" in str(caught.value)


def test_what_does_not_begin_with_settings_is_told(path: Path) -> None:
    with pytest.raises(RecordingError, match="begin with the runtime's settings"):
        read(path, forged([RECORDS[1]]))


def test_a_saved_game_that_is_damaged_is_told(path: Path) -> None:
    with pytest.raises(RecordingError, match=r"npcbsave.*a saved game in it"):
        played(path, forged([RECORDS[0], [[14, b"no save"]]]))
