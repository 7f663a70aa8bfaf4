"""A pyglet window: type to a ferrywoman, Enter sends it."""

from __future__ import annotations

from pathlib import Path

import pyglet

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=2500), nb.Act()),  # the model, if it answers in time
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),  # else the tree, at once
    Succeed(),
)


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Plays until the window is closed; headless, until the first answer."""
    runtime = nb.Runtime(model, seed=7)
    persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
    oda = runtime.add_npc("oda", persona=persona, tree=TREE)
    for action in ("ferry", "give", "refuse"):  # here your game would do it
        runtime.on_action(action, lambda npc, **args: print(npc.decision.action, args))
    runtime.warm_up()

    window = pyglet.window.Window(800, 200, "The ferry")
    said = pyglet.text.Label("", x=20, y=140, font_size=16, width=760, multiline=True)
    typed = pyglet.text.Label("> ", x=20, y=40, font_size=16)

    def update(seconds: float) -> None:
        report = runtime.update(budget_ms=4.0)  # once a frame: the milliseconds it may take
        said.text = f"Oda: {oda.speech}"
        for name, decision in report.decisions:
            print(f"{name} ({decision.source}): {decision.say}")
            if headless:
                pyglet.app.exit()

    @window.event
    def on_text(text: str) -> None:
        typed.text += text if text.isprintable() else ""

    @window.event
    def on_key_press(symbol: int, modifiers: int) -> None:
        if symbol == pyglet.window.key.ENTER:
            oda.hear(typed.text.removeprefix("> "))
            typed.text = "> "

    @window.event
    def on_draw() -> None:
        window.clear()
        said.draw()
        typed.draw()

    oda.hear("What does the crossing cost?")
    pyglet.clock.schedule_interval(update, 1 / 60)
    pyglet.app.run()
    window.close()
    runtime.close()


if __name__ == "__main__":
    main(nb.Model.load())
