"""A unit of the timed chip: how it spends time, and how an agent takes instructions and works on them.

A unit has a frozen spec (its settings), ports (the channels and other parts that it is wired to), and state. `roles`
says of each attribute which it is; sim/timing/snapshot.py goes by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from types import FunctionType
from typing import Any, ClassVar, Protocol

from acortex.isa.sequencer import Dispatch
from acortex.isa.table import MAKE_TOKEN, ROWS, TAKE_TOKEN
from acortex.sim.timing.channel import Channel, Tokens
from acortex.sim.timing.kernel import CAUSES, IDLE, TOKEN, Alarm, Kernel
from acortex.sim.timing.snapshot import BEGAN, COUNTDOWN, COUNTS, INSTRUCTION, NUMBER, SINCE, TABLE, VALUE, Roles
from acortex.sim.timing.tally import Log, Tally, row_of

Context = tuple[int, int, int, int]
"""What a unit works for: the address, layer and inference of an instruction, and its place in the order of issue."""


@dataclass(frozen=True)
class Ports:
    """What a unit is wired to: a field for each channel or part."""

    def check(self, path: str) -> None:
        """Raises AssertionError for a port of the unit at `path` that leads nowhere."""
        for one in fields(self):
            if getattr(self, one.name) is None and one.default is MISSING:
                raise AssertionError(f"{path}: its port {one.name} is not connected")


class Unit:
    """A unit's time: every cycle of a run is busy, waiting for a named cause, or idle.

    `act` is the only way to spend time: it makes the delay, the event and the count together. `block` names what the
    unit waits for from now on.
    """

    spans: ClassVar[bool] = True
    """Whether a layer is in flight while this unit works for it."""

    causes: ClassVar[frozenset[int]] = frozenset()
    """What this kind of unit can wait for, beside being idle."""

    roles = Roles(
        spec=("path", "number"),
        ports=("_tally", "_log"),
        state={"since": SINCE, "cause": NUMBER},
        sums={"busy": NUMBER, "spent": COUNTS, "first": BEGAN, "last": BEGAN, "context": VALUE, "_done": TABLE},
        derived=("_place", "_counts"),
    )
    __slots__ = roles.names()

    def __init_subclass__(cls, **options: Any) -> None:
        """Gives each kind of unit copies of its own of all that it inherits.

        CPython caches in a function's code where it found attributes, for one class of `self`. A function that ten
        classes share would miss that cache at each call. This alone makes a run a fifth faster.
        """
        super().__init_subclass__(**options)
        for base in cls.__mro__[1:]:
            for name, found in vars(base).items():
                if isinstance(found, FunctionType) and name not in vars(cls):
                    setattr(cls, name, _copied(found))

    def __init__(self, path: str, number: int, tally: Tally) -> None:
        self.path = path
        self.number = number
        self.busy = 0
        self.spent = [0] * len(CAUSES)
        self.since = 0
        self.cause = IDLE
        self.first = -1
        """When the current instruction's first event began, -1 before it."""
        self.last = 0
        """When its last event ended."""
        self.context: Context = (-1, 0, -1, -1)
        """The instruction that the unit works on."""
        self._log: Log | None = None
        self._counts = True
        self._place = 0
        self._tally = tally
        self._done: dict[int, list[int]] = {}

    def act(self, start: int, duration: int, kind: int, count: int) -> None:
        """Spends `duration` cycles from cycle `start` on one event; the wait before it ends there."""
        if start > self.since:
            self.spent[self.cause] += start - self.since
            if self._log is not None and self.cause != IDLE:
                self._log.rows += row_of(self.since, start - self.since, ~self.cause, 0, self._place)
        self.cause = IDLE
        self.last = self.since = start + duration
        if self._log is not None:
            self._log.rows += row_of(start, duration, kind, count, self._place)
            if not self._counts:
                return
        self.busy += duration
        try:
            done = self._done[kind]
            done[0] += 1
            done[1] += count
        except KeyError:
            self._done[kind] = [1, count]
            if self.first < 0:
                self.first = start

    def block(self, now: int, cause: int) -> None:
        """Waits for `cause` from cycle `now`, or from the end of what the unit does."""
        if now > self.since and cause != self.cause:
            self.pause(now)
        self.cause = cause

    def pause(self, until: int) -> None:
        """Spends the time up to cycle `until`, where some is left, on what the unit waits for."""
        if until > self.since:
            self.spent[self.cause] += until - self.since
            if self._log is not None and self.cause != IDLE:
                self._log.rows += row_of(self.since, until - self.since, ~self.cause, 0, self._place)
            self.since = until

    def attach(self, log: Log, counts: bool = True) -> None:
        """From now on writes all that it does into a log; it need not count beside, where all comes from the log."""
        self._log = log
        self._counts = counts
        self._place = log.enter(self.number, self.context)

    def turn_to(self, context: Context) -> None:
        """Begins to work for an instruction."""
        if self._counts:
            self.flush()
        self.context = context
        if self._log is not None:
            self._place = self._log.enter(self.number, context)

    def flush(self) -> None:
        """Books what was done since the last call to the layer and inference of the current instruction."""
        _, layer, inference, serial = self.context
        for kind, (events, count) in self._done.items():
            self._tally.book((kind, layer, inference), events, count)
        if self.spans and self._done:
            done = tuple((kind, count) for kind, (_, count) in self._done.items())
            self._tally.do((self.number, serial), self.first, self.last, done)
        self._done.clear()
        if self.spans and self.first >= 0:
            self._tally.span(layer, inference, self.first, self.last)
        self.first = -1

    def close(self, end: int) -> None:
        """Accounts for what is left of a run that ends at `end`."""
        self.flush()
        self.pause(end)

    def restored(self) -> None:
        """Sets the derived attributes from the state that has just been restored."""
        if self._log is not None:
            self.attach(self._log, self._counts)


