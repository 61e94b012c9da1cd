"""Which instructions the judge knows. Each of its parts is written anew, and so learns each instruction by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from acortex.isa.sequencer import Dispatch

Known = TypeVar("Known")

SYNCS = ("signal", "await")
SWITCHES = ("connect", "disconnect")

NOT_YET: dict[str, str] = {
    "work": "its values are those of onnxruntime, and its model is no random data; tests/programs/host draws networks",
}
"""Agents' instructions that the judge does not know yet, each with the reason. Random programs leave them out."""


class NotJudgedError(Exception):
    """A program with an instruction that the judge does not know."""


def known(table: Mapping[str, Known], dispatch: Dispatch, judge: str) -> Known:
    """What a part of the judge has for an instruction. Raises NotJudgedError, which names both, for one it lacks."""
    mnemonic = dispatch.row.mnemonic
    if mnemonic not in table:
        raise NotJudgedError(f"{judge} does not know `{mnemonic}`: add it there, or say why not in coverage.NOT_YET")
    return table[mnemonic]
