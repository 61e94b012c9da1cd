"""What a trace says about itself: the tables that its numbers point into, and the columns that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from fractions import Fraction
from typing import Any

from acortex.traces.endings import BY, SAME, HandOver
from acortex.traces.file.validation import CLOCK_NS, MOST, TraceError, check_plain
from acortex.units import exact

VERSION = 1
NAME = f"acortex.trace/{VERSION}"
LEVELS = ("events", "instructions", "layers")
MOST_NAMES = 1 << 20
"""The longest table of names: instructions, layers and the like."""
MOST_HAND_OVERS = 4096
"""The longest table of hand-overs."""
MOST_LETTERS = 1000
"""The longest name of a unit, a kind of event or a cause."""

EVENT_FIELDS = ("start", "duration", "unit", "kind", "count", "pc", "layer", "inference", "energy_aj")
WAIT_FIELDS = ("start", "duration", "unit", "cause", "pc", "layer", "inference")
# Coarser levels merge events into one row: `span` is the cycles from the first start to the last end, `merged` how
# many events there were. At level "events" both are left out, being `duration` and 1.
MERGED_FIELDS = ("span", "merged")


@dataclass(frozen=True)
class EventKind:
    """One kind of event: what its `count` counts, and the component of the chip that its energy belongs to.

    Where several components share it, `prices_aj` says how many attojoules a count each has; what an event costs beyond
    them belongs to `component`.
    """

    name: str
    unit: str
    description: str
    component: str
    prices_aj: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class TraceHeader:
    """What every row of a trace refers to: program, chip, clock, and the tables of names.

    A row's `unit`, `kind`, `cause` and `layer` are positions in `units`, `kinds`, `causes` and `layers` ("-" first:
    what no layer mark covers); its `pc` is a position in `lines` ("file:line" for each instruction) or -1 for none.
    `instructions` has the text of each in assembly, or is empty. `config` is the resolved chip. `leakage_aj_per_cycle`
    is what no event pays for. `level` is one of LEVELS; `filters` says what the writer left out, see
    `acortex.traces.file.merge`. `handovers` say what ends each wait, and `delays` how many cycles the delays that they
    name take, and `overrides` which settings were laid over the chip, as "path=value"; traces of older versions have
    none of the three.
    """

    program: str
    program_sha256: str
    chip: str
    chip_sha256: str
    config: dict[str, Any]
    clock_ns: float
    units: tuple[str, ...]
    kinds: tuple[EventKind, ...]
    causes: tuple[str, ...]
    layers: tuple[str, ...] = ("-",)
    lines: tuple[str, ...] = ()
    instructions: tuple[str, ...] = ()
    leakage_aj_per_cycle: int = 0
    level: str = "events"
    filters: dict[str, Any] = field(default_factory=dict)
    handovers: tuple[HandOver, ...] = ()
    delays: dict[str, int] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    def exact_clock_ns(self) -> Fraction:
        """The clock as the decimal number that was written, so that times in ns are rounded once only."""
        return exact(self.clock_ns)

    def table_sizes(self) -> dict[str, int]:
        """How many names each referring column may point to."""
        return {
            "unit": len(self.units),
            "kind": len(self.kinds),
            "cause": len(self.causes),
            "layer": len(self.layers),
            "pc": len(self.lines),
        }

    def source(self, pc: int) -> str:
        """The "file:line" of a program counter, or "-" for an event that no instruction made."""
        return self.lines[pc] if 0 <= pc < len(self.lines) else "-"

    def text(self, pc: int) -> str:
        """The instruction of a program counter in assembly; "" for none, and where texts were not recorded."""
        return self.instructions[pc] if 0 <= pc < len(self.instructions) else ""


def header_to_plain(header: TraceHeader) -> dict[str, Any]:
    """The header as maps, lists, strings and numbers, in the order of its fields."""
    plain = {one.name: getattr(header, one.name) for one in fields(header)}  # `asdict` would copy each name
    kinds = [asdict(kind) for kind in header.kinds]
    return {"schema": NAME, **plain, "kinds": kinds, "handovers": [_said(row) for row in header.handovers]}


def _said(row: HandOver) -> dict[str, Any]:
    """A hand-over, without what is as it is where nothing is said, and without its words."""
    plain = {one.name: (getattr(row, one.name), one.default) for one in fields(row) if one.name != "about"}
    return {name: value for name, (value, default) in plain.items() if value != default}


def header_from_plain(plain: Any, where: str) -> TraceHeader:
    """The header of what `header_to_plain` gave; anything else is a TraceError that names the field."""
    if not isinstance(plain, Mapping):
        raise _bad(where, "header", plain, "a map")
    clock_ns, (fastest, slowest) = plain.get("clock_ns"), CLOCK_NS
    if not isinstance(clock_ns, (int, float)) or isinstance(clock_ns, bool) or not fastest <= clock_ns <= slowest:
        raise _bad(where, "clock_ns", clock_ns, f"a number of nanoseconds from {fastest} to {slowest:g}")
    level = plain.get("level")
    if level not in LEVELS:
        raise _bad(where, "level", level, f"one of {', '.join(LEVELS)}")
    values: dict[str, Any] = {
        **{name: _text(plain.get(name), name, where) for name in _TEXTS},
        **{name: _texts(plain.get(name), name, where) for name in _TABLES},
        **{name: _plain_map(plain.get(name), name, where) for name in ("config", "filters")},
        **{name: _texts(plain.get(name, []), name, where) for name in ("instructions", "overrides")},
        "kinds": tuple(_kind(kind, where) for kind in _list(plain.get("kinds"), "kinds", where)),
        "leakage_aj_per_cycle": _whole(plain.get("leakage_aj_per_cycle", 0), "leakage_aj_per_cycle", where),
        "delays": _delays(plain.get("delays", {}), where),
        "handovers": _handovers(plain.get("handovers", []), where),
    }
    header = TraceHeader(clock_ns=clock_ns, level=level, **values)
    _check_names(header, where)
    _check_delays(header, where)
    return header


def _delays(plain: Any, where: str) -> dict[str, int]:
    return {
        _text(name, "delays", where): _whole(cycles, f"delays.{name!s:.40}", where)
        for name, cycles in _map(plain, "delays", where).items()
    }


def _check_delays(header: TraceHeader, where: str) -> None:
    """The delays that hand-overs name have cycles."""
    for row in header.handovers:
        if row.delay and row.delay not in header.delays:
            raise _bad(where, "handovers.delay", row.delay, "a name in delays")


def _handovers(plain: Any, where: str) -> tuple[HandOver, ...]:
    rows = _list(plain, "handovers", where)
    if len(rows) > MOST_HAND_OVERS:
        raise _bad(where, "handovers", len(rows), f"a list of at most {MOST_HAND_OVERS} entries")
    return tuple(_handover(_map(row, "handovers", where), where) for row in rows)


def _handover(row: Mapping[str, Any], where: str) -> HandOver:
    texts = {name: _text(row.get(name, default), f"handovers.{name}", where) for name, default in _HAND_OVER.items()}
    for name, allowed in (("by", BY), ("same", SAME)):
        if texts[name] not in allowed:
            raise _bad(where, f"handovers.{name}", texts[name], f"one of {', '.join(filter(None, allowed))}")
    kinds = _texts(row.get("kinds", []), "handovers.kinds", where)
    return HandOver(**texts, after=_whole(row.get("after", 0), "handovers.after", where), kinds=kinds)


_HAND_OVER = {
    one.name: None if one.default is MISSING else one.default
    for one in fields(HandOver)
    if one.name not in ("after", "kinds", "about")
}
"""The texts of a hand-over, with what they are where a header leaves them out; None for what it must have."""


def _check_names(header: TraceHeader, where: str) -> None:
    """Rows are distinguished by these names, and timelines and logs are drawn with them."""
    for unit in header.units:
        if " " in unit:
            raise _bad(where, "units", unit, "a path without blanks")
    kinds = tuple(kind.name for kind in header.kinds)
    for table, names in (("units", header.units), ("kinds", kinds), ("causes", header.causes)):
        _check_table(table, names, where)
    if not header.layers:
        raise _bad(where, "layers", [], "a list that begins with what no layer mark covers")


def _check_table(table: str, names: Sequence[str], where: str) -> None:
    """Names are short, printable and each there once."""
    seen: set[str] = set()
    for name in names:
        if not name.isprintable() or not name.strip() or len(name) > MOST_LETTERS:
            raise _bad(where, table, name, f"1 to {MOST_LETTERS} printable letters each")
        if name in seen:
            raise _bad(where, table, name, "a name that stands there once")
        seen.add(name)


_TEXTS = ("program", "program_sha256", "chip", "chip_sha256")
_TABLES = ("units", "causes", "layers", "lines")


def _kind(plain: Any, where: str) -> EventKind:
    row = _map(plain, "kinds", where)
    texts = {
        name: _text(row.get(name), f"kinds.{name}", where) for name in ("name", "unit", "description", "component")
    }
    prices = []
    for price in _list(row.get("prices_aj", []), "kinds.prices_aj", where):
        if not isinstance(price, list) or len(price) != 2:
            raise _bad(where, "kinds.prices_aj", price, "a component and a number")
        component, each_aj = price
        prices.append((_text(component, "kinds.prices_aj", where), _whole(each_aj, "kinds.prices_aj", where)))
    return EventKind(**texts, prices_aj=tuple(prices))


def _whole(value: Any, name: str, where: str) -> int:
    if type(value) is not int or not 0 <= value <= MOST:
        raise _bad(where, name, value, "a whole number from 0 to 2^63 - 1")
    return value


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise _bad(where, name, value, "a text")
    return value


def _list(value: Any, name: str, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) >= MOST_NAMES:
        raise _bad(where, name, value, f"a list of less than {MOST_NAMES} entries")
    return value


def _texts(value: Any, name: str, where: str) -> tuple[str, ...]:
    return tuple(_text(entry, name, where) for entry in _list(value, name, where))


def _map(value: Any, name: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(where, name, value, "a map")
    return value


def _plain_map(value: Any, name: str, where: str) -> dict[str, Any]:
    check_plain(_map(value, name, where), name, where)
    return dict(value)


def _bad(where: str, name: str, value: Any, wanted: str) -> TraceError:
    return TraceError(f"the trace's header has {value!r:.60} as {name}, which must be {wanted}", where=where)
