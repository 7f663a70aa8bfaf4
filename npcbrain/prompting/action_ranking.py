"""Which actions an event calls for: the classical half of judgement.

A small model has met few of the names a game may give its actions. Four signs that need no model
are counted first: words that event and name share, verbs near in meaning (``verb_synonyms``),
values that are mentioned, and how near sentence and name are as vectors (``word_vectors``). What
they are worth was learnt; whether any of it is to be done at all is left to the model. Invariant:
pure; the same situation, the same lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from npcbrain.prompting import verb_synonyms as verbs
from npcbrain.prompting import word_vectors as affinity
from npcbrain.prompting.fact_retrieval import overlap, split_words, stems
from npcbrain.prompting.verb_synonyms import are_akin
from npcbrain.situation import Action, Decision

__all__ = [
    "TALK_NAMES",
    "Deed",
    "Signs",
    "deed_words",
    "is_talk",
    "likely",
    "load_tables",
    "only_talks",
    "read_signs",
    "weigh",
]

MAX_FITTING = 2  # actions told; the right one is among them in 95 of 100 cases
MARGIN = 2.5  # natural logarithm of the odds against the best; what is less likely is not told
MOST = 2.0  # shared words or values beyond so many add nothing
ARTICLES = frozenset(("a", "an", "the"))
# Talk fits nearly everything: it is never told, and only what comes near it in likelihood is.
TALK_NAMES = frozenset(
    "say speak talk tell answer reply respond chat converse say_something".split()
)


class Signs(NamedTuple):
    """What speaks for one action.

    Attributes:
        name: How many words of the event stand in its name, up to 2.
        kin: 1 if none does, but a verb of the event is near in meaning.
        values: How much of its values is mentioned, up to 2.
        missing: Arguments none of whose values is mentioned.
        named: The values mentioned, by argument.
    """

    name: float
    kin: float
    values: float
    missing: int
    named: Mapping[str, str]


class Deed(NamedTuple):
    """An action as an answer to an event.

    Attributes:
        name: Its name.
        named: The values that the event mentions, by argument.
        lead: Natural logarithm of its odds against the likeliest answer, talk included; at most 0.
        over_talk: The same against talk alone.
    """

    name: str
    named: Mapping[str, str]
    lead: float
    over_talk: float


def load_tables() -> None:
    """Reads what reading needs now (some 50 ms the first time), so that no frame waits for it."""
    affinity.load()
    verbs.load()


def likely(deeds: Sequence[Deed]) -> list[Deed]:
    """Of the deeds ``weigh`` found, those a model is told of: two at most."""
    return [deed for deed in deeds[:MAX_FITTING] if deed.lead >= -MARGIN]


def weigh(
    actions: Sequence[Action],
    text: str,
    *,
    spoken: bool = True,
    temper: Sequence[str] | None = None,
) -> list[Deed]:
    """How likely an event calls for each action that is not plain talk, best first.

    About 150 us for eight actions met before.

    Args:
        actions: The legal ones.
        text: What was said or happened.
        spoken: Whether somebody said it.
        temper: Traits of whoever is attacked, where that is what happens.

    >>> give = Action("give", {"item": ("room key", "ale"), "to": ("player",)})
    >>> weigh([Action("say"), give], "One more ale, friend.")[0].named
    {'item': 'ale'}
    """
    deeds = [action for action in actions if not is_talk(action)]
    asked = stems(text)
    signs = [read_signs(action, asked, attacked=temper is not None) for action in deeds]
    names = [_name(action.name) for action in deeds]
    traits = split_words(" ".join(temper or ()))
    near, talk = affinity.nearness(deed_words(deeds, text), names, traits)
    worth = affinity.weights()
    scores = [
        worth.name * sign.name
        + worth.kin * sign.kin
        + worth.values * sign.values
        + worth.missing * sign.missing
        + worth.near * nearness
        for sign, nearness in zip(signs, near, strict=True)
    ]
    talk += worth.talk + worth.question * text.rstrip().endswith("?") + worth.world * (not spoken)
    best = max((talk, *scores))
    order = sorted(range(len(deeds)), key=lambda index: -scores[index])
    return [Deed(deeds[i].name, signs[i].named, scores[i] - best, scores[i] - talk) for i in order]


def is_talk(action: Action) -> bool:
    """Whether an action is plain talk, by whatever name."""
    return not action.args and action.name in TALK_NAMES


def only_talks(decision: Decision) -> bool:
    """Whether a decision is plain talk, which needs no deed of the game."""
    return not decision.args and decision.action in TALK_NAMES


def read_signs(action: Action, asked: Collection[str], *, attacked: bool = False) -> Signs:
    """What speaks for an action but the nearness of its name.

    Args:
        action: The action.
        asked: The event's words, as ``fact_retrieval.stems`` makes them.
        attacked: Whether it is an attack: it mentions the attacker whether or not there shall be a
            fight, so that a mention speaks for nothing.
    """
    name = stems(action.name)
    shared = overlap(asked, name, {})
    kin = 0.0 if shared else _kinship(asked, name, _whole(action.name))
    named: dict[str, str] = {}
    mentioned = 0.0
    for arg, values in action.args.items():
        shares = []
        for value in values:
            words = stems(value)
            shares.append(overlap(asked, words, {}) / max(1, len(words)) ** 0.5)
        best = max(range(len(values)), key=shares.__getitem__)
        if shares[best] > 0:
            mentioned += shares[best]
            named[arg] = values[best]
    missing = len(action.args) - len(named)
    mentioned = 0.0 if attacked else min(mentioned, MOST)
    return Signs(min(shared, MOST), kin, mentioned, missing, named)


def deed_words(actions: Sequence[Action], text: str) -> list[str]:
    """The event's words that may tell what is to be done: those that are part of no value."""
    taken = {
        word
        for action in actions
        for values in action.args.values()
        for value in values
        for word in _name(value)
    }
    return [word for word in split_words(text) if word not in taken and word not in ARTICLES]


def _kinship(asked: Collection[str], name: Collection[str], whole: str) -> float:
    verbs = {whole, *name}
    return float(any(are_akin(word, verb) for word in asked for verb in verbs))


# Names and values come again with every event; what they hold is worth keeping.
@lru_cache(maxsize=4096)
def _name(text: str) -> tuple[str, ...]:
    return tuple(word for word in split_words(text) if word not in ARTICLES)


@lru_cache(maxsize=4096)
def _whole(name: str) -> str:
    """All words of a name, as the thesaurus has phrases: ``tip_off``."""
    return "_".join(split_words(name))
