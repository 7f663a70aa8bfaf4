"""Requests that a rule, a price, a memory, a trait, an hour or a rank grants or forbids.

Invariant: what decides is in the prompt; its opposite gets the same request another answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from tools.distil.situations.asking import remember_something, told
from tools.distil.situations.cast import Cast
from tools.distil.situations.doing import RULED, do_line, request_line, targets
from tools.distil.situations.draft import Draft, Offer, value_texts
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import Lexicon
from tools.distil.situations.text import phrase

__all__ = ["JUDGEMENTS"]


class Case:
    """One request before its judge: the draft, the wanted action, and the ways to answer."""

    def __init__(self, lexicon: Lexicon, rng: random.Random, category: str) -> None:
        self.lexicon = lexicon
        self.rng = rng
        self.cast = Cast(lexicon, rng)
        self.draft = Draft(self.cast, category)
        self.draft.keep_all()
        self.lines: Mapping[str, Any] = lexicon.lines[category]
        self.slots: dict[str, str] = {
            "who": "The player" if self.cast.asker == "player" else self.cast.asker,
            "who2": "the player" if self.cast.asker == "player" else self.cast.asker,
            "other": rng.choice(self.cast.others),
        }

    def want(self, concept: str, *, ask: bool = True) -> Offer:
        """The player wants a concept done; it is legal."""
        self.concept = self.lexicon.concepts[concept]
        self.target = targets(self.cast, self.concept)
        if "person" in self.target and self.concept.asks_me:
            self.target["person"] = self.cast.asker
        self.slots.update(self.target)
        self.wanted = self.draft.offer(concept, self.target)
        if ask:
            self.draft.hear(request_line(self.draft, self.concept, self.target))
        return self.wanted

    def line(self, key: str) -> str:
        """One of the category's lines, filled."""
        return self.draft.fill(self.rng.choice(self.lines[key]), self.slots)

    def fact(self, text: str) -> None:
        self.draft.facts.append(text)

    def remember(self, text: str) -> None:
        self.draft.memory.append(text)

    def has(self, key: str) -> bool:
        return key in self.lines

    def grant(self, say: str = "") -> Example:
        """The wanted action is done."""
        draft = self.draft
        draft.offer_say()
        if self.rng.random() < 0.35:
            draft.offer("refuse", {"asker": self.cast.asker})
        self._around()
        say = say or do_line(draft, self.concept, self.target)
        draft.answer(self.wanted, draft.mood(*self.concept.moods), draft.speak(say))
        return draft.build()

    def tell(self, content: str, key: str, avoid: tuple[str, ...]) -> Example:
        """What was asked for is said."""
        draft = self.draft
        say = draft.offer_say()
        self._around(avoid)
        content = draft.speak(content, opener=0.1, closer=0.1)
        draft.answer(say, draft.mood("amused"), content, say_any=value_texts(key))
        return draft.build()

    def deny(
        self,
        content: str,
        *moods: str,
        key: str = "",
        hush: str = "",
        also: tuple[Offer, ...] = (),
        avoid: tuple[str, ...] = (),
    ) -> Example:
        """It is not done: refused where the list allows it, else said.

        Args:
            key: What must be said.
            hush: What must not be said.
            also: Other actions that would do.
            avoid: Actions not to offer.
        """
        draft = self.draft
        say = draft.offer_say()
        answer, others = say, [say, *also]
        if self.rng.random() < 0.5:
            answer = draft.offer("refuse", {"asker": self.cast.asker})
        self._around(avoid)
        sour = self.cast.voice.mood not in ("happy", "amused", "surprised")  # no cheer in a no
        draft.answer(
            answer,
            self.rng.choice(moods or ("neutral", "suspicious")),
            draft.speak(content, opener=sour / 4, closer=sour / 6),
            also=others,
            say_any=value_texts(key) if key else (),
            say_none=(hush,) if hush else (),
        )
        return draft.build()

    def _around(self, avoid: tuple[str, ...] = ()) -> None:
        self.draft.distract(avoid=("refuse", "throw_out", *avoid))
        self.draft.pad_facts(self.rng.choice((1, 2, 3, 4)), avoid=RULED)
        remember_something(self.draft, 0.25)
        self.rng.shuffle(self.draft.memory)


def gate(lexicon: Lexicon, rng: random.Random) -> Example:
    """A rule asks for a proof; the memory holds it or not."""
    case = Case(lexicon, rng, "gate")
    case.want(rng.choice(("open", "open", "give", "escort", "heal", "sell")))
    case.slots |= {"proof": case.cast.draw("proofs"), "wrong": case.cast.draw("proofs")}
    case.fact(case.line(f"rule_{case.concept.name}"))
    if rng.random() < 0.5:
        case.remember(case.line("shown"))
        return case.grant()
    if rng.random() < 0.5:
        case.remember(case.line("lacking"))
    return case.deny(case.line("no"), "neutral", "suspicious", key=case.slots["proof"])


