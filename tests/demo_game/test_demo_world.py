"""The demonstration game's map and people, as data: no window, no game."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("pygame")

import npcbrain as nb
from demo_game.people.cast import CAST, PERSONAS, PLAYER_START
from demo_game.people.emotion import FACES
from demo_game.playing.autoplay import OPENING
from demo_game.village.tree_words import ROUTINES
from demo_game.world import land
from demo_game.world.flow import FlowMap
from npcbrain.prompting.prompt import EMOTIONS, render

# The map.


def test_every_place_can_be_reached_from_every_other() -> None:
    flow = FlowMap(land.World())
    far = [
        (a, b)
        for a in land.PLACES
        for b in land.PLACES
        if math.isinf(flow.distance(a, *land.PLACES[b]))
    ]
    assert far == []


def test_walking_along_the_field_ends_at_the_place() -> None:
    ground = land.World()
    flow = FlowMap(ground)
    for place, spot in land.PLACES.items():
        x, y = map(float, PLAYER_START)
        for _ in range(2000):
            dx, dy = flow.direction(place, x, y)
            if dx == dy == 0.0:
                break
            x, y = ground.slide(x, y, dx * 1.5, dy * 1.5)
        assert math.dist((x, y), spot) < 3.0, place


def test_nobody_walks_on_water_or_through_walls() -> None:
    ground = land.World()
    assert not ground.is_free(1050, 250)  # the river
    assert not ground.is_free(430, 280)  # the inn
    assert ground.is_free(*land.BRIDGE.center)
    assert ground.slide(*PLAYER_START, 0.0, -9999.0) == PLAYER_START


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
            assert place in land.PLACES
        for arg in ("who", "to"):
            assert set(action.args.get(arg, ())) <= {"player"}
    assert set(persona.lines) == {"greeting", "fallback", "bark", "deed", "thanks"}
    assert len(persona.profile.facts) >= 3  # the story adds what is known of the bell


@pytest.mark.parametrize("name", CAST)
def test_a_persona_leaves_room_for_an_answer_in_the_context(name: str) -> None:
    persona = nb.Persona.load(PERSONAS / f"{name}.json")
    situation = nb.Situation(
        persona.profile, nb.Scene(), nb.Event("speech", "player", "Hello."), persona.actions
    )
    assert len(render(situation).prefix) < 900  # about 250 of the model's 512 tokens


def test_the_script_speaks_to_people_who_exist() -> None:
    assert {line.to for line in OPENING} <= set(CAST)
    assert any(line.stressed for line in OPENING)


def test_every_emotion_of_the_model_has_a_face() -> None:
    assert set(FACES) == set(EMOTIONS)
