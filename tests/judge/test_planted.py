"""One fault in a legal program gets one diagnosis: the right one, at the right line, with values and without."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import lru_cache
from itertools import product

import pytest

from acortex.errors import AcortexError
from acortex.isa.operands import AGENTS
from acortex.sim.run import run
from acortex.sim.timing.wiring import DeadlockError
from judge.compare import differences
from judge.generate import generate
from judge.mutant_texts import Fault, text_of
from judge.mutants import ORDERED, PLANTS
from judge.ordering import Ordering
from judge.plans import Case
from judge.stepped import simulate

PROGRAMS = max(int(os.environ.get("ACORTEX_PROGRAMS", "0")) // 20, 6)
ENOUGH = 4
"""In how many programs each kind of fault finds a place and is an error."""


known = lru_cache(maxsize=512)(generate)


def diagnosis(fault: Fault, *, values: bool) -> AcortexError | None:
    """What the simulator says of a program; with `--timing-only` no values are computed."""
    try:
        run(fault.program, fault.case.chip, inputs=fault.case.inputs, values=values, timing=not values)
    except AcortexError as error:
        return error
    return None


def complaint(fault: Fault, error: AcortexError | None) -> str:
    """What is wrong with a diagnosis; "" where it is the one that the fault deserves."""
    if error is None:
        return f"passes, though {fault.message}" if fault.error else ""
    found = f"{type(error).__name__} at {error.where}: {error.message}"
    where = f"random.s:{fault.place + 1}"
    if not fault.error:
        return f"is refused, though legal: {found}"
    right = type(error).__name__ == fault.error and fault.message in error.message and error.where == where
    return "" if right else f"gets {found}, not {fault.error} at {where}: {fault.message}"


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_diagnosed_where_it_is(name: str) -> None:
    wrong, caught = [], 0
    seed = 0
    while seed < PROGRAMS or (caught < ENOUGH and seed < 40 * ENOUGH):
        fault = PLANTS[name](text_of(known(seed)), random.Random(seed))
        if fault is not None:
            said = complaint(fault, diagnosis(fault, values=bool(seed % 2)))
            wrong += [f"seed {seed}: {said}"] * bool(said)
            caught += bool(fault.error)
        seed += 1
    assert wrong == []
    assert caught >= ENOUGH


@pytest.mark.slow
def test_a_changed_order_that_both_checks_accept_gives_the_values_of_the_stepped_chip() -> None:
    wrong, judged = [], 0
    for seed, name in product(range(5 * PROGRAMS), ORDERED):
        fault = PLANTS[name](text_of(known(seed)), random.Random(seed))
        if fault is not None and not fault.error and judged < 3 * PROGRAMS:
            wrong += [f"seed {seed}, {name}: {what}" for what in _differences(fault)]
            judged += 1
    assert wrong == []
    assert judged >= PROGRAMS


def _differences(fault: Fault) -> list[str]:
    """In what the two chips differ; a deadlock of both is none."""
    case = fault.case
    try:
        return differences(fault.program, case.chip, case.inputs, case.inferences)[0]
    except DeadlockError as error:
        ended = simulate(fault.program, case.chip, case.inferences)[2].finished
        return [f"the stepped chip ends, though: {error}"] * ended


def test_legal_programs_are_ordered_by_the_judge_too() -> None:
    cases: list[Case] = [known(seed) for seed in range(30)]
    found = Counter(Ordering(case.program, case.chip, case.inferences).find() for case in cases)
    assert found == {None: 30}


@pytest.mark.parametrize("values", [False, True])
def test_a_signal_that_nobody_awaits_is_a_warning(values: bool) -> None:
    case = known(1)
    text = text_of(case)
    place = len(text.rows) - 1
    text.insert(place, "signal", agent=AGENTS.index("neurons"), token=40)
    report = run(text.program(), case.chip, inputs=case.inputs, values=values, timing=not values).report
    where = f"random.s:{place + 1}"
    assert report["warnings"][:1] == [f"{where}: neurons signals token t40, which nobody awaits"]


def test_legal_programs_get_no_warning() -> None:
    cases = [known(seed) for seed in range(10)]
    found = [run(case.program, case.chip, inputs=case.inputs, timing=False).report["warnings"] for case in cases]
    assert found == [[]] * 10
