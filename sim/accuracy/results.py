"""The report of a population of chips, `acortex.accuracy/1`, as types."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Pair, TableResult

Share = Annotated[float, Field(ge=0, le=1)]


class Spread(Document):
    """How the accuracy of chips is spread: shares of the inputs that a chip gets right."""

    mean: Share
    """Over all chips."""
    sd: float
    """The standard deviation from chip to chip; 0 for one chip."""
    min: Share
    """Of the worst chip."""
    p5: Share
    """The 5th percentile: one chip in twenty is worse."""
    median: Share
    """Half of the chips are better."""
    p95: Share
    """The 95th percentile."""
    max: Share
    """Of the best chip."""
    ci95: Pair[float]
    """Between which the mean over all chips that could be made lies, with a confidence of 95 %, on these inputs.

    By Student's t, from the spread of the chips that were drawn: 0 to 1 for one chip, whose spread is not known.
    """


class YieldRow(Document):
    """How many chips are good enough."""

    at_least: float
    """The accuracy that is asked for."""
    share: Share
    """Of the chips that were drawn, those that have it."""
    ci95: Pair[float]
    """Between which the share of all chips that could be made lies, with a confidence of 95 % (Wilson)."""


class Margin(Document):
    """The right output less the best wrong one, in units of the output: how far a decision is from another."""

    ideal_median: float
    """The median over inputs, of the ideal chip."""
    median: float
    """The median over inputs and chips."""
    ideal_p5: float
    """The 5th percentile over inputs, of the ideal chip."""
    p5: float
    """The 5th percentile over inputs and chips."""


class AblationRow(Document):
    """What one kind of error costs."""

    error: str
    """The kind."""
    settings: list[str]
    """The settings that switch it on."""
    alone: Share
    """The mean accuracy with this kind alone."""
    without: Share
    """The mean accuracy with all kinds but this one."""


class ConditionRow(Document):
    """The same chips at another age or temperature."""

    varied: Literal["age_s", "temperature_c"]
    """Which of the two was asked for; the other one is that of the chip."""
    age_s: float
    """Time since the weights were written."""
    temperature_c: float
    """In degrees Celsius."""
    accuracy: Spread
    """Of the same chips."""


class Trims(Document):
    """What it takes to measure and set the trims of one chip, once."""

    array_operations: int
    """Measurements: each is an operation of an array."""
    conversions: int
    """Conversions of the neurons' converters."""
    time_s: float
    """One measurement after another, columns at once."""
    energy_j: float
    """By the prices of the chip."""


class AccuracyReport(TableResult):
    """How right a program is on a population of chips, each with its own analog errors."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program",
        "chip": "chip",
        "chips": "chips",
        "inputs": "inputs",
        "ideal": "ideal",
        "mean": "accuracy.mean",
        "sd": "accuracy.sd",
        "p5": "accuracy.p5",
    }
    ROWS: ClassVar[str] = "yield"

    schema_: Literal["acortex.accuracy/1"] = Field(default="acortex.accuracy/1", alias="schema")
    """The layout of this document."""
    program: str
    """Which program ran."""
    chip: str
    """What the chips are meant to be, with the settings laid over it."""
    chips: int
    """How many chips were drawn."""
    inputs: int
    """How many inputs each chip ran on."""
    seed: int
    """The seed: the same one gives the same chips, whatever their number."""
    output: str
    """The output that is judged: what an input is taken for is the largest number of it, over all of its axes."""
    judged_by: Literal["labels", "ideal"]
    """What is right: the labels, or where there are none what the ideal chip says."""
    ideal: Share
    """The accuracy of the ideal chip."""
    accuracy: Spread
    """Of the chips."""
    per_chip: list[float]
    """The accuracy of each chip, chip 0 first."""
    yield_: list[YieldRow] = Field(alias="yield")
    """How many chips are good enough."""
    margin: Margin | None
    """Null for programs with one output number."""
    changed_codes: Share
    """The share of output numbers that differ from those of the ideal chip."""
    errors: dict[str, float | str]
    """The errors that act, by path: what the chip states."""
    not_modelled: list[str]
    """The errors that the chip does not state: nothing is known of them, and they do nothing here."""
    conditions: list[ConditionRow]
    """The same chips at the ages and temperatures that were asked for."""
    ablation: list[AblationRow]
    """What each kind of error costs, where that was asked for."""
    lost_arrays: float
    """Dead arrays that no spare one replaces: the mean over chips."""
    trims: Trims | None
    """Null where the chip has no trims."""
    cpu_s: float
    """Processor time that all of it took, in seconds."""
