"""What each layer cost and moved, and the roofs of a chip: by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.report.shares import LayerShares, RoofPoint, Roofs, by_layer, roof_points, roofs
from acortex.traces.file.reader import open as open_trace
from acortex.traces.file.schema import EventKind, TraceHeader
from acortex.traces.file.writer import TraceWriter
from acortex.traces.stats import stats

ECHO = Path(__file__).parents[1] / "echo.s"
KINDS = (
    EventKind("memory.read", "words", "", "memory"),
    EventKind("memory.write", "words", "", "memory"),
    EventKind("frame", "arrays", "", "arrays", (("sensing", 20),)),
    EventKind("sync", "syncs", "", "others"),
)
HEADER = TraceHeader(
    "p", "a", "c", "b", {}, 1.0, ("controller", "unit"), KINDS, ("token",), ("-", "conv", "idle"), ("a.s:1",),
    leakage_aj_per_cycle=7,
)  # fmt: skip
ROWS = (
    # start, duration, unit, kind, count, pc, layer, inference, energy
    (0, 4, 1, 0, 3, 0, 1, 0, 300),
    (4, 2, 1, 1, 2, 0, 1, 0, 250),
    (6, 4, 1, 2, 5, 0, 1, 0, 600),
    (0, 1, 1, 3, 9, 0, 0, 0, 0),
    (12, 1, 1, 0, 4, 0, 0, 0, 44),
)


@pytest.mark.parametrize("whole", [True, False])
def test_a_layers_energy_is_by_what_pays_for_it_with_its_leakage_where_that_is_known(
    tmp_path: Path, whole: bool
) -> None:
    """The layer is in flight for 10 of 20 cycles, so that it leaks 70 aJ, as the others together do."""
    writer = TraceWriter(tmp_path / "run.actrace", HEADER)
    for row in ROWS:
        writer.emit(*row)
    writer.finish({"cycles": 20})
    trace = open_trace(tmp_path / "run.actrace")
    part = trace if whole else trace.select(unit="unit", inference=0)
    leak = {"leakage": 70} if whole else {}
    assert by_layer(part, stats(part)) == [
        LayerShares("-", {"memory": 44, **leak}, 4),
        LayerShares("conv", {"memory": 550, "sensing": 100, "arrays": 500, **leak}, 5),
        LayerShares("idle", {}, 0),
    ]


@pytest.mark.parametrize(
    ("settings", "bytes_per_s"),
    [
        ([], 8e9),  # a port grants a word of 32 bytes each 2 cycles of 2 ns
        (["memory.access_cycles=4"], 4e9),
        (["memory.ports=2"], 16e9),
        (["memory.ports=4", "memory.banks=2", "memory.bank_cycles=4"], 8e9),  # each bank takes 4 cycles
    ],
    ids=str,
)
def test_memory_gives_what_its_ports_or_else_its_banks_do(settings: list[str], bytes_per_s: float) -> None:
    found = roofs(load_chip("acortex_digits", ["clock_ns=2", *settings]))
    assert found.bytes_per_s == bytes_per_s


def test_arrays_do_two_operations_a_cell_in_each_frame() -> None:
    """16 arrays of 64 x 64 cells, in frames of 16 cycles of 2 ns."""
    found = roofs(load_chip("acortex_digits", ["clock_ns=2"]))
    assert found.ops_per_s == pytest.approx(2 * 16 * 64 * 64 / 32e-9)
    assert found.ridge == pytest.approx(4.096e12 / 8e9)
    assert Roofs(6.0, 2.0).ridge == 3.0


@pytest.fixture(scope="module")
def report() -> TimedReport:
    return timed(run(assemble_file(ECHO), load_chip("acortex_digits"), values=False).report)


def test_a_point_has_operations_a_byte_and_a_second(report: TimedReport) -> None:
    def layer(name: str, cycles: int, macs: int) -> Any:
        return report.layers[0].model_copy(update={"name": name, "cycles": cycles, "macs": macs})

    layers = [layer("conv", 500, 640), layer("-", 500, 0), layer("still", 0, 64), layer("dry", 50, 64)]
    made = report.model_copy(update={"macs": 1280, "cycles": 1000, "clock_ns": 2.0, "layers": layers})
    shares = [LayerShares("conv", {}, 4), LayerShares("-", {}, 5), LayerShares("still", {}, 1)]
    assert roof_points(made, shares) == [
        RoofPoint("whole run", 2 * 1280 / (10 * 32), pytest.approx(2 * 1280 / 2e-6)),
        RoofPoint("conv", 2 * 640 / (4 * 32), pytest.approx(2 * 640 / 1e-6)),
    ]
    assert roof_points(made.model_copy(update={"macs": 0, "layers": []}), shares) == []
