"""Seeded random networks node by node, of whatever operators and attributes exporters combine."""

import numpy as np
from exported_sheet import Sheet

CHANNELS = (1, 2, 3, 8, 16, 40, 65)


class Growing:
    """A sheet, and the images on it so far: name, channels, rows, columns."""

    def __init__(self, seed, opset):
        self.s = Sheet(seed, opset)
        self.rng = self.s.rng
        self.images = []
        for n in range(1 + (seed % 5 == 0)):
            size = self.pick(*CHANNELS), self.pick(1, 3, 6, 9, 12), self.pick(1, 4, 7, 11)
            self.images.append((self.s.input(1, *size, name=f"in{n}"), *size))

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def source(self):
        return self.images[int(self.rng.integers(max(len(self.images) - 3, 0), len(self.images)))]

    def add(self, name, channels, rows, columns):
        self.images.append((name, int(channels), int(rows), int(columns)))

    def alike(self, image):
        return self.pick(*[other for other in self.images if other[1:] == image[1:]])

    # Operators ----------------------------------------------------------------------------------------------------

    def window(self, rows, columns, largest):
        """Kernel, strides, pads and dilations that fit, and the size of the result."""
        found = [], [], [], [], [], []
        for size in (rows, columns):
            kernel, dilation = self.pick(*range(1, largest + 1)), self.pick(1, 1, 1, 2)
            reach = (kernel - 1) * dilation + 1
            begin, end = self.pick(0, 0, 1, reach // 2), self.pick(0, 0, 1, reach // 2)
            begin, end = min(begin, reach - 1), min(end, reach - 1)
            end += max(reach - size - begin - end, 0)
            stride = self.pick(1, 1, 2, 3)
            parts = kernel, stride, begin, end, dilation, (size + begin + end - reach) // stride + 1
            for listed, part in zip(found, parts, strict=True):
                listed.append(part)
        return found

    def conv(self, image):
        x, channels, rows, columns = image
        kernel, strides, begins, ends, dilations, size = self.window(rows, columns, 3)
        group = self.pick(*[g for g in (1, 1, 1, 2, 3, 5, channels) if channels % g == 0])
        out = group * self.pick(1, 2) if group > 1 else self.pick(*CHANNELS)
        options = {"strides": strides, "pads": begins + ends, "dilations": dilations}
        if max(dilations) == 1 and self.pick(0, 0, 0, 1):
            options = {"strides": strides, "auto_pad": self.pick("SAME_UPPER", "SAME_LOWER")}
            size = [-(-n // stride) for n, stride in zip((rows, columns), strides, strict=True)]
        bias = bool(self.pick(0, 1))
        self.add(self.s.conv(x, out, channels, *kernel, bias=bias, group=group, **options), out, *size)

    def pool(self, image):
        x, channels, rows, columns = image
        kernel, strides, begins, ends, _, _ = self.window(rows, columns, 3)
        begins, ends = ([min(pad, k // 2) for pad, k in zip(pads, kernel, strict=True)] for pads in (begins, ends))
        if any(n + b + e < k for n, b, e, k in zip((rows, columns), begins, ends, kernel, strict=True)):
            return
        size = [(n + b + e - k) // t + 1 for n, b, e, k, t in
                zip((rows, columns), begins, ends, kernel, strides, strict=True)]  # fmt: skip
        kind = self.pick("MaxPool", "AveragePool")
        more = {"count_include_pad": self.pick(0, 1)} if kind == "AveragePool" else {}
        made = self.s.op(kind, x, kernel_shape=kernel, strides=strides, pads=begins + ends, **more)
        self.add(made, channels, *size)

    def activation(self, image):
        x, *size = image
        kind = self.pick("Relu", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Clip", "Swish")
        if kind == "Clip":
            made = self.s.clip(x, self.pick(0.0, -1.0), self.pick(1.0, 6.0))
        elif kind == "Swish":
            made = self.s.op("Mul", x, self.s.op("Sigmoid", x))
        else:
            made = self.s.op(kind, x)
        self.add(made, *size)

    def two(self, image):
        other = self.alike(image)
        self.add(self.s.op(self.pick("Add", "Add", "Sub", "Mul"), image[0], other[0]), *image[1:])

    def three(self, image):
        self.add(self.s.op("Sum", image[0], self.alike(image)[0], self.alike(image)[0]), *image[1:])

    def gate(self, image):
        pooled = self.s.op("GlobalAveragePool", image[0])
        gate = self.s.op("Sigmoid", self.s.conv(pooled, image[1], image[1], 1, 1))
        self.add(self.s.op("Mul", *self.pick((image[0], gate), (gate, image[0]))), *image[1:])

    def scaled(self, image):
        form = self.pick((), (image[1], 1, 1), (1, image[1], 1, 1))
        values = np.asarray(self.rng.uniform(0.5, 1.5, form), np.float32)
        kind = self.pick("Add", "Sub", "Mul", "Div")
        self.add(self.s.op(kind, image[0], self.s.tensor(values)), *image[1:])

    def norm(self, image):
        channels = image[1]
        given = [self.s.tensor(self.rng.uniform(0.5, 1.5, channels).astype(np.float32)) for _ in range(4)]
        self.add(self.s.op("BatchNormalization", image[0], *given), *image[1:])

    def concat(self, image):
        others = [other for other in self.images if other[2:] == image[2:]]
        chosen = [image, *(self.pick(*others) for _ in range(self.pick(1, 2)))]
        if sum(one[1] for one in chosen) > 200:
            return
        made = self.s.op("Concat", *(one[0] for one in chosen), axis=self.pick(1, -3))
        self.add(made, sum(one[1] for one in chosen), *image[2:])

    def split(self, image):
        x, channels, *size = image
        if channels < 2:
            return
        first = int(self.rng.integers(1, channels))
        left, right = self.s.split(x, [first, channels - first])
        self.add(left, first, *size)
        self.add(right, channels - first, *size)

    def cut(self, image):
        x, channels, rows, columns = image
        begin = [int(self.rng.integers(0, n)) for n in (channels, rows, columns)]
        end = [int(self.rng.integers(b + 1, n + 1)) for b, n in zip(begin, (channels, rows, columns), strict=True)]
        made = self.s.slice(x, begin, end, [1, 2, 3])
        self.add(made, *(e - b for b, e in zip(begin, end, strict=True)))

    def pad(self, image):
        x, channels, rows, columns = image
        top, left, bottom, right = (self.pick(0, 1, 2) for _ in range(4))
        made = self.s.pad(x, [0, 0, top, left, 0, 0, bottom, right])
        self.add(made, channels, rows + top + bottom, columns + left + right)

    def shuffle(self, image):
        x, channels, *size = image
        group = self.pick(*[g for g in (1, 2, 4, 5) if channels % g == 0])
        wide = self.s.op("Reshape", x, self.s.ints(1, group, channels // group, *size))
        made = self.s.op("Reshape", self.s.op("Transpose", wide, perm=[0, 2, 1, 3, 4]), self.s.ints(1, channels, *size))
        self.add(made, channels, *size)

    def mean(self, image):
        axis = self.pick(2, 3, -1)
        size = [1 if n == axis % 4 else length for n, length in enumerate((1, *image[1:]))][1:]
        self.add(self.s.axes_op(self.pick("ReduceMean", "ReduceMax"), image[0], axis, since=18, keepdims=1), *size)

    def there_and_back(self, image):
        """As frameworks with channels last leave it."""
        x = self.s.op("Relu", self.s.op("Transpose", image[0], perm=[0, 2, 3, 1]))
        self.add(self.s.op("Transpose", x, perm=[0, 3, 1, 2]), *image[1:])

    KINDS = (conv, conv, conv, conv, pool, activation, activation, two, three, gate, scaled, norm, concat, split, cut,
             pad, shuffle, mean, there_and_back)  # fmt: skip


def random_exported(seed, steps=6, opset=17):
    """A model: a few outputs, the last a matrix now and then."""
    grown = Growing(seed, opset)
    for _ in range(steps):
        grown.pick(*Growing.KINDS)(grown, grown.source())
    sheet, (x, channels, rows, columns) = grown.s, grown.images[-1]
    count = channels * rows * columns
    if seed % 3 == 0 and count <= 2000:
        last = sheet.op("Gemm", sheet.view(x, -1), sheet.weights(5, count), sheet.weights(5), transB=1)
    else:
        last = sheet.conv(x, 4, channels, 1, 1)
    used = {name for node in sheet.nodes for name in node.input}
    sheet.output(last, *[one[0] for one in grown.images[:-1] if one[0] not in used and not one[0].startswith("in")])
    return sheet.model()
