"""An example in the making: facts, memories, an event, offered actions, and the answer.

Knows how parts fit together, not what they mean. Invariant: ``build`` returns an example whose
answer is legal and accepted by its own expectation.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import Action, Decision, Event, Profile, Scene, Situation
from tools.distil.situations.cast import Cast
from tools.distil.situations.example import Example, Expect
from tools.distil.situations.invented import invent
from tools.distil.situations.lexicon import VERB, Arg, Concept, FactKind, held_names
from tools.distil.situations.text import capital, clumsy, definite, expand, tidy

__all__ = ["Draft", "Offer", "value_texts"]

MAX_WORDS = 20  # of speech; longer lines cost frames
WITH_ARTICLES = 0.15  # of the lists of actions say "the cellar" for "cellar"
ARTICLED = frozenset("spot gate machine sight thing goods lamp beast".split())
TALKING = ("talk", "speak", "reply", "respond", "converse", "chat", "say_something")  # not "say"
COINED = 0.05  # of the actions, until one has been named so
NUM_ACTIONS = (2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8)
DIGITS = {
    word: str(number)
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}


@dataclass(frozen=True, slots=True)
class Offer:
    """An action of the list, with the argument values the answer would take."""

    concept: str
    name: str
    args: Mapping[str, tuple[str, ...]]
    chosen: Mapping[str, str]

    def accepted(self) -> tuple[str, Mapping[str, str]]:
        """As an expectation accepts it: arguments with a choice must match."""
        return self.name, {a: v for a, v in self.chosen.items() if len(self.args[a]) > 1}


class Draft:
    """Collects one example."""

    def __init__(self, cast: Cast, category: str) -> None:
        self.cast = cast
        self.rng = cast.rng
        self.category = category
        self.facts: list[str] = []
        self.memory: list[str] = []
        self.event = Event("speech", cast.asker, "")
        self.offers: list[Offer] = []
        self._style = _name_style(cast.rng)
        self._has_coined = False
        is_training = cast.lexicon.split == "train"
        self._with_articles = is_training and cast.rng.random() < WITH_ARTICLES
        self._answer: tuple[Offer, str, str] | None = None
        self._expect = Expect(())
        self._with_goal = cast.rng.random() < 0.8
        self._with_traits = cast.rng.random() < 0.95
        self._with_scene = False
        self._shape = (lambda v: v.replace(" ", "_")) if cast.rng.random() < 0.03 else str

    def keep_all(self) -> None:
        """Goal, traits and scene must be in the prompt, for the answer depends on them."""
        self._with_goal = self._with_traits = self._with_scene = True

    def hear(self, text: str, *, polish: bool = True) -> None:
        """The character hears a line from the asker; ``polish`` varies how it is typed."""
        kind = "speech" if self.rng.random() < 0.94 else self.rng.choice(SPOKEN_KINDS)
        self.event = Event(kind, self.cast.asker, self._spoken(text) if polish else text)

    def happen(self, kind: str, source: str, text: str) -> None:
        """Something happens to the character."""
        self.event = Event(kind, source, text)

    def fill(self, template: str, slots: Mapping[str, str]) -> str:
        """A template filled with this draft's generator."""
        return expand(template, slots, self.rng)

    def add_fact(self, kind: FactKind) -> dict[str, str]:
        """Adds a new fact of a kind; returns its slots."""
        slots = {slot: self.cast.draw(source) for slot, source in kind.slots.items()}
        self.facts.append(self.fill(self.rng.choice(kind.facts), slots))
        return slots

    def pad_facts(self, total: int, avoid: Collection[str] = ()) -> None:
        """Adds facts of other kinds until there are ``total``."""
        kinds = [k for k in self.cast.lexicon.facts if k.name not in avoid]
        while len(self.facts) < total:
            kind = self.rng.choice(kinds)
            kinds.remove(kind)
            self.add_fact(kind)

    def offer(self, concept: str, target: Mapping[str, str] | None = None) -> Offer:
        """Adds a concept to the legal actions.

        Args:
            concept: A name of the lexicon.
            target: Values by domain that must be legal, and are chosen when this is the answer.
        """
        entry = self.cast.lexicon.concepts[concept]
        args, chosen = self._arguments(entry, target or {})
        taken = {offer.name for offer in self.offers}
        for _ in range(20):
            name = self._style(self._named(entry, next(iter(args), "")))
            if name not in taken:
                break
        offer = Offer(concept, name, args, chosen)
        self.offers.append(offer)
        return offer

    def offer_say(self) -> Offer:
        """Adds ``say`` (as most games call it)."""
        for offer in self.offers:
            if offer.concept == "say":
                return offer
        is_training = self.cast.lexicon.split == "train"
        names, usual = (TALKING, 0.85) if is_training else (("answer",), 0.94)
        name = "say" if self.rng.random() < usual else self.rng.choice(names)
        offer = Offer("say", name, {}, {})
        self.offers.append(offer)
        return offer

    def distract(self, avoid: Collection[str] = (), at_least: int = 1) -> None:
        """Adds actions nobody asked for, of similar flavour, never rivals of one offered."""
        concepts = self.cast.lexicon.concepts
        have = {offer.concept for offer in self.offers}
        barred = set(avoid) | have
        kinds = set()
        for name in have - {"say"}:
            barred |= concepts[name].rivals
            barred |= {other for other, c in concepts.items() if name in c.rivals}
            kinds.add(concepts[name].kind)
        room = max(self.rng.choice(NUM_ACTIONS) - len(self.offers), at_least)
        near = [n for n, c in concepts.items() if c.kind in kinds and n not in barred]
        free = [n for n in concepts if n not in barred and not n.startswith(VERB)]
        verbs = [n for n in concepts if n.startswith(VERB) and n not in barred]
        verbs = [n for n in verbs if concepts[n].rivals.isdisjoint(avoid)]
        for _ in range(room):
            roll = self.rng.random()
            source = near if near and roll < 0.3 else verbs if roll < 0.55 else free
            name = self.rng.choice(source)
            while name in {offer.concept for offer in self.offers}:
                name = self.rng.choice(free)
            self.offer(name)

    def answer(
        self,
        offer: Offer,
        emotion: str,
        say: str,
        *,
        also: Iterable[Offer] = (),
        say_any: Iterable[str] = (),
        say_none: Iterable[str] = (),
    ) -> None:
        """Sets the answer, and what else is right."""
        self._answer = (offer, emotion if emotion in EMOTIONS else "neutral", say)
        accepted = {o.name: o.accepted() for o in (offer, *also)}
        never = tuple(
            text for text in say_none if len(text) > 3 and text.lower() not in say.lower()
        )
        self._expect = Expect(tuple(accepted.values()), tuple(say_any), never)

    def speak(self, content: str, *, opener: float = 0.4, closer: float = 0.22) -> str:
        """``content`` in the character's voice: sometimes an opener, sometimes a closer."""
        rng, voice = self.rng, self.cast.voice
        content = content if content[-1] in ".!?" else f"{content}."
        best = tidy(content)
        if rng.random() < opener:
            best = self._within(self._after(rng.choice(voice.opener), best), best)
        if rng.random() < closer:
            best = self._within(f"{best} {rng.choice(voice.closer)}", best)
        return best

    def mood(self, *moods: str) -> str:
        """One of the moods, or now and then the voice's own."""
        if self.rng.random() < 0.25:
            return self.cast.voice.mood
        return self.rng.choice(moods or ("neutral",))

    def build(self) -> Example:
        """The finished example."""
        if self._answer is None:
            raise AssertionError("a draft needs an answer before it is built")
        offer, emotion, say = self._answer
        cast, rng = self.cast, self.rng
        rng.shuffle(self.facts)
        offers = list(self.offers)
        scene = (cast.place, cast.time, cast.nearby())
        rng.shuffle(offers)
        if rng.random() < 0.5:
            offers.sort(key=lambda o: o.concept != "say")
        bare_scene = rng.random() < 0.04  # some games tell little
        situation = Situation(
            npc=Profile(
                cast.name,
                cast.role,
                cast.traits if self._with_traits else (),
                cast.goal if self._with_goal else "",
                tuple(self.facts),
            ),
            scene=Scene() if bare_scene and not self._with_scene else Scene(*scene),
            event=self.event,
            actions=tuple(Action(o.name, o.args) for o in offers),
            memory=tuple(self.memory),
        )
        decision = Decision(offer.name, offer.chosen, emotion, say)
        return Example(situation, decision, self._expect, self.category)

    def _named(self, concept: Concept, first_arg: str) -> str:
        """A name of the concept, now and then with its first argument or an adverb attached.

        In training one action of some drafts has a name without meaning: what it is for must be
        made out from its values, and from what the others are for.
        """
        rng = self.rng
        is_training = self.cast.lexicon.split == "train"
        if is_training and concept.name != "refuse" and not self._has_coined:
            self._has_coined = rng.random() < COINED
            if self._has_coined:
                return invent(rng).lower()
        name = rng.choice(concept.names)
        roll = rng.random()
        if "_" in name or roll > 0.14:
            return name
        if roll < 0.1 and first_arg in ARG_NOUNS:
            longer = f"{name}_{first_arg}"
        else:
            longer = f"{rng.choice(NAME_PREFIXES)}_{name}" if roll < 0.04 else name
        return name if is_training and longer in held_names() else longer

    def _arguments(
        self, concept: Concept, target: Mapping[str, str]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        args: dict[str, tuple[str, ...]] = {}
        chosen: dict[str, str] = {}
        for arg in concept.args:
            if arg.optional and self.rng.random() < 0.5:
                continue
            name = self.rng.choice([n for n in arg.names if n not in args])
            values = self._values(arg, target)
            wanted = target.get("person" if arg.domain == "other" else arg.domain)
            wanted = self.cast.asker if arg.domain == "asker" else wanted
            with_article = self._with_articles and arg.domain in ARTICLED
            shape = definite if with_article else self._shape
            chosen[name] = shape(wanted if wanted in values else values[0])
            args[name] = tuple(shape(value) for value in values)
        return args, chosen

    def _values(self, arg: Arg, target: Mapping[str, str]) -> list[str]:
        cast, rng = self.cast, self.rng
        if arg.domain == "asker":
            people = [cast.asker]
            return people if rng.random() < 0.6 else _shuffled([*people, cast.others[0]], rng)
        if arg.domain in ("person", "other"):
            pool = list(cast.others) if arg.domain == "other" else [cast.asker, *cast.others]
            if arg.domain == "other" and rng.random() < 0.5:
                pool.append(cast.asker)
            wanted = target.get("person")
        else:
            pool = list(cast.pool(arg.domain))
            wanted = target.get(arg.domain)
        values = rng.sample(pool, k=min(len(pool), rng.choice((1, 2, 2, 3, 3, 4))))
        if wanted is not None and wanted not in values:
            values = values[1:] if len(values) > 2 else values
            values.append(wanted)
        return _shuffled(values, rng)

    def _spoken(self, text: str) -> str:
        rng = self.rng
        roll = rng.random()
        if roll < 0.12:
            text = self._after(rng.choice(LEADS), text)
        elif roll < 0.17:
            text = self._after(f"{self.cast.name},", text)
        elif roll < 0.22:
            text = f"{text} {rng.choice(TRAILS)}"
        elif roll < 0.34:
            slots = {kind: self.cast.draw(kind) for kind in ("town", "given", "spans", "topics")}
            around = self.fill(rng.choice(self.cast.lexicon.lines["context"]["ask"]), slots)
            text = f"{around} {text}" if rng.random() < 0.7 else f"{text} {around}"
        return clumsy(text, rng) if rng.random() < 0.1 else text

    def _after(self, opener: str, content: str) -> str:
        """Opener before content, which goes on in lower case after a comma or a colon."""
        if opener[-1] in ".!?":
            return f"{opener} {content}"
        return f"{opener} {self.cast.lexicon.lowered(content)}"

    def _within(self, longer: str, shorter: str) -> str:
        words = longer.lower().split()
        grams = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
        fits = len(words) <= MAX_WORDS and len(grams) == len(set(grams))
        return longer if fits else shorter


ARG_NOUNS = frozenset(
    "item object thing person target place destination location door gate machine device animal "
    "song tune dish meal food lamp skill document crop direction depth topic guest ware".split()
)
NAME_PREFIXES = ("do", "npc", "quick", "try", "act", "please", "auto", "gently", "ask")
SPOKEN_KINDS = ("whisper", "shout", "radio", "letter", "question", "order", "chat")
LEADS = (
    "Excuse me,", "Hello!", "Hey,", "Good day.", "Please,", "Say,", "Tell me,",
    "Sorry to bother you,", "Listen,", "Quick question:", "Friend,", "Hi there.", "Greetings.",
    "One thing:", "You there!", "I have been meaning to ask:", "Forgive me,", "Psst,",
    "By the way,", "Pardon me,",
)  # fmt: skip
TRAILS = (
    "I'm in a hurry.", "It's important.", "I'm new here.", "Thank you.", "I would be grateful.",
    "My friends sent me.", "Just wondering.", "It has been a long day.", "Be quick.",
    "You seem to know things.",
)  # fmt: skip


def value_texts(value: str) -> tuple[str, ...]:
    """Texts one of which shows that a value was said: its words, or its number in digits."""
    words = value.split()
    if words[0] in DIGITS:
        return (words[0], DIGITS[words[0]])
    for article in ("the ", "a ", "an "):
        value = value.removeprefix(article)
    return (value,)


def _shuffled(values: list[str], rng: random.Random) -> list[str]:
    rng.shuffle(values)
    return list(dict.fromkeys(values))


def _name_style(rng: random.Random) -> Callable[[str], str]:
    """How a game spells action names: snake_case mostly."""
    roll = rng.random()
    if roll < 0.76:
        return lambda name: name
    if roll < 0.86:
        return lambda name: name.replace("_", " ")
    if roll < 0.92:
        return lambda name: "".join(capital(w) if i else w for i, w in enumerate(name.split("_")))
    if roll < 0.96:
        return lambda name: name.replace("_", "-")
    return lambda name: capital(name).replace("_", " ")
