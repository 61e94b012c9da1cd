"""`acortex verify`: the chip beside onnxruntime on the quantised network, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import MissingExtra, UsageError
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.open.chip_options import complete, set_option
from acortex.tools.open.network_options import (
    calibration_option,
    dim_option,
    host_option,
    mapping_option,
    quantise_option,
)
from acortex.tools.open.networks import Compiling, chip_for, mapping_of, quantised_graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.console import RenderableType

    from acortex.isa.program import Program, Tensor
    from acortex.programs.graph import LayerGraph, Port
    from acortex.tools.results import VerifiedLayer, VerifyReport

SAMPLES = 4
"""Inferences of a network's own data that are compared at most."""

RANDOM = 2
"""Inferences on seeded random input, where a network has none of its own."""


@click.command("verify")
@click.argument("network", metavar="MODEL.onnx", type=click.Path())
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Compare on these: .npy, or .npz by name.")
@calibration_option
@click.option("--chip", metavar="CHIP", shell_complete=complete, help="A built-in chip or a .toml; else acortex_gnmt.")
@set_option
@mapping_option
@dim_option
@quantise_option
@host_option
@click.option("--drop-lrn", is_flag=True, help="Leave local response normalisation out.")
@format_option
def verify(network: str, inputs: str | None, form: str, **options: Any) -> int:
    """Find the first layer in which the chip differs from the quantised network.

    Compiles MODEL.onnx or zoo:NAME, runs it on the ideal chip, and compares the codes that every layer leaves in memory
    with those of onnxruntime on the network that `acortex compile --reference` writes. Exit code 1 where any differs.
    """
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: F401  # it has no stubs
    except ImportError:
        raise MissingExtra("acortex verify runs onnxruntime: it", "verify") from None
    report = _report(network, inputs, options)
    if form == "json":
        print_json(report)
    else:
        show(console(), _parts(report, options["settings"]))
    return 0 if report.equal else 1


def _report(network: str, inputs: str | None, options: Mapping[str, Any]) -> VerifyReport:
    """What every layer and every output comes to, in both."""
    from acortex.programs.compiler import compile_graph
    from acortex.programs.emit.program import names_of
    from acortex.programs.layer_codes import MapCodes, layer_codes
    from acortex.sim.run import run
    from acortex.tools.open.arrays import read_arrays
    from acortex.tools.open.machine import machine_of
    from acortex.tools.results import VerifyReport

    chip = chip_for(network, options["chip"], options["settings"])
    machine = machine_of(chip)
    mapping = mapping_of(network, options["mapping"])
    own = read_arrays(inputs) if inputs is not None else None
    how = Compiling(
        mapping,
        options["calibration"],
        own,
        options["dims"],
        host=options["host"],
        quantise=options["quantise"],
    )
    whole = quantised_graph(network, machine, how, drop_lrn=options["drop_lrn"])
    graph = replace(whole, unread=())  # there is nothing to compare of them
    compiled = compile_graph(graph, machine, mapping)
    names = names_of(compiled.plan)
    given = _given(graph, compiled.program, names, own)
    result = run(
        compiled.program,
        chip,
        inputs={names[name]: values for name, values in given.items()},
        timing=False,
        keep_layers=True,
    )
    layers = layer_codes(graph, MapCodes(compiled.plan, result.layers))
    wanted = _onnxruntime(graph, given, list(dict.fromkeys(part.map for parts in layers.values() for part in parts)))
    rows = [
        _row(layer.name, layer.op, part.codes, wanted[f"codes of {part.map}"][:, part.channels])
        for layer in graph.layers
        for part in layers[layer.name]
    ]
    shown = [port.name for port in graph.outputs if not port.host] + [one.name for one in graph.results]
    rows += [_row(name, "output", result.outputs[names[name]], wanted[name]) for name in shown]
    return VerifyReport(
        network=graph.name,
        chip=chip.name,
        inferences=len(next(iter(given.values()))),
        equal=not any(row.different for row in rows),
        numbers=sum(row.numbers for row in rows),
        first=next((row for row in rows if row.different), None),
        layers=rows,
        warnings=list(graph.warnings),
    )


def _row(layer: str, op: str, found: NDArray[Any], wanted: NDArray[Any]) -> VerifiedLayer:
    """How what a layer wrote compares: numbers, those that differ, and the first of them."""
    import numpy as np

    from acortex.tools.results import VerifiedLayer

    wanted = wanted.reshape(found.shape)
    differs = found != wanted
    row = VerifiedLayer(name=layer, op=op, numbers=differs.size, different=int(differs.sum()))
    if not row.different:
        return row
    at = tuple(int(n) for n in np.unravel_index(int(differs.argmax()), differs.shape))
    return row.model_copy(update={"at": list(at), "chip": float(found[at]), "reference": float(wanted[at])})


