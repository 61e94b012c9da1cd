"""The words of the assembly language by what they are, from the tables of the instruction set: for highlighting."""

from __future__ import annotations

import re

from acortex.isa.arithmetic.tensors import ENCODINGS
from acortex.isa.asm.directives import DIRECTIVES as DECLARATIONS
from acortex.isa.asm.directives import ENDINGS, FIELDS, TEXT
from acortex.isa.data import TYPES
from acortex.isa.operands import KINDS
from acortex.isa.table import MNEMONICS as ROWS

MNEMONICS = frozenset(ROWS)
"""The instructions."""

DIRECTIVES = frozenset((*DECLARATIONS, *TEXT, *ENDINGS))
"""The directives, each with its dot."""

OPERANDS = frozenset((*(operand.name for row in ROWS.values() for operand in row.operands), *FIELDS))
"""What may stand before `=`: operands of instructions, and fields of directives."""

CHOICES = frozenset(
    word
    for word in (
        *(choice for kind in KINDS.values() for choice in kind.choices),
        *(word for kind in KINDS.values() for word, _ in kind.words),
        *ENCODINGS,
        *TYPES,
    )
    if word.isidentifier()
)
"""The values of operands and fields that are words."""

PREFIXES = "".join(sorted({kind.prefix for kind in KINDS.values() if kind.prefix}))
"""The letters that registers, tokens, groups and the like begin with."""

REGISTER = re.compile(rf"[{PREFIXES}][0-9]+", re.ASCII)
"""Matches what names a register, or would name one if there were as many."""
