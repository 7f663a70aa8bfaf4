"""Writes the model card's tables and the chart of all models that were scored.

    python -m tools.distil.ladder

Reads ``bench_results/models/*.json`` (see ``tools.distil.score``) and, where they are there,
``bench_results/judged*/result.json`` (see ``tools.distil.judge``); measures nothing. Invariant:
every figure stands in one of these files.
"""

from __future__ import annotations

import json
import textwrap
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from tools.distil.score import MODELS

ROOT = MODELS.parents[1]
CARD = ROOT / "models" / "hearth" / "MODEL_CARD.md"
CHART = ROOT / "docs" / "models.png"
JUDGED = "judged*/result.json"
SHIPPED = "hearth"
MAIN, SECOND = "dev2", "characters"  # the sets that lead
NEAR = "near"  # deeds in other words than their names, beside others like them
SHARES = ("action_accuracy", "action_accuracy_act", "grounded")
INK, QUIET, SHIPS, OTHER = "#222222", "#8a8a8a", "#d1495b", "#30638e"
SCORES = {  # what the chart shows: its name, colour and mark
    "action_accuracy": ("right actions", "#222222", "o"),
    "action_accuracy_act": ("where an act is required", "#2a9d8f", "D"),
    "grounded": ("uses the fact asked for", "#edae49", "s"),
}


def read_all() -> dict[str, dict[str, Any]]:
    """All records by name, the worst on the main set's actions first."""
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in MODELS.glob("*.json")
    }

    def place(name: str) -> tuple[float, bool]:
        return records[name]["sets"][MAIN]["action_accuracy"], name == SHIPPED

    order = sorted(records, key=place)
    return {name: records[name] for name in order}


def read_judged() -> dict[str, Any]:
    """What judges said, by system, in the round with most of its answers; of two, the later one."""
    systems: dict[str, Any] = {}
    for path in sorted(MODELS.parent.glob(JUDGED)):
        for name, found in json.loads(path.read_text(encoding="utf-8"))["systems"].items():
            if name not in systems or found["num"] >= systems[name]["num"]:
                systems[name] = found
    return systems


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def within(scores: dict[str, Any], key: str) -> str:
    """A share and its interval."""
    if key not in scores.get("intervals", {}):
        return percent(scores.get(key))
    low, high = scores["intervals"][key]
    return f"{percent(scores[key])} ({100 * low:.0f}-{100 * high:.0f})"


def table(records: dict[str, dict[str, Any]], judged: dict[str, Any]) -> str:
    """One row a model, in Markdown."""
    lines = [
        "| | MB | ms a token | dev2: actions | ... where an act is required | uses the fact "
        "| clean | sense | held-out characters: actions | ... act | uses the fact |",
        f"|---|{'---|' * 10}",
    ]
    for name, record in records.items():
        main, second = record["sets"][MAIN], record["sets"].get(SECOND, {})
        sense = judged.get(name, {}).get("sense", {})
        cells = [
            f"**{record['about']}**" if name == SHIPPED else record["about"],
            *(str(record.get(key, "-")) for key in ("megabytes", "decode_ms")),
            *(within(main, key) for key in SHARES),
            percent(main["clean"]),
            percent(sense.get("share")),
            *(within(second, key) for key in SHARES),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def near(records: dict[str, dict[str, Any]]) -> str:
    """One row for each model that was asked for deeds that lie near each other."""
    lines = ["| | actions | ... where an act is required | uses the fact |", "|---|---|---|---|"]
    asked = {name: one for name, one in records.items() if NEAR in one["sets"]}
    for name, record in asked.items():
        about = f"**{record['about']}**" if name == SHIPPED else record["about"]
        cells = (within(record["sets"][NEAR], key) for key in SHARES)
        lines.append(f"| {about} | {' | '.join(cells)} |")
    return "\n".join(lines)


def categories(record: dict[str, Any]) -> str:
    """Scores of one model by category of the main set."""
    lines = ["| category | cases | actions | uses the fact | clean |", "|---|---|---|---|---|"]
    found = sorted(record["sets"][MAIN]["categories"].items(), key=lambda item: -item[1]["num"])
    for name, scores in found:
        shares = (percent(scores[key]) for key in ("action_accuracy", "grounded", "clean"))
        lines.append(f"| {name} | {scores['num']} | {' | '.join(shares)} |")
    return "\n".join(lines)


def samples(record: dict[str, Any], name: str) -> str:
    """Answers as they came, good and bad."""
    lines = ["| to | asked, or happened | action | says | |", "|---|---|---|---|---|"]
    for sample in record["sets"][name]["samples"]:
        answer = sample["answer"]
        action = said = "-"
        if answer is not None:
            values = ", ".join(answer["args"].values())
            action = f"{answer['action']} ({values})" if values else answer["action"]
            said = f"{answer['say']} *({answer['quoted']})*" if answer["quoted"] else answer["say"]
        cells = (sample["npc"], sample["event"], action, said)
        mark = "yes" if sample["accepted"] else "no"
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} | {mark} |")
    return "\n".join(lines)


def chart(records: dict[str, dict[str, Any]]) -> None:
    """A row a model: its scores on the left, what a token takes on the right."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 1.1 + 0.52 * len(records)), layout="constrained",
        sharey=True, width_ratios=(5, 3),
    )  # fmt: skip
    rows = range(len(records))
    num = next(iter(records.values()))["sets"][MAIN]["num"]
    for key, (about, colour, marker) in SCORES.items():
        shares = [100 * (record["sets"][MAIN][key] or 0.0) for record in records.values()]
        left.scatter(shares, rows, s=64, color=colour, marker=marker, label=about, zorder=3)
    for row, (name, record) in enumerate(records.items()):
        if "decode_ms" not in record:
            why = " not timed" if "layers" in record else " no model"
            right.text(0, row, why, color=QUIET, fontsize=9, va="center")
            continue
        took = record["decode_ms"]
        right.barh(row, took, height=0.5, color=SHIPS if name == SHIPPED else OTHER)
        told = f" {took:.1f} ms, {record['megabytes']:.0f} MB"
        right.text(took, row, told, color=INK, fontsize=9, va="center")
    left.set_yticks(rows, [textwrap.fill(record["about"], 40) for record in records.values()])
    left.get_yticklabels()[list(records).index(SHIPPED)].set_color(SHIPS)
    left.set_xlim(-3, 103)
    left.set_xlabel(f"% of {num} situations written by hand,\nin worlds nobody trained on")
    left.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(SCORES), frameon=False)
    slowest = max(record.get("decode_ms", 1.0) for record in records.values())
    right.set_xlim(0, 2 * slowest)  # room for what stands beside the longest
    right.set_xlabel("ms a token,\none NPC, one thread")
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
    text = put(text, "scores", table(records, read_judged()))
    text = put(text, "near", near(records))
    text = put(text, "categories", categories(records[SHIPPED]))
    text = put(text, "dev2 samples", samples(records[SHIPPED], MAIN))
    text = put(text, "character samples", samples(records[SHIPPED], SECOND))
    CARD.write_text(text, encoding="utf-8", newline="\n")
    chart(records)


if __name__ == "__main__":
    main()
