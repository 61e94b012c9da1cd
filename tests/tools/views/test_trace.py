"""The text of `acortex trace info`, `stats` and `query`, from documents alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.tools.views.trace import info_parts, query_parts, stats_parts
from acortex.traces.results import QueryAnswer, TraceInfo, TraceStats

from .conftest import Said

AJ = 10**9  # a nanojoule


def sums(events: int, busy: int, energy_aj: int | None) -> dict[str, Any]:
    """What every row has: energies in whole nanojoules."""
    return {"events": events, "busy": busy, "energy_aj": energy_aj, "energy_j": energy_aj and energy_aj / 10**18}


def component(name: str, events: int, energy_aj: int) -> dict[str, Any]:
    return {"name": name, **sums(events, 0, energy_aj)}


def layer(name: str, energy_aj: int | None, event_energy_aj: int, cycles: int | None) -> dict[str, Any]:
    flight = {"start_cycle": 0, "end_cycle": 9, "cycles": cycles}
    return {"name": name, **flight, **sums(3, 4, energy_aj), "event_energy_aj": event_energy_aj, "waiting": 0}


def line(number: int, energy_aj: int) -> dict[str, Any]:
    return {"line": f"a.s:{number}", "text": f"read d{number}", **sums(1200, 2000 - number, energy_aj), "waiting": 1500}


def unit(name: str, events: int | None, *cycles: int | None) -> dict[str, Any]:
    busy, waiting, idle = cycles
    own = {"busy": busy, "waiting": waiting, "idle": idle, "overlap": 0}
    return {"name": name, "events": events, "energy_aj": 0, "energy_j": 0.0, **own}


TIME = {"cycles": 2000, "latency_s": 1e-6}
WHOLE = {
    "complete": True, "covers": None, "statistics": {},
    "totals": {**sums(4321, 900, 10 * AJ), "event_energy_aj": 8 * AJ, "leakage_aj": 2 * AJ, **TIME},
    "components": [
        component("cheap", 1, 1 * AJ), component("free", 0, 0), component("dear", 0, 7 * AJ), component("idle", 2, 0),
    ],
    "kinds": [], "units": [unit("vmm", 1500, 500, 1000, 500), unit("host", None, None, None, None)],
    "waits": [{"unit": "vmm", "cause": "buffer_full", "cycles": 1000}],
    "layers": [layer("a", 2 * AJ, 1 * AJ, 500), layer("-", 8 * AJ, 7 * AJ, 1500)],
    "inferences": [], "latency_percentiles": {"least": 1, "p50": 20, "p90": 1300, "p99": 1400, "greatest": 1500},
    "instructions": [], "lines": [line(3, 5 * AJ)],
}  # fmt: skip


def stats(**changed: Any) -> TraceStats:
    return TraceStats.model_validate({**WHOLE, **changed})


def part(**covers: Any) -> dict[str, Any]:
    """What makes a report one of a part of a run: no energy with leakage is known."""
    totals = {**WHOLE["totals"], "energy_aj": None, "energy_j": None, "leakage_aj": None}  # type: ignore[dict-item]
    return {"complete": False, "covers": {"level": "events", "lost": "", **covers}, "totals": totals}


def section(lines: list[str], title: str) -> list[str]:
    """The lines under a title, up to the next empty one."""
    first = next(at for at, one in enumerate(lines) if one.startswith(title))
    return lines[first + 1 : lines.index("", first)]


# stats ------------------------------------------------------------------------------------------------------------


def test_the_first_line_has_what_happened_how_long_it_took_and_what_it_cost(said: Said) -> None:
    assert said(stats_parts(stats()))[0] == "4,321 events, 2,000 cycles, 10.0 nJ"


def test_components_are_dearest_first_and_only_what_neither_happened_nor_cost_is_left_out(said: Said) -> None:
    assert section(said(stats_parts(stats())), "Component") == [
        "dear 0 7.00 nJ 70.0 %",
        "cheap 1 1.00 nJ 10.0 %",
        "idle 2 0 J 0.0 %",
    ]


def test_time_of_a_unit_is_shares_of_the_run_and_a_dash_where_it_is_not_known(said: Said) -> None:
    assert section(said(stats_parts(stats())), "Unit") == ["vmm 1,500 25.0 % 50.0 % 25.0 %", "host - - - -"]


def test_layers_are_dearest_first_with_shares_of_time_and_energy(said: Said) -> None:
    assert section(said(stats_parts(stats())), "Layer") == [
        "(outside layers) 3 1,500 75.0 % 8.00 nJ 80.0 %",
        "a 3 500 25.0 % 2.00 nJ 20.0 %",
    ]


def test_layers_that_are_in_flight_at_once_have_shares_of_the_run(said: Said) -> None:
    layers = [layer("a", 2 * AJ, 1 * AJ, 1500), layer("b", 1 * AJ, 1 * AJ, 1000)]
    found = section(said(stats_parts(stats(layers=layers))), "Layer")
    assert [line.split()[3:5] for line in found] == [["75.0", "%"], ["50.0", "%"]]


def test_layers_of_a_part_have_the_energy_of_their_events_and_no_shares(said: Said) -> None:
    layers = [layer("a", None, 1 * AJ, None), layer("b", None, 3 * AJ, None)]
    found = said(stats_parts(stats(**part(units=["vmm"]), layers=layers)))
    assert section(found, "Layer") == ["b 3 - - 3.00 nJ -", "a 3 - - 1.00 nJ -"]
    assert found[:2] == [
        "incomplete: only units vmm",
        "4,321 events, 2,000 cycles, 8.00 nJ of these events, without leakage",
    ]


def test_lines_have_their_instruction_and_their_share_of_the_energy(said: Said) -> None:
    assert section(said(stats_parts(stats())), "Source line") == ["a.s:3 read d3 1,200 1,997 1,500 5.00 nJ 50.0 %"]


@pytest.mark.parametrize("rows", [12, 13])
def test_of_lines_and_waits_twelve_are_shown(rows: int, said: Said) -> None:
    lines = [line(number, 0) for number in range(rows)]
    waits = [{"unit": f"u{number}", "cause": "buffer_full", "cycles": 1000 - number} for number in range(rows)]
    found = said(stats_parts(stats(lines=lines, waits=waits)))
    assert [row.split()[0] for row in section(found, "Source line")] == [f"a.s:{number}" for number in range(12)]
    assert section(found, "Longest waits")[::11] == ["u0 waits for buffer full 1,000", "u11 waits for buffer full 989"]


def test_latencies_end_it_and_are_left_out_where_none_is_known(said: Said) -> None:
    told = "Latency of an inference least 1, p50 20, p90 1,300, p99 1,400, greatest 1,500 cycles"
    assert said(stats_parts(stats()))[-1] == told
    assert not [one for one in said(stats_parts(stats(latency_percentiles=None))) if "Latency" in one]


@pytest.mark.parametrize(
    ("covers", "told", "busy"),
    [
        ({"from_cycle": 500}, "1,500 of 2,000 cycles", "33.3 %"),
        ({"until_cycle": 1000}, "1,000 of 2,000 cycles", "50.0 %"),
        ({"from_cycle": 500, "until_cycle": 1500}, "1,000 of 2,000 cycles", "50.0 %"),
        ({"from_cycle": -300, "until_cycle": 9000}, "2,000 cycles", "25.0 %"),
        ({"from_cycle": 1999}, "1 of 2,000 cycles", "50000.0 %"),
        ({"from_cycle": 2000}, "0 of 2,000 cycles", "0.0 %"),
        ({"from_cycle": 2500}, "0 of 2,000 cycles", "0.0 %"),
        ({"until_cycle": -5}, "0 of 2,000 cycles", "0.0 %"),
    ],
    ids=str,
)
def test_shares_of_time_are_of_the_cycles_in_the_window(
    covers: dict[str, int], told: str, busy: str, said: Said
) -> None:
    found = said(stats_parts(stats(**part(**covers))))
    assert f"4,321 events, {told}, 8.00 nJ of these events" in found[1]
    assert section(found, "Unit")[0].startswith(f"vmm 1,500 {busy} ")


# info -------------------------------------------------------------------------------------------------------------

INFO = {
    "complete": True, "covers": None, "lost": "", "events": 12345, "rows": 900, "waits": 1100, "cycles": 54321,
    "latency_s": 9.7e-5, "energy_aj": 10 * AJ, "energy_j": 1e-8, "event_energy_aj": 8 * AJ, "bytes": 5000,
    "level": "layers", "filters": {}, "clock_ns": 1.785, "units": ["vmm", "host"],
    "kinds": [], "causes": [], "layers": ["-", "conv"],
    "program": {"name": "toy", "sha256": "ab" * 32, "instructions": 7},
    "chip": {"name": "acortex_toy", "sha256": "0123456789abcdef" * 4, "config": {}},
}  # fmt: skip


def test_info_has_a_line_for_each_fact(said: Said) -> None:
    assert said(info_parts(TraceInfo.model_validate(INFO))) == [
        "toy on acortex_toy",
        "time 54,321 cycles, 97.0 us",
        "energy 10.0 nJ, leakage included",
        "events 12,345, and 1,100 waits",
        "level layers, 900 rows",
        "size 5,000 bytes, 2.50 a row",
        "units vmm, host",
        "layers (outside layers), conv",
        f"program 7 instructions, sha256 {'ab' * 8}",
        "chip sha256 0123456789abcdef",
    ]


def test_a_trace_without_rows_and_without_a_report_says_so(said: Said) -> None:
    empty = {**INFO, "rows": 0, "waits": 0, "energy_j": None, "energy_aj": None}
    found = said(info_parts(TraceInfo.model_validate(empty)))
    assert found[2] == "energy 8.00 nJ of these events, without leakage"
    assert found[5] == "size 5,000 bytes, no rows"


# query ------------------------------------------------------------------------------------------------------------


def test_of_a_query_numbers_stand_right_and_texts_left(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    rows: list[list[Any]] = [["vmm", 5, 1.5, None], ["controller", 1000, 10.25, 7]]
    answer = QueryAnswer(complete=True, covers=None, columns=["unit", "n", "mean", "odd"], rows=rows)
    for one in query_parts(answer):
        Console(width=80).print(one)
    assert [row.rstrip() for row in capsys.readouterr().out.splitlines()] == [
        "unit           n   mean  odd",
        "vmm            5    1.5",
        "controller  1000  10.25  7",
    ]


def test_a_query_without_rows_has_its_headings(said: Said) -> None:
    assert said(query_parts(QueryAnswer(complete=True, covers=None, columns=["unit", "n"], rows=[]))) == ["unit n"]
