"""Where errors say that an instruction stands: its line, and for a compiled network its layer, too.

The text of a compiled network is in no file, so its lines alone would lead nowhere.
"""

from __future__ import annotations

from acortex.isa.codec import OPCODE_SHIFT, decode
from acortex.isa.program import Program
from acortex.isa.table import MNEMONICS

_OPCODE = MNEMONICS["layer"].opcode


def place(program: Program, pc: int) -> str:
    """The place of an instruction: "conv.s:58", or "<one>:58, layer conv1" in what was compiled."""
    line = program.lines[pc]
    layer = layer_at(program, pc) if line.compiled else ""
    return f"{line}, layer {layer}" if layer else str(line)


def layer_at(program: Program, pc: int) -> str:
    """The layer of an instruction, by the last mark at or above it; empty where none is."""
    for word in reversed(program.words[: pc + 1].tolist()):
        if word >> OPCODE_SHIFT == _OPCODE:
            number = decode(word)["layer"]
            return program.layers[number] if number < len(program.layers) else ""
    return ""
