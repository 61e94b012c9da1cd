"""The VMM arrays in time: the latches of the DACs are loaded word by word, then the analog frame runs.

One load per cycle on the whole chip fills the latches of one array. In the published chip a load waits for the end of
the frame before it; with a second set of latches (`overlap_loads`) it runs during that frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from acortex.isa.semantics import moves
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import ROWS
from acortex.sim.chip.groups import GroupTimes as GroupTimes
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.timing.channel import UNBOUNDED, Channel
from acortex.sim.timing.kernel import CAUSE, IDLE, NOTHING, Alarm
from acortex.sim.timing.snapshot import COUNTDOWN, CYCLE, NUMBER, OPERATION, UNIT, VALUE, Roles
from acortex.sim.timing.unit import Agent, Context, Ports, Site, Unit

LOAD, FRAME = KIND["vmm.load"], KIND["vmm.frame"]
SWITCH = "switch"
SWITCHES = {row.mnemonic: KIND[f"vmm.{row.mnemonic}"] for row in ROWS if row.timing == SWITCH}
"""The kind of event of each instruction that switches the bus; one without a kind fails here, by its name."""
VECTORS, LATCHES, WAIT_FRAME = CAUSE["vectors"], CAUSE["latches"], CAUSE["frame"]
WAIT_LOAD, NEURONS = CAUSE["load"], CAUSE["neurons"]


NO_GROUP = GroupTimes(0, 0, 0, 0, 0, (), (), 0)
"""What the VMM holds before its first operation."""


class Operation(NamedTuple):
    """One array operation on its way from the latches to the neurons."""

    group: GroupTimes
    context: Context


@dataclass(frozen=True)
class LoaderPorts(Ports):
    """`vectors` come from the buffer, whose `words` a load frees; `samples` has the order of the loads of `frames`."""

    vectors: Channel[int]
    words: Channel[bool]
    frames: Sequence[Frame]
    samples: Samples


@dataclass(frozen=True)
class LoaderSpec:
    """The groups by number, and the cycles of a switch of the bus."""

    groups: Mapping[int, GroupTimes]
    switch_cycles: int


class Loader(Agent):
    """The agent that takes the VMM's instructions and loads the DAC latches."""

    executes = ("position", SWITCH)
    takes, gives = frozenset({"", "vectors"}), frozenset({"", "sums"})
    needs = ("group",)
    causes = Agent.causes | {VECTORS, LATCHES, WAIT_FRAME}

    roles = Roles(
        spec=("_groups", "_switch_cycles"),
        ports=("_vectors", "_words", "_frames", "_samples"),
        sums={"_macs": NUMBER},
        derived=("_switches", "_lane", "_frame", "_operation"),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, spec: LoaderSpec, ports: LoaderPorts) -> None:
        ports.check(path)
        super().__init__(site, path, rank)
        self._vectors = ports.vectors
        self._words = ports.words
        self._frames = ports.frames
        self._frame = ports.frames[0]
        self._samples = ports.samples
        self._lane = 0
        self._groups = spec.groups
        self._switch_cycles = spec.switch_cycles
        self._switches = False
        self._macs = 0
        """Multiply-accumulates of the current instruction that are not booked yet."""
        self._operation = Operation(NO_GROUP, self.context)

    def bind(self, dispatch: Dispatch) -> None:
        """Chooses the group, and the lane in which its frames run."""
        self._operation = Operation(self._groups[dispatch.group], self.context)
        self._switches = dispatch.row.timing == SWITCH
        if not self._switches:
            self._lane = dispatch.group % len(self._frames)
            self._frame = self._frames[self._lane]

    def begin(self, dispatch: Dispatch) -> None:
        """Begins an operation at each position, or a switch of the bus."""
        self.remaining = 1
        if not self._switches:
            self.remaining = moves(dispatch).given
            self._frame.expect(self.alarm.now, self.remaining, self.context)

    def restored(self) -> None:
        """Announces the loads of the current instruction anew, after those whose frames have yet to run."""
        super().restored()
        for frame in self._frames:
            if len(frame.loaded):
                frame.loading = frame.loaded.last().context
        if self.current is not None and self.remaining and not self._switches:
            self._frame.loading = self.context

    def settled(self, now: int) -> bool:
        """Whether every frame that the agent caused has been sampled."""
        if not self._drained(now):
            self.block(now, WAIT_FRAME)
            return False
        return super().settled(now)

    def _drained(self, now: int) -> bool:
        return all(frame.drained(now, self) for frame in self._frames)

    def missing(self, now: int) -> int:
        """A vector and a set of latches; all frames' end where the bus is switched."""
        if self._switches:
            return NOTHING if self._drained(now) else WAIT_FRAME
        if not self._vectors.ready(now, self):
            return VECTORS
        if not self._frame.loaded.room(now, 1, self):
            return LATCHES
        return NOTHING

    def step(self, now: int) -> None:
        """Loads the next vector's latches, or switches the bus."""
        self.remaining -= 1
        if self._switches:
            self._switch(now)
            return
        group, _ = self._operation
        end = now + group.load
        self.act(now, group.load, LOAD, group.arrays)
        self._words.free(end, self._vectors.take())
        self._vectors.free(end)
        self._frame.loaded.put(end, self._operation)
        if len(self._frames) > 1:
            self._samples.order.put(end, self._lane, places=0)
        self._macs += group.macs

    def flush(self) -> None:
        """Books the instruction's multiply-accumulates, too."""
        if self._macs:
            self._tally.compute(self.context, self._macs)
            self._macs = 0
        super().flush()

    def _switch(self, now: int) -> None:
        assert self.current is not None
        self.act(now, self._switch_cycles, SWITCHES[self.current.row.mnemonic], self._operation.group.segments)


