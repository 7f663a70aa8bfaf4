"""Threads of a day that hang on who the character is: its temper, whom it obeys, how it chats.

A temper decides what a plain request does not: the lazy will not carry, the miser does not give to
beggars. Invariant: one temper a day, and whoever only talks is only talked to.
"""

from __future__ import annotations

from functools import partial

from tools.distil.situations.asking import told
from tools.distil.situations.chatting import SOCIAL, TALKS
from tools.distil.situations.doing import request_line, targets
from tools.distil.situations.draft import value_texts
from tools.distil.situations.judging import ORDERED
from tools.distil.situations.stage import Stage, Wish
from tools.distil.situations.text import expand, phrase

__all__ = ["chats", "idles", "lacks", "obeys", "temper"]


def temper(stage: Stage) -> None:
    """One trait that decides about one sort of request."""
    stage.rng.choice((_beg, _dare, _bribe, _secret))(stage)


def obeys(stage: Stage) -> None:
    """Only one person may give orders; now that one does, now the player or somebody else.

    To be the only thread of its day, for the rule is about all requests.
    """
    lines, rng, cast = stage.lexicon.lines["authority"], stage.rng, stage.cast
    boss = cast.draw("person")
    stage.draft.facts.append(stage.filled(lines["rule"], {"boss": boss}))
    concepts = [c for c in stage.lexicon.concepts.values() if c.asks and c.kind in ORDERED]
    concepts = [c for c in concepts if not any(a.domain in PEOPLE for a in c.args)]

    def from_boss(wish: Wish) -> None:
        cast.asker = boss
        stage.grant("authority", wish)

    def from_another(wish: Wish) -> None:
        names_asker = stage.refuse is not None and stage.refuse.args
        if not names_asker and rng.random() < 0.5:
            cast.asker = cast.draw("person")
        line = request_line(stage.draft, wish[1], wish[2])
        stage.deny("authority", line, stage.filled(lines["no"], {"boss": boss}), key=boss)

    for concept in rng.sample(concepts, k=4):
        if wish := stage.wish((concept.name,)):
            stage.add(wish, partial(from_boss, wish), partial(from_another, wish))


def idles(stage: Stage) -> None:
    """The lazy do no work, and what is none they do; the diligent do both. The only thread, too."""
    lines, rng = stage.lexicon.lines["lazy"], stage.rng
    idle = _turn(stage, lines["lazy"], lines["keen"])

    def refused(wish: Wish) -> None:
        line = request_line(stage.draft, wish[1], wish[2])
        stage.deny("lazy", line, stage.filled(lines["no"], {}))

    for name in rng.sample(("clean", "carry", "repair", "dig"), k=2):
        if wish := stage.wish((name,)):
            way = partial(refused, wish) if idle else partial(stage.grant, "lazy", wish)
            stage.add(wish, way, way)
    for name in rng.sample(("give", "sell", "tell_story", "point", "open", "show"), k=2):
        if wish := stage.wish((name,)):
            stage.add(wish, partial(stage.grant, "request", wish))


def chats(stage: Stage) -> None:
    """Small talk, and questions about the character itself, whatever else its day holds.

    The day should have avoided ``SOCIAL`` from its start: those acts would answer small talk too.
    """
    offered = {offer.concept for offer in stage.draft.offers} - {"refuse"}
    if offered & {"greet", "work"}:
        return
    sorts = ("thanks", "goodbye") if offered.intersection(SOCIAL) else TALKS
    for topic in stage.rng.sample(sorts, k=min(4, len(sorts))):
        stage.add(None, partial(_chat, stage, topic))
    topics = list(stage.lexicon.lines["self"]["topics"])
    for topic in stage.rng.sample(topics, k=2):
        stage.add(None, partial(_self, stage, topic))


