"""What `acortex sweep` prints, made from `acortex.sweep/1` alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import METRICS, Metric
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.views.sweep_uncertainty import parts as uncertain_parts
from acortex.tools.views.tables import number_table
from acortex.units import percent, scaled
from acortex.wording import UNKNOWN, count

SHOWN = ("latency_s", "energy_j", "area_mm2", "power_w", "accuracy")
"""The numbers that are shown of each point, where they are known."""

MOST_ROWS = 12
"""Points of a front, failures and pairs that are shown."""

LEAST_SHARE = 0.005

FREE_TOLD = "(free): moves time, and nothing pays for it: no energy, area or capacity"
"""What the mark of an axis means."""

Shares = Mapping[tuple[str, ...], Mapping[str, float]]


def parts(report: SweepReport) -> Iterator[RenderableType]:
    """A sweep: what is done, its front, what moves what, and what failed."""
    yield from _heading(report)
    shown = shown_of(report)
    yield from _fronts(report, shown)
    yield from uncertain_parts(report, point_head(report, ()), named_fronts(report))
    if report.effects:
        yield Text()
        yield Text.assemble(("What moves what", "bold"), "  share of the variance, of logarithms")
        yield _effects(report, shown)
        yield from (Text(f"  {told}", "dim") for told in gaps_told(report))
    if report.free and report.done:
        yield Text(f"  {FREE_TOLD}", "dim")
    yield from _failures(report)


def _fronts(report: SweepReport, shown: Sequence[Metric]) -> Iterator[RenderableType]:
    """The points of each front as a table."""
    rows = {row.key: row for row in reversed(report.rows)}
    for title, keys in fronts_of(report):
        yield Text()
        yield Text.assemble(("No other point is better ", "bold"), title)
        yield _points(report, [rows[key] for key in keys], shown)
        if len(keys) > MOST_ROWS:
            yield Text(f"  and {len(keys) - MOST_ROWS} more; --format json has all")


def _heading(report: SweepReport) -> Iterator[Text]:
    if report.covers is not None:
        yield Text(f"{report.covers['results']:,} of {report.covers['points']:,} points have been run", "bold red")
    done = f"{report.done:,} done, {report.failed:,} failed"
    yield Text.assemble((report.spec, "bold cyan"), f"   {count(report.points, 'point')}: {done}", no_wrap=True)
    if report.simulations:
        yield Text(f"  {report.reused:,} were there before; {count(report.simulations, 'simulation')} in time")
    if report.table:
        yield Text(f"  rows: {report.table}", no_wrap=True)


def shown_of(report: SweepReport) -> list[Metric]:
    """The numbers that are shown: those of the front, then the usual ones that are known."""
    names = dict.fromkeys([*report.front_of, *SHOWN])
    return [METRICS[name] for name in names if any(row[name] is not None for row in report.rows)]


def fronts_of(report: SweepReport) -> Iterator[tuple[str, Sequence[str]]]:
    """What each front is of, in words, and the keys on it: of all points, and of each program where there are several.

    A front without points is left out.
    """
    of = f"in {' and '.join(report.front_of)}"
    found = [(f"{of}{', of all programs' if report.fronts else ''}", report.front)]
    found += [(f"{of}, of {one.program} alone", one.front) for one in report.fronts]
    return ((title, keys) for title, keys in found if keys)


def named_fronts(report: SweepReport) -> list[tuple[list[str], SweepRow]]:
    """The points of all fronts, each once and with the cells that name it."""
    rows = {row.key: row for row in reversed(report.rows)}
    keys = dict.fromkeys(key for _, of_one in fronts_of(report) for key in of_one)
    return [(point_cells(report, rows[key], ()), rows[key]) for key in keys]


def has_programs(report: SweepReport) -> bool:
    """Whether points are of several programs."""
    return len({row.program for row in report.rows}) > 1


def settings_of(report: SweepReport) -> list[str]:
    """What is moved, but for programs, in the order of the file."""
    return [name for name in report.axes if name != "program"]


def point_head(report: SweepReport, shown: Sequence[Metric]) -> list[str]:
    """The headings of a table of points: program, what each axis says, numbers."""
    own = ["program"] if has_programs(report) else []
    return [*own, *_short(settings_of(report)), *(one.title for one in shown)]


def point_cells(report: SweepReport, row: SweepRow, shown: Sequence[Metric]) -> list[str]:
    """A point as the cells of such a table."""
    own = [row.program] if has_programs(report) else []
    said = [given_text(row.axes[name]) for name in settings_of(report)]
    return [*own, *said, *(number_text(row[one.name], one) for one in shown)]


def _points(report: SweepReport, rows: Sequence[SweepRow], shown: Sequence[Metric]) -> Table:
    """Points as rows: what each axis says, then numbers."""
    headings = point_head(report, shown)
    table = number_table(*headings)
    for column in table.columns[: len(headings) - len(shown)]:  # where a line is too short, numbers stay whole
        column.no_wrap, column.overflow = False, "fold"
    for row in rows[:MOST_ROWS]:
        first, *others = point_cells(report, row, shown)
        table.add_row(Text(first, overflow="fold"), *others)  # points of one beginning must not look alike
    return table


def _short(names: Sequence[str]) -> list[str]:
    """Names of settings without their tables, where that leaves no two the same."""
    leaves = [name.rpartition(".")[2] for name in names]
    return [leaf if leaves.count(leaf) == 1 else name for leaf, name in zip(leaves, names, strict=True)]


def given_text(value: Given) -> str:
    """What an axis says, as one would write it."""
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


def effect_rows(report: SweepReport, shown: Sequence[Metric]) -> list[list[str]]:
    """Headings, then a row for each axis and for the pairs that matter; a column for each number that varies."""
    moved = {effect.metric for effect in report.effects}
    columns = [one for one in shown if one.name in moved]
    shares: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for effect in report.effects:
        shares[tuple(effect.axes)][effect.metric] = effect.share
    found = [["axis", *(one.title for one in columns)]]
    for axes in (*(axes for axes in shares if len(axes) == 1), *_pairs(shares, columns)):
        values = [shares[axes].get(one.name) for one in columns]
        shown_as = " x ".join(axes) + (" (free)" if _is_free(report, axes) else "")
        found.append([shown_as, *(UNKNOWN if one is None else f"{100 * one:.1f} %" for one in values)])
    return found


def _effects(report: SweepReport, shown: Sequence[Metric]) -> Table:
    head, *rows = effect_rows(report, shown)
    table = number_table(*head)
    for row in rows:
        table.add_row(*row)
    return table


def gaps_told(report: SweepReport) -> Iterator[str]:
    """How many points the shares are of, where those are fewer than ran, and which axes do not move in them."""
    sizes = sorted({effect.points for effect in report.effects})
    if sizes and sizes[0] < report.done:
        told = " or ".join(f"{size:,}" for size in sizes)
        yield f"shares of {told} of the {report.done:,} points that ran: a part of the grid without gaps"
        moved = {name for effect in report.effects for axis in effect.axes for name in axis.split(", ")}
        still = [name for name in ("program", *report.axes) if name not in moved and _moves(report, name)]
        if still:
            yield f"one value is left there of {', '.join(still)}"


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


def failures_told(report: SweepReport) -> Iterator[str]:
    """What failed: each error once, with how many points it is of."""
    found = Counter(row.error or "" for row in report.rows if row.status == "failed")
    for error in list(found)[:MOST_ROWS]:
        yield f"{count(found[error], 'point')}: {error}"
    if len(found) > MOST_ROWS:
        yield f"and {len(found) - MOST_ROWS} more kinds"


def _failures(report: SweepReport) -> Iterator[Text]:
    told = list(failures_told(report))
    if told:
        yield Text()
        yield Text("What failed", "bold")
    yield from (Text(f"  {one}") for one in told)
