"""A layout for graphs whose nodes come in an order, such as the layers of a network: ranks in lines, as text runs.

Nodes stand in ranks, each behind all that it takes from. Ranks run from left to right, and go on in the next line as
words do. What a node gives to ranks further on passes the ranks between in a lane of its own, so that no line crosses a
node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edges = Mapping[tuple[int, int], int]

SWEEPS = 4
"""How often the order within ranks is improved."""


@dataclass(frozen=True)
class Item:
    """What takes a place in a rank: a node, or (`node` False) the lane of what an earlier node gives."""

    number: int
    node: bool = True


@dataclass(frozen=True)
class Sizes:
    """Pixels: the width and height of a node, the height of a lane, and what is free between ranks, items and lines."""

    width: float = 146.0
    height: float = 34.0
    lane: float = 9.0
    between: float = 28.0
    apart: float = 9.0
    lines: float = 30.0


@dataclass(frozen=True)
class Placed:
    """Where everything stands: the line of each rank, and for each item of a rank its left, and its middle."""

    ranks: Sequence[Sequence[Item]]
    line: Sequence[int]
    x: Sequence[float]
    y: Sequence[Mapping[Item, float]]
    tops: Sequence[float]
    width: float
    height: float

    def rank_of(self) -> dict[int, int]:
        """The rank of each node."""
        return {item.number: rank for rank, items in enumerate(self.ranks) for item in items if item.node}


def ranks_of(nodes: int, edges: Edges) -> list[int]:
    """The rank of each node: one more than the highest of those before it that it takes from; 0 for none."""
    takes: dict[int, list[int]] = {}
    for giver, taker in edges:
        if giver < taker:
            takes.setdefault(taker, []).append(giver)
    found: list[int] = []
    for node in range(nodes):
        found.append(max((found[giver] + 1 for giver in takes.get(node, ())), default=0))
    return found


def items_of(nodes: int, edges: Edges) -> list[list[Item]]:
    """The items of each rank: its nodes, and the lanes of what nodes before it give to those behind it."""
    ranks = ranks_of(nodes, edges)
    reach = list(ranks)
    for giver, taker in edges:
        if giver < taker:
            reach[giver] = max(reach[giver], ranks[taker])
    found: list[list[Item]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for node in range(nodes):
        found[ranks[node]].append(Item(node))
        for rank in range(ranks[node] + 1, reach[node]):
            found[rank].append(Item(node, False))
    return found


def hops(items: Sequence[Sequence[Item]], edges: Edges) -> list[tuple[int, Item, Item]]:
    """The lines between neighbouring ranks: the rank on the left, and the item at each end."""
    rank = {item.number: at for at, held in enumerate(items) for item in held if item.node}
    found: dict[tuple[int, Item, Item], None] = {}
    for giver, taker in (edge for edge in edges if edge[0] < edge[1]):
        lanes = [Item(giver, False)] * (rank[taker] - rank[giver] - 1)
        for step, (start, end) in enumerate(pairwise([Item(giver), *lanes, Item(taker)])):
            found[rank[giver] + step, start, end] = None
    return list(found)


def place(nodes: int, edges: Edges, sizes: Sizes = Sizes(), per_line: int | None = None) -> Placed:
    """Places nodes and lanes, `per_line` ranks in a line, or as many as make the whole about 3 wide and 2 high."""
    items = items_of(nodes, edges)
    lines = hops(items, edges)
    for sweep in range(SWEEPS):
        _sort(items, lines, forwards=sweep % 2 == 0)
    before: dict[tuple[int, Item], list[Item]] = {}
    for rank, start, end in lines:
        before.setdefault((rank + 1, end), []).append(start)
    if per_line is not None:
        return _placed(items, before, sizes, per_line)
    tried = [
        _placed(items, before, sizes, number) for number in range(min(5, len(items)) or 1, min(14, len(items)) + 1)
    ]
    return min(tried, key=lambda one: abs(one.width / max(one.height, 1) - 1.5)) if tried else _placed([], {}, sizes, 1)


def _sort(items: list[list[Item]], lines: Sequence[tuple[int, Item, Item]], forwards: bool) -> None:
    """Orders each rank by where the neighbours of its items stand in the rank before, or in the one behind it."""
    beside: dict[tuple[int, Item], list[Item]] = {}
    for rank, start, end in lines:
        key, other = ((rank + 1, end), start) if forwards else ((rank, start), end)
        beside.setdefault(key, []).append(other)
    order = range(1, len(items)) if forwards else range(len(items) - 2, -1, -1)
    for rank in order:
        places = {item: at for at, item in enumerate(items[rank - 1 if forwards else rank + 1])}
        middles = {
            item: _mean([places[one] for one in beside.get((rank, item), ())], at)
            for at, item in enumerate(items[rank])
        }
        items[rank].sort(key=middles.__getitem__)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _placed(
    items: Sequence[Sequence[Item]], before: Mapping[tuple[int, Item], list[Item]], sizes: Sizes, per_line: int
) -> Placed:
    step = sizes.width + sizes.between
    line = [rank // per_line for rank in range(len(items))]
    x = [(rank % per_line) * step for rank in range(len(items))]
    y: list[dict[Item, float]] = []
    for rank, held in enumerate(items):
        known = y[rank - 1] if rank % per_line else {}
        wanted = {item: [known[one] for one in before.get((rank, item), ()) if known] for item in held}
        y.append(_stacked(held, wanted, sizes))
    tops, height = [], 0.0
    for start in range(0, len(items), per_line):
        tops.append(height)
        height = _under(y[start : start + per_line], height, sizes) + sizes.lines
    width = min(per_line, len(items)) * step - sizes.between
    return Placed(items, line, x, y, tops, max(width, 0.0), max(height - sizes.lines, 0.0))


def _under(line: Sequence[dict[Item, float]], top: float, sizes: Sizes) -> float:
    """Moves the ranks of a line together, so that its highest item begins at `top`; returns where its lowest ends."""
    edges = [(at - _half(item, sizes), at + _half(item, sizes)) for held in line for item, at in held.items()]
    down = top - min(first for first, _ in edges)
    for held in line:
        for item in held:
            held[item] += down
    return max(last for _, last in edges) + down


def _half(item: Item, sizes: Sizes) -> float:
    return (sizes.height if item.node else sizes.lane) / 2


def _stacked(held: Sequence[Item], wanted: Mapping[Item, Sequence[float]], sizes: Sizes) -> dict[Item, float]:
    """The middles of items below each other, each as near to those that it takes from as the others allow."""
    found: dict[Item, float] = {}
    least = float("-inf")
    for item in held:
        half = _half(item, sizes)
        found[item] = max(_mean(wanted[item], 0.0 if least == float("-inf") else least + half), least + half)
        least = found[item] + half + sizes.apart
    moved = [found[item] - _mean(wanted[item], 0.0) for item in held if wanted[item]]
    down = _mean(moved, 0.0)  # none of them is pushed down without the others
    return {item: at - down for item, at in found.items()}
