"""Which pass waits for which: as few tokens as order every two accesses to a word, whatever the timing.

Agents run as far ahead as they can. What reads a map awaits a token of what wrote it; one token stands for all that
its maker did before it, so a wait that follows from an earlier one is left out. What writes over words that others have
read needs none, because a pass's words are written after all that it read, and the passes before it wrote in order.
What the read agent gives to the vector agent awaits a token of the neurons where these gave it words before; the other
way round needs none where the neurons convert what was read in its turn.
A pass whose pool leaves out the end of its image ends early: its last word is written while words still arrive. There
a token of the write says nothing of what was read, and another agent makes the one that does.
A token notifies the host when the place of an input is free; one of the host notifies when that of an output is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from acortex.programs.mapping.exchanges import Exchanges
from acortex.programs.mapping.passes import Pass, Sink, Source


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its number, the agent that makes it, the one that takes it, and what it says."""

    number: int
    maker: str
    taker: str
    says: str


@dataclass
class Schedule:
    """Tokens around each pass: `before[i]` are awaited by the agents of pass i, `after[i]` signalled when it is given.

    `loaded` are signalled by host_in when the inputs of an inference are in memory, `shown` awaited by host_out before
    it takes its outputs. `credits` are tokens that exist from the beginning: (token, how many).
    """

    before: list[list[Token]] = field(default_factory=list)
    after: list[list[Token]] = field(default_factory=list)
    loaded: list[Token] = field(default_factory=list)
    shown: list[Token] = field(default_factory=list)
    taken: list[Token] = field(default_factory=list)
    credits: list[tuple[Token, int]] = field(default_factory=list)
    free: list[Token] = field(default_factory=list)
    tokens: dict[tuple[str, str, str], Token] = field(default_factory=dict)
    host: dict[str, HostTokens] = field(default_factory=dict)
    """Those around each part of the host, by its name."""

    def token(self, maker: str, taker: str, says: str) -> Token:
        """The token by which one agent notifies another."""
        key = (maker, taker, says)
        return self.tokens.setdefault(key, Token(len(self.tokens), maker, taker, says))


@dataclass(frozen=True)
class HostTokens:
    """The tokens around the host's work between passes: all before it has ended; what it takes has left; what it makes
    is made; and is in memory.
    """

    ended: tuple[Token, ...]
    left: Token
    made: Token
    loaded: tuple[Token, ...]


def order_exchanges(result: Schedule, passes: Sequence[Pass], exchanges: Exchanges) -> None:
    """The host begins when all passes before it have ended, and no agent goes on before what it makes is in memory."""
    if exchanges.head is None and exchanges.tail is None and not exchanges.between:
        return
    left = result.token("host_out", "host", "what the host works on has left memory")
    made = result.token("host", "host_in", "the host has made what comes next")
    for exchange in exchanges.between:
        makers = ("write", "vector") if passes[exchange.before - 1].ends_early else ("write",)
        ended = (result.token(maker, "host_out", "all before the host's work has ended") for maker in makers)
        loaded = (
            result.token("host_in", taker, "what the host has made is in memory")
            for taker in ("read", "operand", "write")
        )
        result.host[exchange.part.name] = HostTokens(tuple(ended), left, made, tuple(loaded))
    for part in (exchanges.head, exchanges.tail):
        if part is not None:
            result.host[part.name] = HostTokens((), left, made, ())


def schedule(
    passes: Sequence[Pass],
    inputs: Sequence[str],
    outputs: Sequence[str],
    places: int,
    lent: bool = False,
    carried: Sequence[str] = (),
) -> Schedule:
    """The tokens of one turn of the loop over inferences, and those that exist before it.

    `places` is the number of inferences whose inputs, and outputs, fit memory at once. Where the words of inputs are
    `lent` to other maps, the host awaits the end of a turn before it writes the next ones. Maps that are `carried` are
    read as the turn before left them.
    """
    result = Schedule([[] for _ in passes], [[] for _ in passes])
    written = _written(passes)
    _order_streams(result, passes, _order_reads(result, passes, written, set(inputs)))
    _order_unfed(result, passes)
    _order_inputs(result, passes, inputs, places, lent)
    _order_outputs(result, passes, written, inputs, outputs, places)
    _order_carried(result, passes, written, carried)
    return result


Writes = dict[str, list[tuple[int, Sink]]]
"""For each map the passes that write it, and what they write."""


def _written(passes: Sequence[Pass]) -> Writes:
    found: Writes = {}
    for index, step in enumerate(passes):
        for sink in step.writes():
            found.setdefault(sink.layout.name, []).append((index, sink))
    return found


def _last_write(writes: list[tuple[int, Sink]], source: Source, before: int) -> int:
    """The last pass before another one that writes something of what it reads; -1 for none."""
    return next((at for at, sink in reversed(writes) if at < before and source.shows(sink)), -1)


