"""The functional executor: a program in program order, without a clock.

It carries out what instructions mean, one whole stream at a time, and holds the program against the rules that do not
depend on time: order (sim/order.py), what pipes hold, which groups are set up and connected, which words exist.
The values of a run are its values, because data never steer the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program
from acortex.isa.semantics import (
    MEANINGS,
    Flow,
    Shape,
    slide_of,
    spills,
    vector_words,
    visited,
    written,
)
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.isa.tensors import from_words, words_of
from acortex.sim import limits
from acortex.sim.bus import describe
from acortex.sim.configuration import Configuration
from acortex.sim.layer_dump import LayerDump
from acortex.sim.order import Clock, OrderCheck, ProgramOrder
from acortex.sim.pipes import ITEMS, TAKERS, Pipe, Run, needed
from acortex.sim.specs import Chip
from acortex.sim.state import StateStore
from acortex.wording import count as number_of

Words = NDArray[np.uint8]


class RuleError(AcortexError):
    """A program that breaks a rule of the chip it runs on."""


class Functional:
    """Executes a program in program order on a chip.

    `tensors` are the inputs as words, by name: uint8 of shape (inferences, words, 64); None where values are not
    wanted. `limit` is how many instructions past the set-up are executed. Of these, counted from 1, those in
    `not_ended` give the host nothing: a run was stopped before they ended. `dump` hears of what is written. After
    `run`, `outputs` holds the output tensors by name: uint8 of shape (inferences, *shape).
    """

    def __init__(
        self,
        program: Program,
        chip: Chip,
        inferences: int,
        tensors: Mapping[str, Words] | None,
        limit: int | None = None,
        not_ended: Container[int] = (),
        dump: LayerDump | None = None,
    ) -> None:
        self.program = program
        self.chip = chip
        self.sequencer = Sequencer(program, inferences)
        self.configuration = Configuration(program, chip)
        self.order = OrderCheck(program, chip.memory_words)
        self.program_order = ProgramOrder()
        self._inferences = inferences
        self._tensors = tensors
        self._limit = limit
        self._not_ended = not_ended
        self._dump = dump
        self._pipes: dict[str, Pipe] = {}
        self._connected: dict[int, Dispatch] = {}
        self._claims: Counter[Any] = Counter()
        self._states = StateStore(chip.vector.state_words)
        self._memory = np.zeros((chip.memory_words, CHANNELS), dtype=np.uint8)
        for table in program.memory:
            self._memory[table.address : table.end] = table.values
        self._out: dict[str, Words] = {
            tensor.name: np.zeros((inferences, words_of(tensor), CHANNELS), dtype=np.uint8)
            for tensor in program.outputs
        }
        self._given = {tensor.name: np.zeros(inferences, dtype=np.bool_) for tensor in program.outputs}
        self.finished = 0
        """How many inferences have handed their last output to the host."""
        self._running = False
        self.steps = 0
        """How many instructions the controller has gone through since set-up."""

    @property
    def complete(self) -> int:
        """For how many inferences, from the first on, every output was given to the host."""
        given = np.logical_and.reduce([*self._given.values(), np.ones(self._inferences, dtype=np.bool_)])
        return self._inferences if given.all() else int(np.argmin(given))

    @property
    def outputs(self) -> dict[str, Words]:
        """The output tensors by name, of those inferences that are complete."""
        upto = self.complete
        return {tensor.name: from_words(tensor, self._out[tensor.name][:upto]) for tensor in self.program.outputs}

    @property
    def warnings(self) -> list[str]:
        """What a whole program does that is no error, but hardly meant: tokens that nobody takes.

        One of which some are taken is none of them: at the end of a pipelined loop a few are always left.
        """
        never = self.order.never_awaited() if self.sequencer.state == "halted" else []
        return [
            f"{self.order.where(maker)}: {maker.agent} signals token t{token}, which nobody awaits"
            for token, maker in never
        ]

    def run(self, tick: Callable[[int], None] | None = None) -> None:
        """Executes the program, or `limit` instructions past its set-up; `tick` hears of finished inferences."""
        while self.sequencer.state != "halted":
            if self._limit is not None and self.steps >= self._limit:
                return
            dispatch = self.step()
            if tick is not None and dispatch is not None and dispatch.agent == "host_out":
                tick(self.finished)
        self.finish()

    def finish(self) -> None:
        """Holds a program that has halted to what it has to leave behind."""
        self._check_leftovers()
        self._check_outputs()

    def set_up(self) -> None:
        """Executes what stands before `start`."""
        while not self._running:
            self.step()

    def step(self) -> Dispatch | None:
        """Executes one instruction; returns it where it is an agent's."""
        sequencer = self.sequencer
        dispatch = sequencer.step()
        self.steps += self._running  # counted from the end of set-up, as cycles are
        if sequencer.state == "started":
            self.configuration.settle(sequencer)
            self._running = True
        if dispatch is not None:
            self._execute(dispatch)
        return dispatch

    def _execute(self, dispatch: Dispatch) -> None:
        mnemonic = dispatch.row.mnemonic
        if mnemonic == "signal":
            self.order.signal(dispatch)
        elif mnemonic == "await":
            self.order.wait(dispatch)
        elif mnemonic == "program":
            self.configuration.write(dispatch, self.sequencer.groups[dispatch.group])
        elif mnemonic == "connect":
            self._connect(dispatch)
        elif mnemonic == "disconnect":
            self._disconnect(dispatch)
        else:
            self._move(dispatch)

    # Streams ----------------------------------------------------------------------------------------------------

    def _move(self, dispatch: Dispatch) -> None:
        """Takes what the instruction takes, computes, and gives what it gives."""
        if dispatch.window is not None:
            self._check_image(dispatch)
        if dispatch.row.mnemonic == "write":
            self._check_pixel(dispatch)
        meaning = MEANINGS[dispatch.row.mnemonic]
        shape = self._shape(dispatch)
        self._check_tuning(dispatch, shape)
        flow = meaning.flow(dispatch, shape)
        self._check_given(dispatch, flow, shape)
        if flow.state:
            self._check_state(dispatch, flow)
        if flow.keeps:
            self._check_store(dispatch, flow.taken, self.chip.buffer.words, "buffer.words")
        addresses = self._addresses(dispatch) if flow.reads or flow.writes else None
        if addresses is not None:
            self.program_order.access(dispatch.agent)
        runs = self._runs(dispatch, flow)
        start = self.order.begin(dispatch, _awaited(dispatch, runs))
        taken = self._taken(dispatch, flow, addresses, runs)
        if flow.reads and addresses is not None:
            self.order.read(dispatch, addresses, start)
        given = None if taken is None else meaning.compute(taken, dispatch, shape)
        if flow.state:
            self._states.keep(dispatch.ops.state, flow.state, None if given is None else given[flow.given :])
            given = None if given is None else given[: flow.given].astype(np.uint8)
        if flow.writes and addresses is not None:
            self.order.write(dispatch, addresses, start)
            if given is not None:
                self._store(dispatch, addresses, given)
                if self._dump is not None and self.steps not in self._not_ended:
                    self._dump.note(dispatch, addresses, self._memory[addresses])
        end = self.order.end(dispatch, [run.end for run in runs if run.last])
        if flow.unneeded:  # its last item is there while others still give it what it takes
            end = self.order.so_far(start, [run.end for run in needed(runs, flow.unneeded) if run.last])
        if flow.gives == "host_out":
            self._give_host(dispatch, given)
        elif flow.gives:
            if flow.gives == "vector":
                self.order.give_stream(dispatch, start)
                self.program_order.give(dispatch, flow.given)
            self._pipe(flow.gives).put(Run(flow.given, given, dispatch, start, end, True))

    def _runs(self, dispatch: Dispatch, flow: Flow) -> list[Run]:
        """The items that the instruction takes from pipes."""
        if not flow.takes or flow.takes == "host_in":
            return []
        runs = self._pull(dispatch, flow.takes, flow.taken, flow.keeps)
        self._check_fit(dispatch, runs)
        return runs + (self._pull(dispatch, "operand", flow.operands) if flow.operands else [])

    def _taken(
        self, dispatch: Dispatch, flow: Flow, addresses: NDArray[np.int64] | None, runs: list[Run]
    ) -> NDArray[Any] | None:
        """The values that the instruction takes, from memory, the host or pipes; None where values are not wanted."""
        if flow.takes == "host_in":
            return self._take_host(dispatch, flow)
        if self._tensors is None:
            return None
        if flow.reads:
            return self._memory[addresses]
        values = [run.values for run in runs if run.values is not None]
        if flow.state:
            old = self._states.recall(dispatch.ops.state, flow.state)
            values.append(old if flow.recalls else np.zeros_like(old))
        if not values:  # a window that lies wholly outside its image needs no words
            return np.zeros((0, CHANNELS), dtype=np.uint8)
        return np.concatenate(values) if len(values) > 1 else values[0]

    def _store(self, dispatch: Dispatch, addresses: NDArray[np.int64], words: Words) -> None:
        """Writes words into main memory, or the channels of them that the instruction changes, in the order given."""
        mask = written(dispatch) if dispatch.row.mnemonic == "write" else None
        if mask is None:
            self._memory[addresses] = words
            return
        changed = np.tile(mask, (len(addresses) // len(mask), 1))
        word, channel = np.nonzero(changed)
        self._memory[addresses[word], channel] = words[changed]

    def _check_pixel(self, dispatch: Dispatch) -> None:
        """A pixel's channels fit the words that axis 0 of the stream gives it."""
        assert dispatch.stream is not None
        shift, tail = dispatch.ops.shift, dispatch.ops.tail
        if dispatch.stream.extents[0] == 1 and spills(dispatch):
            raise self._error(
                dispatch,
                f"{tail} channels from channel {shift} on need 2 words, and axis 0 of the stream has 1 for a pixel",
                "give axis 0 an extent of at least 2, or lower shift or tail",
            )

    def _pull(self, dispatch: Dispatch, name: str, count: int, keep: bool = False) -> list[Run]:
        """Items from a pipe that holds at least so many; they stay in it with `keep`."""
        pipe = self._pipe(name)
        if pipe.held < count:
            raise self._error(
                dispatch,
                f"{dispatch.row.mnemonic} takes {number_of(count, *ITEMS[name])}, and the instructions before it left"
                f" {pipe.held}",
                "in the order of the program, what gives must stand before what takes; "
                "check positions, words and extents",
            )
        return pipe.look(count) if keep else pipe.take(count)

    def _pipe(self, name: str) -> Pipe:
        return self._pipes.setdefault(name, Pipe())

    def _addresses(self, dispatch: Dispatch) -> NDArray[np.int64]:
        assert dispatch.stream is not None
        if dispatch.window is None:
            self._check_size(dispatch, "the stream visits", dispatch.stream.size)
        low, high = dispatch.stream.bounds()
        words = self.chip.memory_words
        if low < 0 or high >= words:
            raise self._error(
                dispatch,
                f"the stream visits words {low} to {high} of main memory, which has 0 to {words - 1}",
                "check its base, extents and strides, or take a chip with more memory.capacity_kb",
            )
        return visited(dispatch)

    def _check_size(self, dispatch: Dispatch, what: str, words: int) -> None:
        """One instruction moves so many words at most: checked before anything of that size is made."""
        if words > limits.MAX_STREAM:
            raise self._error(
                dispatch,
                f"{what} {words:,} words, and one instruction visits at most {limits.MAX_STREAM:,}",
                "check its extents, or put the instruction into a loop",
            )

    def _check_given(self, dispatch: Dispatch, flow: Flow, shape: Shape | None) -> None:
        """What an instruction makes, and what then waits to be taken, has a bound: before any of it is made."""
        wrong = limits.too_much(dispatch, flow, shape, self._pipe(flow.gives).held) if flow.gives in ITEMS else None
        if wrong:
            raise self._error(dispatch, *wrong)

    def _check_image(self, dispatch: Dispatch) -> None:
        """The stream of a windowed instruction is an image as wide as its window says, and the chip holds a window."""
        assert dispatch.stream is not None and dispatch.window is not None
        window, extents = dispatch.window, dispatch.stream.extents
        if window.rows * window.columns > limits.MAX_POSITIONS:
            raise self._error(
                dispatch,
                f"the window has {window.rows} x {window.columns} positions, and one instruction goes through at most"
                f" {limits.MAX_POSITIONS:,}",
                "give border fewer rows, and put the instruction into a loop",
            )
        columns = -(-window.width // window.packed)
        if extents[1] != columns or extents[3] != 1 or (window.packed > 1 and extents[0] != 1):
            raise self._error(
                dispatch,
                f"the image is {window.width} pixels wide, {window.packed} a word, and its stream has extents"
                f" {' x '.join(map(str, extents))}",
                f"axis 0 counts a pixel's words, axis 1 the {columns} words or pixels of a row, axis 2 rows",
            )
        if dispatch.row.mnemonic != "pool":
            self._check_size(dispatch, "the window needs", slide_of(dispatch).size)
        if dispatch.row.mnemonic == "slide":
            self._check_store(dispatch, slide_of(dispatch).held, self.chip.buffer.words, "buffer.words")
        if dispatch.row.mnemonic == "pool":
            self._check_size(dispatch, "the image has", dispatch.stream.size)
            self._check_size(dispatch, "the pooled image has", window.positions * extents[0])
            lines = min((window.kernel_y - 1) * window.dilation_y + 1, extents[2])
            held = lines * extents[1] * extents[0]
            self._check_store(dispatch, held, self.chip.vector.line_words, "vector.line_words")

    def _check_store(self, dispatch: Dispatch, held: int, room: int, setting: str) -> None:
        if held > room:
            image = dispatch.window is not None
            of, what = (" of the image", "the window or the image") if image else ("", "positions or words")
            raise self._error(
                dispatch,
                f"{dispatch.row.mnemonic} keeps {held} words{of}, and {self.chip.name} has room for {room}",
                f"make {what} smaller, or take a chip with {setting}={held}",
            )

    def _check_state(self, dispatch: Dispatch, flow: Flow) -> None:
        """The state store has the words, those that are recalled were written, and some gate's code stands for 1."""
        first, mnemonic = dispatch.ops.state, dispatch.row.mnemonic
        last, room = first + flow.state - 1, self._states.words
        if last >= room:
            raise self._error(
                dispatch,
                f"{mnemonic} needs words {first} to {last} of the state store; {self.chip.name} has 0 to {room - 1}",
                f"keep fewer states, or take a chip with vector.state_words={last + 1}",
            )
        missing = self._states.unwritten(first, flow.state) if flow.recalls else None
        if missing is not None:
            raise self._error(
                dispatch,
                f"{mnemonic} reads word {missing} of the state store, which was never written",
                "say first=yes where a sequence begins, or write it with putstate",
            )
        gates = dispatch.other
        if gates is not None and gates.zero == gates.high:
            raise self._error(
                dispatch,
                f"the quantiser of the gates has zero and high at {gates.high}: no code of a tanh stands for 1",
                "give high a value above zero, as in the quantiser that made g or n",
            )

    def _shape(self, dispatch: Dispatch) -> Shape | None:
        """The group that an instruction works with: the one it names, or the one whose sums come next."""
        if dispatch.group >= 0:
            if dispatch.group not in self._connected:
                raise self._error(
                    dispatch, f"group g{dispatch.group} is not connected to its neurons", "connect it before this line"
                )
            return self.configuration.shape(dispatch.group, self._tensors is not None)
        if dispatch.row.mnemonic == "convert" and self._pipe("sums").runs:
            giver = self._pipe("sums").runs[0].dispatch
            return self.configuration.shape(giver.group, False)
        return Shape(1, 1, None)

    def _check_fit(self, dispatch: Dispatch, runs: list[Run]) -> None:
        """An operation's vectors fit its group, and a conversion's sums come from groups of one width."""
        if dispatch.row.mnemonic == "multiply":
            rows = self.configuration.shape(dispatch.group, False).row_words
            words = {vector_words(run.dispatch) for run in runs}
            if len(words) > 1 or max(words) > rows:
                raise self._error(
                    dispatch,
                    f"the input vectors made at {self.order.where(runs[0].dispatch)} have"
                    f" {' and '.join(map(str, sorted(words)))} words, and group g{dispatch.group} takes up to {rows}",
                    "feed one multiply vectors of one length, at most a word for each row of arrays of the group",
                )
        if dispatch.row.mnemonic == "convert":
            columns = {self.configuration.shape(run.dispatch.group, False).columns for run in runs}
            if len(columns) > 1:
                raise self._error(
                    dispatch,
                    f"convert takes sums of groups of {' and '.join(map(str, sorted(columns)))} columns",
                    "convert the positions of one group at a time",
                )
            most = self.configuration.shape(runs[0].dispatch.group, False).column_words
            if dispatch.ops.every > most:
                raise self._error(
                    dispatch,
                    f"every is {dispatch.ops.every}, and a position has {number_of(most, 'word')}:"
                    " none has the other coding",
                    f"say every=1 to every={most}, or leave it and `then` out",
                )

    def _check_tuning(self, dispatch: Dispatch, shape: Shape | None) -> None:
        """Constants are for neurons, and there is one for each."""
        for quantiser in (dispatch.quantiser, dispatch.other):
            if quantiser is None or quantiser.constants is None:
                continue
            tuned = self.program.lines[quantiser.tuned]
            if dispatch.agent != "neurons":
                raise self._error(
                    dispatch,
                    f"{dispatch.row.mnemonic} takes a quantiser that was tuned at {tuned}: its constants are for"
                    " neurons",
                    "give it a quantiser of its own, or set this one anew with quant",
                )
            columns, count = shape.columns if shape else 0, len(quantiser.constants.values)
            if columns != count:
                raise self._error(
                    dispatch,
                    f"convert takes sums of {columns} columns, and its quantiser was tuned at {tuned} for {count}",
                    "tune a quantiser with one row of constants for each column of the group",
                )

    # The host ---------------------------------------------------------------------------------------------------

    def _take_host(self, dispatch: Dispatch, flow: Flow) -> Words | None:
        tensor = self.program.inputs[dispatch.ops.tensor]
        self._check_host(dispatch, words_of(tensor), flow.taken, tensor.name)
        return None if self._tensors is None else self._tensors[tensor.name][dispatch.inference]

    def _give_host(self, dispatch: Dispatch, words: Words | None) -> None:
        tensor = self.program.outputs[dispatch.ops.tensor]
        stream = dispatch.stream
        assert stream is not None
        self._check_host(dispatch, words_of(tensor), stream.size, tensor.name)
        if self.steps in self._not_ended:
            return
        self.finished = max(self.finished, dispatch.inference + 1)
        self._given[tensor.name][dispatch.inference] = True
        if words is not None:
            self._out[tensor.name][dispatch.inference] = words

    def _check_host(self, dispatch: Dispatch, wanted: int, given: int, name: str) -> None:
        if dispatch.inference < 0:
            raise self._error(
                dispatch,
                f"{dispatch.row.mnemonic} belongs to no inference",
                "put it between inference and endinference",
            )
        if wanted != given:
            raise self._error(
                dispatch, f"tensor {name} has {wanted} words, and the stream visits {given}", "set the stream's extents"
            )

    # Groups -----------------------------------------------------------------------------------------------------

    def _connect(self, dispatch: Dispatch) -> None:
        group = dispatch.group
        if group in self._connected:
            raise self._error(
                dispatch,
                f"group g{group} is connected already, at {self.order.where(self._connected[group])}",
                "disconnect it first, or leave this out",
            )
        route = self.configuration.route(group)
        taken = self.configuration.buses.conflict(route, self._claims)
        if taken is not None:
            other = next(n for n in self._connected if taken in self.configuration.route(n).segments)
            raise self._error(
                dispatch,
                f"group g{group} needs {describe(taken)}, which group g{other} has since"
                f" {self.order.where(self._connected[other])}",
                f"disconnect g{other} first, or place one of the two in other columns of arrays",
            )
        self._claims.update(route.segments)
        self._connected[group] = dispatch
        self.order.end(dispatch)

    def _disconnect(self, dispatch: Dispatch) -> None:
        if self._connected.pop(dispatch.group, None) is None:
            raise self._error(dispatch, f"group g{dispatch.group} is not connected", "connect it before this line")
        self._claims.subtract(self.configuration.route(dispatch.group).segments)
        self.order.end(dispatch)

    # The end ----------------------------------------------------------------------------------------------------

    def _check_leftovers(self) -> None:
        for name, pipe in sorted(self._pipes.items()):
            if pipe.held:
                raise self._error(
                    pipe.runs[0].dispatch,
                    f"{number_of(pipe.held, *ITEMS[name])} {'is' if pipe.held == 1 else 'are'} given here"
                    " and never taken",
                    f"take them with {TAKERS[name]}, or give fewer",
                )

    def _check_outputs(self) -> None:
        """Every output of every inference was given: what never was has no value, and 0 would be a false one."""
        for tensor in self.program.outputs:
            missing = np.flatnonzero(~self._given[tensor.name])
            if len(missing):
                of = f" of inference {missing[0]}" if self._inferences > 1 else ""
                more = f", nor that of {number_of(len(missing) - 1, 'other')}" if len(missing) > 1 else ""
                raise RuleError(
                    f"output {tensor.name}{of} was never given to the host{more}",
                    where=self.program.name,
                    hint=f"give it with `output {tensor.name}, d0` between inference and endinference; `loop l7, host`"
                    " goes through all inferences that the host has",
                )

    def _error(self, dispatch: Dispatch, message: str, hint: str) -> RuleError:
        return RuleError(message, where=self.order.where(dispatch), hint=hint)


def _awaited(dispatch: Dispatch, runs: list[Run]) -> list[Clock]:
    """What those knew as they began without whose items the instruction cannot begin.

    A window that at first lies outside its image needs no word of it there.
    """
    at_once = dispatch.row.mnemonic == "slide" and not slide_of(dispatch).new[0]
    return [] if at_once else [run.start for run in runs[:1]]
