"""Programs in which a register lags behind the loop over the host's inferences: leaps and skips hold for them, too.

A `lag` leaves instructions out in the first turns alone. A walk that leapt over later turns by what those first ones
did would never come to what they left out.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from timed_chips import Runs

from acortex.errors import AcortexError
from acortex.isa import assemble, assemble_file
from acortex.isa.rules import BASE, changed
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.host_loop import host_loop
from acortex.sim.functional.lanes import why_not
from acortex.sim.run import prepare
from judge.in_lanes import Both
from judge.skips import differences_of
from judge.turns import Turns

PAIR = FOLDER / "pipelined_pair.s"
CHIP = ["instruction_memory.words=1024"]


class Lagging(Turns):
    """Random programs of many inferences of which some steps are of an earlier one."""

    def _step(self, by: str) -> list[str]:
        if by != "l0" or not self.often(0.6):
            return super()._step(by)
        turns, label = self.chance.choice([0, 1, 1, 2, 3, 5]), f"past{self.chance.randrange(10**9)}"
        known = set(self._set)
        step = super()._step("l3")
        self._set = known  # in turns that leave the step out it sets nothing
        marks = ("inference l3", "inference l0") if self.often(0.7) else ("nop", "nop")
        return [f"lag l3, l0, {turns}, {label}", marks[0], *step, marks[1], f"{label}: nop"]


def test_a_pair_that_is_pipelined_ends_as_if_each_turn_were_walked() -> None:
    program = assemble_file(PAIR)
    for inferences in (1, 2, 3, 4, 5, 40, 1000):
        many = Both(program, load_chip(program.chip), inferences).hold()
        assert many.known.finished == len(many.outputs["y"]) == inferences


def test_what_lags_cannot_be_lanes_and_says_why() -> None:
    program = assemble_file(PAIR)
    many = Both(program, load_chip(program.chip), 5).hold()
    assert re.fullmatch(r".*pipelined_pair.s:65 reads what an earlier turn of the loop wrote", why_not(many))


def test_the_loop_knows_its_lags() -> None:
    loop = host_loop(assemble_file(PAIR))
    assert loop is not None
    assert (loop.register, loop.lagging, loop.settled, loop.period) == (0, {1}, 1, 4)


READS_NOTHING = "base d9, 9\nread d9, to=vector\nrequant q0, 1\nbase d8, 8\nwrite d8, source=vector"
HANDS_ON = "signal buffer, t9\nawait vmm, t9"


def late(turns: int, what: str) -> str:
    """The small program in a loop; from turn `turns` on each does something more."""
    begin = f"loop l0, host\nagain: lag l1, l0, {turns}, past\n{what}\npast: inference l0\n"
    return changed(
        BASE,
        ("inference\nbase", f"{begin}base"),
        ("input    x", "await host_in, t7\ninput    x"),
        ("connect  g0", "connect  g0\nsignal host_out, t7"),
        ("endinference\n", "signal host_out, t7\nendinference\nnext l0, again\n"),
    )


@pytest.mark.parametrize("turns", [1, 2, 5, 30])
def test_what_late_turns_do_is_not_leapt_over(turns: int) -> None:
    program = assemble(late(turns, HANDS_ON), file="late.s")
    many = Both(program, load_chip(program.chip), 40).hold()
    assert many.known.order.tokens[9].taken == 40 - turns


@pytest.mark.parametrize("turns", [1, 2, 5, 30])
def test_a_rule_that_late_turns_break_is_broken(turns: int) -> None:
    program = assemble(late(turns, READS_NOTHING), file="late.s")
    both = Both(program, load_chip(program.chip), 40)
    assert both.errors[0] == both.errors[1]
    assert both.errors[0].startswith("R706 late.s:")
    Both(program, load_chip(program.chip), turns).hold()


def of_lags(seeds: range) -> list[str]:
    """Holds programs with lags: how each ended."""
    chip = load_chip("acortex_digits", CHIP)
    found = []
    for seed in seeds:
        program = assemble(Lagging(seed).text, file="lags.s")
        both = Both(program, chip, (1, 2, 3, 5, 9, 17, 40)[seed % 7], layers=bool(seed % 2), seed=seed)
        assert both.errors[0] == both.errors[1], seed
        if not both.errors[0]:
            both.hold()
        found.append(both.errors[0][:4])
    return found


def test_programs_with_lags_are_the_same_in_turn() -> None:
    found = of_lags(range(30))
    assert found.count("") >= 8
    assert len(found) - found.count("") >= 3


@pytest.mark.slow
def test_many_more_programs_with_lags_are_the_same_in_turn() -> None:
    assert of_lags(range(1000, 1300)).count("") >= 60


@pytest.mark.parametrize("seed", range(12))
def test_what_lags_takes_the_same_time_with_and_without_skipping(seed: int) -> None:
    program = assemble(Lagging(seed).text, file="lags.s")
    chip = load_chip("acortex_digits", CHIP)
    try:
        runs = Runs(program, chip, 9)
    except AcortexError:
        return  # the rules refuse it
    assert differences_of(runs)[0] == []


@pytest.mark.parametrize("inferences", [1, 2, 7, 60])
def test_the_pair_takes_the_same_time_with_and_without_skipping(inferences: int) -> None:
    program = assemble_file(PAIR)
    wrong, _ = differences_of(Runs(program, load_chip(program.chip), inferences))
    assert wrong == []


def test_each_layer_counts_to_the_inference_that_it_is_of() -> None:
    program = assemble_file(PAIR)
    report = prepare(program, inputs=program.samples["x"][:6]).time().report
    assert sum(row.energy_aj for row in report.inferences) == report.energy_aj
    assert [row.index for row in report.inferences] == list(range(6))
    ends = np.array([(row.start_cycle, row.end_cycle) for row in report.inferences])
    assert (ends[1:, 0] < ends[:-1, 1]).all()  # each begins before the one before it has ended
    inner = report.inferences[1:-1]
    assert len({row.energy_by_component_j["arrays"] for row in report.inferences}) == 1
    assert len({row.energy_by_component_j["main_memory"] for row in inner}) == 1
