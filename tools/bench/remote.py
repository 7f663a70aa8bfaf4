"""Measures what a thinking server costs a game's frames, while it is killed and started again.

``python -m tools.bench.remote MODEL.gguf`` starts llama.cpp's own server and asks a crowd without
end, at 60 frames a second. Every few seconds it kills the server in the middle of its answers, and
starts it again. Phases with the server take turns with phases of the same crowd without a brain, so
that the machine's noise hits both. Times are wall times, and frames come in real time.

The result has for each side: quantiles and the worst of ``update``; frames in which ``update`` took
more than its budget, and more than a whole frame; who answered, and why trees did.
``beside_trees`` is the time of an update without its trees: queues and listening.
"""

from __future__ import annotations

import argparse
import json
import random
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from npcbrain import tree
from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.commands.bench.workload import CAST, QUESTIONS
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.reasons import Reason
from npcbrain.remote import Remote
from npcbrain.runtime import Runtime
from npcbrain.situation import Scene
from tools.bench.llama_http import LlamaHttp
from tools.bench.record import load_average, surroundings

__all__ = ["Crowd", "bench_remote"]

FRAME_NS = NS_PER_S // 60
BUDGET_MS = 4.0
DOWN_S = 2.0  # between a kill and the next start


class Crowd:
    """Many NPCs that are asked now and then, and the cost of their frames.

    Args:
        brain: The brain that thinks for them; None for trees alone.
        num_npcs: How many there are.
        every_s: How often each is asked, on average.
        ttl_ms: How long an answer is worth waiting for.
        words: Whether they say anything.
    """

    def __init__(
        self, brain: Remote | None, num_npcs: int, every_s: float, ttl_ms: float, words: bool
    ) -> None:
        root = tree.Selector(
            tree.Sequence(Heard(), Decide(ttl_ms=ttl_ms, words=words), Act()),
            tree.Sequence(Heard(), CannedReply()),
            tree.Succeed(),
        )
        self.runtime = Runtime(brain, price_file=None)
        people = [Persona.from_dict(data) for data in CAST]
        for index in range(num_npcs):
            persona = people[index % len(people)]
            npc = self.runtime.add_npc(f"npc {index}", persona=persona, tree=root)
            npc.scene = Scene("the village", "evening", ("player",))
        for action in {action.name for persona in people for action in persona.actions}:
            self.runtime.on_action(action, lambda npc, **args: None)
        self.updates_ns: list[int] = []
        self.beside_ns: list[int] = []
        self.answers: Counter[str] = Counter()
        self._chance = random.Random(7)
        self._share = FRAME_NS / NS_PER_S / every_s
        self._npcs = list(self.runtime.npcs.values())

    def frame(self) -> int:
        """Plays one frame; returns how many answers are under way."""
        chance = self._chance
        for npc in self._npcs:
            if chance.random() < self._share and npc.event is None:
                npc.hear(QUESTIONS[chance.randrange(len(QUESTIONS))])
        report = self.runtime.update(BUDGET_MS)
        self.updates_ns.append(report.used_ns)
        self.beside_ns.append(report.used_ns - report.trees_ns)
        for _, decision in report.decisions:
            by_model = decision.source == "model" or decision.reason == Reason.NO_WORDS
            self.answers["model" if by_model else decision.reason or "tree"] += 1
        return report.num_thinking

    def to_dict(self) -> dict[str, Any]:
        """The results."""
        took = np.array(self.updates_ns) / NS_PER_MS
        beside = np.array(self.beside_ns) / 1000
        return {
            "frames": len(took),
            "update_p50_ms": round(float(np.quantile(took, 0.5)), 3),
            "update_p99_ms": round(float(np.quantile(took, 0.99)), 3),
            "update_max_ms": round(float(took.max()), 3),
            "over_budget": int((took > BUDGET_MS).sum()),
            "hitches": int((took > FRAME_NS / NS_PER_MS).sum()),
            "beside_trees_p50_us": round(float(np.quantile(beside, 0.5)), 1),
            "beside_trees_p99_us": round(float(np.quantile(beside, 0.99)), 1),
            "answers": dict(self.answers.most_common()),
        }


def bench_remote(
    model: Path,
    *,
    num_npcs: int,
    seconds: float,
    kill_every_s: float,
    every_s: float,
    ttl_ms: float,
    slots: int,
    context: int,
    words: bool,
) -> dict[str, Any]:
    """Plays both crowds in turn, four phases each."""
    kills = 0
    with LlamaHttp(model, slots=slots, context=context) as server:
        remote = Remote(server.url, silence_s=60.0)
        dialect = str(remote.check())
        asked = Crowd(remote, num_npcs, every_s, ttl_ms, words)
        alone = Crowd(None, num_npcs, every_s, ttl_ms, words)
        for _ in range(4):
            for crowd in alone, asked:
                kills += _phase(crowd, seconds / 4, server, kill_every_s if crowd is asked else 0.0)
        asked.runtime.close()
        alone.runtime.close()
    return {
        "server": dialect,
        "npcs": num_npcs,
        "seconds": seconds,
        "kills": kills,
        "slots": slots,
        "ttl_ms": ttl_ms,
        "with_server": asked.to_dict(),
        "trees_alone": alone.to_dict(),
    }


def _phase(crowd: Crowd, seconds: float, server: LlamaHttp, kill_every_s: float) -> int:
    """Plays frames in real time; returns how often the server was killed."""
    now_ns = time.perf_counter_ns
    kills, next_ns = 0, now_ns()
    end_ns = next_ns + round(seconds * NS_PER_S)
    kill_ns = next_ns + round(kill_every_s * NS_PER_S)
    start_ns = 0
    while next_ns < end_ns:
        num_thinking = crowd.frame()
        if kill_every_s and not start_ns and now_ns() >= kill_ns and num_thinking:
            server.kill()  # between two frames, so that its cost is not the game's
            kills += 1
            start_ns = now_ns() + round(DOWN_S * NS_PER_S)
        elif start_ns and now_ns() >= start_ns:
            server.start(wait=False)
            start_ns, kill_ns = 0, now_ns() + round(kill_every_s * NS_PER_S)
        next_ns = max(next_ns + FRAME_NS, now_ns() - FRAME_NS)
        time.sleep(max(0, next_ns - now_ns()) / NS_PER_S)
    if start_ns:
        server.start()
    return kills


def main() -> None:
    """Runs the bench and prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.remote")
    parser.add_argument("model", type=Path, help="a GGUF file")
    parser.add_argument("--npcs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0, help="each way")
    parser.add_argument("--kill-every-s", type=float, default=8.0)
    parser.add_argument("--every-s", type=float, default=10.0, help="how often each is asked")
    parser.add_argument("--ttl-ms", type=float, default=5000.0)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--context", type=int, default=1024, help="tokens of a slot")
    parser.add_argument("--without-words", action="store_true", help="deeds alone")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # each kill causes one
    result = bench_remote(
        options.model,
        num_npcs=options.npcs,
        seconds=options.seconds,
        kill_every_s=options.kill_every_s,
        every_s=options.every_s,
        ttl_ms=options.ttl_ms,
        slots=options.slots,
        context=options.context,
        words=not options.without_words,
    )
    around = {**surroundings(), "load_average": load_average()}
    text = json.dumps({**around, "model": options.model.name, **result}, indent=1)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
