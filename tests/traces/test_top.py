"""The dearest instructions and layers are those that a slow count finds, and all rows add up to the whole."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.traces import top as module
from acortex.traces.file import digest
from acortex.traces.file.reader import Trace
from acortex.traces.results_of_tops import By, TraceTop
from acortex.traces.top import MEASURES, Costs, top

from .conftest import HEADER, MakeTrace, Rows, pipeline

SUMS = ("events", "busy", "energy_aj", "waiting")


def counted(events: Rows, waits: Rows, key: int) -> dict[int, dict[str, int]]:
    """Sums by a field of rows: 5 is the instruction of an event and 6 its layer; those of waits lie one before."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(SUMS, 0))
    for event in events:
        row = found[event[key]]
        row["events"] += 1
        row["busy"] += event[1]
        row["energy_aj"] += event[8]
    for wait in waits:
        found[wait[key - 1]]["waiting"] += wait[1]
    return found


def shuffled(seed: int) -> tuple[Rows, Rows]:
    """A run whose rows come in no order, some of them of no instruction."""
    rng = random.Random(seed)
    events, waits = pipeline(60, seed)
    events += [(at, at % 4, 0, 0, 1, -1, 0, -1, at * 10**12) for at in range(30)]
    rng.shuffle(events)
    rng.shuffle(waits)
    return events, waits


def add_up(rows: Any, others: Any) -> dict[str, int]:
    """The sums of a table and its last line."""
    return {name: sum(row[name] for row in rows) + others[name] for name in SUMS}


@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_are_those_of_a_slow_count(make_trace: MakeTrace, by: By, rows: int, seed: int) -> None:
    events, waits = shuffled(seed)
    found = top(make_trace(events, waits, summary={"cycles": 900}), by, rows)
    for key, table, name in ((5, found.instructions, "pc"), (6, found.layers, "name")):
        slow, measure = counted(events, waits, key), MEASURES[by]
        ordered = sorted(slow, key=lambda one: (-slow[one][measure], one))
        wanted = [one for one in ordered[:rows] if slow[one][measure]]
        assert [row[name] for row in table] == [HEADER.layers[one] if name == "name" else one for one in wanted]
        for row, one in zip(table, wanted, strict=True):
            assert {sum_: row[sum_] for sum_ in SUMS} == slow[one]
            assert row["energy_j"] == slow[one]["energy_aj"] / 10**18


@given(seed=st.integers(0, 10**6), rows=st.integers(1, 12), by=st.sampled_from(sorted(MEASURES)))
def test_tables_and_their_others_add_up_to_the_whole(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rows: int, by: By
) -> None:
    from acortex.traces.file import reader
    from acortex.traces.file.writer import TraceWriter

    events, waits = shuffled(seed)
    path = tmp_path_factory.mktemp("top") / "run.actrace"
    with TraceWriter(path, HEADER) as writer:
        writer.events(np.array(events, dtype=np.int64).T)
        writer.waits(np.array(waits, dtype=np.int64).reshape(-1, 7).T)
        writer.finish({"cycles": 900})
    found = top(reader.open(path), by, rows)
    whole = {name: found.whole[name] for name in SUMS}
    assert whole == {name: sum(row[name] for row in counted(events, waits, 5).values()) for name in SUMS}
    assert add_up(found.instructions, found.other_instructions) == whole
    assert add_up(found.layers, found.other_layers) == whole
    shares = [row.share for row in (*found.instructions, found.other_instructions) if row.share is not None]
    assert sum(shares) == pytest.approx(1 if whole[MEASURES[by]] else 0)


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_a_coarser_trace_has_the_same_layers(make_trace: MakeTrace, level: str) -> None:
    events, waits = shuffled(3)
    fine, coarse = (
        make_trace(events, waits, name=one, level=one, summary={"cycles": 900}) for one in ("events", level)
    )
    assert top(coarse).layers == top(fine).layers
    known = level == "instructions"
    assert top(coarse).instructions == (top(fine).instructions if known else None)
    assert (top(coarse).other_instructions is not None) is known
    assert top(coarse).complete is False and top(fine).complete is True


