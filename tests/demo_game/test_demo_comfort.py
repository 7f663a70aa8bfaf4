"""The demonstration game's comfort: typing, keys, settings, sound, frame rates, colours, crowds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

pygame = pytest.importorskip("pygame")
np = pytest.importorskip("numpy")

from playing import key, letters, new_game, shared_assets, stand_by  # noqa: E402

from demo_game.drawing import palette  # noqa: E402
from demo_game.drawing.fonts import Fonts  # noqa: E402
from demo_game.panels.clipboard import Clipboard  # noqa: E402
from demo_game.panels.graph import FrameTimes  # noqa: E402
from demo_game.panels.text_box import MAX_CHARS, TextBox  # noqa: E402
from demo_game.playing.controls import Command, Controls  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.playing.keys import HELP, USUAL, Keys  # noqa: E402
from demo_game.playing.modes import BUDGETS_MS, LEAST_MS, NAIVE_MS, Modes  # noqa: E402
from demo_game.playing.settings import Settings, settings_path  # noqa: E402
from demo_game.playing.sound import VOICES, Sound, samples  # noqa: E402
from demo_game.playing.stutters import Stutters  # noqa: E402
from demo_game.village.crowd import SIZES  # noqa: E402
from demo_game.village.happening import Kind  # noqa: E402

CTRL = pygame.KMOD_CTRL


@pytest.fixture(scope="module", autouse=True)
def _no_window() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("SDL_VIDEODRIVER", "dummy")
    patch.setenv("SDL_AUDIODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((64, 64))
    yield
    pygame.quit()
    patch.undo()


@pytest.fixture
def box() -> TextBox:
    box = TextBox(Fonts(), Clipboard())
    box.open()
    return box


# Typing.


def test_the_cursor_moves_and_letters_go_where_it_stands(box: TextBox) -> None:
    box.type("Who took bell?")
    for _ in range(5):
        box.key(key(pygame.K_LEFT))
    box.type("the ")
    assert box.text == "Who took the bell?"
    box.key(key(pygame.K_HOME))
    box.key(key(pygame.K_DELETE))
    box.key(key(pygame.K_END))
    box.key(key(pygame.K_BACKSPACE))
    assert box.text == "ho took the bell"


def test_earlier_lines_come_back_and_the_one_being_typed_is_kept(box: TextBox) -> None:
    for line in ("first", "second"):
        box.type(line)
        assert box.key(key(pygame.K_RETURN)) == line
        box.open()
    box.type("draft")
    seen = []
    for code in (pygame.K_UP, pygame.K_UP, pygame.K_UP, pygame.K_DOWN, pygame.K_DOWN):
        box.key(key(code))
        seen.append(box.text)
    assert seen == ["second", "first", "first", "second", "draft"]


def test_a_line_is_copied_cut_and_pasted_and_pasting_keeps_the_limit(box: TextBox) -> None:
    box.type("Grüße, 鐘はどこ?")
    box.key(key(pygame.K_x, mod=CTRL))
    assert box.text == ""
    box.key(key(pygame.K_v, mod=CTRL))
    assert box.text == "Grüße, 鐘はどこ?"
    for _ in range(20):
        box.key(key(pygame.K_v, mod=CTRL))
    assert len(box.text) == MAX_CHARS


def test_what_an_input_method_composes_is_shown_and_not_yet_said(box: TextBox) -> None:
    box.type("a")
    box.compose("かね")
    assert (box.text, box.composed) == ("a", "かね")
    assert box.key(key(pygame.K_RETURN)) is None  # the method's own key
    box.draw(pygame.Surface((1280, 720)), "Greta", 0)
    box.type("鐘")
    assert (box.text, box.composed) == ("a鐘", "")


def test_the_letter_of_the_key_that_opens_the_box_is_no_part_of_the_line() -> None:
    box = TextBox(Fonts(), Clipboard())
    controls = Controls(Keys({"talk": "t"}), box)
    event = pygame.event.Event(pygame.KEYDOWN, key=pygame.K_t, unicode="t", mod=0)
    assert controls.read(event, card="") == Command("talk")
    box.open()
    controls.read(letters("t"), card="")
    controls.read(letters("t"), card="")
    assert box.text == "t"


# Keys.


def test_keys_can_be_changed_and_nonsense_changes_nothing() -> None:
    keys = Keys({"search": "x", "fly": "y", "strike": "no such key"})
    assert keys.does(pygame.K_x) == "search"
    assert keys.does(pygame.K_e) == ""
    assert keys.does(pygame.K_f) == "strike"
    assert keys.name("search") == "X"


def test_every_usual_key_does_one_thing_and_the_help_names_only_what_there_is() -> None:
    names = [name for keys in USUAL.values() for name in keys]
    assert len(names) == len(set(names))
    assert {what for what, _ in HELP} <= set(USUAL)


def test_while_a_card_is_shown_nothing_else_is_done() -> None:
    controls = Controls(Keys(), TextBox(Fonts(), Clipboard()))
    assert controls.read(key(pygame.K_RETURN), card="begin") == Command("yes")
    assert controls.read(key(pygame.K_ESCAPE), card="accuse") == Command("no")
    assert controls.read(key(pygame.K_f), card="pause") is None
    assert controls.read(key(pygame.K_d), card="pause") is None
    assert controls.direction == (0, 0)


# Settings.


def test_settings_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    Settings(sound=False, rate=144, budget_ms=2.0, keys={"talk": "t"}).save(path)
    assert Settings.load(path) == Settings(False, False, 144, 2.0, {"talk": "t"})


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"rate": 61, "budget_ms": -1, "sound": 3}', '{"keys": {"a": 1}}']
)
def test_settings_that_make_no_sense_are_as_at_first(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert Settings.load(path) == Settings()
    assert Settings.load(tmp_path / "none.json") == Settings()


def test_a_place_that_cannot_be_written_to_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    Settings().save(tmp_path / "file" / "settings.json")


def test_settings_lie_where_the_platform_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/cfg")
    monkeypatch.setenv("APPDATA", "/appdata")
    assert settings_path("linux") == Path("/cfg/npcbrain-village/settings.json")
    assert settings_path("win32") == Path("/appdata/npcbrain-village/settings.json")
    assert "Application Support" in str(settings_path("darwin"))


def test_what_is_saved_is_plain_json(tmp_path: Path) -> None:
    Settings().save(tmp_path / "s.json")
    data = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    assert data["budget_ms"] == 4.0


# Modes.


def test_the_model_off_and_a_budget_of_nothing_still_let_patience_run_out() -> None:
    modes = Modes(Settings(budget_ms=0.0))
    assert modes.given_ms(10.0) == LEAST_MS
    assert Modes(Settings()).given_ms(-3.0) == LEAST_MS
    modes.more()
    assert modes.given_ms(10.0) == BUDGETS_MS[1]
    modes.naive()
    assert modes.given_ms(0.0) == NAIVE_MS
    modes.model()
    assert modes.given_ms(10.0) == LEAST_MS


# Sound.


@pytest.mark.parametrize("name", ["bell", "chime", "pluck", "drum", "thud", *VOICES])
def test_a_sound_begins_softly_ends_softly_and_stays_within_its_bounds(name: str) -> None:
    wave = samples(name)
    assert 0.02 < len(wave) / 22_050 < 3.0
    assert np.abs(wave).max() < 3.0
    assert abs(wave[-1]) < 0.2


def test_without_a_device_there_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_device(*_: object) -> None:
        raise pygame.error("no available audio device")

    pygame.mixer.quit()
    monkeypatch.setattr(pygame.mixer, "init", no_device)
    sound = Sound(is_on=True)
    sound.play(Kind.FOUND)
    sound.toggle()
    assert not sound.is_on


# Colours.

# What eyes without one kind of cone see (Machado and others, 2009, severity 1).
EYES = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


@pytest.mark.parametrize("eyes", EYES)
def test_model_and_tree_differ_for_every_eye(eyes: str) -> None:
    seen = {
        name: np.array(EYES[eyes]) @ np.array(colour)
        for name, colour in (
            ("model", palette.TEAL),
            ("tree", palette.AMBER),
            ("game", palette.SLATE),
            ("spare", palette.SPARE),
        )
    }
    for one in seen:
        for other in seen:
            if one < other:
                assert math.dist(seen[one], seen[other]) > 45, (one, other)


# In the game.


@pytest.fixture(scope="module")
def game() -> Game:
    return new_game(shared_assets())


@pytest.mark.parametrize(("rate", "frames"), [(30, 30), (60, 60), (144, 144)])
def test_a_second_is_a_second_at_every_rate(game: Game, rate: int, frames: int) -> None:
    game.options.draws = False
    game.settings.rate = rate
    game._keep_rate()
    before = game.village.mystery.seconds_left
    for _ in range(frames):
        game.frame()
    assert before - game.village.mystery.seconds_left == pytest.approx(1.0, abs=0.05)


def test_a_crowd_comes_talks_and_goes(game: Game) -> None:
    game.options.draws = False
    for size in (*SIZES[1:], 0):
        game.do(Command("crowd"))
        assert len(game.village.runtime.npcs) == len(game.village.villagers) + size
        if size == 16:
            strangers = game.village.crowd.strangers
            for _ in range(5000):  # frames are as long as this machine makes them
                game.frame()
                if all(one.npc.decision is not None for one in strangers):
                    break
            assert [one for one in strangers if one.npc.decision is None] == []


def test_the_village_stands_still_in_a_pause_and_a_number_gives_from_the_pouch(game: Game) -> None:
    game.options.draws = False
    game.press(key(pygame.K_ESCAPE))
    before = game.village.mystery.seconds_left
    game.frame()
    assert game.village.mystery.seconds_left == before
    game.press(key(pygame.K_ESCAPE))
    assert game.card is None
    stand_by(game, "tam")
    game.village.player.pouch = ["ale", "trout"]
    game.press(key(pygame.K_1))
    assert game.village.player.pouch == ["trout"]


def test_switches_say_what_they_do_and_the_newest_word_stands() -> None:
    game = new_game(shared_assets())
    told = [mode() for mode in (game.modes.naive, game.modes.naive, game.modes.model)]
    assert told[0].startswith("Naive:")
    assert told[1].startswith("In slices")
    assert told[2].startswith("Model off")
    for code in (pygame.K_F6, pygame.K_F6):
        game.press(key(code))
    assert [notice.kind for notice in game.view.notices._shown] == [Kind.SWITCHED]


def test_an_answer_in_one_piece_is_told_in_lost_frames_and_only_in_naive_mode() -> None:
    slow = FrameTimes(game_ms=5.0, trees_ms=0.1, model_ms=250.0)
    stutters = Stutters()
    assert stutters.note(slow, 1000 / 60, is_naive=False) is None
    told = stutters.note(slow, 1000 / 60, is_naive=True)
    assert told is not None
    assert told.text == "The model took 250 ms in one piece: 15 frames were lost."
    assert stutters.note(slow, 1000 / 60, is_naive=True) is None


def test_the_text_box_tells_when_it_is_nearly_full(box: TextBox) -> None:
    screen = pygame.Surface((1280, 720))
    pictures = []
    for text in ("x", "y" * (MAX_CHARS - 2), "z"):
        box.type(text)
        box.draw(screen, "Greta", 0)
        pictures.append(box._room_left(600) > 0)
    assert pictures == [False, True, True]
