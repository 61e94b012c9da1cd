"""Numbers that users give: each is finite, from a least to a largest value; in options and in Python calls alike."""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any, SupportsIndex

import click

from acortex.errors import UsageError

MOST_CYCLES = 10**18
"""The last cycle that can be named: an hour of any clock is far below, and sums of cycles stay within 64 bits."""


class Whole(click.IntRange):
    """The type of an option that is a whole number from `least` to `most`."""

    name = "whole number"  # as messages and help say it; click says "integer range"

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most)
        self.least, self.most = least, most


class Finite(click.FloatRange):
    """The type of an option that is a number from `least` to `most`; nan lies in no range."""

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        super().__init__(least, most)
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; click's message for one outside the range."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


CYCLE = Whole(0, MOST_CYCLES)
"""A cycle of a run."""

CYCLES = Whole(1, MOST_CYCLES)
"""A number of cycles, at least one."""

SEED = Whole(0, 2**63 - 1)
"""A seed of random numbers."""

CHIPS = Whole(1, 100_000)
"""Chips of a population."""

REPLICAS = Whole(1, 1024)
"""Copies of a system of chips."""

REQUESTS = Whole(1, 1_000_000)
"""Requests of a stream."""

INFERENCES = Whole(1, 1 << 16)
"""Inferences that a program is walked through without values."""

MEASURED = Whole(1, 10_000)
"""Chips that are measured to choose scales."""

WORKERS = Whole(1, 1024)
"""Processes that work."""

TRIALS = Whole(1, 1_000_000)
"""Points that a search tries."""

CONSTANTS = Whole(20, 1_000_000)
"""Samples of the constants of a chip."""

DRAWS = Whole(0, 1_000_000)
"""Draws of the delays of a chip."""

AGE = Finite(0.0, 1e9)
"""Seconds since the weights were written."""

SECONDS = Finite(0.0, 86_400.0)
"""Processor time that may be spent."""

CELSIUS = Finite(-55.0, 150.0)
"""A temperature at which a chip works."""

SHARE = Finite(0.0, 1.0)
"""A share of a whole, such as an accuracy."""

TOLERANCE = Finite(0.0, 1e9)
"""A difference relative to a value: 0.01 is a hundredth of it."""


AUTO = 0
"""Chips of a network where the compiler chooses how many."""


class ChipCount(Whole):
    """A number of chips, or auto for as few as hold the network."""

    def __init__(self) -> None:
        super().__init__(1, 256)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or that of auto."""
        return AUTO if value in ("auto", AUTO) else int(super().convert(value, param, ctx))


def whole(name: str, value: object, allowed: Whole) -> int | None:
    """An argument of a Python call, held against the range of the option; None stays None. UsageError outside."""
    if value is None:
        return None
    number = operator.index(value) if isinstance(value, SupportsIndex) and not isinstance(value, bool) else None
    if number is None or not allowed.least <= number <= allowed.most:
        shown = reprlib.repr(value)  # short, however long the value is
        raise UsageError(f"{name} is {shown}: allowed is a whole number from {allowed.least} to {allowed.most}")
    return number


def needed(name: str, value: object, allowed: Whole) -> int:
    """An argument of a Python call as `whole` takes it, that cannot be None."""
    number = whole(name, value, allowed)
    if number is None:
        raise UsageError(f"{name} is None: allowed is a whole number from {allowed.least} to {allowed.most}")
    return number


def numbers(name: str, values: object, allowed: Finite) -> list[float]:
    """An argument of a Python call that is a list of numbers, each within the range of the option. UsageError else."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise UsageError(
            f"{name} is {reprlib.repr(values)}: it is a list of numbers", hint=f"{name}=[{allowed.least:g}]"
        )
    found = [_number(value) for value in values]
    for value, number in zip(values, found, strict=True):
        if not allowed.least <= number <= allowed.most:  # nan lies in no range
            shown = reprlib.repr(value)
            raise UsageError(f"{name} holds {shown}: allowed are numbers from {allowed.least:g} to {allowed.most:g}")
    return found


def _number(value: object) -> float:
    """A number as a float; nan for what is none."""
    return float(value) if isinstance(value, Real | Decimal) and not isinstance(value, bool) else math.nan
