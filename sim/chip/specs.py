"""What a chip is: every setting with its range, unit and meaning, and `load_chip`, which makes a `Chip` of a chip file.

A section of a chip file is one frozen class here. Decimal numbers stay decimal, so that a delay or an energy is exactly
what the file says. Nothing has a default: a chip file states a setting or inherits it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.isa.machine import CHANNELS
from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, ChipSource, chip_names, read_chip, technologies, technology
from acortex.wording import nearest, suggestion

__all__ = ["SETTINGS", "Chip", "Setting", "chip_names", "json_schema", "load_chip"]

WORD_BITS = 256
"""Bits of a word of main memory: 64 channels of 4 bits."""

MAX_DIGITS = 30
"""How many digits, and what power of ten, a number may have: enough for any quantity, too few to stall arithmetic."""


def _exact(value: object) -> object:
    """Takes whole numbers as decimals; refuses those whose exact arithmetic would be needlessly long."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        exponent = int(value.as_tuple().exponent)
        if max(len(value.as_tuple().digits), abs(exponent)) > MAX_DIGITS:
            raise ValueError(f"more than {MAX_DIGITS} digits or powers of ten")
    return value


Real = Annotated[Decimal, BeforeValidator(_exact)]


def _known(kind: str) -> AfterValidator:
    """Refuses the name of a technology that there is not."""

    def check(name: str) -> str:
        if name not in technologies(kind):
            raise ValueError("there is none of that name")
        return name

    return AfterValidator(check)


MemoryType = Annotated[str, _known("memory")]
CellType = Annotated[str, _known("cell")]

Bound = int | Decimal | None


def _setting(unit: str, description: str, low: Bound = None, high: Bound = None) -> Any:
    """One setting: its unit, what it means, and the range that is allowed, both ends included."""
    return Field(ge=low, le=high, description=description, json_schema_extra={"unit": unit})


