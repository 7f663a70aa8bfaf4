"""Settings of all tests: none may touch the user's own files, nor fail for a slow machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from npcbrain.lm.model import Model
from npcbrain.pricing.price_file import FOLDER_VARIABLE

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
TINY = Path(__file__).parent / "models" / "tiny"


@pytest.fixture(scope="session", autouse=True)
def _a_cache_folder_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Before all other fixtures: some make a runtime for a whole module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def tiny() -> Model:
    """The tiny model, with as many slots as most tests need; a module may have its own."""
    return Model.load(TINY, num_slots=3)
