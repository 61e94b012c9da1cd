"""What stands between the arrays of a group and its codes: sensing, neurons and the ramp of their converters.

A converter is a place of the chip, so that two groups whose sums it converts share its offset. Trims are set once, with
no input applied and with one known input, and take off what their step can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.semantics import of_other
from acortex.isa.sequencer import Dispatch
from acortex.sim.accuracy.cells import FULL_SCALE
from acortex.sim.accuracy.place import Converter, Remapped, converters_of
from acortex.sim.analog import converters, sensing
from acortex.sim.analog.streams import normals, stream
from acortex.sim.chip.buses import GroupRoute
from acortex.sim.chip.errors import amount, share
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Periphery:
    """The errors of a group's columns on each chip: of shape (chips, columns), one chip where all are alike.

    `gains` multiply a sum, `sensing` adds to it in codes times levels, `offsets` and `bends` act in codes.
    """

    chip: Chip
    rows: int
    gains: Floats
    sensing: Floats
    offsets: Floats
    bends: Floats

    def seen(self, sums: Array, dispatch: Dispatch) -> Array:
        """The sums of shape (chips, ..., positions, columns) as a `convert` quantises them: float64."""
        assert dispatch.quantiser is not None
        axes = sums.ndim
        seen = self._sensed(sums.astype(np.float64))
        own = self._at_neurons(seen, dispatch.quantiser, axes)
        if dispatch.other is None:
            return own
        return np.where(of_other(dispatch, sums.shape[-1]), self._at_neurons(seen, dispatch.other, axes), own)

    def _sensed(self, sums: Floats) -> Floats:
        """What comes before the neurons: crosstalk within an array, offsets, the curve and the range of the output."""
        errors = self.chip.errors
        if errors.crosstalk_pct:
            k = self.chip.arrays.k
            for at in range(0, sums.shape[-1], k):
                part = slice(at, at + k)
                sums[..., part] = sensing.crosstalk(sums[..., part], share(errors.crosstalk_pct))
        if self.sensing.any():
            sums = sensing.sensing_offset(sums, _for_all(self.sensing, sums.ndim))
        largest = float(self.rows * FULL_SCALE * ((1 << self.chip.neurons.bits) - 1))
        sums = sensing.saturating(sums, amount(errors.output_nonlinearity), largest)
        if errors.range_pct:
            bound = share(errors.range_pct) * largest
            sums = converters.clip_range(sums, -bound, bound)
        return sums

    def _at_neurons(self, sums: Floats, quantiser: Quantiser, axes: int) -> Floats:
        """What neurons and their ramp make of sums: gain, offset and bend in codes, before activation."""
        if quantiser.low == quantiser.high:  # a ramp with one code has no length, and whatever it sees is that code
            return sums
        worth, constant = _worth(quantiser, sums.shape[-1])
        return np.asarray(
            converters.ramp(
                sums,
                worth,
                gain=_for_all(self.gains, axes),
                offset=_for_all(self._left(worth), axes),
                inl=_for_all(self.bends, axes),
                low=quantiser.low - quantiser.zero,
                high=quantiser.high - quantiser.zero,
                constant=constant,
            )
        )

    def _left(self, worth: Floats) -> Floats:
        """The offsets of neurons in codes, with what their trims take off: the whole offset, in steps."""
        step = amount(self.chip.errors.trim_codes)
        if not step:
            return self.offsets
        found = self.sensing * self.gains / worth + self.offsets
        return np.asarray(self.offsets - (found - converters.trim_offset(found, step)))


def _for_all(values: Floats, axes: int) -> Floats:
    """Values of (chips, columns) that broadcast over lanes and positions."""
    return values.reshape(len(values), *(1,) * (axes - 2), values.shape[-1])


def _worth(quantiser: Quantiser, columns: int) -> tuple[Floats, Floats]:
    """How much of a sum one code is, for each column, and what is added to the sum before.

    A multiplier of 0 makes codes that follow no sum: whatever is added to one then changes nothing.
    """
    if quantiser.constants is None:
        multipliers, constants = np.full(columns, quantiser.multiplier), np.zeros(columns)
    else:
        constants, multipliers = quantiser.constants.values.T.astype(np.float64)
    return converters.code_worth(np.maximum(np.abs(multipliers), 1), quantiser.shift), constants


def periphery_of(
    chip: Chip, group: Group, route: GroupRoute, seed: int, numbers: Sequence[int], places: Sequence[Remapped]
) -> Periphery:
    """The periphery of a group on the chips `numbers` of a population, whose dead arrays went where `places` say."""
    errors = chip.errors
    drawn = any(
        (
            errors.neuron_gain_pct,
            errors.neuron_offset_codes,
            errors.ramp_gain_pct,
            errors.ramp_inl_codes,
            errors.sensing_offset_pct,
        )
    )
    found = list(zip(numbers, places, strict=True))
    columns = [_of_chip(chip, group, route, seed, number, at) for number, at in (found if drawn else found[:1])]
    gains, offsets, bends, sums = (np.stack(one) for one in zip(*columns, strict=True))
    return Periphery(chip, group.rows, gains, sums, offsets, bends)


def _of_chip(
    chip: Chip, group: Group, route: GroupRoute, seed: int, number: int, places: Remapped
) -> tuple[Floats, ...]:
    """Gains, offsets and bends of a group's columns on one chip, and the offsets of its sensing."""
    found = [
        np.stack(parts)
        for parts in zip(*(_of_converter(chip, at, seed, number) for at in converters_of(group, route)), strict=True)
    ]
    flat = [one.reshape(-1)[: group.columns] for one in found]
    return (*flat, _sensing(chip, group, seed, number, places))


def _of_converter(chip: Chip, at: Converter, seed: int, number: int) -> tuple[Floats, ...]:
    """Gain, offset and bend of one set of converters, each float64 of shape (k,)."""
    errors, k = chip.errors, chip.arrays.k

    def drawn(magnitude: object, purpose: str, channels: int) -> Floats:
        if not magnitude:
            return np.zeros(k)
        place = (at.column, at.number)
        unit = normals(stream(seed, number, "converter", place, purpose), channels).astype(np.float64)
        return np.broadcast_to(unit, k)

    gain = 1 + share(errors.neuron_gain_pct) * drawn(errors.neuron_gain_pct, "gain", k)
    if errors.trim_pct:
        gain = converters.trim_gain(gain, share(errors.trim_pct))
    gain = gain * (1 + share(errors.ramp_gain_pct) * drawn(errors.ramp_gain_pct, "ramp", 1))
    offset = amount(errors.neuron_offset_codes) * drawn(errors.neuron_offset_codes, "offset", k)
    bend = amount(errors.ramp_inl_codes) * drawn(errors.ramp_inl_codes, "inl", 1)
    return gain, offset, bend


def _sensing(chip: Chip, group: Group, seed: int, number: int, places: Remapped) -> Floats:
    """The offset of each column's sensing in codes times levels: those of all arrays that are joined on it."""
    pct, k = chip.errors.sensing_offset_pct, chip.arrays.k
    found = np.zeros(group.tile_columns * k)
    if pct:
        largest = k * FULL_SCALE * ((1 << chip.neurons.bits) - 1)
        for row in group.tiles:
            for tile, array in enumerate(row):
                place = places.instead.get(array, array)
                unit = normals(stream(seed, number, "array", place, "offset"), k)
                found[tile * k : (tile + 1) * k] += unit
        found *= share(pct) * largest
    return found[: group.columns]
