"""Many inferences have the same values as lanes and in turn, and programs that cannot be lanes say why."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.isa import assemble, assemble_file
from acortex.isa.rules import BASE, Change, changed
from acortex.isa.semantics import MEANINGS, Meaning
from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional import lanes, periods
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.host_loop import host_loop
from acortex.sim.functional.lanes import lanes_of, why_not
from acortex.sim.functional.periods import State, alike
from acortex.sim.functional.rules import order as rules_of_order
from acortex.sim.functional.rules.situation import Known
from acortex.sim.run import prepare, run
from acortex.tools.open.machine import machine_of
from judge.generate import generate
from judge.in_lanes import Both, random_inputs
from judge.repeat import repeated
from judge.turns import Turns

PROGRAMS = sorted((Path(__file__).resolve().parents[3] / "programs").glob("*.s"))


# Equal ----------------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(12)
@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_lanes_of_a_program_of_the_repository_are_its_inferences_in_turn(path: Path, layers: bool) -> None:
    program = assemble_file(path)
    many = Both(program, load_chip(program.chip), 23, layers).hold()
    # the words of a concatenation hold a part of what the inference before it wrote, until its second half is there
    assert bool(why_not(many)) == (path.stem == "pipelined_pair" or (layers and path.stem == "concat"))


@pytest.mark.parametrize("name", ["letters_mlp", "digits_cnn", "lstm"])
def test_lanes_of_a_compiled_network_are_its_inferences_in_turn(name: str) -> None:
    chip = load_chip(zoo.entry(name).chip)
    assert why_not(Both(zoo.load(name, machine_of(chip)), chip, 3, layers=True).hold()) == ""


@pytest.mark.parametrize("seed", range(12))
def test_many_inferences_of_a_random_program_are_its_inferences_in_turn(seed: int) -> None:
    case = generate(seed)
    many = Both(case.program, case.chip, case.inferences, layers=True).hold()
    assert {name: len(codes) for name, codes in many.outputs.items()} == {
        tensor.name: case.inferences for tensor in case.program.outputs
    }


def of_many(seeds: range) -> list[str]:
    """Holds random programs with a loop around them; why each cannot be lanes, "" where it can."""
    found = []
    for seed in seeds:
        case = generate(seed)
        program = repeated(case.program) if case.inferences == 1 else None
        if program is None:
            continue
        both = Both(program, case.chip, 9, layers=bool(seed % 2), seed=seed)
        assert both.errors[0] == both.errors[1]
        if not both.errors[0]:
            both.hold()
            found.append(why_not(both.many))
    return found


def test_random_programs_in_a_loop_over_the_host_are_the_same_in_turn() -> None:
    found = of_many(range(20))
    assert found.count("") >= 2
    assert len(found) - found.count("") >= 2


@pytest.mark.slow
def test_many_more_random_programs_in_a_loop_over_the_host_are_the_same_in_turn() -> None:
    found = of_many(range(1000, 1200))
    assert found.count("") >= 30
    assert len(found) - found.count("") >= 30


def of_turns(seeds: range) -> list[str]:
    """Holds programs whose inferences share words; how each ended: an error's code, or why it cannot be lanes."""
    chip = load_chip("acortex_digits", ["instruction_memory.words=1024"])
    found = []
    for seed in seeds:
        program = assemble(Turns(seed).text, file="turns.s")
        both = Both(program, chip, (1, 2, 3, 5, 9, 17, 40)[seed % 7], layers=bool(seed % 2), seed=seed)
        assert both.errors[0] == both.errors[1], seed
        found.append(both.errors[0][:4] if both.errors[0] else why_not(both.hold()))
    return found


def test_programs_whose_inferences_share_words_are_the_same_in_turn() -> None:
    found = of_turns(range(40))
    assert "" in found
    assert any("reads what an earlier turn of the loop wrote" in why for why in found)
    assert any("takes other steps than the first" in why for why in found)


@pytest.mark.slow
def test_many_more_programs_whose_inferences_share_words_are_the_same_in_turn() -> None:
    found = of_turns(range(1000, 1800))
    assert found.count("") >= 60
    assert len({why.partition(" ")[0] for why in found if why.startswith("R")}) >= 5


