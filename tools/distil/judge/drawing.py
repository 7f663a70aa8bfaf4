"""What is judged: which situations, whose answers, in what order, and how a judge sees them.

Invariant: a sheet says nothing of who answered, and the situations picked depend on the scenarios,
the count and the seed alone, so that whoever answers later is judged on the same ones.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from npcbrain.commands.scenarios import Scenario
from npcbrain.errors import UsageError, fault
from npcbrain.situation import Action, Decision, Situation

__all__ = ["QUESTIONS", "Item", "deal", "pick", "sheet_text", "write_sheets"]

MAX_SITUATIONS = 60  # of one sheet; a judge who reads more at once grows lenient or careless

QUESTIONS = """\
You judge answers of characters in games, as a player would who has just met them. Each item below
is one situation and one answer to it: what the character does, how it feels and what it says. Who
answered is not told, and the items are in no order; a situation may come again with another answer.
Judge each item by itself, by what stands in it.

Answer four questions about each item, each with true or false:

- "english": Is what it says sensible English? False if it is broken or garbled, says nothing that
  makes sense, goes in circles or has no words at all. Dialect, slang, fragments and the noises that
  such a creature makes are English enough.
- "answers": Do deed and words answer what was said or happened? False if they are about something
  else, dodge what could simply be told, ignore what had to be acted on, or do what nobody asked
  for. To refuse, to ask back, or not to know what the character cannot know is an answer.
- "true": Does it agree with the facts, the memory and its own deed? False if it contradicts one of
  them, breaks a rule that stands among the facts, makes up a price, a name, a place or an event
  that matters, or tells of a deed that is not the one it does. Colour that changes nothing is free.
- "character": Would this character say and do it? False if the voice is another's, if it speaks as
  the player or as a program, knows what its world does not, or goes against its traits or its goal
  without need. A plain line that anybody in its place might say is true.

Be strict and fair. A plain, fitting answer is four times true: wit and length earn nothing, and
whether you would have written something else does not matter. What would make a player frown is
false under the question that it breaks, and only there.

Write one line of JSON for each item of this sheet, with its number, and nothing else:

