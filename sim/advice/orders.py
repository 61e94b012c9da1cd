"""Would another order of instructions stall less? Edits of a program are tried, and what they gain is simulated.

A unit that waits could often have begun earlier: a token is awaited before it is needed or signalled after it could be,
a register is set anew in each turn, one place too few is free to begin with. Whether an edit helps depends on all
else, so each is measured. It counts only if the program keeps every rule, gives the same outputs, and takes less time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import decode as decoded
from acortex.isa.codec import Instruction, decode, encode
from acortex.isa.operands import AGENTS, HOST_COUNT, NO_LOOP
from acortex.isa.program import Program
from acortex.isa.table import HALT, LAG, LOOP, MAKE_TOKEN, NEXT, START, TAKE_TOKEN
from acortex.sim.chip.specs import Chip
from acortex.sim.run import prepare

INFERENCES = 6
"""So many inferences are run: enough for a loop over them to reach its steady state."""

REACH = 4
"""Past how many instructions of its own agent an instruction is moved."""

LEAST = 200
"""An edit that gains less than one in so many cycles is not told."""

STEERING = (START, HALT, LOOP, NEXT, LAG)
MARKS = ("inference", "endinference", "layer", "endlayer")
SETTING = ("base", "quant", "window")
"""What sets a register, and what may follow it at once to change that."""
CHANGING = ("dim", "gain", "tune", "border")


@dataclass(frozen=True, slots=True)
class Edit:
    """The instructions `first` to `last` stand before `to` instead, or, `again`, a second time behind themselves."""

    first: int
    last: int
    to: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Gain:
    """An edit, and the cycles that the run takes with and without it."""

    edit: Edit
    cycles: int
    before: int


@dataclass(frozen=True, slots=True)
class Orders:
    """The edits that gain, the best first; how many were tried, and how many the time did not suffice for."""

    gains: list[Gain]
    tried: int
    left: int
    inferences: int


def better_orders(program: Program, chip: Chip, seconds: float = 20.0) -> Orders:
    """Tries edits of a program on a chip, for so many seconds of processor time.

    It runs on some of the program's own samples, or on seeded codes. Raises the errors of a program that cannot run.
    """
    inputs = _inputs(program)
    count = min(map(len, inputs.values()), default=1)
    plain = prepare(program, chip, inputs=inputs)
    before, outputs = plain.time().cycles, plain.values().outputs
    until, edits = time.process_time() + seconds, list(_different(program))
    gains, tried = [], 0
    for edit in edits:
        if time.process_time() > until:
            break
        tried += 1
        cycles = _cycles(edited(program, edit), chip, inputs, before, outputs)
        if LEAST * (before - cycles) >= before:
            gains.append(Gain(edit, cycles, before))
    return Orders(sorted(gains, key=lambda gain: gain.cycles), tried, len(edits) - tried, count)


def _is_looped(program: Program) -> bool:
    """Whether a program goes through any number of inferences."""
    return any(decode(int(word)).values.get("count", -1) == HOST_COUNT for word in program.words)


def _inputs(program: Program) -> dict[str, NDArray[np.generic]]:
    """What the runs take: samples, or seeded codes; as many as are enough, where the program takes any number."""
    looped = _is_looped(program)
    if program.samples:
        return {name: array[:INFERENCES] if looped else array for name, array in program.samples.items()}
    inferences = INFERENCES if looped else 1
    chance = np.random.default_rng(0)
    found: dict[str, NDArray[np.generic]] = {}
    for tensor in program.given:
        high = 2 if tensor.encode == "binary" else 1 << tensor.bits
        codes = chance.integers(0, high, (inferences, *tensor.shapes[0])).astype(np.uint8)
        found[tensor.name] = decoded(tensor, codes)
    return found


def _cycles(
    program: Program,
    chip: Chip,
    inputs: Mapping[str, NDArray[np.generic]],
    before: int,
    outputs: Mapping[str, NDArray[np.generic]],
) -> int:
    """The cycles of a program; those `before` where it breaks a rule or computes something else."""
    try:
        ready = prepare(program, chip, inputs=inputs)
        cycles = ready.time().cycles
        if cycles >= before:
            return before
        found = ready.values().outputs
    except AcortexError:
        return before
    same = all(np.array_equal(found[name], codes) for name, codes in outputs.items())
    return cycles if same else before


# Edits ----------------------------------------------------------------------------------------------------------------


def edited(program: Program, edit: Edit) -> Program:
    """The program with an edit; what leads to an instruction leads to it where it stands then."""
    moved = range(edit.first, edit.last + 1)
    order = list(range(len(program.words)))
    if edit.again:
        order[edit.last + 1 : edit.last + 1] = moved
    else:
        rest = [place for place in order if place not in moved]
        at = rest.index(edit.to)
        order = [*rest[:at], *moved, *rest[at:]]
    places = {old: new for new, old in reversed([*enumerate(order)])}
    words = [_led(decode(int(program.words[old])), places, edit) for old in order]
    lines = tuple(program.lines[old] for old in order)
    return replace(program, words=np.array(words, dtype=np.uint64), lines=lines)


def _led(one: Instruction, places: Mapping[int, int], edit: Edit) -> int:
    """The word of an instruction, its label where that stands now; that of what moved is the one behind it."""
    values = dict(one.values)
    for name, operand in one.row.by_name.items():
        target = values[name]
        if operand.kind.table == "label" and target not in dict(operand.kind.words).values():
            moved = not edit.again and edit.first <= target <= edit.last
            values[name] = places[edit.last + 1 if moved else target]
    return encode(one.row, values)


def _different(program: Program) -> Iterator[Edit]:
    """The edits that are tried, each program once: those that gain most often first."""
    code = [decode(int(word)) for word in program.words]
    seen = {program.words.tobytes()}
    for edit in (*_out_of_loops(code), *_more_places(code), *_earlier_and_later(code)):
        words = edited(program, edit).words.tobytes()
        if words not in seen:
            seen.add(words)
            yield edit


def _out_of_loops(code: Sequence[Instruction]) -> Iterator[Edit]:
    """Registers that are set anew in each turn, and need not be."""
    loops: list[int] = []
    for place, one in enumerate(code):
        if one.row.effect == LOOP:
            loops.append(place)
        elif one.row.effect == NEXT and loops:
            loops.pop()
        elif loops and one.row.mnemonic in SETTING and one.values.get("by", NO_LOOP) == NO_LOOP:
            last = place
            while code[last + 1].row.mnemonic in CHANGING and _register(code[last + 1]) == _register(one):
                last += 1
            yield from (Edit(place, last, loop) for loop in loops)


def _register(one: Instruction) -> tuple[str, int]:
    """The register that an instruction sets or changes."""
    operand = one.row.operands[0]
    return operand.kind.name, one[operand.name]


def _more_places(code: Sequence[Instruction]) -> Iterator[Edit]:
    """Tokens that are made before the first loop over inferences begins: one more of each."""
    started = False
    for place, one in enumerate(code):
        started |= one.row.effect == START
        if one.row.mnemonic == "inference":
            return
        if started and one.row.effect == MAKE_TOKEN:
            yield Edit(place, place, place, again=True)


def _earlier_and_later(code: Sequence[Instruction]) -> Iterator[Edit]:
    """Signals earlier, awaits later, and what moves words earlier, past instructions of their own agent."""
    for stretch in _stretches(code):
        for at, place in enumerate(stretch):
            one = code[place]
            agent = _agent(one)
            if agent == "controller":
                continue
            if one.row.effect == TAKE_TOKEN:
                behind = [other for other in stretch[at + 1 :] if _agent(code[other]) == agent][:REACH]
                yield from (Edit(place, place, other + 1) for other in behind)
                continue
            free = stretch[:at] if one.row.effect == MAKE_TOKEN else _unmarked(code, stretch[:at])
            yield from (Edit(place, place, other) for other in [o for o in free if _agent(code[o]) == agent][-REACH:])


def _stretches(code: Sequence[Instruction]) -> Iterator[list[int]]:
    """Instructions that follow each other always: nothing leads away between them, or to one behind the first."""
    targets = _targets(code)
    stretch: list[int] = []
    for place, one in enumerate(code):
        if place in targets or one.row.effect in STEERING:
            yield stretch
            stretch = []
        if one.row.effect not in STEERING:
            stretch.append(place)
    yield stretch


def _targets(code: Sequence[Instruction]) -> set[int]:
    """The instructions that others lead to."""
    labels = [(one, name) for one in code for name, operand in one.row.by_name.items() if operand.kind.table == "label"]
    return {one[name] for one, name in labels}


def _unmarked(code: Sequence[Instruction], before: Sequence[int]) -> list[int]:
    """The last of some instructions, back to a mark: beyond it they would count to another layer or inference."""
    marked = [at for at, place in enumerate(before) if code[place].row.mnemonic in MARKS]
    return list(before[marked[-1] + 1 :] if marked else before)


def _agent(one: Instruction) -> str:
    """The agent of an instruction."""
    return AGENTS[one["agent"]] if one.row.agent == "any" else one.row.agent
