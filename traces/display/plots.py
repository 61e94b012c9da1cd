"""Pictures of a run, each drawn into axes of matplotlib: where energy and time went, power, and what ran when.

Each takes the axes to draw into, else makes a figure, and returns the axes. Titles say what to see; colours are told
apart by those who see few. matplotlib is an extra (`plots`), and imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from acortex.errors import UsageError
from acortex.traces.display import drawing
from acortex.traces.display.colours import BLACK, BLUE, ORANGE, RED
from acortex.traces.display.numbers import Numbers
from acortex.traces.file.reader import Trace
from acortex.traces.show import timeline
from acortex.units import fixed, joules, percent, scaled
from acortex.wording import OUTSIDE, count, layer_name, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS = 20
"""Bars of a picture. What more there is is one bar together, so that the bars add up to the whole."""

COLUMNS = 800
"""Columns of a timeline, at most: as many as a screen shows."""


class Plots(NamedTuple):
    """The pictures of a run. `numbers` gives its numbers, `trace` its trace; either raises UsageError where it cannot.

    All methods raise MissingExtra where matplotlib is not installed, and UsageError where the run has nothing to draw.
    """

    numbers: Callable[[], Numbers]
    trace: Callable[[], Trace]

    def energy(self, ax: Axes | None = None) -> Axes:
        """Energy by component as bars, the largest first, in joules with a prefix."""
        run = self._added_up()
        found = sorted(((name, value) for name, value in run.components.items() if value), key=lambda one: -one[1])
        if not found:
            raise _nothing("energy")
        name, most = found[0]
        whole = sum(value for _, value in found)
        total = scaled(joules(whole) / run.shared_by, "J")
        title = f"{_first_capital(plain(name))} takes most energy: {percent(most, whole)} of {total} {run.of_each}"
        return _of_energy(ax, run, [(plain(name), value) for name, value in found], title)

    def layers(self, ax: Axes | None = None, *, what: Literal["energy", "cycles"] = "energy") -> Axes:
        """Energy of each layer, or the cycles in which it was in flight, in the order of the program."""
        if what not in ("energy", "cycles"):
            raise UsageError(f"layers have no {what!r} to draw", hint="energy or cycles")
        run = self._added_up()
        if what == "energy":
            return _layers_by_energy(ax, run, _known(run, ((row.name, row.energy_aj) for row in run.layers)))
        return _layers_by_cycles(ax, run, _known(run, ((row.name, row.cycles) for row in run.layers)))

    def waits(self, ax: Axes | None = None) -> Axes:
        """How long units waited for what, in cycles of the whole run, the longest first."""
        run = self._added_up()
        found = sorted(run.waits, key=lambda row: -row.cycles)[: drawing.room(ax, MOST_BARS)]
        if not found:
            raise _nothing("waits")
        first = found[0]
        share = percent(first.cycles, run.cycles)
        title = f"{first.unit} waits longest: {share} of the run for {plain(first.cause)}"
        rows = [(f"{row.unit} for {plain(row.cause)}", float(row.cycles)) for row in found]
        cut = f", the {len(found)} longest of {len(run.waits)}" if len(found) < len(run.waits) else ""
        return drawing.bars(ax, rows, title, f"cycles of waiting in the whole run{cut}", "", ORANGE)

    def power(self, ax: Axes | None = None) -> Axes:
        """Power over time in windows, with its average and the part that is leakage, in watts with a prefix."""
        run = self._added_up()
        power = run.power
        if power is None or not power.windows_aj:
            raise UsageError("the power of this run over time is not known", hint="a result of acortex.run has it")
        edges = [min(step * power.window_cycles, run.cycles) for step in range(len(power.windows_aj) + 1)]
        lasting = [max(end - first, 1) * run.clock_ns / 1e9 for first, end in pairwise(edges)]
        watts = [joules(energy) / each_s for energy, each_s in zip(power.windows_aj, lasting, strict=True)]
        peak, average = scaled(power.peak_w, "W"), scaled(power.average_w, "W")
        title = f"Power peaks at {peak} from cycle {power.peak_cycle:,}, {average} on average"
        lines = {"average": (power.average_w, BLACK), "leakage": (power.leakage_w, RED)}
        return drawing.steps(ax, edges, watts, lines, title, _time_label(run), "power", "W")

    def timeline(self, ax: Axes | None = None) -> Axes:
        """What each unit did when: the share of busy and of waiting cycles, from left to right. Needs the trace."""
        trace = self.trace()
        drawn = timeline(trace, columns=min(COLUMNS, max(trace.cycles, 1)))
        per_unit = drawn.busy.sum(axis=1)
        used = [at for at in range(len(per_unit)) if drawn.busy[at].any() or drawn.waiting[at].any()]
        if not used:
            raise _nothing("events")
        busiest = int(per_unit.argmax())
        cycles = drawn.window[1] - drawn.window[0]
        units = trace.header.units
        title = f"{units[busiest]} is busiest: {percent(float(per_unit[busiest]), cycles)} of {count(cycles, 'cycle')}"
        label = f"time, cycles of {trace.header.clock_ns:g} ns"
        return drawing.shades(
            ax, [units[at] for at in used], drawn.busy[used], drawn.waiting[used], drawn.edges, title, label
        )

    def _added_up(self) -> Numbers:
        found = self.numbers()
        if not found.added_up:
            raise UsageError("the trace is too long to be added up for a picture", hint="select a part of it")
        return found


def _known(run: Numbers, rows: Iterable[tuple[str, int | None]]) -> list[tuple[str, int]]:
    """The layers whose amounts are known. Raises UsageError where none has any."""
    known = [(name, amount) for name, amount in rows if amount is not None]
    if run.layers and not known:
        raise UsageError(f"layers of a part of a run have no sums: {run.part}", hint="draw the whole trace")
    if not any(amount for name, amount in known if name != OUTSIDE):
        raise _nothing("layers")
    return known


def _layers_by_energy(ax: Axes | None, run: Numbers, rows: Sequence[tuple[str, int]]) -> Axes:
    name, most = _first(rows)
    share = percent(most, sum(amount for _, amount in rows))
    return _of_energy(ax, run, _said(rows), f"{name} takes most energy of the layers: {share} of the run")


def _layers_by_cycles(ax: Axes | None, run: Numbers, rows: Sequence[tuple[str, int]]) -> Axes:
    name, most = _first(rows)
    title = f"{name} is in flight longest: {fixed(most / run.shared_by)} cycles {run.of_each}"
    longest = _longest(_said(rows), drawing.room(ax, MOST_BARS))
    cut = f", the {len(longest)} longest of {len(rows)} layers" if len(longest) < len(rows) else ""
    amounts = [(name, amount / run.shared_by) for name, amount in longest]
    return drawing.bars(ax, amounts, title, f"cycles in flight {run.of_each}{cut}", "", BLUE)


def _first(rows: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """The largest of the layers."""
    return max((row for row in rows if row[0] != OUTSIDE), key=lambda row: row[1])


def _said(rows: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(layer_name(name), amount) for name, amount in rows]


def _of_energy(ax: Axes | None, run: Numbers, rows: Sequence[tuple[str, int]], title: str) -> Axes:
    """Bars of attojoules, which are divided by the inferences."""
    amounts = [(name, joules(value) / run.shared_by) for name, value in _fewer(rows, drawing.room(ax, MOST_BARS))]
    return drawing.bars(ax, amounts, title, f"energy {run.of_each}", "J", BLUE)


def _nothing(what: str) -> UsageError:
    return UsageError(f"there is nothing to draw: the run has no {what}")


def _time_label(run: Numbers) -> str:
    return f"time, cycles of {run.clock_ns:g} ns"


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _fewer(rows: Sequence[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """The largest rows in their order, and one of all others together; at most so many."""
    if len(rows) <= most:
        return list(rows)
    kept = _largest(rows, most - 1)
    rest = [amount for at, (_, amount) in enumerate(rows) if at not in kept]
    return [rows[at] for at in sorted(kept)] + [(f"{len(rest)} others together", sum(rest))]


def _longest(rows: Sequence[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """The largest rows in their order; cycles in flight overlap, so the others have no sum."""
    return [rows[at] for at in sorted(_largest(rows, most))]


def _largest(rows: Sequence[tuple[str, int]], most: int) -> set[int]:
    """The places of the largest rows."""
    return set(sorted(range(len(rows)), key=lambda at: -rows[at][1])[:most])
