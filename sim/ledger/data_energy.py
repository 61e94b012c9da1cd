"""Energy of arrays that follows the data: what their cells draw for the codes that came, beside the fixed figure.

The price of an array operation is that of a mean one. What one draws is proportional to its activity, the sum of code
times level over its cells; `energy.activity` says which activity the fixed price stands for. All sums are of whole
numbers; a layer's energy is rounded once.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch
from acortex.sim.analog.activity import energy_aj
from acortex.sim.chip.side import cells_factor
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.values import Note
from acortex.sim.results import DataEnergy, LayerDataEnergy
from acortex.units import AJ_PER_PJ, joules


class Meter:
    """Adds up the activity of arrays as the values of a program are computed, by layer as instructions number them."""

    def __init__(self, program: Program, chip: Chip) -> None:
        self.program, self.chip = program, chip
        self._activity: defaultdict[int, int] = defaultdict(int)
        self._operations: defaultdict[int, int] = defaultdict(int)
        self._loads: dict[int, NDArray[np.int64]] = {}

    def begin(self, configuration: Configuration) -> Note:
        """What is to be told of each product of a program that is set up so."""
        return partial(self._note, configuration)

    def _note(self, configuration: Configuration, dispatch: Dispatch, codes: NDArray[Any]) -> None:
        """Notes a product: codes on the rows of its group, of shape (..., positions, rows)."""
        group = dispatch.group
        if group not in self._loads:
            self._loads[group] = np.abs(configuration.weights[group].values.astype(np.int64)).sum(axis=1)
        rows = codes.reshape(-1, codes.shape[-1])
        self._activity[dispatch.layer] += int(rows.sum(axis=0, dtype=np.int64) @ self._loads[group])
        self._operations[dispatch.layer] += len(rows) * configuration.groups[group].arrays

    def report(self) -> DataEnergy:
        """What the arrays drew, of the whole and by layer, beside what they are charged where data do not matter."""
        priced = Fraction(self.chip.energy.array_pj) * AJ_PER_PJ
        price = priced / Fraction(self.chip.energy.activity)
        fixed = priced * Fraction(cells_factor(self.chip))
        layers = [
            LayerDataEnergy(
                name=self.program.layers[layer - 1] if layer else "-",
                operations=self._operations[layer],
                activity=activity,
                energy_aj=energy_aj(activity, price),
                energy_j=joules(energy_aj(activity, price)),
                fixed_aj=round(fixed) * self._operations[layer],
            )
            for layer, activity in sorted(self._activity.items())
        ]
        whole, charged = sum(one.energy_aj for one in layers), sum(one.fixed_aj for one in layers)
        ratio = whole / charged if charged else None
        return DataEnergy(energy_aj=whole, energy_j=joules(whole), fixed_aj=charged, ratio=ratio, layers=layers)
