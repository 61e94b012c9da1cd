"""What units do in a cycle, and what lies between them: of a chip in time, without values."""

from __future__ import annotations

from collections.abc import Iterator

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch
from acortex.isa.table import MAKE_TOKEN, TAKE_TOKEN
from acortex.sim.debug.results import (
    ChannelState,
    Loop,
    Place,
    QueueState,
    Registers,
    TokenState,
    UnitState,
)
from acortex.sim.debug.timeline import View
from acortex.sim.timing.array import WAIT_LOAD, Frame
from acortex.sim.timing.channel import AnyChannel, Channel
from acortex.sim.timing.deadlock import SETTINGS, Stuck, pending, plain
from acortex.sim.timing.handovers import BUS, CAUSES
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.paths import FRAME
from acortex.sim.timing.probe import Rows
from acortex.sim.timing.unit import SYNC, Agent, Unit

GRANT = "grant"

BETWEEN = ("vectors", *(name for name in SETTINGS if name != "vectors"))
"""The channels between units, by their names in docs/timing.md; those of each lane of frames stand beside them."""

OF_FRAMES = {"loaded": "latches", "samples": "samples"}
"""The channels of a lane of frames: as its parts are called, and as they are shown."""


def place_of(program: Program, pc: int, layer: int = 0, inference: int = -1) -> Place:
    """An instruction of a program, for a layer (0 for none, else one more than its index) of an inference."""
    line = program.lines[pc]
    return Place(pc, line.file, line.number, plain(line), program.layers[layer - 1] if layer > 0 else "", inference)


def dispatched(program: Program, dispatch: Dispatch) -> Place:
    """The place of an instruction that has been issued."""
    return place_of(program, dispatch.pc, dispatch.layer, dispatch.inference)


def under_way(agent: Agent) -> Iterator[tuple[Dispatch, int | None]]:
    """The instructions that an agent has yet to end; of the first how many events are left, None for all of others."""
    for dispatch in pending(agent):
        if dispatch is not agent.current:
            yield dispatch, None
        elif dispatch.row.timing == SYNC or agent.remaining:
            yield dispatch, max(agent.remaining, 1)


def channels(view: View) -> dict[str, AnyChannel]:
    """The channels between units by their names."""
    parts = view.chip.parts()
    found = {name: part for name in BETWEEN if isinstance(part := parts[name], Channel)}
    for path, part in parts.items():
        unit, _, name = path.rpartition(".")
        if unit.startswith(FRAME) and isinstance(part, Channel):
            found[f"{OF_FRAMES[name]}{unit.removeprefix(FRAME)}"] = part
    return found


def channel_state(name: str, channel: AnyChannel, cycle: int) -> ChannelState:
    """A channel in a cycle."""
    stamps = channel.stamps()
    there = channel.seen(cycle)
    return ChannelState(name, channel.capacity, channel.taken(cycle), there, tuple(stamps[there:]))


# Units ----------------------------------------------------------------------------------------------------------------


def units(program: Program, view: View) -> tuple[UnitState, ...]:
    """What every unit does."""
    chip = view.chip
    held = {name: channel.capacity for name, channel in channels(view).items()}
    stuck = Stuck(chip.units, chip.agents, view.sequencer, held)
    return tuple(_unit(program, view, unit, stuck) for unit in chip.units)


def _unit(program: Program, view: View, unit: Unit, stuck: Stuck) -> UnitState:
    cycle, left = view.cycle, unit.remaining if isinstance(unit, Agent) else 0
    context = unit.loading if isinstance(unit, Frame) and unit.cause == WAIT_LOAD else unit.context
    place = _place(program, *context[:3])
    if unit.path.startswith(BUS):
        return _lane(program, view, unit)
    if unit.last > cycle:
        begun = _events(view, unit)[:, -1:]  # it may have taken its next instruction, in the last event of this one
        doing = _place(program, *begun[2:, 0].tolist()) if begun.size else place
        return UnitState(unit.path, "busy", unit.last, place=doing, left=left if doing == place else 0)
    if unit.cause != IDLE:
        if unit.since > cycle:  # its request is made, and the arbiter has yet to see it
            return UnitState(unit.path, "waits", unit.last, GRANT, "the arbiter of main memory", place=place, left=left)
        wait = stuck.wait(unit)
        return UnitState(unit.path, "waits", unit.since, CAUSES[unit.cause], wait.what, wait.of, place, left)
    if _goes_on(view, unit):
        return UnitState(unit.path, "goes on", cycle, place=place if left else None, left=left)
    return UnitState(unit.path, "idle", unit.since)


