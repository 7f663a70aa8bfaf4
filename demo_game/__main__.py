"""``python -m demo_game``: reads the command line, opens the window, runs the loop, reports.

Invariant: a mistake in the arguments gives one clear line and exit code 2, no traceback.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import pygame
from rich.console import Console
from rich.table import Table

import npcbrain as nb
from demo_game.playing.continuing import continued
from demo_game.playing.game import Game
from demo_game.playing.options import Options
from demo_game.playing.pacer import Pacer
from demo_game.playing.recorder import Recorder
from demo_game.playing.settings import RATES, Settings, settings_path
from demo_game.story.ending import EndingKind
from demo_game.village.assets import load_assets
from demo_game.world import land

__all__ = ["main"]

HEADLESS_FRAMES = 40_000  # more than the ten minutes after which the story has ended
PICTURE_FRAMES = 1800  # within which a picture is taken
MAX_FRAMES = 10_000_000
MAX_BUDGET_MS = 1000.0


def main(argv: list[str] | None = None) -> int:
    """Runs the game.

    Returns:
        The exit code: 0, 1 if a file could not be read or written, 2 for bad arguments.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if options.blind and (not options.headless or options.record or options.screenshot):
        parser.error("--blind goes with --headless, and without --record and --screenshot")
    try:
        model = _load_model(options.model, wanted=not options.no_model)
        recorder = _recorder(options.record)
    except (nb.NpcBrainError, ImportError) as error:
        print(f"demo_game: {error}", file=sys.stderr)
        return 2
    headless = options.headless or not _has_display()
    if headless:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
        why = "as asked" if options.headless else "there is no display"
        print(f"headless ({why}): the game plays itself")
    pygame.display.init()
    pygame.font.init()
    try:
        return _play(options, model, recorder, headless=headless)
    except (OSError, nb.TreeError, nb.RecordingError) as error:
        print(f"demo_game: {error}", file=sys.stderr)
        return 1
    finally:
        pygame.quit()


def _play(
    options: argparse.Namespace,
    model: nb.Model | None,
    recorder: Recorder | None,
    *,
    headless: bool,
) -> int:
    settings_file = None if headless else settings_path()
    settings = Settings.load(settings_file)
    if options.budget_ms is not None:
        settings.budget_ms = options.budget_ms
    if options.rate is not None:
        settings.rate = options.rate
    flags = 0 if headless else pygame.SCALED | pygame.RESIZABLE
    if settings.fullscreen and not headless:
        flags |= pygame.FULLSCREEN
    screen = pygame.display.set_mode((land.WIDTH, land.HEIGHT), flags)
    pygame.display.set_caption("npcbrain: the village of the lost bell")
    assets = load_assets()
    # All that was loaded lives to the end; a collector that walks it again and again costs frames.
    gc.collect()
    gc.freeze()

    def new_game(seed: int) -> Game:
        return Game(
            screen,
            assets,
            model,
            clock=Pacer(sleeps=not options.fast),
            options=Options(
                seed=seed,
                plays_itself=headless,
                goal=EndingKind(options.ending),
                settings=settings,
                settings_file=settings_file,
                draws=not options.blind,
                saves=None if settings_file is None else settings_file.parent / "saves",
                tape=options.tape,
            ),
            recorder=recorder,
        )

    game = new_game(options.seed)
    while True:
        _run(game, options, recorder, headless=headless)
        if game.menu.wanted:
            game = continued(game, new_game)
            continue
        game.close()
        if not game.wants_new:
            break
        game = new_game(game.options.seed + 1)
    report = game.tally.to_dict(seed=game.options.seed, budget_ms=settings.budget_ms, model=model)
    ending = game.village.mystery.ending
    report["ending"] = None if ending is None else str(ending.kind)
    if options.report is not None:
        game.tally.write(report, options.report)
    if headless:
        _print_summary(game)
    return 0


def _run(
    game: Game, options: argparse.Namespace, recorder: Recorder | None, *, headless: bool
) -> None:
    """Plays one village until it is over, or another one is asked for."""
    num_frames = options.frames or (HEADLESS_FRAMES if headless else MAX_FRAMES)
    shot: Path | None = options.screenshot
    is_filmed = headless and options.frames is None  # the script plays: the game ends with the film
    try:
        while not game.is_left and game.tally.num_frames < num_frames:
            game.frame()
            if is_filmed and recorder is not None and recorder.is_full:
                break
            last = game.tally.num_frames == num_frames
            if shot is not None and (last or _is_good_moment(game, num_frames)):
                game.save_picture(shot)
                shot = None
    except KeyboardInterrupt:
        print("stopped")
    if shot is not None:
        game.save_picture(shot)


