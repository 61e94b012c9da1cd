"""Seeded random networks with every operator of the builder and its attributes' corners."""

import numpy as np

from acortex.programs import Network


def random_network(seed, steps=6):
    """A network of one input, an image; branches join by additions, products and concatenations."""
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 2, 3, 7, 16, 65]))
    x = Network(f"random_{seed}", input=(channels, *(int(n) for n in rng.integers(1, 10, 2))), seed=seed)
    ends = [x]
    for _ in range(steps):
        source = ends[int(rng.integers(max(len(ends) - 2, 0), len(ends)))]
        ends.append(OPERATORS[int(rng.integers(len(OPERATORS)))](rng, source, ends))
    last = ends[-1]
    if rng.random() < 0.4:
        return last.linear(int(rng.integers(1, 12)))
    # What ends in an activation alone may be constant; a product at the end is not.
    return conv(rng, last, ends)


def bias(rng, channels):
    return rng.standard_normal(channels).astype(np.float32) / 4


def conv(rng, x, ends):
    _, inputs, height, width = x.shape
    kernel = [int(rng.integers(1, 4)) for _ in range(2)]
    dilation = [int(rng.integers(1, 3)) if rng.random() < 0.3 else 1 for _ in range(2)]
    stride = [int(rng.integers(1, 5)) for _ in range(2)] if rng.random() < 0.5 else [1, 1]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pad = [int(rng.integers(0, r)) for r in reach * 2]
    for axis, size in enumerate((height, width)):
        pad[axis + 2] += max(reach[axis] - size - pad[axis] - pad[axis + 2], 0)
    groups = int(rng.choice([g for g in (1, 1, 2, 3, inputs) if inputs % g == 0]))
    out = groups * int(rng.integers(1, 5)) if groups > 1 else int(rng.choice([1, 5, 16, 65]))
    return x.conv(out, kernel, stride=stride, pad=pad, dilation=dilation, groups=groups, bias=bias(rng, out))


def activation(rng, x, ends):
    names = ["relu", "relu6", "leaky_relu", "sigmoid", "tanh", "hard_sigmoid", "hard_swish"]
    return getattr(x, names[int(rng.integers(len(names)))])()


def pool(rng, x, ends):
    kernel = [int(rng.integers(1, min(4, size + 1))) for size in x.shape[2:]]
    pad = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    stride = [int(rng.integers(1, 4)) for _ in range(2)]
    # Shape inference of older ONNX counts windows that begin in the padding; no corner to test here.
    rooms = zip(x.shape[2:], kernel, stride, pad, strict=True)
    begins_outside = any(-(-(size + 2 * p - k) // s) * s >= size + p for size, k, s, p in rooms)
    ceil = bool(rng.random() < 0.3) and not begins_outside
    if rng.random() < 0.5:
        return x.max_pool(kernel, stride, pad=pad, ceil=ceil)
    return x.average_pool(kernel, stride, pad=pad, count_padding=bool(rng.random() < 0.5) and not ceil, ceil=ceil)


def norm(rng, x, ends):
    channels = x.shape[1]
    scale, shift, mean = rng.standard_normal((3, channels)).astype(np.float32)
    variance = rng.uniform(0.5, 2, channels).astype(np.float32)
    return x.batch_norm(scale=scale, bias=shift, mean=mean, variance=variance)


def join(rng, x, ends):
    alike = [end for end in ends if end.shape == x.shape]
    other = alike[int(rng.integers(len(alike)))]
    return x.add(other) if rng.random() < 0.7 else x.mul(other)


def beside(rng, x, ends):
    alike = [end for end in ends if end.shape[2:] == x.shape[2:] and end.shape[1] + x.shape[1] < 200]
    return x.concat(alike[int(rng.integers(len(alike)))]) if alike else x


def cut(rng, x, ends):
    start = int(rng.integers(x.shape[1]))
    return x.channels(start, int(rng.integers(start + 1, x.shape[1] + 1)))


def shuffle(rng, x, ends):
    return x.shuffle(int(rng.choice([g for g in (1, 2, 3, 5) if x.shape[1] % g == 0])))


def excite(rng, x, ends):
    return x.mul(x.global_average_pool().conv(x.shape[1], 1).hard_sigmoid())


OPERATORS = [conv, conv, conv, activation, activation, pool, norm, join, beside, cut, shuffle, excite]
