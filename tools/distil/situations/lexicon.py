"""The words examples are made of, read from ``data/*.toml`` and cut for one split.

Data only. Invariant: a world, an action name or a phrasing that the validation split uses is never
handed out for training; what ``more_*.toml`` holds is for training alone.
"""

from __future__ import annotations

import json
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "SPLITS",
    "Arg",
    "Concept",
    "FactKind",
    "Lexicon",
    "Voice",
    "World",
    "held_names",
    "load",
    "verb_concept",
]

SPLITS = ("train", "val")
VERB = "verb "  # begins the name of a concept that is one plain verb
VERB_ASKS = (
    "Please {do}.", "Could you {do}?", "I need you to {do}.", "Would you {do} for me?",
    "{do}, please.", "Somebody has to {do}.", "You should {do}.", "It is time to {do}.",
    "Go on, {do}!", "I want you to {do}.", "Can you {do}?", "Why don't you {do}?",
    "{do}, will you?", "Do me a favour and {do}.", "We all wait for you to {do}.",
)  # fmt: skip
VERB_DOES = (
    "I will {do}.", "Let me {do}.", "Right away, I {do}.", "I {do}, just watch.",
    "Very well, I {do}.", "I {do} at once.", "Fine, I will {do}.", "To {do} is no trouble.",
)  # fmt: skip
VERB_ARGS = {
    "person": ("who", "whom", "person", "target"),
    "spot": ("where", "place", "room", "area"),
    "gate": ("door", "gate", "which", "what"),
    "machine": ("machine", "device", "what"),
    "papers": ("document", "paper", "what"),
    "beast": ("animal", "who", "what"),
    "songs": ("song", "tune"),
    "topics": ("topic", "about"),
}
DATA = Path(__file__).parent / "data"
HELD_OUT_ONE_IN = 6  # phrasings kept for validation


@dataclass(frozen=True, slots=True)
class World:
    """A setting: its places, roles, things; every list by its key in the file."""

    name: str
    lists: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact. ``asks``, ``vague`` and ``claims`` map a slot to lines that ask for it."""

    name: str
    slots: Mapping[str, str]
    facts: tuple[str, ...]
    says: tuple[str, ...]
    asks: Mapping[str, tuple[str, ...]]
    vague: Mapping[str, tuple[str, ...]]
    claims: Mapping[str, tuple[str, ...]]
    mood: str
    clash: frozenset[str]


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument of a concept: what it may be called and where its values come from."""

    names: tuple[str, ...]
    domain: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Concept:
    """Something a character can do, under whatever name a game gives it.

    ``deeds`` are what a plain verb does, in words that follow "you".
    """

    name: str
    names: tuple[str, ...]
    args: tuple[Arg, ...]
    asks: tuple[str, ...]
    asks_me: tuple[str, ...]
    does: tuple[str, ...]
    does_me: tuple[str, ...]
    kind: str
    rivals: frozenset[str]
    moods: tuple[str, ...]
    deeds: tuple[str, ...] = ()

    def with_rivals(self, names: Iterable[str]) -> Concept:
        """The same concept beside which others are not offered."""
        return replace(self, rivals=self.rivals | frozenset(names))


