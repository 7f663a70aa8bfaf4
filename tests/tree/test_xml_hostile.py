"""Files that mean harm: each is refused with its place, after no more work than its size allows."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import TreeError
from npcbrain.tree import Registry, XmlError, builder, check, library, load, loads, markup, registry
from npcbrain.tree.builder import Builder
from npcbrain.tree.parser import MAX_BYTES

ROOT = '<root BTCPP_format="4" main_tree_to_execute="{}">{}</root>'
TREE = '<BehaviorTree ID="{}">{}</BehaviorTree>'
LEAF = TREE.format("Leaf", "<AlwaysSuccess/>")


def file_of(body: str, *more: str) -> str:
    return ROOT.format("Main", TREE.format("Main", body) + "".join(more))


def chain(length: int, frame: str = "{}") -> str:
    trees = [
        TREE.format(f"T{number}", frame.format(f'<SubTree ID="T{number + 1}"/>'))
        for number in range(length)
    ]
    return ROOT.format("T0", "".join(trees) + TREE.format(f"T{length}", "<AlwaysSuccess/>"))


def refused(text: str | bytes, words: Registry | None = None) -> str:
    with pytest.raises(XmlError) as caught:
        loads(text, words, file="t.xml")
    assert " - at t.xml:" in str(caught.value) or "(in t.xml:" in str(caught.value)
    return str(caught.value)


@pytest.fixture
def words() -> Registry:
    words = Registry()
    words.action("Say", lambda npc, text: None)
    words.action("Count", _count)
    return words


def _count(
    npc: object, n: int = 1, f: float = 1.0, b: bool = False, any: object = None
) -> None: ...


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the steps that could be too many are taken."""
    counted: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def counting(*args: Any, **given: Any) -> Any:
            counted[name] += 1
            return inner(*args, **given)

        monkeypatch.setattr(owner, name, counting)

    count(Builder, "node")
    count(builder, "nearest")
    count(registry, "_slips")
    count(markup.Page, "place")
    return counted


def test_a_fault_in_a_subtree_that_is_met_twice_is_a_fault_twice(words: Registry) -> None:
    body = '<Sequence><SubTree ID="S"/><SubTree ID="S" name="b"/></Sequence>'
    text = file_of(body, TREE.format("S", "<Sequence><Say/><Say/></Sequence>"))
    assert refused(text, words).startswith("Say must have 'text', got None - at t.xml:1:")
    assert len(check(text, words)) == 2


@pytest.mark.parametrize("length", [65, 340, 990, 5000])
def test_a_chain_of_subtrees_is_as_long_as_it_can_run(length: int) -> None:
    text = chain(length)
    rule = "tree must be at most 64 deep, subtrees unfolded, got 65 - at t.xml:1:"
    assert refused(text).startswith(rule)
    (fault,) = check(text, file="t.xml")
    assert str(fault).startswith(rule)
    assert check(chain(64)) == []


def test_deep_trees_in_deep_trees_are_told_as_deep() -> None:
    deep = "<Inverter>" * 60 + "{}" + "</Inverter>" * 60
    assert "64 deep, subtrees unfolded, got " in refused(chain(30, deep))
    deeper = "<Inverter>" * 70 + "{}" + "</Inverter>" * 70
    assert "64 deep, subtrees unfolded, got " in refused(chain(30, deeper))
    conditioned = '<Inverter _while="true">' * 33 + "<AlwaysSuccess/>" + "</Inverter>" * 33
    assert refused(file_of(conditioned)).startswith("tree must be at most 64 deep, got 65")


@pytest.mark.parametrize("depth", [79, 80, 300, 985, 990, 995, 1000, 30_000])
@pytest.mark.parametrize("tag", ["Inverter", "Unknown", "root"])
def test_elements_in_elements_are_counted_and_not_followed(depth: int, tag: str) -> None:
    text = file_of(f"<{tag}>" * depth + f"</{tag}>" * depth)
    assert refused(text).startswith("elements must nest at most 80 deep, got")
    assert refused(f"<{tag}>" * depth * 2).startswith("elements must nest at most 80 deep, got")


