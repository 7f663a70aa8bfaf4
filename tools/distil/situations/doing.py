"""Requests: a player asks for something to be done, and the list of actions decides.

Invariant: an action is the answer only when the list holds it with the value that was asked for.
"""

from __future__ import annotations

import random
from dataclasses import replace

from tools.distil.situations.asking import remember_something
from tools.distil.situations.cast import Cast
from tools.distil.situations.draft import Draft, Offer
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import Concept, Lexicon
from tools.distil.situations.text import bare, expand

__all__ = [
    "RULED",
    "askable",
    "do_line",
    "impossible",
    "missing_value",
    "other_values",
    "request",
    "request_line",
    "targets",
    "wanted",
]

# Facts that may speak against a request: no padding of a request that should be granted.
RULED = (
    "proof", "ban", "state", "cause", "pests", "failing", "opens", "closes", "warning",
    "keykeeper", "password", "code", "weather", "guarded", "limit", "trick", "deal", "hidden",
    "missing", "owner", "price", "meal", "illness",
)  # fmt: skip


VERB_SHARE = 0.3  # of requests that ask for one of the plain verbs
THESAURUS_SHARE = 0.25  # of requests that ask for a verb of the thesaurus, where there is one


def targets(cast: Cast, concept: Concept) -> dict[str, str]:
    """A value for each domain of a concept's arguments."""
    chosen: dict[str, str] = {}
    for arg in concept.args:
        if arg.domain != "asker":
            key = "person" if arg.domain == "other" else arg.domain
            chosen[key] = cast.target(arg.domain)
    return chosen


def request_line(draft: Draft, concept: Concept, target: dict[str, str]) -> str:
    """What the player says to get it."""
    cast = draft.cast
    mine = concept.asks_me and cast.is_asker(target.get("person", ""))
    said = {domain: cast.refer(value, domain) for domain, value in target.items()}
    said["person"] = target.get("person", "")
    return expand(draft.rng.choice(concept.asks_me if mine else concept.asks), said, draft.rng)


def do_line(draft: Draft, concept: Concept, target: dict[str, str]) -> str:
    """What the character says while doing it."""
    mine = draft.cast.is_asker(target.get("person", ""))
    lines = concept.does_me if mine else concept.does
    return draft.fill(draft.rng.choice(lines), target)


def wanted(lexicon: Lexicon, rng: random.Random) -> Concept:
    """Something a player may ask for."""
    if lexicon.learnt and rng.random() < THESAURUS_SHARE:
        return rng.choice(lexicon.learnt)
    is_verb = rng.random() < VERB_SHARE
    return rng.choice(lexicon.askable[is_verb])


def request(lexicon: Lexicon, rng: random.Random) -> Example:
    """A request that is granted."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "request")
    concept = wanted(lexicon, rng)
    target = askable(cast, concept)
    offer = draft.offer(concept.name, target)
    draft.hear(_with_contrast(draft, request_line(draft, concept, target), offer))
    if rng.random() < 0.9:
        draft.offer_say()
    draft.distract()
    draft.pad_facts(rng.choice((0, 1, 2, 3, 4, 5)), avoid=RULED)
    remember_something(draft, 0.3)
    draft.answer(offer, draft.mood(*concept.moods), draft.speak(do_line(draft, concept, target)))
    return draft.build()


def missing_value(lexicon: Lexicon, rng: random.Random) -> Example:
    """A request for a thing that is not among the legal values."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "missing")
    concept = lexicon.concepts[rng.choice(("give", "give", "give", "show", "carry"))]
    target = targets(cast, concept)
    thing = target.pop("thing")
    cast.pool("thing").remove(thing)
    draft.offer(concept.name, target)
    said = {**target, "thing": thing}  # in full: a part of it might fit another thing
    draft.hear(expand(rng.choice(concept.asks), said, rng))
    say = draft.offer_say()
    also = _maybe_refuse(draft)
    draft.distract(avoid=("refuse", "take", "drop_off", "make"))
    draft.pad_facts(rng.choice((1, 2, 3)), avoid=("location", *RULED))
    remember_something(draft, 0.2)
    content = draft.fill(rng.choice(lexicon.lines["requests"]["missing"]), {"thing": thing})
    draft.answer(say, draft.mood("neutral", "sad"), draft.speak(content), also=also)
    return draft.build()


def impossible(lexicon: Lexicon, rng: random.Random) -> Example:
    """A request for which the list holds no action."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "impossible")
    concept = rng.choice([c for c in lexicon.concepts.values() if c.asks and c.kind != "self"])
    target = targets(cast, concept)
    draft.hear(request_line(draft, concept, target))
    say = draft.offer_say()
    also = _maybe_refuse(draft)
    rivals = {n for n, c in lexicon.concepts.items() if concept.name in c.rivals}
    draft.distract(avoid={concept.name, "refuse", "work", *rivals, *concept.rivals})
    draft.pad_facts(rng.choice((1, 2, 3, 4)), avoid=RULED)
    remember_something(draft, 0.2)
    slots = {"role": cast.role}
    content = (
        rng.choice(cast.voice.refuse)
        if rng.random() < 0.3
        else draft.fill(rng.choice(lexicon.lines["requests"]["cannot"]), slots)
    )
    draft.answer(say, draft.mood("neutral", "sad"), draft.speak(content, opener=0.2), also=also)
    return draft.build()


def _maybe_refuse(draft: Draft) -> list[Offer]:
    return [draft.offer("refuse", {"asker": draft.cast.asker})] if draft.rng.random() < 0.3 else []


def askable(cast: Cast, concept: Concept) -> dict[str, str]:
    """Targets of a request; a concept without lines for the asker gets somebody else."""
    target = targets(cast, concept)
    if "person" in target and cast.is_asker(target["person"]) and not concept.asks_me:
        target["person"] = cast.rng.choice(cast.others)
    elif "person" in target and concept.asks_me and cast.rng.random() < 0.4:
        target["person"] = cast.asker  # players ask for themselves more often than not
    return target


def other_values(
    draft: Draft, offer: Offer, concept: Concept, target: dict[str, str]
) -> tuple[Offer, Concept, dict[str, str]]:
    """The same action asked for with other legal values, so that the request must be read."""
    chosen, target = dict(offer.chosen), dict(target)
    names = list(offer.args)
    for arg in concept.args:
        name = next((n for n in names if n in arg.names), None)
        if name is None or arg.domain == "asker":
            continue
        names.remove(name)
        values = [
            value for value in offer.args[name] if concept.asks_me or not draft.cast.is_asker(value)
        ]
        if values:
            chosen[name] = draft.rng.choice(values)
            key = "person" if arg.domain == "other" else arg.domain
            value = chosen[name].replace("_", " ")
            target[key] = value if key == "person" else bare(value)
    return replace(offer, chosen=chosen), concept, target


def _with_contrast(draft: Draft, text: str, offer: Offer) -> str:
    """Sometimes the player also names what is not wanted."""
    rng = draft.rng
    wide = [(v, offer.chosen[a]) for a, v in offer.args.items() if len(v) > 1]
    if not wide or rng.random() > 0.12 or draft.cast.asker in wide[-1][0]:
        return text
    values, chosen = wide[-1]
    other = rng.choice([v for v in values if v != chosen])
    return draft.fill(f"{text} {rng.choice(CONTRASTS)}", {"other": other})


CONTRASTS = (
    "Not {the other}.", "And leave {the other} out of it.", "I do not mean {the other}!",
    "Anything but {the other}.", "{the other} can wait.", "Forget about {the other}.",
)  # fmt: skip
