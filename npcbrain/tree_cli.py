"""The commands about behaviour trees: arguments in, results out.

Not the parser of the command line, which is ``cli``, and none of the work. Floor 5. Invariant:
nothing is imported before a command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_tree_bench"]


def add_tree_bench(benches: Commands) -> None:
    """Adds ``bench trees``."""
    trees = benches.add_parser("trees", help="what ticking trees costs, here and in py_trees")
    trees.add_argument("--json", action="store_true", help="print one JSON object")
    trees.set_defaults(command=_bench)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.tree_bench import bench_trees

    return bench_trees()
