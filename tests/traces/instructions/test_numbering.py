"""Which execution each row of a trace belongs to: held against what the units themselves had, which no trace says."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import Chip
from acortex.sim.inputs import Inputs
from acortex.sim.run import prepare
from acortex.sim.timing.probe import Probe
from acortex.sim.tracing import Tracing
from acortex.tools.open.programs import open_source
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.instructions.columns import Columns, columns_of
from acortex.traces.instructions.numbering import NONE, Executions, _placed, number
from judge.generate import generate

Key = tuple[int, int, int, int]
"""A row: its unit, first cycle, cycles and code, a cause as ~cause."""


class Serials:
    """The place in the order of issue of what units work for, by the row that they logged."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: defaultdict[Key, list[int]] = defaultdict(list)
        publish = Probe.publish

        def noted(probe: Probe) -> None:
            log = probe._log
            if log.rows:
                places, rows = log.places_table(), log.table()
                for start, duration, kind, _, place in rows.tolist():
                    self.found[int(places[place, 0]), start, duration, kind].append(int(places[place, 4]))
            publish(probe)

        monkeypatch.setattr(Probe, "publish", noted)

    def of(self, columns: Columns) -> list[int]:
        """Those of the rows of a trace, counted from the first issue."""
        keys = zip(
            columns.unit.tolist(),
            columns.start.tolist(),
            (columns.end - columns.start).tolist(),
            np.where(columns.events, columns.code, ~(columns.code - columns.kinds)).tolist(),
            strict=True,
        )
        first = min(min(serials) for serials in self.found.values())
        return [self.found[key].pop(0) - first for key in keys]


def numbered(trace: Trace) -> tuple[Columns, Executions]:
    columns = columns_of(trace)
    return columns, number(trace, columns)


def traced(
    program: Program, path: Path, chip: Chip | None = None, inputs: Inputs = None, max_cycles: int | None = None
) -> Trace:
    prepare(program, chip, inputs=inputs).time(trace=Tracing(path), max_cycles=max_cycles, skip=False)
    return reader.open(path)


@pytest.mark.parametrize("name", ["vmm", "pipeline", "in_flight", "pooling", "lstm_step", "residual"])
def test_rows_have_the_executions_that_units_worked_for(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serials = Serials(monkeypatch)
    columns, found = numbered(traced(open_source(str(FOLDER / f"{name}.s")), tmp_path / "run.actrace"))
    assert found.of.tolist() == serials.of(columns)
    assert found.alike.max() == 1


@pytest.mark.parametrize("seed", range(24))
def test_so_they_have_in_random_programs_on_random_chips(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, serials = generate(seed), Serials(monkeypatch)
    columns, found = numbered(traced(case.program, tmp_path / "run.actrace", case.chip, case.inputs))
    told = found.alike[found.of] == 1
    assert np.array_equal(found.of[told], np.array(serials.of(columns))[told])
    assert told.mean() > 0.9


@pytest.mark.parametrize("seed", range(100, 112))
def test_so_they_have_in_runs_that_were_stopped(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = generate(seed)
    whole = traced(case.program, tmp_path / "whole.actrace", case.chip, case.inputs)
    serials = Serials(monkeypatch)
    limit = max(whole.cycles * (seed % 7 + 1) // 8, 1)
    columns, found = numbered(traced(case.program, tmp_path / "run.actrace", case.chip, case.inputs, limit))
    issued = np.array(serials.of(columns))
    issued[issued == len(found.pc)] = NONE  # what the controller waits to issue
    told = found.alike[found.of] == 1
    assert np.array_equal(found.of[told], issued[told])


LONE = """
        .program lone
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        base d1, 1
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        dim d0, 0, {first}, stride=0
        loop l0, 3
again:  read d0, to=vector
        dim d0, 0, 2, stride=0
        next l0, again
        requant q0, {words}
        dim d1, 0, {words}, stride=0
        write d1, source=vector
        signal write, t1
        await host_out, t1
        dim d1, 0, 1
        output y, d1
        endinference
        halt
"""
"""An instruction that is all that its unit has in a loop; its turns have `first`, 2 and 2 words."""


def test_executions_that_a_trace_does_not_tell_apart_share_their_events(tmp_path: Path) -> None:
    columns, found = numbered(traced(assemble(LONE.format(first=2, words=6)), tmp_path / "run.actrace"))
    reads = np.flatnonzero(found.pc == found.pc[np.flatnonzero(np.diff(found.pc) < 0)[0] + 1])
    assert [int((columns.events & (found.of == at)).sum()) for at in reads.tolist()] == [
        3,
        3,
        3,
    ]  # its issue, two words
    assert found.alike[reads].tolist() == [1, 1, 1]


def test_where_these_do_not_come_out_even_all_are_one(tmp_path: Path) -> None:
    columns, found = numbered(traced(assemble(LONE.format(first=3, words=7)), tmp_path / "run.actrace"))
    reads = np.flatnonzero(found.pc == found.pc[np.flatnonzero(np.diff(found.pc) < 0)[0] + 1])
    assert [int((columns.events & (found.of == at)).sum()) for at in reads.tolist()] == [8, 1, 1]
    assert found.alike[reads].tolist() == [3, 1, 1]


@pytest.mark.parametrize(
    ("rows", "executions", "placed"),
    [
        ("ab", "ab", [0, 1]),
        ("ab", "abab", [0, 1]),
        ("aa", "aba", [0, 2]),
        ("aba", "abcaba", [0, 1, 3]),
        ("ac", "abab", [0, -1]),
        ("ba", "ab", [1, -1]),  # in rising order: no `a` comes behind the `b`
        ("bab", "abab", [1, 2, 3]),
        ("aaa", "aba", [0, 2, -1]),
        ("xab", "ab", [-1, 0, 1]),
        ("", "ab", []),
    ],
)
def test_runs_of_rows_are_placed_in_rising_order(rows: str, executions: str, placed: list[int]) -> None:
    """Each at the first run of executions like it that comes behind the one before."""
    one, other = (
        np.array([[ord(letter) for letter in text], [0] * len(text)], np.int64) for text in (rows, executions)
    )
    assert _placed(one, other).tolist() == placed
