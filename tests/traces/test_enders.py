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
from acortex.traces.enders import ENDED, HELD, TAKEN, Enders, enders
from acortex.traces.endings import BY, SAME, HandOver
from acortex.traces.exporters import export
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind

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
    monkeypatch.setattr(module, "MOST_WAITS", 2)
    assert enders(trace) == []


HOWS = {ENDED: "ended", TAKEN: "taken", HELD: "held"}


def _held_to_the_walk(trace: Trace) -> list[str]:
    """Asserts that what ended each wait is what the walk finds, one after another; returns how they ended."""
    found, walked, shown = Enders(trace), WalkedEnders(trace), ShownEnders(trace)
    waits = found.walk.rows.waits()
    assert len(waits) == sum(duration > 0 for duration in trace.waits["duration"].tolist())
    hows = []
    for at, how, unit, pc, _ in zip(waits.tolist(), *(column.tolist() for column in found.of(waits)), strict=True):
        wait = walked.rows.row(at)
        ended = Walked(HOWS[how], trace.header.units[unit], pc) if how else None
        assert ended == walked.ended(wait), wait
        hows.append(HOWS.get(how, ""))
    expected = {walked.rows.row(at): by for at in waits.tolist() if (by := shown.of(walked.rows.row(at)))}
    assert {one.wait: one.by for one in enders(trace)} == expected
    assert all(one.then == walked.rows.started(one.wait.unit, one.wait.end) for one in enders(trace))
    return hows


@pytest.mark.parametrize(
    ("name", "hows"),
    [("conv3x3", {"ended", "held", ""}), ("lstm_step", {"ended", "taken", ""}), ("pipelined_pair", {"taken", "held"})],
)
def test_what_ends_each_wait_of_a_run_is_what_the_walk_finds(name: str, hows: set[str], tmp_path: Path) -> None:
    run(open_source(str(FOLDER / f"{name}.s")), trace=tmp_path / "run.actrace")
    assert hows <= set(_held_to_the_walk(reader.open(tmp_path / "run.actrace")))


LANES = ("controller", "reader", "vmm/0", "vmm/1", "buses/0", "buses/1")
TEXTS = ("signal x, t0", "await y, t0", "await y, t1", "")


def _a_run_of_any_chip(draw: random.Random) -> tuple[Rows, Rows]:
    """Events and waits of units without order: short, close together, and often ending together."""
    events: Rows = []
    waits: Rows = []
    for unit in range(len(LANES)):
        cycle = 0
        for _ in range(draw.randrange(30)):
            cycle += draw.choice((0, 0, 0, 1, 2))
            duration, pc = draw.choice((1, 1, 2, 3)), draw.randrange(-1, len(TEXTS) + 1)
            if draw.random() < 0.5:
                events.append((cycle, duration, unit, draw.randrange(3), 1, pc, 0, 0, 0))
            else:
                waits.append((cycle, duration, unit, draw.randrange(4), pc, 0, 0))
            cycle += draw.choice((duration, duration, duration, 0))
    return events, waits


def _a_table_of_any_chip(draw: random.Random) -> tuple[HandOver, ...]:
    """Hand-overs of every sort, more than one for a wait."""
    patterns = ("*", "vmm/", "buses/", *LANES)
    return tuple(
        HandOver(
            waits=draw.choice(patterns),
            cause=draw.choice(("idle", "port", "token", "words")),
            ended_by=draw.choice(("", *patterns)),
            by=draw.choice(list(BY)),
            after=draw.randrange(3),
            delay=draw.choice(("", "", "way")),
            kinds=tuple(draw.sample(("sync", "read", "word"), draw.randrange(4))),
            same=draw.choice(list(SAME)),
            route=draw.choice(("", "", "vmm/", "!buses/")),
            then=draw.choice(("", "", "port", "!token")),
        )
        for _ in range(draw.randrange(1, 25))
    )


@pytest.mark.parametrize("seed", range(60))
def test_on_any_chip_what_ends_each_wait_is_what_the_walk_finds(seed: int, make_trace: MakeTrace) -> None:
    draw = random.Random(seed)
    kinds = tuple(EventKind(name, "words", name, "buses") for name in ("sync", "read", "word"))
    changes = {
        "units": LANES,
        "kinds": kinds,
        "causes": ("idle", "port", "token", "words"),
        "layers": ("-",),
        "lines": tuple(f"a.s:{line}" for line in range(len(TEXTS) + 1)),
        "instructions": (*TEXTS, "halt"),
        "delays": {"way": 2},
        "handovers": _a_table_of_any_chip(draw),
    }
    _held_to_the_walk(make_trace(*_a_run_of_any_chip(draw), summary={"cycles": 200}, **changes))


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
