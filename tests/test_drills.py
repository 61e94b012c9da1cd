"""Extension drills: a dummy of each kind is added to a copy of the sources, at the cost that the design allows.

It is then found by help, by validation, in a run and in a trace. What is added is what a contributor would add.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

FOLDERS = ("isa", "traces", "sim", "programs", "tools")
FILES = ("__init__.py", "__main__.py", "errors.py")

PROGRAM = """
    .program drill
    .chip acortex_digits
    .input x, shape=128
    .output y, shape=128
    quant q0, 1, 1, activation=relu
    start
    base d0, 0
    dim d0, 0, 2
    base d1, 4
    dim d1, 0, 2
    inference
    input x, d0
    signal host_in, t0
    await read, t0
    read d0, to=vector
    {step}
    write d1, source=vector
    signal write, t1
    await host_out, t1
    output y, d1
    endinference
    halt
"""


class Drill:
    """A copy of the sources that something is added to, and what that cost."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.package = folder / "acortex"
        self.package.mkdir()
        skip = shutil.ignore_patterns("__pycache__")
        for name in FOLDERS:
            shutil.copytree(checkout / name, self.package / name, ignore=skip)
        for name in FILES:
            shutil.copy(checkout / name, self.package / name)
        self.folder = folder
        self.files: set[str] = set()
        self.lines = 0

    def create(self, name: str, text: str) -> None:
        """Adds a file."""
        (self.package / name).write_text(text)
        self._count(name, text)

    def insert(self, name: str, before: str, text: str) -> None:
        """Adds lines to a file, before a text that stands there once."""
        path = self.package / name
        old = path.read_text()
        assert old.count(before) == 1, f"{name} does not have this once: {before}"
        path.write_text(old.replace(before, text + before))
        self._count(name, text)

    def _count(self, name: str, text: str) -> None:
        self.files.add(name)
        self.lines += len(text.splitlines())

    def acortex(self, *args: str, code: int = 0) -> str:
        """What a command prints, in a process that knows nothing but the copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "110"}
        command = [sys.executable, "-m", "acortex", *args]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def run(self, step: str, *args: str) -> str:
        """Runs the small program with one step of the vector agent; its trace is t.actrace."""
        (self.folder / "drill.s").write_text(PROGRAM.format(step=step))
        return self.acortex("run", "drill.s", "--trace", "t.actrace", "--format", "json", *args)


@pytest.fixture
def drill(checkout: Path, tmp_path: Path) -> Drill:
    return Drill(checkout, tmp_path)


MEMORY = """\
description = "a drum that turns once a microsecond"
inherits = "edram"

[memory]
read_latency_ns = 1000

[sources]
"memory.read_latency_ns" = "own choice: a turn"
"""


def test_a_memory_type_is_one_file(drill: Drill) -> None:
    drill.create("sim/technologies/memory/drum.toml", MEMORY)
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


CELL = """\
description = "cells of paper"
inherits = "floating_gate"

[energy]
array_pj = 100

[sources]
"energy.array_pj" = "own choice: paper"
"""


def test_a_cell_technology_is_one_file(drill: Drill) -> None:
    drill.create("sim/technologies/cell/paper.toml", CELL)
    assert "cells of paper" in drill.acortex("chip", "technologies")
    assert '"paper"' in drill.acortex("chip", "show", "acortex_digits", "--set", "arrays.cell=pape", code=2)
    args = ("run", "zoo:digits_mlp", "--max-cycles", "3000", "--format", "json", "--timing-only")
    report = json.loads(drill.acortex(*args, "--set", "arrays.cell=paper", code=1).partition("warning:")[0])
    operations = report["counts"]["array_operations"]
    assert report["energy_by_component_aj"]["arrays"] == operations * 100_000_000 > 0
    assert (len(drill.files), drill.lines <= 50) == (1, True)


EXPORTER = '''\
"""One line an event: its start."""

from pathlib import Path

from acortex.traces.reader import Trace


def write(trace: Trace, path: Path) -> None:
    """The starts."""
    chunks = [chunk["start"].tolist() for chunk in trace.events.chunks()]
    path.write_text("".join(f"{start}\\n" for chunk in chunks for start in chunk))
'''


def test_a_trace_exporter_is_a_file_and_a_registry_line(drill: Drill) -> None:
    drill.create("traces/export_starts.py", EXPORTER)
    drill.insert(
        "traces/exporters.py", "from acortex.traces.reader import Trace", "from acortex.traces import export_starts\n"
    )
    line = '    Exporter("starts", ".txt", "when each event began", export_starts.write),\n'
    drill.insert("traces/exporters.py", '    Exporter("csv"', line)
    assert "starts: when each event began" in " ".join(drill.acortex("trace", "export", "--help").split())
    report = json.loads(drill.run("requant q0, 2"))
    assert "starts" in drill.acortex("trace", "export", "t.actrace", "--to", "start", "-o", "s.txt", code=2)
    drill.acortex("trace", "export", "t.actrace", "--to", "starts", "-o", "s.txt")
    assert len((drill.folder / "s.txt").read_text().split()) == report["counts"]["events"]
    assert (len(drill.files), drill.lines <= 170) == (2, True)


ROW = """\
    _row(0x7E, "invert", "vector", "step", "quantiser; words:vector_words", "Turns codes round: 15 less the code.",
         "invert q1, 2", 0x7E04_0000_4000_0000),
