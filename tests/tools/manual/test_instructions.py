"""docs/reference/instructions.md is made of the table; what it says of events and units is what runs do."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

import acortex
from acortex.isa import assemble_file
from acortex.isa.codec import decode
from acortex.isa.table import MNEMONICS, OPCODE_BITS, ROWS, WORD_BITS
from acortex.sim.chip.prices import INDEX
from acortex.tools.manual.instructions import EVENTS, LINE, MEMORY_NORM, NORM, UNITS, diagram, events_of, page
from acortex.tools.timing_page import waiting

CHECKOUT = Path(__file__).resolve().parents[3]
RUNS = ("concat.s", "conv3x3.s", "in_flight.s", "lstm_step.s", "pooling.s", "residual.s", "vector_add.s")


def test_the_page_is_what_make_pages_writes() -> None:
    written = (CHECKOUT / "docs" / "reference" / "instructions.md").read_text(encoding="utf-8")
    assert written == page(), "make pages writes it anew"


def test_each_instruction_has_a_section_and_an_example_that_makes_its_word() -> None:
    sections = re.split(r"^### ", page(), flags=re.MULTILINE)[1:]
    assert {section.split("\n")[0] for section in sections} == set(MNEMONICS)
    for section in sections:
        row = MNEMONICS[section.split("\n")[0]]
        assert f"        {row.example}\n" in section and f"`{row.word:#018x}`" in section
        assert "{literalinclude}" in section or row.effect, row.mnemonic


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_a_diagram_shows_every_bit_once(row: object) -> None:
    text = diagram(row)  # type: ignore[arg-type]  # ids take any value
    bits = [int(bit) for line in text.split("\n")[::4] for bit in line.split()]
    assert bits[0] == WORD_BITS - 1 and bits[-1] == 0 and WORD_BITS - OPCODE_BITS in bits
    assert bits == sorted(bits, reverse=True)
    assert max(map(len, text.split("\n"))) <= LINE + 2


@pytest.mark.parametrize("name", RUNS)
def test_instructions_make_the_events_that_the_page_names_in_the_units_that_it_names(name: str, tmp_path: Path) -> None:
    program = assemble_file(CHECKOUT / "programs" / name)
    acortex.run(program, values=False, trace=tmp_path / "run.actrace")
    trace = acortex.open_trace(tmp_path / "run.actrace")
    made, units = defaultdict(set), defaultdict(set)
    for event in trace:
        mnemonic = decode(int(program.words[event.pc])).row.mnemonic
        kind = trace.header.kinds[event.kind].name
        if kind != "controller.issue":
            made[mnemonic].add(kind)
            units[mnemonic].add(trace.header.units[event.unit])
    for mnemonic, kinds in made.items():
        row = MNEMONICS[mnemonic]
        assert kinds <= set(events_of(row)), mnemonic
        assert set(events_of(row)) - kinds <= {"bus.up", "bus.down"}, mnemonic  # where words stay on one side
        if row.agent != "any":
            named = {unit.split("/")[0] if unit.startswith("buses/") else unit for unit in units[mnemonic]}
            assert named - {"buses"} <= set(UNITS.get(row.agent, (row.agent,))), mnemonic


def test_the_tables_of_the_page_name_what_there_is() -> None:
    assert {kind for kinds in EVENTS.values() for kind in kinds} <= set(INDEX)
    assert {unit for units in UNITS.values() for unit in units} <= set(waiting())
    headings = re.findall(r"^#+ (.*)", (CHECKOUT / "docs" / "timing.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {MEMORY_NORM, *NORM.values()} <= anchors


def test_a_row_of_a_new_kind_has_no_events_until_someone_says_them() -> None:
    from dataclasses import replace

    with pytest.raises(KeyError):
        events_of(replace(ROWS[0], mnemonic="new", timing="unheard"))
