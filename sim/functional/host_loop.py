"""The loop over the host's inferences: where it stands, and what its turns have in common."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import lcm

from acortex.isa.codec import Instruction, decode
from acortex.isa.operands import HOST_COUNT, NO_LOOP
from acortex.isa.program import Program
from acortex.isa.sequencer import Sequencer
from acortex.isa.table import LAG


@dataclass(frozen=True)
class HostLoop:
    """The one loop of a program over the host's inferences: its register, the addresses of its `loop` and its `next`.

    After `period` turns all streams of its body lie where they lay; None where some never do. `lagging` are the
    registers that lag behind its own. From turn `settled` on, every turn takes the same steps: no `lag` leaves any out.
    """

    register: int
    opens: int
    closes: int
    period: int | None
    lagging: frozenset[int] = frozenset()
    settled: int = 0


def host_loop(program: Program) -> HostLoop | None:
    """The loop over the host's inferences, where there is just one, in no other loop."""
    code = [decode(int(word)) for word in program.words]
    heads = [pc for pc, found in enumerate(code) if found.values.get("count", -1) == HOST_COUNT]
    if len(heads) != 1:
        return None
    register = code[heads[0]]["loop"]
    named = [pc for pc, found in enumerate(code) if pc > heads[0] and found.values.get("loop") == register]
    around = any(found.values.get("target", len(code)) <= heads[0] for found in code[heads[0] :])
    if len(named) != 1 or "target" not in code[named[0]].values or around:
        return None
    behind = _behind(code, register)
    if behind is None:
        return None
    period = _period(code[heads[0] + 1 : named[0]], {register, *behind})
    return HostLoop(register, heads[0], named[0], period, frozenset(behind), max(behind.values(), default=0))


def _behind(code: Sequence[Instruction], register: int) -> dict[int, int] | None:
    """The registers that lag behind one, and by how many turns at most; None where one also lags behind another."""
    lags = [found for found in code if found.row.effect == LAG]
    behind: dict[int, int] = {}
    for found in lags:
        if found["of"] == register:
            behind[found["register"]] = max(behind.get(found["register"], 0), found["turns"])
    others = {found["register"] for found in lags if found["of"] != register}
    return None if others & behind.keys() else behind


def _period(body: Sequence[Instruction], registers: Container[int]) -> int | None:
    """After how many turns every instruction of a body names the same words and groups again; None for never."""
    period = 1
    for found in body:
        by = found.values.get("by", NO_LOOP)
        moved = found.values.get("stride", found.values.get("step"))
        if moved is None:  # it names the inference
            if "by" in found.values and by not in registers:
                return None
        elif by in registers and moved:
            if not (ring := found.values.get("ring", 0)):
                return None
            period = lcm(period, ring)
    return period


def count_of(sequencer: Sequencer, loop: HostLoop) -> int:
    """Which turn of the loop a sequencer is in, from 0 on."""
    return sequencer.counts[loop.register]
