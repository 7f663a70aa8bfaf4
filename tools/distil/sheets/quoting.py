"""Which written answers say no more than a quote would.

A model this small chooses better than it writes, so an answer may be a quote: a known fact as it
stands, or one of the lines written for an occasion (``npcbrain.prompting.stock_lines``). Whether a
fact would do is seen by the words that answer and fact share; which occasion an answer belongs to
stands in ``data/occasions.tsv``. Invariant: a quote replaces the words of an answer and nothing
else.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from npcbrain.choosing.layout import is_tellable
from npcbrain.lm.marks import QUOTE
from npcbrain.prompting.action_ranking import is_talk, is_voice
from npcbrain.prompting.fact_retrieval import stems
from npcbrain.prompting.retelling import spoken
from tools.distil.sheets.reading import DATA, Sheet
from tools.distil.situations.example import Example

__all__ = ["OCCASIONS", "Quotes", "quoted_fact", "quoted_memory", "stated_rule"]

OCCASIONS = "occasions.tsv"  # file, line of the answer, occasion
QUOTED = 0.6  # share of the answers that a quote could replace which one does replace in training
MIN_SHARED = 2  # words of a fact that an answer says
MIN_NEW = 1  # of them that the question did not hold
REFUSALS = ("refusing", "refusing rule", "not yet")
MIN_RULE = 0.35  # of a rule's words stand in what was asked and answered
MIN_SHARE = 0.3  # of the answer's words, and of the fact's


class Quotes:
    """The quotes that stand for some sheets' answers.

    Args:
        sheets: The sheets.
        folder: Holds ``occasions.tsv``; without that file only texts are quoted.
        texts: Whether memories and rules are quoted too, and with voices that are no talk; a
            language model is taught neither.
    """

    def __init__(
        self, sheets: Iterable[Sheet], folder: Path = DATA, *, texts: bool = False
    ) -> None:
        path = folder / OCCASIONS
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = (line.split("\t") for line in lines)
        occasions = {(file, int(number)): occasion for file, number, occasion in rows}
        self._quotes: dict[int, str] = {}
        self._kept: list[Example] = []  # so that no other example gets the same id()
        for sheet in sheets:
            for example, line in zip(sheet.examples, sheet.lines, strict=True):
                quote = quoted_fact(example, voices=texts)
                occasion = occasions.get((sheet.file, line), "")
                if texts and not quote:
                    quote = quoted_memory(example)
                    if not quote and occasion in REFUSALS:
                        quote = stated_rule(example)
                quote = quote or occasion
                if quote:
                    self._quotes[id(example)] = quote
                    self._kept.append(example)

    def __len__(self) -> int:
        return len(self._quotes)

    def of(self, example: Example) -> str:
        """What the example's words could be a quote of: a fact, an occasion, or nothing."""
        return self._quotes.get(id(example), "")

    def maybe(self, example: Example, rng: random.Random) -> Example:
        """The example, now and then with a quote for its words."""
        quote = self.of(example)
        if not quote or rng.random() >= QUOTED:
            return example
        return replace(example, decision=replace(example.decision, say=f"{QUOTE}{quote}"))


def quoted_fact(example: Example, *, voices: bool = False) -> str:
    """The fact that the answer says in other words; empty if there is none.

    Args:
        example: The example.
        voices: Whether it may also be said with a voice that is no talk, see
            ``action_ranking.is_voice``.
    """
    npc = example.situation.npc
    return _retold(example, [fact for fact in npc.facts if spoken(fact, npc.name)], voices=voices)


def quoted_memory(example: Example) -> str:
    """The memory that the answer says in other words; empty if there is none."""
    situation = example.situation
    memories = (memory for memory in situation.memory if isinstance(memory, str))
    tellable = [memory for memory in memories if is_tellable(memory, situation)]
    return _retold(example, tellable, voices=True)


def stated_rule(example: Example) -> str:
    """The fact by which something is refused; empty if question and answer speak of none.

    "No." says less than "Nobody swims after dusk.", which is known.
    """
    situation = example.situation
    if not _speaks(example, voices=True):
        return ""
    told = set(stems(f"{situation.event.text} {example.decision.say}"))
    worth: list[tuple[float, str]] = []
    for fact in situation.npc.facts:
        words = set(stems(fact))
        share = len(told & words) / max(MIN_SHARED, len(words))
        if share >= MIN_RULE and spoken(fact, situation.npc.name):
            worth.append((share, fact))
    return _best(worth)


def _speaks(example: Example, *, voices: bool) -> bool:
    """Whether an answer does nothing but speak."""
    actions = example.situation.actions
    (action,) = (one for one in actions if one.name == example.decision.action)
    return is_talk(action) or (voices and is_voice(action, actions))


def _retold(example: Example, texts: Sequence[str], *, voices: bool) -> str:
    situation, decision = example.situation, example.decision
    if not _speaks(example, voices=voices):
        return ""
    said, asked = set(stems(decision.say)), set(stems(situation.event.text))
    worth: list[tuple[float, str]] = []
    for text in texts:
        words = stems(text)
        shared = said.intersection(words)
        enough = len(shared) >= max(MIN_SHARED, MIN_SHARE * max(len(said), len(words)))
        if enough and len(shared - asked) >= MIN_NEW:
            worth.append((len(shared), text))
    return _best(worth)


def _best(worth: list[tuple[float, str]]) -> str:
    """The text that is worth most, unless two are."""
    worth.sort(reverse=True)
    if not worth or (len(worth) > 1 and worth[1][0] == worth[0][0]):
        return ""
    return worth[0][1]
