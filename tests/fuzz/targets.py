"""What is fuzzed: where right files come from, how they are changed, and what is done with each."""

from __future__ import annotations

import io
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from .formats import checksum, container_mutant, network_mutant, trace_mutant, words_mutant
from .mutants import Mutator, npy_mutant, text_mutant
from .verdict import Check, Wrong, command

CHECKOUT = Path(__file__).resolve().parents[2]
ECHO = CHECKOUT / "tests" / "tools" / "echo.s"
LIMIT = ("--max-cycles", "300", "--timing-only")
"""A program that a case makes may be long: how long is no matter of its file."""


@dataclass(frozen=True)
class Target:
    """One kind of input."""

    name: str
    suffix: str
    seeds: Callable[[], list[bytes]]
    mutate: Mutator
    check: Check
    longest: int = 1 << 17
    """Bytes of a case."""


# --- sources and programs ---------------------------------------------------------------------------------------------

MACROS = rb"""; Macros with defaults, repetition, conditions, an included file, and names of their own.
        .program macros
        .chip acortex_digits
        .input  x, shape=N x 64
        .output y, shape=N x 64
        .equ    N, 2
        .name   image, d20
        .include "x.inc"
        .macro  stream number, first, words=1
        .local  here
        .if     \words < 2
here:   base    \number, \first
        .elif   N > 1 && \words < 9
        base    \number, \first + N * 2 - (1 << 2)
        .else
        .error  "never"
        .endif
        dim     \number, 0, \words
        .endm
        .ifdef  N
        start
        .endif
        stream  image, 0, N
        .rept   2, i
        stream  d1\i, \i
        .endr
        input   x, image
        signal  host_in, t0
        await   host_out, t0
        output  y, image
        halt
        .assert N >= 2, "two at least"
"""
INCLUDED = b"        .equ    M, N + 1\n        .macro  twice a\n        \\a\n        .endm\n"


@cache
def _sources() -> list[bytes]:
    return [MACROS, *(path.read_bytes() for path in sorted((CHECKOUT / "programs").glob("*.s"))), ECHO.read_bytes()]


def _names_of_language() -> list[str]:
    from acortex.isa.table import MNEMONICS

    directives = (
        ".equ .name .macro .endm .local .rept .endr .if .elif .else .endif .ifdef .ifndef .include .error .align"
    )
    tables = ".input .output .weights .constants .memory .samples .labels .part .row .assert .program .chip"
    return [
        *MNEMONICS,
        *directives.split(),
        *tables.split(),
        *["d0", "q0", "l0", "g0", "t0", "w0", "p0", "host", "vmm", "x", "y", "\\a", "\\()", "x.inc"],
    ]


def _mutated_source(data: bytes, rng: random.Random) -> bytes:
    return text_mutant(_names_of_language())(data, rng)


def check_source(case: Path, folder: Path) -> None:
    """A source is assembled, held to the linter's rules, formatted; what is formatted is the same when done again."""
    made = folder / "made.acx"
    (folder / "x.inc").write_bytes(INCLUDED)
    for name in ("examples", "letters", "digits_mlp"):
        _put(CHECKOUT / "programs" / f"{name}.npz", folder)
    assembled = command("asm", str(case), "-o", str(made)).code == 0
    if assembled != made.exists():
        raise Wrong("a container without success, or success without one")
    command("lint", str(case), "--format", "json")
    if command("fmt", "-i", str(case)).code == 0:
        again = case.read_bytes()
        if command("fmt", "-i", str(case)).code or case.read_bytes() != again:
            raise Wrong("formatting again changes the text")
        if assembled:
            _hold_same(case, made)


def _put(path: Path, folder: Path) -> None:
    """Puts a file into the folder of a case; it is copied once, for a source may not lead to files elsewhere."""
    kept = folder.parent / path.name
    if not kept.exists():
        shutil.copy(path, kept)
    os.link(kept, folder / path.name)


def _hold_same(case: Path, made: Path) -> None:
    """Holds a formatted source to the words that it had before."""
    from acortex.isa.asm.assembler import assemble_file
    from acortex.isa.container import load

    if not np.array_equal(assemble_file(case).words, load(made).words):
        raise Wrong("formatting changes the words")


@cache
def _containers() -> list[bytes]:
    from acortex.isa.asm.assembler import assemble_file
    from acortex.isa.container import dumps

    names = ("vmm", "conv3x3", "lstm_step", "pooling", "concat")
    return [dumps(assemble_file(one)) for one in (ECHO, *(CHECKOUT / "programs" / f"{name}.s" for name in names))]


def check_container(case: Path, folder: Path) -> None:
    """A container is described, disassembled and run; what is disassembled is the same program."""
    if command("info", str(case)).code == 0:
        _hold_round_trip(case)
        command("run", str(case), *LIMIT)


