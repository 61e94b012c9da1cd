"""The simulator's own speed: each row a rate or a ratio, beside a limit that is measured in the same process.

What is compared runs in turns, so that a busy machine slows both, and the best of several turns counts. Times are the
processor's own.
"""

from __future__ import annotations

import os
import platform
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import heappop, heappush
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import simpy

from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.lexer import MASTER
from acortex.isa.sequencer import Sequencer
from acortex.programs.convolution import BENCH
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.executor import Functional
from acortex.sim.run import run
from acortex.sim.timing.kernel import Alarm, Kernel
from acortex.sim.timing.wiring import TimedChip
from acortex.tools import accuracy_benchmarks, skip_benchmarks, user_benchmarks
from acortex.tools.measuring import Benchmark as Benchmark
from acortex.tools.measuring import bare_simpy, best, python, seconds, with_bytecode
from acortex.tools.results import BenchMachine
from acortex.traces.file import reader
from acortex.traces.info import info

CHIP = "acortex_gnmt"


def machine() -> BenchMachine:
    """What the numbers were measured on."""
    return BenchMachine(
        python=platform.python_version(),
        numpy=np.__version__,
        simpy=simpy.__version__,
        system=platform.system(),
        processor=platform.machine(),
        cores=os.cpu_count(),
    )


def parts() -> dict[str, Callable[[bool], Iterator[Benchmark]]]:
    """What measures some rows each, by name, in the order of the rows."""
    return {
        "core": core,
        "events": skip_benchmarks.events,
        "simpy": simpy_interface,
        "trace": trace,
        "scaling": scaling,
        "skipping": skip_benchmarks.skipping,
        "instructions": skip_benchmarks.instructions,
        "layer": values_of_a_layer,
        "accuracy": accuracy_benchmarks.populations,
        "values": user_benchmarks.values,
        "batch": user_benchmarks.batch,
        "compiling": user_benchmarks.compiling,
        "memory": user_benchmarks.memory,
        "assembler": assembler,
        "startup": startup,
        "commands": user_benchmarks.commands,
    }


def measure(
    quick: bool, tick: Callable[[int, int], None] | None = None, only: Sequence[str] = ()
) -> Iterator[Benchmark]:
    """The rows, one after the other; `quick` takes fewer turns and shorter runs. `tick` is called per part.

    With `only` the rows of these parts alone.
    """
    chosen = [part for name, part in parts().items() if name in only or not only]
    for number, part in enumerate(chosen, 1):
        yield from part(quick)
        if tick is not None:
            tick(number, len(chosen))


# Time -------------------------------------------------------------------------------------------------------------


class Simulation:
    """The convolution on the timed chip alone: all counters on, no trace, no values."""

    def __init__(self, inferences: int) -> None:
        self._program = BENCH.program(CHIP)
        self._chip = load_chip(CHIP)
        self._inferences = inferences
        functional = Functional(self._program, self._chip, inferences, None)
        functional.run()
        self._groups = functional.configuration.times()
        self.events = self.operations = 0

    def __call__(self) -> float:
        """Runs once, and returns the seconds; set-up stands before the clock."""
        sequencer = Sequencer(self._program, self._inferences)
        TimedChip(self._chip, sequencer, self._groups).run()
        chip = TimedChip(self._chip, sequencer, self._groups)
        spent = seconds(chip.run)
        self.events = sum(chip.tally.events.values())
        self.operations = BENCH.positions * self._inferences
        return spent


def core(quick: bool) -> Iterator[Benchmark]:
    """Events per second of the timed chip beside simpy's timeouts; what that is in array operations."""
    simulate, timeouts = Simulation(1 if quick else 4), 100_000
    simulated, bare = best(3 if quick else 15, simulate, partial(bare_simpy, timeouts))
    against = "timeouts of 100 processes of bare simpy"
    yield Benchmark("core_events", simulate.events / simulated, "events/s", timeouts / bare, 0.7, against=against)
    yield Benchmark("array_operations", simulate.operations / simulated, "operations/s")


def simpy_interface(quick: bool) -> Iterator[Benchmark]:
    """What an alarm costs that does nothing else: its entry in the queue, and its share of a step of simpy."""
    events = 20_000 if quick else 100_000
    public, by_hand = best(3 if quick else 15, partial(armed_alarms, events), partial(entry_by_hand, events))
    against = "a heap entry pushed and popped by hand, beside simpy"
    yield Benchmark("simpy_interface", 1e9 * public / events, "ns/alarm", 1e9 * by_hand / events, 4.0, True, against)