def test_circles_through_many_trees_are_told() -> None:
    text = chain(500).replace('<BehaviorTree ID="T500"><AlwaysSuccess/>', "{}")
    text = text.format('<BehaviorTree ID="T500"><SubTree ID="T3"/>')
    assert refused(text).startswith("tree must not hold itself, got 'T3 > T4 > ")
    assert len(check(text)) == 1


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "9" * 5000, "1e400", "0" * 400])
def test_numbers_without_end_are_text_or_faults(words: Registry, number: str) -> None:
    for port in ("n", "f"):
        if number.strip("0"):
            found = refused(file_of(f'<Count {port}="{number}"/>'), words)
            assert found.startswith(f"{port!r} of Count must be a")
    for body in (f'<Count any="{number}"/>', f'<SetBlackboard value="{number}" output_key="a"/>'):
        loads(file_of(body), words)
    loads(file_of(f'<SubTree ID="Leaf" v="{number}"/>', LEAF))


@pytest.mark.parametrize(
    "text",
    [
        "<a\0/>",
        '<root name="\x01"/>',
        '<root name="&#0;"/>',
        '<root name="&#xD800;"/>',
        '<root name="\ud800"/>',
        "<root>\ufffe</root>",
    ],
)
def test_what_is_no_text_is_refused_as_that(text: str) -> None:
    assert "must hold text only, got " in refused(text)


def test_bytes_of_all_kinds_are_refused_or_read() -> None:
    for data in (
        bytes(range(256)),
        b"\xff\xfe\0\0<\0\0\0",
        b"\xfe\xff\0",
        b"\xef\xbb\xbf",
        b"\xff",
    ):
        refused(data)


# Paths.


