"""The text of `acortex view` about executions and sums of instructions, from documents of `acortex.view/1` alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.tools.views.instructions import bins_for, ended, view_parts
from acortex.traces.instructions.results import InstructionView, InstructionWait

from .conftest import Said

BY = {"unit": "bus", "line": "a.s:4", "text": "write d2", "how": "ended"}


def wait(unit: str, cycles: int, by: dict[str, Any] | None = None, ended: int = 0) -> dict[str, Any]:
    return {"unit": unit, "cause": "buffer_full", "times": 2, "cycles": cycles, "ended_by": by, "ended": ended}


def row(index: int, **changed: Any) -> dict[str, Any]:
    """An execution of the unit vmm."""
    own = {"line": "a.s:3", "text": "multiply g0, 25", "unit": "vmm", "layer": "-", "pc": 2, "inference": 0, "alike": 1}
    times = {"issued": 1000, "first_busy": 1100, "end": 1200, "done": 1200, "busy": 100, "waited": 40}
    return {"index": index, **own, **times, "waits": [], "strip": [], **changed}


def total(number: int, **changed: Any) -> dict[str, Any]:
    """The sums of an instruction."""
    own = {"pc": number, "line": f"a.s:{number}", "text": f"read d{number}", "unit": "vmm", "executions": 1500}
    sums = {"busy": 2000, "waiting": 3000, "energy_aj": 10**9, "energy_j": 1e-9, "share": 0.5, "critical": 30}
    return {**own, **sums, "units": [], "waits": [], **changed}


VIEW: dict[str, Any] = {
    "complete": True, "covers": None, "program": {"name": "toy", "sha256": "ab" * 32, "instructions": 7},
    "chip": {"name": "acortex_toy", "sha256": "cd" * 32, "config": {}}, "clock_ns": 1.0, "cycles": 54321,
    "instructions": 1, "rows": [], "bin_cycles": 5, "from_cycle": 1000, "until_cycle": 1200, "totals": [total(3)],
    "event_energy_aj": 2 * 10**9, "loops": [], "chain": [], "links": 0, "waits_looked_at": 0,
}  # fmt: skip


def lines(said: Said, width: int = 120, **changed: Any) -> list[str]:
    return said(view_parts(InstructionView.model_validate({**VIEW, **changed}), width))


def section(found: list[str], head: str) -> list[str]:
    """The line that begins so, and those below it up to an empty one."""
    at = next(at for at, line in enumerate(found) if line.startswith(head))
    return found[at : found.index("", at)]


# Sums of instructions ---------------------------------------------------------------------------------------------


def test_the_sums_of_instructions_have_shares_of_the_critical_path(said: Said) -> None:
    found = lines(said, totals=[total(3), total(4, critical=10, busy=5), total(5, critical=0)])
    assert found == [
        "toy on acortex_toy 54,321 cycles, 1 instruction executed",
        "",
        "line instruction times busy waited longest for ended by energy critical",
        "3 read d3 1,500 2,000 3,000 1.00 nJ 75.0 %",
        "4 read d4 1,500 5 3,000 1.00 nJ 25.0 %",
        "5 read d5 1,500 2,000 3,000 1.00 nJ 0.0 %",
        "all: busy 4,005, waited 9,000 cycles, 2.00 nJ of events, without leakage",
        "",
    ]


@pytest.mark.parametrize("critical", [None, 0])
def test_without_a_critical_path_nothing_has_a_share_of_it(critical: int | None, said: Said) -> None:
    assert section(lines(said, totals=[total(3, critical=critical)]), "line")[1].endswith("1.00 nJ -")


@pytest.mark.parametrize(("width", "energy"), [(99, ""), (100, "1.00 nJ ")])
def test_short_lines_leave_the_energy_out(width: int, energy: str, said: Said) -> None:
    assert section(lines(said, width), "line")[1] == f"3 read d3 1,500 2,000 3,000 {energy}100.0 %"


@pytest.mark.parametrize(
    ("width", "told"), [(119, "1,234 buffer full bus:4"), (120, "1,234 buffer full (host) bus:4 write d2")]
)
def test_broad_lines_have_the_unit_that_waited_and_the_text_of_what_ended_it(width: int, told: str, said: Said) -> None:
    waits = [wait("host", 1234, BY, 1234), wait("vmm", 5)]
    assert f" {told} " in section(lines(said, width, totals=[total(3, waits=waits)]), "line")[1]


@pytest.mark.parametrize(("number", "more"), [(24, ""), (25, "and 1 more"), (40, "and 16 more")])
def test_twenty_four_sums_are_shown_and_all_are_added_up(number: int, more: str, said: Said) -> None:
    found = section(lines(said, totals=[total(at, busy=1000) for at in range(number)]), "line")
    assert [line.split()[0] for line in found[1:25]] == [str(at) for at in range(24)]
    assert found[25:-1] == [more] * bool(more)
    assert found[-1].startswith(f"all: busy {number * 1000:,}, waited {number * 3000:,} cycles, ")


@pytest.mark.parametrize(
    ("changed", "width", "told"),
    [
        ({}, 120, "900 by bus:4 write d2"),
        ({}, 119, "900 by bus:4"),
        ({"ended": 1234}, 120, "bus:4 write d2"),
        ({"ended_by": {**BY, "how": "held"}, "ended": 1234}, 120, "held by bus:4 write d2"),
        ({"ended_by": {**BY, "how": "held"}}, 120, "900 by bus:4 write d2"),
        ({"ended_by": {**BY, "how": "taken"}, "ended": 1234}, 120, "bus:4 write d2"),
        ({"ended_by": {**BY, "text": ""}, "ended": 1234}, 120, "bus:4"),
        ({"ended_by": None}, 120, ""),
    ],
    ids=str,
)
def test_what_ended_most_of_a_wait_is_told_with_its_part(changed: dict[str, Any], width: int, told: str) -> None:
    assert ended(InstructionWait.model_validate({**wait("vmm", 1234, BY, 900), **changed}), width) == told


# Executions -------------------------------------------------------------------------------------------------------


def test_an_execution_has_its_times_and_the_longest_wait_of_its_own_unit(said: Said) -> None:
    waits = [wait("host", 500, BY, 500), wait("vmm", 40, BY, 40), wait("vmm", 3)]
    found = lines(said, rows=[row(1234, waits=waits)], instructions=1)
    assert section(found, "# line") == [
        "# line unit issued first end waited for ended by",
        "1,234 3 vmm 1,000 1,100 1,200 40 buffer full bus:4 write d2",
    ]


def test_without_a_wait_of_its_own_unit_that_of_another_is_told_with_its_name(said: Said) -> None:
    found = lines(said, rows=[row(7, waits=[wait("host", 500), wait("bus", 400)])], instructions=1)
    assert section(found, "# line")[1] == "7 3 vmm 1,000 1,100 1,200 500 buffer full (host)"


def test_what_was_never_busy_has_dashes(said: Said) -> None:
    found = lines(said, rows=[row(7, first_busy=None, end=None, inference=-1)], instructions=1)
    assert section(found, "# line")[1] == "7 3 vmm 1,000 - -"
    assert section(found, "# inf")[1] == "7 - multiply g0, 25"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"alike": 1}, "multiply g0, 25"),
        ({"alike": 2}, "2x multiply g0, 25"),
        ({"text": "", "alike": 3}, "3x a.s:3"),
        ({"text": ""}, "a.s:3"),
        ({"text": "x" * 24}, "x" * 24),
        ({"text": "x" * 25}, "x" * 23 + "…"),
        ({"inference": 12345}, "multiply g0, 25"),
    ],
    ids=str,
)
def test_rows_name_their_instruction_and_how_many_are_alike(changed: dict[str, Any], told: str, said: Said) -> None:
    inference = f"{changed.get('inference', 0):,}"
    assert section(lines(said, rows=[row(7, **changed)]), "# inf")[1] == f"7 {inference} {told}"


@pytest.mark.parametrize(("number", "more"), [(1, None), (2, "1 more execution"), (5000, "4,999 more executions")])
def test_executions_that_are_not_shown_are_counted(number: int, more: str | None, said: Said) -> None:
    found = [line for line in lines(said, rows=[row(7)], instructions=number) if "--rows N" in line]
    assert found == ([f"and {more}: --rows N, --from CYCLE"] if more else [])


# Strips -----------------------------------------------------------------------------------------------------------


def stretch(start: int, end: int, what: str, cause: str = "") -> dict[str, Any]:
    return {"start": start, "end": end, "what": what, "cause": cause}


STRIP = [
    stretch(1000, 1005, "issue"), stretch(1005, 1015, "queued"), stretch(1025, 1040, "waiting", "buffer_full"),
    stretch(1040, 1045, "waiting", "bus"), stretch(1045, 1065, "busy"), stretch(1065, 1070, "following"),
    stretch(1070, 1075, "between"),
]  # fmt: skip


def test_a_strip_has_a_mark_for_each_bin_and_letters_for_what_was_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From cycle 1000 in bins of 5: issued, 2 in the queue, 2 of nothing, 3 and 1 of waiting, 4 busy, 1 and 1."""
    from rich.console import Console

    view = InstructionView.model_validate({**VIEW, "rows": [row(7, strip=STRIP)]})
    for part in view_parts(view, 120):
        Console(width=200, highlight=False).print(part)
    printed = capsys.readouterr().out.splitlines()
    at = next(at for at, line in enumerate(printed) if line.startswith("#  inf"))
    assert printed[at].rstrip() == "#  inf  instruction      |1000               |1100"
    assert printed[at + 1].rstrip() == "7    0  multiply g0, 25  I--  bbbu████▒·"
    legend = "I issued  - queued  █ busy  ▒ another unit works for it  · in between"
    assert printed[at + 3] == f"one mark: 5 cycles   {legend}"
    assert printed[at + 4] == "waiting for  b buffer full  u bus"


