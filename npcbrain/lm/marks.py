"""Marks: the structure of a prompt, in characters that no text from outside can hold.

All text that comes from players, mods or save files is cleaned of control characters before it is
used, so every line of a prompt that begins with a mark was written by npcbrain. A model's tokenizer
has one control token for each mark. Invariant: every mark is one character that ``str.isprintable``
rejects, and every mark has its own token.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CAN",
    "DID",
    "EVENT",
    "FITS",
    "KNOWS",
    "MARKS",
    "MEMORY",
    "QUOTE",
    "RECALLS",
    "REPLY",
    "SAID",
]

KNOWS = "\x01"  # a fact
CAN = "\x02"  # a legal action
MEMORY = "\x03"  # something that the NPC remembers having happened
SAID = "\x04"  # something that it remembers somebody having said: a claim, not a fact
DID = "\x05"  # what it did about that
REPLY = "\x06"  # what it said about that
EVENT = "\x07"  # what happens now
RECALLS = "\x0e"  # a fact that shares words with the event
FITS = "\x0f"  # an action that the event seems to call for
QUOTE = "\x10"  # in an answer: a line follows that was written beforehand

MARKS: Mapping[str, str] = {
    KNOWS: "<|knows|>",
    CAN: "<|can|>",
    MEMORY: "<|memory|>",
    SAID: "<|said|>",
    DID: "<|did|>",
    REPLY: "<|reply|>",
    EVENT: "<|event|>",
    RECALLS: "<|recalls|>",
    FITS: "<|fits|>",
    QUOTE: "<|quote|>",
}
