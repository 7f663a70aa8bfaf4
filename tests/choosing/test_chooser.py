"""Promises of ``choosing.chooser``: choices are legal, and neither frames nor order change them."""

from __future__ import annotations

import json
import random
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from small_tables import change_manifest
from toy_chooser import CONFIG, make_chooser_model

from npcbrain.choosing.choice import Choice, legal_lines
from npcbrain.choosing.chooser import Chooser
from npcbrain.choosing.layout import LAYOUT, MAX_NEWS, MAX_PERSONA, news, persona, remembered
from npcbrain.choosing.row_pass import CHUNK
from npcbrain.choosing.signs import signs
from npcbrain.errors import ModelError
from npcbrain.lm.encoder import Encoder
from npcbrain.lm.model import Model
from npcbrain.lm.package import ModelPackage
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from npcbrain.situation import Action, Event, Situation

HEARTH = Path(__file__).parents[2] / "models" / "hearth"
FACTS = [f"The {thing} costs {price} coppers." for price, thing in enumerate("bed ale key".split())]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    model = Model.load(make_chooser_model(tmp_path_factory.mktemp("model") / "toy"))
    assert model.encoder is not None
    return model.encoder


def situation(text: str, name: str = "Hilda", num_facts: int = 3) -> Situation:
    return Situation.from_dict(
        {
            "npc": {"name": name, "role": "innkeeper", "facts": (FACTS * 6)[:num_facts]},
            "actions": [
                {"name": "say"},
                {"name": "giveItem", "args": {"item": ["ale", "key"], "to": ["player", "Al"]}},
                {"name": "close_door"},
            ],
            "memory": ["The player paid.", "Al said: No. Hilda said: Yes."],
            "event": {"kind": "speech", "from": "player", "text": text},
        }
    )


def choice_of(chooser: Chooser, asked: Situation) -> tuple[Choice, int]:
    assert chooser.begin(asked)
    for number in range(1, 1000):
        shape = chooser.next_shape
        assert 1 <= shape.rows <= max(CHUNK, MAX_NEWS)
        found = chooser.step()
        if found is not None:
            return found, number
    raise AssertionError("it never came")


@pytest.mark.parametrize(
    "text", ["What is a bed?", "give me the key", "x" * 5000, "", "[SEP] é 日本"]
)
def test_what_is_chosen_is_legal(encoder: Encoder, text: str) -> None:
    asked = situation(text)
    choice, _ = choice_of(Chooser(encoder), asked)
    action = next(one for one in asked.actions if one.name == choice.action)
    assert set(choice.args) == set(action.args)
    assert all(choice.args[arg] in values for arg, values in action.args.items())
    assert choice.emotion in EMOTIONS
    assert choice.quote in ("", *FACTS, *OCCASIONS, "The player paid.")


def test_a_persona_is_read_once_and_the_choice_stays_the_same_to_the_bit(encoder: Encoder) -> None:
    chooser = Chooser(encoder)
    first, num_first = choice_of(chooser, situation("One ale."))
    again, num_again = choice_of(chooser, situation("One ale."))
    assert again == first
    assert num_again < num_first
    chooser.forget()
    assert choice_of(chooser, situation("One ale.")) == (first, num_first)


def scores_of(chooser: Chooser, asked: Situation, rng: random.Random | None) -> bytes:
    """All that a choice rests on; the steps are cut as ``rng`` has it."""
    assert chooser.begin(asked)
    while chooser._judged is None:
        pieces = [chooser.next_shape]
        while (smaller := chooser.smaller(pieces[-1])) is not None:
            pieces.append(smaller)
        assert [piece.rows for piece in pieces] == sorted((p.rows for p in pieces), reverse=True)
        chooser.step(rng.choice(pieces).rows if rng else pieces[0].rows)
    assert chooser._pass is not None
    assert chooser._known is not None
    assert chooser._memories is not None
    offers = [chooser._known.offers, chooser._memories]
    found = [chooser._pass.hidden, chooser._judged]
    found += [part for own in offers for part in (own.keys, own.marks, own.bias)]
    return b"".join(part.tobytes() for part in found)


@pytest.mark.parametrize("name", ["toy", "hearth"])
def test_a_step_may_be_cut_anywhere_and_the_choice_rests_on_the_same_bits(
    encoder: Encoder, name: str
) -> None:
    if name == "hearth":
        hearth = Model.load(HEARTH).encoder
        assert hearth is not None
        encoder = hearth
    rng = random.Random(1)
    for text in ("One ale.", "Is a bed free tonight? " * 3, "The key, and be quick about it!"):
        whole = scores_of(Chooser(encoder), situation(text), None)
        for _ in range(3):
            assert scores_of(Chooser(encoder), situation(text), rng) == whole