def pay(lexicon: Lexicon, rng: random.Random) -> Example:
    """A ware has a price; it is paid or not."""
    case = Case(lexicon, rng, "pay")
    concept = rng.choice(("sell", "give"))
    case.want(concept, ask=False)
    domain = "goods" if concept == "sell" else "thing"
    value = case.target[domain]
    case.slots |= {"X": value, "V": case.cast.draw("price"), "W": case.cast.draw("price")}
    case.fact(case.line("fact"))
    if rng.random() < 0.4:
        other = {"X": case.cast.draw(domain), "V": case.cast.draw("price")}
        case.fact(case.draft.fill(rng.choice(case.lines["fact"]), other))
    asked = {**case.slots, "X": case.cast.refer(value, domain)}
    case.draft.hear(case.draft.fill(rng.choice(case.lines["ask"]), asked))
    if rng.random() < 0.5:
        case.remember(case.line("paid"))
        return case.grant(case.line("yes"))
    if rng.random() < 0.5:
        case.remember(case.line("unpaid"))
    return case.deny(case.line("no"), "neutral", key=case.slots["V"])


def closed(lexicon: Lexicon, rng: random.Random) -> Example:
    """A fact says that what is wanted cannot be; or that something else cannot be."""
    case = Case(lexicon, rng, "closed")
    concept = rng.choice(("open", "open", "escort", "go_to", "sell", "give", "start"))
    case.want(concept)
    case.slots |= {
        "S": case.cast.draw("shut"),
        "F": case.cast.draw("failings"),
        "P": case.cast.draw("name"),
    }
    case.slots["soldout"] = rng.choice(case.lines["soldout"])
    case.slots["gone"] = phrase(rng.choice(case.lines["gone"]), case.slots, rng)
    key = {"sell": "soldout", "give": "gone", "start": "F"}.get(concept, "S")
    if rng.random() < 0.45:
        for domain in case.target:
            case.slots[domain] = case.cast.draw(domain)
        case.fact(case.line(f"fact_{concept}"))
        return case.grant()
    case.fact(case.line(f"fact_{concept}"))
    return case.deny(case.line(f"no_{concept}"), "neutral", "sad", key=case.slots[key])


def grudge(lexicon: Lexicon, rng: random.Random) -> Example:
    """The asker did wrong, or somebody else did, or the asker did good."""
    case = Case(lexicon, rng, "grudge")
    case.want(
        rng.choice(("give", "sell", "open", "escort", "heal", "cook", "play", "follow", "repair"))
    )
    case.slots["animal"] = case.cast.draw("animals")
    case.slots["past"] = case.cast.draw("past")
    case.slots["topic"] = case.cast.draw("topics")
    case.slots["thing"] = case.cast.draw("odds")
    roll = rng.random()
    if roll < 0.55:
        case.remember(case.line("bad"))
        also: tuple[Offer, ...] = ()
        if rng.random() < 0.25:
            also = (case.draft.offer("throw_out", {"person": case.cast.asker}),)
        return case.deny(case.line("no"), "angry", "suspicious", also=also)
    case.remember(case.line("other" if roll < 0.75 else "good"))
    return case.grant(case.line("yes") if roll > 0.88 else "")


def bribe(lexicon: Lexicon, rng: random.Random) -> Example:
    """Money for something forbidden: traits decide."""
    case = Case(lexicon, rng, "bribe")
    concept = rng.choice(("open", "give"))
    case.want(concept, ask=False)
    greedy = rng.random() < 0.5
    case.cast.become(rng.choice(case.lines["greedy" if greedy else "honest"].split(", ")))
    case.slots |= {"price": case.cast.draw("price"), "P": case.cast.draw("person")}
    case.fact(case.line(f"rule_{concept}"))
    case.slots["do"] = phrase(case.lines[f"do_{concept}"], case.slots, rng)
    case.draft.hear(case.line("ask"))
    if greedy:
        return case.grant(case.line("yes"))
    return case.deny(case.line("no"), "angry", "proud")


def beg(lexicon: Lexicon, rng: random.Random) -> Example:
    """A poor player begs: the soft give, the hard do not."""
    case = Case(lexicon, rng, "beg")
    case.want("give", ask=False)
    soft = rng.random() < 0.5
    case.cast.become(rng.choice(case.lines["soft" if soft else "hard"].split(", ")))
    case.draft.hear(case.line("ask"))
    return case.grant(case.line("yes")) if soft else case.deny(case.line("no"), "neutral", "angry")


