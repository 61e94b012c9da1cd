"""A copy of the sources to which a drill adds something: the blocks of docs/extending.md, and what they cost."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDERS = ("isa", "traces", "sim", "programs", "tools")

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


def block(title: str) -> str:
    """The block of docs/extending.md below a comment with this title: what a contributor copies."""
    found = re.findall(rf"<!-- {re.escape(title)} -->\n```\w+\n(.*?)```\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1, f"docs/extending.md has {len(found)} blocks titled {title}"
    return str(found[0])


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
    {read}
    {step}
    {write}
    signal write, t1
    await host_out, t1
    output y, d1
    endinference
    halt
"""

PARTS = {"read": "read d0, to=vector", "step": "requant q0, 2", "write": "write d1, source=vector"}


def source(**parts: str) -> str:
    """The small program, with other parts than these."""
    return PROGRAM.format(**{**PARTS, **parts})


def line_of(part: str) -> int:
    """The line at which a part of the small program begins."""
    return 1 + PROGRAM.splitlines().index(f"    {{{part}}}")


WIRING = (
    ("sim/timing/wiring.py", "import", "from acortex.sim.chip.specs import Chip"),
    ("sim/timing/paths.py", "unit", ')\n"""The units that every chip has'),
    ("sim/timing/wiring.py", "agent", '            "vector": Vector('),
    ("sim/chip/specs.py", "section", "class Chip(Section)"),
    ("sim/chip/specs.py", "field", "    program_erase: ProgramErase"),
    ("sim/chips/acortex_gnmt.toml", "value", "[vector]\nstep_cycles"),
    ("sim/chips/acortex_gnmt.toml", "source", '"vector.step_cycles" = "'),
)
"""Before what each block of the page goes."""


def compiled(checkout: Path, folder: Path) -> Path:
    """A copy of the sources with their bytecode, of which the copies of drills are made: that costs the most time."""
    package = folder / "acortex"
    package.mkdir()
    skip = shutil.ignore_patterns("__pycache__")
    for name in FOLDERS:
        shutil.copytree(checkout / name, package / name, ignore=skip)
    for path in checkout.glob("*.py"):
        shutil.copy2(path, package / path.name)
    assert compileall.compile_dir(package, quiet=1)
    return package


class Drill:
    """A copy of the sources that something is added to, and what that cost."""

    def __init__(self, compiled: Path, folder: Path) -> None:
        self.package = folder / "acortex"
        shutil.copytree(compiled, self.package)
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

    def instruction(self, name: str) -> None:
        """Adds an instruction of the page."""
        self.insert("isa/table.py", ")\n# fmt: on", block(f"{name}: isa/table.py"))
        self.insert("isa/semantics.py", "SYNC = frozenset", block(f"{name}: isa/semantics.py"))

    def agent(self) -> None:
        """Adds the agent of the page: its file, its wiring, its setting, its price, its instruction."""
        self.create("sim/timing/scrub.py", block("scrub: sim/timing/scrub.py"))
        for file, what, before in WIRING:
            self.insert(file, before, block(f"scrub: {file}, {what}"))
        self.insert("sim/timing/wiring.py", ")\n        # The order in which requests of one cycle", ', "scrub"')
        self.insert("sim/chip/prices.py", ")\n\nKINDS: tuple", block("scrub: sim/chip/prices.py"))
        self.insert("isa/operands.py", ')\n"""The units that take instructions', block("scrub: isa/operands.py"))
        self.instruction("scrub")

    def _count(self, name: str, text: str) -> None:
        self.files.add(name)
        self.lines += len(text.splitlines())

    def _environment(self, *paths: Path) -> dict[str, str]:
        """That of a process that knows the copy and these folders; what it compiles is kept for the next one."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONPATH": os.pathsep.join(map(str, (self.folder, *paths)))}

    def acortex(self, *args: str, code: int = 0) -> str:
        """What a command prints, in a process that knows nothing but the copy."""
        environment = {**self._environment(), "COLUMNS": "110"}
        command = [sys.executable, "-m", "acortex", *args]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def python(self, script: str, *paths: Path) -> str:
        """What a script prints that knows the copy, and further folders of modules."""
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, cwd=self.folder, env=self._environment(*paths), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, step: str, *args: str) -> str:
        """Runs the small program with one step of the vector agent; its trace is t.actrace."""
        return self.run_with({"step": step}, *args)

    def run_with(self, parts: Mapping[str, str], *args: str) -> str:
        """Runs the small program with other parts."""
        (self.folder / "drill.s").write_text(source(**parts))
        return self.acortex("run", "drill.s", "--trace", "t.actrace", "--format", "json", *args)
