"""Analog errors as pure functions on arrays: cells, their programming and faults, wires, reading, converters.

    >>> from acortex import analog
    >>> cells = analog.split(weights)
    >>> noise = analog.uniforms(analog.stream(0, 7, "array", (0, 0), "tuning"), cells.shape)
    >>> analog.join(analog.tuned(cells, noise, 0.01))

Arrays go in, arrays come out. What is random is an argument: numbers that were drawn before, or a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.lazy_names import loader

if TYPE_CHECKING:
    from acortex.sim.analog.activity import activity_by_layer, array_activity, energy_aj, layer_activity, per_activity
    from acortex.sim.analog.cell_models import FlashCell, ResistiveCell, flash_cell, resistive_cell
    from acortex.sim.analog.converters import (
        TrimCost,
        bow,
        capacitor_inl,
        choose_range,
        clip_range,
        code_worth,
        dac,
        measured_sigma,
        ramp,
        trim_cost,
        trim_gain,
        trim_offset,
    )
    from acortex.sim.analog.crossbar import disturbed, disturbed_cells, disturbed_crossbar, thresholds
    from acortex.sim.analog.drift import drifted, falling, temperature_gain
    from acortex.sim.analog.effective_bits import enob
    from acortex.sim.analog.faults import Remapped, dead, remap, stuck
    from acortex.sim.analog.pairs import floor_of, from_crossbar, join, split, to_crossbar
    from acortex.sim.analog.passive import write_passive
    from acortex.sim.analog.programming import largest, tuned, write_verify
    from acortex.sim.analog.reading import flicker_pct, noisy, read_sigma, shot_pct, squares, thermal_pct
    from acortex.sim.analog.sensing import array_gain, crosstalk, cubic, saturating, sensing_offset
    from acortex.sim.analog.statistics import read_spread, scattered, spread
    from acortex.sim.analog.streams import fine_normals, lognormals, normals, stream, uniforms
    from acortex.sim.analog.wires import (
        effective,
        exact,
        gated,
        gated_mean,
        per_level,
        timed,
        together,
    )

__all__ = [
    "FlashCell", "Remapped", "ResistiveCell", "TrimCost", "activity_by_layer", "array_activity",
    "array_gain", "bow", "capacitor_inl", "choose_range", "clip_range", "code_worth", "crosstalk", "cubic", "dac",
    "dead", "disturbed", "disturbed_cells", "disturbed_crossbar", "drifted", "effective", "energy_aj", "enob",
    "exact", "falling", "fine_normals", "flash_cell", "flicker_pct", "floor_of", "from_crossbar", "gated",
    "gated_mean", "join", "largest", "layer_activity", "lognormals", "measured_sigma", "noisy", "normals",
    "per_activity", "per_level", "ramp", "read_sigma", "read_spread", "remap", "resistive_cell", "saturating",
    "scattered", "sensing_offset", "shot_pct", "split", "spread", "squares", "stream", "stuck",
    "temperature_gain", "thermal_pct", "thresholds", "timed", "to_crossbar", "together", "trim_cost", "trim_gain",
    "trim_offset", "tuned", "uniforms", "write_passive", "write_verify",
]  # fmt: skip

_PLACES = {
    "activity": "activity_by_layer array_activity energy_aj layer_activity per_activity",
    "cell_models": "FlashCell ResistiveCell flash_cell resistive_cell",
    "converters": "TrimCost bow capacitor_inl choose_range clip_range code_worth "
    "dac measured_sigma ramp trim_cost trim_gain trim_offset",
    "crossbar": "disturbed disturbed_cells disturbed_crossbar thresholds",
    "drift": "drifted falling temperature_gain",
    "effective_bits": "enob",
    "faults": "Remapped dead remap stuck",
    "pairs": "floor_of from_crossbar join split to_crossbar",
    "passive": "write_passive",
    "programming": "largest tuned write_verify",
    "reading": "flicker_pct noisy read_sigma shot_pct squares thermal_pct",
    "sensing": "array_gain crosstalk cubic saturating sensing_offset",
    "statistics": "read_spread scattered spread",
    "streams": "fine_normals lognormals normals stream uniforms",
    "wires": "effective exact gated gated_mean per_level timed together",
}
"""The names of each module, which is loaded as one of them is used."""

__getattr__ = loader(
    __name__, {name: f"{__name__}.{module}:{name}" for module, names in _PLACES.items() for name in names.split()}
)
