"""A network on a chip that is made for it alone, beside the general chip: what fixed wiring leaves out.

The chip of Fig. 6 has one network in it: no main memory, no controller, no programmable buses, and a neuron for each
output. Its arrays are those of the general chip, as many as the network's rows fill without gaps. What its arrays,
circuits and conversions cost is simulated; wires between layers are taken to be free, so that energies are bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

from acortex.programs.graph import LayerGraph, Product
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.figures.figure import Progress

NETWORK, CHIP = "inception_v1", "acortex_inception"

COLUMNS = "arrays.n=28"
"""The least columns of arrays, of those of the general chip, that hold the network packed densely."""

WITHOUT = (
    "energy.bus_to_arrays_pj_per_mm=0",
    "energy.bus_from_arrays_pj_per_mm=0",
    "energy.memory_access_pj=0",
    "energy.others_access_pj=0",
    "energy.leakage_mw=0",
)
"""What the fixed chip does not have: buses, main memory, controller and their leakage."""

PARTS = ("arrays", "sensing", "dacs", "neurons_adcs", "program_erase")
"""Components that the fixed chip has."""


@dataclass(frozen=True)
class Fixed:
    """Both chips; `packed` has the fixed one's arrays and the general one's memory and buses. Areas are in mm2."""

    general: TimedReport
    packed: TimedReport
    fixed: TimedReport
    weights: int
    neurons: int
    slowest: str
    positions: int

    @property
    def cells(self) -> int:
        """Cells that hold weights, a pair for each."""
        return 2 * self.weights

    @property
    def general_areas(self) -> dict[str, float]:
        """Of the general chip."""
        return dict(self.general.area_by_component_mm2)

    @property
    def areas(self) -> dict[str, float]:
        """Of the fixed chip, by the prices of the general one."""
        return {part: self.fixed.area_by_component_mm2[part] for part in PARTS}

    @property
    def area_mm2(self) -> float:
        """The whole of it."""
        return sum(self.areas.values())

    @property
    def general_per_s(self) -> float:
        """Images per second of the general chip: one after another, layer by layer."""
        return 1 / self.general.latency_s

    @property
    def per_s(self) -> float:
        """Images per second of the fixed chip, where all layers work at once: the slowest sets the pace, a frame for
        each of its positions.
        """
        frame_ns = float(self.fixed.chip.config["arrays"]["frame_ns"])
        return 1e9 / (self.positions * frame_ns)

    def share(self, part: str) -> float:
        """The share of the fixed chip's area that a component takes."""
        return self.areas[part] / self.area_mm2


def chip() -> Chip:
    """The fixed chip, as far as the simulator has it."""
    return load_chip(CHIP, (COLUMNS, *WITHOUT))


def simulated(progress: Progress) -> Fixed:
    """The network on both chips."""
    progress(0, 2)
    taps = compiled_network(NETWORK)
    general = timed(run(taps.program, load_chip(CHIP), values=False).report)
    progress(1, 2)
    dense = compiled_network(NETWORK, CHIP, "dense", (COLUMNS,))
    packed, fixed = (
        timed(run(dense.program, made, values=False).report) for made in (load_chip(CHIP, (COLUMNS,)), chip())
    )
    progress(2, 2)
    slowest, positions = slowest_layer(dense.plan.graph, fixed)
    products = products_of(dense.plan.graph)
    weights = sum(layer.weights.size for layer in products)
    neurons = sum(layer.weights.shape[-1] for layer in products)
    return Fixed(general, packed, fixed, weights, neurons, slowest, positions)


def products_of(graph: LayerGraph) -> list[Product]:
    """The layers that have weights."""
    return [layer for layer in graph.layers if isinstance(layer, Product)]


def slowest_layer(graph: LayerGraph, report: TimedReport) -> tuple[str, int]:
    """The layer with the most positions, and their number: multiply-accumulates over weights."""
    macs = {layer.name: layer.macs for layer in report.layers}
    positions = {layer.name: macs[layer.name] // layer.weights.size for layer in products_of(graph)}
    name = max(positions, key=lambda one: positions[one])
    return name, positions[name]
