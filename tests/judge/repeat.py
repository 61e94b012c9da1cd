"""Random programs of one inference, made into programs of many: their body in a loop over the host's inferences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from acortex.isa import encode
from acortex.isa.codec import Instruction, as_text, decode
from acortex.isa.operands import AGENTS, HOST_COUNT
from acortex.isa.program import Line, Program
from acortex.isa.table import MNEMONICS

HUB = AGENTS.index("vector")
"""The agent that ends a turn: it awaits all others, and then all others await it."""


def repeated(program: Program) -> Program | None:
    """The program with its body in a loop over the host's inferences; None where it has no room for that.

    A barrier ends each turn, so that turns are in order, and groups are disconnected. Every `inference` names this
    loop. What else the body does stays as it was: it may read what the turn before it wrote.
    """
    code = [decode(int(word)) for word in program.words]
    registers = set(range(8)) - {found[name] for found in code for name in ("loop", "register") if name in found.values}
    tokens = set(range(64)) - {found["token"] for found in code if "token" in found.values}
    if not registers or len(tokens) < 2 * len(AGENTS):
        return None
    register, start = min(registers), next(n for n, found in enumerate(code) if found.row.mnemonic == "start")
    body = [_in_loop(found, register) for found in code[start + 1 : -1]]
    made = [
        *code[: start + 1],
        _made("loop", loop=register, count=HOST_COUNT),
        *body,
        *_disconnected(body),
        *_barrier(sorted(tokens)),
        _made("next", loop=register, target=start + 2),
        code[-1],
    ]
    lines = tuple(Line("many.s", number, as_text(found)) for number, found in enumerate(made, start=1))
    words = np.array([encode(found.row, found.values) for found in made], dtype=np.uint64)
    return replace(program, words=words, lines=lines)


def _made(mnemonic: str, **values: int) -> Instruction:
    row = MNEMONICS[mnemonic]
    return Instruction(row, {operand.name: values.get(operand.name, operand.default or 0) for operand in row.operands})


def _in_loop(found: Instruction, register: int) -> Instruction:
    """An instruction of the body, one further down than it was."""
    values = dict(found.values)
    for name in ("target", "until"):
        values |= {name: values[name] + 1} if values.get(name) else {}
    if found.row.mnemonic == "inference":
        values["by"] = register
    if values.get("count") == HOST_COUNT:  # the program was made for one inference
        values["count"] = 1
    return Instruction(found.row, values)


def _disconnected(body: list[Instruction]) -> Iterator[Instruction]:
    """What disconnects the groups that a body leaves connected; it names them without a loop."""
    connected = dict.fromkeys(found["group"] for found in body if found.row.mnemonic == "connect")
    for found in body:
        if found.row.mnemonic == "disconnect":
            connected.pop(found["group"], None)
    yield from (_made("disconnect", group=group) for group in connected)


def _barrier(tokens: list[int]) -> Iterator[Instruction]:
    others = [agent for agent in range(len(AGENTS)) if agent != HUB]
    for agent, token in zip(others, tokens, strict=False):
        yield _made("signal", agent=agent, token=token)
        yield _made("await", agent=HUB, token=token)
    for agent, token in zip(others, tokens[len(others) :], strict=False):
        yield _made("signal", agent=HUB, token=token)
        yield _made("await", agent=agent, token=token)
