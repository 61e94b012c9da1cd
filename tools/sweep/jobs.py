"""Work for a sweep as plain data, and what comes of it: both cross the border of a process, or of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

Scalar = bool | int | float | str | None

Result = Mapping[str, Scalar]
"""What is known of a key: a `status`, done or failed, with an `error`; then numbers."""

Answer = Mapping[str, Result]
"""Results by key."""


class Drawing(TypedDict):
    """A run on a chip whose delays are drawn, as plain data."""

    shares: dict[str, float]
    """How far each constant lies from one end of its spread to the other."""
    limits: list[int]
    """Cycles after which reads are late, of each chip that takes these cycles."""


class Drawn(TypedDict):
    """The runs that samples are taken from, as plain data."""

    samples: int
    seed: int
    """How many samples of prices, and of which draws."""
    still: tuple[str, ...]
    """Delays that move no cycle of these runs."""
    drawn: tuple[str, ...]
    """The key of the run of each draw."""
    middle: str
    """That of the run with all delays in the middle of their spreads."""
    ends: dict[str, tuple[str, str]]
    """Those of the runs with one delay at its ends, by its path."""
    counts: dict[str, Result]
    """What was counted in each, by key."""


class Job(TypedDict):
    """Work for one or more keys, as plain data."""

    do: str
    """One of `acortex.tools.sweep.work.WORK`."""
    keys: list[str]
    """What the results are known by."""
    program: str
    """The program, as `acortex run` takes it."""
    file: str
    """Where the program of a network is kept; empty for what is none."""
    compile: dict[str, object]
    """The options of the compiler, those of `Compiling`."""
    chip: str
    """The chip below all settings."""
    points: list[tuple[str, ...]]
    """The settings of each key; those of the first where a program is made."""
    inputs: str | None
    labels: str | None
    """The files of what the host has."""
    chips: int
    seed: int
    """The population of chips with errors."""
    drawings: NotRequired[list[Drawing]]
    """Of `count` the run of each key."""
    sampled: NotRequired[Drawn]
    """Of `spread` what samples are taken from."""
