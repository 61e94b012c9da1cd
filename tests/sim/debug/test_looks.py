"""What a debugger shows at the ends of things: a word written again, a full queue, a first turn, a last word."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from systems import copying

from acortex.errors import UsageError
from acortex.isa import assemble
from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Memory
from acortex.sim.chip.specs import load_chip
from acortex.sim.debug import stops as module
from acortex.sim.debug import timeline
from acortex.sim.debug.debugger import Debugger
from acortex.sim.debug.replay import Replay
from acortex.sim.debug.stops import Aim
from acortex.sim.debug.timeline import Stretch, Write
from acortex.sim.run import Prepared, prepare
from acortex.sim.tracing import Tracing
from acortex.traces.file.reader import open as open_trace

from .test_debugger import debugger, of_text

PROGRAMS = Path(__file__).parents[3] / "programs"


def test_a_watched_word_stops_after_each_write_of_an_instruction_that_comes_back_to_it() -> None:
    one = of_text(
        ".program thrice\n.chip acortex_digits\n.input x, shape=192\n.output y, shape=64\nstart\nbase d0, 0\n"
        "dim d0, 0, 3\nbase d1, 8\ndim d1, 0, 3, stride=0\nquant q0, 1, 0, activation=relu\ninference\n"
        "input x, d0\nsignal host_in, t0\nawait read, t0\nread d0, to=vector\nrequant q0, 3\n"
        "write d1, source=vector\nsignal write, t1\nawait host_out, t1\nbase d1, 8\noutput y, d1\nendinference\nhalt\n"
    )
    one.watch(8)
    one.watch(9)
    stops, where = [], one.run()
    while where.state == "running":
        stops.append(where.cycle)
        where = one.go_on()
    assert [after - before for before, after in pairwise(stops)] == [2, 2]
    assert [found.hits for found in one.breakpoints] == [3, 0]


def test_a_watched_word_that_is_written_in_each_cycle_changes_from_what_it_was_one_cycle_before() -> None:
    fast = ("memory.ports=2", "memory.access_cycles=1", "memory.bank_cycles=1")
    program = assemble(
        ".program thrice\n.chip acortex_digits\n.input x, shape=192\n.output y, shape=64\nstart\nbase d0, 0\n"
        "dim d0, 0, 3\nbase d1, 8\ndim d1, 0, 3, stride=0\nquant q0, 1, 0, activation=relu\ninference\n"
        "input x, d0\nsignal host_in, t0\nawait read, t0\nread d0, to=vector\nrequant q0, 3\n"
        "write d1, source=vector\nsignal write, t1\nawait host_out, t1\nbase d1, 8\noutput y, d1\nendinference\nhalt\n"
    )
    given = np.repeat([[5, 6, 7]], 64, axis=1).astype(np.uint8)
    one = Debugger(prepare(program, load_chip(program.chip, fast), inputs={"x": given}), check_order=False)
    one.watch(8)
    found, where = [], one.run()
    while where.state == "running":
        [change] = where.changes
        found.append((where.cycle, int(change.before[0]), int(change.after[63]), str(change.by)))
        where = one.go_on()
    first = found[0][0]
    at = "<text>:17"
    assert found == [(first, 0, 5, at), (first + 1, 5, 6, at), (first + 2, 6, 7, at)]


def test_after_a_jump_back_goes_to_the_instruction_before_and_not_to_older_moves() -> None:
    one, other = debugger(), debugger()
    one.step(3)
    one.cycles(2)
    for each in (one, other):
        each.until("51")
        each.back(2)
    assert one.where() == other.where()
    assert one.cycle > 5


@pytest.mark.parametrize("settings", [[], ["buses.word_cycles=5", "buses.down_lanes=2", "memory.ports=2"]], ids=str)
def test_a_lane_is_busy_in_the_turns_of_its_words_and_idle_between_a_grant_and_its_turn(
    settings: list[str], tmp_path: Path
) -> None:
    program = assemble_file(PROGRAMS / "residual.s")
    ready = prepare(program, load_chip(program.chip, settings))
    cycles = ready.time(trace=Tracing(tmp_path / "t.actrace")).cycles
    trace = open_trace(tmp_path / "t.actrace")
    turns = trace.select(unit="buses/*")
    begins = turns["start"] + 1  # as a cycle begins, a word that is granted in it has yet to be
    ends, units = turns["start"] + turns["duration"], turns["unit"]
    one, met = Debugger(ready), 0
    for cycle in (*range(200, 400, 3), *range(1020, 1040), cycles - 90, 351):
        one.until(f"cycle {cycle}") if cycle > one.cycle else one.back(1 << 20) and one.until(f"cycle {cycle}")
        assert one.cycle == cycle
        for lane in (unit for unit in one.units() if unit.path.startswith("buses/")):
            mine = units == trace.header.units.index(lane.path)
            on_it = ends[mine & (begins <= cycle) & (cycle < ends)].tolist()
            begun = ends[mine & (turns["start"] == cycle)].tolist()
            assert ([lane.cycle] if lane.state == "busy" else []) in (on_it, begun)
            met += lane.state == "busy" and lane.place is not None
    assert met > 5


@pytest.mark.parametrize("name", ["vmm", "lstm_step", "in_flight"])
def test_what_a_unit_does_is_told_with_the_instruction_that_its_trace_has(name: str, tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / f"{name}.s")
    ready = prepare(program, load_chip(program.chip))
    ready.time(trace=Tracing(tmp_path / "t.actrace"))
    trace = open_trace(tmp_path / "t.actrace")
    header, met = trace.header, Counter[str]()
    one = Debugger(ready)
    for cycle in range(1, 240):
        one.cycles(1)
        doing = {
            **{
                header.units[row.unit]: ("waits", row)
                for row in trace.waits
                if row.start <= cycle < row.start + row.span
            },
            **{header.units[row.unit]: ("busy", row) for row in trace if row.start <= cycle < row.start + row.span},
        }
        for unit in one.units():
            state, row = doing.get(unit.path, ("idle", None))
            if row is None or state != unit.state or (state == "waits" and header.causes[row.cause] != unit.cause):
                continue  # as a cycle begins, what begins in it has yet to
            assert unit.cycle == (row.start + row.span if state == "busy" else row.start)
            if unit.place is not None:
                assert (unit.place.pc, unit.place.inference) == (row.pc, row.inference), (cycle, unit)
                met[unit.path] += 1
    assert {"vmm/frame", "host/in", "main_memory/read", "buses/down"} <= met.keys()


def test_a_breakpoint_that_is_deleted_leaves_its_number_free_for_no_other() -> None:
    one = debugger()
    assert [one.break_at(place).number for place in ("37", "39", "neurons")] == [1, 2, 3]
    one.delete(2)
    assert one.break_at("51").number == 4
    assert [found.number for found in one.breakpoints] == [1, 3, 4]
    one.delete(4)
    assert one.watch(1).number == 5


@pytest.mark.parametrize(("around", "pcs"), [(0, [8]), (1, [7, 8, 9]), (3, [5, 6, 7, 8, 9, 10, 11])])
def test_a_listing_shows_as_many_instructions_on_either_side(around: int, pcs: list[int]) -> None:
    one = debugger()
    place = str(one.program.lines[8].number)
    assert [row.place.pc for row in one.listing(place, around)] == pcs
    last = len(one.program.lines) - 1
    assert [row.place.pc for row in one.listing(str(one.program.lines[last].number), 1)] == [last - 1, last]
    first = one.program.lines[0].number
    assert [row.place.pc for row in one.listing(str(first), 2)] == [0, 1, 2]


def test_of_an_output_the_words_are_shown_that_the_host_has() -> None:
    """Where no inference is at work, it is the last one of which something was moved."""
    stage = copying("a", ("x",), ("m", "y"), 4)
    given = np.random.default_rng(0).integers(1, 16, (2, 256)).astype(np.uint8)
    one = Debugger(prepare(stage.program, stage.chip, inputs={"x": given}), check_order=False)
    there, before = [], []
    while one.where().state == "running":
        found = one.tensor("y", 1)
        there.append(found.words_there)
        before.append(one.tensor("m", 1).words_there)
        shown = 64 * found.words_there
        assert np.array_equal(found.values[:shown], given[1, :shown]) and not found.values[shown:].any()
        one.cycles(4)
    assert there == sorted(there) and set(there) == set(before) == {0, 1, 2, 3, 4}
    assert all(first == 4 for first, second in zip(before, there, strict=True) if second)  # m goes first
    assert [one.tensor(name).inference for name in ("x", "y")] == [1, 1]
    assert np.array_equal(one.tensor("y").values, given[1])
    with pytest.raises(UsageError, match="there is no inference 2"):
        one.tensor("x", 2)


def test_an_instruction_is_issued_in_the_cycles_of_which_it_is_said() -> None:
    """Where the queue of its agent is full it is not, though the controller is ready."""
    one = debugger("vector_add", "controller.queue_depth=1")
    issues = {int(cycle) for part in one.timeline.stretches(0) for cycle in part.issues()[0]}
    said, full = set(), 0
    for cycle in range(120):
        said |= {cycle} if one.where().issues_now else set()
        full += any(len(queue.waiting) == queue.capacity for queue in one.queues())
        one.cycles()
    assert said == {cycle for cycle in issues if cycle < 120} and full > 20


@pytest.mark.parametrize(("depth", "words"), [(1, 2), (2, 2), (1, 10)])
def test_what_is_kept_of_pipes_is_enough_to_show_all_that_they_hold(
    depth: int, words: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The buffer holds one read or five: behind them one is at work, and as many wait as the queue takes."""
    ready = slow_product(words // 2, f"controller.queue_depth={depth}", f"buffer.words={words}", "buffer.windows=1")

    def shown() -> list[tuple[list[int], list[int]]]:
        one = Debugger(ready, check_order=False)
        one.until("main_memory/read")
        found = []
        for _ in range(30):
            one.cycles(12)
            buffer = one.buffer()
            found.append(([int(item.codes[0]) for item in buffer.held], [int(item.codes[0]) for item in buffer.made]))
        return found

    cut = shown()
    monkeypatch.setattr(Replay, "_cut", lambda self, tail: None)  # of all that was ever given, nothing is dropped
    whole = shown()
    assert cut == whole
    assert max(len(held) for held, _ in whole) >= min(words, 8) and max(len(made) for _, made in whole) == 1


def slow_product(ahead: int, *settings: str) -> Prepared:
    """A program whose reads, of two words each, so many `ahead` of their products, wait for slow arrays."""
    rows = "\n".join([".row 1, 1"] * 128)
    reads = [f"base d2, {2 * at}\ndim d2, 0, 2\nread d2\n" for at in range(10)]
    product = "feed 1, 2\nmultiply g0, 1\nconvert q0, 1\nwrite d1\n"
    turns = ("".join(reads[at : at + ahead]) + product * ahead for at in range(0, 10, ahead))
    program = assemble(
        f".program full\n.chip acortex_digits\n.input x, shape=1536\n.output y, shape=2\n.weights w, 128x2\n{rows}\n"
        "group g0, 128, 2\nrect g0, 0, 0, 2\nprogram g0, w\nquant q0, 1, 6, zero=8\nstart\nconnect g0\ninference\n"
        "base d1, 25\nbase d0, 0\ndim d0, 0, 24\ninput x, d0\nsignal host_in, t0\nawait read, t0\n"
        f"{''.join(turns)}"
        "signal write, t1\nawait host_out, t1\noutput y, d1\nendinference\nhalt\n"
    )
    chip = load_chip(program.chip, ["arrays.frame_ns=90", *settings])
    given = np.repeat(np.arange(24) % 16, 64).astype(np.uint8)[None]
    return prepare(program, chip, inputs={"x": given})


def test_loops_are_shown_from_their_first_turn_on() -> None:
    one, shown = of_text(LOOPS), []
    while one.where().state == "running":
        shown.append([(loop.number, loop.turn, loop.turns) for loop in one.registers().loops])
        one.step()
    assert [each for each, _ in groupby(shown)][:4] == [
        [], [(0, 0, 2)], [(0, 0, 2), (3, 0, 2)], [(0, 0, 2), (3, 1, 2)],
    ]  # fmt: skip


LOOPS = ".chip acortex_digits\nstart\nloop l0, 2\na: nop\nloop l3, 2\nb: nop\nnext l3, b\nnext l0, a\nnop\nhalt\n"


def test_words_that_are_there_before_the_run_are_told_from_empty_ones() -> None:
    one = debugger("vmm")
    program = replace(one.program, memory=(Memory(6, np.full((2, 64), 3, np.uint8), one.program.lines[0]),))
    one = Debugger(prepare(program, load_chip(program.chip)), check_order=False)
    assert [(word.address, word.state, int(word.codes[0])) for word in one.memory(5, 8)] == [
        (5, "empty", 0), (6, "initial", 3), (7, "initial", 3), (8, "empty", 0),
    ]  # fmt: skip


def test_a_token_is_there_from_the_cycle_after_its_signal_to_that_in_which_it_is_taken() -> None:
    one, shown = debugger("vmm", "memory.access_cycles=3"), {}
    while one.cycle < 90:
        shown[one.cycle] = {token.number: (token.there, token.coming) for token in one.tokens()}
        for channel in one.channels():
            assert all(cycle > one.cycle for cycle in channel.coming)
        one.cycles()
    told = {cycle: {number: there for number, (there, _) in found.items()} for cycle, found in shown.items()}
    assert [told[cycle] for cycle in (0, 4, 5, 8, 9, 14, 15, 17)] == [
        {},
        {2: 0},
        {2: 1},
        {},
        {0: 0},
        {0: 1},
        {},
        {1: 0},
    ]
    assert [told[cycle] for cycle in (70, 71, 72)] == [{0: 0, 1: 0, 2: 0}, {0: 0, 1: 1, 2: 0}, {0: 0, 1: 0, 2: 0}]
    assert [told[cycle][2] for cycle in (87, 88, 89)] == [0, 1, 0]
    assert {coming for found in shown.values() for _, coming in found.values()} == {()}  # none is made ahead here


def test_each_layer_is_named_from_its_mark_to_its_end() -> None:
    one = of_text(".chip acortex_digits\nstart\nnop\nlayer a\nnop\nendlayer\nnop\nlayer b\nnop\nlayer c\nnop\nhalt")
    at, registers = [], []
    while (where := one.where()).state == "running":
        at.append(where.next.layer if where.next else None)
        registers.append(one.registers().layer)
        one.step()
    assert at == registers == ["", "", "a", "a", "", "", "b", "b", "c", "c"]


@pytest.mark.parametrize(
    ("aim", "grants", "stops"),
    [
        (Aim("a word", word=9), [255, 256, 300, 511, 512], [257, 301, 512]),
        (Aim("a word", word=8), [256, 300], []),
        (Aim("cycle 256", cycle=256), [], [256]),
        (Aim("cycle 511", cycle=511), [], [511]),
        (Aim("cycle 512", cycle=512), [], []),
        (Aim("cycle 255", cycle=255), [], []),
    ],
)
def test_a_stretch_has_its_first_cycle_and_not_that_behind_its_last(
    aim: Aim, grants: list[int], stops: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that is granted in a cycle stops the run in the next one."""
    monkeypatch.setattr(module, "visited", lambda dispatch: np.full(9, 9))
    write = Write(None, np.array(grants, np.int64))  # type: ignore[arg-type]  # any instruction: where it goes is said
    found = aim.cycles(Stretch(256, 512, np.zeros((3, 0), np.int64), (write,), None))
    assert found.tolist() == stops


def test_words_of_a_write_under_way_are_told_one_by_one_by_whom_they_were_written() -> None:
    program = assemble(
        ".program four\n.chip acortex_digits\n.input x, shape=256\n.output y, shape=256\nstart\nbase d0, 0\n"
        "dim d0, 0, 4\nbase d1, 8\ndim d1, 0, 4, stride=1\nquant q0, 1, 0, activation=relu\ninference\n"
        "input x, d0\nsignal host_in, t0\nawait read, t0\nread d0, to=vector\nrequant q0, 4\n"
        "write d1, source=vector\nsignal write, t1\nawait host_out, t1\noutput y, d1\nendinference\nhalt\n"
    )
    chip, given = load_chip(program.chip, ["memory.access_cycles=3"]), np.zeros((1, 256), np.uint8)
    one, known = Debugger(prepare(program, chip, inputs={"x": given}), check_order=False), []
    one.until("main_memory/write")
    for _ in range(6):
        known.append([(word.state, str(word.by), str(word.coming_by)) for word in one.memory(8, 11)])
        one.cycles(2)
    done, not_yet = ("written", "<text>:17", "None"), ("empty", "None", "<text>:17")
    assert known == [[done] * number + [not_yet] * (4 - number) for number in (0, 1, 2, 2, 3, 4)]


@pytest.mark.parametrize(
    ("grants", "there"), [([250, 255, 256], True), ([300], True), ([511, 600], True), ([255], False), ([512], False)]
)
def test_a_write_belongs_to_each_stretch_that_it_reaches_into(
    grants: list[int], there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "moves", lambda dispatch: SimpleNamespace(writes=True))
    chip = SimpleNamespace(accesses=lambda: [(None, grants), (None, [])])
    found = list(timeline._writes(chip, 256, 512))  # type: ignore[arg-type]  # of a chip its accesses alone
    assert [write.grants.tolist() for write in found] == ([grants] if there else [])
