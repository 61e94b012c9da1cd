"""The figures that can be reproduced, by name; the module of each is loaded as it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from acortex.tools.paper.figures.figure import Figure, Options, Progress


@dataclass(frozen=True)
class Demonstrator:
    """A figure: the module of its name in this package has `made(options, progress)`, which gives a `Figure`."""

    name: str
    what: str

    def made(self, options: Options, progress: Progress) -> Figure:
        """Simulates all that the figure takes."""
        make: Callable[[Options, Progress], Figure] = import_module(f"{__package__}.{self.name}").made
        return make(options, progress)


DEMONSTRATORS = (
    Demonstrator("fig2", "seven kinds of analog multipliers"),
    Demonstrator("fig3", "half-selected cells of passive crossbars"),
    Demonstrator("fig4", "letters on two passive crossbars, and a pattern of ten levels"),
    Demonstrator("fig5", "handwritten digits on a classifier in 180-nm flash"),
    Demonstrator("fig6", "a chip that is made for one network"),
    Demonstrator("fig7c", "GNMT on a chip with digital units"),
)
"""In the order of the paper."""

NAMES = tuple(one.name for one in DEMONSTRATORS)


def demonstrator(name: str) -> Demonstrator:
    """The figure of a name."""
    return next(one for one in DEMONSTRATORS if one.name == name)
