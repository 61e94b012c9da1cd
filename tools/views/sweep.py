"""What `acortex sweep` prints, made from `acortex.sweep/1` alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import METRICS, Metric
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.views.tables import number_table
from acortex.units import percent, scaled
from acortex.wording import UNKNOWN, count

SHOWN = ("latency_s", "energy_j", "area_mm2", "power_w", "accuracy")
"""The numbers that are shown of each point, where they are known."""

MOST_ROWS = 12
"""Points of a front, failures and pairs that are shown."""

LEAST_SHARE = 0.005

Shares = Mapping[tuple[str, ...], Mapping[str, float]]


def parts(report: SweepReport) -> Iterator[RenderableType]:
    """A sweep: what is done, its front, what moves what, and what failed."""
    yield from _heading(report)
    rows = {row.key: row for row in reversed(report.rows)}
    shown = [METRICS[name] for name in dict.fromkeys([*report.front_of, *SHOWN]) if _is_known(report, name)]
    if report.front:
        yield Text()
        yield Text.assemble(("No other point is better ", "bold"), f"in {' and '.join(report.front_of)}")
        yield _points([rows[key] for key in report.front], report.axes, shown, _programs(report))
        if len(report.front) > MOST_ROWS:
            yield Text(f"  and {len(report.front) - MOST_ROWS} more; --format json has all")
    if report.effects:
        yield Text()
        yield Text.assemble(("What moves what", "bold"), "  share of the variance, of logarithms")
        yield _effects(report, shown)
        yield from _gaps(report)
    if report.free and report.done:
        yield Text("  (free): moves time, and nothing pays for it: no energy, area or capacity", "dim")
    yield from _failures(report)


def _heading(report: SweepReport) -> Iterator[Text]:
    if report.covers is not None:
        yield Text(f"{report.covers['results']:,} of {report.covers['points']:,} points have been run", "bold red")
    done = f"{report.done:,} done, {report.failed:,} failed"
    yield Text.assemble((report.spec, "bold cyan"), f"   {count(report.points, 'point')}: {done}", no_wrap=True)
    if report.simulations:
        yield Text(f"  {report.reused:,} were there before; {count(report.simulations, 'simulation')} in time")
    if report.table:
        yield Text(f"  rows: {report.table}", no_wrap=True)


def _programs(report: SweepReport) -> bool:
    return len({row.program for row in report.rows}) > 1


def _is_known(report: SweepReport, name: str) -> bool:
    return any(row[name] is not None for row in report.rows)


def _points(rows: Sequence[SweepRow], axes: Sequence[str], shown: Sequence[Metric], programs: bool) -> Table:
    """Points as rows: what each axis says, then numbers."""
    moved = [name for name in axes if name != "program"]
    headings = [*(["program"] if programs else []), *_short(moved), *(one.title for one in shown)]
    table = number_table(*headings)
    for column in table.columns[: len(headings) - len(shown)]:  # where a line is too short, numbers stay whole
        column.no_wrap, column.overflow = False, "fold"
    for row in rows[:MOST_ROWS]:
        own = [row.program] if programs else []
        table.add_row(
            *own, *(_given(row.axes[name]) for name in moved), *(number_text(row[one.name], one) for one in shown)
        )
    return table


def _short(names: Sequence[str]) -> list[str]:
    """Names of settings without their tables, where that leaves no two the same."""
    leaves = [name.rpartition(".")[2] for name in names]
    return [leaf if leaves.count(leaf) == 1 else name for leaf, name in zip(leaves, names, strict=True)]


def _given(value: Given) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def number_text(value: float | None, metric: Metric) -> str:
    """A number of a run with its unit; `-` where it is not known."""
    if value is None:
        return UNKNOWN
    if metric.name == "accuracy":
        return percent(value)
    if metric.unit in ("cycles", "reads"):
        return f"{value:,}"
    return f"{value:.4g} mm2" if metric.unit == "mm2" else scaled(value, metric.unit)


def _effects(report: SweepReport, shown: Sequence[Metric]) -> Table:
    """A row for each axis, then for the pairs that matter; a column for each number that varies."""
    moved = {effect.metric for effect in report.effects}
    columns = [one for one in shown if one.name in moved]
    shares: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for effect in report.effects:
        shares[tuple(effect.axes)][effect.metric] = effect.share
    table = number_table("axis", *(one.title for one in columns))
    for axes in (*(axes for axes in shares if len(axes) == 1), *_pairs(shares, columns)):
        values = [shares[axes].get(one.name) for one in columns]
        shown_as = " x ".join(axes) + (" (free)" if _is_free(report, axes) else "")
        table.add_row(shown_as, *(UNKNOWN if one is None else f"{100 * one:.1f} %" for one in values))
    return table


def _gaps(report: SweepReport) -> Iterator[Text]:
    """How many points the shares are of, where those are fewer than ran, and which axes do not move in them."""
    sizes = sorted({effect.points for effect in report.effects})
    if sizes and sizes[0] < report.done:
        told = " or ".join(f"{size:,}" for size in sizes)
        yield Text(f"  shares of {told} of the {report.done:,} points that ran: a part of the grid without gaps", "dim")
        moved = {name for effect in report.effects for axis in effect.axes for name in axis.split(", ")}
        still = [name for name in ("program", *report.axes) if name not in moved and _moves(report, name)]
        if still:
            yield Text(f"  one value is left there of {', '.join(still)}", "dim")


def _moves(report: SweepReport, name: str) -> bool:
    return len({row.axes.get(name, row.program) for row in report.rows}) > 1


def _pairs(shares: Shares, columns: Sequence[Metric]) -> list[tuple[str, ...]]:
    """The pairs of axes that matter, the most first."""
    largest: dict[tuple[str, ...], float] = {
        axes: max((of.get(one.name, 0.0) for one in columns), default=0.0)
        for axes, of in shares.items()
        if len(axes) == 2
    }
    return sorted((axes for axes in largest if largest[axes] >= LEAST_SHARE), key=lambda axes: -largest[axes])[
        :MOST_ROWS
    ]


def _is_free(report: SweepReport, axes: Sequence[str]) -> bool:
    return any(name in report.free for one in axes for name in one.split(", "))


def _failures(report: SweepReport) -> Iterator[RenderableType]:
    """What failed: each error once, with how many points it is of."""
    errors = [row.error or "" for row in report.rows if row.status == "failed"]
    if errors:
        yield Text()
        yield Text("What failed", "bold")
    found = list(dict.fromkeys(errors))
    for error in found[:MOST_ROWS]:
        yield Text(f"  {count(errors.count(error), 'point')}: {error}")
    if len(found) > MOST_ROWS:
        yield Text(f"  and {len(found) - MOST_ROWS} more kinds")
