"""The demonstration game filmed: how long pictures stand, when it ends, how large the file gets."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pygame = pytest.importorskip("pygame")
image = pytest.importorskip("PIL.Image")

from demo_game.__main__ import main  # noqa: E402
from demo_game.playing import recorder as module  # noqa: E402
from demo_game.playing.recorder import EVERY, FIRST_FRAME, SIZE, Recorder  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402

FRAME_NS = 1_000_000_000 // 60


def film(path: Path, times_ns: list[int], *, noisy: bool = False) -> Recorder:
    """Takes a picture at each of these times; they differ in colour, or in everything."""
    recorder, rng = Recorder(path), random.Random(1)
    screen = pygame.Surface(SIZE)
    for frame in range(1, FIRST_FRAME + EVERY * len(times_ns)):
        index = max(0, (frame - FIRST_FRAME) // EVERY)
        screen.fill((index * 20 % 255, 80, 40))
        if noisy and frame >= FIRST_FRAME and frame % EVERY == 0:
            screen.blit(pygame.image.frombytes(rng.randbytes(SIZE[0] * SIZE[1] * 3), SIZE, "RGB"),
                        (0, 0))  # fmt: skip
        recorder.take(screen, times_ns[min(index, len(times_ns) - 1)])
    recorder.write()
    return recorder


def test_a_frame_that_took_long_stands_long(tmp_path: Path) -> None:
    beat = EVERY * FRAME_NS
    film(tmp_path / "a.gif", [0, beat, 2 * beat, 8 * beat])
    with image.open(tmp_path / "a.gif") as gif:
        shown = []
        for index in range(gif.n_frames):
            gif.seek(index)
            shown.append(gif.info["duration"])
    assert shown == [60, 60, 400, 60]


def test_a_film_too_large_for_a_readme_gets_fewer_colours_and_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times_ns = [number * EVERY * FRAME_NS for number in range(6)]
    film(tmp_path / "large.gif", times_ns, noisy=True)
    monkeypatch.setattr(module, "MAX_BYTES", (tmp_path / "large.gif").stat().st_size // 2)
    film(tmp_path / "small.gif", times_ns, noisy=True)
    assert (tmp_path / "small.gif").stat().st_size <= module.MAX_BYTES


def test_a_game_that_plays_itself_for_a_film_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assets: Assets
) -> None:
    monkeypatch.setattr("demo_game.__main__.load_assets", lambda: assets)
    monkeypatch.setattr(module, "MAX_PICTURES", 3)
    path = tmp_path / "village.gif"
    assert main(["--headless", "--fast", "--no-model", "--record", str(path)]) == 0
    with image.open(path) as gif:
        assert gif.n_frames == 3


@pytest.mark.parametrize("more", [[], ["--headless", "--record", "a.gif"]])
def test_what_is_not_drawn_cannot_be_seen_or_filmed(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--blind", *more])
    assert "--blind goes with --headless" in capsys.readouterr().err