def test_the_layer_of_an_instruction_is_that_of_its_largest_part(make_trace: MakeTrace) -> None:
    events = [(0, 5, 0, 0, 1, 2, 1, 0, 9), (5, 6, 0, 0, 1, 2, 2, 0, 1)]
    trace = make_trace(events)
    assert (top(trace).instructions[0].layer, top(trace, "energy").instructions[0].layer) == ("fc", "conv1")
    assert top(trace).instructions[0].busy == 11  # and of both layers together


def test_a_window_cuts_durations_and_says_so(make_trace: MakeTrace) -> None:
    events, waits = [(0, 10, 0, 0, 1, 0, 1, 0, 7), (20, 5, 0, 0, 1, 1, 1, 0, 8)], [(10, 8, 0, 0, 1, 1, 0)]
    found = top(make_trace(events, waits).select(window=(6, 12)))
    assert [(row.pc, row.busy, row.waiting, row.energy_aj) for row in found.instructions] == [(0, 4, 0, 7)]
    others = found.other_instructions
    assert others is not None and (others.rows, others.waiting) == (1, 2)
    assert found.complete is False and found.covers is not None and found.covers.until_cycle == 12


def test_equal_costs_come_in_the_order_of_the_program(make_trace: MakeTrace) -> None:
    trace = make_trace([(at, 3, 0, 0, 1, pc, 1, 0, 0) for at, pc in enumerate((4, 0, 3, 1, 2))])
    assert [row.pc for row in top(trace, rows=4).instructions] == [0, 1, 2, 3]
    assert top(trace, rows=4).other_instructions.busy == 3


def test_sums_beyond_64_bits_stay_exact(make_trace: MakeTrace) -> None:
    most = (1 << 63) - 1
    found = top(make_trace([(0, 1, 0, 0, 1, 0, 1, 0, most)] * 5), "energy")
    assert found.whole.energy_aj == found.instructions[0].energy_aj == 5 * most


def _check_nothing(found: TraceTop) -> None:
    assert (found.instructions, found.layers) == ([], [])
    assert (found.whole.events, found.other_layers.rows, found.other_layers.share) == (0, 0, None)


def test_a_trace_without_rows_has_none(make_trace: MakeTrace) -> None:
    _check_nothing(top(make_trace([])))


def test_what_costs_nothing_is_among_the_others(make_trace: MakeTrace) -> None:
    found = top(make_trace([(0, 1, 0, 0, 1, 0, 1, 0, 0)]), "energy")
    assert (found.instructions, found.other_instructions.rows, found.other_instructions.share) == ([], 1, None)
    assert found.whole.busy == found.other_instructions.busy == 1


@pytest.mark.parametrize("rows", [0, -1])
def test_fewer_than_one_row_is_refused(make_trace: MakeTrace, rows: int) -> None:
    with pytest.raises(UsageError, match="rows are too few"):
        top(make_trace([]), rows=rows)


def test_another_ranking_is_refused_with_those_that_there_are(make_trace: MakeTrace) -> None:
    with pytest.raises(UsageError, match="nothing is ranked by 'time'") as caught:
        top(make_trace([]), "time")  # type: ignore[arg-type]
    assert caught.value.hint == "rankings are cycles, energy, waits"


def test_a_trace_is_read_a_part_at_a_time(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = make_trace(*shuffled(4), summary={"cycles": 900})
    monkeypatch.setattr(Trace, "__getitem__", lambda *_: pytest.fail("a whole column was read"))
    assert top(trace).whole.events == len(trace)
    assert module.together([Costs(1, 2, 3, 4), Costs(1, 1, 1, 1)]) == Costs(2, 3, 4, 5)


@pytest.mark.parametrize("by", MEASURES)
def test_a_long_run_is_added_up_from_its_digest(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, by: By) -> None:
    rows = shuffled(5)
    short = make_trace(*rows, name="short", summary={"cycles": 900})
    monkeypatch.setattr(digest, "LARGE", 1)
    long = make_trace(*rows, name="long", summary={"cycles": 900})
    wanted = [top(trace, by) for trace in (short, short.select(unit="vmm*"), short.select(window=(0, 50)))]
    assert [top(trace, by) for trace in (long, long.select(unit="vmm*"), long.select(window=(0, 50)))] == wanted
    assert top(long, by).complete is True
    assert top(replace(long, events=long.events.select(pc=())), by) == wanted[0]  # not one row of the trace is read
