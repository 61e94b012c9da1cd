"""Extension drills: a dummy of each kind is added to a copy of the sources, at the cost that the design allows.

It is then found by help, by validation, in a run and in a trace. What is added is what a contributor would add.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from drills import PARTS, Drill, block, compiled, line_of, source
from numpy.typing import NDArray
from onnx import helper, numpy_helper


@pytest.fixture(scope="module")
def sources(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, compiled once for all drills."""
    return compiled(checkout, tmp_path_factory.mktemp("sources"))


@pytest.fixture
def drill(sources: Path, tmp_path: Path) -> Drill:
    return Drill(sources, tmp_path)


@pytest.mark.slow
def test_a_memory_type_is_one_file(drill: Drill) -> None:
    drill.create("sim/technologies/memory/drum.toml", block("memory: sim/technologies/memory/drum.toml"))
    assert "a drum that turns once a microsecond" in drill.acortex("chip", "technologies")
    assert '"drum" or "edram"' in drill.acortex("chip", "show", "acortex_digits", "--set", "memory.type=tape", code=2)
    fast = json.loads(drill.run("requant q0, 2", "--set", "memory.type=edram"))
    slow = json.loads(drill.run("requant q0, 2", "--set", "memory.type=drum"))
    # 561 cycles instead of 12, for the first word into the vector agent and for each of two words to the host
    assert slow["cycles"] - fast["cycles"] == 3 * (561 - 12)
    assert (
        json.loads(drill.acortex("trace", "info", "t.actrace", "--format", "json"))["chip"]["config"]["memory"]["type"]
        == "drum"
    )
    assert (len(drill.files), drill.lines <= 40) == (1, True)


@pytest.mark.slow
def test_a_cell_technology_is_one_file(drill: Drill) -> None:
    drill.create("sim/technologies/cell/paper.toml", block("cell: sim/technologies/cell/paper.toml"))
    assert "cells of paper" in drill.acortex("chip", "technologies")
    assert '"paper"' in drill.acortex("chip", "show", "acortex_digits", "--set", "arrays.cell=pape", code=2)
    args = ("run", "zoo:digits_mlp", "--max-cycles", "3000", "--format", "json", "--timing-only")
    report = json.loads(drill.acortex(*args, "--set", "arrays.cell=paper", code=1).partition("warning:")[0])
    operations = report["counts"]["array_operations"]
    assert report["energy_by_component_aj"]["arrays"] == operations * 100_000_000 > 0
    assert (len(drill.files), drill.lines <= 50) == (1, True)


@pytest.mark.slow
def test_a_trace_exporter_is_a_file_and_a_registry_line(drill: Drill) -> None:
    drill.create("traces/export/starts.py", block("exporter: traces/export/starts.py"))
    imported = block("exporter: traces/export/registry.py, import")
    drill.insert("traces/export/registry.py", "from acortex.traces.file.reader import Trace", imported)
    drill.insert("traces/export/registry.py", '    Exporter("csv"', block("exporter: traces/export/registry.py, row"))
    assert "starts: when each event began" in " ".join(drill.acortex("trace", "export", "--help").split())
    report = json.loads(drill.run("requant q0, 2"))
    assert "starts" in drill.acortex("trace", "export", "t.actrace", "--to", "start", "-o", "s.txt", code=2)
    drill.acortex("trace", "export", "t.actrace", "--to", "starts", "-o", "s.txt")
    assert len((drill.folder / "s.txt").read_text().split()) == report["counts"]["events"]
    assert (len(drill.files), drill.lines <= 170) == (2, True)


@pytest.mark.slow
def test_an_instruction_is_its_row_and_its_function(drill: Drill) -> None:
    drill.instruction("invert")
    assert "Turns codes round" in drill.acortex("isa", "invert")
    (drill.folder / "bad.s").write_text(source(step="invert q99, 2"))
    assert "q99" in drill.acortex("run", "bad.s", code=1)
    codes = np.arange(128, dtype=np.uint8).reshape(1, 128) % 16
    np.save(drill.folder / "x.npy", codes)
    drill.run("invert q0, 2", "--input", "x.npy", "--output", "y.npy")
    assert (np.load(drill.folder / "y.npy") == 15 - codes).all()
    drill.acortex("trace", "export", "t.actrace", "--to", "csv", "-o", "t.csv")
    line = line_of("step")
    events = (drill.folder / "t.csv").read_text().splitlines()
    assert sum("vector.step" in event and f"drill.s:{line}" in event for event in events) == 2
    assert (len(drill.files), drill.lines <= 45) == (2, True)


