"""How a model was taught to be asked, where it tells; else as all were before they told.

A double of a model need tell nothing. Invariant: pure; the same model, the same answers.
"""

from __future__ import annotations

from npcbrain.lm.package import MEMORY_TOKENS
from npcbrain.lm.reader_tables import ReaderTables
from npcbrain.prompting.reader import Reader, reader_of

__all__ = ["taught_memory_tokens", "taught_reader"]


def taught_reader(model: object) -> Reader | None:
    """The reader whose findings its prompts hold, tables loaded; None if they hold none.

    Raises:
        ModelError: The model's own tables cannot be read.
    """
    reader = reader_of(getattr(model, "reader_tables", ReaderTables()))
    return None if reader is None else reader.load()


def taught_memory_tokens(model: object) -> int:
    """Tokens that the memories in a prompt may have together."""
    return int(getattr(model, "memory_tokens", MEMORY_TOKENS))
