"""Promises of ``commands.tree``: what the commands about trees print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from npcbrain.clock import SystemClock
from npcbrain.commands.main import main
from npcbrain.tree import Fail, Registry, Selector, Succeed, compile, svg

TREES = Path(__file__).parents[1] / "tree_files"
BROKEN = TREES / "broken"


def game_words() -> Registry:
    words = Registry()
    words.action("Fly", lambda owner: None)
    return words


NOT_A_REGISTRY = 3


def output_of(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> list[str]:
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    return (captured.out or captured.err).splitlines()


def test_check_of_good_files_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    files = (TREES / "all_nodes.xml", TREES / "crossing.xml")
    assert output_of(capsys, "tree", "check", *files) == ["2 files, no faults"]


def test_check_prints_each_fault_on_a_line_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    files = [BROKEN / f"{name}.xml" for name in ("typo", "unclosed", "entities")]
    typo, unclosed, entities = files
    assert output_of(capsys, "tree", "check", *files, code=1) == [
        f"node must be known, got 'Herd' - at {typo}:4:7; did you mean 'Heard'?",
        f"attribute of Decide must be one of its ports, got 'ttl' - at {typo}:5:15; "
        "did you mean 'ttl_ms'?",
        f"file must be well-formed XML, got 'mismatched tag' - at {unclosed}:5:5; "
        "<Sequence> was opened at line 3 and is not closed here",
        f"file must have no document type, got 'root' - at {entities}:1:1; "
        "remove the DOCTYPE and its entities",
        "3 files, 4 faults",
    ]


def test_check_tells_programs_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = output_of(capsys, "tree", "check", BROKEN / "typo.xml", "--json", code=1)
    result = json.loads(line)
    assert result["files"] == 1
    assert [(f["line"], f["column"]) for f in result["faults"]] == [(4, 7), (5, 15)]


def test_a_file_that_is_missing_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = output_of(capsys, "tree", "check", "none.xml", code=1)
    assert line.startswith("npcbrain: tree file must be readable, got 'No such file")


def test_the_games_nodes_come_from_its_registry(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "t.xml"
    text = '<root BTCPP_format="4"><BehaviorTree ID="A"><Fly/></BehaviorTree></root>'
    file.write_text(text, encoding="utf-8")
    output_of(capsys, "tree", "check", file, code=1)
    assert output_of(capsys, "tree", "check", file, "--registry", f"{__name__}:game_words") == [
        "1 file, no faults"
    ]


@pytest.mark.parametrize("name", ["nowhere", "json:nothing", f"{__name__}:NOT_A_REGISTRY"])
def test_a_registry_that_is_none_is_wrong_input(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (line,) = output_of(capsys, "tree", "export-nodes", "--registry", name, code=2)
    assert line.startswith("npcbrain: --registry must ")


def test_show_prints_the_tree(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output_of(capsys, "tree", "show", TREES / "crossing.xml", "--tree", "Open")
    assert lines == [
        "Selector",
        "├─ OpenDoor (Succeed)",
        "├─ Retry: 3 times",
        "│  └─ Conditioned",
        "│     └─ PickLock (Succeed)",
        "└─ SmashDoor (Succeed)",
    ]


TWO = (
    '<root BTCPP_format="4"><BehaviorTree ID="Greet"><AlwaysSuccess/></BehaviorTree>'
    '<BehaviorTree ID="Day"><SubTree ID="Greet"/></BehaviorTree>{}</root>'
)


def test_show_needs_no_tree_where_one_holds_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Groot2 takes main_tree_to_execute away when it saves."""
    file = tmp_path / "t.xml"
    file.write_text(TWO.format(""), encoding="utf-8")
    assert output_of(capsys, "tree", "show", file) == ["Greet (SubTree)", "└─ Succeed"]


def test_show_says_how_to_choose_where_it_cannot(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "t.xml"
    more = '<BehaviorTree ID="Night"><AlwaysFailure/></BehaviorTree>'
    file.write_text(TWO.format(more), encoding="utf-8")
    (line,) = output_of(capsys, "tree", "show", file, code=1)
    assert 'tree="Day" or --tree Day on the command line' in line
    assert output_of(capsys, "tree", "show", file, "--tree", "Night") == ["Fail"]


def test_show_shows_a_tree_without_a_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "t.xml"
    text = '<root BTCPP_format="4"><BehaviorTree><AlwaysSuccess/></BehaviorTree></root>'
    file.write_text(text, encoding="utf-8")
    assert output_of(capsys, "tree", "show", file) == ["Succeed"]


def test_a_project_is_checked_with_the_files_of_its_folder(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "t.xml").write_text(TWO.format(""), encoding="utf-8")
    project = '<root BTCPP_format="4" project_name="P"><include path="t.xml"/></root>'
    (tmp_path / "p.btproj").write_text(project, encoding="utf-8")
    assert output_of(capsys, "tree", "check", tmp_path) == ["2 files, no faults"]


def test_export_nodes_writes_the_model_with_decide_in_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "nodes.xml"
    assert output_of(capsys, "tree", "export-nodes", "--out", out) == [f"wrote {out}"]
    text = out.read_text(encoding="utf-8")
    assert '<Action ID="Decide">' in text
    assert text.splitlines() == output_of(capsys, "tree", "export-nodes")


def test_show_draws_the_tree(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "tree.svg"
    lines = output_of(capsys, "tree", "show", TREES / "crossing.xml", "--svg", out)
    assert lines == [f"wrote {out}"]
    picture = ElementTree.parse(out).getroot()
    titles = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "root: IDLE"
    assert len(titles) == 13


def test_a_picture_colours_the_last_answers() -> None:
    tree = compile(Selector(Fail("<bad>"), Succeed()), None, SystemClock())
    tree.tick()
    picture = svg(tree.nodes, [status for _, status in tree.statuses])
    assert "<title>root/0: FAILURE</title>" in picture
    assert "&lt;bad&gt;" in picture
    ElementTree.fromstring(picture)