@dataclass(frozen=True)
class Kind:
    """An instruction of the page: how the small program uses it, and what every view then says of it.

    `unit` executes it, `words` times, in `part` of the program; `output` is what the host then gets of codes that come.
    """

    name: str
    part: str
    text: str
    unit: str
    event: str
    accesses: tuple[int, int]
    words_written: int

    @property
    def line(self) -> int:
        """Its line in the small program."""
        text = source(**{self.part: self.text}).splitlines()
        return 1 + next(at for at, line in enumerate(text) if line.strip().startswith(self.name))


CODES = np.arange(128, dtype=np.uint8).reshape(1, 128) % 16
HALVED = np.rint(CODES / 2).astype(np.uint8)

INSTRUCTIONS = (
    Kind("clear", "write", "write d1, source=vector\n    base d1, 5\n    dim d1, 0, 2\n    clear d1\n    base d1, 4\n"
         "    dim d1, 0, 2", "main_memory/write", "memory.write", (4, 6), 5),
    Kind("flip", "read", "flip d0", "main_memory/read", "memory.read", (4, 4), 4),
    Kind("invert", "step", "invert q0, 2", "vector", "vector.step", (4, 4), 4),
)  # fmt: skip
"""One that writes memory and takes nothing, one that reads, one step of the vector agent."""

OUTPUTS = {
    "clear": np.concatenate((HALVED[:, :64], np.zeros((1, 64), np.uint8)), axis=1),
    "flip": HALVED.reshape(1, 2, 64)[..., ::-1].reshape(1, 128),
    "invert": 15 - CODES,
}
"""What the host gets of CODES."""


@pytest.mark.slow
@pytest.mark.sampled(1)
@pytest.mark.parametrize("kind", INSTRUCTIONS, ids=lambda kind: kind.name)
def test_every_view_of_a_run_is_right_about_a_new_instruction(drill: Drill, kind: Kind, checkout: Path) -> None:
    drill.instruction(kind.name)
    assert (drill.files, drill.lines <= 45) == ({"isa/table.py", "isa/semantics.py"}, True)
    np.save(drill.folder / "x.npy", CODES)
    args = ("--input", "x.npy", "--output", "y.npy", "--check-order", "--dump-layers", "layers")
    report = json.loads(drill.run_with({kind.part: kind.text}, *args))
    assert (np.load(drill.folder / "y.npy") == OUTPUTS[kind.name]).all()
    check_report(report, kind)
    check_trace(drill, report, kind)
    check_dump(drill, OUTPUTS[kind.name])
    check_texts(drill, kind)
    check_judge(drill, kind, checkout / "tests")


def test_an_instruction_of_two_operands_needs_no_zero_codes(drill: Drill) -> None:
    drill.instruction("least")
    assert (drill.files, drill.lines <= 45) == ({"isa/table.py", "isa/semantics.py"}, True)
    np.save(drill.folder / "x.npy", CODES)
    halved = f"read d0, to=vector\n    requant q0, 2\n    {PARTS['write']}\n    signal write, t5\n    await operand, t5"
    again = f"{halved}\n    read d0, to=vector\n    operand d1"
    written = "signal operand, t6\n    await write, t6\n    write d1, source=vector"
    parts = {"read": again, "step": "least 2", "write": written}
    drill.run_with(parts, "--input", "x.npy", "--output", "y.npy", "--check-order")
    assert (np.load(drill.folder / "y.npy") == np.minimum(CODES, HALVED)).all()


