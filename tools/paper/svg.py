"""Pictures of the docs: SVGs, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from acortex.tools.drawing.plots import Canvas as Canvas
from acortex.tools.drawing.plots import require_matplotlib as require_matplotlib

DPI = 150
"""Dots per inch of a picture in pixels."""


def drawn(size: tuple[float, float], fill: Callable[[Canvas], None], form: str = "svg") -> bytes:
    """A figure of so many inches, which `fill` fills in. Raises MissingExtra where matplotlib is not installed."""
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "acortex", "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        fill(figure)
        made = BytesIO()
        figure.savefig(made, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else None)
    return made.getvalue()
