"""The three endings, and the words for each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from demo_game.story.case import Case

__all__ = ["Ending", "EndingKind", "by_accusation", "by_mercy", "by_time"]


class EndingKind(StrEnum):
    """The three endings."""

    JUSTICE = "justice"  # the right one is accused
    MERCY = "mercy"  # the bell hangs again, and nobody asks
    SILENCE = "silence"  # the wrong one is accused, or it is too late


@dataclass(frozen=True, slots=True)
class Ending:
    """The words of an ending.

    Attributes:
        kind: Which ending it is.
        title: A few words.
        lines: Two or three sentences.
    """

    kind: EndingKind
    title: str
    lines: tuple[str, ...]


def by_accusation(case: Case, who: str) -> Ending:
    """The ending after somebody is accused before the guard."""
    name, culprit = who.capitalize(), case.culprit.capitalize()
    if who == case.culprit:
        return Ending(
            EndingKind.JUSTICE,
            "The bell comes home",
            (
                f"{name} leads Edda to the {case.hideout.what} {case.hideout.where}.",
                case.why,
                f"{name} mends the shrine roof, and the bell rings for it.",
            ),
        )
    return Ending(
        EndingKind.SILENCE,
        "The wrong name",
        (
            f"{name} is led to the gate and never speaks to you again.",
            f"{culprit} watches from afar and says nothing.",
            "No bell rings over the village.",
        ),
    )


def by_mercy(case: Case) -> Ending:
    """The ending after the player hangs the bell up and names nobody."""
    culprit = case.culprit.capitalize()
    return Ending(
        EndingKind.MERCY,
        "Nobody asks",
        (
            "One morning the bell hangs in the shrine again.",
            f"{culprit} looks at you for a long time, and nods.",
            case.why,
        ),
    )


def by_time(case: Case) -> Ending:
    """The ending after the caravan has left."""
    culprit = case.culprit.capitalize()
    return Ending(
        EndingKind.SILENCE,
        "The caravan leaves",
        (
            "The carts roll over the bridge, and with them goes every chance to ask.",
            f"It was {culprit}. {case.why}",
            "No bell rings over the village.",
        ),
    )
