"""What a manifest says of a chooser: its files, its shapes, and the weights of its scores.

This reads the manifest; ``encoder`` loads the files. Invariant: every file it names is listed in
the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from npcbrain.lm.manifest import Fields, known_file

__all__ = ["EncoderFiles", "Worth", "read_encoder"]

# The largest sizes of a chooser; usual: 6, 3, 384, 128, 12000, 109, 12.
MAX_ENCODER = {
    "layers": 32,
    "looks": 32,
    "hidden": 2048,
    "width": 1024,
    "vocab": 262_144,
    "occasions": 1024,
    "emotions": 256,
}
MAX_LAYOUT = 1000
NUM_KINDS, NUM_SIGNS = 4, 4  # of a chooser's candidates, and of signs of each


class Worth(NamedTuple):
    """The weights by which a chooser's scores are made of what its graphs do not compute.

    Attributes:
        tokens: Of nearness to a single token of the news, by kind of candidate.
        signs: Of each sign of classical reading, by kind; see ``choosing.signs``.
        args: What an action gains by how well its arguments' values fit, and by having any.
        talk: Added to the score of actions that only talk.
        own: Added to the score of words of one's own: how well the language model finds them.
        fact: Added to the score of each known fact.
        memory: Added to the score of each memory.
    """

    tokens: tuple[float, ...]
    signs: tuple[tuple[float, ...], ...]
    args: tuple[float, ...]
    talk: float
    own: float
    fact: float
    memory: float


@dataclass(frozen=True, slots=True)
class EncoderFiles:
    """The files and shapes of a chooser, see ``npcbrain.lm.encoder``.

    Attributes:
        graphs: File names, of the graphs for ``Encoder.first``, for each layer, for ``offers``, for
            ``asks`` and for ``looks``.
        tokenizer: File name of its own tokenizer.
        layers: How many layers it has.
        looks: How many of them, the last ones, candidates pass twice, see ``choosing.chooser``.
        hidden: Width of a state.
        width: Width of the vectors of one kind of score.
        vocab: All ids of its tokenizer are below this.
        occasions: Occasions it chooses among, words of one's own included.
        emotions: Emotions it chooses among.
        layout: How what it reads is laid out, see ``choosing.layout``.
        worth: See there.
    """

    graphs: tuple[str, ...]
    tokenizer: str
    layers: int
    looks: int
    hidden: int
    width: int
    vocab: int
    occasions: int
    emotions: int
    layout: int
    worth: Worth


def read_encoder(fields: Fields, files: Mapping[str, object]) -> EncoderFiles:
    chooser = fields.child("chooser")
    numbers = {name: chooser.whole(name, 1, limit) for name, limit in MAX_ENCODER.items()}
    names = [f"chooser_{index}.onnx" for index in range(numbers["layers"] + 1)]
    names += ["chooser_offers.onnx", "chooser_asks.onnx", "chooser_looks.onnx"]
    if numbers["looks"] > numbers["layers"]:
        raise chooser.error("looks", f"be at most {numbers['layers']}", numbers["looks"])
    for name in names:
        if name not in files:
            raise fields.error("chooser", f"have {name} listed in $.files", name)
    tokens = chooser.numbers("tokens", NUM_KINDS)
    listed = chooser.data.get("signs")
    if not isinstance(listed, list) or len(listed) != NUM_KINDS:
        raise chooser.error("signs", f"be a list of {NUM_KINDS} lists", listed)
    signs = tuple(
        Fields({"signs": row}, fields.file, f"$.chooser.signs[{i}]").numbers("signs", NUM_SIGNS)
        for i, row in enumerate(listed)
    )
    args, odds = chooser.numbers("args", 2), chooser.numbers("odds", 4)
    if "lead" in chooser.data:  # older choosers count a deed's odds as they were taught
        (lead,) = chooser.numbers("lead", 1)
        (first, *others), *rows = signs
        signs = ((first + lead, *others), *rows)
    own = known_file(chooser.child("tokenizer"), files)
    worth = Worth(tokens, signs, args, *odds)
    # The first layout had no number.
    layout = chooser.whole("layout", 1, MAX_LAYOUT) if "layout" in chooser.data else 1
    return EncoderFiles(tuple(names), own, **numbers, layout=layout, worth=worth)
