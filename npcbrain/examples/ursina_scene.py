"""An ursina scene (Panda3D): a cube that is a ferrywoman; keys 1 to 3 ask her something."""

from __future__ import annotations

from pathlib import Path

from ursina import Entity, Text, Ursina, color

import npcbrain as nb
from npcbrain.tree import Selector, Sequence, Succeed

TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=2500), nb.Act()),  # the model, if it answers in time
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),  # else the tree, at once
    Succeed(),
)
QUESTIONS = {
    "1": "What does the crossing cost?",
    "2": "Take me to the island, please.",
    "3": "What happened to the mill?",
}


class Ferrywoman(Entity):
    """A body in the scene, with a mind in a runtime."""

    def __init__(self, runtime: nb.Runtime) -> None:
        super().__init__(model="cube", color=color.azure)
        self.runtime = runtime
        self.has_answered = False
        persona = nb.Persona.load(Path(__file__).with_name("oda.json"))
        self.npc = runtime.add_npc("oda", persona=persona, tree=TREE)
        self.bubble = Text("", position=(-0.6, 0.35))
        Text("\n".join(f"{key}  {line}" for key, line in QUESTIONS.items()), position=(-0.6, -0.3))

    def input(self, key: str) -> None:
        """A key was pressed."""
        if key in QUESTIONS:
            self.npc.hear(QUESTIONS[key])

    def update(self) -> None:
        """Once a frame: the milliseconds that thinking may take."""
        report = self.runtime.update(budget_ms=4.0)
        self.bubble.text = self.npc.speech
        for name, decision in report.decisions:
            print(f"{name} ({decision.source}): {decision.say}")
            self.has_answered = True


def main(model: nb.Model | None, *, headless: bool = False) -> None:
    """Plays until the window is closed; headless, until the first answer."""
    window = "offscreen" if headless else "onscreen"
    app = Ursina(title="The ferry", window_type=window)
    with nb.Runtime(model, seed=7) as runtime:
        oda = Ferrywoman(runtime)
        for action in ("ferry", "give", "refuse"):  # here your game would do it
            runtime.on_action(action, lambda npc, **args: oda.blink(color.gold))
        runtime.warm_up()
        oda.npc.hear(QUESTIONS["1"])
        while not (headless and oda.has_answered):
            app.step()


if __name__ == "__main__":
    main(nb.Model.load())
