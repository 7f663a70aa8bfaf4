"""What players say that asks for small talk, strewn among written exchanges.

``data/utterances.tsv`` holds, by hand, what is said and which line of ``stock_lines`` answers it.
It fits anybody, so each time somebody else hears it. What came before and bears on nothing is
remembered now and then too, an exchange or what somebody else remembers: in play such things always
are. Invariant: who knows something about what is asked is not taught to answer with small talk.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npcbrain.lm.marks import QUOTE
from npcbrain.prompting.action_ranking import is_talk, only_talks
from npcbrain.prompting.fact_retrieval import stems
from npcbrain.situation import Decision, Event, Exchange
from tools.distil.sheets import Sheet
from tools.distil.sheets.augmenting import ASKERS
from tools.distil.situations.example import Example

__all__ = ["UTTERANCES", "Chatter", "read_utterances"]

UTTERANCES = "utterances.tsv"  # occasion, what is said
SHARE = 1 / 3  # of what is said, for each written exchange
REMEMBERED = 0.3  # share of exchanges with nothing before them that get one which bears on nothing
UNRELATED = 0.3  # share of exchanges that remember what bears on nothing, beside what they do
KNOWN = 2  # words shared with a fact from which the fact may be what is asked for
NAMELESS = re.compile(r"(?:The|A|An) [^A-Z]+")  # a memory that anybody may have
EVERYWHERE = frozenset(stems("the player said gave asked came"))


def read_utterances(folder: Path) -> list[tuple[str, str]]:
    """Occasion and what is said; empty without the file."""
    path = folder / UTTERANCES
    if not path.exists():
        return []
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [(occasion, text) for occasion, text in rows]


@dataclass(frozen=True, slots=True)
class Chatter:
    """Adds small talk to groups of exchanges.

    Attributes:
        utterances: Occasion and what is said.
        memories: What characters remember that names nobody.
    """

    utterances: Sequence[tuple[str, str]]
    memories: Sequence[str] = ()

    @classmethod
    def read(cls, folder: Path, sheets: Sequence[Sheet] = ()) -> Chatter:
        """Reads a folder's; what is remembered comes from sheets."""
        remembered = {
            memory: None
            for sheet in sheets
            for example in sheet.examples
            for memory in example.situation.memory
            if isinstance(memory, str) and NAMELESS.fullmatch(memory)
        }
        return cls(read_utterances(folder), tuple(remembered))

    def join(self, group: Sequence[Example], rng: random.Random) -> list[Example]:
        """The group, with small talk and with memories that bear on nothing."""
        told = [*group]
        for example in group if self.utterances else ():
            if rng.random() < SHARE:
                occasion, text = rng.choice(self.utterances)
                heard = self.heard(example, occasion, text, rng)
                told += [heard] if heard else []
        joined = [self._reminded(example, group, rng) for example in told]
        if self.memories:
            joined = [self._distracted(example, rng) for example in joined]
        return joined

    def heard(
        self, example: Example, occasion: str, text: str, rng: random.Random
    ) -> Example | None:
        """Somebody is told something by somebody; None if it knows about that, or cannot talk."""
        situation = example.situation
        talk = next((one for one in situation.actions if is_talk(one)), None)
        said = set(stems(text))
        knows = any(len(said.intersection(stems(fact))) >= KNOWN for fact in situation.npc.facts)
        if talk is None or talk.args or knows:
            return None
        source = "player" if rng.random() < 0.7 else rng.choice(ASKERS)
        heard = replace(situation, event=Event("speech", source, text), memory=())
        decision = Decision(talk.name, {}, "", f"{QUOTE}{occasion}")
        return replace(example, situation=heard, decision=decision)

    def _distracted(self, example: Example, rng: random.Random) -> Example:
        situation, memory = example.situation, rng.choice(self.memories)
        if rng.random() >= UNRELATED:
            return example
        told = [situation.event.text, *situation.npc.facts, *(a.name for a in situation.actions)]
        if (set(stems(memory)) - EVERYWHERE) & set(stems(" ".join(told))):
            return example
        before = (memory, *situation.memory)
        return replace(example, situation=replace(situation, memory=before))

    @staticmethod
    def _reminded(example: Example, group: Sequence[Example], rng: random.Random) -> Example:
        situation, other = example.situation, rng.choice(group)
        if situation.memory or other is example or rng.random() >= REMEMBERED:
            return example
        event, decision = other.situation.event, other.decision
        if event.kind != "speech" or decision.say.startswith(QUOTE):
            return example
        deed = "" if only_talks(decision) else ", ".join([decision.action, *decision.args.values()])
        before = Exchange(situation.npc.name, f"The {event.source}", event.text, deed, decision.say)
        return replace(example, situation=replace(situation, memory=(before,)))
