"""What time and temperature do to cells that are written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog import statistics
from acortex.sim.analog.elementary import exp, log
from acortex.sim.analog.shapes import require_fit

Array = NDArray[Any]

MODELS = ("sonos", "reram_wan", "pcm")
"""Technologies whose drift is published."""

FIRST_READ_S = 20.0
"""How long after writing the drift of phase-change cells begins to count (Nandakumar et al., ICECS 2019)."""

ROOM_C = 25.0
"""The temperature at which chips are tuned, in degrees Celsius."""

SPAN_C = 60.0
"""The published span of temperatures: 25 to 85 degrees Celsius (Guo et al., CICC 2017)."""


def drifted(
    cells: Array,
    seconds: float,
    model: str,
    noise: Array,
    full_scale: float | None = None,
    levels: float = 8,
) -> Array:
    """What cells hold `seconds` after writing, of the cells' type; at 0 seconds they are the same.

    `noise` is standard normal, of the result's shape; `cells` has that shape or one that broadcasts to it. For
    "sonos" and "reram_wan" the mean drifts and the spread grows as the statistics of `acortex.sim.analog.statistics`
    do. For "pcm" a cell falls as ((t + 20 s) / 20 s)^-nu, with nu normal: its mean and its sigma are clipped straight
    lines in the logarithm of the conductance (Nandakumar et al., ICECS 2019). `full_scale` is what `levels` conduct,
    in the unit of the technology. A wrong argument is a ValueError.
    """
    if model not in MODELS:
        raise ValueError(f"no drift of {model!r} is published; there are {', '.join(MODELS)}")
    if not 0 <= seconds < np.inf:
        raise ValueError(f"an age of {seconds} s is none; it is 0 or more")
    require_fit(cells, noise)
    if seconds == 0:
        return np.broadcast_to(cells, noise.shape).copy()
    if model != "pcm":
        return statistics.aged(cells, noise, model, seconds, full_scale, levels)
    unit = statistics.unit_of(model, full_scale, levels)
    part = log(np.maximum(cells.astype(np.float64) * (unit / statistics.row(model).scale), 1e-7))
    mean = np.clip(-0.0155 * part + 0.0244, 0.049, 0.1)
    sigma = np.clip(-0.0125 * part - 0.0059, 0.008, 0.045)
    since = float(log(np.array([(seconds + FIRST_READ_S) / FIRST_READ_S]))[0])
    return (cells * exp(-since * np.abs(mean + sigma * noise))).astype(cells.dtype)


def falling(cells: Array, seconds: float, exponent: float, spread: float, noise: Array) -> Array:
    """What cells hold `seconds` after writing, where currents fall as (1 + seconds)^-nu; of the cells' type.

    nu is `exponent + spread * noise` for each cell, not below 0; `noise` is standard normal, of the result's shape. At
    0 seconds, and with an exponent and a spread of 0, cells are the same. A wrong argument is a ValueError.
    """
    if not (0 <= seconds < np.inf and 0 <= exponent < np.inf and 0 <= spread < np.inf):
        raise ValueError(f"drift of {exponent} with a spread of {spread} after {seconds} s is none: all are 0 or more")
    since = float(log(np.array([1.0 + seconds]))[0])
    power = np.maximum(exponent + spread * noise.astype(np.float64), 0)
    return (cells * exp(-since * power)).astype(cells.dtype)


def temperature_gain(
    celsius: float, noise: Array, residual: float, reference: float = ROOM_C, span: float = SPAN_C
) -> Array:
    """Gains at a temperature, one for each standard normal number; of its shape and type, exactly 1 at `reference`.

    What all cells have in common cancels in the ratio to the input cells. What is left grows linearly: sigma is
    `residual` at `reference + span`. Guo et al. (CICC 2017) report below 3 % from 25 to 85 degrees, for 10x12 cells.
    """
    if not (0 <= residual < np.inf and span > 0):
        raise ValueError(f"a residual of {residual} over {span} degrees is none; it is 0 or more, over more than 0")
    return np.asarray(1 + noise * noise.dtype.type(residual * (celsius - reference) / span))