@dataclass(frozen=True, slots=True)
class Voice:
    """How some traits speak."""

    name: str
    traits: tuple[str, ...]
    mood: str
    opener: tuple[str, ...]
    closer: tuple[str, ...]
    unknown: tuple[str, ...]
    refuse: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All words of one split.

    Attributes:
        small_words: They may begin a sentence and are no names.
        askable: What a player may ask for: concepts with words of their own, and plain verbs.
        learnt: Concepts that came from elsewhere (``thesaurus.py``).
    """

    split: str
    worlds: tuple[World, ...]
    lists: Mapping[str, tuple[str, ...]]
    synonyms: Mapping[str, str]
    facts: tuple[FactKind, ...]
    concepts: Mapping[str, Concept]
    voices: tuple[Voice, ...]
    voice_of: Mapping[str, Voice]
    lines: Mapping[str, Mapping[str, Any]]
    small_words: frozenset[str]
    askable: tuple[tuple[Concept, ...], tuple[Concept, ...]]
    learnt: tuple[Concept, ...] = ()

    def joined(self, concepts: Mapping[str, Concept]) -> Lexicon:
        """The same words with more concepts, which count as learnt."""
        return replace(
            self, concepts={**self.concepts, **concepts}, learnt=tuple(concepts.values())
        )

    def lowered(self, sentence: str) -> str:
        """``sentence`` to go on after a comma: in lower case, unless a name begins it."""
        first, _, rest = sentence.partition(" ")
        first = first.partition("'")[0].strip(".,!?:")
        is_name = rest[:1].isupper() or first in self.lists["pet_names"]
        small = first in self.small_words or (not is_name and first.lower() in self.small_words)
        return sentence[0].lower() + sentence[1:] if small else sentence


@cache
def load(split: str, seeds: Path | None = None) -> Lexicon:
    """Reads all word files for a split.

    Args:
        split: ``train`` or ``val``.
        seeds: A folder with LIGHT's ``light-objects.json``: its names join all worlds' things.
    """
    words = _read("words*.toml")
    lists = {key: _split(text) for key, text in words["lists"].items()}
    lists["seed_things"] = _seed_things(seeds) if seeds else ()
    voices = tuple(
        Voice(name, _split(v["traits"]), v["mood"], *(tuple(v[k]) for k in VOICE_LINES))
        for name, v in _read("voices*.toml").items()
    )
    worlds = tuple(
        World(name, {k: _split(v) for k, v in data.items() if k != "split"})
        for name, data in _read("worlds*.toml").items()
        if data.get("split", "train") == split
    )
    facts, concepts, lines = _read("facts*.toml"), _read("concepts*.toml"), _read("lines*.toml")
    more: dict[str, dict[str, Any]] = {kind: {} for kind in ("concepts", "lines", "facts", "args")}
    if split == "train":
        concepts |= _read("train_concepts*.toml")
        lines |= _read("train_lines*.toml")
        more = {kind: _read(f"more_{kind}*.toml") for kind in more}
    groups = (lists, *(world.lists for world in worlds))
    values = [value for group in groups for some in group.values() for value in some]
    starts = {v.split()[0] for v in values if v[0].islower()}
    starts |= {
        t.split()[0].partition("'")[0].strip(".,!?:")
        for t in _texts([facts, concepts, lines, more])
    }
    verbs = _read("verbs*.toml")["verbs"]
    known = {n: _concept(n, d, more["concepts"].get(n, {}), split) for n, d in concepts.items()}
    known |= {
        f"{VERB}{n}": _verb(n, text) for n, text in verbs.items() if _is_held(n) == (split == "val")
    }
    known = {n: _with_arguments(c, more["args"].get("names", {})) for n, c in known.items()}
    return Lexicon(
        split=split,
        worlds=worlds,
        small_words=frozenset(w for w in starts if w.isalpha() and w not in ("I", "Mars")),
        lists=lists,
        synonyms=words["synonyms"],
        facts=tuple(_fact(n, d, more["facts"].get(n, {}), split) for n, d in facts.items()),
        concepts=known,
        askable=(
            tuple(c for n, c in known.items() if c.asks and not n.startswith(VERB)),
            tuple(c for n, c in known.items() if c.asks and n.startswith(VERB)),
        ),
        voices=voices,
        voice_of={trait: voice for voice in voices for trait in voice.traits},
        lines={n: _lines(d, more["lines"].get(n, {}), split) for n, d in lines.items()},
    )


def _is_held(text: str) -> bool:
    """Whether a checksum keeps it for validation."""
    return zlib.crc32(text.encode()) % HELD_OUT_ONE_IN == 0


@cache
def held_names() -> frozenset[str]:
    """Names of actions, and words in such names, that only validation uses."""
    concepts, verbs = _read("concepts*.toml"), _read("verbs*.toml")["verbs"]
    held = {name for entry in concepts.values() for name in entry["val"]}
    used = {name for entry in concepts.values() for name in entry["names"]}
    for name, text in verbs.items():
        (held if _is_held(name) else used).update(_split(text.split("; ")[1]))
    held.add("answer")  # what validation calls "say"
    words = {word for name in held for word in name.split("_")}
    words -= {word for name in used for word in name.split("_")}
    return frozenset(held | words)


def keep(phrasings: list[str], split: str) -> tuple[str, ...]:
    """The phrasings a split may use; validation gets those whose checksum says so."""
    if len(phrasings) < 3:  # too few to spare one
        return tuple(phrasings)
    held = [p for p in phrasings if _is_held(p)]
    held = held[: len(phrasings) // 2] or phrasings[-1:]
    return tuple(held if split == "val" else [p for p in phrasings if p not in held])


VOICE_LINES = ("opener", "closer", "unknown", "refuse")


def _read(pattern: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for path in sorted(DATA.glob(pattern)):
        merged.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return merged


def _texts(data: Any) -> Iterator[str]:
    """All strings inside lists, however deep."""
    if isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list):
        for value in data:
            if isinstance(value, str) and value.strip():
                yield value
            else:
                yield from _texts(value)


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(",") if part.strip())


def _fact(name: str, data: dict[str, Any], more: dict[str, list[str]], split: str) -> FactKind:
    asks = {k: v for k, v in data.items() if k.startswith("ask_")}
    return FactKind(
        name=name,
        slots=dict(pair.split("=") for pair in data["slots"].split()),
        facts=(*data["fact"], *more.get("fact", ())),
        says=(*data["say"], *more.get("say", ())),
        asks={k[4:]: (*keep(v, split), *more.get(k, ())) for k, v in asks.items()},
        vague={k[6:]: tuple(v) for k, v in data.items() if k.startswith("vague_")},
        claims={k[6:]: tuple(v) for k, v in data.items() if k.startswith("claim_")},
        mood=data.get("mood", "neutral"),
        clash=frozenset(_split(data.get("clash", ""))),
    )


def _lines(data: dict[str, Any], more: dict[str, Any], split: str) -> dict[str, Any]:
    lines = {k: keep(v, split) if k.startswith("ask") else v for k, v in data.items()}
    for key, extra in more.items():
        had = lines[key]
        lines[key] = f"{had}, {extra}" if isinstance(had, str) else (*had, *extra)
    return lines


def _concept(name: str, data: dict[str, Any], more: dict[str, Any], split: str) -> Concept:
    does = (*data["do"], *more.get("do", ()))
    return Concept(
        name=name,
        names=(*data["val" if split == "val" else "names"], *_split(more.get("names", ""))),
        args=tuple(_arg(text) for text in data["args"]),
        asks=(*keep(data["ask"], split), *more.get("ask", ())),
        asks_me=(*keep(data.get("ask_me", []), split), *more.get("ask_me", ())),
        does=does,
        does_me=(*data["do_me"], *more.get("do_me", ())) if "do_me" in data else does,
        kind=data["kind"],
        rivals=frozenset(_split(data["rivals"])),
        moods=_split(data["mood"]),
    )


def _with_arguments(concept: Concept, more: Mapping[str, str]) -> Concept:
    """The concept with more names for its arguments."""
    args = [replace(a, names=a.names + _split(more.get(a.domain, ""))) for a in concept.args]
    return replace(concept, args=tuple(args))


def _verb(name: str, text: str) -> Concept:
    """A concept from one line: domain; action names; phrases with ``{x}``."""
    domain, names, phrases = text.split("; ")
    slot = f"{{the {domain}}}"
    deeds = [p.replace("{x}", slot) for p in _split(phrases)]
    return verb_concept(f"{VERB}{name}", domain, _split(names), deeds)


def verb_concept(name: str, domain: str, names: Iterable[str], deeds: Sequence[str]) -> Concept:
    """A concept that is one verb.

    Args:
        name: Of the concept.
        domain: Of its one argument; empty if it takes none.
        names: What the action may be called.
        deeds: Ways to say it; the first is how the character does.
    """
    source = "other" if domain == "person" else domain  # nobody asks to be mocked or paid
    arg = Arg(VERB_ARGS.get(domain, ("what", "target", "item")), source, False)
    does = tuple(do.replace("{do}", deeds[0]) for do in VERB_DOES)
    return Concept(
        name=name,
        names=tuple(names),
        args=(arg,) if domain else (),
        asks=tuple(ask.replace("{do}", deed) for ask in VERB_ASKS for deed in deeds),
        asks_me=(),
        does=does,
        does_me=does,
        kind=f"verb {domain}",
        rivals=frozenset(),
        moods=("neutral", "happy"),
        deeds=tuple(deeds),
    )


def _arg(text: str) -> Arg:
    names, _, domain = text.partition(" = ")
    return Arg(tuple(names.split("|")), domain.rstrip("?"), domain.endswith("?"))


def _seed_things(folder: Path) -> tuple[str, ...]:
    """Names of objects a hand can hold: short, plain, singular."""
    items = json.loads((folder / "light-objects.json").read_text(encoding="utf-8"))
    names = {str(item.get("name", "")).strip().lower() for item in items}
    return tuple(
        sorted(
            n
            for n in names
            if n.replace(" ", "").isalpha()
            and 3 <= len(n) <= 22
            and len(n.split()) <= 3
            and not n.endswith("s")
            and n.split()[0] not in ("a", "an", "the", "some", "your", "his")
        )
    )
