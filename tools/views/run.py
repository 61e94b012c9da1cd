"""What `acortex run` prints for people, made from `acortex.run/1` and, where known, `acortex.critical/1`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from shlex import quote
from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from acortex.documents import ChipName
from acortex.sim.ledger.facts import SO_FAR, facts, sharers
from acortex.sim.results import (
    Retention,
    RunCovers,
    RunReport,
    Skipped,
    TimedReport,
    UnitTime,
    Verification,
    timed,
)
from acortex.tools.console.files import STANDARD
from acortex.units import fixed, percent, scaled
from acortex.wording import count as number_of
from acortex.wording import layer_name, plain

if TYPE_CHECKING:
    from acortex.traces.results_of_paths import CauseCycles, CriticalPath

SIDE_BY_SIDE = 92
"""Columns from which the tables of energy and of area stand beside each other."""

BUSIEST, LONGEST_WAITS = 4, 2
"""Units named under "The busiest units", and waits named for each; also the largest shares of a critical path."""

MOST_LATE = 5
"""Pairs of a write and a read that are named where words were read too late."""

ONE_AT_A_TIME = "One inference at a time: units waited for each other."
"""What is said of a run whose units had time to spare."""

WHERE_IT_SHOWS = "Why it took so long: run with `--trace RUN.actrace`, then `acortex trace critical RUN.actrace`."
"""The hint for a run whose critical path is not known."""

MEASURED = "What each setting of the chip would change: `acortex trace what-if RUN.actrace` measures it."
"""The hint for a run whose critical path is known."""

NOTHING = 0.0005
"""A share of the run that is not worth a word: it would be printed as 0.0 %."""


def parts(report: RunReport, width: int, path: CriticalPath | None = None) -> Iterator[RenderableType]:
    """A run's report from top to bottom, for `width` columns; what was not simulated is left out.

    How well, how fast, at what energy, where both went, and what was in the way: that only by the critical path `path`.
    """
    run = timed(report) if report.cycles else None
    yield _header(report, run)
    yield Padding(_facts(report), (1, 0, 1, 2), expand=False)
    if run is not None:
        yield from _time_and_energy(run, width, path)
    yield from _closing(report)


def _time_and_energy(run: TimedReport, width: int, path: CriticalPath | None) -> Iterator[RenderableType]:
    """Where both went, and what was in the way."""
    yield _components(run, width)
    yield Padding(_where_time_went(run, width), (1, 0, 0, 0), expand=False)
    if run.layers:
        yield Padding(_layers(run), (1, 0, 0, 0), expand=False)
    yield Padding(_limits(run, path) if path else _busy(run), (1, 0, 1, 0), expand=False)


def partial(covers: RunCovers) -> Text:
    """That a run was stopped, why, and what of it there is."""
    ended = f"{covers.finished:,} of {number_of(covers.inferences, 'inference')} had finished"
    under_way = f", {covers.under_way:,} {'was' if covers.under_way == 1 else 'were'} under way"
    return Text(f"incomplete: {covers.lost}; {ended}{under_way}", "bold red")


def _header(report: RunReport, run: TimedReport | None) -> Text:
    """The first line: what ran on what, and whether to its end."""
    line = Text.assemble((report.program.name, "bold cyan"), " on ", (report.chip.label, "bold cyan"))
    if report.covers is not None:
        line.append("   ").append_text(partial(report.covers)).append("\n  so far")
    if run is not None:
        finished = number_of(sharers(run) if run.covers is None else run.covers.finished, "inference")
        line.append(f"   {finished}, {number_of(run.cycles, 'cycle')} of {run.clock_ns:g} ns")
    return line


def _facts(report: RunReport) -> Table:
    """Accuracy, latency, energy, throughput, set-up: a name, a number, and what the number means."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="bold", justify="right", no_wrap=True)
    table.add_column(style="dim")
    for row in facts(report):
        table.add_row(*row)
    return table


def _components(run: TimedReport, width: int) -> RenderableType:
    """Energy and area by component, beside each other where there is room."""
    count = sharers(run)
    energy = {name: value / count for name, value in run.energy_by_component_j.items()}
    each = width // 2 - 1 if width >= SIDE_BY_SIDE else width
    total = f"{scaled(run.energy_j / count, 'J')} {'per inference' if run.complete else SO_FAR}"
    left = _shares(
        "Energy", total, {name: (value, scaled(value, "J")) for name, value in energy.items()}, each, "yellow"
    )
    areas = run.area_by_component_mm2
    square = {name: (value, f"{value:.4f} mm2") for name, value in areas.items()}
    right = _shares("Area", f"{run.area_mm2:.4f} mm2", square, each, "blue")
    if width < SIDE_BY_SIDE:
        return Group(left, Text(), right)
    pair = Table.grid(padding=(0, 2, 0, 0))
    pair.add_row(left, right)
    return pair


