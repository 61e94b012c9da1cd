"""Commands that write files, each with what it reads: they are killed, and their disk is full, while they write."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acortex.errors import UsageError
from acortex.traces.file import reader

CHECKOUT = Path(__file__).resolve().parents[2]
VMM = str(CHECKOUT / "programs" / "vmm.s")
COMMAND = (sys.executable, "-m", "acortex")


@dataclass(frozen=True)
class Writer:
    """A command, and the files that it writes; `IN` stands for the folder of what it reads."""

    words: str
    outputs: tuple[str, ...]
    extra: str = ""
    """A library that it needs."""

    def command(self, inputs: Path) -> list[str]:
        """Its words, without that of the program."""
        return [word.replace("IN", str(inputs)) for word in self.words.split()]


WRITERS = (
    Writer("asm IN/x.s -o out.acx", ("out.acx",)),
    Writer("disasm IN/x.acx -o out.s", ("out.s",)),
    Writer("run IN/x.s --output out.npy --trace out.actrace", ("out.npy", "out.actrace")),
    Writer("run IN/x.s --report out.html", ("out.html",), "jinja2"),
    Writer(
        "compile IN/x.onnx -o out.acx --reference out.onnx --emit-asm out.s", ("out.acx", "out.onnx", "out.s"), "onnx"
    ),
    Writer("chip show acortex_digits --svg out.svg", ("out.svg",)),
    Writer("trace report IN/x.actrace -o out.html", ("out.html",), "jinja2"),
    Writer("trace export IN/x.actrace --to csv -o out.csv", ("out.csv",)),
    Writer("trace export IN/x.actrace --to chrome -o out.json", ("out.json",)),
    Writer("trace export IN/x.actrace --to konata -o out.log", ("out.log",)),
    Writer("trace export IN/x.actrace --to stats -o out.txt", ("out.txt",)),
    Writer("trace export IN/x.actrace --to vcd -o out.vcd", ("out.vcd",), "vcd"),
    Writer("trace export IN/x.actrace --to perfetto -o out.pb", ("out.pb",), "perfetto"),
    Writer("trace export IN/x.actrace --to parquet -o out.parquet", ("out.parquet",), "duckdb"),
)
"""What writes single files; a sweep, which writes a folder, has tests of its own."""

IN_HEADER = re.compile(r"the trace ends within its header|is not a trace that begins with")

OLD = b"what was here before\n"


def make_inputs(folder: Path) -> Path:
    """A folder with a source, its container, a trace of its run, and a network."""
    import float_models
    import onnx

    from acortex.isa.asm.assembler import assemble_file
    from acortex.isa.container import save
    from acortex.programs import Network
    from acortex.sim.chip.specs import load_chip
    from acortex.sim.run import run

    for name in ("vmm.s", "examples.npz"):
        (folder / name).write_bytes((CHECKOUT / "programs" / name).read_bytes())
    (folder / "vmm.s").rename(folder / "x.s")
    program = assemble_file(folder / "x.s")
    save(program, folder / "x.acx")
    run(program, load_chip("acortex_digits"), trace=folder / "x.actrace", values=False)
    onnx.save_model(float_models.to_onnx(Network("small", input=(3, 8, 8)).conv(4, 3).relu()), folder / "x.onnx")
    return folder


def faults(folder: Path, outputs: tuple[str, ...], whole: Mapping[str, bytes], before: bytes | None) -> list[str]:
    """What is neither whole nor as it was where a command was ended; a trace may have a part that can be read."""
    wrong = []
    for name in outputs:
        path = folder / name
        now = path.read_bytes() if path.exists() else None
        if now not in (before, whole[name]):
            wrong.append(f"{name} has {'nothing' if now is None else f'{len(now)} bytes'}")
    for part in folder.glob("*.actrace.part"):
        try:
            reader.open(part)
        except UsageError as error:
            if not IN_HEADER.search(str(error)):  # else no block was whole yet
                wrong.append(str(error))
    return wrong
