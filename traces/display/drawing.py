"""Bars, steps and shades in axes of matplotlib, with units of a fitting prefix. Names are text, never formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acortex.traces.display.colours import BLUE, ORANGE, SKY
from acortex.traces.file.dataframes import optional
from acortex.units import PREFIXES, fixed, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST_NAME = 32
"""Characters of a name beside a bar."""

TIGHT_IN, FEWEST = 0.17, 4
"""Inches of a row whose name still stands apart from the next, and bars of a picture however low it is."""

ROW_IN, WIDTH_IN, AROUND_IN = 0.26, 7.0, 1.1
"""Inches of a row and of a figure."""


def room(ax: Axes | None, most: int) -> int:
    """How many bars have room for their names in axes: `most` in a figure that is made for them."""
    if ax is None:
        return most
    height_in = ax.get_window_extent().height / ax.figure.dpi
    return max(min(most, int(height_in / TIGHT_IN)), FEWEST)


def bars(ax: Axes | None, rows: Sequence[tuple[str, float]], title: str, label: str, unit: str, colour: str) -> Axes:
    """Bars from left to right, the first on top, each with its amount beside it. `unit` may be "" for counts."""
    ax = ax or _axes(len(rows))
    names, amounts = zip(*rows, strict=True)
    factor, shown = _prefix(max(amounts), unit)
    drawn = ax.barh(range(len(rows)), np.array(amounts) * factor, color=colour)
    ax.set_yticks(range(len(rows)), list(map(_text, names)), fontsize="small")
    ax.invert_yaxis()
    said = [scaled(amount, unit) if unit else fixed(amount) for amount in amounts]
    ax.bar_label(drawn, said, padding=3, fontsize="small")
    ax.set_xlim(0, max(amounts) * factor * 1.18 or 1)
    ax.set_xlabel(f"{label}, {shown}" if shown else label)
    if not unit:
        _count_along(ax)
    _finish(ax, title)
    return ax


def steps(
    ax: Axes | None,
    edges: Sequence[int],
    values: Sequence[float],
    lines: Mapping[str, tuple[float, str]],
    title: str,
    along: str,
    label: str,
    unit: str,
) -> Axes:
    """Values between edges, and level lines, each with its name, value and colour."""
    ax = ax or _axes(8)
    factor, shown = _prefix(max(values), unit)
    ax.stairs([value * factor for value in values], edges, fill=True, color=SKY, label=label)
    for style, (name, (value, colour)) in zip(("--", ":", "-."), lines.items(), strict=False):
        ax.axhline(value * factor, color=colour, linestyle=style, label=f"{name}, {_text(scaled(value, unit))}")
    ax.set_ylim(0, max([*values, *(value for value, _ in lines.values())]) * factor * 1.25 or 1)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel(along)
    _count_along(ax)
    ax.set_ylabel(f"{label}, {shown}")
    ax.legend(frameon=False, ncols=3, loc="upper center", fontsize="small")
    _finish(ax, title)
    return ax


def shades(
    ax: Axes | None,
    names: Sequence[str],
    busy: NDArray[np.float64],
    waiting: NDArray[np.float64],
    edges: NDArray[np.float64],
    title: str,
    along: str,
) -> Axes:
    """A row for each name, from white over blue, busy, and orange, waiting: cycles by name and column."""
    patches = optional("matplotlib.patches", "a picture", "plots")
    colors = optional("matplotlib.colors", "a picture", "plots")
    ax = ax or _axes(len(names))
    width = np.diff(edges)
    image = np.ones((*busy.shape, 3))
    for cycles, colour in ((busy, BLUE), (waiting, ORANGE)):
        image -= np.clip(cycles / width, 0, 1)[..., None] * (1 - np.array(colors.to_rgb(colour)))
    extent = (float(edges[0]), float(edges[-1]), len(names) - 0.5, -0.5)
    ax.imshow(np.clip(image, 0, 1), aspect="auto", interpolation="nearest", extent=extent)
    ax.set_yticks(range(len(names)), [_text(name) for name in names])
    ax.set_xlabel(along)
    _count_along(ax)
    _finish(ax, title)
    marks = [patches.Patch(color=BLUE, label="busy"), patches.Patch(color=ORANGE, label="waiting")]
    ax.legend(handles=marks, frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1), fontsize="small")
    return ax


def _axes(rows: int) -> Axes:
    """The axes of a new figure that has room for so many rows."""
    pyplot = optional("matplotlib.pyplot", "a picture", "plots")
    made: Axes = pyplot.subplots(figsize=(WIDTH_IN, AROUND_IN + ROW_IN * max(rows, 3)), layout="constrained")[1]
    return made


def _count_along(ax: Axes) -> None:
    """Whole numbers along the axis, as texts have them: 1,500,000 instead of 1.5 beside a 1e6."""
    ax.locator_params(axis="x", nbins=5, integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")


def _finish(ax: Axes, title: str) -> None:
    ax.set_title(_text(title, longest=200), loc="left", fontsize="medium", wrap=True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _prefix(most: float, unit: str) -> tuple[float, str]:
    """What amounts are multiplied with so that the largest has up to three digits before the point, and their unit."""
    if not unit or not most:
        return 1.0, unit
    prefix = scaled(most, unit).split(" ")[1].removesuffix(unit)
    power = next(power for power, name in PREFIXES.items() if name == prefix)
    return float(10.0**-power), f"{prefix}{unit}"


def _text(name: str, longest: int = LONGEST_NAME) -> str:
    """A name as matplotlib shows it: short, and a dollar is a dollar."""
    short = name if len(name) <= longest else f"{name[: longest - 1]}…"
    return short.replace("$", r"\$")
