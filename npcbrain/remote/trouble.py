"""``Trouble``: what can go wrong with a server, in kinds by what is to be done about it.

Invariant: its text never holds a key.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["Trouble"]

Kind = Literal["unreachable", "broken", "busy", "garbage", "unfit", "denied"]


class Trouble(Exception):
    """A question was not answered, or a server is not as it should be.

    ============  ============================================================  ==============
    kind          what happened                                                 asked again
    ============  ============================================================  ==============
    unreachable   no connection, or one that broke before an answer             yes
    broken        it broke off, fell silent, or reported an error of its own    yes
    busy          429, or 503: it asks for time                                 yes, later
    garbage       what came is not the API's                                    no
    unfit         it does not take the question as it is put                    no
    denied        it refuses the key                                            no
    ============  ============================================================  ==============

    Attributes:
        kind: One of these.
        wait_s: How long the server asked to be left alone.
        status: The HTTP status if it is 500 or above; else 0.
    """

    def __init__(self, kind: Kind, text: str, *, wait_s: float = 0.0, status: int = 0) -> None:
        super().__init__(text)
        self.kind = kind
        self.wait_s = wait_s
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether the same question may be answered at the next try."""
        return self.kind in ("unreachable", "broken", "busy")
