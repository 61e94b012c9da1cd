"""What a session keeps of its checks: problems by place, and costs of the last text alone."""

from __future__ import annotations

import pytest

from acortex.tools.editor.check import Checked, Problem, Span
from acortex.tools.editor.costs import Costs
from acortex.tools.editor.session import Job, Session

PROBLEM = Problem(Span("a.s", 2, 4, 8), "A101", "wrong")


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ((2, 8), (2, 9), True),
        ((2, 9), (3, 0), False),
        ((0, 0), (2, 4), True),
        ((0, 0), (2, 3), False),
        ((2, 5), (2, 6), True),
        ((0, 0), (9, 0), True),
    ],
)
def test_a_problem_lies_in_a_part_that_touches_it(first: tuple[int, int], last: tuple[int, int], found: bool) -> None:
    session = Session()
    session.found["a.s"] = (), Checked("a.s", {"a.s": [PROBLEM]})
    assert [*session.problems_at("a.s", first, last)] == [PROBLEM] * found


def test_costs_of_the_text_before_are_forgotten_once_another_one_was_checked() -> None:
    session = Session()
    session.costs.update({"a.s": Costs("chip"), "b.s": Costs("chip")})
    session.take(Job("a.s", "", {}, ()), Checked("a.s"))
    assert {*session.costs} == {"b.s"}