def test_every_meaning_gives_each_lane_what_it_gives_without_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    met = set()

    def watched(mnemonic: str, meaning: Meaning) -> Meaning:
        def compute(values: Any, dispatch: Any, shape: Any) -> Any:
            alone = meaning.compute(values, dispatch, shape)
            other = values[..., ::-1, :]
            both = meaning.compute(np.stack((values, other)), dispatch, shape)
            expected = np.stack((alone, meaning.compute(other, dispatch, shape)))
            assert both.dtype == expected.dtype
            np.testing.assert_array_equal(both, expected)
            met.add(mnemonic)
            return alone

        return Meaning(meaning.flow, compute, meaning.sizes)

    for mnemonic, meaning in list(MEANINGS.items()):
        monkeypatch.setitem(MEANINGS, mnemonic, watched(mnemonic, meaning))
    for seed in takewhile(lambda seed: met != set(MEANINGS), range(40)):
        case = generate(seed)
        prepared = prepare(case.program, case.chip, inputs=case.inputs)
        Functional(case.program, case.chip, case.inferences, prepared.host.words(case.program)).run()
    assert met == set(MEANINGS)


# Why not --------------------------------------------------------------------------------------------------------------

LOOP: tuple[Change, ...] = (
    ("inference\nbase", "signal   host_out, t9\nloop     l0, host\nback:    inference l0\nawait    host_in, t9\nbase"),
    ("endinference", "signal   host_out, t9\nendinference\nnext     l0, back"),
)
"""The small program over all inferences, one after the other."""

MEMORY = ("group    g0", ".memory 5, 3\n" + (".row " + "2, " * 63 + "1\n") * 3 + "group    g0")
STEPS = "read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\nwrite    d1"
ADDED = "read     d0, to=vector\noperand  d2\nadd      q0, q0, 1\nwrite    d1, source=vector"
SECOND = ("program  g0, w", "program  g0, w\ngroup    g1, 2, 2\nrect     g1, column=1, row=0\nprogram  g1, w")