def _order_reads(result: Schedule, passes: Sequence[Pass], written: Writes, inputs: set[str]) -> list[int]:
    """Each reading agent awaits the last write of what it reads, unless it has awaited a later one.

    Returns for each pass the last one whose write has ended before the read agent goes on; -1 for none of this turn.
    """
    known: dict[str, int] = {}
    ended: list[int] = []
    loaded: set[str] = set()
    for index, step in enumerate(passes):
        for agent, sources in step.reads().items():
            if agent not in loaded and any(source.layout.name in inputs for source in sources):
                loaded.add(agent)
                token = result.token("host_in", agent, "the inputs are in memory")
                result.loaded.append(token)
                result.before[index].append(token)
            last = max((_last_write(written.get(s.layout.name, []), s, index) for s in sources), default=-1)
            if last > known.get(agent, -1):
                known[agent] = last
                token = result.token("write", agent, "what it reads next is in memory")
                result.after[last].append(token)
                result.before[index].append(token)
        ended.append(known.get("read", -1))
    return ended


def _order_streams(result: Schedule, passes: Sequence[Pass], ended: Sequence[int]) -> None:
    """Words for the vector agent await that the earlier words of the other agent have arrived.

    A write that has ended says so of all passes before it, in the turns before this one too, and of its own unless
    this ends early. What the neurons convert was read later than what the read agent gave, unless they begin with
    nothing that is read. The first pass follows on the last one of the turn before; of the first turn it awaits a token
    that is there to begin with.
    """
    givers = [index for index, step in enumerate(passes) if step.gives_vector]
    for at, index in enumerate(givers):
        before, first = givers[at - 1], at == 0
        maker, taker = passes[before].gives_vector[-1], passes[index].gives_vector[0]
        if maker == taker:
            continue
        # Any write that has ended in this turn comes after all passes of the turn before.
        least = 0 if first else before + passes[before].ends_early
        follows = ended[index] >= least if taker == "read" else not passes[index].begins_unfed
        if not follows:
            token = result.token(maker, taker, "the words before its own are at the vector agent")
            result.after[before].append(token)
            result.before[index].append(token)
            result.credits += [(token, 1)] * first


def _order_unfed(result: Schedule, passes: Sequence[Pass]) -> None:
    """The write of a product without inputs awaits that the source of an earlier pass, which ended early, was read.

    Any other writes only once something was read in its turn, and so after all that was read before.
    """
    for index, step in enumerate(passes):
        if not step.begins_unfed:
            continue
        for back in range(1, len(passes) + 1):
            before = index - back
            if passes[before].ends_early:
                token = result.token("vector", "write", "the image of a pool that ends early has been read")
                result.after[before].append(token)
                result.before[index].append(token)
                result.credits += [(token, 1)] * (before < 0)
            if passes[before].ends_early or not passes[before].begins_unfed:
                break


def _order_inputs(result: Schedule, passes: Sequence[Pass], inputs: Sequence[str], places: int, lent: bool) -> None:
    """The host awaits that the last reader of an inference's inputs has ended, or of all that took their words."""
    if not inputs:
        return
    if lent:
        _order_end(result, passes)
        return
    readers = [
        index
        for index, step in enumerate(passes)
        for sources in step.reads().values()
        if any(source.layout.name in inputs for source in sources)
    ]
    last = max(readers, default=len(passes) - 1)
    maker = "vector" if passes[last].ends_early else "write"
    token = result.token(maker, "host_in", "an inference's inputs have been read: their place is free")
    result.after[last].append(token)
    result.free.append(token)
    result.credits.append((token, places))


def _order_carried(result: Schedule, passes: Sequence[Pass], written: Writes, carried: Sequence[str]) -> None:
    """What reads a carried map awaits that the turn before wrote it; that map's own words are read before, in turn."""
    makers = [at for name in carried for at, _ in written.get(name, ())]
    readers: dict[str, int] = {}
    for index, step in enumerate(passes):
        for agent, sources in step.reads().items():
            if any(source.layout.name in carried for source in sources):
                readers.setdefault(agent, index)
    for agent, index in readers.items() if makers else ():
        token = result.token("write", agent, "what the inference before left is in memory")
        result.before[index].append(token)
        result.after[max(makers)].append(token)
        result.credits.append((token, 1))


def _order_end(result: Schedule, passes: Sequence[Pass]) -> None:
    """The host awaits that a turn's last word was written, and all was read before: it may be where inputs lie."""
    makers = ("write", "vector") if passes[-1].ends_early else ("write",)
    for maker in makers:
        token = result.token(maker, "host_in", "a turn has ended: the words of its inputs are free")
        result.after[-1].append(token)
        result.free.append(token)
        result.credits.append((token, 1))


def _order_outputs(
    result: Schedule,
    passes: Sequence[Pass],
    written: Writes,
    inputs: Sequence[str],
    outputs: Sequence[str],
    places: int,
) -> None:
    """The host awaits the outputs; the first to write them, that those of an earlier inference have left."""
    makers = [at for name in outputs for at, _ in written.get(name, ())]
    if makers:
        free = result.token("host_out", "write", "an inference's outputs have left: their place is free")
        result.before[min(makers)].append(free)
        result.taken.append(free)
        result.credits.append((free, places))
        shown = result.token("write", "host_out", "the outputs are in memory")
        result.after[max(makers)].append(shown)
        result.shown.append(shown)
    if set(inputs) & set(outputs):
        loaded = result.token("host_in", "host_out", "an output that is an input is in memory")
        result.loaded.append(loaded)
        result.shown.append(loaded)
