"""The codes that a layer makes of those of its sources, exactly as the chip does, for all inferences at once.

Images are uint8 of shape (inferences, rows, columns, channels), by the name of their map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import ACTIVATE, Quantiser, nearest, quantise
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step, saturate
from acortex.isa.program import Constants
from acortex.programs import graph as g
from acortex.programs.quantise.evaluate import convolve, over, taps

Array = NDArray[Any]

Images = dict[str, Array]


def run_layer(layer: g.Layer, images: Images, sizes: Mapping[str, tuple[int, int, int]]) -> None:
    """Writes what a layer makes into the images of its targets, which have `sizes`: rows, columns, channels."""
    for target, codes in _made(layer, images):
        if target.map not in images:
            images[target.map] = np.zeros((len(codes), *sizes[target.map]), np.uint8)
        p, end = target.phase, target.offset + codes.shape[3]
        images[target.map][:, p.top :: p.step_y, p.left :: p.step_x, target.offset : end] = codes


def _shown(view: g.View, images: Images) -> Array:
    """What a view shows of an image."""
    bottom = None if view.height is None else view.top + view.height
    right = None if view.width is None else view.left + view.width
    crop = images[view.map][:, view.top : bottom, view.left : right]
    return crop if view.channels is None else crop[..., list(view.channels)]


def _coded(sums: Array, code: g.Code, divisor: Array | int = 1) -> Array:
    """Codes of sums, whole numbers: what is multiplied stays below 2^53, and so is exact in float64."""
    whole = (sums + code.offset) * np.asarray(code.multiplier)
    if isinstance(divisor, int) and divisor == 1:
        scaled = np.rint(np.ldexp(whole.astype(np.float64), -code.shift))
    else:
        scaled = nearest(whole.astype(np.int64), np.asarray(divisor, np.int64) << code.shift).astype(np.float64)
    how = Quantiser(1, 0, code.zero, code.low, code.high, code.activation, code.gain)
    active = ACTIVATE[code.activation](scaled, how) + code.zero
    codes: Array = np.clip(active, code.low, code.high).astype(np.uint8)
    return codes


Made = list[tuple[g.Target, Array]]


@singledispatch
def _made(layer: g.Layer, images: Images) -> Made:
    """What a layer writes, by target."""
    raise AssertionError(f"no codes of {type(layer).__name__}")


@_made.register
def _product(layer: g.Product, images: Images) -> Made:
    image = _shown(layer.source, images).astype(np.float32)
    sums = convolve(image, layer.weights.astype(np.float32), layer.geometry, layer.groups, layer.pad)
    code, columns = layer.code, sums.shape[3]
    constants = Constants("", np.stack(g.columns_of(code, columns), axis=1))
    how = Quantiser(1, code.shift, code.zero, code.low, code.high, code.activation, code.gain, constants)
    return [(layer.target, quantise(sums, how))]


@_made.register
def _pool(layer: g.Pool, images: Images) -> Made:
    image = _shown(layer.source, images)
    if layer.mode == "max":
        return [(layer.target, over(np.maximum, taps(image, layer.geometry, 0)))]
    total = over(np.add, taps(image.astype(np.int64), layer.geometry, 0))
    count: Array | int = layer.geometry.kernel_y * layer.geometry.kernel_x
    if layer.inside:
        count = over(np.add, taps(np.ones((1, *image.shape[1:3], 1), np.int64), layer.geometry, 0))
    return [(layer.target, _coded(total, layer.code, np.asarray(count)))]


@_made.register
def _add(layer: g.Add, images: Images) -> Made:
    a = _shown(layer.a, images).astype(np.int64) - layer.zero_a
    b = _shown(layer.b, images).astype(np.int64) - layer.zero_b
    return [(layer.target, _coded(a * layer.multiplier_a + b * layer.multiplier_b, layer.code))]


@_made.register
def _mul(layer: g.Mul, images: Images) -> Made:
    a = _shown(layer.a, images).astype(np.int64) - layer.zero_a
    return [(layer.target, _coded(a * (_shown(layer.b, images).astype(np.int64) - layer.zero_b), layer.code))]


@_made.register
def _requant(layer: g.Requant, images: Images) -> Made:
    return [(layer.target, _coded(_shown(layer.source, images).astype(np.int64) - layer.zero_a, layer.code))]


@_made.register
def _recurrent(layer: g.Recurrent, images: Images) -> Made:
    x = _shown(layer.source, images)[:, 0].astype(np.int64)
    shape = (len(x), layer.hidden)
    h = np.broadcast_to(layer.initial_h.astype(np.int64), shape)
    state = np.broadcast_to(layer.initial_state.astype(np.int64), shape)
    if layer.first_h is not None:
        h = _shown(layer.first_h, images)[:, 0, 0].astype(np.int64)
    if layer.first_state is not None:
        first = _shown(layer.first_state, images)[:, 0, 0].astype(np.int64)
        state = saturate((first - layer.first_zero) * layer.first_unit)
    every = np.empty((len(x), 1, x.shape[1], layer.hidden), np.uint8)
    for t in range(x.shape[1])[:: -1 if layer.reverse else 1]:
        h, state = _STEPS[layer.kind](layer, x[:, t], h, state)
        every[:, 0, t] = h
    made = [(layer.target, every)]
    if layer.last is not None:
        made.append((layer.last, h[:, None, None].astype(np.uint8)))
    if layer.last_state is not None:
        target, code = layer.last_state
        made.append((target, _coded(state, code)[:, None, None]))
    return made


def _gates(weights: Array, codes: tuple[g.Code, ...], x: Array, h: Array) -> list[Array]:
    """The codes of gates that stand side by side, int64."""
    # Sums of levels and codes stay below 2^53: float64 adds them up exactly.
    sums = np.concatenate([x, h], axis=1).astype(np.float64) @ weights.astype(np.float64)
    parts = zip(np.split(sums, len(codes), axis=1), codes, strict=True)
    return [_coded(part, code).astype(np.int64) for part, code in parts]


def _gate(code: g.Code, multiplier: int = 1, shift: int = 0) -> Quantiser:
    return Quantiser(multiplier, shift, code.zero, code.low, code.high)


def _lstm(layer: g.Recurrent, x: Array, h: Array, state: Array) -> tuple[Array, Array]:
    i, f, o, cell = _gates(layer.weights, layer.codes, x, h)
    after, shown = lstm_step(i, f, o, cell, state, _gate(layer.codes[3]))
    return _coded(shown, layer.out).astype(np.int64), after


def _gru_linear(layer: g.Recurrent, x: Array, h: Array, state: Array) -> tuple[Array, Array]:
    z, nx, r, nh = _gates(layer.weights, layer.codes, x, h)
    after = gru_reset_step(z, nx, r, nh, state, _gate(layer.codes[1], layer.cell_multiplier, layer.cell_shift))
    return _coded(after, layer.out).astype(np.int64), after


def _gru(layer: g.Recurrent, x: Array, h: Array, state: Array) -> tuple[Array, Array]:
    assert layer.weights_n is not None and layer.code_n is not None and layer.reset is not None
    z, r = _gates(layer.weights, layer.codes, x, h)
    held = _coded(r * (h - layer.out.zero), layer.reset).astype(np.int64)
    (n,) = _gates(layer.weights_n, (layer.code_n,), x, held)
    after = gru_step(z, n, state, _gate(layer.code_n))
    return _coded(after, layer.out).astype(np.int64), after


def _rnn(layer: g.Recurrent, x: Array, h: Array, state: Array) -> tuple[Array, Array]:
    return _gates(layer.weights, layer.codes, x, h)[0], state


_STEPS: dict[str, Callable[..., tuple[Array, Array]]] = {
    "lstm": _lstm, "gru": _gru, "gru_linear": _gru_linear, "rnn": _rnn,
}  # fmt: skip
