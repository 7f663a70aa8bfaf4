r"""Puts a trained chooser into a model's folder.

    python -m tools.distil.chooser.export --chooser CHOOSER.pt --encoder ENCODER --model FOLDER

``ENCODER`` is the folder the training began with, for its tokenizer. The manifest is written last,
so a folder with a manifest is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from npcbrain.choosing.layout import LAYOUT
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from tools.distil.chooser.graphs import EncoderConfig, Weights, chooser_graphs

__all__ = ["add_chooser", "compact_tokenizer"]

TOKENIZER = "chooser.json"
DIGITS = 6
# Small talk makes three in five exchanges of the training talk, where it is less than half in play:
# a half is what that adds to its logarithm. Where the language model finds words that make sense in
# one case of five, nearly any quote is better; a fact is quoted sooner than the chooser would. A
# memory is not: most of what somebody remembers has nothing to do with what is said. Settled on
# characters that no training has seen, and on small talk to somebody who remembers something.
TALK, OWN, FACT, MEMORY = -0.5, -2.0, 1.0, 0.0
# A deed's odds by classical reading count for more than was learnt, since one exchange in seven is
# learnt without them, and so are many whose words are far from the deed's name.
LEAD = 0.25


def add_chooser(
    folder: Path,
    config: EncoderConfig,
    weights: Weights,
    tokenizer: bytes,
    odds: tuple[float, float, float, float] = (TALK, OWN, FACT, MEMORY),
    lead: float = LEAD,
) -> None:
    """Writes the chooser's files beside a model's, and names them in its manifest.

    Args:
        folder: A model's folder.
        config: Shapes.
        weights: As ``net.Net`` names them.
        tokenizer: The content of a ``tokenizer.json``.
        odds: Added to the scores of talk, of words of one's own, of facts and of memories.
        lead: Added to the weight of a deed's odds by classical reading.
    """
    files = {**chooser_graphs(config, weights), TOKENIZER: tokenizer}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        manifest["files"][name] = {"sha256": digest, "bytes": len(content)}
    manifest["chooser"] = {
        "tokenizer": {"file": TOKENIZER},
        "layers": config.layers,
        "looks": config.looks,
        "hidden": config.hidden,
        "width": config.width,
        "vocab": len(weights["emb.word_embeddings.weight"]),
        "occasions": len(OCCASIONS) + 1,
        "emotions": len(EMOTIONS),
        "layout": LAYOUT,
        "tokens": _rounded(np.exp(weights["scale"])),
        "signs": [_rounded(row) for row in weights["sign"]],
        "args": _rounded(weights["args"]),
        "odds": list(odds),
        "lead": [lead],
    }
    text = json.dumps(manifest, indent=1) + "\n"
    (folder / "manifest.json").write_bytes(text.encode())


def compact_tokenizer(content: Mapping[str, object]) -> bytes:
    """A ``tokenizer.json`` without what cuts or fills texts, and without spaces."""
    bare = {**content, "truncation": None, "padding": None}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":")).encode()


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def main() -> None:
    """The command."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chooser", type=Path, required=True, help="what train wrote")
    parser.add_argument("--encoder", type=Path, required=True, help="a folder with tokenizer.json")
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--talk", type=float, default=TALK, help="odds of talk alone")
    parser.add_argument("--own", type=float, default=OWN, help="odds of words of one's own")
    parser.add_argument("--fact", type=float, default=FACT, help="odds of a known fact")
    parser.add_argument("--memory", type=float, default=MEMORY, help="odds of a memory")
    parser.add_argument("--lead", type=float, default=LEAD, help="weight of a deed's odds, added")
    options = parser.parse_args()
    state = torch.load(options.chooser, weights_only=True)["net"]
    weights = {name: value.float().numpy() for name, value in state.items()}
    tokenizer = json.loads((options.encoder / "tokenizer.json").read_text(encoding="utf-8"))
    odds = options.talk, options.own, options.fact, options.memory
    content = compact_tokenizer(tokenizer)
    add_chooser(options.model, EncoderConfig(), weights, content, odds, options.lead)


if __name__ == "__main__":
    main()
