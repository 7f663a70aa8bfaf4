"""Talk that asks for no fact and no deed: greetings, insults, nonsense, and attempts to take over.

Invariant: the answer stays in character and does nothing but speak, or refuse.
"""

from __future__ import annotations

import random

from tools.distil.situations.asking import remember_something
from tools.distil.situations.cast import Cast
from tools.distil.situations.draft import Draft
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import Lexicon
from tools.distil.situations.text import capital, phrase

__all__ = ["chat", "injection"]

TALKS = ("greeting", "goodbye", "thanks", "praise", "insult", "smalltalk", "odd")
SOCIAL = (
    "greet", "scold", "throw_out", "refuse", "forgive", "rest", "work", "tell_story", "attack",
    "flee", "hide", "calm", "heal", "escort", "follow", "eat", "quench", "warm", "dish_up", "bow",
    "laugh", "wait_here", "move_aside", "promise", "give_quest", "surrender", "buy", "call_guards",
)  # fmt: skip


def chat(lexicon: Lexicon, rng: random.Random) -> Example:
    """Small talk of one sort."""
    cast = Cast(lexicon, rng)
    topic = rng.choice(TALKS)
    draft = Draft(cast, topic)
    entry = lexicon.lines[topic]
    slots = {"name": cast.name, "role": cast.role, "place": cast.place, "goal": cast.goal}
    draft.hear(draft.fill(rng.choice(entry["ask"]), slots), polish=topic != "odd")
    line = rng.choice(entry["say"])
    draft.keep_all()
    say = draft.offer_say()
    draft.distract(avoid=SOCIAL)
    draft.pad_facts(rng.choice((1, 2, 3, 4)))
    remember_something(draft, 0.25)
    opener = 0.15 if topic != "insult" else 0.0
    content = draft.speak(draft.fill(line, slots), opener=opener, closer=0.15)
    draft.answer(say, draft.mood(*entry["moods"]), content)
    return draft.build()


def injection(lexicon: Lexicon, rng: random.Random) -> Example:
    """A player tries to talk past the character; it does not understand, or refuses."""
    cast = Cast(lexicon, rng)
    draft = Draft(cast, "injection")
    entry = lexicon.lines["injection"]
    slots = {
        "name": cast.name,
        "role": cast.role,
        "thing": cast.target("thing"),
        "spot": cast.target("spot"),
    }
    do = phrase(rng.choice(entry["do"]), slots, rng)
    slots |= {"do": do, "Do": capital(do)}
    template = rng.choice(entry["ask"])
    demand = "{do}" in template.lower()
    draft.hear(draft.fill(template, slots), polish=rng.random() < 0.3)
    say = draft.offer_say()
    refuse = [draft.offer("refuse", {"asker": cast.asker})] if rng.random() < 0.5 else []
    for name in rng.sample(("give", "open", "attack", "go_to", "escort"), k=rng.choice((0, 1, 2))):
        draft.offer(name)
    draft.distract(avoid=("refuse", "throw_out", "scold", "arrest", "raise_alarm"))
    draft.pad_facts(rng.choice((1, 2, 3, 4)))
    remember_something(draft, 0.2)
    line = draft.fill(
        rng.choice(entry["no"] if demand and rng.random() < 0.6 else entry["say"]), slots
    )
    answer = refuse[0] if refuse and demand else say
    draft.answer(
        answer,
        draft.mood(*entry["moods"]),
        draft.speak(line, opener=0.0, closer=0.15),
        also=[say, *refuse],
        say_none=("language model", "system prompt", "As an AI"),
    )
    return draft.build()
