"""Lines of assembly for what the host does between passes, before the inputs, and behind the outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from acortex.isa.names import quoted
from acortex.programs.emit.assembly import ARRAYS, await_, line, signal
from acortex.programs.emit.passes import PassWriter
from acortex.programs.graph import HostPart
from acortex.programs.mapping.plan import Plan
from acortex.wording import count, shape_text

CHANNEL_BITS = 4
"""Bits of the widest code of an input that every chip takes."""


def bits_of(high: int | None) -> int:
    """The bits of codes none of which is above the highest number that an input may have."""
    return CHANNEL_BITS if high is None else min(max((high + 1).bit_length() - 1, 1), CHANNEL_BITS)


class ExchangeWriter:
    """Writes the exchanges of a plan; `names` are those of its tensors and parts in the text."""

    def __init__(self, plan: Plan, names: Mapping[str, str], passes: PassWriter) -> None:
        self._plan = plan
        self._names = names
        self._passes = passes
        self._maps = {port.name: port.map for port in (*plan.graph.inputs, *plan.graph.outputs)}

    def tables(self, arrays: dict[str, NDArray[np.generic]]) -> Iterator[str]:
        """The parts of the host, whose models join the arrays, and the outputs that it makes."""
        for number, part in enumerate(self._plan.graph.parts):
            arrays[f"p{number}"] = np.frombuffer(_under_names(part, self._names), np.uint8)
            yield line(".part", f'{quoted(self._names[part.name])}, file="{ARRAYS}", key=p{number}')
        for result in self._plan.graph.results:
            form = f"shape={shape_text(result.shape)}, type={result.dtype}"
            yield line(".result", f"{quoted(self._names[result.name])}, {form}")

    def head(self) -> Iterator[str]:
        """What the host does before the inputs of an inference come in."""
        part = self._plan.exchanges.head
        if part is not None:
            tokens = self._plan.schedule.host[part.name]
            yield line("layer", quoted(self._names[part.name]))
            yield from self._work(part)
            yield from (signal(tokens.made), await_(tokens.made), line("endlayer"))

    def tail(self) -> Iterator[str]:
        """What it does when the outputs have left."""
        part = self._plan.exchanges.tail
        if part is not None:
            tokens = self._plan.schedule.host[part.name]
            yield from ("", line("layer", quoted(self._names[part.name])))
            yield from (signal(tokens.left), await_(tokens.left))
            yield from self._work(part)
            yield line("endlayer")

    def between(self, passes: int) -> Iterator[str]:
        """What it does behind so many passes: all before has ended, and what comes next awaits what it makes."""
        for exchange in self._plan.exchanges.after(passes):
            tokens, part = self._plan.schedule.host[exchange.part.name], exchange.part
            yield ""
            yield f"; {self._names[part.name]}: the host does {count(len(part.nodes), 'node')}"
            yield line("layer", quoted(self._names[part.name]))
            yield from map(signal, tokens.ended)
            yield from map(await_, tokens.ended)
            yield from self._moved("output", exchange.takes)
            yield from (signal(tokens.left), await_(tokens.left))
            yield from self._work(part)
            yield from (signal(tokens.made), await_(tokens.made))
            yield from self._moved("input", exchange.makes)
            yield from map(signal, tokens.loaded)
            yield from map(await_, tokens.loaded)

    def _work(self, part: HostPart) -> Iterator[str]:
        yield line("work", f"{quoted(self._names[part.name])}, {part.operations}")

    def _moved(self, mnemonic: str, ports: tuple[str, ...]) -> Iterator[str]:
        for name in ports:
            yield from self._passes.whole("d0", self._maps[name])
            yield line(mnemonic, f"{quoted(self._names[name])}, d0")


def _under_names(part: HostPart, names: Mapping[str, str]) -> bytes:
    """The model of a part, its tensors called as the text calls them."""
    own = {name: names[name] for name in (*part.takes, *part.makes) if name in names}
    if all(name == written for name, written in own.items()):
        return part.model
    from acortex.programs.host.models import renamed

    return renamed(part, own).model
