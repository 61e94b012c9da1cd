"""A sweep as one HTML page: what it varied, its points as a table and as pictures, its fronts, and what moves what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from acortex import __version__
from acortex.tools.report.packing import document
from acortex.tools.report.pictures import Bars, stack
from acortex.tools.report.render import filled
from acortex.tools.report.sections import Fact, Shown
from acortex.tools.sweep.axes import Given
from acortex.tools.sweep.metrics import ENDS, METRICS, Metric
from acortex.tools.sweep.results import SweepReport
from acortex.tools.views.sweep import (
    FREE_TOLD,
    LEAST_SHARE,
    effect_rows,
    failures_told,
    fronts_of,
    gaps_told,
    given_text,
    has_programs,
    named_fronts,
    number_text,
    point_cells,
    point_head,
    settings_of,
    shown_of,
)
from acortex.tools.views.sweep_uncertainty import ON_PAGE, basis_told, constant_rows, interval_metrics, interval_rows
from acortex.wording import count

OWN = ("data.js", "table.js", "scatter.js", "sweep.js")
"""The scripts of the page, in one element: what one declares the next uses."""

MOST_VALUES = 12
"""Values of an axis that are listed; of more, how many there are."""

MOST_ON_FRONT = 100
"""Points of a front that stand in the page as text; the table has all."""


def sweep_page(report: SweepReport) -> str:
    """The page of a sweep. Raises MissingExtra where Jinja2 is not installed."""
    shown = shown_of(report)
    return filled(
        "sweep.html.j2",
        (),
        OWN,
        ("report.css", "sweep.css"),
        report=report,
        name=Path(report.spec).name,
        facts=list(facts(report)),
        axes=_axes(report),
        fronts=list(_fronts(report, shown)),
        shares=[(one, bars) for one in shown if (bars := share_bars(report, one)).bars],
        effects=_table(effect_rows(report, shown)) if report.effects else None,
        gaps=list(gaps_told(report)) if report.effects else [],
        free_told=FREE_TOLD,
        intervals=_intervals(report),
        constants=_table(constant_rows(report.uncertainty)) if report.uncertainty else None,
        basis=list(basis_told(report)),
        failures=list(failures_told(report)),
        data=document(plain(report)),
    )


def facts(report: SweepReport) -> Iterator[Fact]:
    """The headline: how many points there are, and between which ends the numbers of the front lie."""
    left = report.points - report.done - report.failed
    about = f"{report.done:,} done, {report.failed:,} failed{f', {left:,} not run' if left else ''}"
    yield Fact("points", f"{report.points:,}", about)
    if has_programs(report):
        yield Fact("programs", f"{len({row.program for row in report.rows}):,}", "compared where they do the same work")
    for metric in shown_of(report):
        yield _range(report, metric)
    if report.front:
        of = " and ".join(METRICS[name].title for name in report.front_of)
        yield Fact("front", f"{len(report.front):,}", f"{count(len(report.front), 'point')} that none beats in {of}")


def _range(report: SweepReport, metric: Metric) -> Fact:
    """The best of a number, and the worst."""
    values = [row[metric.name] for row in report.rows if row[metric.name] is not None]
    best, worst = sorted((min(values), max(values)), key=metric.cost)
    about = "at all points" if best == worst else f"at best; at worst {number_text(worst, metric)}"
    return Fact(metric.title, number_text(best, metric), about)


def _axes(report: SweepReport) -> Shown:
    """What each axis says, in the order of the file."""
    rows = [(name, "yes" if name in report.free else "", _values(report, name)) for name in settings_of(report)]
    if has_programs(report):
        programs = dict.fromkeys(row.program for row in report.rows)
        rows.insert(0, ("program", "", _listed(list(programs))))
    return Shown(("axis", "free", "values"), rows)


def _values(report: SweepReport, name: str) -> str:
    """The values of an axis, or of many their ends."""
    values = dict.fromkeys(row.axes[name] for row in report.rows)
    numbers = [one for one in values if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if len(numbers) == len(values) > MOST_VALUES:
        return f"{len(values):,} from {given_text(min(numbers))} to {given_text(max(numbers))}"
    return _listed([given_text(one) for one in values])


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_VALUES
    return ", ".join(texts[:MOST_VALUES]) + (f" and {more:,} more" if more > 0 else "")


def _fronts(report: SweepReport, shown: Sequence[Metric]) -> Iterator[tuple[str, Shown, int]]:
    """Each front: what it is of, its points as a table, and how many are left out."""
    rows = {row.key: row for row in reversed(report.rows)}
    for title, keys in fronts_of(report):
        cells = [tuple(point_cells(report, rows[key], shown)) for key in keys[:MOST_ON_FRONT]]
        yield title, Shown(tuple(point_head(report, shown)), cells), max(0, len(keys) - MOST_ON_FRONT)


def _intervals(report: SweepReport) -> Shown | None:
    """The intervals of the points on fronts; None where no point has any."""
    rows = interval_rows(report, point_head(report, ()), named_fronts(report)[:MOST_ON_FRONT], ON_PAGE)
    return _table(rows) if interval_metrics(report) else None


def share_bars(report: SweepReport, metric: Metric) -> Bars:
    """The shares of the variance of a number: a bar for each axis, and for pairs that matter, the longest first."""
    own = [one for one in report.effects if one.metric == metric.name]
    kept = [one for one in own if len(one.axes) == 1 or one.share >= LEAST_SHARE]
    rows = [
        (" x ".join(one.axes), {"two together" if len(one.axes) > 1 else "alone": one.share}, (_percent(one.share),))
        for one in sorted(kept, key=lambda one: -one.share)
    ]
    look = {"alone": 0, "two together": 9}.__getitem__
    return stack(("axis", "", "share"), rows, look, lambda part, share: f"{part} {_percent(share)}", whole=1.0)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _table(rows: Sequence[Sequence[str]]) -> Shown:
    head, *others = rows
    return Shown(tuple(head), [tuple(row) for row in others])


def plain(report: SweepReport) -> dict[str, object]:
    """What the page carries as data: the columns of its points, and what each is."""
    names = settings_of(report)
    known = [one for one in METRICS.values() if any(row[one.name] is not None for row in report.rows)]
    return {
        "version": __version__,
        "front_of": report.front_of,
        "axes": [{"name": name, "free": name in report.free} for name in names],
        "metrics": [{"name": m.name, "title": m.title, "unit": m.unit, "more": m.more_is_better} for m in known],
        **{name: _column(report, field) for name, field in COLUMNS.items()},
        "given": [_said(report, name) for name in names],
        "intervals": {one.name: _ends(report, one) for one in interval_metrics(report)},
        "numbers": [_column(report, one.name) for one in known],
    }


COLUMNS = {"keys": "key", "programs": "program", "chips": "chip", "statuses": "status", "errors": "error"}
"""The columns of the page that are texts of a row, with what it calls them."""


def _column(report: SweepReport, field: str) -> list[object]:
    return [row[field] for row in report.rows]


def _said(report: SweepReport, name: str) -> list[Given]:
    return [row.axes[name] for row in report.rows]


def _ends(report: SweepReport, metric: Metric) -> list[list[float | None]]:
    return [[row[f"{metric.name}_p{end}"] for end in ENDS] for row in report.rows]
