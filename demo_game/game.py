"""The game loop: keys, village, thinking, picture; once a frame, in this order.

The one line that matters is ``village.think(given_ms)``: it is ``Runtime.update(budget_ms)``, and
it gets what the frame can spare, never more than the budget. Invariant: whatever the model does,
the game's own frame goes on.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pygame

import npcbrain as nb
from demo_game.assets import Assets
from demo_game.autoplay import Autoplay
from demo_game.fonts import Fonts
from demo_game.glyphs import Glyphs
from demo_game.graph import LIMIT_MS, FrameTimes
from demo_game.handovers import HandOvers
from demo_game.hud import Hud, Mode
from demo_game.mind_panel import MindPanel
from demo_game.mishap import Mishaps
from demo_game.pacer import Pacer
from demo_game.recorder import Recorder
from demo_game.report import Tally
from demo_game.stage import Stage
from demo_game.text_box import TextBox
from demo_game.trees import TREES
from demo_game.village import Village
from demo_game.villager import Villager
from npcbrain.clock import NS_PER_MS

__all__ = ["BUDGETS_MS", "Game"]

BUDGETS_MS = (0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
STRESS_LEFT_MS = 0.3  # of a frame under stress: less than any step of a model takes
NAIVE_MS = 1000.0  # "as long as it takes": what a game without a budget would do
RESERVE_MS = 1.0  # kept free of the frame for the display and for what nobody foresaw
FIRST_SELECTED = "greta"
DRAW_FRAMES = 30  # whose drawing time tells what the next one will need
WALK = {
    pygame.K_w: (0, -1),
    pygame.K_UP: (0, -1),
    pygame.K_s: (0, 1),
    pygame.K_DOWN: (0, 1),
    pygame.K_a: (-1, 0),
    pygame.K_LEFT: (-1, 0),
    pygame.K_d: (1, 0),
    pygame.K_RIGHT: (1, 0),
}


class Game:
    """One running game.

    Attributes:
        village: The world.
        tally: What happened so far.
        budget_ms: What thinking may cost a frame.
        given_ms: What the last frame could spare of it.
        selected: Whom the panel is about, when it is open.
        is_stressed: Whether game time is burnt on purpose.
        is_naive: Whether answers are written in one go.
        is_over: Whether the player has closed the window.
    """

    def __init__(
        self,
        screen: pygame.Surface,
        assets: Assets,
        model: nb.Model | None,
        *,
        seed: int,
        budget_ms: float,
        clock: Pacer,
        plays_itself: bool,
        recorder: Recorder | None = None,
        trees: Path = TREES,
    ) -> None:
        self.village = Village(assets, model, seed=seed, clock=clock, trees=trees)
        self.tally = Tally()
        self.budget_ms = budget_ms
        self.is_stressed = False
        self.is_naive = False
        self.is_over = False
        fonts = Fonts()
        self.text_box = TextBox(fonts)
        self.hud = Hud(fonts)
        self.overs = HandOvers(self.village)
        self.mind = MindPanel(fonts, Glyphs(), self.overs)
        self.mishaps = Mishaps(fonts)
        self.selected: Villager = self.village.villagers[FIRST_SELECTED]
        self.stage = Stage(self.village, fonts, seed)
        self.autoplay = Autoplay(self.village) if plays_itself else None
        self._screen = screen
        self._clock = clock
        self._recorder = recorder
        self._held: set[int] = set()
        self._choice: Villager | None = None
        self._draw_ms: deque[float] = deque([4.0], maxlen=DRAW_FRAMES)
        self.given_ms = 0.0
        self._num_shots = 0

    @property
    def listener(self) -> Villager | None:
        """Who hears the player: whom Tab chose while in reach, else the nearest."""
        near = self.village.in_reach()
        if self._choice not in near:
            self._choice = None
        return self._choice or (near[0] if near else None)

    def frame(self) -> None:
        """One frame, from keys to picture, and the wait for the next one."""
        now_ns = self._clock.now_ns
        start_ns = now_ns()
        listener = self.listener
        self._read_keys(listener)
        self._walk()
        self.village.listener = listener if self.text_box.is_open else None
        self.village.update(1 / 60)
        self._follow_files()
        if self.is_stressed:
            _burn(max(0.0, self._left_ms(start_ns) - STRESS_LEFT_MS), self._clock)
        self.given_ms = self._spare_ms(start_ns)
        self.tally.note_events(dict(self.village.runtime.npcs))
        think_ns = now_ns()
        report = self.village.think(self.given_ms)
        draw_ns = now_ns()
        self._draw(listener)
        end_ns = now_ns()
        self._draw_ms.append((end_ns - draw_ns) / NS_PER_MS)
        trees_ms = report.trees_ns / NS_PER_MS
        times = FrameTimes(
            game_ms=(end_ns - start_ns - (draw_ns - think_ns)) / NS_PER_MS,
            trees_ms=trees_ms,
            model_ms=(draw_ns - think_ns) / NS_PER_MS - trees_ms,
        )
        self.tally.add(times, report)
        self.overs.note(report)
        self.hud.add(times, report)
        if self._recorder is not None:
            self._recorder.take(self._screen)
        self._clock.next_frame()

    def press(self, event: pygame.event.Event) -> None:
        """Takes one key press."""
        if self.text_box.is_open:
            line = self.text_box.key(event)
            if line is not None and (listener := self.listener) is not None:
                self.village.speak(listener, line)
                self.stage.say(line)
        elif event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            self._held.clear()
            self._choice = self.listener  # or somebody who runs by would take the words
            self.selected = self._choice or self.selected
            self.text_box.open()
        elif event.key == pygame.K_TAB:
            self._choose_next()
        elif event.key in (pygame.K_LEFTBRACKET, pygame.K_MINUS):
            self.budget_ms = max((b for b in BUDGETS_MS if b < self.budget_ms), default=0.0)
        elif event.key in (pygame.K_RIGHTBRACKET, pygame.K_EQUALS):
            self.budget_ms = min(
                (b for b in BUDGETS_MS if b > self.budget_ms), default=BUDGETS_MS[-1]
            )
        elif event.key == pygame.K_F1:
            self.hud.toggle()
        elif event.key == pygame.K_F2:
            self.is_stressed = not self.is_stressed
        elif event.key == pygame.K_F3:
            self.is_naive = not self.is_naive
        elif event.key == pygame.K_F4:
            self.mind.is_open = not self.mind.is_open
        elif event.key == pygame.K_F12:
            self._num_shots += 1
            self.save_picture(Path(f"npcbrain_village_{self._num_shots:03d}.png"))
        elif event.key in WALK:
            self._held.add(event.key)

    def click(self, x: float, y: float) -> None:
        """Takes a click: on somebody, it opens the panel about them."""
        if self.mind.area.collidepoint(x, y) or self.hud.area.collidepoint(x, y):
            return
        villager = self.village.at(x, y)
        if villager is not None:
            self.selected = villager
            self.mind.is_open = True

    def save_picture(self, path: Path) -> None:
        """Writes what is on the screen as a PNG.

        Raises:
            OSError: The file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            pygame.image.save(self._screen, str(path))
        except pygame.error as error:
            raise OSError(f"{path}: {error}") from error

    def close(self) -> None:
        """Ends all thinking and writes the recording."""
        self.village.close()
        if self._recorder is not None:
            self._recorder.write()

    def _read_keys(self, listener: Villager | None) -> None:
        events = pygame.event.get()
        if self.autoplay is not None:
            events += self.autoplay.events(listener, is_typing=self.text_box.is_open)
        for event in events:
            if event.type == pygame.QUIT:
                self.is_over = True
            elif event.type == pygame.KEYDOWN:
                self.press(event)
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                self.click(*event.pos)
            elif event.type == pygame.KEYUP:
                self._held.discard(event.key)
            elif event.type == pygame.WINDOWFOCUSLOST:
                self._held.clear()  # the key that comes up elsewhere is never told

    def _walk(self) -> None:
        dx, dy = self.autoplay.direction if self.autoplay is not None else (0.0, 0.0)
        for key in self._held:
            dx, dy = dx + WALK[key][0], dy + WALK[key][1]
        if self.text_box.is_open:
            dx = dy = 0.0
        self.village.player.move(self.village.world, dx, dy)

    def _follow_files(self) -> None:
        saved = self.village.trees.poll()
        mishap = self.village.trees.mishap
        self.mishaps.show(mishap)
        if saved and mishap is None:
            self.mishaps.cheer(f"{saved}: the running tree goes on as it is written now")

    def _choose_next(self) -> None:
        near = self.village.in_reach()
        if near:
            now = self.listener
            index = near.index(now) + 1 if now in near else 0
            self._choice = near[index % len(near)]

    def _spare_ms(self, start_ns: int) -> float:
        """What this frame can give to thinking: never more than the budget."""
        if self.is_naive:
            return NAIVE_MS
        return max(0.0, min(self.budget_ms, self._left_ms(start_ns)))

    def _left_ms(self, start_ns: int) -> float:
        """What the frame has left once it is drawn."""
        spent_ms = (self._clock.now_ns() - start_ns) / NS_PER_MS
        return LIMIT_MS - spent_ms - max(self._draw_ms) - RESERVE_MS

    def _draw(self, listener: Villager | None) -> None:
        screen = self._screen
        mind, selected = self.mind, self.selected
        mind.place(selected, self.hud.area)
        panels = [self.hud.area, *([mind.area] if mind.is_open else [])]
        self.stage.draw(screen, listener, selected if mind.is_open else None, panels)
        thinking = tuple(v.title for v in self.village.villagers.values() if v.npc.thinking)
        mode = Mode(self.budget_ms, self.given_ms, self.is_stressed, self.is_naive, thinking)
        self.hud.draw(screen, mode, self.tally)
        mind.draw(screen, selected, self.village.trees.title(selected.name))
        self.mishaps.draw(screen, *mind.room(self.hud.area))
        self.text_box.draw(
            screen, "" if listener is None else listener.title, self.tally.num_frames
        )
        pygame.display.flip()


def _burn(milliseconds: float, clock: nb.Clock) -> None:
    """Keeps the processor busy, as physics or scripts of a larger game would."""
    end_ns = clock.now_ns() + int(milliseconds * NS_PER_MS)
    while clock.now_ns() < end_ns:
        pass
