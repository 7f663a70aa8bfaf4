"""The game loop: keys, village, thinking, picture; once a frame, in this order.

The one line that matters is ``village.think(given_ms)``: it is ``Runtime.update(budget_ms)``, and
it gets what the frame can spare, never more than the budget. Invariant: whatever the model does,
the game's own frame goes on.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import pygame

import npcbrain as nb
from demo_game.panels.card import Card
from demo_game.panels.graph import FrameTimes
from demo_game.panels.hud import Mode
from demo_game.panels.tally import Tally
from demo_game.people.villager import FPS, Villager
from demo_game.playing import prompts
from demo_game.playing.autoplay import Autoplay
from demo_game.playing.controls import Command, Controls
from demo_game.playing.keys import Keys
from demo_game.playing.modes import STRESS_LEFT_MS, Modes, burn
from demo_game.playing.options import Options
from demo_game.playing.pacer import Pacer
from demo_game.playing.presses import keys_of, options_data
from demo_game.playing.recorder import Recorder
from demo_game.playing.save_menu import SaveMenu
from demo_game.playing.slots import Slots
from demo_game.playing.sound import Sound
from demo_game.playing.stutters import Stutters
from demo_game.playing.view import View
from demo_game.village.assets import Assets
from demo_game.village.crowd import SIZES
from demo_game.village.happening import Happening, Kind
from demo_game.village.village import Village
from npcbrain.clock import NS_PER_MS

if TYPE_CHECKING:
    from npcbrain.replay.playback import PlayedModel

__all__ = ["Game"]

RESERVE_MS = 1.0  # of a frame kept free for the display and for surprises
FIRST_SELECTED = "greta"
DRAW_FRAMES = 30  # whose drawing times predict the next one
END_FRAMES = 150  # from the ending to its card
MAX_STEPS = 4  # of the village in one frame; a slower machine plays a slower village


class Game:
    """One running game.

    Attributes:
        village: The world.
        tally: What happened so far.
        settings: The player's choices, the budget among them.
        given_ms: The part of the budget that the last frame could spare.
        selected: The villager that the panel is about, when it is open.
        card: The card in the middle, while the village stands still; None for none.
        modes: How the game runs.
        is_over: Whether the player has closed the window, or the script has seen the ending.
        wants_new: Whether another village is asked for.
        menu: Saving and loading; what slot is wanted.
    """

    def __init__(
        self,
        screen: pygame.Surface,
        assets: Assets,
        model: nb.Model | PlayedModel | None,
        *,
        clock: Pacer,
        options: Options,
        recorder: Recorder | None = None,
    ) -> None:
        self.options, self.settings = options, options.settings
        self.village = Village(
            assets, model, seed=options.seed, clock=clock, trees=options.trees, tape=options.tape
        )
        self.village.runtime.note(options_data(options))
        self.tally = Tally()
        self.modes = Modes(self.settings)
        self.is_over = self.wants_new = False
        self.given_ms = 0.0
        self.keys = Keys(self.settings.keys)
        self.view = View(self.village, options.seed, prompts.key_row(self.keys))
        self.controls = Controls(self.keys, self.view.text_box)
        self.selected: Villager = self.village.villagers[FIRST_SELECTED]
        self.sound = Sound(is_on=self.settings.sound and not options.plays_itself)
        self.autoplay = Autoplay(self.village, options.goal) if options.plays_itself else None
        self.card: Card | None = prompts.beginning(self.keys)
        # A recording cannot hold the content of a slot.
        slots = None if options.saves is None or options.tape else Slots(options.saves)
        self.menu = SaveMenu(self.village, options.seed, slots, self.keys)
        self._screen, self._clock, self._recorder = screen, clock, recorder
        self._choice: Villager | None = None
        self._draw_ms: deque[float] = deque([4.0], maxlen=DRAW_FRAMES)
        self._owed = 0  # time that the village lags behind, in frames times sixty
        self._frames_to_end = END_FRAMES
        self._num_shots = 0
        self._stutters = Stutters()
        pygame.key.stop_text_input()
        self._keep_rate()

    @property
    def listener(self) -> Villager | None:
        """The villager that hears the player: chosen by Tab while in reach, else the nearest."""
        near = self.village.in_reach()
        if self._choice not in near:
            self._choice = None
        return self._choice or (near[0] if near else None)

    def frame(self) -> None:
        """One frame, from keys to picture, and the wait for the next one."""
        now_ns = self._clock.now_ns
        start_ns = now_ns()
        listener = self.listener
        self._read(listener)
        num_steps = self._pass_time(listener)
        self._follow_files()
        if self.modes.is_stressed:
            burn(max(0.0, self._left_ms(start_ns) - STRESS_LEFT_MS), self._clock)
        self.given_ms = self.modes.given_ms(self._left_ms(start_ns))
        think_ns = now_ns()
        report = nb.FrameReport()
        if self.card is None:
            self.tally.note_events(dict(self.village.runtime.npcs))
            report = self.village.think(self.given_ms)
            self._tell()
        draw_ns = now_ns()
        if self.options.draws:
            self._draw(listener)
        end_ns = now_ns()
        self._draw_ms.append((end_ns - draw_ns) / NS_PER_MS)
        trees_ms = report.trees_ns / NS_PER_MS
        times = FrameTimes(
            game_ms=(end_ns - start_ns - (draw_ns - think_ns)) / NS_PER_MS,
            trees_ms=trees_ms,
            model_ms=(draw_ns - think_ns) / NS_PER_MS - trees_ms,
        )
        self.tally.add(times, report, self.limit_ms, is_provoked=self.modes.provokes)
        self.view.overs.note(report, num_steps)
        self.view.hud.add(times, report)
        naive = self.modes.is_naive
        if stutter := self._stutters.note(times, self.limit_ms, is_naive=naive):
            self.view.notices.add(stutter)
        if self._recorder is not None:
            self._recorder.take(self._screen, end_ns)
        self._clock.next_frame()

    @property
    def is_left(self) -> bool:
        """Whether its loop is to end: it is over, or another game is asked for."""
        return self.is_over or self.wants_new or self.menu.wanted > 0

    @property
    def limit_ms(self) -> float:
        """The time that a frame may take."""
        return 1000.0 / self._clock.rate

    def press(self, event: pygame.event.Event) -> None:
        """Takes one event."""
        command = self.controls.read(event, card="" if self.card is None else self.card.name)
        if command is not None:
            self.do(command)

    def do(self, command: Command) -> None:
        """Carries out a command of the player."""
        listener = self.listener
        if command.name == "say":
            if listener is not None:
                self.village.speak(listener, command.text)
                self.view.stage.say(command.text)
        elif command.name == "give":
            if listener is not None:
                self.village.offer(listener, command.number)
        elif command.name == "slot" and self.card is not None:
            self.card = self.menu.choose(self.card.name, command.number)
        elif command.name in ("save", "load"):
            self._show_slots(command.name)
        elif command.name == "click":
            self._click(*command.spot)
        else:
            does = f"_do_{command.name}"
            action = getattr(self, does, None) or getattr(self.modes, command.name, None)
            told = action() if action is not None else None
            if told:
                self.view.notices.add(Happening(Kind.SWITCHED, told))

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
        """Ends all thinking, remembers the settings and writes the recording."""
        self.village.close()
        self.settings.save(self.options.settings_file)
        if self._recorder is not None:
            self._recorder.write()

    # Commands.

    def _do_quit(self) -> None:
        self.is_over = True

    def _do_yes(self) -> None:
        """Enter on a card."""
        card, self.card = self.card, None
        if card is not None and card.name == "accuse":
            self.village.mystery.confirm()

    def _do_no(self) -> None:
        """Escape on a card."""
        card, self.card = self.card, None
        if card is not None and card.name == "accuse":
            self.village.mystery.withdraw()

    def _do_new(self) -> None:
        if self.card is not None and self.card.name in ("pause", "end"):
            self.wants_new = True

    def _do_pause(self) -> None:
        self.controls.release()
        self.card = prompts.pause(self.keys, self.settings)

    def _show_slots(self, name: str) -> None:
        if self.card is None or self.card.name in ("pause", "save", "load"):
            self.controls.release()
            self.card = self.menu.card(name)

    def _do_talk(self) -> None:
        self._choice = self.listener  # or else a villager who walks by would get the words
        self.selected = self._choice or self.selected
        self.view.text_box.open()

    def _do_choose(self) -> None:
        near = self.village.in_reach()
        if near:
            now = self.listener
            index = near.index(now) + 1 if now in near else 0
            self._choice = near[index % len(near)]

    def _do_search(self) -> None:
        self.village.search()

    def _do_strike(self) -> None:
        if (listener := self.listener) is not None:
            self.village.strike(listener)

    def _do_details(self) -> None:
        self.view.hud.toggle()

    def _do_mind(self) -> None:
        self.view.mind.is_open = not self.view.mind.is_open

    def _do_notebook(self) -> None:
        self.view.notebook.is_open = not self.view.notebook.is_open

    def _do_crowd(self) -> str:
        now = len(self.village.crowd.strangers)
        count = SIZES[(SIZES.index(now) + 1) % len(SIZES)]
        self.village.crowd.resize(count)
        total = len(self.village.runtime.npcs)
        return f"Strangers who never stop talking: {count}. NPCs in all: {total}."

    def _do_rate(self) -> None:
        self.modes.rate()
        self._keep_rate()
        self._refresh_pause()

    def _do_sound(self) -> None:
        self.sound.toggle()
        self.settings.sound = self.sound.is_on
        self._refresh_pause()

    def _do_fullscreen(self) -> None:
        self.settings.fullscreen = not self.settings.fullscreen
        if pygame.display.get_driver() != "dummy":
            pygame.display.toggle_fullscreen()

    def _do_picture(self) -> None:
        self._num_shots += 1
        self.save_picture(Path(f"npcbrain_village_{self._num_shots:03d}.png"))

    def _refresh_pause(self) -> None:
        if self.card is not None and self.card.name == "pause":
            self.card = prompts.pause(self.keys, self.settings)

    def _keep_rate(self) -> None:
        self._clock.rate = self.settings.rate
        self.view.hud.graph.limit_ms = self.limit_ms

    def _click(self, x: float, y: float) -> None:
        """A click on somebody opens the panel about them."""
        if self.view.is_panel(x, y):
            return
        villager = self.village.at(x, y)
        if villager is not None:
            self.selected = villager
            self.view.mind.is_open = True

    # Parts of a frame.

    def _read(self, listener: Villager | None) -> None:
        frame, again = self.tally.num_frames, self.options.again
        events = pygame.event.get() if again is None else again.events(frame)
        if keys := keys_of(events):
            self.village.runtime.note([frame, keys])
        if self.autoplay is not None:
            card = "" if self.card is None else self.card.name
            events += self.autoplay.events(listener, card=card)
            if card == "end":  # nobody is there to press a key
                self._frames_to_end += 1
                self.is_over = self.is_over or self._frames_to_end == 0
        for event in events:
            self.press(event)

    def _pass_time(self, listener: Villager | None) -> int:
        """Lets the village's time pass, a sixtieth of a second a step; returns the steps."""
        if self.card is not None:
            return 0
        self._owed += FPS
        num_steps = min(MAX_STEPS, self._owed // self._clock.rate)
        self._owed %= self._clock.rate
        self.village.address(listener if self.view.text_box.is_open else None)
        for _ in range(num_steps):
            self._walk()
            self.village.update(1 / FPS)
        return num_steps

    def _walk(self) -> None:
        dx, dy = (0.0, 0.0) if self.autoplay is None else self.autoplay.direction
        held = self.controls.direction
        dx, dy = dx + held[0], dy + held[1]
        if self.view.text_box.is_open:
            dx = dy = 0.0
        self.village.player.move(dx, dy)

    def _tell(self) -> None:
        """Shows what has happened, and plays its sounds."""
        village = self.village
        for happening in village.take_happenings():
            self.view.notices.add(happening)
            self.sound.play(happening.kind)
            if happening.kind is Kind.ACCUSED and village.mystery.accused:
                self.view.text_box.close()
                self.card = prompts.accusation(village.mystery, self.keys)
        for villager in village.villagers.values():
            if villager.npc.speech and villager.body.distance(village.player.body) < 300:
                self.sound.murmur(villager.name, villager.npc.speech)
        ending = village.mystery.ending
        if ending is not None and self._frames_to_end > 0:
            self._frames_to_end -= 1
            if self._frames_to_end == 0:
                self.view.text_box.close()
                self.card = prompts.end(ending, self.tally, self.keys)
                self._frames_to_end = -END_FRAMES

    def _follow_files(self) -> None:
        saved = self.village.trees.poll()
        mishap = self.village.trees.mishap
        self.view.mishaps.show(mishap)
        if saved and mishap is None:
            self.view.mishaps.cheer(f"{saved}: the running tree goes on as it is written now")

    def _left_ms(self, start_ns: int) -> float:
        """The time that the frame will have left once it is drawn."""
        spent_ms = (self._clock.now_ns() - start_ns) / NS_PER_MS
        return self.limit_ms - spent_ms - max(self._draw_ms) - RESERVE_MS

    def _draw(self, listener: Villager | None) -> None:
        mode = Mode(
            self.settings.budget_ms,
            self.given_ms,
            self.modes.is_stressed,
            self.modes.is_naive,
            self.modes.is_model_off,
            len(self.village.runtime.npcs),
        )
        self.view.draw(
            self._screen,
            listener=listener,
            selected=self.selected,
            card=self.card,
            mode=mode,
            tally=self.tally,
        )
