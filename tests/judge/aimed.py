"""Programs that aim at one condition of skipping each: what repeats, what breaks a pattern, what ends just there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from timed_chips import QUICK_WRITES, Runs

from acortex.isa.asm.assembler import assemble
from acortex.sim.chip.specs import load_chip

CONTENDED = ("memory.ports=2", "memory.banks=4", "memory.bank_cycles=7", "memory.access_cycles=2")
"""Settings of a chip on which accesses find their banks taken."""

BUSY = (
    "memory.ports=2", "memory.banks=3", "memory.bank_cycles=5", "memory.access_cycles=2", "buses.down_lanes=2",
    "arrays.overlap_loads=true", "controller.queue_depth=2", "vector.queue_words=4", "buffer.windows=2",
)  # fmt: skip
"""Settings under which more is in flight at once, and more has to wait."""

WEIGHTS = {"w": np.ones((64, 64), np.int8), "wide": np.ones((64, 256), np.int8), "tall": np.ones((576, 64), np.int8)}
WEIGHTS["pair"] = np.ones((64, 128), np.int8)
"""Data never steer time: any weights do."""

GROUPS = """
.weights w, 64x64, file="a.npz", key=w
group g0, 64, 64
rect g0, 0, 0
program g0, w
group g1, 64, 64
rect g1, 1, 0
program g1, w
"""
"""Two groups of an array each."""

PAIRS = "\n".join(
    ['.weights w, 64x128, file="a.npz", key=pair']
    + [
        f"group g{number}, 64, 128\n"
        + (f"rect g{number}, {2 * number}, 0\nrect g{number}, {2 * number}, 1" if number % 2 else "")
        + ("" if number % 2 else f"rect g{number}, {2 * number}, 0, 1, 2")
        + f"\nprogram g{number}, w"
        for number in range(2, 8)
    ]
)
"""Six groups of one shape: every other one has its arrays side by side, those of the others share neurons."""

WIDE = """
.weights w, 64x256, file="a.npz", key=wide
group g0, 64, 256
rect g0, 0, 0
rect g0, 0, 1
rect g0, 0, 2
rect g0, 0, 3
program g0, w
"""
"""A group whose four tile columns share neurons: they take turns."""

TALL = """
.weights w, 576x64, file="a.npz", key=tall
group g0, 576, 64
rect g0, 0, 0, 9
program g0, w
"""
"""A group for a window of nine words."""

OUT = 16384
"""The first word of the results."""


@dataclass(frozen=True)
class Aim:
    """A program's body, what it reads and writes in words, and the chip that it runs on."""

    body: str
    words: int = 64
    results: int = 64
    settings: tuple[str, ...] = ()
    inferences: int = 1
    groups: str = GROUPS

    @property
    def text(self) -> str:
        """The whole source: an inference brings x to words 0 on, and takes y from words `OUT` on."""
        first, *others = (line for line in self.groups.split("\n") if line)
        connects = [f"connect g{number}" for number in range(2) if f"group g{number}," in self.groups]
        head = [
            ".program aimed",
            ".chip acortex_inception",
            f".input x, shape={64 * self.words}",
            f".output y, shape={64 * self.results}",
            first,
            *others,
            "quant q0, 1, 6, zero=8",
            "quant q1, 1, 0, activation=relu",
            "start",
            *connects,
            "signal host_out, t62",
            "loop l0, host",
            "top:",
            "inference l0",
            f"base d0, 0\ndim d0, 0, {self.words}",
            f"base d1, {OUT}\ndim d1, 0, {self.results}",
            "await host_in, t62",
            "input x, d0",
            "signal host_in, t63",
            "signal host_in, t61",
            "await read, t63",
            "await operand, t61",
        ]
        tail = [
            "signal write, t60",
            "await host_out, t60",
            "output y, d1",
            "signal host_out, t62",
            "endinference",
            "next l0, top",
            "halt",
        ]
        return "\n".join([*head, self.body, *tail]) + "\n"

    def runs(self, *settings: str) -> Runs:
        """The program to run, with more settings."""
        return _runs(self, settings)


