"""Facts and memories as an NPC says them: "The player lost a hat." -> "You lost a hat."

They are written in the third person. When they are said aloud, the listener becomes "you" and the
speaker "I". Invariant: pure; a sentence that these few rules cannot turn is not said at all, nor
one that says itself that nobody is told (but to who shares the secret).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["is_kept", "retold", "spoken"]

UNCLEAR = re.compile(r"\b(he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)  # whose?
YOU = re.compile(r"\b(you|your|yours)\b", re.IGNORECASE)  # in a memory: the one who remembers
NOBODY = r"(?:nobody|no one|no-one|not a soul)(?!'s)"
ANYBODY = r"(?:anybody|anyone|a soul)(?!'s)"
OBJECT = r"(?: (?:it|this|that|them))?(?: to)?"
NOT = r"(?:will|must|may|can|do|does) not"
NEVER = rf"(?:never|won't|can't|cannot|mustn't|don't|doesn't|{NOT})(?: ever)?"
ENDS = (
    r"(?=[.,;:!]|$| (?:about|of|where|that|which|who|whom|what|how|why|when)\b)"
    r"(?!,? (?:but|except)\b)"
)
# What says itself that nobody is told. Turns of phrase, and no more than a courtesy.
KEPT = re.compile(
    rf"\b(?:tell|tells|telling){OBJECT} {NOBODY}(?! else)(?!,? (?:but|except)\b)"
    rf"|(?<!was )(?<!were )(?<!been )\btold{OBJECT} {NOBODY}{ENDS}"
    rf"|\b{NOBODY} (?:is|(?:must|may|can|will) be) told\b"
    rf"|\b{NOBODY} (?:else )?(?:must|may|should|shall|is to) (?:ever )?(?:know|find out){ENDS}"
    rf"|\b{NEVER} tell{OBJECT} {ANYBODY}|\bnever tells{OBJECT} {ANYBODY}"
    rf"|\bnever told{OBJECT} {ANYBODY}"
    r"|\b(?:must|may) (?:never|not) (?:be told\b(?! what to)|know\b|find out\b)"
    r"|\b(?:must|may) (?:never|not) tell (?:the|him|her|them|you)\b"
    r"|(?:\bis|'s) (?:a|my|our|his|her|their) (?!open )(?:[a-z]+ ){0,2}secret(?:[.,;!]|$| that\b)"
    r"|\b(?:is|are|be) (?:to be )?kept (?:a )?secret\b"
    r"|\bke(?:ep|eps|pt) (?:it|this|that|them) (?:a )?(?:secret\b|to (?:my|him|her|them)sel)",
    re.IGNORECASE,
)
OUGHT = re.compile(r"\s(?:may|must|should|shall|will|is) ", re.IGNORECASE)
CLAUSE = re.compile(r"(?:\b(?:that|when|because|if|as|and|but|while|who|what|where)|[,;:.]) $")
JOINED = re.compile(r"\b(?:and|but|or) (?:never |always |also )?([a-z]+s)\b")
PLURAL = {"was": "were", "has": "have", "is": "are", "does": "do", "goes": "go"}
FIRST = {"has": "have", "is": "am", "does": "do", "goes": "go"}
ALONE = {"my": "mine", "your": "yours"}
PAST_TENSE = re.compile(r"^\S+ (?:\S+ )?(?:was|had|did|[a-z]+ed|took|ran|went|came|saw) ")
ADVERBS = frozenset("always sometimes often never once twice already still also only".split())
LETTERS = re.compile(r"[a-z]+")
TITLES = frozenset(
    "the old young big little mr mrs ms miss dr doctor mother father sister brother dame lady lord"
    " sir chef captain sergeant granny grandmother grandfather aunt uncle saint widow king queen"
    " prince princess master madame professor".split()
)
WOMEN = frozenset(
    "mrs ms miss mother sister dame lady granny grandma grandmother aunt auntie widow queen madame"
    " princess nan".split()
)
# A man's pronouns and what they become when he speaks: subject, object, owner, reflexive.
HIS = {"he": "I", "him": "me", "his": "my", "himself": "myself"}
HER = {"she": "I", "her": "my", "hers": "mine", "herself": "myself"}
PRONOUN = re.compile(r"\b(he|him|his|himself|she|her|hers|herself)\b( [a-z]+)?", re.IGNORECASE)
# "her" before one of these, or at an end, is "me"; "his" is "mine".
NO_NOUN = frozenset(
    "to from with for at by on in of into before after when if and or but as that the a an who"
    " because than until since while".split()
)


@lru_cache(4096)  # asked of every memory in every choice
def is_kept(text: str) -> bool:
    """Whether a fact or memory says itself that nobody is told.

    >>> is_kept("The safe opens with 0451, and I tell nobody."), is_kept("A secret costs a coin.")
    (True, False)
    """
    return bool(KEPT.search(text.strip().replace("\u2019", "'")))


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
    if is_kept(text) and not _shares(text, about_listener):
        return ""
    if mentions and (UNCLEAR.search(text) or YOU.search(text)):
        return ""
    if any(not one[1] and CLAUSE.search(text[: one.start()]) for one in mentions):
        return ""  # "that the player wants": the verb would have to turn, too
    text = _turned(text, about_listener, ("You", "you", "your"), PLURAL)
    return _turned(text, about_name, ("I", "me", "my"), FIRST)


def _shares(text: str, about_listener: re.Pattern[str]) -> bool:
    """Whether it is the listener who keeps a secret: "The player swore to tell nobody."."""
    found = about_listener.match(text)
    return found is not None and not found[1] and not OUGHT.match(text, found.end())


@lru_cache(4096)  # called for every known fact in every grammar and choice
def spoken(fact: str, name: str) -> str:
    """A known fact as ``name`` says it; empty if it cannot be said.

    >>> spoken("A bed costs five coppers.", "Hilda"), spoken("Her back aches.", "Hilda")
    ('A bed costs five coppers.', 'My back aches.')
    >>> spoken("Hob Millward was ten when he saw the sea.", "Hob Millward")
    'I was ten when I saw the sea.'
    >>> spoken("Suki is nineteen and works at a bar.", "Suki")
    ''
    """
    text = fact.strip()
    if not any(map(str.isalnum, text)) or is_kept(text):
        return ""
    about = _mention(name)
    if PRONOUN.match(text) or about.match(text):
        turned = _of_oneself(text, name)
    else:
        mentions = list(about.finditer(text))
        if mentions and UNCLEAR.search(text):
            return ""
        turned = "" if any(_is_subject(one, text) for one in mentions) else about.sub(_me, text)
    words = set(re.findall(r"[^\W_]+", turned.lower()))
    own = {word for word in re.findall(r"[^\W_]+", name.lower()) if word not in TITLES}
    return "" if words & own else turned


def _of_oneself(text: str, name: str) -> str:
    """A sentence that begins with the speaker: "Hob was ten.", "His back aches."."""
    about = _mention(name)
    found, pronoun = about.match(text), PRONOUN.match(text)
    kinds = {one[1].lower() in HIS for one in PRONOUN.finditer(text)}  # True: of a man
    if pronoun is not None:
        kinds = {pronoun[1].lower() in HIS}
        if kinds == {True} and {word.strip(".").lower() for word in name.split()} & WOMEN:
            return ""  # somebody else
    owns = found[1] is not None if found else _word(pronoun) in ("his", "her")
    if len(kinds) > 1 or (found and owns and kinds):
        return ""  # "Rae's brother says that he": it is unclear who
    if not owns and JOINED.search(text) and not PAST_TENSE.search(text):
        return ""  # "is nineteen and works": it is unclear whether a verb or a noun
    own = HIS if kinds == {True} else HER

    def oneself(match: re.Match[str]) -> str:
        word, after = _word(match), match[2] or ""
        if word not in own:
            return match[0]
        is_last = not after or after.strip() in NO_NOUN
        said = {"her": "me", "his": "mine"}.get(word, own[word]) if is_last else own[word]
        if said == "I":
            after = f" {_agreeing(after.strip(), FIRST)}" if after else ""
        return (said if match.start() else said.capitalize()) + after

    return PRONOUN.sub(oneself, _turned(text, about, ("I", "me", "my"), FIRST))


def _word(pronoun: re.Match[str] | None) -> str:
    return pronoun[1].lower() if pronoun else ""


def _is_subject(mention: re.Match[str], text: str) -> bool:
    return not mention[1] and bool(CLAUSE.search(text[: mention.start()]))


def _me(match: re.Match[str]) -> str:
    return _owner(match, "my") if match[1] else "me"


def _owner(match: re.Match[str], owner: str) -> str:
    """ "my" before a noun, else "mine"."""
    follows = match.string[match.end() : match.end() + 2]
    return owner if follows[:1] == " " and follows[1:].isalnum() else ALONE[owner]


@lru_cache(1024)
def _mention(name: str) -> re.Pattern[str]:
    """A pattern for a name in a text, the whole name or the first."""
    name = name.removeprefix("the ").removeprefix("The ")
    first, _, more = name.partition(" ")
    titled = first.strip(".").lower() in TITLES
    names = [name, more if titled else first] if more else [name]
    anyone = "|".join(rf"(?:[Tt]he )?{re.escape(one)}" for one in names)
    return re.compile(rf"(?<!\w)(?:{anyone})(?!\w)('s)?")


def _turned(
    text: str, mention: re.Pattern[str], persons: tuple[str, str, str], verbs: dict[str, str]
) -> str:
    subject, other, owner = persons
    found = mention.match(text)

    def person(match: re.Match[str]) -> str:
        if match[1]:
            return _owner(match, owner) if match.start() else owner.capitalize()
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
