"""Nodes with children of a game's own: registered, in files, halted, saved, checked."""

from __future__ import annotations

from typing import Any

import pytest
from own_nodes import forget_recovery, words_with_branches
from tree_puppets import A, B, C, HandClock, Play, Puppet

from npcbrain.errors import TreeError
from npcbrain.tree import (
    BranchContext,
    Node,
    Registry,
    Repeat,
    Selector,
    Status,
    Succeed,
    check,
    compile,
    dump_model,
    dumps,
    loads,
    outline,
)

SUCCESS, FAILURE, RUNNING, SKIPPED = (
    Status.SUCCESS,
    Status.FAILURE,
    Status.RUNNING,
    Status.SKIPPED,
)


def file_of(body: str, more: str = "") -> str:
    return f'<root BTCPP_format="4"><BehaviorTree ID="Main">{body}</BehaviorTree>{more}</root>'


def words_with_puppets() -> Registry:
    words = words_with_branches()
    for name in "abc":
        words.leaf(name.upper(), lambda name=name: Puppet(name))
    return words


def play_of(body: str, **scripts: str) -> Play:
    return Play(loads(file_of(body), words_with_puppets()), **scripts)


# As Nav2's users know them


@pytest.mark.parametrize(
    ("scripts", "ticks"),
    [
        ({"a": "S", "b": "S"}, ["a! SUCCESS"]),
        ({"a": "FS", "b": "S"}, ["a! b! a! SUCCESS"]),
        ({"a": "F", "b": "S"}, ["a! b! a! b! a! FAILURE"] * 2),
        ({"a": "F", "b": "F"}, ["a! b! FAILURE"]),
        ({"a": "RFS", "b": "RS"}, ["a! RUNNING", "a. b! RUNNING", "b. a! SUCCESS"]),
    ],
)
def test_a_recovery_tries_again_after_its_remedy(scripts: dict[str, str], ticks: list[str]) -> None:
    play = play_of('<RecoveryNode number_of_retries="2"><A/><B/></RecoveryNode>', **scripts)
    assert play.ticks(len(ticks)) == ticks


def test_a_halted_recovery_counts_anew() -> None:
    play = play_of('<RecoveryNode number_of_retries="1"><A/><B/></RecoveryNode>', a="FRF", b="S")
    assert play.tick() == "a! b! a! RUNNING"
    assert play.halt() == "a#"
    assert play.tick() == "a! b! a! FAILURE"


def test_a_round_robin_goes_on_with_the_child_that_worked() -> None:
    play = play_of("<RoundRobin><A/><B/><C/></RoundRobin>", a="FS", b="RSSF", c="F")
    assert play.ticks(4) == ["a! b! RUNNING", "b. SUCCESS", "b! SUCCESS", "b! c! a! SUCCESS"]
    assert play_of("<RoundRobin><A/><B/></RoundRobin>", a="F", b="F").tick() == "a! b! FAILURE"


def test_a_pipeline_ticks_again_what_is_before_the_child_it_has_come_to() -> None:
    play = play_of("<PipelineSequence><A/><B/><C/></PipelineSequence>", a="SSRF", b="RS", c="R")
    assert play.ticks(3) == ["a! b! RUNNING", "a! b. c! RUNNING", "a! b! c. RUNNING"]
    assert play.tick() == "a. c# FAILURE"


def test_a_rate_controller_ticks_only_so_often() -> None:
    play = play_of('<RateController hz="100"><A/></RateController>', a="RSS")
    assert play.tick() == "a! RUNNING"
    assert play.tick() == "a. SUCCESS"
    play = play_of(
        '<Repeat num_cycles="2"><RateController hz="100"><A/></RateController></Repeat>', a="S"
    )
    assert play.tick() == "a! a! SUCCESS"


# What a function may do


def steered(fn: Any, *children: Node, **settings: Any) -> Node:
    words = Registry()
    words.control("Own", fn, **settings)
    return words["Own"].make("", (), children)


def test_the_function_gets_owner_time_children_and_blackboard() -> None:
    seen: list[Any] = []

    def look(ctx: BranchContext) -> Status:
        seen.append((ctx.owner, ctx.now_ns, len(ctx.children), ctx.path, ctx.is_new))
        ctx.blackboard["n"] = 1
        ctx.handle = "live"
        return RUNNING if len(seen) == 1 else SUCCESS

    clock = HandClock(5)
    tree = compile(steered(look, A, B), "owner", clock)
    assert [tree.tick() for _ in range(3)] == [RUNNING, SUCCESS, SUCCESS]
    assert seen == [("owner", 5, 2, "root", is_new) for is_new in (True, False, True)]
    assert dict(tree.blackboard) == {"n": 1}


def test_children_that_run_are_halted_when_the_branch_is_done() -> None:
    def first_and_leave(ctx: BranchContext) -> Status:
        ctx.children[0].tick()
        return ctx.children[1].tick()

    play = Play(steered(first_and_leave, A, B), a="R", b="RF")
    assert play.ticks(2) == ["a! b! RUNNING", "a. b. a# FAILURE"]
    assert play.halt() == ""


