"""Late reads against a walk over the accesses in plain loops."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.places import place
from acortex.isa.program import Memory
from acortex.isa.semantics import visited
from acortex.isa.sequencer import Sequencer, Stream
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger import report as report_module
from acortex.sim.ledger.retention import AccessTable, _order, access_tables, bounds, late_reads
from acortex.sim.run import run
from acortex.sim.timing.memory import Access

DIGITS = Path(__file__).parents[3] / "programs" / "digits_mlp.s"
IMAGES = np.random.default_rng(3).integers(0, 2, (3, 784))


def test_nothing_is_late_where_words_outlast_the_run() -> None:
    retention = run(assemble_file(DIGITS), inputs=IMAGES).report["retention"]
    assert retention == {"late_reads": 0, "worst": None, "pairs": []}


def test_every_read_is_late_where_words_fade_at_once() -> None:
    program = assemble_file(DIGITS)
    # 1 ns is less than a cycle: no read can come in time. 15 words are read for each image: 13, 1 and 1.
    report = run(program, load_chip(program.chip, ["memory.retention_s=1e-9"]), inputs=IMAGES).report
    assert report["retention"]["late_reads"] == report["counts"]["main_memory.reads"] == 3 * 15


def test_the_worst_late_read_names_its_word_its_age_and_both_lines() -> None:
    program = assemble_file(DIGITS)
    worst = run(program, load_chip(program.chip, ["memory.retention_s=1e-9"]), inputs=IMAGES[:1]).report["retention"][
        "worst"
    ]
    # The first word of an image waits longest: twelve more come in before the reading starts.
    text = DIGITS.read_text().splitlines()
    read, written = (
        text[int(place.split(":")[1]) - 1].split(";")[0].split() for place in (worst["read"], worst["written"])
    )
    assert (read, written) == (["read", "d0"], ["input", "image,", "d0"])
    assert worst["age_s"] == pytest.approx(worst["age_cycles"] * 1.785e-9)
    assert 0 <= worst["word"] < 13


def test_late_reads_are_told_by_pairs_of_lines_oldest_first() -> None:
    program = assemble_file(DIGITS)
    found = run(program, load_chip(program.chip, ["memory.retention_s=1e-9"]), inputs=IMAGES).report["retention"]
    pairs = found["pairs"]
    assert sum(pair["reads"] for pair in pairs) == found["late_reads"]
    assert [pair["age_cycles"] for pair in pairs] == sorted((pair["age_cycles"] for pair in pairs), reverse=True)
    assert len({(pair["read"], pair["written"]) for pair in pairs}) == len(pairs) == 3
    assert {**found["worst"], "reads": 3 * 13} == pairs[0]  # 13 words of each image


def test_an_instruction_that_walks_otherwise_in_each_turn_is_followed_each_time() -> None:
    """Its stream, or the window over that, is another one in the second turn."""
    program = assemble(
        ".chip acortex_digits\nstart\nbase d0, 4\ndim d0, 0, 1\ndim d0, 1, 5, stride=1\ndim d0, 2, 1\n"
        "window w0, 1, 1, 5\nwindow w1, 1, 3, 5\nfetch d0, w0\nread d0\nhalt\n"
    )
    walk = Sequencer(program, 1)
    fetch, read = (one for one in [walk.step() for _ in program.words] if one is not None)
    other = Stream(20, (2, 1, 1, 1), (3, 0, 0, 0))
    accesses = [(read, [1, 2, 3, 4, 5]), (read._replace(stream=other), [6, 7]), (read, [8, 9, 10, 11, 12])]
    (table,) = access_tables(accesses)
    assert dict(zip(table.cycles.tolist(), table.words.tolist(), strict=True)) == {
        1: 4, 2: 5, 3: 6, 4: 7, 5: 8, 6: 20, 7: 23, 8: 4, 9: 5, 10: 6, 11: 7, 12: 8,
    }  # fmt: skip
    wide = fetch._replace(window=walk.windows[1])
    walks = [visited(one).tolist() for one in (fetch, wide)]
    assert walks[0] != walks[1]
    (table,) = access_tables([(one, range(len(words))) for one, words in zip((fetch, wide), walks, strict=True)])
    assert sorted(table.words.tolist()) == sorted([*walks[0], *walks[1]])


def test_how_accesses_are_cut_into_tables_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble_file(DIGITS)
    chip = load_chip(program.chip, ["memory.retention_s=1e-7"])
    whole = run(program, chip, inputs=IMAGES).report
    tables: list[int] = []

    def cut(accesses: Sequence[Access], memory: Sequence[Memory] = ()) -> list[AccessTable]:
        found = access_tables(accesses, memory, rows=7)
        tables.append(len(found))
        return found

    monkeypatch.setattr(report_module, "access_tables", cut)
    report = run(program, chip, inputs=IMAGES).report
    assert tables[0] > 3
    assert whole["retention"]["late_reads"] > 0
    assert (report["memory"], report["retention"]) == (whole["memory"], whole["retention"])


@pytest.mark.parametrize("words", [3, (1 << 20) - 1])
@pytest.mark.parametrize("last", [5, 1 << 31, 1 << 42, 1 << 43, 1 << 44, 1 << 62])
def test_accesses_are_ordered_however_long_the_run_is(words: int, last: int) -> None:
    draw = np.random.default_rng(7)
    word, writes = draw.integers(0, words + 1, 200), draw.integers(0, 2, 200) > 0
    cycle = last - draw.integers(0, 6, 200)
    word[:2], cycle[:2] = (0, words), (0, last)
    wanted = sorted(range(200), key=lambda at: (word[at], cycle[at], not writes[at], at))
    assert _order(word, cycle, writes).tolist() == wanted


# Late reads of tables by hand ----------------------------------------------------------------------------------------

CLOCK = Clock(load_chip("acortex_digits").clock_ns)
Row = tuple[int, int, bool, int]
"""An access: word, cycle, whether it writes, and the address of its instruction."""


def table(*rows: Row) -> AccessTable:
    words, cycles, writes, pcs = zip(*sorted(rows, key=lambda row: (row[0], row[1], not row[2])), strict=True)
    return AccessTable(np.array(words), np.array(cycles, np.int64), np.array(writes), np.array(pcs))


def told(limit: int, *tables: AccessTable) -> list[tuple[int, int, str, str, int]]:
    """The pairs of a report: word, age, the lines that read and wrote, and how many reads."""
    found = late_reads(assemble_file(DIGITS), CLOCK, tables, limit)
    assert found.late_reads == sum(pair.reads for pair in found.pairs)
    assert (found.worst is None) == (found.pairs == [])
    return [(pair.word, pair.age_cycles, pair.read, pair.written, pair.reads) for pair in found.pairs]


def line(pc: int) -> str:
    return place(assemble_file(DIGITS), pc)


@pytest.mark.parametrize(("limit", "late"), [(9, 1), (10, 0), (11, 0)])
def test_a_read_is_late_beyond_the_limit_and_not_at_it(limit: int, late: int) -> None:
    assert len(told(limit, table((5, 20, True, 3), (5, 30, False, 4)))) == late


def test_age_is_since_the_last_write_of_the_word() -> None:
    rows = [(5, 0, True, 3), (5, 90, True, 4), (5, 100, False, 5), (5, 100, True, 3), (5, 130, False, 5)]
    assert told(20, table(*rows)) == [(5, 30, line(5), line(3), 1)]


def test_a_write_in_the_cycle_of_a_read_comes_before_it() -> None:
    assert told(5, table((5, 0, True, 3), (5, 50, False, 4), (5, 50, True, 3))) == []


def test_a_word_that_was_never_written_is_not_late_whatever_was_written_beside_it() -> None:
    assert told(5, table((4, 0, True, 3), (5, 50, False, 4), (6, 60, True, 3))) == []


def test_pairs_of_lines_are_counted_and_have_their_oldest_read_of_all_tables() -> None:
    first = table((1, 0, True, 3), (1, 40, False, 5), (2, 5, True, 3), (2, 30, False, 5), (2, 31, False, 6))
    second = table((9, 10, True, 3), (9, 70, False, 5), (8, 0, True, 4), (8, 26, False, 6))
    assert told(20, first, second) == [
        (9, 60, line(5), line(3), 3),
        (2, 26, line(6), line(3), 1),
        (8, 26, line(6), line(4), 1),
    ]


def test_of_equally_old_reads_the_lowest_word_is_named() -> None:
    assert told(5, table((7, 10, True, 3), (7, 20, False, 5), (4, 0, True, 3), (4, 10, False, 5)))[0][0] == 4


def test_an_access_may_be_of_the_first_instruction_of_a_program() -> None:
    assert told(5, table((5, 0, True, 0), (5, 20, False, 1))) == [(5, 20, line(1), line(0), 1)]


def test_the_oldest_has_its_age_in_seconds() -> None:
    found = late_reads(assemble_file(DIGITS), CLOCK, [table((5, 0, True, 3), (5, 1000, False, 4))], 5)
    assert found.worst is not None and found.worst.age_s == pytest.approx(1.785e-6)
    assert found.worst.as_dict() == {name: found.pairs[0][name] for name in found.worst}


def test_words_of_the_initial_memory_are_of_their_lines() -> None:
    program = assemble_file(DIGITS)
    pieces = [Memory(address=at, values=np.zeros((1, 64), np.uint8), line=f"m.s:{at}") for at in (0, 1)]
    made = dataclasses.replace(program, memory=tuple(pieces))
    (one, other) = late_reads(
        made, CLOCK, [table((1, 0, True, -2), (1, 60, False, 4), (0, 0, True, -1), (0, 70, False, 4))], 5
    ).pairs
    assert (one.written, other.written) == ("m.s:0", "m.s:1")


@pytest.mark.parametrize("rows", [1, 3, 5, 100])
def test_tables_are_cut_between_words(rows: int) -> None:
    words = np.array([0, 0, 0, 1, 3, 3, 3, 3, 7])
    found = bounds(words, rows)
    assert found[0] == 0 and found[-1] == 8 and found == sorted(set(found))
    sizes = [int(((low <= words) & (words < high)).sum()) for low, high in pairwise(found)]
    assert sum(sizes) == 9 and (rows < 100 or len(sizes) == 1)


def test_the_initial_memory_is_written_at_cycle_0_by_instructions_below_0() -> None:
    pieces = [Memory(address=at, values=np.zeros((2, 64), np.uint8), line="m.s:1") for at in (4, 1)]
    (found,) = access_tables([], pieces)
    assert [column.tolist() for column in found] == [[1, 2, 4, 5], [0] * 4, [True] * 4, [-2, -2, -1, -1]]


def test_a_run_without_accesses_has_a_table_of_none() -> None:
    assert [len(found.words) for found in access_tables([])] == [0]
