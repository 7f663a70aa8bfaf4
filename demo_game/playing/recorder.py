"""Small moving pictures of a run: every fourth frame, half the size, as a GIF.

Each picture is shown as long as it was in the game, so that a game that stutters is seen to
stutter. It needs Pillow, and only when asked for. Invariant: it works outside the measured frame,
and the file is small enough for a README.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pygame

from demo_game.drawing import palette
from npcbrain.clock import NS_PER_MS

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MAX_BYTES", "Recorder"]

EVERY = 4  # frames
SIZE = (640, 360)
MAX_PICTURES = 210  # 14 seconds, 145 MB until written; a longer GIF would be too large
MAX_BYTES = 4_000_000
FIRST_FRAME = 30
SHRUNK = ((200, 1), (96, 1), (64, 2), (32, 3))  # colours, and each n-th picture, until it fits
LEAST_MS = 20  # a picture is shown; browsers slow down faster ones
ACCENT_HEIGHT = 30  # lines of accents for each sample, enough to be given a colour
NUM_SAMPLES = 6  # pictures that the palette is made from


class Recorder:
    """Collects pictures and writes them at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frame = 0
        self._pictures: list[bytes] = []
        self._times_ms: list[int] = []

    @property
    def is_full(self) -> bool:
        """Whether no more pictures are taken."""
        return len(self._pictures) >= MAX_PICTURES

    def take(self, screen: pygame.Surface, now_ns: int) -> None:
        """Looks at the screen once a frame.

        Args:
            screen: The screen.
            now_ns: Since when it shows this.
        """
        self._frame += 1
        wanted = self._frame >= FIRST_FRAME and self._frame % EVERY == 0
        if wanted and not self.is_full:
            small = pygame.transform.smoothscale(screen, SIZE)
            self._pictures.append(pygame.image.tobytes(small, "RGB"))
            self._times_ms.append(now_ns // NS_PER_MS)

    def write(self) -> None:
        """Writes the GIF; takes some seconds.

        Raises:
            ImportError: Pillow is not installed.
            OSError: The file cannot be written.
        """
        if not self._pictures:
            return
        data = b""
        for num_colours, every in SHRUNK:
            data = _gif(self._pictures[::every], self._times_ms[::every], num_colours)
            if len(data) <= MAX_BYTES:
                break
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(data)


def _gif(pictures: Sequence[bytes], times_ms: Sequence[int], num_colours: int) -> bytes:
    from PIL import Image

    frames = [Image.frombytes("RGB", SIZE, picture) for picture in pictures]
    colours = _common_colours(frames, num_colours)
    # No dithering: its noise changes every pixel in every frame, and the file would be large.
    plain = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]
    usual = round(1000 * EVERY / 60)
    ends = [*times_ms[1:], times_ms[-1] + usual]
    shown = [max(LEAST_MS, end - start) for start, end in zip(times_ms, ends, strict=True)]
    file = io.BytesIO()
    plain[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=plain[1:],
        duration=shown,
        loop=0,
        optimize=True,
    )
    return file.getvalue()


def _common_colours(frames: list[Image], num_colours: int) -> Image:
    from PIL import Image

    step = max(1, len(frames) // NUM_SAMPLES)
    samples = frames[::step][:NUM_SAMPLES]
    sheet = Image.new("RGB", (SIZE[0], (SIZE[1] + ACCENT_HEIGHT) * len(samples)))
    for row, sample in enumerate(samples):
        sheet.paste(sample, (0, row * SIZE[1]))
    # The badges are only a few pixels but matter most; else their colours would become grass.
    accents = (palette.TEAL, palette.AMBER, palette.SLATE, palette.ROSE, palette.CREAM)
    top = SIZE[1] * len(samples)
    for row, accent in enumerate(accents):
        height = ACCENT_HEIGHT * len(samples) // len(accents)
        sheet.paste(accent, (0, top + row * height, SIZE[0], top + (row + 1) * height))
    return sheet.quantize(num_colours)
