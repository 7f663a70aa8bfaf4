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
    """Right actions against milliseconds a token; what needs no model is a line."""
    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for name, record in records.items():
        share = 100 * record["held_out"]["action_accuracy"]
        if "decode_ms" not in record:
            axes.axhline(share, color=QUIET, linewidth=1, linestyle=(0, (4, 4)))
            axes.text(
                0.005, share - 0.8, record["about"], color=QUIET, fontsize=8, va="top",
                transform=axes.get_yaxis_transform(),
            )  # fmt: skip
            continue
        colour = SHIPS if name == SHIPPED else OTHER
        size = 3 * record["megabytes"]
        axes.scatter(record["decode_ms"], share, s=size, color=colour, alpha=0.75, linewidth=0)
        # What ships is named above its dot, the others below: kernels lie close to each other.
        above = name == SHIPPED
        away = 12 + size**0.5 / 3
        axes.annotate(
            f"{record['about']}\n{record['megabytes']:.0f} MB",
            (record["decode_ms"], share), xytext=(0, away if above else -away),
            textcoords="offset points", fontsize=8, color=INK, ha="center",
            va="bottom" if above else "top", bbox={"color": "white", "alpha": 0.8, "pad": 1},
        )  # fmt: skip
    axes.set_xlabel("milliseconds a token, one NPC, one thread")
    axes.set_ylabel("right actions on held-out worlds, %")
    axes.set_ylim(0, 100)
    slowest = max(record.get("decode_ms", 1.0) for record in records.values())
    axes.set_xlim(0, 1.2 * slowest)  # room for the label of the last one
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
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
