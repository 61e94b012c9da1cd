"""The networks of the zoo, as the builder writes them, with the shapes of their publications.

Trained weights stand beside this file (digits_cnn.npz, letters_mlp.npz: `python -m acortex.programs.train_…`); large
networks carry seeded random weights, so that their timing, energy and bit-exactness are real and accuracy is not
claimed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Network
from acortex.programs.shipped import FOLDER


def arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a data file of this folder, by name."""
    with np.load(FOLDER / name, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def letters_mlp(name: str = "letters_mlp") -> Network:
    """16-10-4 on letters of 4x4 pixels: the task of the memristor perceptron in Bavandpour et al. 2018, Fig. 4."""
    data = arrays("letters_mlp.npz")
    x = Network(name, input=(16,))
    x = x.linear(10, weights=data["hidden"], bias=data["hidden_bias"], name="hidden").relu()
    return x.linear(4, weights=data["output"], bias=data["output_bias"], name="output")


def digits_cnn() -> Network:
    """Two 3x3 convolutions with pools, and a matrix, on 28x28 digits."""
    data = arrays("digits_cnn.npz")
    x = Network("digits_cnn", input=(1, 28, 28))
    for name, channels in (("conv1", 16), ("conv2", 32)):
        x = x.conv(channels, 3, pad=1, weights=data[name], bias=data[f"{name}_bias"], name=name)
        x = x.clip(0.0, 4.0).max_pool(2)
    return x.linear(10, weights=data["dense"], bias=data["dense_bias"], name="dense")


def lstm() -> Network:
    """An LSTM of 128 cells over 16 steps of 64 features."""
    return Network("lstm", input=(16, 64)).lstm(128, name="lstm")


def gnmt() -> Network:
    """16 LSTM layers, each 2048 inputs (x and h) to 4096 gates, 10 steps: GNMT as Fig. 7b counts it."""
    x = Network("gnmt", input=(10, 1024))
    for layer in range(16):
        x = x.lstm(1024, name=f"lstm{layer + 1}")
    return x


_INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Channels of each module of Szegedy et al. 2015, Table 1: 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool projection."""


def inception_v1() -> Network:
    """Szegedy et al. 2015, "Going deeper with convolutions": 57 convolutions with the original 5x5 branches."""
    x = Network("inception_v1", input=(3, 224, 224))
    x = x.conv(64, 7, stride=2, pad=3, name="conv1").relu().max_pool(3, 2, ceil=True)
    x = x.conv(64, 1, name="conv2_reduce").relu().conv(192, 3, pad=1, name="conv2").relu()
    x = x.max_pool(3, 2, ceil=True)
    for name, channels in _INCEPTION.items():
        x = _inception(x, name, channels)
        if name in ("3b", "4e"):
            x = x.max_pool(3, 2, ceil=True)
    return x.average_pool(7).linear(1000, name="fc")


def _inception(x: Network, name: str, channels: tuple[int, ...]) -> Network:
    one, three_in, three, five_in, five, pool = channels
    a = x.conv(one, 1, name=f"{name}_1x1").relu()
    b = x.conv(three_in, 1, name=f"{name}_3x3_reduce").relu().conv(three, 3, pad=1, name=f"{name}_3x3").relu()
    c = x.conv(five_in, 1, name=f"{name}_5x5_reduce").relu().conv(five, 5, pad=2, name=f"{name}_5x5").relu()
    d = x.max_pool(3, 1, pad=1).conv(pool, 1, name=f"{name}_pool").relu()
    return a.concat(b, c, d)


def resnet(name: str, blocks: tuple[int, ...]) -> Network:
    """He et al. 2016, "Deep residual learning": bottleneck blocks, the stride in the first 1x1 of stages 3 to 5."""
    x = Network(name, input=(3, 224, 224)).conv(64, 7, stride=2, pad=3, name="conv1").relu().max_pool(3, 2, pad=1)
    for stage, count in enumerate(blocks):
        for block in range(count):
            stride = 2 if stage and not block else 1
            x = _bottleneck(x, f"conv{stage + 2}_{block + 1}", 64 << stage, stride, project=not block)
    return x.global_average_pool().linear(1000, name="fc")


def _bottleneck(x: Network, name: str, channels: int, stride: int, project: bool) -> Network:
    short = x.conv(4 * channels, 1, stride=stride, name=f"{name}_short") if project else x
    y = x.conv(channels, 1, stride=stride, name=f"{name}_1").relu()
    y = y.conv(channels, 3, pad=1, name=f"{name}_2").relu()
    return y.conv(4 * channels, 1, name=f"{name}_3").add(short).relu()


def resnet152() -> Network:
    """ResNet-152: stages of 3, 8, 36 and 3 blocks."""
    return resnet("resnet152", (3, 8, 36, 3))


def resnet152_as_tabulated() -> Network:
    """ResNet-152 with four blocks fewer in its third stage: what Fig. 7b's energies seem to count (DEVIATIONS.md)."""
    return resnet("resnet152_as_tabulated", (3, 4, 36, 3))


def resnet50() -> Network:
    """ResNet-50: stages of 3, 4, 6 and 3 blocks."""
    return resnet("resnet50", (3, 4, 6, 3))


def vgg16() -> Network:
    """Simonyan and Zisserman 2015, configuration D: 13 convolutions, three matrices."""
    x = Network("vgg16", input=(3, 224, 224))
    for stage, (channels, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
        for index in range(count):
            x = x.conv(channels, 3, pad=1, name=f"conv{stage + 1}_{index + 1}").relu()
        x = x.max_pool(2)
    x = x.linear(4096, name="fc6").relu().linear(4096, name="fc7").relu()
    return x.linear(1000, name="fc8")


def mobilenet() -> Network:
    """Howard et al. 2017, MobileNet v1 at width 1: 13 pairs of a depthwise 3x3 and a 1x1."""
    x = Network("mobilenet", input=(3, 224, 224)).conv(32, 3, stride=2, pad=1, name="conv1").relu6()
    widths = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for index, channels in enumerate(widths):
        stride = 2 if index in (1, 3, 5, 11) else 1
        depth = x.shape[1]
        x = x.conv(depth, 3, stride=stride, pad=1, groups=depth, name=f"depthwise{index + 1}").relu6()
        x = x.conv(channels, 1, name=f"pointwise{index + 1}").relu6()
    return x.global_average_pool().linear(1000, name="fc")