class Samples:
    """The sums of several lanes of frames, as one channel to the neurons: in the order in which they were loaded."""

    roles = Roles(ports=("lanes",), derived=("_last",), parts=("order",))

    def __init__(self, lanes: Sequence[Channel[Operation]]) -> None:
        self.lanes = lanes
        self.order: Channel[int] = Channel(UNBOUNDED)
        """The lane of each load that has not been taken."""
        self._last = 0
        """The lane of the sums that were taken last, for `free` in the same step."""

    def ready(self, now: int, consumer: Agent) -> bool:
        """Whether the next sums can be seen in this cycle; if not, the consumer is woken when they may be."""
        return self.order.ready(now, consumer) and self.lanes[self.order.head()].ready(now, consumer)

    def head(self) -> Operation:
        """The next operation, left where it is."""
        return self.lanes[self.order.head()].head()

    def take(self) -> Operation:
        """The next operation. Its place stays taken until `free`."""
        self._last = self.order.take()
        return self.lanes[self._last].take()

    def free(self, seen: int) -> None:
        """Gives the place back that was taken last."""
        self.lanes[self._last].free(seen)


class Frame(Unit):
    """The analog frame of the group whose latches are loaded; its sums are held until the neurons have sampled them."""

    causes = frozenset({WAIT_LOAD, NEURONS})

    roles = Roles(
        spec=("kernel",),
        state={
            "_held": OPERATION,
            "_expected": COUNTDOWN,
            "_outstanding": COUNTDOWN,
            "_drained_from": CYCLE,
            "_watcher": UNIT,
        },
        sums={"loading": VALUE},
        parts=("alarm", "loaded", "samples"),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int, latches: int) -> None:
        super().__init__(path, rank, site.tally)
        self.alarm = Alarm(site.kernel, rank, self.wake)
        self.kernel = site.kernel
        self.loaded: Channel[Operation] = Channel(latches)
        self.loaded.watch(self)
        self.samples: Channel[Operation] = Channel(1)
        self._held: Operation | None = None
        """The frame that has ended, until the neurons have sampled its sums."""
        self._expected = 0
        """Frames that have yet to begin."""
        self._outstanding = 0
        """Frames that have yet to be sampled."""
        self._drained_from = 0
        """The cycle after that in which the last sums were sampled."""
        self._watcher: Agent | None = None
        """The agent that waits until nothing is outstanding."""
        self.loading = self.context
        """The instruction whose loads it waits for, where it does."""

    def expect(self, now: int, frames: int, context: Context) -> None:
        """Announces frames to come, and the instruction that loads them: from now on the unit waits for its loads."""
        self.loading = context
        self._expected += frames
        self._outstanding += frames
        if self._held is None:
            self.block(now, WAIT_LOAD)

    def drained(self, now: int, watcher: Agent) -> bool:
        """Whether every expected frame has been sampled before this cycle; if not, the watcher is woken when it has."""
        if self._outstanding:
            self._watcher = watcher
        elif now < self._drained_from:
            watcher.alarm.at(self._drained_from)
        else:
            return True
        return False

    def close(self, end: int) -> None:
        """Accounts for what is left; a wait for a load, which no frame ends any more, is that of what is loaded."""
        if self.cause == WAIT_LOAD:
            self.turn_to(self.loading)
        super().close(end)

    def wake(self, now: int) -> None:
        """Hands a frame that has ended to the neurons and runs the next, as long as nothing is missing."""
        while self._held is None or self._sample(now):
            if not self.loaded.ready(now, self):
                self.block(now, WAIT_LOAD if self._expected else IDLE)
                break
            self._run(now)
            now = self.since
            if now >= self.kernel.limit:
                self.alarm.at(now)
                return
        self.alarm.floor = now

    def notify(self, cycle: int) -> None:
        """Goes on from the cycle in which what it lacks will be there, without waiting for that cycle to come."""
        if cycle < self.kernel.limit:
            floor = self.alarm.floor
            self.wake(floor if cycle < floor else cycle)
        else:
            self.alarm.at(cycle)

    def _run(self, now: int) -> None:
        operation = self.loaded.take()
        group, context = operation
        if self.context is not context:
            self.turn_to(context)
        self.act(now, group.frame, FRAME, group.arrays)
        self.loaded.free(self.since)
        self._expected -= 1
        self._held = operation

    def _sample(self, now: int) -> bool:
        if not self.samples.room(now, 1, self):
            self.block(now, NEURONS)
            return False
        self.block(now, IDLE)  # what was waited for is booked to the frame that waited, not to the next
        assert self._held is not None
        self.samples.put(now + 1, self._held)
        self._held = None
        self._outstanding -= 1
        self._drained_from = now + 1
        if self._watcher is not None and not self._outstanding:
            self._watcher.alarm.at(now + 1)
            self._watcher = None
        return True
