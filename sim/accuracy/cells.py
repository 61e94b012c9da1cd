"""The cells of one array as they are: written, aged, stuck. For some chips of a population at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.accuracy.place import Array as Place
from acortex.sim.analog import cell_models, drift, faults, pairs, programming, statistics
from acortex.sim.analog.streams import Stream, normals, stream, uniforms
from acortex.sim.chip.errors import Errors, amount, share
from acortex.sim.chip.specs import Chip

Floats = NDArray[np.float32]

ROOM_C = 25.0
"""The temperature at which weights are written, in degrees Celsius."""

_DRAWN = (
    "programming", "tuning_pct", "statistics", "stuck_on_ppm", "stuck_off_ppm", "dead_arrays_ppm", "drift_spread",
    "array_gain_pct", "dac_gain_pct", "temperature_pct_per_c",
)  # fmt: skip
"""The errors that make the weights of chips differ from each other."""


def differ(errors: Errors) -> bool:
    """Whether weights differ from chip to chip."""
    return any(getattr(errors, name) for name in _DRAWN)


def floor(chip: Chip) -> float:
    """The conductance of a cell that is off, in levels."""
    ratio = amount(chip.errors.on_off)
    return pairs.floor_of(chip.program_erase.levels, ratio) if ratio > 1 else 0.0


def written(chip: Chip, weights: Floats, seed: int, numbers: Sequence[int], places: Sequence[Place]) -> Floats:
    """The cells of an array whose weights, in levels, are of shape (64, 64): float32 of (chips, 2, 64, 64).

    `places` says where the array stands on each of the chips `numbers`.
    """
    targets = pairs.split(weights, chip.program_erase.levels, floor(chip))
    drawn = _Drawn(seed, numbers, places, targets.shape)
    cells = _programmed(chip, targets, drawn)
    cells = _aged(chip, cells, drawn)
    return _stuck(chip, cells, drawn)


class _Drawn:
    """What is drawn for the cells of one array on some chips: whole arrays, whatever is used of them."""

    def __init__(self, seed: int, numbers: Sequence[int], places: Sequence[Place], shape: tuple[int, ...]) -> None:
        self._keys = [(number, place) for number, place in zip(numbers, places, strict=True)]
        self._seed = seed
        self._shape = shape

    def streams(self, purpose: str) -> list[Stream]:
        """A stream for each chip."""
        return [stream(self._seed, number, "array", place, purpose) for number, place in self._keys]

    def normals(self, purpose: str) -> Floats:
        """Unit normals of shape (chips, 2, 64, 64)."""
        return self._filled(purpose, normals)

    def uniforms(self, purpose: str) -> Floats:
        """Numbers uniform in (0, 1), of shape (chips, 2, 64, 64)."""
        return self._filled(purpose, uniforms)

    def _filled(self, purpose: str, draw: Any) -> Floats:
        found = np.empty((len(self._keys), *self._shape), np.float32)
        for source, part in zip(self.streams(purpose), found, strict=True):
            draw(source, self._shape, out=part)
        return found


def _programmed(chip: Chip, targets: Floats, drawn: _Drawn) -> Floats:
    """The cells after writing."""
    errors = chip.errors
    if errors.statistics:
        return statistics.spread(
            targets, drawn.normals("statistics"), errors.statistics, amount(errors.age_s), _full_scale(chip)
        )
    if errors.programming == "write_verify":
        return _verified(chip, targets, drawn)
    if not errors.tuning_pct:
        return np.broadcast_to(targets, drawn.shape)
    shape = errors.tuning_shape or "band"
    noise = drawn.uniforms("tuning") if shape == "band" else drawn.normals("tuning")
    return programming.tuned(
        targets, noise, share(errors.tuning_pct), errors.tuning_of or "target", shape, chip.program_erase.levels, out=noise
    )
