"""The tables of ``docs/figures.md``, in Markdown, from results that were kept."""

from __future__ import annotations

from typing import Any

__all__ = ["origin", "peers_table", "ways_rows", "ways_table"]


def ways_table(record: dict[str, Any]) -> list[str]:
    """A row for each way to run a model in a game, and what each one does."""
    lines = [*ways_rows(record), ""]
    lines += [f"- {row['way']}: {row['rule']}." for row in record["ways"]]
    lines += [f"- {name}: left out, {reason}." for name, reason in record["skipped"].items()]
    if record["llama_cpp_note"]:
        lines.append(f"- {record['llama_cpp_note']}.")
    return lines


def ways_rows(record: dict[str, Any]) -> list[str]:
    """A row for each way."""
    rows = [
        f"| {row['way']} | {row['frame_p50_ms']:.1f} ms | {row['frame_p99_ms']:.1f} ms | "
        f"{row['frame_max_ms']:.1f} ms | {row['missed_percent']:.1f} % | "
        f"{row['answers_per_minute']:.0f} |"
        for row in record["ways"]
    ]
    return [
        "| | a frame, p50 | p99 | worst | frames missed | answers a minute |",
        "|---|--:|--:|--:|--:|--:|",
        *rows,
    ]


def peers_table(record: dict[str, Any]) -> list[str]:
    """A row for each engine that ran the same weights."""
    result = record["result"]
    lines = [
        "| | a token, alone | limit of memory | 128 tokens of prompt | 8 conversations at once |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['name']} | {row['decode_ms']:.1f} ms | {row['decode_limit_ms']:.1f} ms | "
        f"{row['prefill_128_ms']:.0f} ms | {row['aggregate_8_tokens_per_s']:.0f} tokens/s |"
        for row in result["contenders"]
    ]
    ratios = ", ".join(f"{name} {result[name]:.2f}" for name in result["targets"])
    lines += [
        "",
        f"{result['weights']} on {result['threads']} thread, {result['rounds']} rounds in turns; "
        f"npcbrain in {result['segments']} segments and the head, int8; "
        f"{result['llama_cpp']}. npcbrain over llama.cpp's best: {ratios}. The limit is the "
        f"weights' bytes over {result['bandwidth_gb_s']:g} GB/s, what one thread reads here.",
        origin(record),
    ]
    notes = [note for note in (result["llama_cpp_note"], result["note"]) if note]
    return lines + [f"\n{note[0].upper()}{note[1:]}." for note in notes]


def origin(record: dict[str, Any]) -> str:
    """The machine, the date and the commit of a record, for a caption."""
    return (
        f"{record['processor']}, {record['cores']} cores, {record['system']}, {record['date']}, "
        f"commit `{record['commit'][:7]}`."
    )
