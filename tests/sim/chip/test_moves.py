"""What each setting is declared to move is what it moves: every setting is perturbed, and runs are compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from acortex.errors import AcortexError, UsageError
from acortex.isa import assemble, assemble_file
from acortex.isa.program import Program
from acortex.sim.chip.area import area_by_component
from acortex.sim.chip.chip_files import chip_names
from acortex.sim.chip.free import FREE, UNPAID, warnings
from acortex.sim.chip.prices import leakage_mw, prices
from acortex.sim.chip.schema import json_schema
from acortex.sim.chip.setting import ACCURACY, AREA, CAPACITY, ENERGY, TIME, Move
from acortex.sim.chip.specs import SETTINGS, Chip, Setting, load_chip
from acortex.sim.chip.technology_files import technologies
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.tools.open.programs import open_program

PROGRAMS = Path(__file__).parents[3] / "programs"
TWO = """.program two
.chip    acortex_digits
.input   x, shape=64
.output  y, shape=64x3
.weights w, 64x64
{row64}
group    g0, 64, 64
rect     g0, 0, 0
group    g1, 64, 64
rect     g1, {column}, 1
program  g0, w
program  g1, w
quant    q0, 1, 6, activation=relu
start
connect  g0
connect  g1
inference
base     d0, 0
base     d1, 1
dim      d1, 0, 3
input    x, d0
signal   host_in, t0
await    read, t0
read     d0
read     d0
read     d0
feed     1, 1
feed     1, 1
feed     1, 1
signal   buffer, t2
multiply g0, 1
multiply g1, 1
multiply g0, 1
convert  q0, 3
write    d1
signal   write, t1
await    host_out, t1
output   y, d1
await    host_in, t2
input    x, d0
input    x, d0
input    x, d0
input    x, d0
endinference
halt
"""
"""Vectors through two groups one after another, in one column of arrays or in two; then the host brings more."""

WIDE = """.program wide
.chip    acortex_digits
.input   x, shape=64x24
.output  y, shape=64x96
.weights w, 64x256
{row256}
group    g0, 64, 256
rect     g0, 0, 0, width=2
rect     g0, 0, 1, width=2
program  g0, w
quant    q0, 1, 6, activation=relu
start
connect  g0
inference
base     d0, 0
dim      d0, 0, 24
base     d1, 24
dim      d1, 0, 96
input    x, d0
signal   host_in, t0
await    read, t0
read     d0
feed     24, 1
multiply g0, 24
convert  q0, 24, to=vector
requant  q0, 96
write    d1, source=vector
signal   write, t1
await    host_out, t1
output   y, d1
endinference
halt
"""
"""A group of four tile columns, whose words the vector agent works on."""

TO_MEMORY = WIDE.replace(", to=vector\nrequant  q0, 96", "").replace(", source=vector", "")
"""The same, with its codes written as they are."""

TALL = """.program tall
.chip    acortex_digits
.input   x, shape=64x30
.output  y, shape=64x6
.weights w, 600x128
{row128}
group    g0, 600, 128
rect     g0, 0, 0, height=8
rect     g0, 1, 0, height=2
rect     g0, 1, 2, height=6
rect     g0, 2, 0, height=4
program  g0, w
quant    q0, 1, 6, activation=relu
start
connect  g0
inference
base     d0, 0
dim      d0, 0, 30
base     d1, 30
dim      d1, 0, 6
input    x, d0
signal   host_in, t0
await    read, t0
read     d0
feed     3, 10, tail=24
multiply g0, 3
convert  q0, 3
write    d1
signal   write, t1
await    host_out, t1
output   y, d1
endinference
halt
"""
"""A group whose tile columns share a column's bus, but no neurons."""


def filled(text: str, **places: int) -> Program:
    """A program of the texts above, with weights of 1."""
    sizes = ((64, 64), (256, 64), (128, 600))
    rows = {f"row{n}": "\n".join([".row " + ", ".join(["1"] * n)] * count) for n, count in sizes}
    return assemble(text.format(**rows, **places), file="moves.s")


Case = tuple[Program, tuple[str, ...]]
"""A program, and the settings that it is perturbed around."""


WORK = """
.chip acortex_digits
.part p, shape=1
.row 1
start
inference
work p, 1000000
endinference
halt
"""
"""What only the host does."""