def test_the_status_of_a_child_lasts_until_it_is_halted_or_the_run_ends() -> None:
    told: list[str] = []

    def look(ctx: BranchContext) -> Status:
        child = ctx.child
        told.append(child.status.name)
        if len(told) == 3:
            child.halt()
            told.append(child.status.name)
            return SUCCESS
        return child.tick() if len(told) == 1 else RUNNING

    play = Play(steered(look, A), a="R")
    assert play.ticks(3) == ["a! RUNNING", "RUNNING", "a# SUCCESS"]
    assert told == ["IDLE", "RUNNING", "RUNNING", "IDLE"]


def test_a_branch_is_told_that_it_was_halted_only_if_it_was_running() -> None:
    halts: list[int] = []

    def own(ctx: BranchContext) -> Status:
        ctx["n"] += 1
        return ctx.child.tick()

    root = steered(own, A, remembers=("n",), on_halt=lambda ctx: halts.append(ctx["n"]))
    play = Play(root, a="SR")
    play.tick()
    play.halt()
    play.tick()
    assert play.halt() == "a#"
    play.halt()
    assert halts == [2]


def test_what_it_remembers_is_saved_and_moments_are_relative() -> None:
    def own(ctx: BranchContext) -> Status:
        if ctx["since"] is None:
            ctx["since"] = ctx.now_ns
        ctx["n"] += 1
        return RUNNING if ctx.now_ns - ctx["since"] < 10e6 else SUCCESS

    root = steered(own, Succeed(), remembers=("n",), moments=("since",))
    old, new = compile(root, None, HandClock(10**12)), compile(root, None, clock := HandClock(7))
    old.tick()
    new.restore(old.state())
    clock.advance(9)
    assert new.tick() is RUNNING
    clock.advance(1)
    assert new.tick() is SUCCESS
    assert new.state()["memory"].count(3) == 1  # how often it was ticked


@pytest.mark.parametrize(
    ("fn", "message"),
    [
        (
            lambda ctx: True,
            "the answer of Branch 'Own' must be Status.SUCCESS, FAILURE, RUNNING or SKIPPED, "
            "got True - at root; True and None are for actions",
        ),
        (
            lambda ctx: 1 / 0,
            "Branch 'Own' must return without raising, got ZeroDivisionError('division by zero') "
            "- at root; its own exception is the cause of this one",
        ),
        (
            lambda ctx: ctx["plaice"],
            "name must be one that the branch remembers, got 'plaice' - at root; "
            "it remembers place, since; name it when you register the node",
        ),
        (
            lambda ctx: ctx.__setitem__("place", 0.5),
            "'place' must be a whole number of at most 62 bits, got 0.5 - at root",
        ),
        (
            lambda ctx: ctx.__setitem__("since", 1 << 70),
            "'since' must be nanoseconds or None, got 1180591620717411303424 - at root",
        ),
    ],
)
def test_what_the_function_does_wrong_is_told(fn: Any, message: str) -> None:
    with pytest.raises(TreeError) as caught:
        Play(steered(fn, A, remembers=("place",), moments=("since",)), a="S").tick()
    assert str(caught.value) == message


def test_what_a_child_raised_cannot_be_swallowed() -> None:
    def careless(ctx: BranchContext) -> Status:
        try:
            return ctx.child.tick()
        except Exception:
            return SUCCESS

    with pytest.raises(TreeError, match=r"^Branch 'Own' must return without raising"):
        Play(steered(careless, steered(lambda ctx: 1 / 0, A)), a="S").tick()


def test_a_child_cannot_be_used_outside_the_function() -> None:
    kept: list[Any] = []

    def keep(ctx: BranchContext) -> Status:
        kept.append(ctx.child)
        return RUNNING

    Play(steered(keep, A), a="S").tick()
    for call in (kept[0].tick, kept[0].halt):
        with pytest.raises(
            TreeError, match="must be in its function, got 'outside' - at root; keep"
        ):
            call()


def test_a_function_that_ticks_for_ever_is_stopped() -> None:
    def restless(ctx: BranchContext) -> Status:
        while ctx.child.tick() is SUCCESS:
            pass
        return SUCCESS

    for root in (steered(restless, Succeed()), Repeat(steered(restless, Succeed()), 3)):
        with pytest.raises(
            TreeError, match="must end a tick within 100000 steps of nodes in loops"
        ):
            compile(root, None, HandClock()).tick()


# Files and registries


