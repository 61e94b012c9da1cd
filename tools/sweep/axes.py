"""The axes of a sweep: which settings move, and what values they take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from acortex.errors import UsageError
from acortex.programs.choices import EFFORTS, HOSTS, MAPPINGS
from acortex.sim.chip.specs import SETTINGS
from acortex.wording import count, did_you_mean, setting_value

Value = bool | int | Decimal | str
"""What a setting takes; numbers with a point are decimal, as chip files have them."""

Given = bool | int | float | str
"""The same as JSON and tables have it."""

PROGRAM, CHIP = "program", "chip"

COMPILING = {"compile.mapping": MAPPINGS, "compile.quantise": EFFORTS, "compile.host": HOSTS}
"""The options of the compiler that can be axes, and their words."""

DIGITS = 12
"""Digits of the numbers of a range."""

MOST_VALUES = 100_000
"""Values of one axis, at most."""


@dataclass(frozen=True)
class Span:
    """A range of numbers, both ends included, evenly spaced or by equal factors."""

    low: Fraction
    high: Fraction
    log: bool
    whole: bool

    def at(self, share: float | Fraction) -> Value:
        """The number at a share of the way, 0 to 1."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            number = Fraction(math.exp(low + float(share) * (high - low)))
        else:
            number = self.low + Fraction(share) * (self.high - self.low)
        return self.number(number)

    def number(self, given: float | Fraction) -> Value:
        """A number as the setting takes it, within the range."""
        number = min(max(Fraction(given), self.low), self.high)  # a logarithm rounds
        return round(number) if self.whole else _decimal(number)


@dataclass(frozen=True)
class Axis:
    """What moves together: its names, and rows with a value for each of them."""

    names: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    where: str
    span: Span | None = None
    """The range that the rows were taken from, for sweeps that draw their points."""

    @property
    def title(self) -> str:
        """Its name, or several with a comma between."""
        return ", ".join(self.names)


def axes_of(table: object, places: Mapping[str, str], file: str) -> list[Axis]:
    """The axes of the table `[axes]` of a file. Raises UsageError, naming the line."""
    if not isinstance(table, dict):
        raise UsageError("axes is a table: a setting, and the values that it takes", where=file, hint=EXAMPLE)
    found = [_axis(name, given, places.get(f"axes.{name}", file)) for name, given in _flat(table)]
    _check_apart(found)
    return found


def _check_apart(axes: Sequence[Axis]) -> None:
    """Refuses a setting that two axes move."""
    seen: dict[str, str] = {}
    for axis in axes:
        for name in axis.names:
            if name in seen:
                fault = UsageError(f"{name} is in two axes", where=axis.where, hint="link them, or leave one out")
                fault.places = (("the first of them", seen[name]),)
                raise fault
            seen[name] = axis.where


def said_again(rows: Iterable[tuple[Value, ...]]) -> str:
    """The first row that stood before, as errors name it; empty where all differ."""
    seen: set[tuple[Value, ...]] = set()
    for row in rows:
        if row in seen:
            return ", ".join(map(setting_value, row))
        seen.add(row)
    return ""


