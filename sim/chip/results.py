"""What is said of chips, as types: `acortex.chip/1`, `acortex.chip-diff/1`, `acortex.compare/1`, `acortex.reprice/1`,
and the lists of what is built in: `acortex.chips/1`, `acortex.technologies/1`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field

from acortex.documents import Document, Number, Pair, Result, TableResult
from acortex.sim.results import ProgramName, RunCovers, RunReport
from acortex.traces.results import Covers
from acortex.traces.results_of_paths import Changed, ProgramChange, SettingChange

T = TypeVar("T")

Several = Annotated[list[T], Field(min_length=2)]
"""A value of each of two or more things that are compared, in their order."""

SettingValue = bool | int | float | str


class Rectangle(Document):
    """A rectangle of arrays on the floor plan."""

    column: int
    """The first column, counted from the left of the chip."""
    row: int
    """The first row, counted from the top of the chip."""
    height: int
    """Arrays below each other."""
    width: int
    """Arrays beside each other."""


class GroupOnChip(Document):
    """A group of a program: where its arrays lie, and what it claims of the buses."""

    group: int
    """Its number: 0 for g0."""
    rows: int
    """Rows of its matrix."""
    columns: int
    """Columns of its matrix."""
    arrays: int
    """Arrays that hold it."""
    rectangles: list[Rectangle]
    """Where those lie."""
    segments: int
    """Segments of the analog buses that it claims."""
    length_mm: float
    """The longest way from one of its arrays to the neurons, in mm."""
    turns: int
    """In how many turns its columns are converted."""


class ChipReport(Result):
    """A chip: its settings, areas, and where a program's groups lie on it."""

    SHOWN: ClassVar[dict[str, str]] = {
        "name": "name",
        "arrays": "arrays",
        "area_mm2": "area_mm2",
        "description": "description",
    }

    schema_: Literal["acortex.chip/1"] = Field(default="acortex.chip/1", alias="schema")
    """The layout of this document."""
    name: str
    """The chip's name."""
    description: str
    """What it is."""
    sha256: str
    """Of its settings."""
    area_mm2: float
    """Of the die, in mm2."""
    area_by_component_mm2: dict[str, float]
    """In mm2: they add up to the area of the die."""
    arrays: int
    """How many it has."""
    config: dict[str, Any]
    """Every setting, resolved, by section and name."""
    sources: dict[str, str]
    """Where the value of each setting is from, by path."""
    unsourced: list[str]
    """Settings whose value a file or an option states without a source."""
    free: list[str]
    """Settings that move time, but no energy, area or capacity."""
    not_stated: list[str]
    """The errors that the chip does not state: null in `config`, and not modelled."""
    groups: list[GroupOnChip] | None = None
    """The groups of the program that was named; null where none was."""


class ChipRow(Document):
    """A built-in chip."""

    name: str
    """`--chip NAME` takes it."""
    arrays: int
    """Arrays of the chip."""
    memory_kb: int
    """Main memory, in KB."""
    area_mm2: float
    """Of the die, in mm2."""
    description: str
    """What it is."""


class Chips(TableResult):
    """The built-in chips."""

    SHOWN: ClassVar[dict[str, str]] = {"chips": "chips"}
    ROWS: ClassVar[str] = "chips"

    schema_: Literal["acortex.chips/1"] = Field(default="acortex.chips/1", alias="schema")
    """The layout of this document."""
    chips: list[ChipRow]
    """By name."""


class StatedSetting(Document):
    """A setting that a technology states or inherits."""

    path: str
    """Its path, as `--set` takes it."""
    value: SettingValue
    """What it is set to."""
    unit: str
    """The unit of the value; empty for plain numbers and names."""
    source: str
    """Where the value is from."""


class CellTechnology(Document):
    """What a technology of cells makes of the arrays of the chip that all others inherit from."""

    kind: str | None
    """Of the kinds of multipliers that the source paper tells apart (its Fig. 1), or digital; null for none."""
    encoding: str | None
    """What carries an input, amplitude or time; null for digital ones."""
    frame_ns: float
    """One operation of an array, in ns."""
    energy_pj: float
    """One operation of an array, in pJ: sensing, cells and DACs."""
    area_um2: float
    """One array with sensing, DACs and wiring, in um2."""
    levels: int
    """Levels that a cell is stepped through as it is written."""
    pulses_per_level: int
    """Pulses for each of them."""
    pulse_ns: float
    """One pulse, in ns."""
    verify_ns: float
    """One read after a pulse, in ns."""
    tuning_pct: float | None
    """How far written cells end from their targets, in %; null where it is not stated."""
    statistics: str | None
    """The published statistics that say where written cells end instead; null for none."""


class Technology(Document):
    """A technology of main memory or of cells."""

    setting: str
    """The setting that names it."""
    name: str
    """Its name."""
    description: str
    """What it is."""
    cells: CellTechnology | None
    """What it makes of arrays; null for a memory."""
    states: list[StatedSetting]
    """What it states or inherits, in the order of a chip file."""
    not_stated: list[str]
    """The paths of the errors that it does not state: they are not modelled."""


