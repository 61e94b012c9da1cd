"""The cells of one array as they are: written, aged, stuck. For some chips of a population at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acortex.isa.data import WEIGHT_LOW
from acortex.sim.accuracy.own import own_model
from acortex.sim.accuracy.place import Array as Place
from acortex.sim.accuracy.sound import SCHEMES, told
from acortex.sim.analog import cell_models, drift, faults, pairs, passive, programming, statistics
from acortex.sim.analog.streams import Stream, normals, stream, uniforms
from acortex.sim.chip.errors import Errors, amount, share
from acortex.sim.chip.specs import Chip

Floats = NDArray[np.float32]

FULL_SCALE = -WEIGHT_LOW
"""What a cell holds at most, in levels: the largest weight of a program."""

ROUNDS = 2
"""How often the cells of a passive crossbar are gone through: the second time mends what the first disturbed."""

DRIFT_LAWS = ("pcm",)
"""The statistics whose drift is a law of its own, drawn for each cell."""

NA_PER_UA = 1000.0

_DRAWN = (
    "tuning_pct", "statistics", "stuck_on_ppm", "stuck_off_ppm", "dead_arrays_ppm", "drift_spread",
    "array_gain_pct", "dac_gain_pct", "temperature_pct_per_c", "own",
)  # fmt: skip
"""The errors that make the weights of chips differ from each other."""


def differ(errors: Errors) -> bool:
    """Whether weights differ from chip to chip."""
    return errors.programming == "write_verify" or any(getattr(errors, name) for name in _DRAWN)


def floor(chip: Chip) -> float:
    """The conductance of a cell that is off, in levels."""
    ratio = amount(chip.errors.on_off)
    return pairs.floor_of(FULL_SCALE, ratio) if ratio > 1 else 0.0


def written(chip: Chip, weights: Floats, seed: int, numbers: Sequence[int], places: Sequence[Place]) -> Floats:
    """The cells of an array whose weights, in levels, are of shape (k, k): float32 of (chips, 2, k, k).

    `places` says where the array stands on each of the chips `numbers`.
    """
    targets = pairs.split(weights, FULL_SCALE, floor(chip))
    drawn = _Drawn(seed, numbers, places, targets.shape)
    with told("statistics" if chip.errors.statistics else "programming"):
        cells = _programmed(chip, targets, drawn)
    with told("age_s"):
        cells = _aged(chip, cells, drawn)
    cells = _stuck(chip, cells, drawn)
    own = own_model(chip.errors.own)
    return cells if own is None else own.act_on_cells(cells, _OfOwn(drawn))


class _Drawn:
    """What is drawn for the cells of one array on some chips: whole arrays, whatever is used of them."""

    def __init__(self, seed: int, numbers: Sequence[int], places: Sequence[Place], shape: tuple[int, ...]) -> None:
        self._keys = [(number, place) for number, place in zip(numbers, places, strict=True)]
        self._seed = seed
        self._shape = shape
        self.shape = (len(self._keys), *shape)
        """That of the cells of all chips."""

    def streams(self, purpose: str) -> list[Stream]:
        """A stream for each chip."""
        return [stream(self._seed, number, "array", place, purpose) for number, place in self._keys]

    def normals(self, purpose: str) -> Floats:
        """Unit normals of shape (chips, 2, k, k)."""
        return self._filled(purpose, normals)

    def uniforms(self, purpose: str) -> Floats:
        """Numbers uniform in (0, 1), of shape (chips, 2, k, k)."""
        return self._filled(purpose, uniforms)

    def _filled(self, purpose: str, draw: Callable[..., object]) -> Floats:
        found = np.empty(self.shape, np.float32)
        for source, part in zip(self.streams(purpose), found, strict=True):
            draw(source, self._shape, out=part)
        return found


@dataclass(frozen=True)
class _OfOwn:
    """What is drawn for a model of a user's own."""

    drawn: _Drawn

    def normals(self) -> Floats:
        return self.drawn.normals("own")

    def uniforms(self) -> Floats:
        return self.drawn.uniforms("own_places")