MATRIX = """
    .program drill
    .chip acortex_digits
    .input x, shape=64
    .output y, shape=2
    .weights w, 64x2
{rows}
    group g0, 64, 2
    rect g0, column=0, row=0
    program g0, w
    quant q0, 1, 1, activation=relu
    start
    connect g0
    base d0, 0
    base d1, 4
    inference
    input x, d0
    signal host_in, t0
    await read, t0
    read d0
    {feed}
    multiply g0, 1
    {convert}
    write d1
    signal write, t1
    await host_out, t1
    output y, d1
    endinference
    halt
""".replace("{rows}", "\n".join(f"    .row {1 if row % 2 else -1}, {-1 if row % 2 else 1}" for row in range(64)))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("spread", {"feed": "spread 1", "convert": "convert q0, 1"}),
        ("sign", {"feed": "feed 1, 1", "convert": "sign 1"}),
    ],
)
def test_an_instruction_of_the_buffer_or_the_neurons_needs_no_operand_by_name(
    drill: Drill, name: str, parts: dict[str, str]
) -> None:
    drill.instruction(name)
    assert (drill.files, drill.lines <= 45) == ({"isa/table.py", "isa/semantics.py"}, True)
    np.save(drill.folder / "x.npy", CODES[:, :64])
    (drill.folder / "drill.s").write_text(MATRIX.format(**parts))
    args = ("run", "drill.s", "--format", "json", "--input", "x.npy", "--output", "y.npy", "--check-order")
    report = json.loads(drill.acortex(*args))
    assert np.load(drill.folder / "y.npy").tolist() == [[1, 0] if name == "sign" else [15, 0]]
    assert all(sum(spent.values()) == report["cycles"] for spent in report["utilisation"].values())
    assert report["utilisation"]["buffer"]["busy"] == 1


def check_report(report: dict[str, Any], kind: Kind) -> None:
    """Accesses, and words of memory that were ever written; each unit's time adds up."""
    counts = report["counts"]
    assert (counts["main_memory.reads"], counts["main_memory.writes"]) == kind.accesses
    assert report["memory"]["written_words"] == kind.words_written
    assert all(sum(spent.values()) == report["cycles"] for spent in report["utilisation"].values())


def check_trace(drill: Drill, report: dict[str, Any], kind: Kind) -> None:
    """Its events are at its line, its energy is the run's, and the critical path explains every wait."""
    drill.acortex("trace", "export", "t.actrace", "--to", "csv", "-o", "t.csv")
    events = [line for line in (drill.folder / "t.csv").read_text().splitlines() if f"drill.s:{kind.line}" in line]
    assert sum(kind.event in line and kind.unit in line for line in events) == 2
    priced = json.loads(drill.acortex("trace", "reprice", "t.actrace", "--format", "json"))
    assert priced["energy_aj"] == [report["energy_aj"]] * 2
    path = json.loads(drill.acortex("trace", "critical", "t.actrace", "--format", "json"))
    assert sum(row["cycles"] for row in path["by_unit"]) == path["cycles"] == report["cycles"]
    assert f"drill.s:{kind.line}" in {row["line"] for row in path["by_line"]}
    assert {row["name"] for row in path["by_cause"] if row["what"] in ("waiting", "idle")} <= {"port", "bank", "bus"}


def check_dump(drill: Drill, output: NDArray[np.uint8]) -> None:
    """The words that it wrote are those of the last access to each."""
    dump = np.load(drill.folder / "layers" / "-.npz")
    held = dict(zip(dump["addresses"][0].tolist(), dump["codes"][0], strict=True))
    assert (np.concatenate([held[4], held[5]]) == output[0]).all()


TEXTS = """
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.asm.disassembler import disassemble

program = assemble_file("drill.s")
text = disassemble(program)
assert disassemble(assemble(text)) == text
print(text)
"""


def check_texts(drill: Drill, kind: Kind) -> None:
    """The manual, and the disassembler, whose text assembles to the same."""
    assert kind.name in drill.acortex("isa", kind.name)
    assert drill.python(TEXTS).count(f"{kind.name} ") == 1


