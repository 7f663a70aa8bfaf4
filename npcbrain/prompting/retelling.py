"""What is remembered, told to whoever it is about: "The player lost a hat." -> "You lost a hat."

Memories are written as a witness would write them. Said aloud they turn: the listener becomes
"you", the speaker "I" or "me". Invariant: pure; what cannot be turned by these few rules is not
said at all.
"""

from __future__ import annotations

import re

__all__ = ["retold"]

# Whose is "his"? And "you", in a memory, is whoever remembers.
UNCLEAR = re.compile(r"\b(he|she|him|his|her|hers|himself|herself|you|your|yours)\b", re.IGNORECASE)
CLAUSE = re.compile(r"\b(that|when|because|if|as|and|but|while|who|what|where) $")
PLURAL = {"was": "were", "has": "have", "is": "are", "does": "do", "goes": "go"}
FIRST = {"has": "have", "is": "am", "does": "do", "goes": "go"}
ADVERBS = frozenset("always sometimes often never once twice already still also only".split())
LETTERS = re.compile(r"[a-z]+")
TITLES = frozenset(
    "the old young big little mr mrs ms miss dr doctor mother father sister brother dame lady lord"
    " sir chef captain sergeant granny grandmother grandfather aunt uncle saint widow king queen"
    " prince princess master madame professor".split()
)


def retold(memory: str, name: str, listener: str) -> str:
    """A memory as ``name`` tells it to ``listener``; empty if it cannot be told.

    >>> retold("The player lost a glove.", "Odile", "player")
    'You lost a glove.'
    >>> retold("Bear chewed up the player's glove.", "Odile", "the player")
    'Bear chewed up your glove.'
    >>> retold("The trader sold Ash sand.", "Ash Weller", "player")
    'The trader sold me sand.'
    >>> retold("The player lost his way.", "Ash", "player")
    ''
    """
    text = memory.strip()
    about_listener, about_name = _mention(listener), _mention(name)
    mentions = [*about_listener.finditer(text), *about_name.finditer(text)]
    if mentions and UNCLEAR.search(text):
        return ""
    if any(not one[1] and CLAUSE.search(text[: one.start()]) for one in mentions):
        return ""  # "that the player wants": its verb would turn too
    text = _turned(text, about_listener, ("You", "you", "your"), PLURAL)
    return _turned(text, about_name, ("I", "me", "my"), FIRST)


def _mention(name: str) -> re.Pattern[str]:
    """Where a text speaks of somebody, by the whole name or the first."""
    name = name.removeprefix("the ").removeprefix("The ")
    first, _, more = name.partition(" ")
    names = [name, first] if more and first.strip(".").lower() not in TITLES else [name]
    anyone = "|".join(rf"(?:[Tt]he )?{re.escape(one)}" for one in names)
    return re.compile(rf"(?<!\w)(?:{anyone})(?!\w)('s)?")


def _turned(
    text: str, mention: re.Pattern[str], persons: tuple[str, str, str], verbs: dict[str, str]
) -> str:
    subject, other, owner = persons
    found = mention.match(text)

    def person(match: re.Match[str]) -> str:
        if match[1]:
            return owner if match.start() else owner.capitalize()
        return other if match.start() else subject

    text = mention.sub(person, text)
    if found and not found[1]:
        said = text.split(" ")
        verb = 2 if said[1:2] and said[1] in ADVERBS else 1
        said[verb : verb + 1] = [
            LETTERS.sub(lambda one: _agreeing(one[0], verbs), word, count=1)
            for word in said[verb : verb + 1]
        ]
        return " ".join(said)
    return text


def _agreeing(verb: str, verbs: dict[str, str]) -> str:
    """The verb after "you" or "I": "likes" -> "like"."""
    if verb in verbs:
        return verbs[verb]
    if not verb.endswith("s") or verb.endswith("ss") or len(verb) < 4:
        return verb
    return verb[:-2] if verb.endswith(("shes", "ches", "sses")) else verb[:-1]
