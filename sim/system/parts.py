"""What a system is made of: stages, each a program on a chip, and the links between them.

Time in a system is a whole number of attoseconds, so that chips of several clocks add up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import layout, words_of
from acortex.isa.program import Program, Tensor
from acortex.sim.chip.specs import Chip
from acortex.sim.inputs import Inputs
from acortex.sim.run import prepare
from acortex.units import AJ_PER_PJ, AS_PER_NS
from acortex.wording import all_of


@dataclass(frozen=True)
class Link:
    """A link between two chips: it moves so many words in a nanosecond, each of which comes `latency_ns` later."""

    words_per_ns: Decimal = Decimal("0.125")
    latency_ns: Decimal = Decimal(20)
    energy_pj_per_word: Decimal = Decimal(512)

    @property
    def latency_as(self) -> int:
        """How long a word is under way, in attoseconds, rounded up."""
        return ceil(Fraction(self.latency_ns) * AS_PER_NS)

    def busy_as(self, words: int) -> int:
        """How long so many words take the link, in attoseconds, rounded up once."""
        return ceil(words / Fraction(self.words_per_ns) * AS_PER_NS)

    def energy_aj(self, words: int) -> int:
        """What so many words take, in attojoules; the price of one is rounded once."""
        return words * round(self.energy_pj_per_word * AJ_PER_PJ)


@dataclass(frozen=True)
class Stage:
    """A program on a chip of its own."""

    name: str
    program: Program
    chip: Chip


@dataclass(frozen=True)
class Wire:
    """What goes from one stage to another: tensors by name, as `words` of the chip that sends them."""

    source: int
    target: int
    tensors: tuple[str, ...]
    words: int


@dataclass(frozen=True)
class System:
    """Stages in an order in which data flows, the wires between them, and the tensors that the host takes.

    Each wire is a link of its own. An input that no stage before makes comes from the host.
    """

    name: str
    stages: tuple[Stage, ...]
    link: Link
    wires: tuple[Wire, ...]
    outputs: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what the host gives."""
        moved = {tensor for wire in self.wires for tensor in wire.tensors}
        given = (tensor.name for stage in self.stages for tensor in stage.program.given)
        return tuple(dict.fromkeys(name for name in given if name not in moved))

    def takes(self, stage: int) -> tuple[Wire, ...]:
        """The wires that lead to a stage."""
        return tuple(wire for wire in self.wires if wire.target == stage)


def system_of(name: str, stages: Sequence[Stage], link: Link) -> System:
    """The system of some stages: an input is joined to the output of that name of a stage before it.

    What no later stage takes is an output of the system, in the order of stages. Raises UsageError for an output of two
    stages, for one that a stage takes before it is made, and for tensors of one name that differ in size, coding or
    layout.
    """
    makers = _makers(stages)
    found: dict[tuple[int, int], list[Tensor]] = {}
    for number, stage in enumerate(stages):
        for tensor in stage.program.given:
            if tensor.name in makers:
                source, made = makers[tensor.name]
                _check_order(stage, tensor.name, source, number)
                _check_joined(stage, tensor, made)
                found.setdefault((source, number), []).append(made)
    wires = tuple(
        Wire(source, target, tuple(one.name for one in tensors), sum(map(words_of, tensors)))
        for (source, target), tensors in sorted(found.items())
    )
    moved = {tensor for wire in wires for tensor in wire.tensors}
    return System(name, tuple(stages), link, wires, tuple(name for name in makers if name not in moved))


def _makers(stages: Sequence[Stage]) -> dict[str, tuple[int, Tensor]]:
    """The stage that makes each output, and the output."""
    found: dict[str, tuple[int, Tensor]] = {}
    for number, stage in enumerate(stages):
        for tensor in stage.program.shown:
            if tensor.name in found:
                raise UsageError(f"two stages make {tensor.name}", where=stage.name, hint="rename one of the outputs")
            found[tensor.name] = number, tensor
    return found


