"""Runs that are stopped: which inferences have finished, and which numbers there are of a part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex import traces
from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.prices import INDEX, prices
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.ledger.flights import Flight, finished_macs, flights
from acortex.sim.ledger.reprice import replay
from acortex.sim.results import RunReport
from acortex.sim.run import run
from acortex.sim.timing.tally import Tally
from acortex.tools.open.machine import machine_of

CYCLES = 1000

SILENT = """
        .program silent
        .chip acortex_digits
        .input x, shape=64
        start
        base d0, 0
        inference
        layer one
        input x, d0
        input x, d0
        endlayer
        endinference
        halt
"""


# When each was in flight, by what units noted ------------------------------------------------------------------------


def noted(
    inferences: dict[int, tuple[int, int]],
    layers: dict[tuple[int, int], tuple[int, int]],
    words: dict[tuple[int, int], int],
) -> Tally:
    """What units noted: spans of inferences and of (layer, inference), and words to the host by (layer, inference)."""
    made = Tally()
    made.inferences.update({index: list(span) for index, span in inferences.items()})
    made.layers.update({key: list(span) for key, span in layers.items()})
    made.counts.update({(INDEX["host.out"], *key): count for key, count in words.items()})
    made.counts[INDEX["host.in"], 0, 0] = 99
    return made


ECHO = assemble(SILENT.replace(".input x, shape=64", ".input x, shape=64\n        .output y, shape=128"))
"""A program with an output of two words."""


def test_a_run_that_names_no_inference_is_one() -> None:
    assert flights(ECHO, noted({-1: (3, 9)}, {(1, -1): (0, 5)}, {}), 100, False) == [Flight(0, 0, 100, True)]


def test_an_inference_without_words_at_the_host_flies_as_long_as_its_layers() -> None:
    made = noted({1: (40, 60)}, {(1, 0): (5, 9), (2, 0): (2, 30), (1, 1): (0, 99), (3, 0): (10, 12)}, {})
    assert flights(ECHO, made, 100, False) == [Flight(0, 2, 30, True), Flight(1, 40, 60, True)]


def test_no_flight_ends_behind_the_run() -> None:
    assert flights(ECHO, noted({0: (5, 120)}, {}, {}), 100, False) == [Flight(0, 5, 100, True)]


def test_in_a_stopped_run_one_has_finished_whose_outputs_are_all_with_the_host() -> None:
    words = {(0, 0): 2, (1, 1): 1, (2, 1): 1, (0, 2): 1}
    made = noted({2: (30, 40), 0: (0, 10), 1: (5, 120), 3: (50, 60)}, {}, words)
    assert flights(ECHO, made, 100, True) == [
        Flight(0, 0, 10, True),
        Flight(1, 5, 100, True),
        Flight(2, 30, 100, False),
        Flight(3, 50, 100, False),
    ]
    assert flights(ECHO, noted({}, {}, {}), 100, True) == []


def test_without_outputs_none_has_finished() -> None:
    assert flights(assemble(SILENT), noted({0: (0, 10)}, {}, {(0, 0): 5}), 100, True) == [Flight(0, 0, 100, False)]


def test_work_counts_of_those_that_have_finished() -> None:
    macs = {(1, 0): 5, (2, 0): 7, (1, 1): 100, (1, -1): 1000}
    both = [Flight(0, 0, 10, True), Flight(1, 0, 10, False)]
    assert finished_macs(macs, both) == 12
    assert finished_macs(macs, both[1:]) is None
    assert finished_macs({}, both) == 0


@pytest.fixture(scope="module")
def digits() -> tuple[Program, Chip, np.ndarray[Any, Any]]:
    """The digits on their chip, ten of them."""
    program = zoo.load("digits_mlp")
    return program, load_chip("acortex_digits"), zoo.load("digits_mlp").samples["image"][:10]


@pytest.fixture(scope="module")
def whole(digits: Any) -> RunReport:
    program, chip, inputs = digits
    return run(program, chip, inputs=inputs, values=False).report


@pytest.fixture(scope="module")
def part(digits: Any) -> RunReport:
    program, chip, inputs = digits
    return run(program, chip, inputs=inputs, values=False, max_cycles=CYCLES).report


def test_a_whole_run_is_complete_and_covers_all(whole: RunReport) -> None:
    assert (whole.complete, whole.covers, whole.stopped) == (True, None, None)
    assert whole.inferences and all(row.finished for row in whole.inferences)


def within(whole: RunReport, limit: int) -> int:
    """A limit below 1 counts from the end of the whole run."""
    return limit if limit > 0 else (whole.cycles or 0) + limit


@pytest.mark.parametrize("limit", [1, 20, 260, 400, 700, 1000, -2, -1])
def test_finished_are_those_that_end_in_the_whole_run_by_then(digits: Any, whole: RunReport, limit: int) -> None:
    program, chip, inputs = digits
    limit = within(whole, limit)
    found = run(program, chip, inputs=inputs, values=False, max_cycles=limit).report
    assert found.cycles and found.covers and found.inferences is not None and whole.inferences
    last = chip.host.word_cycles  # nothing begins at the limit: what has begun before it, ends
    ended = {row.index: row for row in whole.inferences if (row.end_cycle or 0) - last < limit}
    begun = {row.index for row in whole.inferences if row.start_cycle < limit}
    assert {row.index for row in found.inferences if row.finished} == set(ended)
    assert begun <= {row.index for row in found.inferences}
    for row in found.inferences:
        if row.finished:
            assert (row.end_cycle, row.latency_s) == (ended[row.index].end_cycle, ended[row.index].latency_s)
        else:
            assert (row.end_cycle, row.latency_s) == (None, None)
    counts = (found.covers.inferences, found.covers.finished, found.covers.under_way)
    assert counts == (10, len(ended), len(found.inferences) - len(ended))
    assert (found.complete, found.covers.until_cycle) == (False, found.cycles)


@pytest.mark.parametrize("word_cycles", [1, 2, 7])
def test_an_inference_has_finished_as_its_last_word_begins_before_the_limit(digits: Any, word_cycles: int) -> None:
    program, _, inputs = digits
    chip = load_chip("acortex_digits", [f"host.word_cycles={word_cycles}"])
    rows = run(program, chip, inputs=inputs, values=False).report.inferences or []
    begins = (rows[2].end_cycle or 0) - word_cycles
    for limit, finished in ((begins, 2), (begins + 1, 3), (begins + word_cycles, 3)):
        found = run(program, chip, inputs=inputs, values=False, max_cycles=limit).report
        assert found.covers and found.inferences and found.cycles
        assert (found.covers.finished, found.inferences[2].finished) == (finished, finished == 3)
        assert found.cycles >= (rows[2].end_cycle or 0) or finished == 2


def test_a_limit_past_the_end_covers_all(digits: Any, whole: RunReport) -> None:
    program, chip, inputs = digits
    for more in (1, 1000):
        found = run(program, chip, inputs=inputs, values=False, max_cycles=within(whole, 0) + more).report
        assert (found.complete, found.covers, found.inferences) == (True, None, whole.inferences)


def test_energies_of_a_part_still_add_up(part: RunReport) -> None:
    assert part.inferences and part.layers
    assert sum(row.energy_aj for row in part.inferences) == part.energy_aj
    assert sum(row.energy_aj for row in part.layers) == part.energy_aj
    under_way = [row for row in part.inferences if not row.finished]
    assert under_way and all(row.energy_by_component_aj["leakage"] for row in under_way)


def test_throughput_is_that_of_the_inferences_that_had_finished(part: RunReport, whole: RunReport) -> None:
    assert part.covers and part.latency_s and whole.macs
    each = whole.macs // 10
    assert part.throughput_ops_per_s == 2 * each * part.covers.finished / part.latency_s
    assert part.macs and each * part.covers.finished < part.macs < whole.macs


def test_what_needs_the_rest_of_the_run_is_null(part: RunReport, digits: Any) -> None:
    assert (part.memory, part.steady_state, part.accuracy) == (None, None, None)
    program, chip, inputs = digits
    early = run(program, chip, inputs=inputs, values=False, max_cycles=50).report
    assert early.throughput_ops_per_s is None and early.covers and early.covers.finished == 0


def test_an_interrupt_halfway_through_one_inference_finishes_none() -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    program = zoo.load("digits_cnn", machine_of(load_chip("acortex_inception")))
    inputs = np.zeros((1, 28, 28), dtype=np.uint8)
    how = {"values": False, "progress": interrupt, "keep_interrupted": True}
    report = run(program, load_chip("acortex_inception"), inputs=inputs, **how).report  # type: ignore[arg-type]
    assert report.covers and report.inferences and str(report.stopped).endswith("interrupted; the program goes on")
    assert (report.covers.finished, report.covers.under_way) == (0, 1)
    assert (report.inferences[0].latency_s, report.throughput_ops_per_s) == (None, None)


def test_a_program_without_an_output_finishes_nothing_before_its_end() -> None:
    program = assemble(SILENT)
    inputs = np.zeros((1, 64), dtype=np.uint8)
    ends = run(program, inputs=inputs).report
    assert ends.complete and ends.inferences and ends.inferences[0].finished
    for limit in range(1, ends.cycles or 0):
        found = run(program, inputs=inputs, max_cycles=limit).report
        assert found.complete is (found.covers is None)
        assert found.covers is None or found.covers.finished == 0


def test_before_the_first_word_there_is_no_inference(digits: Any) -> None:
    program, chip, inputs = digits
    report = run(program, chip, inputs=inputs, values=False, max_cycles=2).report
    assert report.inferences == [] and report.covers and report.covers.under_way == 0


def test_a_stopped_trace_is_priced_as_its_run_was(tmp_path: Path, digits: Any) -> None:
    program, chip, inputs = digits
    path = tmp_path / "t.actrace"
    report = run(program, chip, inputs=inputs, values=False, max_cycles=CYCLES, trace=path).report
    energies = replay(traces.open(path), prices(chip))
    assert energies.total == report.energy_aj and report.inferences
    assert {row.index: row.energy_aj for row in report.inferences} == {
        index: sum(parts.values()) for index, parts in energies.by_inference.items()
    }


def test_a_report_shows_that_it_was_stopped_before_any_number(part: RunReport) -> None:
    shown = repr(part)
    assert shown.index("stopped at cycle") < shown.index("cycles=")
    assert "stopped at cycle" in part._repr_html_()
