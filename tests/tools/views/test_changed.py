"""What was changed, in words."""

from __future__ import annotations

import pytest

from acortex.tools.views.changed import cause, rows
from acortex.traces.results_of_paths import Changed, ProgramChange, SettingChange

BANKS = SettingChange(path="memory.banks", a=8, b=16)
LOADS = SettingChange(path="arrays.overlap_loads", a=False, b=None)
NOP = ProgramChange(kind="inserted", source_a=None, source_b="b.s:3", text_a=None, text_b="nop")
READ = ProgramChange(kind="changed", source_a="a.s:1", source_b="b.s:4", text_a="read d0", text_b="read d1")


def test_rows_have_what_where_and_how() -> None:
    assert rows(Changed(settings=[BANKS, LOADS], program=[NOP, READ])) == [
        ("setting", "memory.banks", "8 -> 16"),
        ("setting", "arrays.overlap_loads", "false -> not stated"),
        ("inserted", "b.s:3", "nop"),
        ("changed", "a.s:1 -> b.s:4", "read d0 -> read d1"),
    ]
    assert rows(Changed(settings=[BANKS, LOADS], program=[NOP, NOP]), 1) == [
        ("setting", "memory.banks", "8 -> 16"),
        ("and", "1 more settings", ""),
        ("inserted", "b.s:3", "nop"),
        ("and", "1 more instructions", ""),
    ]


@pytest.mark.parametrize(("number", "more"), [(8, []), (9, [("and", "1 more settings", "")])])
def test_eight_of_each_are_named(number: int, more: list[tuple[str, str, str]]) -> None:
    found = rows(Changed(settings=[BANKS] * number, program=[NOP] * 8))
    assert found == [("setting", "memory.banks", "8 -> 16")] * 8 + more + [("inserted", "b.s:3", "nop")] * 8


@pytest.mark.parametrize(
    ("settings", "program", "told"),
    [
        ([BANKS], [], "memory.banks 8 -> 16"),
        ([BANKS, LOADS], None, "memory.banks 8 -> 16 and 1 more"),
        ([], [NOP, READ, READ], "inserted nop and 2 more"),
        ([], [], "the same settings and instructions"),
        (None, [], "the same instructions; settings of the golden unknown"),
        (None, None, "settings and instructions of the golden unknown"),
    ],
)
def test_a_cause_is_a_few_words(
    settings: list[SettingChange] | None, program: list[ProgramChange] | None, told: str
) -> None:
    assert cause(Changed(settings=settings, program=program)) == told
