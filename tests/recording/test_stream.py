"""The bytes of a recording: what is whole is read, and nothing behind what is not."""

from __future__ import annotations

from pathlib import Path

import msgpack
import pytest

from npcbrain.errors import RecordingError
from npcbrain.recording.stream import (
    HEADER_BYTES,
    LIMIT_BYTES,
    Records,
    head,
    header_of,
    read_file,
    record,
)


def tape(*values: object, model: str = "") -> bytes:
    content, check = head(model)
    for value in values:
        piece, check = record(msgpack.packb(value), check)
        content += piece
    return content


def read(content: bytes) -> tuple[list[list[object]], int]:
    records = Records(content, header_of(content, "a"))
    return list(records), records.num_bytes


def test_what_was_written_is_read() -> None:
    content = tape([1], ["two", {"x": b"3"}], model="ab" * 32)
    assert header_of(content, "a")[:2] == (1, "ab" * 32)
    assert read(content) == ([[1], ["two", {"x": b"3"}]], len(content))


def test_every_prefix_gives_the_records_that_are_whole_in_it() -> None:
    content, values = tape([1], ["two"], [3]), [[1], ["two"], [3]]
    seen = set()
    for num_bytes in range(HEADER_BYTES, len(content) + 1):
        found, used = read(content[:num_bytes])
        assert found == values[: len(found)]
        assert used <= num_bytes
        seen.add(len(found))
    assert seen == {0, 1, 2, 3}


def test_nothing_behind_a_flipped_byte_is_read() -> None:
    content, values = tape([1], ["two"], [3]), [[1], ["two"], [3]]
    for at in range(HEADER_BYTES, len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 0x40
        found, used = read(bytes(damaged))
        assert found == values[: len(found)]
        assert used <= at


def test_a_record_that_was_cut_out_ends_the_reading() -> None:
    first, check = record(msgpack.packb([1]), head("")[1])
    second, check = record(msgpack.packb([2]), check)
    third, _ = record(msgpack.packb([3]), check)
    assert read(head("")[0] + first + third)[0] == [[1]]
    assert read(head("")[0] + first + second + third)[0] == [[1], [2], [3]]


@pytest.mark.parametrize("at", range(HEADER_BYTES))
def test_a_flipped_byte_of_the_header_is_told(at: int) -> None:
    damaged = bytearray(tape([1]))
    damaged[at] ^= 1
    with pytest.raises(RecordingError):
        header_of(bytes(damaged), "a")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x91" * 60 + b"\xc0", "nest at most 48 deep"),
        (b"\xdd\xff\xff\xff\xff", "be whole"),
        (b"\xc1", "be msgpack"),
        (b"\xa1\xff", "be msgpack"),
        (b"\x80", "be a list"),
        (b"", "be whole"),
    ],
)
def test_what_is_no_list_of_bounded_depth_is_told_by_its_record(data: bytes, message: str) -> None:
    content, check = head("")
    good, check = record(msgpack.packb([1]), check)
    bad, _ = record(data, check)
    with pytest.raises(RecordingError, match=message) as caught:
        read(content + good + bad)
    assert "record 1" in str(caught.value)


def test_a_later_version_asks_for_a_later_npcbrain() -> None:
    import struct
    import zlib

    first = struct.pack("<8sH32s", b"npcbtape", 2, bytes(32))
    with pytest.raises(RecordingError, match="update this one"):
        header_of(first + struct.pack("<I", zlib.crc32(first)), "a")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="be a readable file"):
        read_file(tmp_path)
    with pytest.raises(RecordingError, match="check the path"):
        read_file(tmp_path / "nothing")


def test_a_file_above_the_limit_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(LIMIT_BYTES + 1)
    with pytest.raises(RecordingError, match=f"at most {LIMIT_BYTES} bytes"):
        read_file(path)
