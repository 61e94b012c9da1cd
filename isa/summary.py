"""What a program is for, told without running it: its chip, tensors, layers, sizes and multiply-accumulates."""

from __future__ import annotations

from collections import Counter
from typing import Any

from acortex.errors import AcortexError
from acortex.isa.container import sha256
from acortex.isa.data import packed_size
from acortex.isa.program import Program, Tensor
from acortex.isa.sequencer import Sequencer
from acortex.isa.tensors import words_of

MAX_STEPS = 1 << 20
"""Instructions that are followed to count multiply-accumulates; a program that takes more is not counted."""


def summary(program: Program) -> dict[str, Any]:
    """The report `acortex.info/1` of a program, in plain JSON types; `macs` are those of one inference.

    They are None where the walk that counts them fails or does not end soon; a run then says what is wrong.
    """
    macs = macs_by_layer(program)
    samples = {len(array) for array in program.samples.values()}
    return {
        "schema": "acortex.info/1",
        "program": {"name": program.name, "sha256": sha256(program), "instructions": len(program.words)},
        "chip": program.chip,
        "inputs": [_tensor(tensor) for tensor in program.inputs],
        "outputs": [_tensor(tensor) for tensor in program.outputs],
        "macs": None if macs is None else sum(macs.values()),
        "layers": [{"name": name, "macs": macs and macs[name]} for name in program.layers],
        "weights": [
            {
                "name": one.name,
                "rows": one.values.shape[0],
                "columns": one.values.shape[1],
                "bytes": packed_size((one.values.shape[0], one.values.shape[1])),
            }
            for one in program.weights
        ],
        "constants": [{"name": one.name, "columns": len(one.values)} for one in program.constants],
        "memory": [{"address": one.address, "words": len(one.values)} for one in program.memory],
        "samples": max(samples, default=0),
        "labels": program.labels is not None,
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    linear = tensor.encode == "linear"
    return {
        "name": tensor.name,
        "shape": list(tensor.shapes[0]),
        "shapes": [list(shape) for shape in tensor.shapes],
        "encode": tensor.encode,
        "bits": tensor.bits,
        "scale": tensor.scale if linear else None,
        "zero": tensor.zero if linear else None,
        "axes": None if tensor.axes is None else list(tensor.axes),
        "packed": tensor.packed,
        "words": words_of(tensor),
    }


def macs_by_layer(program: Program) -> Counter[str] | None:
    """Multiply-accumulates of one inference by layer ("-" outside of layers); None where they cannot be counted."""
    try:
        sequencer = Sequencer(program, 1)
        macs: Counter[str] = Counter()
        held: dict[int, int] = {}
        for _ in range(MAX_STEPS):
            dispatch = sequencer.step()
            if sequencer.state == "halted":
                return macs
            if dispatch is not None and dispatch.row.mnemonic == "program":
                held[dispatch.group] = program.weights[dispatch.ops.weights].macs
            elif dispatch is not None and dispatch.row.mnemonic == "multiply":
                layer = program.layers[dispatch.layer - 1] if dispatch.layer else "-"
                macs[layer] += dispatch.ops.positions * held[dispatch.group]
    except (AcortexError, KeyError):  # a group without weights is no key
        return None
    return None
