"""A plain executor of layer graphs, in 64-bit integers, that shares nothing with the compiler but the graph's classes.

It follows the docstrings of `acortex.programs.graph` word by word and is slow on purpose: one tap, one rule at a time.
"""

import math
from fractions import Fraction

import numpy as np

from acortex.programs import graph as g


def run(graph, inputs):
    """Outputs by port name, real numbers in each port's canonical shape; `inputs` by port name, in that form too."""
    images = {}
    for port in graph.inputs:
        array = np.asarray(inputs[port.name], np.float64).reshape(-1, *port.shapes[0])
        coding = graph.maps[port.map].coding
        codes = np.clip(np.rint(array / np.float64(coding.scale)) + coding.zero, 0, 2**coding.bits - 1)
        images[port.map] = to_image(codes.astype(np.int64), port.axes, graph.maps[port.map])
    for name, one in graph.maps.items():
        if name not in images:
            images[name] = np.full((len(next(iter(images.values()))), one.height, one.width, one.channels), -1)
    for layer in graph.layers:
        LAYERS[type(layer)](layer, graph, images)
    return {port.name: output(port, graph, images) for port in graph.outputs}


def to_image(array, axes, one):
    order = range(array.ndim - 1) if axes is None else axes
    return array.transpose(0, *(axis + 1 for axis in order)).reshape(len(array), one.height, one.width, one.channels)


def output(port, graph, images):
    one = graph.maps[port.map]
    real = one.coding.scale * (images[port.map] - one.coding.zero)
    lengths = [port.shapes[0][axis] for axis in port.axes]
    back = np.argsort(port.axes)
    return real.reshape(len(real), *lengths).transpose(0, *(back + 1))


def read(view, images):
    image = images[view.map]
    bottom = None if view.height is None else view.top + view.height
    right = None if view.width is None else view.left + view.width
    crop = image[:, view.top : bottom, view.left : right]
    crop = crop if view.channels is None else crop[..., list(view.channels)]
    assert crop.min() >= 0, f"{view} reads codes that nothing has written"
    return crop


def write(target, codes, images):
    p = target.phase
    image = images[target.map][:, p.top :: p.step_y, p.left :: p.step_x]
    place = image[..., target.offset : target.offset + codes.shape[-1]]
    assert place.shape == codes.shape, f"{target}: codes {codes.shape} for {place.shape}"
    place[...] = codes


def to_codes(sums, code, divisor=1):
    assert np.abs(sums).max() < 2**24 + 2**31
    assert code.activation != "none" or code.zero > code.low
    assert 0 <= code.low <= code.zero <= code.high
    whole = (sums.astype(object) + np.asarray(code.offset).astype(object)) * np.asarray(code.multiplier).astype(object)
    rounded = rounded_quotients(whole, np.asarray(divisor).astype(object) * 2**code.shift)
    active = activation(rounded, code)
    return np.clip(active + code.zero, code.low, code.high).astype(np.int64)


def rounded_quotients(whole, divisor):
    """To nearest, ties to even, exactly: object arrays of Python integers."""
    twice = 2 * whole + divisor
    quotient = twice // (2 * divisor)
    tie = (twice % (2 * divisor) == 0) & (quotient % 2 == 1)
    return (quotient - tie).astype(np.int64)


def activation(x, code):
    if code.activation == "none":
        return x
    if code.activation == "relu":
        return np.maximum(x, 0)
    if code.activation == "leaky":
        return np.where(x < 0, rounded_quotients(x.astype(object) * code.gain, np.asarray(65536, object)), x)
    if code.activation == "hardswish":
        held = np.clip(x, -1024, 1024)
        product = held * np.clip(held + 192, 0, 384)
        return rounded_quotients(product.astype(object) * code.gain, np.asarray(65536 * 384, object))
    functions = {
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "tanh": math.tanh,
        "hardsigmoid": lambda v: float(min(max(Fraction(v) + 3, 0), 6) / 6),
    }
    function, full = functions[code.activation], code.high - code.zero
    held = np.clip(x, -1024, 1024)
    table = {v: round(full * function(v / 64)) for v in np.unique(held).tolist()}
    return np.vectorize(table.get, otypes=[np.int64])(held)


def taps(image, geometry, outside):
    """For each tap and position, the pixel under it, and whether it lies inside: yields (ky, kx, pixels, inside)."""
    _, height, width, _ = image.shape
    y, x = np.arange(geometry.rows), np.arange(geometry.columns)
    for ky in range(geometry.kernel_y):
        for kx in range(geometry.kernel_x):
            rows = y * geometry.stride_y - geometry.top + ky * geometry.dilation_y
            columns = x * geometry.stride_x - geometry.left + kx * geometry.dilation_x
            inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
            pixels = image[:, np.clip(rows, 0, height - 1)][:, :, np.clip(columns, 0, width - 1)]
            yield ky, kx, np.where(inside[None, :, :, None], pixels, outside), inside


