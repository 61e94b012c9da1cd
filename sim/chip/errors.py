"""The settings of analog errors: what keeps a written chip from the ideal one.

A cell technology states those that a publication gives. One that is not stated is null: it does nothing, and
`acortex accuracy` lists it as not modelled. docs/analog.md says in which order they act.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from acortex.sim.chip.chip_files import WHOLE
from acortex.sim.chip.setting import ACCURACY, Bound, Real, Section, setting

PERCENT = 100
COLDEST_C, HOTTEST_C = -55, 150
"""The range of junction temperatures that silicon is specified for."""

LEAST_ON_OFF = Decimal("1.001")
"""A cell that is off then has 8,000 levels: with more, a float32 could not hold its weight to 1/256 level."""

MOST_CROSSTALK = 99
"""A column that sees as much of its neighbours as of itself tells nothing apart; the form is one for small shares."""


def _error(unit: str, description: str, high: Bound, low: Bound = 0) -> Any:
    """The magnitude of an error: null where a technology does not state it."""
    said: dict[str, Any] = {"unit": unit, "moves": [ACCURACY]}
    return Field(default=None, ge=low, le=high, description=description, json_schema_extra=said)


def _choice(description: str) -> Any:
    """How an error acts: null where a technology does not state it."""
    return Field(default=None, description=description, json_schema_extra={"unit": "", "moves": [ACCURACY]})


class Errors(Section):
    """Analog errors, on top of the ideal chip. Those of a cell technology are null where nothing is known of it."""

    model: Literal["ideal", "analog"] = setting("", "whether the errors below act: ideal is exact", moves=ACCURACY)
    age_s: Real = setting("s", "time since the weights were written", 0, 10**9, ACCURACY)
    temperature_c: Real = setting("degC", "temperature at which the chip works", COLDEST_C, HOTTEST_C, ACCURACY)

    own: Annotated[str, Field(min_length=1, max_length=64)] | None = _choice("an error model of your own, by its name")

    # Writing
    programming: Literal["drawn", "write_verify"] | None = _choice(
        "drawn: from tuning_pct; write_verify: by simulated pulses, at most as many as program_erase allows"
    )
    cell_model: Literal["flash", "resistive"] | None = _choice("what a pulse of write_verify does to a cell")
    tuning_pct: Real | None = _error(
        "%", "how far a written cell ends from its target at most, or as a spread", PERCENT
    )
    tuning_of: Literal["target", "full_scale"] | None = _choice("what tuning_pct is a share of")
    tuning_shape: Literal["band", "normal"] | None = _choice("even within tuning_pct, or normal with it as spread")
    tuned_share: Real | None = _error("fraction", "of all cells, those that are written: the largest weights", 1)
    on_off: Real | None = _error(
        "ratio", "current of a cell at full scale over that of one that is off", 10**9, LEAST_ON_OFF
    )
    statistics: Literal["sonos", "pcm", "pcm_joshi", "reram_wan", "reram_milo"] | None = _choice(
        "published spread and drift of cells, by age_s"
    )
    threshold_v: Real | None = _error("V", "mean voltage at which a resistive cell begins to switch", 10)
    threshold_spread_pct: Real | None = _error("%", "spread of that voltage from cell to cell", PERCENT)
    write_scheme: Literal["isolated", "half", "third"] | None = _choice(
        "what other cells of the row and column see of a write: nothing, a half or a third of it"
    )

    # Faults
    stuck_on_ppm: Real | None = _error("ppm", "cells that stay at full scale", 10**6)
    stuck_off_ppm: Real | None = _error("ppm", "cells that stay off", 10**6)
    dead_arrays_ppm: Real | None = _error("ppm", "arrays that do not work; spare ones take their place", 10**6)

    # Time and temperature
    drift_exponent: Real | None = _error("power", "currents fall as (1 + age_s)^-exponent: its mean", 1)
    drift_spread: Real | None = _error("power", "spread of that exponent from cell to cell", 1)
    temperature_pct_per_c: Real | None = _error(
        "%/degC", "spread of a column's gain that is left for each degree away from 25 degC", PERCENT
    )

    # Reading
    read_pct: Real | None = _error("%", "noise of each cell at each read, of its full scale", PERCENT)
    shot_pct: Real | None = _error(
        "%", "shot noise of a cell at full scale; it follows the root of the current", PERCENT
    )
    thermal_pct: Real | None = _error("%", "noise of each column at each read, of a cell's full scale", 10**4)
    flicker_pct: Real | None = _error("%", "1/f noise of each cell within the band of a read, of its current", PERCENT)

    # Wires and sensing
    input: Literal["amplitude", "time"] | None = _choice("what carries an input: a voltage, or how long it lasts")
    wires: Literal["closed", "exact"] | None = _choice("drop along wires: the closed form, or all nodes solved")
    wire_row_ohm: Real | None = _error("ohm", "wire along a row, from cell to cell", 10**6)
    wire_column_ohm: Real | None = _error("ohm", "wire along a column, from cell to cell", 10**6)
    cell_full_scale_us: Real | None = _error("uS", "conductance of a cell at full scale", 10**6, Decimal("1e-6"))
    v_read: Real | None = _error("V", "voltage of the largest input", 10)
    nonlinearity_per_v2: Real | None = _error("V^-2", "cubic part of a cell's current over its linear part", 1000)
    array_gain_pct: Real | None = _error("%", "spread of the gain of an array", PERCENT)
    sensing_offset_pct: Real | None = _error(
        "%", "spread of the offset of an array's column, of its largest sum", PERCENT
    )
    crosstalk_pct: Real | None = _error(
        "%", "share of the sums of both columns beside it that a column sees", MOST_CROSSTALK
    )
    output_nonlinearity: Real | None = _error("ratio", "n of y / (1 + n |y|), y a sum as a share of the largest", 100)

    # Converters
    dac_gain_pct: Real | None = _error("%", "spread of the gain of a row's DAC", PERCENT)
    dac_inl_codes: Real | None = _error("codes", "largest bend of a DAC's curve", 16)
    neuron_gain_pct: Real | None = _error("%", "spread of the gain of a neuron", PERCENT)
    neuron_offset_codes: Real | None = _error("codes", "spread of the offset of a neuron", 256)
    ramp_gain_pct: Real | None = _error("%", "spread of the gain of the ramp of a column's converters", PERCENT)
    ramp_inl_codes: Real | None = _error("codes", "largest bend of that ramp, as a spread", 16)
    range_pct: Real | None = _error("%", "where a sum saturates, of the largest one that is possible", PERCENT)
    trim_codes: Real | None = _error("codes", "step of the trim of each neuron's offset; null for no trims", 256)
    trim_pct: Real | None = _error("%", "step of the trim of each neuron's gain; null for no trims", PERCENT)


_, CONDITIONS = WHOLE["arrays.cell"]
"""The settings of errors that are the user's, whatever the technology."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "writing": ("programming", "tuning_pct", "statistics"),
    "cells left off": ("tuned_share",),
    "on/off ratio": ("on_off",),
    "stuck cells": ("stuck_on_ppm", "stuck_off_ppm"),
    "dead arrays": ("dead_arrays_ppm",),
    "drift": ("drift_exponent", "drift_spread"),
    "temperature": ("temperature_pct_per_c",),
    "read noise of cells": ("read_pct",),
    "shot noise": ("shot_pct",),
    "thermal noise": ("thermal_pct",),
    "1/f noise": ("flicker_pct",),
    "wires": ("wire_row_ohm", "wire_column_ohm"),
    "cubic currents": ("nonlinearity_per_v2",),
    "array gain": ("array_gain_pct",),
    "sensing offset": ("sensing_offset_pct",),
    "crosstalk": ("crosstalk_pct",),
    "output curve": ("output_nonlinearity",),
    "DAC gain": ("dac_gain_pct",),
    "DAC curve": ("dac_inl_codes",),
    "neuron gain": ("neuron_gain_pct",),
    "neuron offset": ("neuron_offset_codes",),
    "ramp gain": ("ramp_gain_pct",),
    "ramp curve": ("ramp_inl_codes",),
    "range": ("range_pct",),
    "own model": ("own",),
}
"""The kinds of errors, each with the settings that switch it on: it is off where all of them are null or 0."""


