"""The networks that a command line can name, and the chip that they are compiled for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from acortex.errors import UsageError
from acortex.programs.choices import EFFORTS, HOSTS, MAPPINGS
from acortex.tools.console.manners import say, warn
from acortex.tools.console.progress import ProgressBar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from acortex.isa.machine import Machine
    from acortex.programs.compiler import Compiled
    from acortex.programs.graph import LayerGraph
    from acortex.programs.quantise.progress import Progress
    from acortex.programs.zoo import Entry
    from acortex.sim.chip.specs import Chip

Calibration: TypeAlias = "str | Path | Mapping[str, NDArray[Any]] | NDArray[Any] | None"
"""Inputs that show the range of every map: a file of them, or arrays."""

ZOO = "zoo:"

EVERY, WORST = 1 << 30, 3
"""Of how many layers it is measured what they cost: of all, or of those of the least signal to noise."""

USUAL_WORDS = 1 << 15
"""Words of main memory of most chips. Only a map that is larger is refused alone; of others, the plan says how much
memory all of them need."""


@dataclass(frozen=True)
class Compiling:
    """How a network is compiled on its way to a run; it changes nothing of programs that are compiled already.

    `mapping` is one of `MAPPINGS`, None for the network's own; `quantise` one of `EFFORTS`, None for "best" where there
    are data. Ranges are chosen on `calibration`, else on the first of
    the `inputs` of the run, else on seeded random inputs. `dims` has sizes for axes that a file leaves open, by name;
    with `fill_weights` those that a file lacks are random numbers. `host` is one of `HOSTS`, None for the first.
    `carry` names for inputs that stay on the chip the outputs of the inference before that they take. With `timed`
    time and energy alone are wanted.
    """

    mapping: str | None = None
    calibration: Calibration = None
    inputs: Calibration = None
    dims: Mapping[str, int] | None = None
    fill_weights: bool = False
    host: str | None = None
    quantise: str | None = None
    carry: Mapping[str, Sequence[str]] | None = None
    timed: bool = False


USUAL = Compiling()
"""How a network is compiled of which nothing is said."""


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
    how: Compiling = USUAL,
    *,
    drop_lrn: bool = False,
    any_size: bool = False,
    measured: int = 0,
    progress: Progress | None = None,
) -> LayerGraph:
    """The layer graph of FILE.onnx or zoo:NAME with codes as wide as a machine's; its warnings are said.

    A network of the zoo is calibrated with its own data, and takes no others. What is far too large for the machine is
    refused before it is read, unless `any_size` is allowed. `measured` and `progress` are those of
    `acortex.programs.quantised`; without `progress` a bar shows it.
    """
    from acortex.programs import quantised, zoo
    from acortex.programs.compiler import plan_graph
    from acortex.tools.open.arrays import read_arrays

    if reference.startswith(ZOO):
        check_own(how)
        words = None if any_size else machine.buffer_words
        return _told(zoo.graph(_entry(reference), machine.bits, measured=measured, buffer_words=words))
    calibration = read_arrays(str(how.calibration)) if isinstance(how.calibration, (str, Path)) else how.calibration
    inputs = read_arrays(str(how.inputs)) if isinstance(how.inputs, (str, Path)) else how.inputs
    sizes: dict[str, Any] = {}
    if not any_size:
        most_words = max(machine.memory_words, USUAL_WORDS)
        fits = partial(plan_graph, machine=machine, mapping=mapping_of(reference, how.mapping))
        sizes = {"fits": fits, "most_words": most_words, "most_instructions": machine.instruction_words}
        sizes["buffer_words"] = machine.buffer_words
    sizes |= {"dims": how.dims or {}, "fill_weights": how.fill_weights, "host": how.host or HOSTS[0]}
    sizes |= {"inputs": inputs, "drop_lrn": drop_lrn, "effort": effort_of(how.quantise), "measured": measured}
    sizes |= {"carry": how.carry or {}, "timed": how.timed}
    with ProgressBar("choosing levels") as bar:
        graph = quantised(reference, calibration, machine.bits, progress=progress or bar, **sizes)
    _told(graph)
    if calibration is None and inputs is not None:
        say(f"ranges are chosen on {graph.calibration}; --calibration X.npy gives others")
    return graph


def _told(graph: LayerGraph) -> LayerGraph:
    """A graph whose warnings are said."""
    for warning in graph.warnings:
        warn(warning)
    return graph


def effort_of(wanted: str | None) -> str | None:
    """The effort that is wanted. Raises UsageError for one that does not exist."""
    if wanted is not None and wanted not in EFFORTS:
        raise UsageError(f"no way to quantise is called {wanted!r}", hint=f"one of {', '.join(EFFORTS)}")
    return wanted


def check_own(how: Compiling) -> None:
    """Refuses for a network of the zoo what only a file may lack: calibration, sizes of axes, weights, states."""
    if how.quantise is not None:
        raise UsageError("the levels of networks of the zoo are their own", hint="leave --quantise out")
    if how.calibration is not None:
        raise UsageError("networks of the zoo are calibrated with their own data", hint="leave --calibration out")
    if how.dims:
        raise UsageError("networks of the zoo have no open axes", hint="leave --dim out")
    if how.fill_weights:
        raise UsageError("networks of the zoo lack no weights", hint="leave --fill-weights out")
    if how.host == "auto":
        raise UsageError("the chip does all of the networks of the zoo", hint="leave --host out")
    if how.carry:
        raise UsageError("networks of the zoo take no states", hint="leave --carry out")


def mapping_of(reference: str, wanted: str | None = None) -> str:
    """The mapping of a network: the one wanted, else that of the zoo's entry, else the best one of each layer.

    Raises UsageError for one that does not exist.
    """
    if wanted is not None and wanted not in MAPPINGS:
        raise UsageError(f"no mapping is called {wanted!r}", hint=f"one of {', '.join(MAPPINGS)}")
    return wanted or (_entry(reference).mapping if reference.startswith(ZOO) else "best")


def compiled(
    reference: str,
    chip: Chip | str | None = None,
    settings: Sequence[str] = (),
    how: Compiling = USUAL,
    *,
    drop_lrn: bool = False,
    smallest_chip: bool = False,
    measured: int = 0,
    progress: Progress | None = None,
) -> Compiled:
    """The program of a network for the chip of `chip_for`, or for the smallest of its kind that holds the network.

    `measured` and `progress` are those of `acortex.programs.quantised`.
    """
    from acortex.programs import compiler
    from acortex.programs.results import SmallestSizes

    mapping = mapping_of(reference, how.mapping)
    machine = machine_for(reference, chip, settings)
    graph = quantised_graph(
        reference, machine, how, drop_lrn=drop_lrn, any_size=smallest_chip, measured=measured, progress=progress
    )
    if smallest_chip:
        sizes = compiler.smallest_chip(graph, machine, mapping)
        least = _settings(chip_for(reference, chip, settings), sizes)
        made = compiler.compile_graph(graph, machine_for(reference, chip, [*settings, *least]), mapping)
        return replace(made, report=made.report.model_copy(update={"smallest_chip": SmallestSizes(**sizes)}))
    return compiler.compile_graph(graph, machine, mapping)


SIZES = {
    "m_top": ("arrays.m_top",), "m_bottom": ("arrays.m_bottom",), "n": ("arrays.n",),
    "memory_kb": ("memory.capacity_kb",), "buffer_words": ("buffer.words",), "line_words": ("vector.line_words",),
    "output_words": ("neurons.output_words", "vector.queue_words"), "state_words": ("vector.state_words",),
    "instruction_words": ("instruction_memory.words",),
}  # fmt: skip
"""The settings of each size of the smallest chip."""


def _settings(chip: Chip, sizes: Mapping[str, int]) -> list[str]:
    """The sizes of the smallest chip as settings, without those of stores that are larger already."""
    found = []
    for part, size in sizes.items():
        for path in SIZES[part]:
            section, name = path.split(".")
            if not path.endswith("words") or size > getattr(getattr(chip, section), name, 0):
                found.append(f"{path}={size}")
    return found


def _entry(reference: str) -> Entry:
    from acortex.programs import zoo

    one = zoo.entry(reference.removeprefix(ZOO))
    if one.source:
        raise UsageError(f"{reference} is written in assembly", hint=f"acortex info {reference}, or acortex run")
    return one
