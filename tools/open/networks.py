"""The networks that a command line can name, and the chip that they are compiled for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.tools.console.manners import warn

if TYPE_CHECKING:
    from acortex.isa.machine import Machine
    from acortex.programs.compiler import Compiled
    from acortex.programs.graph import LayerGraph
    from acortex.programs.zoo import Entry
    from acortex.sim.chip.specs import Chip

Calibration = str | Path | Mapping[str, NDArray[Any]] | NDArray[Any] | None
"""Inputs that show the range of every map: a file of them, or arrays."""

ZOO = "zoo:"

USUAL_WORDS = 1 << 15
"""Words of main memory of most chips. Only a map that is larger is refused alone; of others, the plan says how much
memory all of them need."""


def chip_for(reference: str, chip: Chip | str | None = None, settings: Sequence[str] = ()) -> Chip:
    """The chip of that name; else the one that the zoo names for a network, the largest published one for a file."""
    from acortex.isa.asm.assembler import DEFAULT_CHIP
    from acortex.sim.chip.specs import Chip, load_chip

    if isinstance(chip, Chip):
        return chip
    usual = _entry(reference).chip if reference.startswith(ZOO) else DEFAULT_CHIP
    return load_chip(chip or usual, settings)


def machine_for(reference: str, chip: Chip | str | None = None, settings: Sequence[str] = ()) -> Machine:
    """What a compiler may assume of the chip of `chip_for`."""
    from acortex.tools.open.machine import machine_of

    return machine_of(chip_for(reference, chip, settings))


def quantised_graph(
    reference: str,
    machine: Machine,
    calibration: Calibration = None,
    *,
    drop_lrn: bool = False,
    mapping: str = "taps",
    any_size: bool = False,
) -> LayerGraph:
    """The layer graph of FILE.onnx or zoo:NAME with codes as wide as a machine's; its warnings are said.

    What is far too large for the machine is refused before it is read, unless `any_size` is allowed.
    """
    from acortex.programs import quantised, zoo
    from acortex.programs.compiler import plan_graph
    from acortex.tools.open.arrays import read_arrays

    if reference.startswith(ZOO):
        if calibration is not None:
            raise UsageError("networks of the zoo are calibrated with their own data", hint="leave --calibration out")
        return zoo.graph(_entry(reference), machine.bits)
    given = read_arrays(str(calibration)) if isinstance(calibration, (str, Path)) else calibration
    sizes: dict[str, Any] = {}
    if not any_size:
        most_words = max(machine.memory_words, USUAL_WORDS)
        fits = partial(plan_graph, machine=machine, mapping=mapping)
        sizes = {"fits": fits, "most_words": most_words, "most_instructions": machine.instruction_words}
    graph = quantised(reference, given, machine.bits, drop_lrn=drop_lrn, **sizes)
    for warning in graph.warnings:
        warn(warning)
    return graph


def compiled(
    reference: str,
    chip: Chip | str | None = None,
    settings: Sequence[str] = (),
    *,
    calibration: Calibration = None,
    mapping: str = "taps",
    drop_lrn: bool = False,
    smallest_chip: bool = False,
) -> Compiled:
    """The program of a network for the chip of `chip_for`, or for the smallest of its kind that holds the network.

    Without `calibration` ranges come from seeded random inputs, or from the zoo's data.
    """
    from acortex.programs import compiler

    machine = machine_for(reference, chip, settings)
    graph = quantised_graph(reference, machine, calibration, drop_lrn=drop_lrn, mapping=mapping, any_size=smallest_chip)
    if smallest_chip:
        sizes = compiler.smallest_chip(graph, machine, mapping)
        least = [f"{SIZES[part]}={size}" for part, size in sizes.items()]
        machine = machine_for(reference, chip, [*settings, *least])
    return compiler.compile_graph(graph, machine, mapping)


SIZES = {"m_top": "arrays.m_top", "m_bottom": "arrays.m_bottom", "n": "arrays.n", "memory_kb": "memory.capacity_kb"}
"""The setting of each size of the smallest chip."""


def _entry(reference: str) -> Entry:
    from acortex.programs import zoo

    one = zoo.entry(reference.removeprefix(ZOO))
    if one.source:
        raise UsageError(f"{reference} is written in assembly", hint=f"acortex info {reference}, or acortex run")
    return one
