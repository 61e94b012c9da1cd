"""Statistics equal a slow, obvious sum over the rows, and their parts add up to the whole."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind
from acortex.traces.info import info
from acortex.traces.stats import STATISTICS, Sums, cut_durations, energies_by, joules, stats

from .conftest import HEADER, PRICES_AJ, MakeTrace, Rows, pipeline


@pytest.fixture
def trace(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    return make_trace(*rows, summary={"cycles": 200})


@pytest.fixture
def result(trace: Trace) -> dict[str, Any]:
    return stats(trace)


def test_totals_are_sums_over_the_events(result: dict[str, Any], rows: tuple[Rows, Rows]) -> None:
    energy_aj = sum(event[8] for event in rows[0])
    assert result["totals"] == {
        "events": 100,
        "busy": sum(event[1] for event in rows[0]),
        "energy_aj": energy_aj + 200 * 13,
        "energy_j": (energy_aj + 200 * 13) / 1e18,
        "event_energy_aj": energy_aj,
        "leakage_aj": 200 * 13,
        "cycles": 200,
        "latency_s": pytest.approx(200 * 1.785e-9, rel=1e-15),
    }


@pytest.mark.parametrize("table", ["kinds", "units", "layers", "inferences", "instructions", "lines"])
@pytest.mark.parametrize("name", ["events", "busy"])
def test_the_events_of_every_table_add_up_to_the_total(result: dict[str, Any], table: str, name: str) -> None:
    assert sum(row[name] for row in result[table]) == result["totals"][name]


@pytest.mark.parametrize("table", ["kinds", "units", "instructions", "lines"])
def test_energies_of_events_add_up_to_that_of_all(result: dict[str, Any], table: str) -> None:
    assert sum(row["energy_aj"] for row in result[table]) == result["totals"]["event_energy_aj"]


@pytest.mark.parametrize("table", ["components", "layers", "inferences"])
def test_energies_with_leakage_add_up_to_that_of_the_run(result: dict[str, Any], table: str) -> None:
    assert sum(row["energy_aj"] for row in result[table]) == result["totals"]["energy_aj"]
    if table != "components":
        assert sum(row["event_energy_aj"] for row in result[table]) == result["totals"]["event_energy_aj"]


def test_an_event_counts_for_every_component_that_pays_for_it(result: dict[str, Any]) -> None:
    events = {row["name"]: row["events"] for row in result["components"]}
    own = sum(row["events"] for row in result["kinds"] if row["component"] == "arrays")
    assert (events["arrays"], events["sensing"]) == (own, 20)  # sensing pays for its share of the frames
    assert events["leakage"] == 0 and "" not in events


def test_what_costs_something_and_names_no_component_is_not_lost(make_trace: MakeTrace) -> None:
    kinds = (EventKind("free", "things", "a thing", ""), EventKind("odd", "things", "a thing", ""))
    found = stats(make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0), (1, 1, 0, 1, 1, 0, 0, 0, 7)], kinds=kinds))
    rows = {row["name"]: (row["events"], row["energy_aj"]) for row in found["components"] if row["name"] != "leakage"}
    assert rows == {"unnamed": (1, 7)}


@pytest.mark.parametrize("table", ["units", "layers", "inferences", "instructions", "lines"])
def test_waiting_adds_up_in_every_table(result: dict[str, Any], rows: tuple[Rows, Rows], table: str) -> None:
    assert sum(row["waiting"] for row in result[table]) == sum(wait[1] for wait in rows[1])


def test_kinds_count_in_their_unit(result: dict[str, Any]) -> None:
    conversion = result["kinds"][3]
    assert (conversion["name"], conversion["count"], conversion["unit"]) == ("conversion", 20 * 64, "conversions")
    assert conversion["energy_aj"] == 20 * 64 * PRICES_AJ[3]


def test_a_component_gathers_its_kinds(result: dict[str, Any]) -> None:
    memory = result["components"][0]
    assert (memory["name"], memory["energy_aj"]) == ("main_memory", 20 * (PRICES_AJ[0] + PRICES_AJ[4]))


def test_components_share_the_energy_of_a_kind_and_own_its_rest(result: dict[str, Any]) -> None:
    energy_aj = {row["name"]: row["energy_aj"] for row in result["components"]}
    frames = 20 * 4
    assert energy_aj["sensing"] == frames * 200_000
    assert energy_aj["arrays"] == frames * (PRICES_AJ[2] - 200_000)
    assert energy_aj["leakage"] == 200 * 13


def test_a_chip_that_does_not_leak_has_no_such_row(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    result = stats(make_trace(rows[0], leakage_aj_per_cycle=0))
    assert "leakage" not in {row["name"] for row in result["components"]}
    assert result["totals"]["energy_aj"] == result["totals"]["event_energy_aj"]


def test_busy_waiting_and_idle_add_up_to_the_run(result: dict[str, Any]) -> None:
    for unit in result["units"]:
        assert unit["busy"] + unit["waiting"] + unit["idle"] - unit["overlap"] == 200, unit["name"]


def test_a_unit_that_does_two_things_at_once_shows_overlap(make_trace: MakeTrace) -> None:
    events = [(0, 10, 0, 0, 1, 0, 0, 0, 0), (0, 7, 0, 0, 1, 0, 0, 0, 0)]
    unit = stats(make_trace(events, summary={"cycles": 12}))["units"][0]
    assert (unit["busy"], unit["idle"], unit["overlap"]) == (17, 0, 5)


def test_waits_are_by_unit_and_cause_longest_first(result: dict[str, Any], rows: tuple[Rows, Rows]) -> None:
    expected: Counter[str] = Counter()
    for wait in rows[1]:
        expected[HEADER.causes[wait[3]]] += wait[1]
    assert {row["cause"]: row["cycles"] for row in result["waits"]} == dict(expected)
    assert [row["cycles"] for row in result["waits"]] == sorted(expected.values(), reverse=True)


def test_waits_of_each_unit_are_told_apart_by_their_cause(make_trace: MakeTrace) -> None:
    waits = [(0, 3, 2, 1, 0, 0, 0), (0, 5, 1, 2, 0, 0, 0), (4, 4, 2, 1, 0, 0, 0), (0, 2, 1, 1, 0, 0, 0)]
    assert stats(make_trace([], waits))["waits"] == [
        {"unit": "vmm", "cause": "token", "cycles": 7},
        {"unit": "vmm.load", "cause": "buffer empty", "cycles": 5},
        {"unit": "vmm.load", "cause": "token", "cycles": 2},
    ]


def test_instructions_and_lines_that_worked_and_waited_longest_come_first(make_trace: MakeTrace) -> None:
    """Those of lines 3, 4 and 5 were busy or waiting for 9, 10 and 8 cycles."""
    events = [(0, 9, 0, 0, 1, 0, 0, 0, 0), (0, 2, 0, 0, 1, 1, 0, 0, 0), (0, 8, 0, 0, 1, 2, 0, 0, 0)]
    found = stats(make_trace(events, [(2, 8, 0, 0, 1, 0, 0)]))
    for table in ("instructions", "lines"):
        assert [row["line"] for row in found[table]] == ["toy.s:4", "toy.s:3", "toy.s:5"], table


def test_an_inference_lasts_from_first_start_to_last_end(make_trace: MakeTrace) -> None:
    events = [(at, 5, 0, 0, 1, 0, 1, inference, 1) for at, inference in ((3, 0), (10, 1), (30, 0), (12, 1))]
    rows = stats(make_trace(events))["inferences"]
    assert [(row["index"], row["start_cycle"], row["end_cycle"], row["latency"]) for row in rows] == [
        (0, 3, 35, 32),
        (1, 10, 17, 7),
    ]


HOST = (
    EventKind("host.in", "words", "", ""),
    EventKind("host.out", "words", "", ""),
    EventKind("work", "words", "", ""),
)
AT_HOST = (
    # start, duration, unit, kind, count, pc, layer, inference, energy
    (0, 1, 0, 2, 1, 0, 1, 0, 0),  # the controller issues, long before
    (5, 2, 1, 0, 1, 0, 0, 0, 0),
    (9, 2, 1, 0, 1, 0, 0, 0, 0),
    (11, 6, 1, 2, 1, 0, 1, 0, 0),
    (14, 8, 1, 2, 1, 0, 1, 1, 0),
    (20, 3, 1, 1, 1, 0, 0, 0, 0),
    (22, 9, 1, 2, 1, 0, 0, 0, 0),
    (30, 1, 0, 2, 1, 0, 1, 0, 0),
)


@pytest.mark.parametrize("level", ["events", "instructions", "layers"])
def test_an_inference_lasts_from_its_first_word_at_the_host_to_its_last(make_trace: MakeTrace, level: str) -> None:
    trace = make_trace(AT_HOST, units=("controller", "host"), kinds=HOST, level=level)
    rows = stats(trace)["inferences"]
    assert [(row["start_cycle"], row["end_cycle"], row["latency"]) for row in rows] == [(5, 23, 18), (14, 22, 8)]


@pytest.mark.parametrize("level", ["events", "instructions", "layers"])
def test_a_layer_is_in_flight_while_any_unit_but_the_controller_works_for_it(make_trace: MakeTrace, level: str) -> None:
    trace = make_trace(AT_HOST, units=("controller", "host"), kinds=HOST, level=level, summary={"cycles": 40})
    rows = {row["name"]: row for row in stats(trace)["layers"]}
    layer = rows["conv1"]
    assert (layer["start_cycle"], layer["end_cycle"], layer["cycles"]) == (11, 22, 11)
    assert (rows["fc"]["cycles"], rows["-"]["cycles"]) == (0, 40 - 11)


def test_a_layer_leaks_while_it_is_in_flight_and_what_lies_outside_layers_in_the_other_cycles(
    make_trace: MakeTrace,
) -> None:
    trace = make_trace(AT_HOST, units=("controller", "host"), kinds=HOST, summary={"cycles": 40})
    energies = {row["name"]: (row["energy_aj"], row["event_energy_aj"]) for row in stats(trace)["layers"]}
    assert energies == {"-": (29 * 13, 0), "conv1": (11 * 13, 0), "fc": (0, 0)}


def test_latencies_in_seconds_are_those_in_cycles_times_the_clock(make_trace: MakeTrace) -> None:
    trace = make_trace(AT_HOST, units=("controller", "host"), kinds=HOST)
    assert [row["latency_s"] for row in stats(trace)["inferences"]] == [18 * 1.785e-9, 8 * 1.785e-9]


SHARED = (
    # start, duration, unit, kind, count, pc, layer, inference, energy
    (0, 1, 0, 0, 1, 0, 1, 4, 100),
    (0, 1, 0, 0, 1, 0, 1, 7, 200),
    (0, 1, 1, 0, 1, 0, 0, -1, 11),
    (0, 1, 1, 3, 1, 0, 0, -1, 8),
)


def energies(trace: Trace) -> dict[int, tuple[int, int]]:
    """The energy of each inference, and that of its events."""
    return {row["index"]: (row["energy_aj"], row["event_energy_aj"]) for row in stats(trace)["inferences"]}


def test_what_belongs_to_no_inference_is_divided_by_component_and_the_first_pays_the_rests(
    make_trace: MakeTrace,
) -> None:
    """Of 11 aJ of main memory each of the two pays 5, of 8 aJ of the neurons 4; 1 aJ is left."""
    found = energies(make_trace(SHARED, leakage_aj_per_cycle=0))
    assert found == {-1: (0, 19), 4: (100 + 5 + 4 + 1, 100), 7: (200 + 5 + 4, 200)}


@pytest.mark.parametrize("index", [0, 9])
def test_an_inference_that_was_never_in_flight_pays_nothing_where_others_were(
    make_trace: MakeTrace, index: int
) -> None:
    """A unit did something for it outside layers, for 6 aJ: what the two others pay 3 aJ each of."""
    found = energies(make_trace([*SHARED, (0, 1, 1, 1, 1, 0, 0, index, 6)], leakage_aj_per_cycle=0))
    assert found == {-1: (0, 19), index: (0, 6), 4: (113, 100), 7: (212, 200)}


def test_where_none_was_in_flight_each_pays_for_its_own_events(make_trace: MakeTrace) -> None:
    events = [(0, 0, 0, 0, 1, 0, 0, 2, 5), (0, 0, 0, 0, 1, 0, 0, 3, 7)]
    assert energies(make_trace(events)) == {2: (5, 5), 3: (7, 7)}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 99, 101, 199])
def test_a_percentile_is_the_least_latency_that_so_many_do_not_exceed(make_trace: MakeTrace, count: int) -> None:
    lengths = random.Random(count).choices(range(1, 2 * count), k=count)
    events = [(1000 * n, length, 0, 0, 1, 0, 1, n, 5) for n, length in enumerate(lengths)]
    found = stats(make_trace(events))["latency_percentiles"]
    for name, value in found.items():
        share = {"least": 0, "greatest": 1}.get(name) if name[0] != "p" else int(name[1:]) / 100
        reached = [one for one in sorted(lengths) if sum(other <= one for other in lengths) >= share * count]
        assert value == reached[0], name


def test_percentiles_are_latencies_that_occurred(make_trace: MakeTrace) -> None:
    events = [(0, 1 + inference, 0, 0, 1, 0, 0, inference, 0) for inference in range(200)]
    assert stats(make_trace(events))["latency_percentiles"] == {
        "least": 1,
        "p50": 100,
        "p90": 180,
        "p99": 198,
        "greatest": 200,
    }


def test_what_belongs_to_no_inference_has_no_latency(make_trace: MakeTrace) -> None:
    result = stats(make_trace([(0, 9, 0, 0, 1, -1, 0, -1, 4)]))
    assert result["latency_percentiles"] is None
    assert result["inferences"][0]["event_energy_aj"] == 4
    assert result["inferences"][0]["energy_aj"] == result["totals"]["energy_aj"]
    assert result["instructions"][0]["line"] == "-"


def test_instructions_of_one_line_share_a_row(make_trace: MakeTrace) -> None:
    events = [(0, 4, 0, 0, 1, 0, 0, 0, 1), (4, 5, 0, 0, 1, 1, 0, 0, 2)]
    result = stats(make_trace(events, lines=("a.s:7", "a.s:7"), instructions=("read d0", "halt")))
    assert [row["text"] for row in result["instructions"]] == ["halt", "read d0"]
    assert [row["text"] for row in result["lines"]] == ["read d0; halt"]
    assert [row["pc"] for row in result["instructions"]] == [1, 0]
    assert [(row["line"], row["busy"], row["energy_aj"]) for row in result["lines"]] == [("a.s:7", 9, 3)]


def test_equal_times_come_in_the_order_of_the_program(make_trace: MakeTrace) -> None:
    """Of instructions and of lines, whose names have another order; of waits, that of units and causes."""
    events = [(5 * at, 5, 0, 0, 1, pc, 0, 0, 1) for at, pc in enumerate((3, 0, 2, 1))]
    waits = [(0, 2, unit, cause, -1, 0, 0) for unit, cause in ((2, 0), (1, 2), (1, 0))]
    result = stats(make_trace(events, waits, lines=("b.s:10", "b.s:9", "a.s:2", "b.s:9")))
    assert [row["pc"] for row in result["instructions"]] == [-1, 0, 1, 2, 3]
    assert [row["line"] for row in result["lines"]] == ["b.s:9", "-", "b.s:10", "a.s:2"]
    assert [(row["unit"], row["cause"]) for row in result["waits"]] == [
        ("vmm.load", "bus taken"), ("vmm.load", "buffer empty"), ("vmm", "bus taken"),
    ]  # fmt: skip


def test_energy_beyond_63_bits_is_exact(make_trace: MakeTrace) -> None:
    events = [(at, 1, 0, 0, 1, 0, 0, 0, 2**62 + 1) for at in range(16)]
    assert stats(make_trace(events))["totals"]["event_energy_aj"] == 16 * (2**62 + 1)


def test_sums_take_far_apart_keys(make_trace: MakeTrace) -> None:
    events = [(0, 1, 0, 0, 1, 0, 0, inference, 5) for inference in (-1, 2**40, 2**40)]
    rows = stats(make_trace(events))["inferences"]
    assert {row["index"]: row["event_energy_aj"] for row in rows} == {-1: 5, 2**40: 10}


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_coarser_levels_give_the_same_totals(make_trace: MakeTrace, level: str) -> None:
    events, waits = pipeline(50)
    fine = stats(make_trace(events, waits, name="fine"))
    coarse = stats(make_trace(events, waits, name="coarse", level=level))
    for table in ("totals", "components", "kinds", "units", "waits", "layers", "inferences", "latency_percentiles"):
        assert coarse[table] == fine[table], table


def test_an_empty_trace_has_statistics(make_trace: MakeTrace) -> None:
    totals = stats(make_trace([]))["totals"]
    assert (totals["events"], totals["busy"], totals["energy_aj"], totals["cycles"]) == (0, 0, 0, 0)


def test_a_component_was_busy_as_long_as_the_events_that_it_pays_for(result: dict[str, Any]) -> None:
    busy = {row["name"]: row["busy"] for row in result["components"]}
    assert busy == {
        "main_memory": 20 * (2 + 2), "dacs": 20 * 3, "sensing": 20 * 5, "arrays": 20 * 5, "neurons_adcs": 20 * 4,
        "leakage": 0,
    }  # fmt: skip


@pytest.mark.parametrize("filters", [{}, {"from_cycle": 4}, {"to_cycle": 9}, {"from_cycle": 4, "to_cycle": 9}], ids=str)
def test_only_cycles_within_the_window_are_left_of_durations(filters: dict[str, int]) -> None:
    """Every row of up to 12 cycles that begins in the first 12, counted cycle by cycle."""
    start, duration = (side.ravel() for side in np.mgrid[0:12, 0:12])
    chunk = {"start": start, "duration": duration.copy()}
    cut_durations(chunk, duration, filters)
    first, end = filters.get("from_cycle", 0), filters.get("to_cycle", 99)
    rows = zip(start.tolist(), duration.tolist(), strict=True)
    wanted = [sum(first <= cycle < end for cycle in range(begin, begin + length)) for begin, length in rows]
    assert chunk["duration"].tolist() == wanted


def test_of_a_merged_row_no_more_is_left_than_it_worked() -> None:
    chunk = {"start": np.array([0, 0]), "duration": np.array([3, 8])}
    cut_durations(chunk, np.array([20, 20]), {"from_cycle": 5, "to_cycle": 10})
    assert chunk["duration"].tolist() == [3, 5]


def test_waits_are_cut_at_the_window_too(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 20, 1, 0, 1, 0, 0, 0, 0)], [(0, 9, 0, 0, 0, 0, 0)], summary={"cycles": 20})
    found = stats(trace.select(window=(5, 30)))
    assert [row["cycles"] for row in found["waits"]] == [4]
    assert found["units"][1]["busy"] == 15


STEPS = np.array([9, 20, 31, 35])


def test_energies_are_given_for_the_first_cycle_by_which_their_events_have_ended(make_trace: MakeTrace) -> None:
    """Of each component, event by event: what a count costs by its prices, and the rest for the kind's own."""
    events, _ = pipeline(6)
    found = dict(energies_by(make_trace(events), STEPS))
    wanted: dict[str, list[int]] = {}
    for start, duration, _, kind, count, *_, energy_aj in events:
        step = next((at for at, cycle in enumerate(STEPS.tolist()) if start + duration <= cycle), None)
        prices = {"sensing": 200_000 * count, "arrays": energy_aj - 200_000 * count} if kind == 2 else {}
        for component, share in (prices or {HEADER.kinds[kind].component: energy_aj}).items():
            if step is not None:
                wanted.setdefault(component, [0, 0, 0, 0])[step] += share
    assert found == wanted
    assert set(wanted) == {"main_memory", "dacs", "sensing", "arrays", "neurons_adcs"}


