"""Takes pictures of the village for the gallery: what it looks like in each of its moods.

    python -m tools.site.village

Needs the model and the extra ``demo``; run it on a machine that is idle, for the pictures show
measured times. It writes the pictures beside the gallery and the gallery's section about them.
Invariant: the game is driven by the keys a player has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ["SDL_VIDEODRIVER"] = os.environ["SDL_AUDIODRIVER"] = "dummy"

import pygame
from PIL import Image

import npcbrain as nb
from demo_game.playing import prompts
from demo_game.playing.game import Game
from demo_game.playing.options import Options
from demo_game.playing.pacer import Pacer
from demo_game.playing.settings import Settings
from demo_game.village.assets import load_assets
from demo_game.world import land
from tools.bench.record import ROOT

__all__ = ["BEGIN", "END", "SCENES", "Scene", "main", "section", "slim", "write_section"]

DOCS = ROOT / "docs"
FOLDER = "pictures"
RECORDING = "village.gif"
SEED = 4
BEGIN, END = "<!-- village: begin -->", "<!-- village: end -->"
MAX_FRAMES = 600  # within which somebody has answered
READ_FRAMES = 40


class Scene(NamedTuple):
    """One picture.

    Attributes:
        caption: What it shows.
        play: Brings the game there.
    """

    caption: str
    play: Callable[[Game], None]


def _press(game: Game, *keys: int) -> None:
    for key in keys:
        game.press(pygame.event.Event(pygame.KEYDOWN, key=key, unicode="", mod=0))


def _pass(game: Game, num_frames: int) -> None:
    for _ in range(num_frames):
        game.frame()


def _ask(game: Game, name: str, line: str) -> None:
    villager, body = game.village.villagers[name], game.village.player.body
    body.x, body.y = villager.body.x + 40, villager.body.y
    _press(game, pygame.K_RETURN)
    game.press(pygame.event.Event(pygame.TEXTINPUT, text=line))
    _press(game, pygame.K_RETURN)
    for _ in range(MAX_FRAMES):
        game.frame()
        if villager.npc.event is None and not villager.npc.thinking:
            break
    _pass(game, READ_FRAMES)


def _model_off(game: Game) -> None:
    _press(game, pygame.K_F7, pygame.K_F4)
    _ask(game, "tam", "What do you know about the bell?")


def _naive(game: Game) -> None:
    _press(game, pygame.K_F7, pygame.K_F4, pygame.K_F3)
    _ask(game, "edda", "What did you see on the night the bell was taken?")


def _crowd(game: Game) -> None:
    _press(game, pygame.K_F3, pygame.K_F6, pygame.K_F6, pygame.K_F6, pygame.K_F1)
    _pass(game, 5 * READ_FRAMES)


def _slots(game: Game) -> None:
    _press(game, pygame.K_F6, pygame.K_F1, pygame.K_F5, pygame.K_1)
    _pass(game, 2)


def _ending(game: Game) -> None:
    _press(game, pygame.K_ESCAPE)
    journal = game.village.mystery.journal
    journal.restore(journal.notes, game.village.mystery.case.clues, has_bell=False)
    game.village.mystery.accuse(game.village.mystery.case.culprit)
    game.village.mystery.confirm()
    ending = game.village.mystery.ending
    if ending is not None:
        game.card = prompts.end(ending, game.tally, game.keys)
    _pass(game, 2)


SCENES: Mapping[str, Scene] = {
    "village-model-off": Scene("The model off: trees answer, and say why.", _model_off),
    "village-naive": Scene("Naive: an answer in one piece, and the frames it cost.", _naive),
    "village-crowd": Scene(
        "Two hundred strangers more: drawing them takes more than a frame here, so nothing is left "
        "for the model, and trees answer.",
        _crowd,
    ),
    "village-slots": Scene("Five slots: everybody goes on in mid-sentence.", _slots),
    "village-ending": Scene("One of three endings.", _ending),
}


def section() -> str:
    """The gallery's part about the village."""
    pictures = [
        f"![{scene.caption}]({FOLDER}/{name}.png)\n\n{scene.caption}"
        for name, scene in SCENES.items()
    ]
    if (DOCS / RECORDING).exists():
        pictures.insert(0, f"![The first seconds of a game]({RECORDING})")
    return "\n\n".join([BEGIN, *pictures, END])


def write_section(page: Path) -> None:
    """Puts the section into the gallery, in place of what is between its marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + section() + after, encoding="utf-8")


def slim(path: Path) -> None:
    """Makes a picture a third of its size: 256 colours are enough for a village."""
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path = DOCS / FOLDER, page: Path = DOCS / "gallery.md") -> None:
    """Takes all pictures and writes the section."""
    pygame.display.init()
    pygame.font.init()
    screen = pygame.display.set_mode((land.WIDTH, land.HEIGHT))
    with TemporaryDirectory() as saves:
        options = Options(seed=SEED, settings=Settings(sound=False), saves=Path(saves))
        clock = Pacer(sleeps=False)
        game = Game(screen, load_assets(), nb.Model.load(), clock=clock, options=options)
        game.card = None
        for name, scene in SCENES.items():
            scene.play(game)
            game.save_picture(folder / f"{name}.png")
            slim(folder / f"{name}.png")
            print(f"{name}.png: {scene.caption}", flush=True)
        game.close()
    write_section(page)


if __name__ == "__main__":
    main()