@cache
def _runs(aim: Aim, settings: tuple[str, ...]) -> Runs:
    program = assemble(aim.text, file="aimed.s", arrays={"a.npz": WEIGHTS})
    chip = load_chip(program.chip, [*QUICK_WRITES, "instruction_memory.words=4096", *aim.settings, *settings])
    return Runs(program, chip, aim.inferences)


# Parts of bodies ------------------------------------------------------------------------------------------------------


def stream(number: int, base: int, extents: Sequence[int], moves: str = "") -> str:
    """A stream over words one after the other, in as many axes as it has extents."""
    lines, stride = [f"base d{number}, {base}{moves}"], 1
    for axis, extent in enumerate(extents):
        lines.append(f"dim d{number}, {axis}, {extent}, stride={stride}")
        stride *= extent
    return "\n".join(lines)


def product(positions: int, source: str = "read d2", group: str = "g0", write: str = "write d3") -> str:
    """An array operation at each position, of a word each."""
    return f"{source}\nfeed {positions}, 1\nmultiply {group}, {positions}\nconvert q0, {positions}\n{write}"


def products(positions: int) -> Aim:
    """One row of products: the least that has a period."""
    body = f"{stream(2, 0, [positions])}\n{stream(3, OUT, [positions])}\n{product(positions)}"
    return Aim(body, positions, positions)


def turns(loop: int, count: int, *body: str) -> str:
    """A loop."""
    return "\n".join([f"loop l{loop}, {count}", f"turn{loop}:", *body, f"next l{loop}, turn{loop}"])


def rings(ring: int, count: int, words: int = 5, settings: tuple[str, ...] = CONTENDED) -> Aim:
    """A layer in a loop whose streams lie in rings of so many places."""
    body = turns(
        1,
        count,
        stream(2, 0, [words], f", by=l1, stride={words}, ring={ring}"),
        stream(3, OUT, [words], f", by=l1, stride={words}, ring={ring}"),
        product(words),
    )
    return Aim(body, words * ring, words * ring, settings)


def kept(positions: int) -> Aim:
    """Words that two groups use: the first feed keeps them."""
    first = f"read d2\nfeed {positions}, 1, keep=yes\nmultiply g0, {positions}\nconvert q0, {positions}\nwrite d3"
    again = f"feed {positions}, 1\nmultiply g1, {positions}\nconvert q0, {positions}\nwrite d4"
    streams = [stream(2, 0, [positions]), stream(3, OUT, [positions]), stream(4, OUT + positions, [positions])]
    return Aim("\n".join([*streams, first, again]), positions, 2 * positions)


def spilled(positions: int) -> Aim:
    """Results that are written over two words each, the second of what the first left over."""
    write = "write d3, shift=16, tail=64"
    streams = f"{stream(2, 0, [positions])}\n{stream(3, OUT, [2, positions])}"
    return Aim(f"{streams}\n{product(positions, write=write)}", positions, 2 * positions)


def rounds(positions: int) -> Aim:
    """Sums that are converted in four turns of the neurons."""
    streams = f"{stream(2, 0, [positions])}\n{stream(3, OUT, [4, positions])}"
    return Aim(f"{streams}\n{product(positions)}", positions, 4 * positions, groups=WIDE)


def rounds_to_vector(positions: int) -> Aim:
    """The same for the vector agent, which takes the words of each turn as it ends."""
    body = rounds(positions).body.replace("write d3", f"requant q1, {4 * positions}\nwrite d3, source=vector")
    return Aim(body.replace("convert q0,", "convert q0, to=vector, positions="), positions, 4 * positions, groups=WIDE)


