"""What the host computes between parts of the chip: ONNX models, on the real numbers of an inference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError, UsageError
from acortex.isa.arithmetic.tensors import accept, decode, from_words, to_words
from acortex.isa.host_model import HostModel
from acortex.isa.program import Program, Tensor
from acortex.isa.sequencer import Dispatch

Array = NDArray[Any]
Words = NDArray[np.uint8]


class HostFault(AcortexError):
    """A part of the host that cannot be computed, or makes numbers that no code stands for."""


class HostValues:
    """The values of the host's parts, for all inferences of a run.

    `numbers` are the inputs of the user by name, of shape (inferences, …). `results` has the outputs of the network
    that the host makes, by name: for each inference its own, None where it was not computed.
    """

    def __init__(self, program: Program, numbers: Mapping[str, Array], inferences: int, chips: int = 0) -> None:
        self._program = program
        self._numbers = numbers
        self._inputs = {tensor.name: tensor for tensor in program.inputs if tensor.host}
        self._outputs = {tensor.name: tensor for tensor in program.outputs}
        self._known: dict[tuple[int, int], dict[str, Array]] = {}
        """What parts have made, by chip and inference, for parts after them."""
        self.results: dict[str, list[list[Array | None]]] = {
            one.name: [[None] * inferences for _ in range(max(chips, 1))] for one in program.results
        }

    @cached_property
    def _models(self) -> list[HostModel]:
        return [HostModel(one.name, one.model.tobytes()) for one in self._program.parts]

    def work(self, dispatch: Dispatch, first: int, lanes: int, taken: Mapping[str, Words]) -> dict[str, Words]:
        """Works on a part for `lanes` inferences from the `first` on.

        `taken` are the outputs of these so far as words, by name: uint8 of shape (…, lanes, words, 64), chips before
        them where there are some. Returns the inputs that the part makes in the same form.
        """
        made: dict[str, list[Words]] = {}
        chips = 1 if any(words.ndim == 3 for words in taken.values()) else max(map(len, taken.values()), default=1)
        for chip in range(chips):
            for lane in range(lanes):
                for name, words in self._one(dispatch.ops.part, chip, first + lane, lane, taken).items():
                    made.setdefault(name, []).append(words)
        several = any(words.ndim == 4 for words in taken.values())
        shape = (chips, lanes) if several else (lanes,)
        return {name: np.stack(words).reshape(*shape, *words[0].shape) for name, words in made.items()}

    def _one(self, part: int, chip: int, inference: int, lane: int, taken: Mapping[str, Words]) -> dict[str, Words]:
        """The inputs that a part makes of one inference, as words."""
        model, known = self._models[part], self._known.setdefault((chip, inference), {})
        feeds = {name: self._number(name, chip, inference, lane, taken, known) for name in model.inputs}
        made = model.run(feeds)
        known.update(made)
        for name, values in made.items():
            if name in self.results:
                self.results[name][chip][inference] = values
        return {name: self._words(self._inputs[name], made[name], model) for name in made if name in self._inputs}

    def _number(
        self, name: str, chip: int, inference: int, lane: int, taken: Mapping[str, Words], known: Mapping[str, Array]
    ) -> Array:
        """What a part takes by a name: what a part made, an output of the chip, or an input of the user."""
        if name in known:
            return known[name]
        if name in taken:
            words = taken[name] if taken[name].ndim == 3 else taken[name][min(chip, len(taken[name]) - 1)]
            tensor = self._outputs[name]
            return decode(tensor, from_words(tensor, words[lane : lane + 1]))
        if name in self._numbers:
            return np.asarray(self._numbers[name][inference])
        raise HostFault(f"a part of the host takes {name}, which is neither an input nor an output of the program")

    def _words(self, tensor: Tensor, values: Array, model: HostModel) -> Words:
        """Numbers that a part has made as words of memory."""
        try:
            codes = accept(tensor, values.reshape(1, *tensor.shapes[0]))
        except (UsageError, ValueError) as error:
            reason = error.message if isinstance(error, UsageError) else str(error)
            raise HostFault(
                f"the host's {model.name} makes numbers that no code stands for: {tensor.name}: {reason}"
            ) from None
        words: Words = to_words(tensor, codes)[0]
        return words

    def of_chips(self, name: str) -> Array:
        """A result of all chips and inferences, all of which were computed: of shape (chips, inferences, …)."""
        return np.array([[np.asarray(row) for row in rows] for rows in self.results[name]])

    def complete(self, upto: int) -> dict[str, Array]:
        """The results of the first inferences by name, of chip 0; of as many as were computed."""
        found = {}
        for one in self._program.results:
            rows = list(_whole(self.results[one.name][0][:upto]))
            empty = np.zeros((0, *one.shape), one.dtype)
            found[one.name] = np.stack(rows).reshape(len(rows), *one.shape) if rows else empty
        return found


def _whole(rows: list[Array | None]) -> Iterator[Array]:
    """The rows up to the first that is missing."""
    for row in rows:
        if row is None:
            return
        yield row


def host_values(program: Program, numbers: Mapping[str, Array], inferences: int, chips: int = 0) -> HostValues | None:
    """What computes the parts of the host of a program; None where it has none."""
    return HostValues(program, numbers, inferences, chips) if program.parts else None
