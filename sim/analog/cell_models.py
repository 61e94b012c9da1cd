"""How cells answer to pulses: floating gates and resistive cells, as plain data with a few pure functions.

A model says how cells start, what a read shows and what a pulse does. `acortex.sim.analog.programming` closes the loop
around it. The forms are of this project; their numbers come from the sources beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.crossbar import thresholds
from acortex.sim.analog.elementary import exp, log
from acortex.sim.analog.streams import Stream, fine_normals, lognormals, normals

Array = NDArray[Any]
Floats = NDArray[np.float64]

State: TypeAlias = dict[str, Floats]
"""What is known of some cells: arrays by name, each with one number for each cell."""

STEEPEST = 6.0
"""A pulse beyond its threshold by more than this many times v0 acts as if it were by this many."""

FARTHEST = 3.0
"""The logarithm of a conductance changes by no more than this at one pulse."""


class CellModel(Protocol):
    """What a closed loop of pulses and reads needs to know of a kind of cell."""

    def written(self, target: Floats) -> NDArray[np.bool_]:
        """Which targets, in levels, take pulses at all. A target that no pulse could reach is a ValueError."""
        ...

    def start(self, target: Floats, source: Stream) -> State:
        """Cells before the first pulse, each with its target in levels."""
        ...

    def bounds(self, tolerance: float) -> tuple[float, float]:
        """Between which errors, as `error` gives them, a cell is within a tolerance."""
        ...

    def error(self, state: State, source: Stream) -> Floats:
        """One read of each cell: how far it is from its target."""
        ...

    def pulse(self, state: State, error: Floats, source: Stream) -> None:
        """One pulse for each cell, chosen by what its read showed."""
        ...

    def held(self, state: State) -> Floats:
        """The conductance of each cell in levels."""
        ...


@dataclass(frozen=True)
class FlashCell:
    """A floating gate below threshold: its current is exp(-threshold / slope), and pulses shift the threshold.

    Each pulse is chosen from a model of the cell: it aims at the share `gain` of the shift that is still wanted. What
    it does differs by a factor of each cell and one of each pulse, both lognormal. With the values here the mean
    error is 3.0 % after 10 pulses and 0.25 % after 35; Merrikh Bayat et al. (DRC 2016, 10.1109/DRC.2016.7548449)
    report about 3 and 0.3 % over 4 decades of current. A cell whose target is 0 is off, and takes no pulse.

    Cells come from full scale, by steps of less than what is wanted. So a loop that stops within a tolerance leaves
    most of them on the side they came from, about half the tolerance above their targets: a gain that all share.
    """

    levels: float = 8.0  # what an erased cell conducts
    gain: float = 0.48
    cell_sigma: float = 0.3
    pulse_sigma: float = 0.2
    jitter_mv: float = 0.1
    slope_mv: float = 40.0  # n kT/q
    read_noise: float = 0.001

    def written(self, target: Floats) -> NDArray[np.bool_]:
        """Every target above 0."""
        return target > 0

    def start(self, target: Floats, source: Stream) -> State:
        """Erased cells, at full scale: the logarithm of current over target, and each cell's factor."""
        factor = lognormals(source, target.size, self.cell_sigma)
        return {"target": target, "over": log(self.levels / target), "factor": factor}

    def bounds(self, tolerance: float) -> tuple[float, float]:
        """The logarithms of 1 - tolerance and 1 + tolerance."""
        low, high = log(np.array([1 - tolerance, 1 + tolerance]))
        return float(low), float(high)

    def error(self, state: State, source: Stream) -> Floats:
        """The logarithm of the current over its target, with the noise of a read."""
        return np.asarray(state["over"] + self.read_noise * normals(source, state["over"].size))

    def pulse(self, state: State, error: Floats, source: Stream) -> None:
        """Shifts thresholds by a share of what the read showed to be missing."""
        shift = self.gain * error * state["factor"] * lognormals(source, error.size, self.pulse_sigma)
        shift += self.jitter_mv / self.slope_mv * normals(source, error.size)
        state["over"] = state["over"] - shift

    def held(self, state: State) -> Floats:
        """The current of each cell in levels."""
        return np.asarray(state["target"] * exp(state["over"]))


