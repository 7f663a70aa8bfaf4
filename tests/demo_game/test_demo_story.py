"""The mystery of the shrine bell: who tells what, what deeds change, and how it ends."""

from __future__ import annotations

import pytest

pygame = pytest.importorskip("pygame")

from playing import new_game  # noqa: E402

import npcbrain as nb  # noqa: E402
from demo_game.people.cast import CAST, PERSONAS  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.story.case import CULPRITS, HIDEOUTS, make_case  # noqa: E402
from demo_game.story.ending import EndingKind  # noqa: E402
from demo_game.story.mystery import BELL, SECONDS, Mystery  # noqa: E402
from demo_game.story.temper import WANTS  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402
from demo_game.world.land import PLACES  # noqa: E402
from npcbrain.prompting.prompt import render  # noqa: E402

BASE = {name: nb.Persona.load(PERSONAS / f"{name}.json") for name in CAST}
SEEDS = range(12)


def mystery(seed: int = 4) -> Mystery:
    return Mystery(make_case(seed), BASE)


def innocent_holders(story: Mystery) -> set[str]:
    return {clue.holder for clue in story.case.clues} - {story.case.culprit}


# Cases.


def test_the_same_seed_makes_the_same_case_and_the_next_another_culprit() -> None:
    assert make_case(5) == make_case(5)
    assert {make_case(seed).culprit for seed in range(4)} == set(CULPRITS)
    assert all(make_case(seed).culprit != make_case(seed + 1).culprit for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_case_can_be_solved_and_has_somebody_innocent_to_suspect(seed: int) -> None:
    case = make_case(seed)
    true = [clue for clue in case.clues if clue.kind != "lie"]
    against = [clue for clue in true if clue.points_to == case.culprit]
    assert len({clue.holder for clue in against}) >= 3
    assert all(clue.holder != case.culprit for clue in true)
    assert [clue.place for clue in true if clue.place] == [case.place]
    lies = [clue for clue in case.clues if clue.kind == "lie"]
    assert {clue.holder for clue in lies} == {case.culprit}
    assert any(clue.points_to not in ("", case.culprit) for clue in lies)
    assert case.place in HIDEOUTS
    assert HIDEOUTS[case.place].what in " ".join(case.confession)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clue_said_as_it_is_written_is_heard_and_small_talk_is_not(seed: int) -> None:
    for clue in make_case(seed).clues:
        assert clue.is_told_by(clue.text), clue
        assert not clue.is_told_by("Good evening. Nothing to tell today, mind the sparks!"), clue


@pytest.mark.parametrize("seed", range(4))
def test_every_state_of_a_persona_is_one_that_npcbrain_reads(seed: int) -> None:
    for regard in (-3, 0, 2):
        story = mystery(seed)
        for clue in story.case.clues:
            story.journal.add(clue)
        story.regard = dict.fromkeys(story.regard, regard)
        story.take_gift("greta", "salve")  # makes all anew
        for name in CAST:
            persona = story.persona(name)
            assert nb.Persona.from_dict(persona.to_dict()) == persona
            situation = nb.Situation(
                persona.profile, nb.Scene(), nb.Event("speech", "player", "Hello."), persona.actions
            )
            assert len(render(situation).prefix) < 900  # about 250 of the model's 512 tokens


# Who tells.


def test_who_wants_a_gift_first_tells_after_it() -> None:
    story = mystery(6)
    name = next(n for n in innocent_holders(story) if not story.tells(n))
    facts = story.persona(name).profile.facts
    clue = story.case.held_by(name)[0]
    assert clue.text not in facts
    assert story.hear(name, clue.text) == ()  # nobody can tell what is not in the persona
    story.take_gift(name, "salve")
    assert name in story.outdated
    assert clue.text in story.persona(name).profile.facts
    assert story.hear(name, clue.text) == (clue,)
    assert story.hear(name, clue.text) == ()


def test_who_is_struck_tells_nothing_and_witnesses_like_it_as_little() -> None:
    story = mystery(4)
    assert story.tells("edda")
    assert story.tells("tam")
    story.strike("edda", ["tam"])
    assert story.tells("edda") == story.tells("tam") == ()
    assert "with you" in story.persona("edda").profile.facts[0]
    story.take_gift("tam", WANTS["tam"])
    assert story.tells("tam")


def test_the_silent_say_nothing_and_the_others_send_one_to_somebody_who_tells() -> None:
    story = mystery(7)
    assert story.persona("borin").profile.facts[0].endswith("say nothing yet.")
    first = story.persona("greta").profile.facts[0]
    assert first.startswith("Ask ")
    assert story.tells(first.split()[1].lower())


@pytest.mark.parametrize("seed", range(4))
def test_the_culprit_lies_until_it_is_known_and_treated_well(seed: int) -> None:
    story = mystery(seed)
    culprit = story.case.culprit
    lies = {clue.text for clue in story.case.held_by(culprit)}
    assert lies <= set(story.persona(culprit).profile.facts)
    for clue in story.case.clues:
        if clue.points_to == culprit and clue.kind in ("trace", "sight"):
            story.journal.add(clue)
    story.take_gift(culprit, WANTS[culprit])
    facts = story.persona(culprit).profile.facts
    assert facts[:2] == story.case.confession
    assert lies.isdisjoint(facts)
    assert "lead" in {action.name for action in story.persona(culprit).actions}
    story.hear(culprit, story.case.confession[1])
    assert story.search(story.case.place) == "You have found the shrine bell!"


# The guard, and endings.


def test_the_guard_accuses_those_alone_against_whom_two_things_are_known() -> None:
    story = mystery(4)
    assert "accuse" not in {action.name for action in story.persona("edda").actions}
    story.accuse("Pip")
    assert story.accused == ""
    for clue in story.case.clues:
        story.journal.add(clue)
    story.take_gift("edda", "salve")
    (accuse,) = [a for a in story.persona("edda").actions if a.name == "accuse"]
    assert accuse.args["who"] == ("Mira", "Pip")  # a lie counts like a truth


@pytest.mark.parametrize("seed", range(4))
def test_three_endings(seed: int) -> None:
    endings = []
    for who in (0, 1, 2, 3):
        story = mystery(seed)
        for clue in story.case.clues:
            story.journal.add(clue)
        wrong = next(name for name in story.journal.suspects if name != story.case.culprit)
        if who == 0:
            story.accuse(story.case.culprit.capitalize())
            story.confirm()
        elif who == 1:
            story.accuse(wrong.capitalize())
            story.confirm()
        elif who == 2:
            story.search(story.case.place)
            story.search("shrine")
        else:
            story.update(SECONDS)
        assert story.ending is not None
        endings.append(story.ending.kind)
    silence = EndingKind.SILENCE
    assert endings == [EndingKind.JUSTICE, silence, EndingKind.MERCY, silence]


def test_an_accusation_can_be_withdrawn() -> None:
    story = mystery(4)
    for clue in story.case.clues:
        story.journal.add(clue)
    story.accuse("Mira")
    story.withdraw()
    story.confirm()
    assert story.ending is None


def test_a_place_is_searched_in_vain_until_somebody_speaks_of_it_or_opens_it() -> None:
    story = mystery(4)
    assert "could open it" in story.search(story.case.place)
    assert not story.journal.has_bell
    assert story.look_into(story.case.place) == "You have found the shrine bell!"
    assert "holds no bell" in story.look_into("forge" if story.case.place != "forge" else "inn")


# In the village, with nobody but trees to answer.


@pytest.fixture
def game(assets: Assets) -> Game:
    return new_game(assets, seed=4)


def pass_frames(game: Game, count: int) -> None:
    """Lets time pass without pictures: they change nothing."""
    for _ in range(count):
        game.village.update(1 / 60)
        game.village.think(4.0)


def meet(game: Game, name: str) -> None:
    body, player = game.village.villagers[name].body, game.village.player.body
    player.x, player.y = body.x, body.y + 20


def ask(game: Game, name: str, line: str) -> nb.Decision:
    meet(game, name)
    game.village.speak(game.village.villagers[name], line)
    pass_frames(game, 4)
    decision = game.village.villagers[name].npc.decision
    assert decision is not None
    return decision


def test_a_plain_question_brings_a_clue_into_the_notebook(game: Game) -> None:
    decision = ask(game, "tam", "What do you know about the bell?")
    assert decision.source == "tree"
    (note,) = game.village.mystery.journal.notes
    assert (note.who, note.points_to, note.text) == ("tam", "pip", decision.say)


def test_what_is_asked_for_is_given_and_what_is_given_is_remembered(game: Game) -> None:
    ask(game, "tam", "Give me a trout, please.")
    pass_frames(game, 130)
    assert game.village.player.pouch == ["trout"]
    meet(game, "greta")
    greta = game.village.villagers["greta"]
    assert game.village.offer(greta, 0)
    pass_frames(game, 4)
    assert game.village.player.pouch == []
    assert game.village.mystery.regard["greta"] == 2
    assert any("gave me a trout" in entry.text for entry in greta.npc.memory)
    assert greta.npc.decision is not None
    assert greta.npc.decision.say in BASE["greta"].lines["thanks"]


def test_who_fetches_something_brings_it(game: Game) -> None:
    assert ask(game, "willow", "Fetch me some blue mint.").action == "fetch"
    for _ in range(40):
        pass_frames(game, 60)
        if "blue mint" in game.village.player.pouch:
            break
    assert "blue mint" in game.village.player.pouch


def test_who_leads_waits_for_the_player_and_shows_what_is_there(game: Game) -> None:
    assert ask(game, "edda", "Lead me to the shrine!").action == "lead"
    edda, player = game.village.villagers["edda"].body, game.village.player.body
    player.x, player.y = 300.0, 392.0
    pass_frames(game, 600)
    assert edda.distance(player) < 220
    for _ in range(60):
        player.x, player.y = edda.x, edda.y + 20
        pass_frames(game, 30)
        if game.village.mystery.journal.notes:
            break
    assert game.village.mystery.journal.notes[0].points_to == "pip"


def test_a_blow_is_answered_by_temper_and_seen_by_others(game: Game) -> None:
    meet(game, "borin")
    borin, willow = (game.village.villagers[name] for name in ("borin", "willow"))
    willow.body.x, willow.body.y = borin.body.x + 40, borin.body.y
    before = game.village.player.body.position
    game.village.strike(borin)
    pass_frames(game, 30)
    assert borin.npc.decision is not None
    assert borin.npc.decision.action == "attack"
    assert game.village.player.body.position != before
    assert any("strike Borin" in entry.text for entry in willow.npc.memory)
    assert game.village.mystery.regard["willow"] < 0


def test_who_likes_the_player_opens_what_is_shut(game: Game) -> None:
    assert ask(game, "mira", "Open the strongbox!").action != "open"
    game.village.mystery.take_gift("mira", "salve")
    pass_frames(game, 4)
    assert ask(game, "mira", "Open the strongbox!").action == "open"
    for _ in range(30):
        pass_frames(game, 30)
        meet(game, "mira")
    assert any("strongbox" in note.text for note in game.village.mystery.journal.notes)


def test_the_story_ends_in_justice_with_trees_alone(game: Game) -> None:
    ask(game, "tam", "What do you know about the bell?")
    ask(game, "edda", "What do you know about the bell?")
    assert ask(game, "edda", "I accuse Pip!").action == "accuse"
    assert game.village.mystery.accused == "pip"
    game.village.mystery.confirm()
    assert game.village.mystery.ending is not None
    assert game.village.mystery.ending.kind is EndingKind.JUSTICE


def test_the_story_ends_in_mercy_with_trees_alone(game: Game) -> None:
    place = next(clue for clue in game.village.mystery.case.clues if clue.place)
    game.village.mystery.take_gift(place.holder, "salve")
    pass_frames(game, 4)
    ask(game, place.holder, "What do you know about the bell?")
    player = game.village.player
    for spot in (place.place, "shrine"):
        player.body.x, player.body.y = map(float, PLACES[spot])
        game.village.search()
        game.village.take_happenings()
    assert BELL in player.pouch
    assert game.village.mystery.ending is not None
    assert game.village.mystery.ending.kind is EndingKind.MERCY
