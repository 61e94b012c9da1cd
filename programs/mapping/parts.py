"""Parts of a product: which of its outputs a pass makes, of which words of inputs, by which matrix and code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.blocks import put_rows
from acortex.programs.graph import Code, Product, columns_of
from acortex.programs.mapping.passes import Ints, Source


def parts_of(layer: Product, inputs: Ints, joined: int) -> list[tuple[int, int]]:
    """The outputs of a product in parts that share their input words: (first output, past the last).

    An ordinary product is one part. Of a product in groups each word of outputs needs few words of inputs; `joined` of
    them make a part.
    """
    outputs = layer.weights.shape[3]
    if layer.groups == 1:
        return [(0, outputs)]
    found: list[tuple[int, int]] = []
    before = None
    for start in range(0, outputs, CHANNELS * joined):
        end = min(start + CHANNELS * joined, outputs)
        used = _inputs_of(layer, inputs, start, end) // CHANNELS
        span = (int(used.min()), int(used.max()))
        if span == before:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        before = span
    return found


def narrow(layer: Product, source: Source, inputs: Ints, start: int, end: int) -> tuple[Source, Ints]:
    """The words that some outputs of a product need, and the places of all its inputs in them."""
    if layer.groups == 1:
        return source, inputs
    used = _inputs_of(layer, inputs, start, end)
    word, last = int(used.min()) // CHANNELS, int(used.max())
    words = last // CHANNELS - word + 1
    needed = replace(source, word=source.word + word, words=words, tail=last % CHANNELS + 1)
    return needed, inputs - word * CHANNELS


def _inputs_of(layer: Product, inputs: Ints, start: int, end: int) -> Ints:
    """The places of the inputs that outputs `start` to `end` - 1 of a product in groups depend on."""
    own, inside = layer.weights.shape[3] // layer.groups, layer.weights.shape[2]
    return inputs[start // own * inside : -(-end // own) * inside]


def filled(layer: Product, tap_rows: int, inputs: Ints, rows: int, start: int, end: int) -> NDArray[np.int8]:
    """The matrix of outputs `start` to `end` - 1 of a product: int8 of shape (rows, outputs).

    Row tap * `tap_rows` + `inputs[i]` holds the weights of input i; each output has those of its own group's inputs.
    """
    height, width, inside, outputs = layer.weights.shape
    own = outputs // layer.groups
    matrix = np.zeros((rows, end - start), dtype=np.int8)
    for group in range(start // own, -(-end // own)):
        left, right = max(group * own, start), min((group + 1) * own, end)
        places = inputs[group * inside : (group + 1) * inside]
        for tap in range(height * width):
            kernel = layer.weights[tap // width, tap % width, :, left:right]
            put_rows(matrix[:, left - start : right - start], tap * tap_rows + places, kernel)
    return matrix


def columns_code(layer: Product, start: int, end: int) -> Code:
    """A layer's code with the offsets and multipliers of some of its outputs."""
    offsets, multipliers = columns_of(layer.code, layer.weights.shape[3])
    return replace(layer.code, offset=offsets[start:end], multiplier=multipliers[start:end])
