"""What a run takes from the host: inputs as codes, labels, and how right its outputs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import accept, decode, to_words
from acortex.isa.program import Program, Tensor
from acortex.wording import count

Inputs = Mapping[str, NDArray[Any]] | NDArray[Any] | None

MOST_NUMBERS = 1 << 30
"""Numbers of all inputs of a run: 1 GB of codes, held against what a view of few numbers may claim to be."""

SEED = 0
"""The seed of the codes that stand in for inputs where a program has none of its own."""


LARGEST_LABEL = (1 << 63) - 1


@dataclass(frozen=True)
class HostData:
    """What the host has: the codes of every input by name, for how many inferences, and the right answers if known."""

    codes: Mapping[str, NDArray[np.uint8]]
    inferences: int
    labels: NDArray[Any] | None
    numbers: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """The inputs as the user gave them, where the host works on parts of the network."""

    def words(self, program: Program) -> dict[str, NDArray[np.uint8]]:
        """The inputs as words of memory, by name: uint8 of shape (inferences, words, 64)."""
        return {tensor.name: to_words(tensor, self.codes[tensor.name]) for tensor in program.given}

    def accuracy(self, outputs: Mapping[str, NDArray[Any]]) -> float | None:
        """The share of inferences whose largest code, the first of equals, is where the label says.

        None where labels are not known, or where outputs are missing.
        """
        first = next(iter(outputs.values()), None)
        if self.labels is None or first is None or len(first) != len(self.labels):
            return None
        return float(np.mean(first.reshape(len(first), -1).argmax(axis=1) == self.labels))


def host_data(program: Program, inputs: Inputs, labels: NDArray[Any] | None) -> HostData:
    """What the host has: what the user gave, else the program's own samples, else seeded codes of one inference.

    Raises UsageError for what does not fit the program's inputs.
    """
    own = inputs is None and bool(program.samples)
    given = _numbers(program, inputs)
    codes = {tensor.name: accept(tensor, given[tensor.name]) for tensor in program.given}
    lengths = {name: len(array) for name, array in codes.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"the inputs hold different numbers of inferences: {lengths}")
    inferences = next(iter(lengths.values()), 1)
    known = labels if labels is not None else program.labels if own else None
    return HostData(codes, inferences, _labels(known, inferences), given if program.parts else {})


def _numbers(program: Program, inputs: Inputs) -> dict[str, NDArray[Any]]:
    """The numbers of each input, before they are held to its tensor: all are there, and few enough."""
    given = dict(program.samples) if inputs is None and program.samples else _by_name(program, inputs)
    if not given and program.given:
        generator = np.random.default_rng(SEED)
        given = {tensor.name: _seeded(tensor, generator) for tensor in program.given}
    missing = [tensor.name for tensor in program.given if tensor.name not in given]
    if missing:
        names = ", ".join(tensor.name for tensor in program.given)
        raise UsageError(f"input {missing[0]} is missing", hint=f"give an .npz that holds {names}")
    held = sum(given[tensor.name].size for tensor in program.given)
    if held > MOST_NUMBERS:
        raise UsageError(
            f"the inputs hold {held:,} numbers, at most {MOST_NUMBERS:,} are taken", hint="run some of them"
        )
    return given


def _seeded(tensor: Tensor, generator: np.random.Generator) -> NDArray[Any]:
    """One inference of random codes, as a user would give them."""
    codes = generator.integers(0, 2 if tensor.encode == "binary" else 1 << tensor.bits, (1, *tensor.shapes[0]))
    return decode(tensor, codes.astype(np.uint8))


def _by_name(program: Program, inputs: Inputs) -> dict[str, NDArray[Any]]:
    if inputs is None:
        return {}
    names = [tensor.name for tensor in program.given]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise UsageError(
                f"{program.name} has {len(names)} inputs, and one array was given",
                hint=f"give an .npz that holds {', '.join(names)}" if names else "leave the input out",
            )
        return {names[0]: plain_array(inputs, f"input {names[0]}")}
    unknown = sorted(set(inputs) - set(names))
    if unknown:
        raise UsageError(f"{program.name} has no input {unknown[0]}", hint=f"its inputs are {', '.join(names)}")
    return {name: plain_array(array, f"input {name}") for name, array in inputs.items()}


def plain_array(given: object, where: str) -> NDArray[Any]:
    """What a user gave as an array; UsageError where it is ragged, masked, or holds objects."""
    if isinstance(given, np.ma.MaskedArray):
        raise UsageError("the array is masked", where=where, hint="give plain numbers: X.filled(0)")
    try:
        array = np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f"it is no array ({str(error)[:120]})", where=where, hint="rows are of one length") from None
    if array.dtype.kind == "O":
        raise UsageError("the array holds objects", where=where, hint="give booleans, integers or floats")
    return array


def whole_labels(given: object, where: str) -> NDArray[np.int64]:
    """The right answers: one row of whole numbers of 64 bits. UsageError for all else."""
    found = plain_array(given, where)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        message = f"has shape {found.shape} and type {found.dtype}; labels are one whole number per inference"
        raise UsageError(message, where=where, hint="labels.astype(int).reshape(-1)")
    if found.size and int(found.max()) > LARGEST_LABEL:
        message = f"has the label {found.max()}; the largest is {LARGEST_LABEL}"
        raise UsageError(message, where=where, hint="number the outputs from 0 on")
    return found.astype(np.int64)


def _labels(labels: NDArray[Any] | None, inferences: int) -> NDArray[Any] | None:
    if labels is None:
        return None
    labels = whole_labels(labels, "labels")
    if len(labels) != inferences:
        raise UsageError(
            f"the run has {count(inferences, 'inference')} and {count(len(labels), 'label')}",
            hint="give one label for each inference",
        )
    return labels
