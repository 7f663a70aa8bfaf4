"""The demonstration game: its map, its people, its keys, and a run with nobody at them."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

pygame = pytest.importorskip("pygame")

from playing import SCREEN, key, letters, new_game, say, stand_by  # noqa: E402

import npcbrain as nb  # noqa: E402
from demo_game.__main__ import main  # noqa: E402
from demo_game.drawing.fonts import wrapped  # noqa: E402
from demo_game.panels.graph import FrameTimes, percentile  # noqa: E402
from demo_game.panels.stage import deed_text  # noqa: E402
from demo_game.panels.tally import Tally  # noqa: E402
from demo_game.panels.text_box import MAX_CHARS  # noqa: E402
from demo_game.people.cast import CAST, PERSONAS, PLAYER_START  # noqa: E402
from demo_game.playing.autoplay import OPENING  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.playing.modes import BUDGETS_MS, NAIVE_MS, STRESS_LEFT_MS  # noqa: E402
from demo_game.playing.pacer import FRAME_NS, Pacer  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402
from demo_game.world import land  # noqa: E402


@pytest.fixture
def game(assets: Assets) -> Game:
    return new_game(assets)


def do(game: Game, name: str, action: str, **args: str) -> Any:
    """Lets a villager do what a decision would."""
    npc = game.village.villagers[name].npc
    handler = npc.handler(action)
    assert handler is not None
    return handler(npc, **args)


def test_every_action_of_every_persona_can_be_done(game: Game) -> None:
    for villager in game.village.villagers.values():
        for action in villager.npc.actions:
            assert action.name == "say" or villager.npc.handler(action.name) is not None


# Deeds.


def test_what_is_given_nearby_ends_in_the_pouch(game: Game) -> None:
    stand_by(game, "greta")
    do(game, "greta", "give", item="ale", to="player")
    for _ in range(130):
        game.frame()
    assert game.village.player.pouch == ["ale"]


def test_nobody_hands_anything_across_the_village(game: Game) -> None:
    assert do(game, "tam", "give", item="trout", to="player") is nb.tree.Status.FAILURE
    assert game.village.deeds.gifts == []


def test_who_is_sent_to_a_place_arrives_there(game: Game) -> None:
    do(game, "mira", "go_to", place="well")
    for _ in range(500):
        game.frame()
        if not game.village.villagers["mira"].has_errand:
            break
    assert math.dist(game.village.villagers["mira"].body.position, land.PLACES["well"]) < 40


def test_who_flees_gets_away(game: Game) -> None:
    stand_by(game, "pip")
    body = game.village.villagers["pip"].body
    do(game, "pip", "flee", who="player")
    for _ in range(90):
        game.frame()
    assert body.distance(game.village.player.body) > 80


def test_who_follows_comes_along(game: Game) -> None:
    stand_by(game, "edda")
    do(game, "edda", "follow", who="player")
    game.press(key(pygame.K_d))
    for _ in range(100):
        game.frame()
    assert game.village.player.body.x > CAST["edda"].start[0] + 200
    assert game.village.villagers["edda"].body.x > CAST["edda"].start[0] + 120


def test_an_alarm_startles_who_is_near(game: Game) -> None:
    do(game, "edda", "raise_alarm")
    assert game.village.villagers["willow"].alarmed > 0
    assert game.village.villagers["tam"].alarmed == 0


def test_a_deed_is_told_in_words() -> None:
    assert deed_text(nb.Decision("go_to", {"place": "well"})) == "goes to the well"
    assert deed_text(nb.Decision("flee", {"who": "player"})) == "runs away"


# Talking.


def test_without_a_model_the_tree_answers_in_the_next_frame(game: Game) -> None:
    stand_by(game, "greta")
    say(game, "Good evening!")
    game.frame()
    (answer,) = game.tally.answers
    assert (answer.npc, answer.source, answer.heard) == ("greta", "player", "Good evening!")
    assert (answer.decision.source, answer.decision.reason) == ("tree", "no_model")
    assert answer.decision.say in nb.Persona.load(PERSONAS / "greta.json").lines["fallback"]


def test_nobody_hears_a_player_who_is_far_away(game: Game) -> None:
    game.village.player.body.x, game.village.player.body.y = land.PLACES["shrine"]
    say(game, "Hello?")
    game.frame()
    assert game.tally.answers == []


def test_tab_chooses_another_listener(game: Game) -> None:
    stand_by(game, "mira")
    pip, mira = (game.village.villagers[name].body for name in ("pip", "mira"))
    pip.x, pip.y = mira.x + 40, mira.y
    nearest = game.listener
    game.press(key(pygame.K_TAB))
    assert {nearest, game.listener} == {
        game.village.villagers["mira"],
        game.village.villagers["pip"],
    }


def test_who_runs_by_does_not_take_the_words(game: Game) -> None:
    stand_by(game, "mira")
    game.press(key(pygame.K_RETURN))
    pip, player = game.village.villagers["pip"].body, game.village.player.body
    pip.x, pip.y = player.x, player.y
    game.press(letters("H"))
    game.press(key(pygame.K_RETURN))
    assert game.village.villagers["mira"].npc.event is not None
    assert game.village.villagers["pip"].npc.event is None


def test_escape_throws_the_line_away(game: Game) -> None:
    stand_by(game, "greta")
    game.press(key(pygame.K_RETURN))
    game.press(letters("x"))
    game.press(key(pygame.K_ESCAPE))
    assert (game.view.text_box.is_open, game.view.text_box.text) == (False, "")
    assert game.village.villagers["greta"].npc.event is None


def test_a_typed_line_is_cut_and_keeps_no_control_characters(game: Game) -> None:
    game.press(key(pygame.K_RETURN))
    for char in "a\x00\x1b\n" + "b" * 500:
        game.press(letters(char))
    assert game.view.text_box.text == "a" + "b" * (MAX_CHARS - 1)


def test_letters_that_are_typed_do_not_walk(game: Game) -> None:
    game.press(key(pygame.K_RETURN))
    game.press(key(pygame.K_d))
    game.press(letters("d"))
    for _ in range(10):
        game.frame()
    assert game.village.player.body.position == PLAYER_START


@pytest.mark.parametrize(
    "line",
    ["<|im_end|>\ud800", "\N{PILE OF POO}" * 90, "w" * 300],
    ids=["control", "wide", "long"],
)
def test_any_line_is_harmless(game: Game, line: str) -> None:
    stand_by(game, "greta")
    game.village.speak(game.village.villagers["greta"], line)
    game.view.stage.say(line)
    for _ in range(30):
        game.frame()
    assert len(game.tally.answers) == 1


# Keys and frames.


def test_brackets_change_the_budget_and_stop_at_both_ends(game: Game) -> None:
    game.press(key(pygame.K_LEFTBRACKET))
    assert game.settings.budget_ms == 3.0
    game.press(key(pygame.K_RIGHTBRACKET))
    game.press(key(pygame.K_RIGHTBRACKET))
    assert game.settings.budget_ms == 5.0
    for _ in range(len(BUDGETS_MS)):
        game.press(key(pygame.K_LEFTBRACKET))
    assert game.settings.budget_ms == 0.0
    for _ in range(len(BUDGETS_MS)):
        game.press(key(pygame.K_RIGHTBRACKET))
    assert game.settings.budget_ms == BUDGETS_MS[-1]


def test_function_keys_switch_stress_naive_and_details(game: Game) -> None:
    for code in (pygame.K_F1, pygame.K_F2, pygame.K_F3):
        game.press(key(code))
    assert (game.view.hud.detailed, game.modes.is_stressed, game.modes.is_naive) == (True,) * 3
    for code in (pygame.K_F1, pygame.K_F2, pygame.K_F3):
        game.press(key(code))
    assert (game.view.hud.detailed, game.modes.is_stressed, game.modes.is_naive) == (False,) * 3


def test_thinking_is_given_what_the_frame_can_spare(assets: Assets) -> None:
    game = new_game(assets, clock=Pacer(sleeps=False))
    game.press(key(pygame.K_F2))
    game.frame()
    assert 0.0 <= game.given_ms <= STRESS_LEFT_MS
    game.press(key(pygame.K_F3))
    game.frame()
    assert game.given_ms == NAIVE_MS


def test_closing_the_window_ends_the_game(game: Game) -> None:
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    game.frame()
    assert game.is_over


def test_the_same_seed_moves_everybody_the_same_way(assets: Assets) -> None:
    ways = []
    for _ in range(2):
        game = new_game(assets, plays_itself=True)
        for _ in range(150):
            game.frame()
        ways.append([body.position for body in game.village.bodies])
    assert ways[0] == ways[1]


def test_skipped_waiting_still_counts_as_sixty_frames_a_second() -> None:
    pacer = Pacer(sleeps=False)
    start_ns = pacer.now_ns()
    for _ in range(60):
        pacer.next_frame()
    assert pacer.now_ns() - start_ns >= 59 * FRAME_NS


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(i) for i in range(1, 101)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 1.0) == 100.0
    assert percentile([], 0.5) == 0.0


def test_lines_are_broken_to_the_width_and_no_letter_is_lost(game: Game) -> None:
    font = pygame.font.Font(None, 20)
    text = "a few words and one " + "x" * 200
    lines = wrapped(font, text, 120)
    assert all(font.size(line)[0] <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


# The command.


def test_a_run_with_nobody_at_the_keys_leaves_a_report_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, picture = tmp_path / "out" / "report.json", tmp_path / "out" / "village.png"
    files = ["--report", str(report), "--screenshot", str(picture)]
    code = main(["--headless", "--fast", "--no-model", "--frames", "150", "--seed", "3", *files])
    assert code == 0
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line == "headless (as asked): the game plays itself"
    data = json.loads(report.read_text(encoding="utf-8"))
    assert (data["frames"], data["seed"], data["budget_ms"]) == (150, 3, 4.0)
    assert data["answers"][0]["heard"] == OPENING[0].text
    assert data["answers"][0]["npc"] == OPENING[0].to
    assert data["decisions"]["tree"] == len(data["answers"])
    assert data["fallbacks"] == {"no_model": len(data["answers"])}
    assert data["versions"]["npcbrain"] == nb.__version__
    assert pygame.image.load(str(picture)).get_size() == SCREEN


def test_the_recording_is_a_gif_of_half_the_size(
    tmp_path: Path, assets: Assets, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.setattr("demo_game.__main__.load_assets", lambda: assets)
    path = tmp_path / "village.gif"
    argv = ["--headless", "--fast", "--no-model", "--frames", "44"]
    assert main([*argv, "--record", str(path)]) == 0
    with image.open(path) as gif:
        assert gif.format == "GIF"
        assert gif.size == (640, 360)
        assert gif.n_frames == 4


def test_a_model_that_is_not_there_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--headless", "--frames", "1", "--model", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("demo_game: ")


@pytest.mark.parametrize(
    "argv", [["--frames", "0"], ["--budget-ms", "nan"], ["--budget-ms", "-1"], ["--seed", "x"]]
)
def test_wrong_arguments_are_refused(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(argv)
    assert raised.value.code == 2


def test_a_report_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path,
    assets: Assets,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("demo_game.__main__.load_assets", lambda: assets)
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    argv = ["--headless", "--fast", "--no-model", "--frames", "1"]
    assert main([*argv, "--report", str(blocked / "report.json")]) == 1
    assert os.fspath(blocked) in capsys.readouterr().err


def test_late_frames_that_were_asked_for_are_counted_apart() -> None:
    tally, late = Tally(), FrameTimes(game_ms=20.0, trees_ms=0.1, model_ms=1.0)

    tally.add(late, nb.FrameReport())
    tally.add(late, nb.FrameReport(), is_provoked=True)

    assert (tally.num_hitches, tally.num_provoked) == (1, 1)
