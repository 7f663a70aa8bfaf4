"""``ScriptedModel``: the double of a model, for tests of a game: its answers are a script.

Invariant: the same script answers the same questions, in the order in which they are asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from npcbrain.prompting.prompt import answer_text
from npcbrain.situation import Decision
from npcbrain.testing.manual_clock import ManualClock
from npcbrain.testing.scripted_engine import ScriptedEngine, ScriptedGeneration
from npcbrain.thinker import EngineThinker, Thinker, ThinkerSettings

__all__ = ["ScriptedModel"]


class Words:
    """A tokenizer whose tokens are words."""

    def count(self, text: str) -> int:
        """How many there are."""
        return len(text.split())


class ScriptedModel:
    """A model that answers by a script, for tests of a game: ``nb.Runtime(ScriptedModel(...))``.

    Args:
        answers: What is decided, in the order in which NPCs ask: decisions, or texts to say. The
            last holds for all that follow. An action that the asker may not do is ``refused``.

    Attributes:
        asked: The prompts so far, in words.
    """

    has_marks = False

    def __init__(self, *answers: Decision | str) -> None:
        said = answers or ("Well met.",)
        self._answers = [Decision("say", say=a) if isinstance(a, str) else a for a in said]
        self.asked: list[str] = []
        self.tokenizer = Words()

    def generation(self, prefix: str, news: str, **rest: Any) -> ScriptedGeneration:
        """The next answer; a persona that is only read takes none."""
        if "action_prior" not in rest:
            return ScriptedGeneration()
        self.asked.append(prefix + news)
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        return ScriptedGeneration(answer_text(answer), max_new_tokens=rest["max_new_tokens"])

    def thinker(self, settings: ThinkerSettings) -> Thinker:
        """A scripted engine thinks, in no time unless the runtime's clock is a ``ManualClock``."""
        clock = settings.clock if isinstance(settings.clock, ManualClock) else ManualClock()
        engine = settings.engine or ScriptedEngine(clock)
        settings = replace(settings, engine=engine, memo=0)
        return EngineThinker(self, settings)  # type: ignore[arg-type]  # it reads two arguments
