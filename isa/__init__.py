"""What a program is: the instruction table, the assembler and the container. Imports none of the other layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.lazy_names import loader

if TYPE_CHECKING:
    from acortex.isa.asm.assembler import assemble, assemble_file
    from acortex.isa.asm.disassembler import disassemble, listing
    from acortex.isa.codec import Instruction, as_text, decode, encode
    from acortex.isa.container import dumps, load, loads, save, sha256
    from acortex.isa.language.diagnostics import Diagnostic
    from acortex.isa.manual import reference
    from acortex.isa.program import Constants, Line, Memory, Program, Tensor, Weights

__all__ = [
    "Constants", "Diagnostic", "Instruction", "Line", "Memory", "Program", "Tensor", "Weights",
    "as_text", "assemble", "assemble_file", "decode", "disassemble", "dumps", "encode",
    "listing", "load", "loads", "reference", "save", "sha256",
]  # fmt: skip

__getattr__ = loader(
    __name__,
    {
        "Constants": "acortex.isa.program:Constants",
        "Diagnostic": "acortex.isa.language.diagnostics:Diagnostic",
        "Instruction": "acortex.isa.codec:Instruction",
        "Line": "acortex.isa.program:Line",
        "Memory": "acortex.isa.program:Memory",
        "Program": "acortex.isa.program:Program",
        "Tensor": "acortex.isa.program:Tensor",
        "Weights": "acortex.isa.program:Weights",
        "as_text": "acortex.isa.codec:as_text",
        "assemble": "acortex.isa.asm.assembler:assemble",
        "assemble_file": "acortex.isa.asm.assembler:assemble_file",
        "decode": "acortex.isa.codec:decode",
        "disassemble": "acortex.isa.asm.disassembler:disassemble",
        "dumps": "acortex.isa.container:dumps",
        "encode": "acortex.isa.codec:encode",
        "listing": "acortex.isa.asm.disassembler:listing",
        "load": "acortex.isa.container:load",
        "loads": "acortex.isa.container:loads",
        "reference": "acortex.isa.manual:reference",
        "save": "acortex.isa.container:save",
        "sha256": "acortex.isa.container:sha256",
    },
)
