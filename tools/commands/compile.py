"""`acortex compile`: maps a network onto a chip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import UsageError
from acortex.tools.commands.compile_chips import chips_option, compile_for_chips
from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import Working
from acortex.tools.open.chip_options import CHIP, chip_files, complete, set_option
from acortex.tools.open.network_options import (
    calibration_option,
    carry_option,
    dim_option,
    fill_option,
    host_option,
    mapping_option,
    quantise_option,
)
from acortex.tools.open.networks import EVERY, SIZES, WORST, ZOO, Compiling, compiled
from acortex.tools.open.programs import files_of
from acortex.units import percent
from acortex.wording import shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.programs.compiler import Compiled
    from acortex.programs.results import CompileReport


@click.command("compile")
@click.argument("model", metavar="MODEL.onnx", type=click.Path())
@click.option("-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the program here.")
@calibration_option
@click.option(
    "--chip",
    metavar="CHIP",
    type=CHIP,
    shell_complete=complete,
    help="A built-in chip or a .toml; else acortex_gnmt.",
)
@set_option
@mapping_option
@dim_option
@quantise_option
@fill_option
@carry_option
@host_option
@click.option("--smallest-chip", is_flag=True, help="Compile for the smallest chip that holds the network.")
@click.option("--reference", metavar="REF.onnx", type=click.Path(), help="Write the quantised network as ONNX here.")
@click.option("--emit-asm", metavar="OUT.s", type=click.Path(), help="Write the program's text, and its arrays beside.")
@click.option("--drop-lrn", is_flag=True, help="Leave local response normalisation out.")
@click.option("--explain", is_flag=True, help="Print where each layer lies, what limits it, and which loses most.")
@click.option("--sensitivity", is_flag=True, help="Print what the rounding of each layer costs the outputs.")
@chips_option
@format_option
def compile_(model: str, form: str, **options: Any) -> None:
    """Map a network onto a chip: quantise, place, plan memory, schedule, write the program.

    The network is MODEL.onnx or zoo:NAME. Weights that are not quantised yet get the width of the chip's codes, 4 bits;
    ranges of activations come from --calibration.
    """
    how = Compiling(
        options["mapping"],
        options["calibration"],
        dims=options["dims"],
        fill_weights=options["fill_weights"],
        quantise=options["quantise"],
        carry=options["carry"],
        host=options["host"],
    )
    if options["chips"] is not None:
        compile_for_chips(model, form, options, how)
        return
    _check_files(model, form, options)
    with Working("compiling") as bar:
        made = compiled(
            model,
            options["chip"],
            options["settings"],
            how,
            drop_lrn=options["drop_lrn"],
            smallest_chip=options["smallest_chip"],
            measured=_measured(model, options),
            progress=bar,
        )
        report = _priced(model, made, options)
    _write(made, options)
    if form == "json":
        print_json(report)
    else:
        out = console(err=files.STANDARD in (options["output"], options["reference"]))
        parts = _parts(report, made.columns // 2 if options["explain"] else None, options["settings"])
        by_layer = options["explain"] or options["sensitivity"]
        show(out, chain(parts, _sensitivity(report) if options["sensitivity"] else ()), whole=by_layer)


LONGEST_SHOWN = 60
"""Characters of the names of layers in tables; longer ones are shortened, so that all differ. JSON has them whole."""


def _measured(model: str, options: Mapping[str, Any]) -> int:
    """Of how many layers it is measured what they cost: networks of the zoo, some of them large, are not explained."""
    if options["sensitivity"]:
        return EVERY
    return WORST if options["explain"] and not model.startswith(ZOO) else 0


def _sensitivity(report: CompileReport) -> Iterator[RenderableType]:
    """What the rounding of each layer costs, the costliest first."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("layer", "operator", "signal to noise", "correlation without", "gain"):
        left = name in ("layer", "operator")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "layer", overflow="fold")
    shown = shortened((row.layer for row in report.sensitivity), LONGEST_SHOWN)
    for row in report.sensitivity:
        without = row.output_correlation_without
        gain = without - (report.output_correlation or 0)
        table.add_row(shown[row.layer], row.op, f"{row.sqnr_db:.1f} dB", f"{without:.4f}", f"{gain:+.4f}")
    yield Padding(table, (1, 0, 0, 2), expand=False)


