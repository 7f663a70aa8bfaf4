"""Saves and accidents: whatever fails, and wherever, there is the old save, the new or an error."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgpack
import pytest
from saving import TINY, Game, people
from toy_chooser import load_chooser_model, make_chooser_model

from npcbrain.errors import SaveError
from npcbrain.lm.model import Model
from npcbrain.runtime import Runtime
from npcbrain.saves import container, extent
from npcbrain.saves.container import HEAD, header_of
from npcbrain.saves.migrations import migrated
from npcbrain.saves.snapshot import read
from npcbrain.saves.store import Disk, last_of, put, read_bytes
from tools.endure.faulty_disk import FaultyDisk, Killed


def save_of(word: str) -> bytes:
    """A save that can be told from others."""
    game = Game(None, names=("Ann",))
    game.npc("Ann").remember(f"The word is {word}.")
    return game.runtime._snapshot().packed(lambda: None)


@pytest.fixture(scope="module")
def words() -> dict[str, bytes]:
    return {word: save_of(word) for word in ("first", "second", "third")}


def word_in(runtime: Runtime) -> str:
    (entry,) = runtime.npcs["Ann"].memory
    return entry.text.removeprefix("The word is ").rstrip(".")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kills", [False, True], ids=["error", "kill"])
@pytest.mark.parametrize("half", [False, True], ids=["before", "halfway"])
def test_a_fault_at_any_operation_leaves_the_old_save_or_the_new(
    tmp_path: Path, words: dict[str, bytes], kills: bool, half: bool
) -> None:
    path = tmp_path / "slot.npcb"
    game = Game(None, names=("Ann",))
    for fails_at in range(1, 40):
        for name in tmp_path.iterdir():
            name.unlink()
        put(path, words["first"], Disk())
        put(path, words["second"], Disk())
        disk = FaultyDisk(fails_at, kills=kills, half=half)
        try:
            put(path, words["third"], disk)
            told = False
        except SaveError:
            told = True
        except Killed:
            told = True
        game.runtime.load(path)
        assert word_in(game.runtime) in (("second", "third") if told else ("third",))
        put(path, words["first"], Disk())  # what lies around is in nobody's way
        game.runtime.load(path)
        assert word_in(game.runtime) == "first"
        if disk.num_calls < fails_at:
            break
    else:
        raise AssertionError("it never came through")
    assert fails_at > 5


def test_without_links_a_save_is_put_in_place_all_the_same(
    tmp_path: Path, words: dict[str, bytes]
) -> None:
    class Unlinked(Disk):
        def link(self, path: Path, name: Path) -> None:
            raise OSError(95, "Operation not supported")

    path = tmp_path / "slot.npcb"
    for word in words:
        put(path, words[word], Unlinked())
    assert path.read_bytes() == words["third"]
    assert last_of(path).read_bytes() == words["second"]
    assert {*tmp_path.iterdir()} == {path, last_of(path)}


def test_a_damaged_save_gives_way_to_the_last_good_one_and_that_is_told(
    tmp_path: Path, words: dict[str, bytes]
) -> None:
    path = tmp_path / "slot.npcb"
    put(path, words["first"], Disk())
    put(path, words["second"], Disk())
    path.write_bytes(words["second"][:-3])
    game = Game(None, names=("Ann",))
    with pytest.warns(RuntimeWarning, match="loaded instead of a newer save"):
        report = game.runtime.load(path)
    assert word_in(game.runtime) == "first"
    assert "bytes of data" in report.last_good
    put(path, words["third"], Disk())  # the damaged one does not push out the good one
    assert last_of(path).read_bytes() == words["first"]
    path.unlink()
    with pytest.warns(RuntimeWarning, match="readable file"):
        game.runtime.load(path)


def test_where_nothing_can_be_read_nothing_changes(tmp_path: Path, words: dict[str, bytes]) -> None:
    path = tmp_path / "slot.npcb"
    game = Game(None, names=("Ann",))
    game.play(3)
    before = [*people(game.runtime)]
    with pytest.raises(SaveError, match="readable file"):
        game.runtime.load(path)
    path.write_bytes(words["first"][:60])
    last_of(path).write_bytes(b"nonsense")
    with pytest.raises(SaveError, match="bytes of data"):
        game.runtime.load(path)
    assert [*people(game.runtime)] == before


def test_a_full_disk_is_told_to_who_waits_and_else_by_a_warning(tmp_path: Path) -> None:
    game = Game(None, names=("Ann",))
    game.runtime._disk = FaultyDisk(1, kills=False, half=True)
    with pytest.raises(SaveError, match="No space left"):
        game.runtime.save(tmp_path / "a.npcb").wait()
    game.runtime._disk = FaultyDisk(1, kills=False, half=True)
    game.runtime.save(tmp_path / "a.npcb")
    with pytest.warns(RuntimeWarning, match=r"not saved.*No space left"):
        game.runtime.close()
    assert [*tmp_path.iterdir()] == []


def test_saves_are_written_in_the_order_of_their_calls_and_before_close_returns(
    tmp_path: Path,
) -> None:
    game = Game(None, names=("Ann",))
    for number in range(5):
        game.npc("Ann").blackboard["number"] = number
        game.runtime.save(tmp_path / "a.npcb")
    game.runtime.close()
    (npc,) = read((tmp_path / "a.npcb").read_bytes(), "a").npcs
    assert npc.blackboard.value == {"number": 4}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(SaveError, match="readable file"):
            read_bytes(path, Disk())


@pytest.fixture(scope="module")
def flying(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A save with everything in it: answers half written, events that wait, memories."""
    game = Game(Model.load(TINY, num_slots=3))
    game.play(30)
    npc = game.npc("Ann")
    npc.blackboard.update({"route": ["well", 1.5], "deep": {"x": {"y": [None, True]}}})
    path = tmp_path_factory.mktemp("flying") / "a.npcb"
    game.runtime.save(path).wait()
    return path.read_bytes()


