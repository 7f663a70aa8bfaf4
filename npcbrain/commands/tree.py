"""The commands about behaviour trees: arguments in, results out.

``main`` has the parser, ``npcbrain.tree`` does the work. Invariant: nothing is imported before a
command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.errors import UsageError, fault

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from npcbrain.tree import Registry

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_tree_bench", "add_tree_commands"]


def add_tree_bench(benches: Commands) -> None:
    """Adds ``bench trees``."""
    trees = benches.add_parser("trees", help="what ticking trees costs, here and in py_trees")
    trees.add_argument("--json", action="store_true", help="print one JSON object")
    trees.set_defaults(command=_bench)


def _bench(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.commands.bench.trees import bench_trees

    return bench_trees()


def add_tree_commands(commands: Commands) -> None:
    """Adds ``tree check``, ``tree show`` and ``tree export-nodes``."""
    tree = commands.add_parser("tree", help="check and show the trees of a game")
    tasks = tree.add_subparsers(required=True, metavar="WHAT")

    check = tasks.add_parser("check", help="look for mistakes in tree files; exit code 1 if any")
    check.add_argument(
        "files", nargs="+", type=Path, metavar="FILE.xml", help="or a folder: all that are in it"
    )
    check.set_defaults(
        command=_check, show=_print_faults, failed=lambda found: bool(found["faults"])
    )

    show = tasks.add_parser("show", help="print a tree")
    show.add_argument("file", type=Path, metavar="FILE.xml")
    show.add_argument(
        "--tree",
        default="",
        metavar="ID",
        help="the file's main tree if absent, or the one that no other uses",
    )
    show.add_argument("--svg", type=Path, metavar="FILE.svg", help="draw it there instead")
    show.set_defaults(command=_show, show=_print_lines)

    export = tasks.add_parser("export-nodes", help="write the TreeNodesModel that Groot2 reads")
    export.add_argument("--out", type=Path, metavar="FILE.xml", help="print it if absent")
    export.set_defaults(command=_export, show=_print_lines)

    for task in (check, show, export):
        task.add_argument(
            "--registry",
            metavar="MODULE:NAME",
            help="the game's nodes: a Registry, or a function that makes one",
        )
        task.add_argument("--json", action="store_true", help="print one JSON object")


def _check(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.tree import check
    from npcbrain.tree.loader import read_file

    registry = _registry(options.registry)
    files = [file for path in options.files for file in _files(path)]
    found = (
        fault
        for path in files
        for fault in check(read_file(path), registry, file=str(path), folder=path.parent)
    )
    faults = [
        {"file": fault.file, "line": fault.line, "column": fault.column, "message": str(fault)}
        for fault in dict.fromkeys(found)  # a fault of a file that several include is told once
    ]
    return {"files": len(files), "faults": faults}


def _files(path: Path) -> list[Path]:
    """A file, or all tree files of a folder and of those in it.

    Raises:
        UsageError: The folder has none, and a check that checks nothing must not pass.
    """
    if not path.is_dir():
        return [path]
    files = sorted([*path.rglob("*.xml"), *path.rglob("*.btproj")])
    if not files:
        raise UsageError(fault("folder", "hold .xml files", str(path), "the command line"))
    return files


def _show(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.tree import loads, outline, svg
    from npcbrain.tree.loader import read_file
    from npcbrain.tree.node import program_of

    text, registry = read_file(options.file), _registry(options.registry)
    path = options.file
    definition = loads(
        text, registry, file=str(path), tree=options.tree, folder=path.parent, sketch=True
    )
    nodes = program_of(definition).infos
    lines = outline(nodes)
    if options.svg is not None:
        _write(options.svg, svg(nodes), "--svg")
        lines = [f"wrote {options.svg}"]
    return {
        "nodes": [{"path": n.path, "name": n.name, "kind": n.kind} for n in nodes],
        "lines": lines,
    }


def _export(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.tree import dump_model

    registry = _registry(options.registry)
    model = dump_model(registry)
    if options.out is None:
        return {"nodes": [entry.id for entry in registry], "lines": model.splitlines()}
    _write(options.out, model, "--out")
    return {"nodes": [entry.id for entry in registry], "lines": [f"wrote {options.out}"]}


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(fault(option, "be writable", error.strerror, str(path))) from error


def _registry(name: str | None) -> Registry:
    """The registry of a game, by the name of a Python object; npcbrain's own if None.

    Raises:
        UsageError: There is no such object, or it is not a registry.
    """
    from npcbrain.npcs.vocabulary import registry
    from npcbrain.tree import Registry

    if name is None:
        return registry()
    import importlib

    module, _, attribute = name.partition(":")
    advice = "write it as package.module:name"
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # to find the game's own modules, as python -m does
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        what, rule = "--registry", "name something in a module"
        raise UsageError(fault(what, rule, name, "the command line", f"{error}")) from error
    if not isinstance(found, Registry) and callable(found):
        found = found()
    if not isinstance(found, Registry):
        raise UsageError(fault("--registry", "be a Registry", found, "the command line", advice))
    return found


def _print_faults(result: dict[str, Any]) -> None:
    for found in result["faults"]:
        print(found["message"])
    count, files = len(result["faults"]), result["files"]
    shown = f"{count} fault{'s' if count != 1 else ''}" if count else "no faults"
    print(f"{files} file{'s' if files != 1 else ''}, {shown}")


def _print_lines(result: dict[str, Any]) -> None:
    print(*result["lines"], sep="\n")
