"""The networks of Fig. 7b, compiled and simulated."""

from __future__ import annotations

from acortex.programs import zoo
from acortex.programs.graph import Product, Recurrent
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import timed
from acortex.sim.run import run
from acortex.tools.console.progress import ProgressBar
from acortex.tools.paper import fig7b
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.fig7b import FigureRuns, Measured
from acortex.tools.paper.results import Reproduction

COLUMNS = {"inception_v1": "inception_v1", "resnet_152": "resnet152", "gnmt": "gnmt"}
"""The columns of Fig. 7b, with the networks of the zoo that they are."""

TABULATED = "resnet152_as_tabulated"
"""The network that the energies of ResNet-152's column seem to count."""

LARGEST = "acortex_gnmt"
"""The largest chip of Fig. 7b."""

SMALLER = ("inception_v1", "resnet_152")
"""The columns of the networks that also run on it."""


def reproduction(runs: FigureRuns) -> Reproduction:
    """Rows of the paper's three networks, fitted constants, and two tables beside them."""
    return Reproduction(
        figure="fig7b",
        rows=fig7b.rows(runs.own),
        chosen=fig7b.chosen(runs.own),
        fitted=fig7b.constants(runs.own),
        resnet152_as_tabulated=fig7b.beside(runs.own, runs.tabulated),
        largest_chip=fig7b.on_largest(runs.own, runs.largest),
    )


def runs_of_fig7b() -> FigureRuns:
    """Compiles and simulates all networks of the figure."""
    with ProgressBar("networks") as bar:
        bar(0, len(COLUMNS) + 1 + len(SMALLER))
        done = 0

        def measured(name: str, chip: str | None = None) -> Measured:
            nonlocal done
            found = measure(name, chip)
            done += 1
            bar(done, len(COLUMNS) + 1 + len(SMALLER))
            return found

        return FigureRuns(
            own={column: measured(name) for column, name in COLUMNS.items()},
            tabulated=measured(TABULATED),
            largest={column: measured(COLUMNS[column], LARGEST) for column in SMALLER},
        )


def measure(name: str, chip: str | None = None) -> Measured:
    """Compiles a network of the zoo for a chip, its own by default, and simulates one inference's time and energy."""
    chip = chip or zoo.entry(name).chip
    compiled = compiled_network(name, chip)
    layers = compiled.plan.graph.layers
    parameters = sum(layer.weights.size for layer in layers if isinstance(layer, Product | Recurrent))
    simulated = run(compiled.program, load_chip(chip), values=False)
    return Measured(timed(simulated.report), compiled.report, int(parameters))
