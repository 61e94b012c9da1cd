"""The seven kinds of multipliers of Fig. 2, each as a technology of cells: one network on all, and their precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.sim.accuracy.cells import FULL_SCALE, written
from acortex.sim.accuracy.curves import GRID, code_curve
from acortex.sim.analog.effective_bits import enob
from acortex.sim.analog.pairs import join
from acortex.sim.analog.reading import read_sigma, squares
from acortex.sim.analog.streams import normals, stream, uniforms
from acortex.sim.chip.errors import amount
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.figures.figure import Progress

Floats = NDArray[np.float64]

NETWORK = "inception_v1"
CHIP = "acortex_inception"

ROWS, TOP_CODE = 64, 15
CHIPS, VECTORS = 40, 64
"""Arrays that are written, and products of each."""

WEIGHT_SIGMA = 3.0
"""The spread of normal weights, in levels, before they are clipped to +-7."""

METRICS = ("density", "precision", "speed", "energy")

PUBLISHED, BORROWED, OWN = "published", "another kind's", "own choice"
"""On what a number rests."""

ALONE = {
    "energy, TOp/J": (None, 182.0, None, 1500.0, 5.1, 143.0, 8.7),
    "precision, bits": (4.3, None, 6.5, 6.0, 5.6, 6.0, 6.0),
    "cell area, um2": (0.0121, 0.0121, 0.0605, 0.0605, 0.33, 0.33, None),
}
"""Published numbers as they are, by kind, None where none was found. They are of other processes, precisions and parts.

Energy: arXiv 1707.09952, 1905.09454, 1610.02091, 1711.10673, 1612.00933. Precision: 5 % as bits, Li et al. 2018 (5 to
8), arXiv 1905.09454, 2 % of arXiv 1611.03379 as bits, arXiv 1711.10673, 1612.00933. Cells: 4 and 20 squares of 55 nm,
arXiv 1611.03379.
"""


@dataclass(frozen=True)
class Kind:
    """A kind of Fig. 2: its technology of cells, and what the paper scores it, - as 0 to ++++ as 4."""

    name: str
    cell: str
    density: int
    precision: int
    speed: int
    energy: int


KINDS = (
    Kind("Ia 0T1R, amplitude", "memristor_0t1r_amplitude", 2, 1, 4, 2),
    Kind("Ib 0T1R, time", "memristor_0t1r", 3, 2, 2, 3),
    Kind("Ia 1T1R, amplitude", "memristor_1t1r_amplitude", 1, 2, 2, 1),
    Kind("Ib 1T1R, time", "memristor_1t1r", 2, 3, 1, 2),
    Kind("II floating gate, amplitude", "floating_gate", 1, 2, 2, 1),
    Kind("III floating gate, time", "floating_gate_time", 2, 3, 1, 2),
    Kind("IV switched capacitor", "switched_capacitor", 0, 0, 1, 2),
)
"""In the order of the paper's table."""

DECIDES = {
    "density": "area.cells_um2",
    "precision": "errors.tuning_pct",
    "speed": "arrays.frame_ns",
    "energy": "energy.array_pj",
}
"""The setting that decides each metric most: its source says whose number it is."""


@dataclass(frozen=True)
class Result:
    """A kind as it was simulated. Precision is None where no error of the kind is published."""

    kind: Kind
    um2_per_weight: float
    bits: float | None
    latency_ms: float
    energy_uj: float
    sources: dict[str, str]

    def better(self, metric: str) -> float | None:
        """A number of a metric that is larger where the kind is better; None where there is none."""
        values = {
            "density": 1 / self.um2_per_weight,
            "precision": self.bits,
            "speed": 1 / self.latency_ms,
            "energy": 1 / self.energy_uj,
        }
        return values[metric]

    def rests(self, metric: str) -> str:
        """On what the setting that decides a metric rests: published, another kind's number, or an own choice."""
        source = self.sources[metric]
        return OWN if "own choice" in source else BORROWED if source.startswith("as ") else PUBLISHED


def chip_of(kind: Kind) -> Chip:
    """The chip of the network with cells of a kind."""
    return load_chip(CHIP, (f"arrays.cell={kind.cell}",))


