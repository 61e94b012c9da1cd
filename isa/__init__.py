"""What a program is: the instruction table, the assembler and the container. Imports none of the other layers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acortex.isa.assembler import assemble, assemble_file
    from acortex.isa.codec import Instruction, as_text, decode, encode
    from acortex.isa.container import dumps, load, loads, save, sha256
    from acortex.isa.diagnostics import Diagnostic
    from acortex.isa.disassembler import disassemble, listing
    from acortex.isa.manual import reference
    from acortex.isa.program import Constants, Line, Memory, Program, Tensor, Weights

__all__ = [
    "Constants", "Diagnostic", "Instruction", "Line", "Memory", "Program", "Tensor", "Weights",
    "as_text", "assemble", "assemble_file", "decode", "disassemble", "dumps", "encode",
    "listing", "load", "loads", "reference", "save", "sha256",
]  # fmt: skip

_HOMES = {
    "assembler": ("assemble", "assemble_file"),
    "codec": ("Instruction", "as_text", "decode", "encode"),
    "container": ("dumps", "load", "loads", "save", "sha256"),
    "diagnostics": ("Diagnostic",),
    "disassembler": ("disassemble", "listing"),
    "manual": ("reference",),
    "program": ("Constants", "Line", "Memory", "Program", "Tensor", "Weights"),
}
"""The module of each public name: loaded at its first use, since NumPy need not be paid for by `--help`."""


def __getattr__(name: str) -> object:
    """Loads a public name from its home."""
    for module, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
