"""The report of a recalibration, `acortex.recalibrate/1`, as types."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult


class ScaleRow(Document):
    """One quantiser: what its sums became, and the scale that it has now."""

    where: str
    """The line of its `quant`."""
    layers: list[str]
    """The layers whose sums it converts."""
    by_column: bool
    """Whether each column has a scale of its own, in a table of constants; else one scale serves all."""
    gain: float
    """What the chips make of a sum, over what the ideal chip does: of all columns together."""
    gain_least: float
    """Of the column whose sums shrink most."""
    gain_most: float
    """Of the column whose sums shrink least."""
    codes_per_sum_before: float
    """How many codes one unit of a sum is: multiplier / 2^shift, the mean over columns."""
    codes_per_sum: float
    """The same now."""
    left: str
    """Why it stays as it was; empty where it was changed."""


class CalibrationCost(Document):
    """What the measurements take, once, on all chips that were measured."""

    array_operations: int
    """Operations of arrays."""
    conversions: int
    """Conversions of the neurons' converters."""
    time_s: float
    """On one chip: one position after another. Chips are measured side by side."""
    energy_j: float
    """On all of them, by the prices of the chip."""


class RecalibrationReport(TableResult):
    """What a recalibration measured, which scales it chose, and what that takes."""

    ROWS: ClassVar[str] = "scales"

    schema_: Literal["acortex.recalibrate/1"] = Field(default="acortex.recalibrate/1", alias="schema")
    """The layout of this document."""
    program: str
    """Which program was recalibrated."""
    chip: str
    """What the chips are meant to be, with the settings laid over it."""
    chips: int
    """How many chips were measured."""
    inputs: int
    """How many calibration inputs each of them ran on."""
    seed: int
    """The seed of their population."""
    errors: dict[str, float | str]
    """The errors that act, by path: what the chip states."""
    scales: list[ScaleRow]
    """Each quantiser of the program's conversions."""
    cost: CalibrationCost
    """What the measurements take."""
    output: str | None
    """Where the program was written; null where it was not."""