def simulated(progress: Progress) -> list[Result]:
    """The network on all kinds; `progress` counts them."""
    program = compiled_network(NETWORK).program
    found = []
    for done, kind in enumerate(KINDS):
        progress(done, len(KINDS))
        chip = chip_of(kind)
        found.append(_result(kind, chip, timed(run(program, chip, values=False).report)))
    progress(len(KINDS), len(KINDS))
    return found


def _result(kind: Kind, chip: Chip, report: TimedReport) -> Result:
    arrays = chip.config["arrays"]
    weights = 2 * (arrays["m_top"] + arrays["m_bottom"]) * arrays["n"] * arrays["k"] ** 2
    mm2 = sum(report.area_by_component_mm2[part] for part in ("arrays", "sensing", "dacs"))
    return Result(
        kind=kind,
        um2_per_weight=1e6 * mm2 / weights,
        bits=effective_bits(chip),
        latency_ms=1e3 * report.latency_s,
        energy_uj=1e6 * report.energy_j,
        sources={metric: chip.sources.get(path, "") for metric, path in DECIDES.items()},
    )


def effective_bits(chip: Chip) -> float | None:
    """The effective bits of products of 64 rows before any converter, with the errors that the chip's cells state.

    Weights are normal, inputs even over the codes of 4 bits; one gain common to all products is taken out. None where
    the cells state no error that acts on a product.
    """
    weights = _weights()
    codes = np.floor(uniforms(stream(2, 0, "chip", (), "read"), (VECTORS, ROWS)) * (TOP_CODE + 1)).astype(np.int64)
    cells = np.asarray(written(chip, weights, 2, range(CHIPS), [(0, 0)] * CHIPS), np.float64)
    curve = code_curve(chip, TOP_CODE)
    acts = codes.astype(float) if curve is None else curve[codes] / GRID
    found = acts @ join(cells)
    if chip.errors.shot_pct:
        found = found + _shot(chip, codes, acts, cells)
    ideal = np.broadcast_to(codes @ weights.astype(float), found.shape)
    bits = enob(ideal, found, trimmed=True)
    return None if bits == float("inf") else bits


def _weights() -> NDArray[np.float32]:
    """Weights of one array in levels, whole, from -7 to 7."""
    drawn = WEIGHT_SIGMA * normals(stream(2, 0, "chip", (), "tuning"), (ROWS, ROWS))
    most = FULL_SCALE - 1
    whole: NDArray[np.float32] = np.clip(np.rint(drawn), -most, most).astype(np.float32)
    return whole


def _shot(chip: Chip, codes: NDArray[np.int64], acts: Floats, cells: Floats) -> Floats:
    """Shot noise of each product."""
    currents = acts @ cells.sum(axis=1)
    sigma = read_sigma(squares(codes), currents=currents, shot_pct=amount(chip.errors.shot_pct))
    drawn = [normals(stream(2, number, "read", (0, 0), "read"), currents.shape[1:]) for number in range(CHIPS)]
    found: Floats = sigma.astype(np.float64) * np.stack(drawn)
    return found


def spearman(ours: Sequence[float], scores: Sequence[float]) -> float:
    """Spearman's rank correlation, equal values at the mean of their ranks; 0 where either has one rank alone."""
    a, b = (_ranks(values) for values in (ours, scores))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0


def _ranks(values: Sequence[float]) -> Floats:
    """Ranks from 0; equal values, to six digits, share the mean of theirs."""
    rounded = np.array([float(f"{value:.6g}") for value in values])
    below = (rounded[:, None] > rounded).sum(axis=1)
    found: Floats = below + ((rounded[:, None] == rounded).sum(axis=1) - 1) / 2
    return found


def agreement(results: Sequence[Result], metric: str) -> tuple[float, int]:
    """The rank correlation of ours with the paper's scores over the kinds that have a number, and their count."""
    both = [(better, getattr(one.kind, metric)) for one in results if (better := one.better(metric)) is not None]
    return spearman([ours for ours, _ in both], [score for _, score in both]), len(both)


def alone(what: str) -> tuple[float, int]:
    """The rank correlation of published numbers with the scores, and of how many; a smaller cell is the better one."""
    metric = {"cell area": "density"}.get(what.partition(",")[0], what.partition(",")[0])
    sign = -1 if metric == "density" else 1
    both = [
        (sign * value, getattr(kind, metric))
        for kind, value in zip(KINDS, ALONE[what], strict=True)
        if value is not None
    ]
    return spearman([value for value, _ in both], [score for _, score in both]), len(both)
