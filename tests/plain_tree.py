"""A second interpreter of behaviour trees, written plainly and in another way.

It walks the definitions recursively. It keeps a status in every node and resets children to idle,
as BehaviorTree.CPP does, where the compiled form keeps places and counts.
"""

from __future__ import annotations

from typing import Any

from plain_branches import BRANCHES
from plain_decorators import PlainDecorators
from plain_values import SCRIPTS, PlainBoard, Wrong, needed, plain_take
from tree_puppets import HandClock, Puppet, Stage

from npcbrain import tree as bt
from npcbrain.clock import NS_PER_MS
from npcbrain.tree import Node, Pointer, Status

IDLE, SUCCESS, FAILURE, RUNNING, SKIPPED = Status


class Reference(PlainDecorators):
    """One node of the plain interpreter; ``run`` ticks it, ``stop`` halts it."""

    def __init__(
        self,
        node: Node,
        stage: Stage,
        clock: HandClock,
        nodes: list[Reference],
        board: PlainBoard | None = None,
    ) -> None:
        self.node, self.stage, self.clock = node, stage, clock
        self.board = PlainBoard({}) if board is None else board
        self.status = IDLE
        self.seen = IDLE  # in this tick
        nodes.append(self)
        below = getattr(node, "children", ()) or filter(None, [getattr(node, "child", None)])
        self.children = [Reference(child, stage, clock, nodes, self.board) for child in below]
        self.step = getattr(self, f"tick_{type(node).__name__}")
        self.place = self.skips = 0
        self.busy = False  # whether it waits for a child that is RUNNING
        self.done: dict[int, Status] = {}
        self.answer: Status | None = None
        self.since: int | None = None
        self.limit: float = 0  # ms
        self.stopped_at: int | None = None
        self.looked_at = 0  # in the blackboard's history
        self.queue: list[Any] | None = None
        self.memory: dict[str, Any] = {}

    def run(self) -> Status:
        before = self.status
        self.status = RUNNING  # as it stays if something raises
        self.seen = self.step(before)
        self.status = IDLE if self.seen is SKIPPED else self.seen
        return self.seen

    def stop(self) -> None:
        """Halts and resets to idle; only what is RUNNING notices."""
        if self.status is RUNNING:
            if isinstance(self.node, Puppet):
                self.stage.log.append(f"{self.node.name}#")
            if isinstance(self.node, bt.Task):
                self.node.on_halt(self.stage)
            if isinstance(self.node, bt.Cooldown) and self.busy:
                self.stopped_at = self.clock.ns
            if not isinstance(self.node, bt.SequenceWithMemory):
                self.place = 0
            is_tried = self.busy and not self.memory.get("caught")
            self.done.clear()
            self.since = self.queue = None
            self.busy = False
            self.memory = {}
            self.seen = IDLE
            self.stop_children()
            if is_tried and getattr(self.node, "catch_on_halt", False):
                self.children[-1].run()
                self.children[-1].stop()
        self.status = IDLE

    def stop_children(self) -> None:
        for child in self.children:
            child.stop()

    def end(self, status: Status, *, place: int | None = None) -> Status:
        self.stop_children()
        self.place = self.place if place is None else place
        return status

    def told(self, setting: Any, kind: type, item: type = str) -> Any:
        """A setting, or what its entry holds."""
        if not isinstance(setting, Pointer):
            return setting
        return plain_take(needed(self.board, setting.key), kind, item)

    def told_ms(self) -> float:
        if (ms := self.told(self.node.ms, float)) < 0:
            raise Wrong(ms)
        return ms

    def elapsed(self) -> bool:
        return self.clock.ns - self.since >= self.limit * NS_PER_MS

    # Leaves

    def tick_Puppet(self, before: Status) -> Status:
        self.stage.log.append(self.node.name + ("." if before is RUNNING else "!"))
        return self.stage.answer(self.node.name)

    def tick_Task(self, before: Status) -> Status:
        return self.node.fn(self.stage)

    def tick_Condition(self, before: Status) -> Status:
        return (FAILURE, SUCCESS)[self.node.fn(self.stage)]

    def tick_Call(self, before: Status) -> Status:
        (argument,) = self.node.arguments
        port = argument.port
        self.node.fn(self.stage, self.told(Pointer(argument.key), port.kind, port.item))
        return SUCCESS

    def tick_Wait(self, before: Status) -> Status:
        if before is not RUNNING:
            self.since, self.limit = self.clock.ns, self.told_ms()
            return RUNNING if self.limit else SUCCESS
        return SUCCESS if self.elapsed() else RUNNING

    def tick_SetBlackboard(self, before: Status) -> Status:
        self.board[self.node.key] = self.node.value
        return SUCCESS

    def tick_CopyEntry(self, before: Status) -> Status:
        if self.node.source not in self.board:
            return FAILURE
        self.board[self.node.target] = self.board[self.node.source]
        return SUCCESS

    def tick_UnsetBlackboard(self, before: Status) -> Status:
        self.board.pop(self.node.key, None)
        return SUCCESS

    def tick_RunScript(self, before: Status) -> Status:
        SCRIPTS[self.node.script.text](self.board)
        return SUCCESS

    def was_written(self) -> bool:
        if self.node.key not in self.board:
            return False
        news = self.board.history[self.looked_at :]
        self.looked_at = len(self.board.history)
        return self.node.key in news

    def tick_WasEntryUpdated(self, before: Status) -> Status:
        return SUCCESS if self.was_written() else FAILURE

    # Composites

    def tick_in_order(
        self, before: Status, go_on: Status, keeps_place: bool = False, yields: bool = False
    ) -> Status:
        if before is not RUNNING:
            self.skips = 0
        while self.place < len(self.children):
            child = self.children[self.place]
            began = child.status is IDLE
            status = child.run()
            if status is RUNNING:
                return RUNNING
            if status is SKIPPED:
                self.skips += 1
            elif status is not go_on:
                if not keeps_place:
                    self.place = 0
                return self.end(status)
            self.place += 1
            if status is go_on and yields and began and self.place < len(self.children):
                return RUNNING
        return self.end(SKIPPED if self.skips == len(self.children) else go_on, place=0)

    def tick_Selector(self, before: Status) -> Status:
        return self.tick_in_order(before, FAILURE)

    def tick_Sequence(self, before: Status) -> Status:
        return self.tick_in_order(before, SUCCESS)

    def tick_SequenceWithMemory(self, before: Status) -> Status:
        return self.tick_in_order(before, SUCCESS, keeps_place=True)

    def tick_AsyncSelector(self, before: Status) -> Status:
        return self.tick_in_order(before, FAILURE, yields=True)

    def tick_AsyncSequence(self, before: Status) -> Status:
        return self.tick_in_order(before, SUCCESS, yields=True)

    def tick_reactive(self, go_on: Status) -> Status:
        all_skipped = True
        for child in self.children:
            status = child.run()
            all_skipped = all_skipped and status is SKIPPED
            if status is RUNNING:
                for other in self.children:
                    if other is not child:
                        other.stop()
                return RUNNING
            if status is SKIPPED:
                child.stop()
            elif status is not go_on:
                return self.end(status)
        return self.end(SKIPPED if all_skipped else go_on)

    def tick_ReactiveSelector(self, before: Status) -> Status:
        return self.tick_reactive(FAILURE)

    def tick_ReactiveSequence(self, before: Status) -> Status:
        return self.tick_reactive(SUCCESS)

    def number_of_children(self, setting: Any) -> tuple[int, bool]:
        """How many, and whether they are counted from behind."""
        total = len(self.children)
        count = -1 if setting is None else self.told(setting, int)
        if count > total:
            raise Wrong(count)
        return (max(total + count + 1, 0), True) if count < 0 else (count, False)

    def tick_Parallel(self, before: Status) -> Status:
        need, from_behind = self.number_of_children(self.node.success_count)
        limit, _ = self.number_of_children(self.node.failure_count)
        total, skips = len(self.children), 0
        for number, child in enumerate(self.children):
            if number not in self.done:
                status = child.run()
                if status is SKIPPED:
                    skips += 1
                elif status is not RUNNING:
                    self.done[number] = status
            answers = list(self.done.values())
            good, bad = answers.count(SUCCESS), answers.count(FAILURE)
            if good + (skips if from_behind else 0) >= need:
                self.done.clear()
                return self.end(SUCCESS)
            if bad >= limit or total - bad < need:
                self.done.clear()
                return self.end(FAILURE)
        return SKIPPED if skips == total else RUNNING

    def tick_ParallelAll(self, before: Status) -> Status:
        limit, _ = self.number_of_children(self.node.max_failures)
        skips = 0
        for number, child in enumerate(self.children):
            if number not in self.done:
                status = child.run()
                if status is SKIPPED:
                    skips += 1
                elif status is not RUNNING:
                    self.done[number] = status
        if skips == len(self.children):
            return SKIPPED
        if skips + len(self.done) < len(self.children):
            return RUNNING
        answer = FAILURE if list(self.done.values()).count(FAILURE) >= limit else SUCCESS
        self.done.clear()
        return self.end(answer)

    def tick_Concurrent(self, before: Status) -> Status:
        answers = [child.run() for child in self.children]
        return next((s for s in (RUNNING, FAILURE, SUCCESS) if s in answers), SKIPPED)

    def tick_TryCatch(self, before: Status) -> Status:
        *tried, catch = self.children
        if before is not RUNNING:
            self.skips = 0
            self.memory = {}
        while not self.memory.get("caught") and self.place < len(tried):
            status = tried[self.place].run()
            if status is RUNNING:
                self.busy = True
                return RUNNING
            if status is FAILURE:
                self.stop_children()
                self.memory["caught"] = True
            else:
                self.skips += status is SKIPPED
                self.place += 1
        self.busy = False
        if self.memory.get("caught"):
            if catch.run() is RUNNING:
                return RUNNING
            return self.end(FAILURE, place=0)
        return self.end(SKIPPED if self.skips == len(tried) else SUCCESS, place=0)

    def tick_Branch(self, before: Status) -> Status:
        if before is not RUNNING and self.node.id != "RoundRobin":
            self.memory = {}
        settings = [argument.value for argument in self.node.arguments]
        status = BRANCHES[self.node.id](self, *settings)
        return status if status is RUNNING else self.end(status)

    def tick_IfThenElse(self, before: Status) -> Status:
        if self.place == 0:
            if (asked := self.children[0].run()) in (RUNNING, SKIPPED):
                return asked
            self.place = 1 if asked is SUCCESS else 2
        if self.place == len(self.children):
            return self.end(FAILURE, place=0)
        if (status := self.children[self.place].run()) is RUNNING:
            return RUNNING
        return self.end(status, place=0)

    def tick_WhileDoElse(self, before: Status) -> Status:
        if (asked := self.children[0].run()) is RUNNING:
            return RUNNING
        branch = {SUCCESS: 1, FAILURE: 2, SKIPPED: 3}[asked]
        for number in (1, 2):
            if number != branch and number < len(self.children):
                self.children[number].stop()
        if branch == 3:
            return self.end(SKIPPED)
        status = self.children[branch].run() if branch < len(self.children) else FAILURE
        return RUNNING if status is RUNNING else self.end(status)