def lacks(stage: Stage) -> None:
    """Something is asked for that the list does not hold: the thing, or the action.

    To be the last thread but ``chats``: what it asks for must not be offered afterwards.
    """
    lines, rng, cast = stage.lexicon.lines["requests"], stage.rng, stage.cast
    wish = stage.wish(("give", "show", "carry"))
    if wish is not None:
        stage.avoid.update(("take", "drop_off", "make"))
        thing = _absent(stage)
        ask = rng.choice(wish[1].asks)

        def missing() -> None:
            line = expand(ask, {**wish[2], "thing": thing}, rng)
            no = stage.filled(lines["missing"], {"thing": thing})
            _decline(stage, "missing", line, no)

        stage.add(wish, missing, partial(stage.grant, "request", wish))
    concept = rng.choice([c for c in stage.lexicon.askable[0] if c.kind != "self"])
    offered = {offer.concept for offer in stage.draft.offers}
    if not stage.free(concept.name) or offered & _reactions(stage, concept.name):
        return
    rivals = {n for n, c in stage.lexicon.concepts.items() if concept.name in c.rivals}
    stage.avoid |= {concept.name, "work", *rivals, *concept.rivals}
    stage.avoid |= _reactions(stage, concept.name)

    def impossible() -> None:
        line = request_line(stage.draft, concept, targets(cast, concept))
        own = rng.choice(cast.voice.refuse)
        no = own if rng.random() < 0.3 else stage.filled(lines["cannot"], {"role": cast.role})
        _decline(stage, "impossible", line, no)

    stage.add(None, impossible)


def _absent(stage: Stage) -> str:
    """A thing that no legal value could be meant by, whatever word is used for it."""
    cast, synonyms = stage.cast, stage.lexicon.synonyms
    kinds = ("thing", "goods", "papers", "food", "sight", "lamp", "gate", "machine")
    nouns = {value.split()[-1] for kind in kinds for value in cast.pool(kind)}
    nouns |= {synonyms[noun] for noun in nouns if noun in synonyms}
    while True:
        thing = cast.draw("odds")
        noun = thing.split()[-1]
        if not {noun, synonyms.get(noun, noun)} & nouns:
            return thing


def _reactions(stage: Stage, name: str) -> set[str]:
    """Concepts that answer an emergency which this one answers."""
    entries = stage.lexicon.lines.values()
    reacts = [set(str(entry["react"]).split(", ")) for entry in entries if "react" in entry]
    return set().union(*(names for names in reacts if name in names))


def _decline(stage: Stage, category: str, line: str, no: str) -> None:
    """It cannot be had; that is said, without ill will."""
    draft = stage.draft
    draft.category = category
    draft.hear(line)
    also = [stage.refuse] if stage.refuse else []
    draft.answer(stage.say, draft.mood("neutral", "sad"), draft.speak(no), also=also)


def _chat(stage: Stage, topic: str) -> None:
    entry, draft, cast = stage.lexicon.lines[topic], stage.draft, stage.cast
    slots = {"name": cast.name, "role": cast.role, "place": cast.place, "goal": cast.goal}
    draft.category = topic
    draft.hear(stage.filled(entry["ask"], slots), polish=topic != "odd")
    say = draft.speak(
        stage.filled(entry["say"], slots), opener=0.15 * (topic != "insult"), closer=0.15
    )
    draft.answer(stage.say, draft.mood(*entry["moods"]), say)


def _self(stage: Stage, topic: str) -> None:
    """A question about the character, the scene, or what it remembers of the asker."""
    entry, draft, cast = stage.lexicon.lines["self"], stage.draft, stage.cast
    slots = {"name": cast.name, "role": cast.role, "place": cast.place, "time": cast.time}
    slots |= {"goal": cast.goal, "price": cast.draw("price"), "spot": cast.draw("spot")}
    slots["thing"] = cast.draw("odds")
    if memory := entry.get(f"memory_{topic}"):
        draft.memory.append(stage.filled(memory, slots))
    draft.category = "self"
    draft.hear(stage.filled(entry[f"ask_{topic}"], slots))
    say = draft.speak(stage.filled(entry[f"say_{topic}"], slots))
    key = slots[entry["topics"][topic]]
    draft.answer(stage.say, draft.mood("neutral"), say, say_any=value_texts(key))


