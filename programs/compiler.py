"""The compiler's back: a layer graph onto a machine, step by step; each step's result is there to be looked at.

layer graph -> passes -> placement -> memory -> schedule -> assembly text -> program
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError, ManyErrors, raise_all
from acortex.isa.asm.assembler import assemble
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.machine import Machine
from acortex.isa.program import Program, compiled_file
from acortex.programs.emit.program import ARRAYS, emit
from acortex.programs.graph import Layer, LayerGraph, Product, Recurrent
from acortex.programs.mapping.exchanges import arrange, events
from acortex.programs.mapping.limits import MAX_INSTRUCTIONS, check_passes, check_schedule
from acortex.programs.mapping.loops import rolled
from acortex.programs.mapping.memory_plan import WORD_BYTES, kilobytes, least_memory, plan_memory
from acortex.programs.mapping.passes import Lowered, Pass, matrices
from acortex.programs.mapping.placement import Rect, Tiles, place, smallest, tiles_of
from acortex.programs.mapping.plan import Plan
from acortex.programs.mapping.schedule import order_exchanges, schedule
from acortex.programs.mapping.to_passes import STORES, UnsupportedLayer, lower, pack_inputs
from acortex.programs.partition_report import partition
from acortex.programs.results import CompileReport


class TooLong(AcortexError):
    """A program that does not fit the instruction memory."""


class CodesTooWide(AcortexError):
    """A network whose codes have more bits than the chip's converters."""


class CompilerFault(AcortexError):
    """A text of the compiler that does not assemble: no fault of the network or of its user."""

    def __init__(self, network: str, layer: str, reason: str) -> None:
        place = f" at the layer {layer}" if layer else ""
        super().__init__(
            f"the compiler wrote a program for {network} that does not assemble{place}: {reason}",
            hint="this is a fault of acortex; please report it with the network. Nothing was written",
        )


LAYER_MARK = re.compile(r'\s*layer\s+"?([^"]+)"?')
"""The line of a compiled text that begins a layer."""


@dataclass(frozen=True, eq=False, repr=False)
class Compiled:
    """A compiled network: the program, its text with the arrays that it names, and how it was planned."""

    program: Program
    text: str
    arrays: dict[str, NDArray[np.generic]]
    plan: Plan
    report: CompileReport
    """How it was mapped."""
    columns: int
    """Columns of arrays of the chip that it is for."""

    def reference(self) -> bytes:
        """The quantised network as an ONNX file: onnxruntime gives the ideal chip's outputs for it, bit for bit."""
        from acortex.programs.reference.layers import reference

        data: bytes = reference(self.plan.graph).SerializeToString()
        return data

    def __repr__(self) -> str:
        found = self.report
        return (
            f"Compiled({found['network']} for {found['chip']}, {found['arrays_used']:,} of {found['arrays_in_chip']:,}"
            f" arrays, {found['instructions']:,} instructions)"
        )


def compile_graph(graph: LayerGraph, machine: Machine, mapping: str = "best") -> Compiled:
    """Compiles a network for a machine. `mapping` is one of `MAPPINGS` in `acortex.programs.choices`.

    Raises the errors of the steps: CodesTooWide, PlacementError, MemoryFull, UnsupportedLayer, BeyondProgram, TooLong.
    """
    plan = plan_graph(graph, machine, mapping)
    text, arrays = emit(plan)
    most = min(machine.instruction_words, MAX_INSTRUCTIONS)
    if instructions_of(text) > most:
        plan = _shorter(plan, graph, machine, mapping, most)
        text, arrays = emit(plan)
    size = instructions_of(text)
    if size > most:
        possible = size <= MAX_INSTRUCTIONS
        hint = f"take a chip with instruction_memory.words={size}" if possible else "compile the network in parts"
        holds = (
            f"{machine.name} holds {most}" if most == machine.instruction_words else f"no chip holds more than {most}"
        )
        raise TooLong(f"the program has {size} instructions, and {holds}", hint=hint)
    program = _assembled(graph.name, text, arrays)
    return Compiled(program, text, arrays, plan, _report(plan, machine, size, mapping), machine.columns)


