"""``reflex``: answers an event without a model, by classical reading.

It is the tree's answer if there is no time to think. ``action_priors`` finds the action that is
called for, ``fact_retrieval`` the fact that is asked about; a fact is said as it is written.
Invariant: pure; the decision is legal, or there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npcbrain.prompting.action_priors import deeds, event_text, is_spoken
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.fact_retrieval import recalled_facts, split_words
from npcbrain.prompting.retelling import spoken
from npcbrain.prompting.stock_lines import phrase
from npcbrain.situation import Action, Decision, Event, Profile, Scene, Situation

__all__ = ["reflex", "words_for"]

# The words beside a deed, by a word in its name; beside other deeds one obeys or goes on working.
VERBS = {
    "handing over": "give hand serve pour sell pay offer bring deliver fetch lend pass gift",
    "fleeing": "flee run escape hide retreat",
    "fighting back": "fight attack strike hit defend resist",
    "calling help": "call summon help",
    "alarm": "alarm warn ring",
    "leading": "lead guide follow escort show",
    "refusing": "refuse deny decline reject",
}
OCCASION_OF = {verb: occasion for occasion, verbs in VERBS.items() for verb in verbs.split()}


def reflex(situation: Situation) -> Decision | None:
    """The likeliest deed, without words; else the nearest fact, said; else None.

    About 200 us. A deed is not done if it is unclear to whom or with what: an argument that nobody
    mentioned must have only one value, or one that names the speaker.

    >>> from npcbrain.situation import Situation
    >>> situation = Situation.from_dict({
    ...     "npc": {"name": "Hilda", "role": "innkeeper", "facts": ["A bed costs five coppers."]},
    ...     "actions": [{"name": "say"}, {"name": "pour", "args": {"what": ["ale", "milk"]}}],
    ...     "event": {"kind": "speech", "from": "player", "text": "What is a bed?"},
    ... })
    >>> reflex(situation).say
    'A bed costs five coppers.'
    """
    event = situation.event
    weighed = deeds(situation)
    if weighed and weighed[0].over_talk > 0:
        best = weighed[0]
        actions = {action.name: action for action in situation.actions}
        args = _arguments(actions[best.name], best.named, event.source)
        if args is not None:
            return Decision(best.name, args, source="tree")
    talk = next((action for action in situation.actions if is_talk(action)), None)
    facts = _recalled(situation) if talk and is_spoken(event) else []
    said = next(filter(None, (spoken(fact, situation.npc.name) for fact in facts)), "")
    return Decision(talk.name, say=said, source="tree") if talk and said else None


def _recalled(situation: Situation) -> list[str]:
    """The facts that the event asks about, as far as a prompt has room for its text."""
    return recalled_facts(situation.npc.facts, event_text(situation.event))


def words_for(
    deed: Decision,
    event: Event,
    profile: Profile,
    *,
    number: int,
    lines: Mapping[str, Sequence[str]],
) -> str:
    """A line to say beside a deed that fits it.

    One of the persona's own lines for the occasion, or of kind ``deed``; else one of the bank's.

    Args:
        deed: The deed.
        event: The event that it answers.
        profile: The NPC that does it.
        number: Another number gives another line.
        lines: The persona's own, by kind.

    >>> give, ask = Decision("give", {"item": "ale"}), Event("speech", "player", "One ale!")
    >>> words_for(give, ask, Profile("Hilda", "innkeeper"), number=0, lines={})
    'Behold. Exactly what you wanted.'
    """
    names = split_words(deed.action)
    occasion = next((OCCASION_OF[name] for name in names if name in OCCASION_OF), "")
    if not occasion:
        occasion = "obeying" if is_spoken(event) else "work as usual"
    own = lines.get(occasion) or lines.get("deed") or ()
    about = Situation(profile, Scene(), event, ())
    return phrase(occasion, about, emotion="neutral", acts=True, number=number, own=own)


def _arguments(action: Action, named: Mapping[str, str], source: str) -> dict[str, str] | None:
    """A value for each argument; None if one is unclear."""
    args = {}
    for arg, values in action.args.items():
        if arg in named:
            args[arg] = named[arg]
        elif source in values:
            args[arg] = source
        elif len(values) == 1:
            args[arg] = values[0]
        else:
            return None
    return args
