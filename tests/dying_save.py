"""Games that die while they are saved; a test runs this as a program, and then looks what is left.

``die`` ends the process at the n-th operation on files; ``go_on`` saves again and again, and says
so, until somebody kills it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.tree import Succeed
from tools.endure.faulty_disk import FaultyDisk

EXIT_CODE = 41
NUM_NPCS = 30  # of whom all know the same number


class DyingDisk(FaultyDisk):
    """Takes the process with it."""

    def _error(self) -> NoReturn:
        os._exit(EXIT_CODE)


def crowd(num_npcs: int = NUM_NPCS) -> Runtime:
    """People without a model."""
    runtime = Runtime(None)
    for number in range(num_npcs):
        name = f"npc {number}"
        persona = Persona.from_dict({"name": name, "role": "cook"})
        runtime.add_npc(name, persona=persona, tree=Succeed())
    return runtime


def tell(runtime: Runtime, number: int) -> None:
    """Everybody learns a number."""
    for npc in runtime.npcs.values():
        npc.blackboard["number"] = number
        npc.remember(f"It is number {number}.")


def known(runtime: Runtime) -> set[int]:
    """Which numbers anybody knows; two of them would be a mix."""
    return {npc.blackboard["number"] for npc in runtime.npcs.values()}


def die(path: Path, fails_at: int, *, half: bool) -> None:
    """Saves number 3, and dies meanwhile, unless there are fewer operations."""
    runtime = crowd()
    tell(runtime, 3)
    runtime._disk = DyingDisk(fails_at, kills=True, half=half)
    runtime.save(path).wait()
    runtime.close()


def go_on(path: Path) -> None:
    """Saves 1, 2, 3, ... and prints each that is on the disk."""
    runtime, number = crowd(), 0
    while True:
        number += 1
        tell(runtime, number)
        runtime.save(path).wait()
        print(number, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "die":
        die(Path(sys.argv[2]), int(sys.argv[3]), half=sys.argv[4] == "half")
    else:
        go_on(Path(sys.argv[2]))