def armed_alarms(events: int) -> float:
    """The seconds in which two alarms ring so many times in all, as the units' alarms do."""
    kernel = Kernel()

    def again(number: int) -> Callable[[int], None]:
        return lambda now: alarms[number].at(now + 1)

    alarms = [Alarm(kernel, number, again(number)) for number in range(2)]
    for alarm in alarms:
        alarm.at(0)
    return seconds(lambda: kernel.drain(events // 2, events))


def entry_by_hand(events: int) -> float:
    """The seconds in which so many entries are pushed and popped, each with a call of what it stands for."""
    heap: list[tuple[int, int, int, Callable[[int], None]]] = []

    def action(now: int) -> None:
        heappush(heap, (now + 1, 0, 0, action))

    def loop() -> None:
        for _ in range(events):
            cycle, _, _, act = heappop(heap)
            act(cycle)

    action(-1)
    return seconds(loop)


def trace(quick: bool) -> Iterator[Benchmark]:
    """What a run costs more with every event traced, and the size of the trace."""
    program, images = BENCH.program(CHIP), BENCH.images(1 if quick else 4)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bench.actrace"
        plain = partial(run, program, inputs=images, values=False, skip=False)
        traced, bare = best(2 if quick else 8, partial(seconds, partial(plain, trace=path)), partial(seconds, plain))
        about = info(reader.open(path))
    yield Benchmark("trace_cost", traced, "s", bare, 1.33, True, "the same run without a trace")
    yield Benchmark("trace_bytes_per_event", about["bytes"] / about["events"], "bytes", 1.0, 2.5, True, "one byte")


def scaling(quick: bool) -> Iterator[Benchmark]:
    """The power of the number of events with which time grows: the slope of both logarithms."""
    inferences = (1, 4, 20) if quick else (1, 20, 200)
    events, spent = [], []
    for count in inferences:
        simulate = Simulation(count)
        spent.append(min(simulate() for _ in range(3 if count == 1 else 1)))
        events.append(simulate.events)
    slope = float(np.polyfit(np.log(events), np.log(spent), 1)[0])
    against = f"time linear in events, from {events[0]:,} to {events[-1]:,}"
    yield Benchmark("scaling_exponent", slope, "power of events", 1.0, 1.1, True, against)


# Values -----------------------------------------------------------------------------------------------------------


def values_of_a_layer(quick: bool) -> Iterator[Benchmark]:
    """The values of the convolution."""
    yield from user_benchmarks.values_of("conv", BENCH.program(CHIP), 3 if quick else 10, 3.0)


# Tools ------------------------------------------------------------------------------------------------------------


def assembler(quick: bool) -> Iterator[Benchmark]:
    """Lines per second of the assembler, beside those that its master expression alone cuts into words.

    The ratio has no bound. It was 0.11 to 0.15 when this was written; less than half of the least is a loss to report.
    """
    body = "top{0}: base d{1}, {0} + 3 * (2 - 1)  ; a comment\n dim d{1}, 0, 64, stride=2\n await read, t{1}\n"
    lines = 6_000 if quick else 30_000
    text = " start\n" + "".join(body.format(number, number % 8) for number in range(lines // 3)) + " halt\n"
    cut = text.splitlines()
    ours, bare = best(
        2 if quick else 5,
        partial(seconds, partial(assemble, text)),
        partial(seconds, lambda: [deque(MASTER.finditer(line), 0) for line in cut]),
    )
    against = "the master expression of its words over the same lines, nothing more"
    yield Benchmark("assembler_lines", len(cut) / ours, "lines/s", len(cut) / bare, 0.055, against=against)


def startup(quick: bool) -> Iterator[Benchmark]:
    """What `acortex --help` takes, beside a Python that imports argparse."""
    with with_bytecode() as environment:

        def start(*arguments: str) -> float:
            return python(*arguments, environment=environment).seconds

        ours, bare = best(
            3 if quick else 15, partial(start, "-m", "acortex", "--help"), partial(start, "-c", "import argparse")
        )
    yield Benchmark("startup", ours, "s", bare, 4.0, True, "python -c 'import argparse'")
