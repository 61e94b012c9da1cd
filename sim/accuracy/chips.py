"""A population of chips with analog errors, in place of ideal arrays and neurons: sums, and what neurons see of them.

Errors of a product act in this order: DAC curves on the codes, the product with the weights of `written.py`, noise of
the read, crosstalk, offsets of sensing, the curve of the output stage, its range; then at the neurons gain, offset and
ramp. What is drawn stays with its chip; only the noise of a read is drawn at each read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.products import ExactWeights, product
from acortex.isa.codec import decode
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch
from acortex.sim.accuracy.cells import FULL_SCALE
from acortex.sim.accuracy.curves import GRID as CODE_GRID
from acortex.sim.accuracy.curves import code_curve
from acortex.sim.accuracy.kept import kept
from acortex.sim.accuracy.own import ErrorModel, own_model
from acortex.sim.accuracy.periphery import Periphery, periphery_of
from acortex.sim.accuracy.place import Remapped, remapped
from acortex.sim.accuracy.sound import check
from acortex.sim.accuracy.written import COARSE, GRID, Matrices, Writer
from acortex.sim.analog import reading
from acortex.sim.analog.streams import normals, stream
from acortex.sim.chip.errors import amount
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration

Array = NDArray[Any]

CELLS = 2
"""Cells of one weight."""

FILLING = {"feed": "fill", "slide": "fill", "border": "value"}
"""The operands that name a code for rows that no word fills, by instruction."""

DRAWN_AT_ONCE = 4
"""Normals that one raw number of a stream gives."""


@dataclass
class AnalogChips:
    """The chips `numbers` of the population of a seed, for one program: what all of them are meant to be is `chip`.

    `top` is the largest code of the program's inputs and of the neurons.
    """

    configuration: Configuration
    chip: Chip
    seed: int
    numbers: Sequence[int]
    top: int
    _matrices: dict[int, Matrices] = field(default_factory=dict)
    _peripheries: dict[int, Periphery] = field(default_factory=dict)
    _visits: Counter[tuple[int, int]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        check(self.chip.errors)

    @property
    def chips(self) -> int:
        """How many there are."""
        return len(self.numbers)

    @cached_property
    def places(self) -> list[Remapped]:
        """What dead arrays do on each."""
        groups = list(self.configuration.groups.values())
        return [remapped(self.chip, self.seed, number, groups) for number in self.numbers]

    def begin(self) -> None:
        """Begins a walk of the program: reads are numbered anew."""
        self._visits.clear()

    def matrices(self, group: int) -> Matrices:
        """The weights of a group, as they are on each chip."""
        if group not in self._matrices:
            writer = Writer(self.chip, self.seed, self.numbers, self.places)
            self._matrices[group] = writer.matrices(self.configuration.groups[group], self._levels[group])
        return self._matrices[group]

    @cached_property
    def _levels(self) -> dict[int, NDArray[np.int8]]:
        """The weights that are written into each group, in levels."""
        levels = {number: weights.values for number, weights in self.configuration.weights.items()}
        share = self.chip.errors.tuned_share
        return levels if share is None else kept(levels, float(share))

    def periphery(self, group: int) -> Periphery:
        """What stands between a group's arrays and its codes, on each chip."""
        if group not in self._peripheries:
            route = self.configuration.route(group)
            self._peripheries[group] = periphery_of(
                self.chip, self.configuration.groups[group], route, self.seed, self.numbers, self.places
            )
        return self._peripheries[group]

    def sums(self, codes: Array, dispatch: Dispatch, first: int) -> Array:
        """What the columns of a group give on each chip, as `AnalogArrays.sums` says: in codes times levels."""
        matrices = self.matrices(dispatch.group)
        inputs, rows = self._inputs(codes), codes.shape[-1]
        lead, lanes = len(codes), codes.shape[1:-1]
        noise = self._noise(dispatch, lanes, first)
        count = self.chips if noise is not None else max(lead, matrices.chips)
        flat = inputs.reshape(lead, -1, rows)
        if lead < count:  # all chips are given the same
            flat = flat.astype(np.float32)
        sigmas = _Sigmas(self, codes.reshape(lead, -1, rows), matrices)
        sums = [self._sums_of(index, flat, sigmas, matrices, noise) for index in range(count)]
        return np.stack(sums).reshape(count, *lanes, -1)

    def _inputs(self, codes: Array) -> Array:
        """The codes as cells see them, whole numbers of `1 / self._steps`."""
        return codes if self._curve is None else self._curve[codes]

    @cached_property
    def _curve(self) -> NDArray[np.int32] | None:
        return code_curve(self.chip, self.top)

    @cached_property
    def _steps(self) -> int:
        """The steps of one code."""
        return 1 if self._curve is None else CODE_GRID

    def _sums_of(self, index: int, inputs: Array, sigmas: _Sigmas, matrices: Matrices, noise: _Noise | None) -> Array:
        """The sums of one chip, of shape (lanes times positions, columns)."""
        of_weights = min(index, matrices.chips - 1)
        kind = matrices.kind(of_weights, self.top * self._steps)
        sums = product(inputs[min(index, len(inputs) - 1)], ExactWeights(matrices.weights[of_weights], kind))
        sums *= kind(1 / (GRID * self._steps))
        if noise is not None:
            sums += sigmas.of(index) * noise.drawn(self.seed, self.numbers[index], sums.shape, "read")
        own = self._own
        if noise is not None and own is not None and own.sums is not None:
            drawn = noise.drawn(self.seed, self.numbers[index], sums.shape, "own")
            sums = own.act_on_sums(sums, drawn)
        return sums

    @cached_property
    def _own(self) -> ErrorModel | None:
        return own_model(self.chip.errors.own)

    def sigma(self, codes: Array, index: int, matrices: Matrices) -> NDArray[np.float32]:
        """The spread of a read of each sum: of shape (positions, columns) or (positions, 1)."""
        errors = self.chip.errors
        joined = -(-codes.shape[-1] // self.chip.arrays.k)
        currents = powers = None
        if matrices.currents is not None:
            kind = matrices.kind_of_currents(self.top)
            currents = product(codes, ExactWeights(matrices.currents[index], kind)) / COARSE
        if matrices.powers is not None:
            squares = codes.astype(np.int64) ** 2
            powers = product(squares, ExactWeights(matrices.powers[index], np.float64)) / COARSE**2
        return reading.read_sigma(
            reading.squares(codes),
            cells=CELLS,
            read_pct=amount(errors.read_pct),
            currents=currents,
            shot_pct=amount(errors.shot_pct),
            powers=powers,
            flicker_pct=amount(errors.flicker_pct),
            thermal_pct=amount(errors.thermal_pct) * math.sqrt(joined),
            full_scale=FULL_SCALE,
            largest=(1 << self.chip.neurons.bits) - 1,
        )

    def _noise(self, dispatch: Dispatch, lanes: tuple[int, ...], first: int) -> _Noise | None:
        """Where the noise of this read comes from; None where reads have none."""
        errors = self.chip.errors
        own = self._own is not None and self._own.sums is not None
        if not any((errors.read_pct, errors.shot_pct, errors.flicker_pct, errors.thermal_pct, own)):
            return None
        at = dispatch.inference if len(lanes) == 1 else 0
        visit = self._visits[dispatch.pc, at]
        self._visits[dispatch.pc, at] += 1
        *inferences, _ = lanes
        return _Noise(dispatch.pc, visit, first, inferences[0] if inferences else 1)

    def neurons(self, sums: Array, group: int, dispatch: Dispatch) -> Array:
        """The sums as the neurons see them, as `AnalogArrays.neurons` says."""
        return self.periphery(group).seen(sums, dispatch)


class _Sigmas:
    """The spread of a read on each chip: the same for all that have the same codes, unless it follows the weights."""

    def __init__(self, chips: AnalogChips, codes: Array, matrices: Matrices) -> None:
        self._chips, self._codes, self._matrices = chips, codes, matrices
        self._known: dict[tuple[int, int], NDArray[np.float32]] = {}

    def of(self, index: int) -> NDArray[np.float32]:
        """That of one chip, as `AnalogChips.sigma` gives it."""
        follows = self._matrices.currents is not None or self._matrices.powers is not None
        key = min(index, len(self._codes) - 1), min(index, self._matrices.chips - 1) if follows else 0
        if key not in self._known:
            self._known = {key: self._chips.sigma(self._codes[key[0]], key[1], self._matrices)}
        return self._known[key]


@dataclass(frozen=True)
class _Noise:
    """The noise of one instruction's reads: for each chip a stream, in which each inference has a part of its own."""

    pc: int
    visit: int
    first: int
    inferences: int

    def drawn(self, seed: int, number: int, shape: tuple[int, ...], purpose: str) -> NDArray[np.float32]:
        """Unit normals of a shape (inferences times positions, columns)."""
        each = shape[0] // self.inferences * shape[1]
        raws = -(-each // DRAWN_AT_ONCE)
        source = stream(seed, number, "read", (self.pc, self.visit), purpose)
        source.advance(self.first * raws)
        found = normals(source, (self.inferences, raws * DRAWN_AT_ONCE))
        return found[:, :each].reshape(shape)


def top_code(program: Program, chip: Chip) -> int:
    """The largest code of as many bits as an array can be given: of the inputs, the neurons, or the program itself.

    A program brings codes of its own in its initial memory, in borders and where rows are filled up.
    """
    bits = [chip.neurons.bits, *(tensor.bits for tensor in program.inputs)]
    bits += [int(table.values.max(initial=0)).bit_length() for table in program.memory]
    for found in map(decode, map(int, program.words)):
        given = FILLING.get(found.row.mnemonic)
        if given is not None:
            bits.append(found[given].bit_length())
    return (1 << max(bits)) - 1
