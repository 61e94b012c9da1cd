"""What ended a wait, and the arrows of Konata that say so: held against hand-overs that a reader can follow."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from acortex.isa import assemble
from acortex.programs.shipped import FOLDER
from acortex.sim.run import run
from acortex.tools.open.programs import open_source
from acortex.traces import enders as module
from acortex.traces.enders import ENDED, HELD, TAKEN, Ended, Enders, enders
from acortex.traces.endings import BY, SAME, HandOver
from acortex.traces.exporters import export
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind
from acortex.traces.rows.by_time import Row
from acortex.traces.rows.by_time import Rows as RowsByTime

from .conftest import MakeTrace, Rows
from .walked_enders import ShownEnders, Walked, WalkedEnders

TABLE = (
    HandOver("*", "idle", "controller"),
    HandOver("vmm", "buffer empty", "vmm.load", kinds=("latch_load",)),
    HandOver("neurons", "token", "vmm", after=1),
)
EVENTS = [(0, 10, 1, 1, 1, 1, 0, 0, 0), (10, 20, 2, 2, 1, 2, 0, 0, 0), (31, 4, 3, 3, 1, 3, 0, 0, 0)]
WAITS = [(2, 8, 2, 2, 2, 0, 0), (5, 26, 3, 1, 3, 0, 0), (1, 3, 0, 0, 0, 0, 0)]
"""vmm waits for the load that ends in cycle 10, neurons for the frame that ended a cycle before, and one for a bus."""

RELU = """
        .program relu
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        base d1, 1
        loop l0, host
again:  inference l0
        input x, d0
        signal host_in, t0
        await read, t0
        read d0, to=vector
        requant q0, 1
        write d1, source=vector
        signal write, t1
        await host_out, t1
        output y, d1
        signal host_out, t2
        await host_in, t2
        endinference
        next l0, again
        halt
