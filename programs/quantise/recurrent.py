"""Recurrent steps as layers: levels that serve inputs and state together, codes of the gates, 16-bit state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import FRACTION
from acortex.programs import graph as g
from acortex.programs.blocks import even_parts
from acortex.programs.quantise.calibration import levels_of
from acortex.programs.quantise.codings import LARGEST_MULTIPLIER, Codings, argument_scale, code_of, fitted, multipliers
from acortex.programs.quantise.ranges import COLUMNS, Samples
from acortex.programs.steps import RecurrentStep

Array = NDArray[Any]

CELL = 2048
"""What an LSTM's state holds for 1."""

LSTM_GATES = ("sigmoid", "sigmoid", "sigmoid", "tanh")
"""The functions of an LSTM's gates i, f, o and g."""

FULL = 32767
"""What a GRU's state, and the hyperbolic tangent of a state, hold for 1."""


Parts = dict[str, Any]
"""Fields of a `Recurrent` that depend on its kind, by name."""

Maker = Callable[[RecurrentStep, g.Coding, g.Coding, Codings], Parts]
"""What makes them of a step, the codings of its source and of h, and those of all maps."""


def recurrent_layer(
    step: RecurrentStep, source: g.View, targets: Sequence[g.Target | None], codings: Codings, maker: Maker
) -> g.Recurrent:
    """The layer of a recurrent step that reads a view and writes h of every step, the last h and the last c.

    `maker` makes what depends on the kind: one of `MAKERS`, or `unweighted_lstm`.
    """
    x, h = codings.of(step.source.map), codings.of(step.out)
    parts = maker(step, x, h, codings)
    every, last, last_state = targets
    assert every is not None
    state = None
    if last_state is not None and step.last_state is not None:
        coding = codings.of(step.last_state)
        state = last_state, _linear(coding, 1 / (CELL * coding.scale))
    top = (1 << h.bits) - 1
    initial_h = np.clip(np.rint(step.initial_h / h.scale) + h.zero, 0, top).astype(np.uint8)
    number, one = (step.initial_c, CELL) if step.kind == "lstm" else (step.initial_h, FULL)
    begin = np.clip(number, -FULL / one, FULL / one) * one
    initial_state = _levelled(np.clip(np.rint(begin), -FULL, FULL), h.bits)
    return g.Recurrent(
        step.name, step.op, every, step.kind, source, step.hidden,
        initial_h=initial_h, initial_state=initial_state, reverse=step.reverse,
        last=last, last_state=state, **parts,
    )  # fmt: skip


def first_states(step: RecurrentStep, coding: g.Coding) -> tuple[int, int]:
    """How codes of a map become first states: the code of 0, and what a code holds more than the one before it."""
    unit = round(coding.scale * (CELL if step.kind == "lstm" else FULL))
    return coding.zero, min(max(unit, 1), LARGEST_MULTIPLIER)


def _levelled(states: Array, bits: int) -> Array:
    """Initial states as multiples of one number, as they lie in main memory as codes: int16."""
    levels = (1 << (bits - 1)) - 1
    unit = max(int(np.ceil(np.abs(states).max() / levels)), 1)
    return (np.rint(states / unit) * unit).astype(np.int16)


def _lstm(step: RecurrentStep, x: g.Coding, h: g.Coding, codings: Codings) -> Parts:
    for_x, for_h, bias_x, bias_h = step.gates.load()
    weights, codes = _gates(LSTM_GATES, (for_x, for_h), bias_x + bias_h, x, h)
    top = (1 << h.bits) - 1
    return {"weights": weights, "codes": codes, "out": _linear(h, 1 / (top * FULL * h.scale))}


def unweighted_lstm(step: RecurrentStep, x: g.Coding, h: g.Coding, codings: Codings) -> Parts:
    """The parts of an LSTM whose weights are all 0, and take no memory; constants differ between its columns."""
    rows = codings.graph.channels_of(step.source) + step.hidden
    weights = np.broadcast_to(np.int8(0), (rows, len(LSTM_GATES) * step.hidden))
    factor = 1 + np.arange(step.hidden, dtype=np.int64) % 2
    codes = tuple(_gate_code(name, 0, factor, factor, h.bits, None) for name in LSTM_GATES)
    return {"weights": weights, "codes": codes, "out": _linear(h, 1.0)}


def _gru(step: RecurrentStep, x: g.Coding, h: g.Coding, codings: Codings) -> Parts:
    for_x, for_h, bias_x, bias_h = step.gates.load()
    cut, bias = 2 * step.hidden, bias_x + bias_h
    weights, codes = _gates(["sigmoid", "sigmoid"], (for_x[:, :cut], for_h[:, :cut]), bias[:cut], x, h)
    weights_n, (code_n,) = _gates(["tanh"], (for_x[:, cut:], for_h[:, cut:]), bias[cut:], x, h)
    top = (1 << h.bits) - 1
    return {
        "weights": weights, "codes": codes, "out": _linear(h, 1 / (FULL * h.scale)),
        "weights_n": weights_n, "code_n": code_n, "reset": _linear(h, 1 / top),
    }  # fmt: skip


