"""What is said of chips, as types: `acortex.chip/1`, `acortex.chip-diff/1`, `acortex.compare/1`, `acortex.reprice/1`,
and the lists of what is built in: `acortex.chips/1`, `acortex.technologies/1`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Number, Pair, Result, TableResult
from acortex.sim.results import ProgramName, RunReport
from acortex.traces.results_of_paths import Changed

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


class Technology(Document):
    """A technology of main memory or of cells."""

    setting: str
    """The setting that names it."""
    name: str
    """Its name."""
    description: str
    """What it is."""


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
    values_: Pair[SettingValue] = Field(alias="values")
    """Of the first and of the second chip."""
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
    """A number of two runs."""

    name: str
    """What it is; `energy.` and a component for its energy."""
    unit: str
    """The unit of both values."""
    values_: Pair[Number] = Field(alias="values")
    """Of the first and of the second run."""
    ratio: float | None
    """The second over the first; null where the first is 0."""


class Comparison(TableResult):
    """Two runs of one program on two chips, beside each other."""

    SHOWN: ClassVar[dict[str, str]] = {"program": "program.name", "chips": "chips", "rows": "rows"}
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.compare/1"] = Field(default="acortex.compare/1", alias="schema")
    """The layout of this document."""
    program: ProgramName
    """Which program ran on the first chip."""
    chips: Pair[str]
    """The names of the chips."""
    changed: Changed
    """The settings that differ; instructions are not known where a network was compiled for each chip."""
    rows: list[ComparedQuantity]
    """What is compared."""
    runs: Pair[RunReport]
    """Both reports, whole."""


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
    program: str
    """The program that ran."""
    chip: Pair[str]
    """The names of the chips."""
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
