"""What the sections of a page show of one run: facts, bars and tables, in words and shapes for the templates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from acortex.sim.advice.results import Value
from acortex.sim.ledger.facts import SO_FAR, timing_facts
from acortex.tools.report.model import Side
from acortex.tools.report.pictures import (
    LOOKS,
    Bars,
    Roofline,
    Row,
    Tile,
    look_of,
    roofline,
    stack,
    treemap,
)
from acortex.tools.views.changed import value_text
from acortex.tools.views.critical import held, told
from acortex.traces.display.colours import LOOK_OF_COMPONENTS
from acortex.units import joules, percent, scaled
from acortex.wording import count as number_of
from acortex.wording import layer_name, plain

UNKNOWN = "not known"
"""In place of a number that needs what the trace does not hold."""

MOST_ON_PATH = 8
"""Rows of the shares of the critical path that are shown at once."""

STATES = ("busy", "waiting", "idle")


@dataclass(frozen=True)
class Fact:
    """A number, its name, and what it means."""

    name: str
    value: str
    about: str


@dataclass(frozen=True)
class Shown:
    """A table: headings, and rows of texts; the first column names."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def facts(side: Side) -> Iterator[Fact]:
    """The headline numbers, those of `acortex run`."""
    stats, clock = side.stats, side.trace.header.clock_ns
    cycles = f"{number_of(stats.totals.cycles, 'cycle')} of {clock:g} ns"
    yield Fact("run", scaled(stats.totals.latency_s, "s"), cycles)
    if side.run is not None:
        for name, value, about in timing_facts(side.run):
            yield Fact(name, value, about)
        of = "of the whole run" if side.run.complete else SO_FAR
        yield Fact("energy, all", scaled(side.run.energy_j, "J"), f"{of}, without set-up")
    else:
        energy = stats.totals.energy_j
        yield Fact("energy", UNKNOWN if energy is None else scaled(energy, "J"), "of the whole run")
    if side.area_mm2 is not None:
        yield Fact("area", f"{sum(side.area_mm2.values()):.4g} mm2", "of the die")


def part_facts(side: Side) -> Iterator[Fact]:
    """The headline numbers of a part of a run, each from its rows."""
    totals, clock = side.stats.totals, side.trace.header.clock_ns
    if side.windowed:
        first, end = side.window
        told = f"from cycle {first:,} until {end:,}: {number_of(end - first, 'cycle')} of {clock:g} ns"
        yield Fact("window", scaled((end - first) * clock * 1e-9, "s"), told)
    yield Fact("events", f"{totals.events:,}", f"and {number_of(len(side.trace.waits), 'wait')}")
    yield Fact("busy", f"{totals.busy:,}", "cycles of all units together")
    paid = side.run and side.run.energy_aj - side.run.energy_by_component_aj.get("leakage", 0)
    share = f": {percent(totals.event_energy_aj, paid)} of that of the run" if paid else ""
    yield Fact("energy", _energy(totals.event_energy_aj), f"without leakage{share}")


def limits_words(side: Side) -> str:
    """What limited the run, or how much of its critical path lies in a part and what that is, in a sentence."""
    chain = "the critical path, the chain of events that set the length of the run"
    if side.path is None or not side.path.cycles:
        return f"Nothing of {chain}, lies in this part."
    shares = "; ".join(limits(side))
    if not side.selected:
        return f"Of {chain}, {shares}."
    of_run = percent(side.path.cycles, side.trace.cycles)
    return f"Of {chain}, {number_of(side.path.cycles, 'cycle')} lie in this part, {of_run}; of these {shares}."


def limits(side: Side) -> list[str]:
    """What limited the run, in words for each of the largest shares of its critical path."""
    path = side.path
    if path is None:
        return []
    about = {kind.name: kind.description.partition(";")[0] for kind in side.trace.header.kinds}
    found = []
    for row in path.by_cause[:3]:
        rivals = [one for one in path.rivals if (row.what, one.unit, one.name) == ("waiting", row.unit, row.name)]
        words = about.get(row.name, row.name) if row.what == "busy" else told(row.what, row.name)
        holder = f", {held(rivals[0])}" if rivals else ""
        found.append(f"{percent(row.cycles, path.cycles)} is {row.unit}: {words}{holder}")
    return found


