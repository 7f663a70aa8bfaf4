"""``ChatView``: shows a conversation, live in a terminal, as plain lines elsewhere.

It decides nothing. Invariant: an NPC's words and a persona's name are text, never markup, and hold
no control sequences for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from npcbrain.clock import NS_PER_MS
from npcbrain.plain_text import clean_text

if TYPE_CHECKING:
    from npcbrain.commands.conversation import Turn
    from npcbrain.npcs.npc import Npc
    from npcbrain.report import FrameReport

__all__ = ["ChatView"]

BAR_COLUMNS = 20
PROMPT = "you> "


class ChatView:
    """Reads lines and shows answers.

    Attributes:
        is_live: Whether a person types; else lines are read until they end.
    """

    def __init__(self, console: Console, *, is_live: bool, is_quiet: bool = False) -> None:
        """Shows nothing yet.

        Args:
            console: The console to show it on.
            is_live: Whether it is a terminal, and lines are typed there.
            is_quiet: Whether nothing is shown at all.
        """
        self.is_live = is_live
        self._console = console
        self._is_quiet = is_quiet
        self._live: Live | None = None

    def greet(self, name: str, role: str, budget_ms: float) -> None:
        """Shows who is there."""
        end = " Ctrl+D ends it (on Windows Ctrl+Z and Enter)." if self.is_live else ""
        self._print(f"{name}, {role}, with {budget_ms:g} ms a frame.{end}", "dim")

    def lines(self, lines: Iterator[str]) -> Iterator[str]:
        """The player's lines, typed or else from ``lines``."""
        while True:
            try:
                line = self._console.input(PROMPT) if self.is_live else next(lines)
            except (EOFError, KeyboardInterrupt, StopIteration):
                return
            if line := clean_text(line):
                if not self.is_live:
                    self._print(f"{PROMPT}{line}", "bold")
                yield line

    def frame(self, turn: Turn, npc: Npc, report: FrameReport) -> None:
        """Shows a frame of an answer."""
        if not self.is_live or self._is_quiet:
            return
        if self._live is None:
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        shown = Group(_speech(npc.name, npc.speech), _meter(turn, report))
        self._live.update(shown, refresh=True)

    def answer(self, name: str, turn: Turn) -> None:
        """Shows a whole answer, and who chose it."""
        self.stop()
        decision = turn.decision
        if decision is None or self._is_quiet:
            return
        self._console.print(_speech(name, decision.say))
        self._print(f"  {turn.chosen}, {decision.emotion}", "dim")
        self._print(f"  {_costs(turn)}", "dim")

    def stop(self) -> None:
        """Leaves the terminal as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, text: str, style: str) -> None:
        if not self._is_quiet:
            self._console.print(Text(text, style=style), soft_wrap=not self.is_live)


def _speech(name: str, speech: str) -> Text:
    return Text.assemble((f"{name}: ", "bold"), clean_text(speech))


def _meter(turn: Turn, report: FrameReport) -> Table:
    """The frame's budget, and what it went into."""
    used, budget = report.used_ns / NS_PER_MS, report.budget_ns / NS_PER_MS
    doing = "thinking" if report.num_thinking else "waiting" if report.num_waiting else "choosing"
    told = (
        f"frame {turn.frames}: {used:.1f} of {budget:.1f} ms, trees {_ms(report.trees_ns)}, "
        f"choosing {_ms(report.prompts_ns)}, model {_ms(report.model_ns)} in {report.num_steps} "
        f"steps, {turn.tokens} tokens; {doing}"
    )
    color = "red" if used > budget else "green"
    table = Table.grid(padding=(0, 1))
    table.add_row(
        Bar(max(budget, used), 0, used, width=BAR_COLUMNS, color=color), Text(told, style="dim")
    )
    return table


def _costs(turn: Turn) -> str:
    first = turn.first_word_frames
    return (
        f"{turn.frames} frames, first word after {'-' if first is None else first}; "
        f"choosing {_ms(turn.choosing_ns)} ms, writing {_ms(turn.writing_ns)} ms for "
        f"{turn.tokens} tokens; longest frame {_ms(turn.longest_frame_ns)} ms"
    )


def _ms(time_ns: int) -> str:
    return f"{time_ns / NS_PER_MS:.1f}"
