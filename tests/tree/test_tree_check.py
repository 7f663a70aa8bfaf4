"""``npcbrain tree check`` over the village's trees, and over a folder of broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from npcbrain.commands.main import main
from npcbrain.npcs.vocabulary import registry
from npcbrain.tree import check

ROOT = Path(__file__).parents[2]
BROKEN = Path(__file__).parents[1] / "tree_files" / "broken"

# What a designer is told, file by file, whole.
MESSAGES = {
    "branches": [
        "IfThenElse must have 2 or 3 children, got 1 - at branches.xml:3:5",
    ],
    "circle": [
        "tree must not hold itself, got 'Work > Rest > Work' - at "
        "circle.xml:11:14; to run it again and again, take KeepRunningUntilFailure",
    ],
    "empty": [
        "file must be well-formed XML, got 'nothing' - at empty.xml:1:1; a tree "
        'file begins with <root BTCPP_format="4">',
    ],
    "entities": [
        "file must have no document type, got 'root' - at entities.xml:1:1; remove "
        "the DOCTYPE and its entities",
    ],
    "entries": [
        "'when' of Decide must be decided or whole, got '{mood}' - at "
        "entries.xml:4:35; an entry of the blackboard cannot be used here",
        "SetBlackboard must have 'output_key', got None - at entries.xml:5:7; add "
        'output_key="..."',
        "script in 'code' must be made of known signs, got '{' - at "
        "entries.xml:6:21; entries of the blackboard stand without braces in "
        "scripts",
    ],
    "leaf_with_a_child": [
        "Decide must have no children, got 1 - at leaf_with_a_child.xml:3:5; Decide is a leaf",
    ],
    "main_that_is_not": [
        "main tree must be in the file, got 'Nigth' - at "
        "main_that_is_not.xml:1:24; did you mean 'Night'?",
    ],
    "no_children": [
        "Sequence must have a child, got 0 - at no_children.xml:4:7",
    ],
    "no_id": [
        'Action must have an ID, got None - at no_id.xml:3:5; write ID="..."',
    ],
    "nodes_in_root": [
        "element in root must be BehaviorTree or TreeNodesModel, got 'Sequence' - "
        "at nodes_in_root.xml:2:3; nodes belong into a <BehaviorTree>",
    ],
    "old_names": [
        "node must be known, got 'SequenceStar' - at old_names.xml:3:5; in "
        "BehaviorTree.CPP 4 files it is 'SequenceWithMemory'",
        "node must be known, got 'Selector' - at old_names.xml:4:7; in "
        "BehaviorTree.CPP 4 files it is 'Fallback'",
        "node must be known, got 'Wait' - at old_names.xml:5:9; in "
        "BehaviorTree.CPP 4 files it is 'Sleep'",
        "node must be known, got 'SubTreePlus' - at old_names.xml:7:7; in "
        "BehaviorTree.CPP 4 files it is 'SubTree'",
        "node must be known, got 'BlackboardCheckInt' - at old_names.xml:8:7; in "
        "BehaviorTree.CPP 4 files it is 'Precondition'",
    ],
    "other_xml": [
        "outermost element must be root, got 'svg' - at other_xml.xml:1:1; a tree "
        'file begins with <root BTCPP_format="4">',
    ],
    "outside": [
        "include must stay in the folder, got '../crossing.xml' - at "
        "outside.xml:2:12; a tree file may include only what is beside it or below",
        "included file must be readable, got 'nowhere.xml' - at outside.xml:3:12; "
        "No such file or directory",
    ],
    "quotes": [
        "file must be well-formed XML, got '900/>' - at quotes.xml:3:20; put the "
        'value in quotes: ttl_ms="..."',
    ],
    "scripts": [
        "script in 'code' must close its string, got \"'open\" - at "
        "scripts.xml:4:29; end it with another '",
        "script in 'code' must have a value here, got '<' - at scripts.xml:5:26",
        "script in 'code' must go on with an operator or ;, got '3' - at scripts.xml:6:24",
        "script in '_skipIf' must close its parenthesis, got 'the end' - at scripts.xml:7:41",
        "script in 'code' must be made of known signs, got '\"' - at "
        "scripts.xml:8:38; strings are in single quotes",
    ],
    "subtree": [
        "SubTree must be in the file, got 'Patroll' - at subtree.xml:4:16; did you mean 'Patrol'?",
        "node must be known, got 'Patrol' - at subtree.xml:5:7; write <SubTree ID=\"Patrol\"/>",
    ],
    "switch": [
        "Switch2 must have 3 children, got 2 - at switch.xml:3:5; one for each case, and a default",
    ],
    "twice": [
        "ID of a BehaviorTree must be unique, got 'Main' - at twice.xml:5:17; line "
        "2 has a tree of that name",
    ],
    "two_at_the_top": [
        "BehaviorTree 'Main' must hold one node, got 2 - at "
        "two_at_the_top.xml:2:3; put several into a Sequence or Fallback",
    ],
    "two_in_a_decorator": [
        "Inverter must have one child, got 2 - at two_in_a_decorator.xml:3:5; put "
        "them into a Sequence or Fallback",
    ],
    "typo": [
        "node must be known, got 'Herd' - at typo.xml:4:7; did you mean 'Heard'?",
        "attribute of Decide must be one of its ports, got 'ttl' - at "
        "typo.xml:5:15; did you mean 'ttl_ms'?",
    ],
    "unclosed": [
        "file must be well-formed XML, got 'mismatched tag' - at unclosed.xml:5:5; "
        "<Sequence> was opened at line 3 and is not closed here",
    ],
    "values": [
        "'msec' of Sleep must be a number of milliseconds, 0 or more, got 'soon' - "
        "at values.xml:4:14",
        "'msec' of Sleep must be a number of milliseconds, 0 or more, got '-5' - "
        "at values.xml:5:14",
        "'num_cycles' of Repeat must be 0 or more, or -1 for no end, got '-2' - at values.xml:6:15",
        "'success_count' of Parallel must be 0 to 2, or -1 for all, -2 for all but "
        "one, got 3 - at values.xml:9:17",
        "'then_skip' of RunOnce must be true or false, got 'maybe' - at values.xml:13:16",
        "'when' of Decide must be decided or whole, got 'hole' - at "
        "values.xml:16:15; did you mean 'whole'?",
        "'ttl_ms' of Decide must be a number above 0 and at most 600000, got 0.0 - "
        "at values.xml:17:15",
    ],
}


def output_of(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> list[str]:
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    return (captured.out or captured.err).splitlines()


@pytest.mark.parametrize("name", MESSAGES)
def test_a_broken_file_is_told_about_in_words_that_help(name: str) -> None:
    path = BROKEN / f"{name}.xml"
    faults = check(path.read_bytes(), registry(), file=path.name, folder=path.parent)
    assert [str(fault) for fault in faults] == MESSAGES[name]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_fault_is_told_with_the_line_it_is_on(name: str) -> None:
    path = BROKEN / f"{name}.xml"
    lines = path.read_text(encoding="utf-8").splitlines() or [""]
    for fault in check(path.read_bytes(), registry(), file=path.name, folder=path.parent):
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1


def test_every_broken_file_has_its_messages() -> None:
    assert {path.stem for path in BROKEN.glob("*.xml")} == set(MESSAGES)


def test_a_folder_is_checked_file_by_file(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output_of(capsys, "tree", "check", BROKEN, code=1)
    num_faults = sum(map(len, MESSAGES.values()))
    assert lines[-1] == f"{len(MESSAGES)} files, {num_faults} faults"
    assert len(lines) == num_faults + 1


def test_a_folder_without_trees_is_no_success(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trees").mkdir()
    monkeypatch.chdir(tmp_path)
    assert output_of(capsys, "tree", "check", "trees", code=2) == [
        "npcbrain: folder must hold .xml files, got 'trees' - at the command line"
    ]


def test_the_villages_trees_have_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pygame")
    folder = ROOT / "demo_game" / "trees"
    lines = output_of(
        capsys, "tree", "check", folder, "--registry", "demo_game.village.tree_words:words"
    )
    assert lines[-1] == "9 files, no faults"