@pytest.mark.slow
def test_order_and_retention_know_that_a_new_instruction_writes(drill: Drill) -> None:
    drill.instruction("clear")
    kind = INSTRUCTIONS[0]
    late = source().replace("signal write, t1\n", "signal write, t1\n    clear d1\n")
    (drill.folder / "bad.s").write_text(late)
    told = drill.acortex("run", "bad.s", code=1)
    assert "output reads word 4 of main memory, which is written by clear at" in " ".join(told.split())
    (drill.folder / "bad.s").write_text(source(write=f"clear d0\n    {PARTS['write']}"))
    told = drill.acortex("run", "bad.s", code=1)
    assert "clear writes word 0 of main memory, which is" in " ".join(told.split())
    report = json.loads(
        drill.run_with({"write": kind.text}, "--set", "memory.retention_s=1e-9").partition("warning:")[0]
    )
    output = 1 + len(source(write=kind.text).splitlines()) - 3
    assert {"written": f"drill.s:{kind.line}", "read": f"drill.s:{output}"} in [
        {name: pair[name] for name in ("written", "read")} for pair in report["retention"]["pairs"]
    ]


JUDGE = """
import numpy as np
from acortex.isa.asm.assembler import assemble_file
from judge.coverage import NotJudgedError
from judge.stepped import simulate
from judge.ordering import Ordering
from judge.values import Machine
from acortex.sim.chip.specs import load_chip

program = assemble_file("drill.s")
chip = load_chip(program.chip)
inputs = {"x": np.zeros((1, 128), np.uint8)}
for judge in (Machine(program, inputs, 1).run, lambda: simulate(program, chip), Ordering(program, chip, 1).find):
    try:
        judge()
    except NotJudgedError as error:
        print(error)
"""


def check_judge(drill: Drill, kind: Kind, tests: Path) -> None:
    """The judge says by name that it does not know the instruction."""
    told = drill.python(JUDGE, tests).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        f"judge/{part}.py does not know `{kind.name}`" for part in ("values", "stepped", "ordering")
    ]


@pytest.mark.slow
def test_an_agent_is_one_file_and_its_wiring_settings_price_and_instruction(drill: Drill) -> None:
    drill.agent()
    own = {name for name in drill.files if not name.startswith("isa/")}
    assert own == {
        "sim/timing/scrub.py",
        "sim/timing/wiring.py",
        "sim/timing/paths.py",
        "sim/chip/specs.py",
        "sim/chips/acortex_gnmt.toml",
        "sim/chip/prices.py",
    }
    assert drill.lines <= 230
    check_told(drill)
    steps = ("requant q0, 2", "signal host_in, t2", "await scrub, t2", "scrub d0")
    report = json.loads(drill.run("\n    ".join(steps), "--check-order"))
    spent = report["utilisation"]["main_memory/scrub"]
    assert spent["busy"] == 1 + 2 * 2  # a token, and two words of 2 cycles
    assert sum(spent.values()) == report["cycles"]
    assert {"unit": "main_memory/scrub", "cause": "pause", "cycles": 2 * 5} in report["waits"]
    check_scrubbed(drill, report)


@pytest.mark.slow
def test_an_agent_keeps_to_the_conformance_suite(drill: Drill, checkout: Path) -> None:
    drill.agent()
    tests, programs = drill.folder / "tests", drill.folder / "programs"
    for folder in (tests, programs):
        folder.mkdir()
    for name in ("conformance", "timed_chips"):
        shutil.copy(checkout / "tests" / f"{name}.py", tests)
    text = source(step="requant q0, 2\n    signal host_in, t2\n    await scrub, t2\n    scrub d0")
    (programs / "scrubbed.s").write_text(text)
    made = block("scrub: tests/sim/test_scrub.py")
    (tests / "test_scrub.py").write_text(made)
    assert drill.lines + len(made.splitlines()) <= 230
    args = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "tests/test_scrub.py"]
    told = drill.python(f"import pytest\npytest.main({args})", tests)
    assert "7 passed" in told


