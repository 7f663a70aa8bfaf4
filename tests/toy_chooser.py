"""A model folder with a chooser of random weights: the tiny model's files and a few more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from npcbrain.choosing.choice import KINDS
from npcbrain.choosing.layout import CLS, MARKS, MAX_NEWS, MAX_PERSONA
from npcbrain.lm.model import Model
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from tools.distil.chooser.export import add_chooser
from tools.distil.chooser.graphs import EncoderConfig

TINY = Path(__file__).parent / "models" / "tiny"
CONFIG = EncoderConfig(hidden=32, heads=2, layers=2, looks=1, width=8)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'-/"


def make_chooser_model(folder: Path, seed: int = 3) -> Path:
    """Writes the folder; another seed chooses otherwise."""
    shutil.copytree(TINY, folder)
    add_chooser(folder, CONFIG, _weights(seed), _tokenizer())
    return folder


def load_chooser_model(folder: Path, num_slots: int, own_words: float) -> Model:
    """Loads the folder, with words of one's own worth so much beside quotes.

    At -2 all answers are quotes, at 5 about half of them, and above 6 none.
    """
    model = Model.load(folder, num_slots=num_slots)
    assert model.encoder is not None
    model.encoder.worth = model.encoder.worth._replace(own=own_words)
    return model


def _tokenizer() -> bytes:
    words = ["[PAD]", *(f"[unused{number}]" for number in range(99)), "[UNK]", "[CLS]"]
    assert words.index("[CLS]") == CLS
    assert max(MARKS.values()) < words.index("[UNK]")
    words += [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocab = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return json.dumps(json.loads(tokenizer.to_str()), separators=(",", ":")).encode()


def _weights(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    hidden, width, ffn = CONFIG.hidden, CONFIG.width, 64
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word_embeddings.weight": (102 + 2 * len(LETTERS), hidden),
        "emb.position_embeddings.weight": (MAX_PERSONA + MAX_NEWS, hidden),
        "emb.token_type_embeddings.weight": (2, hidden),
        "scale": (KINDS,),
        "sign": (KINDS, 4),
        "args": (2,),
    }
    sides = dict.fromkeys("qkec", KINDS * width) | {"bias": KINDS, "look": KINDS}
    sides |= dict.fromkeys(("occ", "occ2"), len(OCCASIONS) + 1)
    sides |= dict.fromkeys(("emo", "emo2"), len(EMOTIONS))
    linear = {name: (size, hidden) for name, size in sides.items()}
    norms = ["emb.LayerNorm"]
    for layer in range(CONFIG.layers):
        at = f"layers.{layer}"
        for side in "query", "key", "value":
            linear[f"{at}.attention.self.{side}"] = (hidden, hidden)
        linear[f"{at}.attention.output.dense"] = (hidden, hidden)
        linear[f"{at}.intermediate.dense"] = (ffn, hidden)
        linear[f"{at}.output.dense"] = (hidden, ffn)
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    shapes |= {f"{name}.{part}": (hidden,) for name in norms for part in ("weight", "bias")}
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