def _given(
    graph: LayerGraph, program: Program, names: Mapping[str, str], own: NDArray[Any] | dict[str, NDArray[Any]] | None
) -> dict[str, NDArray[Any]]:
    """Inputs by the model's names: the user's, the network's own first few, or seeded random ones."""
    import numpy as np

    from acortex.isa.arithmetic.tensors import accept
    from acortex.programs.front import in_type

    found: dict[str, NDArray[Any]] = {name: values[:SAMPLES] for name, values in graph.samples.items()}
    if own is not None:
        found = dict(own) if isinstance(own, dict) else {port.name: own for port in graph.given[:1]}
    rng = np.random.default_rng(0)
    tensors = {tensor.name: tensor for tensor in program.inputs}
    for port in graph.given:
        tensor = tensors[names[port.name]]
        if own is None and port.name not in found:
            found[port.name] = _random(port, tensor, rng)
        if port.name not in found:
            raise UsageError(f"input {port.name} is missing", hint="give an .npz by input name")
        accept(tensor, found[port.name])
        if tensor.encode == "linear":  # onnxruntime takes no other type, and rounding could make another code
            found[port.name] = in_type(found[port.name], port.dtype, f"input {port.name}")
    counts = {port.name: len(found[port.name]) for port in graph.given}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise UsageError(f"the inputs have different numbers of inferences: {told}")
    return {name: found[name] for name in counts}


def _random(port: Port, tensor: Tensor, rng: np.random.Generator) -> NDArray[Any]:
    """Numbers for an input of a few inferences, of the model's type: of floats all codes are equally likely."""
    import numpy as np

    from acortex.isa.arithmetic.tensors import decode
    from acortex.programs.front import drawn

    if tensor.encode == "linear" and np.dtype(port.dtype).kind != "f":
        return drawn(rng, port.dtype, (RANDOM, *tensor.shapes[0]), port.high)
    codes = rng.integers(0, 2 if tensor.encode == "binary" else 1 << tensor.bits, (RANDOM, *tensor.shapes[0]))
    return decode(tensor, codes.astype("uint8"))


def _onnxruntime(graph: LayerGraph, given: Mapping[str, Any], maps: Sequence[str]) -> dict[str, NDArray[Any]]:
    """What onnxruntime makes of the reference, one inference per row: outputs by name, and the codes of maps."""
    import numpy as np
    import onnxruntime

    from acortex.programs.reference.layers import reference

    session = onnxruntime.InferenceSession(reference(graph, maps).SerializeToString())
    rows = []
    for n in range(len(next(iter(given.values())))):
        feed = {port.name: given[port.name][n].reshape(port.shape).astype(port.dtype) for port in graph.given}
        rows.append(session.run(None, feed))
    names = [one.name for one in session.get_outputs()]
    outputs = {port.name for port in graph.outputs} | {one.name for one in graph.results}
    made = {name: np.stack([row[n] for row in rows]) for n, name in enumerate(names)}
    return {name: array if name in outputs else array[:, 0] for name, array in made.items()}


def _parts(report: Mapping[str, Any], settings: Sequence[str]) -> Iterator[RenderableType]:
    """Whether the two are equal, and where not; `settings` were laid over the chip."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from acortex.documents import chip_label

    first = report["first"]
    verdict = "equal, number for number" if first is None else f"different from {first['name']} on"
    yield Text.assemble(
        (report["network"], "bold cyan"), " on ", (chip_label(report["chip"], settings), "bold cyan"),
        " and in onnxruntime: ",
        (verdict, "bold green" if first is None else "bold red"),
    )  # fmt: skip
    numbers, layers = report["numbers"], len(report["layers"])
    yield Text(f"{numbers:,} numbers of {layers} layers and outputs, {report['inferences']} inferences", style="dim")
    if first is None:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("layer", "operator", "different", "of", "first at", "chip", "reference"):
        table.add_column(name, justify="left" if name in ("layer", "operator") else "right")
    for row in report["layers"]:
        if row["different"]:
            at = ", ".join(map(str, row["at"]))
            cells = (f"{row['different']:,}", f"{row['numbers']:,}", at, f"{row['chip']:g}", f"{row['reference']:g}")
            table.add_row(row["name"], row["op"], *cells)
    yield Padding(table, (1, 0, 0, 2), expand=False)
