"""The language spoken with the model: situations become prompts, answers become decisions.

Text only: no tokens, no model. Invariant: what ``answer_text`` writes, the grammar of
``answer_grammar`` accepts and ``AnswerReader`` reads back.

The prompt comes in two parts, so that the first can be computed once and kept. Its structure is
written in marks (``npcbrain.lm.marks``; here ``[knows]``), which no text from outside can hold::

    prefix   Hilda, innkeeper                      who the NPC is, what it knows, what it can do
             grumpy, honest
             wants to fill the inn
             [knows]1 A bed costs five coppers.
             [can] say
             [can] give item: room key / ale; to: player
    news     at the Crooked Inn, night             what changes from one decision to the next
             near: player, the drunk
             [memory] The player paid five coppers.
             [said] The player: One ale.[did] give, ale, player[reply] There, mind the foam.
             [event] speech from player: The key to my room, please.
             [recalls]1 A bed costs five coppers.
             [fits] give room key

with the facts that share the event's words (see ``fact_retrieval``) and the actions that it most
likely calls for (see ``action_priors``) after the event,

and the answer is one line per value, each begun by a space so that a copied word has the same
tokens in the answer as in the prompt::

     give
     room key
     player
     happy
     Here you are. Second door on the left.

The last line may instead be a quote (see ``stock_lines``): ``[quote]1`` says a fact as it stands by
its number, ``[quote] handing over`` names an occasion for which there are lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from npcbrain.lm.marks import CAN, DID, EVENT, FITS, KNOWS, MEMORY, QUOTE, RECALLS, REPLY, SAID
from npcbrain.plain_text import cut_at_word, last_whole_sentence
from npcbrain.prompting.action_priors import deeds, event_text
from npcbrain.prompting.action_ranking import is_talk, likely
from npcbrain.prompting.disarming import disarmed
from npcbrain.prompting.fact_retrieval import recalled_facts
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.prompting.retelling import retold, spoken
from npcbrain.prompting.stock_lines import phrase, quotes
from npcbrain.situation import Action, Decision, Exchange, Profile, Situation

__all__ = [
    "EMOTIONS",
    "AnswerReader",
    "Prompt",
    "answer_grammar",
    "answer_text",
    "grammar",
    "memory_line",
    "quotable",
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

# A quote is one token where words of one's own begin with any of thousands. A student that was
# taught with a quote in a third of what can be quoted needs so much to quote three times in four.
QUOTE_ODDS = 1.0
# What classical reading adds to the facts it recalls, once the model quotes: the best, the next.
FACT_ODDS = (1.5, 0.5)
MAX_FACT_CHARS = 160  # of a fact that is recalled; whole it stands among the facts
NUMBER = re.compile(rf"(?<=[{KNOWS}{RECALLS}])\d+")  # of a fact, after its mark


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in its two parts; the model reads ``prefix + news``.

    Attributes:
        prefix: What rarely changes.
        news: What changes with every event.
        action_prior: Every way to begin an answer, with the natural logarithm of its odds against
            talk by classical reading alone; two judgements are better than one.
        logit_bias: What is added to the logarithm of a quote's odds: of any, and of the facts
            recalled.
    """

    prefix: str
    news: str
    action_prior: tuple[tuple[str, float], ...] = ()
    logit_bias: Mapping[str, float] = field(default_factory=lambda: {QUOTE: QUOTE_ODDS})


