"""Programs of loops after one another whose layers differ in one thing only, which no other part of the state tells.

Each is for what a passage must compare: after the turns of one loop its passages are known as the next one begins.
"""

from __future__ import annotations

from collections.abc import Sequence

from judge.aimed import CONTENDED, OUT, PAIRS, REPEATING, Aim, hoarded, image, stream, turns

COUNT = 6
"""The turns of each loop."""


def layers_in_turn(streams: Sequence[str], layers: Sequence[str]) -> str:
    """A loop for each layer; every turn waits for what it writes."""
    again = "signal write, t9\nawait read, t9"
    return "\n".join([*streams, *(turns(loop, COUNT, layer, again) for loop, layer in enumerate(layers, 1))])


def in_parts(*parts: Sequence[int]) -> Aim:
    """Eight words, by instructions for some of them each: the second ones wait in the queue at a mark."""
    rows = ["\n".join(f"requant q1, {words}" for words in part) for part in parts]
    layers = [f"read d2, to=vector\n{row}\nwrite d3, source=vector" for row in rows]
    return Aim(layers_in_turn([stream(2, 0, [8]), stream(3, OUT, [8])], layers), 8, 8)


def walks(*walked: Sequence[tuple[int, int]]) -> Aim:
    """Eight words whose addresses have other extents and strides, on a chip where their banks count."""
    layers = []
    for axes in walked:
        dims = [f"dim d2, {axis}, {extent}, stride={stride}" for axis, (extent, stride) in enumerate(axes)]
        read = "read d2, to=vector\nrequant q1, 8\nwrite d3, source=vector"
        layers.append("\n".join(["base d2, 0", *dims, read]))
    return Aim(layers_in_turn([stream(3, OUT, [8])], layers), 64, 8, CONTENDED)


def borders(*widths: int) -> Aim:
    """Pools of as many windows, which begin so far outside their image."""
    layers = [
        "window w0, 3, 3, 8, stride_y=2, stride_x=2\n"
        f"border w0, 4, 4, top={width}, left={width}\n"
        "read d0, to=vector\npool d2, w0, q1, mode=max\nwrite d3, source=vector"
        for width in widths
    ]
    return Aim(layers_in_turn([image(8), stream(3, OUT, [16])], layers), 64, 16)


def tokens(*orders: tuple[int, int]) -> Aim:
    """Two tokens that the host awaits in one order or the other."""
    layer = "read d2, to=vector\nsignal read, t8\nrequant q1, 8\nwrite d3, source=vector\nsignal write, t7"
    layers = [
        f"{layer}\nawait host_in, t{one}\nsignal host_in, t10\nawait host_in, t{other}\nawait read, t10"
        for one, other in orders
    ]
    return Aim(layers_in_turn([stream(2, 0, [8]), stream(3, OUT, [8])], layers), 8, 8)


def lanes(*groups: Sequence[int]) -> Aim:
    """Groups that are alike, whose frames run in one lane or in two."""
    layers = [
        "\n".join(f"read d2\nfeed 4, 1\nmultiply g{group}, 4\nconvert q0, 4\nwrite d3" for group in one)
        for one in groups
    ]
    body = layers_in_turn([stream(2, 0, [4]), stream(3, OUT, [4])], layers)
    return Aim(body, 4, 4, ("arrays.frames_at_once=2",))


def in_the_middle(count: int) -> Aim:
    """Groups in turn that begin to load after one mark and have yet to end at the next, a read that waits for others.

    Their loads are alike, their conversions are not.
    """
    places = ((2, 0, [8]), (3, OUT, [2, 8]), (4, 0, [40]), (5, OUT + 16, [10]), (6, 0, [30]), (7, OUT + 26, [30]))
    fed = "read d2\nfeed 8, 1"
    before = "read d4, to=vector\nrequant q1, 10\nwrite d5, source=vector\nsignal write, t10\nawait vmm, t10"
    works = "multiply g2, 8, by=l3, step=1\nrequant q1, 30\nwrite d7, source=vector\nsignal write, t8\nawait read, t8"
    after = "read d6, to=vector\nrequant q1, 30\nwrite d7, source=vector\nconvert q0, 8\nwrite d3"
    ends = "signal write, t9\nawait read, t9"
    turn = turns(3, 6, fed, before, works, after, ends)
    streams = "\n".join(stream(*place) for place in places)
    connects = turns(2, 6, "connect g2, by=l2, step=1")
    return Aim("\n".join([streams, connects, turns(1, count, turn)]), 40, 56, groups=PAIRS)


ALONG = (8, 1)
"""Eight words, one after the other."""

IN_TURN: dict[str, Aim] = {
    "other parts": in_parts((4, 2, 2), (4, 1, 3), (4, 2, 2)),
    "other strides": walks([ALONG], [(8, 4)], [ALONG]),
    "other sizes": walks([(2, 1), (4, 3)], [(4, 1), (2, 3)], [(2, 1), (4, 3)]),
    "other borders": borders(1, 0, 1),
    "other tokens": tokens((7, 8), (8, 7), (7, 8)),
    "other groups": in_the_middle(6),
    "other lanes": lanes((0, 1), (0, 0), (1, 0), (0, 1)),
}
"""Loops that differ in one thing."""

AIMED: dict[str, Aim] = {**REPEATING, **IN_TURN, "tokens that grow": hoarded(12)}
"""All that aims."""