EXAMPLE = '"memory.banks" = [4, 8, 16], "clock_ns" = { from = 1.0, to = 4.0, steps = 4 }'


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots and what they are given; TOML makes tables of names without quotes."""
    for name, given in table.items():
        if isinstance(given, dict) and not given.keys() & {"from", "to", "linked", "steps"}:
            yield from _flat(given, f"{prefix}{name}.")
        else:
            yield prefix + name, given


def _axis(name: str, given: object, where: str) -> Axis:
    if isinstance(given, list):
        axis = Axis((_known(name, where),), tuple((_value(one, where),) for one in given), where)
    elif isinstance(given, dict) and "linked" in given:
        axis = _linked(name, given, where)
    elif isinstance(given, dict):
        axis = _range(_known(name, where), given, where)
    else:
        raise UsageError(f"{name} is given one value, an axis has a list of them", where=where, hint=EXAMPLE)
    if not axis.rows:
        raise UsageError(f"{name} has no values", where=where, hint="give it at least one, or leave it out")
    if len(axis.rows) > MOST_VALUES:
        raise UsageError(f"{name} has {len(axis.rows):,} values, at most {MOST_VALUES:,} are taken", where=where)
    for row in axis.rows:
        for one, value in zip(axis.names, row, strict=True):
            _check_word(one, value, where)
    return axis


def _known(name: str, where: str) -> str:
    """A name that can be an axis."""
    if name in SETTINGS or name in (PROGRAM, CHIP) or name in COMPILING:
        return name
    known = [*SETTINGS, PROGRAM, CHIP, *COMPILING]
    hint = did_you_mean(name, known, "settings are those of `acortex chip show CHIP`, such as memory.banks")
    raise UsageError(f"no setting is called {name[:80]}", where=where, hint=hint)


def _check_word(name: str, value: Value, where: str) -> None:
    """Refuses a word that an option of the compiler does not take."""
    words = COMPILING.get(name)
    if words is not None and value not in words:
        raise UsageError(f"{name} takes {' or '.join(words)}, not {setting_value(value)}", where=where)
    if name in (PROGRAM, CHIP) and not isinstance(value, str):
        raise UsageError(f"a {name} is named by a text, not by {setting_value(value)}", where=where)


def _value(given: object, where: str) -> Value:
    if isinstance(given, float):  # of a table of Python
        given = Decimal(repr(given))
    if not isinstance(given, (bool, int, Decimal, str)):
        raise UsageError("a value of an axis is a number, true, false or a text", where=where, hint=EXAMPLE)
    if isinstance(given, Decimal) and not given.is_finite():
        raise UsageError(f"{str(given).lower()} is no value of a setting", where=where)
    return given


SMALLEST = Decimal("1e-300")
"""The smallest end of a range beside 0; the largest is one divided by it."""


def _range(name: str, given: Mapping[str, Any], where: str) -> Axis:
    """An axis of `{from, to, steps, log}`."""
    _check_keys(name, given, where)
    span = Span(*_ends(name, given, where), _flag(given.get("log", False), where), _is_whole(name, where))
    if span.log and span.low <= 0:
        raise UsageError(f"a range by factors begins above 0, {name} at {float(span.low):g}", where=where)
    steps = given.get("steps", 2)
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_VALUES:
        raise UsageError(f"steps of {name} is a whole number from 1 to {MOST_VALUES:,}", where=where)
    shares = [Fraction(step, max(1, steps - 1)) for step in range(steps)]
    values = dict.fromkeys(span.at(share) for share in shares)  # whole numbers may meet
    return Axis((name,), tuple((value,) for value in values), where, span)


def _check_keys(name: str, given: Mapping[str, Any], where: str) -> None:
    """Refuses a range that says too much or too little."""
    for key in given:
        if key not in ("from", "to", "steps", "log"):
            raise UsageError(f"a range has no {key}", where=where, hint="it has from, to, steps and log")
    for key in ("from", "to"):
        if key not in given:
            raise UsageError(f"the range of {name} has no {key}", where=where, hint=EXAMPLE)


def _ends(name: str, given: Mapping[str, Any], where: str) -> tuple[Fraction, Fraction]:
    ends = []
    for key in ("from", "to"):
        end = _value(given[key], where)
        if isinstance(end, (bool, str)):
            raise UsageError(f"the range of {name} goes {key} a number, not {setting_value(end)}", where=where)
        if end and not SMALLEST <= abs(Decimal(end)) <= 1 / SMALLEST:  # as a fraction it would have as many digits
            raise UsageError(f"the range of {name} goes {key} a number that no setting has", where=where, hint=EXAMPLE)
        ends.append(Fraction(end))
    low, high = ends
    if low > high:
        raise UsageError(f"the range of {name} goes from {float(low):g} down to {float(high):g}", where=where)
    return low, high


def _flag(given: object, where: str) -> bool:
    if not isinstance(given, bool):
        raise UsageError("log is true or false", where=where)
    return given


def _is_whole(name: str, where: str) -> bool:
    """Whether a setting takes whole numbers. Raises UsageError for one that takes no numbers."""
    kind = SETTINGS[name].kind if name in SETTINGS else "text"
    if kind not in ("integer", "number"):
        raise UsageError(f"{name} takes no numbers, so that it has no range", where=where, hint="list its values")
    return kind == "integer"


def _linked(name: str, given: Mapping[str, Any], where: str) -> Axis:
    """An axis whose settings move together: `"a, b" = {linked = [[1, 4], [2, 8]]}`, a row for each point."""
    rows = given["linked"]
    if len(given) > 1 or not rows or not isinstance(rows, list) or {type(row) for row in rows} != {list}:
        raise UsageError("linked is a list of rows, and stands alone", where=where, hint=LINKED)
    names, rows = _named_rows([one.strip() for one in name.split(",")], rows)
    for row in rows:
        if len(row) != len(names):
            message = f"a row has {count(len(row), 'value')} for {count(len(names), 'setting')}"
            raise UsageError(message, where=where, hint=LINKED)
    known = tuple(_known(one, where) for one in names)
    return Axis(known, tuple(tuple(_value(one, where) for one in row) for row in rows), where)


def _named_rows(names: list[str], rows: list[list[Any]]) -> tuple[list[str], list[list[Any]]]:
    """The names of linked settings, and a row of values for each point.

    The first row may name them. A list of values for each setting is taken where there is no other reading.
    """
    if all(isinstance(one, str) and (one in SETTINGS or one in COMPILING) for one in rows[0]):
        return rows[0], rows[1:]
    lengths = {len(row) for row in rows}
    if len(rows) == len(names) > 1 and len(lengths) == 1 and lengths != {len(names)}:
        return names, [list(row) for row in zip(*rows, strict=True)]
    return names, rows


LINKED = '"memory.ports, memory.banks" = { linked = [[1, 4], [2, 8]] }'


def _decimal(number: Fraction) -> Decimal:
    """A number to `DIGITS` digits, without zeros at its end."""
    text = f"{float(number):.{DIGITS}g}" if number.denominator != 1 else str(number.numerator)
    return Decimal(text)


def text_of(value: Value) -> str:
    """A value as an override of a setting says it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def plain(value: Value) -> Given:
    """A value as JSON and tables have it."""
    return float(value) if isinstance(value, Decimal) else value
