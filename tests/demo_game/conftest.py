"""What all tests of the demo share: no window, and pictures that are painted once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from demo_game.village.assets import Assets


@pytest.fixture(scope="module", autouse=True)
def _no_window() -> Iterator[None]:
    """No window opens, and the environment is afterwards what it was."""
    pygame = pytest.importorskip("pygame", reason="the demo is an extra")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SDL_VIDEODRIVER", "dummy")
        yield
        pygame.quit()


@pytest.fixture(scope="module")
def assets() -> Assets:
    from playing import shared_assets  # not above: it needs pygame

    return shared_assets()
