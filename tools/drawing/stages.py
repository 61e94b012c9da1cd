"""Layers taken together, so that a picture of hundreds of them has a legend that is read at a glance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from acortex.tools.drawing.palette import LOOKS
from acortex.wording import count

MOST = LOOKS
"""Stages of a picture."""

_PARTS = re.compile(r"[^_/.\s]+")


@dataclass(frozen=True)
class Stage:
    """Layers of a program: what to call them, and their names."""

    name: str
    layers: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name, and how many layers there are where they are several."""
        return self.name if len(self.layers) == 1 else f"{self.name} ({count(len(self.layers), 'layer')})"


def stages(layers: Sequence[str], most: int = MOST) -> list[Stage]:
    """Layers in their order as stages, `most` at most: each by itself, else by the first parts of their names.

    The longest first parts that give few enough stages are taken ("conv4" of "conv4_12_3"). Where no parts do, layers
    that follow each other are taken together, about as many each.
    """
    names = list(dict.fromkeys(layers))
    if len(names) <= most:
        return [Stage(name, (name,)) for name in names]
    for depth in range(max(len(_PARTS.findall(name)) for name in names), 0, -1):
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(_first(name, depth), []).append(name)
        if 1 < len(found) <= most:
            return [Stage(name, tuple(held)) for name, held in found.items()]
    return _runs(names, most)


def _first(name: str, depth: int) -> str:
    """The first parts of a name, as many as `depth`; all of it where it has fewer."""
    ends = [part.end() for part in _PARTS.finditer(name)]
    return name[: ends[depth - 1]] if len(ends) >= depth else name


def heading(found: Sequence[Stage]) -> str:
    """What stands over a list of stages."""
    return "Layers" if all(len(stage.layers) == 1 for stage in found) else "Layers, taken together by name"


def _runs(names: Sequence[str], most: int) -> list[Stage]:
    """Layers that follow each other, cut into runs of about the same length."""
    cuts = [len(names) * number // most for number in range(most + 1)]
    runs = [names[start:end] for start, end in pairwise(cuts)]
    return [Stage(f"{run[0]} to {run[-1]}" if len(run) > 1 else run[0], tuple(run)) for run in runs]


def stage_numbers(found: Sequence[Stage]) -> dict[str, int]:
    """The number of the stage of each layer."""
    return {layer: number for number, stage in enumerate(found) for layer in stage.layers}
