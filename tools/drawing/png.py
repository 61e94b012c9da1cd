"""A picture as PNG, drawn by matplotlib from the same shapes."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

from acortex.tools.drawing.palette import PAPER
from acortex.tools.drawing.plots import Canvas, require_matplotlib
from acortex.tools.drawing.scene import Cells, Line, Mark, Picture, Rect, Shape, Text

SCALE = 2.0
"""Pixels of the image for each of the picture."""

POINTS = 72 / 96
"""Points for each pixel of a picture, as browsers have it."""

MOST_PIXELS = 60_000_000
"""The largest image; a larger picture has fewer pixels."""


def png(picture: Picture) -> bytes:
    """The image, the same bytes for the same shapes; what the font lacks is a box with a sign of its script.

    Raises MissingExtra where matplotlib is not installed.
    """
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    scale = min(SCALE, (MOST_PIXELS / (picture.width * picture.height)) ** 0.5)
    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "hatch.color": PAPER,
        "hatch.linewidth": 1.6,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)  # the box says it, too
        figure = Figure(figsize=(picture.width / 96, picture.height / 96), facecolor=PAPER)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, picture.width), ylim=(picture.height, 0))
        axes.set_axis_off()
        for order, shape in enumerate(picture.shapes):
            _draw(axes, shape, order)
        made = BytesIO()
        figure.savefig(made, format="png", dpi=96 * scale, metadata={"Software": None})
    return made.getvalue()


def _draw(axes: Canvas, shape: Shape, order: int) -> None:
    match shape:
        case Rect():
            _cells(axes, Cells(((shape.x, shape.y, shape.width, shape.height),), shape.fill, shape.hatched), order)
            if shape.stroke:
                left, top, right, bottom = shape.box
                edge = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
                _line(axes, Line(edge, shape.stroke, 0.8), order)
        case Cells():
            _cells(axes, shape, order)
        case Line():
            _line(axes, shape, order)
        case Mark():
            _mark(axes, shape, order)
        case Text():
            _text(axes, shape, order)


def _mark(axes: Canvas, mark: Mark, order: int) -> None:
    style, part = {"circle": ("o", 1.0), "square": ("s", 1.0), "diamond": ("D", 0.71)}[mark.shape]
    size = mark.size * POINTS * part
    axes.plot(mark.x, mark.y, style, color=mark.fill, markersize=size, markeredgewidth=0, zorder=order)


def _cells(axes: Canvas, cells: Cells, order: int) -> None:
    from matplotlib.collections import PolyCollection

    corners = [((x, y), (x + wide, y), (x + wide, y + high), (x, y + high)) for x, y, wide, high in cells.places]
    axes.add_collection(PolyCollection(corners, facecolors=cells.fill, edgecolors="none", zorder=order), autolim=False)
    if cells.hatched:
        strokes = PolyCollection(corners, facecolors="none", hatch="////", edgecolors=PAPER, linewidths=0, zorder=order)
        axes.add_collection(strokes, autolim=False)


def _line(axes: Canvas, line: Line, order: int) -> None:
    xs, ys = zip(*line.shaft, strict=True)
    look = {"color": line.colour, "linewidth": line.width * POINTS, "zorder": order}
    axes.plot(xs, ys, linestyle=(0, (4, 2.4)) if line.dashed else "-", solid_capstyle="butt", **look)
    if line.arrow:
        from matplotlib.patches import Polygon

        axes.add_patch(Polygon(line.head, facecolor=line.colour, edgecolor="none", zorder=order))


def _text(axes: Canvas, text: Text, order: int) -> None:
    place = {"start": "left", "middle": "center", "end": "right"}[text.anchor]
    weight = "bold" if text.bold else "normal"
    axes.text(
        text.x, text.y, text.text, fontsize=text.size * POINTS, ha=place, va="baseline", color=text.colour,
        weight=weight, zorder=order,
    )  # fmt: skip
