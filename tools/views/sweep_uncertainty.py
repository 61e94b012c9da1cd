"""What `acortex sweep` prints of intervals, made from `acortex.sweep/1` alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.tools.sweep.metrics import ENDS, METRICS, UNCERTAIN, Metric
from acortex.tools.sweep.results import SweepConstant, SweepReport, SweepRow, SweepUncertainty
from acortex.tools.views.tables import number_table
from acortex.units import scaled
from acortex.wording import UNKNOWN, all_of, count

IN_TEXT = ("latency_s", "energy_j", "power_w", "area_mm2")
"""The numbers whose intervals a line of a terminal has room for: others go as the energy, or as the latency."""

ON_PAGE = ("latency_s", "inferences_per_s", "energy_j", "power_w", "area_mm2", "efficiency_ops_per_j")
"""Those that a page has room for; a point under the pointer says all."""

MOST = 8
"""Constants that are shown, and points of a front."""

LEAST_SHARE = 0.005

LEAST_CHANCE = 0.02
"""What chance may show without a word about it: the usual number of samples has less."""

FROM_END_TO_END = "end to end"
"""The heading of what a constant does from one end of its spread to the other."""


def interval_text(row: SweepRow, metric: Metric) -> str:
    """Between which ends nine of ten samples of a number lie; `-` where that is not known."""
    low, high = (row[f"{metric.name}_p{end}"] for end in ENDS)
    if low is None or high is None:
        return UNKNOWN
    if metric.unit == "mm2":
        return f"{low:.4g} to {high:.4g} mm2"
    if metric.unit in ("cycles", "reads"):
        return f"{low:,.0f} to {high:,.0f}"
    ends = [scaled(end, metric.unit) for end in (low, high)]
    (first, *unit), (_, *other) = (end.split(" ") for end in ends)
    return f"{first if unit == other else ends[0]} to {ends[1]}"


def interval_metrics(report: SweepReport) -> list[Metric]:
    """The numbers that have intervals."""
    return [METRICS[name] for name in UNCERTAIN if any(row[f"{name}_p{ENDS[0]}"] is not None for row in report.rows)]


def constant_rows(found: SweepUncertainty) -> list[list[str]]:
    """Headings, then a row for each constant that matters: its share of each number's variance, the most first, and by
    how much it moves the number of which it has most.
    """
    metrics = list(dict.fromkeys(one.metric for one in found.constants))
    of_constant: defaultdict[str, dict[str, SweepConstant]] = defaultdict(dict)
    for one in found.constants:
        of_constant[" + ".join([one.constant, *one.drawn_with])][one.metric] = one
    most = {name: max(of.values(), key=lambda one: one.share) for name, of in of_constant.items()}
    kept = sorted((name for name in most if most[name].share >= LEAST_SHARE), key=lambda name: -most[name].share)
    rows = [
        [name, *(_percent(of_constant[name].get(metric)) for metric in metrics), _change(most[name])] for name in kept
    ]
    return [["constant", *(METRICS[name].title for name in metrics), FROM_END_TO_END], *rows]


def _percent(one: SweepConstant | None) -> str:
    return UNKNOWN if one is None else f"{100 * one.share:.1f} %"


def _change(one: SweepConstant) -> str:
    return f"{METRICS[one.metric].title} {100 * one.change:+.1f} %"


def _outside(row: SweepRow) -> Iterator[str]:
    """The numbers of a point that lie outside their intervals: its constants stand at ends of their spreads."""
    for name in IN_TEXT:
        low, high = (row[f"{name}_p{end}"] for end in ENDS)
        if low is not None and not low <= row[name] <= high:
            yield METRICS[name].title


def basis_told(report: SweepReport) -> Iterator[str]:
    """What intervals rest on, and what they leave out."""
    found = report.uncertainty
    if found is None:
        return
    yield f"{found.samples:,} samples per point, seed {found.seed}: nine of ten lie between the ends"
    yield "constants are drawn within the spreads of the chip file, each on its own but for those joined by +"
    if found.chance > LEAST_CHANCE:
        yield f"of so few samples shares below {100 * found.chance:.0f} % may be chance; --samples 1000 tells more"
    outside = [list(_outside(row)) for row in report.rows]
    if many := sum(map(bool, outside)):
        names = all_of(list(dict.fromkeys(name for row in outside for name in row)))
        yield f"{count(many, 'point')} of {found.points:,}: {names} of the chip as it is, beyond these ends"
    yield _of_time(found)
    if found.time_samples < found.fewest_time_samples:
        yield f"too few draws to say which delay matters: --time-samples {found.fewest_time_samples} or more does"
    if found.held:
        yield f"without a spread, and taken as they are: {', '.join(found.held)}"


def _of_time(found: SweepUncertainty) -> str:
    """What the intervals of time rest on, or why there are none."""
    if not found.delays:
        return "no delay was drawn: settings that move time are taken as they are, so latency has no interval"
    draws = f"{count(found.time_samples, 'draw')} of {count(len(found.delays), 'delay')} per point"
    runs = count(found.courses, "run that differs", "runs that differ")
    return f"{draws}, {runs}; sizes and counts are taken as they are"


def parts(report: SweepReport, head: Sequence[str], named: Sequence[tuple[Sequence[str], SweepRow]],
          ) -> Iterator[RenderableType]:  # fmt: skip
    """The intervals of some points, each with the cells that name it under headings, and the constants that matter."""
    if report.uncertainty is None or not interval_metrics(report):
        return
    yield Text()
    yield Text.assemble(("How sure that is", "bold"), "  of these points, where nine of ten samples lie")
    yield _table(interval_rows(report, head, named[:MOST], IN_TEXT))
    if len(named) > MOST:
        yield Text(f"  and {len(named) - MOST} more; --format json has all", "dim")
    yield from _constants(report.uncertainty)
    yield from (Text(f"  {told}", "dim") for told in basis_told(report))


def interval_rows(
    report: SweepReport,
    head: Sequence[str],
    named: Sequence[tuple[Sequence[str], SweepRow]],
    among: Sequence[str],
) -> list[list[str]]:
    """Headings, then the interval of each number of some points; of these numbers alone."""
    metrics = [one for one in interval_metrics(report) if one.name in among]
    rows = [[*cells, *(interval_text(row, one) for one in metrics)] for cells, row in named]
    return [[*head, *(one.title for one in metrics)], *rows]


def _constants(found: SweepUncertainty) -> Iterator[RenderableType]:
    rows = constant_rows(found)
    if len(rows) > 1:
        yield Text()
        yield Text.assemble(
            ("Which constant matters most", "bold"), "  share of the variance of logarithms, over samples"
        )
        yield _table(rows[: MOST + 1])
        if len(rows) > MOST + 1:
            yield Text(f"  and {len(rows) - MOST - 1} more; --format json has all", "dim")


def _table(rows: Sequence[Sequence[str]]) -> Table:
    head, *others = rows
    table = number_table(*head)
    for cells in others:
        table.add_row(*cells)
    return table
