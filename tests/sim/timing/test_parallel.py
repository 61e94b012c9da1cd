"""Doing more at once: each parallel setting against cycles counted by hand, and what it costs."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from acortex.programs import zoo
from acortex.sim.chip.area import added_area, area_by_component, total_area
from acortex.sim.chip.buses import Buses
from acortex.sim.chip.groups import Rect, form_group
from acortex.sim.chip.prices import INDEX, leakage_aj_per_cycle, prices
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

SETTINGS = {
    "two ports": "memory.ports=2",
    "two lanes down": "buses.down_lanes=2",
    "two lanes up": "buses.up_lanes=2",
    "two loads per cycle": "arrays.loads_per_cycle=2",
    "overlapping loads": "arrays.overlap_loads=true",
    "broadcast loads": "arrays.broadcast_loads=true",
    "two sets of converters": "neurons.adcs_per_column=2",
}
FRAME, RAMP = 18, 16

WIDE = {"rows": 128, "columns": 256, "rects": "rect g0, 0, 0, height=2, width=4"}
"""Two rows of arrays, four columns: eight loads, or two that are broadcast."""

STACKED = {"columns": 256, "rects": "\n".join(f"rect g0, 0, {row}" for row in range(4))}
"""Four tile columns in one column of arrays: their neurons take turns."""


@pytest.mark.parametrize(
    ("settings", "cycles"),
    [
        ([], 2 * 4),
        (["arrays.loads_per_cycle=3"], 3),  # 3, 3 and 2 arrays
        (["arrays.broadcast_loads=true"], 2),  # a word a row of arrays
        (["arrays.broadcast_loads=true", "arrays.loads_per_cycle=2"], 1),
    ],
)
def test_load_takes_a_cycle_for_what_one_word_fills(
    simulate: Any, layer: Any, settings: list[str], cycles: int
) -> None:
    spans = simulate(layer(3, **WIDE), settings).events["vmm/load", "vmm.load"]
    assert [end - start for start, end in spans] == [cycles] * 3


@pytest.mark.parametrize(("settings", "period"), [([], 8 + FRAME), (["arrays.overlap_loads=true"], FRAME)])
def test_second_latches_hide_the_load_under_the_frame(
    simulate: Any, layer: Any, settings: list[str], period: int
) -> None:
    assert simulate(layer(18, **WIDE), settings).period("vmm/frame", "vmm.frame") == period


@pytest.mark.parametrize(("sets", "turns"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_more_converters_take_fewer_turns(simulate: Any, layer: Any, sets: int, turns: int) -> None:
    bench = simulate(layer(4, **STACKED), [f"neurons.adcs_per_column={sets}"])
    spans = bench.events["neurons", "neurons.convert"]
    assert len(spans) == 4 * turns
    assert {end - start for start, end in spans} == {RAMP}


def test_tile_columns_take_turns_where_their_ways_share_a_wire() -> None:
    # Each of two tile columns goes on in another column: both ways back cross the bus between columns 1 and 2.
    chip = load_chip("acortex_inception")
    crossing = form_group(0, 128, 128, [Rect(0, 0, 1, 2), Rect(2, 0, 1, 2)], chip)
    assert Buses(chip).group_route(crossing).turns == (0, 1)
    more = load_chip("acortex_inception", ["buses.segment_capacity=2"])
    assert Buses(more).group_route(crossing).turns == (0, 0)


def test_wires_for_two_do_not_make_one_set_of_converters_two() -> None:
    chip = load_chip("acortex_inception", ["buses.segment_capacity=2"])
    stacked = form_group(0, 64, 192, [Rect(0, 0), Rect(0, 1), Rect(1, 0)], chip)
    assert Buses(chip).group_route(stacked).turns == (0, 1, 0)


@pytest.mark.parametrize("ports", [1, 2])
def test_second_port_lets_two_streams_run(simulate: Any, layer: Any, ports: int) -> None:
    # 48 words are read and written, 2 cycles each; before the first write a word travels 12 and waits 1 three times.
    body = "read d0, to=vector\nrequant q0, 48\nwrite d1, source=vector"
    bench = simulate(layer(48, body=body), [f"memory.ports={ports}", "memory.banks=64"])
    took = bench.events["main_memory/write", "memory.write"][-1][1] - bench.starts("main_memory/read", "memory.read")[0]
    assert 0 <= took - 48 * 4 // ports <= 12 + 3


TWO_GROUPS = """
    .program two
    .chip acortex_digits
    .input x, shape=64x24
    .output y, shape=64x24
    .weights w, 64x64
    {rows}
    group g0, 64, 64
    rect g0, 0, 0
    program g0, w
    group g1, 64, 64
    rect g1, 1, 0
    program g1, w
    quant q0, 1, 6, activation=relu
    start
    connect g0
    connect g1
    inference
    base d0, 0
    dim d0, 0, 24
    base d1, 24
    dim d1, 0, 24
    input x, d0
    signal host_in, t0
    await read, t0
    read d0
    feed 24, 1
    loop l0, 12