JOINED = (2, 4, 8)
"""Words of outputs that passes of a convolution in groups make, one after the other, until a program fits."""


def _shorter(plan: Plan, graph: LayerGraph, machine: Machine, mapping: str, most: int) -> Plan:
    """A plan of at most so many instructions, with fewer passes on more arrays; the plan given where there is none."""
    weightless = replace(graph, weightless=True)  # the instructions are the same, and no matrix is filled
    for joined in JOINED:
        try:
            found = plan_graph(weightless, machine, mapping, joined)
        except AcortexError:  # more arrays, or larger windows, than the chip has
            break
        if instructions_of(emit(found)[0]) <= most:
            return plan_graph(graph, machine, mapping, joined)
    return plan


def _assembled(name: str, text: str, arrays: dict[str, NDArray[np.generic]]) -> Program:
    """The program of a compiled text, which the steps before it see to that it assembles."""
    try:
        return assemble(text, file=compiled_file(name), arrays={ARRAYS: arrays})
    except AcortexError as error:
        first = error.errors[0] if isinstance(error, ManyErrors) else error
        line = first.line if isinstance(first, Diagnostic) else 0
        raise CompilerFault(name, _layer_at(text, line), first.message) from error


def _layer_at(text: str, line: int) -> str:
    """The layer to which a line of a compiled text belongs; empty for what stands before all of them."""
    marks = [found.group(1) for one in text.splitlines()[:line] if (found := LAYER_MARK.fullmatch(one))]
    return marks[-1] if marks else ""


def instructions_of(text: str) -> int:
    """The instructions of a text, each of which has a line of its own: all lines but directives, remarks and gaps."""
    return sum(line.lstrip()[:1] not in ("", ";", ".") for line in text.splitlines())


def plan_graph(graph: LayerGraph, machine: Machine, mapping: str = "best", joined: int = 1) -> Plan:
    """All steps but the writing; `mapping` and `joined` are those of `lower`."""
    _check_codes(graph, machine)
    graph = pack_inputs(graph)
    beyond: list[AcortexError] = []
    lowered = lower(graph, machine, mapping, beyond, joined)
    check_passes(graph, lowered.passes)
    lowered.passes, exchanges = arrange(graph, lowered.passes, lowered.layouts)
    inputs, outputs = exchanges.inputs, exchanges.outputs
    carried = [port.map for port in graph.inputs if port not in graph.fed]
    with _noted(beyond):
        placement = place(_tiles(lowered.passes), machine)
    with _noted(beyond):
        turn = events(lowered.passes, exchanges)
        memory = plan_memory(turn, lowered.layouts, inputs, outputs, machine, tuple(lowered.constants))
    raise_all(beyond)
    places = next(iter(memory.rings.values()), 1)
    order = schedule(lowered.passes, inputs, outputs, places, memory.lent, carried)
    order_exchanges(order, lowered.passes, exchanges)
    check_schedule(graph, order)
    sections = rolled(lowered.passes, order, {one.before for one in exchanges.between})
    return Plan(graph, machine.name, lowered, placement, memory, order, sections, exchanges)


def _check_codes(graph: LayerGraph, machine: Machine) -> None:
    """Raises CodesTooWide where the converters of a machine have fewer bits than the network's codes."""
    bits = max((one.coding.bits for one in graph.maps.values()), default=0)
    if bits > machine.bits:
        raise CodesTooWide(
            f"the codes of {graph.name} have {bits} bits, and the converters of {machine.name} {machine.bits}",
            hint=f"quantise the network with bits={machine.bits}",
        )