@cache
def cases() -> dict[str, Case]:
    """Programs by what they are for."""
    names = ("in_flight", "pooling", "vmm", "tall_vmm", "lstm_step", "conv3x3")
    ours: dict[str, Case] = {name: (assemble_file(PROGRAMS / f"{name}.s"), ()) for name in names}
    lstm = assemble((PROGRAMS / "lstm_step.s").read_text().replace("state=0", "state=1"), folder=PROGRAMS)
    more = ("arrays.loads_per_cycle=2", "arrays.overlap_loads=true", "memory.ports=2", "buses.up_lanes=2")
    return {
        **ours,
        "a slow host": (ours["tall_vmm"][0], ("host.word_cycles=65536",)),
        "work of the host": (assemble(WORK), ()),
        "a slow bus": (ours["tall_vmm"][0], ("buses.word_cycles=40",)),
        "another state": (lstm, ()),
        "more at once": (ours["vmm"][0], more),
        "two columns": (filled(TWO, column=1), ()),
        "two columns, a slow host": (filled(TWO, column=1), ("host.word_cycles=100",)),
        "codes of one bit": (filled(TWO.replace("relu", "relu, high=1"), column=1), ()),
        "one column": (filled(TWO, column=0), ()),
        "wide": (filled(WIDE), ("memory.capacity_kb=4", "memory.bank_cycles=20")),
        "to memory": (filled(TO_MEMORY), ("memory.capacity_kb=4", "buses.word_cycles=40", "neurons.output_words=8")),
        "tall": (filled(TALL), ("memory.capacity_kb=4", "arrays.n=4", "buffer.words=30")),
        "wide, two sets": (filled(WIDE), ("memory.capacity_kb=4", "neurons.adcs_per_column=2")),
    }


Outcome = dict[str, Any]
"""What there is of each thing that a setting may move: equal where nothing moved."""


def outcome(program: Program, settings: tuple[str, ...]) -> Outcome:
    """What a program on a chip does."""
    chip = load_chip(program.chip, settings)
    try:
        report = run(program, chip, values=False, check_order=False).report  # thousands: not each one twice
    except AcortexError:
        return {CAPACITY: False, **paid(chip)}
    assert report.setup is not None and report.retention is not None and report.cycles is not None
    time = (report.cycles * chip.clock_ns, report.setup.cycles * chip.clock_ns)
    return {TIME: time, CAPACITY: True, ACCURACY: report.retention.late_reads, **paid(chip)}


def paid(chip: Chip) -> Outcome:
    """What a chip costs, whatever runs on it."""
    return {ENERGY: (prices(chip).by_component, leakage_mw(chip)), AREA: area_by_component(chip)}


def perturbed(setting: Setting, value: Any) -> Iterator[str]:
    """Other values of a setting: up, down, and as low as can be."""
    if setting.choices or setting.kind == "boolean":
        every = setting.choices or ("true", "false")
        yield from (f"{setting.path}={choice}" for choice in every)
        return
    assert setting.low is not None and setting.high is not None
    whole = setting.kind == "integer"
    wanted = {setting.low, *(value * factor for factor in (4, 2, 0.5)), value + 1}
    found = {int(one) if whole else one for one in wanted if setting.low <= one <= setting.high}
    yield from (f"{setting.path}={one}" for one in sorted(found - {value}, key=lambda one: abs(float(one) - value)))


@cache
def unperturbed(name: str) -> Outcome:
    """What a case does as it is."""
    return outcome(*cases()[name])


def moved(path: str, enough: set[str]) -> set[str]:
    """What perturbing a setting moves, over all programs; ends early where it is `enough`."""
    found: set[str] = set()
    for name, (program, around) in cases().items():
        before = unperturbed(name)
        for override in perturbed(SETTINGS[path], load_chip(program.chip, around).value(path)):
            after = outcome(program, (*around, override))
            found |= {what for what in before.keys() & after.keys() if before[what] != after[what]}
            if enough and found == enough:
                return found
    return found


ERRORS = {path for path in SETTINGS if path.startswith("errors.")}
"""Settings that act on values alone: a test of each stands in tests/sim/accuracy/test_each_error.py."""

