"""A network is evaluated on one thread of linear algebra: how many the machine has must not change a digit."""

from __future__ import annotations

from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from acortex.programs.front import random_inputs
from acortex.programs.network.network import Network
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.exact import EXACT
from acortex.programs.quantise.images import as_images


def threads() -> list[int]:
    """How many threads each library of linear algebra takes that is loaded."""
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def seen_with(sums: object) -> list[list[int]]:
    """The threads as each step of a network has been evaluated, where two are allowed."""
    graph = normalise(Network("small", input=(6,)).linear(5).relu().linear(3).model)
    inputs = as_images(graph, random_inputs(graph, 2))
    seen: list[list[int]] = []
    with threadpool_limits(2, "blas"):
        evaluate(graph, inputs, lambda step, made: seen.append(threads()), sums=sums)
        seen.append(threads())
    return seen


def test_sums_of_floats_take_one_thread_and_then_as_many_as_before() -> None:
    *within, after = seen_with(None)
    assert within and all(set(found) == {1} for found in within)
    assert set(after) == {2}


def test_exact_sums_take_as_many_as_there_are() -> None:
    assert all(set(found) == {2} for found in seen_with(EXACT))
