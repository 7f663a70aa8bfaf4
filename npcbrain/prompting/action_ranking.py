"""Which actions an event calls for: the classical half of judgement.

A small model has met few of the names a game may give its actions. Four signs that need no model
are counted first: words that event and name share, verbs near in meaning (``verb_synonyms``),
values that are mentioned, and how near sentence and name are as vectors (``word_vectors``). What
they are worth was learnt; whether any of it is to be done at all is left to the model. Invariant:
pure; the same situation, the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from npcbrain.prompting.fact_retrieval import lexicon, split_words, stems
from npcbrain.prompting.lexicon import Lexicon
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.situation import Action, Decision

__all__ = [
    "TALK_NAMES",
    "Deed",
    "Signs",
    "deed_words",
    "is_talk",
    "is_voice",
    "learn_words",
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
# Who has no such action may have a voice of its own: a raven croaks, a ghost whispers back.
VOICES = frozenset(
    """
    announce babble bark bellow boom burble caw chant chatter chirp chuckle click cluck croak croon
    declare drone exclaim gossip growl grumble grunt gurgle hiss holler hoot hum intone jest mumble
    murmur mutter proclaim purr quip radio rasp rattle report roar rumble shout sigh sing snarl
    squawk squeak stammer taunt transmit type utter whimper whine whisper yell yelp
    """.split()
)
IN_ANSWER = frozenset("answer answers back reply softly words to player".split())


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
    """Reads the standard tables now, so that no frame waits for it; see ``Reader.load``."""
    STANDARD_READER.load()


def learn_words(actions: Sequence[Action], facts: Sequence[str]) -> None:
    """Looks up the words of a persona now (some ms for a large one), so that no frame waits."""
    _words_of([action for action in actions if not is_talk(action)])
    lexicon(tuple(facts))


def likely(deeds: Sequence[Deed]) -> list[Deed]:
    """Of the deeds ``weigh`` found, those a model is told of: two at most."""
    return [deed for deed in deeds[:MAX_FITTING] if deed.lead >= -MARGIN]


def weigh(
    actions: Sequence[Action],
    text: str,
    *,
    spoken: bool = True,
    temper: Sequence[str] | None = None,
    reader: Reader = STANDARD_READER,
) -> list[Deed]:
    """How likely an event calls for each action that is not plain talk, best first.

    About 150 us for eight actions met before, and a millisecond or two for gibberish.

    Args:
        actions: The legal ones.
        text: What was said or happened.
        spoken: Whether somebody said it.
        temper: Traits of whoever is attacked, where that is what happens.
        reader: Knows which words are near in meaning.

    >>> give = Action("give", {"item": ("room key", "ale"), "to": ("player",)})
    >>> weigh([Action("say"), give], "One more ale, friend.")[0].named
    {'item': 'ale'}
    """
    deeds = [action for action in actions if not is_talk(action)]
    asked = stems(text)
    signs = read_signs(deeds, asked, attacked=temper is not None, reader=reader)
    traits = split_words(" ".join(temper or ()))
    vectors = reader.vectors
    near, talk = vectors.nearness(deed_words(deeds, text), _words_of(deeds).plain, traits)
    worth = vectors.weights
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
    """Whether an action is plain talk, by whatever name: ``say``, ``Speak``, ``SaySomething``."""
    return not action.args and _names_talk(action.name)


def only_talks(decision: Decision) -> bool:
    """Whether a decision is plain talk, which needs no deed of the game."""
    return not decision.args and _names_talk(decision.action)


def is_voice(action: Action, actions: Sequence[Action]) -> bool:
    """Whether an action is the nearest that somebody has to talk, such as ``croak_reply``.

    >>> raven = [Action("croak"), Action("fly_off")]
    >>> [is_voice(one, raven) for one in raven], is_voice(raven[0], [*raven, Action("say")])
    ([True, False], False)
    """
    return not action.args and _names_voice(action.name) and not any(map(is_talk, actions))


@lru_cache(4096)
def _names_voice(name: str) -> bool:
    first, *others = split_words(name) or [""]
    return first in VOICES and IN_ANSWER.issuperset(others)  # "report", but not "report crime"


@lru_cache(4096)  # asked of every action in every choice
def _names_talk(name: str) -> bool:
    return "_".join(split_words(name)) in TALK_NAMES


def read_signs(
    actions: Sequence[Action],
    asked: Sequence[str],
    *,
    attacked: bool = False,
    reader: Reader = STANDARD_READER,
) -> list[Signs]:
    """What speaks for each action but the nearness of its name.

    Args:
        actions: The actions.
        asked: The event's words, as ``fact_retrieval.stems`` makes them.
        attacked: Whether it is an attack: it mentions the attacker whether or not there shall be a
            fight, so that a mention speaks for nothing.
        reader: Knows which verbs are near in meaning.
    """
    words, senses = _words_of(actions), reader.verbs.senses
    worth = words.lexicon.overlap(asked)
    best: dict[tuple[int, str], tuple[float, str]] = {}  # by action and argument
    for line in sorted(worth.keys() & words.values.keys()):  # the first of those alike counts
        index, arg, value = words.values[line]
        share = worth[line] / len(words.lexicon.lines[line]) ** 0.5
        if share > best.get((index, arg), (0.0, ""))[0]:
            best[index, arg] = share, value
    meant = senses(tuple(asked))
    found = []
    for index, action in enumerate(actions):
        shared = worth.get(words.names[index], 0.0)
        kin = 0.0 if shared else float(senses(words.verbs[index]).meet(meant))
        told = {arg: best[index, arg] for arg in action.args if (index, arg) in best}
        mentioned = 0.0 if attacked else min(sum(share for share, _ in told.values()), MOST)
        named = {arg: value for arg, (_, value) in told.items()}
        found.append(Signs(min(shared, MOST), kin, mentioned, len(action.args) - len(told), named))
    return found


def deed_words(actions: Sequence[Action], text: str) -> list[str]:
    """The event's words that may tell what is to be done: those that are part of no value."""
    taken = _words_of(actions).taken
    return [word for word in split_words(text) if word not in taken and word not in ARTICLES]