class Technologies(TableResult):
    """The technologies that a chip file can name."""

    SHOWN: ClassVar[dict[str, str]] = {"technologies": "technologies"}
    ROWS: ClassVar[str] = "technologies"

    schema_: Literal["acortex.technologies/1"] = Field(default="acortex.technologies/1", alias="schema")
    """The layout of this document."""
    technologies: list[Technology]
    """By setting, then by name."""


class ChipArea(Document):
    """One of two chips that are compared."""

    name: str
    """The chip's name."""
    sha256: str
    """Of its settings."""
    area_mm2: float
    """Of the die, in mm2."""


class SettingDiff(Document):
    """A setting in which two chips differ."""

    path: str
    """Section and name, with a dot."""
    values_: Pair[SettingValue | None] = Field(alias="values")
    """Of the first and of the second chip; null where one does not state it."""
    unit: str
    """The unit of both; empty for plain numbers and names."""
    sources: Pair[str]
    """Where each value comes from."""


class ChipDiff(TableResult):
    """The settings in which two chips differ."""

    SHOWN: ClassVar[dict[str, str]] = {"equal": "equal", "settings": "settings"}
    ROWS: ClassVar[str] = "settings"

    schema_: Literal["acortex.chip-diff/1"] = Field(default="acortex.chip-diff/1", alias="schema")
    """The layout of this document."""
    equal: bool
    """Whether all settings are the same."""
    chips: Pair[ChipArea]
    """The two chips."""
    settings: list[SettingDiff]
    """In the order of a chip file."""


class ComparedQuantity(Document):
    """A number of each of several runs."""

    name: str
    """What it is; `energy.` and a component for its energy."""
    unit: str
    """The unit of the values."""
    values_: list[Number | None] = Field(alias="values")
    """Of each run, in their order; null where a run has none. Of a run that was stopped it is about the part of it."""
    ratio: float | None
    """The second over the first: that of `ratios`."""
    ratios: list[float | None]
    """Each over the first; null where the first is 0, and where either of the two runs was stopped."""


class ComparedSetting(SettingChange):
    """A setting in which chips that are compared differ. With more than two, `a` and `b` may be equal."""

    values_: list[bool | int | float | str | None] = Field(alias="values")
    """Of each chip, in their order; null where it has no such setting."""


class ComparedSettings(Document):
    """What runs that are compared were given that differs."""

    settings: list[ComparedSetting]
    """In the order of a chip file."""
    program: list[ProgramChange] | None
    """Empty where all ran the same instructions; null where a network was compiled for each chip."""


class Comparison(TableResult):
    """Runs of one program on several chips, beside each other. Lists are in the order of the chips."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "complete": "complete",
        "chips": "chips",
        "rows": "rows",
    }
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.compare/1"] = Field(default="acortex.compare/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether the program ran to its end on every chip."""
    covers: list[RunCovers | None]
    """Which part of each run the numbers are about; null where it is complete."""
    program: ProgramName
    """Which program ran on the first chip."""
    chips: Several[str]
    """The chips, each with the settings that were laid over it, as `--chip` takes them."""
    changed: ComparedSettings
    """What differs between the chips, and between what ran on them."""
    rows: list[ComparedQuantity]
    """What is compared."""
    runs: Several[RunReport]
    """All reports, whole."""


class RepricedLayer(Document):
    """The energy of a layer."""

    name: str
    """As the program's mark says; `-` is what belongs to none."""
    energy_aj: Pair[int]
    """As recorded and as priced anew, in attojoules."""


class RepricedInference(Document):
    """The energy of an inference, priced anew."""

    index: int
    """The first is 0."""
    energy_aj: int
    """In attojoules."""
    energy_by_component_aj: dict[str, int]
    """In attojoules: they add up to the whole."""


class Reprice(TableResult):
    """A recorded run priced as another chip would. Pairs are [as recorded, as priced anew]."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program",
        "chip": "chip",
        "cycles": "cycles",
        "energy_j": "energy_j",
        "timing_may_differ": "timing_may_differ",
    }
    ROWS: ClassVar[str] = "layers"

    schema_: Literal["acortex.reprice/1"] = Field(default="acortex.reprice/1", alias="schema")
    """The layout of this document."""
    complete: bool = True
    """Whether the run went to its end. If not, the energies are those up to where it was stopped."""
    covers: Covers | None = None
    """Which part of the run they are of; null where it is complete."""
    program: str
    """The program that ran."""
    chip: Pair[str]
    """The names of the chips."""
    changed: Changed
    """The settings in which the second chip differs from the one recorded; the instructions are the same."""
    timing_may_differ: list[str]
    """Settings in which the chips differ and that may move cycles; empty where the priced run is exact."""
    cycles: int
    """Length of the run, as recorded."""
    latency_s: float
    """The same in seconds, by the clock of the second chip."""
    power_w: float
    """As priced anew, in watts."""
    energy_j: Pair[float]
    """Of the run, in joules."""
    energy_aj: Pair[int]
    """The same in attojoules, exact."""
    energy_by_component_aj: dict[str, Pair[int]]
    """In attojoules: they add up to the whole."""
    layers: list[RepricedLayer]
    """In the order of the program, then what belongs to none."""
    inferences: list[RepricedInference]
    """As priced anew, by index."""
