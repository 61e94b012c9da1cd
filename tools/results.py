"""What commands say that no other layer makes, as types: of assembling, checks, benchmarks, verification, and of
schemas themselves.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Pair, ProgramName, Result, TableResult
from acortex.traces.results_of_paths import Changed, Divergence


class AssembledProgram(ProgramName):
    """The program that was assembled."""

    chip: str
    """The chip that it is written for."""
    matrices: int
    """Matrices of weights that it holds."""


class AsmReport(Result):
    """A source that assembles."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "program.chip",
        "instructions": "program.instructions",
        "output": "output",
        "listing": "listing",
    }

    schema_: Literal["acortex.asm/1"] = Field(default="acortex.asm/1", alias="schema")
    """The layout of this document."""
    program: AssembledProgram
    """What it makes."""
    output: str | None
    """The assembled program's file; null where none was requested."""
    listing: str | None
    """The listing's file; null where none was requested."""


class DisassembledWord(Document):
    """An instruction of an assembled program."""

    address: int
    """Its place in instruction memory."""
    word: str
    """Its 64 bits, as 16 hexadecimal digits."""
    text: str
    """The instruction in assembly; a jump names the label `at_ADDRESS`."""
    source: str
    """The line that it was assembled from: file:line."""


class Disassembly(TableResult):
    """An assembled program as text again."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "chip": "program.chip",
        "instructions": "program.instructions",
        "output": "output",
    }
    ROWS: ClassVar[str] = "instructions"

    schema_: Literal["acortex.disasm/1"] = Field(default="acortex.disasm/1", alias="schema")
    """The layout of this document."""
    program: AssembledProgram
    """The program."""
    instructions: list[DisassembledWord]
    """In the order of their addresses."""
    text: str
    """The source that assembles to the same words; weights and samples are in it."""
    output: str | None
    """The file that the source was written to; null where none was requested."""


class MetricDiff(Document):
    """A number of a golden that the run does not have."""

    metric: str
    """Its path in the golden, such as waiting.neurons.sums."""
    golden: int | None
    """The golden's value; null where it has none."""
    measured: int | None
    """The run's value; null where it has none."""
    change: int
    """By how much it moved; what is missing counts as 0."""


class CheckReport(TableResult):
    """A run held against its golden. Pairs are [golden, run]."""

    SHOWN: ClassVar[dict[str, str]] = {
        "equal": "equal",
        "golden": "golden",
        "program": "program",
        "cycles": "cycles",
        "differences": "differences",
    }
    ROWS: ClassVar[str] = "differences"

    schema_: Literal["acortex.check/1"] = Field(default="acortex.check/1", alias="schema")
    """The layout of this document."""
    equal: bool
    """Whether no number differs by more than is tolerated."""
    golden: str
    """The golden's file."""
    run: str
    """The trace of the run."""
    program: str
    """The program that ran."""
    cycles: Pair[int]
    """Length of the runs."""
    changed: Changed
    """The settings and instructions that differ, as far as the golden holds them."""
    differences: list[MetricDiff]
    """By section of the golden, in each the largest first."""
    energy_aj: Pair[dict[str, int]]
    """Attojoules by component; empty where not known."""
    critical: Pair[dict[str, int]]
    """Cycles of the critical path by what took them; empty where not known."""
    first_divergence: Divergence | None
    """Where the traces part; null where the golden's trace is not known."""
    written: bool = False
    """Whether the golden was written: made, or made another."""


class BenchMachine(Document):
    """What the numbers were measured on."""

    python: str
    """The version of Python."""
    numpy: str
    """The version of NumPy."""
    simpy: str
    """The version of simpy."""
    system: str
    """The operating system."""
    processor: str
    """The kind of processor."""
    cores: int | None
    """Cores of the machine; null where not known."""


class BenchRow(Document):
    """One measurement, beside a limit that was measured in the same run."""

    name: str
    """What was measured."""
    value: float
    """The measurement."""
    unit: str
    """The unit of `value` and `limit`."""
    limit: float | None
    """What it is held against; null for a row that only informs."""
    ratio: float | None
    """Value over limit."""
    reach: float | None
    """The ratio that is to be reached."""
    holds: bool | None
    """Whether it is; null where there is no bound."""
    at_most: bool
    """Whether the ratio may be `reach` at most, not at least."""
    against: str
    """What the limit is, in words."""


class BenchReport(TableResult):
    """How fast the simulator itself is."""

    SHOWN: ClassVar[dict[str, str]] = {"rows": "rows", "python": "machine.python", "processor": "machine.processor"}
    ROWS: ClassVar[str] = "rows"

    schema_: Literal["acortex.bench/1"] = Field(default="acortex.bench/1", alias="schema")
    """The layout of this document."""
    machine: BenchMachine
    """What it was measured on."""
    rows: list[BenchRow]
    """The measurements."""


