"""Runs that are stopped by a limit of cycles: what they walk, what they give, and how they begin like the whole run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from acortex import traces
from acortex.errors import UsageError
from acortex.isa import assemble, assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional import executor
from acortex.sim.run import prepare, run
from acortex.sim.timing.wiring import DeadlockError


def endless(turns: int) -> str:
    return f"""
        .program long
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        base d1, 1
        loop l7, host
turn:   inference l7
        input x, d0
        signal host_in, t0
        await read, t0
        loop l0, {turns}
again:  read d0, to=vector
        requant q0, 1
        write d1, source=vector
        next l0, again
        signal write, t1
        signal write, t2
        await host_out, t1
        output y, d1
        signal host_out, t3
        await host_in, t2
        await host_in, t3
        endinference
        next l7, turn
        halt
    """


def test_a_limit_of_cycles_bounds_the_instructions_that_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = []
    step = executor.Functional.step
    monkeypatch.setattr(executor.Functional, "step", lambda self: walked.append(1) or step(self))  # type: ignore[func-returns-value]
    result = run(assemble(endless(1 << 20)), inputs=np.zeros((1, 64), dtype=np.uint8), max_cycles=500)
    assert str(result.report.stopped).startswith("stopped at cycle 500, ")
    assert 10 < len(walked) < 1100


@pytest.mark.parametrize("max_cycles", [1, 50, 100, 150, 200, 10_000])
def test_a_stopped_run_has_the_outputs_of_what_was_complete_and_no_others(max_cycles: int) -> None:
    program = assemble(endless(2))
    inputs = np.arange(5 * 64, dtype=np.uint8).reshape(5, 64) % 16
    whole = run(program, inputs=inputs)
    part = run(program, inputs=inputs, max_cycles=max_cycles)
    found = part.outputs["y"]
    ended = sum(row["end_cycle"] <= part.cycles for row in whole.report["inferences"])
    assert found.tolist() == whole.outputs["y"][: len(found)].tolist()
    assert len(found) == (5 if max_cycles == 10_000 else ended)
    assert (part.report.stopped is not None) == (max_cycles < whole.cycles)


def test_a_limit_without_time_is_refused() -> None:
    with pytest.raises(UsageError, match="max_cycles needs time"):
        run(assemble(endless(1)), inputs=np.zeros((1, 64), dtype=np.uint8), timing=False, max_cycles=5)


def test_an_output_under_way_is_not_given_though_what_stands_behind_it_has_ended() -> None:
    """The host takes words slowly, and meanwhile brings the next inference's: each output counts from its own end."""
    program = assemble("""
        .program late
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        start
        base d0, 0
        base d1, 1
        loop l7, host
turn:   inference l7
        input x, d0
        signal host_in, t0
        await host_out, t0
        output y, d0
        signal host_out, t1
        input x, d1
        await host_in, t1
        endinference
        next l7, turn
        halt
    """)
    chip = load_chip("acortex_digits", ["host.word_cycles=20", "memory.read_latency_ns=100"])
    inputs = np.arange(3 * 64, dtype=np.uint8).reshape(3, 64) % 16
    whole = run(program, chip, inputs=inputs)
    ends = [row["end_cycle"] for row in whole.report["inferences"]]
    for limit in range(1, whole.cycles + 2):
        part = run(program, chip, inputs=inputs, max_cycles=limit)
        given = sum(end <= part.cycles for end in ends)
        assert (limit, part.outputs["y"].tolist()) == (limit, whole.outputs["y"][:given].tolist())


@pytest.mark.parametrize("max_cycles", [0, -1, 1 << 62, 1 << 63])
def test_a_limit_that_no_cycle_can_be_is_refused(max_cycles: int) -> None:
    with pytest.raises(UsageError, match=f"max_cycles is {max_cycles}, allowed is 1 to {(1 << 62) - 1}"):
        run(assemble(endless(1)), inputs=np.zeros((1, 64), dtype=np.uint8), max_cycles=max_cycles)


def test_a_prepared_program_holds_its_limit_to_the_same_range() -> None:
    prepared = prepare(assemble(endless(1)), inputs=np.zeros((1, 64), dtype=np.uint8))
    for simulate in (prepared.time, prepared.run):
        with pytest.raises(UsageError, match="max_cycles is 0, allowed is 1 to"):
            simulate(max_cycles=0)


def test_outputs_that_some_inferences_never_give_are_named() -> None:
    once = endless(1).replace("loop l7, host", "loop l7, 1")
    with pytest.raises(executor.RuleError, match="output y of inference 1 was never given to the host, nor that of 2"):
        run(assemble(once), inputs=np.zeros((4, 64), dtype=np.uint8))


STUCK = Path(__file__).parent / "stuck.s"
"""A program whose read and write wait for each other where the queues between them are short."""


@pytest.mark.parametrize("words", [2, 3, 5])
def test_the_trace_of_a_deadlock_holds_the_waits_that_it_consists_of(tmp_path: Path, words: int) -> None:
    chip = load_chip("acortex_digits", [f"vector.queue_words={words}"])
    with pytest.raises(DeadlockError) as caught:
        run(assemble_file(STUCK), chip, trace=tmp_path / "run.actrace")
    last = int(re.findall(r"after cycle (\d+)", str(caught.value))[0])
    told = re.findall(r"  (\S+) waits for (\S+) since cycle (\d+)", str(caught.value))
    trace = traces.open(tmp_path / "run.actrace.part")
    units, causes = trace.header.units, trace.header.causes
    waits = {(units[one.unit], causes[one.cause], one.start, one.start + one.duration) for one in trace.waits}
    assert len(told) == 5
    for unit, cause, since in told:
        assert (unit, cause, int(since), last + 1) in waits
    assert trace.cycles == last + 1 and not trace.complete
