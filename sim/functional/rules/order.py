"""Rules of order: tokens, what two agents give to the vector agent, and accesses to one word of main memory."""

from __future__ import annotations

from collections.abc import Mapping

from acortex.isa.codec import decode
from acortex.isa.operands import AGENTS, MOST_TOKENS
from acortex.isa.semantics import HOST_WORK, MAKE_TOKEN, TAKE_TOKEN
from acortex.sim.functional.happens_before import NUMBER, Conflict, OrderError
from acortex.sim.functional.rules.remainders import held_back, notes_on, taker_of
from acortex.sim.functional.rules.row import ACCESSING, Facts, rule
from acortex.sim.functional.rules.situation import Known, Situation


def warnings(known: Known) -> list[str]:
    """Tokens that no agent takes.

    One of which some are taken is none of them: at the end of a pipelined loop a few are always left.
    """
    never = known.order.never_awaited()
    return [f"{known.line(maker)}: {maker.agent} signals token t{token}, which nobody awaits" for token, maker in never]


PAIR = "use a token of its own for each pair of agents"
SIGNAL_AND_AWAIT = "signal a token from {from_agent} after that line, and await it in {agent} before this one"
LEFT = (
    "{taker} leaves some of what {giver} gives, so that nothing shows that {other} has ended: have it take all, or"
    " signal a token from {from_agent} after that line"
)
TWICE = "{mnemonic} {verb} word {word} of main memory, which is {how} {other} at {line}, and nothing orders the two"


@rule(
    "R701", "One agent signals a token", "order", MAKE_TOKEN,
    "token t{token} is signalled by {agent} here, and by {maker} at {made}: which of them an await takes would depend"
    " on time", PAIR,
    ("signal   write, t1", "signal   write, t1\nsignal   read, t1"), error=OrderError,
)  # fmt: skip
def _one_maker(at: Situation) -> Facts:
    number, agent = at.dispatch.ops.token, at.dispatch.agent
    token = at.known.order.tokens.get(number)
    if token is None or token.maker == agent:
        return None
    return {"token": number, "agent": agent, "maker": token.maker, "made": at.known.line(token.made_by)}


@rule(
    "R702", "A token's counter holds what is left", "order", MAKE_TOKEN,
    "token t{token} is signalled {times:,} times more often than it is awaited; its counter holds {most:,}",
    "await it as often as it is signalled, or leave the signal out",
    ("connect  g0\n", "connect  g0\nloop l0, 16777215\nagain: signal buffer, t9\nnext l0, again\n"), error=OrderError,
)  # fmt: skip
def _counter(at: Situation) -> Facts:
    number = at.dispatch.ops.token
    token = at.known.order.tokens.get(number)
    if token is None or len(token.left) < MOST_TOKENS:
        return None
    return {"token": number, "times": MOST_TOKENS + 1, "most": MOST_TOKENS}


@rule(
    "R703", "A token is signalled before it is awaited", "order", TAKE_TOKEN,
    "{agent} awaits token t{token} for ever: {already}",
    "signal t{token} before this line, in the order of the program",
    ("await    read, t0", "await    read, t5"), error=OrderError,
)  # fmt: skip
def _signalled(at: Situation) -> Facts:
    number = at.dispatch.ops.token
    token = at.known.order.tokens.get(number)
    if token is not None and token.left:
        return None
    taken = "the signal before it is" if token and token.taken == 1 else "all signals before it are"
    already = f"{taken} taken" if token else "no signal stands before it"
    return {"agent": at.dispatch.agent, "token": number, "already": already}


@rule(
    "R704", "One agent awaits a token", "order", TAKE_TOKEN,
    "token t{token} is awaited by {agent} here, and by {taker} elsewhere: which of them takes it would depend on time",
    PAIR,
    ("await    read, t0", "signal   host_in, t0\nawait    read, t0\nawait    operand, t0"), error=OrderError,
)  # fmt: skip
def _one_taker(at: Situation) -> Facts:
    number, agent = at.dispatch.ops.token, at.dispatch.agent
    token = at.known.order.tokens[number]
    return None if token.taker in ("", agent) else {"token": number, "agent": agent, "taker": token.taker}


def _race(at: Situation, found: Conflict | None, verb: str, how: str) -> Facts:
    if found is None:
        return None
    program, dispatch = at.known.program, at.dispatch
    other = decode(int(program.words[found.pc])).row.mnemonic
    agents = {"from_agent": AGENTS[found.agent], "agent": dispatch.agent}
    facts = {"mnemonic": at.mnemonic, "verb": verb, "how": how, "word": found.word, "other": other, **agents}
    return {**facts, "line": program.lines[found.pc], **_left(at.known, found, facts)}


def _left(known: Known, found: Conflict, facts: Mapping[str, object]) -> Mapping[str, object]:
    """Why the end of the earlier access is not known, where that is because a taker left some items."""
    hidden = held_back(known, found.agent, found.number)
    if hidden is None:
        return {}
    giver = hidden[1].dispatch.row.mnemonic
    return {
        "notes": notes_on(known, *hidden),
        "instead": LEFT.format(taker=taker_of(hidden[1]), giver=giver, **facts),
    }


@rule(
    "R705", "A word is written before it is read", "order", ACCESSING, TWICE, SIGNAL_AND_AWAIT,
    ("signal   host_in, t0\nawait    read, t0\n", ""), error=OrderError,
)  # fmt: skip
def _read_behind_write(at: Situation) -> Facts:
    if not at.flow.reads:
        return None
    order = at.known.order
    found = order.conflict(at.dispatch.agent, at.addresses, at.start, order.writes)
    return _race(at, found, "reads", "written by")


