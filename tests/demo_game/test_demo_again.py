"""The village recorded and played again, and what a forged recording of it can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pygame = pytest.importorskip("pygame")

from playing import SCREEN, Beat, key, shared_assets  # noqa: E402

import npcbrain as nb  # noqa: E402
from demo_game.__main__ import main as demo  # noqa: E402
from demo_game.playing import again as module  # noqa: E402
from demo_game.playing.again import build  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.playing.options import Options  # noqa: E402
from demo_game.playing.presses import events_of, keys_of, options_of  # noqa: E402
from demo_game.playing.settings import Settings  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402
from npcbrain import testing  # noqa: E402
from npcbrain.commands.main import main  # noqa: E402

TAPED_FRAMES = 600  # ten seconds: the script walks to Greta and has an answer of her


class Tick(Beat):
    """Moves on a little whenever it is read, so that nothing waits for ever."""

    def now_ns(self) -> int:
        self._now_ns += 20_000
        return self._now_ns


@pytest.fixture(autouse=True)
def _assets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_assets", shared_assets)


def recorded(assets: Assets, tape: Path, model: nb.Model | None, **options: Any) -> Game:
    pygame.font.init()
    screen = pygame.display.set_mode(SCREEN)
    settings = Settings(sound=False, budget_ms=1.0)
    return Game(
        screen,
        assets,
        model,
        clock=Tick(),
        options=Options(draws=False, tape=tape, settings=settings, **options),
    )


def play_to_first_decision(game: Game) -> None:
    decisions = game.tally.sources
    for _ in range(600):
        game.frame()
        if decisions["model"] or decisions["tree"]:
            break
    game.close()


def test_a_recorded_demo_is_identical_without_a_model(assets: Assets, tmp_path: Path) -> None:
    play_to_first_decision(recorded(assets, tmp_path / "a.npcr", None, plays_itself=True))
    found = testing.replay(tmp_path / "a.npcr")  # it names itself
    assert found.difference is None
    assert (found.num_questions, found.num_decisions) == (1, 1)
    assert main(["replay", str(tmp_path / "a.npcr")]) == 0


def test_a_recorded_demo_is_identical_with_its_model_and_without(
    assets: Assets, tmp_path: Path
) -> None:
    model = nb.Model.load()
    game = recorded(assets, tmp_path / "a.npcr", model, plays_itself=True)
    play_to_first_decision(game)
    assert game.tally.sources["model"] == 1
    found = testing.replay(tmp_path / "a.npcr", build)
    assert (found.difference, found.num_decisions) == (None, 1)
    found = testing.replay(tmp_path / "a.npcr", build, model=model)
    assert (found.difference, found.num_checked) == (None, 1)


def test_the_demo_taped_headless_is_identical_by_the_command_with_the_model_and_without(
    assets: Assets,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The lines of docs/replay.md with the model that ships, at the same speed on every machine."""
    monkeypatch.setattr("demo_game.__main__.load_assets", lambda: assets)
    monkeypatch.setattr("demo_game.__main__.Pacer", lambda sleeps: Tick())
    tape = tmp_path / "demo.npcr"
    frames = ["--blind", "--frames", str(TAPED_FRAMES)]
    assert demo(["--headless", "--fast", "--tape", str(tape), *frames]) == 0
    found: list[dict[str, Any]] = []
    for more in ([], ["--model"]):
        capsys.readouterr()
        code = main(["replay", str(tape), "--json", *more])
        found.append(json.loads(capsys.readouterr().out))
        assert (code, found[-1]["difference"]) == (0, None)
    assert [one["identical"] for one in found] == [True, True]
    assert [one["whole"] for one in found] == [True, True]
    assert [one["with_model"] for one in found] == [False, True]
    assert found[0]["num_frames"] == found[1]["num_frames"] > TAPED_FRAMES // 2  # less the card's
    assert found[0]["num_questions"] > 0
    assert (found[0]["num_checked"], found[1]["num_checked"] > 0) == (0, True)


def test_what_a_player_pressed_is_pressed_again(assets: Assets, tmp_path: Path) -> None:
    game = recorded(assets, tmp_path / "a.npcr", None)
    pressed: list[Any] = []
    monkey = pytest.MonkeyPatch()
    monkey.setattr(pygame.event, "get", lambda: [pressed.pop(0)] if pressed else [])
    pressed += [key(pygame.K_RETURN), key(pygame.K_d)]
    for frame in range(200):
        if frame == 60:
            pressed += [pygame.event.Event(pygame.KEYUP, key=pygame.K_d), key(pygame.K_e)]
            pressed.append(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(300, 200)))
        game.frame()
    monkey.undo()
    place = game.village.player.body.position
    game.close()
    again: list[Any] = []

    def keeps(play: Any) -> Any:
        again.append(build(play))
        return again[0]

    assert testing.replay(tmp_path / "a.npcr", keeps).identical
    assert again[0].game.village.player.body.position == place


def test_events_come_back_as_they_went() -> None:
    events = [
        key(pygame.K_a, mod=3),
        pygame.event.Event(pygame.TEXTINPUT, text="ä"),
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(3, 4)),
        pygame.event.Event(pygame.QUIT),
        pygame.event.Event(pygame.MOUSEMOTION, pos=(3, 4), rel=(0, 0), buttons=(0, 0, 0)),
    ]
    again = events_of(keys_of(events))
    assert keys_of(again) == keys_of(events)
    assert len(again) == 4


@pytest.mark.parametrize(
    "keys",
    [7, [7], [[]], [[pygame.KEYDOWN]], [[pygame.KEYDOWN, "a", "b", 0]], [["quit"]],
     [[pygame.MOUSEBUTTONDOWN, 1, [1]]], [[pygame.MOUSEBUTTONDOWN, 1, ["a", "b"]]],
     [[pygame.USEREVENT]]],
    ids=str,
)  # fmt: skip
def test_forged_events_are_refused(keys: Any) -> None:
    with pytest.raises(nb.RecordingError):
        events_of(keys)


@pytest.mark.parametrize("data", [None, [], {}, {"seed": "x"}, {"keys": 7, "rate": 60}], ids=str)
def test_forged_options_are_refused(data: Any) -> None:
    with pytest.raises(nb.RecordingError, match="village"):
        options_of(data)
