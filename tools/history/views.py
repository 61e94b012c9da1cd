"""What `acortex history` prints, made from `acortex.history/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.tools.history.results import HistoryMove, HistoryReport, HistorySeries
from acortex.tools.views.changed import rows
from acortex.units import joules, scaled
from acortex.wording import UNKNOWN, count

BARS = "▁▂▃▄▅▆▇█"
MOST_POINTS = 60
"""Points of a line that are drawn, the latest."""

SHORT = 10
"""Characters of a commit's name."""

SINGULAR = {"commits": "commit", "chips": "chip"}
NOWHERE = {"commits": "at no commit that was looked at", "chips": "on no chip"}

STILL = 8
"""Series without a change that are named one by one."""


def parts(report: HistoryReport) -> Iterator[RenderableType]:
    """A history: what was looked at, then for each series its line and a row for each change."""
    yield from _heading(report)
    for one in report.series:
        if one.moves or any(point.error for point in one.points):
            yield Text()
            yield from _series(one, report.of)
    still = [_name(one) for one in report.series if not one.moves and not any(point.error for point in one.points)]
    if still:
        others = f" and {len(still) - STILL} more" if len(still) > STILL else ""
        yield Text()
        yield Text(f"nothing moved in {', '.join(still[:STILL])}{others}")


def _heading(report: HistoryReport) -> Iterator[Text]:
    if report.covers is not None:
        looked = f"{report.covers['looked_at']:,} of {count(report.covers['of'], 'commit')} were looked at"
        yield Text(f"{looked}, by halving: changes that cancel may be missed (--all)", "bold red")
    first, last = (name[:SHORT] if report.of == "commits" else name for name in report.span)
    moved = sum(len(one.moves) for one in report.series)
    yield Text.assemble(
        (f"{first}..{last}", "bold cyan"), f"   {count(report.commits, SINGULAR[report.of])}, {count(moved, 'change')}"
    )


def _series(one: HistorySeries, of: str) -> Iterator[RenderableType]:
    line = sparkline([point.cycles for point in one.points])
    known = [point.cycles for point in one.points if point.cycles is not None]
    ends = f"cycles {known[0]:,} -> {known[-1]:,}" if known else "no numbers"
    ends += ", none at the end" if known and one.points[-1].cycles is None else ""
    yield Text.assemble((_name(one), "bold"), f"   {line}   {ends}", no_wrap=True)
    for move in one.moves:
        yield from _move(move, of)
    if not one.moves and (error := next((point.error for point in one.points if point.error), None)):
        yield Text(f"  {NOWHERE[of]}: {error}", "red")


def _move(move: HistoryMove, of: str) -> Iterator[Text]:
    cycles = _moved("cycles", move.cycles, [UNKNOWN if one is None else f"{one:,}" for one in move.cycles])
    told = [UNKNOWN if one is None else scaled(joules(one), "J", 4) for one in move.energy_aj]
    energy = _moved("energy", move.energy_aj, told)
    numbers = f"   {count(move.numbers, 'number')}" if move.numbers else ""
    at = f"{move.commit[:SHORT]} {move.date[:10]}" if of == "commits" else move.subject
    yield Text.assemble((f"  {at}", "cyan"), f"   {cycles}   {energy}{numbers}")
    if of == "commits":
        yield Text(f"    {move.subject}", "dim")
    details = rows(move.changed, 3) if move.changed else []
    for row in details or [("", move.cause, "")]:
        yield Text(f"    {' '.join(filter(None, row))}")


def _moved(what: str, pair: Sequence[int | None], told: Sequence[str]) -> str:
    """A number before and after, and by how much it moved."""
    before, after = pair
    if before == after:
        return f"{what} {told[1]}"
    share = f" ({100 * (after - before) / before:+.2f} %)" if before and after is not None else ""
    return f"{what} {told[0]} -> {told[1]}{share}"


def _name(one: HistorySeries) -> str:
    return f"{one.name} on {one.chip}" if one.chip else one.name


def sparkline(values: Sequence[int | None]) -> str:
    """A character for each value from the least to the largest; `·` where there is none."""
    shown = values[-MOST_POINTS:]
    known = [value for value in shown if value is not None]
    if not known:
        return "·" * len(shown)
    least, span = min(known), max(known) - min(known)
    steps = len(BARS) - 1
    return "".join("·" if value is None else BARS[(value - least) * steps // span if span else 0] for value in shown)
