"""The roles of attributes of timed parts, and how their state is frozen and restored.

A class declares in `roles` what each attribute of its instances is: a setting, a port, state, a sum, or derived.
An attribute without a role fails a test, so that no state can be forgotten. State and sums have a kind, which defines
how a value is frozen: cycles relative to now, units by their paths.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NEVER = 1 << 62
"""Later than every cycle: the alarm of a unit that nothing will wake."""

Plain = Any
"""A value that does not change: a number, a text, None, an instruction, or a tuple of such."""

Frozen = tuple[tuple[str, Plain], ...]
"""Values by name, such as ("buffer._held", 3)."""


@dataclass(frozen=True)
class Frame:
    """What values are frozen and restored relative to.

    `now` is the cycle. `units` has the units by their paths.
    """

    now: int
    units: Mapping[str, Any] = field(default_factory=dict)

    def relative(self, cycle: int) -> int | None:
        """A cycle as a distance from now; None for one that does not come."""
        if cycle == NEVER:
            return None
        return cycle - self.now

    def absolute(self, distance: int | None) -> int:
        """The cycle at a distance from now."""
        return NEVER if distance is None else self.now + distance


@dataclass(frozen=True)
class Kind:
    """How values of one kind are frozen, and made again."""

    name: str
    freeze: Callable[[Any, Frame], Plain]
    thaw: Callable[[Plain, Frame], Any]


def _same(value: Any, frame: Frame) -> Any:
    return value


def _path(unit: Any, frame: Frame) -> str | None:
    return None if unit is None else unit.path


def _unit(path: str | None, frame: Frame) -> Any:
    return None if path is None else frame.units[path]


def _began(cycle: int, frame: Frame) -> int | None:
    return None if cycle < 0 else cycle - frame.now


NUMBER = Kind("number", _same, _same)
"""A count, or whether something is so."""

VALUE = Kind("value", _same, _same)
"""An instruction, an operation, a context: values that never change. Instructions are compared by their fields."""

COUNTDOWN = Kind("countdown", _same, _same)
"""What is left of something: a number that only falls until it is set anew."""

INSTRUCTION = Kind("instruction", _same, _same)
"""An instruction, or None."""

OPERATION = Kind("operation", _same, _same)
"""An array operation with the instruction that it is of, or None."""

SINCE = Kind("since", lambda value, frame: frame.relative(value), lambda plain, frame: frame.absolute(plain))
"""The cycle up to which the time of a unit is accounted for."""

CYCLE = Kind("cycle", lambda value, frame: frame.relative(value), lambda plain, frame: frame.absolute(plain))

CYCLES = Kind(
    "cycles",
    lambda value, frame: tuple(frame.relative(cycle) for cycle in value),
    lambda plain, frame: [frame.absolute(distance) for distance in plain],
)

PLACES = Kind("cycles of like places", CYCLES.freeze, CYCLES.thaw)
"""Cycles from which places are free that nothing tells apart: only how many there are of each counts."""

LANES = Kind("cycles of lanes", CYCLES.freeze, CYCLES.thaw)
"""Cycles from which lanes are free, of which the one that is free the longest comes next."""

STAMPED = Kind(
    "stamped values",
    lambda value, frame: tuple((frame.relative(cycle), item) for cycle, item in value),
    lambda plain, frame: deque((frame.absolute(distance), item) for distance, item in plain),
)

UNIT = Kind("unit", _path, _unit)

UNITS = Kind(
    "units",
    lambda value, frame: tuple(_path(unit, frame) for unit in value),
    lambda plain, frame: [_unit(path, frame) for path in plain],
)

BEGAN = Kind("cycle, or -1", _began, lambda plain, frame: -1 if plain is None else frame.now + plain)

COUNTS = Kind(
    "counts",
    lambda value, frame: tuple(value),
    lambda plain, frame: list(plain),
)

TABLE = Kind(
    "counts by key",
    lambda value, frame: tuple((key, tuple(row) if isinstance(row, list) else row) for key, row in value.items()),
    lambda plain, frame: {key: list(row) if isinstance(row, tuple) else row for key, row in plain},
)

SPANS = Kind(
    "spans by key",
    lambda value, frame: tuple((key, tuple(cycle - frame.now for cycle in span)) for key, span in value.items()),
    lambda plain, frame: {key: [cycle + frame.now for cycle in span] for key, span in plain},
)

WORK = Kind(
    "first and last cycle of what was done",
    lambda value, frame: tuple((key, (a - frame.now, b - frame.now, done)) for key, (a, b, done) in value.items()),
    lambda plain, frame: {key: (a + frame.now, b + frame.now, done) for key, (a, b, done) in plain},
)

GRANTS = Kind(
    "cycles of grants by instruction",
    lambda value, frame: tuple((one, tuple(cycle - frame.now for cycle in cycles)) for one, cycles in value),
    lambda plain, frame: [(one, array("q", [cycle + frame.now for cycle in cycles])) for one, cycles in plain],
)


@dataclass(frozen=True)
class Roles:
    """What the attributes are for that a class adds to its instances.

    `spec` are settings, which never change; `ports` lead to other parts; `state` decides what happens next; `sums` only
    say what has happened; `derived` follow from the rest, and `restored` of the class sets them anew; `parts` have
    attributes with roles of their own.
    """

    spec: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    state: Mapping[str, Kind] = field(default_factory=dict)
    sums: Mapping[str, Kind] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """All attributes that have a role: the `__slots__` of a class whose attributes are to be found fast."""
        return [*self.spec, *self.ports, *self.state, *self.sums, *self.derived, *self.parts]


_known: dict[type, Roles] = {}


def roles_of(kind: type) -> Roles:
    """The roles of all attributes of a class, those that it inherits first."""
    if kind not in _known:
        _known[kind] = _merged(kind)
    return _known[kind]


def _merged(kind: type) -> Roles:
    found = [base.__dict__["roles"] for base in reversed(kind.__mro__) if "roles" in base.__dict__]
    return Roles(
        spec=tuple(name for one in found for name in one.spec),
        ports=tuple(name for one in found for name in one.ports),
        state={name: kind for one in found for name, kind in one.state.items()},
        sums={name: kind for one in found for name, kind in one.sums.items()},
        derived=tuple(name for one in found for name in one.derived),
        parts=tuple(name for one in found for name in one.parts),
    )


def with_parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Parts by name, with the parts that they consist of."""
    found: dict[str, Any] = {}
    for name, part in parts.items():
        found[name] = part
        inner = {f"{name}.{attribute}": getattr(part, attribute) for attribute in roles_of(type(part)).parts}
        found.update(with_parts(inner))
    return found


