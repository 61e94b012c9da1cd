from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from threading import Event, Thread, current_thread

import numpy as np
import pytest

from acortex.programs.quantise.ahead import ahead

LONG_S = 60


def noted(begun: list[int], number: int) -> int:
    begun.append(number)
    return number


def test_results_come_in_the_order_of_their_jobs() -> None:
    assert list(ahead(partial(noted, [], number) for number in range(5))) == [0, 1, 2, 3, 4]
    assert list(ahead(())) == []


def test_the_next_job_is_done_while_the_caller_is_at_one() -> None:
    second = Event()
    with closing(ahead([lambda: True, lambda: second.set() or True, lambda: True])) as made:
        assert next(made)
        assert second.wait(LONG_S)


def test_no_more_than_one_job_is_done_ahead() -> None:
    begun: list[int] = []
    with closing(ahead(partial(noted, begun, number) for number in range(9))) as made:
        for asked in range(1, 4):
            next(made)
            assert max(begun) <= asked
    assert max(begun) <= 4, "and none once the iterator is closed"


def test_jobs_are_done_in_another_thread() -> None:
    (name,) = ahead([lambda: current_thread().name])
    assert name != current_thread().name


def failing() -> int:
    raise ValueError("of the second job")


def test_an_error_is_raised_where_its_result_is_asked_for() -> None:
    made = ahead([lambda: 1, failing, lambda: 3])
    assert next(made) == 1
    with pytest.raises(ValueError, match="of the second job"):
        next(made)


def test_no_memory_for_a_thread_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", start)
    with pytest.raises(MemoryError, match="can't start new thread"):
        next(ahead([lambda: 1]))


@pytest.mark.parametrize(("treated", "raised"), [("ignore", False), ("raise", True)])
def test_numbers_without_a_value_are_treated_as_by_the_caller(treated: str, raised: bool) -> None:
    def divide() -> bool:
        try:
            np.ones(2) / np.zeros(2)
        except FloatingPointError:
            return True
        return False

    with np.errstate(divide=treated):
        assert list(ahead([divide])) == [raised]


def test_what_was_taken_is_kept_no_longer() -> None:
    class Large:
        pass

    from weakref import ref

    jobs: Iterator[Callable[[], Large]] = (Large for _ in range(3))
    with closing(ahead(jobs)) as made:
        large = next(made)
        kept = ref(large)
        del large
        assert kept() is None
