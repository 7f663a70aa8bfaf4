"""Blind judging: whoever judges an answer sees what was asked and not who answered.

``lines`` reads files, ``drawing`` picks what is judged and writes the sheets, ``counting`` makes
shares of verdicts. ``python -m tools.distil.judge`` is the command.
"""

from tools.distil.judge.lines import read_answers, read_rows

__all__ = ["read_answers", "read_rows"]
