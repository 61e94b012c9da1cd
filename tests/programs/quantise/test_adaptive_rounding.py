"""Levels found by descent, against all levels there are, closed forms, and the nearest ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.programs.quantise.adapt import chosen
from acortex.programs.quantise.adaptive_rounding import Levels, Rows, begin, best_steps, descend, rows_of

Array = np.ndarray[Any, Any]

TOP = 3


def problem(
    seed: int, inputs: int = 4, outputs: int = 3, groups: int = 1, like: float = 0.8
) -> tuple[Rows, Array, Array, Array]:
    """Rows of codes that are more or less alike, and weights: what `descend` takes, the codes, and the weights."""
    rng = np.random.default_rng(seed)
    shared = rng.integers(0, 16, (groups, 60, 1))
    apart = rng.integers(0, 16, (groups, 60, inputs))
    codes = np.where(rng.random(apart.shape) < like, shared, apart).astype(np.float64)
    weights = rng.standard_normal((groups, inputs, outputs))
    gram = codes.transpose(0, 2, 1) @ codes + np.eye(inputs)
    return rows_of(gram, gram @ weights, TOP), codes, weights, np.abs(weights).max(axis=1) / TOP


def error(codes: Array, weights: Array, levels: Array, steps: Array) -> Array:
    """The error of each output over all rows, and that of the weights, which `problem` counts once: straight away."""
    wrong = weights - levels * steps[:, None]
    total: Array = np.square(codes @ wrong).sum(axis=1) + np.square(wrong).sum(axis=1)
    return total


def found(rows: Rows, weights: Array, steps: Array, sweeps: int = 30) -> Array:
    start = begin(rows, weights / steps[:, None], -TOP, TOP)
    values: Array = descend(rows, steps, start, -TOP, TOP, sweeps).values
    return values


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_levels_are_whole_and_no_single_one_could_be_better(seed: int) -> None:
    rows, codes, weights, steps = problem(seed)
    levels = found(rows, weights, steps)
    assert np.array_equal(levels, np.rint(levels)) and np.abs(levels).max() <= TOP
    own = error(codes, weights, levels, steps)
    for place in range(levels.shape[1]):
        for level in range(-TOP, TOP + 1):
            other = levels.copy()
            other[:, place] = level
            assert (own <= error(codes, weights, other, steps) * (1 + 1e-6) + 1e-9).all()


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_levels_are_no_worse_than_the_nearest(seed: int) -> None:
    rows, codes, weights, steps = problem(seed)
    nearest = np.clip(np.rint(weights / steps[:, None]), -TOP, TOP)
    levels, better = chosen(rows, weights / steps[:, None], steps, 1.0, TOP)
    assert (error(codes, weights, levels, better) <= error(codes, weights, nearest, steps) * (1 + 1e-6)).all()


def test_over_many_problems_levels_come_near_the_best_of_all_there_are() -> None:
    own, best, nearest = 0.0, 0.0, 0.0
    for seed in range(8):
        rows, codes, weights, steps = problem(seed, outputs=1)
        every = np.array(list(itertools.product(range(-TOP, TOP + 1), repeat=4)), np.float64).T[None]
        best += float(min(error(codes, weights, every, steps * f).min() for f in (0.8, 0.9, 1, 1.1)))
        own += float(error(codes, weights, *chosen(rows, weights / steps[:, None], steps, 1.0, TOP)).sum())
        nearest += float(error(codes, weights, np.rint(weights / steps[:, None]), steps).sum())
    assert own < 1.1 * best  # of four steps for each; ours is of least squares
    assert own < 0.4 * nearest


def test_inputs_that_have_nothing_to_do_with_each_other_get_the_nearest_levels() -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(-2.9, 2.9, (2, 5, 4))
    gram = np.stack([np.diag(rng.uniform(1, 100, 5)) for _ in range(2)])
    rows, steps = rows_of(gram, gram @ weights, TOP), np.ones((2, 4))
    assert np.array_equal(found(rows, weights, steps), np.rint(weights))


def test_groups_are_problems_of_their_own() -> None:
    rows, _, weights, steps = problem(3, groups=3)
    together = found(rows, weights, steps)
    for group in range(3):
        part = slice(group, group + 1)
        alone = rows_of(np.ldexp(rows.gram[part], rows.exponent), rows.target[part], TOP)
        assert np.array_equal(found(alone, weights[part], steps[part]), together[part])


def test_what_levels_make_is_kept_up_to_date() -> None:
    rows, _, weights, steps = problem(5, inputs=150)  # more than a block
    start = begin(rows, weights / steps[:, None], -TOP, TOP)
    ended = descend(rows, steps, start, -TOP, TOP)
    assert np.array_equal(ended.made, rows.gram @ ended.values)


def test_steps_are_those_of_least_squares() -> None:
    rows, codes, weights, steps = problem(7, outputs=1)
    levels = found(rows, weights, steps)
    seen = np.concatenate([codes[0], np.eye(4)])
    (best,), *_ = np.linalg.lstsq(seen @ levels[0], (seen @ weights[0])[:, 0], rcond=None)
    ours = best_steps(rows, Levels(levels, rows.gram @ levels), steps)
    assert ours[0, 0] == pytest.approx(best, rel=1e-6)


def test_outputs_without_levels_keep_their_steps() -> None:
    rows, _, weights, steps = problem(9)
    nothing = np.zeros_like(weights)
    assert np.array_equal(best_steps(rows, Levels(nothing, nothing), steps), steps)


def test_inputs_that_never_differ_from_zero_do_no_harm() -> None:
    weights = np.array([[[0.4], [2.2]]])
    gram = np.array([[[0.0, 0.0], [0.0, 9.0]]])
    levels = found(rows_of(gram, gram @ weights, TOP), weights, np.ones((1, 1)))
    assert levels[0, 1, 0] == 2 and np.isfinite(levels).all()
