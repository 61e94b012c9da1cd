"""A network compiled for several chips: a program for each, and the file of the system that joins them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acortex.tools.open.networks import USUAL, Compiling, machine_for, mapping_of, quantised_graph
from acortex.tools.open.systems import PRICE, RATE, TIME, link_of, relative

if TYPE_CHECKING:
    from acortex.programs.chips.results import ChipPart, DivisionReport
    from acortex.programs.compiler import Compiled
    from acortex.programs.graph import LayerGraph
    from acortex.programs.quantise.progress import Progress
    from acortex.sim.system.parts import System


@dataclass(frozen=True, eq=False)
class Divided:
    """A network on several chips: the whole as a layer graph, and each part compiled."""

    graph: LayerGraph
    parts: tuple[Compiled, ...]

    def reference(self) -> bytes:
        """The whole quantised network as an ONNX file, whose outputs the chips together equal bit for bit."""
        from acortex.programs.reference.layers import reference

        data: bytes = reference(self.graph).SerializeToString()
        return data


def divided_network(
    reference: str,
    chip: str | None,
    settings: Sequence[str],
    chips: int | None,
    how: Compiling = USUAL,
    *,
    drop_lrn: bool = False,
    progress: Progress | None = None,
) -> Divided:
    """The programs of a network for so many chips, all like that of `chip_for`; for the fewest where `chips` is None.

    Raises the errors of `acortex.programs.quantised` and of `acortex.programs.chips.balance.divided`.
    """
    from acortex.programs.chips.balance import divided
    from acortex.programs.compiler import compile_graph

    mapping, machine = mapping_of(reference, how.mapping), machine_for(reference, chip, settings)
    graph = quantised_graph(reference, machine, how, drop_lrn=drop_lrn, any_size=True, progress=progress)
    parts = divided(graph, machine, chips, mapping)
    return Divided(graph, tuple(compile_graph(part, machine, mapping) for part in parts))


def program_files(found: Divided, system: str) -> list[str]:
    """Where the program of each part lies: beside the system's file, its name and the number of the chip."""
    path = Path(system)
    return [str(path.with_name(f"{path.stem}-{number}.acx")) for number in range(len(found.parts))]


def system_text(found: Divided, system: str, chip: str | None, settings: Sequence[str]) -> str:
    """The file of a system whose programs lie where `program_files` says. `chip` and `settings` are those of each."""
    from acortex.isa.container import sha256

    joined = link_of({}, ())
    lines = [
        f"# {found.graph.name} on {len(found.parts)} chips, written by acortex compile --chips.",
        f"name = {_quoted(found.graph.name)}",
        "",
        "[link]",
        *(f"{key} = {getattr(joined, key)}" for key in (RATE, TIME, PRICE)),
    ]
    for part, file in zip(found.parts, program_files(found, system), strict=True):
        lines += [
            "",
            "[[stages]]",
            f"name = {_quoted(part.program.name)}",
            f"program = {_quoted(relative(file, system))}",
            f'sha256 = "{sha256(part.program)}"',
        ]
        if chip is not None:
            beside = relative(chip, system) if Path(chip).suffix else chip
            lines.append(f"chip = {_quoted(beside)}")
        if settings:
            lines.append(f"settings = [{', '.join(map(_quoted, settings))}]")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text as TOML has it, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _part(part: Compiled, program: str | None, sent: int) -> ChipPart:
    """What one chip does of a network."""
    from acortex.programs.chips.results import ChipPart

    report = part.report
    return ChipPart(
        name=part.program.name,
        program=program,
        layers=[layer.name for layer in part.plan.graph.layers],
        arrays_used=report.arrays_used,
        arrays_in_chip=report.arrays_in_chip,
        memory_peak_bytes=report.memory_peak_bytes,
        instructions=report.instructions,
        macs=sum(layer.macs for layer in report.layers),
        words_sent=sent,
    )


def division_report(found: Divided, system: System, output: str | None) -> DivisionReport:
    """How a network was divided; `system` is what its parts make."""
    from acortex.programs.chips.results import DivisionReport

    names = [None] * len(found.parts) if output is None else [Path(one).name for one in program_files(found, output)]
    sent = [sum(wire.words for wire in system.wires if wire.source == one) for one in range(len(found.parts))]
    parts = [_part(*one) for one in zip(found.parts, names, sent, strict=True)]
    return DivisionReport(
        network=found.graph.name,
        chip=found.parts[0].report.chip,
        output=output,
        parts=parts,
        host_nodes=list(found.graph.host_nodes),
        warnings=list(found.graph.warnings),
    )