def test_a_small_save_takes_little_memory_to_read(tmp_path: Path, flying: bytes) -> None:
    path = tmp_path / "a.npcb"
    path.write_bytes(flying)
    tracemalloc.start()
    try:
        assert Disk().read(path) == flying
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_every_prefix_of_a_save_is_refused(flying: bytes) -> None:
    for end in range(len(flying)):
        with pytest.raises(SaveError):
            read(flying[:end], "a.npcb")
    assert len(read(flying, "a.npcb").npcs) == 4


def test_every_byte_that_is_flipped_is_noticed(flying: bytes) -> None:
    dice = random.Random(1)
    for at in range(len(flying)):
        bad = bytearray(flying)
        bad[at] ^= 1 << dice.randrange(8)
        with pytest.raises(SaveError):
            read(bytes(bad), "a.npcb")
    with pytest.raises(SaveError, match="bytes of data"):
        read(flying + b"\0", "a.npcb")


def sealed(data: bytes, *, num_unpacked: int | None = None, version: int = 1) -> bytes:
    """Any data with a right header, as somebody would make it who means harm."""
    content = zlib.compress(data, 1)
    size = len(data) if num_unpacked is None else num_unpacked
    head = HEAD.pack(b"npcbsave", version, bytes(32), len(content), size)
    return head + blake2b(head + content, digest_size=16).digest() + content


def unpacked(content: bytes) -> bytes:
    return zlib.decompress(content[HEAD.size + 16 :])


def test_bytes_that_are_flipped_and_sealed_again_are_read_or_refused(flying: bytes) -> None:
    data, dice = unpacked(flying), random.Random(2)
    num_read = 0
    for _ in range(1500):
        bad = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 5))):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        with suppress(SaveError):  # and nothing else
            read(sealed(bytes(bad)), "a.npcb")
            num_read += 1
    assert 50 < num_read < 1450


@pytest.mark.parametrize("has_chooser", [False, True], ids=["the model alone", "with a chooser"])
def test_any_value_in_the_place_of_any_other_is_read_or_refused_and_can_be_played(
    flying: bytes, tmp_path: Path, has_chooser: bool
) -> None:
    """What passes is loaded, and played: no crash, no hang, no lost slot."""
    model = Model.load(TINY, num_slots=3)
    if has_chooser:
        model = load_chooser_model(make_chooser_model(tmp_path / "toy"), 3, own_words=9.0)
    data = msgpack.unpackb(unpacked(flying), unicode_errors="surrogatepass")
    dice = random.Random(3)
    game = Game(model)
    scheduler = game.runtime.scheduler
    assert scheduler is not None
    path, num_loaded = tmp_path / "bad.npcb", 0
    game.runtime._model_digest = ""  # of a sealed save: so what is in flight goes on
    for _ in range(250):
        bad = mutated(data, dice)
        path.write_bytes(sealed(msgpack.packb(bad, unicode_errors="surrogatepass")))
        try:
            game.runtime.load(path)
        except SaveError:
            continue
        num_loaded += 1
        game.frame = 100
        game.play(2)
        assert scheduler.num_thinking + scheduler.num_waiting <= 4
    game.runtime.close()
    assert scheduler.num_thinking == 0
    assert num_loaded > 25


STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 7, 1 << 62, (1 << 64) - 1, -(1 << 63), 0.5, float("nan"), float("inf"),
    "", "say", "give", "root/0", "\ud800", "line\nbreak", "x" * 2000, b"", b"\x03" * 9, [], {},
    [[]], {"": None}, msgpack.ExtType(1, b"\xc0"), msgpack.ExtType(5, b""), msgpack.Timestamp(5),
)  # fmt: skip


def mutated(data: Any, dice: random.Random) -> Any:
    """A copy with one value changed, somewhere."""
    copy = msgpack.unpackb(
        msgpack.packb(data, unicode_errors="surrogatepass"), unicode_errors="surrogatepass"
    )
    at = copy
    while True:
        keys = [*at] if isinstance(at, dict) else [*range(len(at))]
        key = dice.choice(keys)
        inner = at[key]
        if not isinstance(inner, dict | list) or not inner or dice.random() < 0.1:
            break
        at = inner
    move = dice.random()
    if move < 0.6:
        at[key] = dice.choice(STRANGE)
    elif move < 0.75 and isinstance(inner, int):
        at[key] = int(inner) + dice.choice((-1, 1))
    elif move < 0.9:
        del at[key]
    elif isinstance(at, list):
        at.append(dice.choice([*STRANGE, inner]))
    return copy


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\xdd\xff\xff\xff\xff", "be whole"),
        (b"\xdf\xff\xff\xff\xff", "be whole"),
        (b"\xc6\xff\xff\xff\xff", "be whole"),
        (b"\x91" * 60 + b"\xc0", "nest at most 48 deep"),
        (b"\x91" * 200_000, "nest at most 48 deep"),
        (b"\xdd\x00\x00\x50\x00" + b"\xc0" * 0x5000, "at most 9999 values"),
        (b"\xc0\xc0", "end where it ends"),
        (b"\xc1", "be msgpack"),
        (b"\xa3ab\xff", "be msgpack"),
        (b"\x81\x01\x02", "be msgpack"),
        (b"", "be whole"),
        (b"\x90", "be a dictionary"),
    ],
)
def test_size_and_depth_are_known_before_anything_is_decoded(
    monkeypatch: pytest.MonkeyPatch, data: bytes, rule: str
) -> None:
    monkeypatch.setattr(extent, "MAX_VALUES", 9999)
    with pytest.raises(SaveError, match=rule):
        read(sealed(data), "a.npcb")


def test_what_unpacks_to_more_than_it_says_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SaveError, match="have 5 bytes"):
        read(sealed(b"\0" * (1 << 20), num_unpacked=5), "a.npcb")
    with pytest.raises(SaveError, match="have at most"):
        read(sealed(b"\xc0", num_unpacked=1 << 40), "a.npcb")
    monkeypatch.setattr(container, "MAX_BYTES", 500)
    with pytest.raises(SaveError, match="at most 500 bytes"):
        save_of("long")


def test_a_save_of_a_later_version_asks_for_an_update() -> None:
    with pytest.raises(SaveError, match=r"format must be 1 to 1, got 2 .* update this one"):
        header_of(sealed(b"\xc0", version=2), "a.npcb")


def test_migrations_go_step_by_step_and_what_they_stumble_over_is_an_error() -> None:
    steps = {
        1: lambda data: {**data, "two": data["one"] + 1},
        2: lambda data: {"three": data["two"] + 1},
    }
    assert migrated({"one": 1}, 1, steps=steps, wanted=3) == {"three": 3}
    assert migrated({"two": 5}, 2, steps=steps, wanted=3) == {"three": 6}
    with pytest.raises(SaveError, match="be a save of version 1"):
        migrated({"none": 1}, 1, steps=steps, wanted=3)


def test_nothing_that_reads_saves_can_run_what_it_reads() -> None:
    folder = Path(container.__file__).parent
    text = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    for word in ("import pickle", "import marshal", "eval(", "exec(", "__import__"):
        assert word not in text


def test_save_show_prints_who_is_in_it(flying: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.npcb"
    path.write_bytes(flying)
    command = [sys.executable, "-m", "npcbrain", "save", "show"]
    shown = subprocess.run([*command, str(path)], capture_output=True, encoding="utf-8", check=True)
    assert "Ann" in shown.stdout
    assert "tokens" in shown.stdout
    path.write_bytes(flying[:-1])
    wrong = subprocess.run([*command, str(path)], capture_output=True, encoding="utf-8")
    assert wrong.returncode == 2
    assert "bytes of data" in wrong.stderr