def product(layer, graph, images):
    image = read(layer.source, images)
    weights = layer.weights.astype(np.int64)
    assert weights.min() >= -(2 ** (max(one.coding.bits for one in graph.maps.values()) - 1))
    inputs, out = weights.shape[2:]
    assert image.shape[3] == inputs * layer.groups
    shape = (len(image), layer.geometry.rows, layer.geometry.columns, out)
    sums = np.zeros(shape, np.int64)
    for ky, kx, pixels, _ in taps(image, layer.geometry, layer.pad):
        for group in range(layer.groups):
            columns = slice(group * out // layer.groups, (group + 1) * out // layer.groups)
            sums[..., columns] += pixels[..., group * inputs : (group + 1) * inputs] @ weights[ky, kx][:, columns]
    write(layer.target, to_codes(sums, layer.code), images)


def pool(layer, graph, images):
    image = read(layer.source, images)
    seen = list(taps(image, layer.geometry, 0))
    pixels = np.stack([tap[2] for tap in seen])
    if layer.mode == "max":
        write(layer.target, pixels.max(axis=0), images)
        return
    inside = np.stack([tap[3] for tap in seen]).sum(axis=0)[None, :, :, None]
    count = inside if layer.inside else np.asarray(len(seen))
    write(layer.target, to_codes(pixels.sum(axis=0), layer.code, count), images)


def add(layer, graph, images):
    a, b = read(layer.a, images) - layer.zero_a, read(layer.b, images) - layer.zero_b
    assert layer.code.multiplier == 1
    write(layer.target, to_codes(a * layer.multiplier_a + b * layer.multiplier_b, layer.code), images)


def mul(layer, graph, images):
    a, b = read(layer.a, images) - layer.zero_a, read(layer.b, images) - layer.zero_b
    write(layer.target, to_codes(a * b, layer.code), images)


def requant(layer, graph, images):
    write(layer.target, to_codes(read(layer.source, images) - layer.zero_a, layer.code), images)


def recurrent(layer, graph, images):
    """Step by step, as the docstring of `Recurrent` says."""
    x = read(layer.source, images)[:, 0]
    count, length, _ = x.shape
    h = np.broadcast_to(layer.initial_h.astype(np.int64), (count, layer.hidden))
    state = np.broadcast_to(layer.initial_state.astype(np.int64), (count, layer.hidden))
    if layer.first_h is not None:
        h = read(layer.first_h, images)[:, 0, 0]
    if layer.first_state is not None:
        codes = read(layer.first_state, images)[:, 0, 0]
        state = np.clip((codes - layer.first_zero) * layer.first_unit, -32768, 32767)
    every = np.empty((count, 1, length, layer.hidden), np.int64)
    for t in reversed(range(length)) if layer.reverse else range(length):
        h, state = RECURRENT[layer.kind](layer, x[:, t], h, state)
        every[:, 0, t] = h
    write(layer.target, every, images)
    if layer.last is not None:
        write(layer.last, h[:, None, None], images)
    if layer.last_state is not None:
        target, code = layer.last_state
        write(target, to_codes(state, code)[:, None, None], images)


def tanh16(x):
    table = {v: round(32767 * math.tanh(v / 2048)) for v in np.unique(x).tolist()}
    return np.vectorize(table.get, otypes=[np.int64])(x)


def divided(numerator, denominator):
    whole = rounded_quotients(numerator.astype(object), np.asarray(int(denominator), object))
    return np.clip(whole, -32768, 32767)


def gates(weights, codes, x, h):
    sums = np.concatenate([x, h], axis=1) @ weights.astype(np.int64)
    return [to_codes(part, code) for part, code in zip(np.split(sums, len(codes), axis=1), codes, strict=True)]


def lstm(layer, x, h, c):
    i, f, o, g_ = gates(layer.weights, layer.codes, x, h)
    full, reach, zero = layer.codes[0].high, layer.codes[3].high - layer.codes[3].zero, layer.codes[3].zero
    c = divided(f * c * reach + i * (g_ - zero) * 2048, full * reach)
    return to_codes(o * tanh16(c), layer.out), c


def gru_linear(layer, x, h, state):
    z, nx, r, nh = gates(layer.weights, layer.codes, x, h)
    full = layer.codes[0].high
    nx, nh = nx - layer.codes[1].zero, nh - layer.codes[3].zero
    argument = divided((full * nx + r * nh) * layer.cell_multiplier, 2**layer.cell_shift * full)
    state = divided(z * state + (full - z) * tanh16(argument), full)
    return to_codes(state, layer.out), state


def gru(layer, x, h, state):
    z, r = gates(layer.weights, layer.codes, x, h)
    (n,) = gates(layer.weights_n, [layer.code_n], x, to_codes(r * (h - layer.out.zero), layer.reset))
    full, reach = layer.codes[0].high, layer.code_n.high - layer.code_n.zero
    n = n - layer.code_n.zero
    state = divided(z * state * reach + (full - z) * n * 32767, full * reach)
    return to_codes(state, layer.out), state


def rnn(layer, x, h, state):
    return gates(layer.weights, layer.codes, x, h)[0], state


RECURRENT = {"lstm": lstm, "gru": gru, "gru_linear": gru_linear, "rnn": rnn}


LAYERS = {g.Product: product, g.Pool: pool, g.Add: add, g.Mul: mul, g.Requant: requant, g.Recurrent: recurrent}
