"""The layers of a program as a graph: what each is, and how many words go from one to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt

from acortex.sim.chip.groups import Group
from acortex.tools.drawing.column import Column
from acortex.tools.drawing.layered import Item, Placed, Sizes, hops, place
from acortex.tools.drawing.letters import shortest
from acortex.tools.drawing.page import MARGIN, TOP, page
from acortex.tools.drawing.palette import DIM, Look, ink_on, look
from acortex.tools.drawing.scene import Line, Picture, Rect, Shape, Text
from acortex.tools.drawing.stages import Stage, heading, stage_numbers, stages
from acortex.tools.drawing.traffic import Node, Traffic
from acortex.units import percent, scaled
from acortex.wording import count

SIZES = Sizes()

KEYS = 270.0
"""The width of the keys beside the graph."""

GUTTER = 16.0
"""What is free at both sides of the graph, for lines that go on in the next line of ranks."""

MOST_NODES = 240
"""Layers that are drawn one by one; of more, those whose names begin alike are one node."""

GREY = "#8c959f"
"""The colour of lines from layers."""

OF_HOST = "#f6f8fa"
"""The fill of inputs and outputs."""

FAR_MORE = 1.5
"""How many times the mean share a stage does that is worth a word."""

WIDEST = 5.0
"""The width of the line of the most words, in pixels; that of others is as the root of their words."""


def network(name: str, chip: str, traffic: Traffic, groups: Sequence[Group] = ()) -> Picture:
    """The picture of the layers of a program. `groups` are its groups of arrays."""
    drawn = gathered(traffic) if len(traffic.nodes) > MOST_NODES else traffic
    placed = place(len(drawn.nodes), drawn.edges, SIZES)
    found = stages(drawn.layers)
    left, top = MARGIN + GUTTER, TOP + 18
    right = left + max(placed.width, 320.0) + GUTTER
    keys = Column(right + 24, TOP, KEYS)
    _key(keys, drawn, found)
    shapes = [
        *_lines(placed, drawn, left, top),
        *_nodes(placed, drawn, found, groups, left, top),
        *keys.shapes,
    ]
    macs = sum(node.macs for node in traffic.nodes)
    subtitle = f"{count(len(traffic.layers), 'layer')} in the order of the program, {_macs(macs)} for one inference"
    bottom = max(top + placed.height + 18, keys.y)
    width = keys.x + KEYS + MARGIN
    return page(f"{name} on {chip}", subtitle, shapes, width, bottom, _caption(traffic, drawn, found))


def gathered(traffic: Traffic, most: int = MOST_NODES) -> Traffic:
    """The same with layers whose names begin alike as one node."""
    found = stages(traffic.layers, most)
    numbers = stage_numbers(found)
    order: dict[tuple[str, str], int] = {}
    place_of: list[int] = []
    nodes: list[Node] = []
    for node in traffic.nodes:
        name = found[numbers[node.name]].label if node.kind == "layer" else node.name
        at = order.setdefault((node.kind, name), len(nodes))
        if at == len(nodes):
            nodes.append(replace(node, name=name))
        else:
            nodes[at] = _joined(nodes[at], node)
        place_of.append(at)
    edges: Counter[tuple[int, int]] = Counter()
    for (giver, taker), words in traffic.edges.items():
        if place_of[giver] != place_of[taker] or giver == taker:
            edges[place_of[giver], place_of[taker]] += words
    return Traffic(nodes, edges)


def _joined(one: Node, other: Node) -> Node:
    """Two layers as one node, with the name of the first."""
    groups = (*one.groups, *other.groups)
    return replace(one, macs=one.macs + other.macs, words=one.words + other.words, groups=groups)


def _macs(macs: int) -> str:
    return f"{scaled(macs, '').rstrip()} MAC" if macs >= 1000 else f"{macs:,} MAC"


def _nodes(
    placed: Placed, traffic: Traffic, found: Sequence[Stage], groups: Sequence[Group], left: float, top: float
) -> Iterator[Shape]:
    """A box for each node: its name, and below it its multiply-accumulates and arrays."""
    numbers = stage_numbers(found)
    arrays = {group.number: group.arrays for group in groups}
    for number, rank in sorted(placed.rank_of().items()):
        node = traffic.nodes[number]
        style = look(numbers[node.name]) if node.kind == "layer" else Look(OF_HOST)
        x, y = left + placed.x[rank], top + placed.y[rank][Item(number)] - SIZES.height / 2
        yield from _box(node, _told(node, sum(arrays.get(group, 0) for group in node.groups)), style, x, y)
        if (number, number) in traffic.edges:
            yield from _loop(x, y)


def _box(node: Node, told: str, style: Look, x: float, y: float) -> Iterator[Shape]:
    """The box of a node, with its name and what is told of it."""
    yield Rect(x, y, SIZES.width, SIZES.height, style.colour, DIM, style.hatched, f"{node.name}: {told}")
    if style.hatched:  # letters need a ground of one colour
        yield Rect(x + 4, y + 3, SIZES.width - 8, SIZES.height - 6, style.colour)
    ink, room = ink_on(style.colour), SIZES.width - 12
    middle = x + SIZES.width / 2
    yield Text(middle, y + 14.5, shortest(node.name, room, 11, True) or "…", 11, "middle", True, ink)
    yield Text(middle, y + 27.5, shortest(told, room, 9.5), 9.5, "middle", colour=ink)


def _told(node: Node, arrays: int) -> str:
    if node.kind != "layer":
        return node.kind
    parts = [_macs(node.macs)] * bool(node.macs) + [count(arrays, "array")] * bool(arrays)
    return ", ".join(parts) or count(node.words, "word")


def _loop(x: float, y: float) -> Iterator[Shape]:
    """The line of a state that comes back to its own layer, over its box."""
    right, above = x + SIZES.width - 14, y - 6
    yield Line(((right, y), (right, above), (x + 14, above), (x + 14, y)), DIM, 1.2, True, True)


def _lines(placed: Placed, traffic: Traffic, left: float, top: float) -> Iterator[Shape]:
    """What goes from rank to rank, over each other line the thicker the more words it carries."""
    most = max(traffic.edges.values(), default=1)
    carried: Counter[int] = Counter()
    for (giver, _), words in traffic.edges.items():
        carried[giver] = max(carried[giver], words)
    turns: Counter[int] = Counter()
    for rank, start, end in hops(placed.ranks, traffic.edges):
        words = traffic.edges.get((start.number, end.number), carried[start.number])
        width = max(1.0, WIDEST * sqrt(words / most))
        begin = (left + placed.x[rank] + SIZES.width * 1.0, top + placed.y[rank][start])
        stop = (left + placed.x[rank + 1], top + placed.y[rank + 1][end])
        tip = f"{traffic.nodes[start.number].name} gives {count(words, 'word')}"
        if placed.line[rank] == placed.line[rank + 1]:
            points = _curve(begin, stop)
        else:
            points = _to_next_line(placed, rank, begin, stop, left, top, turns[rank])
            turns[rank] += 1
        yield Line(points, _ink(start, traffic), width, arrow=end.node, tip=tip)
        if not end.node:  # the lane itself
            yield Line((stop, (stop[0] + SIZES.width, stop[1])), _ink(start, traffic), width, tip=tip)


def _ink(item: Item, traffic: Traffic) -> str:
    return GREY if traffic.nodes[item.number].kind == "layer" else "#57606a"


def _curve(begin: tuple[float, float], stop: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """A soft step from one place to another, as short straight pieces."""
    if abs(begin[1] - stop[1]) < 0.5:
        return begin, stop
    reach, rise = stop[0] - begin[0], stop[1] - begin[1]
    steps = [step / 12 for step in range(12)]
    bend = [(begin[0] + reach * 0.85 * one, begin[1] + rise * one * one * (3 - 2 * one)) for one in steps]
    return (*bend, (begin[0] + reach * 0.85, stop[1]), stop)


def _to_next_line(
    placed: Placed, rank: int, begin: tuple[float, float], stop: tuple[float, float], left: float, top: float, turn: int
) -> tuple[tuple[float, float], ...]:
    """A way around the end of a line of ranks, between the lines, to the begin of the next one."""
    shift = 3.0 * (turn % 4)
    right, before = left + placed.width + 4 + shift, left - 12 + shift
    between = top + placed.tops[placed.line[rank + 1]] - SIZES.lines / 2 + shift - 5
    return begin, (right, begin[1]), (right, between), (before, between), (before, stop[1]), stop


def _key(keys: Column, traffic: Traffic, found: Sequence[Stage]) -> None:
    macs = _by_stage(traffic, found)
    keys.heading(heading(found))
    for number, stage in enumerate(found):
        keys.key(look(number), stage.label, _macs(macs[stage.name]) if macs[stage.name] else "")
    keys.key(Look(OF_HOST), "inputs and outputs")
    keys.gap()
    keys.heading("Lines")
    most = max(traffic.edges.values(), default=0)
    keys.stroke(GREY, "words; wider is more", f"{most:,} at most" if most else "")
    if any(giver == taker for giver, taker in traffic.edges):
        keys.stroke(DIM, "state of the layer itself", dashed=True)


def _by_stage(traffic: Traffic, found: Sequence[Stage]) -> Counter[str]:
    """The multiply-accumulates of each stage."""
    numbers = stage_numbers(found)
    macs: Counter[str] = Counter()
    for node in traffic.nodes:
        if node.kind == "layer":
            macs[found[numbers[node.name]].name] += node.macs
    return macs


def _caption(traffic: Traffic, drawn: Traffic, found: Sequence[Stage]) -> str:
    said = [_busiest(drawn, found), _widest(drawn), _left_out(drawn)]
    if drawn is not traffic:
        said.append(f"{count(len(traffic.layers), 'layer')} are taken together by name.")
    return " ".join(one for one in said if one) or "No layer moves a word."


def _busiest(traffic: Traffic, found: Sequence[Stage]) -> str:
    """Which stage multiplies most, if one does much more than others."""
    macs = _by_stage(traffic, found)
    (name, most), *_ = macs.most_common(1) or [("", 0)]
    if not most or most * len(found) < FAR_MORE * macs.total():
        return ""
    return f"{name} does {percent(most, macs.total())} of the multiply-accumulates."


def _widest(traffic: Traffic) -> str:
    """Between which nodes most words go."""
    if not traffic.edges:
        return ""
    giver, taker = max(traffic.edges, key=lambda edge: (traffic.edges[edge], -edge[0], -edge[1]))
    words = traffic.edges[giver, taker]
    return f"Most words go from {traffic.nodes[giver].name} to {traffic.nodes[taker].name}, {words:,}."


def _left_out(traffic: Traffic) -> str:
    """What goes back from a later layer is not drawn, and counted here."""
    back = sum(giver > taker for giver, taker in traffic.edges)
    lines = count(back, "line goes", "lines go")
    return (
        f"{lines} back from a later layer to an earlier one, and {'is' if back == 1 else 'are'} left out."
        if back
        else ""
    )
