"""A run held against its golden: the answer of `acortex trace check` and of the pytest plugin, and its text.

The text is for logs: plain lines, numbers without separators, so that they can be searched and copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from acortex import safe_files
from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.traces import golden as goldens

if TYPE_CHECKING:
    from acortex.tools.results import CheckReport, MetricDiff
    from acortex.traces.file.reader import Trace
    from acortex.traces.results_of_paths import DiffEvent, Divergence

MOST = 8
"""Differences of a section that are printed."""


def read_golden(path: str) -> goldens.Golden:
    """The golden of a file; UsageError where it is missing or is none."""
    if path != files.STANDARD and not os.path.exists(path):
        raise UsageError("there is no such golden", where=path, hint="make it with --update")
    try:
        text = files.read(path, limit=goldens.LARGEST).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8 text", where=path) from None
    return goldens.loads(text, path)


def old_golden(path: str) -> goldens.Golden | None:
    """The golden that an update replaces; None where there is none, or what is there is none (a failed merge)."""
    try:
        return read_golden(path)
    except UsageError:
        return None


def replaced_golden(path: str) -> goldens.Golden | None:
    """What an update writes over in a file that a user named: a golden, or None where there is none or a damaged one.

    UsageError for a file that is something else: a name may be mistyped, and sources are not replaced by goldens.
    """
    if path == files.STANDARD or not os.path.exists(path):
        return None
    if (found := old_golden(path)) is None:
        text = files.read(path, limit=goldens.LARGEST)
        if text.strip() and goldens.KIND.encode() not in text:
            raise UsageError("is no golden, and is not replaced", where=path, hint="delete it, or name another file")
    return found


def check(
    trace: Trace,
    before: goldens.Golden,
    where: str,
    *,
    tolerances: Mapping[str, float] | None = None,
    reference: Trace | None = None,
    measured: goldens.Golden | None = None,
) -> CheckReport:
    """What differs between a run and its golden.

    `measured` is the golden of the run itself, where it is known already, for it takes a walk along the critical path;
    `reference` is a trace of the golden's run: with it the report names the first event at which the two part.
    """
    from acortex.tools.results import CheckReport, MetricDiff

    after = goldens.in_names_of(before, measured or goldens.golden(trace))
    found = goldens.compare(before, after, tolerances)
    parted, changed = None, None
    if found and reference is not None:
        from acortex.traces.diff import diff

        compared = diff(reference, trace)
        parted, changed = compared.first_divergence, compared.changed
    return CheckReport(
        equal=not found,
        golden=where,
        run=str(trace.path),
        program=after["program"],
        cycles=[before["cycles"], after["cycles"]],
        changed=changed or goldens.changed(before, after, trace.header.lines),
        differences=[
            MetricDiff(metric=one.metric, golden=one.golden, measured=one.measured, change=one.change) for one in found
        ],
        energy_aj=[before.get("energy_aj", {}), after["energy_aj"]],
        critical=[before.get("critical", {}), after["critical"]],
        first_divergence=parted,
    )


def lines(report: CheckReport) -> list[str]:
    """A report in plain text, most telling first."""
    from acortex.tools.views import changed

    if report.equal:
        return [f"equal to {report.golden}: {report.cycles[1]} cycles"]
    return [
        f"{_headline(report)}: {changed.cause(report.changed)}",
        f"timing of {report.program} is not that of {report.golden}",
        *(f"  {' '.join(filter(None, row))}" for row in changed.rows(report.changed)),
        *_differences(report.differences),
        *_divergence(report.first_divergence),
        *_parts("critical path, in cycles", *report.critical),
        *_parts("energy by component, in aJ", *report.energy_aj),
    ]


def _headline(report: CheckReport) -> str:
    """By how much the run is longer or shorter; if it is neither, the first number that differs."""
    first = report.differences[0]
    name, before, after = first.metric, first.golden, first.measured
    if report.cycles[0] != report.cycles[1]:
        name, (before, after) = "cycles", report.cycles
    if before and after is not None:
        return f"{name} {before} -> {after} ({_percent(before, after)})"
    return f"{name} {_moved(before, after)}"


def _percent(before: int, after: int) -> str:
    """By how much a number moved, with its sign: one digit behind the point, more where it would be 0.0."""
    share = Fraction(100 * (after - before), before)
    digits = next((digits for digits in (1, 2, 3, 4) if round(share, digits)), 1)
    return f"{float(share):+.{digits}f} %"


def _moved(before: int | None, after: int | None) -> str:
    """Two numbers and by how much they differ."""
    old, new = ("none" if value is None else str(value) for value in (before, after))
    return f"{old} -> {new} ({(after or 0) - (before or 0):+d})"


def _differences(rows: Sequence[MetricDiff]) -> Iterator[str]:
    """The metrics that moved, at most `MOST` of a section."""
    sections: dict[str, list[MetricDiff]] = {}
    for row in rows:
        sections.setdefault(row.metric.partition(".")[0], []).append(row)
    for section, moved in sections.items():
        for row in moved[:MOST]:
            yield f"  {row.metric}: {_moved(row.golden, row.measured)}"
        if len(moved) > MOST:
            yield f"  {section}: and {len(moved) - MOST} more"


def _divergence(found: Divergence | None) -> Iterator[str]:
    """Where two traces part, with the rows of both and what both did just before."""
    if found is None:
        return
    from acortex.tools.views.diff import chains, place
    from acortex.tools.views.tables import instruction

    where = f"unit {found.unit}, {found.kind}, at {place(found)}"
    yield f"first divergence: cycle {found.cycle}, {where}, layer {found.layer}, inference {found.inference}"
    for whose, row in (*(("both", row) for row in found.before), ("golden", found.a), ("now", found.b)):
        yield f"  {whose:<6}  {_event(row, instruction(row.source, row.text)) if row else 'nothing like it'}"
    for whose, chain in chains(found, "golden", "now"):
        yield f"  {whose:<6}  led to by {chain}"


def _event(row: DiffEvent, place: str) -> str:
    """An event or a wait in a line."""
    told = f"cycle {row.cycle}, {row.duration} cycles: {row.unit} {row.kind}"
    return f"{told} x{row.count} at {place}" if row.count else f"{told} at {place}"


def _parts(title: str, before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    """The parts of a sum that moved, most first; a line even where none did, nothing where one side is not known."""
    if not before or not after:
        return
    moved = [name for name in dict.fromkeys((*before, *after)) if before.get(name, 0) != after.get(name, 0)]
    yield title if moved else f"{title}: none moved"
    for name in sorted(moved, key=lambda name: -abs(after.get(name, 0) - before.get(name, 0))):
        yield f"  {name}: {_moved(before.get(name, 0), after.get(name, 0))}"


def github(report: CheckReport) -> str:
    """A report as a workflow command of GitHub Actions, which marks the golden in a pull request; "" where equal."""
    if report.equal:
        return ""
    title, *rest = lines(report)
    name = _escaped(os.path.relpath(report.golden), ":,")
    return f"::error file={name},title={_escaped(title, ':,')}::{_escaped(chr(10).join(rest))}"


def _escaped(text: str, more: str = "") -> str:
    """A text as a workflow command takes it."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def write_golden(path: Path, content: goldens.Golden) -> bool:
    """Writes a golden, its folder too; returns whether the file has changed."""
    text = goldens.dumps(content)
    data = text.encode()
    if path.is_file() and safe_files.read(path, len(data) + 1) == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(str(path), text)
    return True


def tolerances(given: Sequence[str]) -> dict[str, float]:
    """Tolerances written as NAME=RELATIVE, such as energy_aj=1e-6; UsageError for anything else."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"{text!r} is no tolerance", hint="write NAME=RELATIVE, such as cycles=0.01")
    return found