def render(
    situation: Situation,
    *,
    reader: Reader | None = STANDARD_READER,
    marks: bool = True,
    known: Collection[str] | None = None,
) -> Prompt:
    """Writes the prompt of a situation.

    Args:
        situation: The situation.
        reader: Classical reading that helps: recalls facts, names deeds that fit, tells an action
            prior; None for a model that goes without.
        marks: Whether the model was taught structure in marks; else it stands in words.
        known: The facts to tell, where not all can be; they keep their numbers.
    """
    if not marks:
        return _in_words(situation, reader, known)
    npc, scene, event = situation.npc, situation.scene, situation.event
    head = [f"{npc.name}, {npc.role}"]
    if npc.traits:
        head.append(", ".join(npc.traits))
    if npc.goal:
        head.append(f"wants to {npc.goal}")
    head.extend(
        f"{KNOWS}{number} {fact}"
        for number, fact in enumerate(npc.facts, 1)
        if known is None or fact in known
    )
    head.extend(f"{CAN} {_action_line(action)}" for action in situation.actions)

    news = []
    where = ", ".join(part for part in (scene.place, scene.time) if part)
    if where:
        news.append(f"at {where}")
    if scene.nearby:
        news.append(f"near: {', '.join(scene.nearby)}")
    news.extend(map(memory_line, situation.memory))
    text = event_text(event)
    news.append(f"{EVENT} {event.kind} from {event.source}: {text}")
    if reader is None:
        return Prompt("\n".join(head) + "\n", "\n".join(news) + "\n")
    recalled = recalled_facts(npc.facts, text)
    logit_bias = {QUOTE: QUOTE_ODDS}
    for fact, value in zip(recalled, FACT_ODDS, strict=False):
        number = npc.facts.index(fact) + 1
        logit_bias[f"{QUOTE}{number}"] = value
        news.append(f"{RECALLS}{number} {cut_at_word(fact, MAX_FACT_CHARS)}")
    weighed = deeds(situation, reader)
    news.extend(" ".join((FITS, deed.name, *deed.named.values())) for deed in likely(weighed))
    over_talk = {deed.name: deed.over_talk for deed in weighed}
    action_prior = tuple(
        (f" {action.name}\n", over_talk.get(action.name, 0.0)) for action in situation.actions
    )
    return Prompt("\n".join(head) + "\n", "\n".join(news) + "\n", action_prior, logit_bias)


def _in_words(situation: Situation, reader: Reader | None, known: Collection[str] | None) -> Prompt:
    """The first format, for models that were taught it: nothing typed holds a title."""
    situation = disarmed(situation)
    marked = render(situation, reader=reader, known=known)
    head = NUMBER.sub("", marked.prefix)
    for mark, title in (KNOWS, "knows:\n"), (CAN, "can:\n"):
        first, found, rest = head.partition(mark)
        head = f"{first}{title}-{rest}".replace(mark, "-") if found else head
    lines = []
    for line in NUMBER.sub("", marked.news).split("\n"):
        if line[:1] in (MEMORY, SAID):
            continue
        if line.startswith(EVENT):
            if situation.memory:
                lines += ["remembers:", *(f"- {memory}" for memory in situation.memory)]
            line = line[2:]
        lines.append(line.replace(RECALLS, "recalls:").replace(FITS, "fits:"))
    return Prompt(head, "\n".join(lines), marked.action_prior, {})


def memory_line(memory: str | Exchange) -> str:
    """A memory as a prompt holds it: what was said is a claim, and what was done is no speech."""
    if isinstance(memory, str):
        return f"{MEMORY} {memory}"
    line = f"{SAID} {memory.who}: {memory.heard}" if memory.who else f"{MEMORY} {memory.heard}"
    if memory.deed:
        line += f"{DID} {memory.deed}"
    return f"{line}{REPLY} {memory.reply}" if memory.reply else line


def answer_text(decision: Decision, texts: Sequence[str] = ()) -> str:
    """The answer a model should give for a decision; the labels of training.

    Args:
        decision: Its ``say`` may be ``QUOTE`` with a fact, a memory or an occasion after it.
        texts: What may be quoted by number, see ``quotable``.
    """
    lines = [decision.action, *decision.args.values(), decision.emotion]
    quoted = decision.say.startswith(QUOTE)
    said = _quote(decision.say[len(QUOTE) :], texts) if quoted else f" {decision.say}"
    return "\n".join([*(f" {line}" for line in lines), said])


def quotable(situation: Situation) -> tuple[str, ...]:
    """What may be quoted by number: facts, and after them memories."""
    return (*situation.npc.facts, *(str(memory) for memory in situation.memory))


def _quote(text: str, texts: Sequence[str]) -> str:
    """How an answer quotes: by a number the model can copy, or an occasion by name."""
    return f"{QUOTE}{texts.index(text) + 1}" if text in texts else f"{QUOTE} {text}"


def grammar(situation: Situation, words: str = "any") -> str:
    """The grammar of all legal answers to a situation; see ``answer_grammar``."""
    return answer_grammar(situation.actions, situation.npc, words=words)


