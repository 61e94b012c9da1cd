"""Scales of a program's quantisers chosen anew, from what its sums become on chips with errors.

IR drop, drift and temperature shrink sums, and a converter whose range was chosen for the ideal chip then loses codes.
A gain g of the sums is taken back by a scale of 1/g: the converter's range shrinks as the sums did. A `quant` has one
scale for all of its columns; a table of constants (`tune`), which the compiler writes, has one for each column, and its
offsets are in units of the sums, so that they are multiplied by g.

One program results, for all chips: what is taken back is the mean over chips, not what one chip has of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acortex.documents import chip_label
from acortex.errors import UsageError
from acortex.isa.arithmetic.quantisers import LARGEST_SHIFT
from acortex.isa.codec import decode, encode
from acortex.isa.data import MULTIPLIER_HIGH, OFFSET_LIMIT
from acortex.isa.places import place
from acortex.isa.program import Constants, Program
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.accuracy.measured import Conversions, Effort, Measuring, Moments, Setter
from acortex.sim.accuracy.results_of_recalibration import CalibrationCost, RecalibrationReport, ScaleRow
from acortex.sim.chip import errors as settings
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.overrides import overrides
from acortex.sim.chip.prices import INDEX, prices
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.host_work import host_values
from acortex.sim.functional.lanes import follow, values_of
from acortex.sim.functional.rules import limits
from acortex.sim.inputs import Inputs, host_data
from acortex.units import joules
from acortex.wording import count

Floats = NDArray[np.float64]

SEED = 1
"""The seed of the chips that are measured: `acortex accuracy` judges others, those of seed 0."""

MOST_CHIPS = 10_000
"""As many chips are measured at most."""


@dataclass(frozen=True)
class Recalibrated:
    """The program with its new scales, and the report."""

    program: Program
    report: RecalibrationReport

    def __repr__(self) -> str:
        return f"Recalibrated({self.program.name} for {self.program.chip}, {count(len(self.report.scales), 'scale')})"


def recalibrate(
    program: Program,
    chip: Chip | None = None,
    *,
    inputs: Inputs = None,
    chips: int = 20,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> Recalibrated:
    """Measures a program's sums on chips with the errors that `chip` states, and chooses the scales anew.

    `inputs` are calibration inputs, as those of `acortex.run`; without them the program's own data serve. `progress` is
    called with chips. Raises UsageError for a chip that states no errors, and the errors of `acortex.errors` for a
    program that breaks a rule and inputs that do not fit.
    """
    if not 1 <= chips <= MOST_CHIPS:
        raise UsageError(f"chips is {chips}, allowed is 1 to {MOST_CHIPS:,}")
    chip = chip or chip_of(program)
    if not settings.acting(chip.errors):
        raise UsageError(
            f"{chip.name} states no errors, and the scales of the program are right for it",
            hint="state what shrinks its sums: --set errors.wire_row_ohm=5 --set errors.cell_full_scale_us=50",
        )
    limits.check(program, chip)
    host = host_data(program, inputs, None)
    rules = follow(program, chip, host.inferences)
    conversions = Conversions.of(program, host.inferences)
    words, top = host.words(program), top_code(program, chip)
    bare = chip.model_copy(update={"errors": settings.without(chip.errors, settings.KINDS)})
    found: Measuring | None = None
    for number in range(chips):
        ideal, made = (AnalogChips(rules.configuration, one, seed, [number], top) for one in (bare, chip))
        found = Measuring(conversions, ideal, made) if found is None else replace(found, ideal=ideal, made=made)
        values_of(rules, words, analog=found, host=host_values(program, host.numbers, host.inferences, 1))
        if progress is not None:
            progress(number + 1, chips)
    assert found is not None
    scaled, rows = _rescaled(program, found)
    report = RecalibrationReport(
        program=program.name,
        chip=chip_label(chip.name, overrides(chip)),
        chips=chips,
        inputs=host.inferences,
        seed=seed,
        errors=settings.stated(chip.errors),
        scales=rows,
        cost=_cost(chip, found.effort, chips),
        output=None,
    )
    return Recalibrated(scaled, report)


def _cost(chip: Chip, effort: Effort, chips: int) -> CalibrationCost:
    """What was measured, by the prices of the chip. Codes of the ideal chip come from the host, which is free."""
    price = prices(chip).total
    of_array, of_output = price[INDEX["vmm.load"]] + price[INDEX["vmm.frame"]], price[INDEX["neurons.convert"]]
    return CalibrationCost(
        array_operations=effort.array_operations,
        conversions=effort.conversions,
        time_s=Clock(chip.clock_ns).seconds(effort.cycles // chips),
        energy_j=joules(effort.array_operations * of_array + effort.conversions * of_output),
    )


def _rescaled(program: Program, found: Measuring) -> tuple[Program, list[ScaleRow]]:
    """The program with new scales, and a row for each quantiser."""
    words = program.words.copy()
    tables = list(program.constants)
    rows: list[ScaleRow] = []
    for setter, moments in found.moments.items():
        before = _scales(program, setter)
        left = found.conversions.fixed.get(setter, "") or _shared(setter, found.moments)
        if not left:
            _set(program, words, tables, setter, moments)
        after = _scales(replace(program, words=words, constants=tuple(tables)), setter)
        used = np.flatnonzero(moments.used[: len(before)]) if setter.constants is not None else np.array([0])
        codes = float(before[used].mean()), float(after[used].mean())
        rows.append(_row(program, found, setter, codes, left))
    return replace(program, words=words, constants=tuple(tables)), rows


def _shared(setter: Setter, all_setters: Iterable[Setter]) -> str:
    """Why a table or a `quant` cannot be changed: another quantiser has it, too."""
    for one in all_setters:
        same_table = one.constants is not None and one.constants == setter.constants
        if one != setter and (one.quant == setter.quant or same_table):
            return "another quantiser shares its quant or its table"
    return ""


def _row(program: Program, found: Measuring, setter: Setter, codes: tuple[float, float], left: str) -> ScaleRow:
    moments = found.moments[setter]
    gains = moments.gains()[moments.used]
    return ScaleRow(
        where=place(program, setter.quant),
        layers=list(found.layers[setter]),
        by_column=setter.constants is not None,
        gain=moments.gain(),
        gain_least=float(gains.min()),
        gain_most=float(gains.max()),
        codes_per_sum_before=codes[0],
        codes_per_sum=codes[1],
        left=left,
    )


def _scales(program: Program, setter: Setter) -> Floats:
    """The codes of one unit of a sum, for each column where there is a table."""
    quant = decode(int(program.words[setter.quant]))
    multipliers = (
        np.array([quant["multiplier"]])
        if setter.constants is None
        else program.constants[setter.constants].values[:, 1]
    )
    return np.asarray(multipliers / float(1 << quant["shift"]))


def _set(
    program: Program, words: NDArray[np.uint64], tables: list[Constants], setter: Setter, moments: Moments
) -> None:
    """Writes the new scale of a quantiser into the words and the tables of a program."""
    quant = decode(int(words[setter.quant]))
    if setter.constants is None:
        (multiplier,), shift = whole_scales(_scales(program, setter) / moments.gain())
        changed = {"multiplier": int(multiplier), "shift": shift}
    else:
        gains, table = moments.gains(), tables[setter.constants]
        multipliers, shift = whole_scales(_scales(program, setter) / gains)
        offsets = np.clip(np.rint(table.values[:, 0] * gains), -OFFSET_LIMIT, OFFSET_LIMIT)
        values = np.stack([offsets.astype(np.int64), multipliers], axis=1)
        tables[setter.constants] = Constants(table.name, values)
        changed = {"shift": shift}
    words[setter.quant] = encode(quant.row, {**quant.values, **changed})


def whole_scales(scales: Floats) -> tuple[NDArray[np.int64], int]:
    """Scales as multiplier / 2^shift with one shift, as exact as multipliers of 16 bits allow; each is at least 1."""
    shift = 0
    while shift < LARGEST_SHIFT and np.rint(scales.max() * 2.0 ** (shift + 1)) <= MULTIPLIER_HIGH:
        shift += 1
    multipliers = np.clip(np.rint(scales * 2.0**shift), 1, MULTIPLIER_HIGH)
    return multipliers.astype(np.int64), shift
