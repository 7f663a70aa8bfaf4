"""A turn-based game in the terminal: get across the river. No frames, so no budget."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=60_000, when="whole"), nb.Act()),
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),
    Succeed(),
)


class Game:
    """The state of the world; the handlers of Oda's actions change it."""

    def __init__(self) -> None:
        self.has_paid = False
        self.place = "near bank"

    def ferry(self, npc: nb.Npc, to: str) -> nb.tree.Status:
        """She may want to, but the game decides: FAILURE leaves the answer to the tree."""
        if not self.has_paid:
            return nb.tree.Status.FAILURE
        self.place = to
        return nb.tree.Status.SUCCESS

    def give(self, npc: nb.Npc, item: str, to: str) -> None:
        """She hands something over."""
        print(f"  (you have a {item} now)")

    def refuse(self, npc: nb.Npc, who: str) -> None:
        """She shakes her head."""
        print("  (she shakes her head)")


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Plays until you are across or type nothing; headless, with three lines of its own."""
    game = Game()
    persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
    with nb.Runtime(model, seed=7) as runtime:
        oda = runtime.add_npc("oda", persona=persona, tree=TREE)
        for deed in (game.ferry, game.give, game.refuse):
            runtime.on_action(deed.__name__, deed)
        print("A river, a ferry and Oda. Talk to her, or type: pay. An empty line ends it.")
        script = ["What does the crossing cost?", "pay", "Let's cross to the far bank."]
        for line in script if headless else sys.stdin:
            if not line.strip():
                return
            print(f"> {line.strip()}")
            if line.strip() == "pay":
                game.has_paid = True
                oda.remember("The player paid two coppers.")
                continue
            oda.hear(line)
            while oda.event is not None:  # a turn: she thinks for as long as it takes
                runtime.update(budget_ms=math.inf)
            if oda.decision is not None:
                print(f"oda ({oda.decision.source}): {oda.decision.say}")
            if game.place != "near bank":
                print(f"You are on the {game.place}. The end.")
                return


if __name__ == "__main__":
    main(nb.Model.load())