DECLARED = {path: {*one.moves} for path, one in SETTINGS.items() if path not in ERRORS}
DECLARED["neurons.bits"] -= {ACCURACY}  # what a compiled network computes follows from it: the test after next


@pytest.mark.sampled(20)
@pytest.mark.parametrize("path", DECLARED)
def test_a_setting_moves_what_it_says(path: str) -> None:
    assert {*SETTINGS[path].moves} <= {*get_args(Move)}
    assert moved(path, DECLARED[path]) == DECLARED[path]


@pytest.mark.slow
@pytest.mark.parametrize("path", DECLARED)
def test_a_setting_moves_nothing_else_on_any_program(path: str) -> None:
    assert moved(path, set()) == DECLARED[path]


def test_the_width_of_codes_moves_what_a_network_computes() -> None:
    outputs = []
    for bits in (2, 4):
        chip = load_chip("acortex_digits", [f"neurons.bits={bits}"])
        program = open_program("zoo:letters_mlp", chip)
        outputs.append(run(program, chip, timing=False).outputs)
    assert any((outputs[0][name] != outputs[1][name]).any() for name in outputs[0])


# What is free


def test_the_free_settings_are_those_that_move_time_alone() -> None:
    assert set(FREE) == {path for path, one in SETTINGS.items() if set(one.moves) == {TIME}}
    assert "memory.read_latency_ns" in FREE and "buffer.words" not in FREE
    assert UNPAID == {"time": FREE, "accuracy": ("memory.retention_s",)}


TOLD = {
    "acortex_gnmt_digital": ["clock_ns (1.07, built in 1.785) moves time and has no price"],
    "acortex_mnist_180nm": ["clock_ns (5, built in 1.785) moves time and has no price"],
}
"""What is said of built-in chips: the digital twin is as fast as the paper's, and the 180-nm chip as slow as its own,
at no price beside their areas."""


@pytest.mark.parametrize("name", chip_names())
def test_no_other_built_in_chip_moves_a_free_setting(name: str) -> None:
    assert warnings(load_chip(name)) == TOLD.get(name, [])


@pytest.mark.parametrize("kind", ["memory", "cell"])
def test_a_technology_brings_its_own_times(kind: str) -> None:
    path = {"memory": "memory.type", "cell": "arrays.cell"}[kind]
    for name in technologies(kind):
        assert warnings(load_chip("acortex_gnmt", [f"{path}={name}"])) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["memory.ports=2", "memory.banks=32"], []),
        (["host.word_cycles=2"], []),
        (["host.word_cycles=1"], ["host.word_cycles (1, built in 2) moves time and has no price"]),
        (
            ["clock_ns=1.5", "host.word_cycles=1", "controller.decode_cycles=4"],
            [
                "clock_ns (1.5, built in 1.785), controller.decode_cycles (4, built in 1) and host.word_cycles (1,"
                " built in 2) move time and have no price"
            ],
        ),
        (
            ["arrays.settle_ns_per_array=1", "buses.word_cycles=2", "buses.switch_cycles=2", "host.word_cycles=1"],
            [
                "arrays.settle_ns_per_array (1, built in 0), buses.word_cycles (2, built in 1), buses.switch_cycles (2,"
                " built in 4) and 1 more move time and have no price"
            ],
        ),
        (
            ["memory.read_latency_ns=0"],
            [
                "memory.read_latency_ns (0, built in 21.42) moves time and has no price",
                "memory.read_latency_ns (0 ns, known 1.5 ns) is shorter than any that is known of edram",
            ],
        ),
        (
            ["memory.access_cycles=1"],
            [
                "memory.access_cycles (1, built in 2) moves time and has no price",
                "memory.access_cycles (1.785 ns, known 2 ns) is shorter than any that is known of edram",
            ],
        ),
        (
            ["clock_ns=0.7"],
            [
                "clock_ns (0.7, built in 1.785) moves time and has no price",
                "memory.access_cycles (1.4 ns, known 2 ns) and memory.bank_cycles (1.4 ns, known 2 ns) are shorter than"
                " any that is known of edram",
            ],
        ),
        (["memory.retention_s=5"], ["memory.retention_s (5, built in 0.01) moves accuracy and has no price"]),
        (["program_erase.levels=16"], []),
        (["energy.dacs_pj=0.945"], []),
        (["energy.dacs_pj=0"], ["energy.dacs_pj (0, built in 0.945) is a price without a source"]),
        (
            ["area.port_share=0", "buses.pricing=route"],
            ["buses.pricing (route, built in span) and area.port_share (0, built in 0.5) are prices without a source"],
        ),
        (
            ["program_erase.levels=1", "program_erase.pulses_per_level=2"],
            [
                "program_erase.levels is 1, built in 8: what coarser weights cost is not modelled",
                "program_erase.pulses_per_level is 2, built in 4: what coarser weights cost is not modelled",
            ],
        ),
        (
            ["memory.type=sram", "clock_ns=0.45"],
            ["clock_ns (0.45, built in 1.785) moves time and has no price"],
        ),
    ],
)
def test_a_run_says_which_speed_is_not_paid_for(settings: list[str], said: list[str]) -> None:
    chip = load_chip("acortex_digits", settings)
    program = assemble_file(PROGRAMS / "vmm.s")
    assert warnings(chip) == said
    why = "weights are written before the run: it moves the set-up alone"
    still = [f"{one} moves no cycle of this run: {why}" for one in settings if one.startswith("program_erase.")]
    assert run(program, chip, values=False).report.warnings == [*said, *still]
    assert run(program, chip, timing=False).report.warnings == []


