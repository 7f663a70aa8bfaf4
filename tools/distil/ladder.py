"""Writes the table and the chart of all models that were scored.

    python -m tools.distil.ladder

Reads ``bench_results/models/*.json`` (see ``tools.distil.score``), measures nothing. The table goes
into the model card between two marks, with the categories of the model that ships and its samples;
the chart is ``docs/models.png``. Invariant: every figure stands in one of these files.
"""

from __future__ import annotations

import json
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from tools.distil.score import MODELS

ROOT = MODELS.parents[1]
CARD = ROOT / "models" / "hearth" / "MODEL_CARD.md"
CHART = ROOT / "docs" / "models.png"
SHIPPED = "student-int8"
EXACT = "student-fp32"  # what the other students are compared with, answer by answer
INK, QUIET, SHIPS, OTHER = "#222222", "#8a8a8a", "#d1495b", "#30638e"
SCORES = {  # what the chart shows: its name, colour and mark
    "action_accuracy": ("right actions", "#222222", "o"),
    "action_accuracy_act": ("where an act is required", "#2a9d8f", "D"),
    "grounded": ("uses the fact asked for", "#edae49", "s"),
}


def read_all() -> dict[str, dict[str, Any]]:
    """All records by name, the worst on held-out actions first."""
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in MODELS.glob("*.json")
    }
    order = sorted(records, key=lambda name: records[name]["held_out"]["action_accuracy"])
    return {name: records[name] for name in order}


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def agreement(record: dict[str, Any], exact: dict[str, Any] | None) -> float | None:
    """The share of held-out answers that are word for word those of the float32 student."""
    if exact is None or not ({"held_out_digests"} <= record.keys() & exact.keys()):
        return None
    if record.get("layers") != exact["layers"]:
        return None  # another model
    pairs = zip(record["held_out_digests"].split(), exact["held_out_digests"].split(), strict=True)
    same = [one == other for one, other in pairs]
    return sum(same) / len(same)


def table(records: dict[str, dict[str, Any]]) -> str:
    """One row a model, in Markdown."""
    lines = [
        "| | MB | ms a token | ms to read 32 | actions | ... say | ... act | uses the fact | "
        "clean | actions, by hand | ... act | actions, public | answers as in float32 |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    exact = records.get(EXACT)
    for name, record in records.items():
        scores, by_hand = record["held_out"], record.get("by_hand", {})
        cells = [
            f"**{record['about']}**" if name == SHIPPED else record["about"],
            *(str(record.get(key, "-")) for key in ("megabytes", "decode_ms", "read_32_ms")),
            percent(scores["action_accuracy"]),
            percent(scores["action_accuracy_say"]),
            percent(scores["action_accuracy_act"]),
            percent(scores["grounded"]),
            percent(scores["clean"]),
            percent(by_hand.get("action_accuracy")),
            percent(by_hand.get("action_accuracy_act")),
            percent(record["public"]["action_accuracy"]),
            percent(agreement(record, exact)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def categories(record: dict[str, Any]) -> str:
    """Scores of one model by category of the held-out situations."""
    lines = ["| category | cases | actions | uses the fact | clean |", "|---|---|---|---|---|"]
    found = sorted(record["held_out"]["categories"].items(), key=lambda item: -item[1]["num"])
    for name, scores in found:
        shares = (percent(scores[key]) for key in ("action_accuracy", "grounded", "clean"))
        lines.append(f"| {name} | {scores['num']} | {' | '.join(shares)} |")
    return "\n".join(lines)


def samples(record: dict[str, Any], name: str) -> str:
    """Answers as they came, good and bad."""
    lines = ["| to | asked, or happened | action | says | |", "|---|---|---|---|---|"]
    for sample in record[f"{name}_samples"]:
        answer = sample["answer"]
        action = "-"
        if answer is not None:
            values = ", ".join(answer["args"].values())
            action = f"{answer['action']} ({values})" if values else answer["action"]
        cells = (sample["npc"], sample["event"], action, answer["say"] if answer else "-")
        mark = "yes" if sample["accepted"] else "no"
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} | {mark} |")
    return "\n".join(lines)


def chart(records: dict[str, dict[str, Any]]) -> None:
    """A row a model: its scores on the left, what a token takes on the right."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 0.9 + 0.52 * len(records)), layout="constrained",
        sharey=True, width_ratios=(5, 3),
    )  # fmt: skip
    rows = range(len(records))
    for key, (about, colour, marker) in SCORES.items():
        shares = [100 * record["held_out"][key] for record in records.values()]
        left.scatter(shares, rows, s=64, color=colour, marker=marker, label=about, zorder=3)
    for row, (name, record) in enumerate(records.items()):
        if "decode_ms" not in record:
            right.text(0, row, " no model", color=QUIET, fontsize=9, va="center")
            continue
        took = record["decode_ms"]
        right.barh(row, took, height=0.5, color=SHIPS if name == SHIPPED else OTHER)
        told = f" {took:.1f} ms, {record['megabytes']:.0f} MB"
        right.text(took, row, told, color=INK, fontsize=9, va="center")
    left.set_yticks(rows, [record["about"] for record in records.values()])
    left.get_yticklabels()[list(records).index(SHIPPED)].set_color(SHIPS)
    left.set_xlim(-3, 103)
    left.set_xlabel("% of 500 held-out situations of its kind")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(SCORES), frameon=False)
    slowest = max(record.get("decode_ms", 1.0) for record in records.values())
    right.set_xlim(0, 2 * slowest)  # room for what stands beside the longest
    right.set_xlabel("ms a token, one NPC, one thread")
    for axes in (left, right):
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_axisbelow(True)
    left.grid(color="#eeeeee")
    CHART.parent.mkdir(exist_ok=True)
    figure.savefig(CHART, dpi=150)


def put(text: str, mark: str, content: str) -> str:
    """``text`` with what stands between the two marks replaced."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{content}\n{end}{tail}"


def main() -> None:
    """Rewrites the marked parts of the model card, and the chart."""
    records = read_all()
    text = CARD.read_text(encoding="utf-8")
    text = put(text, "scores", table(records))
    text = put(text, "categories", categories(records[SHIPPED]))
    text = put(text, "public samples", samples(records[SHIPPED], "public"))
    text = put(text, "held-out samples", samples(records[SHIPPED], "held_out"))
    text = put(text, "by-hand samples", samples(records[SHIPPED], "by_hand"))
    CARD.write_text(text, encoding="utf-8", newline="\n")
    chart(records)


if __name__ == "__main__":
    main()
