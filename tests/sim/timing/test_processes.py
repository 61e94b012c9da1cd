"""Processes of a user in the chip: what they do, when it is seen, how a run with them ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from echo_runs import ACCESS, ECHO, WORDS, Steps, echo, idles, sends
from timed_chips import Kept, of_ours

import acortex
from acortex.errors import UsageError
from acortex.isa import assemble
from acortex.sim.run import Result
from acortex.sim.timing.probe import LEAST
from acortex.sim.timing.processes import Handle
from acortex.sim.timing.wiring import DeadlockError
from acortex.traces.file.reader import open as open_trace

PAGE = Path(__file__).parents[3] / "docs" / "extending.md"


@pytest.fixture(autouse=True)
def anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is written stays."""
    monkeypatch.chdir(tmp_path)


class Seen:
    """An observer that keeps events and waits of each unit."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, int, int]] = []
        self.waits: list[tuple[int, int, int, int]] = []

    def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
        self.events.append((start, duration, unit, kind))

    def wait(self, start: int, duration: int, unit: int, cause: int, *_: int) -> None:
        self.waits.append((start, duration, unit, cause))


def waited(result: Result, unit: str, cause: str) -> int:
    return sum(row.cycles for row in result.report.waits or () if (row.unit, row.cause) == (unit, cause))


# A host that sends --------------------------------------------------------------------------------------------------


def test_a_word_crosses_the_hosts_port_in_the_cycle_after_it_was_offered_and_not_before() -> None:
    for cycle in (100, 101):
        seen = Seen()
        echo(sends((cycle, WORDS)), observers=[seen])
        assert min(start for start, _, unit, _ in seen.events if unit == 1) == cycle + 1


def test_a_host_that_has_all_words_in_time_changes_no_cycle() -> None:
    assert echo(sends((0, WORDS))).cycles == echo().cycles


def test_the_agent_waits_for_the_host_between_bursts() -> None:
    result = echo(sends((0, 1), (50, 1), (100, WORDS - 2)))
    assert waited(result, "host/in", "host") > 50
    spent = result.report.utilisation["host/in"]  # type: ignore[index]
    assert spent.busy + spent.waiting + spent.idle == result.cycles


def test_words_that_are_offered_twice_as_late_come_twice_as_late() -> None:
    ends = [echo(sends((cycle, WORDS))).cycles for cycle in (100, 200, 300)]
    assert ends[1] - ends[0] == ends[2] - ends[1] == 100


def test_a_host_that_never_offers_enough_is_a_deadlock_that_names_the_cause() -> None:
    with pytest.raises(DeadlockError, match="host/in waits for host since cycle"):
        echo(sends((0, 1)))


def test_only_one_process_takes_the_host_and_only_in_the_first_cycle() -> None:
    with pytest.raises(UsageError, match="main_memory/process1: another process has the host's port"):
        echo(sends((0, WORDS)), sends((0, 1)))

    def late(chip: Handle) -> Steps:
        yield chip.env.timeout(5)
        chip.take_host()

    with pytest.raises(UsageError, match="takes the host's port in cycle 5, allowed is 0"):
        echo(late)


# Traffic ------------------------------------------------------------------------------------------------------------


def reads(granted: list[tuple[int, int]], count: int, write: bool = False) -> Callable[[Handle], Steps]:
    """A process that accesses memory, one word after the other, and keeps when each was granted and over."""

    def process(chip: Handle) -> Steps:
        for address in range(count):
            cycle = yield chip.write(address) if write else chip.read(address)
            granted.append((cycle, chip.now))

    return process


def test_a_request_is_granted_in_the_next_cycle_and_its_word_arrives_after_the_latency() -> None:
    granted: list[tuple[int, int]] = []
    echo(sends((200, WORDS)), reads(granted, 3), settings=("memory.read_latency_ns=10",))
    assert [end - start for start, end in granted] == [6, 6, 6]  # 10 ns are 6 cycles of 1.785 ns
    assert [start for start, _ in granted] == [1, 8, 15]
    written: list[tuple[int, int]] = []
    echo(sends((200, WORDS)), reads(written, 3, write=True))
    assert written == [(1, 1 + ACCESS), (2 + ACCESS, 2 + 2 * ACCESS), (3 + 2 * ACCESS, 3 + 3 * ACCESS)]


def test_processes_are_granted_after_the_chip_in_the_order_in_which_they_were_given() -> None:
    first: list[tuple[int, int]] = []
    other: list[tuple[int, int]] = []
    echo(sends((200, WORDS)), reads(first, 1), reads(other, 1))
    assert (first[0][0], other[0][0]) == (1, 1 + ACCESS)
    echo(sends((200, WORDS)), reads(other, 1), reads(first, 1))
    assert (other[1][0], first[1][0]) == (1, 1 + ACCESS)


def test_the_chip_waits_for_at_most_one_access_of_any_process() -> None:
    """Its requests come before those of processes, which have the port at all other times."""
    seen, granted = Seen(), list[int]()

    def process(chip: Handle) -> Steps:
        while True:
            granted.append((yield chip.write(0)))

    result = echo(process, process, process, observers=[seen], settings=("memory.access_cycles=8",))
    waits = [duration for _, duration, unit, _ in seen.waits if unit == 1]
    assert 0 < max(waits) <= 8
    assert result.cycles > echo(settings=("memory.access_cycles=8",)).cycles and len(granted) > 3


def test_traffic_stands_in_the_report_and_in_the_trace_under_its_own_unit() -> None:
    granted: list[tuple[int, int]] = []
    result = echo(sends((100, WORDS)), reads(granted, 5), trace=None)
    alone = echo(sends((100, WORDS)))
    assert result.report.utilisation["main_memory/process1"].busy == 5 * ACCESS  # type: ignore[index]
    assert result.report.counts["main_memory.reads"] == alone.report.counts["main_memory.reads"] + 5  # type: ignore[index]
    assert result.energy_j > alone.energy_j
    assert sum(row.energy_aj for row in result.report.inferences or ()) == result.report.energy_aj


def test_a_trace_with_processes_is_read_and_its_busy_cycles_are_those_of_the_report() -> None:
    def process(chip: Handle) -> Steps:
        for address in range(8):
            yield chip.read(address)

    result = acortex.run(assemble(ECHO, file="echo.s"), values=False, processes=[process], trace="t.actrace")
    trace = open_trace("t.actrace")
    unit = trace.header.units.index("main_memory/process0")
    busy = sum(int(chunk["duration"][chunk["unit"] == unit].sum()) for chunk in trace.events.chunks())
    assert busy == result.report.utilisation["main_memory/process0"].busy > 0  # type: ignore[index]


# A probe ------------------------------------------------------------------------------------------------------------


def test_listeners_receive_many_rows_at_once_where_a_process_acts_in_every_cycle() -> None:
    def ticking(chip: Handle) -> Steps:
        while True:
            yield chip.env.timeout(1)

    kept = Kept()
    of_ours("conv3x3", inferences=12).new([kept], processes=[ticking]).run()
    rows = sum(map(len, kept.rows))
    assert rows > 2 * LEAST
    assert len(kept._events) <= rows // LEAST + 1


def test_what_a_probe_sees_is_exact_in_every_cycle() -> None:
    """However far units are ahead of the clock: the counts are those of the events before each cycle."""
    seen, told = Seen(), list[tuple[int, int, int]]()

    def probe(chip: Handle) -> Steps:
        while True:
            told.append((chip.now, chip.written, chip.received))
            yield chip.env.timeout(1)

    result = echo(probe, observers=[seen])
    into, out = ([event for event in seen.events if event[2] == unit] for unit in (1, 2))
    writes = sorted(start for start, _, _, kind in into if kind == 3)
    reached = sorted(start + duration for start, duration, _, kind in out if kind == 14)
    assert len(told) >= result.cycles - ACCESS
    for cycle, written, received in told:
        assert written == sum(start < cycle for start in writes)
        assert received == sum(end <= cycle for end in reached)


def test_a_probe_sees_the_instructions_that_wait_in_a_queue() -> None:
    levels: list[int] = []

    def probe(chip: Handle) -> Steps:
        while True:
            levels.append(chip.queued("host_out"))
            yield chip.env.timeout(1)

    echo(probe, sends((100, WORDS)))
    assert levels[0] == 0 and max(levels) == 1  # the output waits behind the await


# How a run ends -----------------------------------------------------------------------------------------------------


def test_a_process_that_goes_on_for_ever_does_not_keep_a_finished_chip() -> None:
    report = echo(idles).report.model_dump()
    spent = report["utilisation"].pop("main_memory/process0")
    assert report == echo().report.model_dump()
    assert spent == {"busy": 0, "waiting": 0, "idle": report["cycles"]}


def test_a_deadlock_that_no_process_can_end_is_reported_though_processes_go_on() -> None:
    """The vector agent needs four words at once, and their queue holds two."""
    chip = of_ours("lstm_step", ["vector.queue_words=2"]).new(processes=[idles])
    with pytest.raises(DeadlockError, match="vector waits for stream since cycle"):
        chip.run()


def test_a_limit_of_cycles_ends_a_run_whose_host_offers_nothing() -> None:
    def silent(chip: Handle) -> Steps:
        chip.take_host()
        yield from idles(chip)

    result = echo(silent, max_cycles=500)
    assert result.cycles == 500 and str(result.report.stopped).startswith("stopped at cycle 500")


def test_whole_cycles_may_be_floats() -> None:
    granted: list[Any] = []

    def process(chip: Handle) -> Steps:
        yield chip.env.timeout(4.0)
        granted.append((yield chip.read(0)))

    result = echo(process)
    assert granted == [5] and isinstance(granted[0], int) and isinstance(result.report.cycles, int)


@pytest.mark.parametrize("limit", [None, 5_000])
def test_a_run_that_is_interrupted_ends_in_the_cycle_that_had_come(limit: int | None) -> None:
    """The chip may have waited for its host for long, and done nothing."""

    def interrupted(chip: Handle) -> Steps:
        chip.take_host()
        yield chip.env.timeout(3_000)
        raise KeyboardInterrupt

    result = echo(interrupted, max_cycles=limit, keep_interrupted=True)
    assert result.cycles == 3_000 and str(result.report.stopped).startswith("stopped at cycle 3,000, interrupted")
    assert waited(result, "host/in", "host") > 2_900


def test_the_order_in_which_processes_wait_changes_nothing_for_the_chip() -> None:
    """A process acts before the units of its cycle, whether it was armed before or after them."""

    def early(chip: Handle) -> Steps:
        host = chip.take_host()
        yield chip.env.timeout(120)
        host.offer(WORDS)
        yield from idles(chip)

    def late(chip: Handle) -> Steps:
        host = chip.take_host()
        for _ in range(120):
            yield chip.env.timeout(1)
        host.offer(WORDS)
        yield from idles(chip)

    assert echo(early).report == echo(late).report


def test_a_chip_with_processes_has_no_snapshot() -> None:
    chip = of_ours("vmm").new(processes=[idles])
    chip.advance(20)
    with pytest.raises(UsageError, match="has no snapshot"):
        chip.snapshot()


# The page -----------------------------------------------------------------------------------------------------------


def test_the_code_of_the_page_runs_and_its_host_is_short() -> None:
    # Blocks below a comment are those of tests/test_drills.py.
    blocks = re.findall(r"(?<!-->\n)```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/extending.md, block {number}", "exec"), names)
    assert len(blocks[0].splitlines()) < 40
    assert waited(names["result"], "host/in", "host") > 0
    assert names["shared"].cycles > names["alone"].cycles
    assert names["levels"][0] == (0, 0, 0)
    assert names["frozen"].cycle == 1000
    assert names["other"].snapshot() == names["chip"].snapshot() != names["frozen"]
