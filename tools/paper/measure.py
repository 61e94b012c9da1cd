"""The networks of Fig. 7b, compiled and simulated."""

from __future__ import annotations

from acortex.programs import zoo
from acortex.programs.graph import Product, Recurrent
from acortex.sim.results import timed
from acortex.sim.run import run
from acortex.sim.specs import load_chip
from acortex.tools.paper import fig7b
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.fig7b import Measured
from acortex.tools.progress import ProgressBar
from acortex.tools.results import Reproduction

COLUMNS = {"inception_v1": "inception_v1", "resnet_152": "resnet152", "gnmt": "gnmt"}
"""The columns of Fig. 7b, with the networks of the zoo that they are."""

BESIDE = "resnet152_as_tabulated"
"""The network that the energies of ResNet-152's column seem to count."""

LARGEST = "acortex_gnmt"
"""The largest chip of Fig. 7b."""


def reproduction(runs: dict[str, Measured], beside: Measured, largest: dict[str, Measured]) -> Reproduction:
    """Rows of the paper's three networks, fitted constants, and two tables beside them."""
    return Reproduction(
        rows=fig7b.rows(runs),
        fitted=fig7b.constants(runs),
        resnet152_as_tabulated=fig7b.beside(runs, beside),
        largest_chip=fig7b.on_largest(runs, largest),
    )


def runs_of_fig7b() -> tuple[dict[str, Measured], Measured, dict[str, Measured]]:
    """The networks on their own chips, the tabulated ResNet on that of ResNet, and the smaller two on the largest."""
    with ProgressBar("networks") as bar:
        bar(0, len(COLUMNS) + 3)
        done = 0

        def measured(name: str, chip: str | None = None) -> Measured:
            nonlocal done
            found = measure(name, chip)
            done += 1
            bar(done, len(COLUMNS) + 3)
            return found

        runs = {column: measured(name) for column, name in COLUMNS.items()}
        beside = measured(BESIDE)
        largest = {column: measured(COLUMNS[column], LARGEST) for column in ("inception_v1", "resnet_152")}
    return runs, beside, largest


def measure(name: str, chip: str | None = None) -> Measured:
    """Compiles a network of the zoo for a chip, its own unless told, and simulates one inference's time and energy."""
    chip = chip or zoo.entry(name).chip
    compiled = compiled_network(name, chip)
    layers = compiled.plan.graph.layers
    parameters = sum(layer.weights.size for layer in layers if isinstance(layer, Product | Recurrent))
    simulated = run(compiled.program, load_chip(chip), values=False)
    return Measured(timed(simulated.report), compiled.report, int(parameters))
