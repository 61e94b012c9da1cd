"""Draws Fig. 5: the largest outputs, the turn-on of one digit, and what offsets cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acortex.sim.accuracy.results import AccuracyReport
from acortex.tools.paper.figures.digits import Codes, Transient
from acortex.tools.paper.figures.style import BLUE, GREY, INK, ORANGE, RED, SKY, SMALL, legend, panel
from acortex.tools.paper.svg import Canvas


@dataclass(frozen=True)
class Picture:
    """What the picture shows: `lost` has offsets, points lost and populations; `published` is in points."""

    right: Codes
    wrong: Codes
    transient: Transient
    lost: Sequence[tuple[float, float, AccuracyReport]]
    offset: float
    published: float


def fill(picture: Picture, figure: Canvas) -> None:
    """Two panels above, a wide one below."""
    parts = figure.subplot_mosaic([["a", "b"], ["c", "c"]])
    _largest(parts["a"], picture)
    _transient(parts["b"], picture.transient)
    _lost(parts["c"], picture)


def _largest(axes: Canvas, picture: Picture) -> None:
    """Shares, since wrong answers are few."""
    codes = np.arange(16)
    for of, colour, shift, name in ((picture.right, SKY, -0.2, "right"), (picture.wrong, RED, 0.2, "wrong")):
        shares = 100 * np.bincount(of, minlength=16) / max(len(of), 1)
        axes.bar(codes + shift, shares, 0.4, color=colour, label=f"{name}: {len(of):,} digits")
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    axes.set_xlim(4.4, 15.6)
    axes.set_xticks(range(5, 16))
    axes.set_xlabel("largest output, code of 0 to 15")
    axes.set_ylabel("digits of either kind, %")
    legend(axes, loc="upper left")
    panel(axes, "a", "largest outputs on one chip")


def _transient(axes: Canvas, one: Transient) -> None:
    for at, column in enumerate(one.outputs.T):
        mine = at == one.label
        axes.plot(one.ns, column, color=BLUE if mine else GREY, linewidth=1.8 if mine else 0.8, zorder=3 if mine else 2)
    ends = np.sort(one.outputs[-1])
    top, bottom = ends[-1], ends[0]
    between = (top + ends[-2]) / 2 - 1
    axes.text(
        one.ns[-1] * 0.99,
        one.outputs[-1, one.label] + 0.4,
        f"digit {one.label}",
        color=BLUE,
        ha="right",
        fontsize=SMALL,
    )
    axes.axvline(one.settled_ns, color=INK, linestyle="--", linewidth=0.8)
    axes.text(one.settled_ns - 12, between, f"settled,\n{one.settled_ns:.0f} ns", ha="right", fontsize=SMALL)
    axes.set_ylim(min(bottom, 0) - 1, top + 2)
    axes.set_xlim(0, one.ns[-1])
    axes.set_xlabel("time after turn-on, ns")
    axes.set_ylabel("outputs, codes")
    panel(axes, "b", "turn-on of one digit, RC picture")


def _lost(axes: Canvas, picture: Picture) -> None:
    offsets = [one[0] for one in picture.lost]
    mean = [one[1] for one in picture.lost]
    low = [100 * (one[2].ideal - one[2].accuracy.p95) for one in picture.lost]
    high = [100 * (one[2].ideal - one[2].accuracy.p5) for one in picture.lost]
    axes.fill_between(offsets, low, high, color=SKY, alpha=0.4, linewidth=0, label="5th to 95th percentile of chips")
    axes.plot(offsets, mean, "o-", color=BLUE, markersize=4, label=f"mean of {picture.lost[0][2].chips} chips")
    axes.axhline(picture.published, color=RED, linestyle="--", linewidth=1, label=f"published: {picture.published:.2f}")
    axes.plot([picture.offset], [picture.published], "D", color=ORANGE, markersize=6, zorder=4,
              label=f"fitted: {picture.offset:.2f} codes")  # fmt: skip
    axes.set_xlim(-0.02, offsets[-1] + 0.02)
    axes.set_ylim(0)
    axes.set_xlabel("spread of neurons' offsets, codes")
    axes.set_ylabel("accuracy lost, points")
    legend(axes, loc="upper left")
    panel(axes, "c", "30 % of the cells tuned within 5 %, and offsets of neurons")
