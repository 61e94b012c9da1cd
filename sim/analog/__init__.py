"""Analog errors as pure functions on arrays: cells, their programming and faults, wires, reading, converters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.lazy_names import loader

if TYPE_CHECKING:
    from acortex.sim.analog.activity import (
        activity_by_layer,
        array_activity,
        energy_aj,
        layer_activity,
        per_activity,
    )
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
    from acortex.sim.analog.effective_bits import enob
    from acortex.sim.analog.reading import flicker_pct, noisy, read_sigma, shot_pct, squares, thermal_pct
    from acortex.sim.analog.sensing import array_gain, crosstalk, cubic, saturating, sensing_offset
    from acortex.sim.analog.wires import (
        apart,
        effective,
        exact,
        gated,
        gated_mean,
        per_level,
        side_by_side,
        timed,
        together,
    )

__all__ = [
    "TrimCost", "activity_by_layer", "apart", "array_activity", "array_gain", "bow", "capacitor_inl",
    "choose_range", "clip_range", "code_worth", "crosstalk", "cubic", "dac", "effective", "energy_aj", "enob",
    "exact", "flicker_pct", "gated", "gated_mean", "layer_activity", "measured_sigma", "noisy", "per_activity",
    "per_level", "ramp", "read_sigma", "saturating", "sensing_offset", "shot_pct", "side_by_side", "squares",
    "thermal_pct", "timed", "together", "trim_cost", "trim_gain", "trim_offset",
]  # fmt: skip

__getattr__ = loader(
    __name__,
    {
        "TrimCost": "acortex.sim.analog.converters:TrimCost",
        "activity_by_layer": "acortex.sim.analog.activity:activity_by_layer",
        "apart": "acortex.sim.analog.wires:apart",
        "array_activity": "acortex.sim.analog.activity:array_activity",
        "array_gain": "acortex.sim.analog.sensing:array_gain",
        "bow": "acortex.sim.analog.converters:bow",
        "capacitor_inl": "acortex.sim.analog.converters:capacitor_inl",
        "choose_range": "acortex.sim.analog.converters:choose_range",
        "clip_range": "acortex.sim.analog.converters:clip_range",
        "code_worth": "acortex.sim.analog.converters:code_worth",
        "crosstalk": "acortex.sim.analog.sensing:crosstalk",
        "cubic": "acortex.sim.analog.sensing:cubic",
        "dac": "acortex.sim.analog.converters:dac",
        "effective": "acortex.sim.analog.wires:effective",
        "energy_aj": "acortex.sim.analog.activity:energy_aj",
        "enob": "acortex.sim.analog.effective_bits:enob",
        "exact": "acortex.sim.analog.wires:exact",
        "flicker_pct": "acortex.sim.analog.reading:flicker_pct",
        "gated": "acortex.sim.analog.wires:gated",
        "gated_mean": "acortex.sim.analog.wires:gated_mean",
        "layer_activity": "acortex.sim.analog.activity:layer_activity",
        "measured_sigma": "acortex.sim.analog.converters:measured_sigma",
        "noisy": "acortex.sim.analog.reading:noisy",
        "per_activity": "acortex.sim.analog.activity:per_activity",
        "per_level": "acortex.sim.analog.wires:per_level",
        "ramp": "acortex.sim.analog.converters:ramp",
        "read_sigma": "acortex.sim.analog.reading:read_sigma",
        "saturating": "acortex.sim.analog.sensing:saturating",
        "sensing_offset": "acortex.sim.analog.sensing:sensing_offset",
        "shot_pct": "acortex.sim.analog.reading:shot_pct",
        "side_by_side": "acortex.sim.analog.wires:side_by_side",
        "squares": "acortex.sim.analog.reading:squares",
        "thermal_pct": "acortex.sim.analog.reading:thermal_pct",
        "timed": "acortex.sim.analog.wires:timed",
        "together": "acortex.sim.analog.wires:together",
        "trim_cost": "acortex.sim.analog.converters:trim_cost",
        "trim_gain": "acortex.sim.analog.converters:trim_gain",
        "trim_offset": "acortex.sim.analog.converters:trim_offset",
    },
)
