"""A run as HTML for notebooks: headline numbers, then bars of components, layers, waits and units.

There is no script and no style sheet. Text has the colour of the page around it, and bars are in colours that show on
white and on black, so a piece looks right in light and in dark. All names are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from acortex.traces.display.colours import BLUE, GREY, ORANGE
from acortex.traces.display.numbers import LayerNumbers, Numbers, UnitNumbers
from acortex.traces.file.reader import Trace
from acortex.units import fixed, joules, percent, scaled
from acortex.wording import UNKNOWN, layer_name, plain
from acortex.wording import count as number_of

MOST_ROWS = 12
"""Rows of a table; what is left is counted below it."""

TABLE = "display:inline-table;vertical-align:top;margin:0 2em 1em 0;border-collapse:collapse;color:inherit"
NAME = "text-align:left;padding:1px 8px;font-weight:normal;color:inherit"
AMOUNT = "text-align:right;padding:1px 8px;font-variant-numeric:tabular-nums;color:inherit"
LONG = "max-width:24em;overflow-wrap:anywhere"
"""The style of names of layers and units, which may be of any length."""

BAR = "padding:1px 8px;min-width:120px"


class _Row(NamedTuple):
    """A row of a table: its name, the parts of its bar as shares of the longest with their colours, and its cells."""

    name: str
    bar: Sequence[tuple[float, str]]
    cells: Sequence[str]


def page(numbers: Numbers, facts: Iterable[tuple[str, str, str]]) -> str:
    """A run as HTML: its headline numbers, each a name, a number and what it means, then where time and energy went."""
    tables = (_components(numbers), _layers(numbers), _waits(numbers), _units(numbers))
    return f"<div>{''.join((_head(numbers), _facts(facts), *tables))}</div>"


def of_trace(trace: Trace, numbers: Numbers) -> str:
    """A trace as HTML; of one too long to be added up the headline numbers alone, and what shows the others."""
    return page(numbers, _trace_facts(trace, numbers))


def _trace_facts(trace: Trace, numbers: Numbers) -> Iterator[tuple[str, str, str]]:
    """The headline numbers of a trace."""
    yield "cycles", fixed(numbers.cycles), f"of {numbers.clock_ns:g} ns: {scaled(numbers.latency_s, 's')}"
    if numbers.energy_aj is not None:
        energy_j = joules(numbers.energy_aj)
        average = f"; {scaled(energy_j / numbers.latency_s, 'W')} on average" if numbers.cycles else ""
        yield "energy", scaled(energy_j, "J"), f"of {number_of(numbers.inferences, 'inference')}{average}"
    elif numbers.added_up:
        yield "energy", scaled(joules(sum(numbers.components.values())), "J"), "of the events that are here, no leakage"
    yield "file", scaled(trace.bytes, "B"), _held(trace, numbers.added_up)
    if not numbers.added_up:
        yield "not added up", UNKNOWN, "too long for a glance: acortex.traces.stats.stats(trace) adds up all of it"


def _held(trace: Trace, added_up: bool) -> str:
    """How many events a file has, or rows of a coarser level; of a part of it, how many are of that part."""
    level, name = trace.header.level, "event" if trace.header.level == "events" else "row"
    if not trace.header.filters:
        return f"{number_of(trace.events.stored_rows, name)}, level {level}"
    if not added_up:  # how many rows a selection has is not known before all are looked at
        return f"of it {number_of(trace.events.stored_rows, name)} at most, level {level}"
    return f"of it {number_of(len(trace.events), name)}, level {level}"


def _head(numbers: Numbers) -> str:
    """What ran on what, and whether to its end."""
    part = f"<p><strong>incomplete: {escape(numbers.part)}</strong></p>" if numbers.part else ""
    inferences = number_of(numbers.inferences, "inference") + ", " if numbers.added_up and numbers.inferences else ""
    length = f"{inferences}{number_of(numbers.cycles, 'cycle')} of {numbers.clock_ns:g} ns" if numbers.cycles else ""
    return f"<p><strong>{escape(numbers.title)}</strong> &ensp; {length}</p>{part}"


def _facts(facts: Iterable[tuple[str, str, str]]) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="{NAME}">{escape(name)}</th><td style="{AMOUNT}"><strong>{escape(value)}</strong>'
        f'</td><td style="{NAME}">{escape(about)}</td></tr>'
        for name, value, about in facts
    )
    return f'<table style="{TABLE};display:table">{rows}</table>' if rows else ""


def _components(numbers: Numbers) -> str:
    found = sorted(((value, name) for name, value in numbers.components.items() if value), reverse=True)
    whole = sum(value for value, _ in found)
    rows = [
        _Row(plain(name), [(value / found[0][0], BLUE)], (_energy(value, numbers), percent(value, whole)))
        for value, name in found
    ]
    return _table(f"Energy by component, {numbers.of_each}", (), rows)


def _layers(numbers: Numbers) -> str:
    """Layers in the order of the program, of many those that cost most; bars are their energies."""
    costly = sorted(numbers.layers, key=_energy_of, reverse=True)[:MOST_ROWS]
    most = max(map(_energy_of, costly), default=0) or 1
    rows = [_layer(row, most, numbers) for row in numbers.layers if row in costly]
    left = len(numbers.layers) - len(rows)
    return _table(f"Layers, {numbers.of_each}", ("cycles", "energy", ""), rows, left)


def _energy_of(row: LayerNumbers) -> int:
    return row.energy_aj or 0


def _layer(row: LayerNumbers, most: int, numbers: Numbers) -> _Row:
    cells = _cycles(row.cycles, numbers), _energy(row.energy_aj, numbers), _share(row.energy_aj, numbers.energy_aj)
    return _Row(layer_name(row.name), [(_energy_of(row) / most, BLUE)], cells)


def _waits(numbers: Numbers) -> str:
    most = max((row.cycles for row in numbers.waits), default=0)
    rows = [
        _Row(
            f"{row.unit} for {plain(row.cause)}",
            [(row.cycles / most if most else 0.0, ORANGE)],
            (fixed(row.cycles), percent(row.cycles, numbers.cycles)),
        )
        for row in sorted(numbers.waits, key=lambda row: -row.cycles)
    ]
    return _table("Waits, longest first", ("cycles", "of the run"), rows)


def _units(numbers: Numbers) -> str:
    """Units with work, the busiest first: busy, waiting and idle."""
    used = {name: spent for name, spent in numbers.units.items() if spent.busy or spent.waiting}
    rows = [
        _Row(name, _spent(spent), (percent(spent.busy, sum(spent)), percent(spent.waiting, sum(spent))))
        for name, spent in sorted(used.items(), key=lambda item: -item[1].busy)
    ]
    return _table("Units: busy in blue, waiting in orange", ("busy", "waiting"), rows)


def _spent(spent: UnitNumbers) -> list[tuple[float, str]]:
    whole = max(sum(spent), 1)
    return [(part / whole, colour) for part, colour in zip(spent, (BLUE, ORANGE, f"{GREY}40"), strict=True)]


def _energy(energy_aj: int | None, numbers: Numbers) -> str:
    return UNKNOWN if energy_aj is None else scaled(joules(energy_aj) / numbers.shared_by, "J")


def _cycles(cycles: int | None, numbers: Numbers) -> str:
    return UNKNOWN if cycles is None else fixed(cycles / numbers.shared_by)


def _share(part: int | None, whole: int | None) -> str:
    return UNKNOWN if part is None or whole is None else percent(part, whole)


def _table(caption: str, head: Sequence[str], rows: Sequence[_Row], left: int = 0) -> str:
    """A table of names, bars and numbers, and how many rows are `left` out; nothing where there is no row."""
    if not rows:
        return ""
    said = f'<caption style="text-align:left;color:inherit"><strong>{escape(caption)}</strong></caption>'
    cells = "".join(f'<th scope="col" style="{AMOUNT}">{escape(name)}</th>' for name in head)
    heading = f"<tr><td></td><td></td>{cells}</tr>" if head else ""
    more = left + max(len(rows) - MOST_ROWS, 0)
    rest = f'<tr><td style="{NAME}">and {more:,} more</td></tr>' if more > 0 else ""
    return f'<table style="{TABLE}">{said}{heading}{"".join(map(_row, rows[:MOST_ROWS]))}{rest}</table>'


def _row(row: _Row) -> str:
    """A row; its bar is decoration, for the numbers stand beside it."""
    parts = "".join(
        f'<span style="display:inline-block;height:0.8em;width:{100 * share:.2f}%;background:{colour}"></span>'
        for share, colour in row.bar
        if share > 0
    )
    bar = f'<td style="{BAR}" aria-hidden="true"><div style="width:120px;white-space:nowrap">{parts}</div></td>'
    cells = "".join(f'<td style="{AMOUNT}">{escape(cell)}</td>' for cell in row.cells)
    return f'<tr><th scope="row" style="{NAME};{LONG}">{escape(row.name)}</th>{bar}{cells}</tr>'
