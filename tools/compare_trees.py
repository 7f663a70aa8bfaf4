"""``python -m tools.compare_trees``: many random trees against the plain interpreter of the tests.

The tests play some hundreds of them; this plays as many as it is told, with new ones each time, or
the same ones again by ``--seed``. The first tree on which the two differ is printed, made as small
as it gets. Invariant: exit code 0 only if all were the same.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent / "tests"


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line and compares."""
    parser = argparse.ArgumentParser(prog="compare_trees", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many trees")
    parser.add_argument("--seed", type=int, help="the same trees again")
    options = parser.parse_args(arguments)
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    print(f"{options.count} trees, --seed {seed}")
    begun = time.monotonic()
    kinds = compare_many(options.count, seed)
    for kind, count in sorted(kinds.items()):
        print(f"{count:8} {kind}")
    print(f"no difference, in {time.monotonic() - begun:.0f} s")
    return 0


def compare_many(count: int, seed: int) -> Counter[str]:
    """Compares; tells how often each kind of node was in a tree.

    Raises:
        AssertionError: The two differ; the smallest tree that was found is told with it.
    """
    sys.path.insert(0, str(TESTS))
    import hypothesis
    import random_trees as there

    kinds: Counter[str] = Counter()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(there.trees, there.scripts, there.boards, there.stories)
    def same(definition: Any, script: Any, board: Any, story: Any) -> None:
        tree = there.compare(definition, script, board, story)
        kinds.update(info.kind for info in tree.nodes)

    same()
    return kinds


if __name__ == "__main__":
    sys.exit(main())
