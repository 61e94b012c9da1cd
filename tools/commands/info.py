"""`acortex info`: what a program is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.open.programs import open_program, program_argument
from acortex.units import percent
from acortex.wording import count, shape_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.isa.results import ProgramInfo, TensorInfo


@click.command()
@program_argument
@format_option
def info(program: str, form: str) -> None:
    """Show what a program is for: chip, tensors with shapes and codings, layers, sizes."""
    from acortex.isa.summary import summary

    report = summary(open_program(program))
    if form == "json":
        print_json(report)
    else:
        show(console(), _parts(report))


def _parts(report: ProgramInfo) -> Iterator[RenderableType]:
    """A program from the outside in: what for, what goes in and out, how large, its layers."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    head = report.program
    yield Text.assemble((head.name, "bold cyan"), " for ", (report.chip, "bold cyan"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    for name, text in _facts(report):
        table.add_row(name, Text(text))
    yield Padding(table, (1, 0, 0, 2), expand=False)
    if report.layers:
        yield Padding(_layers(report), (1, 0, 0, 2), expand=False)


def _facts(report: ProgramInfo) -> Iterator[tuple[str, str]]:
    yield from (("input", _tensor(tensor)) for tensor in report.inputs)
    yield from (("output", _tensor(tensor)) for tensor in report.outputs)
    for result in report.results:
        yield "output", f"{result.name}  {shape_text(result.shape)}, {result.type}, made by the host"
    if report.parts:
        size = sum(one.bytes for one in report.parts)
        yield "host", f"{count(len(report.parts), 'part')} of the network, {size:,} bytes; onnxruntime computes them"
    yield "instructions", f"{report.program.instructions:,}"
    yield from _data(report)
    macs = report.macs
    runs = "one inference" if report.macs_inferences == 1 else count(report.macs_inferences, "inference")
    yield "macs", "not counted" if macs is None else f"{macs:,} for {runs}"
    if report.samples:
        labelled = " with labels" if report.labels else ""
        yield "samples", f"{report.samples:,}{labelled}"
    yield "sha256", report.program.sha256


def _data(report: ProgramInfo) -> Iterator[tuple[str, str]]:
    """What a program brings along: weights, tables of constants, words of main memory."""
    if weights := report.weights:
        cells = sum(one.rows * one.columns for one in weights)
        size = sum(one.bytes for one in weights)
        yield "weights", f"{count(len(weights), 'matrix', 'matrices')}, {cells:,} weights, {size:,} bytes"
    if constants := report.constants:
        columns = sum(one.columns for one in constants)
        yield "constants", f"{count(len(constants), 'table')} for {count(columns, 'neuron')}"
    if report.memory:
        words = sum(piece.words for piece in report.memory)
        yield "memory", f"{count(words, 'word')} before anything runs"


def _tensor(tensor: TensorInfo) -> str:
    """A tensor in a line: its name, its forms, what its codes mean, where they lie."""
    forms = " or ".join(map(shape_text, tensor.shapes))
    coding = tensor.encode
    if coding == "linear":
        code = f"(code - {tensor.zero})" if tensor.zero else "code"
        coding = f"{code} * {tensor.scale!r}"
    axes = f", axes {'.'.join(map(str, tensor.axes))}" if tensor.axes else ""
    packed = f", {tensor.packed} a word" if tensor.packed > 1 else ""
    words = count(tensor.words, "word")
    return f"{tensor.name}  {forms}, {coding}, {count(tensor.bits, 'bit')}{axes}{packed}, {words}"


def _layers(report: ProgramInfo) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("layer", style="cyan", no_wrap=True)
    table.add_column("macs", justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    outside = report.macs_outside_layers
    layers = [(layer.name, layer.macs) for layer in report.layers]
    for name, macs in (*layers, *([("-", outside)] if outside else ())):
        table.add_row(name, "-" if macs is None else f"{macs:,}", percent(macs or 0, report.macs or 0))
    return table
