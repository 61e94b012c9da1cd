"""A recorded run through the energy ledger again: under the prices of its own chip, or of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, WHOLE, technology
from acortex.sim.chip.prices import INDEX, Energies, Interval, Prices, settle
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.chip.technology_files import technologies
from acortex.sim.chip.timing_settings import in_cycles
from acortex.sim.timing.handovers import delays_of_rows, table
from acortex.traces.endings import issuer
from acortex.traces.file.reader import Trace
from acortex.traces.rows.in_flight import Extents
from acortex.traces.stats import Sums
from acortex.wording import setting_value

BASE = "acortex_gnmt"
"""The chip that all others inherit from."""


def replay(trace: Trace, price: Prices) -> Energies:
    """The energy of a recorded run under these prices, as the simulator would have settled it: to the attojoule.

    Raises UsageError for a trace that is unfinished or filtered, for then events are missing.
    """
    where = str(trace.path)
    if not trace.complete:
        raise UsageError(f"is not complete: {trace.lost}", where=where, hint="energy needs every event; run it again")
    if trace.header.filters:
        raise UsageError(
            "was written with filters, and does not hold every event", where=where, hint="write it without filters"
        )
    counts, layers = _ledger(trace)
    inferences = list(_inferences(trace))
    return settle(price, counts, trace.cycles, layers, inferences)


def recorded_chip(trace: Trace, overrides: Sequence[str] = ()) -> Chip:
    """The chip of a trace, with overrides such as "energy.dacs_pj=1"; settings that it did not have are the base's.

    An override that names a technology replaces all that the technology sets, as in a run.
    """
    written = {path: f"{path}={setting_value(value)}" for path, value in _recorded(trace.header.config)}
    try:
        load_chip(BASE, list(written.values()))
    except AcortexError as error:
        reason = error.errors[0] if isinstance(error, ManyErrors) else error
        raise UsageError(
            f"the trace's header has a chip that there cannot be: {reason.message}",
            where=str(trace.path),
            hint="write it with `acortex run --trace`",
        ) from error
    replaced = _set_by_technologies(overrides)
    kept = [text for path, text in written.items() if path not in replaced]
    return load_chip(BASE, [*kept, *overrides]).model_copy(update={"name": trace.header.chip})


def completed(trace: Trace) -> Trace:
    """A trace with a table of hand-overs, which `acortex.traces.critical` goes by.

    It is the trace's own, or that of today's chips where an older version wrote the trace without one; the delays then
    are those of the recorded chip, and 0 where the header has one that there cannot be.
    """
    if trace.header.handovers:
        return trace
    try:
        delays = dict(delays_of_rows(recorded_chip(trace)))
    except AcortexError:
        delays = {}
    return replace(trace, header=replace(trace.header, handovers=table(), delays=delays))


def _set_by_technologies(overrides: Sequence[str]) -> set[str]:
    """The settings that follow from the technologies which overrides name."""
    replaced: set[str] = set()
    for override in overrides:
        path, _, name = (part.strip() for part in override.partition("="))
        kind, name = NAMES_TECHNOLOGY.get(path, ""), name.strip("\"'")
        if kind and name in technologies(kind):
            tables = technology(kind, name).data.items()
            replaced |= {f"{table}.{leaf}" for table, leaves in tables if isinstance(leaves, dict) for leaf in leaves}
            replaced |= set(_stated_as_a_whole(path))
    return replaced


def _stated_as_a_whole(path: str) -> Iterator[str]:
    """The settings that a technology has of its own or not at all, whatever the one before stated."""
    table, kept = WHOLE.get(path, ("", ()))
    return (one for one in SETTINGS if table and one.partition(".")[0] == table and one.partition(".")[2] not in kept)


def _recorded(config: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The settings of a resolved chip that it has, by path; of those that may be null, that they are."""
    for path, setting in SETTINGS.items():
        section, _, name = path.rpartition(".")
        table = config.get(section) if section else config
        if isinstance(table, Mapping) and name in table and (setting.optional or table[name] is not None):
            yield path, table[name]


def _ledger(trace: Trace) -> tuple[dict[tuple[int, int, int], int], list[Interval]]:
    """Counts by (kind, layer, inference), and when each layer of each inference was in flight."""
    header = trace.header
    kinds = [_kind(kind.name, trace) for kind in header.kinds]
    layers = len(header.layers)
    issuing = issuer(header.handovers)  # a layer is in flight while agents work for it, not while it is issued
    unspanned = header.units.index(issuing) if issuing in header.units else -1
    counts, spans = Sums(("count",)), Extents()
    for chunk in trace.events.chunks("kind", "layer", "inference", "unit", "count", "start", "span"):
        place = (chunk["inference"] + 1) * layers + chunk["layer"]
        counts.add(place * len(kinds) + chunk["kind"], chunk)
        spanning = (chunk["unit"] != unspanned) & (chunk["layer"] != 0)
        start = chunk["start"][spanning]
        spans.add(place[spanning], start, start + chunk["span"][spanning])
    by_number: defaultdict[tuple[int, int, int], int] = defaultdict(int)
    for key, (number,) in counts.rows.items():
        inference, layer = divmod(key // len(kinds), layers)
        by_number[kinds[key % len(kinds)], layer - 1, inference - 1] += number
    return dict(by_number), [(key % layers - 1, start, end) for key, (start, end) in spans.rows.items()]


def _kind(name: str, trace: Trace) -> int:
    if name not in INDEX:
        raise UsageError(f"has events of a kind {name!r}, which this version cannot price", where=str(trace.path))
    return INDEX[name]


def _inferences(trace: Trace) -> Iterator[Interval]:
    """When each inference was under way, as the run's report says: up to its end where the run was stopped first."""
    try:
        for row in (trace.summary or {})["inferences"]:
            end = trace.cycles if row["end_cycle"] is None else int(row["end_cycle"])
            yield int(row["index"]), int(row["start_cycle"]), end
    except (KeyError, TypeError, ValueError) as error:
        raise AcortexError(
            "its summary does not say when inferences were under way",
            where=str(trace.path),
            hint="write the trace with `acortex run --trace`",
        ) from error


def moved_timing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The settings in which two chips (resolved, as a trace's header has them) may take other cycles, by path.

    Delays in nanoseconds are compared as the cycles that they become. Raises UsageError for a chip that lacks settings.
    """
    try:
        old, new = in_cycles(before), in_cycles(after)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(
            f"the trace does not describe its chip in full ({error})", hint="write it with `acortex run --trace`"
        ) from error
    return [path for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]
