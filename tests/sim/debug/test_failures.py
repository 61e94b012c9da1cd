"""A program that fails under a debugger stands where it fails, and is the failure that a run of it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import acortex
from acortex.isa import assemble
from acortex.sim.chip.specs import load_chip
from acortex.sim.debug.debugger import Debugger
from acortex.sim.run import prepare
from acortex.sim.timing.deadlock import DeadlockError

STUCK = Path(__file__).parents[1] / "stuck.s"


def of_text(text: str, *changed: str, inferences: int = 1) -> Debugger:
    """A text under a debugger, on zeros."""
    program = assemble(text)
    inputs = {one.name: np.zeros((inferences, *one.shapes[0]), np.uint8) for one in program.inputs}
    return Debugger(prepare(program, load_chip(program.chip, changed), inputs=inputs), check_order=False)


def test_a_deadlock_ends_a_run_where_nothing_happens_any_more() -> None:
    one = of_text(STUCK.read_text(), "vector.queue_words=4")
    where = one.run()
    assert where.state == "failed" and isinstance(where.error, DeadlockError)
    assert f"after cycle {where.cycle - 1}" in where.error.message
    waits = {unit.path: unit.of for unit in one.units() if unit.state == "waits"}
    assert waits["main_memory/read"] == "vector"
    assert one.go_on() == where
    assert one.back().cycle < where.cycle and one.where().state == "running"
    assert one.to_end() == where


WRONG = """
        .chip   acortex_digits
        .input  x, shape=64
        .output y, shape=64
        start
        base    d0, 0
        loop    l0, host
again:  inference l0
        input   x, d0
        signal  host_in, t0
        await   host_out, t0
        output  y, d0
        {line}
        endinference
        next    l0, again
        halt
"""


@pytest.mark.parametrize(("line", "message"), [("output y, d1", "stream d1 is used"), ("read d0", "never waits")])
def test_a_broken_rule_ends_a_run_in_the_cycle_of_its_instruction(line: str, message: str) -> None:
    one = of_text(WRONG.format(line=line), inferences=3)
    where = one.run()
    assert where.state == "failed" and where.error is not None
    assert where.next is not None and where.next.text == line
    with pytest.raises(acortex.AcortexError) as caught:
        one.prepared.run()
    assert str(caught.value) == str(where.error)
    assert one.cycles(5) == where == one.step()
    assert one.back(1).state == "running" and one.step() == where


def test_what_a_program_leaves_behind_fails_at_its_end() -> None:
    text = WRONG.format(line="await read, t1\n read d0")
    one = of_text(text.replace("signal  host_in, t0", "signal  host_in, t0\n signal host_in, t1"))
    where = one.run()
    assert where.state == "failed" and where.error is not None and where.next is None
    with pytest.raises(acortex.AcortexError) as caught:
        one.prepared.run()
    assert str(caught.value) == str(where.error)


def test_a_failure_in_the_set_up_is_one_before_there_is_anything_to_debug() -> None:
    with pytest.raises(acortex.AcortexError, match="weights"):
        of_text(WRONG.format(line="nop").replace("        start", "        group g0, 64, 64\n rect g0, 0, 0\n start"))
