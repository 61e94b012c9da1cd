"""LSTM, GRU and RNN in floating point, for calibration: h of every step, and what must be quantised on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.steps import RecurrentStep, sigmoid

Array = NDArray[Any]

Weights = tuple[Array, Array, Array, Array]

Multiply = Callable[[Array, Array], Array]
"""What multiplies two matrices, as `np.matmul` does."""


@dataclass(eq=False)
class Sequence:
    """What a recurrent step made: h of every step as an image, the last h and c, the sums of a GRU's n gate, and every
    state that the vector agent keeps, from the initial one on: c of an LSTM, h of a GRU.
    """

    every: Array
    last: Array
    state: Array
    candidates: list[Array] = field(default_factory=list)
    states: list[Array] = field(default_factory=list)


def run_sequence(
    step: RecurrentStep, sources: tuple[Array, ...], weights: Weights, multiply: Multiply = np.matmul
) -> Sequence:
    """Runs a recurrent step over images of one row: float32 of shape (inferences, 1, steps, features).

    Behind it among the `sources` are the images of one pixel of the first h and the first state, where the step has
    them.
    """
    source, *firsts = sources
    count, _, length, _ = source.shape
    shape = (count, step.hidden)
    given = iter(firsts)
    h = np.broadcast_to(step.initial_h if step.first_h is None else next(given)[:, 0, 0], shape).astype(np.float32)
    c = np.broadcast_to(step.initial_c if step.first_c is None else next(given)[:, 0, 0], shape).astype(np.float32)
    every = np.empty((count, 1, length, step.hidden), np.float32)
    made = Sequence(every, h, c)
    from_x = multiply(source[:, 0], weights[0])
    made.states.append(c if step.kind == "lstm" else h)
    for t in range(length)[:: -1 if step.reverse else 1]:
        if step.kind == "lstm":
            h, c = _lstm(from_x[:, t], h, c, weights, multiply)
        elif step.kind == "rnn":
            h = step.activation.apply(from_x[:, t] + multiply(h, weights[1]) + weights[2] + weights[3])
        else:
            h = _gru(step.kind, from_x[:, t], h, weights, made.candidates, multiply)
        every[:, 0, t] = h
        made.states.append(c if step.kind == "lstm" else h)
    made.last, made.state = h, c
    return made


def _lstm(from_x: Array, h: Array, c: Array, weights: Weights, multiply: Multiply) -> tuple[Array, Array]:
    sums = from_x + multiply(h, weights[1]) + weights[2] + weights[3]
    i, f, o, g = np.split(sums, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def _gru(kind: str, from_x: Array, h: Array, weights: Weights, candidates: list[Array], multiply: Multiply) -> Array:
    size = h.shape[1]
    _, recurrence, bias_x, bias_h = weights
    zr = from_x[:, : 2 * size] + multiply(h, recurrence[:, : 2 * size]) + (bias_x + bias_h)[: 2 * size]
    z, r = np.split(sigmoid(zr), 2, axis=1)
    nx = from_x[:, 2 * size :] + bias_x[2 * size :]
    if kind == "gru_linear":
        nh = multiply(h, recurrence[:, 2 * size :]) + bias_h[2 * size :]
        candidates += [nx, nh]
        n = np.tanh(nx + r * nh)
    else:
        n = np.tanh(nx + multiply(r * h, recurrence[:, 2 * size :]) + bias_h[2 * size :])
    new: Array = (1 - z) * n + z * h
    return new
