# ruff: noqa: E501 (a bug and what it changes stand side by side)
"""Plants a bug at a time in a copy of the sources, and writes down what catches it: `python tests/judge/plant.py`.

Each bug is one piece of text for another. One that nothing catches is a hole in the suite, and the exit code is 1.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("isa", "sim", "traces", "programs", "tools", "tests", "docs")
SUITE = (
    "tests/judge/test_random.py",
    "tests/judge/test_stepped.py",
    "tests/judge/test_planted.py",
    "tests/sim",
    "tests/isa",
)
NOT = ("--deselect", "tests/judge/test_random.py::test_every_corner_is_reached")
"""So few programs as are tried here do not come into every corner, with a bug or without."""
PAGE = Path(__file__).with_name("PLANTED.md")

BUGS: tuple[tuple[str, str, str, str], ...] = (
    # (what is wrong, file, text, text instead)
    ("a conversion is a cycle short", "sim/chip/clock.py", "2**chip.neurons.bits *", "(2**chip.neurons.bits - 1) *"),
    ("delays are rounded down", "units.py", "return ceil(Fraction(ns)", "return int(Fraction(ns)"),
    ("settling of one array is left out", "sim/chip/clock.py", "self.settle_ns_per_array * joined",
     "self.settle_ns_per_array * (joined - 1)"),
    ("retention is rounded up", "sim/chip/clock.py", "return int(Fraction(seconds)", "return 1 + int(Fraction(seconds)"),
    ("a load takes a cycle more", "sim/functional/configuration.py", "load=-(-loads(", "load=1 - (-loads("),
    ("a broadcast loads every array", "sim/chip/side.py", "return words if chip.arrays.broadcast_loads else words *",
     "return words *"),
    ("a word's latency is a cycle short", "sim/timing/memory.py", "seen = now + self.bus_delay",
     "seen = now + max(self.bus_delay - 1, 0)"),
    ("the arbiter's order is turned round", "sim/timing/memory.py", "Alarm(client.kernel, self._rank + place,",
     "Alarm(client.kernel, self._rank - place,"),
    ("a bank is free too soon", "sim/timing/memory.py", "= now + self.times.bank", "= now + self.times.bank - 1"),
    ("the wrong bank is taken", "sim/timing/memory.py", "self._banks[address % self.times.banks] = now",
     "self._banks[(address + 1) % self.times.banks] = now"),
    ("a port is held a cycle less", "sim/timing/memory.py", "fabric.port_free = now + fabric.access",
     "fabric.port_free = now + max(fabric.access - 1, 1)"),
    ("an agent has two accesses at once", "sim/timing/memory.py", "if seen < self.since:", "if seen < 0:"),
    ("a word of the operand counts for the buffer", "sim/timing/memory.py", "    full = OPERAND_FULL", "    full = BUFFER_FULL"),
    ("a bus is free too soon", "sim/timing/memory.py", "seen = start + self._word_cycles", "seen = start + self._word_cycles - 1"),
    ("a result's place is free too soon", "sim/timing/memory.py", "now + 1 if self.bus is None", "now if self.bus is None"),
    ("a request is granted in its own cycle", "sim/timing/memory.py", "            self.post(now, now + 1)\n        else:\n"
     "            self.block(now, self.full)", "            self.post(now, now)\n        else:\n"
     "            self.block(now, self.full)"),
    ("a port that is taken is no wait of its own", "sim/timing/memory.py", "            self.pause(seen)\n"
     "            self.cause = PORT\n", ""),
    ("a port that is just taken is no wait of its own", "sim/timing/memory.py", "                if self.cause == GRANT:\n"
     "                    self.block(now, PORT)\n", ""),
    ("a vector is seen a cycle late", "sim/timing/buffers.py", "self._vectors.put(now + 1, self._freed",
     "self._vectors.put(now + 2, self._freed"),
    ("a vector frees what the next needs", "sim/timing/buffers.py", "windows.new.tolist(), windows.freed.tolist()",
     "windows.new.tolist(), windows.new.tolist()"),
    ("kept words are not counted on", "sim/timing/buffers.py", "self._held += needed", "self._held += 0"),
    ("room for vectors is not asked", "sim/timing/buffers.py", "if not self._vectors.room(now, 1, self):",
     "if not self._vectors.room(now, 0, self):"),
    ("buffer words are free as a load begins", "sim/timing/array.py", "self._words.free(end,", "self._words.free(now + 1,"),
    ("latches are free as a frame begins", "sim/timing/array.py", "self.loaded.free(self.since)", "self.loaded.free(now + 1)"),
    ("sums are seen as they are handed over", "sim/timing/array.py", "self.samples.put(now + 1,", "self.samples.put(now,"),
    ("a switch does not wait for frames", "sim/timing/array.py", "return NOTHING if self._drained(now) else WAIT_FRAME",
     "return NOTHING"),
    ("a signal does not wait for frames", "sim/timing/array.py", "        if not self._drained(now):\n"
     "            self.block(now, WAIT_FRAME)\n            return False\n", ""),
    ("an array too few is counted", "sim/timing/array.py", "FRAME, group.arrays)", "FRAME, group.arrays - 1)"),
    ("a sample is free a turn early", "sim/timing/neurons.py", "self._samples.free(self.since)", "self._samples.free(now)"),
    ("no room is reserved for later turns", "sim/timing/neurons.py", "reserve(group.all_words)", "reserve(group.words[0])"),
    ("outputs of one turn are counted for all", "sim/timing/neurons.py", "group.rounds[self._round])", "group.rounds[0])"),
    ("a pool is ready a row early", "isa/arithmetic/windows.py", "+ (kernel - 1) * dilation, 0, size - 1)",
     "+ (kernel - 2) * dilation, 0, size - 1)"),
    ("an operand's place is never free", "sim/timing/vector.py", "            self._operand.free(self.since)\n", ""),
    ("words from the neurons need no bus", "sim/timing/vector.py", "not self._arrived and self._stream.head()",
     "not self._arrived and False"),
    ("the host's word is free", "sim/timing/host.py", "self.act(start, self.word_cycles, HOST_IN, 1)",
     "self.act(start, 1, HOST_IN, 1)"),
    ("a word is read before what comes first", "sim/timing/kernel.py",
     "not (queue and queue[0] < (cycle << RANK_BITS | self._place))", "True"),
    ("a queue's place is free at once", "sim/timing/unit.py", "self.queue.free(now + 1)", "self.queue.free(now)"),
    ("a token is seen in its own cycle", "sim/timing/unit.py", "token.put(now + 1, None,", "token.put(now, None,"),
    ("a token is not taken", "sim/timing/unit.py", "        token.take()\n", "        pass\n"),
    ("a signal does not wait for its agent", "sim/timing/unit.py", "        if now < self.since:\n"
     "            self.alarm.at(self.since)\n            return False\n", ""),
    ("a layer ends with its last wait", "sim/timing/unit.py", "self._tally.span(layer, inference, self.first, self.last)",
     "self._tally.span(layer, inference, self.first, self.since)"),
    ("an issue takes a cycle more", "sim/timing/controller.py", "self.act(now, self._decode_cycles,",
     "self.act(now, self._decode_cycles + 1,"),
    ("the controller looks at no queue", "sim/timing/controller.py", "not agent.queue.room(now, 1, self)",
     "not agent.queue.room(now, 0, self)"),
    ("an array too few is written", "sim/timing/program_erase.py", "].arrays", "].arrays - 1"),
    ("sensing is free", "sim/chip/prices.py", '    ("sensing", lambda chip: chip.energy.sensing_pj * line_factor(chip)),\n', ""),
    ("prices are rounded down", "sim/chip/prices.py", "rounding=ROUND_HALF_EVEN", 'rounding="ROUND_DOWN"'),
    ("the rest of the leakage is lost", "traces/leakage.py", "+= rest * length", "+= 0 * length"),
    ("the youngest pays the rest", "traces/leakage.py", "next(iter(self.in_flight))", "next(reversed(self.in_flight))"),
    ("common energy is lost", "traces/leakage.py", "        row[component] += each\n", "        row[component] += 0\n"),
    ("a stride is applied once too often", "isa/sequencer.py", "np.arange(extent, dtype=np.int64)",
     "np.arange(1, extent + 1, dtype=np.int64)"),
    ("advance is a turn ahead", "isa/sequencer.py", "ops.stride * self._count(ops.by)",
     "ops.stride * (self._count(ops.by) + 1)"),
    ("a ring is one too small", "isa/sequencer.py", "count % ops.ring if", "count % max(ops.ring - 1, 1) if"),
    ("a loop turns once too often", "isa/sequencer.py", "if count < self._bounds", "if count <= self._bounds"),
    ("a window's columns are dilated by its rows", "isa/arithmetic/windows.py", "(w.kernel_x - 1) * w.dilation_x + 1\n        start,",
     "(w.kernel_x - 1) * w.dilation_y + 1\n        start,"),
    ("the border has the wrong code", "isa/arithmetic/windows.py", "taps[...] = w.value", "taps[...] = 0"),
    ("rows of windows share their words", "isa/arithmetic/windows.py", "start = (np.cumsum(counts) - counts)[rows, None]",
     "start = (np.cumsum(counts) - counts)[rows, None] * 0 + (np.cumsum(counts) - counts).min()"),
    ("a border counts where it should not", "isa/semantics.py", "if not dispatch.ops.inside:\n        around",
     "if True:\n        around"),
    ("a pool that gives early counts for ended", "sim/functional/executor.py", "needed(at.runs, at.flow.unneeded)",
     "at.runs"),
    ("an output under way counts for given", "sim/functional/executor.py", " and self.steps not in self._not_ended:",
     ":"),
    ("a load that is never ended is another's", "sim/timing/array.py", "            self.turn_to(self.loading)\n",
     "            pass\n"),
    ("ties are rounded up", "isa/arithmetic/quantisers.py", "(quotient % 2 == 1)", "(quotient % 2 >= 0)"),
    ("leaky does not bend", "isa/arithmetic/quantisers.py", "np.where(x < 0, np.rint(", "np.where(x > 0, np.rint("),
    ("the fill is forgotten", "isa/semantics.py", "ops.words * CHANNELS + 1), ops.fill,", "ops.words * CHANNELS + 1), 0,"),
    ("zero_b is not subtracted", "isa/arithmetic/tables.py", "np.tile(every, FEW) - zeros[1]", "np.tile(every, FEW)"),
    ("an LSTM forgets its offset", "isa/arithmetic/recurrent.py", "i * (g - gates.zero) * CELL_ONE", "i * g * CELL_ONE"),
    ("a token tells nothing", "sim/functional/happens_before.py", "[token.left.popleft()])", "[token.left.popleft()][:0])"),
    ("reads are not held against writes", "sim/functional/rules/order.py", 'return _race(at, found, "reads", "written by")',
     "return None"),
    ("writes are not held against reads", "sim/functional/rules/order.py", "return _race(at, order.conflict(at.dispatch.agent,"
     ' at.addresses, at.start, order.reads), "writes", "read by")', "return None"),
)  # fmt: skip


def copied(folder: Path) -> Path:
    """A copy of sources and tests in a folder, under the name by which they are imported."""
    copy = folder / "acortex"
    copy.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.py"), ROOT / "py.typed", ROOT / "setup.cfg"):
        shutil.copy(path, copy / path.name)
    return copy


def caught_by(bug: tuple[str, str, str, str]) -> str:
    """The first test that fails with a bug; "" where none does."""
    _, file, text, instead = bug
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder))
        source = (copy / file).read_text()
        assert text in source, f"{file} has no {text!r} any more"
        (copy / file).write_text(source.replace(text, instead, 1))
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *NOT, *SUITE]
        environment = {**os.environ, "PYTHONPATH": folder, "ACORTEX_PROGRAMS": "50", "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return "the suite's time limit"
    found = re.findall(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    return found[0] if found else "" if run.returncode == 0 else "an error at import"


def main() -> int:
    """Tries every bug, and writes the page."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(caught_by, BUGS))
    rows = [f"| {name} | `{file}` | {(catcher and f'`{catcher}`') or '**nothing**'} |"
            for (name, file, _, _), catcher in zip(BUGS, found, strict=True)]  # fmt: skip
    head = ["# Bugs planted by hand, and what caught each", "",
            "Made by `python tests/judge/plant.py`: one change of the sources at a time, the tests of `tests/judge`,"
            " `tests/sim` and `tests/isa`, in that order, and the first of them that failed.", "",
            "| bug | file | caught by |", "|---|---|---|"]  # fmt: skip
    PAGE.write_text("\n".join([*head, *rows]) + "\n")
    return int("" in found)


if __name__ == "__main__":
    sys.exit(main())
