"""The findings of ``npcbrain doctor``, as tables for people.

It measures nothing. Invariant: the first lines are the verdict and what to do.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

__all__ = ["print_diagnosis"]

KINDS = {
    "copy": "copy a persona that was read before",
    "prefill": "read a prompt",
    "decode": "write one token, for so many NPCs",
    "verify": "write a token and check drafted ones",
    "choose": "choose what to do and to say",
    "prepare": "prepare a choice, piece by piece",
}


def print_diagnosis(result: dict[str, Any], console: Console | None = None) -> None:
    """Prints what ``doctor.diagnose`` returned."""
    console = Console() if console is None else console
    console.print(_verdict(result))
    console.print(_facts(result))
    console.print(_steps(result))


def _verdict(result: dict[str, Any]) -> Panel:
    fits = result["fits"]
    lines: list[RenderableType] = [Text(result["advice"], style="bold")]
    if fits:
        frames, first = result["answer_frames"], result["first_word_frames"]
        frame_ms = result["frame_ms"]
        when = f"A question that was tried was answered after {frames} frames"
        when += f" ({frames * frame_ms / 1000:.2f} s)"
        if first is not None:
            when += f", its first word came after {first}"
        lines.append(Text(f"{when}. Give Decide a ttl_ms well above that."))
    title, style = ("it fits", "green") if fits else ("it does not fit", "red")
    if not fits and result["largest_step_ms"] <= result["budget_ms"]:
        title, style = "its steps fit, but not every answer", "yellow"
    return Panel(Group(*lines), title=title, border_style=style)


def _facts(result: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    model, machine, prices = result["model"], result["machine"], result["prices"]
    found = {name: version for name, version in result["versions"].items() if version}
    rows = {
        "machine": f"{machine['system']}, {machine['cores']} cores",
        "installed": ", ".join(f"{name} {version}" for name, version in found.items()),
        "model": f"{model['name']} ({model['licence']}), {model['path']}",
        "its size": f"{model['layers']} layers in {model['segments']} steps, {model['hidden']} "
        f"wide, {model['vocab']} tokens known, {model['max_context']} in a prompt with its answer",
        "runs on": f"{', '.join(result['providers'])}: {result['providers_why']}",
        "kernels": ", ".join(sorted(set(result["kernels"].values()))),
        "prices": f"remembered in {prices['file']}"
        if prices["remembered"]
        else "not remembered yet: the first start of a game measures them",
    }
    for name, value in rows.items():
        table.add_row(Text(name), Text(value))
    return table


def _steps(result: dict[str, Any]) -> Table:
    table = Table(title=f"what a step costs here, of a budget of {result['budget_ms']:g} ms")
    table.add_column("to")
    table.add_column("rows", justify="right")
    table.add_column("ms", justify="right")
    table.add_column("remembered", justify="right")
    table.add_column("fits")
    for step in result["steps"]:
        fits = step["largest_ms"] <= result["budget_ms"]
        remembered = step["remembered_ms"]
        table.add_row(
            KINDS.get(step["kind"], step["kind"]),
            str(step["rows"]),
            f"{step['largest_ms']:.2f}",
            "-" if remembered is None else f"{remembered:.2f}",
            Text("yes", style="green") if fits else Text("no", style="red"),
        )
    return table