def dare(lexicon: Lexicon, rng: random.Random) -> Example:
    """Danger ahead: the brave come along, cowards do not."""
    case = Case(lexicon, rng, "dare")
    case.want("follow", ask=False)
    brave = rng.random() < 0.5
    case.cast.become(rng.choice(case.lines["brave" if brave else "coward"].split(", ")))
    case.draft.hear(case.line("ask"))
    if brave:
        return case.grant(case.line("yes"))
    return case.deny(case.line("no"), "afraid", "worried")


def authority(lexicon: Lexicon, rng: random.Random) -> Example:
    """Only one person may give orders."""
    case = Case(lexicon, rng, "authority")
    entries = [c.name for c in lexicon.concepts.values() if c.asks and c.kind in ORDERED]
    case.want(rng.choice(entries), ask=False)
    obey = rng.random() < 0.5 and case.cast.asker != "player"
    case.slots["boss"] = case.cast.asker if obey else case.cast.draw("person")
    case.fact(case.line("rule"))
    case.draft.hear(request_line(case.draft, case.concept, case.target))
    if obey:
        return case.grant()
    return case.deny(case.line("no"), "neutral", "suspicious", key=case.slots["boss"])


def hours(lexicon: Lexicon, rng: random.Random) -> Example:
    """A rule holds at one hour of the day; the scene tells the hour."""
    case = Case(lexicon, rng, "hours")
    case.want(rng.choice(("open", "sell", "escort", "play")))
    choices = case.lines["hours"].split(", ")
    case.slots["H"] = rng.choice(choices)
    case.fact(case.line(f"rule_{case.concept.name}"))
    if rng.random() < 0.5:
        case.cast.time = case.slots["H"]
        return case.deny(case.line("no"), "neutral", key=case.slots["H"])
    case.cast.time = rng.choice([h for h in choices if h != case.slots["H"]])
    return case.grant()


def banned(lexicon: Lexicon, rng: random.Random) -> Example:
    """A place allows no such things; the asker has brought them, or others."""
    case = Case(lexicon, rng, "banned")
    case.want("escort")
    case.slots |= {"B": case.cast.draw("carried"), "C": case.cast.draw("carried")}
    case.fact(case.line("rule"))
    if rng.random() < 0.5:
        case.remember(case.line("brought"))
        return case.deny(case.line("no"), "neutral", key=case.slots["B"])
    if rng.random() < 0.6:
        case.remember(case.line("harmless"))
    return case.grant()


def secret(lexicon: Lexicon, rng: random.Random) -> Example:
    """Somebody asks about what is secret: the loyal keep it, chatterers do not."""
    case = Case(lexicon, rng, "secret")
    kind = rng.choice([k for k in lexicon.facts if k.name in case.lines["kinds"]])
    slots = {slot: case.cast.draw(source) for slot, source in kind.slots.items()}
    asked = next(iter(kind.asks))
    text = phrase(rng.choice(kind.facts), slots, rng)
    case.slots["fact"] = lexicon.lowered(text)
    case.fact(case.line("fact"))
    tells = rng.random() < 0.4
    case.cast.become(rng.choice(case.lines["loose" if tells else "loyal"].split(", ")))
    case.draft.hear(case.draft.fill(rng.choice(kind.asks[asked]), slots))
    if not tells:
        return case.deny(case.line("no"), "suspicious", hush=slots[asked], avoid=tuple(kind.clash))
    return case.tell(
        f"{rng.choice(case.lines['yes'])} {told(case.draft, kind, asked, slots)}",
        slots[asked],
        tuple(kind.clash),
    )


def lazy(lexicon: Lexicon, rng: random.Random) -> Example:
    """Work is asked for: the lazy refuse it."""
    case = Case(lexicon, rng, "lazy")
    idle = rng.random() < 0.5
    case.want(rng.choice(("clean", "carry", "repair", "dig")), ask=False)
    case.cast.become(rng.choice(case.lines["lazy" if idle else "keen"].split(", ")))
    case.draft.hear(request_line(case.draft, case.concept, case.target))
    return case.deny(case.line("no"), "neutral", "sad") if idle else case.grant()


ORDERED = ("access", "vessel", "watch", "force")
JUDGEMENTS: tuple[tuple[int, Callable[[Lexicon, random.Random], Example]], ...] = (
    (5, gate),
    (5, pay),
    (4, closed),
    (5, grudge),
    (2, bribe),
    (1, beg),
    (1, dare),
    (2, authority),
    (2, hours),
    (1, lazy),
    (2, banned),
    (2, secret),
)
