"""Asks a server as many games would, and tells how fast it answers.

``python -m deploy.load http://127.0.0.1:8000 --askers 16 --seconds 30``. Each asker waits for its
answer and then asks again at once, so the number of open questions stays the same. It uses
npcbrain's own client, so it works with every server that ``nb.Remote`` works with. Invariant: only
legal answers count.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from contextlib import aclosing
from typing import Any

import numpy as np

from npcbrain.commands.bench.workload import CAST, QUESTIONS
from npcbrain.npcs.persona import Persona
from npcbrain.remote import Remote
from npcbrain.remote.answer import read_answer
from npcbrain.remote.client import Client
from npcbrain.remote.dialect import Dialect, Question
from npcbrain.remote.instruct import messages
from npcbrain.remote.schema import answer_schema
from npcbrain.remote.trouble import Trouble
from npcbrain.situation import Event, Scene, Situation

__all__ = ["load"]

TTL_MS = 60_000.0


async def load(remote: Remote, askers: int, seconds: float, *, words: bool) -> dict[str, Any]:
    """Keeps ``askers`` questions open for ``seconds``."""
    client = Client(remote)
    dialect = await client.meet()
    took: list[float] = []
    troubles: Counter[str] = Counter()
    end = time.perf_counter() + seconds
    people = [Persona.from_dict(data) for data in CAST]

    async def ask_on(number: int) -> None:
        chance = random.Random(number)
        while time.perf_counter() < end:
            persona = people[chance.randrange(len(people))]
            # Each has a number in it, so that no two are exactly the same and nothing is recalled.
            text = f"{chance.choice(QUESTIONS)} I have {chance.randrange(10_000)} coppers."
            event = Event("speech", "player", text)
            scene = Scene("the village", "evening", ("player",))
            situation = Situation(persona.profile, scene, event, persona.actions)
            started = time.perf_counter()
            try:
                legal = await _ask(client, dialect, situation, words)
            except Trouble as trouble:
                troubles[trouble.kind] += 1
                await asyncio.sleep(max(trouble.wait_s, 0.05))
                continue
            took.append(time.perf_counter() - started)
            troubles["not legal"] += not legal

    started = time.perf_counter()
    await asyncio.gather(*map(ask_on, range(askers)))
    lasted = time.perf_counter() - started
    await client.close()
    quantiles = np.quantile(took, (0.5, 0.9, 0.99)) if took else [0.0] * 3
    return {
        "server": str(dialect),
        "askers": askers,
        "seconds": round(lasted, 1),
        "answers": len(took),
        "answers_per_s": round(len(took) / lasted, 2),
        "p50_s": round(float(quantiles[0]), 3),
        "p90_s": round(float(quantiles[1]), 3),
        "p99_s": round(float(quantiles[2]), 3),
        "troubles": {kind: count for kind, count in troubles.items() if count},
    }


async def _ask(client: Client, dialect: Dialect, situation: Situation, words: bool) -> bool:
    question = Question(
        messages(situation, words=words),
        answer_schema(situation.actions, words=words),
        160,
        situation=situation,
        ttl_ms=TTL_MS,
    )
    text = ""
    async with aclosing(client.ask(dialect.body(question))) as deltas:
        async for delta in deltas:
            text += delta.text
    return read_answer(text, situation.actions, whole=True).is_legal


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m deploy.load")
    parser.add_argument("url")
    parser.add_argument("--askers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--without-words", action="store_true", help="deeds alone")
    options = parser.parse_args()
    remote = Remote(options.url, limit=options.askers, silence_s=120.0)
    result = asyncio.run(
        load(remote, options.askers, options.seconds, words=not options.without_words)
    )
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