def test_a_free_setting_that_moves_nothing_is_named_once_with_the_reason() -> None:
    chip = load_chip("acortex_digits", ["vector.step_cycles=2", "host.word_cycles=1"])
    report = run(assemble_file(PROGRAMS / "vmm.s"), chip, values=False).report
    assert report.warnings == [
        "host.word_cycles (1, built in 2) moves time and has no price",
        "vector.step_cycles=2 moves no cycle of this run: the program gives the vector agent nothing to do",
    ]
    assert "vector.step_cycles (2, built in 1)" in warnings(chip)[0]


def test_a_clock_beyond_the_technology_is_refused_with_its_bound() -> None:
    with pytest.raises(UsageError) as caught:
        load_chip("acortex_digits", ["clock_ns=0.19"])
    assert str(caught.value) == (
        "--set clock_ns: clock_ns is 0.19: allowed is a number from 0.2 to 1000000 ns\n"
        "  hint: one clock cycle: one word into an array's DAC latches; 55 nm goes no lower"
    )
    assert load_chip("acortex_digits", ["clock_ns=0.2"]).clock_ns == Decimal("0.2")


# How it is shown


WIDE_TERMINAL = {"COLUMNS": "200"}
"""The environment of a wide terminal: no cell is broken into lines."""


def test_chip_show_lists_what_is_free_and_what_has_no_source(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'inherits = "acortex_digits"\n[energy]\ndacs_pj = 1\narray_pj = 2\n[sources]\n"energy.array_pj" = "measured"\n'
    )
    shown = CliRunner().invoke(cli, ["chip", "show", str(mine), "--set", "host.word_cycles=1", "--format", "json"])
    report = json.loads(shown.stdout)
    assert report["free"] == list(FREE)
    assert warnings(load_chip(mine)) == ["energy.dacs_pj (1, built in 0.945) is a price without a source"]
    assert report["unsourced"] == ["host.word_cycles", "energy.dacs_pj"]
    assert report["sources"]["energy.array_pj"] == "measured"
    assert list(report["sources"]) == list(SETTINGS)
    text = CliRunner(env=WIDE_TERMINAL).invoke(cli, ["chip", "show", str(mine), "--set", "host.word_cycles=1"]).stdout
    lines = text.splitlines()
    (row,) = (line for line in lines if line.startswith("host.word_cycles"))
    assert row.endswith("set by an override (no source) (free)")
    assert " ".join(text.split()).count("(free)") == len(FREE)
    assert lines[-1].startswith("free: moves time and has no price")


def test_the_schema_says_what_each_setting_moves() -> None:
    entries = json_schema()
    assert entries["properties"]["clock_ns"]["moves"] == ["time"]
    assert entries["$defs"]["Memory"]["properties"]["banks"]["moves"] == ["time", "energy", "area"]
    text = " ".join(CliRunner(env=WIDE_TERMINAL).invoke(cli, ["chip", "schema", "--text"]).stdout.split())
    assert "clock_ns time (free) a number from 0.2" in text
    assert text.count("(free)") == len(FREE)