def _place(program: Program, pc: int, layer: int, inference: int) -> Place | None:
    """The instruction of an event or a wait; None where it is of none."""
    return place_of(program, pc, layer, inference) if pc >= 0 else None


def _events(view: View, unit: Unit) -> Rows:
    """The events of a unit that led to the view, as far as they are kept."""
    return view.events[:, view.events[1] == unit.number]


def _lane(program: Program, view: View, unit: Unit) -> UnitState:
    """What a lane of a bus does: words that were granted have turns ahead, in which it is busy, and idle between."""
    takes = view.chip.chip.buses.word_cycles
    of_lane = _events(view, unit)
    on_it = of_lane[:, (of_lane[0] <= view.cycle) & (of_lane[0] > view.cycle - takes)]
    if not on_it.size:
        return UnitState(unit.path, "idle", unit.since)
    start, _, pc, layer, inference = on_it[:, -1].tolist()
    return UnitState(unit.path, "busy", start + takes, place=place_of(program, pc, layer, inference))


def _goes_on(view: View, unit: Unit) -> bool:
    """Whether a unit looks in this cycle for what it does next, and has something to do."""
    if isinstance(unit, Agent):
        return unit.alarm.due == view.cycle and unit.waiting > 0
    alarm = getattr(unit, "alarm", None)
    return alarm is not None and alarm.due == view.cycle and view.sequencer.state != "halted"


# Queues, tokens, registers --------------------------------------------------------------------------------------------


def has_room(view: View) -> bool:
    """Whether the queue of the agent that the next instruction is for has room: the controller's own need none."""
    agent = view.chip.agents.get(view.sequencer.agent())
    return agent is None or agent.queue.taken(view.cycle) < agent.queue.capacity


def channel_states(view: View) -> tuple[ChannelState, ...]:
    """The channels between units."""
    return tuple(channel_state(name, channel, view.cycle) for name, channel in channels(view).items())


def queues(program: Program, view: View) -> tuple[QueueState, ...]:
    """The queues of the agents."""
    found = []
    for agent in view.chip.agents.values():
        current, left, waiting = None, 0, []
        for dispatch, events in under_way(agent):
            if events is None:
                waiting.append(dispatched(program, dispatch))
            else:
                current, left = dispatched(program, dispatch), events
        found.append(QueueState(agent.path, agent.queue.capacity, current, left, tuple(waiting)))
    return tuple(found)


def tokens(program: Program, view: View) -> tuple[TokenState, ...]:
    """The tokens that are there or on their way, and those that an instruction under way is about."""
    made: dict[int, list[Place]] = {}
    awaited: dict[int, list[str]] = {}
    for agent in view.chip.agents.values():
        for dispatch, _ in under_way(agent):
            if dispatch.row.effect == MAKE_TOKEN:
                made.setdefault(dispatch.ops.token, []).append(dispatched(program, dispatch))
            elif dispatch.row.effect == TAKE_TOKEN:
                awaited.setdefault(dispatch.ops.token, []).append(agent.path)
    held = view.chip.tokens
    numbers = sorted({*made, *awaited, *held.left()})
    return tuple(
        TokenState(
            number,
            held.of(number).seen(view.cycle),
            tuple(seen for seen in held.of(number).stamps() if seen > view.cycle),
            tuple(awaited.get(number, ())),
            tuple(made.get(number, ())),
        )
        for number in numbers
    )


def registers(program: Program, view: View) -> Registers:
    """The controller's registers after the last instruction that was issued."""
    found = view.sequencer
    loops = (Loop(number, turn, found.bound(number)) for number, turn in enumerate(found.counts) if turn >= 0)
    layer = program.layers[found.layer - 1] if found.layer else ""
    return Registers(
        found.pc,
        layer,
        found.inference,
        tuple(loops),
        tuple(sorted(found.streams.items())),
        tuple(sorted(found.quantisers.items())),
        tuple(sorted(found.windows.items())),
    )