class ActionWords(NamedTuple):
    """The words of some actions' names and values.

    Attributes:
        lexicon: Names and values are its lines.
        names: Of each action, the line that is its name.
        values: Of each other line, the action's place, the argument and the value.
        verbs: What in each name may be a verb.
        plain: The words of each name.
        taken: The words of all values.
    """

    lexicon: Lexicon
    names: tuple[int, ...]
    values: Mapping[int, tuple[int, str, str]]
    verbs: tuple[tuple[str, ...], ...]
    plain: tuple[tuple[str, ...], ...]
    taken: frozenset[str]


def _words_of(actions: Sequence[Action]) -> ActionWords:
    return _read(
        tuple((one.name, tuple((arg, (*one.args[arg],)) for arg in one.args)) for one in actions)
    )


# A persona's actions come again with every event; what they hold is worth keeping.
@lru_cache(maxsize=1024)
def _read(actions: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]) -> ActionWords:
    lines: list[str] = []
    names: list[int] = []
    values: dict[int, tuple[int, str, str]] = {}
    for index, (name, args) in enumerate(actions):
        names.append(len(lines))
        lines.append(name)
        for arg, legal in args:
            for value in legal:
                values[len(lines)] = index, arg, value
                lines.append(value)
    return ActionWords(
        lexicon(tuple(lines)),
        tuple(names),
        values,
        # The thesaurus has phrases too: ``tip_off``.
        tuple(("_".join(split_words(name)), *stems(name)) for name, _ in actions),
        tuple(_plain(name) for name, _ in actions),
        frozenset(word for _, _, value in values.values() for word in _plain(value)),
    )


def _plain(text: str) -> tuple[str, ...]:
    return tuple(word for word in split_words(text) if word not in ARTICLES)