def freeze(parts: Mapping[str, Any], frame: Frame, sums: bool = False) -> Frozen:
    """The state of parts, or their sums, as plain values."""
    found: list[tuple[str, Plain]] = []
    for name, part in parts.items():
        roles = roles_of(type(part))
        for attribute, kind in (roles.sums if sums else roles.state).items():
            found.append((f"{name}.{attribute}", kind.freeze(getattr(part, attribute), frame)))
    return tuple(found)


def restore(parts: Mapping[str, Any], frame: Frame, frozen: Iterable[tuple[str, Plain]]) -> None:
    """Gives parts the state or the sums that they had, relative to another cycle."""
    for name, plain in frozen:
        path, _, attribute = name.rpartition(".")
        part = parts[path]
        roles = roles_of(type(part))
        kind = roles.state[attribute] if attribute in roles.state else roles.sums[attribute]
        setattr(part, attribute, kind.thaw(plain, frame))


@dataclass(frozen=True)
class Snapshot:
    """A chip between two steps of its event loop: all that decides how its run goes on, and what it has summed up.

    `state` holds cycles relative to `cycle`, and no sums; `sums` is None where they were left out. Instructions are
    held as they are: a snapshot lives as long as the process of the operating system that took it. States that are
    equal where chips go on alike, whatever their past, are those of sim/timing/canonical.py.
    """

    cycle: int
    state: Frozen
    sums: Frozen | None = None
    run: tuple[object, ...] | None = field(default=None, compare=False, repr=False)
    """What it is of: nothing else is restored from it."""