def test_a_component_that_costs_nothing_by_the_last_of_these_cycles_is_left_out(make_trace: MakeTrace) -> None:
    events: Rows = [(0, 9, 0, 0, 1, 0, 0, 0, 50), (0, 10, 0, 1, 1, 0, 0, 0, 60), (0, 99, 0, 3, 1, 0, 0, 0, 70)]
    assert dict(energies_by(make_trace(events), STEPS[:2])) == {"main_memory": [50, 0], "dacs": [0, 60]}


def test_every_number_is_described(result: dict[str, Any]) -> None:
    described = {one.name for one in STATISTICS}
    labels = {"name", "component", "unit", "cause", "line", "text", "index", "pc"}
    numbers = {name for table in result.values() if isinstance(table, list) for row in table for name in row} - labels
    assert (numbers | set(result["totals"])) == described
    assert all(one.unit and one.description for one in STATISTICS)


def test_joules_round_once() -> None:
    assert joules(2**70 + 1) == float(f"{2**70 + 1}e-18")


def test_keys_may_lie_on_both_sides_of_zero_however_far_apart() -> None:
    sums = Sums(("count",))
    sums.add(np.array([-(2**50), 2**50, 2**50]), {"count": np.array([1, 2, 3])})
    assert sums.rows == {-(2**50): [1], 2**50: [5]}


