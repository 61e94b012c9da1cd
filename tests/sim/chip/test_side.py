"""Arrays of another side: what they take by hand, from the figures of Fig. 7b, and which programs run on them."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError, UsageError
from acortex.isa import assemble, assemble_file
from acortex.isa.container import load, save
from acortex.isa.program import Program
from acortex.sim.chip.area import area_by_component
from acortex.sim.chip.chip_files import chip_names
from acortex.sim.chip.clock import delays
from acortex.sim.chip.floorplan import floor_plan
from acortex.sim.chip.prices import INDEX, leakage_mw, prices
from acortex.sim.chip.side import cells_factor, line_factor, loads
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional.configuration import configure
from acortex.sim.run import run
from acortex.tools.open.programs import open_program

PROGRAMS = Path(__file__).parents[3] / "programs"
OTHERS = (32, 128)

TILE = """.program tile
.chip    acortex_digits
.input   x, shape={k}
.output  y, shape={k}
.weights w, {k}x{k}, file="a.npz", key=w
group    g0, {k}, {k}
rect     g0, 0, 0
program  g0, w
quant    q0, 1, 8, zero=8
start
connect  g0
inference
base     d0, 0
dim      d0, 0, {words}
base     d1, 2
dim      d1, 0, {words}
input    x, d0
signal   host_in, t0
layer    product
await    read, t0
read     d0
feed     1, {words}
multiply g0, 1
convert  q0, 1
write    d1
signal   write, t1
endlayer
await    host_out, t1
output   y, d1
endinference
halt
"""
"""One array with all of its cells in use."""


def chip_with(k: int, *settings: str, name: str = "acortex_digits") -> Chip:
    """A built-in chip with arrays of another side."""
    return load_chip(name, [f"arrays.k={k}", *settings])


def tile(k: int) -> tuple[Program, np.ndarray, np.ndarray]:
    """The program of one array, its weights and an input."""
    random = np.random.default_rng(k)
    weights = random.integers(-8, 8, (k, k)).astype(np.int8)
    text = TILE.format(k=k, words=-(-k // 64))
    return assemble(text, arrays={"a.npz": {"w": weights}}), weights, random.integers(0, 16, (1, k)).astype(np.uint8)


# What an array takes


@pytest.mark.parametrize("name", chip_names())
def test_built_in_chips_have_the_side_that_prices_are_stated_for(name: str) -> None:
    chip = load_chip(name)
    assert (chip.arrays.k, line_factor(chip), cells_factor(chip)) == (64, 1, 1)


def test_prices_of_an_array_by_hand() -> None:
    """Fig. 7b: 6.90, 1.29 and 0.945 pJ of 64 columns, 64 x 64 cells and 64 rows; 83 fJ for each output, of any side."""
    found = {k: prices(chip_with(k)).by_component for k in OTHERS}
    assert found[32][INDEX["vmm.frame"]] == {"sensing": 3_450_000, "arrays": 322_500}
    assert found[128][INDEX["vmm.frame"]] == {"sensing": 13_800_000, "arrays": 5_160_000}
    assert found[32][INDEX["vmm.load"]] == {"dacs": 472_500}
    assert found[128][INDEX["vmm.load"]] == {"dacs": 1_890_000}
    assert found[32][INDEX["neurons.convert"]] == found[128][INDEX["neurons.convert"]] == {"neurons_adcs": 83_000}
    # A row of two cells for each of k weights, 8 levels of 4 pulses of 500 pJ.
    assert found[128][INDEX["program_erase.write"]] == {"program_erase": 2 * 128 * 8 * 4 * 500_000_000}


@pytest.mark.parametrize(("k", "line", "cells"), [(32, Decimal("0.5"), Decimal("0.25")), (128, 2, 4)])
def test_areas_and_leakage_by_hand(k: int, line: Decimal, cells: Decimal) -> None:
    before, after = (area_by_component(chip_with(side, name="acortex_gnmt")) for side in (64, k))
    for name in ("sensing", "dacs", "neurons_adcs", "program_erase"):
        assert after[name] == before[name] * line
    assert after["arrays"] == before["arrays"] * cells
    assert after["main_memory"] == before["main_memory"]
    assert after["others"] - 1 == (before["others"] - 1) * cells  # 1 mm2 is fixed: controller and stores
    um2 = cells * (3517 + 1290) + line * (2246 + 654)
    leaks = Decimal("0.12") + Decimal("0.2255") * 32768 / 1000 * um2 / (3517 + 1290 + 2246 + 654)
    assert float(leakage_mw(chip_with(k, name="acortex_gnmt"))) == pytest.approx(float(leaks), rel=1e-12)


@pytest.mark.parametrize(("k", "line", "cells"), [(32, Decimal("0.5"), Decimal("0.25")), (128, 2, 4)])
def test_what_does_more_at_once_follows_the_side_too(k: int, line: Decimal, cells: Decimal) -> None:
    """A second set of latches has one for each row; a second set of converters the wires of every array again."""
    once = area_by_component(chip_with(k))
    latches = area_by_component(chip_with(k, "arrays.overlap_loads=true"))
    each = float(load_chip("acortex_digits").area.latches_um2 * line)
    assert float(latches["dacs"] - once["dacs"]) == pytest.approx(each * 16 / 10**6, rel=1e-12)
    twice = area_by_component(chip_with(k, "neurons.adcs_per_column=2"))
    assert twice["neurons_adcs"] == 2 * once["neurons_adcs"]
    assert float(twice["others"] - once["others"]) == pytest.approx(float(1290 * cells * 16 / 10**6), rel=1e-12)
    one, both = (
        prices(chip_with(k, f"arrays.overlap_loads={on}")).total[INDEX["vmm.load"]] for on in ("false", "true")
    )
    assert both - one == int(load_chip("acortex_digits").energy.latches_pj * line * 10**6)


@pytest.mark.parametrize(("k", "cycles"), [(32, 9), (64, 18), (128, 36)])
def test_a_frame_follows_the_length_of_a_line(k: int, cycles: int) -> None:
    """16, 32 and 64 ns in cycles of 1.785 ns; each joined array adds as much longer a piece of bus."""
    assert delays(chip_with(k)).frame_cycles(3) == cycles
    joined = chip_with(k, "arrays.frame_ns=1.785", "arrays.settle_ns_per_array=3.57")
    assert delays(joined).frame_cycles(4) == -(-9 * k // 64)


def test_what_the_lines_own_resistance_adds_is_little() -> None:
    """Its square law is left out: of 5 ohm and 1 fF for each cell, a line of 128 pairs has settled to half of a code of
    4 bits after 0.9 % of its frame.
    """
    cells = 2 * 128
    elmore_ns = 5 * 1e-15 * cells * (cells + 1) / 2 * 1e9
    assert elmore_ns * math.log(2**5) == pytest.approx(0.009 * float(delays(chip_with(128)).frame_ns), rel=0.02)


@pytest.mark.parametrize(
    ("k", "rows", "columns", "words", "broadcast"),
    [(32, 96, 96, 6, 2), (64, 96, 96, 4, 2), (128, 96, 96, 2, 2), (128, 10, 300, 3, 1), (32, 64, 1, 1, 1)],
)
def test_words_that_load_a_matrix(k: int, rows: int, columns: int, words: int, broadcast: int) -> None:
    assert loads(chip_with(k), rows, columns) == words
    assert loads(chip_with(k, "arrays.broadcast_loads=true"), rows, columns) == broadcast


@pytest.mark.parametrize("k", OTHERS)
def test_the_floor_plan_covers_the_die(k: int) -> None:
    plan = floor_plan(chip_with(k, name="acortex_inception"))
    assert float(sum(box.width * box.height for box in plan.boxes)) == pytest.approx(float(plan.side**2))


# One array


@pytest.mark.parametrize(
    ("k", "cycles"),
    [
        (32, 56 - 9),  # the layer of programs/vmm.s, with a frame of 9 cycles for 18
        (64, 56),
        (128, 56 + 2 + 1 + 18 + 2),  # a second word to read, to load and to write, and a frame of 36 cycles
    ],
)
def test_one_array_by_hand(k: int, cycles: int) -> None:
    program, weights, x = tile(k)
    result = run(program, chip_with(k), inputs={"x": x})
    sums = x[0].astype(int) @ weights.astype(int)
    assert result.outputs["y"][0].tolist() == [min(max(round_half_even(one, 8) + 8, 0), 15) for one in sums]
    report = result.report
    assert [layer["cycles"] for layer in report["layers"] if layer["name"] == "product"] == [cycles]
    spent = report["energy_by_component_aj"]
    assert spent["sensing"] == 6_900_000 * k // 64
    assert spent["arrays"] == 1_290_000 * k * k // 64**2
    assert spent["dacs"] == 945_000 * k // 64
    assert spent["neurons_adcs"] == 83_000 * k


@pytest.mark.parametrize("k", OTHERS)
def test_energy_by_the_data_is_that_of_cells(k: int) -> None:
    """The fixed figure is that of so many cells; what each product of a code and a level draws is that of any array."""
    program, weights, x = tile(k)
    chip = chip_with(k)
    found = run(program, chip, inputs={"x": x}, data_energy=True).report["data_energy"]
    activity = int(x[0].astype(int) @ np.abs(weights.astype(int)).sum(axis=1))
    assert found["fixed_aj"] == 1_290_000 * k * k // 64**2
    assert found["energy_aj"] == round(activity * Fraction(1_290_000) / Fraction(chip.energy.activity))


def round_half_even(value: int, shift: int) -> int:
    """value / 2^shift, rounded."""
    return round(value / (1 << shift))


def test_writing_an_array_takes_its_rows() -> None:
    set_up = {k: run(tile(k)[0], chip_with(k), values=False).report["setup"]["cycles"] for k in (32, 64, 128)}
    row = 8 * 4 * 1100 / 1.785  # levels, pulses, and ns of a pulse with its read
    assert set_up[128] - set_up[64] == pytest.approx(64 * row, abs=64)
    assert set_up[64] - set_up[32] == pytest.approx(32 * row, abs=32)


# Words of several arrays

WIDE = """.program wide
.chip    acortex_digits
.weights w, 1x{columns}
.row     {row}
group    g0, 1, {columns}
{rects}
program  g0, w
start
halt
"""


@pytest.mark.parametrize(
    ("k", "columns", "rects", "rounds", "words"),
    [
        (32, 64, "rect g0, 0, 0, width=2", (64,), (1,)),
        (32, 64, "rect g0, 0, 0\nrect g0, 0, 1", (32, 32), (0, 1)),  # a word is whole with its second half
        (32, 96, "rect g0, 0, 0\nrect g0, 0, 1\nrect g0, 1, 0", (64, 32), (0, 2)),  # the second waits for the first
        (32, 70, "rect g0, 0, 0\nrect g0, 1, 0\nrect g0, 0, 1", (64, 6), (1, 1)),
        (64, 96, "rect g0, 0, 0\nrect g0, 0, 1", (64, 32), (1, 1)),
        (128, 100, "rect g0, 0, 0", (100,), (2,)),
        (128, 200, "rect g0, 0, 0\nrect g0, 0, 1", (128, 72), (2, 2)),
    ],
)
def test_the_turns_in_which_words_leave_by_hand(
    k: int, columns: int, rects: str, rounds: tuple[int, ...], words: tuple[int, ...]
) -> None:
    text = WIDE.format(columns=columns, row=", ".join(["1"] * columns), rects=rects)
    found = configure(assemble(text), chip_with(k)).times()[0]
    assert (found.rounds, found.words, found.all_words) == (rounds, words, sum(words))


# Programs for another side


def test_a_program_whose_rectangles_are_for_another_side_is_refused() -> None:
    program = assemble_file(PROGRAMS / "digits_mlp.s")
    with pytest.raises(AcortexError) as small:
        run(program, chip_with(32))
    assert "g0: its rectangles hold 13 arrays, its matrix takes 25 x 2 arrays of 32 x 32 cells, 50" in str(small.value)
    with pytest.raises(AcortexError) as large:
        run(program, chip_with(128))
    assert "reaches past the matrix, which takes 7 x 1 arrays of 128 x 128 cells" in str(large.value)
    for refused in (small, large):
        assert str(refused.value).endswith("; the rectangles fit arrays of 64 x 64 cells (arrays.k=64)")


def test_rectangles_that_fit_no_side_are_for_none() -> None:
    text = WIDE.format(columns=200, row=", ".join(["1"] * 200), rects="rect g0, 0, 0, width=2\nrect g0, 0, 1")
    with pytest.raises(AcortexError, match="its rectangles hold 3 arrays, its matrix takes 1 x 4 arrays, 4") as refused:
        configure(assemble(text), chip_with(64))
    assert "arrays.k" not in str(refused.value)


def test_a_container_for_another_side_says_which(tmp_path: Path) -> None:
    save(open_program("zoo:digits_cnn", chip_with(32, name="acortex_inception")), tmp_path / "n.acx")
    with pytest.raises(AcortexError) as refused:
        run(load(tmp_path / "n.acx"), load_chip("acortex_inception"))
    assert "the rectangles fit arrays of 32 x 32 cells (arrays.k=32)" in str(refused.value)


def test_a_program_that_fits_one_array_runs_on_a_larger_one() -> None:
    program, _, x = tile(32)
    found = [run(program, chip_with(k), inputs={"x": x}).outputs["y"].tolist() for k in (32, 64, 128)]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("value", ["0", "1", "48", "63", "65", "256", "-64", "64.5", "true", '"64"', "[64]"])
def test_another_side_is_refused(value: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_chip("acortex_digits", [f"arrays.k={value}"])
    assert f"arrays.k is {value}: allowed is 32 or 64 or 128" in str(refused.value)
    assert "rows and columns of one array" in str(refused.value)


def test_a_chip_file_states_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "mine"\ninherits = "acortex_inception"\n[arrays]\nk = 128\n')
    assert load_chip(mine).arrays.k == 128