def path_bars(side: Side) -> Bars | None:
    """The critical path by what took its cycles."""
    path = side.path
    if path is None:
        return None
    rows: list[Row] = [
        (
            f"{row.unit}: {told(row.what, row.name)}",
            {row.what: row.cycles},
            (f"{row.cycles:,}", percent(row.cycles, path.cycles)),
        )
        for row in path.by_cause[:MOST_ON_PATH]
    ]
    looks = {what: at for at, what in enumerate(("busy", "latency", "waiting", "hand-over", "idle"))}
    return stack(
        ("what", "", "cycles", "of the path"),
        rows,
        looks.__getitem__,
        lambda part, cycles: f"{part}: {cycles:,.0f} cycles",
    )


def path_lines(side: Side) -> Shown | None:
    """The instructions with the largest shares of the critical path."""
    if side.path is None:
        return None
    rows = [
        (row.text or "(no instruction)", row.line, f"{row.cycles:,}", percent(row.cycles, side.path.cycles))
        for row in side.path.by_line[:MOST_ON_PATH]
    ]
    return Shown(("instruction", "line", "cycles", "of the path"), rows)


def what_if_table(side: Side) -> Shown | None:
    """What each setting one step better took, measured; None where it was not run."""
    report = side.what_if
    if report is None:
        return None
    rows = []
    for row in report.rows:
        gained = row.cycles_before - row.cycles
        bound = "no bound" if row.bound is None else f"{row.bound:,}"
        rows.append(
            (row.path, f"{_value(row.from_)} to {_value(row.to)}", f"{row.cycles:,}", f"{gained:,}",
             percent(gained, row.cycles_before), bound, scaled(row.energy_j, "J"))
        )  # fmt: skip
    return Shown(("setting", "from, to", "cycles", "gained", "of the run", "at most", "energy"), rows)


def _value(value: Value | list[Value]) -> str:
    return ", ".join(map(value_text, value)) if isinstance(value, list) else value_text(value)


def _energy(energy_aj: float) -> str:
    return scaled(joules(int(energy_aj)), "J")


def energy_by_component(side: Side) -> Bars:
    """The energy of the run or of its part by component, largest first."""
    run = side.own
    if run is not None:
        parts = {name: value for name, value in run.energy_by_component_aj.items() if value}
    else:
        parts = {one.name: one.energy_aj for one in side.stats.components if one.energy_aj}
    whole = sum(parts.values())
    rows: list[Row] = [
        (plain(name), {name: value}, (_energy(value), percent(value, whole)))
        for name, value in sorted(parts.items(), key=lambda part: -part[1])
    ]
    return stack(("component", "", "energy", "share"), rows, look_of, _component, name=plain)


def _component(name: str, energy_aj: float) -> str:
    return f"{plain(name)}: {_energy(energy_aj)}"


def energy_by_layer(side: Side) -> Bars:
    """Each layer's energy by component, the layer that costs most first."""
    whole = sum(sum(one.energy_aj.values()) for one in side.layers)
    ordered = sorted(side.layers, key=lambda one: -sum(one.energy_aj.values()))
    rows: list[Row] = []
    for one in ordered:
        total = sum(one.energy_aj.values())
        if total:
            parts = dict(sorted(one.energy_aj.items(), key=lambda part: look_of(part[0])))
            most = max(parts, key=lambda name: parts[name])
            why = f"{plain(most)} {percent(parts[most], total)}"
            rows.append((layer_name(one.name), parts, (_energy(total), percent(total, whole), why)))
    return stack(("layer", "", "energy", "share", "mostly"), rows, look_of, _component, name=plain)


