"""Writes the README's table of figures from the kept results.

    python -m tools.bench.figures

Reads ``bench_results/*.json``, measures nothing. Invariant: every figure of the table is in one of
these files, with the machine and the commit of its measurement.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.bench.page_tables import ways_rows

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench_results"
README = ROOT / "README.md"
PARTS = ("action", "first_word", "last_word")
PEERS = ("peers", "peers-wheel")  # llama.cpp compiled for the processor, and made for any
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def read(name: str) -> dict[str, Any]:
    """A kept result."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def table() -> str:
    """The table, in Markdown."""
    frames, alone = read("frames-4ms"), read("frames-4ms-alone")
    starved = read("frames-0.2ms")["result"]
    both = (frames["result"], alone["result"])
    result, versions = frames["result"], frames["versions"]
    runtime = versions.get("onnxruntime-gpu") or versions.get("onnxruntime")
    rows = [
        _row("update over its budget, p99", both, "over_budget_p99_ms", "{:.2f} ms"),
        _row("... without what others took of the core", both, "over_by_us_p99_ms", "{:.2f} ms"),
        _row("p99.9", both, "over_budget_p999_ms", "{:.2f} ms"),
        _row("... without what others took", both, "over_by_us_p999_ms", "{:.2f} ms"),
        _row("worst", both, "over_budget_max_ms", "{:.2f} ms"),
        _row("... without what others took", both, "over_by_us_max_ms", "{:.2f} ms"),
        _row("longest single step", both, "largest_step_ms", "{:.2f} ms"),
        _row("frames over 16.67 ms with npcbrain", both, "hitches_on", "{}"),
        _row("the same frames without it", both, "hitches_off", "{}"),
        _row("share of the budget used", both, "budget_used", "{:.0%}"),
        _row("decisions by the model, in the run", both, "decisions", "{}"),
        _row("fallbacks to trees, in the run", both, "fallbacks", "{}"),
        _row("speed in slices, over in one piece", both, "slicing_efficiency", "{:.0%}"),
        (
            "with a budget of 0.2 ms, which no step fits: by the model / by trees",
            f"{starved['decisions']} / {starved['fallbacks']}",
            "",
        ),
    ]
    if (RESULTS / "waits.json").is_file():
        waits = read("waits")["waits"].values()
        what = "one warm NPC alone, frames until its action / first / last word (medians)"
        rows.append((what, *(" / ".join(f"{way[part][0]}" for part in PARTS) for way in waits)))
    lines = [
        f"{result['npcs']} NPCs talked to without end, {result['budget_ms']:g} ms a frame for "
        f"npcbrain, {result['game_ms']:g} ms of game work, {result['frames']} frames "
        f"({both[1]['frames']} with the language model alone), one thread "
        f"of {frames['processor']}, ONNX Runtime {runtime}, commit `{frames['commit'][:7]}`:",
        "",
        "| | `hearth` | its language model alone |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    if (RESULTS / "ways.json").is_file():
        ways = read("ways")
        lines += [
            "",
            f"The field's ways at the same load, in turns: {ways['npcs']} NPCs asked in rounds, "
            f"{ways['game_ms']:g} ms of game work, commit `{ways['commit'][:7]}`. All but the two "
            "rows *as it ships* run the same language model, which writes every answer "
            "([what each way does](docs/figures.md)):",
            "",
            *ways_rows(ways),
        ]
    for name in PEERS:
        if (RESULTS / f"{name}.json").is_file():
            lines += ["", _peers(read(name))]
    return "\n".join(lines)


def _row(what: str, results: Sequence[dict[str, Any]], field: str, shape: str) -> tuple[str, ...]:
    values = (result[field] for result in results)
    return (what, *("-" if value is None else shape.format(value) for value in values))


def _peers(record: dict[str, Any]) -> str:
    peers = record["result"]
    token, prompt, many = (f"{peers[figure]:.2f}" for figure in peers["targets"])
    return (
        f"Speed over llama.cpp's best ({peers['llama_cpp']}), the same teacher's weights, one "
        f"thread each, {record['processor']}: a token {token}, 128 tokens of prompt {prompt}, "
        f"eight conversations {many}."
    )


def main() -> None:
    """Rewrites the part of the README between the two marks."""
    text = README.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    README.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
