"""Questions: about facts, about the character itself, and questions nobody there can answer.

Invariant: the answer to an answerable question occurs in the prompt, and is copied from there.
"""

from __future__ import annotations

import random
from collections.abc import Collection

from tools.distil.situations.cast import Cast
from tools.distil.situations.draft import Draft, Offer, value_texts
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import FactKind, Lexicon
from tools.distil.situations.text import expand

__all__ = ["fact_question", "self_question", "unknown_question"]


def fact_question(lexicon: Lexicon, rng: random.Random) -> Example:
    """A question that one of the facts answers."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "fact")
    kind = rng.choice(lexicon.facts)
    slots = draft.add_fact(kind)
    similar = rng.choice((0, 0, 1, 1, 2))
    asked = rng.choice([*kind.asks, *([next(iter(kind.asks))] * 2)])
    texts = [slots[asked]]
    wrong: list[str] = []
    for _ in range(similar):
        wrong.append(draft.add_fact(kind)[asked])
    if similar == 0 and asked in kind.vague and rng.random() < 0.3:
        question = rng.choice(kind.vague[asked])
    else:
        question = rng.choice(kind.asks[asked])
    said = _as_asked(cast, kind, slots)
    content = told(draft, kind, asked, slots)
    if kind.claims and rng.random() < 0.15:
        asked = next(iter(kind.claims))
        question = rng.choice(kind.claims[asked])
        texts = [slots[asked]]
        right = rng.random() < 0.4
        if not right:
            said[asked] = (
                rng.choice(wrong) if wrong and rng.random() < 0.5 else cast.draw(kind.slots[asked])
            )
        wrong = []
        content = f"{'Yes' if right else 'No'}, {_inner(draft, told(draft, kind, asked, slots))}"
    draft.pad_facts(rng.choice((2, 3, 4, 4, 5, 5, 6)), avoid=look_alikes(kind.name))
    draft.hear(expand(question, said, rng))
    remember_something(draft, 0.3)
    say = _say_among_others(draft, () if is_plain_question(question) else kind.clash)
    draft.answer(
        say,
        draft.mood(kind.mood),
        draft.speak(content),
        say_any=value_texts(texts[0]),
        say_none=[w for v in wrong for w in value_texts(v)[:1] if not _said(w, content)],
    )
    return draft.build()


def look_alikes(kind: str) -> set[str]:
    """A kind of fact and all whose facts might answer a question about it."""
    return {kind, *SIMILAR.get(kind, ()), *(k for k, others in SIMILAR.items() if kind in others)}


def is_plain_question(template: str) -> bool:
    """Whether a line can only be a question, so that no action could be meant by it."""
    return template.split(" ")[0] in QUESTION_WORDS and template.endswith("?")


def told(draft: Draft, kind: FactKind, asked: str, slots: dict[str, str]) -> str:
    """The fact as the character tells it; holds the asked value word for word."""
    key = f"{{{asked}}}"
    says = [s for s in kind.says if key in s or f" {asked}}}" in s]
    facts = [f for f in kind.facts if key in f or f" {asked}}}" in f]
    use_fact = not says or draft.rng.random() < 0.3
    for _ in range(6):
        text = draft.fill(draft.rng.choice(facts if use_fact else says), slots)
        if _said(value_texts(slots[asked])[0], text):
            break
        use_fact = True
    return text


def self_question(lexicon: Lexicon, rng: random.Random) -> Example:
    """A question about the character, the scene or what it remembers."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "self")
    kinds = lexicon.lines["self"]
    topic = rng.choice(list(kinds["topics"]))
    slots = {
        "name": cast.name,
        "role": cast.role,
        "place": cast.place,
        "time": cast.time,
        "goal": cast.goal,
        "asker": cast.asker,
        "who": "You" if cast.asker == "player" else cast.asker,
        "thing": cast.draw("thing"),
        "price": cast.draw("price"),
        "spot": cast.draw("spot"),
    }
    draft.keep_all()
    memory = kinds.get(f"memory_{topic}")
    if memory:
        draft.memory.append(draft.fill(rng.choice(memory), {**slots, "who": _memory_name(cast)}))
        remember_something(draft, 0.4)
        rng.shuffle(draft.memory)
    draft.pad_facts(rng.choice((1, 2, 3, 4)))
    draft.hear(draft.fill(rng.choice(kinds[f"ask_{topic}"]), slots))
    content = draft.fill(rng.choice(kinds[f"say_{topic}"]), slots)
    key = slots[kinds["topics"][topic]]
    draft.answer(
        _say_among_others(draft),
        draft.mood("neutral"),
        draft.speak(content),
        say_any=value_texts(key),
    )
    return draft.build()