def energy_table(side: Side) -> Shown:
    """Each layer's energy by component, in the order of the program."""
    parts = [name for name in LOOK_OF_COMPONENTS if any(one.energy_aj.get(name) for one in side.layers)]
    parts += sorted({name for one in side.layers for name in one.energy_aj} - set(parts))
    rows = [
        (
            layer_name(one.name),
            *(_energy(one.energy_aj.get(name, 0)) for name in parts),
            _energy(sum(one.energy_aj.values())),
        )
        for one in side.layers
    ]
    return Shown(("layer", *map(plain, parts), "all"), rows)


def layer_table(side: Side) -> Shown:
    """Each layer in the order of the program: time, energy, work."""
    macs = {one.name: one.macs for one in side.own.layers} if side.own else {}
    rows = []
    for one, share in zip(side.stats.layers, side.layers, strict=True):
        cycles = UNKNOWN if one.cycles is None else f"{one.cycles:,}"
        energy = _energy(one.event_energy_aj) + " without leakage" if one.energy_aj is None else _energy(one.energy_aj)
        done = f"{macs[one.name]:,}" if one.name in macs else UNKNOWN
        rows.append(
            (layer_name(one.name), cycles, f"{one.busy:,}", f"{one.waiting:,}", energy, done, f"{share.words:,}")
        )
    return Shown(("layer", "cycles", "busy", "waiting", "energy", "MAC", "memory words"), rows)


def layer_latency(side: Side) -> Bars:
    """Cycles in which each layer was in flight, the longest first."""
    known = [(one.name, one.cycles) for one in side.stats.layers if one.cycles]
    whole = side.stats.totals.cycles
    rows: list[Row] = [
        (layer_name(name), {"in flight": cycles}, (f"{cycles:,}", percent(cycles, whole)))
        for name, cycles in sorted(known, key=lambda row: -row[1])
    ]
    bars = stack(("layer", "", "cycles", "of the run"), rows, lambda _: 4, lambda part, n: f"{n:,.0f} cycles in flight")
    return Bars(bars.head, bars.bars, [], bars.more)


def units(side: Side) -> Bars:
    """What each unit did with the time of the run, or with that of a window."""
    cycles = side.window[1] - side.window[0]
    rows: list[Row] = []
    for one in side.stats.units:
        if one.busy is None or one.waiting is None:
            rows.append((one.name, {}, (UNKNOWN, UNKNOWN)))
            continue
        parts = {"busy": one.busy, "waiting": one.waiting, "idle": one.idle or 0}
        rows.append((one.name, parts, (percent(one.busy, cycles), percent(one.waiting, cycles))))
    looks = {"busy": 0, "waiting": 1 + len(STATES) * 3, "idle": LOOKS}
    found = stack(
        ("unit", "", "busy", "waiting"), rows, looks.__getitem__, lambda part, n: f"{part}: {n:,.0f} cycles", cycles
    )
    return Bars(found.head, found.bars, [(look, name) for look, name in found.legend if name != "idle"], found.more)


def waits(side: Side) -> Bars:
    """Each unit's waits by cause, the unit that waited most first."""
    by_unit: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in side.stats.waits:
        by_unit[one.unit][one.cause] += one.cycles
    causes = list(dict.fromkeys(one.cause for one in side.stats.waits))
    rows: list[Row] = []
    for unit, parts in sorted(by_unit.items(), key=lambda entry: -entry[1].total()):
        if parts.total():
            ordered = dict(parts.most_common())
            longest, cycles = parts.most_common(1)[0]
            rows.append((unit, ordered, (f"{parts.total():,}", f"{longest} {percent(cycles, parts.total())}")))
    return stack(
        ("unit", "", "cycles waited", "longest for"), rows, lambda cause: causes.index(cause) % LOOKS,
        lambda cause, n: f"for {cause}: {n:,.0f} cycles",
    )  # fmt: skip


def wait_table(side: Side) -> Shown:
    """Every wait by unit and cause, longest first."""
    return Shown(("unit", "cause", "cycles"), [(one.unit, one.cause, f"{one.cycles:,}") for one in side.stats.waits])