REFUSED: dict[str, tuple[tuple[Change, ...], str]] = {
    "a sum over all inferences": (
        (*LOOP, MEMORY,
         ("base     d1, 1", "base     d1, 1\nbase     d2, 5\nbase     d3, 5"),
         (STEPS, f"{ADDED}\nsignal   write, t5\nawait    read, t5\nread     d1, to=vector\nrequant  q0, 1\n"
                 "write    d3, source=vector\nsignal   write, t6\nawait    operand, t6\nsignal   operand, t7\n"
                 "await    write, t7")),
        "reads what an earlier turn of the loop wrote",
    ),
    "other words of the initial memory in each inference": (
        (*LOOP, MEMORY, ("base     d1, 1", "base     d1, 1\nbase     d2, 5, by=l0, stride=1"), (STEPS, ADDED)),
        "turn 1 takes other steps than the first, or other words",
    ),
    "another group in each inference": (
        (*LOOP, SECOND, ("connect  g0", "connect  g0\nconnect  g1"),
         ("multiply g0, 1", "multiply g0, 1, by=l0, step=1")),
        "turn 1 takes other steps than the first, or other words",
    ),
    "a state from before the loop": (
        (*LOOP, MEMORY,
         ("connect  g0", "connect  g0\nbase     d4, 6\nread     d4, to=vector\nputstate q0, 1, 0"),
         (STEPS, "getstate q0, 1, 0\nsignal   host_in, t6\nawait    write, t6\nwrite    d1, source=vector")),
        "moves items outside the loop over the host's inferences",
    ),
    "a word that two streams share in the third inference alone": (
        (*LOOP, ("base     d1, 1", "base     d1, 1\nbase     d2, 4, by=l0, stride=-2, ring=3"),
         (STEPS, f"{STEPS}\nsignal   write, t5\nawait    read, t5\nread     d1, to=vector\nrequant  q0, 1\n"
                 "write    d2, source=vector\nsignal   write, t6\nawait    read, t6\nread     d0, to=vector\n"
                 "requant  q0, 1\nwrite    d1, source=vector")),
        "turn 2 takes other steps than the first, or other words",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_program_whose_inferences_are_not_alike_is_computed_in_turn(name: str) -> None:
    changes, why = REFUSED[name]
    program = assemble(changed(BASE, *changes), file="small.s")
    inferences = 2 if "group" in name else 3
    both = Both(program, load_chip(program.chip), inferences)
    assert why in why_not(both.hold())


def test_a_program_without_a_loop_over_the_host_is_computed_in_turn() -> None:
    program = assemble(changed(BASE, *LOOP).replace("l0, host", "l0, 3"), file="small.s")
    many = Both(program, load_chip(program.chip), 3).hold()
    assert why_not(many) == "the program has no loop over the host's inferences"


def test_a_program_that_ends_in_its_first_inference_dumps_the_layers_of_that_alone() -> None:
    told = ("signal   write, t1\nawait    host_out, t1\noutput   y, d1\n", "signal   write, t1\nawait    vmm, t1\n")
    text = changed(
        BASE, LOOP[0], told, (".output  y, shape=2\n", ""), ("endinference", "endinference\nhalt\nnext l0, back")
    )
    both = Both(assemble(text, file="small.s"), load_chip("acortex_digits"), 5, layers=True)
    assert why_not(both.hold()) == "the program ends inside the loop over the host's inferences"


# Errors ---------------------------------------------------------------------------------------------------------------

LATE: dict[str, tuple[tuple[Change, ...], str]] = {
    "a token that runs out after three turns": (
        (LOOP[0], LOOP[1], ("connect  g0", "connect  g0" + "\nsignal   write, t8" * 3),
         ("read     d0\n", "await    read, t8\nread     d0\n")),
        "R703 small.s:26: read awaits token t8 for ever: all signals before it are taken",
    ),
    "a ring that is larger than what its tokens say": (
        (("inference\nbase     d0, 0", "signal   host_out, t9\nsignal   host_out, t9\nloop     l0, host\n"
          "back:    inference l0\nawait    host_in, t9\nbase     d0, 8, by=l0, stride=1, ring=5"), LOOP[1],
         ("base     d1, 1", "base     d1, 0, by=l0, stride=1, ring=7"), ("await    host_in, t9\nbase", "base")),
        "R7",
    ),
    "more tokens than the counter holds": (
        (*LOOP, ("read     d0\n", "read     d0\nsignal   read, t8\nsignal   read, t8\nawait    vmm, t8\n")),
        "R702 small.s:25: token t8 is signalled 8 times more often than it is awaited; its counter holds 7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LATE)
def test_an_error_of_a_later_inference_is_the_same_with_lanes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_of_order, "MOST_TOKENS", 7)
    changes, told = LATE[name]
    program = assemble(changed(BASE, *changes), file="small.s")
    both = Both(program, load_chip(program.chip), 60)
    assert both.errors[0] == both.errors[1]
    assert both.errors[0].startswith(told)


# Periods --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inferences", [2, 3, 4, 5, 40, 1000])
def test_a_walk_of_many_inferences_ends_as_if_it_had_gone_through_all(inferences: int) -> None:
    program = assemble_file(next(path for path in PROGRAMS if path.stem == "in_flight"))
    many = Both(program, load_chip(program.chip), inferences).hold()
    assert many.known.finished == len(many.outputs["y"]) == inferences


def test_the_rules_of_many_inferences_take_the_steps_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = []
    step = Functional.step
    monkeypatch.setattr(Functional, "step", lambda self: walked.append(1) or step(self))  # type: ignore[func-returns-value]
    program = assemble_file(next(path for path in PROGRAMS if path.stem == "vmm"))
    inputs = random_inputs(program, 5000)
    found = prepare(program, inputs=inputs).values()
    assert len(found.outputs["y"]) == 5000
    assert len(walked) < 400


def example_of_states(moves: list[int], stays: list[int]) -> tuple[State, State]:
    """Two states of one agent that carried out 10 instructions in between; some entries moved by that."""
    before, after = np.array(moves + stays), np.array([entry + 10 for entry in moves] + stays)
    made = [
        State(turn, 0, 0, 0, (), [clock], [np.array(0)], np.array([counted]), {}, {})
        for turn, clock, counted in ((1, before, 30), (2, after, 40))
    ]
    return made[0], made[1]


@pytest.mark.parametrize(
    ("moves", "stays", "expected"),
    [([21, 29], [-1, 20], True), ([20, 29], [-1, 20], False), ([19], [20], False), ([], [3], True), ([5], [], True)],
)
def test_states_are_alike_where_all_that_moves_lies_above_all_that_stays(
    moves: list[int], stays: list[int], expected: bool
) -> None:
    assert (alike(*example_of_states(moves, stays)) is not None) == expected


def test_states_are_not_alike_where_an_entry_moves_by_another_number_or_items_wait() -> None:
    before, after = example_of_states([21], [2])
    after.clocks[0][0] += 1
    assert alike(before, after) is None
    before, after = example_of_states([21], [2])
    before.waiting = after.waiting = 1
    assert alike(before, after) is None
    before, after = example_of_states([21], [2])
    after.fixed = ("another register",)
    assert alike(before, after) is None


def test_a_walk_leaps_where_two_periods_in_a_row_moved_the_same_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble(changed(BASE, *LOOP), file="small.s")
    known, loop = Known(program, load_chip(program.chip), 100), host_loop(program)
    assert loop is not None
    leaps, moved = [], iter([[True], [False], [False]])
    monkeypatch.setattr(periods, "state_of", lambda known, loop, lineage: example_of_states([21], [2])[0])
    monkeypatch.setattr(periods, "alike", lambda before, after: [np.array(next(moved))])
    monkeypatch.setattr(periods, "leap", lambda known, loop, *_: leaps.append(known.sequencer.counts[loop.register]))
    found = periods.Periods(loop)
    for turn in range(1, 8):
        known.sequencer.counts[loop.register] = turn
        found.turn(known, None)
    assert leaps == [4]  # a state at the end of turn 1, and three periods: the third moves what the second did


def test_a_function_that_makes_other_items_than_its_flow_says_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble(changed(BASE, *LOOP), file="small.s")
    more = MEANINGS["convert"]._replace(compute=lambda sums, d, s: np.zeros((*sums.shape[:-2], 2, 64), np.uint8))
    monkeypatch.setitem(MEANINGS, "convert", more)
    with pytest.raises(AssertionError, match="convert: its Flow says 1 items, and its function made 2"):
        prepare(program, inputs=random_inputs(program, 3)).values()


# Runs -----------------------------------------------------------------------------------------------------------------


def test_lanes_take_no_more_memory_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble_file(next(path for path in PROGRAMS if path.stem == "pipeline"))
    chip = load_chip(program.chip)
    one = 64 * chip.memory_words  # it keeps no state
    monkeypatch.setattr(lanes, "LANE_BYTES", 10 * one)
    both = Both(program, chip, 23, layers=True)
    some = lanes_of(both.hold())
    assert 1 < some < 10
    assert both.turns == [*range(some, 23, some), 23]
    monkeypatch.setattr(lanes, "LANE_BYTES", 1)
    assert Both(program, chip, 3).turns == [1, 2, 3]


@pytest.mark.parametrize("check_order", [False, True])
def test_a_timed_run_has_the_values_and_the_accuracy_of_a_run_in_turn(check_order: bool) -> None:
    program = assemble_file(next(path for path in PROGRAMS if path.stem == "digits_mlp"))
    inputs, labels = program.samples["image"][:12], np.arange(12) % 10
    timed = run(program, inputs=inputs, labels=labels, check_order=check_order)
    values = prepare(program, inputs=inputs, labels=labels).values()
    each = [prepare(program, inputs=inputs[n : n + 1]).values().outputs["scores"][0] for n in range(12)]
    np.testing.assert_array_equal(timed.outputs["scores"], each)
    np.testing.assert_array_equal(values.outputs["scores"], each)
    assert timed.report["accuracy"] == values.report["accuracy"]


def test_a_run_that_is_cut_short_has_the_values_of_its_first_inferences() -> None:
    program = assemble_file(next(path for path in PROGRAMS if path.stem == "digits_mlp"))
    inputs = program.samples["image"][:12]
    whole, part = run(program, inputs=inputs), run(program, inputs=inputs, max_cycles=500)
    found = part.outputs["scores"]
    assert 0 < len(found) < 12
    np.testing.assert_array_equal(found, whole.outputs["scores"][: len(found)])
