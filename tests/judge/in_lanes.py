"""Inferences of a program in turn, and the same as lanes or with leaps over turns: what they know is held equal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import decode
from acortex.isa.program import Program
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.lanes import walk_many
from acortex.sim.functional.layer_dump import LayerDump
from acortex.sim.run import prepare


def random_inputs(program: Program, inferences: int, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Random inputs by name, as a user would give them."""
    chance = np.random.default_rng(seed)
    found = {}
    for tensor in program.inputs:
        high = 2 if tensor.encode == "binary" else 1 << tensor.bits
        codes = chance.integers(0, high, (inferences, *tensor.shapes[0])).astype(np.uint8)
        found[tensor.name] = decode(tensor, codes)
    return found


class Both:
    """A program's inferences in turn, and as `walk_many` computes them; what is wrong where the two differ."""

    def __init__(self, program: Program, chip: Chip, inferences: int, layers: bool = False, seed: int = 1) -> None:
        prepared = prepare(program, chip, inputs=random_inputs(program, inferences, seed))
        words = prepared.host.words(program)
        self.program, self.dumps = program, (LayerDump(), LayerDump()) if layers else (None, None)
        self.turns: list[int] = []
        self.in_turn = Functional(program, chip, inferences, words, dump=self.dumps[0])
        self.errors = [self._error(self.in_turn.run)]
        self.errors.append(self._error(lambda: self._many(chip, inferences, words)))

    def _many(self, chip: Chip, inferences: int, words: dict[str, NDArray[np.uint8]]) -> None:
        self.many = walk_many(self.program, chip, inferences, words, self.dumps[1], self.turns.append)

    @staticmethod
    def _error(what: Any) -> str:
        try:
            what()
        except AcortexError as error:
            return f"{error.code} {error}"
        return ""

    def hold(self) -> Functional:
        """Fails where outputs, layers, warnings or the state at the end differ."""
        assert self.errors == ["", ""]
        one, many = self.in_turn, self.many
        assert one.outputs.keys() == many.outputs.keys()
        for name, codes in one.outputs.items():
            assert many.outputs[name].dtype == codes.dtype
            np.testing.assert_array_equal(many.outputs[name], codes)
        if self.dumps[0] is not None and self.dumps[1] is not None:
            layers, found = (dump.layers(self.program) for dump in self.dumps)
            assert layers.keys() == found.keys()
            for name, layer in layers.items():
                np.testing.assert_array_equal(found[name].addresses, layer.addresses)
                np.testing.assert_array_equal(found[name].codes, layer.codes)
        assert state(one) == state(many)
        return many


def state(walk: Functional) -> Any:
    """All that a walk knows at its end."""
    order = walk.known.order
    tables = [{agent: latest.tolist() for agent, latest in table.items()} for table in (order.writes, order.reads)]
    tokens = {number: (token.maker, token.taker, list(token.left)) for number, token in order.tokens.items()}
    taken = {number: min(token.taken, 2) for number, token in order.tokens.items()}
    histories = [history.tolist() for history in order.history]
    counts = (walk.steps, walk.known.finished, walk.known.complete, walk.sequencer.counts, walk.warnings)
    return counts, order.known, histories, tables, tokens, taken, order.streamed, walk.known.states.tolist()
