"""A run that skips what repeats has every number, row and byte of one that simulates each event."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from timed_chips import NAMES, Runs, of_ours

from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of
from acortex.traces.file.schema import LEVELS
from judge.aimed import (
    BUSY,
    CONTENDED,
    REPEATING,
    Aim,
    Taps,
    added,
    convolved,
    drained,
    hoarded,
    pooled,
    products,
    rings,
)
from judge.in_turn import IN_TURN
from judge.planted_skips import FOUND_BY
from judge.skips import hold

# Programs of ours -----------------------------------------------------------------------------------------------------


@pytest.mark.sampled(24)
@pytest.mark.parametrize("settings", [(), BUSY, CONTENDED], ids=["its chip", "busy", "contended"])
@pytest.mark.parametrize("inferences", [1, 3, 23])
@pytest.mark.parametrize("name", NAMES)
def test_every_program_of_ours_is_equal(name: str, inferences: int, settings: tuple[str, ...]) -> None:
    skipping = hold(of_ours(name, settings, inferences))
    assert skipping.skipped or inferences < 23


@cache
def network(name: str) -> tuple[Program, Chip]:
    """A network of the zoo, compiled for its chip."""
    chip = load_chip(zoo.entry(name).chip)
    return zoo.load(name, machine_of(chip)), chip


@pytest.mark.parametrize("name", ["letters_mlp", "digits_mlp", "digits_cnn", "lstm"])
def test_small_networks_of_the_zoo_are_equal(name: str) -> None:
    assert hold(Runs(*network(name), 4)).skipped


# Traces ---------------------------------------------------------------------------------------------------------------

FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"units": ["vmm/frame", "main_memory/read"]},
    {"from_cycle": 300, "to_cycle": 900},
    {"layers": ["convolution"]},
)


def traced(folder: Path, skip: bool, level: str, filters: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a trace, and the report without what was skipped."""
    path = folder / f"{skip}.actrace"
    program = assemble_file(zoo.FOLDER / "conv3x3.s")
    result = run(
        program,
        inputs={"x": np.zeros((5, 16, 9, 9), np.uint8)},
        values=False,
        check_order=False,
        trace=path,
        trace_level=level,
        trace_filters=filters,
        skip=skip,
    )
    report = result.report.model_dump()
    assert bool(report.pop("skipped")["events"]) == skip
    report.pop("trace", None)
    return path.read_bytes(), report


@pytest.mark.parametrize("filters", FILTERS, ids=["all", "units", "cycles", "layers"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_trace_is_the_same_to_the_byte(tmp_path: Path, level: str, filters: dict[str, Any]) -> None:
    (one, report), (other, skipping) = (traced(tmp_path, skip, level, filters) for skip in (False, True))
    assert one == other
    assert report == skipping


# What repeats, and what breaks it -------------------------------------------------------------------------------------

SKIPPING: dict[str, Aim] = {**REPEATING, **IN_TURN}

NEVER: dict[str, Aim] = {
    "tokens that grow": hoarded(30),
    "too few positions": products(6),
}


CHIPS = {"its chip": (), "busy": BUSY, "contended": CONTENDED}


def on_chips() -> Iterator[Any]:
    """Each program on each chip; slow are those on other chips than their own, but where one shows a planted bug."""
    for name, (chip, settings) in product(SKIPPING, CHIPS.items()):
        quick = chip == "its chip" or f"{name} on {chip}" in FOUND_BY.values()
        yield pytest.param(name, settings, id=f"{name}-{chip}", marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize(("name", "settings"), list(on_chips()))
def test_what_repeats_is_skipped_and_equal(name: str, settings: tuple[str, ...]) -> None:
    assert hold(SKIPPING[name].runs(*settings)).skipped


@pytest.mark.parametrize("name", NEVER)
def test_what_does_not_repeat_is_simulated(name: str) -> None:
    assert not hold(NEVER[name].runs()).skipped


def test_a_chip_whose_accesses_find_banks_taken_repeats_with_the_whole_ring() -> None:
    """Where banks are never taken all places of a ring are alike: more is skipped."""
    for ring in (2, 3, 5):
        assert hold(rings(ring, 40).runs()).skipped < hold(rings(ring, 40, settings=()).runs()).skipped


# Ends, just there -----------------------------------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("memory.access_cycles=3", "arrays.overlap_loads=true", "buffer.windows=1", "arrays.frame_ns=4"),
        ("memory.ports=2", "memory.banks=3", "memory.bank_cycles=5"),
        ("memory.read_latency_ns=90", "buses.word_cycles=5"),
    ],
)
def test_an_instruction_ends_anywhere_in_a_period(settings: tuple[str, ...]) -> None:
    skipped = [hold(products(positions).runs(*settings)).skipped for positions in range(11, 36, 2)]
    assert skipped[0] == 0 < skipped[-1]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("words", range(3, 13))
def test_queues_fill_and_drain_to_within_a_word_of_their_end(words: int) -> None:
    fast = ("arrays.frame_ns=1", "neurons.bits=1", "memory.access_cycles=4")
    for positions in (24 + words % 3, 27 + words % 3):
        assert hold(products(positions).runs(f"buffer.words={words}")).skipped
        assert hold(drained(positions, *fast).runs(f"buffer.words={words}")).skipped
        assert hold(added(positions).runs(f"vector.queue_words={words}")).skipped
        assert hold(added(positions).runs(f"vector.queue_words={words}", *CONTENDED)).skipped


TAPS = [Taps(kernel, stride, dilation, border) for kernel in (1, 2, 3) for stride in (1, 2, 3) for dilation in (1, 2)
        for border in (0, 1, 2) if border < kernel]  # fmt: skip


@pytest.mark.sampled(9)
@pytest.mark.parametrize("taps", TAPS, ids=str)
def test_patterns_break_at_every_offset(taps: Taps) -> None:
    for side, settings in ((9, ()), (9, CONTENDED), (12, ())):
        assert hold(pooled(side, taps).runs(*settings)).skipped
        if taps.kernel == 3:
            assert hold(convolved(side, taps).runs(*settings)).skipped
