"""What tables of numbers share: rows whose names alone give way, and differences of energies."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.text import Text

from acortex.tools.views.tables import energies, instruction, number_table, part_line
from acortex.traces.results import Covers


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1e-9, 3e-9, ("1.00 nJ", "3.00 nJ", "+2.00 nJ")),
        (3e-9, 1e-9, ("3.00 nJ", "1.00 nJ", "-2.00 nJ")),
        (1e-9, 1e-9, ("1.00 nJ", "1.00 nJ", "0 J")),
        (0.0, 1e-9, ("0 J", "1.00 nJ", "+1.00 nJ")),
        (None, 1e-9, ("-", "1.00 nJ", "-")),
        (1e-9, None, ("1.00 nJ", "-", "-")),
        (None, None, ("-", "-", "-")),
    ],
)
def test_two_energies_have_a_signed_difference_where_both_are_known(
    before: float | None, after: float | None, told: tuple[str, str, str]
) -> None:
    assert energies((before, after)) == told


def test_a_line_has_its_instruction_where_that_is_known() -> None:
    assert (instruction("a.s:3", "halt"), instruction("a.s:3", "")) == ("a.s:3 halt", "a.s:3")


@pytest.mark.parametrize("width", [12, 20, 40])
def test_a_narrow_table_cuts_names_and_no_number(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    table = number_table("Name", "cycles")
    table.add_row("a name of many letters", "1,234")
    table.add_row(Text("b"), "5")
    Console(width=width, color_system=None).print(table)
    head, first, second = (line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert head.endswith("cycles") and first.endswith(" 1,234") and second.endswith("     5")
    assert ("…" in first) == (width < 31)
    assert len(first) <= width


def test_the_whole_of_a_run_has_no_line_of_its_own() -> None:
    assert list(part_line(None)) == []
    (line,) = part_line(Covers(level="layers", lost="", units=["vmm"]))
    assert str(line) == "incomplete: only units vmm; level layers, where one row stands for many events"