@dataclass(frozen=True)
class Taps:
    """A window over an image: its size, how it moves, what lies around."""

    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    border: int = 0

    def out(self, side: int) -> int:
        """The positions along a side."""
        return (side + 2 * self.border - (self.kernel - 1) * self.dilation - 1) // self.stride + 1

    def text(self, side: int) -> str:
        """The instructions that set it as w0."""
        out = self.out(side)
        return (
            f"window w0, {self.kernel}, {self.kernel}, {side}, stride_y={self.stride}, stride_x={self.stride},"
            f" dilation_y={self.dilation}, dilation_x={self.dilation}\n"
            f"border w0, {out}, {out}, top={self.border}, left={self.border}"
        )


def image(side: int) -> str:
    """A stream over an image of words."""
    return f"base d2, 0\ndim d2, axis=1, extent={side}\ndim d2, axis=2, extent={side}, stride={side}"


def convolved(side: int, taps: Taps = Taps(border=1)) -> Aim:  # a value that does not change
    """A convolution of a square image."""
    count = taps.out(side) ** 2
    layer = f"fetch d2, w0\nslide d2, w0\nmultiply g0, {count}\nconvert q0, {count}\nwrite d3"
    body = "\n".join([image(side), stream(3, OUT, [count]), taps.text(side), layer])
    return Aim(body, side * side, count, groups=TALL)


def pooled(side: int, taps: Taps) -> Aim:
    """A pool of an image that comes from memory."""
    count = taps.out(side) ** 2
    layer = "read d0, to=vector\npool d2, w0, q1, mode=max\nwrite d3, source=vector"
    body = "\n".join([image(side), stream(3, OUT, [count]), taps.text(side), layer])
    return Aim(body, side * side, count)


def fused(side: int, taps: Taps) -> Aim:
    """A pool of what the neurons give."""
    count, pixels = taps.out(side) ** 2, side * side
    layer = f"read d0\nfeed {pixels}, 1\nmultiply g0, {pixels}\nconvert q0, {pixels}, to=vector"
    body = "\n".join([image(side), stream(3, OUT, [count]), taps.text(side), layer, "pool d2, w0, q1, mode=max"])
    return Aim(body + "\nwrite d3, source=vector", pixels, count)


def added(words: int, *settings: str) -> Aim:
    """Two streams that are added word by word."""
    streams = f"{stream(2, 0, [words])}\n{stream(3, OUT, [words])}"
    layer = f"operand d2\nread d2, to=vector\nadd q1, q1, {words}\nwrite d3, source=vector"
    return Aim(f"{streams}\n{layer}", words, words, settings)


def drained(words: int, *settings: str) -> Aim:
    """Words that fill the buffer while the host is slow to let it begin: then they leave faster than they come."""
    streams = f"{stream(2, 0, [words])}\n{stream(3, OUT, [words])}\n{stream(4, 0, [64])}\n{stream(5, OUT + 99, [64])}"
    late = "read d4, to=vector\nrequant q1, 64\nwrite d5, source=vector\nsignal write, t9\nawait buffer, t9"
    return Aim("\n".join([streams, late, product(words)]), max(words, 64), words, settings)


def nested(*counts: int) -> Aim:
    """Loops within loops: a layer in the innermost, and something of its own at the end of each."""
    body = f"{stream(2, 0, [4])}\n{stream(3, OUT, [4])}\n{product(4)}"
    for loop, count in enumerate(counts, 1):
        rest = product(1 + loop, "read d4", "g1", "write d5")
        body = turns(loop, count, body, stream(4, 0, [1 + loop]), stream(5, OUT + 4, [1 + loop]), rest)
    return Aim(body, 8, 5)


def last_differs(count: int, last: int) -> Aim:
    """Equal layers in a loop, and then one that has other positions."""
    body = turns(1, count, f"{stream(2, 0, [6])}\n{stream(3, OUT, [6])}\n{product(6)}")
    return Aim(f"{body}\n{stream(2, 0, [last])}\n{stream(3, OUT, [last])}\n{product(last)}", 8, 6)