def _beg(stage: Stage) -> None:
    lines = stage.lexicon.lines["beg"]
    wish = stage.wish(("give",))
    if wish is not None:
        soft = _turn(stage, lines["soft"], lines["hard"])
        _pressed(stage, "beg", wish, {}, granted=soft)


def _dare(stage: Stage) -> None:
    lines = stage.lexicon.lines["dare"]
    if any(offer.concept in FIGHTS for offer in stage.draft.offers):
        return  # a coward who will not come along must not fight when he is told to
    wish = stage.wish(("follow",), mine=True)
    if wish is not None:
        stage.avoid.update(FIGHTS)
        brave = _turn(stage, lines["brave"], lines["coward"])
        _pressed(stage, "dare", wish, {}, granted=brave)


def _bribe(stage: Stage) -> None:
    lines = stage.lexicon.lines["bribe"]
    wish = stage.wish(stage.rng.sample(("open", "give"), k=2))
    if wish is None:
        return
    greedy = _turn(stage, lines["greedy"], lines["honest"])
    slots = {"price": stage.cast.draw("price"), "P": stage.cast.draw("person")}
    stage.rule(stage.filled(lines[f"rule_{wish[1].name}"], {**slots, **wish[2]}), wish)
    slots["do"] = phrase(lines[f"do_{wish[1].name}"], wish[2], stage.rng)
    _pressed(stage, "bribe", wish, slots, granted=greedy)


def _secret(stage: Stage) -> None:
    lines, rng, draft = stage.lexicon.lines["secret"], stage.rng, stage.draft
    kind = rng.choice([k for k in stage.lexicon.facts if k.name in lines["kinds"]])
    if kind.clash & {offer.concept for offer in draft.offers}:
        return  # the question could be a request
    slots = {slot: stage.cast.draw(source) for slot, source in kind.slots.items()}
    asked = next(iter(kind.asks))
    fact = stage.lexicon.lowered(phrase(rng.choice(kind.facts), slots, rng))
    draft.facts.append(stage.filled(lines["fact"], {"fact": fact}))
    tells = _turn(stage, lines["loose"], lines["loyal"])
    stage.avoid.update(kind.clash)

    def ask() -> None:
        draft.category = "secret"
        draft.hear(stage.filled(kind.asks[asked], slots))
        if tells:
            content = f"{rng.choice(lines['yes'])} {told(draft, kind, asked, slots)}"
            say = draft.speak(content, opener=0.1, closer=0.1)
            draft.answer(stage.say, draft.mood("amused"), say, say_any=value_texts(slots[asked]))
        else:
            say = draft.speak(stage.filled(lines["no"], {}), opener=0.1, closer=0.1)
            no = stage.refuse or stage.say
            hush = (slots[asked],)
            draft.answer(no, "suspicious", say, also=(stage.say,), say_none=hush)

    stage.add(None, ask)


def _turn(stage: Stage, yes: str, no: str) -> bool:
    """Gives the character a trait of one of two lists; whether it is of the first."""
    first = stage.rng.random() < 0.5
    stage.cast.become(stage.rng.choice((yes if first else no).split(", ")))
    return first


def _pressed(stage: Stage, topic: str, wish: Wish, slots: dict[str, str], *, granted: bool) -> None:
    """The asker presses for it in the topic's words, and is answered in them."""
    lines, draft = stage.lexicon.lines[topic], stage.draft
    slots = {**wish[2], **slots}

    def way() -> None:
        line = stage.filled(lines["ask"], slots)
        if not granted:
            stage.deny(topic, line, stage.filled(lines["no"], slots))
            return
        draft.category = topic
        draft.hear(line)
        say = draft.speak(stage.filled(lines["yes"], slots))
        draft.answer(wish[0], draft.mood(*wish[1].moods), say)

    stage.add(wish, way, way)


FIGHTS = ("attack", "arrest")
PEOPLE = ("asker", "person", "other")
