"""``Character``: who an NPC is at the moment, what it may do, where it stands; all a game may set.

What it hears, thinks and says is in ``npc``. Invariant: what was set is valid, or was refused where
it was set; and the grammar of its answers always fits its persona and its actions.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Host
from npcbrain.npcs.inputs import checked_actions, checked_importance, checked_scene
from npcbrain.npcs.persona import Persona
from npcbrain.one_thread import alone_at
from npcbrain.prompting.action_ranking import learn_words
from npcbrain.prompting.prompt import answer_grammar
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Action, Decision, Event, Scene, Situation

__all__ = ["Character"]


class Character:
    """The part of an ``Npc`` that the game sets.

    Attributes:
        name: Its name in the runtime; unique there.
    """

    __slots__ = (
        "_actions",
        "_alone",
        "_deed_grammar",
        "_grammar",
        "_host",
        "_importance",
        "_persona",
        "_scene",
        "name",
    )

    def __init__(self, name: str, persona: Persona, host: Host, importance: float) -> None:
        self.name = name
        self._host = host
        self._alone = host.alone
        self._scene = Scene()
        self._persona = persona
        self.importance = importance
        self.actions = persona.actions

    @property
    def persona(self) -> Persona:
        """Who it is. To set one leaves ``actions`` as they are; ``become`` changes both."""
        return self._persona

    @persona.setter
    @alone_at("Npc.persona")
    def persona(self, persona: Persona) -> None:
        self._persona = checked_persona(persona, f"npc {self.name!r}, persona")
        self._learn_to_answer()

    @property
    def actions(self) -> tuple[Action, ...]:
        """What it may do; the model chooses from these alone."""
        return self._actions

    @actions.setter
    @alone_at("Npc.actions")
    def actions(self, actions: Sequence[Action]) -> None:
        self._actions = checked_actions(actions, f"npc {self.name!r}, actions")
        self._learn_to_answer()

    @property
    def scene(self) -> Scene:
        """Where and when, and who or what is near."""
        return self._scene

    @scene.setter
    @alone_at("Npc.scene")
    def scene(self, scene: Scene) -> None:
        if scene != self._scene:
            self._scene = checked_scene(scene, f"npc {self.name!r}")

    @property
    def importance(self) -> float:
        """Its share of the model's time against other NPCs': 0.001 to 1000, usually 1."""
        return self._importance

    @importance.setter
    @alone_at("Npc.importance")
    def importance(self, importance: float) -> None:
        self._importance = checked_importance(importance, f"npc {self.name!r}")

    @alone_at("Npc.become()")
    def become(self, persona: Persona) -> None:
        """Is somebody else from now on: persona and actions, together.

        With ``Persona.changed`` it is how an NPC learns, forgets or may do something new::

            npc.become(npc.persona.changed(facts=["The soup is sold out."]))

        Memory, tree and blackboard stay. An answer that is being written goes on as it was asked;
        if its action is not allowed any more, the tree answers (reason ``guarded``). The new prompt
        is read with the next question, or before it by ``Runtime.warm``. A saved game keeps
        ``actions``; the persona is the game's own to choose again when it loads.

        Raises:
            UsageError: ``persona`` is not a ``Persona``; nothing has changed.
        """
        self.persona = persona
        self.actions = persona.actions

    @property
    def num_tokens_left(self) -> int | None:
        """What the model's prompt has left for what happens, beside who this is.

        About 250 hold a long line, a scene and memories; with less, memories are left out, and at
        last facts that have least to do with what was said. Negative if not even the persona fits.
        None where nobody counts: without a model, or on a server.
        """
        return self._host.mind.num_tokens_left(self.introduction()[0])

    def introduction(self) -> tuple[Situation, str]:
        """A situation in which nothing happens, and its grammar: what all its prompts share."""
        nothing = Event("time", "world", "")
        return Situation(self._persona.profile, Scene(), nothing, self._actions), self._grammar

    def grammar_of(self, actions: Sequence[Action], extent: Extent) -> str:
        """What a legal answer of its looks like."""
        if extent is Extent.DEED:
            return answer_grammar(actions, words="none")
        return answer_grammar(actions, self._persona.profile if self._host.mind.may_quote else None)

    def is_legal(self, decision: Decision) -> bool:
        """Whether it may do this: ``actions`` can change while the model thinks."""
        for action in self._actions:
            if action.name == decision.action:
                args, legal = decision.args, action.args
                return args.keys() == legal.keys() and all(args[a] in legal[a] for a in args)
        return False

    def _learn_to_answer(self) -> None:
        self._grammar = self.grammar_of(self._actions, Extent.DECIDED)
        self._deed_grammar = self.grammar_of(self._actions, Extent.DEED)
        learn_words(self._actions, self._persona.profile.facts)


def checked_persona(persona: object, where: str) -> Persona:
    """A persona.

    Raises:
        UsageError: It is something else.
    """
    if not isinstance(persona, Persona):
        advice = "use Persona.load, Persona.from_dict or persona.changed"
        raise UsageError(fault("persona", "be a Persona", persona, where, advice))
    return persona
