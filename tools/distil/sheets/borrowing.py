"""Facts and deeds from other characters' sheets, where they cannot matter.

A character's exchanges share its few deeds and facts, so these can be told apart by heart. With
some of somebody else's among them, what is asked for has to be understood. Invariant: what is
borrowed shares no word with what happens, is remembered, said or done, and holds no word of a rule;
so a written answer stays right.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.fact_retrieval import split_words, stems
from npcbrain.situation import MAX_ACTIONS, Action
from tools.distil.sheets.reading import Sheet
from tools.distil.situations.example import Example

__all__ = ["BINDING", "Lender", "binds_nobody"]

MOST = 3  # facts, and deeds, that are borrowed at once
TRIES = 4  # draws for one of them
# Words of a rule, and of who speaks: what binds somebody may forbid what was done.
BINDING = frozenset(
    """
    i me my mine we us our nobody never no not none only unless until if when whenever always must
    may might can cannot every everyone everybody anyone anybody whoever before after without once
    than except both either neither player forbid forbids forbidden ban bans banned allow allows
    allowed need needs needed require requires required refuse refuses most least lawful unlawful
    illegal legal rule rules law laws oath sworn promised owe owes owed
    """.split()
)


class Lender:
    """Lends what other sheets hold.

    Args:
        sheets: Whose facts and deeds are lent.
        rng: Draws.
    """

    def __init__(self, sheets: Iterable[Sheet], rng: random.Random) -> None:
        self._rng = rng
        facts: dict[str, None] = {}
        deeds: dict[str, Action] = {}  # but for those of small words alone, such as "let go"
        for sheet in sheets:
            for example in sheet.examples:
                situation = example.situation
                facts |= dict.fromkeys(f for f in situation.npc.facts if binds_nobody(f))
                deeds |= {repr(a): a for a in situation.actions if _is_lent(a)}
        self._facts, self._deeds = [*facts], [*deeds.values()]

    def lend(self, group: Sequence[Example]) -> list[Example]:
        """Exchanges that share their character, with some of others' facts and deeds."""
        if not group or not self._facts or not self._deeds:
            return [*group]
        rng, first = self._rng, group[0].situation
        taken = {stem for example in group for stem in _heard_and_done(example)}
        facts = [fact for fact in self._drawn(self._facts, taken) if fact not in first.npc.facts]
        names = {word for action in first.actions for word in _words(action)} | taken
        deeds = self._drawn(self._deeds, names)[: MAX_ACTIONS - len(first.actions)]
        all_facts = [*first.npc.facts, *facts]
        all_deeds = [*first.actions, *deeds]
        rng.shuffle(all_facts)
        rng.shuffle(all_deeds)
        npc = replace(first.npc, facts=tuple(all_facts))
        return [
            replace(e, situation=replace(e.situation, npc=npc, actions=tuple(all_deeds)))
            for e in group
        ]

    def _drawn(self, lent: Sequence, taken: set[str]) -> list:
        """Up to ``MOST`` that share no word with what is taken, nor with each other."""
        rng, taken = self._rng, set(taken)
        found = []
        for _ in range(rng.randint(1, MOST)):
            for one in (rng.choice(lent) for _ in range(TRIES)):
                words = _words(one) if isinstance(one, Action) else set(stems(one))
                if not words & taken:
                    found.append(one)
                    taken |= words
                    break
        return found


def binds_nobody(fact: str) -> bool:
    """Whether a fact holds no word of a rule, and does not tell of who speaks."""
    return not BINDING.intersection(word.lower() for word in split_words(fact))


def _is_lent(action: Action) -> bool:
    return bool(stems(" ".join(split_words(action.name)))) and not is_talk(action)


def _words(action: Action) -> set[str]:
    values = (value for choices in action.args.values() for value in choices)
    return set(stems(" ".join((*split_words(action.name), *values))))


def _heard_and_done(example: Example) -> set[str]:
    situation, decision = example.situation, example.decision
    scene, event = situation.scene, situation.event
    told = (scene.place, scene.time, *scene.nearby, event.source, event.text)
    told += tuple(map(str, situation.memory))
    done = (*split_words(decision.action), *decision.args.values(), decision.say)
    return set(stems(" ".join((*told, *done))))
