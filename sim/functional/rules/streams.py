"""Rules of streams, windows, states and quantisers: what one instruction may request by itself."""

from __future__ import annotations

import numpy as np

from acortex.isa.arithmetic.tensors import layout, words_of
from acortex.isa.program import Tensor
from acortex.isa.semantics import MEANINGS, shifts, spills
from acortex.sim.functional.rules.row import FLOWING, ISSUED, Facts, rule
from acortex.sim.functional.rules.situation import Situation
from acortex.wording import count, run_of, shape_text

MAX_STREAM = 1 << 22
"""Words that one instruction visits at most: four times as many as a program can address."""

MAX_POSITIONS = 1 << 20
"""Positions of a window that one instruction goes through at most: as many as one multiply takes."""

VECTOR_READ = ("read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\nwrite    d1", "{}")
"""The part of the small program between the host's input and its output."""


def instead(text: str) -> tuple[str, str]:
    """The change of the small program that puts other instructions between the host's input and its output."""
    return VECTOR_READ[0], text


WINDOW = "window   w0, 1, 1, {}\nborder   w0, {}\n"
PASSED = "read     d0, to=vector\n{}\nwrite    d1, source=vector"
STATE = PASSED.format("putstate q0, 1, {}\ngetstate q0, 1, {}")


@rule(
    "R401", "A window has a bounded number of positions", "streams", ISSUED,
    "the window has {rows} x {columns} positions, and one instruction goes through at most {most:,}",
    "give border fewer rows, and put the instruction into a loop",
    ("feed     1, 1, tail=2", "window w0, 1, 1, width=1\nborder w0, 16384, 16384\nslide d0, w0, tail=2"),
)  # fmt: skip
def _positions(at: Situation) -> Facts:
    window = at.dispatch.window
    if window is None or window.rows * window.columns <= MAX_POSITIONS:
        return None
    return {"rows": window.rows, "columns": window.columns, "most": MAX_POSITIONS}


