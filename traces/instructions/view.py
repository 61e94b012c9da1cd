"""A run as its instructions, put together: rows of executions, sums, what bounds loops, the critical chain."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np

from acortex.documents import ChipName, ProgramName
from acortex.errors import UsageError
from acortex.traces.covers import covers
from acortex.traces.critical import check_path
from acortex.traces.enders import Enders
from acortex.traces.endings import issuer
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Window
from acortex.traces.headroom import of_selection
from acortex.traces.instructions.chains import count_links, links
from acortex.traces.instructions.columns import Columns, Mask, columns_of
from acortex.traces.instructions.loops import loops_of
from acortex.traces.instructions.numbering import number
from acortex.traces.instructions.results import InstructionView, LoopView
from acortex.traces.instructions.rows import Bins, RowMaker, bins_of
from acortex.traces.instructions.steady import Looked, look_at
from acortex.traces.instructions.totals import SORTS, Sort, cut_cycles, looked_at, totals
from acortex.traces.instructions.waits import Waits
from acortex.wording import did_you_mean

ROWS = 32
"""Executions that have a row, unless more are asked for."""

BINS = 80
"""Bins of a strip at most, unless more are asked for."""


def view(
    trace: Trace,
    *,
    window: Window | None = None,
    unit: str | None = None,
    layer: str | None = None,
    inference: int | None = None,
    rows: int = ROWS,
    bins: int = BINS,
    sort: Sort = "critical",
) -> InstructionView:
    """What each instruction of a recorded run did.

    `trace` holds every event of its run, as far as that went. `window` to `inference` select a part, as `Trace.select`
    takes them. `rows` executions at most have a row of their own, whose strip has `bins` at most; sums come in the
    order of `sort`. Raises UsageError for a trace that lacks events or hand-overs, a number below 1, an order that
    there is none of, and a selection that names nothing.
    """
    wanted = {"window": window, "unit": unit, "layer": layer, "inference": inference}
    whole = all(value is None for value in wanted.values())
    return view_of(trace, trace if whole else trace.select(**wanted), rows=rows, bins=bins, sort=sort)


def view_of(trace: Trace, part: Trace, *, rows: int, bins: int, sort: Sort) -> InstructionView:
    """The same of a part that was selected from a trace."""
    _check(trace, rows, bins, sort)
    header, columns = trace.header, columns_of(trace)
    executions, enders = number(trace, columns), Enders(trace)
    waits, chosen, walk = Waits(header, columns, enders), _chosen(columns, part), enders.walk
    cycles = cut_cycles(columns, part.header.filters)
    longest = looked_at(columns, chosen, cycles)
    waits.look_at(longest.tolist())
    path = of_selection(walk.path(), part) if part is not trace else walk.path()
    critical: Counter[int] = Counter()
    for one in path:
        critical[one.pc] += one.end - one.start
    sums = totals(header, columns, executions, waits, chosen, cycles, critical, longest)
    selected = np.unique(executions.of[chosen])
    selected = selected[selected >= 0]
    first, maker = selected[:rows].tolist(), RowMaker(header, columns, executions, waits)
    strip = _bins(maker.span(first) if first else (0, 1), part, bins)
    return InstructionView(
        **covers(part),
        program=ProgramName(name=header.program, sha256=header.program_sha256, instructions=len(header.lines)),
        chip=ChipName(
            name=header.chip, sha256=header.chip_sha256, config=header.config, overrides=list(header.overrides)
        ),
        clock_ns=header.clock_ns,
        cycles=trace.cycles,
        instructions=len(selected),
        rows=[maker.make(at, strip) for at in first],
        bin_cycles=strip.cycles,
        from_cycle=strip.first,
        until_cycle=strip.end,
        totals=sorted(sums, key=SORTS[sort]),
        loops=_loops(Looked(header, columns, executions, walk), chosen),
        chain=list(islice(links(path, header), rows)),
        links=count_links(path),
        event_energy_aj=sum(row.energy_aj for row in sums),
        waits_looked_at=int(cycles[longest].sum()),
    )


def _bins(span: Window, part: Trace, most: int) -> Bins:
    """The bins over the time of some executions, as far as it lies in the window of a selection."""
    filters = part.header.filters
    return bins_of(
        max(span[0], filters.get("from_cycle", span[0])), min(span[1], filters.get("to_cycle", span[1])), most
    )


def _loops(run: Looked, chosen: Mask) -> list[LoopView]:
    """The loops of which a selection has a row."""
    pcs = np.unique(run.columns.pc[chosen])
    loops = [loop for loop in loops_of(run.executions) if ((pcs >= loop.head) & (pcs <= loop.tail)).any()]
    return [look_at(loop, run) for loop in loops]


def _check(trace: Trace, rows: int, bins: int, sort: str) -> None:
    """Raises UsageError for what cannot be viewed so."""
    check_path(trace)
    giver = issuer(trace.header.handovers)
    if giver not in trace.header.units:
        what = f"has no unit {giver}, whose events are the instructions"
        raise UsageError(what, where=str(trace.path), hint="`acortex trace show` draws its units")
    for name, value in (("rows", rows), ("bins", bins)):
        if value < 1:
            raise UsageError(f"{name} is {value}, which must be at least 1")
    if sort not in SORTS:
        raise UsageError(f"there is no order {sort!r}", hint=did_you_mean(sort, SORTS, f"there are {', '.join(SORTS)}"))


def _chosen(columns: Columns, part: Trace) -> Mask:
    """Which rows a selection shows, by the filters that its header names."""
    header, filters = part.header, part.header.filters
    chosen = np.ones(len(columns.pc), np.bool_)
    for name, column, names in (("units", columns.unit, header.units), ("layers", columns.layer, header.layers)):
        if name in filters:
            chosen &= np.array([one in filters[name] for one in names])[column]
    if "inferences" in filters:
        chosen &= np.isin(columns.inference, filters["inferences"])
    if "from_cycle" in filters:
        chosen &= (columns.start >= filters["from_cycle"]) | (columns.end > filters["from_cycle"])
    if "to_cycle" in filters:
        chosen &= columns.start < filters["to_cycle"]
    return chosen