def switched(count: int) -> Aim:
    """The bus is switched to one group after the other, while words pass: equal in time, not in segments."""
    words = f"{stream(2, 0, [4])}\n{stream(3, OUT, [4])}\nread d2, to=vector\nrequant q1, 4\nwrite d3, source=vector"
    switches = "connect g2, by=l2, step=1\ndisconnect g2, by=l2, step=1"
    ends = (
        "signal vmm, t8\nawait write, t8\nsignal write, t9\nawait read, t9"  # else one of both gets ever further ahead
    )
    return Aim(turns(1, count, turns(2, 6, switches, words, ends)), 4, 4, groups=PAIRS)


def taking_turns(count: int) -> Aim:
    """Groups in turn, by the same instructions."""
    streams = f"{stream(2, 0, [4])}\n{stream(3, OUT, [2, 4])}"
    layer = (
        "read d2\nfeed 4, 1\nmultiply g2, 4, by=l2, step=1\nconvert q0, 4\nwrite d3\nsignal write, t9\nawait read, t9"
    )
    connects = turns(2, 6, "connect g2, by=l2, step=1")
    body = f"{connects}\n{turns(1, count, turns(3, 6, streams, layer.replace('l2', 'l3')))}"
    return Aim(body, 4, 8, groups=PAIRS)


def after_a_while(count: int) -> Aim:
    """Equal layers after others that last longer each: what waits as a passage begins has waited for another time."""
    layer = f"{stream(2, 0, [8])}\n{stream(3, OUT, [8])}\n{product(8)}\nsignal write, t9\nawait read, t9"
    longer = f"{stream(4, 0, [30])}\nread d4, to=vector\nrequant q1, 30\nwrite d5, source=vector"
    longer = f"{stream(5, OUT + 8, [30])}\n{longer}\nsignal write, t10\nawait read, t10"
    body = [turns(1, count, layer, layer, layer), longer, turns(2, count, layer, layer, longer, layer)]
    return Aim("\n".join(body), 30, 38)


def hoarded(count: int) -> Aim:
    """Tokens that nothing takes until a loop has ended."""
    layer = f"{stream(2, 0, [4])}\n{stream(3, OUT, [4])}\n{product(4)}"
    return Aim(f"{turns(1, count, layer, 'signal read, t9')}\n{turns(2, count, 'await write, t9', layer)}", 4, 4)


def hosted(words: int, inferences: int) -> Aim:
    """Two products between which the host works, in each inference."""
    size = 64 * words
    tensors = f".input z, shape={size}, host=yes\n.output b, shape={size}, host=yes\n.part p, shape=1\n.row 1\n"
    body = [
        stream(2, 0, [words]),
        stream(3, OUT, [words]),
        product(words),
        "signal write, t59\nawait host_out, t59\noutput b, d3\nsignal host_out, t58",
        "await host, t58\nwork p, 100\nsignal host, t57",
        "await host_in, t57\ninput z, d2\nsignal host_in, t56\nawait read, t56",
        product(words),
    ]
    return Aim("\n".join(body), words, words, ("host.part_ns=50",), inferences, f"{GROUPS}{tensors}")


