"""What came of loading a game: ``LoadReport``.

Plain data for a message box or a log. Invariant: whatever was not as it had been saved is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["LoadReport"]


@dataclass(slots=True)
class LoadReport:
    """A game that was loaded.

    Attributes:
        path: The file that was loaded.
        frame: The number of the next update.
        last_good: Why the newest save could not be read and the one before it was loaded; empty if
            the newest was.
        other_model: Whether it was made with another model, so that questions in flight are asked
            again.
        num_resumed: Answers that go on where they were.
        gone: Names of the save that the game has not added; nothing of them was loaded.
        new: Names that the save does not know; they are as they were.
        notes: Sentences about what does not fit any more and begins anew.
    """

    path: str
    frame: int
    last_good: str = ""
    other_model: bool = False
    num_resumed: int = 0
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """All that is worth telling, a line each; empty if all is as it was saved."""
        lines = []
        if self.last_good:
            lines.append(f"{self.path} was loaded instead of a newer save: {self.last_good}")
        if self.other_model:
            lines.append("it was made with another model: questions in flight are asked again")
        for name in self.gone:
            lines.append(f"npc {name!r} of the save is not in the game")
        for name in self.new:
            lines.append(f"npc {name!r} is not in the save")
        return "\n".join([*lines, *self.notes])
