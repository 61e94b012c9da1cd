"""Compares a run's outputs with an evaluation that shares no code with the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.sim.results import Verification

if TYPE_CHECKING:
    from acortex.sim.inputs import Inputs
    from acortex.sim.run import Result


def verification(program: Program, inputs: Any, outputs: Mapping[str, NDArray[Any]]) -> Verification | None:
    """How a run's outputs compare with the independent evaluation that the zoo has of its network, if any.

    `inputs` is what the user gave, or None where the program's own samples ran. The answer says whether all codes are
    `equal`, how many `codes` there are, how many are `different`, and the `first` inference with a difference, or None.
    """
    from acortex.programs import zoo

    evaluate = zoo.check_of(program) if outputs else None
    if evaluate is None:
        return None
    expected = evaluate(_codes(program, inputs))
    (found,) = outputs.values()
    differs = expected.reshape(len(expected), -1) != found.reshape(len(expected), -1)
    rows = np.flatnonzero(differs.any(axis=1))
    return Verification(
        equal=not len(rows),
        codes=int(differs.size),
        different=int(differs.sum()),
        first=int(rows[0]) if len(rows) else None,
    )


def verified(program: Program, inputs: Inputs, result: Result) -> Verification | None:
    """The same of a whole run of an ideal chip; None of another one, whose outputs may differ."""
    whole = not result.report.stopped and result.report.errors is None
    return verification(program, inputs, result.outputs) if whole else None


def _codes(program: Program, inputs: Any) -> NDArray[np.uint8]:
    """The codes of the one input tensor, of shape (inferences, size)."""
    from acortex.isa.arithmetic.tensors import accept

    (tensor,) = program.inputs
    given = program.samples if inputs is None else inputs
    array = given[tensor.name] if isinstance(given, Mapping) else given
    return accept(tensor, np.asarray(array))
