"""What a loaded container is held to beyond its form: the rules that the assembler holds a text to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import accept
from acortex.isa.checks import check
from acortex.isa.codec import decode
from acortex.isa.language.program import NO_INSTRUCTIONS
from acortex.isa.program import Program


def malformed(what: str) -> UsageError:
    """The error of a container that is not as `dumps` writes it."""
    return UsageError(f"the program is malformed: {what}", hint="its checksum matches: what wrote it is at fault")


def judge(program: Program) -> None:
    """Holds a loaded program to the rules that the assembler holds a text to."""
    names = {
        "weights": [one.name for one in program.weights],
        "constants": [one.name for one in program.constants],
        "input": [one.name for one in program.inputs],
        "output": [one.name for one in program.outputs],
        "layer": list(program.layers),
        "part": [one.name for one in program.parts],
    }
    if any(len(set(known)) != len(known) for known in names.values()):
        raise malformed("a name stands twice in a table")
    if any(one.end > other.address for one, other in pairwise(program.memory)):
        raise malformed("memory")
    _judge_instructions(program, {table: len(known) for table, known in names.items()})
    if program.samples:
        _judge_samples(program)
    if program.labels is not None:
        _judge_labels(program, program.labels)


def _judge_instructions(program: Program, tables: dict[str, int]) -> None:
    problems = check([decode(int(word)) for word in program.words], tables)
    if problems or not len(program.words):
        what = f"{program.lines[problems[0].index]}: {problems[0].message}" if problems else "no instructions"
        error = UsageError(f"the program breaks a rule: {what}")
        error.code = problems[0].row.code if problems else NO_INSTRUCTIONS.code
        raise error


def _judge_samples(program: Program) -> None:
    inputs = {tensor.name: tensor for tensor in program.given}
    counts = {len(accept(inputs[name], array)) for name, array in program.samples.items() if name in inputs}
    if set(program.samples) != set(inputs) or len(counts) != 1:
        raise malformed("samples")


def _judge_labels(program: Program, labels: NDArray[np.int64]) -> None:
    if not program.samples:
        raise malformed("labels without samples")
    if any(len(array) != len(labels) for array in program.samples.values()):
        raise malformed("labels")