def _hold_round_trip(case: Path) -> None:
    from acortex.errors import AcortexError
    from acortex.isa.asm.assembler import assemble
    from acortex.isa.asm.disassembler import disassemble
    from acortex.isa.container import load

    program = load(case)
    try:
        text = disassemble(program)
    except AcortexError:
        return
    if not np.array_equal(assemble(text).words, program.words):
        raise Wrong("disassembled and assembled, the words are others")


@cache
def _words() -> list[bytes]:
    from acortex.isa.container import loads

    return [loads(one).words.tobytes() for one in _containers()]


def check_disassembly(case: Path, folder: Path) -> None:
    """Words in the place of those of a program that has tables enough: refused, or disassembled to equal words."""
    from dataclasses import replace

    from acortex.errors import AcortexError
    from acortex.isa.container import dumps, loads

    words = np.frombuffer(case.read_bytes()[: case.stat().st_size // 8 * 8], np.uint64)
    host = loads(_containers()[2])
    try:
        made = dumps(replace(host, words=words, lines=(host.lines[0],) * len(words)))
        loads(made)
    except AcortexError:
        return
    at = folder / "words.acx"
    at.write_bytes(made)
    _hold_round_trip(at)


# --- traces, chips, networks, arrays, sweeps --------------------------------------------------------------------------


@cache
def _traces() -> list[bytes]:
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for name in (str(ECHO), str(CHECKOUT / "programs" / "vmm.s")):
            at = Path(folder, "made.actrace")
            command("run", name, "--trace", str(at), "--timing-only")
            made.append(at.read_bytes())
    return made


VIEWS = (
    "info", "stats", "show", "critical", "top", "info --format json", "stats --format json", "critical --format json",
    "export --to csv -o OUT", "export --to chrome -o OUT", "export --to vcd -o OUT", "stats --unit controller",
    "diff SEED", "report -o OUT",
)  # fmt: skip


def check_trace(case: Path, folder: Path) -> None:
    """A trace is described, and looked at in one more way, which its bytes choose."""
    view, *options = VIEWS[checksum(case.read_bytes()) % len(VIEWS)].split()
    command("trace", "info", str(case))
    seed = folder / "seed.actrace"
    seed.write_bytes(_traces()[0])
    names = {"OUT": str(folder / "out"), "SEED": str(seed)}
    command("trace", view, str(case), *(names.get(one, one) for one in options))


@cache
def _chips() -> list[bytes]:
    return [path.read_bytes() for path in sorted((CHECKOUT / "sim" / "chips").glob("*.toml"))]


def check_chip(case: Path, folder: Path) -> None:
    """A chip file is shown, and where it is right a program is run on it."""
    if command("chip", "show", str(case), "--format", "json").code == 0:
        command("run", str(ECHO), "--chip", str(case), *LIMIT)


@cache
def _networks() -> list[bytes]:
    import exported_sequences

    return [
        exported_sequences.model(name, seed=at, opset=(9, 13, 17, 21)[at % 4]).SerializeToString()
        for at, name in enumerate(sorted(exported_sequences.BUILDERS))
    ]


def check_network(case: Path, folder: Path) -> None:
    """A network is compiled, or refused."""
    made = folder / "made.acx"
    if (command("compile", str(case), "-o", str(made), "--quantise", "fast").code == 0) != made.exists():
        raise Wrong("a container without success, or success without one")


@cache
def _arrays() -> list[bytes]:
    out = io.BytesIO()
    np.save(out, np.arange(64).reshape(1, 64) % 16)
    return [out.getvalue()]


def check_array(case: Path, folder: Path) -> None:
    """An array is the input of a run."""
    command("run", str(ECHO), "--input", str(case), "--output", str(folder / "y.npy"), "--max-cycles", "1000")


SWEEPS = (
    'program = "{echo}"\nchip = "acortex_digits"\nsettings = ["memory.ports=2"]\ntiming_only = true\nlimit = 50\n'
    '[axes]\n"memory.banks" = [4, 8]\n"clock_ns" = {{ from = 1.0, to = 4.0, steps = 4, log = true }}\n',
    'program = ["{echo}"]\ninput = "x.npy"\nlabels = "l.npy"\nobjectives = ["latency_s", "energy_j"]\n'
    '[axes]\nchip = ["acortex_digits", "acortex_letters"]\n'
    '"memory.ports,memory.banks" = {{ linked = [[1, 2], [4, 8]] }}\n'
    '[sample]\nkind = "sobol"\npoints = 8\nseed = 1\n[compile]\nmapping = "best"\n[accuracy]\nchips = 2\nseed = 3\n',
)


def check_sweep(case: Path, folder: Path) -> None:
    """The file of a sweep is read, and its first points are planned; running them is a matter of programs."""
    from acortex.errors import AcortexError
    from acortex.tools.sweep.plan import plan_of
    from acortex.tools.sweep.points import number_of_points, points_of
    from acortex.tools.sweep.spec import read_spec

    try:
        spec = read_spec(case)
        number_of_points(spec)
        plan_of(spec, islice(points_of(spec), 10))
    except AcortexError as error:
        if error.exit_code not in (1, 2) or not error.message:
            raise Wrong(f"an error without a word or with exit code {error.exit_code}") from error


# --- command lines ----------------------------------------------------------------------------------------------------

LONG = ("lsp", "bench", "reproduce", "accuracy", "recalibrate", "optimise", "sweep", "verify", "what-if")
"""Commands whose work is not bounded by their files; and one that waits for an editor."""


@cache
def _vocabulary() -> list[str]:
    """Names of commands and options, files, and values."""
    import click

    from acortex.tools.cli import cli

    found = {"x.s", "x.acx", "x.actrace", "x.toml", "x.onnx", "x.npy", "no.s", ".", "/", "-", "--", "out", "/dev/null"}
    pending: list[click.Command] = [cli]
    context = click.Context(cli)
    while pending:
        one = pending.pop()
        found.update(name for each in one.params for name in each.opts if name.startswith("-"))
        if isinstance(one, click.Group):
            named = {name: one.get_command(context, name) for name in one.list_commands(context)}
            found.update(name for name in named if name not in LONG)
            pending += [below for name, below in named.items() if below is not None and name not in LONG]
    return sorted(found)


LINES = (
    "run|x.s|--trace|out.actrace|--max-cycles|100|--set|memory.ports=2|--noise-seed|1",
    "asm|x.s|-o|out.acx", "disasm|x.acx|--addresses", "info|x.acx|--format|json", "fmt|x.s|--check",
    "lint|x.s|--strict", "chip|show|acortex_digits|--set|clock_ns=2", "chip|diff|acortex_digits|acortex_letters",
    "explain|A201", "isa|convert",
    "trace|show|x.actrace|--from|1|--until|9|--unit|vmm*", "trace|stats|x.actrace|--layer|copy", "schema|acortex.run/1",
    "trace|export|x.actrace|--to|csv|-o|out.csv", "trace|diff|x.actrace|x.actrace", "trace|query|x.actrace|select 1",
    "view|x.actrace", "zoo", "compile|x.onnx|-o|out.acx", "debug|x.s|--commands|x.toml",
)  # fmt: skip


def _mutated_line(data: bytes, rng: random.Random) -> bytes:
    """A command line, words apart by line feeds, with some left out, exchanged, changed or put in."""
    words = data.decode(errors="surrogateescape").split("\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(words) + 1)
        how = rng.randrange(4)
        new = rng.choice(_vocabulary())
        if how == 0:
            del words[at : at + 1]
        elif how == 1:
            words[at : at + 1] = [new]
        elif how == 2:
            words[at:at] = [new]
        elif at < len(words):
            words[at] = text_mutant(_vocabulary())(words[at].encode(errors="surrogateescape"), rng).decode(
                errors="surrogateescape"
            )
    return "\n".join(words).encode(errors="surrogateescape")


def check_arguments(case: Path, folder: Path) -> None:
    """A command line is carried out in a folder with a file of each kind."""
    import contextlib

    words = case.read_bytes().decode(errors="surrogateescape").split("\n")
    if any(word in LONG or word.startswith(("zoo:", "--chips")) for word in words):
        return
    if "--max-cycles" not in words and words[0] == "run":
        words += ["--max-cycles", "100"]
    contents = {"s": _sources()[-1], "acx": _containers()[0], "actrace": _traces()[0], "toml": _chips()[0],
                "onnx": _networks()[0], "npy": _arrays()[0]}  # fmt: skip
    for suffix, content in contents.items():
        (folder / f"x.{suffix}").write_bytes(content)
    with contextlib.chdir(folder):
        command(*words)


def _mutated_toml(words: Sequence[str]) -> Mutator:
    return text_mutant((*words, "true", "false", "[[", "]]", "1979-05-27", "'''", "= {", "inf", "nan"))


TARGETS = {
    one.name: one
    for one in (
        Target("source", ".s", _sources, _mutated_source, check_source),
        Target("container", ".acx", _containers, container_mutant, check_container),
        Target("disassembly", ".words", _words, words_mutant, check_disassembly),
        Target("trace", ".actrace", _traces, trace_mutant, check_trace),
        Target("chip", ".toml", _chips, _mutated_toml(("memory", "ports", "extends", "errors")), check_chip),
        Target("network", ".onnx", _networks, network_mutant, check_network),
        Target("array", ".npy", _arrays, npy_mutant, check_array),
        Target(
            "sweep",
            ".toml",
            lambda: [text.format(echo=ECHO).encode() for text in SWEEPS],
            _mutated_toml(("axes", "linked", "from", "to", "steps", "log", "sample", "chip", "program")),
            check_sweep,
        ),
        Target(
            "arguments",
            ".words",
            lambda: [line.replace("|", "\n").encode() for line in LINES],
            _mutated_line,
            check_arguments,
        ),
    )
}
"""All targets, by their names."""