def test_a_key_without_rows_sums_to_nothing() -> None:
    assert Sums(("count", "duration"))[3] == [0, 0]


def test_info_says_what_a_trace_is(trace: Trace) -> None:
    found = info(trace)
    assert {name: found[name] for name in ("schema", "complete", "lost", "events", "cycles", "level")} == {
        "schema": "acortex.trace-info/1",
        "complete": True,
        "lost": "",
        "events": 100,
        "cycles": 200,
        "level": "events",
    }
    assert found["bytes"] == trace.path.stat().st_size
    assert found["energy_j"] == found["energy_aj"] / 1e18
    assert found["energy_aj"] == found["event_energy_aj"] + 200 * 13
    assert found["program"] == {"name": "toy.s", "sha256": "a" * 64, "instructions": 5}
    assert found["units"] == list(HEADER.units)


def test_info_has_the_settings_that_were_laid_over_the_chip(make_trace: MakeTrace) -> None:
    found = info(make_trace([], overrides=("memory.ports=2", "clock_ns=1")))
    assert found["chip"]["overrides"] == ["memory.ports=2", "clock_ns=1"]
    assert (found["chip"]["name"], found["chip"]["sha256"]) == ("acortex_toy", "b" * 64)


def test_info_counts_events_that_were_merged(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    found = info(make_trace(*rows, level="layers"))
    assert (found["events"], found["rows"]) == (100, 5 * 4)
    assert found["waits"] == info(make_trace(*rows))["waits"] > len(make_trace(*rows, level="layers").waits)
