"""What a program is for, without a run: its chip, tensors, layers, sizes and multiply-accumulates."""

from __future__ import annotations

from collections import Counter

from acortex.documents import ProgramName
from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import words_of
from acortex.isa.container import sha256
from acortex.isa.data import packed_size
from acortex.isa.program import Program, Tensor, Weights
from acortex.isa.results import (
    ConstantsInfo,
    HostPartInfo,
    LayerMacs,
    MemoryInfo,
    ProgramInfo,
    ResultInfo,
    TensorInfo,
    WeightsInfo,
)
from acortex.isa.semantics import operations
from acortex.isa.sequencer import Sequencer
from acortex.isa.table import WRITE_GROUP

MAX_STEPS = 1 << 20
"""Instructions that are followed to count multiply-accumulates; a program that takes more is not counted."""

NO_LAYER = "-"
"""What stands outside of layers, as the report of a run names it."""


def summary(program: Program) -> ProgramInfo:
    """What a program is for.

    `macs` are those of a run of as many inferences as `macs_inferences` says: one, or the number of the program's own
    samples where the program does not run with one. They are None where the walk that counts them fails or does not
    end soon; a run then says what is wrong.
    """
    samples = max((len(array) for array in program.samples.values()), default=0)
    inferences, macs = _counted(program, samples)
    return ProgramInfo(
        program=ProgramName(name=program.name, sha256=sha256(program), instructions=len(program.words)),
        chip=program.chip,
        inputs=[_tensor(tensor) for tensor in program.given],
        outputs=[_tensor(tensor) for tensor in program.shown],
        macs=None if macs is None else sum(macs.values()),
        macs_inferences=inferences,
        layers=[LayerMacs(name=name, macs=None if macs is None else macs[name]) for name in program.layers],
        macs_outside_layers=None if macs is None else macs[NO_LAYER],
        weights=[_weights(one) for one in program.weights],
        constants=[ConstantsInfo(name=one.name, columns=len(one.values)) for one in program.constants],
        memory=[MemoryInfo(address=one.address, words=len(one.values)) for one in program.memory],
        samples=samples,
        labels=program.labels is not None,
        parts=[HostPartInfo(name=one.name, bytes=len(one.model)) for one in program.parts],
        results=[ResultInfo(name=one.name, shape=list(one.shape), type=one.dtype) for one in program.results],
    )


def _weights(one: Weights) -> WeightsInfo:
    rows, columns = one.values.shape
    return WeightsInfo(name=one.name, rows=rows, columns=columns, bytes=packed_size((rows, columns)))


def _tensor(tensor: Tensor) -> TensorInfo:
    linear = tensor.encode == "linear"
    return TensorInfo(
        name=tensor.name,
        shape=list(tensor.shapes[0]),
        shapes=[list(shape) for shape in tensor.shapes],
        encode=tensor.encode,
        bits=tensor.bits,
        scale=tensor.scale if linear else None,
        zero=tensor.zero if linear else None,
        axes=None if tensor.axes is None else list(tensor.axes),
        packed=tensor.packed,
        words=words_of(tensor),
    )


def _counted(program: Program, samples: int) -> tuple[int, Counter[str] | None]:
    """Multiply-accumulates by layer, and for how many inferences: a loop of a fixed count may need all samples."""
    macs = macs_by_layer(program)
    if macs is None and samples > 1:
        macs = macs_by_layer(program, samples)
        return (1, None) if macs is None else (samples, macs)
    return 1, macs


def macs_by_layer(program: Program, inferences: int = 1) -> Counter[str] | None:
    """Multiply-accumulates of so many inferences by layer, `NO_LAYER` outside of them; None where none are counted.

    Each position of a multiply counts the `macs` of its group's weights: rows x columns, or what `.weights` says.
    """
    try:
        sequencer = Sequencer(program, inferences)
        macs: Counter[str] = Counter()
        held: dict[int, int] = {}
        for _ in range(MAX_STEPS):
            dispatch = sequencer.step()
            if sequencer.state == "halted":
                return macs
            if dispatch is None or dispatch.group < 0:
                continue
            if dispatch.row.effect == WRITE_GROUP:
                held[dispatch.group] = program.weights[dispatch.ops.weights].macs
            elif positions := operations(dispatch):
                layer = program.layers[dispatch.layer - 1] if dispatch.layer else NO_LAYER
                macs[layer] += positions * held[dispatch.group]
    except (AcortexError, KeyError):  # a group without weights is no key
        return None
    return None
