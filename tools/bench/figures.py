"""Writes the README's table of figures from the kept results.

    python -m tools.bench.figures

Reads ``bench_results/*.json``, measures nothing. Invariant: every figure of the table is in one of
these files, with the machine and the commit of its measurement.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npcbrain.commands.bench.warm import WARM_FIELDS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench_results"
README = ROOT / "README.md"
PEERS = ("peers", "peers-wheel")  # llama.cpp compiled for the processor, and made for any
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def read(name: str) -> dict[str, Any]:
    """A kept result."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def table() -> str:
    """The table, in Markdown."""
    frames = read("frames-4ms")
    result = frames["result"]
    starved = read("frames-0.2ms")["result"]
    versions = frames["versions"]
    runtime = versions.get("onnxruntime-gpu") or versions.get("onnxruntime")
    rows: list[tuple[str, str]] = [
        ("update over its budget, p50", f"{result['over_budget_p50_ms']:.2f} ms"),
        ("p99", f"{result['over_budget_p99_ms']:.2f} ms"),
        ("p99.9", f"{result['over_budget_p999_ms']:.2f} ms"),
        ("worst", f"{result['over_budget_max_ms']:.2f} ms"),
        ("longest single step", f"{result['largest_step_ms']:.2f} ms"),
        ("frames over 16.67 ms with npcbrain", str(result["hitches_on"])),
        ("the same frames without it", str(result["hitches_off"])),
        ("share of the budget used", f"{result['budget_used']:.0%}"),
        ("decisions by the model, in the run", str(result["decisions"])),
        ("fallbacks to trees, in the run", str(result["fallbacks"])),
        ("speed of the model in slices, over in one piece", f"{result['slicing_efficiency']:.0%}"),
        (
            "with a budget of 0.2 ms, which no step fits: by the model / by trees",
            f"{starved['decisions']} / {starved['fallbacks']}",
        ),
    ]
    if "warm_action_frames" in result:
        warm = (result[name] for name in WARM_FIELDS)
        shown = " / ".join("-" if frames is None else f"{frames:g}" for frames in warm)
        what = "one warm NPC alone, frames until its action / first word / 20 tokens (medians)"
        rows.append((what, shown))
    for name in PEERS:
        if not (RESULTS / f"{name}.json").is_file():
            continue
        peers = read(name)["result"]
        shown = " / ".join(f"{peers[figure]:.2f}" for figure in peers["targets"])
        what = (
            f"speed over llama.cpp's best ({peers['llama_cpp']}), same teacher weights, one thread "
            "each: a token / 128 tokens of prompt / eight conversations"
        )
        rows.append((what, shown))
    lines = [
        f"{result['npcs']} NPCs talked to without end, {result['budget_ms']:g} ms a frame for "
        f"npcbrain, {result['game_ms']:g} ms of game work, {result['frames']} frames, one thread "
        f"of {frames['processor']}, ONNX Runtime {runtime}, commit `{frames['commit'][:7]}`:",
        "",
        "| | |",
        "|---|---|",
        *(f"| {what} | {value} |" for what, value in rows),
    ]
    return "\n".join(lines)


def main() -> None:
    """Rewrites the part of the README between the two marks."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    README.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
