"""A reproduced figure: its rows, what each rests on, the numbers of its picture, and how that is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from acortex.documents import Number
from acortex.sim.chip.specs import Chip
from acortex.tools.paper import provenance
from acortex.tools.paper.results import Assumption, Basis, Drawn, FigureRow, Relation, Reproduction
from acortex.tools.paper.svg import Canvas, drawn

Progress = Callable[[int, int], None]
"""Is called with what is done, and what there is to do."""

ARRAY_CELLS = 2 * 64 * 64
"""Cells of an array: a pair for each weight."""

CLOSE, ABOUT, POINTS = 0.05, 0.2, 0.5
"""How far ours may lie from a printed number: as a share, as a share where it is printed as "about", and in points
where it is a percentage."""


@dataclass(frozen=True)
class Options:
    """What a user may add to a figure."""

    mnist: Path | None = None
    """A folder with the full MNIST test set, as IDX files."""


@dataclass(frozen=True)
class Given:
    """Something that a figure puts in; `seen` are the rows that it was fitted on, or chosen with in view."""

    name: str
    value: str
    how: Literal["published", "chosen", "fitted"]
    source: str
    seen: tuple[str, ...] = ()

    def document(self) -> Assumption:
        """As the report has it."""
        return Assumption(name=self.name, value=self.value, how=self.how, source=self.source, seen=list(self.seen))


@dataclass(frozen=True)
class Printed:
    """A number of the source paper, or of another publication, which `source` names."""

    value: float
    relation: Relation = "is"
    source: str = ""
    doubtful: bool = False

    def agrees(self, ours: float, unit: str) -> bool:
        """Whether ours is close to it, or on the right side of it."""
        if self.relation == "below":
            return ours < self.value
        if self.relation == "above":
            return ours > self.value
        if self.relation == "about":
            return abs(ours - self.value) <= ABOUT * abs(self.value)
        return abs(ours - self.value) <= (POINTS if unit in ("%", "points") else CLOSE * abs(self.value))


@dataclass(frozen=True)
class Figure:
    """A figure as it was reproduced.

    `facts` are what its page names beside the tables; `caption` says what to see in the picture, which `fill` draws
    on a canvas of `size` inches.
    """

    name: str
    title: str
    caption: str
    rows: Sequence[FigureRow]
    given: Sequence[Given]
    drawn: Sequence[Drawn]
    size: tuple[float, float]
    fill: Callable[[Canvas], None]
    facts: Mapping[str, object] = field(default_factory=dict)

    def report(self) -> Reproduction:
        """As JSON has it."""
        return Reproduction(
            figure=self.name,
            rows=list(self.rows),
            assumptions=[one.document() for one in self.given],
            drawn=list(self.drawn),
        )

    def picture(self) -> bytes:
        """An SVG, the same bytes for the same numbers. Raises MissingExtra where matplotlib is not installed."""
        return drawn(self.size, self.fill)


def counted(row: str, unit: str, ours: Number, printed: Printed | None = None, note: str = "") -> FigureRow:
    """A row that is counted."""
    return _row(row, unit, ours, "exact", printed, note, [])


def put_in(row: str, unit: str, ours: Number, printed: Printed | None = None, note: str = "") -> FigureRow:
    """A row that is put in as printed."""
    return _row(row, unit, ours, "published", printed, note, [])


def simulated(
    row: str, unit: str, ours: Number, given: Sequence[Given], printed: Printed | None = None, note: str = ""
) -> FigureRow:
    """A row that rests on what is given: fitted or chosen where one of that saw the row, else predicted."""
    seen = {one.name: one.how for one in given if row in one.seen}
    return _row(row, unit, ours, _weakest({*seen.values()}), printed, note, list(seen))


def of_chip(
    row: str,
    unit: str,
    ours: Number,
    chip: Chip,
    figure: str,
    moves: str,
    printed: Printed | None = None,
    note: str = "",
) -> FigureRow:
    """A row of a simulated chip: fitted where a setting that moves it was derived from `figure`, chosen where one was
    chosen with it in view, else predicted.

    `moves` is a row of Fig. 7b that the same settings move, such as latency_ms.
    """
    seen: dict[str, str] = {}
    for path in provenance.moves(moves):
        how = _saw(chip.sources.get(path, ""), figure)
        if how:
            seen[path] = how
    return _row(row, unit, ours, _weakest({*seen.values()}), printed, note, list(seen))


def _saw(source: str, figure: str) -> str:
    """How a setting with this source saw a figure; empty where it did not."""
    if source.startswith("as "):  # another technology's number: whose source follows
        source = source.partition(": ")[2]
    if source.startswith(f"derived from {figure}"):
        return "fitted"
    return "chosen" if source.startswith("own choice") and figure in source else ""


def _weakest(kinds: set[str]) -> Basis:
    return "fitted" if "fitted" in kinds else "chosen" if "chosen" in kinds else "predicted"


def _row(
    row: str, unit: str, ours: Number, basis: Basis, printed: Printed | None, note: str, seen: list[str]
) -> FigureRow:
    found = printed or Printed(0.0)
    mine = printed is not None and not found.source
    return FigureRow(
        row=row,
        unit=unit,
        paper=found.value if mine else None,
        relation=found.relation,
        published=found.value if printed is not None and found.source else None,
        source=found.source,
        ours=ours,
        ratio=ours / found.value if mine and found.value else None,
        basis=basis,
        doubtful=found.doubtful,
        within=found.agrees(ours, unit) if printed is not None else None,
        note=note,
        seen_by=seen,
    )


def columns(name: str, **values: Sequence[Number]) -> Drawn:
    """Numbers of a picture, as the report has them."""
    return Drawn(name=name, columns={key: [_plain(one) for one in column] for key, column in values.items()})


def _plain(value: Number) -> Number:
    """A number of NumPy as one of Python; six digits that count are more than a picture shows."""
    return int(value) if float(value).is_integer() else float(f"{float(value):.6g}")
