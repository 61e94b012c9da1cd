"""`acortex trace critical`: which chain of events set the length of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from acortex.tools.console.output import console, format_option, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.selection import Selection, selection_options
from acortex.tools.console.spool import Spooled

if TYPE_CHECKING:
    from acortex.traces.critical import Path, Segment
    from acortex.traces.file.reader import Trace
    from acortex.traces.results_of_paths import CriticalPath


@click.command("critical")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@selection_options()
@format_option
def critical(path: str, form: str, chosen: Selection) -> None:
    """Find the critical path: the chain of events that set the length of a run, and what a faster unit could gain.

    Its segments follow each other from cycle 0 to the end without a gap; --format json has them all.
    """
    from acortex.sim.ledger.reprice import completed
    from acortex.traces.critical import critical_path
    from acortex.traces.file.reader import open as open_trace
    from acortex.traces.headroom import of_selection, sums_of

    trace = completed(open_trace(path))
    with ProgressBar("walking back") as bar:
        found = critical_path(trace, bar)
    if chosen != Selection():
        trace = chosen.of(trace)
        found = of_selection(found, trace)
    report = sums_of(found, trace)
    if form == "json":
        _print_json(report, found, trace)
    else:
        from acortex.tools.views.critical import critical_parts

        show(console(), critical_parts(report, len(found)), whole=True)


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


def _indented(row: Mapping[str, Any]) -> str:
    """A row of integers and names within a list of the report."""
    values = (f'      "{name}": {value if isinstance(value, int) else _name(value)}' for name, value in row.items())
    return "    {\n" + ",\n".join(values) + "\n    }"