@contextmanager
def _noted(beyond: list[AcortexError]) -> Iterator[None]:
    """Notes what a step lacks of the machine, so that the next one is looked at, too."""
    try:
        yield
    except AcortexError as error:
        beyond.append(error)


def smallest_chip(graph: LayerGraph, machine: Machine, mapping: str = "best") -> dict[str, int]:
    """The sizes of the smallest chip for a network, otherwise like a machine: m_top, m_bottom, n and memory_kb.

    Stores of the machine that are too small are as large as they must be, and named beside: buffer_words, line_words,
    output_words, state_words, instruction_words. Those that suffice stay as they are, and are left out.
    """
    packed = pack_inputs(graph)
    grown, lowered = _with_room(packed, machine, mapping)
    passes, around = arrange(packed, lowered.passes, lowered.layouts)
    turn = events(passes, around)
    least = least_memory(turn, lowered.layouts, around.inputs, around.outputs, tuple(lowered.constants))
    least_kb = max(kilobytes(least), 1)  # a network that hands an input on needs no word
    arrays = smallest(_tiles(lowered.passes), machine)
    chip = replace(
        grown,
        m_top=arrays.m_top,
        m_bottom=arrays.m_bottom,
        columns=2 * arrays.n,
        memory_words=least_kb * 1024 // WORD_BYTES,
        instruction_words=MAX_INSTRUCTIONS,
    )
    weightless = replace(graph, weightless=True)  # the instructions are the same, and no matrix is filled
    size = instructions_of(emit(plan_graph(weightless, chip, mapping))[0])
    chip = replace(chip, instruction_words=max(size, machine.instruction_words))
    found = {name: getattr(chip, name) for name in (*STORES, "instruction_words")}
    raised = {name: words for name, words in found.items() if words != getattr(machine, name)}
    return arrays._asdict() | {"memory_kb": least_kb} | raised


def _with_room(graph: LayerGraph, machine: Machine, mapping: str) -> tuple[Machine, Lowered]:
    """The machine with stores as large as a network needs, and the network's passes on it."""
    while True:
        beyond: list[AcortexError] = []
        lowered = lower(graph, machine, mapping, beyond)
        needed: dict[str, Any] = {
            one.store: one.needed for one in beyond if isinstance(one, UnsupportedLayer) and one.store
        }
        if not needed:
            raise_all(beyond)
            return machine, lowered
        # A larger store may let more layers be fused, which then need more of another: hence a loop, of larger stores.
        machine = replace(machine, **needed)


def _tiles(passes: list[Pass]) -> list[Tiles]:
    """The sizes of all groups, in order."""
    return [matrix.tiles for matrix in matrices(passes)]


def _report(plan: Plan, machine: Machine, size: int, mapping: str) -> CompileReport:
    """How a plan uses the machine."""
    tiles = _tiles(plan.passes)
    report = {
        "network": plan.graph.name,
        "chip": machine.name,
        "arrays_used": sum(group.arrays for group in tiles),
        "arrays_least": sum(_least(layer, machine.k) for layer in plan.graph.layers),
        "arrays_in_chip": machine.arrays,
        "memory_peak_bytes": plan.memory.peak * WORD_BYTES,
        "instructions": size,
        "smallest_chip": smallest(tiles, machine)._asdict() | {"memory_kb": kilobytes(plan.memory.least)},
        "layers": _layers(plan, machine),
        "host_nodes": list(plan.graph.host_nodes),
        "partition": partition(plan),
        "mapping": mapping,
        "calibration": plan.graph.calibration or None,
        "quantise": plan.graph.quantise or None,
        **_losses(plan.graph),
        "warnings": list(plan.graph.warnings),
    }
    return CompileReport.model_validate(report)


def _losses(graph: LayerGraph) -> dict[str, object]:
    """What rounding costs, as the report has it; nothing where that was not measured."""
    if graph.losses is None:
        return {}
    rows = [
        {
            "layer": one.layer,
            "op": one.op,
            "sqnr_db": round(one.sqnr_db, 2),
            "output_correlation_without": round(one.correlation_without, 6),
        }
        for one in graph.losses.layers
    ]
    return {"output_correlation": round(graph.losses.correlation, 6), "sensitivity": rows}


