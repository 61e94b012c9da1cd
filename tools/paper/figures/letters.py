"""The network of Fig. 4: its program run by the simulator on populations of chips, and as the analog circuit it was.

The program has codes of 4 bits between its layers, as all programs of aCortex have. The paper's circuit has analog
neurons; it is computed here in floats, its weights as conductances.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.programs.training.letters import LETTERS, PIXELS
from acortex.sim.accuracy.study import accuracy
from acortex.sim.analog.pairs import floor_of, join, split
from acortex.sim.analog.programming import tuned
from acortex.sim.analog.streams import stream, uniforms
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.paper.figures.figure import Progress
from acortex.tools.paper.figures.pattern import BLACK_KOHM, WHITE_KOHM

Floats = NDArray[np.float64]

CHIPS = 200
FLIPS = (2, 4, 5)
"""How many pixels of a letter are wrong in each set of images: a set has every such image."""

TUNING = 0.05
FULL_SCALE = 8.0


@dataclass(frozen=True)
class Fidelity:
    """The accuracy on one set of images: of the ideal network, and of each of some chips."""

    flips: int
    images: int
    ideal: float
    chips: list[float]

    @property
    def lost_points(self) -> float:
        """What the mean of the chips is below the ideal, in points."""
        return 100 * (self.ideal - float(np.mean(self.chips)))


def program() -> Program:
    """letters.s."""
    return assemble_file(FOLDER / "letters.s")


def chip() -> Chip:
    """The chip that letters.s is for, with the errors of its cells."""
    return load_chip("acortex_letters")


def cells(of: Program) -> int:
    """Cells that the weights of a program take: a pair for each."""
    return 2 * sum(weights.values.size for weights in of.weights)


def patterns(flips: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Every image with so many pixels flipped, uint8 of shape (n, 16), and the number of its letter."""
    drawn = np.array([[mark == "#" for mark in rows.replace(" ", "")] for rows in LETTERS.values()], np.uint8)
    places = list(combinations(range(PIXELS), flips))
    masks = np.zeros((len(places), PIXELS), np.uint8)
    for row, at in zip(masks, places, strict=True):
        row[list(at)] = 1
    return (drawn[:, None] ^ masks).reshape(-1, PIXELS), np.repeat(np.arange(len(drawn)), len(places))


def one_letter() -> TimedReport:
    """The run of the program on one letter, with none before or behind it, in time and energy."""
    return timed(run(program(), chip(), inputs=patterns(0)[0][:1]).report)


def simulated(flips: int, progress: Progress | None = None) -> Fidelity:
    """The program on chips with the errors that their cells state."""
    images, labels = patterns(flips)
    found = accuracy(program(), chip(), inputs=images, labels=labels, chips=CHIPS, progress=progress)
    return Fidelity(flips, len(images), found.ideal, list(found.per_chip))


def analog(flips: int) -> Fidelity:
    """The circuit with analog neurons, each of its cells within 5 % of its target."""
    images, labels = patterns(flips)
    layers = _float_layers()
    found = [_right(_tuned(layers, number), images, labels) for number in range(CHIPS)]
    return Fidelity(flips, len(images), _right(layers, images, labels), found)


def _float_layers() -> list[Floats]:
    with np.load(FOLDER / "letters_mlp.npz") as file:
        return [np.vstack([file[name].T, file[f"{name}_bias"]]).astype(float) for name in ("hidden", "output")]


def _tuned(layers: list[Floats], number: int) -> list[Floats]:
    """The layers on one chip: pairs of cells between the printed ends, each within the band."""
    found = []
    for place, weights in enumerate(layers):
        unit = float(np.abs(weights).max()) / FULL_SCALE
        targets = split(weights / unit, FULL_SCALE, floor_of(FULL_SCALE, WHITE_KOHM / BLACK_KOHM))
        noise = uniforms(stream(0, number, "array", (place, 0), "tuning"), targets.shape)
        found.append(join(tuned(targets, noise, TUNING)) * unit)
    return found


def _right(layers: list[Floats], images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """The share of images whose letter has the largest output."""
    hidden = np.maximum(images @ layers[0][:-1] + layers[0][-1], 0)
    scores = hidden @ layers[1][:-1] + layers[1][-1]
    return float((scores.argmax(axis=1) == labels).mean())
