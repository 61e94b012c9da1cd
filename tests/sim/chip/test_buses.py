"""Buses: what a group claims, who may be connected at once, and how far it is."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise, permutations
from time import process_time
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.sim.chip.area import die_side
from acortex.sim.chip.buses import Buses, GroupRoute, describe, word_length_mm
from acortex.sim.chip.groups import Group, Rect, VerticalRun, form_group
from acortex.sim.chip.specs import Chip, load_chip

DIGITS = load_chip("acortex_digits")  # 2 columns, rows 0 to 4 above and 5 to 7 below
INCEPTION = load_chip("acortex_inception")  # 76 columns, rows 0 to 15 above and 16 to 33 below
BUSES = Buses(INCEPTION)


def group(rects: list[Rect], chip: Chip = DIGITS, rows: int = 0, columns: int = 1) -> Group:
    """A group of one tile column unless told otherwise."""
    return form_group(0, rows or 64 * sum(rect.height for rect in rects), 64 * columns, rects, chip)


def claim(rects: list[Rect], chip: Chip = DIGITS, rows: int = 0, columns: int = 1) -> GroupRoute:
    return Buses(chip).group_route(group(rects, chip, rows, columns))


def verticals(column: int, *rows: int) -> set[tuple[str | int, ...]]:
    return {("column", column, row) for row in rows}


# What a group claims


def test_arrays_of_the_upper_half_lead_down_to_the_middle() -> None:
    assert claim([Rect(0, 2, 2)]).segments == verticals(0, 2, 3, 4) | {("tap", "top", 0), ("input", 0)}


def test_arrays_of_the_lower_half_lead_up_to_the_middle() -> None:
    assert claim([Rect(1, 6)]).segments == verticals(1, 5, 6) | {("tap", "bottom", 1), ("input", 1)}


@pytest.mark.parametrize(("row", "half"), [(4, "top"), (5, "bottom")])
def test_an_array_next_to_the_middle_claims_its_own_half_alone(row: int, half: str) -> None:
    assert claim([Rect(0, row)]).segments == verticals(0, row) | {("tap", half, 0), ("input", 0)}


def test_a_run_across_the_halves_closes_the_switch_between_them() -> None:
    expected = verticals(0, 3, 4, 5, 6) | {("switch", 0), ("tap", "top", 0), ("input", 0)}
    assert claim([Rect(0, 3, 4)]).segments == expected


def test_a_continued_run_crosses_to_the_first_one_in_its_own_half() -> None:
    segments = claim([Rect(0, 0, 8), Rect(1, 6, 1)]).segments
    assert {segment for segment in segments if segment[0] in ("across", "switch")} == {
        ("across", "bottom", 0),
        ("switch", 0),
    }


def test_a_continued_run_of_the_other_half_changes_half_in_its_own_column() -> None:
    segments = claim([Rect(0, 0, 2), Rect(1, 6, 1)]).segments
    assert {segment for segment in segments if segment[0] in ("across", "switch")} == {
        ("across", "top", 0),
        ("switch", 1),
    }


def test_a_continued_run_takes_the_shortest_way_over_several_columns() -> None:
    segments = claim([Rect(9, 0), Rect(5, 0)], INCEPTION).segments
    assert {segment for segment in segments if segment[0] == "across"} == {("across", "top", c) for c in (5, 6, 7, 8)}


def test_a_continued_run_changes_half_only_where_it_arrives() -> None:
    segments = claim([Rect(9, 10, 10), Rect(5, 20, 2)], INCEPTION).segments
    crossed = {segment for segment in segments if segment[0] in ("across", "switch")}
    assert crossed == {("switch", 9), *(("across", "bottom", c) for c in (5, 6, 7, 8))}


def test_only_the_first_column_of_a_tile_column_is_tapped() -> None:
    segments = claim([Rect(1, 0), Rect(0, 0)]).segments
    assert {segment for segment in segments if segment[0] in ("tap", "input")} == {("tap", "top", 1), ("input", 1)}


def test_the_length_is_the_longest_way_to_the_neurons() -> None:
    plan = Buses(DIGITS).plan
    near, far = claim([Rect(0, 4)]), claim([Rect(0, 4), Rect(1, 0, 5)])
    ways = plan.pitch_y + plan.band.height / 2, 5 * plan.pitch_y + plan.pitch_x + plan.band.height / 2
    assert float(near.length_mm) == pytest.approx(float(ways[0]), abs=1e-5)
    assert float(far.length_mm) == pytest.approx(float(ways[1]), abs=1e-5)


def test_tile_columns_that_share_a_segment_are_sampled_in_rounds() -> None:
    assert claim([Rect(0, 0), Rect(0, 1), Rect(1, 0)], rows=64, columns=3).rounds == 2


def test_tile_columns_that_cross_each_other_are_sampled_in_rounds_too() -> None:
    crossing = group([Rect(0, 0, 1, 2), Rect(2, 0, 1, 2)], INCEPTION, rows=128, columns=2)
    assert Buses(INCEPTION).group_route(crossing).rounds == 2


def crossing(*sets: str) -> GroupRoute:
    """Two tile columns that cross each other on the way to neurons of their own."""
    chip = load_chip("acortex_inception", sets)
    return Buses(chip).group_route(group([Rect(0, 0, 1, 2), Rect(2, 0, 1, 2)], chip, rows=128, columns=2))


@pytest.mark.parametrize("setting", ["buses.segment_capacity=2", "neurons.adcs_per_column=2"])
def test_wires_for_two_let_tile_columns_cross_in_one_round(setting: str) -> None:
    assert (crossing().rounds, crossing(setting).rounds) == (2, 1)


def test_two_tile_columns_of_one_home_need_two_rounds_of_its_converters_however_many_wires_there_are() -> None:
    wide = load_chip("acortex_digits", ["buses.segment_capacity=4"])
    both = load_chip("acortex_digits", ["neurons.adcs_per_column=2"])
    rounds = [claim([Rect(0, 0), Rect(0, 4)], chip, rows=64, columns=2).rounds for chip in (wide, both)]
    assert rounds == [2, 1]


@settings(max_examples=40)
@given(data=st.data())
def test_what_a_group_claims_connects_each_of_its_arrays_to_its_neurons(data: st.DataObject) -> None:
    heights = data.draw(st.lists(st.integers(1, 34), min_size=1, max_size=3))
    rects = [Rect(2 * i, data.draw(st.integers(0, 34 - height)), height) for i, height in enumerate(heights)]
    order = data.draw(st.permutations(rects))
    route = BUSES.group_route(group(list(order), INCEPTION))
    edges = BUSES.graph.edges(data=True)
    closed: nx.Graph[Any] = nx.Graph((start, end) for start, end, edge in edges if edge["segment"] in route.segments)
    home = ("neurons", order[0].column)
    for rect in rects:
        for row in range(rect.row, rect.row + rect.height):
            assert nx.has_path(closed, ("array", rect.column, row), home)
    assert [node for node in closed if node[0] == "neurons"] == [home]


# Routes are the shortest ways over the graph


def shortest(buses: Buses, start: Any, end: Any) -> tuple[set[Any], Decimal]:
    """The segments of the shortest way, as networkx finds it, and its length in mm."""
    nodes = nx.dijkstra_path(buses.graph, start, end, weight="length_mm")
    edges = [buses.graph.edges[edge] for edge in pairwise(nodes)]
    return {edge["segment"] for edge in edges}, sum((edge["length_mm"] for edge in edges), Decimal(0))


def searched(buses: Buses, runs: tuple[VerticalRun, ...]) -> tuple[set[Any], Decimal]:
    """What a tile column claims, by searches alone: from each end of a run to the middle, across, and home."""
    split, home = buses.chip.arrays.m_top, runs[0].column
    ends: dict[int, dict[str, Decimal]] = {}
    claimed: set[Any] = set()
    for run in runs:
        last = run.row + run.height - 1
        for half, row, inside in (("top", run.row, run.row < split), ("bottom", last, last >= split)):
            if inside:
                segments, length = shortest(buses, ("array", run.column, row), ("mid", half, run.column))
                claimed |= segments
                halves = ends.setdefault(run.column, {})
                halves[half] = max(length, halves.get(half, Decimal(0)))
    exits = [half for half in ("top", "bottom") if half in ends[home]]
    longest = Decimal(0)
    for column, halves in ends.items():
        out = next((half for half in exits if half in halves), exits[0])
        for half, length in halves.items():
            stops = [("mid", half, column), ("mid", out, column), ("mid", out, home), ("mid", exits[0], home)]
            parts = [shortest(buses, *pair) for pair in pairwise([*stops, ("neurons", home)])]
            claimed.update(*(segments for segments, _ in parts))
            longest = max(longest, length + sum((way for _, way in parts), Decimal(0)))
    return claimed, longest


@st.composite
def routed_groups(draw: st.DrawFn) -> tuple[Buses, Group]:
    """A group of one or two tile columns, whose runs lie in any order over a chip of any small size."""
    top, bottom, columns = draw(st.integers(1, 6)), draw(st.integers(0, 6)), draw(st.integers(1, 4))
    sizes = [f"arrays.m_top={top}", f"arrays.m_bottom={bottom}", f"arrays.n={columns}"]
    chip = load_chip("acortex_inception", sizes)
    width = draw(st.integers(1, 2))
    places = draw(st.permutations(range(0, chip.columns - width + 1, width)))
    rects = []
    for column in places[: draw(st.integers(1, 4))]:
        height = draw(st.integers(1, chip.rows))
        rects.append(Rect(column, draw(st.integers(0, chip.rows - height)), height, width))
    rows = 64 * sum(rect.height for rect in rects)
    return Buses(chip), form_group(0, rows, 64 * width, rects, chip)


@settings(max_examples=150, deadline=None)
@given(routed_groups())
def test_a_route_is_what_networkx_finds_on_the_graph(drawn: tuple[Buses, Group]) -> None:
    buses, formed = drawn
    route = buses.group_route(formed)
    ways = [searched(buses, runs) for runs in formed.runs]
    assert route.segments == frozenset[Any]().union(*(segments for segments, _ in ways))
    assert route.length_mm == max(length for _, length in ways)


@pytest.mark.sampled(16)
@pytest.mark.parametrize("chip", ["acortex_digits", "acortex_resnet"])
@pytest.mark.parametrize("pair", list(permutations(["host", "memory", "buffer", "vector", "neurons", "hub"], 2)))
def test_a_way_over_the_data_buses_is_the_shortest_on_the_graph(chip: str, pair: tuple[str, str]) -> None:
    buses = Buses(load_chip(chip))
    route = buses.route(*pair)
    assert (set(route.segments), route.length_mm) == shortest(buses, *pair)


def test_a_route_of_a_large_network_searches_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Buses, "graph", property(lambda buses: pytest.fail("the graph was made")))
    claim([Rect(5, 20, 2), Rect(9, 0, 30)], INCEPTION)
    Buses(INCEPTION).route("memory", "buffer")


# Who may be connected at once


def test_the_two_groups_of_the_digits_network_are_disjoint() -> None:
    hidden, output = claim([Rect(0, 0, 8), Rect(1, 0, 5)]), claim([Rect(1, 5, 2)])
    assert Buses(DIGITS).conflict(output, Counter(hidden.segments)) is None


def test_groups_of_one_half_of_a_column_share_its_bus() -> None:
    upper, lower = claim([Rect(0, 0)]), claim([Rect(0, 3)])
    assert Buses(DIGITS).conflict(upper, Counter(lower.segments)) == ("column", 0, 3)


def test_groups_of_both_halves_of_a_column_share_its_neurons() -> None:
    upper, lower = claim([Rect(0, 4)]), claim([Rect(0, 5)])
    assert Buses(DIGITS).conflict(upper, Counter(lower.segments)) == ("input", 0)


def test_a_second_capacity_carries_a_second_group() -> None:
    upper, lower = claim([Rect(0, 0)]), claim([Rect(0, 3)])
    wider = Buses(load_chip("acortex_digits", ["buses.segment_capacity=2"]))
    assert wider.conflict(upper, Counter(lower.segments)) is None


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (("column", 3, 7), "the bus of column 3 at row 7"),
        (("across", "top", 3), "the top bus between columns 3 and 4"),
        (("switch", 3), "the switch that joins the halves of column 3"),
        (("tap", "bottom", 3), "the bottom tap of column 3"),
        (("input", 3), "the input of the neurons of column 3"),
        (("data", "host"), "the data bus at the host"),
    ],
)
def test_a_segment_has_a_name_in_words(segment: tuple[str | int, ...], words: str) -> None:
    assert describe(segment) == words


# The graph


def test_every_edge_has_a_segment_a_length_and_a_capacity() -> None:
    for _, _, edge in Buses(DIGITS).graph.edges(data=True):
        assert edge["segment"] and edge["length_mm"] >= 0 and edge["capacity"] >= 1


def test_each_array_has_one_way_out_and_every_array_is_there() -> None:
    graph = Buses(INCEPTION).graph
    arrays = [node for node in graph if node[0] == "array"]
    assert len(arrays) == INCEPTION.array_count
    assert {graph.out_degree(array) for array in arrays} == {1}


def test_a_chip_without_a_lower_half_has_buses_too() -> None:
    chip = load_chip("acortex_digits", ["arrays.m_bottom=0"])
    assert claim([Rect(0, 4)], chip).segments == verticals(0, 4) | {("tap", "top", 0), ("input", 0)}


def test_a_word_goes_from_memory_to_buffer_over_the_hub() -> None:
    assert Buses(DIGITS).route("memory", "buffer").segments == (("data", "memory"), ("data", "buffer"))


def test_a_way_from_a_port_to_itself_has_no_wires() -> None:
    route = Buses(DIGITS).route("buffer", "buffer")
    assert (route.segments, route.length_mm) == ((), 0)


def test_lanes_and_ports_are_the_capacity_of_the_data_buses_both_ways() -> None:
    graph = Buses(load_chip("acortex_digits", ["buses.down_lanes=3", "buses.up_lanes=4", "memory.ports=2"])).graph
    wanted = {"host": 1, "memory": 2, "buffer": 3, "vector": 4, "neurons": 4}
    for way in (lambda port: (port, "hub"), lambda port: ("hub", port)):
        assert {port: graph.edges[way(port)]["capacity"] for port in wanted} == wanted


def test_a_word_pays_for_the_span_or_for_its_route() -> None:
    by_route = load_chip("acortex_digits", ["buses.pricing=route"])
    assert word_length_mm(DIGITS, "down") == word_length_mm(DIGITS, "up") == die_side(DIGITS)
    assert word_length_mm(by_route, "up") == Buses(by_route).route("neurons", "memory").length_mm
    assert Decimal(0) < word_length_mm(by_route, "down") < die_side(by_route)


def test_a_large_group_on_the_largest_chip_is_routed_at_once() -> None:
    chip = load_chip("acortex_gnmt")
    large = form_group(0, 2048, 4096, [Rect(0, 10, 32, 64)], chip)
    start = process_time()
    buses = Buses(chip)
    buses.group_route(large)
    assert process_time() - start < 0.5