def answer_grammar(
    actions: Sequence[Action], profile: Profile | None = None, *, words: str = "any"
) -> str:
    """The grammar of all legal answers, in Lark syntax as llguidance reads it.

    An action, value or quote that is not in the list cannot be produced; free speech is one line
    that ends a sentence. A mark stands for its token, see ``lm.grammar``.

    Args:
        actions: The legal ones.
        profile: Whose facts and lines may be quoted; nothing is quoted without it.
        words: What may be said: ``"own"`` for free speech alone, ``"quotes"``, or ``"any"``;
            ``"none"`` ends an answer with its action and arguments.
    """
    if profile is None and words != "none":
        words = "own"
    rules = [f"start: {' | '.join(f'act{i}' for i in range(len(actions)))}"]
    for i, action in enumerate(actions):
        parts = [_literal(f" {action.name}\n")]
        for values in action.args.values():
            choices = " | ".join(_literal(f" {value}\n") for value in dict.fromkeys(values))
            parts.append(f"({choices})")
        if words != "none":
            parts += ["emotion", "talk" if is_talk(action) else "aside"]
        rules.append(f"act{i}: {' '.join(parts)}")
    if words == "none":
        return "\n".join(rules) + "\n"
    rules.append(f"emotion: {' | '.join(_literal(f' {word}' + chr(10)) for word in EMOTIONS)}")
    for name, acts in ("talk", False), ("aside", True):
        said = ["free"] * (words != "quotes")
        if profile is not None and words != "own":
            lines = (_quote(text, profile.facts) for text in quotes(profile, acts=acts))
            texts = " | ".join(_literal(line[len(QUOTE) :]) for line in lines)
            said.append(f"{QUOTE} ({texts})")
        rules.append(f"{name}: {' | '.join(said)}")
    rules.append(r"free: / [^ \n\r\t\x00-\x1f][^\n\r\t\x00-\x1f]*[.!?]/")
    return "\n".join(rules) + "\n"


@dataclass(slots=True)
class AnswerReader:
    """Reads an answer while it is still being written.

    Attributes:
        situation: What is answered; an action or a quote is one of its own.
        number: How often this person was asked before; see ``stock_lines.phrase``.
        lines: The person's own lines by occasion.
        action: The chosen action's name once its line is complete, else ``None``.
        args: The arguments whose lines are complete.
        emotion: The emotion once its line is complete, else ``None``.
        say: The speech so far; of a quote, nothing before it is whole.
        decided: Whether action and all arguments are complete, so that the game may act.
    """

    situation: Situation
    number: int = 0
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    action: str | None = None
    args: dict[str, str] = field(default_factory=dict)
    emotion: str | None = None
    say: str = ""
    decided: bool = False
    _chosen: Action | None = None
    _quote: str = ""

    def read(self, text: str) -> None:
        """Takes the whole answer text so far (not only what is new)."""
        *lines, last = text.split("\n")
        if not lines:
            return
        if self._chosen is None:
            name = lines[0].removeprefix(" ")
            self._chosen = next((a for a in self.situation.actions if a.name == name), None)
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
            if last.startswith(QUOTE):
                self._quote = last.removeprefix(QUOTE)
            else:
                self.say = last.removeprefix(" ")

    def decision(self, *, whole: bool) -> Decision | None:
        """The decision read so far, or None before the action is decided.

        Args:
            whole: Whether the model ended the answer itself; otherwise speech is cut back to its
                last whole sentence, and a quote is none.
        """
        if not self.decided or self._chosen is None:
            return None
        emotion, quoted = self.emotion or "neutral", ""
        say = self.say if whole else last_whole_sentence(self.say)
        if self._quote and whole:
            say, quoted = self._quoted(self._quote, emotion)
        return Decision(self._chosen.name, dict(self.args), emotion, say, quoted=quoted)

    def _quoted(self, quote: str, emotion: str) -> tuple[str, str]:
        """The words of a quote, and what is quoted."""
        if quote.isdecimal():
            return self._by_number(int(quote) - 1)
        quote = quote.removeprefix(" ")
        assert self._chosen is not None
        line = phrase(
            quote,
            self.situation,
            emotion=emotion,
            acts=not is_talk(self._chosen),
            number=self.number,
            own=self.lines.get(quote, ()),
        )
        return line, quote

    def _by_number(self, index: int) -> tuple[str, str]:
        situation = self.situation
        facts = situation.npc.facts
        if index < len(facts):
            return spoken(facts[index], situation.npc.name), "fact"
        memory = str(situation.memory[index - len(facts)])
        return retold(memory, situation.npc.name, situation.event.source), "memory"


def _action_line(action: Action) -> str:
    if not action.args:
        return action.name
    args = "; ".join(f"{arg}: {' / '.join(values)}" for arg, values in action.args.items())
    return f"{action.name} {args}"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
