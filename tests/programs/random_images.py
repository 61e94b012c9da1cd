"""Random networks that shrink, enlarge and join images, of small whole numbers: what a floating-point runtime makes of
them is exact but for sigmoids and means.
"""

import numpy as np
from originals import model, node, whole

LARGEST = 24
"""Rows and columns of an image."""


class Drawer:
    """A network as it grows: its last tensor, with channels, rows and columns, and all those before it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.nodes = []
        self.constants = {}
        self.shapes = {"x": (self.pick(3, 4, 8, 16, 70), self.pick(2, 3, 5, 6), self.pick(2, 3, 4, 6))}
        self.last = "x"

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def below(self, most, least=0):
        return int(self.rng.integers(least, most))

    def held(self, values):
        """The name of a new constant."""
        name = f"k{len(self.constants)}"
        self.constants[name] = values
        return name

    def drawn(self, *shape, most=2):
        return self.held(whole(self.seed * 50 + len(self.constants), *shape, most=most))

    def add(self, op, inputs, shape, **attributes):
        """A node behind the last one, if what it makes is an image of a size that is not too large."""
        if min(shape) >= 1 and max(shape[1:]) <= LARGEST:
            made = f"t{len(self.nodes)}"
            self.nodes.append(node(op, " ".join([self.last, *inputs]), made, **attributes))
            self.shapes[made] = shape
            self.last = made

    def grow(self):
        getattr(self, self.pick(*MOVES))(*self.shapes[self.last])

    def conv(self, channels, height, width):
        out, kernel = self.pick(2, 4, 5, 16, 66), self.pick(1, 3)
        weights = self.drawn(out, channels, kernel, kernel)
        self.add("Conv", [weights], (out, height, width), pads=[kernel // 2] * 4)

    def transposed(self, channels, height, width):
        groups = self.pick(1, 2) if channels % 2 == 0 else 1
        out = self.pick(2, 4, 6, 66)
        kernel, strides, dilations = ([self.below(most, 1) for _ in range(2)] for most in (5, 4, 3))
        pads = [self.below(kernel[n % 2]) for n in range(4)]
        more = [self.below(stride) for stride in strides]
        shape = tuple(
            strides[n] * (size - 1) + more[n] + (kernel[n] - 1) * dilations[n] + 1 - pads[n] - pads[n + 2]
            for n, size in enumerate((height, width))
        )
        constants = [self.drawn(channels, out // groups, *kernel), self.drawn(out, most=4)]
        named = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": more, "group": groups}
        self.add("ConvTranspose", constants, (out, *shape), **named)

    def resize(self, channels, height, width):
        down, across = self.below(4, 1), self.below(4, 1)
        scales = self.held(np.array([1, 1, down, across], np.float32))
        self.add("Resize", ["-", scales], (channels, height * down, width * across))

    def blocks(self, channels, height, width):
        if channels % 4 == 0:
            shape = (channels // 4, 2 * height, 2 * width)
            self.add("DepthToSpace", [], shape, blocksize=2, mode=self.pick("DCR", "CRD"))

    def activation(self, channels, height, width):
        op = self.pick("Relu", "Sigmoid", "PRelu", "PRelu", "Clip")
        inputs = []
        if op == "PRelu":
            inputs = [self.held(self.rng.integers(-4, 5, (channels, 1, 1)).astype(np.float32) / 4)]
        if op == "Clip":
            inputs = [self.held(np.float32(-3)), self.held(np.float32(5))]
        self.add(op, inputs, (channels, height, width))

    def pool(self, channels, height, width):
        op = self.pick("MaxPool", "AveragePool")
        self.add(op, [], (channels, height - 1, width - 1), kernel_shape=[2, 2])

    def joined(self, channels, height, width):
        others = [n for n, shape in self.shapes.items() if shape[1:] == (height, width) and n != self.last]
        if others:
            other = self.pick(*others)
            self.add("Concat", [other], (channels + self.shapes[other][0], height, width), axis=1)

    def summed(self, channels, height, width):
        before = self.last
        self.activation(channels, height, width)
        self.add("Add", [before], (channels, height, width))


MOVES = ("conv", "transposed", "transposed", "resize", "blocks", "activation", "pool", "joined", "summed")


def random_images(seed, steps):
    """A network of some steps, which ends with a convolution."""
    drawer = Drawer(seed)
    for _ in range(steps):
        drawer.grow()
    channels = drawer.shapes[drawer.last][0]
    ends = node("Conv", f"{drawer.last} {drawer.drawn(3, channels, 1, 1)}", "y")
    return model([*drawer.nodes, ends], {"x": [1, *drawer.shapes["x"]]}, drawer.constants)