def check_told(drill: Drill) -> None:
    """Help, the settings and validation know the agent."""
    assert "Reads words and drops them." in drill.acortex("isa", "scrub")
    assert "pause_cycles" in drill.acortex("chip", "show", "acortex_digits")
    wrong = drill.acortex("chip", "show", "acortex_digits", "--set", "scrub.pause_cycles=0", code=2)
    assert "scrub.pause_cycles" in wrong and "from 1 to 1024" in wrong
    (drill.folder / "bad.s").write_text(source(step="requant q0, 2\n    scrub d0"))
    assert "nothing orders the two" in drill.acortex("run", "bad.s", code=1)


def check_scrubbed(drill: Drill, report: dict[str, Any]) -> None:
    """The trace knows the agent, the price of its events and its cause; a slow one makes the critical path."""
    info = json.loads(drill.acortex("trace", "info", "t.actrace", "--format", "json"))
    assert "main_memory/scrub" in info["units"] and "scrub.read" in str(info["kinds"])
    stats = json.loads(drill.acortex("trace", "stats", "t.actrace", "--format", "json"))
    (row,) = (row for row in stats["kinds"] if row["name"] == "scrub.read")
    assert (row["count"], row["energy_aj"]) == (2, 2 * (4_360_333 + 2_915_692))  # one more agent has a queue of its own
    assert (
        sum(row["energy_aj"] for row in stats["kinds"])
        == report["energy_aj"] - report["energy_by_component_aj"]["leakage"]
    )
    priced = json.loads(drill.acortex("trace", "reprice", "t.actrace", "--format", "json"))
    assert priced["energy_aj"] == [report["energy_aj"]] * 2
    drill.acortex("run", "drill.s", "--trace", "slow.actrace", "--set", "scrub.pause_cycles=1000")
    path = json.loads(drill.acortex("trace", "critical", "slow.actrace", "--format", "json"))
    last = [(one["unit"], one["what"], one["name"], one["end"] - one["start"]) for one in path["segments"][-4:]]
    assert last == [
        ("main_memory/scrub", "latency", "pause", 1000),
        ("main_memory/scrub", "hand-over", "grant", 1),
        ("main_memory/scrub", "busy", "scrub.read", 2),
        ("main_memory/scrub", "latency", "pause", 1000),
    ]
    assert "main_memory/scrub" in drill.acortex("trace", "critical", "slow.actrace")


def network(name: str, threshold: float) -> onnx.ModelProto:
    """A 1 x 1 convolution that turns every sign, and the operator after it."""
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2, 3, 3]) for name in "xy")
    weights = numpy_helper.from_array(-np.eye(2, dtype=np.float32).reshape(2, 2, 1, 1), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["z"], name="turn"),
        helper.make_node(name, ["z"], ["y"], name="over", threshold=threshold),
    ]
    graph = helper.make_graph(nodes, "drill", [x], [y], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


@pytest.mark.slow
def test_a_network_operator_is_one_place_in_one_file(drill: Drill) -> None:
    drill.insert("programs/operators/vector.py", "# Pools ---", block("operator: programs/operators/vector.py"))
    for file, name, threshold in (("good", "Above", 0.0), ("bad", "Above", 2.0), ("misspelt", "Abov", 0.0)):
        onnx.save(network(name, threshold), str(drill.folder / f"{file}.onnx"))
    assert "Above is one" in drill.acortex("compile", "misspelt.onnx", code=1)
    told = drill.acortex("compile", "bad.onnx", code=1)
    assert "over" in told and "its threshold is 2, only 0 is possible" in told
    x = np.linspace(-1, 1, 18, dtype=np.float32).reshape(1, 1, 2, 3, 3)
    np.save(drill.folder / "x.npy", x)
    drill.acortex("compile", "good.onnx", "--calibration", "x.npy", "-o", "good.acx")
    drill.acortex("run", "good.acx", "--input", "x.npy", "--output", "y.npy", "--trace", "t.actrace")
    x, y = x[0], np.load(drill.folder / "y.npy")
    assert (y[x >= 0] == 0).all()
    assert np.abs(y + x)[x < 0].max() < 1 / 15
    assert "turn" in drill.acortex("trace", "stats", "t.actrace")
    assert (len(drill.files), drill.lines <= 90) == (1, True)
