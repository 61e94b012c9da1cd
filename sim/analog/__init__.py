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
    from acortex.sim.analog.cell_models import FlashCell, ResistiveCell, flash_cell, resistive_cell
    from acortex.sim.analog.crossbar import disturbed, disturbed_cells, disturbed_crossbar, thresholds
    from acortex.sim.analog.drift import drifted, temperature_gain
    from acortex.sim.analog.faults import Remapped, dead, remap, stuck
    from acortex.sim.analog.pairs import floor_of, from_crossbar, join, split, to_crossbar
    from acortex.sim.analog.passive import write_passive
    from acortex.sim.analog.programming import largest, tuned, write_verify
    from acortex.sim.analog.statistics import read_spread, scattered, spread
    from acortex.sim.analog.streams import fine_normals, lognormals, normals, stream, uniforms

__all__ = [
    "FlashCell",
    "Remapped",
    "ResistiveCell",
    "dead",
    "disturbed",
    "disturbed_cells",
    "disturbed_crossbar",
    "drifted",
    "fine_normals",
    "flash_cell",
    "floor_of",
    "from_crossbar",
    "join",
    "largest",
    "lognormals",
    "normals",
    "read_spread",
    "remap",
    "resistive_cell",
    "scattered",
    "split",
    "spread",
    "stream",
    "stuck",
    "temperature_gain",
    "thresholds",
    "to_crossbar",
    "tuned",
    "uniforms",
    "write_passive",
    "write_verify",
]

_PLACES = {
    "cell_models": "FlashCell ResistiveCell flash_cell resistive_cell",
    "crossbar": "disturbed disturbed_cells disturbed_crossbar thresholds",
    "drift": "drifted temperature_gain",
    "faults": "Remapped dead remap stuck",
    "pairs": "floor_of from_crossbar join split to_crossbar",
    "passive": "write_passive",
    "programming": "largest tuned write_verify",
    "statistics": "read_spread scattered spread",
    "streams": "fine_normals lognormals normals stream uniforms",
}
"""The names of each module, which is loaded as one of them is used."""

__getattr__ = loader(
    __name__, {name: f"{__name__}.{module}:{name}" for module, names in _PLACES.items() for name in names.split()}
)
