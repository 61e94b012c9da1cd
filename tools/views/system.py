"""What `acortex serve` prints for people, made from `acortex.system/1` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from acortex.sim.system.results import ServedChip, ServedLink, SystemReport, Times
from acortex.tools.views.tables import number_table
from acortex.units import joules, percent, scaled
from acortex.wording import count


def system_parts(report: SystemReport) -> Iterator[RenderableType]:
    """What a stream took: as a whole, in percentiles, and by stage and link."""
    chips = count(report.stages, "chip")
    of = f"{count(report.replicas, 'replica')} of {chips}" if report.replicas > 1 else chips
    yield Text.assemble((report.system, "bold cyan"), " on ", (of, "bold cyan"), f"   {_stream(report)}\n")
    if report.timing == "simulated":
        yield Text("each word of each request is simulated\n", "dim")
    yield _facts(report)
    yield Text("")
    table = number_table("", "mean", "p50", "p95", "p99", "max")
    table.add_row("  latency", *_row(report.latency_s))
    table.add_row("  of it waiting", *_row(report.wait_s))
    yield table
    yield Text("")
    yield _chips(report)
    if report.links:
        yield Text("")
        yield _links(report)


def _stream(report: SystemReport) -> str:
    stream = report.stream
    requests = count(stream.requests, "request")
    if stream.rate_per_s is not None:
        return f"{requests}, {scaled(stream.rate_per_s, '/s')} at random, seed {stream.seed}"
    return f"{requests}, {'all at once' if stream.kind == 'saturated' else 'as recorded'}"


def _facts(report: SystemReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column()
    most = report.bottleneck
    energies = report.energy_by_part_aj
    shares = ", ".join(
        f"{percent(part, report.energy_aj)} {name}"
        for name, part in (("chips", energies.chips), ("leakage", energies.leakage), ("links", energies.links))
    )
    each = f"the {most.kind} {most.name} takes one in {_time(most.interval_s)}"
    limit = f"at most {scaled(most.requests_per_s, '/s')} for long: {each}"
    table.add_row("  throughput", scaled(report.throughput_per_s, "/s"), limit)
    table.add_row("  idle latency", _time(report.idle_latency_s), "of a request that is alone")
    table.add_row("  energy", scaled(report.energy_per_request_j, "J"), f"per request: {shares}")
    return table


def _row(times: Times) -> Iterator[str]:
    return map(_time, (times.mean, times.p50, times.p95, times.p99, times.max))


def _time(seconds: float) -> str:
    return scaled(seconds, "s")


def _chips(report: SystemReport) -> Table:
    """A row for each stage, all its replicas together."""
    table = number_table("Stage", "chip", "idle", "interval", "busy", "waiting", "energy")
    for stage in dict.fromkeys(chip.stage for chip in report.chips):
        rows = [chip for chip in report.chips if chip.stage == stage]
        times = (_time(rows[0].idle_latency_s), _time(rows[0].interval_s))
        energy = sum(row.energy_aj + row.leakage_aj for row in rows)
        table.add_row(f"  {stage}", rows[0].chip, *times, _shares(rows), *_means(report, rows, energy))
    return table


def _links(report: SystemReport) -> Table:
    """A row for each link, all its replicas together."""
    table = number_table("Link", "words", "latency", "interval", "busy", "waiting", "energy")
    for ends in dict.fromkeys((link.source, link.target) for link in report.links):
        rows = [link for link in report.links if (link.source, link.target) == ends]
        times = (_time(rows[0].latency_s), _time(rows[0].interval_s))
        energy = sum(row.energy_aj for row in rows)
        means = _means(report, rows, energy)
        table.add_row(f"  {ends[0]} to {ends[1]}", f"{rows[0].words:,}", *times, _shares(rows), *means)
    return table


def _shares(rows: Sequence[ServedChip | ServedLink]) -> str:
    """How busy the copies of a chip or a link are: the least and the most."""
    low, high = (percent(find(row.utilisation for row in rows)) for find in (min, max))
    return low if low == high else f"{low} to {high}"


def _means(report: SystemReport, rows: Sequence[ServedChip | ServedLink], energy_aj: int) -> tuple[str, str]:
    """How long a request waits there on average over all replicas, and what it takes."""
    requests = report.stream.requests
    waited = sum(row.wait_s * row.requests for row in rows) / requests
    return _time(waited), scaled(joules(energy_aj) / requests, "J")
