"""Random programs stopped at every cycle of theirs: each part is the beginning of the whole run."""

from __future__ import annotations

import os
import random
from collections import Counter
from itertools import count, islice

import pytest

from acortex.errors import AcortexError
from acortex.sim.run import Result, run
from acortex.sim.timing.wiring import unit_paths
from judge.compare import Notes
from judge.generate import generate
from judge.mutant_texts import text_of
from judge.mutants import PLANTS
from judge.plans import Case

WANTED = int(os.environ.get("ACORTEX_PROGRAMS", "0")) // 100
PROGRAMS = max(WANTED, 1)
FAULTY = max(WANTED, 3)
LONGEST = 150
"""Cycles of a program that is stopped at each of them."""


def noted(case: Case, limit: int | None) -> tuple[Result, Notes]:
    """A run, with all that was seen of it."""
    notes = Notes(unit_paths(case.chip))
    return run(case.program, case.chip, inputs=case.inputs, observers=[notes], max_cycles=limit), notes


def different(part: Notes, whole: Notes, limit: int) -> list[str]:
    """In what the notes of a part are not the beginning of those of the whole run, in words."""
    found = []
    mine, all_of_it = Counter(part.events), Counter(whole.events)
    begun = Counter(event for event in whole.events if event[0] < limit)
    if begun - mine:
        found.append(f"is missing {min(begun - mine)}")
    late = [event for event in mine - begun if event not in all_of_it or not event[3].startswith("bus.")]
    if late:  # only a word's way over the bus may begin after the limit, of an access that was granted before it
        found.append(f"has {min(late)}, too")
    waits = {(start, *what): length for start, length, *what in whole.waits}
    for start, length, *what in part.waits:
        if start < limit and waits.get((start, *what), 0) < min(length, limit - start):
            found.append(f"waits {(start, length, *what)}")
    return found


def test_a_run_of_any_number_of_cycles_is_the_beginning_of_the_whole_run() -> None:
    wrong = []
    cases = (case for case in map(generate, count()) if noted(case, None)[0].cycles <= LONGEST)
    for case in islice(cases, PROGRAMS):
        whole, all_of_it = noted(case, None)
        for limit in range(1, whole.cycles + 2):
            part, notes = noted(case, limit)
            wrong += [f"{case.program.name} in {limit} cycles {what}" for what in different(notes, all_of_it, limit)]
            last = max(start + duration for start, duration, *_ in notes.events)
            if part.cycles != (max(limit, last) if part.report.stopped else whole.cycles):
                wrong.append(f"{case.program.name} in {limit} cycles takes {part.cycles}")
    assert wrong == []


@pytest.mark.sampled(14)
@pytest.mark.parametrize("name", PLANTS)
def test_a_stopped_run_of_a_faulty_program_ends_or_says_what_is_wrong(name: str) -> None:
    """As soon as the controller comes to the fault, always in the same words; nothing else is raised."""
    faults = (PLANTS[name](text_of(case), random.Random(case.seed)) for case in map(generate, range(60)))
    for fault in islice((fault for fault in faults if fault is not None), FAULTY):
        said = []
        for limit in (1, 20, 60, 150, 400, 2000):
            try:
                run(fault.program, fault.case.chip, inputs=fault.case.inputs, max_cycles=limit)
            except AcortexError as error:
                said.append(str(error))
        assert len(set(said)) <= 1
