"""A reproduced figure as text: for a terminal, as Markdown, and as a page of docs/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.paper.figures.figure import Figure
from acortex.tools.paper.markdown import table
from acortex.tools.paper.render import render
from acortex.tools.paper.report import number as four_digits
from acortex.tools.paper.report import ratio
from acortex.tools.paper.results import Assumption, FigureRow

SIGNS = {"is": "", "about": "~", "below": "< ", "above": "> "}

LEGEND = """paper: as printed there; ~ about or doubtful, < and > bounds, * another publication, which the note names.
basis: exactly counted, predicted, published and put in, fitted on this row, or chosen with this row in view.
agrees: within 5 % (20 % of an "about"), half a point where it is a percentage, or on the right side of a bound."""

WHOLE = 100_000_000
"""Below this a count shows all its digits."""

AGREES = {True: "yes", False: "NO", None: "-"}


def parts(figure: Figure) -> Iterator[RenderableType]:
    """The rows, what is put in, and what to say of rows."""
    yield Text.assemble((figure.title, "bold cyan"), " of Bavandpour et al. 2018, and ours")
    yield _grid(("row", "paper", "ours", "unit", "ratio", "basis", "agrees"), map(_line, figure.rows), {1, 2, 4})
    yield Text("\nWhat is put in", "bold")
    yield _grid(("", "value", "how", "source"), map(_given, figure.report().assumptions), set(), wrap=True)
    yield Text(f"\n{LEGEND}\n", "dim")
    yield Text(f"Picture: {figure.caption}\n")
    for names, sentence in _notes(figure.rows):
        yield Text(f"{names}: {sentence}")


def markdown(figure: Figure) -> str:
    """The same as Markdown."""
    heads = ("row", "paper", "ours", "unit", "ratio", "basis", "agrees", "note")
    blocks = [table(heads, [(*_line(row), _said(row)) for row in figure.rows]), *LEGEND.split("\n")]
    if figure.given:
        blocks += ["## What is put in", table(("", "value", "how", "source"), map(_given, figure.report().assumptions))]
    return "\n\n".join(blocks) + "\n"


def page(figure: Figure) -> str:
    """The page of the docs: what the figure is, its picture, and the same tables."""
    number_of = figure.name.removeprefix("fig")
    rows = {row.row: row for row in figure.rows}
    picture = f"![{figure.title}, ours](figure-{number_of}.svg)"
    facts = {"tables": markdown(figure), "picture": picture, "caption": figure.caption, "rows": rows}
    return render(f"figure-{number_of}.md.j2", **facts, **figure.facts)


def number(value: float) -> str:
    """A number with four digits that count, a whole one with all of them."""
    return f"{int(value):,}" if value == int(value) and abs(value) < WHOLE else four_digits(value)


def printed(row: FigureRow) -> str:
    """The printed number, with a sign for a bound and a star for another publication; "-" where there is none."""
    value = row.paper if row.paper is not None else row.published
    if value is None:
        return "-"
    doubt = "~" if row.doubtful and row.relation != "about" else ""
    return f"{doubt}{SIGNS[row.relation]}{number(value)}{'*' if row.paper is None else ''}"


def _line(row: FigureRow) -> Sequence[str]:
    return (
        row.row,
        printed(row),
        number(row.ours),
        row.unit,
        "-" if row.relation in ("below", "above") else ratio(row.ratio),
        row.basis,
        AGREES[row.within],
    )


def _said(row: FigureRow) -> str:
    """Which other publication has the number, and the note."""
    return "; ".join(part for part in (row.source, row.note) if part)


def _notes(rows: Sequence[FigureRow]) -> Iterator[tuple[str, str]]:
    """What is said of rows, each sentence once, with the rows that it is about."""
    said: dict[str, list[str]] = {}
    for row in rows:
        if _said(row):
            said.setdefault(_said(row), []).append(row.row)
    for sentence, names in said.items():
        yield "; ".join(names), sentence


def _given(one: Assumption) -> Sequence[str]:
    return one.name, one.value, one.how, one.source


def _grid(heads: Sequence[str], rows: Iterator[Sequence[str]], right: set[int], wrap: bool = False) -> Table:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for at, head in enumerate(heads):
        grid.add_column(head, justify="right" if at in right else "left", no_wrap=not wrap)
    for row in rows:
        grid.add_row(*row)
    return grid
