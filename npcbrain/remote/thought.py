"""A thought that a server writes; see ``npcbrain.npcs.contracts.Thought`` for its attributes.

Invariant: it changes only in ``listen`` and ``drop``, whatever the worker does meanwhile, and never
once it is done.
"""

from __future__ import annotations

from dataclasses import replace

from npcbrain.plain_text import last_whole_sentence
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.reasons import Reason
from npcbrain.remote.desk import Desk, Job, News
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision

__all__ = ["RemoteThought"]


class RemoteThought:
    """An answer that a server is writing."""

    __slots__ = (
        "_desk",
        "_news",
        "choice",
        "decision",
        "done",
        "emotion",
        "job",
        "reason",
        "speech",
    )
    is_still = False  # who has no news is not listened to

    def __init__(self, job: Job, desk: Desk) -> None:
        self.job = job
        self._desk = desk
        self._news = job.news
        self.choice: Decision | None = None
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"

    def listen(self) -> None:
        """Takes in the news that came since the last call."""
        job = self.job
        news = job.news
        if self.done or (news is self._news and not job.is_late):
            return
        self._news = news
        self.choice = news.choice
        self.speech = news.say
        self.emotion = news.emotion
        if news.is_done:
            self._conclude(news, news.reason)
        elif job.is_late:
            self._conclude(news, Reason.EXPIRED)

    def drop(self) -> None:
        """Gives the question up; the worker hangs up, and then servers stop writing."""
        if not self.done:
            self.job.is_over = True
            self._desk.given_up.append(self.job)
            self._fail(Reason.CANCELLED)

    def _conclude(self, news: News, reason: str) -> None:
        """Takes the whole answer, or as much of it as was there when it was cut off."""
        self.job.is_over = True
        choice, extent = news.choice, self.job.extent
        say = news.say if news.is_whole else last_whole_sentence(news.say)
        if choice is None:
            self._fail(reason or Reason.REFUSED)
        elif extent is Extent.DEED and not reason:
            self._fail(Reason.NO_WORDS)  # only the deed was asked for
        elif not say and (reason or not news.is_whole or only_talks(choice)):
            self._fail(reason or Reason.REFUSED)
        else:
            self.done = True
            self.decision = replace(choice, emotion=news.emotion, say=say)
            self.reason = reason
            self.speech = say

    def _fail(self, reason: str) -> None:
        self.done = True
        self.reason = reason
