"""The kinds of moments that are recorded, each as plain data and back.

A moment is a tuple of its kind and of what belongs to it. The game's thread makes it of objects
that do not change; the writer's thread makes plain data of it. Invariant: a moment that was read
has the types that were written, and all its numbers are in range; or else an error names the path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import msgpack

from npcbrain.errors import PersonaError, RecordingError, SaveError, fault
from npcbrain.npcs.inputs import MAX_IMPORTANCE, MIN_IMPORTANCE
from npcbrain.npcs.persona import Persona
from npcbrain.saves.codec import Codec
from npcbrain.saves.plain import plain, restored
from npcbrain.saves.reader import LONGEST, Reader
from npcbrain.saves.situations import ACTIONS, DECISION, EVENT, EXTENT, SCENE
from npcbrain.situation import Decision, Situation

__all__ = [
    "INPUTS",
    "Kind",
    "Moment",
    "Question",
    "Settings",
    "State",
    "copied",
    "plain_of",
    "read_moment",
]

MAX_SEED_DIGITS = 400
MAX_FRAMES = 3600  # of a character's turn
MAX_TOKENS = 1 << 16
MAX_TOKEN = (1 << 31) - 1
METHODS = ("accept", "attend", "decline", "drop_thought", "finish_event", "reply", "think")


class Kind(IntEnum):
    """What a moment tells; the numbers never change."""

    SETTINGS = 0  # of the runtime, first of all
    ADD = 1
    REMOVE = 2
    TICK_EVERY = 3
    EVENT = 4  # somebody heard or noticed something
    REMEMBER = 5
    FORGET = 6  # all memories
    SCENE = 7
    ACTIONS = 8
    PERSONA = 9
    IMPORTANCE = 10
    WRITE = 11  # an entry of a blackboard
    ERASE = 12  # an entry of a blackboard, or all of them
    CALL = 13  # another method of an NPC
    LOAD = 14  # a saved game, whole
    NOTE = 15  # the game's own
    FRAME = 16  # an update begins
    HEARD = 17  # the NPCs that had news
    ASK = 18  # a question to the model
    ANSWER = 19  # how much of an answer has come
    DEED = 20  # a handler of the game was called
    DECISION = 21
    FALLBACK = 22
    ERROR = 23  # the update raised
    END = 24  # the update is over
    RESUMED = 25  # a question of a saved game goes on
    WARM = 26  # nothing is left to be measured or read, or something is
    CLOSE = 27
    STOP = 28  # the recording ends before the game, and why


# What the game does between two updates; it is done again when a recording is played.
INPUTS = frozenset(Kind(number) for number in range(Kind.ADD, Kind.NOTE + 1))


class Settings(NamedTuple):
    """What a runtime was made with; see ``Runtime``.

    Attributes:
        mind: Who thinks: ``model``, ``none``, or ``other``, such as a server.
        beside: Whether answers land before the trees are ticked.
        may_quote: Whether grammars offer quotes.
        start_ns: The clock's time.
    """

    npcbrain: str
    seed: int
    temperature: float
    top_p: float
    mind: str
    beside: bool
    may_quote: bool
    start_ns: int


class Question(NamedTuple):
    """All that an answer depends on, except the seed and how often which NPC has asked."""

    situation: Situation
    memory: tuple[str, ...]
    grammar: str
    lines: Mapping[str, Sequence[str]]


class State(NamedTuple):
    """How far a thought is.

    Attributes:
        kept: How many letters of its earlier words stay.
        added: Its words behind them.
        choice: The deed, if it is new.
        tokens: The tokens of the whole answer, once it is done, if they are known.
    """

    done: bool
    reason: str
    emotion: str
    kept: int
    added: str
    choice: Decision | None
    decision: Decision | None
    tokens: tuple[int, ...] | None


class Moment(NamedTuple):
    """One moment that was read.

    Attributes:
        kind: What it tells.
        plain: Its values as plain data, to be compared.
        values: The same as npcbrain's own objects.
    """

    kind: Kind
    plain: list[Any]
    values: tuple[Any, ...]


def plain_of(moment: tuple[Any, ...]) -> list[Any]:
    """A moment as plain data; a list, since that is what msgpack gives back."""
    kind, *values = moment
    codecs = CODECS[kind]
    return [int(kind), *(codec.plain(value) for codec, value in zip(codecs, values, strict=True))]


def read_moment(reader: Reader) -> Moment:
    """The moment of which ``plain_of`` made a list.

    Raises:
        SaveError: It is not a moment; the message has the path.
    """
    items = reader.items()
    if not items:
        raise reader.wrong("not be empty")
    kind = Kind(items[0].whole(0, max(Kind)))
    codecs = CODECS[kind]
    if len(items) != len(codecs) + 1:
        raise reader.wrong(f"have {len(codecs) + 1} items")
    values = (codec.read(item) for codec, item in zip(codecs, items[1:], strict=True))
    return Moment(kind, reader.value, tuple(values))


def _same(value: Any) -> Any:
    return value


def _read_persona(reader: Reader) -> Persona:
    try:
        return Persona.from_dict(reader.value, reader.where)
    except PersonaError as error:
        raise SaveError(str(error)) from error


def _settings_data(settings: Settings) -> list[Any]:
    return [settings.npcbrain, str(settings.seed), *settings[2:]]


def _read_settings(reader: Reader) -> Settings:
    npcbrain, seed, temperature, top_p, mind, beside, may_quote, start_ns = reader.items(8)
    digits = seed.text().removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > MAX_SEED_DIGITS:
        raise seed.wrong("be digits")
    if mind.text() not in ("model", "none", "other"):
        raise mind.wrong("be model, none or other")
    return Settings(
        npcbrain.text(),
        int(seed.text()),
        temperature.number(0.0, 1.0),
        top_p.number(0.0, 1.0),
        mind.text(),
        beside.flag(),
        may_quote.flag(),
        _moment_ns(start_ns),
    )


def _moment_ns(reader: Reader) -> int:
    return reader.whole(-LONGEST, LONGEST)


def _digest(question: Question) -> bytes:
    """A digest that is equal for two questions with the same answer."""
    lines = {kind: list(some) for kind, some in question.lines.items()}
    data = [question.situation.to_dict(), list(question.memory), question.grammar, lines]
    packed = msgpack.packb(data, unicode_errors="surrogatepass")
    return blake2b(packed, digest_size=16).digest()


def _read_digest(reader: Reader) -> bytes:
    if len(reader.data()) != 16:
        raise reader.wrong("have 16 bytes")
    return reader.data()


def _state_data(state: State) -> list[Any]:
    done, reason, emotion, kept, added, choice, decision, tokens = state
    answer = [DECISION.plain_optional(choice), DECISION.plain_optional(decision)]
    return [done, reason, emotion, kept, added, *answer, None if tokens is None else [*tokens]]


def _read_state(reader: Reader) -> State:
    done, reason, emotion, kept, added, choice, decision, tokens = reader.items(8)
    if tokens.optional() and len(tokens.items()) > MAX_TOKENS:
        raise tokens.wrong(f"hold at most {MAX_TOKENS} tokens")
    return State(
        done.flag(),
        reason.text(),
        emotion.text(),
        kept.whole(),
        added.text(),
        DECISION.read_optional(choice),
        DECISION.read_optional(decision),
        tuple(one.whole(0, MAX_TOKEN) for one in tokens.items()) if tokens.optional() else None,
    )


def _read_texts(reader: Reader) -> dict[str, str]:
    return {name: value.text() for name, value in reader.entries().items()}


def _read_method(reader: Reader) -> str:
    if reader.text() not in METHODS:
        raise reader.wrong(f"be one of {', '.join(METHODS)}")
    return reader.text()


def _read_data(reader: Reader) -> object:
    return restored(reader, None)


COUNT = Codec(_same, Reader.whole)
NPC = COUNT  # its number: how many were added before it
MOMENT = Codec(_same, _moment_ns)
TEXT = Codec(_same, Reader.text)
FLAG = Codec(_same, Reader.flag)
DATA = Codec(_same, _read_data)  # copied by the recorder, since the game may change it
SHARE = Codec(_same, lambda reader: reader.number(0.0, 1.0))
IMPORTANCE = Codec(_same, lambda reader: reader.number(MIN_IMPORTANCE, MAX_IMPORTANCE))
PERSONA = Codec(Persona.to_dict, _read_persona)
STATE = Codec(_state_data, _read_state)

CODECS: dict[Kind, tuple[Codec[Any], ...]] = {
    Kind.SETTINGS: (Codec(_settings_data, _read_settings),),
    Kind.ADD: (TEXT, PERSONA, IMPORTANCE),
    Kind.REMOVE: (NPC,),
    Kind.TICK_EVERY: (NPC, Codec(_same, lambda reader: reader.whole(1, MAX_FRAMES))),
    Kind.EVENT: (NPC, EVENT),
    Kind.REMEMBER: (NPC, TEXT, SHARE),
    Kind.FORGET: (NPC,),
    Kind.SCENE: (NPC, SCENE),
    Kind.ACTIONS: (NPC, ACTIONS),
    Kind.PERSONA: (NPC, PERSONA),
    Kind.IMPORTANCE: (NPC, IMPORTANCE),
    Kind.WRITE: (NPC, TEXT, DATA),
    Kind.ERASE: (NPC, Codec(_same, lambda reader: reader.optional() and reader.text())),
    Kind.CALL: (NPC, Codec(_same, _read_method), DATA),
    Kind.LOAD: (Codec(_same, Reader.data),),
    Kind.NOTE: (DATA,),
    Kind.FRAME: (COUNT, MOMENT, COUNT),
    Kind.HEARD: (Codec(list, lambda reader: [one.text() for one in reader.items()]),),
    Kind.ASK: (
        NPC,
        EVENT,
        EXTENT,
        Codec(_same, lambda reader: reader.number(0.0, LONGEST)),
        IMPORTANCE,
        Codec(_digest, _read_digest),
        STATE,
    ),
    Kind.ANSWER: (COUNT, STATE),
    Kind.DEED: (NPC, TEXT, Codec(dict, _read_texts), TEXT),
    Kind.DECISION: (TEXT, DECISION),
    Kind.FALLBACK: (TEXT, TEXT),
    Kind.ERROR: (TEXT,),
    Kind.END: (),
    Kind.RESUMED: (NPC, STATE),
    Kind.WARM: (FLAG,),
    Kind.CLOSE: (),
    Kind.STOP: (TEXT,),
}


def copied(value: object, where: str) -> object:
    """A game's own data, copied before the game changes it.

    Raises:
        RecordingError: It is not plain.
    """
    try:
        return plain(value, where, None)
    except SaveError as error:
        rule = "be plain data"
        advice = "None, bool, int, float, str, lists and dictionaries of them can be recorded"
        raise RecordingError(fault("value", rule, value, where, advice)) from error
