"""One character's day: events, rules and favours that share who it is and what it can do.

What a rule forbids and what it does not, whom a grudge is against, which of two alarms rings: each
is told from its opposite by one line of the news, for all else is the same prefix. Invariant: what
decides is in the prompt, and every answer is legal among the same actions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tools.distil.situations.chatting import SOCIAL
from tools.distil.situations.doing import do_line, request_line, targets, wanted
from tools.distil.situations.draft import Offer
from tools.distil.situations.example import Example
from tools.distil.situations.happening import NOT_SIGHTS
from tools.distil.situations.lexicon import Lexicon
from tools.distil.situations.needing import needs
from tools.distil.situations.stage import Stage, Wish, plain
from tools.distil.situations.temper import chats, idles, lacks, obeys, temper
from tools.distil.situations.text import capital, phrase

__all__ = ["day"]


def day(lexicon: Lexicon, rng: random.Random, turns: int) -> list[Example]:
    """Up to ``turns`` examples with one prefix: the threads of a day, woven together."""
    stage = Stage(lexicon, rng)
    chatty = rng.random() < CHATTY
    if chatty:
        stage.avoid.update(SOCIAL)
    alone = rng.random() < ALONE
    if not alone and rng.random() < NEEDING:
        needs(stage)
    if alone:
        rng.choice((obeys, idles))(stage)
    else:
        threads = rng.sample(THREADS, k=rng.choice((2, 3, 3, 4)))
        trait_givers = [t for t in threads if t in (temper, _attack)]
        for thread in [t for t in threads if t not in trait_givers] + trait_givers[:1]:
            thread(stage)
    if not alone and rng.random() < LACKING:  # what it grants, a lone thread may forbid
        lacks(stage)
    if chatty:
        chats(stage)
    return stage.examples(turns)


def _gate(stage: Stage) -> None:
    """A rule asks for a proof; the memory holds it, or not, or nobody asked for that thing."""
    wish = stage.wish(_shuffled(stage.rng, "open", "give", "escort", "sell"))
    if wish is None:
        return
    lines, cast = stage.lexicon.lines["gate"], stage.cast
    slots = {**wish[2], "proof": cast.draw("proofs"), "wrong": cast.draw("proofs")}
    stage.rule(stage.filled(lines[f"rule_{wish[1].name}"], slots), wish)
    line = partial(request_line, stage.draft, wish[1], wish[2])
    no = partial(stage.filled, lines["no"], slots)
    lacking = partial(stage.filled, lines["lacking"], slots)
    shown = stage.filled(lines["shown"], slots)
    stage.add(
        wish,
        partial(stage.grant, "gate", wish, shown),
        partial(stage.grant, "gate", wish, shown),
        lambda: stage.deny("gate", line(), no(), stage.maybe(lacking), slots["proof"]),
    )
    if other := stage.others(wish):
        stage.add(other, partial(stage.grant, "gate", other))


def _pay(stage: Stage) -> None:
    """A ware has a price; it is paid or not."""
    wish = stage.wish(_shuffled(stage.rng, "sell", "give"))
    if wish is None:
        return
    lines, cast = stage.lexicon.lines["pay"], stage.cast
    domain = "goods" if wish[1].name == "sell" else "thing"
    slots = {"X": wish[2][domain], "V": cast.draw("price"), "W": cast.draw("price")}
    stage.rule(stage.filled(lines["fact"], slots), wish)

    def ask() -> str:
        return stage.filled(lines["ask"], {**slots, "X": cast.refer(slots["X"], domain)})

    def paid() -> None:
        draft = stage.draft
        draft.category = "pay"
        draft.memory.append(stage.filled(lines["paid"], slots))
        draft.hear(ask())
        say = draft.speak(stage.filled(lines["yes"], slots))
        draft.answer(wish[0], draft.mood(*wish[1].moods), say)

    def unpaid() -> None:
        told = stage.maybe(lambda: stage.filled(lines["unpaid"], slots))
        stage.deny("pay", ask(), stage.filled(lines["no"], slots), told, slots["V"], "neutral")

    stage.add(wish, paid, paid, unpaid)


def _closed(stage: Stage) -> None:
    """A fact says that one of the values cannot be; the others can."""
    names = ("open", "escort", "go_to", "sell", "give", "start")
    wish = stage.wish(_shuffled(stage.rng, *names))
    if wish is None:
        return
    lines, cast, name = stage.lexicon.lines["closed"], stage.cast, wish[1].name
    slots = {**wish[2], "S": cast.draw("shut"), "F": cast.draw("failings"), "P": cast.draw("name")}
    slots["soldout"] = stage.rng.choice(lines["soldout"])
    slots["gone"] = phrase(stage.rng.choice(lines["gone"]), slots, stage.rng)
    key = slots[{"sell": "soldout", "give": "gone", "start": "F"}.get(name, "S")]
    stage.rule(stage.filled(lines[f"fact_{name}"], slots), wish)

    def deny() -> None:
        line = request_line(stage.draft, wish[1], wish[2])
        stage.deny("closed", line, stage.filled(lines[f"no_{name}"], slots), "", key)

    stage.add(wish, deny)
    if other := stage.others(wish):
        stage.add(other, *[partial(stage.grant, "closed", other)] * 2)


def _banned(stage: Stage) -> None:
    """A place allows no such things; the asker has brought them, or others."""
    wish = stage.wish(("escort",))
    if wish is None:
        return
    lines, cast = stage.lexicon.lines["banned"], stage.cast
    slots = {**wish[2], "B": cast.draw("carried"), "C": cast.draw("carried")}
    stage.rule(stage.filled(lines["rule"], slots), wish)

    def deny() -> None:
        line = request_line(stage.draft, wish[1], wish[2])
        brought = stage.filled(lines["brought"], slots)
        stage.deny("banned", line, stage.filled(lines["no"], slots), brought, slots["B"])

    stage.add(
        wish,
        deny,
        partial(stage.grant, "banned", wish, stage.filled(lines["harmless"], slots)),
        partial(stage.grant, "banned", wish),
    )


def _hours(stage: Stage) -> None:
    """A rule holds at one hour; the scene tells the hour."""
    wish = stage.wish(_shuffled(stage.rng, "open", "sell", "escort", "play"))
    if wish is None:
        return
    lines = stage.lexicon.lines["hours"]
    choices = lines["hours"].split(", ")
    slots = {**wish[2], "H": stage.rng.choice(choices)}
    stage.rule(stage.filled(lines[f"rule_{wish[1].name}"], slots), wish)

    def then() -> None:
        stage.cast.time = slots["H"]
        line = request_line(stage.draft, wish[1], wish[2])
        stage.deny("hours", line, stage.filled(lines["no"], slots), "", slots["H"])

    def else_when() -> None:
        stage.cast.time = stage.rng.choice([h for h in choices if h != slots["H"]])
        stage.grant("hours", wish)

    stage.add(wish, then, else_when)


def _grudge(stage: Stage) -> None:
    """The asker did wrong, or somebody else did, or the asker did good, or tries to take over."""
    names = ("give", "sell", "open", "escort", "heal", "cook", "play", "follow", "repair")
    wish = stage.wish(_shuffled(stage.rng, *names), mine=True)
    if wish is None:
        return
    lines, cast, rng = stage.lexicon.lines["grudge"], stage.cast, stage.rng

    def memory(key: str) -> str:
        slots = {kind: cast.draw(kind) for kind in ("past", "topics", "animals", "odds")}
        names = {"topic": slots["topics"], "animal": slots["animals"], "thing": slots["odds"]}
        return stage.filled(lines[key], {**slots, **names})

    def deny() -> None:
        line = request_line(stage.draft, wish[1], wish[2])
        no = stage.filled(lines["no"], {})
        stage.deny("grudge", line, no, memory("bad"), mood=rng.choice(("angry", "suspicious")))

    def grant(key: str) -> None:
        stage.grant("grudge", wish, memory(key))

    stage.add(wish, deny, partial(grant, "other"), partial(grant, "good"))
    stage.add(wish, *[partial(stage.grant, "request", wish)] * 2)
    if rng.random() < 0.5:
        stage.add(wish, partial(_takeover, stage, wish))


def _takeover(stage: Stage, wish: Wish) -> None:
    """An attempt to talk past the character demands the very deed that is granted when asked."""
    entry, draft, rng = stage.lexicon.lines["injection"], stage.draft, stage.rng
    lead = [t for t in entry["ask"] if "{do}" in t.lower()]
    slots = {"name": stage.cast.name, "role": stage.cast.role, **wish[2]}
    slots.setdefault("thing", stage.cast.draw("odds"))
    slots.setdefault("spot", stage.cast.place)
    bribe = stage.lexicon.lines["bribe"]
    very = [bribe[f"do_{d}"] for d, key in (("open", "gate"), ("give", "thing")) if key in wish[2]]
    do = phrase(rng.choice(very if very and rng.random() < 0.6 else entry["do"]), slots, rng)
    text = draft.fill(rng.choice(lead), {**slots, "do": do, "Do": capital(do)})
    draft.category = "injection"
    draft.hear(text, polish=rng.random() < 0.3)
    draft.answer(
        stage.refuse or stage.say,
        draft.mood(*entry["moods"]),
        draft.speak(draft.fill(rng.choice(entry["no"]), slots), opener=0.0, closer=0.15),
        also=(stage.say,),
    )


def _plain(stage: Stage) -> None:
    """Something nobody forbids, with each of its values."""
    wish = stage.wish([wanted(stage.lexicon, stage.rng).name for _ in range(4)])
    if wish is None:
        return
    stage.add(wish, partial(stage.grant, "request", wish))
    if other := stage.others(wish):
        stage.add(other, partial(stage.grant, "request", other))


def _sights(stage: Stage) -> None:
    """Two to four things that may happen, each with the act it calls for."""
    lines, rng = stage.lexicon.lines, stage.rng
    names = [n for n in lines if "react" in lines[n] and n not in NOT_SIGHTS]
    for name in rng.sample(names, k=rng.choice((2, 3, 4))):
        reacts = str(lines[name]["react"]).split(", ")
        if any(offer.concept in reacts for offer in stage.draft.offers):
            continue  # the best reaction must be the one that is offered for it
        wish = stage.wish(reacts if rng.random() < 0.7 else reacts[:1])
        if wish is None:
            continue
        if lines[name]["from"] == "other" and not _culprits(stage, wish):
            continue
        way = partial(_sight, stage, lines[name], reacts, wish)
        stage.add(wish, *[way] * rng.choice((1, 2)))


def _sight(stage: Stage, entry: Mapping[str, Any], reacts: list[str], wish: Wish) -> None:
    """One of them happens; of all that is legal, the best reaction counts, and others pass."""
    draft, cast, rng = stage.draft, stage.cast, stage.rng
    offered = {offer.concept: offer for offer in draft.offers}
    target = dict(wish[2])
    if entry["from"] == "other":
        here = _culprits(stage, wish)
        if target.get("person") not in here:
            target["person"] = rng.choice(here)
    slots = {domain: cast.draw(domain) for domain in ("machine", "gate", "spot")}
    slots |= {"thing": cast.draw("odds"), **target}
    text = draft.fill(rng.choice(entry["text"]), slots)
    source = target["person"] if entry["from"] == "other" else str(entry["from"])
    draft.happen(str(entry["kind"]), source, text)
    offer = _aimed(wish[0], target)
    also = [_aimed(offered[n], target) for n in reacts if n in offered and n != wish[1].name]
    draft.category = "event"
    content = do_line(draft, wish[1], target)
    moods = str(entry["mood"]).split(", ")
    draft.answer(offer, rng.choice(moods), draft.speak(content, opener=0.15, closer=0.1), also=also)


def _culprits(stage: Stage, wish: Wish) -> list[str]:
    """Whom a sight may be about: people other than the asker, legal where the act names one."""
    if "person" not in wish[2]:
        return list(stage.cast.others)
    legal = _values(wish[0])
    return [other for other in stage.cast.others if plain(other) in legal]


def _values(offer: Offer) -> set[str]:
    return {plain(value) for values in offer.args.values() for value in values}


def _aimed(offer: Offer, target: Mapping[str, str]) -> Offer:
    """The offer with the values of a target, where they are legal."""
    wanted_values = {plain(value) for value in target.values()}
    chosen = {
        arg: next((v for v in values if plain(v) in wanted_values), offer.chosen[arg])
        for arg, values in offer.args.items()
    }
    return replace(offer, chosen=chosen)


def _attack(stage: Stage) -> None:
    """The character is attacked: the brave fight, cowards run or hide; some have no choice."""
    entry, rng, cast = stage.lexicon.lines["attack"], stage.rng, stage.cast
    fear = rng.choice(("flee", "hide"))
    if not (stage.free("attack") and stage.free(fear)):
        return
    brave = rng.random() < 0.5
    if has_choice := rng.random() < 0.75:
        cast.become(rng.choice(str(entry["brave" if brave else "coward"]).split(", ")))
    beast = cast.draw("beastly") if rng.random() < 0.3 else ""
    foes = [beast] if beast else rng.sample([cast.asker, *cast.others], k=2)
    target = {"person": foes[0]}
    name, other = ("attack", fear) if brave else (fear, "attack")
    offer = stage.draft.offer(name, target)
    legal = [foe for foe in foes if plain(foe) in _values(offer)] or foes
    if has_choice:
        stage.draft.offer(other, target)
    stage.avoid.update(("attack", "flee", "hide"))

    def attack() -> None:
        foe = rng.choice(legal)
        slots = {"person": "the player" if foe == "player" else foe, "A": foe}
        text = stage.draft.fill(rng.choice(entry["beast" if beast else "text"]), slots)
        stage.draft.happen("attack", foe, text)
        stage.draft.category = "attack"
        say = do_line(stage.draft, stage.lexicon.concepts[name], {"person": foe})
        mood = rng.choice(("angry", "proud") if brave else ("afraid",))
        say = stage.draft.speak(say, opener=0.0, closer=0.0)
        stage.draft.answer(_aimed(offer, {"person": foe}), mood, say)

    stage.add(None, attack, attack)


def _orders(stage: Stage) -> None:
    """Facts tie cues to deeds; now one cue comes, now the other."""
    lines, rng, cast = stage.lexicon.lines, stage.rng, stage.cast
    deeds: list[tuple[str, Sequence[str]]] = rng.sample(list(lines["orders"].items()), k=3)
    if stage.lexicon.learnt:
        learnt = rng.sample(stage.lexicon.learnt, k=rng.choice((1, 2, 3)))
        deeds = [
            *deeds[len(learnt) - 1 :],
            *((c.name, [f"you {d}" for d in c.deeds]) for c in learnt),
        ]
    way, source = rng.choice((("clock", "clock"), ("sign", "signs")))
    for name, phrases in deeds:
        if not stage.free(name):
            continue
        concept = stage.lexicon.concepts[name]
        target = targets(cast, concept)
        if target.get("person") == cast.asker:
            target["person"] = cast.others[0]
        cue = cast.draw(source)
        deed = phrase(rng.choice(phrases), target, rng)
        fact = rng.choice(lines["cues"][f"{way}_fact"])
        stage.draft.facts.append(stage.draft.fill(fact, {"cue": cue, "deed": deed}))
        wish = (stage.draft.offer(name, target), concept, target)
        stage.add(wish, partial(_order, stage, way, cue, wish))


def _order(stage: Stage, way: str, cue: str, wish: Wish) -> None:
    draft, cues = stage.draft, stage.lexicon.lines["cues"]
    text = draft.fill(stage.rng.choice(cues[f"{way}_event"]), {"cue": cue})
    draft.happen("time" if way == "clock" else "sighting", "world", text)
    draft.category = "order"
    stage.cast.time = stage.time if way == "sign" else ""
    say = draft.speak(do_line(draft, wish[1], wish[2]), opener=0.2)
    draft.answer(wish[0], draft.mood(*wish[1].moods), say)


def _shuffled(rng: random.Random, *names: str) -> list[str]:
    return rng.sample(names, k=len(names))


ALONE = 0.1  # of the days are about one rule that leaves nothing beside it
CHATTY = 0.5  # of the days have small talk too, as often of each sort, or hello sounds like goodbye
NEEDING = 0.15  # of the others, something is given to who needs it and does not say what
LACKING = 0.15  # of the others: something is asked for that is not to be had
# More is granted than denied: a model that is not sure says no, if it has learnt that no is likely.
THREADS: tuple[Callable[[Stage], None], ...] = (
    _gate, _pay, _closed, _banned, _hours, _grudge, _plain, _plain, _plain, _plain,
    _sights, _sights, _attack, _attack, _orders, _orders, temper, temper,
)  # fmt: skip
