"""Containers and traces as they were once written, and what was in them: they are read for ever.

`python tests/frozen_files.py` adds the files of the formats of now to tests/frozen, where these are new: what stands
there is never written again. They are made of shipped programs, licence as the repository, and of a network that is
made here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import acortex
from acortex.isa import container
from acortex.traces.file.schema import VERSION

FOLDER = Path(__file__).parent / "frozen"
CONTENTS = FOLDER / "contents.json"

PROGRAMS = ("vmm", "letters", "conv3x3", "lstm_step", "pooling", "residual", "vector_add")
LEVELS = ("events", "instructions", "layers")


def files_now() -> list[str]:
    """The names of the files of the formats of now."""
    programs = [f"program-{container.FORMAT}/{name}.acx" for name in (*PROGRAMS, "digits_cnn", "with_host")]
    traces = [f"trace-{VERSION}/{name}.actrace" for name in ("pooling", "lstm_step", "with_host", "selected")]
    return [*programs, *traces, *(f"trace-{VERSION}/letters-{level}.actrace" for level in LEVELS)]


def content(path: Path) -> dict[str, object]:
    """What a file holds, in numbers and names that can be compared."""
    return of_program(path) if path.suffix == ".acx" else of_trace(path)


def of_program(path: Path) -> dict[str, object]:
    """What a container holds, and what its program gives."""
    program = container.load(path)
    outputs = acortex.run(path, timing=False).outputs
    return {
        "name": program.name,
        "words": digest(np.asarray(program.words)),
        "weights": [digest(np.asarray(one.values)) for one in program.weights],
        "layers": list(program.layers),
        "lines": [str(line) for line in program.lines][:3],
        "inputs": [tensor(one) for one in program.inputs],
        "outputs": [tensor(one) for one in program.outputs],
        "gives": {name: [list(array.shape), digest(array)] for name, array in outputs.items()},
    }


def tensor(one) -> list[object]:
    """What every version says of an input or an output."""
    return [one.name, [list(shape) for shape in one.shapes], one.encode, one.bits, one.scale, one.zero, one.packed]


def of_trace(path: Path) -> dict[str, object]:
    """What a trace holds: its names, and of each column a sum in which each row has a weight of its own."""
    trace = acortex.open_trace(path)
    header, summary = trace.header, trace.summary or {}
    return {
        "program": header.program,
        "level": header.level,
        "part": trace.part,
        "cycles": trace.cycles,
        "energy_aj": str(summary["energy_aj"]),
        "units": list(header.units),
        "kinds": [kind.name for kind in header.kinds],
        "causes": list(header.causes),
        "layers": list(header.layers),
        "lines": list(header.lines[:3]),
        "events": columns(trace.events, ("start", "duration", "unit", "kind", "count", "pc", "layer", "inference")),
        "energy_column": weighted(trace.events["energy_aj"]),
        "waits": columns(trace.waits, ("start", "duration", "unit", "cause", "pc", "layer", "inference")),
    }


def columns(table, names: tuple[str, ...]) -> dict[str, object]:
    """How many rows a table has, and the weighted sum of each column."""
    return {"rows": len(table), **{name: weighted(table[name]) for name in names}}


def weighted(column: np.ndarray) -> str:
    """A sum that changes with any number, and with their order; in whole numbers of any size."""
    return str(sum(row * int(number) for row, number in enumerate(column.tolist(), 1)))


def digest(array: np.ndarray) -> str:
    """A short digest of whole numbers, whatever their type."""
    return hashlib.sha256(np.ascontiguousarray(array, np.int64).tobytes()).hexdigest()[:16]


# Made once ------------------------------------------------------------------------------------------------------------


def make(name: str, folder: Path) -> None:
    """Makes a file of the formats of now."""
    path, stem = folder / name, Path(name).stem
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".acx":
        made = compiled(stem)
        container.save(made, path)
        return
    if stem == "selected":
        acortex.run(source("letters"), trace=path, trace_filters={"units": ["vector"], "to_cycle": 2000})
        return
    program, _, level = stem.partition("-")
    acortex.run(compiled(program), trace=path, trace_level=level or "events")


def source(name: str) -> Path:
    """The text of a shipped program."""
    return Path(__file__).parent.parent / "programs" / f"{name}.s"


def compiled(name: str):
    """A program by its name here."""
    if name in PROGRAMS:
        return acortex.prepare(source(name)).program
    if name == "with_host":
        with TemporaryDirectory() as folder:
            path = Path(folder) / "with_host.onnx"
            path.write_bytes(network().SerializeToString())
            return acortex.compile(path, host="auto").program
    return acortex.compile(f"zoo:{name}").program


def network():
    """A small network with a Softmax amid its products, which the host computes."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(7)
    weights = {"a": random.normal(size=(12, 20)), "b": random.normal(size=(20, 5))}
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["first"]),
        helper.make_node("Softmax", ["first"], ["soft"], axis=-1),
        helper.make_node("MatMul", ["soft", "b"], ["y"]),
    ]
    floats = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in (("x", 12), ("y", 5))]
    graph = helper.make_graph(nodes, "with_host", ends[:1], ends[1:], floats)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main() -> None:
    """Adds what is new."""
    known = json.loads(CONTENTS.read_text()) if CONTENTS.exists() else {}
    for name in [name for name in files_now() if name not in known]:
        with TemporaryDirectory() as folder:
            make(name, Path(folder))
            known[name] = content(Path(folder) / name)
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_bytes((Path(folder) / name).read_bytes())
        sys.stdout.write(f"{FOLDER / name}\n")
    CONTENTS.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