def _is_good_moment(game: Game, num_frames: int) -> bool:
    """Whether an answer is on the screen, late enough that the village is awake."""
    share = game.tally.num_frames / min(num_frames, PICTURE_FRAMES)
    if share < 0.4:
        return False
    return game.view.stage.shows_answer(("model",) if share < 0.85 else ("model", "tree"))


def _print_summary(game: Game) -> None:
    tally = game.tally
    report = tally.to_dict(seed=0, budget_ms=game.settings.budget_ms, model=None)
    table = Table(title="the village", show_header=False, title_justify="left")
    frame, over = report["frame_ms"], report["over_budget_ms"]
    ending = game.village.mystery.ending
    told = "not reached" if ending is None else f"{ending.kind}: {ending.title}"
    table.add_row("the story's end", told)
    table.add_row("frames", str(tally.num_frames))
    table.add_row(
        "frame work", f"p50 {frame['p50']:.2f}, p99 {frame['p99']:.2f}, max {frame['max']:.2f} ms"
    )
    table.add_row("over budget", f"p99 {over['p99']:.2f}, max {over['max']:.2f} ms")
    table.add_row("hitches", f"{tally.num_hitches}, and {tally.num_provoked} asked for")
    table.add_row(
        "decisions", f"{tally.sources['model']} by the model, {tally.sources['tree']} by trees"
    )
    reasons = ", ".join(f"{reason} {count}" for reason, count in tally.fallbacks.most_common())
    table.add_row("fallbacks", reasons or "none")
    table.add_row("tokens", str(tally.num_tokens))
    Console().print(table)


def _load_model(path: Path | None, *, wanted: bool) -> nb.Model | None:
    """The model asked for; without one the trees answer everything, and this says so."""
    if not wanted:
        return None
    if path is not None:
        return nb.Model.load(path)
    try:
        return nb.Model.load()
    except nb.ModelError as error:
        print(f"no model, so the trees answer everything: {error}", file=sys.stderr)
        return None


def _recorder(path: Path | None) -> Recorder | None:
    if path is None:
        return None
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise ImportError("--record needs Pillow; pip install pillow") from error
    return Recorder(path)


def _has_display() -> bool:
    if os.environ.get("SDL_VIDEODRIVER") == "dummy":
        return False
    if platform.system() in ("Windows", "Darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="demo_game", description="A village whose people think inside the frame budget."
    )
    parser.add_argument("--headless", action="store_true", help="no window; the game plays itself")
    parser.add_argument("--frames", type=_count, help="stop after so many frames")
    parser.add_argument("--seed", type=int, default=7, help="of the village and its minds")
    parser.add_argument("--model", type=Path, help="a model folder; otherwise the one that ships")
    parser.add_argument("--no-model", action="store_true", help="let the trees answer everything")
    parser.add_argument(
        "--budget-ms", type=_budget, help="milliseconds of thinking a frame; 4 at first"
    )
    parser.add_argument("--rate", type=int, choices=RATES, help="frames a second; 60 at first")
    parser.add_argument(
        "--ending",
        choices=[str(kind) for kind in EndingKind],
        default=str(EndingKind.JUSTICE),
        help="what the game plays for when it plays itself",
    )
    parser.add_argument("--fast", action="store_true", help="skip the wait between two frames")
    parser.add_argument(
        "--blind", action="store_true", help="draw nothing; for --headless, to be done sooner"
    )
    parser.add_argument("--report", type=Path, help="write what happened as JSON")
    parser.add_argument("--screenshot", type=Path, help="write a picture of a good moment (PNG)")
    parser.add_argument(
        "--record", type=Path, help="write the first seconds as a GIF of at most 4 MB"
    )
    parser.add_argument("--tape", type=Path, help="write all that happens, for npcbrain replay")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MAX_FRAMES:
        raise argparse.ArgumentTypeError(f"must be 1 to {MAX_FRAMES}, got {text}")
    return number


def _budget(text: str) -> float:
    number = float(text)
    if not 0.0 <= number <= MAX_BUDGET_MS:
        raise argparse.ArgumentTypeError(f"must be 0 to {MAX_BUDGET_MS:g} ms, got {text}")
    return number


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # Ctrl-C in the terminal that it was started from
        sys.exit(130)
