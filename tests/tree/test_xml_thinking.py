"""A tree file that thinks, loaded with a registry that does not know how."""

from __future__ import annotations

import pytest

import npcbrain as nb
from npcbrain.tree import Registry, loads

FILE = '<root BTCPP_format="4"><BehaviorTree ID="Day"><{leaf}/></BehaviorTree></root>'


@pytest.mark.parametrize("leaf", [entry.id for entry in nb.registry()])
def test_a_leaf_that_thinks_is_met_with_a_hint_at_the_registry_that_knows_it(leaf: str) -> None:
    text = FILE.format(leaf=leaf)
    with pytest.raises(nb.TreeError, match=r"pass npcbrain\.registry\(\) as the registry"):
        loads(text, Registry())
    loads(text, nb.registry())
