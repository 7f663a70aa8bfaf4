"""An asyncio server: many players talk to one NPC over TCP (nc localhost 4321)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=2500), nb.Act()),  # the model, if it answers in time
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),  # else the tree, at once
    Succeed(),
)
TICK_S = 1 / 30  # seconds a tick; the model may use a third of them


class Server:
    """One NPC and the connected players."""

    def __init__(self, runtime: nb.Runtime) -> None:
        self.runtime = runtime
        persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
        self.oda = runtime.add_npc("oda", persona=persona, tree=TREE)
        for action in ("ferry", "give", "refuse"):  # here your game would do it
            runtime.on_action(action, lambda npc, **args: None)
        self.players: dict[str, asyncio.StreamWriter] = {}

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A player comes, talks and leaves."""
        player = f"traveller {writer.get_extra_info('peername')[1]}"
        self.players[player] = writer
        while line := await reader.readline():
            self.oda.hear(line.decode("utf-8", "replace"), speaker=player)
        del self.players[player]
        writer.close()

    async def tick(self) -> None:
        """Thinks within a budget, tick by tick, and tells all players what was said."""
        while True:
            report = self.runtime.update(budget_ms=TICK_S * 1000 / 3)
            for name, decision in report.decisions:
                for writer in self.players.values():
                    writer.write(f"{name} ({decision.source}): {decision.say}\n".encode())
            await asyncio.sleep(TICK_S * 2 / 3)


async def serve(runtime: nb.Runtime, *, headless: bool) -> None:
    """Serves for ever; headless, until a scripted player has had an answer."""
    server = Server(runtime)
    door = await asyncio.start_server(server.join, "127.0.0.1", 0 if headless else 4321)
    ticking = asyncio.create_task(server.tick())
    async with door:
        host, port = door.sockets[0].getsockname()
        print(f"listening on {host}:{port}")
        if headless:
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"What does the crossing cost?\n")
            print((await reader.readline()).decode().strip())
            writer.close()
            while server.players:  # until the player has left
                await asyncio.sleep(TICK_S)
        else:
            await ticking  # for ever; Ctrl+C ends it
    ticking.cancel()


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Runs the server."""
    with nb.Runtime(model, seed=7) as runtime:
        asyncio.run(serve(runtime, headless=headless))


if __name__ == "__main__":
    main(nb.Model.load())
