"""The stepped chip with codes in its items: what is read, moved and computed is what is there in that cycle.

Nothing here knows the order of the program. A read takes what main memory holds as it is granted, a write puts its word
there as it is granted, and each instruction computes from the items that arrived by then: what has not arrived, or is
gone from where it was kept, is an error; so are two accesses to a word at once, one of them a write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.specs import Chip
from judge.arithmetic import (
    WORD,
    Sliding,
    Vector,
    Word,
    converted,
    fed_vector,
    gates_of,
    has_state,
    merged,
    pooled_word,
    product,
    spills,
    state_before,
    stepped_word,
)
from judge.counting import Turn, pooling
from judge.stepped import Cargo, Loaded, Stepped, simulate
from judge.values import Outputs, initial_memory, input_word, output_codes


class Codes(Cargo):
    """The codes in main memory, in the state store, in the arrays, and at the host."""

    def __init__(self, program: Program, inputs: Mapping[str, NDArray[np.uint8]], inferences: int) -> None:
        self.source = program
        self.inputs = inputs
        self.memory = initial_memory(program)
        self.reading: dict[int, int] = {}
        self.under_way: dict[int, int] = {}
        """Words of main memory that are written, each up to a cycle; those that are read, likewise above."""
        self.states: dict[int, Word] = {}
        self.matrices: dict[int, NDArray[np.int64]] = {}
        self.codes: dict[tuple[str, int], list[int]] = {}
        """What the host has of an output tensor of an inference."""
        self.inferences = inferences

    @property
    def outputs(self) -> Outputs:
        """The outputs of all inferences, by name: uint8 of shape (inferences, size). All were given."""
        return {
            tensor.name: np.stack(
                [output_codes(tensor, self.codes[tensor.name, number]) for number in range(self.inferences)]
            )
            for tensor in self.source.outputs
        }

    def program(self, dispatch: Dispatch) -> None:
        """Weights are written into a group."""
        self.matrices[dispatch.group] = self.source.weights[dispatch.ops.weights].values.astype(np.int64)

    # Main memory and the host -----------------------------------------------------------------------------------------

    def read(self, now: int, address: int, cycles: int) -> Word:
        """The word that main memory holds now."""
        assert self.under_way.get(address, 0) <= now, f"word {address} is read in cycle {now}, while it is written"
        assert address in self.memory, f"word {address} is read in cycle {now}, and was never written"
        self.reading[address] = max(self.reading.get(address, 0), now + cycles)
        return self.memory[address]

    def write(self, now: int, address: int, cycles: int, word: Word) -> None:
        """Main memory holds another word from now on."""
        busy = max(self.reading.get(address, 0), self.under_way.get(address, 0))
        assert busy <= now, f"word {address} is written in cycle {now}, while another access goes on"
        self.under_way[address] = now + cycles
        self.memory[address] = word

    def writing(self, dispatch: Dispatch) -> Callable[[int, int, int, Word | None], None]:
        """Each word of a pixel is merged with what is there, as it is granted."""
        assert dispatch.stream is not None
        held, index = dispatch.stream.extents[0], 0
        before: Word | None = None

        def put(now: int, address: int, cycles: int, comes: tuple[str, Word] | None) -> None:
            nonlocal index, before
            word = comes and comes[1]
            assert (word is None) == (spills(dispatch) and index == held - 1)
            old = self.memory.get(address, (0,) * WORD)
            self.write(now, address, cycles, merged(dispatch, index, old, before if index else None, word))
            index, before = (index + 1) % held, word

        return put  # type: ignore[return-value]

    def host_word(self, dispatch: Dispatch, number: int) -> Word:
        """A word of an input tensor."""
        return input_word(self.source, self.inputs, dispatch, number)

    def host_takes(self, dispatch: Dispatch, number: int, word: Word) -> None:
        """A word of an output tensor; what an inference gives again stands for what it gave before."""
        name = self.source.outputs[dispatch.ops.tensor].name
        codes = self.codes.setdefault((name, dispatch.inference), [])
        codes[number * WORD :] = word

    # Vectors, sums, codes ---------------------------------------------------------------------------------------------

    def vectors(self, dispatch: Dispatch) -> Callable[[list[Word]], Vector]:
        """Vectors of words in a row, or of those under a window."""
        if dispatch.window is None:
            return lambda words: fed_vector(dispatch, words)
        return Sliding(dispatch).vector

    def sums(self, loaded: Loaded) -> list[int]:
        """The product with the matrix that the arrays hold now."""
        return product(self.matrices[loaded.dispatch.group], loaded.codes)

    def words(self, dispatch: Dispatch, sums: list[int]) -> Callable[[Turn], list[Word]]:
        """Each turn has the codes of its own tile columns, and lets words leave that are converted by then."""
        done: set[int] = set()

        def convert(turn: Turn) -> list[Word]:
            done.update(*turn.columns)
            for word in turn.leaving:
                assert done.issuperset(range(word * WORD, min((word + 1) * WORD, len(sums))))
            return [converted(dispatch, sums, word) for word in turn.leaving]

        return convert

    # The vector agent -------------------------------------------------------------------------------------------------

    def steps(self, dispatch: Dispatch) -> Callable[[list[Word], bool], Word | None]:
        """Pools of what is in the line store; else words and states, one by one."""
        return self._pool(dispatch) if dispatch.row.mnemonic == "pool" else self._step(dispatch)

    def _pool(self, dispatch: Dispatch) -> Callable[[list[Word], bool], Word | None]:
        assert dispatch.stream is not None
        window, (depth, width, height, _) = pooling(dispatch), dispatch.stream.extents
        lines = min((window.kernel_y - 1) * window.dilation_y + 1, height)
        held: dict[int, Word] = {}
        arrived = given = 0

        def step(taken: list[Word], gives: bool) -> Word | None:
            nonlocal arrived, given
            for word in taken:
                held[arrived] = word
                held.pop(arrived - lines * width * depth, None)  # the line store has room for no more
                arrived += 1
            if not gives:
                return None
            given += 1
            return pooled_word(dispatch, given - 1, held)

        return step

    def _step(self, dispatch: Dispatch) -> Callable[[list[Word], bool], Word | None]:
        wanted = gates_of(dispatch) + (dispatch.row.mnemonic in ("add", "mul"))
        arrived: list[Word] = []
        number = 0

        def step(taken: list[Word], gives: bool) -> Word | None:
            nonlocal number
            arrived.extend(taken)
            if len(arrived) < wanted:
                assert not gives
                return None
            result, after = stepped_word(dispatch, arrived, state_before(dispatch, number, self.states))
            if has_state(dispatch):
                self.states[dispatch.ops.state + number] = after
            arrived.clear()
            number += 1
            assert (result is not None) == gives
            return result

        return step


def simulate_values(
    program: Program, chip: Chip, inputs: Mapping[str, NDArray[np.uint8]], inferences: int
) -> tuple[int, int, Stepped, Outputs]:
    """The cycles of set-up and run, the chip of the run, and what the host was given."""
    codes = Codes(program, inputs, inferences)
    setup, cycles, stepped = simulate(program, chip, inferences, cargo=codes)
    return setup, cycles, stepped, codes.outputs