def _gru_linear(step: RecurrentStep, x: g.Coding, h: g.Coding, codings: Codings) -> Parts:
    for_x, for_h, bias_x, bias_h = step.gates.load()
    size = step.hidden
    z, r, n = (slice(at, at + size) for at in (0, size, 2 * size))
    none_x, none_h = np.zeros_like(for_x[:, n]), np.zeros_like(for_h[:, n])
    wide_x = np.concatenate([for_x[:, z], for_x[:, n], for_x[:, r], none_x], axis=1)
    wide_h = np.concatenate([for_h[:, z], none_h, for_h[:, r], for_h[:, n]], axis=1)
    bias = np.concatenate([bias_x[z] + bias_h[z], bias_x[n], bias_x[r] + bias_h[r], bias_h[n]])
    samples = Samples()
    samples.join(codings.statistics.candidates[step.name])
    samples.low = min(samples.low, -samples.high)
    candidate = codings.chosen(samples)
    weights, codes = _gates(["sigmoid", "none", "sigmoid", "none"], (wide_x, wide_h), bias, x, h, candidate)
    factor, shift = multipliers(candidate.scale * CELL)
    return {
        "weights": weights, "codes": codes, "out": _linear(h, 1 / (FULL * h.scale)),
        "cell_multiplier": int(factor), "cell_shift": shift,
    }  # fmt: skip


def _rnn(step: RecurrentStep, x: g.Coding, h: g.Coding, codings: Codings) -> Parts:
    for_x, for_h, bias_x, bias_h = step.gates.load()
    unit = np.full(step.hidden, argument_scale(step.activation, h))
    weights, factors, shift, offsets = _matrix((for_x, for_h), bias_x + bias_h, unit, x, h)
    code = code_of(step.activation, h, shift, factors, offsets)
    return {"weights": weights, "codes": (code,), "out": code}


MAKERS: dict[str, Maker] = {"lstm": _lstm, "gru": _gru, "gru_linear": _gru_linear, "rnn": _rnn}
"""What makes the parts of each kind, of the step's own weights."""


def _gates(
    functions: Sequence[str],
    both: tuple[Array, Array],
    bias: Array,
    x: g.Coding,
    h: g.Coding,
    linear: g.Coding | None = None,
) -> tuple[Array, tuple[g.Code, ...]]:
    """Levels of the matrices for x and h, one below the other, and the codes of gates, which stand side by side.

    Those without a function take the coding given.
    """
    units = [linear.scale if name == "none" and linear is not None else 1 / FRACTION for name in functions]
    unit = np.repeat(units, len(bias) // len(functions))
    levels, factors, shift, offsets = _matrix(both, bias, unit, x, h)
    parts = zip(functions, *(np.split(array, len(functions)) for array in (factors, offsets)), strict=True)
    return levels, tuple(_gate_code(name, shift, part, more, h.bits, linear) for name, part, more in parts)


def _matrix(
    both: tuple[Array, Array], bias: Array, unit: Array, x: g.Coding, h: g.Coding
) -> tuple[Array, Array, int, Array]:
    """Levels of the matrices for x and h, one below the other, and multipliers, their shift and offsets of the columns,
    whose rounded sums count `unit`.
    """
    found, steps = _levels(both, (x.scale, h.scale), x.bits)
    # One shift for all: the gates of a step are converted together.
    levels, factors, shift, offsets = fitted(found, steps / unit, bias / unit)
    for zero, part in zip((x.zero, h.zero), np.split(levels, [len(both[0])]), strict=True):
        offsets = offsets.astype(np.int64) - zero * part.sum(axis=0, dtype=np.int64)
    return levels, factors, shift, offsets


def _levels(both: tuple[Array, Array], scales: tuple[float, float], bits: int) -> tuple[Array, Array]:
    """What `levels_of` makes of two matrices, one below the other, each times a number.

    A few columns at a time, which stay in a processor's cache while all is done with them. Only the step of a column
    without weights follows from the others: then all are looked at together.
    """
    height, width = len(both[0]) + len(both[1]), both[0].shape[1]
    levels, steps = np.empty((height, width), np.int8, order=_order(both)), np.empty(width)
    for columns in even_parts(width, COLUMNS):
        part = _scaled((both[0][:, columns], both[1][:, columns]), scales)
        if not part.any(axis=0).all():
            return levels_of(_scaled(both, scales), bits)
        levels[:, columns], steps[columns] = levels_of(part, bits)
    return levels, steps


def _scaled(both: tuple[Array, Array], scales: tuple[float, float]) -> Array:
    """Two matrices, one below the other, each times a number; in the order of memory that `both` have."""
    height, width = len(both[0]) + len(both[1]), both[0].shape[1]
    wide = np.empty((height, width), np.float32, order=_order(both))
    parts = wide[: len(both[0])], wide[len(both[0]) :]
    for part, matrix, scale in zip(parts, both, scales, strict=True):
        np.multiply(matrix, np.float32(scale), out=part)
    return wide


def _order(both: tuple[Array, Array]) -> Literal["C", "F"]:
    """The order of memory that two matrices have."""
    return "F" if all(one.flags.f_contiguous for one in both) else "C"


def _gate_code(function: str, shift: int, factor: Array, offset: Array, bits: int, linear: g.Coding | None) -> g.Code:
    top, half = (1 << bits) - 1, 1 << (bits - 1)
    if function == "none" and linear is not None:
        return g.Code(factor, shift, offset, linear.zero, 0, top)
    if function == "tanh":
        return g.Code(factor, shift, offset, half, 2 * half - top, top, "tanh")
    return g.Code(factor, shift, offset, 0, 0, top, function)


def _linear(coding: g.Coding, ratio: float) -> g.Code:
    """The code of whole numbers that are a ratio of a coding's step."""
    factor, shift = multipliers(ratio)
    function = "none" if coding.zero else "relu"
    return g.Code(int(factor), shift, 0, coding.zero, 0, (1 << coding.bits) - 1, function)