def _priced(model: str, made: Compiled, options: Mapping[str, Any]) -> CompileReport:
    """The report, with time and energy of the parts of a divided network; of the smallest chip these are not told."""
    from acortex.tools.open.networks import chip_for
    from acortex.tools.open.partitions import priced

    if not made.plan.graph.parts or options["smallest_chip"]:
        return made.report
    return priced(made, chip_for(model, options["chip"], options["settings"]))


def _check_files(model: str, form: str, options: Mapping[str, Any]) -> None:
    """Refuses outputs that cannot be written, or that are inputs or each other, before any work is done."""
    read = (
        *files_of(model, "MODEL.onnx"),
        ("--calibration", options["calibration"]),
        *chip_files("--chip", options["chip"]),
    )
    written = [("-o", options["output"]), ("--reference", options["reference"]), ("--emit-asm", options["emit_asm"])]
    text = options["emit_asm"]
    if text == files.STANDARD:
        raise UsageError("--emit-asm writes two files", hint="give it a path")
    if text and not Path(text).is_dir():
        written.append(("the arrays of --emit-asm", str(_arrays_of(text))))
    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart(read, (*written, json))
    for _, path in written:
        if path:
            files.check_writable(path)


def _write(compiled: Compiled, options: Mapping[str, Any]) -> None:
    """Writes the requested files, once all are made: where one cannot be made, none is written."""
    made: list[tuple[str, bytes | str]] = []
    if options["output"]:
        from acortex.isa.container import dumps

        made.append((options["output"], dumps(compiled.program)))
    if options["reference"]:
        made.append((options["reference"], compiled.reference()))
    if options["emit_asm"]:
        made += _text(compiled, options["emit_asm"])
    for path, content in made:
        files.write(path, content)


def _arrays_of(path: str) -> Path:
    """The file of arrays beside an assembly text, which names it in quotes."""
    name = Path(path).name
    if not name.isprintable() or any(letter in name for letter in '"\\'):
        raise UsageError(f"--emit-asm cannot name {name!r} in a text", hint="give it a plainer name")
    return Path(path).with_name(f"{Path(path).stem}.npz")


def _text(compiled: Compiled, path: str) -> list[tuple[str, bytes | str]]:
    """The file of arrays that the assembly text names, then the text."""
    from io import BytesIO

    import numpy as np

    from acortex.programs.emit.program import ARRAYS

    packed = BytesIO()
    np.savez(packed, allow_pickle=False, **compiled.arrays)
    arrays = _arrays_of(path)
    text = compiled.text.replace(f'file="{ARRAYS}"', f'file="{arrays.name}"')
    return [(str(arrays), packed.getvalue()), (path, text)]


