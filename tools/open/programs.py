"""The programs that a command line can name: source, container, or one of the zoo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.safe_files import is_pipe
from acortex.tools.console import files
from acortex.tools.console.manners import warn
from acortex.tools.open import networks
from acortex.tools.open.named_files import files_of_source

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip

ZOO = "zoo:"
SOURCES = (".s", ".asm")
CONTAINER = ".acx"
NETWORK = ".onnx"
STDIN = "<stdin>"
WHAT = "a program is a source file (.s), an assembled one (.acx), a network (.onnx) or zoo:NAME"


def complete(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Completes the name of a program: the zoo's, or a file."""
    from click.shell_completion import CompletionItem

    if not incomplete.startswith(ZOO[: len(incomplete)] or ZOO):
        return [CompletionItem(incomplete, type="file")]
    from acortex.programs import zoo

    names = [ZOO + row["name"] for row in zoo.names()]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)] or [
        CompletionItem(incomplete, type="file")
    ]


program_argument = click.argument("program", metavar="PROGRAM", shell_complete=complete)
"""The argument PROGRAM, passed to a command as text; `open_program` opens it."""


@dataclass(frozen=True)
class Opened:
    """A program, and on which inputs the ranges of its network were chosen; None where none was compiled."""

    program: Program
    calibration: str | None = None


def open_program(
    reference: str,
    chip: Chip | str | None = None,
    settings: Sequence[str] = (),
    *,
    weights: bool = True,
    how: networks.Compiling = networks.USUAL,
) -> Program:
    """The program that `reference` names, as `opened` has it."""
    return opened(reference, chip, settings, weights=weights, how=how).program


def opened(
    reference: str,
    chip: Chip | str | None = None,
    settings: Sequence[str] = (),
    *,
    weights: bool = True,
    how: networks.Compiling = networks.USUAL,
) -> Opened:
    """The program that `reference` names: FILE.s, FILE.acx, FILE.onnx, zoo:NAME.

    `-`, and a pipe such as `<(…)` of a shell, is one of the first two.

    A network is compiled for `chip` with `settings`, as `how` says; without a chip the zoo's for the one that it names,
    others for the largest of the published chips. Without `weights` a network of the zoo may be one for time and energy
    alone. Raises UsageError where `how` asks for something, and there is nothing to compile.
    """
    if Path(reference).suffix.lower() == NETWORK and not reference.startswith(ZOO):
        made = networks.compiled(reference, chip, settings, replace(how, timed=not weights))
        return Opened(made.program, made.report.calibration)
    if not is_network(reference):
        nothing_to_compile(reference, how)
    return Opened(_ready(reference, chip, settings, weights, how))


def nothing_to_compile(reference: str, how: networks.Compiling) -> None:
    """Raises UsageError where `how` asks for something of a program that is compiled already."""
    wanted = {
        "--mapping": how.mapping is not None,
        "--calibration": how.calibration is not None,
        "--dim": bool(how.dims),
        "--fill-weights": how.fill_weights,
        "--quantise": how.quantise is not None,
        "--host": how.host is not None,
        "--carry": bool(how.carry),
    }
    for option, given in wanted.items():
        if given:
            hint = f"leave it out, or give FILE.onnx or a compiled network of the zoo, not {reference}"
            raise UsageError(f"{option} is for networks that are compiled", hint=hint)


def _ready(
    reference: str, chip: Chip | str | None, settings: Sequence[str], weights: bool, how: networks.Compiling
) -> Program:
    """A program that is written down, or one of the zoo."""
    if reference.startswith(ZOO):
        return _of_zoo(reference.removeprefix(ZOO), chip, settings, weights, how)
    if reference == files.STANDARD:
        return _of_stream(files.read_stdin, STDIN)
    suffix = Path(reference).suffix.lower()
    if suffix in SOURCES:
        return open_source(reference)
    if suffix == CONTAINER:
        return open_container(reference)
    if is_pipe(reference):
        with files.reading(reference) as read:
            return _of_stream(read, reference)
    raise UsageError(f"cannot tell what {reference} is", hint=WHAT)


def files_of(reference: str, argument: str = "PROGRAM") -> list[files.Named]:
    """The files that are read for a program, an `argument`: its own, and those that a source or a network names."""
    found: list[files.Named] = [(argument, reference)]
    if Path(reference).suffix.lower() == NETWORK:
        return found + _weights_of(reference, argument)
    if Path(reference).suffix.lower() in SOURCES and Path(reference).is_file():
        found += files_of_source(reference)
    return found


def _weights_of(model: str, argument: str) -> list[files.Named]:
    """The files beside a network that hold its weights."""
    from acortex.programs.network.importer import external_files

    return [(f"the weights of {argument}", str(path)) for path in external_files(model)]


def is_network(reference: str) -> bool:
    """Whether what `reference` names is compiled for a chip: each chip then has a program of its own."""
    if reference.startswith(ZOO):
        from acortex.programs import zoo

        return not zoo.entry(reference.removeprefix(ZOO)).source
    return Path(reference).suffix.lower() == NETWORK


def _of_zoo(
    name: str, chip: Chip | str | None, settings: Sequence[str], weights: bool, how: networks.Compiling
) -> Program:
    from acortex.programs import zoo

    entry = zoo.entry(name)
    if entry.source:
        return zoo.load(name)
    networks.check_own(how)
    from acortex.sim.chip.specs import Chip, load_chip
    from acortex.tools.open.machine import machine_of

    found = chip if isinstance(chip, Chip) else load_chip(chip or entry.chip, settings)
    mapping = networks.mapping_of(f"{ZOO}{name}", how.mapping)
    made = zoo.compiled(zoo.entry(name), machine_of(found), mapping, weights)
    for warning in made.report.warnings:
        warn(warning)
    return made.program


def open_source(path: str) -> Program:
    """Assembles a source file, or stdin where `path` is `-`, or what comes through a pipe of the shell.

    The data of a source without a folder of its own lie in the current folder.
    """
    from acortex.isa.asm.assembler import MAX_BYTES, assemble_file

    if path == files.STANDARD:
        return _assembled(files.read(path, limit=MAX_BYTES), STDIN)
    if is_pipe(path) and not Path(path).suffix:  # /dev/fd/63; a pipe that has a name has a folder too
        return _assembled(files.read(path, limit=MAX_BYTES), path)
    return assemble_file(path)


def _assembled(data: bytes, name: str) -> Program:
    """Assembles a source that came through a stream."""
    from acortex.isa.asm.assembler import assemble

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8 text", where=name, hint=WHAT) from None
    return assemble(text, file=name, folder=Path.cwd())


def _of_stream(read: Callable[[int], bytes], name: str) -> Program:
    """What comes through a stream: an assembled program says so in its first bytes, anything else is source."""
    from acortex.isa import container
    from acortex.isa.asm import assembler

    head = read(len(container.MAGIC))
    assembled = head == container.MAGIC
    limit = container.MAX_BYTES if assembled else assembler.MAX_BYTES
    data = head + read(limit + 1 - len(head))
    if len(data) > limit:
        raise UsageError(f"is larger than {limit:,} bytes", where=name, hint="give a smaller file")
    return container.loads(data, file=name) if assembled else _assembled(data, name)


def open_container(path: str) -> Program:
    """Loads an assembled program, from stdin where `path` is `-`."""
    from acortex.isa import container

    return container.loads(files.read(path), file=STDIN) if path == files.STANDARD else container.load(path)
