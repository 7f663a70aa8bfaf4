"""Stage 5: turns a student's weights into the segment graphs that npcbrain runs.

    python -m tools.distil.export --weights DIR --out models/NAME

Reads ``model.safetensors``, ``config.json`` and ``tokenizer.json`` of a Hugging Face Llama folder,
finds the scales of ``staticint8`` on drawn situations, builds the graphs in memory, compares them
with a plain float32 reference, measures them and only then writes. ``words.txt`` goes along where
it lies there, and so do ``word_vectors.npz`` and ``verb_synonyms.txt``, which a model has that was
taught beside other tables than npcbrain's. Invariant: what fails the comparison is not written.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from npcbrain.errors import ModelError, NpcBrainError, UsageError, fault
from npcbrain.graphs.decoder import LlamaConfig, Weights
from npcbrain.graphs.quantise import KERNELS, STATIC, kernel_plan
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.prompting.prompt import answer_text, render
from tools.distil.calibrate import calibrate
from tools.distil.check import GraphRunner, reference
from tools.distil.package import BOS, EOS, VECTORS, VERBS, BuiltModel, build_model
from tools.distil.sheets import read_sheets
from tools.distil.weights import read_safetensors

__all__ = ["Agreement", "compare", "encode_texts", "export", "main", "measure", "written_texts"]

DECODE_ROWS = (1, 4, 8)
PREFILL_TOKENS = (8, 16, 32)
CHUNK = 16
TABLE_WIDTH = 120  # characters; narrower cuts the figures when the output is piped
NUM_CALIBRATED = 200  # situations, some 50,000 tokens: scales for what a model will read
CALIBRATION_SEED = 7
NUM_COMPARED = 6  # held-out situations, unless --text names something better to compare on
NUM_RUNS = 15  # per figure; the median of so few wanders by a tenth, enough to see a mistake


@dataclass(frozen=True, slots=True)
class Agreement:
    """How close an export is to float32.

    Attributes:
        argmax: Share of positions whose most likely token is the same.
        logits: Largest difference of a logit.
        hidden: Largest difference after each segment.
        relative: Length of the difference over length of the state, after each segment.
        positions: Positions compared.
    """

    argmax: float
    logits: float
    hidden: tuple[float, ...]
    relative: tuple[float, ...]
    positions: int


def export(
    folder: Path,
    name: str,
    kernel: str,
    exceptions: dict[str, str],
    num_segments: int,
    max_context: int,
) -> tuple[BuiltModel, Weights]:
    """Builds a model from a Hugging Face folder.

    Returns:
        The model, in memory, and the weights it came from.

    Raises:
        ModelError: A file is missing or not what it should be.
        UsageError: A kernel, a pattern or the number of segments makes no sense.
    """
    config = LlamaConfig.from_hf(_read_json(folder / "config.json"), max_context)
    tokenizer = _read_json(folder / "tokenizer.json")
    weights = read_safetensors(folder / "model.safetensors")
    embedding = weights.get("model.embed_tokens.weight")
    if "lm_head.weight" in weights and not np.array_equal(weights["lm_head.weight"], embedding):
        raise ModelError(
            fault(
                "head", "be the embedding's table", "another", str(folder), "tie them in training"
            )
        )
    kernels = kernel_plan(config.layers, kernel, exceptions)
    words = folder / "words.txt"
    said = words.read_bytes() if words.exists() else b""
    tables = own_tables(folder)
    smoothed = weights
    if STATIC in kernels.values():
        sequences = encode_texts(tokenizer, config, written_texts(NUM_CALIBRATED, "train"))
        smoothed = calibrate(config, weights, kernels, track(sequences, "calibrating"))
    built = build_model(
        name, config, smoothed, tokenizer, kernels, num_segments, said, tables=tables
    )
    return built, weights


def own_tables(folder: Path) -> tuple[bytes, bytes] | None:
    """Tables of its own that a student was taught beside; None where these are npcbrain's.

    Raises:
        ModelError: One of the two is missing.
    """
    paths = folder / VECTORS, folder / VERBS
    missing = [path.name for path in paths if not path.exists()]
    if len(missing) == len(paths):
        return None
    if missing:
        rule, advice = "be there both or neither", "write the other, or remove this one"
        raise ModelError(fault("tables", rule, f"no {missing[0]}", str(folder), advice))
    vectors, verbs = (path.read_bytes() for path in paths)
    return vectors, verbs


def compare(model: BuiltModel, weights: Weights, sequences: Sequence[np.ndarray]) -> Agreement:
    """Runs sequences through the graphs and through the reference.

    Args:
        model: The export.
        weights: What it was made from.
        sequences: int64 [tokens] each; what exceeds ``max_context`` is left out.

    Raises:
        ModelError: A quantised export gives other logits when a sequence is cut into chunks.
    """
    runner = GraphRunner(model)
    quantised = "fp32" not in model.manifest["kernels"].values()
    num_segments = len(model.segments)
    hidden, relative = [0.0] * num_segments, [0.0] * num_segments
    same, positions, largest = 0, 0, 0.0
    for sequence in sequences:
        ids = sequence[: model.config.max_context]
        want_states, want_logits = reference(model.config, weights, ids, model.segments)
        got_states, got_logits = runner.prefill(ids, _chunks(len(ids)))
        if quantised and not np.array_equal(runner.prefill(ids, [len(ids)])[1], got_logits):
            raise ModelError(
                fault("logits", "not depend on chunks", "others", "compare()", "change the kernels")
            )
        for segment, (want, got) in enumerate(zip(want_states, got_states, strict=True)):
            off = got - want
            hidden[segment] = max(hidden[segment], float(np.abs(off).max()))
            ratio = float(np.linalg.norm(off) / np.linalg.norm(want))
            relative[segment] += ratio / len(sequences)
        largest = max(largest, float(np.abs(got_logits - want_logits).max()))
        same += int((got_logits.argmax(-1) == want_logits.argmax(-1)).sum())
        positions += len(ids)
    return Agreement(same / positions, largest, tuple(hidden), tuple(relative), positions)


def measure(model: BuiltModel) -> list[dict[str, float]]:
    """Median milliseconds of each segment, then of the head, by ``"decode 4"``, ``"prefill 16"``.

    One thread, half the context in use, head on one row per sequence as the engine runs it.
    """
    config = model.config
    runner = GraphRunner(model, max(DECODE_ROWS))
    rng = np.random.RandomState(0)
    context = config.max_context // 2
    cases = [("decode", rows, 1) for rows in DECODE_ROWS]
    cases += [("prefill", 1, tokens) for tokens in PREFILL_TOKENS]
    times = []
    for segment in range(len(model.segments)):
        row = {}
        for kind, batch, tokens in cases:
            shape = (batch, tokens)
            x = rng.randint(0, config.vocab, shape).astype(np.int64)
            if segment:
                x = rng.standard_normal((*shape, config.hidden)).astype(np.float32)
            contexts = [context - 7 * slot for slot in range(batch)]
            row[f"{kind} {batch * tokens}"] = _median_ms(
                lambda s=segment, x=x, c=contexts: runner.run_segment(s, x, c)
            )
        times.append(row)
    head = {}
    for kind, batch, tokens in cases:
        x = rng.standard_normal((batch, config.hidden)).astype(np.float32)
        head[f"{kind} {batch * tokens}"] = _median_ms(lambda x=x: runner.run_head(x))
    return [*times, head]


def show(model: BuiltModel, agreement: Agreement, times: Sequence[dict[str, float]]) -> Table:
    """The table of an export: a row per segment, the head, and a whole step."""
    table = Table(title=f"{model.manifest['name']}: milliseconds, one thread")
    for column in ("", "layers", "MiB", "max diff", "rel. diff", *times[0]):
        table.add_column(column, justify="left" if column in ("", "layers") else "right")
    files = model.manifest["files"]
    for index, (layers, row) in enumerate(zip(model.segments, times, strict=False)):
        table.add_row(
            f"segment {index}",
            f"{layers[0]}-{layers[-1]}",
            f"{files[f'segment_{index}.onnx']['bytes'] / 2**20:.2f}",
            f"{agreement.hidden[index]:.2g}",
            f"{agreement.relative[index]:.2%}",
            *(f"{ms:.3f}" for ms in row.values()),
        )
    size = f"{files['head.onnx']['bytes'] / 2**20:.2f}"
    head = [f"{ms:.3f}" for ms in times[-1].values()]
    table.add_row("head", "", size, f"{agreement.logits:.2g}", "", *head)
    total = sum(entry["bytes"] for entry in files.values()) / 2**20
    sums = [f"{sum(row[case] for row in times):.3f}" for case in times[0]]
    table.add_row("together", "", f"{total:.2f}", "", "", *sums, style="bold")
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Export a student's weights to segment graphs.")
    parser.add_argument("--weights", type=Path, required=True, help="Hugging Face Llama folder")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", help="the model's name (default: that of the --out folder)")
    parser.add_argument("--segments", type=int, default=3)
    parser.add_argument("--kernel", choices=KERNELS, default="nbits8")
    parser.add_argument(
        "--exception",
        action="append",
        default=[],
        metavar="PATTERN=KERNEL",
        help="another kernel for some matrices, such as layers.*.down=nbits8; repeatable",
    )
    parser.add_argument("--max-context", type=int, default=512, help="most tokens of a sequence")
    parser.add_argument("--text", type=Path, help="UTF-8 text to compare on, pieces parted by ---")
    parser.add_argument(
        "--min-agreement", type=float, default=0.9, help="share of equal most likely tokens"
    )
    arguments = parser.parse_args(argv)
    try:
        return _export_to(arguments, Console(width=TABLE_WIDTH))
    except NpcBrainError as error:
        print(f"export: {error}", file=sys.stderr)
        return 1


def _export_to(arguments: argparse.Namespace, console: Console) -> int:
    exceptions = dict(_exception(text) for text in arguments.exception)
    model, weights = export(
        arguments.weights,
        arguments.name or arguments.out.name,
        arguments.kernel,
        exceptions,
        arguments.segments,
        arguments.max_context,
    )
    text = arguments.text
    pieces = (
        written_texts(NUM_COMPARED, "val")
        if text is None
        else text.read_text(encoding="utf-8").split("\n---\n")
    )
    tokenizer = json.loads(model.files["tokenizer.json"])
    sequences = encode_texts(tokenizer, model.config, pieces)
    agreement = compare(model, weights, sequences)
    console.print(show(model, agreement, measure(model)))
    console.print(
        f"same most likely token as float32 in {agreement.argmax:.1%} of "
        f"{agreement.positions} positions"
    )
    if agreement.argmax < arguments.min_agreement:
        raise ModelError(
            fault(
                "agreement",
                f"be at least {arguments.min_agreement}",
                round(agreement.argmax, 3),
                str(arguments.weights),
                "nothing was written; try --kernel nbits8, or an --exception",
            )
        )
    model.write(arguments.out)
    console.print(f"wrote {arguments.out}")
    return 0


def written_texts(count: int, split: str, seed: int = CALIBRATION_SEED) -> list[str]:
    """Written situations with their answers, as the engine writes them.

    Args:
        count: How many.
        split: See ``sheets.read_sheets``; ``"val"`` for those that no training has seen.
        seed: Draws them.
    """
    examples = [example for sheet in read_sheets(split=split) for example in sheet.examples]
    texts = []
    for example in random.Random(seed).sample(examples, k=count):
        prompt = render(example.situation)
        texts.append(prompt.prefix + prompt.news + EOS + answer_text(example.decision))
    return texts


def encode_texts(
    tokenizer: Mapping[str, Any], config: LlamaConfig, pieces: Sequence[str]
) -> list[np.ndarray]:
    """Tokens of some prompts, int64 [tokens] each; behind ``EOS`` their answers.

    Raises:
        ModelError: The tokenizer has more tokens than the model, or does not know that one.
    """
    reader = Tokenizer(json.dumps(tokenizer).encode(), BOS, EOS, config.vocab, "tokenizer.json")
    result = []
    for piece in pieces:
        prompt, *answer = piece.split(EOS)
        ids = [reader.bos_id, *reader.encode(prompt)]
        for text in answer:
            ids += [reader.eos_id, *reader.encode(text)]
        result.append(np.array(ids, np.int64))
    return result


def _chunks(num_tokens: int) -> list[int]:
    """``CHUNK`` each, the rest in the last; never a lone token, whose sums run in another order."""
    whole = max(num_tokens // CHUNK, 1)
    return [CHUNK] * (whole - 1) + [num_tokens - CHUNK * (whole - 1)]


def _median_ms(run: Any) -> float:
    run()
    times = []
    for _ in range(NUM_RUNS):
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return float(np.median(times)) / 1e6


def _exception(text: str) -> tuple[str, str]:
    pattern, found, kernel = text.partition("=")
    if not found:
        raise UsageError(
            fault("--exception", "be PATTERN=KERNEL", text, "command line", "layers.*.down=nbits8")
        )
    return pattern, kernel


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(fault("file", "be readable JSON", str(error), str(path))) from None


if __name__ == "__main__":
    sys.exit(main())