def _programmed(chip: Chip, targets: Floats, drawn: _Drawn) -> Floats:
    """The cells after writing; with published statistics, `age_s` later."""
    errors, levels = chip.errors, FULL_SCALE
    if errors.statistics:
        noise, full = drawn.normals("statistics"), _full_scale(chip)
        return statistics.scattered(targets, noise, errors.statistics, _age_in(chip), full, levels + floor(chip))
    if errors.programming == "write_verify":
        return _verified(chip, targets, drawn)
    if not errors.tuning_pct:
        return np.broadcast_to(targets, drawn.shape)
    shape, of = errors.tuning_shape or "band", errors.tuning_of or "target"
    noise = drawn.uniforms("tuning") if shape == "band" else drawn.normals("tuning")
    return programming.tuned(targets, noise, share(errors.tuning_pct), of, shape, levels, out=noise)


def _full_scale(chip: Chip) -> float | None:
    """What a cell at full scale conducts, in the unit of its statistics; None where the chip does not say."""
    errors = chip.errors
    assert errors.statistics is not None
    if not errors.cell_full_scale_us:
        return None
    if statistics.row(errors.statistics).unit == "uS":
        return amount(errors.cell_full_scale_us)
    return amount(errors.cell_full_scale_us) * amount(errors.v_read) * NA_PER_UA or None


def _age_in(chip: Chip) -> float:
    """The age at which statistics are asked for: drift that has a law of its own comes later."""
    return 0.0 if chip.errors.statistics in DRIFT_LAWS else amount(chip.errors.age_s)


def _verified(chip: Chip, targets: Floats, drawn: _Drawn) -> Floats:
    """The cells after closed loops of pulses and reads, with as many pulses a cell as the chip's set-up gives."""
    errors, writing = chip.errors, chip.program_erase
    budget = writing.levels * writing.pulses_per_level
    tolerance, streams = share(errors.tuning_pct), drawn.streams("pulses")
    everywhere = np.broadcast_to(targets, drawn.shape)
    if errors.cell_model != "resistive":
        flash = replace(cell_models.flash_cell, levels=float(FULL_SCALE))
        return programming.write_verify(flash, everywhere, tolerance, budget, streams)[0]
    cell = _resistive(chip)
    if errors.write_scheme in SCHEMES:
        array, scheme = pairs.to_crossbar(targets), SCHEMES[errors.write_scheme]
        found, _ = passive.write_passive(cell, array, tolerance, streams, scheme, ROUNDS, budget // ROUNDS)
        return np.asarray(pairs.from_crossbar(found))
    return programming.write_verify(cell, everywhere, tolerance, budget, streams)[0]


def _resistive(chip: Chip) -> cell_models.ResistiveCell:
    """The model of a resistive cell with what the chip says of it."""
    errors, cell = chip.errors, cell_models.resistive_cell
    stated: dict[str, float] = {}
    if errors.cell_full_scale_us:
        stated["level_us"] = amount(errors.cell_full_scale_us) / (FULL_SCALE + floor(chip))
    if errors.threshold_v:
        stated["set_v"] = amount(errors.threshold_v)
        stated["reset_v"] = amount(errors.threshold_v) * cell.reset_v / cell.set_v
    if errors.threshold_spread_pct is not None:
        stated["threshold_spread"] = share(errors.threshold_spread_pct)
    return replace(cell, **stated)


def _aged(chip: Chip, cells: Floats, drawn: _Drawn) -> Floats:
    """The cells after `age_s`, where that is not in their statistics already."""
    errors, age = chip.errors, amount(chip.errors.age_s)
    if not age:
        return cells
    if errors.statistics in DRIFT_LAWS:
        noise = drawn.normals("drift")
        cells = drift.drifted(cells, age, errors.statistics, noise, _full_scale(chip), FULL_SCALE + floor(chip))
    if errors.drift_exponent or errors.drift_spread:
        noise = drawn.normals("drift") if errors.drift_spread else np.zeros(drawn.shape, np.float32)
        cells = drift.falling(cells, age, amount(errors.drift_exponent), amount(errors.drift_spread), noise)
    return cells


def _stuck(chip: Chip, cells: Floats, drawn: _Drawn) -> Floats:
    """The cells of which some are stuck, whatever was written."""
    on, off = amount(chip.errors.stuck_on_ppm), amount(chip.errors.stuck_off_ppm)
    if not on and not off:
        return cells
    return faults.stuck(cells, drawn.uniforms("stuck"), on, off, FULL_SCALE, floor(chip))
