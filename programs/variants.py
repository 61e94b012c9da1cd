"""A program of the zoo with the weights and constants of another training of the same network."""

from __future__ import annotations

import re
from pathlib import Path

from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.programs.network.published import arrays


def assembled(name: str, source: Path, weights: str) -> Program:
    """The program of a source under another name, with the weights and constants of a data file beside it.

    `weights` is the file. Its whole numbers replace the constants of the source that have their names, in capitals; its
    matrices stand for those of the source. Samples and labels stay. Lines are those of the source.

    Raises ManyErrors where the text does not assemble, and ValueError where it lacks one of the constants.
    """
    text = re.sub(r"(?m)^(\s*\.program\s+)\S+", rf"\g<1>{name}", source.read_text(encoding="utf-8"))
    text = re.sub(r'(?m)^(\s*\.weights .*file=)"[^"]+"', rf'\g<1>"{weights}"', text)
    for key, value in arrays(weights).items():
        if not value.shape and value.dtype.kind == "i":
            text = _with_constant(text, key.upper(), int(value))
    return assemble(text, file=str(source), folder=source.parent)


def _with_constant(text: str, name: str, value: int) -> str:
    """The text with another value of a constant; one that no line defines has to be 0, the default of what it sets."""
    found, times = re.subn(rf"(?m)^(\s*\.equ\s+{name},\s*)\S+", rf"\g<1>{value}", text)
    if times != 1 and value:
        raise ValueError(f"{times} lines define the constant {name}")
    return found
