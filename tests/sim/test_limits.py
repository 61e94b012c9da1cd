"""Limits of operands: they hold for whatever instruction has an operand of that name and kind."""

from __future__ import annotations

from acortex.isa.table import MNEMONICS, InstructionRow, _operands
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.rules.limits import LIMITS, _limits_of

STRANGE = InstructionRow(
    "paint", 0x70, "write", "word", _operands("stream; fill:code=0; words:vector_words"), "", "", 0
)
"""An instruction that there is not: its `fill` is a code as that of `feed`, its `words` are of another kind."""


def test_an_instruction_without_limits_of_its_own_has_those_of_like_operands() -> None:
    limits = _limits_of(STRANGE)
    assert {limit.operand for limit in limits} == {"fill"}
    broken = limits[0].rule.broken(
        "paint.s:1", mnemonic="paint", value=16, chip=load_chip("acortex_digits").name, allowed=15
    )
    assert broken.message == "paint: fill is 16; acortex_digits allows up to 15, the highest code of a 4-bit DAC"


def test_an_instruction_with_limits_of_its_own_has_no_others_for_the_same_operand() -> None:
    for limit in LIMITS:
        found = _limits_of(MNEMONICS[limit.mnemonic])
        assert {one.mnemonic for one in found if one.operand == limit.operand} == {limit.mnemonic}
