"""When requests come: at random with the right mean and spread, or as a file says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.sim.system import arrivals
from acortex.sim.system.arrivals import arrivals_of, poisson, recorded
from acortex.units import AS_PER_S


def test_a_saturated_stream_is_there_at_once() -> None:
    found = arrivals_of("saturated", 3, 0, 1.0)
    assert (found.kind, found.times, found.rate, found.seed) == ("saturated", (0, 0, 0), None, None)


def test_gaps_of_a_random_stream_are_exponential() -> None:
    found = poisson(1000.0, 20_000, 5)
    gaps = np.diff([0, *found.times]) / AS_PER_S
    assert abs(gaps.mean() * 1000 - 1) < 4 / 20_000**0.5  # the spread of an exponential is its mean
    assert abs(gaps.std() * 1000 - 1) < 0.05
    assert abs((gaps > 1e-3).mean() - np.exp(-1)) < 0.015


def test_the_same_seed_gives_the_same_stream_and_its_beginning() -> None:
    assert poisson(10.0, 50, 3).times == poisson(10.0, 80, 3).times[:50]
    assert poisson(10.0, 50, 3).times != poisson(10.0, 50, 4).times
    gaps = np.random.default_rng(3).exponential(0.1, 2).tolist()  # there is one before the first request, too
    assert poisson(10.0, 2, 3).times == (round(gaps[0] * AS_PER_S), sum(round(gap * AS_PER_S) for gap in gaps))


def test_a_rate_may_be_a_share_of_the_most() -> None:
    assert arrivals_of("poisson:80%", 9, 0, 50.0).rate == 40.0
    assert arrivals_of("poisson:80", 9, 0, 50.0).rate == 80.0
    assert arrivals_of("poisson:1e6", 1, 7, 50.0).seed == 7
    assert arrivals_of("poisson:2e12%", 1, 0, 10.0).rate == 2e11  # the rate has bounds, and not the share


@pytest.mark.parametrize("text", ["poisson", "poisson:", "poisson:x", "poisson:0", "poisson:-1", "poisson:nan"])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of requests per second") as refused:
        arrivals_of(text, 1, 0, 1.0)
    assert "poisson:RATE" in refused.value.hint


@pytest.mark.parametrize("text", ["poisson:1e300", "poisson:inf", "poisson:1e-9", "poisson:1e400%", "poisson:1e-5%"])
def test_a_rate_beyond_all_bounds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of requests per second"):
        arrivals_of(text, 1, 0, 1.0)


@pytest.mark.parametrize("text", ["", "random", "saturated:3", "Poisson:3", "x" * 500])
def test_arrivals_of_no_kind_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no arrivals are called") as refused:
        arrivals_of(text, 1, 0, 1.0)
    assert len(refused.value.message) < 120


def test_a_file_has_a_time_on_each_line() -> None:
    found = recorded("0\n1e-9\n\n0.5,of no matter\n", "a.csv")
    assert (found.kind, found.times) == ("file", (0, 10**9, AS_PER_S // 2))


def test_a_heading_may_stand_below_empty_lines_and_times_may_be_the_same() -> None:
    assert recorded("\n \ntime_s\n\n1\n1\n2\n2\n", "a.csv").times == tuple(n * AS_PER_S for n in (1, 1, 2, 2))


def test_a_file_has_as_many_arrivals_as_are_allowed_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MOST_REQUESTS", 3)
    assert len(recorded("1\n2\n3\n", "a.csv").times) == 3
    with pytest.raises(UsageError, match="holds 4 arrivals, allowed is 1 to 3"):
        recorded("1\n2\n3\n4\n", "a.csv")


def test_a_heading_is_passed_over_and_quotes_are_taken_off() -> None:
    assert recorded('time_s,note\n"1",a\n2,b\n', "a.csv").times == (AS_PER_S, 2 * AS_PER_S)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("1\n0.5\n", "a.csv:2", "is earlier than the line before"),
        ("1\n\nx\n", "a.csv:3", "'x' is no time in seconds"),
        ("1\n-1\n", "a.csv:2", "'-1' is no time in seconds"),
        ("1\nnan\n", "a.csv:2", "'nan' is no time"),
        ("1\n1e30\n", "a.csv:2", "'1e30' is no time"),
        ("1e30\n1\n", "a.csv:1", "'1e30' is no time"),  # a number is no heading
        ("-1\n", "a.csv:1", "'-1' is no time"),
        ("nan\n1\n", "a.csv:1", "'nan' is no time"),
        ("", "a.csv", "holds 0 arrivals"),
        ("time\n", "a.csv", "holds 0 arrivals"),
        ("1\ntime\n", "a.csv:2", "'time' is no time"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        recorded(text, "a.csv")
    assert refused.value.where == where


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_times_are_read_as_they_are_written(nanoseconds: list[int]) -> None:
    times = sorted(nanoseconds)
    text = "\n".join(f"{time}e-9" for time in times)
    assert recorded(text, "a.csv").times == tuple(time * 10**9 for time in times)
