"""Each part of the judge knows every instruction, or says by name which not, and why."""

from __future__ import annotations

import pytest

from acortex.isa.asm.assembler import assemble
from acortex.isa.sequencer import Sequencer
from acortex.isa.table import ROWS
from judge.arithmetic import STEPS
from judge.counting import VECTOR
from judge.coverage import NOT_YET, SWITCHES, SYNCS, NotJudgedError, known
from judge.ordering import FOLLOWED
from judge.stepped import WORK
from judge.values import MEANING

AGENTS = {row.mnemonic for row in ROWS if row.agent != "controller"}
TABLES = {
    "values.py": {*MEANING, *SYNCS, *SWITCHES},
    "stepped.py": {*WORK},
    "ordering.py": {*FOLLOWED},
}


@pytest.mark.parametrize("part", TABLES)
def test_a_part_of_the_judge_knows_every_instruction_or_lists_it_as_not_known_yet(part: str) -> None:
    assert TABLES[part] | NOT_YET.keys() == AGENTS


def test_the_steps_of_the_vector_agent_are_known_likewise() -> None:
    vector = {row.mnemonic for row in ROWS if row.agent == "vector"}
    assert {*VECTOR} | NOT_YET.keys() & vector == {*STEPS, "pool"} | NOT_YET.keys() & vector == vector


def test_what_the_judge_does_not_know_is_named() -> None:
    sequencer = Sequencer(assemble("start\nsignal read, t0\nhalt"), 1)
    sequencer.step()
    dispatch = sequencer.step()
    assert dispatch is not None
    with pytest.raises(NotJudgedError, match=r"judge/values.py does not know `signal`: add it there, or say why not"):
        known(MEANING, dispatch, "judge/values.py")
