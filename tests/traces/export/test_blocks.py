"""An export says the same of a run whether its trace has one block or many, read some rows at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.isa import assemble_file
from acortex.sim.run import run
from acortex.traces.export.registry import export
from acortex.traces.file import reader
from acortex.traces.file import writer as writing
from acortex.traces.rows import in_order

PROGRAMS = ("lstm_step", "in_flight")
"""One with loops over several inferences, one with the vector agent."""


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> dict[str, Path]:
    """Traces of simulated runs, each in one block of events and one of waits."""
    folder = tmp_path_factory.mktemp("whole")
    return {name: recorded(name, checkout, folder) for name in PROGRAMS}


def recorded(name: str, checkout: Path, folder: Path) -> Path:
    path = folder / f"{name}.actrace"
    run(assemble_file(checkout / "programs" / f"{name}.s"), values=False, trace=path)
    return path


def exported(path: Path, form: str, folder: Path) -> bytes:
    target = folder / f"{path.stem}.{form}"
    export(reader.open(path), form, target)
    return target.read_bytes()


FORMATS = ("chrome", "konata", "vcd")
"""Those in the order of time, in whole numbers: averages of Perfetto's counters are added up block by block."""


@pytest.mark.sampled(5)
@pytest.mark.parametrize("rows", [5, 64])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_format_of_times_does_not_hang_on_blocks(
    wholes: dict[str, Path],
    name: str,
    form: str,
    rows: int,
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = exported(wholes[name], form, tmp_path)
    monkeypatch.setattr(writing, "ROWS", rows)
    monkeypatch.setattr(in_order, "STEP", rows)
    many = recorded(name, checkout, tmp_path)
    assert len(reader.open(many).events._stored) > 3
    assert exported(many, form, tmp_path) == expected


def test_the_counter_of_leakage_rises_from_nothing_to_all_of_it(wholes: dict[str, Path], tmp_path: Path) -> None:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace, read = reader.open(wholes["in_flight"]), protos.Trace()
    read.ParseFromString(exported(wholes["in_flight"], "perfetto", tmp_path))
    names = {one.track_descriptor.uuid: one.track_descriptor.name for one in read.packet if one.track_descriptor.name}
    samples: dict[str, list[tuple[int, float]]] = {}
    for packet in read.packet:
        if packet.track_event.HasField("double_counter_value"):
            name = names[packet.track_event.track_uuid]
            samples.setdefault(name, []).append((packet.timestamp, packet.track_event.double_counter_value))
    leaked = samples["energy leakage"]
    assert leaked[0] == (0, 0.0)
    assert leaked[-1][1] == pytest.approx(trace.cycles * trace.header.leakage_aj_per_cycle / 1e6)
    assert leaked == sorted(leaked)
    assert len(leaked) >= len(samples["energy main_memory"]) > 10
