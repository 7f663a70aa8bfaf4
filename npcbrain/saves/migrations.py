"""Old saves for new versions: each step turns the data of one format into that of the next.

Invariant: a step is a pure function of plain data; a save of every version ever released stays in
the tests and goes through all steps from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from npcbrain.errors import SaveError, fault
from npcbrain.saves.container import VERSION

__all__ = ["STEPS", "Step", "migrated"]

Step = Callable[[dict[str, Any]], dict[str, Any]]

# By the version that a step begins from. To change the format: raise VERSION, add the step, and a
# golden file of the version before to the tests.
STEPS: Mapping[int, Step] = {}


def migrated(
    data: Any, version: int, *, steps: Mapping[int, Step] = STEPS, wanted: int = VERSION
) -> Any:
    """The data of a save as it would have been written today.

    Args:
        data: As it was written.
        version: Of the format it was written in.
        steps: By the version that each begins from.
        wanted: The version to come to.

    Raises:
        SaveError: A step cannot read what it finds.
    """
    for number in range(version, wanted):
        try:
            data = steps[number](data)
        except Exception as error:  # it expects what its version wrote, and a file may hold any
            rule = f"be a save of version {number}"
            raise SaveError(fault("data", rule, repr(error), "$")) from error
    return data
