"""Promises of ``asking.teaching``: a model is asked as it was taught, beside others or not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from minds import GRETA, ScriptedModel
from small_tables import KIN, add_tables, change_manifest

from npcbrain.asking.pending_answer import Question
from npcbrain.asking.teaching import taught_memory_tokens, taught_reader
from npcbrain.asking.writer import Writer
from npcbrain.errors import ModelError
from npcbrain.lm.model import Model
from npcbrain.prompting.prompt import Prompt
from npcbrain.prompting.reader import STANDARD_READER
from npcbrain.situation import Event, Scene, Situation

TINY = Path(__file__).parents[1] / "models" / "tiny"
ASKED = Situation(GRETA.profile, Scene(), Event("speech", "player", "Zorp!"), GRETA.actions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def prompt(model: Model) -> Prompt:
    writer = Writer(model, reader=True, temperature=0.0, top_p=1.0)
    return next(iter(writer.prompts(Question(ASKED, False, "", "greta", 1.0, 0))))


def test_a_model_is_told_what_its_own_tables_find_while_another_is_not(folder: Path) -> None:
    add_tables(folder)
    taught, other = Model.load(folder), Model.load(TINY)
    for _ in range(2):
        assert dict(prompt(taught).action_prior)[" give\n"] == KIN
        assert dict(prompt(other).action_prior)[" give\n"] < KIN


def test_a_model_that_was_taught_without_a_reader_is_told_nothing(folder: Path) -> None:
    assert prompt(Model.load(folder)).action_prior
    change_manifest(folder, reader={"tables": "none"})
    bare = prompt(Model.load(folder))
    assert bare.action_prior == ()
    assert bare.news == "speech from player: Zorp!\n"


def test_tables_that_are_none_are_refused_before_anybody_is_asked(folder: Path) -> None:
    add_tables(folder, words=b"none")
    model = Model.load(folder)
    with pytest.raises(ModelError, match="word vectors must hold the arrays"):
        taught_reader(model)


def test_a_model_says_how_much_memory_its_prompts_hold(folder: Path) -> None:
    change_manifest(folder, memory_tokens=12)
    assert taught_memory_tokens(Model.load(folder)) == 12


def test_a_double_of_a_model_need_say_nothing() -> None:
    assert taught_reader(ScriptedModel()) is STANDARD_READER
    assert taught_memory_tokens(ScriptedModel()) == 80
