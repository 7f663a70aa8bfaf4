"""A pygame window: type to a ferrywoman, Enter sends it (runs with pygame and pygame-ce)."""

from __future__ import annotations

from pathlib import Path

import pygame

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

    pygame.init()
    screen, clock = pygame.display.set_mode((800, 200)), pygame.time.Clock()
    font = pygame.font.Font(None, 32)
    typed, playing = "", True
    oda.hear("What does the crossing cost?")
    while playing:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                playing = False
            elif event.type == pygame.TEXTINPUT:
                typed += event.text
            elif event.type == pygame.KEYDOWN and event.key == pygame.K_RETURN:
                oda.hear(typed)
                typed = ""
        report = runtime.update(budget_ms=4.0)  # once a frame: the milliseconds it may take
        for name, decision in report.decisions:
            print(f"{name} ({decision.source}): {decision.say}")
            playing = playing and not headless
        screen.fill("darkslategray")
        screen.blit(font.render(f"Oda: {oda.speech}", True, "white"), (20, 40))
        screen.blit(font.render(f"> {typed}", True, "wheat"), (20, 120))
        pygame.display.flip()
        clock.tick(60)
    runtime.close()
    pygame.quit()


if __name__ == "__main__":
    main(nb.Model.load())
