"""One digit, counted by hand: every number here is worked out from the chip's settings and the program's text.

The settings of acortex_digits that matter, in cycles of 1.785 ns: an instruction is issued each cycle; a word takes 2
between host and memory, 2 at the memory's port, 12 from its grant until it leaves (21.42 ns), 1 on a bus; 4 to switch a
group's bus; one load an array; 32 ns a frame, that is 17.93, so 18; a ramp of 2^4 = 16 for a conversion; 1 for a token.
What one unit does, another sees a cycle after it ended; a request for the port is granted one cycle after it is made.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from acortex.isa import assemble_file
from acortex.programs import digits_reference
from acortex.sim.chip.prices import KINDS
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing.wiring import unit_paths

Span = tuple[int, int]

IMAGE_WORDS = 13  # 784 pixels in words of 64: 12 words and 16 pixels more
HIDDEN_ARRAYS = 13  # 785 rows in arrays of 64 rows, 64 columns in one
OUTPUT_ARRAYS = 2  # 65 rows, 10 columns


class Spans:
    """Notes when each kind of event of each unit happened, as (first cycle, cycle after the last)."""

    def __init__(self) -> None:
        self.of: defaultdict[tuple[str, str], list[Span]] = defaultdict(list)
        self._paths = unit_paths(load_chip("acortex_digits"))

    def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
        self.of[self._paths[unit], KINDS[kind].name].append((start, start + duration))

    def wait(self, *_: int) -> None:
        pass


@pytest.fixture(scope="module")
def digit() -> tuple[dict[str, Any], Spans]:
    """The report of one digit, and when everything in it happened."""
    program = assemble_file(digits_reference.DATA.with_name("digits_mlp.s"))
    spans = Spans()
    report = run(program, inputs=program.samples["image"][:1], observers=[spans]).report
    return report, spans


@pytest.fixture
def report(digit: tuple[dict[str, Any], Spans]) -> dict[str, Any]:
    return digit[0]


@pytest.fixture
def spans(digit: tuple[dict[str, Any], Spans]) -> dict[tuple[str, str], list[Span]]:
    return digit[1].of


COUNTS = {
    # Before the loop 2 connects and 6 signals; the loop; in its body inference, 4 for streams, 3 for the host's image,
    # 9 for the hidden layer, 9 for the output layer, endlayer, 3 for the scores, endinference; then next and halt.
    "instructions": (2 + 6) + 1 + (1 + 4 + 3 + 9 + 9 + 1 + 3 + 1) + 1 + 1,
    "host_words.in": IMAGE_WORDS,
    "host_words.out": 1,  # 10 scores are one word
    "main_memory.writes": IMAGE_WORDS + 1 + 1,  # the image, the hidden codes, the scores
    "main_memory.reads": IMAGE_WORDS + 1 + 1,  # the same three again
    "bus_words.down": IMAGE_WORDS + 1,  # the image and the hidden codes
    "bus_words.up": 1 + 1,  # the hidden codes and the scores
    "bus_words": IMAGE_WORDS + 1 + 1 + 1,
    "array_operations": HIDDEN_ARRAYS + OUTPUT_ARRAYS,
    "loads": HIDDEN_ARRAYS + OUTPUT_ARRAYS,
    "positions": 2,
    "conversions": 64 + 10,
    # 6 signals before the loop; in it t0, t1, t2, t3 and t4 are made once and taken once.
    "tokens": 6 + 5 + 5,
    # 42 instructions, 16 tokens, 2 connects, 14 words over the host's port, 30 accesses, 16 words on buses, and for
    # each of 2 layers a vector, a load, a frame and a conversion.
    "events": 42 + 16 + 2 + 14 + 30 + 16 + 2 * 4,
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_those_of_the_program_text(report: dict[str, Any], name: str) -> None:
    assert report["counts"][name] == COUNTS[name]


def test_no_count_is_left_without_a_hand_count(report: dict[str, Any]) -> None:
    assert set(report["counts"]) == set(COUNTS)


def test_multiply_accumulates_are_those_of_the_network(report: dict[str, Any]) -> None:
    assert report["macs"] == 784 * 64 + 64 * 10  # the biases are no multiply-accumulates of the network


# Cycles ----------------------------------------------------------------------------------------------------

# `await host_in` is instruction 14 of the run, counting from 0 (8 + 1 loop + 1 inference + 4 for streams): issued in
# cycle 14, seen in 15, where the token that is there is taken in one cycle. `input` begins at 16.
INPUT = 14 + 1 + 1
# A word crosses the host's port in 2 cycles, then takes the memory's port for 2; the next one starts after it.
IMAGE_IN = INPUT + IMAGE_WORDS * (2 + 2)
# host_in makes t0 in one cycle, read takes it in another; a request made then is granted one cycle later.
FIRST_READ = IMAGE_IN + 1 + 1 + 1
# The port takes 2 cycles a word; the last word leaves 12 after its grant and crosses the bus in 1.
IMAGE_THERE = FIRST_READ + (IMAGE_WORDS - 1) * 2 + 12 + 1
HIDDEN_LOAD = IMAGE_THERE + 1  # the vector is made in one cycle
HIDDEN_FRAME = HIDDEN_LOAD + HIDDEN_ARRAYS  # a load an array
HIDDEN_CONVERT = HIDDEN_FRAME + 18 + 1  # a frame; its sums are sampled as it ends, and seen a cycle later
HIDDEN_WRITE = HIDDEN_CONVERT + 16 + 1  # the ramp; a request a cycle later
# The port for 2 cycles; write makes t2 and read takes it; the request is granted a cycle later.
CODES_READ = HIDDEN_WRITE + 2 + 1 + 1 + 1
CODES_THERE = CODES_READ + 12 + 1
OUTPUT_LOAD = CODES_THERE + 1
OUTPUT_FRAME = OUTPUT_LOAD + OUTPUT_ARRAYS
OUTPUT_CONVERT = OUTPUT_FRAME + 18 + 1
OUTPUT_WRITE = OUTPUT_CONVERT + 16 + 1
SCORES_READ = OUTPUT_WRITE + 2 + 1 + 1 + 1  # as for the hidden codes, with t3
SCORES_OUT = SCORES_READ + 12  # host_out sits at the memory: no bus
INFERENCE_END = SCORES_OUT + 2
CYCLES = INFERENCE_END + 1  # host_out makes t4

STAGES = [
    ("host/in", "host.in", 0, (INPUT, INPUT + 2)),
    ("host/in", "memory.write", IMAGE_WORDS - 1, (IMAGE_IN - 2, IMAGE_IN)),
    ("main_memory/read", "memory.read", 0, (FIRST_READ, FIRST_READ + 2)),
    ("buses/down", "bus.down", 0, (FIRST_READ + 12, FIRST_READ + 13)),
    ("buses/down", "bus.down", IMAGE_WORDS - 1, (IMAGE_THERE - 1, IMAGE_THERE)),
    ("buffer", "buffer.slide", 0, (IMAGE_THERE, HIDDEN_LOAD)),
    ("vmm/load", "vmm.connect", 0, (1, 1 + 4)),
    ("vmm/load", "vmm.connect", 1, (1 + 4, 1 + 4 + 4)),
    ("vmm/load", "vmm.load", 0, (HIDDEN_LOAD, HIDDEN_FRAME)),
    ("vmm/frame", "vmm.frame", 0, (HIDDEN_FRAME, HIDDEN_FRAME + 18)),
    ("neurons", "neurons.convert", 0, (HIDDEN_CONVERT, HIDDEN_CONVERT + 16)),
    ("main_memory/write", "memory.write", 0, (HIDDEN_WRITE, HIDDEN_WRITE + 2)),
    ("buses/up", "bus.up", 0, (HIDDEN_WRITE, HIDDEN_WRITE + 1)),
    ("main_memory/read", "memory.read", IMAGE_WORDS, (CODES_READ, CODES_READ + 2)),
    ("buses/down", "bus.down", IMAGE_WORDS, (CODES_THERE - 1, CODES_THERE)),
    ("buffer", "buffer.slide", 1, (CODES_THERE, OUTPUT_LOAD)),
    ("vmm/load", "vmm.load", 1, (OUTPUT_LOAD, OUTPUT_FRAME)),
    ("vmm/frame", "vmm.frame", 1, (OUTPUT_FRAME, OUTPUT_FRAME + 18)),
    ("neurons", "neurons.convert", 1, (OUTPUT_CONVERT, OUTPUT_CONVERT + 16)),
    ("main_memory/write", "memory.write", 1, (OUTPUT_WRITE, OUTPUT_WRITE + 2)),
    ("host/out", "memory.read", 0, (SCORES_READ, SCORES_READ + 2)),
    ("host/out", "host.out", 0, (SCORES_OUT, INFERENCE_END)),
]


@pytest.mark.parametrize(("unit", "kind", "which", "when"), STAGES, ids=[f"{s[0]}:{s[1]}:{s[2]}" for s in STAGES])
def test_stage_happens_in_the_cycles_counted(
    spans: dict[tuple[str, str], list[Span]], unit: str, kind: str, which: int, when: Span
) -> None:
    assert spans[unit, kind][which] == when


def test_run_takes_the_cycles_counted(report: dict[str, Any]) -> None:
    assert CYCLES == 235
    assert report["cycles"] == CYCLES


def test_inference_lasts_from_its_first_word_to_its_last(report: dict[str, Any]) -> None:
    inference = report["inferences"][0]
    assert (inference["start_cycle"], inference["end_cycle"]) == (INPUT, INFERENCE_END)
    assert inference["latency_s"] == pytest.approx((INFERENCE_END - INPUT) * 1.785e-9, rel=1e-15)


BUSY = {
    "controller": 42,
    "host/in": IMAGE_WORDS * (2 + 2) + 2,  # and two tokens
    "host/out": (2 + 2) + 5 + 2,  # a word; five tokens before the loop and two in it
    "main_memory/read": (IMAGE_WORDS + 1) * 2 + 1 + 3,  # a token before the loop, three in it
    "main_memory/operand": 0,
    "main_memory/write": 2 * 2 + 3,
    "buffer": 2,
    "vmm/load": 2 * 4 + HIDDEN_ARRAYS + OUTPUT_ARRAYS,
    "vmm/frame": 2 * 18,
    "neurons": 2 * 16,
    "vector": 0,
    "program_erase": 0,
    "host/work": 0,
    "buses/down": IMAGE_WORDS + 1,
    "buses/up": 2,
}


def test_units_are_busy_as_long_as_their_events_last(report: dict[str, Any]) -> None:
    assert {unit: row["busy"] for unit, row in report["utilisation"].items()} == BUSY


# Energy ----------------------------------------------------------------------------------------------------

PJ = 10**6  # attojoules
ACCESSES = 30

# The side of the die: 16 arrays of 3517 (cells) + 2246 (sensing) + 654 (DACs) + 1290 um2 (others), 1 KB of a memory of
# 6.43 mm2 a MB, program/erase 0.2587 mm2 and neurons 630 um2 of the one pair of columns, 1 mm2 that is always there.
# 1 KB of the 1 MB that memory's prices are for, in as many banks; of the stores all but 8,064 instructions are there.
MEMORY = Decimal("0.8") / 1024 + Decimal("0.2") / 32
STORES = Decimal(2_044_928 - 8064 * 64) / 2_044_928
CONTROL_MM2 = Decimal("0.13") + Decimal("0.87") * STORES
AREA_MM2 = (
    16 * Decimal(3517 + 2246 + 654 + 1290) / 10**6
    + Decimal("6.43") * MEMORY
    + Decimal("0.2587")
    + Decimal(630) / 10**6
    + CONTROL_MM2
)
SIDE_MM = AREA_MM2.sqrt()
DOWN_AJ = round(SIDE_MM * Decimal("8.07") * PJ)  # a word pays for the side of the die
UP_AJ = round(SIDE_MM * Decimal("3.84") * PJ)
# 0.12 mW, half of it memory's and 0.41 of the rest the stores', and 0.2255 uW an array; a mW for a ns is a pJ.
FIXED_MW = Decimal("0.06") * (MEMORY + Decimal("0.59") + Decimal("0.41") * STORES)
LEAKAGE_AJ = round((FIXED_MW + 16 * Decimal("0.2255") / 1000) * Decimal("1.785") * PJ)

ENERGY_AJ = {
    "main_memory": ACCESSES * round(52 * PJ * MEMORY.sqrt()),
    "others": ACCESSES * round(3_300_000 * CONTROL_MM2.sqrt()),
    "sensing": 15 * 6_900_000,
    "arrays": 15 * 1_290_000,
    "dacs": 15 * 945_000,
    "neurons_adcs": 74 * 83_000,
    "buses": 14 * DOWN_AJ + 2 * UP_AJ,
    "leakage": CYCLES * LEAKAGE_AJ,
    "program_erase": 0,
}


def test_prices_that_depend_on_the_die_are_these_numbers() -> None:
    # sqrt(1.208283583469) = 1.099220 mm; 0.057821 mW * 1.785 ns = 0.103211 pJ
    assert (DOWN_AJ, UP_AJ, LEAKAGE_AJ) == (8_870_702, 4_221_003, 103_211)


@pytest.mark.parametrize("component", ENERGY_AJ)
def test_energy_of_a_component_is_counts_times_prices(report: dict[str, Any], component: str) -> None:
    assert report["energy_by_component_aj"][component] == ENERGY_AJ[component]


def test_energy_of_the_digit_is_the_sum_to_the_attojoule(report: dict[str, Any]) -> None:
    # 130.809990 + 87.458580 + 103.5 + 19.35 + 14.175 + 6.142 + 132.631834 + 24.254585 pJ
    assert sum(ENERGY_AJ.values()) == 518_321_989
    assert report["energy_aj"] == 518_321_989
    assert set(report["energy_by_component_aj"]) == set(ENERGY_AJ)
