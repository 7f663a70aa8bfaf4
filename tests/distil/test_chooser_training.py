"""The chooser at toy size: it learns, and the runtime chooses what the network would."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from toy_chooser import CONFIG, TINY, make_chooser_model

torch = pytest.importorskip("torch", reason="distillation is an extra")
transformers = pytest.importorskip("transformers", reason="distillation is an extra")

from npcbrain.choosing.chooser import Chooser  # noqa: E402
from npcbrain.choosing.layout import news, persona  # noqa: E402
from npcbrain.choosing.signs import NUM_SIGNS, of_memories, signs  # noqa: E402
from npcbrain.errors import ModelError  # noqa: E402
from npcbrain.lm.model import Model  # noqa: E402
from tools.distil.chooser import ablate, reopen  # noqa: E402
from tools.distil.chooser.export import add_chooser  # noqa: E402
from tools.distil.chooser.net import Group, Net  # noqa: E402
from tools.distil.chooser.train import Diet, draw, loss_of, reader_of  # noqa: E402
from tools.distil.chooser.vocabulary import cut  # noqa: E402
from tools.distil.sheets import read_sheets  # noqa: E402
from tools.distil.sheets.quoting import Quotes  # noqa: E402
from tools.distil.sheets.reading import SheetError  # noqa: E402

SHEETS = read_sheets(split="val")[:4]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    toy = make_chooser_model(folder / "toy")
    shutil.copy(toy / "chooser.json", folder / "tokenizer.json")
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=200,
        hidden_size=CONFIG.hidden,
        num_hidden_layers=CONFIG.layers,
        num_attention_heads=CONFIG.heads,
        intermediate_size=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_a_smaller_vocabulary_gives_common_words_the_same_tokens(
    encoder: Path, tmp_path: Path
) -> None:
    pieces = 102 + 26  # the letters, but none of the digits
    cut(encoder, tmp_path, pieces)
    whole, small = reader_of(encoder), reader_of(tmp_path)
    assert small("a b c") == whole("a b c")
    assert small("a 1 c") != whole("a 1 c")
    assert max(small("a b c 1 2 3")) < pieces
    assert Net(tmp_path, CONFIG.width, CONFIG.looks).emb.word_embeddings.weight.shape[0] == pieces


def ship(net: Net, encoder: Path, folder: Path) -> Path:
    """Exports the network into a model's folder."""
    weights = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    add_chooser(folder, CONFIG, weights, (encoder / "tokenizer.json").read_bytes(), lead=0.0)
    return folder


def test_the_runtime_chooses_what_the_network_would(encoder: Path, tmp_path: Path) -> None:
    net = Net(encoder, CONFIG.width, CONFIG.looks).eval()
    torch.nn.init.normal_(net.k.weight, std=0.1)  # or all but the signs would be nearly equal
    torch.nn.init.normal_(net.look.weight, std=0.1)
    folder = ship(net, encoder, shutil.copytree(TINY, tmp_path / "model"))
    chooser, encode = Chooser(Model.load(folder).encoder), reader_of(encoder)
    num_equal = 0
    examples = [example for sheet in SHEETS for example in sheet.examples[:6]]
    for example in examples:
        asked = example.situation
        layout = persona(asked, encode)
        assert layout is not None
        read = torch.tensor(signs(asked, len(layout.facts)))
        told = news(asked, encode)
        of_told = torch.tensor(of_memories(asked, [text for text, _ in told.memories]))
        of_told = of_told.view(-1, NUM_SIGNS)
        with torch.no_grad():
            (scores,) = net([Group(layout, [told], [read], [of_told])])
        best = int(scores.candidates[0, : len(asked.actions)].argmax())
        assert chooser.begin(asked)
        while (choice := chooser.step()) is None:
            pass
        num_equal += choice.action == asked.actions[best].name
    assert num_equal >= 0.9 * len(examples)  # integers round where floats do not


def test_what_ships_opens_again_as_a_state_that_training_goes_on_from(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Net(encoder, CONFIG.width, CONFIG.looks).eval()
    torch.nn.init.normal_(first.look.weight, std=0.1)
    folder = ship(first, encoder, shutil.copytree(TINY, tmp_path / "model"))
    out = tmp_path / "reopened"
    monkeypatch.setattr("sys.argv", ["reopen", "--model", str(folder), "--out", str(out)])
    reopen.main()
    again = Net(out, CONFIG.width, CONFIG.looks).eval()
    again.load_state_dict(torch.load(out / "chooser.pt", weights_only=True)["net"])
    group, _ = next(draw(SHEETS, Quotes(SHEETS), by_word, random.Random(1)))
    with torch.no_grad():
        (was,), (now,) = first([group]), again([group])
    spread = float(was.candidates.std())
    assert float((was.candidates - now.candidates).abs().max()) < 0.1 * spread
    assert reader_of(out)("a ship at 7") == reader_of(encoder)("a ship at 7")
    ship(again, encoder, folder)  # a second rounding changes nothing
    twice = reopen.reopen(folder)[1]
    assert all(
        torch.allclose(torch.from_numpy(twice[name]), value)
        for name, value in again.state_dict().items()
    )


def test_a_model_without_a_chooser_cannot_be_opened_for_teaching_it() -> None:
    with pytest.raises(ModelError, match="have a chooser"):
        reopen.reopen(TINY)


def test_it_learns(encoder: Path) -> None:
    torch.manual_seed(2)
    net = Net(encoder, CONFIG.width, CONFIG.looks)
    groups = draw(SHEETS, Quotes(SHEETS), by_word, random.Random(1))
    batch = [next(groups) for _ in range(3)]
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    first, _ = loss_of(net, batch)
    for _ in range(25):
        loss, told = loss_of(net, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss) < 0.7 * float(first)
    assert set(told) == {"deed", "value", "words", "emotion", "right"}


def by_word(text: str) -> tuple[int, ...]:
    """A token a word: the toy's letters would make any character too long."""
    return tuple(103 + len(word) for word in text.split())


def test_a_variant_of_the_training_is_scored_on_characters_it_has_not_seen(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ablate, "NUM_SCORED", 60)
    net = Net(encoder, CONFIG.width, looks=0).eval()
    found = ablate.score(net, SHEETS, Quotes(SHEETS, texts=True), by_word)
    assert set(found) == {"deeds", "deeds alone", "acts", "lines"}
    assert all(0 <= share <= 1 for share in found.values())
    assert found == ablate.score(net, SHEETS, Quotes(SHEETS, texts=True), by_word)


def test_generated_situations_are_a_share_of_what_is_learnt() -> None:
    quotes = Quotes(SHEETS)
    sizes = {len(persona(sheet.examples[0].situation, by_word).ids) for sheet in SHEETS}
    groups = draw(SHEETS, quotes, by_word, random.Random(1), Diet(varied=0.0, generated=0.5))
    written = [len(next(groups)[0].persona.ids) in sizes for _ in range(30)]
    assert any(written)
    assert not all(written)


def test_characters_that_are_all_too_long_to_read_are_refused() -> None:
    endless = draw(SHEETS, Quotes(SHEETS), lambda text: (103,) * 500, random.Random(1))
    with pytest.raises(SheetError, match="hold a character of at most"):
        next(endless)