@dataclass(frozen=True)
class ResistiveCell:
    """A metal-oxide memristor: beyond its threshold, a pulse changes the logarithm of its conductance.

    d ln G = rate * (exp((V - V_set) / v0) - 1) * (1 - (G / G_most)^4) to set, where V > V_set; to reset with the
    other sign, V_reset and (G_least / G)^4; times a lognormal factor of the pulse. Each cell has its own thresholds.
    Amplitudes rise from `start_v` by `step_v`, and start anew where the sign changes.

    Thresholds, amplitudes and states: Fahimi et al., Scientific Reports 11, 2021 (20x20 Pt/Al2O3/TiO2-x/Pt); that they
    report 0.6 to 1.5 V and 0.6 to 1.7 V on 400 cells is read as normal with 6 sigma. Rate, v0 and the factor are
    this project's: they give about 48 pulses for 2 %, where about 50 are reported. Conductances are in uS.
    """

    level_us: float = 16.56  # 8 levels from 96.6 to 7.0 kOhm, the states of the published pattern
    least_us: float = 1e3 / 150
    most_us: float = 1e3 / 5
    start_us: float = 1e3 / 60
    start_sigma: float = 0.3
    set_v: float = 1.05
    reset_v: float = 1.15
    threshold_spread: float = 0.15
    rate: float = 0.01
    v0: float = 0.12
    pulse_sigma: float = 0.3
    read_noise: float = 0.005
    start_v: float = 0.5
    step_v: float = 0.05
    most_set_v: float = 2.0
    most_reset_v: float = 2.2

    def written(self, target: Floats) -> NDArray[np.bool_]:
        """Every target, all within the conductances of the device."""
        goals = target * self.level_us
        if target.size and not (self.least_us <= goals.min() and goals.max() <= self.most_us):
            raise ValueError(
                f"targets reach from {goals.min():.4g} to {goals.max():.4g} uS, the device from {self.least_us:.4g} to"
                f" {self.most_us:.4g} uS; give cells that are off a floor, or change the conductance of a level"
            )
        return np.ones(target.shape, np.bool_)

    def start(self, target: Floats, source: Stream) -> State:
        """Cells as forming leaves them, with thresholds drawn with tails; conductances in uS, amplitudes in V."""
        z = fine_normals(source, (2, target.size))
        return {
            "target": target * self.level_us,
            "g": self.start_us * lognormals(source, target.size, self.start_sigma),
            "set": thresholds(z[0], self.set_v, self.threshold_spread),
            "reset": thresholds(z[1], self.reset_v, self.threshold_spread),
            "volts": np.zeros(target.size),
        }

    def bounds(self, tolerance: float) -> tuple[float, float]:
        """-tolerance and tolerance."""
        return -tolerance, tolerance

    def error(self, state: State, source: Stream) -> Floats:
        """The relative error of each conductance, with the noise of a read."""
        return self.seen(state, normals(source, state["g"].size))

    def seen(self, state: State, noise: Array) -> Floats:
        """The same with the noise as an argument: standard normal."""
        return np.asarray(state["g"] * (1 + self.read_noise * noise.astype(np.float64)) / state["target"] - 1)

    def pulse(self, state: State, error: Floats, source: Stream) -> None:
        """Raises amplitudes, or starts anew where the sign changes, and applies them."""
        state["volts"] = self.next_volts(state["volts"], error)
        push = self.push(state["volts"], state["set"], state["reset"])
        state["g"] = self.after(state["g"], push * lognormals(source, error.size, self.pulse_sigma))

    def next_volts(self, volts: Floats, error: Floats) -> Floats:
        """The amplitudes after these: above 0 to set where the error is below 0, below 0 to reset elsewhere."""
        up = error < 0
        most = np.where(up, self.most_set_v, self.most_reset_v)
        same = np.where(up, volts > 0, volts < 0)
        amplitude = np.where(same, np.minimum(np.abs(volts) + self.step_v, most), self.start_v)
        return np.asarray(np.where(up, amplitude, -amplitude))

    def push(self, volts: Floats, set_v: Floats, reset_v: Floats) -> Floats:
        """What pulses do to logarithms of conductances in the middle of the range: 0 below a cell's threshold."""
        beyond = np.where(volts > 0, volts - set_v, -volts - reset_v)
        push = np.zeros(beyond.shape)
        hit = beyond > 0
        push[hit] = self.rate * (exp(np.minimum(beyond[hit] / self.v0, STEEPEST)) - 1)
        return np.copysign(push, volts)

    def after(self, g: Floats, push: Floats) -> Floats:
        """Conductances in uS after a pulse of each cell, with what `push` says times the factor of the pulse."""
        at = np.flatnonzero(push)
        if not at.size:
            return g
        old, change = g[at], push[at]
        near = np.where(change > 0, old / self.most_us, self.least_us / old)
        near *= near
        change *= np.maximum(1 - near * near, 0)
        new = g.copy()
        new[at] = np.clip(old * exp(np.clip(change, -FARTHEST, FARTHEST)), self.least_us, self.most_us)
        return new

    def held(self, state: State) -> Floats:
        """The conductance of each cell in levels."""
        return np.asarray(state["g"] / self.level_us)


flash_cell = FlashCell()
"""The floating gate of the published tuning."""

resistive_cell = ResistiveCell()
"""The memristor of the published 20x20 crossbars."""
