"""The words on the cards: the beginning, the pause, a question to confirm, the ending."""

from __future__ import annotations

from demo_game.drawing import palette
from demo_game.panels.card import Card
from demo_game.panels.tally import Tally
from demo_game.playing.keys import HELP, Keys
from demo_game.playing.settings import Settings
from demo_game.story.ending import Ending, EndingKind
from demo_game.story.mystery import Mystery

__all__ = ["accusation", "beginning", "end", "key_row", "loaded", "pause"]

ACCENTS = {
    EndingKind.JUSTICE: palette.TEAL,
    EndingKind.MERCY: palette.AMBER,
    EndingKind.SILENCE: palette.ROSE,
}


MAX_TOLD = 6  # lines about a loaded game


def beginning(keys: Keys) -> Card:
    """Shown first."""
    return Card(
        "begin",
        "Who took the shrine bell?",
        (
            "Three nights ago the bell vanished from the shrine. Somebody here took it, and in ten"
            " minutes the caravan leaves and takes every trace along.",
            "Talk to people in your own words. Some tell, some keep silent, some send you"
            " elsewhere, and one lies. A gift opens hearts, a blow shuts them, and everybody"
            " remembers.",
            "With two things against somebody you can accuse them before Edda, the guard. Or find"
            " the bell, hang it up again, and let nobody ask.",
        ),
        (
            ("WASD", "walk"),
            (keys.name("talk"), "talk"),
            (keys.name("search"), "search where you stand"),
            ("1 to 9", "give something away"),
            (keys.name("notebook"), "notebook"),
            (keys.name("pause"), "pause, and all keys"),
        ),
        ((keys.name("talk"), "begin"),),
    )


def pause(keys: Keys, settings: Settings) -> Card:
    """Shown while the game waits."""
    state = f"Sound is {'on' if settings.sound else 'off'}, {settings.rate} frames a second."
    helped = tuple((keys.name(what), meaning) for what, meaning in HELP)
    return Card(
        "pause",
        "Pause",
        (state,),
        (("WASD", "walk"), ("1 to 9", "give something away"), *helped),
        (
            (keys.name("save"), "save"),
            (keys.name("load"), "load"),
            (keys.name("new"), "a new village"),
            (keys.name("pause"), "go on"),
        ),
        palette.SLATE,
    )


def loaded(name: str, told: str, keys: Keys) -> Card:
    """Shown when a saved game is back.

    Args:
        name: The slot's name.
        told: Everything that differs from the save, a line each.
        keys: The names of keys.
    """
    lines = tuple(told.splitlines()[:MAX_TOLD])
    return Card(
        "loaded",
        "Welcome back",
        (f"{name}. Everybody is where they were.", *lines),
        (),
        ((keys.name("talk"), "go on"),),
    )


def accusation(story: Mystery, keys: Keys) -> Card:
    """Shown when the guard is about to act."""
    who = story.accused.capitalize()
    against = [note for note in story.journal.notes if note.points_to == story.accused]
    lines = tuple(
        f"{note.who.capitalize() + ' says' if note.who else 'You have seen'}: {note.text}"
        for note in against
    )
    return Card(
        "accuse",
        f"Shall Edda take {who}?",
        ("Nothing can be taken back after this. Against " + who + " speaks:", *lines),
        (),
        ((keys.name("pause"), "wait"), (keys.name("talk"), f"yes, {who} took the bell")),
        palette.ROSE,
    )


def end(ending: Ending, tally: Tally, keys: Keys) -> Card:
    """Shown last."""
    model, tree = tally.sources["model"], tally.sources["tree"]
    longest = max(tally.totals_ms, default=0.0)
    provoked = f", and {tally.num_provoked} that you asked for" if tally.num_provoked else ""
    figures = (
        f"Answers: {model} by the model, {tree} by trees.",
        f"{tally.num_hitches} of {tally.num_frames} frames were late{provoked}; the longest took"
        f" {longest:.0f} ms.",
    )
    return Card(
        "end",
        ending.title,
        (*ending.lines, *figures),
        (),
        ((keys.name("pause"), "stay"), (keys.name("new"), "another village, another thief")),
        ACCENTS[ending.kind],
    )


def key_row(keys: Keys) -> tuple[tuple[str, str], ...]:
    """The row at the foot of the screen."""
    return (
        ("WASD", "walk"),
        (keys.name("talk"), "talk"),
        (keys.name("search"), "search"),
        ("1-9", "give"),
        (f"{keys.name('less')} {keys.name('more')}", "budget"),
        (keys.name("naive"), "naive"),
        (keys.name("crowd"), "crowd"),
        (keys.name("model"), "model"),
        (keys.name("mind"), "mind"),
        (keys.name("pause"), "pause and keys"),
    )