"""


@pytest.fixture
def trace(make_trace: MakeTrace) -> Trace:
    return make_trace(EVENTS, WAITS, handovers=TABLE, summary={"cycles": 35})


def test_a_wait_is_ended_by_the_event_that_its_hand_over_names(trace: Trace) -> None:
    found = [(one.wait.unit, one.wait.end, one.by.unit, one.by.name, one.by.end) for one in enders(trace)]
    assert found == [("vmm", 10, "vmm.load", "latch_load", 10), ("neurons", 31, "vmm", "frame", 30)]


def test_a_part_of_a_run_does_not_say_what_ended_a_wait(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert enders(trace.select(unit="vmm*")) == []
    assert module.MOST_WAITS == 131_072
    for most, found in ((2, 0), (3, 2)):
        monkeypatch.setattr(module, "MOST_WAITS", most)
        assert len(enders(trace)) == found


HOWS = {ENDED: "ended", TAKEN: "taken", HELD: "held"}


def _at_once(trace: Trace) -> list[tuple[Row, Walked | None]]:
    """The waits that last, each with what ended it, as they are found together."""
    found, units = Enders(trace), trace.header.units
    rows = found.walk.rows
    waits = rows.waits()
    by = zip(waits.tolist(), *(column.tolist() for column in found.of(waits)), strict=True)
    return [(rows.row(at), Walked(HOWS[how], units[unit], pc) if how else None) for at, how, unit, pc, _ in by]


def _one_by_one(trace: Trace) -> list[tuple[Row, Walked | None]]:
    """The same as the walk finds it."""
    walked = WalkedEnders(trace)
    return [(wait, walked.ended(wait)) for wait in _waits(trace)]


def _shown(trace: Trace) -> list[Ended]:
    """Those that an event of another unit ended, as the walk finds it, and what the unit began then."""
    walked = ShownEnders(trace)
    found = [(wait, walked.of(wait)) for wait in _waits(trace)]
    return [Ended(wait, by, walked.rows.started(wait.unit, wait.end)) for wait, by in found if by is not None]


def _waits(trace: Trace) -> list[Row]:
    """The waits that last, by unit, start and end."""
    header, names = trace.header, ("unit", "start", "duration", "cause", "pc", "layer", "inference")
    rows = zip(*(trace.waits[name].tolist() for name in names), strict=True)
    return [
        Row(header.units[unit], start, start + duration, False, header.causes[cause], pc, layer, inference)
        for unit, start, duration, cause, pc, layer, inference in sorted(rows, key=lambda row: row[:3])
        if duration
    ]


@pytest.mark.parametrize(
    ("name", "hows"),
    [("conv3x3", {"ended", "held", ""}), ("lstm_step", {"ended", "taken", ""}), ("pipelined_pair", {"taken", "held"})],
)
def test_what_ends_each_wait_of_a_run_is_what_the_walk_finds(name: str, hows: set[str], tmp_path: Path) -> None:
    run(open_source(str(FOLDER / f"{name}.s")), trace=tmp_path / "run.actrace")
    trace = reader.open(tmp_path / "run.actrace")
    found = _at_once(trace)
    assert found == _one_by_one(trace)
    assert enders(trace) == _shown(trace)
    assert hows <= {by.how if by else "" for _, by in found}


LANES = ("controller", "vmm/0", "vmm/1", "buses/0", "buses/1")
TEXTS = ("signal x, t0", "await y, t0", "await y, t1", "")
KINDS = ("sync", "read", "word")
FOR = ("idle", "port", "token")


def _a_run_of_any_chip(draw: random.Random) -> tuple[Rows, Rows]:
    """Events and waits of units without order: short, close together, and often ending together."""
    events: Rows = []
    waits: Rows = []
    for unit in range(len(LANES)):
        cycle = 0
        for _ in range(draw.randrange(40)):
            duration, pc = draw.choice((1, 1, 1, 2, 3)), draw.randrange(-1, len(TEXTS) + 1)
            if draw.random() < 0.5:
                events.append((cycle, duration, unit, draw.randrange(len(KINDS)), 1, pc, 0, 0, 0))
            else:
                duration *= draw.random() < 0.9
                waits.append((cycle, duration, unit, draw.randrange(len(FOR)), pc, 0, 0))
            cycle += draw.choice((duration, duration, duration, duration + 1, 0))
    return events, waits


def _a_table_of_any_chip(draw: random.Random) -> tuple[HandOver, ...]:
    """Hand-overs of a few sorts, many for each wait: the first that fits hides the others."""
    patterns = ("*", "vmm/", "buses/", *LANES)
    sorts = draw.sample(list(BY), 3)
    return tuple(
        HandOver(
            waits=draw.choice(("*", "*", *patterns)),
            cause=draw.choice(FOR),
            ended_by=draw.choice(("", *patterns)),
            by=draw.choice(sorts),
            after=draw.choice((0, 0, 1)),
            delay=draw.choice(("", "", "way")),
            kinds=draw.choice(((), KINDS, (draw.choice(KINDS),))),
            same=draw.choice(list(SAME)),
            route=draw.choice(("", "", "", "vmm/", "!buses/")),
            then=draw.choice(("", "", "", "port", "!token")),
        )
        for _ in range(draw.randrange(10, 30))
    )


def _any_chip(seed: int, make_trace: MakeTrace) -> Trace:
    draw = random.Random(seed)
    changes = {
        "units": LANES,
        "kinds": tuple(EventKind(name, "words", name, "buses") for name in KINDS),
        "causes": FOR,
        "layers": ("-",),
        "lines": tuple(f"a.s:{line}" for line in range(len(TEXTS) + 1)),
        "instructions": (*TEXTS, "halt"),
        "delays": {"way": 1},
        "handovers": _a_table_of_any_chip(draw),
    }
    return make_trace(*_a_run_of_any_chip(draw), summary={"cycles": 200}, **changes)


@pytest.mark.parametrize("seed", range(60))
def test_on_any_chip_what_ends_each_wait_is_what_the_walk_finds(seed: int, make_trace: MakeTrace) -> None:
    trace = _any_chip(seed, make_trace)
    assert _at_once(trace) == _one_by_one(trace)
    assert enders(trace) == _shown(trace)


def test_rows_know_their_units_many_at_once(make_trace: MakeTrace) -> None:
    trace = _any_chip(1, make_trace)
    rows = RowsByTime(trace)
    assert [LANES[unit] for unit in rows.unit_of(rows.waits()).tolist()] == [wait.unit for wait in _waits(trace)]


def test_waits_of_these_chips_end_in_every_way(make_trace: MakeTrace) -> None:
    found = [by for seed in range(20) for _, by in _at_once(_any_chip(seed, make_trace))]
    assert {by.how for by in found if by} == set(HOWS.values())
    assert sum(by is not None for by in found) > len(found) // 20


@pytest.mark.parametrize(
    ("words", "ended"),
    [
        ([(2, 4, 1)], False),
        ([(3, 3, 1)], False),
        ([(1, 5, 1)], True),
        ([(2, 4, 2)], True),
        ([(2, 3, 1)], True),
        ([], True),
    ],
    ids=["own", "own and later", "began before the wait", "of another", "ended before", "none"],
)
def test_a_wait_for_its_own_word_to_cross_a_bus_is_ended_by_no_other(
    words: list[tuple[int, int, int]], ended: bool, make_trace: MakeTrace
) -> None:
    """vmm waits in cycles 2 to 5, behind which a load ends too; the words of a bus say whether that ended the wait."""
    table = (HandOver("vmm", "token", "neurons", by="crossed"), HandOver("vmm", "token", "vmm.load"))
    events = [(0, 6, 1, 1, 1, 3, 0, 0, 0), *((start, length, 3, 3, 1, pc, 0, 0, 0) for start, length, pc in words)]
    trace = make_trace(events, [(2, 4, 2, 1, 1, 0, 0)], handovers=table, summary={"cycles": 9})
    assert [one.by.unit for one in enders(trace)] == ["vmm.load"] * ended
    assert _at_once(trace) == _one_by_one(trace)


@pytest.mark.parametrize(
    ("word", "granted", "ended"),
    [((4, 4), 2, False), ((5, 3), 3, False), ((4, 3), 2, True), ((4, 4), 3, True), ((8, 0), 6, True)],
    ids=["freed", "freed later", "not yet free", "its word before is another", "granted as the wait ends"],
)
def test_a_wait_for_a_lane_that_will_be_free_is_ended_by_no_other(
    word: tuple[int, int], granted: int, ended: bool, make_trace: MakeTrace
) -> None:
    """A word reaches the lane 2 cycles after its grant: that of the word before is an event of the unit that waits."""
    table = (
        HandOver("vmm", "token", "neurons", by="freed", delay="way", kinds=("frame",)),
        HandOver("vmm", "token", "vmm.load"),
    )
    events = [(0, 6, 1, 1, 1, 3, 0, 0, 0), (granted, 1, 2, 2, 1, 1, 0, 0, 0), (*word, 3, 3, 1, 1, 0, 0, 0)]
    wait = (granted + 1, 5 - granted, 2, 1, 1, 0, 0) if granted < 5 else (4, 2, 2, 1, 1, 0, 0)
    trace = make_trace(events, [wait], handovers=table, delays={"way": 2}, summary={"cycles": 9})
    assert [one.by.unit for one in enders(trace)] == ["vmm.load"] * ended
    assert _at_once(trace) == _one_by_one(trace)


def test_a_lane_may_be_free_without_a_delay(make_trace: MakeTrace) -> None:
    """The word before ends with the wait, and began as the unit did what it waits behind."""
    table = (
        HandOver("vmm", "token", "neurons", by="freed", kinds=("frame",)),
        HandOver("vmm", "token", "vmm.load"),
    )
    events = [(0, 6, 1, 1, 1, 3, 0, 0, 0), (2, 1, 2, 2, 1, 1, 0, 0, 0), (2, 4, 3, 3, 1, 1, 0, 0, 0)]
    trace = make_trace(events, [(3, 3, 2, 1, 1, 0, 0)], handovers=table, summary={"cycles": 9})
    assert enders(trace) == []
    assert _at_once(trace) == _one_by_one(trace) == [(_waits(trace)[0], None)]


def test_waits_are_counted_as_they_are_looked_at(trace: Trace) -> None:
    found: list[tuple[int, int]] = []
    walked = Enders(trace)
    walked.of(walked.walk.rows.waits(), lambda done, of: found.append((done, of)))
    assert found == [(0, 3), (1, 3), (2, 3)]


def _arrows(path: Path) -> list[tuple[int, int, int]]:
    """The `W` lines of a log: the cycle, the pc that waited and the pc that ended it, by the rules of the format."""
    pcs: dict[str, int] = {}
    retired: set[str] = set()
    found, now = [], 0
    for command, *fields in (line.split("\t") for line in path.read_text().splitlines()[1:]):
        if command in ("C=", "C"):
            now = int(fields[0]) + (now if command == "C" else 0)
        elif command == "I":
            pcs[fields[0]] = int(fields[1])
        elif command == "W":
            assert fields[0] not in retired and fields[2] == "0"
            found.append((now, pcs[fields[0]], pcs[fields[1]]))
        elif command == "R":
            retired.add(fields[0])
    return found


def test_konata_draws_an_arrow_from_the_instruction_that_ended_a_wait(trace: Trace, tmp_path: Path) -> None:
    export(trace, "konata", tmp_path / "log")
    assert _arrows(tmp_path / "log") == [(10, 2, 1), (31, 3, 2)]


def test_arrows_of_a_part_are_left_out(trace: Trace, tmp_path: Path) -> None:
    export(trace.select(window=(0, 100)), "konata", tmp_path / "log")
    assert _arrows(tmp_path / "log") == []


def test_each_await_of_a_run_has_an_arrow_from_the_signal_of_its_token(tmp_path: Path) -> None:
    program = assemble(RELU)
    run(program, trace=tmp_path / "run.actrace")
    read = reader.open(tmp_path / "run.actrace")
    export(read, "konata", tmp_path / "log")
    texts = read.header.instructions
    pairs = {(texts[waited], texts[by]) for _, waited, by in _arrows(tmp_path / "log")}
    awaits = {(waited, by) for waited, by in pairs if waited.startswith("await")}
    assert ("await host_out, t1", "signal write, t1") in awaits
    assert all(waited.split()[-1] == by.split()[-1] and by.startswith("signal") for waited, by in awaits)