def _shares(title: str, total: str, parts: Mapping[str, tuple[float, str]], width: int, colour: str) -> Group:
    """Parts of a whole, largest first: name, bar, amount, percent. What is zero is left out."""
    whole = sum(value for value, _ in parts.values())
    largest = max((value for value, _ in parts.values()), default=0)
    table = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "left", "right", "right"):
        table.add_column(justify=justify, no_wrap=True)
    bar = max(width - 40, 6)
    for name, (value, amount) in sorted(parts.items(), key=lambda item: (-item[1][0], item[0])):
        if value:
            drawn = Bar(largest, 0, value, width=bar, color=colour)
            table.add_row(f"  {plain(name)}", drawn, amount, percent(value, whole))
    return Group(_title(title, total), table)


def _title(text: str, rest: str = "") -> Text:
    """The heading of a section."""
    return Text.assemble((text, "bold"), (f"  {rest}" if rest else "", "dim"))


SHADES = (("busy", "█", "green"), ("waiting", "▒", "yellow"), ("idle", "·", "dim"))
"""What a unit does with its time, with the character and colour that it is drawn in."""


def _where_time_went(run: TimedReport, width: int) -> Group:
    """One row per unit: busy, waiting and idle as a bar and in percent, and what it waited for longest."""
    legend = Text("  ").join([Text(f"{shade} {what}", colour) for what, shade, colour in SHADES])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  unit", no_wrap=True)
    table.add_column(legend, no_wrap=True)
    table.add_column("busy", justify="right", no_wrap=True)
    table.add_column("waiting", justify="right", no_wrap=True)
    table.add_column("longest for", style="dim", overflow="ellipsis", no_wrap=True)
    causes = {wait.unit: wait.cause for wait in reversed(run.waits)}
    bar = max(min(width - 62, 48), 8)
    for unit, spent in run.utilisation.items():
        busy, waiting = (percent(part, run.cycles) for part in (spent.busy, spent.waiting))
        table.add_row(
            f"  {unit}", _stacked(spent, run.cycles, bar), busy, waiting, causes.get(unit, "").replace("_", " ")
        )
    return Group(_title("Where time went"), table)


def _stacked(spent: UnitTime, cycles: int, width: int) -> Text:
    """A bar of `width` characters, shared out to the nearest by cumulated cycles so that it is always full."""
    bar, done, drawn = Text(), 0, 0
    for part, (_, shade, colour) in zip((spent.busy, spent.waiting, spent.idle), SHADES, strict=True):
        done += part
        end = round(done * width / cycles)
        bar.append(shade * (end - drawn), colour)
        drawn = end
    return bar


