"""Late reads against a walk over the accesses in plain loops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Memory
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger import report as report_module
from acortex.sim.ledger.retention import AccessTable, _order, access_tables
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
