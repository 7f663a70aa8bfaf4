"""Promises of ``prompting.reader``: whose tables events are read with."""

from __future__ import annotations

import hashlib

import pytest
from small_tables import KIN, VERBS, vectors

from npcbrain.errors import ModelError
from npcbrain.lm.reader_tables import NO_TABLES, OWN_TABLES, STANDARD_TABLES, ReaderTables
from npcbrain.prompting import verb_synonyms, word_vectors
from npcbrain.prompting.action_ranking import Deed, weigh
from npcbrain.prompting.reader import STANDARD_READER, Reader, reader_of
from npcbrain.situation import Action

OWN = ReaderTables(OWN_TABLES, vectors(), VERBS, "folder")


def deed(text: str, reader: Reader | None) -> Deed:
    assert reader is not None
    return weigh([Action("say"), Action("give")], text, reader=reader)[0]


def test_the_standard_tables_are_those_that_models_were_taught_beside() -> None:
    """If you made other tables: give them another name, see ``lm.reader_tables``."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (word_vectors.TABLE, verb_synonyms.VERBS)
    }
    assert (STANDARD_TABLES, found) == (
        "npcbrain-1",
        {
            "word_vectors.npz": "71e77b9b49e1e03dfe7d0f1445676db7ae2244f04a890cc14203dec6d21a7255",
            "verb_synonyms.txt": "9c67ece1dbe2951fddaf68db97099ed640285adae01b425e8e51f8d689a9244e",
        },
    )


def test_a_model_is_read_for_with_the_tables_it_names() -> None:
    assert reader_of(ReaderTables()) is STANDARD_READER
    assert reader_of(ReaderTables(NO_TABLES, where="folder")) is None
    assert deed("Zorp!", reader_of(OWN)).over_talk == KIN
    assert deed("Zorp!", STANDARD_READER).over_talk < KIN


def test_two_readers_do_not_mix_up_what_they_looked_up() -> None:
    other = reader_of(OWN._replace(verbs=b"give fnord\nzorp"))
    for _ in range(2):
        assert deed("Zorp!", reader_of(OWN)).over_talk == KIN
        assert deed("Zorp!", other).over_talk == 0.0
        assert deed("Fnord!", other).over_talk == KIN


def test_the_same_tables_have_the_same_reader() -> None:
    again = ReaderTables(OWN_TABLES, vectors(), bytes([*VERBS]), "folder")
    assert reader_of(again) is reader_of(OWN)


@pytest.mark.parametrize("change", [{"vectors": b"none"}, {"verbs": b"give >none"}])
def test_loading_refuses_tables_that_are_none(change: dict[str, bytes]) -> None:
    reader = reader_of(OWN._replace(**change))
    assert reader is not None
    with pytest.raises(ModelError, match="- at folder"):
        reader.load()
