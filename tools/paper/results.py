"""The report of a figure of the source paper, `acortex.reproduce/2`, as types."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Number, TableResult

Basis = Literal["exact", "predicted", "chosen", "fitted", "published"]
Relation = Literal["is", "about", "below", "above"]


class FigureRow(Document):
    """A number of a figure of the paper, ours beside it."""

    network: str = ""
    """The column of the figure; empty where it has one alone."""
    row: str
    """The row of the figure."""
    unit: str
    """The unit of both numbers; empty for plain ones."""
    paper: float | None
    """As printed in the source paper; null where nothing is."""
    relation: Relation = "is"
    """How that number is printed: as it is, about, or as a bound."""
    published: float | None = None
    """As printed in another publication, which `source` names; null where nothing is."""
    source: str = ""
    """The other publication."""
    ours: Number
    """As simulated or counted."""
    ratio: float | None
    """Ours over the paper's; null where the paper prints 0 or nothing."""
    basis: Basis
    """exact: counted; published: put in as printed. Else what the row's settings were derived from: fitted where one is
    solved from this row, chosen where one was chosen with the row in view, predicted where none saw it."""
    doubtful: bool
    """Whether the printed number contradicts others."""
    ratio_left_out: float | None = None
    """Fig. 7b: the ratio by fitted constants derived anew without this network; what was chosen stays."""
    within: bool | None
    """Whether ours agrees: within 5 % of the printed interval, within half a point where it is a percentage, or on the
    right side of a bound. Null where nothing is printed."""
    note: str
    """Why the row differs, or what it says."""
    seen_by: list[str]
    """What the row rests on that was fitted on it or chosen with it in view."""


class FittedConstant(Document):
    """A constant of the chip that is derived from the figure."""

    constant: str
    """Its path in a chip file."""
    value: float
    """Its value in the chip file."""
    unit: str
    """Of the value."""
    fit: float
    """What the fit gives now."""
    fitted_on: list[str]
    """The networks that it is derived on."""


class ChosenSetting(Document):
    """A setting of the chip that was chosen with the figure in view."""

    setting: str
    """Its path in a chip file."""
    value: str
    """As a chip file writes it."""
    unit: str
    """Of the value; empty for plain ones."""
    source: str
    """Why it is what it is."""


class LargestChipRow(Document):
    """A number of a network on its own chip and on the largest one."""

    network: str
    """The column of the figure."""
    row: str
    """What is compared."""
    unit: str
    """The unit of both numbers."""
    own_chip: float
    """On its own chip."""
    largest_chip: float
    """On the largest chip."""
    ratio: float
    """The second over the first."""


class Assumption(Document):
    """Something that a figure puts in."""

    name: str
    """What it is."""
    value: str
    """With its unit."""
    how: Literal["published", "chosen", "fitted"]
    """How it was derived."""
    source: str
    """Where it stands, or why it was chosen."""
    seen: list[str]
    """The rows that it was fitted on, or that were in view as it was chosen."""


class Drawn(Document):
    """Numbers that the picture shows."""

    name: str
    """What they are."""
    columns: dict[str, list[Number]]
    """By name, with the unit behind it; all of one length."""


class Reproduction(TableResult):
    """A figure of the paper, ours beside it."""

    SHOWN: ClassVar[dict[str, str]] = {"rows": "rows", "fitted": "fitted"}
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.reproduce/2"] = Field(default="acortex.reproduce/2", alias="schema")
    """The layout of this document."""
    figure: str
    """The figure, such as fig7b."""
    rows: list[FigureRow]
    """In the order of the figure."""
    assumptions: list[Assumption] = Field(default_factory=list)
    """What the figure puts in, beside the chip files."""
    drawn: list[Drawn] = Field(default_factory=list)
    """The numbers of the picture."""
    fitted: list[FittedConstant] = Field(default_factory=list)
    """Fig. 7b: the constants that are derived from it."""
    chosen: list[ChosenSetting] = Field(default_factory=list)
    """Fig. 7b: the settings that were chosen with it in view."""
    resnet152_as_tabulated: list[FigureRow] = Field(default_factory=list)
    """Fig. 7b: the rows of ResNet-152 with the network that the table's energies seem to count."""
    largest_chip: list[LargestChipRow] = Field(default_factory=list)
    """Fig. 7b: the smaller networks on the largest chip."""