REPEATING: dict[str, Aim] = {
    "products": products(60),
    **{f"ring of {ring}": rings(ring, 40) for ring in (2, 3, 5)},
    **{f"ring of {ring}, nothing contended": rings(ring, 40, settings=()) for ring in (2, 3, 5)},
    "kept words": kept(40),
    "spilled writes": spilled(40),
    "turns of neurons": rounds(40),
    "turns of neurons, for the vector agent": rounds_to_vector(40),
    "convolution": convolved(12),
    "stride": convolved(13, Taps(stride=2)),
    "stride, with a border": convolved(14, Taps(stride=2, border=1)),
    "dilation": convolved(14, Taps(dilation=2, border=2)),
    "pools of two": pooled(12, Taps(2, 2)),
    "pools of three": pooled(12, Taps(3, 3)),
    "padded pools": pooled(13, Taps(3, 2, border=1)),
    "fused pools": fused(12, Taps(2, 2)),
    "fused padded pools": fused(13, Taps(3, 2, border=1)),
    "operands": added(60),
    "a buffer that drains": drained(90, "arrays.frame_ns=1", "neurons.bits=1", "memory.access_cycles=4"),
    "three loops": nested(4, 3, 3),
    "a last turn that differs": last_differs(30, 3),
    "switches of several groups": switched(20),
    "groups in turn": taking_turns(6),
    "longer waits": after_a_while(6),
    "work of the host": hosted(6, 8),
}
"""What skips something, on its chip, on a busy and on a contended one."""

STUCK = "\n".join(
    [
        stream(4, 0, [10]),
        stream(5, OUT, [10]),
        "read d4, to=vector",
        "read d4",
        "feed 10, 1",
        "multiply g0, 10",
        "signal read, t7",
        "await operand, t7",
        "operand d4",
        "add q1, q1, 10",
        "write d5, source=vector",
        "convert q0, 10",
        "write d5",
    ]
)
"""The operand waits until the stream has been read, and that waits for room, until the operand is there."""


def stuck(count: int, *settings: str) -> Aim:
    """Layers in a loop, and then a deadlock."""
    layer = f"{stream(2, 0, [20])}\n{stream(3, OUT, [20])}\n{product(20)}"
    signal = "signal read, t8\nawait read, t8"
    body = f"{turns(1, count, layer, signal)}\n{STUCK}"
    return Aim(body, 20, 20, ("vector.queue_words=4", *settings))


def stuck_as_a_frame_waits(count: int) -> Aim:
    """A deadlock at once after a mark: what waits then has not acted since, the frame for its load among it.

    The controller is so slow that all others wait for it. In each turn the operand that frees the read agent comes at
    the beginning of the next; after the loop it would come from the read agent itself.
    """
    held = "read d2, to=vector\nread d2\nfeed 10, 1\nmultiply g0, 10\nconvert q0, 10"
    freed = "await operand, {}\noperand d2\nadd q1, q1, 10\nwrite d3, source=vector\nwrite d3"
    turn = turns(2, 1, "signal host_in, t7", freed.format("t7"), held)
    again = turn.replace("l2", "l3").replace("turn2", "turn3")  # the same at other addresses
    streams = f"{stream(2, 0, [10])}\n{stream(3, OUT, [10])}"
    body = [streams, held, turns(1, count, turn), again, "nop\nnop\nsignal read, t8", freed.format("t8")]
    return Aim("\n".join(body), 10, 10, ("vector.queue_words=4", "controller.decode_cycles=400"))


def stuck_as_the_controller_waits(count: int) -> Aim:
    """A deadlock at once after a mark, in which the controller does not look at a full queue again."""

    def turn(words: int) -> str:
        first = f"{stream(2, 0, [words])}\nawait host_in, t8\ninput x, d0\nsignal host_in, t5\nawait read, t5"
        first += "\nread d6"  # it begins while the controller waits: a mark, and the next read is not of what led there
        rows = "read d2\nread d4, to=vector\n" + "requant q1, 1\n" * 5 + "write d5, source=vector"
        fed = words + 1
        rest = f"feed {fed}, 1\nmultiply g0, {fed}\nconvert q0, {fed}\nwrite d3"
        return "\n".join([first, rows, stream(3, OUT, [fed]), rest, "signal write, t9", "await read, t9"])

    streams = f"{stream(4, 0, [5])}\n{stream(5, OUT + 99, [5])}\n{stream(6, 0, [1])}\nsignal read, t8"
    body = [streams, turns(1, count, turn(3), "signal read, t8"), turn(40)]
    return Aim("\n".join(body), 40, 41, ("controller.queue_depth=3", "buffer.words=20"))
