"""An arcade window: type to a ferrywoman, Enter sends it."""

from __future__ import annotations

from pathlib import Path

import arcade

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=2500), nb.Act()),  # the model, if it answers in time
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),  # else the tree, at once
    Succeed(),
)


class River(arcade.Window):
    """The window, the runtime and its NPC."""

    def __init__(self, model: nb.Model | None, *, headless: bool) -> None:
        super().__init__(800, 200, "The ferry", visible=not headless)
        self.headless = headless
        self.runtime = nb.Runtime(model, seed=7)
        persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
        self.oda = self.runtime.add_npc("oda", persona=persona, tree=TREE)
        for action in ("ferry", "give", "refuse"):  # here your game would do it
            self.runtime.on_action(action, lambda npc, **args: print(npc.decision.action, args))
        self.runtime.warm_up()
        self.said = arcade.Text("", 20, 140, font_size=16, multiline=True, width=760)
        self.typed = arcade.Text("> ", 20, 40, arcade.color.WHEAT, 16)
        self.oda.hear("What does the crossing cost?")

    def on_text(self, text: str) -> None:
        """A key was typed."""
        self.typed.text += text if text.isprintable() else ""

    def on_key_press(self, symbol: int, modifiers: int) -> None:
        """Enter sends the line."""
        if symbol == arcade.key.ENTER:
            self.oda.hear(self.typed.text.removeprefix("> "))
            self.typed.text = "> "

    def on_update(self, delta_time: float) -> None:
        """Once a frame: the milliseconds that thinking may take."""
        report = self.runtime.update(budget_ms=4.0)
        self.said.text = f"Oda: {self.oda.speech}"
        for name, decision in report.decisions:
            print(f"{name} ({decision.source}): {decision.say}")
            if self.headless:
                self.close()

    def on_draw(self) -> None:
        """Draws what she says, and what is typed."""
        self.clear()
        self.said.draw()
        self.typed.draw()


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Plays until the window is closed; headless, until the first answer."""
    river = River(model, headless=headless)
    arcade.run()
    river.runtime.close()


if __name__ == "__main__":
    main(nb.Model.load())