AREA = (640.0, 240.0)
"""The size of the treemap of areas."""


def area(side: Side) -> list[Tile]:
    """The area of the die as a treemap."""
    if side.area_mm2 is None:
        return []
    found = treemap([(name, mm2, f"{mm2:.4g} mm2") for name, mm2 in side.area_mm2.items()], *AREA)
    return [replace(tile, name=plain(tile.name)) for tile in found]


def area_table(side: Side) -> Shown:
    """The area of the die by component."""
    parts = side.area_mm2 or {}
    whole = sum(parts.values())
    rows = sorted(parts.items(), key=lambda part: -part[1])
    return Shown(
        ("component", "area", "share"), [(plain(name), f"{mm2:.4g} mm2", percent(mm2, whole)) for name, mm2 in rows]
    )


def roof(side: Side) -> Roofline | None:
    """The run and its layers under the roofs of the chip; None without a point."""
    if side.roofs is None or not side.points:
        return None
    return roofline(
        side.roofs, side.points, lambda point: ", ".join((point.name, *_intensity(point.ops_per_byte, point.ops_per_s)))
    )


def _intensity(ops_per_byte: float, ops_per_s: float) -> Sequence[str]:
    return f"{ops_per_byte:.3g} Op/B", scaled(ops_per_s, "Op/s")


def roof_table(side: Side) -> Shown:
    """The points of the roofline, and the roofs."""
    rows = [(point.name, *_intensity(point.ops_per_byte, point.ops_per_s)) for point in side.points]
    if side.roofs is not None:
        rows.append(("the chip's arrays, at most", "", scaled(side.roofs.ops_per_s, "Op/s")))
        rows.append(("the chip's main memory, at most", "", scaled(side.roofs.bytes_per_s, "B/s")))
    return Shown(("what", "operations per byte", "operations per second"), rows)


def memory_words(side: Side) -> str:
    """When main memory was fullest, in a sentence."""
    memory = side.run.memory if side.run else None
    if memory is None:
        return f"When memory was fullest is {UNKNOWN}: the trace does not hold the report of a whole run."
    share = percent(memory.peak_share)
    return _of_run(
        side,
        f"Fullest in cycle {memory.peak_cycle:,}: {number_of(memory.peak_words, 'word')} of {memory.capacity_words:,}"
        f" live, {share}.",
    )


def power_words(side: Side) -> str:
    """The power of the run, in a sentence."""
    power = side.run.power if side.run else None
    if power is None:
        return f"Power over time is {UNKNOWN}: the trace does not hold the report of its run."
    average = f"Average {scaled(power.average_w, 'W')}, of it {scaled(power.leakage_w, 'W')} leakage"
    peak = f"at most {scaled(power.peak_w, 'W')}, in {power.window_cycles:,} cycles from cycle {power.peak_cycle:,} on"
    if len(power.windows_aj) == 1:
        peak = f"the run fits in one window of {power.window_cycles:,} cycles, so that no peak is told"
    return _of_run(side, f"{average}; {peak}.")


def _of_run(side: Side, words: str) -> str:
    """A sentence about the whole run, which says so on the page of a part."""
    shaded = ", of which the window is shaded" if side.windowed else ""
    return f"Of the whole run{shaded}: {words[0].lower()}{words[1:]}" if side.selected else words


def latency_words(side: Side) -> str:
    """The latencies of inferences, in a sentence."""
    found = side.stats.latency_percentiles
    if found is None:
        if not side.part:
            return "The run has no inferences."
        known = any(fact.name == "latency" for fact in facts(side))
        median = " The median is among the numbers above." if known else ""
        return f"The latency of each inference is {UNKNOWN}: it needs every event of a whole run.{median}"
    count = sum(one.index >= 0 for one in side.stats.inferences)
    if count == 1:
        return f"One inference, {found.greatest:,} cycles."
    return (
        f"{count:,} inferences: half take {found.p50:,} cycles at most, 99 in a hundred {found.p99:,}; the longest"
        f" {found.greatest:,}."
    )
