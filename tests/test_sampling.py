"""Which cases of a brute-force test the default run takes, and that all others are slow."""

from __future__ import annotations

import time
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import CLOCKS, Case, reads_a_clock, sample

pytest_plugins = ["pytester"]

CONFTEST = """
    import pytest
    from sampling import mark

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(items):
        mark(items)
"""

SUITE = """
    import pytest

    @pytest.mark.sampled(2)
    @pytest.mark.parametrize("b", range(3))
    @pytest.mark.parametrize("a", range(3))
    def test_many(a, b):
        pass

    def test_one():
        pass
"""


def grid(*sizes: int) -> list[Case]:
    """All cases of parameters that have so many values."""
    return [dict(zip("abcd", values, strict=False)) for values in product(*map(range, sizes))]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 40))
def test_a_sample_has_as_many_cases_as_asked_or_all(sizes: list[int], count: int) -> None:
    cases = grid(*sizes)
    taken = sample(cases, count)
    assert len(taken) == min(count, len(cases))
    assert taken <= set(range(len(cases)))


@pytest.mark.parametrize("sizes", [(5,), (9, 3), (3, 9), (4, 4, 4), (12, 3, 3)])
def test_each_value_of_each_parameter_is_taken_before_one_is_taken_too_often(sizes: tuple[int, ...]) -> None:
    cases, count = grid(*sizes), max(sizes)
    taken = [cases[place] for place in sample(cases, count)]
    for name, size in zip("abcd", sizes, strict=False):
        used = Counter(case[name] for case in taken)
        assert set(used) == set(range(size))
        assert max(used.values()) - min(used.values()) <= 1


def test_another_case_changes_a_sample_by_one_or_two() -> None:
    seeds = [{"seed": seed} for seed in range(100)]
    assert len(sample(seeds, 10) - sample(seeds[:-1], 10)) <= 1


@pytest.fixture
def sampled(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite of two tests, one of which is sampled."""
    pytester.makeini("[pytest]\nmarkers =\n    slow: late\n    sampled(n): few")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_few=SUITE)
    return pytester


@pytest.mark.parametrize(("chosen", "passed"), [("not slow", 3), ("slow", 7), ("slow or not slow", 10)])
def test_what_the_sample_leaves_out_is_slow(sampled: pytest.Pytester, chosen: str, passed: int) -> None:
    assert sampled.runpytest("-m", chosen).parseoutcomes()["passed"] == passed


@pytest.mark.parametrize("case", ["0-0", "1-2", "2-1"])
def test_a_case_that_is_named_runs(sampled: pytest.Pytester, case: str) -> None:
    """Whoever names a case wants that case, in the sample or not."""
    found = sampled.runpytest("-m", "not slow", f"test_few.py::test_many[{case}]").parseoutcomes()
    assert (found["passed"], found.get("deselected", 0)) == (1, 0)


def test_a_test_that_judges_a_time_is_known_by_the_clock_that_it_reads(request: pytest.FixtureRequest) -> None:
    def with_a_clock() -> None:
        assert time.process_time() >= 0

    def without() -> None:
        assert CLOCKS

    for function, expected in ((with_a_clock, True), (without, False)):
        item = pytest.Function.from_parent(request.node.parent, name="any", callobj=function)
        assert reads_a_clock(item) is expected
