"""Events that call for an act: sights, noises, gifts, attacks, hours and signs.

Invariant: of all legal actions only those the event's line in ``data/lines_event.toml`` names fit.
"""

from __future__ import annotations

import random

from tools.distil.situations.asking import remember_something
from tools.distil.situations.cast import Cast
from tools.distil.situations.doing import RULED, do_line, targets
from tools.distil.situations.draft import Draft, Offer
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import Lexicon
from tools.distil.situations.text import capital, phrase

__all__ = ["attack", "gift", "order", "sight"]

NOT_SIGHTS = ("gift", "attack", "orders", "cues")
# Actions that a good judge might also choose in an emergency; never offered beside one.
URGENT = (
    "raise_alarm", "flee", "hide", "extinguish", "close", "attack", "arrest", "throw_out",
    "search", "guard_place", "call_person", "tell_person", "watch", "scan", "calm", "heal",
    "stop", "scold", "go_to", "refuse", "greet", "escort", "carry", "work", "push", "tie",
    "start", "repair", "follow", "wake", "clean", "rest", "cook", "play", "point",
)  # fmt: skip


def sight(lexicon: Lexicon, rng: random.Random) -> Example:
    """Something happens, and one or more actions fit."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "event")
    entries = [n for n in lexicon.lines if "react" in lexicon.lines[n] and n not in NOT_SIGHTS]
    entry = lexicon.lines[rng.choice(entries)]
    reacts = str(entry["react"]).split(", ")
    target: dict[str, str] = {}
    for name in reacts:
        for domain, value in targets(cast, lexicon.concepts[name]).items():
            target.setdefault(domain, value)
    if entry["from"] == "other":
        target["person"] = rng.choice(cast.others)
    slots = {domain: cast.target(domain) for domain in ("machine", "gate", "spot")}
    slots |= {"thing": cast.draw("odds"), **target}
    text = draft.fill(rng.choice(entry["text"]), slots)
    source = target["person"] if entry["from"] == "other" else str(entry["from"])
    draft.happen(str(entry["kind"]), source, text)
    first = rng.choices(range(len(reacts)), weights=[4, 2, 1, 1, 1][: len(reacts)])[0]
    chosen = [draft.offer(reacts[first], target)]
    chosen += [draft.offer(n, target) for n in reacts[first + 1 :] if rng.random() < 0.25]
    if rng.random() < 0.85:
        draft.offer_say()
    draft.distract(avoid={*URGENT, *reacts})
    draft.pad_facts(rng.choice((0, 1, 2, 3, 4)), avoid=RULED)
    remember_something(draft, 0.25)
    concept = lexicon.concepts[reacts[first]]
    content = do_line(draft, concept, target)
    moods = str(entry["mood"]).split(", ")
    draft.answer(
        chosen[0],
        draft.rng.choice(moods),
        draft.speak(content, opener=0.15, closer=0.1),
        also=chosen[1:],
    )
    return draft.build()


def gift(lexicon: Lexicon, rng: random.Random) -> Example:
    """Somebody gives the character something: it is taken, or thanks are said."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "gift")
    entry = lexicon.lines["gift"]
    thing = cast.target("thing")
    who = "the player" if cast.asker == "player" else cast.asker
    draft.happen(
        "gift",
        cast.asker,
        draft.fill(rng.choice(entry["text"]), {"Who": capital(who), "thing": thing}),
    )
    say = draft.offer_say()
    take = [draft.offer("take", {"thing": thing})] if rng.random() < 0.6 else []
    draft.distract(avoid=("take", "drop_off", "eat", "show"))
    draft.pad_facts(rng.choice((0, 1, 2, 3)))
    remember_something(draft, 0.25)
    content = do_line(draft, lexicon.concepts["take"], {"thing": thing})
    draft.answer(
        (take or [say])[0], draft.mood("grateful", "happy"), draft.speak(content), also=[say, *take]
    )
    return draft.build()


def attack(lexicon: Lexicon, rng: random.Random) -> Example:
    """The character is attacked: the brave fight, cowards run or hide."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "attack")
    draft.keep_all()
    entry = lexicon.lines["attack"]
    brave = rng.random() < 0.5
    plain = rng.random() < 0.3  # no telling trait: only one way out is offered
    if not plain:
        cast.become(rng.choice(str(entry["brave" if brave else "coward"]).split(", ")))
    if rng.random() < 0.3:
        foe = cast.draw("beastly")
        text = draft.fill(rng.choice(entry["beast"]), {"A": foe})
        cast.others[0] = foe
    else:
        foe = rng.choice([cast.asker, *cast.others])
        name = "the player" if foe == "player" else foe
        text = draft.fill(rng.choice(entry["text"]), {"person": name})
    draft.happen("attack", foe, text)
    target = {"person": foe}
    fight, fear = ["attack"], [rng.choice(("flee", "hide"))]
    wanted, opposite = (fight, fear) if brave else (fear, fight)
    chosen = draft.offer(wanted[0], target)
    if not plain:
        draft.offer(opposite[0], target)
    also = [draft.offer("raise_alarm")] if not brave and rng.random() < 0.2 else []
    if rng.random() < 0.85:
        draft.offer_say()
    draft.distract(avoid=(*URGENT, "forgive", "dance", "feed", "ride"))
    draft.pad_facts(rng.choice((0, 1, 2, 3)), avoid=RULED)
    remember_something(draft, 0.2)
    concept = lexicon.concepts[wanted[0]]
    draft.answer(
        chosen,
        rng.choice(("angry", "proud") if brave else ("afraid",)),
        draft.speak(do_line(draft, concept, target), opener=0.0, closer=0.0),
        also=also,
    )
    return draft.build()


def order(lexicon: Lexicon, rng: random.Random) -> Example:
    """Facts tie two cues to two deeds; one cue comes."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "order")
    cues, deeds = lexicon.lines["cues"], lexicon.lines["orders"]
    way, source = rng.choice((("clock", "clock"), ("sign", "signs")))
    names = rng.sample(list(deeds), k=rng.choice((1, 2, 2, 3)))
    offers: list[Offer] = []
    spoken: list[str] = []
    first_cue = ""
    for name in names:
        concept = lexicon.concepts[name]
        if any(
            name in lexicon.concepts[n].rivals or n in concept.rivals for n in names[: len(offers)]
        ):
            continue
        target = targets(cast, concept)
        if target.get("person") == cast.asker:
            target["person"] = cast.others[0]
        cue = cast.draw(source)
        first_cue = first_cue or cue
        deed = phrase(rng.choice(deeds[name]), target, rng)
        draft.facts.append(draft.fill(rng.choice(cues[f"{way}_fact"]), {"cue": cue, "deed": deed}))
        offers.append(draft.offer(name, target))
        spoken.append(do_line(draft, concept, target))
    text = draft.fill(rng.choice(cues[f"{way}_event"]), {"cue": first_cue})
    draft.happen("time" if way == "clock" else "sighting", "world", text)
    cast.time = cast.time if way == "sign" else ""
    if rng.random() < 0.85:
        draft.offer_say()
    draft.distract(avoid=set(deeds))
    draft.pad_facts(rng.choice((1, 2, 3, 4)), avoid=(*RULED, "signal", "schedule"))
    concept = lexicon.concepts[names[0]]
    draft.answer(offers[0], draft.mood(*concept.moods), draft.speak(spoken[0], opener=0.2))
    return draft.build()