def _layers(run: TimedReport) -> Group:
    """One row per layer: time, energy and work, for one inference on average; of a run that was stopped in all."""
    count = sharers(run)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  layer", no_wrap=True)
    for heading in ("cycles", "energy", "", "MAC"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in run.layers:
        energy = layer.energy_j
        amounts = (scaled(energy / count, "J"), percent(energy, run.energy_j), fixed(layer.macs / count))
        table.add_row(f"  {layer_name(layer.name)}", fixed(layer.cycles / count), *amounts)
    return Group(_title("Layers", "per inference, mean" if run.complete else SO_FAR), table)


def _busy(run: TimedReport) -> Group:
    """The busiest units, and what each of them did with the rest of its time: no more is known of what limited it."""
    cycles, spent = run.cycles, run.utilisation
    table = Table.grid(padding=(0, 2, 0, 0))
    for unit in sorted(spent, key=lambda name: -spent[name].busy)[:BUSIEST]:
        busy = percent(spent[unit].busy, cycles)
        table.add_row(Text(f"  {unit}", "cyan"), f"busy {busy}", _rest_of_time(run, unit))
    hints = (ONE_AT_A_TIME, _where_it_shows(run)) if _one_at_a_time(run) else (_where_it_shows(run),)
    return Group(_title("The busiest units", "and what else they did"), table, *(Text(f"  {hint}") for hint in hints))


def _where_it_shows(run: TimedReport) -> str:
    """The hint for a run whose critical path is not known: a trace that was written is named, it need not be again."""
    if run.trace in (None, STANDARD) or run.trace_failure:
        return WHERE_IT_SHOWS
    return f"Why it took so long: `acortex trace critical {quote(str(run.trace))}`, of a trace of every event."


def _limits(run: TimedReport, path: CriticalPath) -> Group:
    """What limited this run: the largest shares of its critical path, and what held what it waited for."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in path.by_cause[:BUSIEST]:
        table.add_row(Text(f"  {row.unit}", "cyan"), percent(row.cycles, path.cycles), _told(row, path))
    hints = [ONE_AT_A_TIME] if _one_at_a_time(run) else []
    lines = [*hints, MEASURED]
    return Group(_title("What limited this run", "its critical path"), table, *(Text(f"  {line}") for line in lines))


def _told(row: CauseCycles, path: CriticalPath) -> str:
    """What a unit did or awaited; of a wait for a port or a lane, what held it longest, too."""
    from acortex.tools.views.critical import held, told  # most runs have no critical path to tell of

    rivals = [one for one in path.rivals if (row.what, one.unit, one.name) == ("waiting", row.unit, row.name)]
    return told(row.what, row.name) + "".join(f", {held(one)}" for one in rivals[:1])


def _one_at_a_time(run: TimedReport) -> bool:
    """Whether inferences never overlapped, and no unit was busy for half of the run: they waited for each other."""
    spans = sorted((row.start_cycle, run.cycles if (end := row.end_cycle) is None else end) for row in run.inferences)
    apart = all(before[1] <= after[0] for before, after in pairwise(spans))
    return len(spans) > 1 and apart and 2 * _busiest(run) < run.cycles


def _busiest(run: TimedReport) -> int:
    """Busy cycles of the unit that was busy longest."""
    return max(spent.busy for spent in run.utilisation.values())


def _rest_of_time(run: TimedReport, unit: str) -> str:
    """What a unit did while it was not busy: its waits, longest first, and how long it had nothing to do."""
    cycles = run.cycles
    waits = [wait for wait in run.waits if wait.unit == unit][:LONGEST_WAITS]
    rest = [(f"waited {{}} for {wait.cause.replace('_', ' ')}", wait.cycles) for wait in waits]
    rest.append(("idle {}", run.utilisation[unit].idle))
    return ", ".join(told.format(percent(spent, cycles)) for told, spent in rest if spent > NOTHING * cycles)


def _closing(report: RunReport) -> Iterator[Text]:
    """The last lines: late reads, whether the outputs are right, and where the trace is."""
    if report.retention is not None:
        yield from _late(report.retention, report.chip)
    if report.skipped is not None and report.skipped.events:
        yield _skipped(report.skipped)
    if report.verification is not None:
        yield _verification(report.verification)
    if report.calibration:
        yield Text(f"ranges of maps: {report.calibration}", style="dim")
    if report.trace:
        yield Text.assemble("trace: ", (report.trace, "cyan"), no_wrap=True)


def _late(retention: Retention, chip: ChipName) -> Iterator[Text]:
    """What was read later than memory retains it: how many reads, and the longest age of each pair of lines."""
    late = retention.late_reads
    if not late:
        return
    limit = scaled(chip.config["memory"]["retention_s"], "s")
    yield Text(f"{number_of(late, 'read')} came later than {limit} after the word's last write", "bold yellow")
    pairs = retention.pairs
    for row in pairs[:MOST_LATE]:
        age = f"{row.age_cycles:,} cycles, {scaled(row.age_s, 's')}"
        what = f"  {row.read} reads word {row.word}, written at {row.written}, after {age}"
        yield Text(what + (f"; the oldest of {row.reads:,} such reads" if row.reads > 1 else ""))
    if len(pairs) > MOST_LATE:
        yield Text(f"  and {number_of(len(pairs) - MOST_LATE, 'more pair')} of lines")


def _skipped(skipped: Skipped) -> Text:
    """How much of the run was not simulated event by event."""
    share = "all but a few" if skipped.share > 0.9995 else f"{skipped.share:.1%}"
    return Text(f"skipped {share} of the events, which repeat others exactly; --no-skip simulates each", "dim")


def _verification(check: Verification) -> Text:
    """Whether the outputs equal the independent evaluation."""
    if check.equal:
        return Text(f"outputs equal the independent evaluation, bit for bit ({check.codes:,} codes)", "green")
    told = f"outputs DIFFER from the independent evaluation in {check.different:,} of {check.codes:,} codes"
    return Text(f"{told}, first at inference {check.first}", "bold red")
