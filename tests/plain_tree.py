"""A second interpreter of behaviour trees, written plainly and in another way.

It walks the definitions recursively. It keeps a status in every node and resets children to idle,
as BehaviorTree.CPP does, where the compiled form keeps places and counts.
"""

from __future__ import annotations

from tree_puppets import HandClock, Puppet, Stage

from npcbrain import tree as bt
from npcbrain.clock import NS_PER_MS
from npcbrain.tree import Node, Status

IDLE, SUCCESS, FAILURE, RUNNING, _ = Status


class Reference:
    """One node of the plain interpreter; ``run`` ticks it, ``stop`` halts it."""

    def __init__(self, node: Node, stage: Stage, clock: HandClock, nodes: list[Reference]) -> None:
        self.node, self.stage, self.clock = node, stage, clock
        self.status = IDLE
        self.seen = IDLE  # in this tick
        nodes.append(self)
        below = getattr(node, "children", ()) or filter(None, [getattr(node, "child", None)])
        self.children = [Reference(child, stage, clock, nodes) for child in below]
        self.step = getattr(self, f"tick_{type(node).__name__}")
        self.place = 0
        self.done: dict[int, Status] = {}
        self.answer: Status | None = None
        self.since: int | None = None
        self.stopped_at: int | None = None

    def run(self) -> Status:
        before = self.status
        self.status = RUNNING
        self.status = self.seen = self.step(before)
        return self.status

    def stop(self) -> None:
        """Halts and resets to idle; only what is RUNNING notices."""
        if self.status is RUNNING:
            if isinstance(self.node, Puppet):
                self.stage.log.append(f"{self.node.name}#")
            if isinstance(self.node, bt.Action):
                self.node.on_halt(self.stage)
            if isinstance(self.node, bt.Cooldown):
                self.stopped_at = self.clock.ns
            if not isinstance(self.node, bt.SequenceWithMemory):
                self.place = 0
            self.done.clear()
            self.since = None
            self.seen = IDLE
            self.stop_children()
        self.status = IDLE

    def stop_children(self) -> None:
        for child in self.children:
            child.stop()

    def end(self, status: Status) -> Status:
        self.stop_children()
        return status

    def elapsed(self) -> bool:
        return self.clock.ns - self.since >= self.node.ms * NS_PER_MS

    # Leaves

    def tick_Puppet(self, before: Status) -> Status:
        self.stage.log.append(self.node.name + ("." if before is RUNNING else "!"))
        return self.stage.answer(self.node.name)

    def tick_Action(self, before: Status) -> Status:
        return self.node.fn(self.stage)

    def tick_Condition(self, before: Status) -> Status:
        return SUCCESS if self.node.fn(self.stage) else FAILURE

    def tick_Wait(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
            return RUNNING
        return SUCCESS if self.elapsed() else RUNNING

    # Composites

    def tick_in_order(self, go_on: Status, keeps_place: bool = False) -> Status:
        while self.place < len(self.children):
            status = self.children[self.place].run()
            if status is RUNNING:
                return RUNNING
            if status is not go_on:
                if not keeps_place:
                    self.place = 0
                return self.end(status)
            self.place += 1
        self.place = 0
        return self.end(go_on)

    def tick_Selector(self, before: Status) -> Status:
        return self.tick_in_order(FAILURE)

    def tick_Sequence(self, before: Status) -> Status:
        return self.tick_in_order(SUCCESS)

    def tick_SequenceWithMemory(self, before: Status) -> Status:
        return self.tick_in_order(SUCCESS, keeps_place=True)

    def tick_reactive(self, go_on: Status) -> Status:
        for child in self.children:
            status = child.run()
            if status is RUNNING:
                for other in self.children:
                    if other is not child:
                        other.stop()
                return RUNNING
            if status is not go_on:
                return self.end(status)
        return self.end(go_on)

    def tick_ReactiveSelector(self, before: Status) -> Status:
        return self.tick_reactive(FAILURE)

    def tick_ReactiveSequence(self, before: Status) -> Status:
        return self.tick_reactive(SUCCESS)

    def tick_Parallel(self, before: Status) -> Status:
        total = len(self.children)
        need = self.node.success_count or total
        limit = self.node.failure_count or total
        for number, child in enumerate(self.children):
            if number not in self.done:
                status = child.run()
                if status is not RUNNING:
                    self.done[number] = status
            answers = list(self.done.values())
            if answers.count(SUCCESS) >= need:
                self.done.clear()
                return self.end(SUCCESS)
            failures = answers.count(FAILURE)
            if failures >= limit or total - failures < need:
                self.done.clear()
                return self.end(FAILURE)
        return RUNNING

    def tick_Concurrent(self, before: Status) -> Status:
        answers = [child.run() for child in self.children]
        return next((s for s in (RUNNING, FAILURE) if s in answers), SUCCESS)

    def tick_IfThenElse(self, before: Status) -> Status:
        if self.place == 0:
            asked = self.children[0].run()
            if asked is RUNNING:
                return RUNNING
            self.place = 1 if asked is SUCCESS else 2
        if self.place == len(self.children):
            self.place = 0
            return self.end(FAILURE)
        status = self.children[self.place].run()
        if status is RUNNING:
            return RUNNING
        self.place = 0
        return self.end(status)

    def tick_WhileDoElse(self, before: Status) -> Status:
        asked = self.children[0].run()
        if asked is RUNNING:
            return RUNNING
        branch = 1 if asked is SUCCESS else 2
        for number in (1, 2):
            if number != branch and number < len(self.children):
                self.children[number].stop()
        status = self.children[branch].run() if branch < len(self.children) else FAILURE
        return RUNNING if status is RUNNING else self.end(status)

    # Decorators

    def tick_Inverter(self, before: Status) -> Status:
        return {SUCCESS: FAILURE, FAILURE: SUCCESS, RUNNING: RUNNING}[self.children[0].run()]

    def tick_ForceSuccess(self, before: Status) -> Status:
        return RUNNING if self.children[0].run() is RUNNING else SUCCESS

    def tick_ForceFailure(self, before: Status) -> Status:
        return RUNNING if self.children[0].run() is RUNNING else FAILURE

    def tick_KeepRunningUntilFailure(self, before: Status) -> Status:
        return FAILURE if self.children[0].run() is FAILURE else RUNNING

    def tick_turns(self, num_turns: int | None, again: Status) -> Status:
        while True:
            status = self.children[0].run()
            if status is RUNNING:
                return RUNNING
            self.children[0].stop()
            self.place += status is again
            if status is not again or self.place == num_turns:
                self.place = 0
                return status
            if num_turns is None:
                return RUNNING

    def tick_Repeat(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_cycles, SUCCESS)

    def tick_Retry(self, before: Status) -> Status:
        return self.tick_turns(self.node.num_attempts, FAILURE)

    def tick_RunOnce(self, before: Status) -> Status:
        if self.answer is None:
            status = self.children[0].run()
            if status is RUNNING:
                return RUNNING
            self.answer = status
        return self.answer

    def tick_Precondition(self, before: Status) -> Status:
        if self.children[0].status is not RUNNING and not self.node.fn(self.stage):
            return self.node.otherwise
        return self.children[0].run()

    def tick_Guard(self, before: Status) -> Status:
        if not self.node.fn(self.stage):
            return self.end(FAILURE)
        return self.children[0].run()

    def tick_Timeout(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
        elif self.elapsed():
            return self.end(FAILURE)
        return self.children[0].run()

    def tick_Cooldown(self, before: Status) -> Status:
        if self.stopped_at is not None:
            if self.clock.ns - self.stopped_at < self.node.ms * NS_PER_MS:
                return FAILURE
            self.stopped_at = None
        status = self.children[0].run()
        if status is not RUNNING:
            self.stopped_at = self.clock.ns
        return status

    def tick_Delay(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since = self.clock.ns
        return self.children[0].run() if self.elapsed() else RUNNING