def _least(layer: Layer, k: int) -> int:
    """The fewest arrays that hold a layer: dense rows, one set of tiles for each group of a convolution."""
    if isinstance(layer, Recurrent):
        matrices = (layer.weights,) if layer.weights_n is None else (layer.weights, layer.weights_n)
        return sum(tiles_of(rows, columns, k).arrays for rows, columns in (matrix.shape for matrix in matrices))
    if not isinstance(layer, Product):
        return 0
    height, width, inside, outputs = layer.weights.shape
    return layer.groups * tiles_of(height * width * inside, outputs // layer.groups, k).arrays


def _layers(plan: Plan, machine: Machine) -> list[dict[str, Any]]:
    """One entry per pass of the layers of the report; passes of one layer are taken together."""
    found: dict[str, dict[str, Any]] = {}
    groups = dict(zip(matrices(plan.passes), plan.placement.groups, strict=True))
    cells = machine.k**2
    for step in plan.passes:
        entry = found.setdefault(
            step.name,
            {
                "name": step.name,
                "op": step.layers[0].op,
                "fused": [other.name for other in step.layers[1:]],
                "group": [],
                "arrays": 0,
                "utilisation": None,
                "macs": 0,
                "array_operations": 0,
                "memory_accesses": 0,
                "cycles": 0,
                "bottleneck": "",
            },
        )
        if step.multiply is not None:
            matrix = step.multiply.matrix
            arrays = matrix.tiles.arrays
            if matrix in groups:
                used = (entry["utilisation"] or 0) * entry["arrays"] * cells + matrix.weights
                entry["group"] += [part for rect in groups.pop(matrix) for part in in_blocks(rect, machine)]
                entry["arrays"] += arrays
                entry["utilisation"] = used / (entry["arrays"] * cells)
            entry["macs"] += matrix.weights * step.multiply.positions
            entry["array_operations"] += arrays * step.multiply.positions
        cycles, bottleneck = max((cycles, agent) for agent, cycles in expected_cycles(step, machine).items())
        entry["memory_accesses"] += step.accesses
        entry["cycles"] += cycles
        entry["bottleneck"] = bottleneck
    return list(found.values())


def expected_cycles(step: Pass, machine: Machine) -> dict[str, int]:
    """The cycles that a pass needs of each part of the chip, if nothing else held it up."""
    found = {"memory": step.accesses * machine.access_cycles}
    if step.stage is not None:
        found["vector"] = step.stage.words * step.stage.height * step.stage.width
    if step.multiply is not None:
        loads, positions = step.multiply.matrix.loads, step.multiply.positions
        found["vmm"] = positions * (loads + machine.frame_cycles)
        found["neurons"] = positions * machine.conversion_cycles
    return found


def in_blocks(rect: Rect, machine: Machine) -> list[dict[str, int]]:
    """A rectangle as the report has it: its parts in each block, with rows and columns counted from the block's corner.

    Blocks are numbered top left, top right, bottom left, bottom right.
    """
    half = machine.columns // 2
    down = _parts(rect.row, rect.height, machine.m_top)
    across = _parts(rect.column, rect.width, half)
    return [
        {"block": right + 2 * bottom, "row": row, "column": column, "rows": rows, "columns": columns}
        for bottom, row, rows in down
        for right, column, columns in across
    ]


def _parts(start: int, count: int, border: int) -> list[tuple[int, int, int]]:
    """A run cut at a border: on which side each part is (0 or 1), where it begins there, and how long it is."""
    before = max(0, min(count, border - start))
    parts = [(0, start, before), (1, max(start, border) - border, count - before)]
    return [part for part in parts if part[2]]
