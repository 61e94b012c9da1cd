"""The classifier of Fig. 5 on chips with errors, and how its outputs settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.programs import digits_reference, zoo
from acortex.sim.accuracy.results import AccuracyReport
from acortex.sim.accuracy.study import accuracy
from acortex.sim.analog.streams import stream, uniforms
from acortex.sim.chip.errors import amount
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.paper.figures.figure import Options, Progress
from acortex.tools.paper.figures.mnist import test_set

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CHIP = "acortex_mnist_180nm"
CHIPS = 100

LAYERS = ("hidden", "output")

TIES = 20
"""Random choices among equal weights."""

OFFSETS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5)
"""Spreads of the neurons' offsets, in codes, among which the one is fitted that loses as much as is published."""

TAU_NS = 150.0
"""The time constant of a neuron with its column: an own choice, for the picture."""

SHOWN_NS = 1_000.0
HALF_A_CODE = 1 / 30
"""Half of one of the 15 steps of an output's range."""


@dataclass(frozen=True)
class Digits:
    """Test digits: images as a program takes them, labels, and where they are from."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    source: str


@dataclass(frozen=True)
class Transient:
    """The ten outputs of one digit as the network is turned on: their codes at each time in ns."""

    ns: Floats
    outputs: Floats
    label: int
    settled_ns: float


def digits(options: Options) -> Digits:
    """The user's full test set, where there is one, else the digits that come with the program."""
    if options.mnist is not None:
        images, labels = test_set(options.mnist)
        return Digits(images, labels, f"the {len(images):,} test images of MNIST")
    data = digits_reference.load()
    return Digits(data["images"], data["labels"], f"{len(data['images']):,} digits that come with acortex")


def program() -> Program:
    """digits_mlp."""
    return zoo.load("digits_mlp")


def chip(*settings: str) -> Chip:
    """The chip of the figure, with settings laid over it."""
    return load_chip(CHIP, settings)


def tuned_pct() -> float:
    """Of the cells, those that the chip has tuned."""
    return 100 * amount(chip().errors.tuned_share)


def written(given: Digits, settings: Sequence[str], progress: Progress | None = None) -> AccuracyReport:
    """The network on a population of chips that are written as the published one was, with further settings."""
    return accuracy(
        program(), chip(*settings), inputs=given.images, labels=given.labels, chips=CHIPS, progress=progress
    )


def lost_points(report: AccuracyReport) -> float:
    """What the mean of the chips is below the ideal, in points."""
    return 100 * (report.ideal - report.accuracy.mean)


def fitted(offsets: Sequence[float], lost: Sequence[float], wanted: float) -> float:
    """The offset at which so many points are lost: on the line between the two neighbours of it, to 0.01 code.

    Where all lose less it is the largest one, and where all lose more the least.
    """
    return round(float(np.interp(wanted, np.maximum.accumulate(lost), offsets)), 2)


def one_digit(given: Digits) -> TimedReport:
    """The run of one digit, with none before or behind it, in time and energy."""
    return timed(run(program(), chip(), inputs=given.images[:1]).report)


def arrays_ns(report: TimedReport) -> float:
    """The time that a digit takes in arrays and neurons: the sum of loads, frames and conversions, which follow each
    other where one digit is alone.
    """
    busy = sum(report.utilisation[unit].busy for unit in ("vmm/load", "vmm/frame", "neurons"))
    return busy * report.clock_ns


def lost_by_ties(given: Digits, share: float) -> Floats:
    """What is lost where a share of all cells is tuned, exactly, and the others are off: in points, by `TIES` random
    choices among equal weights.
    """
    data = digits_reference.load()
    sizes = np.concatenate([np.abs(data[name].astype(float)).ravel() for name in LAYERS])
    ideal = digits_reference.accuracy(digits_reference.evaluate(_binary(given.images), data), given.labels)
    keep = round(share * 2 * sizes.size)
    found = []
    for number in range(TIES):
        order = np.argsort(-(sizes + uniforms(stream(5, number, "chip", (), "tuned"), sizes.size)), kind="stable")
        kept = np.zeros(sizes.size, np.bool_)
        kept[order[:keep]] = True
        masks = np.split(kept, [data[LAYERS[0]].size])
        pruned = {name: data[name] * mask.reshape(data[name].shape) for name, mask in zip(LAYERS, masks, strict=True)}
        codes = digits_reference.evaluate(_binary(given.images), {**data, **pruned})
        found.append(100 * (ideal - digits_reference.accuracy(codes, given.labels)))
    return np.array(found)


def _binary(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels as bits: 1 from half of their range on."""
    bits: NDArray[np.uint8] = (images > images.max() // 2).astype(np.uint8)
    return bits


def largest(given: Digits, settings: Sequence[str] = ()) -> tuple[Codes, Codes]:
    """The largest output of each digit on chip 0, written as published: of those that are right, and of the others."""
    made = run(program(), chip("errors.model=analog", *settings), inputs=given.images, timing=False, noise_seed=0)
    outputs = made.outputs["scores"]
    right = outputs.argmax(axis=1) == given.labels
    most = outputs.max(axis=1).astype(np.int64)
    return most[right], most[~right]


def transient(given: Digits, at: int = 0) -> Transient:
    """The outputs of one digit as its inputs are turned on, each neuron with its column an RC of one time constant.

    Currents of the hidden neurons rise as 1 - exp(-t / tau). The outputs follow their sum, by the same constant: what
    comes from hidden neurons rises as 1 - (1 + t / tau) exp(-t / tau), the bias as 1 - exp(-t / tau).
    """
    data = digits_reference.load()
    image = _binary(given.images)[at].astype(np.int64)
    rate = [float(data[f"{name}_multiplier"]) / (1 << int(data[f"{name}_shift"])) for name in ("hidden", "output")]
    hidden = image @ data["hidden"][:-1].astype(np.int64) + data["hidden_fill"] * data["hidden"][-1].astype(np.int64)
    codes = np.clip(np.rint(hidden * rate[0]), 0, 15)
    sums = codes @ data["output"][:-1].astype(float) * rate[1]
    bias = float(data["output_fill"]) * data["output"][-1].astype(float) * rate[1]
    ns = np.linspace(0, SHOWN_NS, 201)
    fast = 1 - np.exp(-ns / TAU_NS)
    slow = 1 - (1 + ns / TAU_NS) * np.exp(-ns / TAU_NS)
    outputs = slow[:, None] * sums + fast[:, None] * bias + float(data["output_zero"])
    return Transient(ns, outputs, int(given.labels[at]), settled(TAU_NS))


def settled(tau_ns: float) -> float:
    """When the slow rise is within half a code of its end: (1 + x) exp(-x) = 1/30, in ns."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + middle) * np.exp(-middle) > HALF_A_CODE else (low, middle)
    return high * tau_ns