@rule(
    "R402", "A window and its stream are of one image", "streams", ISSUED,
    "the image is {width} pixels wide, {packed} a word, and its stream has extents {extents}",
    "axis 0 counts a pixel's words, axis 1 the {columns} words or pixels of a row, axis 2 rows",
    ("width=2\nfetch", "width=3\nfetch"),
    common=(("read     d0\nfeed     1, 1, tail=2",
             "dim d0, 1, 2, stride=0\nwindow w0, 1, 1, width=2\nfetch d0, w0\nslide d0, w0, tail=2"),),
)  # fmt: skip
def _image(at: Situation) -> Facts:
    window, stream = at.dispatch.window, at.dispatch.stream
    if window is None or stream is None:
        return None
    columns, extents = -(-window.width // window.packed), stream.extents
    if extents[1] == columns and extents[3] == 1 and (window.packed == 1 or extents[0] == 1):
        return None
    seen = " x ".join(map(str, extents))
    return {"width": window.width, "packed": window.packed, "extents": seen, "columns": columns}


@rule(
    "R403", "One instruction moves a bounded number of words", "streams", ISSUED,
    "{what} {words:,} words, and one instruction visits at most {most:,}",
    "check its extents, or put the instruction into a loop",
    ("read     d0\nfeed     1, 1, tail=2",
     "dim d0, 1, 1024, stride=0\ndim d0, 2, 1024, stride=0\n"
     "window w0, 17, 17, 1024\nborder w0, 1008, 1008\nfetch d0, w0\nslide d0, w0"),
)  # fmt: skip
def _sizes(at: Situation) -> Facts:
    for what, words in MEANINGS[at.mnemonic].sizes(at.dispatch):
        if words > MAX_STREAM:
            return {"what": what, "words": words, "most": MAX_STREAM}
    return None


@rule(
    "R404", "A pixel's channels fit the words that its stream has for it", "streams", ISSUED,
    "{tail} channels from channel {shift} on need 2 words, and axis 0 of the stream has 1 for a pixel",
    "give axis 0 an extent of at least 2, or lower shift or tail",
    ("write    d1", "write    d1, shift=4"),
    mends=(("write    d1", "write    d1, shift=4, tail=2"), (".output  y, shape=2", ".output  y, shape=6")),
)  # fmt: skip
def _pixel(at: Situation) -> Facts:
    stream = at.dispatch.stream
    if stream is None or not shifts(at.dispatch) or stream.extents[0] > 1 or not spills(at.dispatch):
        return None
    return {"tail": at.dispatch.ops.tail, "shift": at.dispatch.ops.shift}


@rule(
    "R301", "A group is connected before it works", "groups", ISSUED,
    "group g{group} is not connected to its neurons", "connect it before this line",
    ("connect  g0\n", ""),
)  # fmt: skip
def _connected(at: Situation) -> Facts:
    group = at.dispatch.group
    return {"group": group} if group >= 0 and group not in at.known.connected else None


@rule(
    "R601", "A tuned quantiser is for neurons", "states", FLOWING,
    "{mnemonic} takes a quantiser that was tuned at {tuned}: its constants are for neurons",
    "give it a quantiser of its own, or set this one anew with quant",
    ("requant  q0", "requant  q1"),
    common=((".row     -7, 7", ".row     -7, 7\n.constants c, 2\n.row 0, 1\n.row 0, 1"),
            ("start\n", "quant    q1, 1, 3, zero=5\ntune     q1, c\nstart\n"),
            instead(PASSED.format("requant  q0, 1"))),
)  # fmt: skip
def _tuned_elsewhere(at: Situation) -> Facts:
    for quantiser in (at.dispatch.quantiser, at.dispatch.other):
        if quantiser is not None and quantiser.constants is not None and at.dispatch.agent != "neurons":
            return {"mnemonic": at.mnemonic, "tuned": at.known.program.lines[quantiser.tuned]}
    return None


@rule(
    "R602", "A tuned quantiser has constants for each neuron", "states", FLOWING,
    "{mnemonic} takes sums of {columns} columns, and its quantiser was tuned at {tuned} for {count}",
    "tune a quantiser with one row of constants for each column of the group",
    (".constants c, 2\n.row 0, 1\n.row 0, 1", ".constants c, 1\n.row 0, 1"),
    common=((".row     -7, 7", ".row     -7, 7\n.constants c, 2\n.row 0, 1\n.row 0, 1"),
            ("start\n", "tune     q0, c\nstart\n")),
)  # fmt: skip
def _constants(at: Situation) -> Facts:
    columns = at.shape.columns if at.shape else 0
    for quantiser in (at.dispatch.quantiser, at.dispatch.other):
        if quantiser is None or quantiser.constants is None or len(quantiser.constants.values) == columns:
            continue
        tuned = at.known.program.lines[quantiser.tuned]
        return {"mnemonic": at.mnemonic, "columns": columns, "tuned": tuned, "count": len(quantiser.constants.values)}
    return None


@rule(
    "R603", "The state store has the words that are asked for", "states", FLOWING,
    "{mnemonic} needs {words} of the state store; {chip} has 0 to {most}",
    "keep fewer states, or take a chip with vector.state_words={needed}",
    instead(STATE.format("4000", "4000")), mends=(instead(STATE.format("4", "4")),),
)  # fmt: skip
def _state_words(at: Situation) -> Facts:
    if not at.flow.state:
        return None
    first, room = at.dispatch.ops.state, len(at.known.states)
    last = first + at.flow.state - 1
    if last < room:
        return None
    facts = {"mnemonic": at.mnemonic, "chip": at.known.chip.name}
    return {**facts, "words": run_of("word", first, last), "most": room - 1, "needed": last + 1}


@rule(
    "R604", "A state is written before it is read", "states", FLOWING,
    "{mnemonic} reads word {word} of the state store, which was never written",
    "say first=yes where a sequence begins, or write it with putstate",
    instead(STATE.format("4", "5")), mends=(instead(STATE.format("4", "4")),),
)  # fmt: skip
def _state_written(at: Situation) -> Facts:
    if not at.flow.recalls:
        return None
    first = at.dispatch.ops.state
    missing = np.flatnonzero(~at.known.states[first : first + at.flow.state])
    return {"mnemonic": at.mnemonic, "word": first + int(missing[0])} if len(missing) else None


CELLS = "read d0, to=vector\nread d0, to=vector\nread d0, to=vector\nread d0, to=vector\nlstm q0, q1, 1, 0, first=yes"


@rule(
    "R605", "Some code of a gate stands for 1", "states", FLOWING,
    "the quantiser of the gates has zero and high at {high}: no code of a tanh stands for 1",
    "give high a value above zero, as in the quantiser that made g or n",
    ("quant    q1, 1, 1, zero=8, low=1", "quant    q1, 1, 1, zero=15, low=1"),
    common=(("start\n", "quant    q1, 1, 1, zero=8, low=1\nstart\n"), instead(CELLS + "\nwrite    d1, source=vector")),
)  # fmt: skip
def _gates(at: Situation) -> Facts:
    found = at.dispatch.other
    return {"high": found.high} if at.flow.state and found is not None and found.zero == found.high else None


@rule(
    "R405", "An agent's store holds what an instruction keeps in it", "streams", FLOWING,
    "{mnemonic} keeps {held} words{of}, and {chip} has room for {room}",
    "make {what} smaller, or take a chip with {setting}={held}",
    ("window w0, 1, 1, width=128", "window w0, 3, 100, width=128"),
    common=(("read     d0\nfeed     1, 1, tail=2",
             "base d2, 0\ndim d2, 1, 128, stride=0\ndim d2, 2, 3, stride=0\nwindow w0, 1, 1, width=128\n"
             "fetch d2, w0\nslide d2, w0, tail=2"),),
)  # fmt: skip
def _store(at: Situation) -> Facts:
    flow, chip = at.flow, at.known.chip
    if not flow.store:
        return None
    part, _, setting = flow.store.partition(".")
    room: int = getattr(getattr(chip, part), setting)
    if flow.held <= room:
        return None
    window = at.dispatch.window is not None
    of, what = (" of the image", "the window or the image") if window else ("", "positions or words")
    facts = {"mnemonic": at.mnemonic, "chip": chip.name, "of": of, "what": what}
    return {**facts, "held": flow.held, "room": room, "setting": flow.store}


@rule(
    "R406", "A stream visits a bounded number of words", "streams", FLOWING,
    "the stream visits {words:,} words, and one instruction visits at most {most:,}",
    "check its extents, or put the instruction into a loop",
    ("base     d1, 1", "base     d1, 1\ndim d1, 0, 65536, stride=0\ndim d1, 1, 65536, stride=0"),
)  # fmt: skip
def _visits(at: Situation) -> Facts:
    stream = at.dispatch.stream
    if stream is None or at.dispatch.window is not None or not (at.flow.reads or at.flow.writes):
        return None
    return {"words": stream.size, "most": MAX_STREAM} if stream.size > MAX_STREAM else None


@rule(
    "R407", "A stream stays in main memory", "streams", FLOWING,
    "the stream visits words {low} to {high} of main memory, which has 0 to {last}",
    "check its base, extents and strides, or take a chip with more memory.capacity_kb",
    ("base     d1, 1", "base     d1, 1\ndim      d1, axis=0, extent=40"),
)  # fmt: skip
def _in_memory(at: Situation) -> Facts:
    stream = at.dispatch.stream
    if stream is None or not (at.flow.reads or at.flow.writes):
        return None
    low, high = stream.bounds()
    last = at.known.chip.memory_words - 1
    return {"low": low, "high": high, "last": last} if low < 0 or high > last else None


# The host -------------------------------------------------------------------------------------------------------------


def _to_host(at: Situation) -> bool:
    return at.flow.gives == "host_out"


def _of_host(at: Situation) -> bool:
    return at.flow.takes == "host_in" or _to_host(at)


@rule(
    "R801", "A transfer of the host belongs to an inference", "host", FLOWING,
    "{mnemonic} belongs to no inference", "put it between inference and endinference",
    ("inference\nbase", "base"), ("endinference\n", ""),
)  # fmt: skip
def _inference(at: Situation) -> Facts:
    return {"mnemonic": at.mnemonic} if _of_host(at) and at.dispatch.inference < 0 else None


@rule(
    "R802", "A transfer of the host has the words of its tensor", "host", FLOWING,
    "tensor {name} has {wanted}, and the stream visits {given}", "set the stream's extents",
    ("base     d0, 0", "base     d0, 0\ndim      d0, 0, 2"),
)  # fmt: skip
def _host_words(at: Situation) -> Facts:
    if not _of_host(at) or at.dispatch.stream is None:
        return None
    program = at.known.program
    tensor = (program.outputs if _to_host(at) else program.inputs)[at.dispatch.ops.tensor]
    wanted, given = words_of(tensor), at.dispatch.stream.size
    if wanted == given:
        return None
    return {"name": tensor.name, "wanted": count(wanted, "word"), "given": given, "instead": _lies(tensor)}


def _lies(tensor: Tensor) -> str:
    """How a tensor of pixels lies in words, where that may not be what its shape was meant to say."""
    lies = layout(tensor)
    if lies.rows * lies.width == 1:
        return ""
    pixels, channels = f"{lies.rows} x {lies.width} pixels", count(lies.channels, "channel")
    other = "" if tensor.axes else "; axes=0.1.2 says that the channels stand last in the shape"
    return f"set the stream's extents: {shape_text(tensor.shapes[0])} lies as {pixels} of {channels}{other}"
