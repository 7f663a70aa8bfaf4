"""Words nobody has seen: what they mean must be made out from what stands around them."""

from __future__ import annotations

import random

__all__ = ["invent"]

ONSETS = tuple(
    "b br c ch d dr f fr g gl gr h j k kr l m n p pr r s sh sk st t th tr v vr w y z".split()
)
VOWELS = tuple("a e i o u a e i o ai ea ei ie oa ou".split())
CODAS = tuple("b d g k l ld lm m n nd nt r rk rn rs s sk st t th v x".split())
TAILS = tuple("a o en in us ar el ia is or ik an ett ova us ula".split())
# Syllables may spell these by chance.
REAL_WORDS = frozenset(
    "that this than then there them they the what who when where she her his him you your yes sit "
    "dog cat sun son sea see tea pea rat man men kid kill die dead no not nor now for say".split()
)


def invent(rng: random.Random) -> str:
    """A word nobody has seen: one to three syllables, capitalised."""
    word = "".join(
        rng.choice(ONSETS) + rng.choice(VOWELS) + (rng.choice(CODAS) if rng.random() < 0.5 else "")
        for _ in range(rng.choice((1, 2, 2, 2)))
    )
    if len(word) < 7:
        word += rng.choice(("", *CODAS)) if word[-1] in "aeiou" else rng.choice(TAILS)
    return f"{word}ra".capitalize() if word in REAL_WORDS else word.capitalize()
