"""`acortex trace critical`: which chain of events set the length of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from acortex.tools.console import console, format_option, show
from acortex.tools.spool import Spooled
from acortex.tools.units import percent

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.traces.critical import Path, Segment
    from acortex.traces.reader import Trace
    from acortex.traces.results_of_paths import CriticalPath

Report = Mapping[str, Any]

MOST = 12
"""Rows of a table."""


@click.command("critical")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@format_option
def critical(path: str, form: str) -> None:
    """Find the critical path: the chain of events that set the length of a run, and what a faster unit could gain.

    Its segments follow each other from cycle 0 to the end without a gap; --format json has them all.
    """
    from acortex.sim.replay import completed
    from acortex.traces.critical import critical_path
    from acortex.traces.headroom import sums_of
    from acortex.traces.reader import open as open_trace

    trace = completed(open_trace(path))
    found = critical_path(trace)
    report = sums_of(found, trace)
    if form == "json":
        _print_json(report, found, trace)
    else:
        show(console(), parts({**report, "segments": found}))


def _print_json(report: CriticalPath, path: Path, trace: Trace) -> None:
    """Prints the sums and all segments as `print_json` would, but one after another: there may be millions."""
    from acortex.traces.headroom import plain

    before, _, after = _text(report.as_dict()).rpartition("[]")
    click.echo(f"{before}[", nl=False)
    separator = "\n"
    for some in _some(path):
        rows = (_indented(plain(one, trace)) for one in some)
        click.echo(separator + ",\n".join(rows), nl=False)
        separator = ",\n"
    click.echo(f"\n  ]{after}" if len(path) else f"]{after}")


def _some(path: Iterable[Segment]) -> Iterator[list[Segment]]:
    """The segments, 4,096 at a time."""
    rest = iter(path)
    while some := list(islice(rest, 4096)):
        yield some


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


_name = lru_cache(maxsize=1 << 16)(_text)
"""The text of a name; there are few."""


def _indented(row: Report) -> str:
    """A row of integers and names within a list of the report."""
    values = (f'      "{name}": {value if isinstance(value, int) else _name(value)}' for name, value in row.items())
    return "    {\n" + ",\n".join(values) + "\n    }"


def parts(report: Report) -> Iterator[RenderableType]:
    """The report for people: sums along the path, and what halving could gain."""
    from rich.text import Text

    cycles = report["cycles"]
    yield Text(f"{cycles:,} cycles in {len(report['segments']):,} segments\n", "bold")
    causes = [(f"{row['unit']}  {told(row)}", row["cycles"]) for row in report["by_cause"]]
    yield from _sums("What set the length of the run", causes, cycles)
    yield from _sums("Layer", [(row["name"], row["cycles"]) for row in report["by_layer"]], cycles)
    yield from _sums("Source line", [(row["line"], row["cycles"]) for row in report["by_line"]], cycles)
    yield from _halving(report["halving"], cycles)


def told(row: Report) -> str:
    """What a unit did or awaited, in words: of a row with `what` and `name`."""
    name = row["name"].replace("_", " ")
    words: dict[str, str] = {
        "busy": name,
        "latency": "latency of main memory",
        "waiting": f"waiting for {name}",
        "hand-over": f"hand-over ({name})",
        "idle": "idle",
    }
    return words[row["what"]]


def _sums(title: str, rows: Sequence[tuple[str, int]], cycles: int) -> Iterator[RenderableType]:
    """The largest sums of one sort."""
    from rich.text import Text

    from acortex.tools.report_trace import number_table

    table = number_table(title, "cycles", "")
    for name, spent in rows[:MOST]:
        table.add_row(f"  {name}", f"{spent:,}", percent(spent, cycles))
    yield table
    if len(rows) > MOST:
        yield Text(f"  and {len(rows) - MOST} more", "dim")
    yield Text()


def _halving(rows: Sequence[Report], cycles: int) -> Iterator[RenderableType]:
    """What halving the delays of a unit, or of a part of the chip, could gain at most."""
    from acortex.tools.report_trace import number_table

    table = number_table("Halving the time of", "on the path", "gains at most", "")
    for row in rows:
        gain = row["gain_at_most"]
        table.add_row(f"  {row['name']}", f"{row['cycles']:,}", f"{gain:,}", percent(gain, cycles))
    yield table