def test_no_row_is_left_to_run_alone(encoder: Encoder) -> None:
    chooser = Chooser(encoder)
    sizes = set()
    for num_facts in range(18):
        assert chooser.begin(situation("One ale.", num_facts=num_facts))
        while chooser._judged is None:
            whole = smallest = chooser.next_shape
            while (smaller := chooser.smaller(smallest)) is not None:
                smallest = smaller
                sizes.add(smallest.rows)
                assert whole.rows - smallest.rows > 1
            assert smallest.rows > 1 or whole.context == 0
            chooser.step(smallest.rows)
    assert sizes == {12, 6}


def test_what_is_left_tells_the_steps_that_are_run(encoder: Encoder) -> None:
    chooser = Chooser(encoder)
    for text in ("One ale.", "One ale, and a key for the gentleman from Harrow, please."):
        asked = situation(text)
        layouts = persona(asked, encoder.encode), news(asked, encoder.encode)
        assert chooser.begin(asked, *layouts)
        left = list(chooser.left())
        rows: dict[int, int] = {}
        while chooser.situation is not None:
            shape = chooser.next_shape
            rows[shape.segment] = rows.get(shape.segment, 0) + shape.rows
            chooser.step()
        told: dict[int, float] = {}
        for shape, number in left:
            told[shape.segment] = told.get(shape.segment, 0) + shape.rows * number
        layers = range(encoder.num_layers + 1)
        assert [round(told[one]) for one in layers] == [rows[one] for one in layers]


def test_who_is_interrupted_chooses_the_same_when_begun_again(encoder: Encoder) -> None:
    alone, _ = choice_of(Chooser(encoder), situation("One ale."))
    chooser = Chooser(encoder)
    for num_steps in range(1, 30, 3):
        assert chooser.begin(situation("Is Al here?", "Otto"))
        for _ in range(num_steps):
            if chooser.step() is not None:
                break
        assert choice_of(chooser, situation("One ale."))[0] == alone


def test_a_memory_may_be_quoted_and_what_somebody_said_may_not(encoder: Encoder) -> None:
    told = news(situation("Did I pay?"), encoder.encode)
    assert [text for text, _ in told.memories] == ["The player paid."]
    worth = encoder.worth._replace(memory=1e6)
    keen = copy(encoder)
    keen.worth = worth
    asked = replace(situation("Did I pay?"), actions=(Action("say"),))
    choice, _ = choice_of(Chooser(keen), asked)
    assert choice.quote == "The player paid."
    unasked = replace(asked, event=Event("sighting", "world", "A dog barks."))
    assert choice_of(Chooser(keen), unasked)[0].quote != "The player paid."


def test_facts_are_said_with_talk_or_with_a_voice_and_beside_no_deed(encoder: Encoder) -> None:
    keen = copy(encoder)
    keen.worth = encoder.worth._replace(fact=1e3, own=-1e3, talk=-1e3)  # talk is the last resort
    for names, told in (
        (["say"], True),
        (["croak"], True),  # the nearest to talk that a raven has
        (["croak", "say"], False),
        (["fly_off"], False),
    ):
        asked = replace(situation("What is a bed?"), actions=tuple(map(Action, names)))
        choice, _ = choice_of(Chooser(keen), asked)
        assert (choice.action, choice.quote in FACTS) == (names[0], told)


def test_who_has_a_voice_alone_may_say_any_line_with_it() -> None:
    raven, talker = (Action("croak"), Action("fly_off")), (Action("say"), Action("fly_off"))
    legal = []
    for actions in (raven, talker):
        asked = replace(situation("Hello!"), actions=actions)
        legal += [legal_lines(asked, action) == 0 for action in actions]
    greeting, fleeing = OCCASIONS.index("greeting"), OCCASIONS.index("fleeing")
    assert [(bool(one[greeting]), bool(one[fleeing])) for one in legal] == [
        (True, True), (False, True), (True, False), (False, True),
    ]  # fmt: skip
    assert all(one[len(OCCASIONS)] for one in legal)  # words of its own


@pytest.mark.parametrize(
    ("attribute", "what"),
    [("num_occasions", "occasions"), ("num_emotions", "emotions"), ("layout", "layout")],
)
def test_a_model_that_was_taught_others_is_refused(
    encoder: Encoder, attribute: str, what: str
) -> None:
    other = copy(encoder)
    setattr(other, attribute, getattr(encoder, attribute) + 1)
    with pytest.raises(ModelError, match=f"{what} must be"):
        Chooser(other)


