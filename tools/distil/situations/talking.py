"""One character asked several things: examples that share who it is, what it knows and can do.

Worth more than as many strangers: the answer to each question is in the same prompt, so only
reading the question tells which fact or action it is; and a shared prompt is computed once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from npcbrain.lm.package import MEMORY_TOKENS
from npcbrain.npcs.memory import Memory
from tools.distil.situations.asking import (
    SELF_EVIDENT,
    is_plain_question,
    look_alikes,
    remember_something,
    told,
)
from tools.distil.situations.cast import Cast
from tools.distil.situations.doing import (
    RULED,
    askable,
    do_line,
    other_values,
    request_line,
    wanted,
)
from tools.distil.situations.draft import Draft, Offer, value_texts
from tools.distil.situations.example import Example
from tools.distil.situations.idling import IDLE, idle_rule
from tools.distil.situations.lexicon import Concept, FactKind, Lexicon
from tools.distil.situations.text import expand

__all__ = ["talk"]

RECALLED = 0.2  # of the turns remember the turns before, in the words the runtime remembers them


def talk(lexicon: Lexicon, rng: random.Random, turns: int) -> list[Example]:
    """Examples with one prefix: ``turns`` questions about its facts and requests of its actions."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "talk")
    wishes = [_wish(draft, cast, lexicon) for _ in range(rng.choice((0, 1, 2, 3, 3, 4)))]
    facts = _facts(draft, lexicon, ruled=not any(wishes))
    say = draft.offer_say()
    draft.distract(at_least=1)
    if any(wishes) and rng.random() < IDLE:
        idle_rule(draft)

    ways: list[Callable[[], None]] = []
    for offer, concept, target in filter(None, wishes):
        ways += [partial(_request, draft, offer, concept, target)]
        for _ in range(min(2, _num_choices(offer) - 1)):
            ways += [partial(_request, draft, *other_values(draft, offer, concept, target))]
    for fact in facts:
        ways += [partial(_question, draft, say, facts, *fact)] * rng.choice((1, 1, 2))
    unknown = _unknown_kinds(lexicon, {kind.name for kind, _ in facts})
    if unknown and rng.random() < 0.4:
        ways += [partial(_unknown, draft, say, rng.choice(unknown))]
    rng.shuffle(ways)
    examples = []
    for way in ways[:turns]:
        draft.memory.clear()
        remember_something(draft, 0.25)
        way()
        examples.append(draft.build())
    first = examples[0].situation
    past = Memory()
    talked = []
    for example in examples:
        situation = replace(example.situation, npc=first.npc, actions=first.actions)
        if rng.random() < RECALLED:
            told_before = past.select(MEMORY_TOKENS, _num_tokens)
            situation = replace(situation, memory=(*situation.memory, *told_before)[-4:])
        past.add_event(situation.event, example.decision, cast.name)
        talked.append(replace(example, situation=situation))
    return talked


def _num_choices(offer: Offer) -> int:
    return max((len(values) for values in offer.args.values()), default=1)


def _unknown_kinds(lexicon: Lexicon, known: set[str]) -> list[FactKind]:
    """Kinds of fact about which the character knows nothing, nor anything like it."""
    return [
        kind
        for kind in lexicon.facts
        if kind.name not in SELF_EVIDENT and not look_alikes(kind.name) & known
    ]


def _num_tokens(text: str) -> int:
    """About as many as the tokenizer would count; exact does not matter here."""
    return len(text) // 3


def _wish(
    draft: Draft, cast: Cast, lexicon: Lexicon
) -> tuple[Offer, Concept, dict[str, str]] | None:
    """Offers an action somebody may ask for, unless it could be confused with one offered."""
    have = {offer.concept for offer in draft.offers}
    concept = wanted(lexicon, draft.rng)
    rivals = concept.rivals.union(*(lexicon.concepts[name].rivals for name in have))
    if concept.name in have | rivals or have & rivals:
        return None
    target = askable(cast, concept)
    return draft.offer(concept.name, target), concept, target


def _facts(draft: Draft, lexicon: Lexicon, *, ruled: bool) -> list[tuple[FactKind, dict[str, str]]]:
    """Two to five facts of one to three kinds that do not answer each other's questions."""
    facts: list[tuple[FactKind, dict[str, str]]] = []
    kinds = [k for k in lexicon.facts if ruled or k.name not in RULED]
    total = draft.rng.choice((2, 3, 3, 4, 4, 5))
    while len(facts) < total and kinds:
        kind = draft.rng.choice(kinds)
        barred = look_alikes(kind.name)
        kinds = [k for k in kinds if k.name not in barred]
        for _ in range(min(draft.rng.choice((1, 1, 2, 2, 3)), total - len(facts))):
            facts.append((kind, draft.add_fact(kind)))
    return facts


def _question(
    draft: Draft,
    say: Offer,
    facts: list[tuple[FactKind, dict[str, str]]],
    kind: FactKind,
    slots: dict[str, str],
) -> None:
    draft.category = "fact"
    asked = draft.rng.choice([*kind.asks, *([next(iter(kind.asks))] * 2)])
    content = told(draft, kind, asked, slots)
    named = {slot: draft.cast.refer(value, kind.slots[slot]) for slot, value in slots.items()}
    questions = kind.asks[asked]
    if kind.clash & {offer.concept for offer in draft.offers}:  # "I want the key": given or told?
        questions = tuple(filter(is_plain_question, questions)) or questions
    draft.hear(expand(draft.rng.choice(questions), named, draft.rng))
    wrong = [other[asked] for k, other in facts if k is kind and other is not slots]
    draft.answer(
        say,
        draft.mood(kind.mood),
        draft.speak(content),
        say_any=value_texts(slots[asked]),
        say_none=[
            text
            for value in wrong
            for text in value_texts(value)[:1]
            if text.lower() not in content.lower()
        ],
    )


def _unknown(draft: Draft, say: Offer, kind: FactKind) -> None:
    draft.category = "unknown"
    slots = {slot: draft.cast.draw(source) for slot, source in kind.slots.items()}
    questions = kind.asks[next(iter(kind.asks))]
    if kind.clash & {offer.concept for offer in draft.offers}:
        questions = tuple(filter(is_plain_question, questions)) or questions
    draft.hear(expand(draft.rng.choice(questions), slots, draft.rng))
    content = draft.rng.choice(draft.cast.voice.unknown)
    line = draft.speak(content, opener=0.0, closer=0.1)
    draft.answer(say, draft.mood("neutral", "curious"), line)


def _request(draft: Draft, offer: Offer, concept: Concept, target: dict[str, str]) -> None:
    draft.category = "request"
    draft.hear(request_line(draft, concept, target))
    draft.answer(offer, draft.mood(*concept.moods), draft.speak(do_line(draft, concept, target)))
