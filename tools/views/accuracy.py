"""What `acortex accuracy` prints for people, made from `acortex.accuracy/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.bar import Bar
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.sim.accuracy.results import AccuracyReport, Margin, Spread
from acortex.tools.views.tables import number_table
from acortex.units import fixed, percent, scaled
from acortex.wording import count, setting_value

BINS = 12
"""Bars of the histogram of chips, at most."""

WIDE = 30
"""Columns of the longest bar."""

MOST_NAMED = 8
"""Settings that are listed in one line as not modelled, before the rest is counted."""


def accuracy_parts(report: AccuracyReport) -> Iterator[RenderableType]:
    """How right the chips are, how they are spread, how many are good enough, and what costs most."""
    told = count(report.inputs, "input")
    yield Text.assemble((report.program, "bold cyan"), " on ", (count(report.chips, "chip"), "bold cyan"))
    yield Text.assemble("of ", (report.chip, "bold cyan"), f"   {told} each, seed {report.seed}\n")
    yield _facts(report)
    if report.accuracy.sd:
        yield Text("\nChips by accuracy", "bold")
        yield _histogram(report.per_chip)
    yield Text()
    yield _yield(report)
    if report.conditions:
        yield Text()
        yield _conditions(report)
    if report.ablation:
        yield Text()
        yield _ablation(report)
    yield from _errors(report)


def _facts(report: AccuracyReport) -> Table:
    """The first numbers: a name, a number, and what it means."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="bold", justify="right", no_wrap=True)
    table.add_column(style="dim")
    found = report.accuracy
    judged = "by the labels" if report.judged_by == "labels" else "there are no labels: what it says is right"
    judged += f"; output {report.output}"
    table.add_row("ideal chip", _pct(report.ideal), judged)
    interval = f"95 % interval of the mean {_pct(found.ci95[0])} to {_pct(found.ci95[1])}"
    table.add_row("mean", _pct(found.mean), interval if report.chips > 1 else "one chip: nothing is known of others")
    if report.chips > 1:
        table.add_row("spread", f"{100 * found.sd:.2f} points", "standard deviation from chip to chip")
        table.add_row("5th percentile", _pct(found.p5), f"one chip in twenty is worse; the worst {_pct(found.min)}")
    table.add_row("changed", percent(report.changed_codes), "of the output numbers differ from the ideal chip's")
    if report.margin is not None:
        table.add_row(*_margin(report.margin))
    if report.lost_arrays:
        table.add_row("lost arrays", f"{report.lost_arrays:.2f}", "dead arrays per chip that no spare one replaces")
    if report.trims is not None:
        trims = report.trims
        cost = f"once per chip: {trims.conversions:,} conversions, {scaled(trims.energy_j, 'J')}"
        table.add_row("trims", scaled(trims.time_s, "s"), cost)
    return table


def _margin(margin: Margin) -> tuple[str, str, str]:
    """The row of margins: what stands between a right decision and another."""
    ideal = f"right output less the best wrong one, median (ideal {fixed(margin.ideal_median)})"
    low = f"; 5th percentile {fixed(margin.p5)} (ideal {fixed(margin.ideal_p5)})"
    return "margin", fixed(margin.median), ideal + low


def _pct(share: float) -> str:
    return f"{100 * share:.2f} %"


def _histogram(per_chip: Sequence[float]) -> Table:
    """How many chips have which accuracy."""
    import numpy as np

    counts, edges = np.histogram(np.array(per_chip), bins=min(BINS, max(len(set(per_chip)), 1)))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(width=WIDE)
    table.add_column(justify="right", style="dim")
    most = int(counts.max())
    for number, low, high in zip(counts[::-1], edges[-2::-1], edges[:0:-1], strict=True):
        table.add_row(f"{100 * low:.2f} to {100 * high:.2f} %", Bar(most, 0, int(number), color="cyan"), f"{number:,}")
    return table


def _yield(report: AccuracyReport) -> Table:
    """How many chips are good enough."""
    table = number_table("Good enough", "chips", "95 % interval of all chips")
    for row in report.yield_:
        low, high = row.ci95
        table.add_row(f"  at least {_pct(row.at_least)}", percent(row.share), f"{percent(low)} to {percent(high)}")
    return table


def _conditions(report: AccuracyReport) -> Table:
    """The same chips later, or warmer."""
    table = number_table("The same chips", "mean", "spread", "5th percentile")
    for row in report.conditions:
        found: Spread = row.accuracy
        name = f"  after {scaled(row.age_s, 's')} at {row.temperature_c:g} degC"
        table.add_row(name, _pct(found.mean), f"{100 * found.sd:.2f}", _pct(found.p5))
    return table


def _ablation(report: AccuracyReport) -> Table:
    """What each kind of error costs: alone, and what leaving it out brings back, in points of accuracy."""
    table = number_table("Kind of error", "alone", "loses", "all but it", "brings back")
    mean = report.accuracy.mean
    for row in sorted(report.ablation, key=lambda row: row.alone):
        lost, back = 100 * (report.ideal - row.alone), 100 * (row.without - mean)
        table.add_row(f"  {row.error}", _pct(row.alone), f"{lost:.2f}", _pct(row.without), f"{back:.2f}")
    return table


def _errors(report: AccuracyReport) -> Iterator[RenderableType]:
    """Which errors acted, and which are not modelled."""
    if report.errors:
        said = ", ".join(f"{path.removeprefix('errors.')} {_value(value)}" for path, value in report.errors.items())
        yield Text(f"\nErrors that the chip states: {said}.", "dim")
    else:
        yield Text(
            "\nThe chip states no errors: every chip is ideal. State one with --set errors.tuning_pct=5.", "bold"
        )
    missing = [path.removeprefix("errors.") for path in report.not_modelled]
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        yield Text(f"Not stated, and not modelled: {', '.join(missing[:MOST_NAMED])}{more}.", "dim")


def _value(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else setting_value(value)
