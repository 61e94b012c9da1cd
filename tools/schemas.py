"""Every versioned schema: its type, and the command or the file in which such a document is met."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from typing import TYPE_CHECKING

from acortex.errors import UsageError

if TYPE_CHECKING:
    from acortex.documents import Versioned
    from acortex.tools.results import SchemaList


@dataclass(frozen=True)
class Schema:
    """One schema. Its type is loaded at its first use: completion and help need its name alone."""

    schema: str
    """The value of `schema` in a document, such as acortex.run/1."""
    home: str
    """The module of its type."""
    kind: str
    """The name of its type."""
    command: str = ""
    """The command that prints it with --format json; empty for a file."""
    file: str = ""
    """The file that has it; empty for what a command prints."""

    @property
    def name(self) -> str:
        """Its short name, such as run."""
        return _short(self.schema)

    def type(self) -> type[Versioned]:
        """The type of such a document."""
        found: type[Versioned] = getattr(import_module(self.home), self.kind)
        return found

    def what(self) -> str:
        """What such a document is: the first sentence of its type's description."""
        return " ".join((getdoc(self.type()) or "").split()).partition(". ")[0].rstrip(".") + "."


def _short(schema: str) -> str:
    """The name of a schema without project and version."""
    return schema.removeprefix("acortex.").partition("/")[0]


_ISA, _PROGRAMS, _TOOLS = "acortex.isa.results", "acortex.programs.results", "acortex.tools.results"
_RULES = "acortex.sim.functional.rules.results"
_RUNS, _CHIPS = "acortex.sim.results", "acortex.sim.chip.results"
_TRACES, _PATHS = "acortex.traces.results", "acortex.traces.results_of_paths"
_TIMELINES = "acortex.traces.results_of_timelines"

SCHEMAS = (
    Schema("acortex.accuracy/1", "acortex.sim.accuracy.results", "AccuracyReport", "acortex accuracy"),
    Schema("acortex.asm/1", _TOOLS, "AsmReport", "acortex asm"),
    Schema("acortex.bench/1", _TOOLS, "BenchReport", "acortex bench"),
    Schema("acortex.check/1", _TOOLS, "CheckReport", "acortex trace check"),
    Schema("acortex.chip/1", _CHIPS, "ChipReport", "acortex chip show"),
    Schema("acortex.chip-diff/1", _CHIPS, "ChipDiff", "acortex chip diff"),
    Schema("acortex.chips/1", _CHIPS, "Chips", "acortex chip list"),
    Schema("acortex.compare/1", _CHIPS, "Comparison", "acortex run --chip A --chip B"),
    Schema("acortex.compile/1", _PROGRAMS, "CompileReport", "acortex compile"),
    Schema("acortex.critical/1", _PATHS, "CriticalPath", "acortex trace critical"),
    Schema("acortex.diff/1", _PATHS, "TraceDiff", "acortex trace diff"),
    Schema("acortex.disasm/1", _TOOLS, "Disassembly", "acortex disasm"),
    Schema("acortex.division/1", "acortex.programs.chips.results", "DivisionReport", "acortex compile --chips"),
    Schema("acortex.error/1", _TOOLS, "ErrorReport", file="stdout of a command that fails with --format json"),
    Schema("acortex.golden/1", _TRACES, "GoldenFile", file="timing/NAME.json, by acortex trace check --update"),
    Schema("acortex.history/1", "acortex.tools.history.results", "HistoryReport", "acortex history"),
    Schema("acortex.info/1", _ISA, "ProgramInfo", "acortex info"),
    Schema("acortex.isa/1", _ISA, "Manual", "acortex isa"),
    Schema("acortex.lint/1", _TOOLS, "LintReport", "acortex lint"),
    Schema(
        "acortex.recalibrate/1",
        "acortex.sim.accuracy.results_of_recalibration",
        "RecalibrationReport",
        "acortex recalibrate",
    ),
    Schema("acortex.reprice/1", _CHIPS, "Reprice", "acortex trace reprice"),
    Schema("acortex.reproduce/2", "acortex.tools.paper.results", "Reproduction", "acortex reproduce"),
    Schema("acortex.rules/1", _RULES, "RuleBook", "acortex explain"),
    Schema("acortex.run/1", _RUNS, "RunReport", "acortex run"),
    Schema("acortex.schemas/1", _TOOLS, "SchemaList", "acortex schema"),
    Schema("acortex.sweep/1", "acortex.tools.sweep.results", "SweepReport", "acortex sweep"),
    Schema("acortex.system/1", "acortex.sim.system.results", "SystemReport", "acortex serve"),
    Schema("acortex.technologies/1", _CHIPS, "Technologies", "acortex chip technologies"),
    Schema("acortex.timeline/1", _TIMELINES, "TimelineReport", "acortex trace show"),
    Schema("acortex.trace-info/1", _TRACES, "TraceInfo", "acortex trace info"),
    Schema("acortex.trace-query/1", _TRACES, "QueryAnswer", "acortex trace query"),
    Schema("acortex.trace-stats/1", _TRACES, "TraceStats", "acortex trace stats"),
    Schema("acortex.trace-top/1", "acortex.traces.results_of_tops", "TraceTop", "acortex trace top"),
    Schema("acortex.verify/1", _TOOLS, "VerifyReport", "acortex verify"),
    Schema("acortex.view/1", "acortex.traces.instructions.results", "InstructionView", "acortex view"),
    Schema("acortex.what-if/1", "acortex.sim.advice.results", "WhatIf", "acortex trace what-if"),
    Schema("acortex.zoo/1", _PROGRAMS, "Zoo", "acortex zoo"),
)
"""By name. A test holds them to the sources, and to what the commands print."""


def find(name: str) -> Schema:
    """The schema of a short name, or of a whole one. Raises UsageError for an unknown name."""
    from acortex.tools.console.manners import suggest

    for one in SCHEMAS:
        if name in (one.name, one.schema):
            return one
    shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    near = suggest(_short(name[:LONGEST_NAME]), [one.name for one in SCHEMAS])
    raise UsageError(f"no schema is called {shown!r}", hint=near)


LONGEST_NAME = 40
"""Characters of an unknown name that an error repeats."""


def listed() -> SchemaList:
    """All schemas, each with what it is of."""
    from acortex.tools.results import SchemaList, SchemaRow

    rows = [
        SchemaRow(name=one.name, schema=one.schema, what=one.what(), command=one.command or None, file=one.file or None)
        for one in SCHEMAS
    ]
    return SchemaList(schemas=rows)
