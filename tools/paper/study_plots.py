"""The pictures of the studies: SVGs, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acortex.tools.paper.studies import FAST, PARTS, Study, by_part, stage_of
from acortex.tools.paper.svg import drawn

COLOURS = dict(zip(PARTS, ("#4c78a8", "#f58518", "#72b7b2", "#e45756", "#b279a2", "#bab0ac"), strict=True))

Titles = Mapping[str, str]


def limits(studies: Sequence[Study], titles: Titles) -> bytes:
    """Where the critical path of each network runs, as published and with its loads out of the way."""

    def fill(figure: Any) -> None:
        axes = figure.subplots()
        rows = [(f"{titles[one.network]}, {how}", by_part(path)) for one in studies for how, path in _paths(one)]
        for index, (_, shares) in enumerate(rows):
            left = 0.0
            for name, share in shares.items():
                label = name if index == 0 else None
                axes.barh(index, 100 * share, left=left, color=COLOURS[name], label=label, height=0.7)
                if share > 0.05:
                    axes.text(left + 50 * share, index, f"{100 * share:.0f}", ha="center", va="center", color="white")
                left += 100 * share
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("% of the critical path")
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside lower center", ncols=len(PARTS), frameon=False)

    return drawn((9, 3.2), fill)


def _paths(one: Study) -> tuple[tuple[str, Any], ...]:
    return ("published", one.critical), (FAST.name, one.fast)


def parallel(studies: Sequence[Study], titles: Titles) -> bytes:
    """Latency, energy and area of each variant, as multiples of the published chip's."""

    def fill(figure: Any) -> None:
        for axes, one in zip(figure.subplots(1, len(studies), sharey=True, squeeze=False)[0], studies, strict=True):
            _bars(axes, one)
            axes.set_title(titles[one.network])
        names = [point.variant.name for point in studies[0].variants]
        first = figure.axes[0]
        first.set_yticks(range(len(names)), names)
        first.invert_yaxis()
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)

    return drawn((10, 5.2), fill)


def _bars(axes: Any, one: Study) -> None:
    base = one.published
    for index, point in enumerate(one.variants):
        values = (
            ("latency", point.latency_ms / base.latency_ms, "#4c78a8"),
            ("energy", point.energy_uj / base.energy_uj, "#e45756"),
            ("area", point.area_mm2 / base.area_mm2, "#bab0ac"),
        )
        for row, (label, value, colour) in enumerate(values):
            place = index + (row - 1) * 0.26
            axes.barh(place, value, height=0.24, color=colour, label=label if index == 0 else None)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("of the published chip's")
    axes.spines[["top", "right"]].set_visible(False)


def layers(studies: Sequence[Study], titles: Titles) -> bytes:
    """Energy and time of every layer, in the order of the program."""

    def fill(figure: Any) -> None:
        for axes, one in zip(figure.subplots(len(studies), 1, squeeze=False)[:, 0], studies, strict=True):
            _layers(axes, one)
            axes.set_title(titles[one.network])
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)

    return drawn((10, 3 * len(studies)), fill)


def _layers(axes: Any, one: Study) -> None:
    time = {row.name: row.cycles / one.critical.cycles for row in one.critical.by_layer}
    rows = [row for row in one.published.run.layers if row.name != "-"]
    whole = one.published.run.energy_j
    axes.bar(range(len(rows)), [100 * row.energy_j / whole for row in rows], color="#e45756", label="energy")
    shares = [100 * time.get(row.name, 0.0) for row in rows]
    axes.step(range(len(rows)), shares, where="mid", color="#4c78a8", linewidth=1, label="critical path")
    ticks = _ticks([row.name for row in rows])
    axes.set_xticks([*ticks.values()], [*ticks], rotation=45, ha="right", fontsize=7)
    axes.set_yscale("log")
    axes.set_ylim(0.01, 100)
    axes.set_ylabel("% of the whole")
    axes.set_xlim(-1, len(rows))
    axes.spines[["top", "right"]].set_visible(False)


def _ticks(names: Sequence[str]) -> dict[str, int]:
    """Where each stage begins; those whose layers lie scattered among others, as pools do, have no place."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(stage_of(name), []).append(place)
    return {stage: found[0] for stage, found in places.items() if found[-1] - found[0] < 2 * len(found)}