def unknown_question(lexicon: Lexicon, rng: random.Random) -> Example:
    """A question that nothing in the prompt answers: the character says so and invents nothing."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "unknown")
    kinds = [k for k in lexicon.facts if k.name not in SELF_EVIDENT]
    kind = rng.choice(kinds)
    wrong: list[str] = []
    barred = look_alikes(kind.name)
    if rng.random() < 0.45:  # near miss: the right kind of fact about something else
        asked = next(iter(kind.asks))
        wrong += [draft.add_fact(kind)[asked] for _ in range(rng.choice((1, 2)))]
    slots = {slot: cast.draw(source) for slot, source in kind.slots.items()}
    question = expand(
        rng.choice(kind.asks[next(iter(kind.asks))]), _as_asked(cast, kind, slots), rng
    )
    if rng.random() < 0.35:
        question = draft.fill(
            rng.choice(lexicon.lines["unknown"]["ask"]),
            {"name": cast.draw("name"), "town": cast.draw("town"), "thing": cast.draw("odds")},
        )
    draft.pad_facts(rng.choice((2, 3, 4, 5, 6)), avoid=barred)
    draft.hear(question)
    remember_something(draft, 0.3)
    draft.answer(
        _say_among_others(draft, kind.clash),
        draft.mood("neutral", "curious"),
        draft.speak(rng.choice(cast.voice.unknown), opener=0.0, closer=0.1),
        say_none=[t for v in wrong for t in value_texts(v)[:1] if len(t) > 3],
    )
    return draft.build()


def remember_something(draft: Draft, chance: float) -> None:
    """Adds memories that change nothing."""
    lines = draft.cast.lexicon.lines["memory"]["neutral"]
    while draft.rng.random() < chance and len(draft.memory) < 3:
        cast = draft.cast
        slots = {
            "who": _memory_name(cast),
            "other": cast.rng.choice(cast.others),
            "thing": cast.draw("odds"),
            "town": cast.draw("town"),
            "topic": cast.draw("topics"),
            "past": cast.draw("past"),
            "food": cast.draw("food"),
        }
        line = draft.fill(draft.rng.choice(lines), slots)
        if line not in draft.memory:
            draft.memory.append(line)


def _inner(draft: Draft, sentence: str) -> str:
    """A sentence to go on after a comma."""
    return draft.cast.lexicon.lowered(sentence)


SELF_EVIDENT = ("state", "pests", "reward", "warning")  # "Nothing I know of" would be an answer
QUESTION_WORDS = ("What", "What's", "When", "Where", "Who", "Whose", "Why", "How", "Which")
# Kinds whose facts could answer each other's questions.
SIMILAR = {
    "location": ("hidden", "contents", "weather"),
    "hidden": ("location",),
    "whereabouts": ("room", "meeting", "rumour", "craft", "state", "cause", "direction"),
    "room": ("whereabouts",),
    "rumour": ("whereabouts", "product", "leader", "route"),
    "price": ("free", "trade"),
    "free": ("price", "calendar"),
    "owner": ("maker", "missing"),
    "maker": ("owner",),
    "missing": ("owner",),
    "state": ("cause", "pests", "closes", "opens", "ban", "history", "direction"),
    "cause": ("state", "pests", "closes", "history", "ban", "direction"),
    "pests": ("state", "cause", "ban", "direction", "count"),
    "count": ("pests", "location"),
    "opens": ("closes", "state", "cause"),
    "closes": ("opens", "state", "cause"),
    "arrival": ("departure", "meeting"),
    "departure": ("distance", "route", "arrival"),
    "distance": ("route", "departure"),
    "route": ("distance", "departure"),
    "calendar": ("schedule", "free", "weather"),
    "schedule": ("calendar",),
    "meeting": ("arrival", "whereabouts"),
    "craft": ("skill", "leader"),
    "skill": ("craft", "language"),
    "language": ("skill",),
    "love": ("want",),
    "want": ("love", "missing", "trade"),
    "password": ("code", "keykeeper"),
    "code": ("password", "keykeeper"),
    "keykeeper": ("code", "password"),
    "culprit": ("debt", "rumour", "winner"),
    "debt": ("culprit",),
    "weather": ("calendar",),
    "history": ("age", "state", "cause"),
    "age": ("history",),
    "use": ("material", "warning"),
    "warning": ("use",),
    "direction": ("whereabouts", "state", "cause", "pests"),
    "reward": ("want",),
    "capacity": ("speed",),
    "leader": ("product", "craft"),
    "product": ("leader", "rumour"),
    "illness": ("cure",),
    "cure": ("illness",),
    "kin": ("craft",),
    "meal": ("recipe",),
    "recipe": ("meal",),
    "winner": ("culprit",),
    "ship": ("leader",),
    "contents": ("location",),
    "pet": ("colour",),
    "colour": ("pet",),
    "proof": ("ban",),
    "ban": ("proof", "state", "pests", "cause"),
    "nature": ("weather",),
    "taste": ("meal", "recipe"),
    "mood": ("illness", "culprit", "missing"),
    "plan": ("rumour", "departure", "shift", "origin"),
    "guarded": ("state", "cause", "pests", "whereabouts"),
    "trick": ("password", "code", "keykeeper"),
    "limit": ("capacity", "count"),
    "shift": ("calendar", "plan"),
    "nickname": ("pet", "craft"),
    "origin": ("plan", "rumour"),
    "weapon": ("fear",),
    "deal": ("price", "free"),
    "symbol": ("colour", "proof"),
    "rank": ("winner",),
    "trade": ("want", "price"),
}


def _as_asked(cast: Cast, kind: FactKind, slots: dict[str, str]) -> dict[str, str]:
    return {slot: cast.refer(value, kind.slots[slot]) for slot, value in slots.items()}


def _say_among_others(draft: Draft, avoid: Collection[str] = ()) -> Offer:
    say = draft.offer_say()
    draft.distract(avoid, at_least=1)
    return say


def _said(text: str, content: str) -> bool:
    return text.lower() in content.lower()


def _memory_name(cast: Cast) -> str:
    return "The player" if cast.asker == "player" else cast.asker
