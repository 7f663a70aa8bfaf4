"""Copy and look-up exercises in plain text: what depth pruning damages most, and healing must mend.

Every exercise is a passage whose ending can only be known by finding it earlier in the passage:
names are invented on the spot, and several similar facts stand beside the one that fits.
"""

from __future__ import annotations

import random
from collections.abc import Callable

ONSETS = "b br c ch d dr f fl g gr h j k l m n p pr qu r s sh st t th tr v w z".split()
VOWELS = "a e i o u ae ea ia ou".split()
CODAS = ["", "", "l", "n", "r", "s", "th", "ck", "m", "nd", "rt"]
THINGS = (
    "rope lamp kettle saddle map boat coat hammer bell loaf ring horse drum chair ladder key "
    "barrel blanket knife basket cloak mirror flute crate wheel shovel bottle candle lantern cart"
).split()
COLOURS = "red blue green grey black white yellow brown purple orange silver golden".split()
PLACES = (
    "the old mill|the north gate|the harbour|the market|the chapel|the cellar|the tower|the bridge"
    "|the garden|the library|the stable|the kitchen|the forest|the well|the roof|the third deck"
).split("|")
JOBS = (
    "baker smith guard pilot nurse cook fisher clerk miner singer judge sailor tailor farmer"
).split()
NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty "
    "sixty eighty ninety"
).split()
COINS = "coppers coins credits dollars shillings crowns tokens pieces".split()
HOURS = "dawn noon dusk midnight six seven eight nine ten sunset".split()


def invent_name(rng: random.Random) -> str:
    """A pronounceable name nobody has: ``"Brelka"``, ``"Stouth"``."""
    syllables = rng.choice((1, 2, 2, 3))
    name = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables))
    return (name + rng.choice(CODAS)).capitalize()


def _facts(rng: random.Random, count: int) -> list[tuple[str, str, str]]:
    """(statement, question, answer) triples of one kind, so that only the details differ."""
    names = [invent_name(rng) for _ in range(count)]
    things = rng.sample(THINGS, count)
    kinds: list[Callable[[int], tuple[str, str, str]]] = []

    def price(i: int) -> tuple[str, str, str]:
        cost = f"{rng.choice(NUMBERS)} {coin}"
        return (
            f"The {things[i]} costs {cost}.",
            f"How much is the {things[i]}?",
            f"The {things[i]} costs {cost}.",
        )

    def owner(i: int) -> tuple[str, str, str]:
        return (
            f"The {things[i]} belongs to {names[i]}.",
            f"Whose {things[i]} is this?",
            f"The {things[i]} belongs to {names[i]}.",
        )

    def place(i: int) -> tuple[str, str, str]:
        where = rng.choice(PLACES)
        return f"{names[i]} is at {where}.", f"Where is {names[i]}?", f"{names[i]} is at {where}."

    def job(i: int) -> tuple[str, str, str]:
        work = rng.choice(JOBS)
        return f"{names[i]} is the {work}.", f"Who is {names[i]}?", f"{names[i]} is the {work}."

    def colour(i: int) -> tuple[str, str, str]:
        shade = rng.choice(COLOURS)
        return (
            f"The {things[i]} is {shade}.",
            f"What colour is the {things[i]}?",
            f"The {things[i]} is {shade}.",
        )

    def hour(i: int) -> tuple[str, str, str]:
        when = rng.choice(HOURS)
        return (
            f"{names[i]} leaves at {when}.",
            f"When does {names[i]} leave?",
            f"{names[i]} leaves at {when}.",
        )

    coin = rng.choice(COINS)
    kinds = [price, owner, place, job, colour, hour]
    kind = rng.choice(kinds)
    return [kind(i) for i in range(count)]


def look_up(rng: random.Random) -> str:
    """Several similar facts, then questions about them, answered."""
    facts = _facts(rng, rng.randint(2, 6))
    asked = rng.sample(facts, min(len(facts), rng.randint(1, 3)))
    style = rng.choice(("list", "prose"))
    told = (
        "\n".join(f"- {s}" for s, _, _ in facts)
        if style == "list"
        else " ".join(s for s, _, _ in facts)
    )
    lines = [f"{question}\n {answer}" for _, question, answer in asked]
    return f"knows:\n{told}\n" + "\n".join(lines)


def repeat(rng: random.Random) -> str:
    """A list of invented names and things, said twice."""
    items = [rng.choice((invent_name(rng), rng.choice(THINGS))) for _ in range(rng.randint(3, 8))]
    line = ", ".join(items)
    return f"near: {line}\n near: {line}"


def choose(rng: random.Random) -> str:
    """A list of options, a request for one, and the option."""
    things = rng.sample(THINGS, rng.randint(2, 5))
    options = [f"{rng.choice(COLOURS)} {thing}" for thing in things]
    wanted = rng.choice(options)
    name = invent_name(rng)
    asks = rng.choice(
        ("I want the {}.", "Give me the {}, please.", "The {} for me.", "Could I have the {}?")
    )
    listed, asked = " / ".join(options), asks.format(wanted)
    return f"can:\n- give item: {listed}\nspeech from {name}: {asked}\n give\n {wanted}"


def exercise(rng: random.Random) -> str:
    """One passage of any kind."""
    return rng.choice((look_up, look_up, look_up, repeat, choose))(rng)