class Section(BaseModel):
    """A table of a chip file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Arrays(Section):
    """The vector-by-matrix arrays: how many, and how long they take."""

    cell: CellType = _setting("", "the cells' technology; sets what is not stated beside it")
    k: int = _setting("cells", "rows and columns of one array", CHANNELS, CHANNELS)
    m_top: int = _setting("arrays", "arrays down a column of the upper half", 1, 256)
    m_bottom: int = _setting("arrays", "arrays down a column of the lower half", 0, 256)
    n: int = _setting("arrays", "columns of arrays in a block; two blocks stand side by side", 1, 512)
    frame_ns: Real = _setting("ns", "one analog frame: inputs applied, currents integrated", Decimal("0.001"), 10**6)
    settle_ns_per_array: Real = _setting("ns", "added to the frame for each array joined on a bus", 0, 10**6)
    loads_per_cycle: int = _setting("arrays", "arrays whose DAC latches are loaded in one cycle", 1, 65536)
    frames_at_once: int = _setting(
        "lanes", "frames at once, one per lane; a group's lane is its number modulo this", 1, 64
    )
    overlap_loads: bool = _setting("", "whether latches are loaded for the next frame while one runs")
    broadcast_loads: bool = _setting("", "whether a word loads the latches of a whole row of a group's arrays at once")


class Memory(Section):
    """The main memory: embedded DRAM without refresh, in words of 256 bits."""

    type: MemoryType = _setting("", "the memory's technology; sets what is not stated beside it")
    capacity_kb: int = _setting("KB", "capacity, 32 words per KB", 1, 32768)
    banks: int = _setting("banks", "banks; a word lies in the bank of its address modulo this", 1, 1024)
    ports: int = _setting("ports", "accesses that can start in one cycle", 1, 64)
    access_cycles: int = _setting("cycles", "how long a read or a write occupies a port", 1, 1024)
    bank_cycles: int = _setting("cycles", "how long an access occupies its bank", 1, 1024)
    read_latency_ns: Real = _setting("ns", "from the start of a read to its word; reads are pipelined", 0, 10**6)
    retention_s: Real = _setting("s", "how long a word lasts after it was written", Decimal("1e-9"), 10**9)


class InstructionMemory(Section):
    """The memory that holds the program."""

    words: int = _setting("words", "instructions that fit", 1, 65536)


class Controller(Section):
    """Fetch, decode and dispatch."""

    decode_cycles: int = _setting("cycles", "cycles that one instruction takes to issue", 1, 1024)
    queue_depth: int = _setting("instructions", "decoded instructions that wait at one agent", 1, 1024)


class Buffer(Section):
    """The chain of buffers between main memory and the arrays."""

    words: int = _setting("words", "words that the buffer holds", 1, 65536)
    windows: int = _setting("vectors", "input vectors that may stand ready for the latches", 1, 1024)


class Buses(Section):
    """The data buses and the analog buses."""

    down_lanes: int = _setting("words", "words at once on the way to the arrays", 1, 64)
    up_lanes: int = _setting("words", "words at once on the way back", 1, 64)
    word_cycles: int = _setting("cycles", "how long a word occupies a lane", 1, 1024)
    switch_cycles: int = _setting("cycles", "how long the switches of a group take to close or to open", 1, 1024)
    segment_capacity: int = _setting("groups", "groups that an analog bus segment carries at once", 1, 64)
    pricing: Literal["span", "route"] = _setting("", "a word pays for the die's side (span) or for its route")


class Neurons(Section):
    """The neurons with their converters, shared down a column of arrays."""

    bits: int = _setting("bits", "bits of a code; a conversion is a ramp of 2^bits steps", 1, 8)
    cycles_per_step: int = _setting("cycles", "one step of the ramp", 1, 1024)
    adcs_per_column: int = _setting("sets", "sets of converters that a column of arrays has, with wires to each", 1, 64)
    output_words: int = _setting("words", "converted words that wait for the bus", 1, 65536)


class Host(Section):
    """The port to the world outside."""

    word_cycles: int = _setting("cycles", "how long a word occupies the port", 1, 65536)


class Vector(Section):
    """The vector agent, on the memory side of the data bus."""

    step_cycles: int = _setting("cycles", "one operation on one word", 1, 1024)
    queue_words: int = _setting("words", "words that wait on each of its sides: stream, operand, results", 1, 65536)
    line_words: int = _setting("words", "its line store: what pooling keeps of the rows above", 1, 1 << 20)
    state_words: int = _setting("words", "its state store: words of 64 x 16 bits for recurrent cells", 1, 65536)


class ProgramErase(Section):
    """Writing weights: every level of a cell takes the same pulses, so that data never steer the clock."""

    levels: int = _setting("levels", "levels that a cell is stepped through", 1, 256)
    pulses_per_level: int = _setting("pulses", "write-verify pulses for one level", 1, 1024)
    pulse_ns: Real = _setting("ns", "one write pulse, on a row of cells at once", 1, 10**9)
    verify_ns: Real = _setting("ns", "one verifying read, of a row of cells at once", 0, 10**9)


class Energy(Section):
    """What each event costs, and what leaks."""

    memory_access_pj: Real = _setting("pJ", "one read or write of a main-memory word: the memory's part", 0, 10**6)
    others_access_pj: Real = _setting("pJ", "the same: controller, instruction memory and buffer", 0, 10**6)
    sensing_pj: Real = _setting("pJ", "sensing circuits of one array, one frame", 0, 10**6)
    array_pj: Real = _setting("pJ", "cells of one array, one frame", 0, 10**6)
    dacs_pj: Real = _setting("pJ", "DACs of one array, one frame", 0, 10**6)
    latches_pj: Real = _setting("pJ", "a second set of DAC latches of one array, one load", 0, 10**6)
    conversion_pj: Real = _setting("pJ", "one neuron and its converter, one output", 0, 10**6)
    bus_to_arrays_pj_per_mm: Real = _setting("pJ/mm", "one word carried to the arrays", 0, 10**6)
    bus_from_arrays_pj_per_mm: Real = _setting("pJ/mm", "one word carried back from the arrays", 0, 10**6)
    leakage_mw: Real = _setting("mW", "leakage whatever the number of arrays", 0, 10**6)
    leakage_per_array_uw: Real = _setting("uW", "leakage of one array with its circuits", 0, 10**6)
    program_pulse_pj: Real = _setting("pJ", "one write-verify pulse of one cell", 0, 10**6)


class Area(Section):
    """What each part takes of the die."""

    main_memory_mm2_per_mb: Real = _setting("mm2/MB", "main memory, for 1024 KB", 0, 10**4)
    cells_um2: Real = _setting("um2", "cells of one array", 0, 10**8)
    sensing_um2: Real = _setting("um2", "sensing circuits of one array", 0, 10**8)
    dacs_um2: Real = _setting("um2", "DACs of one array", 0, 10**8)
    others_per_array_um2: Real = _setting("um2", "wiring and the rest, for one array", 0, 10**8)
    program_erase_mm2_per_column: Real = _setting("mm2", "program/erase circuits, for each of the n columns", 0, 10**4)
    neurons_um2_per_column: Real = _setting("um2", "neurons with converters, for each of the n columns", 0, 10**8)
    fixed_mm2: Real = _setting("mm2", "controller, instruction memory, buffer and host port", Decimal("0.001"), 10**4)
    port_share: Real = _setting("fraction", "what a further port adds to main memory's area", 0, 10)
    latches_um2: Real = _setting("um2", "a second set of DAC latches of one array", 0, 10**8)
    lane_um2_per_mm: Real = _setting("um2/mm", "wires of a further word-wide lane, for each mm of die side", 0, 10**8)


class Errors(Section):
    """Analog errors, on top of the ideal chip."""

    weight_error: Real = _setting("fraction of full scale", "spread of written weights; the ideal chip has none", 0, 0)


class Chip(Section):
    """A chip with all its settings resolved.

    `sources` says for the path of each setting where its value comes from.
    """

    name: str = Field(min_length=1, max_length=64)
    description: str = Field(max_length=1000)
    clock_ns: Real = _setting("ns", "one clock cycle: one word into an array's DAC latches", Decimal("0.001"), 10**6)
    arrays: Arrays
    memory: Memory
    instruction_memory: InstructionMemory
    controller: Controller
    buffer: Buffer
    buses: Buses
    neurons: Neurons
    host: Host
    vector: Vector
    program_erase: ProgramErase
    energy: Energy
    area: Area
    errors: Errors
    sources: dict[str, str]

    @property
    def columns(self) -> int:
        """Columns of arrays: two blocks of n side by side."""
        return 2 * self.arrays.n

    @property
    def rows(self) -> int:
        """Rows of arrays, both halves; rows 0 to m_top - 1 are the upper half."""
        return self.arrays.m_top + self.arrays.m_bottom

    @property
    def array_count(self) -> int:
        """Arrays on the chip."""
        return self.rows * self.columns

    @property
    def memory_words(self) -> int:
        """Words of 256 bits in main memory."""
        return self.memory.capacity_kb * 1024 * 8 // WORD_BITS

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings as plain nested data: integers, floats, booleans and strings. Treat it as read-only."""
        return {
            name: {key: _plain(item) for key, item in value} if isinstance(value, Section) else _plain(value)
            for name, value in self
            if name not in ("name", "description", "sources")
        }

    @cached_property
    def sha256(self) -> str:
        """Checksum of the settings, in hexadecimal: two chips with the same one behave the same."""
        text = json.dumps(self.config, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A decimal as the nearest float; anything else as it is."""
    return float(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True)
class Setting:
    """One setting of a chip file as documentation: made from the sections above, for help, errors and schema."""

    path: str
    unit: str
    description: str
    kind: str
    low: Decimal | None = None
    high: Decimal | None = None
    fixed_choices: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that are allowed, where it is a choice: among technologies, those that there are."""
        kind = NAMES_TECHNOLOGY.get(self.path)
        return tuple(technologies(kind)) if kind else self.fixed_choices

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.choices:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        if self.kind == "boolean":
            return "true or false"
        kind = "a whole number" if self.kind == "integer" else "a number"
        if self.low == self.high:
            return f"only {self.low} (this version models nothing else)"
        unit = f" {self.unit}" if self.unit else ""
        return f"{kind} from {self.low} to {self.high:f}{unit}"


def _settings(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    """The settings of a section and of those inside it."""
    for name, info in section.model_fields.items():
        kind: Any = info.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _settings(kind, f"{prefix}{name}.")
        elif isinstance(info.json_schema_extra, dict):
            low, high = ([Decimal(getattr(m, end)) for m in info.metadata if hasattr(m, end)] for end in ("ge", "le"))
            yield Setting(
                path=prefix + name,
                unit=str(info.json_schema_extra["unit"]),
                description=info.description or "",
                kind={int: "integer", bool: "boolean", Decimal: "number"}.get(kind, "choice"),
                low=low[0] if low else None,
                high=high[0] if high else None,
                fixed_choices=get_args(kind),
            )


SETTINGS: dict[str, Setting] = {setting.path: setting for setting in _settings(Chip)}
"""Every setting by its path, in the order of a chip file."""


def load_chip(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Chip:
    """The chip of a built-in name or of a `.toml` file, with overrides such as "memory.banks=16" applied last.

    Raises UsageError, or ManyErrors where there are several, naming the file and line, the setting, its value and
    what is allowed.
    """
    source = read_chip(name_or_path, overrides)
    try:
        chip = Chip.model_validate(source.data)
        details = []
    except ValidationError as error:
        details = error.errors(include_url=False)
    reported = {".".join(map(str, detail["loc"])) for detail in details}
    found = [*source.faults, *(_explain(detail, source) for detail in details), *_bad_sources(source, reported)]
    found.sort(key=_place)
    if found:
        raise found[0] if len(found) == 1 else ManyErrors(found)
    return chip


_INHERIT = 'state it, or inherit it: inherits = "acortex_gnmt"'


def _place(error: AcortexError) -> tuple[str, int]:
    """The order of errors: by file, then by line."""
    file, _, line = error.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (error.where, 0)


def _explain(detail: Any, source: ChipSource) -> AcortexError:
    """One of pydantic's findings as an error with its place, the value, the allowed range and a hint."""
    path = ".".join(str(part) for part in detail["loc"])
    where = source.where(path)
    setting = SETTINGS.get(path)
    if detail["type"] == "missing":
        needed = f": {setting.description}, {setting.allowed}" if setting else ""
        return UsageError(f"{path} is missing{needed}", where=where, hint=_INHERIT)
    if detail["type"] == "extra_forbidden":
        return UsageError(f"there is no setting {path}", where=where, hint=_nearest(path))
    value = _written(detail["input"])
    if detail["type"] == "model_type":
        return UsageError(f"{path} is {value}: it is a table of settings", where=where, hint=f"write [{path}]")
    if setting is None:
        return UsageError(f"{path} is {value}: {detail['msg'].lower()}", where=where)
    reason = f" ({detail['ctx']['error']})" if detail["type"] == "value_error" else ""
    return UsageError(f"{path} is {value}{reason}: allowed is {setting.allowed}", where=where, hint=setting.description)


def _bad_sources(source: ChipSource, reported: set[str]) -> list[AcortexError]:
    """Entries of `[sources]` that name no setting, but for those that were reported as settings."""
    sources = source.data.get("sources")
    unknown = [path for path in (sources if isinstance(sources, dict) else ()) if path not in SETTINGS]
    return [
        UsageError(
            f"{path} has a source, but is no setting", where=source.where(f"sources.{path}"), hint=_nearest(path)
        )
        for path in unknown
        if path not in reported and path.partition(".")[0] not in reported
    ]


def _nearest(path: str) -> str:
    """A suggestion for a misspelt path: the same name elsewhere first, then the nearest spelling."""
    leaf = path.rpartition(".")[2]
    same = [known for known in SETTINGS if known.rpartition(".")[2] == leaf]
    sections = [name for name, info in Chip.model_fields.items() if info.json_schema_extra is None]
    near = same[:1] or nearest(path, SETTINGS)
    section, dot, _ = path.partition(".")
    if dot and not near and section in sections:
        inside = [known.rpartition(".")[2] for known in SETTINGS if known.startswith(f"{section}.")]
        return f"{section} has {', '.join(inside)}"
    return suggestion(near or nearest(path, sections)) or "`acortex chip schema` lists the settings"


def _written(value: object) -> str:
    """A value as a chip file would write it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, Decimal | int) else json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _from_technologies() -> list[str]:
    """The tables that need not be stated, because whatever technology is named sets all of them."""
    set_by_all: set[str] = set()
    for kind in NAMES_TECHNOLOGY.values():
        files = [technology(kind, name).data for name in technologies(kind)]
        paths = [
            {f"{table}.{key}" for table, keys in data.items() if isinstance(keys, dict) for key in keys}
            for data in files
        ]
        set_by_all |= set.intersection(*paths)
    return [
        name
        for name in Chip.model_fields
        if (own := [path for path in SETTINGS if path.startswith(f"{name}.")]) and set_by_all.issuperset(own)
    ]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of chip files, with units and descriptions, for editors that complete and check them."""
    schema = Chip.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        for name, entry in definition["properties"].items():
            numbers = [option for option in entry.pop("anyOf", ()) if option.get("type") == "number"]
            definition["properties"][name] = {**entry, **(numbers[0] if numbers else {})}
    for path in NAMES_TECHNOLOGY:
        section, _, leaf = path.rpartition(".")
        schema["$defs"][section.title()]["properties"][leaf]["enum"] = list(SETTINGS[path].choices)
    for definition in schema["$defs"].values():
        del definition["required"]
    required = schema.pop("required")
    schema["properties"]["inherits"] = {"type": "string", "description": "a built-in chip, or a file beside this one"}
    stated = [name for name in required if name not in ("name", "description", "sources", *_from_technologies())]
    schema["anyOf"] = [{"required": ["inherits"]}, {"required": stated}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "aCortex chip"}
