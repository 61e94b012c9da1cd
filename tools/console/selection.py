"""The options that select a part of a trace: `--from`, `--until`, `--unit`, `--layer`, `--inference`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console.ranges import CYCLE
from acortex.tools.console.spool import open_trace

if TYPE_CHECKING:
    from acortex.traces.file.reader import Trace
    from acortex.traces.file.table import Window


@dataclass(frozen=True)
class Selection:
    """What of a trace a command is about; None is all."""

    first: int | None = None
    end: int | None = None
    unit: str | None = None
    layer: str | None = None
    inference: int | None = None

    def of(self, trace: Trace, name: str = "") -> Trace:
        """That part of a trace, `name` to its user. UsageError where nothing is named so, or there is nothing in it."""
        if self == Selection():
            return trace
        part = trace.select(window=self.window(trace), unit=self.unit, layer=self.layer, inference=self.inference)
        if not any(chunk for table in (part.events, part.waits) for chunk in table.chunks("start")):
            hint = "see `acortex trace info` for units and layers, `acortex trace stats` for when each inference was"
            raise UsageError("the selection holds no event and no wait", where=name or str(trace.path), hint=hint)
        return part

    def window(self, trace: Trace) -> Window | None:
        """Its cycles, None for all."""
        from acortex.traces.file.coverage import window_of

        return window_of(self.first, self.end, trace.cycles)

    def open(self, path: str) -> Trace:
        """Opens a trace, warns where its end is missing, and selects."""
        return self.of(open_trace(path))


Command = Callable[..., None]


def selection_options(*until: str) -> Callable[[Command], Command]:
    """Adds the options to a command, which gets `chosen`, a Selection; `until` are other names of `--until`."""
    options = (
        click.option("--from", "first", metavar="CYCLE", type=CYCLE, help="Only what goes on in this cycle or later."),
        click.option(
            "--until", *until, "end", metavar="CYCLE", type=CYCLE, help="Only what goes on before this cycle."
        ),
        click.option("--unit", metavar="PATTERN", help="Only units of this name, such as vmm/*."),
        click.option("--layer", metavar="NAME", help="Only what belongs to this layer."),
        click.option(
            "--inference", metavar="N", type=CYCLE, help="Only what belongs to this inference; the first is 0."
        ),
    )

    def added(command: Command) -> Command:
        @wraps(command)
        def chosen(
            *,
            first: int | None,
            end: int | None,
            unit: str | None,
            layer: str | None,
            inference: int | None,
            **others: object,
        ) -> None:
            command(chosen=Selection(first, end, unit, layer, inference), **others)

        made: Command = chosen
        for option in reversed(options):
            made = option(made)
        return made

    return added
