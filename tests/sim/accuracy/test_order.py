"""The order in which errors act, by a second evaluation: one array, one chip, one read and one column at a time.

It draws the same numbers, by the keys that the streams have. What a column adds up is a sum of Python's own, without
rounding in between.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import assemble_file
from acortex.isa.asm.disassembler import texts
from acortex.isa.program import Program
from acortex.sim.analog.streams import normals, stream, uniforms
from acortex.sim.chip.specs import load_chip

from .population import computed, ideal

SEED, CHIPS, INPUTS = 11, 2, 2
FULL, TOP = 8, 15

SETTINGS = {
    "tuning_pct": 20, "stuck_on_ppm": 20_000, "stuck_off_ppm": 20_000, "drift_exponent": 0.01, "drift_spread": 0.01,
    "age_s": 1000, "wire_row_ohm": 3, "wire_column_ohm": 5, "cell_full_scale_us": 50, "array_gain_pct": 5,
    "dac_gain_pct": 4, "dac_inl_codes": 0.5, "nonlinearity_per_v2": 3, "v_read": 0.2, "read_pct": 3, "shot_pct": 2,
    "flicker_pct": 2, "thermal_pct": 4, "crosstalk_pct": 3, "sensing_offset_pct": 0.1, "output_nonlinearity": 0.5,
    "range_pct": 1, "neuron_gain_pct": 4, "neuron_offset_codes": 0.7, "ramp_gain_pct": 3, "ramp_inl_codes": 0.6,
    "on_off": 50, "temperature_c": 65, "temperature_pct_per_c": 0.1,
}  # fmt: skip

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def tall(checkout: Path) -> Program:
    return assemble_file(checkout / "programs" / "tall_vmm.s")


class ByHand:
    """One chip of the population, evaluated without what the simulator evaluates it with."""

    def __init__(self, settings: dict[str, float], number: int) -> None:
        self.of, self.number = settings, number

    def key(self, component: str, place: tuple[int, ...], purpose: str) -> np.random.PCG64:
        return stream(SEED, self.number, component, place, purpose)

    def share(self, name: str) -> float:
        return self.of.get(name, 0) / 100

    def floor(self) -> float:
        """What a cell that is off conducts, in levels; one at full scale has `FULL` more."""
        return FULL / (self.of["on_off"] - 1) if self.of.get("on_off", 1) > 1 else 0.0

    def cells(self, tile: Floats, place: tuple[int, int]) -> Floats:
        """Written, aged and stuck, in levels: (2, 64, 64)."""
        floor = self.floor()
        cells = np.stack([np.maximum(tile, 0), np.maximum(-tile, 0)]) + floor
        band = uniforms(self.key("array", place, "tuning"), (2, 64, 64), np.float32).astype(float) * 2 - 1
        cells = cells * (1 + self.share("tuning_pct") * band)
        power = self.of.get("drift_exponent", 0) + self.of.get("drift_spread", 0) * normals(
            self.key("array", place, "drift"), (2, 64, 64)
        ).astype(float)
        cells = cells * (1 + self.of.get("age_s", 0)) ** -np.maximum(power, 0)
        places = uniforms(self.key("array", place, "stuck"), (2, 64, 64), np.float32)
        cells[places < self.of.get("stuck_off_ppm", 0) / 1e6] = floor
        cells[places > 1 - self.of.get("stuck_on_ppm", 0) / 1e6] = floor + FULL
        return cells

    def seen(self, cells: Floats) -> Floats:
        """The cells at the ends of their wires: pairs lie beside each other in one array of 64 rows."""
        siemens = self.of.get("cell_full_scale_us", 0) * 1e-6 / (FULL + self.floor())
        g = np.empty((64, 128))
        g[:, 0::2], g[:, 1::2] = cells[0] * siemens, cells[1] * siemens
        across, down = np.arange(128), np.arange(64)
        row = g @ (1 + np.minimum.outer(across, across))
        column = (64 - np.maximum.outer(down, down)) @ g
        left = (1 + self.of.get("wire_row_ohm", 0) * row) * (1 + self.of.get("wire_column_ohm", 0) * column)
        return np.stack([cells[0] / left[:, 0::2], cells[1] / left[:, 1::2]])

    def array(self, tile: Floats, place: tuple[int, int]) -> tuple[Floats, Floats]:
        """The weights of an array on the grid, and its cells."""
        cells = self.cells(tile, place)
        seen = self.seen(cells)
        one = float(normals(self.key("array", place, "gain"), 1)[0])
        rows = normals(self.key("array", place, "dac"), 64).astype(float)
        columns = normals(self.key("array", place, "temperature"), 64).astype(float)
        away = abs(self.of.get("temperature_c", 25) - 25)
        gain = (1 + self.share("array_gain_pct") * one) * (1 + self.share("dac_gain_pct") * rows[:, None])
        gain = gain * (1 + self.share("temperature_pct_per_c") * away * columns[None, :])
        return np.rint((seen[0] - seen[1]) * gain * 256) / 256, cells

    def code(self, code: int) -> float:
        """What a code acts as."""
        x = code + 4 * self.of.get("dac_inl_codes", 0) * (code / TOP) * (1 - code / TOP)
        part = self.of.get("nonlinearity_per_v2", 0) * self.of.get("v_read", 0) ** 2
        return round(x * (1 + part * (x / TOP) ** 2) / (1 + part) * 64) / 64

    def sums(self, codes: list[int], weights: Floats, cells: list[Floats], noise: Floats) -> Floats:
        """The sums of one read with its noise; `cells` are those of each array down the group."""
        found, acting = [], [self.code(x) for x in codes]
        pairs = np.concatenate(cells, axis=1)[:, : len(codes)]
        squares = [x * x for x in codes]
        for column in range(weights.shape[1]):
            total = math.fsum(x * w for x, w in zip(acting, weights[:, column].tolist(), strict=True))
            currents = float(codes @ pairs[:, :, column].sum(axis=0))
            powers = float(squares @ (pairs[:, :, column] ** 2).sum(axis=0))
            variance = 2 * (FULL * self.share("read_pct")) ** 2 * sum(squares)
            variance += self.share("shot_pct") ** 2 * FULL * TOP * currents + self.share("flicker_pct") ** 2 * powers
            variance += len(cells) * (FULL * TOP * self.share("thermal_pct")) ** 2
            found.append(total + math.sqrt(variance) * float(noise[column]))
        return np.array(found)

    def converted(self, sums: Floats, rows: int, arrays: list[tuple[int, int]], worth: float, zero: int) -> list[int]:
        """The codes of one read."""
        columns, largest = len(sums), rows * FULL * TOP
        beside = [sum(sums[k] for k in (at - 1, at + 1) if 0 <= k < columns) for at in range(columns)]
        sums = sums + self.share("crosstalk_pct") * np.array(beside)
        for place in arrays:
            drawn = normals(self.key("array", place, "offset"), 64).astype(float)[:columns]
            sums = sums + self.share("sensing_offset_pct") * 64 * FULL * TOP * drawn
        sums = sums / (1 + self.of.get("output_nonlinearity", 0) * np.abs(sums) / largest)
        bound = self.share("range_pct") * largest if "range_pct" in self.of else math.inf
        sums = np.clip(sums, -bound, bound)
        home = (arrays[0][0], 0)
        gain = 1 + self.share("neuron_gain_pct") * normals(self.key("converter", home, "gain"), 64).astype(float)
        gain = gain * (1 + self.share("ramp_gain_pct") * float(normals(self.key("converter", home, "ramp"), 1)[0]))
        offset = self.of.get("neuron_offset_codes", 0) * normals(self.key("converter", home, "offset"), 64).astype(
            float
        )
        bend = self.of.get("ramp_inl_codes", 0) * float(normals(self.key("converter", home, "inl"), 1)[0])
        codes = []
        for at, total in enumerate(sums):
            share = min(max((total / worth + zero) / TOP, 0), 1)
            code = total / worth * gain[at] + offset[at] + 4 * bend * share * (1 - share)
            codes.append(int(min(max(round(code) + zero, 0), TOP)))
        return codes


def by_hand(program: Program, settings: dict[str, float], number: int, inputs: NDArray[np.uint8]) -> list[list[int]]:
    """The codes of the program's one layer on one chip: a group of 600 x 32 cells, in the arrays of its rectangles."""
    chip = ByHand(settings, number)
    weights = program.weights[0].values.astype(float)
    rows, columns = weights.shape
    places = PLACES
    grid, cells = np.zeros((len(places) * 64, columns)), []
    for at, place in enumerate(places):
        tile = np.zeros((64, 64))
        part = weights[at * 64 : (at + 1) * 64]
        tile[: len(part), :columns] = part
        found, held = chip.array(tile, place)
        grid[at * 64 : at * 64 + 64] = found[:, :columns]
        cells.append(held)
    raws = -(-columns // 4)
    multiply = next(at for at, line in enumerate(texts(program)) if line.startswith("multiply"))
    noise = normals(chip.key("read", (multiply, 0), "read"), (len(inputs), raws * 4)).astype(float)
    answers = []
    for index, codes in enumerate(inputs):
        sums = chip.sums([int(x) for x in codes], grid[:rows], cells, noise[index])
        answers.append(chip.converted(sums, rows, places, WORTH, ZERO))
    return answers


PLACES = [*((0, row) for row in range(8)), (1, 0), (1, 1)]
"""The arrays of the group, from the top down: column and row, as its rectangles say."""

WORTH, ZERO = 256.0, 8
"""The quantiser of the program: 2^8 / 1, and the code of a sum of 0."""


def differing(program: Program, settings: dict[str, float]) -> tuple[int, int, int]:
    """How many codes differ by hand and as computed, how far at most, and how many there are.

    The errors must change some of them, or the two would agree about nothing.
    """
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *(f"errors.{n}={v}" for n, v in settings.items())])
    inputs = program.samples["x"][:INPUTS]
    found = computed(program, chip, range(CHIPS), SEED, {"x": inputs})["y"].astype(int)
    wanted = np.array([by_hand(program, settings, number, inputs) for number in range(CHIPS)])
    assert (found != ideal(program, chip, {"x": inputs})["y"]).any()
    away = np.abs(found - wanted)
    return int((away > 0).sum()), int(away.max()), away.size


def test_all_errors_act_in_the_order_that_is_written(tall: Program) -> None:
    wrong, most, whole = differing(tall, SETTINGS)
    assert most <= 1  # float32 beside float64: a sum near a half may be rounded the other way
    assert wrong <= whole // 40


NEED = {
    "wire_row_ohm": ("cell_full_scale_us",), "wire_column_ohm": ("cell_full_scale_us",),
    "nonlinearity_per_v2": ("v_read",), "drift_exponent": ("age_s",), "drift_spread": ("age_s",),
    "temperature_pct_per_c": ("temperature_c",), "on_off": ("tuning_pct",),
}  # fmt: skip


ALONE = [name for name in SETTINGS if name not in ("age_s", "cell_full_scale_us", "v_read", "temperature_c")]
"""Those that do something beside what they need."""


@pytest.mark.parametrize("name", ALONE)
def test_each_error_alone_is_what_is_written(tall: Program, name: str) -> None:
    wrong, most, whole = differing(tall, {one: SETTINGS[one] for one in (name, *NEED.get(name, ()))})
    assert most <= 1
    assert wrong <= whole // 60
