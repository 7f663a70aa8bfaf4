"""Tree files that include others: where these are looked for, and what does no harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import Status, Succeed, XmlError, check, compile, dumps, load, loads
from npcbrain.tree import library as library_module
from npcbrain.tree.reload import TreeFile

ROOT = '<root BTCPP_format="4">{}</root>'
TREE = '<BehaviorTree ID="{}">{}</BehaviorTree>'
INCLUDE = '<include path="{}"/>'


def write(path: Path, *parts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ROOT.format("".join(parts)), encoding="utf-8")
    return path


def leaf(id: str, node: str = "AlwaysSuccess") -> str:
    return TREE.format(id, f"<{node}/>")


def use(id: str, inner: str) -> str:
    return TREE.format(id, f'<SubTree ID="{inner}"/>')


def test_a_nested_include_is_beside_the_file_that_holds_it(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "leaf.xml", leaf("Leaf"))
    write(tmp_path / "leaf.xml", leaf("Leaf", "AlwaysFailure"))
    write(tmp_path / "sub" / "part.xml", INCLUDE.format("leaf.xml"), use("Part", "Leaf"))
    main = write(tmp_path / "main.xml", INCLUDE.format("sub/part.xml"), use("Main", "Part"))
    assert compile(load(main), None, HandClock()).tick() is Status.SUCCESS


def test_an_include_may_go_up_again_within_the_outermost_folder(tmp_path: Path) -> None:
    write(tmp_path / "shared.xml", leaf("Shared"))
    write(tmp_path / "a" / "b.xml", INCLUDE.format("../shared.xml"), use("B", "Shared"))
    main = write(tmp_path / "main.xml", INCLUDE.format("a/b.xml"), use("Main", "B"))
    assert compile(load(main), None, HandClock()).tick() is Status.SUCCESS
    with pytest.raises(XmlError, match=r"^include must stay in the folder, got '\.\./shared\.xml'"):
        load(tmp_path / "a" / "b.xml")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_followed_from_where_it_lies_and_no_further_than_the_folder(
    tmp_path: Path,
) -> None:
    write(tmp_path / "secret.xml", leaf("Secret"))
    write(tmp_path / "game" / "far" / "part.xml", INCLUDE.format("leaf.xml"), use("Part", "Leaf"))
    write(tmp_path / "game" / "leaf.xml", leaf("Leaf"))
    (tmp_path / "game" / "near.xml").symlink_to(tmp_path / "game" / "far" / "part.xml")
    (tmp_path / "game" / "out.xml").symlink_to(tmp_path / "secret.xml")
    main = tmp_path / "game" / "main.xml"
    write(main, INCLUDE.format("near.xml"), use("Main", "Part"))
    assert compile(load(main), None, HandClock()).tick() is Status.SUCCESS
    write(main, INCLUDE.format("out.xml"), leaf("Main"))
    with pytest.raises(XmlError, match=r"^include must stay in the folder, got 'out\.xml'"):
        load(main)


def test_circles_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", INCLUDE.format("b.xml"), INCLUDE.format("a.xml"), leaf("A"))
    write(tmp_path / "b.xml", INCLUDE.format("a.xml"), leaf("B"))
    assert load(tmp_path / "a.xml") == Succeed()
    data = (tmp_path / "a.xml").read_bytes()
    assert check(data, file="a.xml", folder=tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_in_circles_do_no_harm_either(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path)
    (tmp_path / "loop.xml").symlink_to(tmp_path / "loop.xml")
    main = write(tmp_path / "main.xml", INCLUDE.format("here/here/main.xml"), leaf("Main"))
    assert load(main) == Succeed()
    write(main, INCLUDE.format("loop.xml"), leaf("Main"))
    with pytest.raises(XmlError, match=r"^included file must be readable, got 'loop\.xml' - at m"):
        load(main)
    with pytest.raises(TreeError, match=r"^tree file must be readable, got 'Too many levels"):
        load(tmp_path / "loop.xml")


def test_a_hundred_files_are_included_in_each_other(tmp_path: Path) -> None:
    for number in range(100):
        parts = [INCLUDE.format(f"{number + 1}.xml"), use(f"T{number}", f"T{number + 1}")]
        write(tmp_path / f"{number}.xml", *parts)
    write(tmp_path / "100.xml", leaf("T100"))
    assert load(tmp_path / "0.xml", tree="T50") is not None


def test_more_files_than_anybody_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "MAX_FILES", 40)
    includes = "".join(INCLUDE.format(f"{number}.xml") for number in range(41))
    for number in range(41):
        write(tmp_path / f"{number}.xml", leaf(f"T{number}"))
    main = write(tmp_path / "main.xml", includes, leaf("Main"))
    with pytest.raises(XmlError, match=r"^included files must be at most 40, got '40\.xml' - at"):
        load(main)


@pytest.mark.parametrize(
    ("limit", "value", "rule"),
    [
        ("MAX_ALL_BYTES", 900, "tree files must be at most 900 bytes in all"),
        ("MAX_ALL_ELEMENTS", 12, "elements must be fewer, in all files that are included together"),
    ],
)
def test_what_all_files_hold_is_limited_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, rule: str
) -> None:
    monkeypatch.setattr(library_module, limit, value)
    for number in range(9):
        write(tmp_path / f"{number}.xml", leaf(f"T{number}"))
    includes = [INCLUDE.format(f"{number}.xml") for number in range(9)]
    main = write(tmp_path / "main.xml", *includes, leaf("Main"))
    with pytest.raises(XmlError, match=f"^{rule}"):
        load(main)


def test_a_files_own_tree_goes_before_one_that_it_includes(tmp_path: Path) -> None:
    write(tmp_path / "shared.xml", leaf("Leaf", "AlwaysFailure"))
    main = write(
        tmp_path / "main.xml", leaf("Leaf"), INCLUDE.format("shared.xml"), use("Main", "Leaf")
    )
    definition = load(main, tree="Main")
    assert compile(definition, None, HandClock()).tick() is Status.SUCCESS
    assert loads(dumps(definition)) == definition


def test_every_broken_file_is_told_about(tmp_path: Path) -> None:
    write(tmp_path / "one.xml", "<BehaviorTree>")
    write(tmp_path / "two.xml", TREE.format("Two", "<Fly/>"))
    includes = [INCLUDE.format(name) for name in ("one.xml", "two.xml", "none.xml")]
    data = ROOT.format("".join([*includes, leaf("Main")]))
    files = [fault.file for fault in check(data, file="main.xml", folder=tmp_path)]
    assert files == ["main.xml", "one.xml", "two.xml"]


def test_a_package_of_ros_is_not_looked_for_beside_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", leaf("A"))
    main = write(tmp_path / "main.xml", '<include ros_pkg="nav" path="a.xml"/>', leaf("Main"))
    with pytest.raises(XmlError, match=r"^ros_pkg of include must not be there, got 'nav' - at ma"):
        load(main)


PROJECT = (
    '<root BTCPP_format="4" project_name="Village"><include path="trees/greta.xml"/>'
    '<include path="trees/pip.xml"/>'
    "<!-- Description of Node Models (used by Groot) -->"
    '<TreeNodesModel><Action ID="Wave" editable="true"><input_port name="to" default="">whom'
    '</input_port></Action><SubTree ID="Greet" editable="true"/></TreeNodesModel></root>'
)


def test_a_project_of_groot_is_a_tree_file_too(tmp_path: Path) -> None:
    write(tmp_path / "trees" / "greta.xml", use("Greta", "Greet"), leaf("Greet"))
    write(tmp_path / "trees" / "pip.xml", use("Pip", "Greet"))
    project = tmp_path / "village.btproj"
    project.write_text(PROJECT, encoding="utf-8")
    assert check(project.read_bytes(), file=project.name, folder=tmp_path) == []
    definition = load(project, tree="Pip")
    assert compile(definition, None, HandClock()).tick() is Status.SUCCESS
    saved = dumps(definition)
    assert 'project_name="Village"' in saved
    assert ">whom</input_port>" in saved
    assert loads(saved) == definition


def test_a_file_that_is_included_deep_inside_is_watched(tmp_path: Path) -> None:
    inner = write(tmp_path / "sub" / "leaf.xml", leaf("Leaf"))
    write(tmp_path / "sub" / "part.xml", INCLUDE.format("leaf.xml"), use("Part", "Leaf"))
    main = write(tmp_path / "main.xml", INCLUDE.format("sub/part.xml"), use("Main", "Part"))
    file = TreeFile(main)
    write(inner, leaf("Leaf", "AlwaysFailure"))
    os.utime(inner, (1, 1))
    assert file.poll() is True
