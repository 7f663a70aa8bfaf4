"""The tree files of the demonstration game, and files that include others."""

from __future__ import annotations

from pathlib import Path

import pytest

from npcbrain.npcs.vocabulary import registry
from npcbrain.tree import Fail, Succeed, XmlError, check, dump_model, load, loads

MAIN = (
    '<root BTCPP_format="4" main_tree_to_execute="Main"><include path="{}"/>'
    '<BehaviorTree ID="Main"><SubTree ID="Shared"/></BehaviorTree></root>'
)
SHARED = '<root BTCPP_format="4"><BehaviorTree ID="Shared">{}</BehaviorTree></root>'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_villager_has_a_tree_file_without_faults() -> None:
    pytest.importorskip("pygame")
    from demo_game.people.cast import CAST
    from demo_game.village.tree_words import ROUTINES, words

    assert set(ROUTINES) == set(CAST)
    known = words()
    for path in ROUTINES.values():
        assert check(path.read_bytes(), known, file=path.name, folder=path.parent) == []


def test_the_villagers_files_declare_their_nodes_as_the_game_has_them() -> None:
    """So that Groot2 shows them, and ``npcbrain tree check`` knows them without the game."""
    pytest.importorskip("pygame")
    from demo_game.village.tree_words import TREES, words

    assert (TREES / "nodes.xml").read_text(encoding="utf-8") == dump_model(words())
    for path in TREES.glob("*.xml"):
        assert check(path.read_bytes(), registry(), file=path.name, folder=path.parent) == []


def test_a_file_that_declares_nodes_and_holds_no_tree_can_be_checked_and_not_run() -> None:
    text = '<root BTCPP_format="4"><TreeNodesModel><Action ID="Wave"/></TreeNodesModel></root>'
    assert check(text) == []
    with pytest.raises(XmlError, match=r"^root must hold a BehaviorTree, got \[\] - at tree\.xml"):
        loads(text)


def test_a_file_may_include_the_trees_of_others_below_it(tmp_path: Path) -> None:
    write(tmp_path / "parts" / "shared.xml", SHARED.format("<AlwaysFailure/>"))
    definition = load(write(tmp_path / "main.xml", MAIN.format("parts/shared.xml")))
    assert definition.child == Fail()  # type: ignore[attr-defined]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    shared = SHARED.replace("<Beh", '<include path="shared.xml"/><Beh')
    write(tmp_path / "shared.xml", shared.format("<AlwaysSuccess/>"))
    definition = load(write(tmp_path / "main.xml", MAIN.format("shared.xml")))
    assert definition.child == Succeed()  # type: ignore[attr-defined]


def test_a_fault_in_an_included_file_is_told_with_its_place(tmp_path: Path) -> None:
    write(tmp_path / "shared.xml", SHARED.format("\n<Sucess/>"))
    path = write(tmp_path / "main.xml", MAIN.format("shared.xml"))
    with pytest.raises(XmlError, match=r"^node must be known, got 'Sucess' - at shared\.xml:2:1"):
        load(path)


@pytest.mark.parametrize("path", ["../secret.xml", "/etc/passwd", "a/../../secret.xml"])
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, path: str) -> None:
    write(tmp_path / "secret.xml", SHARED.format("<AlwaysSuccess/>"))
    main = write(tmp_path / "trees" / "main.xml", MAIN.format(path))
    with pytest.raises(XmlError, match=r"^include must stay in the folder, got '.*main\.xml:1:61"):
        load(main)


def test_an_included_file_that_is_missing_is_named(tmp_path: Path) -> None:
    main = write(tmp_path / "main.xml", MAIN.format("none.xml"))
    with pytest.raises(XmlError, match=r"^included file must be readable, got 'none\.xml' - at ma"):
        load(main)