{"item": 17, "english": true, "answers": true, "true": false, "character": true}
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One answer to be judged, and whose it is.

    Attributes:
        number: What the sheet calls it; its place in the shuffled order, so it tells nothing.
        scenario: What was asked.
        decision: The answer.
        systems: All who gave this very answer.
    """

    number: int
    scenario: Scenario
    decision: Decision
    systems: tuple[str, ...]


def pick(scenarios: Sequence[Scenario], count: int, seed: int) -> list[Scenario]:
    """``count`` of the scenarios, from each category as many as from any other while they last.

    Raises:
        UsageError: There are fewer, or two have the same id.
    """
    if not 1 <= count <= len(scenarios):
        raise UsageError(fault("--count", f"be from 1 to {len(scenarios)}", count, "pick()"))
    rng = random.Random(f"situations-{seed}")
    piles: dict[str, dict[str, Scenario]] = {}
    for scenario in scenarios:
        pile = piles.setdefault(scenario.category, {})
        if scenario.id in pile:
            raise UsageError(fault("id", "come once in a file", scenario.id, "the scenarios"))
        pile[scenario.id] = scenario
    decks = [list(pile.values()) for _, pile in sorted(piles.items())]
    for deck in decks:
        rng.shuffle(deck)
    rng.shuffle(decks)  # which categories get one more where the count does not divide
    turns = range(max(map(len, decks)))
    chosen = [deck[turn] for turn in turns for deck in decks if turn < len(deck)][:count]
    rng.shuffle(chosen)
    return chosen


def deal(
    chosen: Sequence[Scenario], answers: Mapping[str, Mapping[str, Decision]], seed: int
) -> list[list[Item]]:
    """The items of each sheet: everybody's answers to some of the situations, shuffled together.

    Args:
        chosen: What was picked.
        answers: Each system's answers by scenario id.
        seed: Of the order.

    Raises:
        UsageError: A system left a situation unanswered.
    """
    rng = random.Random(f"order-{seed}")
    num_sheets = -(-len(chosen) // MAX_SITUATIONS)
    bounds = [len(chosen) * sheet // num_sheets for sheet in range(num_sheets + 1)]
    sheets: list[list[Item]] = []
    number = 0
    for start, end in pairwise(bounds):
        found = [item for scenario in chosen[start:end] for item in _items(scenario, answers)]
        sheet = []
        for item in _apart(found, rng):
            number += 1
            sheet.append(Item(number, item.scenario, item.decision, item.systems))
        sheets.append(sheet)
    return sheets


def sheet_text(number: int, items: Sequence[Item]) -> str:
    """A sheet as a judge gets it: the questions, then the items."""
    parts = [f"# Sheet {number}\n\n{QUESTIONS}"]
    parts.extend(
        f"## Item {item.number}\n\n{_told(item.scenario.situation)}\n\n{_answered(item.decision)}\n"
        for item in items
    )
    return "\n".join(parts)


def write_sheets(sheets: Sequence[Sequence[Item]], folder: Path) -> None:
    """Writes ``sheet_01.md`` and so on, and the key to them.

    Raises:
        UsageError: The folder holds sheets already (verdicts on those would be counted by this
            key), or cannot be written.
    """
    if (folder / "key.json").exists() or any(folder.glob("sheet_*.md")):
        advice = "name another folder"
        raise UsageError(fault("--out", "hold no sheets yet", "sheets", str(folder), advice))
    key = {
        str(item.number): {
            "id": item.scenario.id,
            "category": item.scenario.category,
            "systems": list(item.systems),
        }
        for items in sheets
        for item in items
    }
    texts = {f"sheet_{n:02}.md": sheet_text(n, items) for n, items in enumerate(sheets, 1)}
    texts["key.json"] = json.dumps(key, indent=1, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(fault("--out", "be writable", error.strerror, str(folder))) from error


def _items(scenario: Scenario, answers: Mapping[str, Mapping[str, Decision]]) -> list[Item]:
    """The different answers to a situation, not yet numbered."""
    same: dict[tuple[object, ...], list[str]] = {}
    told: dict[tuple[object, ...], Decision] = {}
    for system, given in answers.items():
        decision = given.get(scenario.id)
        if decision is None:
            rule = f"answer {scenario.id}"
            raise UsageError(fault(system, rule, None, "--answers", "answer all scenarios"))
        seen = (decision.action, *sorted(decision.args.items()), decision.emotion, decision.say)
        same.setdefault(seen, []).append(system)
        told[seen] = decision
    return [Item(0, scenario, told[seen], tuple(systems)) for seen, systems in same.items()]


def _apart(items: Sequence[Item], rng: random.Random) -> list[Item]:
    """The items shuffled, no two neighbours of the same situation if that can be helped."""
    order = list(items)
    rng.shuffle(order)

    def stands_apart(at: int) -> bool:
        name = order[at].scenario.id
        near = order[max(0, at - 1) : at] + order[at + 1 : at + 2]
        return all(other.scenario.id != name for other in near)

    for here in range(1, len(order)):
        if order[here].scenario.id != order[here - 1].scenario.id:
            continue
        for there in rng.sample(range(len(order)), k=len(order)):
            order[here], order[there] = order[there], order[here]
            if stands_apart(here) and stands_apart(there):
                break
            order[here], order[there] = order[there], order[here]
    return order


def _told(situation: Situation) -> str:
    """A situation as a human reads it."""
    npc, scene, event = situation.npc, situation.scene, situation.event
    lines = [f"**{npc.name}, {npc.role}**"]
    if npc.traits:
        lines.append(f"Traits: {', '.join(npc.traits)}")
    if npc.goal:
        lines.append(f"Wants to {npc.goal}")
    where = ", ".join(part for part in (scene.place, scene.time) if part)
    if where:
        lines.append(f"Where and when: {where}")
    if scene.nearby:
        lines.append(f"Near: {', '.join(scene.nearby)}")
    lists = {
        "Knows": npc.facts,
        "Can": [_offered(action) for action in situation.actions],
        "Remembers": [str(line) for line in situation.memory],
    }
    blocks = ["  \n".join(lines)]  # two spaces: Markdown ends the line there
    blocks.extend(
        "\n".join((f"{title}:\n", *(f"- {text}" for text in texts)))
        for title, texts in lists.items()
        if texts
    )
    if event.kind == "speech":
        blocks.append(f"**Now {event.source} says:** {event.text}")
    else:
        blocks.append(f"**Now happens ({event.kind}, {event.source}):** {event.text}")
    return "\n\n".join(blocks)


def _answered(decision: Decision) -> str:
    """An answer as a human reads it."""
    values = "".join(f", {arg}: {value}" for arg, value in decision.args.items())
    lines = (
        "**The answer**",
        f"Does: {decision.action}{values}",
        f"Feels: {decision.emotion}",
        f"Says: {decision.say or '(nothing)'}",
    )
    return "  \n".join(lines)


def _offered(action: Action) -> str:
    if not action.args:
        return action.name
    args = "; ".join(f"{arg}: {' / '.join(values)}" for arg, values in action.args.items())
    return f"{action.name}, {args}"