pair:
    multiply g0, 1
    multiply g1, 1
    convert q0, 2
    next l0, pair
    write d1
    signal write, t1
    await host_out, t1
    output y, d1
    endinference
    halt
"""


@pytest.mark.parametrize(("lanes", "period"), [(1, 1 + FRAME), (2, RAMP)])
def test_frames_of_two_groups_run_at_once(simulate: Any, lanes: int, period: int) -> None:
    # One lane: a load and a frame after each other. Two lanes: two frames in 19 cycles, so the neurons are the bound.
    source = TWO_GROUPS.format(rows="\n".join([".row " + ", ".join(["1"] * 64)] * 64))
    bench = simulate(source, [f"arrays.frames_at_once={lanes}"])
    assert bench.period("neurons", "neurons.convert") == period
    assert all(sum(spent.values()) == bench.report["cycles"] for spent in bench.report["utilisation"].values())
    assert bench.report["counts"]["positions"] == 24
    serial = simulate(source, [])
    assert (bench.output() == serial.output()).all()
    assert bench.report["counts"] == serial.report["counts"]


# What it costs


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_way_of_doing_more_at_once_takes_area_and_leaks(setting: str) -> None:
    one, more = load_chip("acortex_inception"), load_chip("acortex_inception", [setting])
    assert added_area(one) == 0
    if "broadcast" in setting:  # the same wires, driven further
        assert added_area(more) == 0
        return
    assert total_area(more) - total_area(one) == pytest.approx(added_area(more))
    assert added_area(more) > 0
    assert leakage_aj_per_cycle(more) > leakage_aj_per_cycle(one)


def test_what_is_added_has_its_place() -> None:
    one = area_by_component(load_chip("acortex_inception"))
    both = ["memory.ports=2", "neurons.adcs_per_column=3", "arrays.overlap_loads=true"]
    more = area_by_component(load_chip("acortex_inception", both))
    added = {name: more[name] - one[name] for name in one if more[name] != one[name]}
    assert added == {
        "main_memory": Decimal("6.43") / 2,
        "neurons_adcs": 2 * Decimal(630) * 38 / 10**6,
        "dacs": Decimal(327) * 2584 / 10**6,
        "others": 2 * Decimal(1290) * 2584 / 10**6,  # each array's wires again, for each further set
    }


def test_energy_follows() -> None:
    one = prices(load_chip("acortex_inception")).by_component
    more = prices(load_chip("acortex_inception", ["memory.ports=2", "arrays.overlap_loads=true"])).by_component
    wide = prices(load_chip("acortex_inception", ["arrays.broadcast_loads=true"])).by_component
    read, load = INDEX["memory.read"], INDEX["vmm.load"]
    assert more[read]["main_memory"] == round(52_000_000 * Decimal("1.5").sqrt())  # lines as long as the side grows
    assert (one[load]["dacs"], more[load]["dacs"]) == (945_000, 1_145_000)
    # A broadcast word crosses the array, at the price of the bus: 8.07 pJ a mm.
    chip = load_chip("acortex_inception")
    assert wide[load]["dacs"] == 945_000 + round(Buses(chip).plan.pitch_x * Decimal("8.07") * 10**6)


def test_digits_are_faster_at_some_cost_in_energy() -> None:
    program = zoo.load("digits_mlp")
    chips = load_chip("acortex_digits"), load_chip("acortex_digits_parallel")
    one, more = (run(program, chip, inputs=program.samples["image"][:50], values=False).report for chip in chips)
    assert more["cycles"] < 0.92 * one["cycles"]
    assert more["efficiency_ops_per_j"] < one["efficiency_ops_per_j"]
    assert more["counts"] == one["counts"]


@pytest.mark.parametrize("ports", [1, 2, 4])
def test_agent_has_one_access_at_a_time_however_many_ports_there_are(simulate: Any, layer: Any, ports: int) -> None:
    bench = simulate(layer(24), [f"memory.ports={ports}"])
    spans = bench.events["main_memory/read", "memory.read"]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(sum(spent.values()) == bench.report["cycles"] for spent in bench.report["utilisation"].values())
    assert all(min(spent.values()) >= 0 for spent in bench.report["utilisation"].values())