def _check_order(stage: Stage, tensor: str, source: int, target: int) -> None:
    """Raises UsageError where a stage takes what itself or a later one makes."""
    if source >= target:
        what = "itself" if source == target else "a later stage"
        hint = "put stages in the order in which data flow, and give outputs names of their own"
        raise UsageError(f"takes {tensor}, which {what} makes", where=stage.name, hint=hint)


def _check_joined(stage: Stage, taken: Tensor, made: Tensor) -> None:
    """Raises UsageError where what a stage takes is not what another one makes: a link hands codes on as they are."""
    wanted, given = _told(taken, taken.shapes[0]), _told(made, made.shapes[-1])
    if wanted != given:
        raise UsageError(
            f"takes {taken.name} as {wanted}, and it is made as {given}",
            where=stage.name,
            hint="join tensors of one shape and one encoding, or rename one",
        )
    if not _lie_alike(taken, made):
        message = f"takes the codes of {taken.name} from other places of its words than those where they are made"
        raise UsageError(message, where=stage.name, hint="give both tensors the same axes= and packed=, or rename one")


def _lie_alike(one: Tensor, other: Tensor) -> bool:
    """Whether each code of two tensors of one size lies in the same word, and there in the same place."""
    a, b = layout(one), layout(other)
    row = [lies.width if tensor.packed > 1 else 0 for tensor, lies in ((one, a), (other, b))]  # which fills its words
    if (one.packed, a.channels, a.room, row[0]) != (other.packed, b.channels, b.room, row[1]):
        return False
    if (a.shape, a.axes) == (b.shape, b.axes):
        return True
    codes = np.arange(one.size, dtype=np.int32)
    first, second = (codes.reshape(lies.shape).transpose(lies.axes).ravel() for lies in (a, b))
    return np.array_equal(first, second)


def _told(tensor: Tensor, shape: tuple[int, ...]) -> str:
    """All about a tensor of some shape that two stages must have in common."""
    coding = f" of scale {tensor.scale} and zero {tensor.zero}" if tensor.encode == "linear" else ""
    return f"{tensor.bits}-bit {tensor.encode}{coding} of {shape}"


Arrays = Mapping[str, NDArray[Any]]


def values(system: System, inputs: Arrays) -> dict[str, NDArray[Any]]:
    """What a system computes: its outputs by name, each of shape (inferences, …); stage after stage, without time.

    `inputs` are those of the host by name. Raises UsageError for one that is missing, and the errors of a run.
    """
    known = dict(inputs)
    for stage in system.stages:
        names = [tensor.name for tensor in stage.program.given]
        missing = [name for name in names if name not in known]
        if missing:
            raise UsageError(f"input {missing[0]} is missing", where=stage.name, hint=f"give {all_of(missing)} by name")
        given = {name: known[name] for name in names}
        known |= prepare(stage.program, stage.chip, inputs=given).values().outputs
    return {name: known[name] for name in system.outputs}


def named_inputs(system: System, given: Inputs) -> dict[str, NDArray[Any]]:
    """Inputs of the host by name: an array is that of the only input, and None the data that the programs bring along.

    Raises UsageError for names that the system does not have, for an array where it has several inputs, and where there
    are no data.
    """
    taken = system.inputs
    if given is None:
        return _own_inputs(system)
    if isinstance(given, Mapping):
        unknown = sorted(set(given) - set(taken))
        if unknown:
            raise UsageError(f"{system.name} has no input {unknown[0]}", hint=f"its inputs are {all_of(taken)}")
        return dict(given)
    if len(taken) != 1:
        hint = f"give an .npz that holds {all_of(taken)}"
        raise UsageError(f"{system.name} has {len(taken)} inputs, and one array was given", hint=hint)
    return {taken[0]: given}


def _own_inputs(system: System) -> dict[str, NDArray[Any]]:
    """The data that the programs of a system bring along."""
    own = {name: array for stage in system.stages for name, array in stage.program.samples.items()}
    if any(name not in own for name in system.inputs):
        raise UsageError(f"{system.name} has no inputs of its own", hint="give --input X.npy")
    return own