class VerifiedLayer(Document):
    """What a layer, or an output, has on the chip and in onnxruntime."""

    name: str
    """The layer, or the output."""
    op: str
    """Its operator; `output` of an output."""
    numbers: int
    """How many were compared."""
    different: int
    """How many of them differ."""
    at: list[int] | None = None
    """The place of the first that differs: inference, then place in the map; null where none does."""
    chip: float | None = None
    """The chip's number there."""
    reference: float | None = None
    """The number of onnxruntime there."""


class VerifyReport(TableResult):
    """The chip beside onnxruntime on the quantised network, layer by layer."""

    SHOWN: ClassVar[dict[str, str]] = {
        "network": "network",
        "chip": "chip",
        "inferences": "inferences",
        "equal": "equal",
        "numbers": "numbers",
        "first": "first.name",
    }
    ROWS: ClassVar[str] = "layers"

    schema_: Literal["acortex.verify/1"] = Field(default="acortex.verify/1", alias="schema")
    """The layout of this document."""
    network: str
    """The network's name."""
    chip: str
    """The chip's name."""
    inferences: int
    """How many were compared."""
    equal: bool
    """Whether all numbers are the same."""
    numbers: int
    """How many were compared."""
    first: VerifiedLayer | None
    """The first layer with a difference; null where there is none."""
    layers: list[VerifiedLayer]
    """In the order of the network, then its outputs."""
    warnings: list[str] = Field(default_factory=list)
    """What is no error, but hardly meant."""


class ErrorNote(Document):
    """A further place that an error is about."""

    message: str
    """What is to be seen there."""
    file: str | None
    """The file; null where it is none."""
    line: int | None
    """Its line, from 1; null where there is none."""
    column: int | None
    """The column in it, from 1; null where there is none."""


class ErrorRow(Document):
    """One error."""

    code: str | None
    """For `acortex explain`: A codes are of the assembler, R codes rules of the chip. Null for any other error."""
    message: str
    """What is wrong, in one sentence."""
    where: str | None
    """The place as the text of the error has it: a file with line and column, a setting, a unit, a command."""
    file: str | None
    """The file that the error is in; null where it is in none."""
    line: int | None
    """The line of the file, from 1; null where the error is about no line."""
    column: int | None
    """The column of the line, from 1, in characters; null where the error is about no column."""
    end_column: int | None
    """The column after the last character that is meant; null where it is not known."""
    hint: str | None
    """What to do; null where nothing is advised."""
    notes: list[ErrorNote]
    """Further places: what the error is about, such as a first definition, and where the same is wrong."""


class ErrorReport(TableResult):
    """Why a command failed. It exits with 1 where the work failed, with 2 where the request or a file was wrong."""

    SHOWN: ClassVar[dict[str, str]] = {"errors": "errors"}
    ROWS: ClassVar[str] = "errors"

    schema_: Literal["acortex.error/1"] = Field(default="acortex.error/1", alias="schema")
    """The layout of this document."""
    errors: list[ErrorRow]
    """In the order of their places; at least one."""


class LintFinding(ErrorRow):
    """Something that is wrong with a program, or hardly meant."""

    severity: Literal["error", "warning", "note"]
    """Errors are of the assembler (A) or rules of the chip (R); a warning (L) is legal and hardly meant; a note (L4) is
    what another order would save."""


class LintReport(TableResult):
    """What is wrong with a program, and what is legal and hardly meant: found without running it."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program",
        "errors": "errors",
        "warnings": "warnings",
        "measured": "measured",
        "findings": "findings",
    }
    ROWS: ClassVar[str] = "findings"

    schema_: Literal["acortex.lint/1"] = Field(default="acortex.lint/1", alias="schema")
    """The layout of this document."""
    program: str
    """The program as it was named."""
    errors: int
    """How many findings are errors."""
    warnings: int
    """How many are warnings."""
    measured: str | None
    """How many other orders were measured, in words; null without `--measure`."""
    findings: list[LintFinding]
    """Errors first, then warnings in the order of the program, then notes, those first that save most."""


class SchemaRow(Document):
    """A schema, and where it is met."""

    name: str
    """`acortex schema NAME` prints it."""
    schema_: str = Field(alias="schema")
    """The value of `schema` in such a document."""
    what: str
    """What such a document is."""
    command: str | None
    """The command that prints it with --format json; null for a file."""
    file: str | None
    """The file that has it; null for what a command prints."""


class SchemaList(TableResult):
    """The schemas of all versioned results."""

    SHOWN: ClassVar[dict[str, str]] = {"schemas": "schemas"}
    ROWS: ClassVar[str] = "schemas"

    schema_: Literal["acortex.schemas/1"] = Field(default="acortex.schemas/1", alias="schema")
    """The layout of this document."""
    schemas: list[SchemaRow]
    """By name."""
