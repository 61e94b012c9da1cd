"""The points of a sweep: every combination, the axes side by side, or points that are drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acortex.errors import UsageError
from acortex.tools.sweep.axes import PROGRAM, Axis, Value
from acortex.tools.sweep.spec import Spec
from acortex.traces.file.dataframes import optional
from acortex.wording import count


@dataclass(frozen=True)
class Point:
    """One run of a sweep: its program, and what each axis says."""

    program: str
    values: Mapping[str, Value]


def number_of_points(spec: Spec) -> int:
    """How many points a sweep has. Raises UsageError for more than its limit, with their number."""
    total = max(1, len(spec.programs)) * _of_axes(spec)
    if total > spec.limit:
        factors = [f"{axis.title} {len(axis.rows)}" for axis in spec.axes if len(axis.rows) > 1]
        programs = [count(len(spec.programs), "program")] if len(spec.programs) > 1 else []
        product = " x ".join([*programs, *factors]) if spec.sample.kind == "grid" else spec.sample.kind
        raise UsageError(
            f"the sweep has {total:,} points ({product}), more than its limit of {spec.limit:,}",
            where=spec.file,
            hint='draw some of them: [sample] kind = "sobol", points = 200; or raise `limit`',
        )
    return total


def _of_axes(spec: Spec) -> int:
    if spec.sample.points:
        return spec.sample.points
    lengths = [len(axis.rows) for axis in spec.axes]
    return max(lengths, default=1) if spec.sample.kind == "list" else math.prod(lengths)


def points_of(spec: Spec) -> Iterator[Point]:
    """The points of a sweep in their order: those of the first program, then of the next."""
    rows = {"grid": _grid, "list": _list, "random": _random, "sobol": _sobol}[spec.sample.kind]
    for program in spec.programs or ("",):
        for values in rows(spec):
            named = dict(zip(spec.names, values, strict=True))
            yield Point(str(named.get(PROGRAM, program)), named)


def _grid(spec: Spec) -> Iterator[tuple[Value, ...]]:
    """Each combination, the last axis fastest."""
    return (tuple(itertools.chain(*rows)) for rows in itertools.product(*(axis.rows for axis in spec.axes)))


def _list(spec: Spec) -> Iterator[tuple[Value, ...]]:
    """The first values of all axes, then the second ones."""
    if not spec.axes:
        return iter([()])
    return (tuple(itertools.chain(*rows)) for rows in zip(*(axis.rows for axis in spec.axes), strict=True))


def _random(spec: Spec) -> Iterator[tuple[Value, ...]]:
    """Points that do not depend on each other; more of them begin with the same ones."""
    generator = np.random.default_rng(spec.sample.seed)
    for shares in generator.random((spec.sample.points, len(spec.axes))):
        yield _drawn(spec.axes, shares.tolist())


def _sobol(spec: Spec) -> Iterator[tuple[Value, ...]]:
    """Points that fill the axes evenly; more of them begin with the same ones."""
    qmc = optional("scipy.stats.qmc", "a Sobol sample", "search")
    sampler = qmc.Sobol(len(spec.axes), scramble=True, seed=spec.sample.seed)
    exponent = math.ceil(math.log2(spec.sample.points))
    for shares in sampler.random_base2(exponent)[: spec.sample.points]:
        yield _drawn(spec.axes, shares.tolist())


def _drawn(axes: Sequence[Axis], shares: Sequence[float]) -> tuple[Value, ...]:
    """The point at a share of the way along each axis."""
    return tuple(itertools.chain(*(_at(axis, share) for axis, share in zip(axes, shares, strict=True))))


def _at(axis: Axis, share: float) -> tuple[Value, ...]:
    if axis.span is not None:
        return (axis.span.at(share),)
    return axis.rows[min(int(share * len(axis.rows)), len(axis.rows) - 1)]
