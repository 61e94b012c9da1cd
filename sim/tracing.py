"""The trace of a run: how it begins, and how it ends, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acortex.isa.codec import as_text, decode
from acortex.isa.program import Program
from acortex.sim.chip.overrides import overrides
from acortex.sim.chip.prices import KINDS, prices
from acortex.sim.chip.specs import Chip
from acortex.sim.timing.handovers import CAUSES, delays_of_rows, table
from acortex.sim.timing.wiring import unit_paths
from acortex.traces.file.schema import EventKind, TraceHeader
from acortex.traces.file.writer import TraceFailed, TraceWriter


@dataclass(frozen=True)
class Tracing:
    """Where a trace goes, how much it holds, and what it leaves out (see `acortex.traces.file.merge.Filter`)."""

    path: str | Path
    level: str = "events"
    filters: Mapping[str, Any] = field(default_factory=dict)

    def begin(self, program: Program, chip: Chip, digest: str, processes: int = 0) -> TraceWriter:
        """The writer of a run's trace, its header written: `digest` is the SHA-256 of the program.

        `processes` of a user have units of their own.
        """
        about = replace(header(program, chip, digest), filters=dict(self.filters), units=unit_paths(chip, processes))
        return TraceWriter(self.path, about, self.level)


def end(writer: TraceWriter, summary: dict[str, Any], interrupted: bool) -> str | None:
    """Ends a trace; returns why it could not be written to its end, if so: that takes nothing from the run."""
    with suppress(TraceFailed):
        if interrupted:
            writer.abort()
        else:
            writer.finish(summary)
    return writer.failure or None


def header(program: Program, chip: Chip, digest: str) -> TraceHeader:
    """What a trace says of its program, whose SHA-256 is `digest`, and of its chip before anything happens."""
    price = prices(chip)
    return TraceHeader(
        program=program.name,
        program_sha256=digest,
        chip=chip.name,
        chip_sha256=chip.sha256,
        config=chip.config,
        overrides=tuple(overrides(chip)),
        clock_ns=float(chip.clock_ns),
        units=unit_paths(chip),
        kinds=tuple(
            EventKind(
                kind.name,
                kind.unit,
                kind.description,
                kind.rates[0][0] if kind.rates else "",
                tuple(price.by_component[kind.index].items()),
            )
            for kind in KINDS
        ),
        causes=tuple(CAUSES),
        layers=("-", *program.layers),
        lines=tuple(str(line) for line in program.lines),
        instructions=_texts(program.words.tolist()),
        leakage_aj_per_cycle=price.leakage_aj_per_cycle,
        handovers=table(),
        delays=dict(delays_of_rows(chip)),
    )


def _texts(words: Sequence[int]) -> tuple[str, ...]:
    """The instructions of a program in assembly; equal ones are one text."""
    texts = {word: as_text(decode(word)) for word in set(words)}
    return tuple([texts[word] for word in words])
