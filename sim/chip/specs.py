"""What a chip is: every setting with its range, unit and meaning, and `load_chip`, which makes a `Chip` of a chip file.

A section of a chip file is one frozen class here. Decimal numbers stay decimal, so that a delay or an energy is exactly
what the file says. Nothing has a default: a chip file states a setting or inherits it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from acortex.errors import ManyErrors
from acortex.isa.machine import CHANNELS
from acortex.sim.chip.chip_files import OVERRIDDEN, chip_names, read_chip
from acortex.sim.chip.errors import Errors
from acortex.sim.chip.refusals import explain, place, unknown_sources
from acortex.sim.chip.setting import Real, Section, Setting, price, setting, settings_of
from acortex.sim.chip.spread import Spread, wrong_spreads
from acortex.sim.chip.technology_files import known
from acortex.wording import count

__all__ = ["SETTINGS", "Chip", "Setting", "chip_names", "load_chip"]

CODE_BITS = 4
"""Bits of a channel of a word: wider codes have nowhere to lie."""

WORD_BITS = CHANNELS * CODE_BITS
"""Bits of a word of main memory."""


LEAST_CLOCK_NS = Decimal("0.2")
"""What no chip in 55 nm goes below: ten inverters that each drive four. One takes 0.36 ps for each nm of gate length
(Ho, Mai and Horowitz, Proc. IEEE 2001); stages of fewer than 6 to 8 bring nothing (Hrishikesh et al., ISCA 2002). Both
are cited from memory, and were not checked."""


def _known(kind: str) -> AfterValidator:
    """Refuses the name of a technology that there is not."""

    def check(name: str) -> str:
        if not known(kind, name):
            raise ValueError("there is none of that name")
        return name

    return AfterValidator(check)


PAID, ROOM, FELT, AREAS = "time energy area", "energy area capacity", "time energy area capacity", "energy area"
"""What settings move, as `setting` takes it: speed at a price, room at a price, both, and areas."""

MemoryType = Annotated[str, _known("memory")]
CellType = Annotated[str, _known("cell")]


class Arrays(Section):
    """The vector-by-matrix arrays: how many, and how long they take."""

    cell: CellType = setting("", "the cells' technology; sets what is not stated beside it", moves=PAID)
    k: Literal[32, 64, 128] = setting("cells", "rows and columns of one array", moves=FELT)
    m_top: int = setting("arrays", "arrays down a column of the upper half", 1, 256, moves=ROOM)
    m_bottom: int = setting("arrays", "arrays down a column of the lower half", 0, 256, moves=ROOM)
    n: int = setting("arrays", "columns of arrays in a block; two blocks stand side by side", 1, 512, moves=ROOM)
    frame_ns: Real = setting(
        "ns", "one analog frame: inputs applied, currents integrated", Decimal("0.001"), 10**6, moves=PAID
    )
    settle_ns_per_array: Real = setting("ns", "added to the frame for each array joined on a bus", 0, 10**6)
    loads_per_cycle: int = setting(
        "words", "words of 64 codes that load DAC latches in one cycle: of one array each", 1, 65536, moves=PAID
    )
    frames_at_once: int = setting(
        "lanes", "frames at once, one per lane; a group's lane is its number modulo this", 1, 64
    )
    overlap_loads: bool = setting("", "whether latches are loaded for the next frame while one runs", moves=PAID)
    broadcast_loads: bool = setting(
        "", "whether a word loads the latches of a whole row of a group's arrays at once", moves="time energy"
    )


class Memory(Section):
    """The main memory: embedded DRAM without refresh, in words of 256 bits."""

    type: MemoryType = setting(
        "", "the memory's technology; sets what is not stated beside it", moves="time energy area accuracy"
    )
    capacity_kb: int = setting("KB", "capacity, 32 words per KB", 1, 32768, moves=ROOM)
    banks: int = setting("banks", "banks; a word lies in the bank of its address modulo this", 1, 1024, moves=PAID)
    ports: int = setting("ports", "accesses that can start in one cycle", 1, 64, moves=PAID)
    access_cycles: int = setting("cycles", "how long a read or a write occupies a port", 1, 1024)
    bank_cycles: int = setting("cycles", "how long an access occupies its bank", 1, 1024)
    read_latency_ns: Real = setting("ns", "from the start of a read to its word; reads are pipelined", 0, 10**6)
    least_access_ns: Real = price("ns", "the shortest access that the technology is known for", 10**6, "")
    least_latency_ns: Real = price("ns", "the shortest read latency that the technology is known for", 10**6, "")
    retention_s: Real = setting(
        "s", "how long a word lasts after it was written", Decimal("1e-9"), 10**9, moves="accuracy"
    )


class InstructionMemory(Section):
    """The memory that holds the program."""

    words: int = setting("words", "instructions that fit", 1, 65536, moves=ROOM)


class Controller(Section):
    """Fetch, decode and dispatch."""

    decode_cycles: int = setting("cycles", "cycles that one instruction takes to issue", 1, 1024)
    queue_depth: int = setting("instructions", "decoded instructions that wait at one agent", 1, 1024, moves=PAID)


class Buffer(Section):
    """The chain of buffers between main memory and the arrays."""

    words: int = setting("words", "words that the buffer holds", 1, 65536, moves=FELT)
    windows: int = setting("vectors", "input vectors that may stand ready for the latches", 1, 1024, moves=PAID)


class Buses(Section):
    """The data buses and the analog buses."""

    down_lanes: int = setting("words", "words at once on the way to the arrays", 1, 64, moves=PAID)
    up_lanes: int = setting("words", "words at once on the way back", 1, 64, moves=PAID)
    word_cycles: int = setting("cycles", "how long a word occupies a lane", 1, 1024)
    switch_cycles: int = setting("cycles", "how long the switches of a group take to close or to open", 1, 1024)
    segment_capacity: int = setting("groups", "groups that an analog bus segment carries at once", 1, 64, moves=FELT)
    pricing: Literal["span", "route"] = setting(
        "", "a word pays for the die's side (span) or for its route", moves="energy"
    )


class Neurons(Section):
    """The neurons with their converters, shared down a column of arrays."""

    bits: int = setting(
        "bits",
        "bits of a code; a conversion is a ramp of 2^bits steps, and a channel of a word holds 4",
        1,
        CODE_BITS,
        moves="time energy area capacity accuracy",
    )
    cycles_per_step: int = setting("cycles", "one step of the ramp", 1, 1024)
    adcs_per_column: int = setting(
        "sets", "sets of converters that a column of arrays has, with wires to each", 1, 64, moves=PAID
    )
    output_words: int = setting("words", "converted words that wait for the bus", 1, 65536, moves=FELT)


class Host(Section):
    """The world outside: its port, and the speed with which it works on parts of a network."""

    word_cycles: int = setting("cycles", "how long a word occupies the port", 1, 65536)
    part_ns: Real = setting("ns", "what a part of a network takes the host beside its operations", 0, 10**9)
    operations_per_ns: Real = setting(
        "operations", "operations that the host does in a nanosecond", Decimal("0.000001"), 10**9
    )


class Vector(Section):
    """The vector agent, on the memory side of the data bus."""

    step_cycles: int = setting("cycles", "one operation on one word", 1, 1024)
    queue_words: int = setting(
        "words",
        "words that wait on each of its sides: stream, operand, results",
        1,
        65536,
        moves=FELT,
    )
    line_words: int = setting("words", "its line store: what pooling keeps of the rows above", 1, 1 << 20, moves=ROOM)
    state_words: int = setting(
        "words", "its state store: words of 64 x 16 bits for recurrent cells", 1, 65536, moves=ROOM
    )


class ProgramErase(Section):
    """Writing weights: every level of a cell takes the same pulses, so that data never steer the clock."""

    levels: int = setting("levels", "levels that a cell is stepped through", 1, 256, moves="time energy")
    pulses_per_level: int = setting("pulses", "write-verify pulses for one level", 1, 1024, moves="time energy")
    pulse_ns: Real = setting("ns", "one write pulse, on a row of cells at once", 1, 10**9)
    verify_ns: Real = setting("ns", "one verifying read, of a row of cells at once", 0, 10**9)


class Energy(Section):
    """What each event costs, and what leaks."""

    memory_access_pj: Real = price("pJ", "one read or write of a main-memory word: the memory's part", 10**6)
    others_access_pj: Real = price("pJ", "the same: controller, instruction memory and buffer", 10**6)
    sensing_pj: Real = price("pJ", "sensing circuits of one array, one frame", 10**6)
    array_pj: Real = price("pJ", "cells of one array, one frame", 10**6)
    activity: Real = price(
        "codes x levels", "sum of code times level in one array that array_pj is stated for", 10**9, "", 1
    )
    dacs_pj: Real = price("pJ", "DACs of one array, one frame", 10**6)
    latches_pj: Real = price("pJ", "a second set of DAC latches of one array, one load", 10**6)
    conversion_pj: Real = price("pJ", "one neuron and its converter, one output", 10**6)
    bus_to_arrays_pj_per_mm: Real = price("pJ/mm", "one word carried to the arrays", 10**6)
    bus_from_arrays_pj_per_mm: Real = price("pJ/mm", "one word carried back from the arrays", 10**6)
    leakage_mw: Real = price("mW", "leakage whatever the number of arrays, at the anchors of area", 10**6)
    memory_leakage_share: Real = price("fraction", "of leakage_mw, main memory's: it follows that memory's area", 1)
    store_leakage_share: Real = price(
        "fraction", "of what is left of leakage_mw, the stores': it follows their bits", 1
    )
    leakage_per_array_uw: Real = price("uW", "leakage of one array with its circuits", 10**6)
    program_pulse_pj: Real = price("pJ", "one write-verify pulse of one cell", 10**6)


class Area(Section):
    """What each part takes of the die."""

    main_memory_mm2_per_mb: Real = price("mm2/MB", "main memory, for 1024 KB", 10**4, AREAS)
    memory_anchor_kb: int = price("KB", "the capacity that prices of main memory are stated for", 32768, AREAS, 1)
    memory_anchor_banks: int = price("banks", "the banks that prices of main memory are stated for", 1024, AREAS, 1)
    periphery_share: Real = price("fraction", "of main memory at its anchor, what surrounds its banks", 1, AREAS)
    cells_um2: Real = price("um2", "cells of one array", 10**8, AREAS)
    sensing_um2: Real = price("um2", "sensing circuits of one array", 10**8, AREAS)
    frame_anchor_ns: Real = price(
        "ns",
        "the frame that sensing_um2 is stated for; circuits for a shorter one are larger",
        10**6,
        AREAS,
        Decimal("0.001"),
    )
    dacs_um2: Real = price("um2", "DACs of one array", 10**8, AREAS)
    others_per_array_um2: Real = price("um2", "wiring and the rest, for one array", 10**8, AREAS)
    program_erase_mm2_per_column: Real = price("mm2", "program/erase circuits, for each of the n columns", 10**4, AREAS)
    neurons_um2_per_column: Real = price("um2", "neurons with converters, for each of the n columns", 10**8, AREAS)
    converter_anchor_bits: int = price(
        "bits", "the width of codes that neurons_um2_per_column and conversion_pj are stated for", CODE_BITS, AREAS, 1
    )
    fixed_mm2: Real = price(
        "mm2", "controller, its stores at `store_anchor_bits`, and host port", 10**4, AREAS, Decimal("0.001")
    )
    store_anchor_bits: int = price("bits", "the stores that fixed_mm2 and leakage_mw include", 10**9, AREAS, 1)
    store_share: Real = price("fraction", "of fixed_mm2, the stores: their area follows their bits", 1, AREAS)
    port_share: Real = price("fraction", "what a further port adds to main memory's area", 10, AREAS)
    latches_um2: Real = price("um2", "a second set of DAC latches of one array", 10**8, AREAS)
    lane_um2_per_mm: Real = price("um2/mm", "wires of a further word-wide lane, for each mm of die side", 10**8, AREAS)


class Chip(Section):
    """A chip with all its settings resolved.

    `sources` says for the path of each setting where its value comes from, `spreads` of some how far it may be off.
    """

    name: str = Field(min_length=1, max_length=64)
    description: str = Field(max_length=1000)
    clock_ns: Real = setting(
        "ns", "one clock cycle: one word into an array's DAC latches; 55 nm goes no lower", LEAST_CLOCK_NS, 10**6
    )
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
    spreads: dict[str, Spread] = Field(default_factory=dict, description="by path, how far a price or delay may be off")

    def __repr__(self) -> str:
        laid = sum(source == OVERRIDDEN for source in self.sources.values())
        more = f" with {count(laid, 'other setting')}" if laid else ""
        return f"Chip({self.name}{more})"

    __str__ = __repr__

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
            if name not in ("name", "description", "sources", "spreads")
        }

    def value(self, path: str) -> Any:
        """The value of a setting by its path, as `config` has it."""
        section, _, name = path.rpartition(".")
        return self.config[section][name] if section else self.config[name]

    def constant(self, path: str) -> Any:
        """The value of a setting by its path, as exactly as the chip file writes it."""
        section, _, name = path.rpartition(".")
        return getattr(getattr(self, section) if section else self, name)

    @cached_property
    def sha256(self) -> str:
        """Checksum of the settings, in hexadecimal: two chips with the same one behave the same."""
        text = json.dumps(self.config, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A decimal as the nearest float; anything else as it is."""
    return float(value) if isinstance(value, Decimal) else value


SETTINGS: dict[str, Setting] = {one.path: one for one in settings_of(Chip)}
"""Every setting by its path, in the order of a chip file."""


def _numbers(chip: Chip) -> dict[str, object]:
    """The values of the constants that have a spread."""
    return {path: chip.constant(path) for path in chip.spreads if path in SETTINGS}


def load_chip(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Chip:
    """The chip of a built-in name or of a `.toml` file, with overrides such as "memory.banks=16" applied last.

    Raises UsageError, or ManyErrors where there are several, naming the file and line, the setting, its value and
    what is allowed.
    """
    source = read_chip(name_or_path, overrides)
    try:
        chip = Chip.model_validate(source.data)
        details, spreads = [], list(wrong_spreads(chip.spreads, source, SETTINGS, _numbers(chip)))
    except ValidationError as error:
        details, spreads = error.errors(include_url=False), []
    reported = {".".join(map(str, detail["loc"])) for detail in details}
    found = [
        *source.faults,
        *(explain(detail, source, SETTINGS) for detail in details),
        *unknown_sources(source, SETTINGS, reported),
        *spreads,
    ]
    found.sort(key=place)
    if found:
        raise found[0] if len(found) == 1 else ManyErrors(found)
    return chip
