"""The layout of graphs: every node behind what it takes from, nothing on anything else, every edge connected."""

from __future__ import annotations

from functools import partial
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.tools.drawing.layered import Item, Placed, Sizes, hops, items_of, place, ranks_of
from acortex.tools.drawing.scene import Box

SIZES = Sizes()


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, dict[tuple[int, int], int]]:
    """Nodes in an order, and edges, some of them back or to the node itself."""
    nodes = draw(st.integers(1, 24))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    return nodes, dict.fromkeys(draw(st.lists(ends, max_size=50)), 1)


def boxes(placed: Placed) -> list[tuple[Item, Box]]:
    found = []
    for rank, held in enumerate(placed.y):
        for item, middle in held.items():
            half = (SIZES.height if item.node else SIZES.lane) / 2
            found.append((item, Box(placed.x[rank], middle - half, placed.x[rank] + SIZES.width, middle + half)))
    return found


@given(graphs())
def test_a_node_stands_behind_all_that_it_takes_from(graph: tuple[int, dict[tuple[int, int], int]]) -> None:
    nodes, edges = graph
    ranks = ranks_of(nodes, edges)
    assert len(ranks) == nodes
    for giver, taker in edges:
        assert giver >= taker or ranks[giver] < ranks[taker]
    for node, rank in enumerate(ranks):
        assert rank == 0 or any(ranks[giver] == rank - 1 for giver, taker in edges if taker == node and giver < node)


@given(graphs(), st.integers(1, 8))
@settings(deadline=None)
def test_nothing_lies_on_anything_else(graph: tuple[int, dict[tuple[int, int], int]], per_line: int) -> None:
    placed = place(*graph, SIZES, per_line)
    for (_, one), (_, other) in combinations(boxes(placed), 2):
        assert not Box(one.left + 0.01, one.top + 0.01, one.right - 0.01, one.bottom - 0.01).meets(other)


@given(graphs())
@settings(deadline=None)
def test_all_lies_within_the_size(graph: tuple[int, dict[tuple[int, int], int]]) -> None:
    placed = place(*graph, SIZES)
    sheet = Box(-0.01, -0.01, placed.width + 0.01, placed.height + 0.01)
    assert all(sheet.holds(box) for _, box in boxes(placed))
    assert {item.number for item, _ in boxes(placed) if item.node} == set(range(graph[0]))


@given(graphs())
def test_each_edge_is_a_way_of_hops(graph: tuple[int, dict[tuple[int, int], int]]) -> None:
    nodes, edges = graph
    items = items_of(nodes, edges)
    found = hops(items, edges)
    assert len(found) == len(set(found))
    for rank, start, end in found:
        assert start in items[rank] and end in items[rank + 1]
    ranks = ranks_of(nodes, edges)
    for giver, taker in edges:
        if giver < taker:
            way = [
                (
                    rank,
                    Item(giver, rank == ranks[giver]),
                    Item(giver, False) if rank + 1 < ranks[taker] else Item(taker),
                )
                for rank in range(ranks[giver], ranks[taker])
            ]
            assert set(way) <= set(found)


def test_a_chain_runs_straight() -> None:
    placed = place(5, {(node, node + 1): 1 for node in range(4)}, SIZES, 5)
    assert len({placed.y[rank][Item(rank)] for rank in range(5)}) == 1
    assert list(placed.x) == [rank * (SIZES.width + SIZES.between) for rank in range(5)]
    assert placed.height == SIZES.height


def test_a_long_chain_goes_on_in_the_next_line() -> None:
    placed = place(7, {(node, node + 1): 1 for node in range(6)}, SIZES, 3)
    assert list(placed.line) == [0, 0, 0, 1, 1, 1, 2]
    assert placed.x[3] == placed.x[0] == 0
    assert list(placed.tops) == [number * (SIZES.height + SIZES.lines) for number in range(3)]


def test_a_shortcut_has_a_lane_of_its_own() -> None:
    items = items_of(4, {(0, 1): 1, (1, 2): 1, (2, 3): 1, (0, 3): 1})
    assert [set(held) for held in items] == [{Item(0)}, {Item(1), Item(0, False)}, {Item(2), Item(0, False)}, {Item(3)}]


def test_what_is_given_to_many_has_one_lane() -> None:
    edges = {(0, 1): 1, (1, 2): 1, (2, 3): 1, (0, 2): 1, (0, 3): 1}
    assert sum(not item.node for held in items_of(4, edges) for item in held) == 2


def test_lines_that_need_not_cross_do_not() -> None:
    """Two chains side by side, whose nodes come in turns."""
    edges = {(0, 3): 1, (1, 2): 1, (2, 5): 1, (3, 4): 1}
    placed = place(6, edges, SIZES, 3)
    pairs = ((0, 1), (3, 2), (4, 5))
    above = [placed.y[rank][Item(one)] < placed.y[rank][Item(other)] for rank, (one, other) in enumerate(pairs)]
    assert len(set(above)) == 1


def test_a_tangle_lies_by_its_neighbours_before_and_behind_with_room_between() -> None:
    """Ranks are put in order forwards and backwards; a new line begins anew, and none is pushed down alone."""
    edges = dict.fromkeys(
        [(3, 6), (4, 7), (2, 6), (1, 8), (4, 9), (0, 9), (4, 5), (2, 3), (3, 9), (2, 8), (1, 5), (1, 2), (1, 7)], 1
    )
    placed = place(10, edges, SIZES, 3)
    node, lane = Item, partial(Item, node=False)
    assert [[(item, placed.y[rank][item]) for item in items] for rank, items in enumerate(placed.ranks)] == [
        [(node(0), 59.5), (node(4), 102.5), (node(1), 145.5)],
        [(lane(0), 19.75), (lane(4), 62.75), (node(5), 93.25), (node(7), 136.25), (node(2), 179.25), (lane(1), 209.75)],
        [(lane(0), 4.5), (lane(4), 47.5), (node(3), 164.0), (lane(2), 194.5), (node(8), 225.0)],
        [(node(9), 289.0), (node(6), 332.0)],
    ]
    for held in placed.y:
        places = sorted((middle, (SIZES.height if item.node else SIZES.lane) / 2) for item, middle in held.items())
        for (above, high), (below, low) in pairwise(places):
            assert below - low - (above + high) >= SIZES.apart - 1e-9


@pytest.mark.parametrize("nodes", [1, 2, 40, 160])
def test_the_whole_is_about_three_wide_and_two_high(nodes: int) -> None:
    placed = place(nodes, {(node, node + 1): 1 for node in range(nodes - 1)}, SIZES)
    assert nodes < 40 or 0.8 < placed.width / placed.height < 3


def test_nothing_takes_no_place() -> None:
    placed = place(0, {})
    assert (placed.width, placed.height, list(placed.ranks)) == (0.0, 0.0, [])
