"""The demonstration game's slots: saved, loaded, damaged, and told of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pygame = pytest.importorskip("pygame")

from playing import SCREEN, Beat, key, new_game, say, stand_by  # noqa: E402

from demo_game.people.cast import PLAYER_START  # noqa: E402
from demo_game.playing.continuing import continued  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.playing.options import Options  # noqa: E402
from demo_game.playing.slots import NUM_SLOTS, Slots  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402
from demo_game.village.deeds import Gift  # noqa: E402
from demo_game.village.saved_village import SavedVillage  # noqa: E402


def make(assets: Assets, folder: Path, seed: int = 4) -> Game:
    pygame.font.init()
    screen = pygame.display.set_mode(SCREEN)
    options = Options(seed=seed, saves=folder, draws=False)
    game = Game(screen, assets, None, clock=Beat(), options=options)
    game.card = None
    return game


def pass_frames(game: Game, count: int) -> None:
    for _ in range(count):
        game.frame()


def ask(game: Game, name: str, line: str) -> None:
    stand_by(game, name)
    say(game, line)
    pass_frames(game, 4)


def press(game: Game, *codes: int) -> None:
    for code in codes:
        game.press(key(code))


def reload(game: Game, assets: Assets, folder: Path, number: int = 1) -> Game:
    press(game, pygame.K_F10, pygame.K_0 + number)
    return continued(game, lambda seed: make(assets, folder, seed)) if game.menu.wanted else game


def remembered(game: Game) -> dict[str, list[str]]:
    npcs = game.village.runtime.npcs
    return {name: [entry.text for entry in npc.memory] for name, npc in npcs.items()}


def slot_file(folder: Path, number: int = 1) -> dict[str, Any]:
    return json.loads((folder / f"slot{number}.json").read_text(encoding="utf-8"))


def test_a_loaded_game_is_the_one_that_was_saved(assets: Assets, tmp_path: Path) -> None:
    game = make(assets, tmp_path)
    ask(game, "tam", "What do you know about the bell?")
    ask(game, "edda", "What do you know about the bell?")
    ask(game, "tam", "Fetch me some river silver, please.")
    game.village.mystery.take_gift("mira", "salve")
    game.village.player.pouch = ["ale"]
    game.village.deeds.gifts.append(Gift("trout", (10.0, 20.0)))
    game.village.crowd.resize(1)
    pass_frames(game, 2)
    game.village.player.body.x, game.village.player.body.y = PLAYER_START
    assert game.village.villagers["tam"].errand is not None
    press(game, pygame.K_ESCAPE, pygame.K_F5, pygame.K_1)
    assert game.card is not None
    assert game.card.lines == ("Saved in slot 1.",)
    before = SavedVillage.of(game.village, seed=4)
    memories = remembered(game)
    other = make(assets, tmp_path, seed=9)
    fresh = reload(other, assets, tmp_path)
    assert fresh is not other
    after = SavedVillage.of(fresh.village, seed=fresh.options.seed)
    assert set(after.clues) == set(before.clues)
    assert after.to_dict() | {"clues": 0} == before.to_dict() | {"clues": 0}
    assert remembered(fresh) == memories
    assert fresh.card is not None
    assert fresh.card.title == "Welcome back"
    # It goes on: who was sent for something brings it, and the guard may accuse.
    fresh.card = None
    assert "accuse" in {a.name for a in fresh.village.villagers["edda"].npc.actions}
    for _ in range(40):
        pass_frames(fresh, 60)
        if len(fresh.village.player.pouch) == 3:
            break
    assert sorted(fresh.village.player.pouch) == ["ale", "river silver", "trout"]


def test_slots_tell_what_is_known_and_when_it_was_saved(assets: Assets, tmp_path: Path) -> None:
    game = make(assets, tmp_path)
    press(game, pygame.K_F5)
    assert game.card is not None
    assert game.card.rows == tuple((str(n), "empty", "") for n in range(1, NUM_SLOTS + 1))
    press(game, pygame.K_2)
    number, name, when = game.card.rows[1]
    assert (number, name) == ("2", "Nothing is known yet")
    assert when.endswith("village 4 at 18:06, 10:00 left")


def test_a_full_slot_is_replaced_only_when_it_is_pressed_twice(
    assets: Assets, tmp_path: Path
) -> None:
    game = make(assets, tmp_path)
    press(game, pygame.K_F5, pygame.K_1, pygame.K_ESCAPE)
    first = slot_file(tmp_path)["stamp"]
    press(game, pygame.K_F5, pygame.K_1)
    assert slot_file(tmp_path)["stamp"] == first
    assert game.card is not None
    assert "Press 1 again" in game.card.lines[0]
    press(game, pygame.K_2, pygame.K_1)  # another key in between asks anew
    assert slot_file(tmp_path)["stamp"] == first
    press(game, pygame.K_1)
    assert slot_file(tmp_path)["stamp"] > first
    assert len(list(tmp_path.glob("slot1-*.npcb"))) == 1


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda data: "{", "damaged"),
        (lambda data: "[1]", "no saved village"),
        (lambda data: json.dumps(data | {"format": 99}), "another version"),
        (lambda data: json.dumps(data | {"stamp": "../x"}), "stamp must be"),
        (lambda data: json.dumps(data | {"stamp": 7}), "minds is gone"),
        (lambda data: json.dumps(data | {"village": {}}), "regard must be"),
        (lambda data: "[" * 100_000, ""),
    ],
    ids=["cut", "list", "version", "path", "lost", "empty", "deep"],
)
def test_a_damaged_slot_is_told_of_and_stops_nothing(
    assets: Assets, tmp_path: Path, harm: Any, told: str
) -> None:
    game = make(assets, tmp_path)
    press(game, pygame.K_F5, pygame.K_1)
    file = tmp_path / "slot1.json"
    file.write_text(harm(slot_file(tmp_path)), encoding="utf-8")
    assert reload(game, assets, tmp_path) is game
    assert game.card is not None
    assert game.card.rows[0][1] == "cannot be loaded"
    assert told in game.card.lines[0]
    assert game.menu.wanted == 0
    press(game, pygame.K_ESCAPE)
    pass_frames(game, 2)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hour", 99), ("seconds_left", float("nan")), ("pouch", [""]), ("regard", {"greta": 1}),
        ("num_strangers", 5), ("gifts", [{"item": "ale", "start": [1.0], "to": "", "age": 0}]),
        ("player", {"x": 0, "y": 0, "facing": "north"}), ("has_bell", 1), ("seed", True),
        ("clues", [{"keys": [[7]]}]), ("offers", {"greta": 7}),
    ],
    ids=str,
)  # fmt: skip
def test_what_no_village_can_have_been_is_refused(assets: Assets, key: str, value: Any) -> None:
    data = json.loads(json.dumps(SavedVillage.of(new_game(assets).village, seed=4).to_dict()))
    assert SavedVillage.from_dict(data).to_dict() == SavedVillage.from_dict(data).to_dict()
    with pytest.raises(ValueError, match="must be"):
        SavedVillage.from_dict(data | {key: value})


def test_minds_that_cannot_be_read_leave_the_game_as_it_is(assets: Assets, tmp_path: Path) -> None:
    game = make(assets, tmp_path)
    press(game, pygame.K_F5, pygame.K_1)
    (minds,) = tmp_path.glob("slot1-*.npcb")
    minds.write_bytes(b"no save")
    assert reload(game, assets, tmp_path) is game
    assert game.card is not None
    assert "its minds cannot be read" in game.card.lines[0]


def test_a_folder_that_cannot_be_written_is_told(assets: Assets, tmp_path: Path) -> None:
    blocked = tmp_path / "saves"
    blocked.write_text("", encoding="utf-8")
    game = make(assets, blocked)
    press(game, pygame.K_F5, pygame.K_1)
    assert game.card is not None
    assert "cannot be written" in game.card.lines[0]


def test_a_game_that_plays_itself_keeps_nothing(assets: Assets) -> None:
    game = new_game(assets)
    press(game, pygame.K_F5, pygame.K_1)
    assert game.card is not None
    assert game.card.rows == ()
    press(game, pygame.K_F10, pygame.K_1)
    assert game.menu.wanted == 0


def test_what_was_heard_before_saving_is_answered_after_loading(
    assets: Assets, tmp_path: Path
) -> None:
    game = make(assets, tmp_path)
    stand_by(game, "greta")
    say(game, "Good evening!")  # heard, and answered after the save only
    Slots(tmp_path).save(1, game.village, 4)
    fresh = reload(game, assets, tmp_path)
    fresh.card = None
    pass_frames(fresh, 3)
    assert [answer.npc for answer in fresh.tally.answers] == ["greta"]
