"""The language spoken with the model: situations become prompts, answers become decisions.

Text only: no tokens, no model. Floor 1. Invariant: what ``answer_text`` writes, the grammar of
``answer_grammar`` accepts and ``AnswerReader`` reads back.

The prompt comes in two parts, so that the first can be computed once and kept::

    prefix   Hilda, innkeeper                      who the NPC is, what it knows, what it can do
             grumpy, honest
             wants to fill the inn
             knows:
             - A bed costs five coppers.
             can:
             - say
             - give item: room key / ale; to: player
    news     at the Crooked Inn, night             what changes from one decision to the next
             near: player, the drunk
             remembers:
             - The player paid five coppers.
             speech from player: The key to my room, please.
             recalls: A bed costs five coppers.
             fits: give room key

with the facts that share the event's words (see ``recall``) and the actions that it most likely
calls for (see ``calling``) after the event,

and the answer is one line per value, each begun by a space so that a copied word has the same
tokens in the answer as in the prompt::

     give
     room key
     player
     happy
     Here you are. Second door on the left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from npcbrain.calling import cut, deeds, event_text
from npcbrain.fitting import likely
from npcbrain.recall import recalled_facts
from npcbrain.situation import Action, Decision, Situation

__all__ = [
    "EMOTIONS",
    "AnswerReader",
    "Prompt",
    "answer_grammar",
    "answer_text",
    "last_whole_sentence",
    "render",
]

EMOTIONS = (
    "neutral",
    "happy",
    "sad",
    "angry",
    "afraid",
    "surprised",
    "curious",
    "proud",
    "grateful",
    "suspicious",
    "amused",
    "worried",
)

MAX_FACT_CHARS = 160  # of a fact that is recalled; whole it stands among the facts
SENTENCE_ENDS = ".!?"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in its two parts; the model reads ``prefix + news``.

    Attributes:
        prefix: What rarely changes.
        news: What changes with every event.
        leads: Every way to begin an answer, with the natural logarithm of its odds against talk by
            classical reading alone; two judgements are better than one.
    """

    prefix: str
    news: str
    leads: tuple[tuple[str, float], ...] = ()


def render(situation: Situation) -> Prompt:
    """Writes the prompt of a situation."""
    npc, scene, event = situation.npc, situation.scene, situation.event
    head = [f"{npc.name}, {npc.role}"]
    if npc.traits:
        head.append(", ".join(npc.traits))
    if npc.goal:
        head.append(f"wants to {npc.goal}")
    if npc.facts:
        head.append("knows:")
        head.extend(f"- {fact}" for fact in npc.facts)
    head.append("can:")
    head.extend(f"- {_action_line(action)}" for action in situation.actions)

    news = []
    where = ", ".join(part for part in (scene.place, scene.time) if part)
    if where:
        news.append(f"at {where}")
    if scene.nearby:
        news.append(f"near: {', '.join(scene.nearby)}")
    if situation.memory:
        news.append("remembers:")
        news.extend(f"- {line}" for line in situation.memory)
    text = event_text(event)
    news.append(f"{event.kind} from {event.source}: {text}")
    recalled = recalled_facts(npc.facts, text)
    news.extend(f"recalls: {cut(fact, MAX_FACT_CHARS)}" for fact in recalled)
    weighed = deeds(situation)
    for deed in likely(weighed):
        news.append(" ".join(("fits:", deed.name, *deed.named.values())))
    odds = {deed.name: deed.over_talk for deed in weighed}
    leads = tuple((f" {action.name}\n", odds.get(action.name, 0.0)) for action in situation.actions)
    return Prompt("\n".join(head) + "\n", "\n".join(news) + "\n", leads)


def answer_text(decision: Decision) -> str:
    """The answer a model should give for a decision; the labels of training."""
    lines = (decision.action, *decision.args.values(), decision.emotion, decision.say)
    return "\n".join(f" {line}" for line in lines)


def answer_grammar(actions: Sequence[Action]) -> str:
    """The grammar (Lark syntax, as llguidance reads it) of all legal answers to a situation.

    An action or value that is not in the list cannot be produced; speech is one line that ends
    a sentence.
    """
    rules = [f"start: {' | '.join(f'act{i}' for i in range(len(actions)))}"]
    for i, action in enumerate(actions):
        parts = [_literal(f" {action.name}\n")]
        for values in action.args.values():
            choices = " | ".join(_literal(f" {value}\n") for value in dict.fromkeys(values))
            parts.append(f"({choices})")
        rules.append(f"act{i}: {' '.join(parts)} emotion speech")
    rules.append(f"emotion: {' | '.join(_literal(f' {word}' + chr(10)) for word in EMOTIONS)}")
    rules.append(r"speech: / [^ \n\r\t\x00-\x1f][^\n\r\t\x00-\x1f]*[.!?]/")
    return "\n".join(rules) + "\n"


@dataclass(slots=True)
class AnswerReader:
    """Reads an answer while it is still being written.

    Attributes:
        actions: The legal actions the answer was constrained to.
        action: The chosen action's name once its line is complete, else ``None``.
        args: The arguments whose lines are complete.
        emotion: The emotion once its line is complete, else ``None``.
        say: The speech so far.
        decided: Whether action and all arguments are complete, so that the game may act.
    """

    actions: Sequence[Action]
    action: str | None = None
    args: dict[str, str] = field(default_factory=dict)
    emotion: str | None = None
    say: str = ""
    decided: bool = False
    _chosen: Action | None = None

    def read(self, text: str) -> None:
        """Takes the whole answer text so far (not only what is new)."""
        *lines, last = text.split("\n")
        if not lines:
            return
        if self._chosen is None:
            name = lines[0].removeprefix(" ")
            self._chosen = next((a for a in self.actions if a.name == name), None)
            if self._chosen is None:
                return
            self.action = name
        num_args = len(self._chosen.args)
        names = list(self._chosen.args)
        for arg, line in zip(names, lines[1 : 1 + num_args], strict=False):
            self.args[arg] = line.removeprefix(" ")
        self.decided = len(lines) > num_args
        if len(lines) > num_args + 1:
            self.emotion = lines[num_args + 1].removeprefix(" ")
            self.say = last.removeprefix(" ")

    def decision(self, *, whole: bool) -> Decision | None:
        """The decision read so far, or None before the action is decided.

        Args:
            whole: Whether the model ended the answer itself; otherwise speech is cut back to its
                last whole sentence.
        """
        if not self.decided or self.action is None:
            return None
        say = self.say if whole else last_whole_sentence(self.say)
        return Decision(self.action, dict(self.args), self.emotion or "neutral", say)


def last_whole_sentence(text: str) -> str:
    """``text`` up to its last sentence end, or nothing.

    >>> last_whole_sentence("Five coppers. Break")
    'Five coppers.'
    >>> last_whole_sentence("Five coppers")
    ''
    """
    end = max(text.rfind(mark) for mark in SENTENCE_ENDS)
    return text[: end + 1]


def _action_line(action: Action) -> str:
    if not action.args:
        return action.name
    args = "; ".join(f"{arg}: {' / '.join(values)}" for arg, values in action.args.items())
    return f"{action.name} {args}"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
