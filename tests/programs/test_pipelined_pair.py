"""The pair of layers an inference apart, against the same layers one behind the other: values, cycles, and all tools.

NumPy is the judge of outputs. What time must be is counted by hand: a turn in the steady state is as long as the
controller takes to issue its instructions.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from timed_chips import QUICK_WRITES

from acortex.isa.asm.assembler import assemble
from acortex.isa.codec import decode
from acortex.isa.container import dumps, sha256
from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.debug.debugger import Debugger
from acortex.sim.run import Prepared, Result, prepare, run
from acortex.tools.cli import cli
from acortex.traces.critical import check_path, critical_path
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.instructions.view import view
from judge.valued import simulate_values
from judge.values import Machine

Ints = NDArray[np.int64]

SOURCE = FOLDER / "pipelined_pair.s"
TEXT = SOURCE.read_text()
LINES = TEXT.split("\n")
INFERENCES = [1, 2, 3, 4, 5, 17, 60]


def line(part: str) -> int:
    """The number of the one line that has this text."""
    (found,) = (number for number, text in enumerate(LINES, 1) if part in text)
    return found


LOOP = (line("first_layer this") - 1, line("second_layer this"))
ONE_BY_ONE = ["turn:   first_layer this", "        second_layer this", "        next    this, turn"]
LAG = "lag l1, l0, 1, until=54"
"""Its lag, as the disassembler has it: `begun` has address 54."""

APART = "\n".join([*LINES[: LOOP[0]], *ONE_BY_ONE, *LINES[LOOP[1] :]])
"""The same layers of one inference behind the other, without a lag."""


@cache
def program(text: str = TEXT) -> Program:
    return assemble(text, file=SOURCE.name, folder=FOLDER)


def images(inferences: int) -> NDArray[np.uint8]:
    return np.random.default_rng(inferences).integers(0, 16, (inferences, 64)).astype(np.uint8)


@cache
def ready(inferences: int, text: str = TEXT) -> Prepared:
    return prepare(program(text), inputs={"x": images(inferences)})


@cache
def timed(inferences: int, text: str = TEXT) -> Result:
    return ready(inferences, text).run()


def expected(x: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """What lies between the layers, and the outputs: by NumPy alone."""
    with np.load(FOLDER / "examples.npz") as file:
        a, b = file["vmm_w"].astype(np.int64), file["pipeline_b"].astype(np.int64)
    between = np.clip(np.rint(x.astype(np.int64) @ a / 64) + 8, 0, 15).astype(np.int64)
    return between, np.clip(np.rint(between @ b / 128) + 8, 0, 15).astype(np.int64)


def acortex_(*args: object) -> str:
    result = CliRunner(env={"COLUMNS": "100"}).invoke(cli, [str(arg) for arg in args], prog_name="acortex")
    assert result.exit_code == 0, result.output
    return result.stdout


# Values and cycles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inferences", INFERENCES)
def test_both_orders_compute_what_numpy_does(inferences: int) -> None:
    x = images(inferences)
    for text in (TEXT, APART):
        np.testing.assert_array_equal(timed(inferences, text).outputs["y"], expected(x)[1])


def test_outputs_can_tell_inferences_and_layers_apart() -> None:
    between, y = expected(images(60))
    assert len(np.unique(between, axis=0)) == len(np.unique(y, axis=0)) == 60
    assert y.std() > 2  # most are not clipped


@pytest.mark.parametrize("inferences", [1, 3, 7])
def test_each_layer_leaves_in_memory_what_numpy_has_there(inferences: int) -> None:
    values = ready(inferences).values(keep_layers=True)
    for name, codes in zip(("first", "second"), expected(images(inferences)), strict=True):
        words = values.layers[name].codes.reshape(inferences, 64)
        np.testing.assert_array_equal(words[:, : codes.shape[1]], codes)


@pytest.mark.parametrize("inferences", [1, 2, 5])
def test_judges_that_share_nothing_with_the_simulator_agree(inferences: int) -> None:
    pair, x = program(), images(inferences)
    chip = load_chip(pair.chip, QUICK_WRITES)
    codes = {"x": x}
    _, cycles, _, outputs = simulate_values(pair, chip, codes, inferences)
    assert cycles == timed(inferences).report.cycles
    for found in (outputs, Machine(pair, codes, inferences).run()):
        np.testing.assert_array_equal(np.reshape(found["y"], (inferences, 32)), expected(x)[1])


def test_a_turn_takes_as_long_as_the_controller_to_issue_it() -> None:
    cycles = [timed(inferences).report.cycles for inferences in (3, 4, 5, 17, 60)]
    code = [decode(int(word)) for word in program().words]
    begin = next(pc for pc, one in enumerate(code) if one.row.mnemonic == "loop" and one["loop"] == 0)
    end = next(pc for pc, one in enumerate(code) if one.row.mnemonic == "next" and one["loop"] == 0)
    assert end - begin == 38  # 18 of each layer, the lag, and the next
    assert [(b - a) / n for (a, b), n in zip(pairwise(cycles), (1, 1, 12, 43), strict=True)] == [38] * 4


@pytest.mark.parametrize("inferences", INFERENCES[1:])
def test_an_inference_apart_takes_fewer_cycles(inferences: int) -> None:
    pair, apart = timed(inferences).report, timed(inferences, APART).report
    assert pair.cycles < apart.cycles
    if inferences >= 17:
        assert pair.cycles < 0.6 * apart.cycles
    more = {name: number - apart.counts[name] for name, number in pair.counts.items() if number != apart.counts[name]}
    assert more == {"instructions": inferences, "events": inferences}  # a lag in each turn
    # `begun` and the last inference's second layer are beside the loop: what energy differs is leakage.
    events = [one.energy_aj - one.energy_by_component_aj["leakage"] for one in (pair, apart)]
    assert events[0] == events[1]


def test_one_inference_alone_takes_the_same_in_both_orders() -> None:
    assert timed(1).report.cycles == timed(1, APART).report.cycles


# What a run without skipping and the command give ---------------------------------------------------------------------


@pytest.mark.parametrize("inferences", INFERENCES)
def test_every_event_and_what_is_skipped_give_one_report(inferences: int) -> None:
    skipped, each = ready(inferences).run(skip=True).report, ready(inferences).run(skip=False).report
    assert skipped.model_dump(exclude={"skipped"}) == each.model_dump(exclude={"skipped"})


def test_the_command_gives_the_same_rows_with_and_without_skipping(tmp_path: Path) -> None:
    given, made = tmp_path / "x.npy", {}
    np.save(given, images(200))
    for name, more in {"skipping": [], "each": ["--no-skip"]}.items():
        path = tmp_path / f"{name}.actrace"
        how = ("--input", given, "--trace", path, "--format", "json")
        said = json.loads(acortex_("run", SOURCE, *how, *more))
        trace = reader.open(path)
        made[name] = [said["cycles"], *(trace[column].tolist() for column in ("start", "pc", "inference", "layer"))]
    assert made["skipping"] == made["each"]
    assert made["each"][0] == timed(60).report.cycles + 140 * 38


# Its trace ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Result]:
    """A trace of 12 inferences, and what the run said."""
    path = tmp_path_factory.mktemp("pair") / "run.actrace"
    result = run(program(), inputs={"x": images(12)}, trace=path)
    return reader.open(path), result


def of_inference(trace: Trace) -> list[Any]:
    """Which events are of each inference."""
    return [trace["inference"] == index for index in range(12)]


def test_each_inference_has_each_layer_once(recorded: tuple[Trace, Result]) -> None:
    trace, _ = recorded
    kinds = trace.header.kinds
    for rows in of_inference(trace):
        for layer in ("first", "second"):
            of_layer = rows & (trace["layer"] == trace.header.layers.index(layer))
            done = [kinds[kind].name for kind in trace["kind"][of_layer].tolist()]
            for kind in ("memory.read", "memory.write", "vmm.load", "vmm.frame", "neurons.convert"):
                assert done.count(kind) == 1, (layer, kind)


def test_energies_of_inferences_add_up_and_are_equal_but_for_leakage(recorded: tuple[Trace, Result]) -> None:
    trace, result = recorded
    report = result.report
    each = [int(trace["energy_aj"][rows].sum()) for rows in of_inference(trace)]
    assert len(set(each)) == 1
    assert each[0] > 0.9 * report.energy_aj / 12
    for name, whole in report.energy_by_component_aj.items():
        assert sum(row.energy_by_component_aj[name] for row in report.inferences) == whole
    for row, events in zip(report.inferences, each, strict=True):
        assert row.energy_aj - row.energy_by_component_aj["leakage"] == events


def test_an_inference_lasts_from_its_own_input_to_its_own_output(recorded: tuple[Trace, Result]) -> None:
    trace, result = recorded
    kinds = [kind.name for kind in trace.header.kinds]
    leaves, comes = (trace["kind"] == kinds.index(f"host.{way}") for way in ("in", "out"))
    ends = trace["start"] + trace["duration"]
    for row, rows in zip(result.report.inferences, of_inference(trace), strict=True):
        assert (row.start_cycle, row.end_cycle) == (trace["start"][rows & leaves].min(), ends[rows & comes].max())
    rows = result.report.inferences
    assert all(after.start_cycle < before.end_cycle for before, after in pairwise(rows))
    assert [b.start_cycle - a.start_cycle for a, b in pairwise(rows)][4:] == [38] * 7
    assert rows[-1].end_cycle <= result.report.cycles


def test_the_critical_path_is_as_long_as_the_run_and_goes_through_both_layers(recorded: tuple[Trace, Result]) -> None:
    trace, result = recorded
    check_path(trace)
    path = list(critical_path(trace))
    assert path[0].start == 0 and path[-1].end == result.report.cycles
    assert all(before.end == after.start for before, after in pairwise(path))
    named = {trace.header.layers[segment.layer] for segment in path}
    assert {"first", "second"} <= named
    text = acortex_("trace", "critical", trace.path)
    assert text.startswith(f"{result.report.cycles} cycles in ")


def test_the_view_has_the_loop_and_counts_the_lagging_layer(recorded: tuple[Trace, Result]) -> None:
    trace, _ = recorded
    report = view(trace)
    fills, turns = report.loops
    assert (fills.turns, fills.inferences_per_period) == (4, 0)
    assert (turns.turns, turns.period, turns.turns_per_period, turns.inferences_per_period) == (12, 38, 1, 1)
    assert (turns.bound, turns.bound_by) == ("busy", ["controller"])
    issued = {(row.text, row.executions) for row in report.totals}
    assert {("multiply g0, 1", 12), ("multiply g1, 1", 11), ("multiply g1, 1", 1), (LAG, 12)} <= issued
    assert LAG in acortex_("view", trace.path, "--rows", 60)


def test_rows_of_the_view_alternate_between_inferences(recorded: tuple[Trace, Result]) -> None:
    rows = view(recorded[0], rows=1000).rows
    products = [(row.text.split(",")[0], row.inference) for row in rows if row.text.startswith("multiply")]
    pairs = [pair for turn in range(1, 12) for pair in (("multiply g0", turn), ("multiply g1", turn - 1))]
    assert products == [("multiply g0", 0), *pairs, ("multiply g1", 11)]


# The disassembler -----------------------------------------------------------------------------------------------------


def test_its_disassembly_with_comments_is_the_same_program(tmp_path: Path) -> None:
    path = tmp_path / "pair.acx"
    path.write_bytes(dumps(program()))
    for more in ([], ["--comments", "--source", SOURCE], ["--addresses"]):
        text = acortex_("disasm", path, *more)
        again = assemble(text, file="again.s")
        assert again.words.tolist() == program().words.tolist()
        assert sum(line.split(";")[0].split()[:1] == ["lag"] for line in text.splitlines()) == 1
    assert sha256(again) == sha256(assemble(acortex_("disasm", path)))
    found = prepare(again, inputs={"x": images(5)}).run()
    assert found.report.cycles == timed(5).report.cycles
    np.testing.assert_array_equal(found.outputs["y"], timed(5).outputs["y"])


# The debugger ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped() -> Debugger:
    """A debugger at the beginning of each second layer, which has yet to run."""
    one = Debugger(ready(5), check_order=False)
    one.break_at(line("base    d2,") - 1)  # its `inference`
    return one


def loops(one: Debugger) -> dict[int, tuple[int, int]]:
    return {loop.number: (loop.turn, loop.turns) for loop in one.registers().loops}


def words(one: Debugger) -> list[tuple[object, ...]]:
    """The rings of main memory, as they can be compared."""
    return [(word.codes.tolist(), word.state, word.by, word.coming_by) for word in one.memory(0, 11)]


def test_a_lagged_turn_is_broken_into_with_its_own_inference(stopped: Debugger) -> None:
    seen = []
    where = stopped.run()
    while where.state == "running":
        stopped.step()
        assert stopped.registers().inference == (loops(stopped)[1][0] if len(seen) < 4 else 4)
        seen.append(loops(stopped))
        where = stopped.go_on()
    # in turn 0 the second layer is left out; behind the loop the last one is of l0, and l1 stays what it was
    assert [(one[0], one[1]) for one in seen] == [((turn, 5), (turn - 1, 4)) for turn in (1, 2, 3, 4)] + [
        ((4, 5), (3, 4))
    ]


def test_in_the_first_turn_the_register_holds_nothing() -> None:
    one = Debugger(ready(5), check_order=False)
    one.break_at("begun")
    one.run()
    assert loops(one) == {0: (0, 5), 2: (3, 4)}
    one.go_on()
    assert loops(one)[1] == (0, 4)


def test_steps_back_from_a_lagged_turn_are_those_forwards(stopped: Debugger) -> None:
    stopped.run()
    stopped.go_on()
    there = []
    for _ in range(30):
        there.append((stopped.where(), stopped.registers(), words(stopped)))
        stopped.step()
    for where, registers, memory in reversed(there):
        stopped.back()
        found = stopped.where()
        assert (found.cycle, found.next) == (where.cycle, where.next)
        assert (stopped.registers(), words(stopped)) == (registers, memory)
    stopped.back(10**6)
    assert stopped.where().cycle == 0 and loops(stopped) == {}


def test_at_the_end_the_ring_between_the_layers_holds_what_numpy_has_of_the_last_four() -> None:
    one = Debugger(ready(5), check_order=False)
    one.to_end()
    left = [word.codes for word in one.memory(4, 7)]
    between = expected(images(5))[0]
    for place, inference in ((0, 4), (1, 1), (2, 2), (3, 3)):  # a ring of four: the fifth lies where the first did
        np.testing.assert_array_equal(left[place], between[inference])


def test_the_debugger_prints_of_how_many_a_lagging_register_is(tmp_path: Path) -> None:
    given, commands = tmp_path / "x.npy", tmp_path / "commands"
    np.save(given, images(5))
    commands.write_text(f"break {line('base    d2,')}\nrun\nprint registers\n")
    said = acortex_("debug", SOURCE, "--input", given, "--commands", commands)
    assert re.search(r"l0 +turn 1 of 0 to 4\n *l1 +turn 0 of 0 to 3\n", said)
