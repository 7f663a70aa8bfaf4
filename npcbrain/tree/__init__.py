"""Behaviour trees: definitions that are plain values, and a fast tree for each NPC.

Trees know nothing of models, frames or NPCs; each has an owner, into which it never looks.
Invariant: names are exported here once, and nowhere else.

A map, from the bottom up:

* ``status``      ``Status``: IDLE, SUCCESS, FAILURE, RUNNING
* ``blackboard``  ``Blackboard``: plain data that nodes share
* ``node``        ``Node``, and how a definition becomes a program
* ``leaves``      ``Condition``, ``Task``, ``Wait``, ...
* ``stateful``    ``StatefulLeaf``, to extend, and its ``Context``
* ``composites``  ``Selector``, ``Sequence``, ``Concurrent``, ...
* ``parallel``    ``Parallel``, ``ParallelAll``
* ``trycatch``    ``TryCatch``
* ``decorators``  ``Inverter``, ``ForceSuccess``, ``Guard``, ...
* ``turns``       ``Repeat``, ``Retry``, ``RunOnce``
* ``loops``       ``LoopInt`` and its like: once for each value
* ``updates``     ``WasEntryUpdated``, ``SkipUnlessUpdated``, ``WaitValueUpdate``
* ``timing``      ``Timeout``, ``Cooldown``, ``Delay``
* ``tree``        ``compile`` and ``Tree``: tick, halt, state, restore
* ``saved``       what a saved game keeps of a tree, and how an edited one goes on from it
* ``control``     ``IfThenElse``, ``WhileDoElse``, ``Switch``
* ``script``      ``Script``: expressions on the blackboard
* ``scripted``    ``RunScript``, ``CheckScript``, ``Conditioned``, ``SubTree``, ...
* ``branch``      ``Branch``: nodes with children of a game's own
* ``guest``       ``PyTree``: a tree of py_trees as a leaf
* ``pointer``     ``Pointer``: an argument that is read from the blackboard
* ``registry``    ``Registry``: what tree files may call, with typed ports (``Output``)
* ``markup``      ``Element``, ``Fault``, ``XmlError``: what a tree file is made of
* ``encoding``, ``parser``  bytes to text to elements, as leniently as BehaviorTree.CPP
* ``library``     a file and all it includes; ``reach``  the size of its trees when unfolded
* ``kept``        what a definition remembers of its file, so that saving changes nothing
* ``loader``      ``load``, ``loads``, ``check``: BehaviorTree.CPP 4 files
* ``outline``, ``svg``  a tree as text and as a picture, with its last answers
* ``reload``      ``TreeFile``: a file that is edited while the game runs
* ``writer``      ``dumps``, ``dump_model``: the way back

>>> from types import SimpleNamespace
>>> from npcbrain.clock import SystemClock
>>> guard = SimpleNamespace(sees_thief=False)
>>> definition = Selector(
...     Sequence(Condition("thief", lambda npc: npc.sees_thief), Task("shout", lambda npc: None)),
...     Task("patrol", lambda npc: Status.RUNNING),
... )
>>> tree = compile(definition, guard, SystemClock())
>>> tree.tick()
<Status.RUNNING: 3>
>>> for node, status in tree.statuses:
...     print("  " * node.depth + node.name, status.name)
Selector RUNNING
  Sequence FAILURE
    thief FAILURE
    shout IDLE
  patrol RUNNING
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.branch import Branch, BranchContext, Child
from npcbrain.tree.composites import (
    AsyncSelector,
    AsyncSequence,
    Composite,
    Concurrent,
    ReactiveSelector,
    ReactiveSequence,
    Selector,
    Sequence,
    SequenceWithMemory,
)
from npcbrain.tree.control import IfThenElse, Switch, WhileDoElse
from npcbrain.tree.decorators import (
    Decorator,
    ForceFailure,
    ForceSuccess,
    Guard,
    Inverter,
    KeepRunningUntilFailure,
    Precondition,
)
from npcbrain.tree.guest import PyTree
from npcbrain.tree.leaves import (
    Condition,
    Fail,
    SetBlackboard,
    Succeed,
    Task,
    Wait,
)
from npcbrain.tree.loader import check, load, loads
from npcbrain.tree.loops import LoopBool, LoopDouble, LoopInt, LoopString
from npcbrain.tree.markup import Fault, XmlError
from npcbrain.tree.node import Compiled, Node, NodeInfo, Site, State
from npcbrain.tree.outline import outline
from npcbrain.tree.parallel import Parallel, ParallelAll
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.ports import Output, Port
from npcbrain.tree.registry import Registry
from npcbrain.tree.reload import TreeFile
from npcbrain.tree.script import Script, ScriptError
from npcbrain.tree.scripted import (
    CheckScript,
    Conditioned,
    CopyEntry,
    RunScript,
    ScriptGate,
    SubTree,
    UnsetBlackboard,
)
from npcbrain.tree.stateful import Context, StatefulLeaf
from npcbrain.tree.status import Status
from npcbrain.tree.svg import svg
from npcbrain.tree.timing import Cooldown, Delay, Timeout
from npcbrain.tree.tree import Tree, compile
from npcbrain.tree.trycatch import TryCatch
from npcbrain.tree.turns import Repeat, Retry, RunOnce
from npcbrain.tree.updates import SkipUnlessUpdated, WaitValueUpdate, WasEntryUpdated
from npcbrain.tree.writer import dump_model, dumps

__all__ = [
    "AsyncSelector",
    "AsyncSequence",
    "Blackboard",
    "Branch",
    "BranchContext",
    "CheckScript",
    "Child",
    "Compiled",
    "Composite",
    "Concurrent",
    "Condition",
    "Conditioned",
    "Context",
    "Cooldown",
    "CopyEntry",
    "Decorator",
    "Delay",
    "Fail",
    "Fault",
    "ForceFailure",
    "ForceSuccess",
    "Guard",
    "IfThenElse",
    "Inverter",
    "KeepRunningUntilFailure",
    "LoopBool",
    "LoopDouble",
    "LoopInt",
    "LoopString",
    "Node",
    "NodeInfo",
    "Output",
    "Parallel",
    "ParallelAll",
    "Pointer",
    "Port",
    "Precondition",
    "PyTree",
    "ReactiveSelector",
    "ReactiveSequence",
    "Registry",
    "Repeat",
    "Retry",
    "RunOnce",
    "RunScript",
    "Script",
    "ScriptError",
    "ScriptGate",
    "Selector",
    "Sequence",
    "SequenceWithMemory",
    "SetBlackboard",
    "Site",
    "SkipUnlessUpdated",
    "State",
    "StatefulLeaf",
    "Status",
    "SubTree",
    "Succeed",
    "Switch",
    "Task",
    "Timeout",
    "Tree",
    "TreeFile",
    "TryCatch",
    "UnsetBlackboard",
    "Wait",
    "WaitValueUpdate",
    "WasEntryUpdated",
    "WhileDoElse",
    "XmlError",
    "check",
    "compile",
    "dump_model",
    "dumps",
    "load",
    "loads",
    "outline",
    "svg",
]

if not TYPE_CHECKING:  # a type checker that saw this would let every misspelt name pass

    def __getattr__(name: str) -> object:
        """Gives ``Task`` under its old name, which now means ``npcbrain.Action``: an NPC's deed."""
        if name != "Action":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        advice = "npcbrain.tree.Action is called npcbrain.tree.Task now"
        warnings.warn(advice, DeprecationWarning, stacklevel=2)
        return Task
