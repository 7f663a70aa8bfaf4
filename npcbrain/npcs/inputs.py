"""What a game tells an NPC, checked and cleaned: lines, names, scenes, actions, importance.

Functions that return or raise and change nothing. Invariant: text from anywhere comes out
as one clean line, cut to a length that a prompt can bear.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.errors import SituationError, UsageError, fault
from npcbrain.plain_text import clean_text
from npcbrain.situation import MAX_NAME_CHARS, Action, Scene, read_actions

__all__ = ["checked_actions", "checked_importance", "checked_scene", "line_of", "name_of"]

MIN_IMPORTANCE, MAX_IMPORTANCE = 0.001, 1000.0  # beyond, an NPC waits for hours, or all others do
MAX_TEXT_CHARS = 1000  # of an event's text that are kept; the prompt takes 280 of them


def line_of(text: object, what: str, where: str) -> str:
    """What was said or told, on one line.

    Raises:
        UsageError: It is not a string.
    """
    if not isinstance(text, str):
        raise UsageError(fault(what, "be a string", text, where))
    return clean_text(text[:MAX_TEXT_CHARS])


def name_of(text: object, what: str, where: str) -> str:
    """Who caused an event, or of what kind it is; without a colon, behind which speech begins.

    Raises:
        UsageError: It is not a string, or nothing of it but colons can be printed.
    """
    if not isinstance(text, str) or not (name := _name(_cut(text).replace(":", " "))):
        raise UsageError(fault(what, "be a string that is not empty", text, where))
    return name


def checked_scene(scene: object, where: str) -> Scene:
    """A scene with clean names.

    Raises:
        UsageError: It is not a scene, or something in it is not a string.
    """
    if not isinstance(scene, Scene):
        raise UsageError(fault("scene", "be a Scene", scene, where))
    if not isinstance(scene.nearby, list | tuple):  # a string is a list of its letters
        raise UsageError(fault("nearby", "be a list of names", scene.nearby, where))
    for text in (scene.place, scene.time, *scene.nearby):
        if not isinstance(text, str):
            raise UsageError(fault("a scene's text", "be a string", text, where))
    return Scene(_name(scene.place), _name(scene.time), tuple(_name(near) for near in scene.nearby))


def checked_actions(actions: Sequence[Action], where: str) -> tuple[Action, ...]:
    """What an NPC may do.

    Raises:
        UsageError: It is no list, something in it is not an action, or two are of one name.
    """
    if not isinstance(actions, list | tuple):
        raise UsageError(fault("actions", "be a list of Action values", actions, where))
    for action in actions:
        if not isinstance(action, Action):
            raise UsageError(fault("action", "be an Action", action, where))
    try:
        return read_actions([{"name": a.name, "args": a.args} for a in actions], where)
    except SituationError as error:
        raise UsageError(str(error)) from error


def checked_importance(importance: object, where: str) -> float:
    """A share of the model's time.

    Raises:
        UsageError: It is not a number from 0.001 to 1000.
    """
    number = isinstance(importance, int | float) and not isinstance(importance, bool)
    if not number or not MIN_IMPORTANCE <= importance <= MAX_IMPORTANCE:  # type: ignore[operator]
        rule = f"be a number from {MIN_IMPORTANCE:g} to {MAX_IMPORTANCE:g}"
        raise UsageError(fault("importance", rule, importance, where))
    return float(importance)  # type: ignore[arg-type]


def _name(text: str) -> str:
    return clean_text(_cut(text))[:MAX_NAME_CHARS].rstrip()


def _cut(text: str) -> str:
    return text[: 4 * MAX_NAME_CHARS]  # the text may be a book