def _copied(function: FunctionType) -> FunctionType:
    """The same function with code of its own."""
    code, given = function.__code__.replace(), (function.__name__, function.__defaults__, function.__closure__)
    copy = FunctionType(code, function.__globals__, *given)
    copy.__kwdefaults__, copy.__doc__ = function.__kwdefaults__, function.__doc__
    return copy


@dataclass
class Site:
    """What the units of one chip share."""

    kernel: Kernel
    tally: Tally
    tokens: Tokens
    queue_depth: int
    sync_kind: int


class Skipper(Protocol):
    """What skips events that repeat, as agents notify it; sim/timing/skipping.py has it."""

    def began(self, agent: Agent) -> None:
        """An agent begins an instruction."""

    def stepped(self, agent: Agent) -> None:
        """An agent did an event, and has as many left as it was to look at, or fewer."""

    def passed(self) -> None:
        """The controller has passed the end of a loop."""


class Agent(Unit):
    """A unit that takes instructions from the controller, one after the other, and works on them event by event.

    A kind of agent says what it does in `bind`, `begin`, `missing` and `step`. It waits for one thing at a time: the
    first that is missing, in the order in which `missing` checks.
    """

    executes: ClassVar[tuple[str, ...]] = ()
    """The timings (column `timing` of isa/table.py) of the instructions that it executes, beside signal and await."""

    takes: ClassVar[frozenset[str]] = frozenset({""})
    gives: ClassVar[frozenset[str]] = frozenset({""})
    """The pipes that it is wired to, as the flows of its instructions name them; "" for an instruction without one."""

    needs: ClassVar[tuple[str, ...]] = ()
    """The operands that each of its instructions must have."""

    causes = frozenset({TOKEN})

    roles = Roles(
        spec=("kernel", "_sync_kind"),
        ports=("_tokens", "skipper"),
        state={"current": INSTRUCTION, "remaining": COUNTDOWN},
        derived=("_syncs", "looks_ahead", "look_at", "total", "row", "row_at", "grain"),
        parts=("alarm", "queue"),
    )
    __slots__ = roles.names()

    def __init__(self, site: Site, path: str, rank: int) -> None:
        super().__init__(path, rank, site.tally)
        self.alarm = Alarm(site.kernel, rank, self.wake)
        self.queue: Channel[Dispatch] = Channel(site.queue_depth)
        self.queue.watch(self)
        self.current: Dispatch | None = None
        self.remaining = 0
        """Events, or words, that the current instruction has yet to do."""
        self.kernel = site.kernel
        self._tokens = site.tokens
        self._sync_kind = site.sync_kind
        self._syncs = False
        self.looks_ahead = True
        """Whether it may look ahead from an event's begin to its end: not where another unit could come in between."""
        self.skipper: Skipper | None = None
        self.look_at = -1
        """What is left of the current instruction as the skipper looks next; -1 for never."""
        self.total = 0
        """The events of the current instruction, of an agent at which the skipper looks."""
        self.row = 0
        """The events of a row of the image that the instruction goes over; 0 where it has no rows."""
        self.row_at = 0
        """The events before the first row that is like others."""
        self.grain = 1
        """After how many events of a row what the instruction does may repeat."""

    def bind(self, dispatch: Dispatch) -> None:
        """Sets what follows from an instruction alone, as it becomes the current one or is restored."""

    def begin(self, dispatch: Dispatch) -> None:
        """Begins the current instruction: counts its events, and notifies the units that depend on it."""
        raise AssertionError(f"{self.path} does not define how an instruction begins")

    def missing(self, now: int) -> int:
        """The cause to wait for in cycle `now`, with the agent to be woken when that may be over; else NOTHING."""
        raise AssertionError(f"{self.path} does not define what it waits for")

    def step(self, now: int) -> None:
        """Does the instruction's next event from cycle `now`."""
        raise AssertionError(f"{self.path} does not define what an event does")

    def place(self) -> int:
        """The place of the next event in its row, or among all where there are no rows."""
        done = self.total - self.remaining - self.row_at
        return done % self.row if self.row else done

    def columns(self) -> Sequence[Sequence[int]]:
        """What tells the events of the current instruction apart: a number for each event in each column."""
        return ()

    def wake(self, now: int) -> None:
        """Goes on with the current instruction, or with the next one in the queue."""
        while self.current is not None or self._fetch(now):
            if self._syncs:
                self._sync(now)
                return
            if self.remaining:
                self.work(now)
                return
            self.current = None

    def notify(self, cycle: int) -> None:
        """Goes on from the cycle in which what it lacks will be there, without waiting for that cycle to come."""
        if self.remaining and self.looks_ahead and cycle < self.kernel.limit:
            # The unit may have looked ahead beyond `cycle` before it found something missing: it goes on from there.
            floor = self.alarm.floor
            self.work(floor if cycle < floor else cycle)
        else:
            self.alarm.at(cycle)

    def work(self, now: int) -> None:
        """Does the next event from cycle `now`, and those after it that nothing can come in between; then waits."""
        cause = self.missing(now)
        while not cause:
            self.step(now)
            now = self.since
            # Here looking ahead ends: the next instruction is fetched at its own cycle, for the controller may be late;
            # and an event at the limit or after it would be in the sums of a run that is stopped there.
            if not self.remaining or not self.looks_ahead or now >= self.kernel.limit:
                self.alarm.at(now)
                return
            cause = self.missing(now)
        self.alarm.floor = now  # alarms for cycles that it has already acted in would let it act there twice
        if now > self.since and cause != self.cause:  # as `block`: a call fewer for each wait
            self.pause(now)
        self.cause = cause

    def _fetch(self, now: int) -> bool:
        """Whether there is a next instruction to see; its place in the queue is free from the next cycle."""
        if not self.queue.ready(now, self):
            self.block(now, IDLE)
            return False
        dispatch = self.queue.take()
        self.queue.free(now + 1)
        self.current = dispatch
        self.turn_to((dispatch.pc, dispatch.layer, dispatch.inference, dispatch.serial))
        self._syncs = dispatch.row.timing == SYNC
        if not self._syncs:
            self.bind(dispatch)
            self.begin(dispatch)
            if self.skipper is not None:
                self.skipper.began(self)
        return True

    def settled(self, now: int) -> bool:
        """Whether all that the agent began has ended; if not, the agent is woken when it may have."""
        if now < self.since:
            self.alarm.at(self.since)
            return False
        return True

    def _sync(self, now: int) -> None:
        """Carries out a signal or an await once all before it has ended."""
        dispatch = self.current
        if dispatch is None or not self.settled(now):
            return
        if not SYNCS[dispatch.row.effect](self._tokens.of(dispatch.ops.token), now, self):
            self.block(now, TOKEN)
            return
        self.act(now, 1, self._sync_kind, 1)
        self.alarm.at(now + 1)
        self.current = None

    def restored(self) -> None:
        """Binds the current instruction anew."""
        super().restored()
        if self.current is not None:
            self._syncs = self.current.row.timing == SYNC
            if not self._syncs:
                self.bind(self.current)

    @property
    def waiting(self) -> int:
        """How many instructions are under way or wait in the queue; one whose last event has begun counts as ended."""
        begun = self.current is not None and (self._syncs or self.remaining > 0)
        return begun + len(self.queue)


SYNC = "sync"
"""The timing of the instructions that every agent executes."""


def _signal(token: Channel[None], now: int, agent: Agent) -> bool:
    token.put(now + 1, None, places=0)
    return True


def _await(token: Channel[None], now: int, agent: Agent) -> bool:
    """Whether there was a token to take."""
    if token.ready(now, agent):
        token.take()
        return True
    return False


SYNCS: dict[str, Callable[[Channel[None], int, Agent], bool]] = {MAKE_TOKEN: _signal, TAKE_TOKEN: _await}
"""The function of each effect on a token: it acts in a cycle, and returns whether it could."""

if unbound := {row.effect for row in ROWS if row.timing == SYNC} ^ set(SYNCS):
    raise AssertionError(f"effects that order agents, without a rule or not in the table: {sorted(unbound)}")
