"""Rules about what nobody asks for: they forbid nothing, and have to be read to know it.

A character that has only ever met rules which bite refuses whatever it is asked as soon as it knows
one. Invariant: what an idle rule speaks of is no legal value of any action.
"""

from __future__ import annotations

from tools.distil.situations.cast import WORLD_KEYS
from tools.distil.situations.draft import Draft
from tools.distil.situations.text import bare, phrase

__all__ = ["IDLE", "idle_rule"]

IDLE = 0.4  # of those who grant requests know a rule about something else

# Lines of lexicon.lines that bind one value: topic, key, and what the value is.
RULES = (
    ("gate", "rule_open", "gate"),
    ("gate", "rule_give", "thing"),
    ("gate", "rule_escort", "spot"),
    ("gate", "rule_sell", "goods"),
    ("closed", "fact_open", "gate"),
    ("closed", "fact_escort", "spot"),
    ("closed", "fact_sell", "goods"),
    ("closed", "fact_give", "thing"),
    ("closed", "fact_start", "machine"),
    ("hours", "rule_open", "gate"),
    ("hours", "rule_escort", "spot"),
    ("banned", "rule", "spot"),
)


def idle_rule(draft: Draft) -> None:
    """Adds a fact that rules something out which is not to be had here anyway.

    To be called when all that may be asked for has been offered.
    """
    cast, rng = draft.cast, draft.rng
    offered = {
        bare(value.replace("_", " ")).lower()
        for offer in draft.offers
        for values in offer.args.values()
        for value in values
    }
    for topic, key, domain in rng.sample(RULES, k=len(RULES)):
        known = {*offered, *(bare(value).lower() for value in cast.pool(domain))}
        values = cast.world.lists[WORLD_KEYS[domain]]
        strange = [value for value in values if bare(value).lower() not in known]
        if strange:
            _add(draft, topic, key, {domain: rng.choice(strange)})
            return


def _add(draft: Draft, topic: str, key: str, value: dict[str, str]) -> None:
    cast, rng = draft.cast, draft.rng
    lines = cast.lexicon.lines
    slots = {
        **value,
        "proof": cast.draw("proofs"),
        "B": cast.draw("carried"),
        "S": cast.draw("shut"),
        "F": cast.draw("failings"),
        "H": rng.choice(lines["hours"]["hours"].split(", ")),
        "soldout": rng.choice(lines["closed"]["soldout"]),
        "gone": phrase(rng.choice(lines["closed"]["gone"]), {"P": cast.draw("name")}, rng),
    }
    draft.facts.append(draft.fill(rng.choice(lines[topic][key]), slots))