@rule(
    "R706", "A word that is read holds something", "order", ACCESSING,
    "{mnemonic} reads word {word} of main memory, which was never written",
    "check the stream's base, extents and strides, and that what writes it stands before this line",
    ("read     d0", "base     d2, 9\nread     d2"), error=OrderError,
)  # fmt: skip
def _written(at: Situation) -> Facts:
    word = at.known.order.unwritten(at.addresses) if at.flow.reads else None
    return None if word is None else {"mnemonic": at.mnemonic, "word": word}


@rule(
    "R707", "Two writes of a word are ordered", "order", ACCESSING, TWICE, SIGNAL_AND_AWAIT,
    ("write    d1\nsignal   write, t1", "write    d1\ninput    x, d1\nsignal   write, t1"), error=OrderError,
)  # fmt: skip
def _write_behind_write(at: Situation) -> Facts:
    if not at.flow.writes:
        return None
    order = at.known.order
    found = order.conflict(at.dispatch.agent, at.addresses, at.start, order.writes)
    return _race(at, found, "writes", "written by")


@rule(
    "R708", "A word is read before it is written again", "order", ACCESSING, TWICE, SIGNAL_AND_AWAIT,
    ("output   y, d1", "input    x, d0\noutput   y, d1"), error=OrderError,
)  # fmt: skip
def _write_behind_read(at: Situation) -> Facts:
    if not at.flow.writes:
        return None
    order = at.known.order
    return _race(at, order.conflict(at.dispatch.agent, at.addresses, at.start, order.reads), "writes", "read by")


@rule(
    "R709", "Words of two agents reach the vector agent in one order", "order", ACCESSING,
    "{mnemonic} gives words to the vector agent, as {other} does at {line}, and nothing orders the two: which come"
    " first would depend on time", SIGNAL_AND_AWAIT,
    ("convert  q0, 1\nwrite    d1", "convert  q0, 1, to=vector\nrequant  q0, 1\nwrite    d1, source=vector\n"
     "read     d0, to=vector\nrequant  q0, 1\nwrite    d1, source=vector"), error=OrderError,
)  # fmt: skip
def _stream_of_vector(at: Situation) -> Facts:
    order, agent = at.known.order, at.dispatch.agent
    giver = order.streamer
    if at.flow.gives != "vector" or giver is None or giver.agent == agent:
        return None
    if at.start[NUMBER[giver.agent]] >= order.streamed:
        return None
    facts = {"mnemonic": at.mnemonic, "other": giver.row.mnemonic, "line": at.known.line(giver)}
    return {**facts, "from_agent": giver.agent, "agent": agent}


_MODEL = "eNrj4LBSF2Is0BLkYBJgdGKs8uJgYGiwZ2BgcEji52KsEuLi4uBgFGLhYuJgcmLhYhAQBACTlAUj"
"""An ONNX model that makes z, the numbers 1 and 2, of nothing."""

_PART = (".output  y, shape=2", f'.output  y, shape=2\n.part    p, shape=49\n.blob    "{_MODEL}"')
_OUT = "output   y, d1"
_WORKS = f"{_OUT}\nsignal   host_out, t7\nawait    host, t7\nwork     p, 1"


@rule(
    "R710", "The host works on what has left main memory", "order", HOST_WORK,
    "the host works before what {line} gives it has left main memory: nothing orders the two", SIGNAL_AND_AWAIT,
    (_OUT, f"{_OUT}\nwork     p, 1"), common=(_PART,), mends=((_OUT, _WORKS),), error=OrderError,
)  # fmt: skip
def _has_left(at: Situation) -> Facts:
    order = at.known.order
    ended = order.known[NUMBER[at.dispatch.agent]][NUMBER["host_out"]] >= order.left
    if ended or order.left_of != at.dispatch.inference:  # of another inference the host takes nothing
        return None
    line = at.known.program.lines[order.history[NUMBER["host_out"]][order.left]]
    return {"line": line, "from_agent": "host_out", "agent": at.dispatch.agent}


_MADE = ("input    x, d0", "work     p, 1\nbase     d2, 2\ninput    z, d2\ninput    x, d0")
_AFTER = (
    "input    x, d0",
    "work     p, 1\nsignal   host, t7\nawait    host_in, t7\nbase     d2, 2\ninput    z, d2\ninput    x, d0",
)


@rule(
    "R711", "What the host makes is made before it comes in", "order", ACCESSING,
    "{mnemonic} brings in {tensor}, which the host makes at {line}, and nothing orders the two", SIGNAL_AND_AWAIT,
    _MADE, common=(_PART, (".input   x, shape=2", ".input   x, shape=2\n.input   z, shape=2, host=yes")),
    mends=(_AFTER,), error=OrderError,
)  # fmt: skip
def _made(at: Situation) -> Facts:
    if at.flow.takes != "host_in":
        return None
    tensor, order = at.known.program.inputs[at.dispatch.ops.tensor], at.known.order
    host = NUMBER["host"]
    own = order.worked_of == at.dispatch.inference
    if not tensor.host or (own and order.worked <= at.start[host]):
        return None
    line = at.known.program.lines[order.history[host][order.worked]] if own else "no line"
    facts = {"mnemonic": at.mnemonic, "tensor": tensor.name, "line": line}
    return {**facts, "from_agent": "host", "agent": at.dispatch.agent}