def test_a_chooser_from_before_layouts_had_numbers_has_the_first(tmp_path: Path) -> None:
    folder = make_chooser_model(tmp_path / "toy")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["chooser"].pop("layout") == LAYOUT
    change_manifest(folder, chooser=manifest["chooser"])
    files = ModelPackage.described(folder).encoder
    assert files is not None
    assert files.layout == 1


def test_what_is_added_to_a_deeds_odds_is_no_weight_that_was_learnt(tmp_path: Path) -> None:
    folder = make_chooser_model(tmp_path / "toy")
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["chooser"]
    first = told["signs"][0]
    for lead, counted in (([0.5], first[0] + 0.5), (None, first[0])):
        changed = {key: value for key, value in told.items() if key != "lead"}
        change_manifest(folder, chooser=changed | ({"lead": lead} if lead else {}))
        files = ModelPackage.described(folder).encoder
        assert files is not None
        assert files.worth.signs[0] == pytest.approx((counted, *first[1:]))
        assert files.worth.signs[1:] == tuple(map(tuple, told["signs"][1:]))
    for lead in ([], 0.5, ["x"], [1e9]):
        change_manifest(folder, chooser=told | {"lead": lead})
        with pytest.raises(ModelError, match="lead must"):
            ModelPackage.described(folder)


def test_memory_for_personas_is_bounded_and_changes_no_choice(encoder: Encoder) -> None:
    chooser, roomy = Chooser(encoder, kept_bytes=1), Chooser(encoder)
    for _ in range(2):
        for name in "Hilda", "Otto":
            asked = situation("One ale.", name)
            assert choice_of(chooser, asked)[0] == choice_of(roomy, asked)[0]


def test_a_persona_with_more_facts_than_it_can_read_is_read_as_far_as_it_goes(
    encoder: Encoder,
) -> None:
    layout = persona(situation("Hm?", num_facts=18), encoder.encode)
    assert layout is not None
    assert len(layout.ids) <= MAX_PERSONA
    assert len(layout.facts) < 18
    assert choice_of(Chooser(encoder), situation("Hm?", num_facts=18))


def test_a_persona_that_may_do_too_much_is_left_to_the_model(encoder: Encoder) -> None:
    values = [f"a thing of number {number}" for number in range(30)]
    many = [{"name": f"do_{i}", "args": {"what": values}} for i in range(8)]
    asked = Situation.from_dict({**situation("Hm?").to_dict(), "actions": many})
    assert not Chooser(encoder).begin(asked)


def test_the_latest_memories_come_first_and_the_news_have_an_end(encoder: Encoder) -> None:
    lines = [f"The player walked to house {number} in the rain." for number in range(16)]
    asked = Situation.from_dict({**situation("Hm?").to_dict(), "memory": lines})
    told = news(asked, encoder.encode).ids
    assert len(told) <= MAX_NEWS
    latest = tuple(encoder.encode(lines[-1]))
    assert any(told[i : i + len(latest)] == latest for i in range(len(told)))


def test_a_chooser_whose_graphs_are_missing_is_refused(tmp_path: Path) -> None:
    folder = make_chooser_model(tmp_path / "toy")
    manifest = (folder / "manifest.json").read_text(encoding="utf-8")
    broken = manifest.replace(f'"layers": {CONFIG.layers},', '"layers": 3,', 2)
    assert broken != manifest
    (folder / "manifest.json").write_text(broken, encoding="utf-8")
    with pytest.raises(ModelError):
        Model.load(folder)


def test_a_fact_that_was_said_before_is_not_read_as_a_memory(encoder: Encoder) -> None:
    data = situation("One ale.").to_dict()
    asked = "The player said: What is a bed?"
    said = Situation.from_dict({**data, "memory": [f"{asked} Hilda said: {FACTS[0]}"]})
    unsaid = Situation.from_dict({**data, "memory": [asked]})
    assert news(said, encoder.encode).ids == news(unsaid, encoder.encode).ids
    assert signs(said, 3) == signs(unsaid, 3)


@pytest.mark.parametrize(
    ("text", "leans"),
    [
        ("And the other?", True),
        ("Why?", True),
        ("Give it to me.", True),
        ("Good. And for the child?", True),
        ("Ooh yes, thanks!", True),
        ("Show me the room, please.", True),
        ("How many?", True),
        ("Sand and stones everywhere.", False),
        ("One ale please.", False),
    ],
)
def test_an_exchange_is_read_again_only_if_what_is_said_leans_on_it(text: str, leans: bool) -> None:
    data = situation(text).to_dict()
    said = Situation.from_dict({**data, "memory": ["The player said: A bed? Hilda said: Yes."]})
    assert len(remembered(said)) == leans
