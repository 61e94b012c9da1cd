r"""The buses as a networkx graph: nodes are ports, arrays and switches, edges are wire segments.

Every edge has a `segment` (its name), a `length_mm` from the floor plan and a `capacity`. The data side is a star: the
ports of host, memory, buffer, vector agent and neurons around one switch. The analog side has a bus down each column of
arrays of the upper half and one up each column of the lower half, one wire for each column of cells. They end in the
middle, where switches join the two halves of a column, neighbouring columns, and a column with its neurons:

    array -> array -> mid top -- mid top of the next column
                         |  \
                       switch  tap -> input of the neurons
                         |  /
    array -> array -> mid bottom -- mid bottom of the next column

Currents run towards the neurons; the edges of columns and taps point that way. Two groups that are connected at once
must not share a segment, for their currents would add.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from acortex.sim.chip.area import die_side
from acortex.sim.chip.floorplan import FloorPlan, distance, floor_plan
from acortex.sim.chip.groups import Group, VerticalRun
from acortex.sim.chip.specs import Chip

if TYPE_CHECKING:
    import networkx as nx

Segment = tuple[str | int, ...]
"""The name of a wire segment: its kind, then a half of the chip or a port, then a column, then a row."""

Node = str | tuple[str | int, ...]
"""A place where segments meet: a port of the data side by its name, else its kind and where it lies."""

Graph: TypeAlias = "nx.DiGraph[Node]"

TOP, BOTTOM = "top", "bottom"

NANOMETRE = Decimal("0.000001")
"""In mm."""


@dataclass(frozen=True)
class Route:
    """A way over the data buses: its segments in order, and its length in mm."""

    segments: tuple[Segment, ...]
    length_mm: Decimal


@dataclass(frozen=True)
class GroupRoute:
    """What a group claims of the analog buses while it is connected.

    `length_mm` is the longest way from one of its arrays to the neurons. `turns` has for each tile column the turn in
    which it is sampled and converted: those that need one segment, or one set of converters, take turns.
    """

    segments: frozenset[Segment]
    length_mm: Decimal
    turns: tuple[int, ...]

    @property
    def rounds(self) -> int:
        """How many turns there are."""
        return max(self.turns) + 1


class _Way(NamedTuple):
    """What a tile column claims: wires of each half of a column, from the middle on, and all other segments."""

    wires: Mapping[tuple[int, str], int]
    joints: set[Segment]
    length_mm: Decimal


def describe(segment: Segment) -> str:
    """A segment in words, for errors."""
    kind, *place = segment
    if kind == "column":
        return f"the bus of column {place[0]} at row {place[1]}"
    if kind == "across":
        return f"the {place[0]} bus between columns {place[1]} and {int(place[1]) + 1}"
    if kind == "switch":
        return f"the switch that joins the halves of column {place[0]}"
    if kind == "tap":
        return f"the {place[0]} tap of column {place[1]}"
    if kind == "input":
        return f"the input of the neurons of column {place[0]}"
    return f"the data bus at the {place[0]}"


class Buses:
    """The buses of a chip: its graph, and routes over it.

    Wires are straight and join in few places, so that routes are closed forms and need no search in the graph.
    """

    def __init__(self, chip: Chip) -> None:
        self.chip = chip

    @cached_property
    def plan(self) -> FloorPlan:
        """The floor plan that gives the lengths."""
        return floor_plan(self.chip)

    @cached_property
    def graph(self) -> Graph:
        """All wires: the shortest ways over it are the routes, which need no graph."""
        import networkx as nx

        graph: Graph = nx.DiGraph()
        self._add_data(graph)
        for column in range(self.chip.columns):
            self._add_middle(graph, column)
            self._add_column(graph, column)
        return graph

    def route(self, start: str, end: str) -> Route:
        """The way between two ports of the data side, over the hub: host, memory, buffer, vector, neurons."""
        if start == end:
            return Route((), Decimal(0))
        ports = [port for port in (start, end) if port != "hub"]
        lengths = [self._data_length(port) for port in ports]
        return Route(tuple(("data", port) for port in ports), sum(lengths, Decimal(0)))

    def group_route(self, group: Group) -> GroupRoute:
        """What a group claims: the buses of its arrays to the middle, and from there to the neurons that convert it.

        A run in another column than the first leaves that column in a half that the first run uses, its own where it
        can and the top before the bottom, and crosses to the first run's column on the buses between.
        """
        ways = [self._tile_column(runs) for runs in group.runs]
        reached: dict[tuple[int, str], int] = {}
        for way in ways:
            for half, wires in way.wires.items():
                reached[half] = max(wires, reached.get(half, 0))
        columns = (self._wires(column, half, wires) for (column, half), wires in reached.items())
        segments = frozenset[Segment]().union(*columns, *(way.joints for way in ways))
        return GroupRoute(segments, max(way.length_mm for way in ways), self._turns(ways, group.homes))

    def _turns(self, ways: Sequence[_Way], homes: Sequence[int]) -> tuple[int, ...]:
        """In which turn each tile column is converted: the first with converters and wires left for it.

        Of the bus of a half the wire next to the middle stands for all: who takes another one takes it too.
        """
        converters = self.chip.neurons.adcs_per_column
        wires = converters * self.chip.buses.segment_capacity
        inmost = {TOP: self.chip.arrays.m_top - 1, BOTTOM: self.chip.arrays.m_top}
        taken: list[Counter[Segment]] = []
        turns = []
        for way, home in zip(ways, homes, strict=True):
            own: Segment = ("converters", home)
            needs = way.joints | {own} | {("column", column, inmost[half]) for column, half in way.wires}
            turn = 0
            while turn < len(taken) and any(
                taken[turn][one] >= (converters if one == own else wires) for one in taken[turn].keys() & needs
            ):
                turn += 1
            if turn == len(taken):
                taken.append(Counter())
            taken[turn].update(needs)
            turns.append(turn)
        return tuple(turns)

    def conflict(self, route: GroupRoute, claimed: Mapping[Segment, int]) -> Segment | None:
        """The first segment that cannot carry the route beside what is claimed already; None where all can."""
        capacity = self.chip.buses.segment_capacity
        shared = route.segments & claimed.keys()
        return min((segment for segment in shared if claimed[segment] >= capacity), default=None)

    def _tile_column(self, runs: tuple[VerticalRun, ...]) -> _Way:
        """What one tile column claims, and its longest way to the neurons."""
        ends: dict[int, dict[str, int]] = {}
        for run in runs:
            halves = ends.setdefault(run.column, {})
            for half, wires in self._to_middle(run).items():
                halves[half] = max(wires, halves.get(half, 0))
        home = runs[0].column
        longest = Decimal(0)
        exits = [half for half in (TOP, BOTTOM) if half in ends[home]]
        joints: set[Segment] = {("tap", exits[0], home), ("input", home)}
        for column, halves in ends.items():
            way_out = next((half for half in exits if half in halves), exits[0])
            first, last = sorted((column, home))
            joints.update(("across", way_out, at) for at in range(first, last))
            if way_out != exits[0]:
                joints.add(("switch", home))
            onwards = (last - first) * self._pitch_x + (1 + 2 * (way_out != exits[0])) * self._half_band
            for half, wires in halves.items():
                if half != way_out:
                    joints.add(("switch", column))
                length = wires * self._pitch_y + 2 * (half != way_out) * self._half_band
                longest = max(longest, length + onwards)
        return _Way(
            {(column, half): wires for column, halves in ends.items() for half, wires in halves.items()},
            joints,
            longest,
        )

    def _to_middle(self, run: VerticalRun) -> dict[str, int]:
        """How many wires of its column lead from a run's arrays to the middle, by the half that these lie in."""
        split, end = self.chip.arrays.m_top, run.row + run.height
        wires = {TOP: split - run.row, BOTTOM: end - split}
        return {half: count for half, count in wires.items() if count > 0}

    def _wires(self, column: int, half: str, count: int) -> Iterator[Segment]:
        """So many wires of the bus in a half of a column, from the middle on."""
        split = self.chip.arrays.m_top
        rows = range(split - count, split) if half == TOP else range(split, split + count)
        return zip(repeat("column"), repeat(column), rows, strict=False)

    @cached_property
    def _pitch_x(self) -> Decimal:
        return _to_nm(self.plan.pitch_x)

    @cached_property
    def _pitch_y(self) -> Decimal:
        return _to_nm(self.plan.pitch_y)

    @cached_property
    def _half_band(self) -> Decimal:
        """From the middle of the chip to where the bus of a half ends."""
        return _to_nm(self.plan.band.height / 2)

    def _data_length(self, port: str) -> Decimal:
        """From a port of the data side to the hub, in mm."""
        return _to_nm(distance(self.plan.ports[port], self.plan.ports["hub"]))

    def _add_data(self, graph: Graph) -> None:
        """The data side: each port and the switch between them."""
        lanes = self.chip.buses
        capacity = {
            "host": 1,
            "memory": self.chip.memory.ports,
            "buffer": lanes.down_lanes,
            "vector": lanes.up_lanes,
            "neurons": lanes.up_lanes,
        }
        for port, count in capacity.items():
            length = self._data_length(port)
            for edge in ((port, "hub"), ("hub", port)):
                graph.add_edge(*edge, segment=("data", port), length_mm=length, capacity=count)

    def _add_middle(self, graph: Graph, column: int) -> None:
        """What joins a column's two halves, its neurons and its left neighbour."""
        half_band, pitch = self._half_band, self._pitch_x
        top, bottom, tap = ("mid", TOP, column), ("mid", BOTTOM, column), ("tap", column)
        edges: list[tuple[Node, Node, Segment, Decimal]] = [
            (top, tap, ("tap", TOP, column), half_band),
            (bottom, tap, ("tap", BOTTOM, column), half_band),
            (tap, ("neurons", column), ("input", column), Decimal(0)),
            (top, bottom, ("switch", column), 2 * half_band),
            (bottom, top, ("switch", column), 2 * half_band),
        ]
        if column:
            for half in (TOP, BOTTOM):
                left, right = ("mid", half, column - 1), ("mid", half, column)
                segment = ("across", half, column - 1)
                edges += [(left, right, segment, pitch), (right, left, segment, pitch)]
        self._add(graph, edges)

    def _add_column(self, graph: Graph, column: int) -> None:
        """The arrays of a column and the wires that lead them to the middle."""
        split, rows = self.chip.arrays.m_top, self.chip.rows
        after: dict[int, Node] = {row: ("array", column, row + 1 if row < split else row - 1) for row in range(rows)}
        after[split - 1] = ("mid", TOP, column)
        after[split] = ("mid", BOTTOM, column)
        edges = [(("array", column, row), after[row], ("column", column, row), self._pitch_y) for row in range(rows)]
        self._add(graph, edges)

    def _add(self, graph: Graph, edges: Iterable[tuple[Node, Node, Segment, Decimal]]) -> None:
        capacity = self.chip.buses.segment_capacity
        graph.add_edges_from(
            (start, end, {"segment": segment, "length_mm": length, "capacity": capacity})
            for start, end, segment, length in edges
        )


def _to_nm(length_mm: Decimal) -> Decimal:
    """A length to the nanometre, so that sums of lengths are exact."""
    return length_mm.quantize(NANOMETRE)


def word_length_mm(chip: Chip, way: str) -> Decimal:
    """How far a word is charged to travel, "down" to the arrays or "up" from them, in mm.

    The published bus charges its full span, the side of the die (derived from Fig. 7b); a chip that prices by route
    charges the way from memory to buffer, or from the neurons to memory.
    """
    if chip.buses.pricing == "span":
        return die_side(chip)
    return Buses(chip).route(*(("memory", "buffer") if way == "down" else ("neurons", "memory"))).length_mm
