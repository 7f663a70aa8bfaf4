"""Small moving pictures of a run: every fourth frame, half the size, as a GIF.

Needs Pillow, and only when asked for. Invariant: it works outside of the measured frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pygame

from demo_game.drawing import palette

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Recorder"]

EVERY = 4  # frames
SIZE = (640, 360)
MAX_PICTURES = 210  # 14 seconds, 145 MB until written; a longer GIF is nobody's friend
FIRST_FRAME = 30
NUM_COLOURS = 200
ACCENT_HEIGHT = 30  # lines of accents for each sample, enough to be given a colour
NUM_SAMPLES = 6  # pictures that the palette is made from


class Recorder:
    """Collects pictures and writes them at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frame = 0
        self._pictures: list[bytes] = []

    def take(self, screen: pygame.Surface) -> None:
        """Looks at the screen once a frame."""
        self._frame += 1
        wanted = self._frame >= FIRST_FRAME and self._frame % EVERY == 0
        if wanted and len(self._pictures) < MAX_PICTURES:
            small = pygame.transform.smoothscale(screen, SIZE)
            self._pictures.append(pygame.image.tobytes(small, "RGB"))

    def write(self) -> None:
        """Writes the GIF; takes some seconds.

        Raises:
            ImportError: Pillow is not installed.
            OSError: The file cannot be written.
        """
        from PIL import Image

        frames = [Image.frombytes("RGB", SIZE, picture) for picture in self._pictures]
        if not frames:
            return
        colours = _common_colours(frames)
        # No dithering: its noise would make every pixel of every frame new, and the file large.
        plain = [f.quantize(palette=colours, dither=Image.Dither.NONE) for f in frames]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        plain[0].save(
            self._path,
            save_all=True,
            append_images=plain[1:],
            duration=round(1000 * EVERY / 60),
            loop=0,
            optimize=True,
        )


def _common_colours(frames: list[Image]) -> Image:
    from PIL import Image

    step = max(1, len(frames) // NUM_SAMPLES)
    samples = frames[::step][:NUM_SAMPLES]
    sheet = Image.new("RGB", (SIZE[0], (SIZE[1] + ACCENT_HEIGHT) * len(samples)))
    for row, sample in enumerate(samples):
        sheet.paste(sample, (0, row * SIZE[1]))
    # The badges are a few pixels that mean most; their colours would be merged into the grass.
    accents = (palette.TEAL, palette.AMBER, palette.SLATE, palette.ROSE, palette.CREAM)
    top = SIZE[1] * len(samples)
    for row, accent in enumerate(accents):
        height = ACCENT_HEIGHT * len(samples) // len(accents)
        sheet.paste(accent, (0, top + row * height, SIZE[0], top + (row + 1) * height))
    return sheet.quantize(NUM_COLOURS)