def amount(value: Decimal | None) -> float:
    """A magnitude as a float; 0 where it is null."""
    return float(value or 0)


def share(pct: Decimal | None) -> float:
    """A percentage as a share; 0 where it is null."""
    return float((pct or 0) / PERCENT)


def acts(errors: Errors, name: str) -> bool:
    """Whether a setting switches its kind on: 0 does not, but for the share of cells that is written."""
    value = getattr(errors, name)
    return value is not None if name == "tuned_share" else bool(value)


def acting(errors: Errors) -> list[str]:
    """The kinds of errors that a chip states, in the order of `KINDS`."""
    return [kind for kind, names in KINDS.items() if any(acts(errors, name) for name in names)]


def without(errors: Errors, kinds: Container[str]) -> Errors:
    """The errors without some kinds: their settings are null."""
    off = {name: None for kind, names in KINDS.items() if kind in kinds for name in names}
    return errors.model_copy(update=off)


def stated(errors: Errors) -> dict[str, Any]:
    """The errors that a chip states, by path: numbers as floats, without those that are null."""
    found: Mapping[str, Any] = dict(errors)
    return {
        f"errors.{name}": float(value) if isinstance(value, Decimal) else value
        for name, value in found.items()
        if value is not None and name not in CONDITIONS
    }


def missing(errors: Errors) -> list[str]:
    """The paths of the settings of errors that a chip does not state; a user's own model is no error that it lacks."""
    return [f"errors.{name}" for name, value in errors if value is None and name != "own"]


def not_modelled(errors: Errors) -> list[str]:
    """The paths of the errors that a chip does not state: nothing is known of them, and they do nothing."""
    named = {name for names in KINDS.values() for name in names}
    return [path for path in missing(errors) if path.removeprefix("errors.") in named]