def _parts(report: CompileReport, half: int | None, settings: Sequence[str]) -> Iterator[RenderableType]:
    """What a compilation came to, for people; layer by layer where the columns of the left blocks are given.

    `settings` were laid over the chip.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from acortex.documents import chip_label

    yield Text.assemble((report.network, "bold cyan"), " for ", (chip_label(report.chip, settings), "bold cyan"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    for name, text in _facts(report):
        table.add_row(name, Text(text))
    yield Padding(table, (1, 0, 0, 2), expand=False)
    if any(row.part == "host" for row in report.partition[:-1]):
        yield Padding(_partition(report), (1, 0, 0, 2), expand=False)
    if half is not None:
        yield Padding(_layers(report, half), (1, 0, 0, 2), expand=False)


EFFORT_TEXTS = {"fast": "each layer's alone (fast)", "best": "layer by layer (best)"}
"""How levels were chosen, in words."""


def _facts(report: CompileReport) -> Iterator[tuple[str, str]]:
    used, chip, least = report.arrays_used, report.arrays_in_chip, report.arrays_least
    apart = " with dense rows, each group of a convolution apart"
    yield "arrays", f"{used:,} of {chip:,}, {percent(used, chip)}; {least:,}{apart}"
    yield "memory", f"{report.memory_peak_bytes:,} bytes at most"
    yield "instructions", f"{report.instructions:,}"
    yield "mapping", report.mapping
    if report.calibration:
        yield "ranges from", report.calibration
    if report.quantise:
        yield "levels", EFFORT_TEXTS[report.quantise]
    if report.output_correlation is not None:
        yield "correlation", f"{report.output_correlation:.4f} of the outputs with those in floating point"
    if report.sensitivity:
        worst = report.sensitivity[0]
        without = f"{worst.output_correlation_without:.4f} were it exact"
        yield "loses most", f"{worst.layer}, {worst.sqnr_db:.1f} dB of its own; {without}"
    sizes = report.smallest_chip
    known = [(path, getattr(sizes, part)) for part, paths in SIZES.items() for path in paths]
    yield "smallest chip", ", ".join(f"{path}={size}" for path, size in known if size is not None)
    yield from _of_host(report)


def _of_host(report: CompileReport) -> Iterator[tuple[str, str]]:
    """What the host does: by name at the end of a network, by its share of the multiplications between parts."""
    rows = report.partition
    if not any(row.part == "host" for row in rows[:-1]):
        if report.host_nodes:
            yield "left to the host", ", ".join(report.host_nodes)
        return
    on_chip, all_macs = (sum(row.macs for row in some) for some in ([row for row in rows if row.part == "chip"], rows))
    yield (
        "on the chip",
        f"{percent(on_chip, all_macs)} of the multiplications; the host does {len(report.host_nodes)} nodes",
    )
    words = sum(row.words_in + row.words_out for row in rows if row.part == "host")
    time = sum(row.latency_s or 0.0 for row in rows if row.part == "host")
    yield "moved", f"{words:,} words between the two for each inference; the host's own time is {time * 1e6:,.1f} us"


def _partition(report: CompileReport) -> RenderableType:
    """What the chip and the host do, part by part."""
    from rich.table import Table

    from acortex.units import scaled

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("part", "nodes", "macs", "words in", "words out", "time", "energy"):
        table.add_column(name, justify="left" if name == "part" else "right", no_wrap=True)
    for row in report.partition:
        time = "-" if row.latency_s is None else scaled(row.latency_s, "s")
        energy = "-" if row.energy_j is None else scaled(row.energy_j, "J")
        counts = (f"{len(row.nodes):,}", f"{row.macs:,}", f"{row.words_in:,}", f"{row.words_out:,}")
        table.add_row(row.part, *counts, time, energy)
    return table


def _layers(report: CompileReport, half: int) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("layer", "arrays", "cells used", "in columns", "macs", "memory words", "cycles", "limited by"):
        left = name in ("layer", "in columns", "limited by")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "layer", overflow="fold")
    names = {layer.name: " + ".join((layer.name, *layer.fused)) for layer in report.layers}
    shown = shortened(names.values(), LONGEST_SHOWN)
    for layer in report.layers:
        starts = [rect.column + half * (rect.block % 2) for rect in layer.group]
        ends = [start + rect.columns - 1 for start, rect in zip(starts, layer.group, strict=True)]
        table.add_row(
            shown[names[layer.name]],
            f"{layer.arrays:,}",
            "-" if layer.utilisation is None else percent(layer.utilisation),
            f"{min(starts)} to {max(ends)}" if starts else "-",
            f"{layer.macs:,}",
            f"{layer.memory_accesses:,}",
            f"{layer.cycles:,}",
            layer.bottleneck,
        )
    return table