def test_what_a_strip_does_not_show_is_not_explained(said: Said) -> None:
    found = lines(said, rows=[row(7, strip=[stretch(1000, 1010, "busy")])], bin_cycles=1)
    assert "one mark: 1 cycle █ busy" in found
    assert not [line for line in found if line.startswith("waiting for")]


@pytest.mark.parametrize(
    ("until", "axis"),
    [(1100, "|1000"), (1105, "|1000 |"), (1120, "|1000 |"), (1125, "|1000 |1100"), (1205, "|1000 |1100 |")],
)
def test_a_mark_of_the_axis_without_room_for_its_number_stands_alone(until: int, axis: str, said: Said) -> None:
    assert section(lines(said, rows=[row(7)], until_cycle=until), "# inf")[0] == f"# inf instruction {axis}"


@pytest.mark.parametrize(("width", "bins"), [(40, 20), (56, 20), (57, 21), (179, 143), (180, 48), (200, 68)])
def test_strips_take_what_names_and_numbers_leave(width: int, bins: int) -> None:
    """36 cells beside a strip; on lines of 180, 132 with the numbers."""
    assert bins_for(width) == bins


def test_on_wide_lines_numbers_stand_beside_the_strip_and_names_are_longer(said: Said) -> None:
    found = lines(said, 180, rows=[row(7, text="x" * 37, strip=[stretch(1000, 1010, "busy")])])
    assert section(found, "# inf")[:2] == [
        "# inf instruction |1000 |1100 line unit issued first end waited for ended by",
        f"7 0 {'x' * 35}… ██ 3 vmm 1,000 1,100 1,200",
    ]
    assert not [line for line in found if line.startswith("# line")]
