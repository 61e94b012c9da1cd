"""The text of `acortex trace check` from a report alone, tolerances as they are typed, goldens as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.tools.goldens.check import github, lines, old_golden, read_golden, tolerances, write_golden
from acortex.tools.results import CheckReport

SAME = {"settings": [], "program": []}
REPORT: dict[str, Any] = {
    "equal": False, "golden": "g.json", "run": "a.actrace", "program": "toy", "cycles": [200, 200], "changed": SAME,
    "differences": [], "energy_aj": [{}, {}], "critical": [{}, {}], "first_divergence": None,
}  # fmt: skip


def moved(metric: str, golden: int | None, measured: int | None) -> dict[str, Any]:
    return {"metric": metric, "golden": golden, "measured": measured, "change": (measured or 0) - (golden or 0)}


def text(*differences: dict[str, Any], **changed: Any) -> list[str]:
    return lines(CheckReport.model_validate({**REPORT, "differences": list(differences), **changed}))


def test_an_equal_run_is_one_line_with_its_own_cycles() -> None:
    assert text(equal=True, cycles=[100, 101]) == ["equal to g.json: 101 cycles"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (200, 202, "+1.0 %"),
        (200, 150, "-25.0 %"),
        (200, 600, "+200.0 %"),
        (200, 0, "-100.0 %"),
        (3000, 3001, "+0.03 %"),
        (2000, 2001, "+0.05 %"),  # of one digit it would be 0.0: a tie goes to the even one
        (100_000, 100_001, "+0.001 %"),
        (10_000_000, 10_000_010, "+0.0001 %"),
        (10**9, 10**9 + 1, "+0.0 %"),
        (10**9, 10**9 - 1, "-0.0 %"),
    ],
)
def test_the_headline_has_a_digit_of_the_change_that_is_not_zero_where_four_show_one(
    before: int, after: int, told: str
) -> None:
    head = text(moved("cycles", before, after), cycles=[before, after])[0]
    assert head == f"cycles {before} -> {after} ({told}): the same settings and instructions"


def test_cycles_are_the_headline_wherever_they_stand() -> None:
    """With a tolerance for cycles they are no difference, and the run is longer all the same."""
    assert text(moved("busy.vmm", 40, 50), cycles=[200, 202])[0].startswith("cycles 200 -> 202 (+1.0 %): ")


def test_where_cycles_are_the_same_the_first_number_that_differs_is_the_headline() -> None:
    assert text(moved("busy.vmm", 40, 50), moved("busy.host", 1, 9))[0].startswith("busy.vmm 40 -> 50 (+25.0 %): ")


@pytest.mark.parametrize(
    ("golden", "measured", "told"),
    [(None, 5, "none -> 5 (+5)"), (5, None, "5 -> none (-5)"), (0, 5, "0 -> 5 (+5)"), (5, 0, "5 -> 0 (-100.0 %)")],
)
def test_what_one_of_them_lacks_has_no_share(golden: int | None, measured: int | None, told: str) -> None:
    assert text(moved("busy.vmm", golden, measured))[0].startswith(f"busy.vmm {told}: ")


@pytest.mark.parametrize(("number", "more"), [(8, []), (9, ["  busy: and 1 more"]), (11, ["  busy: and 3 more"])])
def test_of_each_section_eight_metrics_are_told(number: int, more: list[str]) -> None:
    rows = [moved(f"busy.u{at}", 100 - at, 100) for at in range(1, number + 1)]
    found = text(moved("cycles", 9, 8), *rows, moved("layers.a", 5, 4), cycles=[9, 8])
    shown = [f"  busy.u{at}: {100 - at} -> 100 (+{at})" for at in range(1, 9)]
    assert found[2:] == ["  cycles: 9 -> 8 (-1)", *shown, *more, "  layers.a: 5 -> 4 (-1)"]


def test_parts_of_the_path_and_of_energy_come_with_the_largest_change_first() -> None:
    before, after = {"a": 10, "b": 20, "gone": 7, "same": 3}, {"a": 15, "b": 1, "same": 3, "new": 6}
    found = text(moved("cycles", 9, 8), critical=[before, after], energy_aj=[{"dacs": 5}, {"dacs": 5}])
    at = found.index("critical path, in cycles")
    assert found[at + 1 :] == [
        "  b: 20 -> 1 (-19)",
        "  gone: 7 -> 0 (-7)",
        "  new: 0 -> 6 (+6)",
        "  a: 10 -> 15 (+5)",
        "energy by component, in aJ: none moved",
    ]


def test_a_part_of_one_cycle_that_is_gone_or_new_has_moved_by_all_of_it() -> None:
    before, after = {"gone": 1, "x": 5, "most": 6}, {"new": 1, "x": 0}
    found = text(moved("cycles", 9, 8), critical=[before, after])
    assert found[-4:] == ["  most: 6 -> 0 (-6)", "  x: 5 -> 0 (-5)", "  gone: 1 -> 0 (-1)", "  new: 0 -> 1 (+1)"]


@pytest.mark.parametrize("pair", [[{}, {"a": 1}], [{"a": 1}, {}], [{}, {}]])
def test_parts_that_one_of_them_does_not_know_are_not_compared(pair: list[dict[str, int]]) -> None:
    assert not [line for line in text(moved("cycles", 9, 8), critical=pair) if "critical" in line]


def event(cycle: int, count: int, source: str) -> dict[str, Any]:
    own = {"duration": 12, "unit": "vmm", "kind": "vmm.frame", "count": count, "energy_aj": 5}
    return {"cycle": cycle, **own, "source": source, "text": "multiply g0", "layer": "conv", "inference": 2}


def test_where_two_traces_part_has_the_rows_of_both_and_what_led_to_them() -> None:
    step = {"unit": "host", "what": "idle", "name": "idle", "cycle": 5, "duration": 30}
    parted = {
        "cycle": 44, "unit": "vmm", "kind": "vmm.frame", "source": "a.s:3", "text": "multiply g0", "instruction": 2,
        "layer": "conv", "inference": 2, "parted": 1, "differs": ["cycle"], "a": event(44, 4, "a.s:3"), "b": None,
        "before": [event(9, 0, "a.s:2")], "led_to": [[step], []],
    }  # fmt: skip
    assert text(moved("cycles", 9, 8), first_divergence=parted)[3:] == [
        "first divergence: cycle 44, unit vmm, vmm.frame, at a.s:3 multiply g0, layer conv, inference 2",
        "  both    cycle 9, 12 cycles: vmm vmm.frame at a.s:2 multiply g0",
        "  golden  cycle 44, 12 cycles: vmm vmm.frame x4 at a.s:3 multiply g0",
        "  now     nothing like it",
        "  golden  led to by host idle (+30)",
    ]


def test_a_mark_for_github_has_no_character_that_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    made = {**REPORT, "golden": str(tmp_path / "a:b,c.json"), "differences": [moved("busy.a,b:c", 100, 150)]}
    mark = github(CheckReport.model_validate(made))
    title = "busy.a%2Cb%3Ac 100 -> 150 (+50.0 %25)%3A the same settings and instructions"
    assert mark.startswith(f"::error file=a%3Ab%2Cc.json,title={title}::timing of toy is not that of ")
    assert mark.endswith("a:b,c.json%0A  busy.a,b:c: 100 -> 150 (+50)")
    assert github(CheckReport.model_validate({**made, "equal": True})) == ""


# Tolerances -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], {}),
        (["cycles=0.01", " energy_aj =1e-6"], {"cycles": 0.01, "energy_aj": 1e-6}),
        (["cycles=1", "cycles=2"], {"cycles": 2.0}),
        (["a=-1"], {"a": -1.0}),
    ],
)
def test_a_tolerance_is_a_name_and_a_number(given: list[str], found: dict[str, float]) -> None:
    assert tolerances(given) == found


@pytest.mark.parametrize("given", ["cycles", "cycles=", "=", "cycles=a", "cycles=1=2", ""])
def test_what_is_no_tolerance_is_refused(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        tolerances(["busy=1", given])
    assert str(caught.value) == f"{given!r} is no tolerance\n  hint: write NAME=RELATIVE, such as cycles=0.01"


# Files ------------------------------------------------------------------------------------------------------------

GOLDEN = {"schema": "acortex.golden/1", "cycles": 5}


def test_a_golden_is_written_once_and_says_whether_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "g.json"
    assert write_golden(path, GOLDEN)
    assert not write_golden(path, GOLDEN)
    assert write_golden(path, {**GOLDEN, "cycles": 6})
    assert read_golden(str(path))["cycles"] == 6


def test_a_golden_that_goes_on_behind_the_same_bytes_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    write_golden(path, GOLDEN)
    path.write_bytes(path.read_bytes() + b"\n")
    assert write_golden(path, GOLDEN)


def test_what_an_update_replaces_may_be_no_golden(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    assert old_golden(str(path)) is None
    path.write_text("<<<<<<< ours")
    assert old_golden(str(path)) is None
    write_golden(path, GOLDEN)
    assert old_golden(str(path)) == GOLDEN


def test_a_golden_that_is_not_there_or_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    with pytest.raises(UsageError, match=r"g\.json: there is no such golden\n  hint: make it with --update$"):
        read_golden(str(path))
    path.write_bytes(b"{\xff}")
    with pytest.raises(UsageError, match=r"g\.json: byte 1 is not UTF-8 text$"):
        read_golden(str(path))


def test_a_golden_may_have_sixteen_megabytes(tmp_path: Path) -> None:
    path, text = tmp_path / "g.json", '{"schema": "acortex.golden/1", "cycles": 5}'
    path.write_text(text.ljust(16 << 20))
    assert read_golden(str(path)) == GOLDEN
    path.write_text(text.ljust((16 << 20) + 1))
    with pytest.raises(UsageError, match=r"g\.json: "):
        read_golden(str(path))
