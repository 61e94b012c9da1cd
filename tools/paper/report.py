"""What `acortex reproduce fig7b` prints: the paper's table with ours beside it, for people and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.paper import fig7b
from acortex.tools.paper.fig7b import TITLES, FigureRuns, Measured
from acortex.tools.paper.markdown import table
from acortex.tools.paper.render import render
from acortex.tools.paper.results import FigureRow

FIXED = ("parameters", "m_", "n", "fg_", "area")
"""Rows that do not change with four blocks fewer."""

LEGEND = """~ doubtful in the paper
within: 5 % of the interval that the printed digits allow, or half a point of a percentage
basis: exactly counted, published and put in, fitted on this network, or chosen with the table in view
left out: the ratio with all fitted constants derived without this network; what was chosen stays"""

Runs = Mapping[str, Measured]


def number(value: float) -> str:
    """A number with four digits that count."""
    if value == int(value) and abs(value) < 1e5:
        return f"{int(value)}"
    return f"{value:.4g}"


def ratio(value: float | None) -> str:
    """A ratio, "-" where the paper prints nothing to compare with."""
    return "-" if value is None else f"{value:.3f}"


def parts(runs: FigureRuns) -> Iterator[RenderableType]:
    """The table of each network, then what stands beside."""
    yield Text.assemble(("Fig. 7b", "bold cyan"), " of Bavandpour et al. 2018, and ours from simulated programs")
    rows = fig7b.rows(runs.own)
    for title, own in _columns(runs, rows):
        yield Text(f"\n{title}", "bold")
        yield _table(own)
    yield Text("\nThe smaller networks on the largest chip  the paper: at essentially the same performance", "bold")
    yield _grid(("network", "", "own chip", "largest chip", "ratio"), _largest(runs))
    yield Text("\nFitted constants", "bold")
    yield _grid(("constant", "value", "fit now", "unit", "on"), _constants(runs.own))
    yield Text("\nSettings chosen with the table in view", "bold")
    yield _grid(("setting", "value", "unit", "why"), _chosen(runs.own))
    yield Text(f"\n{LEGEND}\n", "dim")
    for line in _notes(rows):
        yield Text(line)


def _columns(runs: FigureRuns, rows: Sequence[FigureRow]) -> Iterator[tuple[str, list[FigureRow]]]:
    """A title and rows for each network of the paper, and for ResNet-152 as its column seems to count it."""
    for network, own in groupby(rows, lambda row: row.network):
        yield f"{TITLES[network]} on {runs.own[network].run.chip.name}", list(own)
        if network == "resnet_152":
            yield (
                "ResNet-152 as tabulated: four blocks fewer",
                [row for row in fig7b.beside(runs.own, runs.tabulated) if not row.row.startswith(FIXED)],
            )


def _printed(row: FigureRow) -> str:
    return ("~" if row.doubtful else "") + ("-" if row.paper is None else number(row.paper))


def _table(rows: Sequence[FigureRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("", "paper", "ours", "ratio", "left out", "basis", "unit", "within"):
        table.add_column(head, justify="left" if head in ("", "basis", "unit", "within") else "right", no_wrap=True)
    for row in rows:
        table.add_row(row.row, _printed(row), number(row.ours), ratio(row.ratio),
                      ratio(row.ratio_left_out), row.basis, row.unit, "yes" if row.within else "NO")  # fmt: skip
    return table


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in heads:
        table.add_column(
            head, justify="left" if head in ("network", "", "constant", "unit", "on", "setting", "why") else "right"
        )
    for row in rows:
        table.add_row(*row)
    return table


def _largest(runs: FigureRuns) -> Iterator[Sequence[str]]:
    for row in fig7b.on_largest(runs.own, runs.largest):
        unit = row.unit
        yield (TITLES[row.network], row.row.split("_")[0], f"{number(row.own_chip)} {unit}",
               f"{number(row.largest_chip)} {unit}", ratio(row.ratio))  # fmt: skip


def _constants(runs: Runs) -> Iterator[Sequence[str]]:
    for one in fig7b.constants(runs):
        on = ", ".join(TITLES[name] for name in one.fitted_on)
        yield one.constant, number(one.value), number(one.fit), one.unit, on


def _chosen(runs: Runs) -> Iterator[Sequence[str]]:
    for one in fig7b.chosen(runs):
        yield one.setting, one.value, one.unit, one.source


def _notes(rows: Sequence[FigureRow]) -> Iterator[str]:
    """The sentences about rows that are not within, each once, with the rows that it is about."""
    for network, own in groupby(rows, lambda row: row.network):
        said: dict[str, list[str]] = {}
        for row in own:
            if not row.within:
                said.setdefault(row.note, []).append(row.row)
        for sentence, names in said.items():
            yield f"{TITLES[network]}, {', '.join(names)}: {sentence}"


def markdown(runs: FigureRuns) -> str:
    """The same as Markdown."""
    blocks: list[str] = []
    for title, own in _columns(runs, fig7b.rows(runs.own)):
        blocks += [f"## {title}", table(_HEADS, map(_cells, own))]
    heads = ("network", "", "own chip", "largest chip", "ratio")
    blocks += ["## The smaller networks on the largest chip", table(heads, _largest(runs))]
    heads = ("constant", "value", "fit now", "unit", "derived on")
    blocks += ["## Fitted constants", table(heads, _constants(runs.own))]
    chosen = table(("setting", "value", "unit", "why"), _chosen(runs.own))
    blocks += ["## Settings chosen with the table in view", chosen]
    return "\n\n".join(blocks) + "\n"


def page(runs: FigureRuns) -> str:
    """The page of the docs: what the table is, and the same."""
    return render("figure-7b.md.j2", tables=markdown(runs))


_HEADS = ("row", "paper", "ours", "ratio", "left out", "basis", "where it differs")


def _cells(row: FigureRow) -> Sequence[str]:
    return (
        f"{row.row} ({row.unit})" if row.unit else row.row,
        _printed(row),
        number(row.ours),
        ratio(row.ratio),
        ratio(row.ratio_left_out),
        row.basis,
        row.note,
    )
