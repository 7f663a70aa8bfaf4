"""The demonstration game's map and people, as data: no window, no game."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("pygame")

import npcbrain as nb
from demo_game import world
from demo_game.autoplay import SCRIPT
from demo_game.cast import CAST, PERSONAS, PLAYER_START
from demo_game.emotion import FACES
from demo_game.flow import FlowMap
from demo_game.trees import ROUTINES
from npcbrain.prompting.prompt import EMOTIONS, render

# The map.


def test_every_place_can_be_reached_from_every_other() -> None:
    flow = FlowMap(world.World())
    far = [
        (a, b)
        for a in world.PLACES
        for b in world.PLACES
        if math.isinf(flow.distance(a, *world.PLACES[b]))
    ]
    assert far == []


def test_walking_along_the_field_ends_at_the_place() -> None:
    land = world.World()
    flow = FlowMap(land)
    for place, spot in world.PLACES.items():
        x, y = map(float, PLAYER_START)
        for _ in range(2000):
            dx, dy = flow.direction(place, x, y)
            if dx == dy == 0.0:
                break
            x, y = land.slide(x, y, dx * 1.5, dy * 1.5)
        assert math.dist((x, y), spot) < 3.0, place


def test_nobody_walks_on_water_or_through_walls() -> None:
    land = world.World()
    assert not land.is_free(1050, 250)  # the river
    assert not land.is_free(430, 280)  # the inn
    assert land.is_free(*world.BRIDGE.center)
    assert land.slide(*PLAYER_START, 0.0, -9999.0) == PLAYER_START


# The people.


def test_each_villager_has_a_persona_and_a_day_of_its_own() -> None:
    files = {path.stem for path in PERSONAS.glob("*.json")}
    assert files == set(CAST) == set(ROUTINES)
    assert len(CAST) >= 5


@pytest.mark.parametrize("name", CAST)
def test_a_persona_names_only_what_the_village_has(name: str) -> None:
    persona = nb.Persona.load(PERSONAS / f"{name}.json")
    for action in persona.actions:
        for place in action.args.get("place", ()):
            assert place in world.PLACES
        for arg in ("who", "to"):
            assert set(action.args.get(arg, ())) <= {"player"}
    assert set(persona.lines) == {"greeting", "fallback", "bark"}
    assert len(persona.profile.facts) >= 4


@pytest.mark.parametrize("name", CAST)
def test_a_persona_leaves_room_for_an_answer_in_the_context(name: str) -> None:
    persona = nb.Persona.load(PERSONAS / f"{name}.json")
    situation = nb.Situation(
        persona.profile, nb.Scene(), nb.Event("speech", "player", "Hello."), persona.actions
    )
    assert len(render(situation).prefix) < 900  # about 250 of the model's 512 tokens


def test_the_script_speaks_to_people_who_exist() -> None:
    assert {line.to for line in SCRIPT} <= set(CAST)
    assert any(line.stressed for line in SCRIPT)


def test_every_emotion_of_the_model_has_a_face() -> None:
    assert set(FACES) == set(EMOTIONS)