@pytest.mark.skipif(os.name == "nt", reason="it has no pipes")
def test_what_is_no_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    with (tmp_path / "big.xml").open("wb") as file:
        file.truncate(3 << 30)
    opened: list[object] = []
    monkeypatch.setattr("builtins.open", lambda path, *rest: opened.append(path))
    for path, got in (
        (tmp_path / "pipe.xml", "tree file must be a file, got 'a pipe'"),
        (Path("/dev/zero"), "tree file must be a file, got 'a device'"),
        (tmp_path, "tree file must be a file, got 'a folder'"),
        (tmp_path / "big.xml", f"tree file must be at most {MAX_BYTES} bytes, got 3221225472"),
        (tmp_path / "none.xml", "tree file must be readable, got 'No such file or directory'"),
        (tmp_path / ("x" * 300), "tree file must be readable, got 'File name too long'"),
        (Path("a\0b.xml"), "tree file must be readable, got 'embedded null byte'"),
    ):
        with pytest.raises(TreeError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{got} - at {path}")
    assert opened == []


@pytest.mark.skipif(os.name == "nt", reason="it has no pipes")
@pytest.mark.parametrize(
    ("name", "reason"), [("pipe.xml", "got 'a pipe'"), ("big.xml", "bytes, got 3221225472")]
)
def test_what_is_no_file_is_not_included(tmp_path: Path, name: str, reason: str) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    with (tmp_path / "big.xml").open("wb") as file:
        file.truncate(3 << 30)
    text = ROOT.format("Leaf", f'<include path="{name}"/>{LEAF}')
    (fault,) = check(text, file="t.xml", folder=tmp_path)
    assert str(fault).startswith(f"included file must be readable, got {name!r} - at t.xml:1:61; ")
    assert reason in str(fault)


def test_a_file_that_grows_while_it_is_read_is_still_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.xml"
    path.write_bytes(b" " * (MAX_BYTES + 5))
    real = os.stat

    def small(path: Any, **given: Any) -> os.stat_result:
        found = list(real(path, **given))
        return os.stat_result([*found[:6], 10, *found[7:]])

    monkeypatch.setattr(library.os, "stat", small)
    with pytest.raises(XmlError, match=f"tree file must be at most {MAX_BYTES} bytes"):
        load(path)


# Work.


def hundred_trees() -> str:
    """A hundred trees, each of thousands of nodes when unfolded, with attributes nobody knows."""
    unknown = " ".join(f'a{number}="1"' for number in range(200))
    many = f"<Sequence><AlwaysSuccess {unknown}/>{'<AlwaysSuccess/>' * 110}</Sequence>"
    uses = "<Sequence>" + '<SubTree ID="Many"/>' * 40 + "</Sequence>"
    trees = [TREE.format(f"T{number}", uses) for number in range(100)]
    return ROOT.format("T0", "".join(trees) + TREE.format("Many", many))


def test_a_hundred_trees_are_checked_element_by_element(calls: Counter[str]) -> None:
    text = hundred_trees()
    num_elements = text.count("<") - text.count("</")
    assert len(check(text)) == markup.MAX_FAULTS
    assert calls["node"] <= num_elements
    assert calls["nearest"] <= markup.MAX_FAULTS
    assert calls["place"] <= 2 * markup.MAX_FAULTS


def test_a_tree_with_faults_is_unfolded_once(calls: Counter[str]) -> None:
    refused(hundred_trees().replace("a1", "b1"))
    assert calls["node"] <= 200
    assert calls["nearest"] <= markup.MAX_FAULTS


def test_a_tree_without_faults_is_unfolded_as_far_as_it_may(calls: Counter[str]) -> None:
    uses = "".join(f'<SubTree ID="T1" name="{number}"/>' for number in range(70))
    inner = TREE.format("T1", f"<Sequence>{'<AlwaysSuccess/>' * 80}</Sequence>")
    assert "at most 5000 nodes, subtrees unfolded" in refused(
        file_of(f"<Sequence>{uses}</Sequence>", inner)
    )
    assert calls["node"] == 0
    assert check(file_of(f"<Sequence>{uses}</Sequence>", inner))
    assert calls["node"] <= 160


def test_a_long_script_may_not_be_unfolded_a_thousand_times(calls: Counter[str]) -> None:
    uses = "<Sequence>" + '<SubTree ID="S"/>' * 1000 + "</Sequence>"
    script = TREE.format("S", '<Script code="{}"/>'.format("a := 1; " * 10_000))
    assert "at most 4194304 characters, subtrees unfolded" in refused(file_of(uses, script))
    assert calls["node"] == 0


def test_trees_that_hold_many_others_are_measured_once_each(calls: Counter[str]) -> None:
    """Forty that each hold the next twice would be a million million, unfolded."""
    inner = [
        TREE.format(
            f"T{number}", "<Sequence>" + f'<SubTree ID="T{number + 1}"/>' * 2 + "</Sequence>"
        )
        for number in range(40)
    ]
    text = ROOT.format("T0", "".join(inner) + TREE.format("T40", "<AlwaysSuccess/>"))
    (fault,) = check(text)
    assert "at most 5000 nodes, subtrees unfolded" in str(fault)
    assert calls["node"] <= 200


@pytest.mark.parametrize(
    "body",
    [
        "<Wnadering/>" * 15_000,
        "".join(f"<W{number}/>" for number in range(15_000)),
        "<Sequence/>" * 15_000,
        '<SubTree ID="Nowhere"/>' * 15_000,
        "<AlwaysSuccess _skipIf='('/>" * 15_000,
    ],
)
def test_thousands_of_faults_are_told_up_to_a_number(calls: Counter[str], body: str) -> None:
    assert len(check(file_of(f"<Sequence>{body}</Sequence>"))) == markup.MAX_FAULTS
    assert calls["nearest"] <= 2 * markup.MAX_FAULTS
    assert calls["_slips"] <= 100 * markup.MAX_FAULTS
    assert calls["place"] <= 3 * markup.MAX_FAULTS


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<" * 300_000, "begins no element"),
        ("<!--" * 200_000, "the comment is never closed"),
        ("<root " + 'a="' * 200_000, "a value is missing|attributes are written|be there once"),
        ("<root " + " ".join(f'a{n}=""' for n in range(90_000)) + "/>", "be at most 256, got"),
        (f"<{'x' * 300_000}/>", "name must have at most 256 characters"),
        (f"<root {'x' * 300_000}=''/>", "name must have at most 256 characters"),
        (ROOT.format("A", TREE.format("A" * 300_000, "<AlwaysSuccess/>")), "at most 256 charac"),
        ("<root>" + "x<a/>" * 15_000 + "</root>", "root must hold a BehaviorTree"),
        ("\n" * 1_000_000, "got 'nothing'"),
    ],
)
def test_messages_stay_short_whatever_the_file(text: str, rule: str) -> None:
    faults = check(text)
    assert any(re.search(rule, str(fault)) for fault in faults)
    assert all(len(str(fault)) < 400 for fault in faults)


def test_a_leaf_that_cannot_be_made_is_a_fault_and_no_crash() -> None:
    words = Registry()
    words.leaf("Odd", lambda n: 1 // n)
    words.leaf("Other", lambda n: n)
    message = refused(file_of('<Sequence><Odd n="0"/><Other n="a"/></Sequence>'), words)
    assert message.startswith("what makes 'Odd' must return without raising, got TypeError(")
