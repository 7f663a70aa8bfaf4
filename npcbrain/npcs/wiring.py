"""``Wiring``: what a game forgot, or misspelt, between its NPCs, their trees and its handlers.

Mistakes that raise nothing, since each has a meaning: the tree answers, or nobody does. It only
tells; what happens stays the same. Invariant: an action is looked at once, however many may do it,
and a mistake is told once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from npcbrain.npcs.contracts import Handler
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.slips import has_node
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.situation import Action

__all__ = ["Wiring"]

LEAST_TOKENS = 100  # a question of usual length, a scene and a fact that it is about
LIKENESS = 0.75  # of two names, from which one may be the other misspelt


class Wiring:
    """Looks at those who are new.

    Attributes:
        has_news: Whether anybody has come, or any handler, since the last ``mistakes``.
    """

    __slots__ = ("_actions", "_counted", "_newcomers", "_slips", "has_news")

    def __init__(self) -> None:
        self.has_news = False
        self._newcomers: list[Npc] = []
        self._counted: Persona | None = None  # the last, for crowds share one
        self._actions: set[tuple[str, ...]] = set()  # name and arguments of those looked at
        self._slips: set[str] = set()  # handlers that were told of

    def add(self, npc: Npc) -> str:
        """Somebody new has come; returns what is wrong with its persona, if anything is."""
        self._newcomers.append(npc)
        self.has_news = True
        if npc.persona is self._counted:
            return ""
        self._counted = npc.persona
        return _crowding(npc)

    def mistakes(self, npcs: Mapping[str, Npc], handlers: Mapping[str, Handler]) -> list[str]:
        """What looks wrong with newcomers and handlers, each in one sentence."""
        newcomers, self._newcomers = self._newcomers, []
        self.has_news = False
        found: list[str] = []
        for npc in newcomers:
            if has_node(npc.tree, "Act"):
                found += self._of_actions(npc, handlers)
        found += self._of_handlers(npcs, handlers)
        return found

    def _of_actions(self, npc: Npc, handlers: Mapping[str, Handler]) -> Iterator[str]:
        for action in npc.actions:
            shape = (action.name, *action.args)
            if shape in self._actions:
                continue
            self._actions.add(shape)
            handler = handlers.get(action.name)
            if handler is None:
                if not is_talk(action):
                    yield _lack(npc, action, handlers)
            elif refusal := _refusal(handler, npc, action):
                shown = ", ".join(("npc", *action.args))
                yield (
                    f"the handler of {action.name!r} cannot be called with ({shown}), as npc "
                    f"{npc.name!r} would call it: {refusal}; give it these parameters, or **args"
                )

    def _of_handlers(
        self, npcs: Mapping[str, Npc], handlers: Mapping[str, Handler]
    ) -> Iterator[str]:
        """One may be there before whoever needs it; one whose name is nearly known is a slip."""
        known = {action.name for npc in npcs.values() for action in npc.actions}
        for name in sorted(handlers.keys() - known - self._slips):
            if like := _nearest(name, known & handlers.keys()):
                self._slips.add(name)
                yield (
                    f"on_action has a handler for {name!r}, but no NPC may do that; "
                    f"did you mean {like!r}?"
                )


def _crowding(npc: Npc) -> str:
    """Whether so much is known of somebody that a prompt has no room for it; empty if not."""
    left = npc.num_tokens_left
    if left is None or left >= LEAST_TOKENS:
        return ""
    if left < 0:
        what = f"takes {-left} tokens more than the model can read"
    else:
        what = f"leaves the model {left} tokens for what happens"
    return (
        f"the persona of npc {npc.name!r} {what}, and {LEAST_TOKENS} are needed: each prompt "
        "leaves out the facts and values that have least to do with what was said; shorten "
        "them (`npcbrain persona check FILE` counts), or give it fewer"
    )


def _lack(npc: Npc, action: Action, handlers: Mapping[str, Handler]) -> str:
    names = {action.name for action in npc.actions}
    like = _nearest(action.name, handlers.keys() - names)
    hint = f" (it has one for {like!r}: is that a slip?)" if like else ""
    return (
        f"npc {npc.name!r} may {action.name!r} and the game has no handler for it{hint}: "
        f"its tree will answer instead; call Runtime.on_action({action.name!r}, ...) "
        "before the first update, or leave it out of the persona's actions"
    )


def _nearest(name: str, others: Iterable[str]) -> str:
    return next(iter(get_close_matches(name, list(others), 1, LIKENESS)), "")


def _refusal(handler: Handler, npc: Npc, action: Action) -> str:
    """Why a handler cannot be called for an action; empty if it can, or cannot be asked."""
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):  # of a builtin
        return ""
    try:
        signature.bind(npc, **dict.fromkeys(action.args, ""))
    except TypeError as error:
        return str(error)
    return ""
