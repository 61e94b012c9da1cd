"""Random legal programs: all executors agree on each, and together they come into every corner.

Three of them compute outputs: the run, a judge in the order of the program, and the stepped chip from what its items
said in each cycle. The last knows no order, and so holds the claim that values in program order are the timed chip's.

`ACORTEX_PROGRAMS` says how many, 75 by default: `.ci/run` takes 250, `make nightly` 100,000.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from acortex.isa.codec import decode
from acortex.isa.table import ROWS
from acortex.traces.file import reader
from judge.clockwork import CLIENTS
from judge.compare import differences, same_outputs
from judge.corners import SPECIAL, special
from judge.coverage import NOT_YET
from judge.generate import generate
from judge.plans import Case
from judge.replay import Replay, memory_report, retention_report
from judge.values import Machine

PROGRAMS = int(os.environ.get("ACORTEX_PROGRAMS", "75"))
CHUNK = 25
SIDES = (64, 32, 64, 128, 64)
"""Rows and columns of an array, in turns: an odd number of them, for every other program is loosened."""
ENOUGH = PROGRAMS // 20 if PROGRAMS >= 500 else 1
"""How often each corner is to be reached: by every twentieth program, where there are enough to tell."""

RARE = {("wait", "vector", "bus"): PROGRAMS // 40 if PROGRAMS >= 500 else 1}
"""Corners that take two agents in one cycle, and are reached less often."""

WAITS: dict[str, tuple[str, ...]] = {
    "controller": ("queue",),
    "host/in": ("token", "port", "bank"),
    "host/out": ("token", "grant", "port", "bank", "latency"),
    "main_memory/read": ("token", "buffer_full", "grant", "port", "bank", "bus"),
    "main_memory/operand": ("token", "operand_full", "grant", "port", "bank"),
    "main_memory/write": ("token", "codes", "grant", "port", "bank", "bus"),
    "buffer": ("token", "words", "windows"),
    "vmm/load": ("token", "vectors", "latches", "frame"),
    "vmm/frame": ("load", "neurons"),
    "neurons": ("token", "sums", "output_full"),
    "vector": ("token", "stream", "operand", "results_full", "grant", "bus", "crossing"),
    "program_erase": ("token",),
    "host/work": ("token",),
}
"""What each unit may wait for, by docs/timing.md."""

TIES = {pair for pair in combinations(CLIENTS, 2) if "vector" not in pair} | {("write", "vector")}
"""Clients that may want the same in one cycle: a port, or the bus from the neurons."""

TOO_LARGE = {
    ("loop", "count"): "a loop of 2^24 turns that anything stands in would not end today; unused ones are set",
    ("next", "target"): "depends on the program's length",
    ("lag", "until"): "depends on the program's length",
    ("base", "address"): "is held to the chip's memory",
    ("group", "rows"): "is held to the chip's arrays",
    ("group", "columns"): "is held to the chip's arrays",
    ("rect", "column"): "is held to the chip's arrays",
    ("rect", "row"): "is held to the chip's arrays",
    ("rect", "height"): "is held to the chip's arrays",
    ("rect", "width"): "is held to the chip's arrays",
    ("program", "weights"): "is held to the program's table",
    ("input", "tensor"): "is held to the program's table",
    ("output", "tensor"): "is held to the program's table",
    ("layer", "layer"): "is held to the program's table",
    ("quant", "zero"): "is held to 4 bits",
    ("quant", "low"): "is held to 4 bits, and below high",
    ("quant", "high"): "is held to 4 bits",
    ("border", "value"): "is held to 4 bits",
    ("feed", "fill"): "is held to 4 bits",
    ("slide", "fill"): "is held to 4 bits",
    ("feed", "positions"): "2^20 positions take too long",
    ("feed", "words"): "is held to the chip's buffer",
    ("multiply", "positions"): "2^20 positions take too long",
    ("convert", "positions"): "2^20 positions take too long",
    ("add", "words"): "2^20 words take too long",
    ("mul", "words"): "2^20 words take too long",
    ("requant", "words"): "2^20 words take too long",
    ("lstm", "words"): "2^20 words take too long",
    ("gru", "words"): "2^20 words take too long",
    ("putstate", "words"): "2^20 words take too long",
    ("getstate", "words"): "2^20 words take too long",
    ("lstm", "state"): "is held to the chip's state store",
    ("gru", "state"): "is held to the chip's state store",
    ("putstate", "state"): "is held to the chip's state store",
    ("getstate", "state"): "is held to the chip's state store",
    ("convert", "every"): "is held to the words of a position",
    ("tune", "constants"): "is held to the program's table",
}
"""Operands whose largest value no small program may have, and why; their smallest value is asked for."""

NEVER_SMALLEST = {
    ("next", "target"): "a jump leads behind start",
    ("lag", "register"): "loops take l0 before others",
    ("quant", "high"): "0 leaves no room for a zero",
}


@dataclass
class Judged:
    """What judging some programs found: what is wrong, and how often each corner was reached."""

    wrong: list[str] = field(default_factory=list)
    reached: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, other: Judged) -> None:
        """Takes in what another found."""
        self.wrong += other.wrong
        self.reached += other.reached


def judge(seed: int, folder: Path) -> Judged:
    """Holds all executors against each other on one random program."""
    case = generate(seed, SIDES[seed % len(SIDES)])
    trace = folder / f"{seed}.actrace"
    found, result, stepped = differences(case.program, case.chip, case.inputs, case.inferences, trace)
    values = Machine(case.program, case.inputs, case.inferences).run()
    report = Replay(reader.open(trace), case.program, case.inferences).report(result.cycles)
    trace.unlink()
    width = result.report["power"]["window_cycles"]
    report["memory"] = memory_report(stepped.accesses, result.cycles, case.chip.memory_words, width)
    report["retention"] = retention_report(stepped.accesses, case.program, case.chip)
    wrong = [*found, *same_outputs(case.program, result.outputs, values), *_same_report(result.report, report)]
    judged = Judged([f"seed {seed}: {what}" for what in wrong], _corners(case) + special(case))
    judged.reached.update(("wait", unit.rstrip("0123456789"), cause) for _, _, unit, cause, _ in stepped.waits)
    judged.reached.update({("tie", *pair): count for pair, count in stepped.ties.items()})
    return judged


def _same_report(report: dict[str, Any], replayed: dict[str, Any]) -> list[str]:
    wrong = [
        f"{key} of the report is {report[key]}, replayed {replayed[key]}"
        for key in replayed
        if report[key] != replayed[key]
    ]
    windows = sum(report["power"]["windows_aj"])
    return wrong + [f"windows of power hold {windows} aJ"] * (windows != report["energy_aj"])


def _corners(case: Case) -> Counter[tuple[str, ...]]:
    """The instructions of a program, and the operands that stand at an end of their range."""
    corners: Counter[tuple[str, ...]] = Counter()
    for word in case.program.words:
        instruction = decode(int(word))
        mnemonic = instruction.row.mnemonic
        corners["instruction", mnemonic] += 1
        for operand in instruction.row.operands:
            value = instruction[operand.name]
            corners["smallest", mnemonic, operand.name] += value == operand.kind.low
            corners["largest", mnemonic, operand.name] += value == operand.kind.high
    return corners


def wanted() -> set[tuple[str, ...]]:
    """Every corner that random programs have to reach."""
    corners: set[tuple[str, ...]] = SPECIAL | {
        ("wait", unit, cause) for unit, causes in WAITS.items() for cause in causes
    }
    corners |= {("tie", *pair) for pair in TIES}
    for row in ROWS:
        if row.mnemonic in NOT_YET:
            continue
        corners.add(("instruction", row.mnemonic))
        names = {(row.mnemonic, operand.name) for operand in row.operands}
        corners |= {("smallest", *name) for name in names - set(NEVER_SMALLEST)}
        corners |= {("largest", *name) for name in names - set(TOO_LARGE)}
    return corners


def _judge_chunk(first: int) -> Judged:
    judged = Judged()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, min(first + CHUNK, PROGRAMS)):
            judged.add(judge(seed, Path(folder)))
    return judged


@pytest.fixture(scope="module")
def judged() -> Judged:
    """What judging all programs found."""
    total = Judged()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(_judge_chunk, range(0, PROGRAMS, CHUNK)):
            total.add(part)
    return total


def test_all_executors_agree_on_every_program(judged: Judged) -> None:
    assert judged.wrong == []


def test_every_corner_is_reached(judged: Judged) -> None:
    reached = judged.reached
    missed = {corner: reached[corner] for corner in sorted(wanted()) if reached[corner] < RARE.get(corner, ENOUGH)}
    assert missed == {}


def test_no_unit_waits_for_what_the_norm_does_not_say(judged: Judged) -> None:
    found = {corner[1:] for corner in judged.reached if corner[0] == "wait"}
    assert found <= {(unit, cause) for unit, causes in WAITS.items() for cause in causes}