"""
MEANING = '''\
@_means("invert", _vector_flow(1))
def invert(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """15 less each code: uint8 of shape (words, 64)."""
    inverted: Array = 15 - words
    return inverted


'''


def test_an_instruction_is_its_row_and_its_function(drill: Drill) -> None:
    drill.insert("isa/table.py", ")\n# fmt: on", ROW)
    drill.insert("isa/semantics.py", "SYNC = frozenset", MEANING)
    assert "Turns codes round" in drill.acortex("isa", "invert")
    (drill.folder / "bad.s").write_text(PROGRAM.format(step="invert q99, 2"))
    assert "q99" in drill.acortex("run", "bad.s", code=1)
    codes = np.arange(128, dtype=np.uint8).reshape(1, 128) % 16
    np.save(drill.folder / "x.npy", codes)
    drill.run("invert q0, 2", "--input", "x.npy", "--output", "y.npy")
    assert (np.load(drill.folder / "y.npy") == 15 - codes).all()
    drill.acortex("trace", "export", "t.actrace", "--to", "csv", "-o", "t.csv")
    line = 1 + PROGRAM.splitlines().index("    {step}")
    events = (drill.folder / "t.csv").read_text().splitlines()
    assert sum("vector.step" in event and f"drill.s:{line}" in event for event in events) == 2
    assert (len(drill.files), drill.lines <= 45) == (2, True)


AGENT = '''\
"""Scrubbing in time: words are read and dropped."""

from __future__ import annotations

from acortex.sim.memory import READ, Client


class Scrubber(Client):
    """The agent that reads words and drops them."""

    executes = ("word",)

    def work(self, now: int) -> bool:
        """Asks for the next word."""
        if not self.remaining:
            return True
        self.ask(now, now + 1)
        return False

    def granted(self, now: int) -> None:
        """The word is read."""
        self.act(now, self.fabric.times.access, READ, 1)
        self.remaining -= 1
        self.wake(now)
'''
SCRUB_ROW = """\
    _row(0x7D, "scrub", "scrub", "word", "stream", "Reads words and drops them.", "scrub d7", 0x7D38_0000_0000_0000),
"""
SCRUB_MEANING = '''\
@_means("scrub", lambda dispatch, shape: Flow(reads=True))
def scrub(words: Array, dispatch: Dispatch, shape: Shape | None) -> Array:
    """Nothing comes of it."""
    return words


'''
WIRING = (
    ("from acortex.sim.specs import Chip", "from acortex.sim.scrub import Scrubber\n"),
    (')\n"""The units that every chip has', '    "main_memory/scrub",\n'),
    (")\n        # The order in which requests of one cycle", ', "scrub"'),
    (
        '            "vector": Vector(',
        '            "scrub": Scrubber(site, *place("main_memory/scrub"), fabric),\n',
    ),
)


def test_an_agent_is_one_file_and_its_wiring_beside_its_instruction(drill: Drill) -> None:
    drill.create("sim/scrub.py", AGENT)
    for before, text in WIRING:
        drill.insert("sim/chip.py", before, text)
    assert drill.files == {"sim/scrub.py", "sim/chip.py"}
    drill.insert("isa/operands.py", ')\n"""The units that take instructions', '    "scrub",\n')
    drill.insert("isa/table.py", ")\n# fmt: on", SCRUB_ROW)
    drill.insert("isa/semantics.py", "SYNC = frozenset", SCRUB_MEANING)
    assert "Reads words and drops them." in drill.acortex("isa", "scrub")
    (drill.folder / "bad.s").write_text(PROGRAM.format(step="requant q0, 2\n    scrub d0"))
    assert "nothing orders the two" in drill.acortex("run", "bad.s", code=1)
    steps = ("requant q0, 2", "signal host_in, t2", "await scrub, t2", "scrub d0")
    report = json.loads(drill.run("\n    ".join(steps)))
    spent = report["utilisation"]["main_memory/scrub"]
    assert spent["busy"] == 1 + 2 * 2  # a token, and two words of 2 cycles
    assert sum(spent.values()) == report["cycles"]
    assert "main_memory/scrub" in json.loads(drill.acortex("trace", "info", "t.actrace", "--format", "json"))["units"]
    assert drill.lines <= 230


OPERATOR = """\
@operator("Above", becomes=NEURONS, limits="a threshold of 0")
def above(lowering: Lowering, node: Node) -> None:
    \"\"\"What is above a threshold; all else becomes 0.\"\"\"
    threshold = float(node.attributes.get("threshold", 0.0))
    if threshold:
        raise Unsupported(f"its threshold is {threshold:g}, only 0 is possible")
    lowering.activate(node, Activation("relu"))


"""


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


def test_a_network_operator_is_one_place_in_one_file(drill: Drill) -> None:
    drill.insert("programs/operators_vector.py", "# Pools ---", OPERATOR)
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
