"""One labelled example: a situation, the decision it calls for, and what else would be accepted.

Data only. Invariant: the decision is legal in the situation and accepted by the expectation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from npcbrain.situation import Decision, Situation

__all__ = ["Example", "Expect"]


@dataclass(frozen=True, slots=True)
class Expect:
    """What a judge accepts.

    Attributes:
        actions: Accepted actions: name and the arguments that must match; others are free.
        say_any: One of these must occur in the speech, unless empty; case does not matter.
        say_none: None of these may occur in it.
    """

    actions: tuple[tuple[str, Mapping[str, str]], ...]
    say_any: tuple[str, ...] = ()
    say_none: tuple[str, ...] = ()

    def accepts(self, decision: Decision) -> bool:
        """Whether the decision passes."""
        said = decision.say.lower()
        return (
            any(
                decision.action == name
                and all(decision.args.get(arg) == value for arg, value in args.items())
                for name, args in self.actions
            )
            and (not self.say_any or any(text.lower() in said for text in self.say_any))
            and not any(text.lower() in said for text in self.say_none)
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as scenario files have it."""
        return {
            "actions": [
                {"name": name, "args": dict(args)} if args else {"name": name}
                for name, args in self.actions
            ],
            "say_any": list(self.say_any),
            "say_none": list(self.say_none),
        }


@dataclass(frozen=True, slots=True)
class Example:
    """A situation with its answer."""

    situation: Situation
    decision: Decision
    expect: Expect
    category: str = field(default="")

    def to_dict(self, identity: str) -> dict[str, Any]:
        """The JSON form of one line of a data file."""
        return {
            "id": identity,
            "category": self.category,
            **self.situation.to_dict(),
            "answer": self.decision.to_dict(),
            "expect": self.expect.to_dict(),
        }
