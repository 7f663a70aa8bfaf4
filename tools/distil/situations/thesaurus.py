"""Verbs of a thesaurus as concepts of action, for training alone.

What no list of ours can hold: that "mop up" is to wipe and "hightail it" to flee. WordNet's verbs
give thousands of actions, each with several names and a definition in other words; a model that
has met those reads the names that a game invents. Read from the folder it was unpacked into, never
copied here. Invariant: no name that the validation split uses is handed out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from tools.distil.situations.lexicon import VERB, Concept, Lexicon, held_names, verb_concept
from tools.distil.wordnet import Synset, read_senses, read_verbs

__all__ = ["learn"]

USUAL = 3  # a word's senses beyond so many are not what it is used for
MAX_SIBLINGS = 15  # verbs under one narrow heading could be meant by the same words
DEFINED = (3, 9)  # words of a definition that somebody might say
# WordNet's files of verbs that are deeds, and what such deeds are done to.
FIELDS: Mapping[int, tuple[str, ...]] = {
    29: ("thing",),  # body
    30: ("thing", "machine", "gate"),  # change
    32: ("topics", "papers"),  # communication
    33: ("sight",),  # competition
    34: ("food",),  # consumption
    35: ("thing", "thing", "machine", "sight"),  # contact
    36: ("thing", "papers"),  # creation
    38: ("thing", "sight"),  # motion
    39: ("sight", "spot"),  # perception
    40: ("thing", "goods"),  # possession
    41: ("papers", "spot"),  # social
}
ALONE, TO_THING, TO_PERSON = 2, 8, 9  # WordNet's sentence frames
HYPERNYM, HYPONYM, GROUP = "@", "~", "$"
# Beside "say" they would be as right, and no list of ours has a concept for them.
SPEAKING = frozenset("say talk speak tell answer reply respond state utter verbalize".split())
UNKNOWN = {"person": ("someone", "somebody"), "": ("something",)}
UNKNOWNS = frozenset(word for words in UNKNOWN.values() for word in words)
ASIDE = re.compile(r"\([^)]*\)")
PARTICLES = frozenset(
    "with by in from into out up off down on onto to at over under through around away as for so "
    "together apart back again".split()
)
CAUSING = frozenset("make render get turn put set keep leave".split())
YOURS = {"one's": "your", "oneself": "yourself"}
INDECENT = re.compile(
    r"sex|genital|orgasm|penis|vagina|breast|vulgar|obscen|rape|ejacul|feces|faeces|excre|urin|defeca"
    r"|castrat|circumcis|enema|abort|menstru|suicid|masturbat|offensive|prostitut|heroin|drug"
)
DETERMINERS = frozenset("a an the one's one his her their use sure do love".split())


def learn(lexicon: Lexicon, folder: Path) -> Lexicon:
    """The lexicon of training with WordNet's verbs among its concepts.

    Args:
        folder: With ``data.verb`` and ``index.sense``.

    Raises:
        ValueError: The lexicon is not the train split's.
    """
    if lexicon.split != "train":
        raise ValueError(f"a thesaurus joins the train split only, got split {lexicon.split!r}")
    barred = held_names()
    synsets = _synsets(folder)
    base_forms = {word for synset in synsets.values() for word in synset.words}
    near = _relations(synsets)
    made: dict[str, Concept] = {}
    for synset in synsets.values():
        concept = _concept(synset, base_forms, barred)
        if concept is not None:
            made[synset.key] = concept
    hand = {name: _words_of(concept) for name, concept in lexicon.concepts.items()}
    by_word: dict[str, set[str]] = defaultdict(set)
    for key in made:
        for word in synsets[key].words:
            by_word[word].add(key)
    result = {}
    for key, concept in made.items():
        keys = near[key].union(*(by_word[word] for word in synsets[key].words)) - {key}
        words = set(synsets[key].words).union(*(synsets[k].words for k in keys if k in synsets))
        rivals = {made[k].name for k in keys if k in made}
        rivals |= {name for name, own in hand.items() if own & words}
        result[concept.name] = concept.with_rivals(rivals)
    return lexicon.joined(result)


def _synsets(folder: Path) -> dict[str, Synset]:
    """The meanings that were met in running text, with the verbs that often mean them first."""
    senses = read_senses(folder)
    usual = {pair: sense.count for pair, sense in senses.items() if sense.number <= USUAL}
    found = {}
    for synset in read_verbs(folder)[1]:
        words = [w for w in synset.words if (w, synset.key) in usual and _is_plain(w)]
        words.sort(key=lambda w: -usual[w, synset.key])
        if any(usual[w, synset.key] for w in words):
            found[synset.key] = replace(synset, words=tuple(words))
    return found


def _is_plain(word: str) -> bool:
    letters = word.replace("_", "")
    return letters.isalpha() and word.islower() and word.count("_") < 3 and len(word) > 2


def _relations(synsets: Mapping[str, Synset]) -> dict[str, set[str]]:
    """For each meaning the meanings that the same words might mean."""
    below: dict[str, set[str]] = defaultdict(set)
    for synset in synsets.values():
        for symbol, key, _ in synset.near:
            if symbol == HYPERNYM:
                below[key].add(synset.key)
    found = {}
    for synset in synsets.values():
        near = {key for symbol, key, _ in synset.near if symbol in (HYPERNYM, HYPONYM, GROUP)}
        above = [key for symbol, key, _ in synset.near if symbol == HYPERNYM]
        for key in above:
            if len(below[key]) <= MAX_SIBLINGS:
                near |= below[key]
        found[synset.key] = near - {synset.key}
    return found


def _concept(synset: Synset, base_forms: Collection[str], barred: frozenset[str]) -> Concept | None:
    """The concept of a meaning, if people could ask for it in two ways or more."""
    if synset.field not in FIELDS or INDECENT.search(f"{synset.words} {synset.gloss}"):
        return None
    if SPEAKING & set(synset.words):
        return None
    names = [w for w in synset.words if not barred & {w, *w.split("_")}]
    names = [w for w in names if w.replace("ise", "ize") not in names or "ise" not in w]
    if not names:
        return None
    domain = ""
    if TO_PERSON in synset.frames and TO_THING not in synset.frames:
        domain = "person"
    elif TO_THING in synset.frames:
        kinds = FIELDS[synset.field]
        domain = kinds[int(synset.key) % len(kinds)]
        if TO_PERSON in synset.frames and int(synset.key) % 2:
            domain = "person"
    elif ALONE not in synset.frames:
        return None
    slot = f" {{the {domain}}}" if domain else ""
    deeds = [f"{name.replace('_', ' ')}{slot}" for name in names]
    defined = _defined(synset.gloss, slot.strip(), base_forms)
    if defined and not _holds(defined, barred):
        deeds.append(defined)
    if len(deeds) < 2:
        return None
    return verb_concept(f"{VERB}{names[0]} {synset.key}", domain, names, deeds)


def _defined(gloss: str, slot: str, base_forms: Collection[str]) -> str:
    """The definition as somebody might say it, with the object put in; empty if it does not fit."""
    text = gloss.partition(";")[0].partition('"')[0]
    unknown = UNKNOWN["person" if "person" in slot else ""]
    for word in UNKNOWNS:
        text = text.replace(f"({word})", word)
    words = [YOURS.get(word, word) for word in ASIDE.sub(" ", text).strip(" .:").split()]
    if not DEFINED[0] <= len(words) <= DEFINED[1] or words[0] not in base_forms:
        return ""
    if not all(word.strip(",").replace("'", "").replace("-", "").isalpha() for word in words):
        return ""
    if not slot:
        return " ".join(words)
    for word in unknown:
        if word in words:
            words[words.index(word)] = slot
            break
    if UNKNOWNS & set(words):
        return ""
    if slot in words:
        return " ".join(words)
    second = words[1]
    if second in PARTICLES or (words[0] in CAUSING and second not in DETERMINERS):
        return " ".join([words[0], slot, *words[1:]])
    return ""


def _holds(text: str, barred: frozenset[str]) -> bool:
    """Whether a definition has a barred word, or words that make a barred name."""
    words = text.replace(",", "").split()
    joined = "_".join(words)
    return bool(barred & set(words)) or any("_" in name and name in joined for name in barred)


def _words_of(concept: Concept) -> set[str]:
    """What a concept is called, in whole and by its first word."""
    return {part for name in concept.names for part in (name, name.split("_")[0])}