def test_children_and_ports_are_checked() -> None:
    words = words_with_puppets()
    for body, message in (
        ("<RecoveryNode><A/></RecoveryNode>", "RecoveryNode must have 2 children, got 1"),
        ("<RateController/>", "RateController must have one child, got 0"),
        ("<RoundRobin/>", "RoundRobin must have a child, got 0"),
        (
            '<RateController hz="often"><A/></RateController>',
            "'hz' of RateController must be a number, got 'often'",
        ),
        ("<RoundRobin><Aa/></RoundRobin>", "node must be known, got 'Aa'"),
    ):
        (fault,) = check(file_of(body), words)
        assert str(fault).startswith(message)


def test_a_port_may_be_an_entry_and_a_condition_may_stand_at_the_node() -> None:
    body = '<RecoveryNode number_of_retries="{n}" _skipIf="n == 0"><A/><B/></RecoveryNode>'
    play = play_of(body, a="F", b="S")
    board = play.tree.blackboard
    board["n"] = 1.0
    assert play.tick() == "a! b! a! FAILURE"
    board["n"] = 0
    assert play.tick() == "SKIPPED"


def test_a_branch_is_written_and_loaded_again() -> None:
    words = words_with_puppets()
    body = (
        '<RecoveryNode number_of_retries="2" name="again">'
        "<RoundRobin><AlwaysSuccess/></RoundRobin>"
        '<Decorator ID="RateController"><AlwaysFailure/></Decorator></RecoveryNode>'
    )
    definition = loads(file_of(body), words)
    assert loads(dumps(definition, words), words) == definition
    assert '<Decorator ID="RateController">' in dumps(definition, words)
    model = dump_model(words)
    assert '    <Control ID="RecoveryNode">' in model
    assert '    <Decorator ID="RateController">' in model
    assert outline(compile(definition, None, HandClock()).nodes)[0] == "again: 2"


def test_a_branch_keeps_what_it_remembers_when_its_file_is_edited() -> None:
    words = words_with_puppets()
    body = '<RecoveryNode number_of_retries="{}"><A/><B/></RecoveryNode>'
    play = Play(loads(file_of(body.format(1)), words), a="FR", b="S")
    assert play.tick() == "a! b! a! RUNNING"
    play.tree.adopt(loads(file_of(body.format(3)), words))
    assert play.tick() == "a. RUNNING"
    assert play.halt() == "a#"


DECLARED = """<root BTCPP_format="4">
  <BehaviorTree ID="Main">
    <Pipeline>
      <Throttle hz="2"><AlwaysSuccess/></Throttle>
      <AlwaysSuccess/>
    </Pipeline>
  </BehaviorTree>
  <TreeNodesModel>
    <Control ID="Pipeline"/>
    <Decorator ID="Throttle"><input_port name="hz"/></Decorator>
  </TreeNodesModel>
</root>"""


def test_declared_nodes_with_children_are_known_to_a_check() -> None:
    assert check(DECLARED) == []
    assert [
        node.name for node in compile(loads(DECLARED, sketch=True), None, HandClock()).nodes
    ] == [
        "Pipeline",
        "Throttle",
        "Succeed",
        "Succeed",
    ]
    wrong = DECLARED.replace("<AlwaysSuccess/></Throttle>", "</Throttle>")
    assert [str(fault).partition(" - ")[0] for fault in check(wrong)] == [
        "Throttle must have one child, got 0"
    ]


def test_what_is_told_to_be_registered_can_be() -> None:
    with pytest.raises(TreeError, match=r"known, got 'Pipeline'.*register it in the Registry"):
        loads(DECLARED)
    words = Registry()
    words.control("Pipeline", lambda ctx: ctx.child.tick())
    words.decorator("Throttle", lambda ctx, hz: ctx.child.tick())
    assert compile(loads(DECLARED, words), None, HandClock()).tick() is SUCCESS


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"children": (0, 3)},
            "children must be the fewest and the most, from 1 to 10000, got (0, 3)",
        ),
        ({"remembers": ("a", "a")}, "names must be different words, got ('a', 'a')"),
        ({"remembers": ("a",), "moments": ("a",)}, "names must be different words"),
        ({"moments": ("a b",)}, "names must be different words, got ('a b',)"),
        ({"on_halt": 3}, "on_halt must be callable"),
    ],
)
def test_a_branch_that_is_registered_wrongly_is_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(TreeError) as caught:
        Registry().control("Own", lambda ctx: SUCCESS, **settings)
    assert str(caught.value).startswith(message)
    assert "Registry.control('Own')" in str(caught.value)


def test_decorators_register_as_actions_do() -> None:
    words = Registry()

    @words.decorator("Twice")
    def twice(ctx: BranchContext) -> Status:
        ctx.child.tick()
        return ctx.child.tick()

    @words.control("First", on_halt=forget_recovery, remembers=("place", "retries"))
    def first(ctx: BranchContext, place: int = 0) -> Status:
        return ctx.children[place].tick()

    assert words["Twice"].family == "Decorator"
    root = words["Twice"].make("", (), [words["First"].make("", (), [A, C])])
    assert Play(Selector(root, B), a="FS", b="S", c="S").tick() == "a! a! SUCCESS"
