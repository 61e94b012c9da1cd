"""Trains a small network for the chip with PyTorch, and exports it with the codes that it was trained in.

    pip install torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0
    python docs/train_with_pytorch.py mnist_binary_8000.npz digits.onnx
    acortex run digits.onnx --input digits_test.npy --labels digits_labels.npy --output y.npy

The data file holds 8,000 digits of 28x28 pixels, eight pixels a byte, and their labels; the last 1,500 are for testing.
"""

import sys

import numpy as np
import torch
from torch import nn


class Rounded(torch.autograd.Function):
    """Numbers as whole multiples of a step, held between two codes; gradients as of LSQ (Esser et al. 2020)."""

    @staticmethod
    def forward(ctx, x, step, low, high, axis):
        shape = [-1 if n == axis else 1 for n in range(x.dim())]
        scaled = x / step.reshape(shape)
        codes = scaled.round().clamp(low, high)
        ctx.save_for_backward(scaled, codes)
        ctx.ends = low, high, step.numel() == 1
        return codes * step.reshape(shape)

    @staticmethod
    def backward(ctx, slope):
        scaled, codes = ctx.saved_tensors
        low, high, learnt = ctx.ends
        inside = (scaled >= low) & (scaled <= high)
        of_step = (slope * torch.where(inside, codes - scaled, codes)).sum() / (slope.numel() * high) ** 0.5
        return slope * inside, of_step.reshape(1) if learnt else None, None, None, None

    @staticmethod
    def symbolic(g, x, step, low, high, axis):
        """In ONNX: QuantizeLinear, Clip, DequantizeLinear, with codes of 8 bits of which 4 are used."""
        kind = torch.uint8 if low == 0 else torch.int8
        zero = g.op("Constant", value_t=torch.zeros(step.type().sizes(), dtype=kind))
        if axis is None:
            step, zero = g.op("Squeeze", step), g.op("Squeeze", zero)
        along = {} if axis is None else {"axis_i": axis}
        ends = [g.op("Constant", value_t=torch.tensor(end, dtype=kind)) for end in (low, high)]
        codes = g.op("Clip", g.op("QuantizeLinear", x, step, zero, **along), *ends)
        return g.op("DequantizeLinear", codes, step, zero, **along)


class Codes(nn.Module):
    """16 codes for activations, with a step that is learnt: from 0 on, or from -8 on."""

    def __init__(self, step, signed=False):
        super().__init__()
        self.step = nn.Parameter(torch.tensor([float(step)]))
        self.low, self.high = (-8, 7) if signed else (0, 15)

    def forward(self, x):
        return Rounded.apply(x, self.step, self.low, self.high, None)


def of_levels(weight):
    """Weights as 15 levels, with a step for each output."""
    step = weight.detach().abs().flatten(1).amax(1).clamp_min(1e-6) / 7
    return Rounded.apply(weight, step, -7, 7, 0)


class Conv(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, of_levels(self.weight), self.bias)


class Linear(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, of_levels(self.weight), self.bias)


def network():
    """Two convolutions with pools, and a matrix; each Relu ends in codes, and so do the input and the output."""
    return nn.Sequential(
        Codes(1 / 15),
        Conv(1, 16, 3, padding=1), nn.ReLU(), Codes(0.2), nn.MaxPool2d(2),
        Conv(16, 32, 3, padding=1), nn.ReLU(), Codes(0.2), nn.MaxPool2d(2),
        nn.Flatten(), Linear(32 * 7 * 7, 10), Codes(1.0, signed=True),
    )  # fmt: skip


def train(model, x, labels, epochs=6):
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    steps = epochs * (len(x) // 64)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        batch = torch.randint(0, len(x), (64,))
        loss = nn.functional.cross_entropy(model(x[batch]), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def main(data, out):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with np.load(data) as file:
        pixels, labels = np.unpackbits(file["images"], axis=1), file["labels"].astype(np.int64)
    x = pixels.reshape(-1, 1, 28, 28).astype(np.float32)
    first = len(x) * 13 // 16
    model = train(network(), torch.from_numpy(x[:first]), torch.from_numpy(labels[:first]))
    with torch.no_grad():
        right = (model(torch.from_numpy(x[first:])).argmax(1).numpy() == labels[first:]).mean()
    torch.onnx.export(
        model, (torch.from_numpy(x[:1]),), out, input_names=["x"], output_names=["scores"], opset_version=17, dynamo=False
    )
    np.save(out.replace(".onnx", "_test.npy"), x[first:])
    np.save(out.replace(".onnx", "_labels.npy"), labels[first:])
    print(f"{100 * right:.2f} % of {len(x) - first} digits right in PyTorch; {out} has the codes")


if __name__ == "__main__":
    main(*sys.argv[1:])
