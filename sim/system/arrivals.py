"""When requests come: all at once, at random, or as a user says. Times are whole attoseconds, from 0 on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from acortex.errors import UsageError
from acortex.units import AS_PER_S, NS_PER_S

SATURATED, POISSON = "saturated", "poisson"
HINT = "saturated, poisson:RATE with RATE in requests per second or as a share such as 80%, or a FILE.csv of seconds"

MOST_REQUESTS = 1_000_000
"""Requests of a stream."""

MOST_RATE = 1e12
LEAST_RATE = 1e-6


@dataclass(frozen=True)
class Arrivals:
    """How requests come: `kind` is saturated, poisson or file; `rate` that of a random stream, in 1/s."""

    kind: str
    times: tuple[int, ...]
    rate: float | None = None
    seed: int | None = None


def arrivals_of(text: str, requests: int, seed: int, most: float) -> Arrivals:
    """The stream of a text, without a file: "saturated" or "poisson:RATE".

    A rate of 80% is that share of `most`, the requests per second that the system can serve. Raises UsageError.
    """
    kind, _, rate = text.partition(":")
    if text == SATURATED:
        return Arrivals(SATURATED, (0,) * requests)
    if kind == POISSON:
        return poisson(_rate(rate, most), requests, seed)
    raise UsageError(f"no arrivals are called {text[:80]!r}", hint=HINT)


def poisson(rate: float, requests: int, seed: int) -> Arrivals:
    """A Poisson stream of `rate` requests per second: gaps are exponential, each rounded to an attosecond."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, requests)
    time, times = 0, []
    for gap in gaps.tolist():
        time += round(gap * AS_PER_S)
        times.append(time)
    return Arrivals(POISSON, tuple(times), rate, seed)


def _rate(text: str, most: float) -> float:
    share = text.endswith("%")
    try:
        number = float(text.removesuffix("%")) if text.isascii() else 0.0
    except ValueError:
        number = 0.0
    rate = number / 100 * most if share else number
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise UsageError(
            f"the rate {text[:40]!r} is no number of requests per second from {LEAST_RATE:g} to {MOST_RATE:g}",
            hint=HINT,
        )
    return rate


def recorded(text: str, file: str) -> Arrivals:
    """The stream of a file: a time in seconds in the first column of each line, none before the one above it.

    A first line that holds no number is a heading. Raises UsageError with the line of what is wrong.
    """
    rows = list(_rows(text))
    if not 0 < len(rows) <= MOST_REQUESTS:
        hint = "give a time in seconds on each line"
        raise UsageError(f"holds {len(rows):,} arrivals, allowed is 1 to {MOST_REQUESTS:,}", where=file, hint=hint)
    times: list[int] = []
    for number, cell in rows:
        time = _attoseconds(cell)
        if time is None:
            raise UsageError(f"{cell[:40]!r} is no time in seconds", where=f"{file}:{number}", hint="from 0 to 1e9")
        if times and time < times[-1]:
            hint = "sort the lines by time"
            raise UsageError("is earlier than the line before", where=f"{file}:{number}", hint=hint)
        times.append(time)
    return Arrivals("file", tuple(times))


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The first column of each line that is not empty, with the number of the line; without a heading."""
    first = True
    for number, line in enumerate(text.splitlines(), 1):
        cell = line.partition(",")[0].strip().strip('"')
        if line.strip() and not (first and _number(cell) is None):
            yield number, cell
        first = first and not line.strip()


def _attoseconds(text: str) -> int | None:
    """A time in seconds as attoseconds, rounded; None for what is none."""
    seconds = _number(text)
    if seconds is None or not seconds.is_finite() or not 0 <= seconds <= NS_PER_S:
        return None
    return round(seconds * AS_PER_S)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
