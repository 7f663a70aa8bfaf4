"""How the plain interpreter of the tests ticks decorators: the second half of ``Reference``."""

from __future__ import annotations

from typing import Any

from plain_values import Wrong

from npcbrain import tree as bt
from npcbrain.clock import NS_PER_MS
from npcbrain.tree import Status

IDLE, SUCCESS, FAILURE, RUNNING, SKIPPED = Status
KINDS = {bt.LoopInt: int, bt.LoopDouble: float, bt.LoopString: str, bt.LoopBool: bool}


class PlainDecorators:
    """Nodes with one child; what they keep is the ``Reference``'s."""

    def mapped(self, **answers: Status) -> Status:
        return answers.get((status := self.children[0].run()).name, status)

    def tick_Inverter(self, before: Status) -> Status:
        return self.mapped(SUCCESS=FAILURE, FAILURE=SUCCESS)

    def tick_ForceSuccess(self, before: Status) -> Status:
        return self.mapped(FAILURE=SUCCESS)

    def tick_ForceFailure(self, before: Status) -> Status:
        return self.mapped(SUCCESS=FAILURE)

    def tick_KeepRunningUntilFailure(self, before: Status) -> Status:
        return self.mapped(SUCCESS=RUNNING, SKIPPED=RUNNING)

    def tick_turns(self, setting: Any, again: Status, reads_again: bool) -> Status:
        def read() -> int | None:
            count = self.told(setting, int)
            if count is not None and count < -1:
                raise Wrong(count)
            return None if count == -1 else count

        num_turns = read()
        if num_turns is not None and self.place >= num_turns:
            self.place = 0
            return self.end(again)
        while True:
            status = self.children[0].run()
            if status in (RUNNING, SKIPPED):
                return status
            self.children[0].stop()
            if status is not again:
                self.place = 0
                return status
            self.place += 1
            if reads_again:
                num_turns = read()
            if num_turns is None:
                self.place = 0
                return RUNNING
            if self.place >= num_turns:
                self.place = 0
                return status

    def tick_Repeat(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_cycles, SUCCESS, reads_again=False)

    def tick_Retry(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_attempts, FAILURE, reads_again=True)

    def tick_loop(self, before: Status) -> Status:
        if before is not RUNNING:
            self.queue, self.busy = None, False
        if not self.busy:
            if self.queue is None:
                self.queue = list(self.told(self.node.queue, list, KINDS[type(self.node)]))
            if not self.queue:
                return self.node.if_empty
            value = self.queue.pop(0)
            if self.node.key:
                self.board[self.node.key] = value
        status = self.children[0].run()
        self.busy = status is RUNNING
        return FAILURE if status is FAILURE else RUNNING

    tick_LoopInt = tick_LoopDouble = tick_LoopString = tick_LoopBool = tick_loop

    def tick_unless_updated(self, otherwise: Status) -> Status:
        if not self.busy and not self.was_written():
            return otherwise
        status = self.children[0].run()
        self.busy = status is RUNNING
        return status

    def tick_SkipUnlessUpdated(self, before: Status) -> Status:
        return self.tick_unless_updated(SKIPPED)

    def tick_WaitValueUpdate(self, before: Status) -> Status:
        return self.tick_unless_updated(RUNNING)

    def tick_RunOnce(self, before: Status) -> Status:
        if self.answer is None:
            status = self.children[0].run()
            if status in (RUNNING, SKIPPED):
                return status
            self.answer = status
            return status
        return SKIPPED if self.told(self.node.then_skip, bool) else self.answer

    def tick_Precondition(self, before: Status) -> Status:
        if self.children[0].status is not RUNNING and not self.node.fn(self.stage):
            return self.node.otherwise
        return self.children[0].run()

    def tick_Guard(self, before: Status) -> Status:
        if not self.node.fn(self.stage):
            return self.end(FAILURE)
        return self.children[0].run()

    def tick_Timeout(self, before: Status) -> Status:
        if before is RUNNING and self.limit and self.elapsed():
            return self.end(FAILURE)
        status = self.children[0].run()
        if status is RUNNING and (before is not RUNNING or not self.limit):
            self.since, self.limit = self.clock.ns, self.told_ms()
        return status

    def tick_Cooldown(self, before: Status) -> Status:
        if self.stopped_at is not None:
            if self.clock.ns - self.stopped_at < self.node.ms * NS_PER_MS:
                return FAILURE
            self.stopped_at = None
        status = self.children[0].run()
        if status in (SUCCESS, FAILURE) or (status is SKIPPED and self.busy):
            self.stopped_at = self.clock.ns
        self.busy = status is RUNNING
        return status

    def tick_Delay(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since, self.limit = self.clock.ns, self.told_ms()
        return self.children[0].run() if self.elapsed() else RUNNING
