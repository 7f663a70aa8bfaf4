"""The demonstration game's view of minds: trees that tick, hand-overs, files that are edited."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pygame = pytest.importorskip("pygame")

from minds import HandDrivenMind  # noqa: E402
from playing import SCREEN, key, new_game, say, stand_by  # noqa: E402

from demo_game.panels.handovers import SAMPLE_FRAMES, Charge  # noqa: E402
from demo_game.panels.tree_layout import lay_out  # noqa: E402
from demo_game.playing.controls import Command  # noqa: E402
from demo_game.playing.game import Game  # noqa: E402
from demo_game.village.assets import Assets  # noqa: E402
from demo_game.village.mishap import Mishap, read_mishap  # noqa: E402
from demo_game.village.tree_words import ROUTINES, TREES  # noqa: E402
from npcbrain.clock import SystemClock  # noqa: E402
from npcbrain.errors import TreeError  # noqa: E402
from npcbrain.situation import Decision  # noqa: E402
from npcbrain.tree import (  # noqa: E402
    Concurrent,
    Cooldown,
    Inverter,
    Node,
    Selector,
    Sequence,
    Status,
    Succeed,
    TreeFile,
    Wait,
    compile,
)

WIDTH = 332
POLLS = 40  # frames in which every file is looked at once


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TREES, tmp_path / "trees"))


@pytest.fixture
def game(assets: Assets, trees: Path) -> Game:
    return new_game(assets, trees=trees)


def play(game: Game, num_frames: int) -> None:
    for _ in range(num_frames):
        game.frame()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def click(game: Game, name: str) -> None:
    x, y = game.village.villagers[name].body.position
    event = pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(round(x), round(y) - 10))
    pygame.event.post(event)
    game.frame()


# Choosing whom to look into.


def test_a_click_on_somebody_opens_the_panel_about_them(game: Game) -> None:
    click(game, "borin")
    assert (game.view.mind.is_open, game.selected.name) == (True, "borin")


def test_a_click_on_grass_changes_nothing(game: Game) -> None:
    game.do(Command("click", spot=(600, 20)))
    assert (game.view.mind.is_open, game.selected.name) == (False, "greta")


def test_a_click_on_the_panel_does_not_reach_who_stands_behind_it(game: Game) -> None:
    game.press(key(pygame.K_F4))
    game.frame()
    assert game.view.mind.area.collidepoint(1076, 530)
    game.do(Command("click", spot=(1076, 530)))
    assert game.selected.name == "greta"


def test_a_key_opens_and_closes_the_panel(game: Game) -> None:
    game.press(key(pygame.K_F4))
    assert game.view.mind.is_open
    game.press(key(pygame.K_F4))
    assert not game.view.mind.is_open


def test_the_panel_is_about_whom_one_talks_to(game: Game) -> None:
    stand_by(game, "mira")
    say(game, "Hello!")
    assert game.selected.name == "mira"


@pytest.mark.parametrize("name", ["greta", "borin", "tam", "edda", "willow", "pip", "mira"])
def test_the_panel_does_not_hide_whom_it_is_about(game: Game, name: str) -> None:
    click(game, name)
    play(game, 2)
    area = game.view.mind.area
    assert not area.collidepoint(game.selected.body.position)
    assert not area.colliderect(game.view.hud.area)
    assert pygame.Rect((0, 0), SCREEN).contains(area)


# Where the nodes stand.


def nodes_of(root: Node) -> Any:
    return compile(root, None, SystemClock()).nodes


def some_node() -> st.SearchStrategy[Node]:
    names = st.sampled_from(["", "go", "a rather long name of a branch", "x" * 60])
    leaves = st.builds(Succeed, names) | st.builds(Wait, st.just(2500.0), names)

    def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(inner, min_size=1, max_size=5)
        return st.one_of(
            st.builds(
                lambda kind, kids, name: kind(*kids, name=name),
                st.sampled_from([Sequence, Selector, Concurrent]),
                several,
                names,
            ),
            st.builds(Inverter, inner),
            st.builds(lambda child: Cooldown(child, 10), inner),
        )

    return st.recursive(leaves, grow, max_leaves=24)


@settings(max_examples=60, deadline=None)
@given(some_node())
def test_every_node_is_in_one_box_and_no_two_boxes_touch(root: Node) -> None:
    nodes = nodes_of(root)
    layout = lay_out(nodes, WIDTH, lambda text, bold: 7 * len(text))
    shown = [n for box in layout.boxes for n in (*box.wraps, box.number)]
    assert sorted(shown) == list(range(len(nodes)))
    rects = [pygame.Rect(box.x, box.y, box.width, box.height) for box in layout.boxes]
    for a, b in itertools.combinations(rects, 2):
        assert not a.colliderect(b)
    assert all(rect.bottom <= layout.height for rect in rects)


@pytest.mark.parametrize("name", sorted(ROUTINES))
def test_the_villages_trees_fit_the_panel(game: Game, name: str) -> None:
    click(game, name)
    play(game, 2)
    nodes = game.selected.npc.tree.nodes
    layout = lay_out(nodes, WIDTH, lambda text, bold: (7 if bold else 6) * len(text))
    chips = [box for box in layout.boxes if not box.is_branch]
    assert all(box.x + box.width <= WIDTH for box in chips)
    assert game.view.mind.area.height < SCREEN[1] - 60


def test_a_huge_tree_is_cut_and_the_panel_stays_on_the_screen(game: Game, trees: Path) -> None:
    many = "".join(
        f'<Sequence name="s{i}"><IsNight/><Sleep msec="9"/></Sequence>' for i in range(90)
    )
    edit(trees / "greta.xml", '<Concurrent name="greta">', f'<Concurrent name="greta">{many}')
    game.press(key(pygame.K_F4))
    play(game, POLLS)
    assert len(game.selected.npc.tree.nodes) > 300
    assert pygame.Rect((0, 0), SCREEN).contains(game.view.mind.area)


# Who has the word.


def with_mind(game: Game) -> HandDrivenMind:
    mind = HandDrivenMind()
    for villager in game.village.villagers.values():
        villager.npc._host.mind = mind  # the door that tests have instead of a model
    return mind


def hear(game: Game) -> None:
    """As a runtime with a model does at the end of a frame."""
    for villager in game.village.villagers.values():
        villager.npc.listen()


def test_the_past_tells_who_was_in_charge(game: Game) -> None:
    mind = with_mind(game)
    stand_by(game, "greta")
    greta = game.village.villagers["greta"]
    assert game.view.overs.charge(greta) is Charge.DAY
    say(game, "An ale, please.")
    play(game, SAMPLE_FRAMES)
    assert game.view.overs.charges("greta")[-1] is Charge.THINKING
    mind.ideas[-1].choose("give", item="ale", to="player")
    hear(game)
    play(game, SAMPLE_FRAMES)
    assert game.view.overs.charges("greta")[-1] is Charge.MODEL
    mind.ideas[-1].fail("expired")
    hear(game)
    play(game, SAMPLE_FRAMES)
    assert game.view.overs.charges("greta")[-1] is Charge.TREE


def test_a_hand_over_is_noted_with_the_deed_and_the_reason(game: Game) -> None:
    stand_by(game, "greta")
    say(game, "Good evening!")
    play(game, 2)
    over = game.view.overs.last("greta")
    assert over is not None
    assert (over.npc, over.by_model, over.reason) == ("greta", False, "no_model")


def test_a_deed_of_the_model_with_words_of_the_tree_is_both(game: Game) -> None:
    mind = with_mind(game)
    game.press(key(pygame.K_F4))
    stand_by(game, "greta")
    say(game, "An ale, please.")
    play(game, 2)
    mind.ideas[-1].choose("give", item="ale", to="player")
    hear(game)
    play(game, 2)
    mind.ideas[-1].fail("expired")
    hear(game)
    play(game, 2)
    over = game.view.overs.last("greta")
    assert over is not None
    assert (over.action, over.by_model, over.reason) == ("give", True, "expired")
    assert [gift.item for gift in game.village.deeds.gifts] == ["ale"]


def test_who_is_too_far_away_is_refused_by_the_game_and_answered_by_the_tree(game: Game) -> None:
    mind = with_mind(game)
    tam = game.village.villagers["tam"].npc
    tam.hear("A trout, please.")
    game.frame()
    mind.ideas[-1].succeed(Decision("give", {"item": "trout", "to": "player"}, say="Here."))
    hear(game)
    play(game, 2)
    over = game.view.overs.last("tam")
    assert over is not None
    assert (over.by_model, over.reason) == (False, "guarded")
    assert game.village.deeds.gifts == []


# Files that are edited while the game runs.


def test_saving_a_file_changes_the_running_game(game: Game, trees: Path) -> None:
    mira = game.village.villagers["mira"].npc
    play(game, 5)
    edit(trees / "mira.xml", 'place="market"', 'place="old oak"')
    play(game, POLLS)
    assert "old oak" in [node.detail for node in mira.tree.nodes]
    assert game.village.trees.mishap is None


def test_what_runs_goes_on_where_the_file_is_the_same(game: Game, trees: Path) -> None:
    borin = game.village.villagers["borin"].npc
    play(game, 5)
    assert borin.tree.status_of("day") is Status.RUNNING
    edit(trees / "borin.xml", 'msec="6000"', 'msec="9000"')
    before = [node.path for node, status in borin.tree.statuses if status is Status.RUNNING]
    play(game, POLLS)
    assert [node.path for node, status in borin.tree.statuses if status is Status.RUNNING] == before


def test_a_broken_file_leaves_the_old_tree_running_until_it_is_mended(
    game: Game, trees: Path
) -> None:
    mira = game.village.villagers["mira"].npc
    nodes = mira.tree.nodes
    edit(trees / "mira.xml", "<SeesPlayer/>", "<SeePlayer/>")
    play(game, POLLS)
    assert game.village.trees.mishap == Mishap(
        "mira.xml",
        37,
        15,
        "node must be known, got 'SeePlayer'",
        "did you mean 'SeesPlayer'?",
        "              <SeePlayer/>",
        0,
    )
    assert mira.tree.nodes is nodes
    assert game.village.trees.title("mira") == "trees/mira.xml: broken, the old tree goes on"
    edit(trees / "mira.xml", "<SeePlayer/>", "<SeesPlayer/>")
    play(game, POLLS)
    assert game.village.trees.mishap is None
    assert game.village.trees.title("mira") == "trees/mira.xml"


def test_the_shared_file_changes_everybody(game: Game, trees: Path) -> None:
    edit(trees / "common.xml", 'ttl_ms="{patience}"', 'ttl_ms="1500"')
    play(game, POLLS)
    for villager in game.village.villagers.values():
        assert "1.5 s" in [node.detail for node in villager.npc.tree.nodes]


def test_a_value_given_to_a_shared_part_is_taken_on(game: Game, trees: Path) -> None:
    board = game.village.villagers["pip"].npc.blackboard
    assert board["Mind/patience"] == 2000
    edit(trees / "pip.xml", 'patience="2000"', 'patience="800"')
    play(game, POLLS)
    assert board["Mind/patience"] == 800


def test_a_fault_in_the_shared_file_is_shown_with_its_own_line(game: Game, trees: Path) -> None:
    edit(trees / "common.xml", "<IsTalking/>", "<IsTalking>")
    play(game, POLLS)
    mishap = game.village.trees.mishap
    assert mishap is not None
    assert (mishap.file, mishap.source.strip()) == ("common.xml", "</ReactiveSequence>")


def test_a_file_that_is_deleted_stops_nothing(game: Game, trees: Path) -> None:
    (trees / "pip.xml").unlink()
    play(game, POLLS)
    mishap = game.village.trees.mishap
    assert mishap is not None
    assert mishap.file == "pip.xml"
    assert mishap.what.startswith("tree file must be readable, got 'No such file or directory'")


def test_a_village_does_not_begin_with_a_broken_file(assets: Assets, trees: Path) -> None:
    edit(trees / "edda.xml", "<IsNight/>", "<IsNight>")
    with pytest.raises(TreeError, match=r"^file must be well-formed XML"):
        new_game(assets, trees=trees)


def test_a_message_in_another_form_is_shown_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.xml"
    path.write_text('<root BTCPP_format="4"><BehaviorTree ID="A"><Fly/></BehaviorTree></root>')
    with pytest.raises(TreeError):
        TreeFile(path)
    assert read_mishap("gone", (), path) == Mishap("t.xml", 0, 0, "gone", "", "", 0)
