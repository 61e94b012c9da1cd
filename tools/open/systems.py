"""Systems of several chips as files: a .toml that names a program for each stage, and the link between them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from acortex import toml_files
from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.open.chip_options import said_at
from acortex.tools.open.networks import USUAL, Compiling
from acortex.tools.open.programs import CONTAINER, SOURCES, ZOO, open_program
from acortex.wording import did_you_mean

if TYPE_CHECKING:
    from acortex.sim.system.parts import Link, Stage, System

SYSTEM = ".toml"
KEYS = ("name", "link", "stages")
STAGE_KEYS = ("name", "program", "sha256", "chip", "settings")

RATE, TIME, PRICE = "words_per_ns", "latency_ns", "energy_pj_per_word"
BOUNDS = {
    RATE: (Decimal("1e-6"), Decimal(1000)),
    TIME: (Decimal(0), Decimal("1e9")),
    PRICE: (Decimal(0), Decimal("1e9")),
}
"""What a link has, each from the least to the most."""

MOST_STAGES = 256
"""Stages of a system."""


def is_system(reference: str) -> bool:
    """Whether what a user names is a system's file, and not a program."""
    return not reference.startswith(ZOO) and Path(reference).suffix.lower() == SYSTEM


def open_system(
    reference: str,
    chip: str | None = None,
    settings: Sequence[str] = (),
    link: Sequence[str] = (),
    *,
    weights: bool = True,
    how: Compiling = USUAL,
) -> System:
    """The system of a file, or the one of a program alone. `settings` are laid over the chip of each stage.

    `link` has texts such as "latency_ns=5", laid over the file's. Raises UsageError for a file that is no system, for a
    program that is another than the file says, and for tensors that do not fit each other.
    """
    from acortex.sim.chip.program_chip import chip_of
    from acortex.sim.system.parts import Stage, system_of

    if is_system(reference):
        if chip is not None:
            raise UsageError("the file of a system names its chips", where=f"--chip {chip}", hint="leave --chip out")
        return _SystemFile(reference).system(settings, link)
    program = open_program(reference, chip, settings, weights=weights, how=how)
    stage = Stage(program.name, program, chip_of(program, chip, settings))
    return system_of(program.name, [stage], link_of({}, link))


class _SystemFile:
    """A system's file, taken apart."""

    def __init__(self, path: str) -> None:
        self.path, self.folder = path, Path(path).parent
        text = toml_files.read(Path(path), "the system")
        self.data = toml_files.parse(text, path)
        self.places = dict(toml_files.places(text, path))

    def system(self, settings: Sequence[str], link: Sequence[str]) -> System:
        """The system, its programs opened."""
        from acortex.sim.system.parts import system_of

        self._known(self.data, KEYS, "a system")
        given = self.data.get("link", {})
        if not isinstance(given, dict):
            raise self._fault("link", "the link is a table", f"[link], then {RATE} = 0.125")
        joined = link_of(given, link, self.places)
        stages = [self._stage(number, row, settings) for number, row in enumerate(self._rows())]
        self._check_names([stage.name for stage in stages])
        return system_of(self._text(self.data, "name", Path(self.path).stem), stages, joined)

    def _rows(self) -> list[dict[str, object]]:
        """The tables of the stages."""
        rows = self.data.get("stages")
        if isinstance(rows, list) and 0 < len(rows) <= MOST_STAGES and all(isinstance(row, dict) for row in rows):
            return rows
        hint = 'begin each with [[stages]], and give it program = "FILE.acx"'
        raise UsageError(f"a system has 1 to {MOST_STAGES} stages", where=self.path, hint=hint)

    def _check_names(self, names: Sequence[str]) -> None:
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two stages are called {name}", where=self.path, hint="give each a name of its own")

    def _stage(self, number: int, row: Mapping[str, object], settings: Sequence[str]) -> Stage:
        """A stage, its program read and held to what the file says of it."""
        from acortex.isa.container import sha256
        from acortex.sim.chip.program_chip import chip_of
        from acortex.sim.system.parts import Stage

        at = f"stages.{number}."
        self._known(row, STAGE_KEYS, "a stage", at)
        reference, said = self._program(number, row), self._text(row, "sha256", "", at)
        chip = self._beside(self._text(row, "chip", "", at)) or None
        own = self._settings(number, row)
        laid = [*own, *settings]
        moved_again = {text.partition("=")[0].strip() for text in settings}  # of which the command's are the last word
        blamed = [text for text in own if text.partition("=")[0].strip() not in moved_again]
        with said_at(self._place(f"{at}settings"), blamed):
            program = open_program(self._beside(reference), chip, laid)
            found = chip_of(program, chip, laid)
        if said and said != sha256(program):
            message = f"{reference} is another program than this system was made of"
            raise self._fault(f"{at}sha256", message, "compile the system again, or take the line with sha256 out")
        name = self._text(row, "name", f"{number}-{program.name}", at)
        return Stage(name, program, found)

    def _program(self, number: int, row: Mapping[str, object]) -> str:
        """The program that a stage names."""
        at = f"stages.{number}."
        reference = self._text(row, "program", "", at)
        if not reference:
            raise self._fault(f"{at}program", f"stage {number} has no program", 'program = "FILE.acx"')
        if Path(reference).suffix.lower() not in (CONTAINER, *SOURCES) and not reference.startswith(ZOO):
            hint = "acortex compile MODEL.onnx -o FILE.acx makes one of a network"
            raise self._fault(f"{at}program", f"{reference} is no .acx, .s or zoo:NAME", hint)
        return reference

    def _settings(self, number: int, row: Mapping[str, object]) -> list[str]:
        """The settings that a stage lays over its chip."""
        own = row.get("settings", [])
        if isinstance(own, list) and all(isinstance(one, str) for one in own):
            return own
        raise self._fault(f"stages.{number}.settings", f"settings of stage {number} are texts", '["memory.ports=2"]')

    def _beside(self, name: str) -> str:
        """A file that is named from where the system lies; names of the zoo and of chips as they are."""
        return str(self.folder / name) if Path(name).suffix and not name.startswith(ZOO) else name

    def _text(self, table: Mapping[str, object], key: str, usual: str, at: str = "") -> str:
        found = table.get(key, usual)
        if not isinstance(found, str):
            raise self._fault(f"{at}{key}", f"{key} is a text", f'{key} = "…"')
        return found

    def _known(self, table: Mapping[str, object], known: Sequence[str], what: str, at: str = "") -> None:
        for key in table:
            if key not in known:
                near = did_you_mean(key, known, f"it has {', '.join(known)}")
                raise self._fault(f"{at}{key}", f"{what} has no {key[:80]}", near)

    def _fault(self, path: str, message: str, hint: str) -> UsageError:
        return UsageError(message, where=self._place(path), hint=hint)

    def _place(self, path: str) -> str:
        """Where a key stands, else where its table begins, else the file."""
        return self.places.get(path) or self.places.get(path.rpartition(".")[0], self.path)


def link_of(table: Mapping[str, object], texts: Sequence[str], places: Mapping[str, str] | None = None) -> Link:
    """The link of a file's table, with texts such as "latency_ns=5" laid over it. Raises UsageError."""
    from acortex.sim.system.parts import Link

    found: dict[str, Decimal] = {}
    for key, value in table.items():
        found[key] = _number(key, value, (places or {}).get(f"link.{key}", "[link]"))
    for text in texts:
        key, _, value = text.partition("=")
        found[key] = _number(key, value, f"--link {text[:80]}")
    return Link(**found)


def _number(key: str, value: object, where: str) -> Decimal:
    """A number of a link, within its bounds."""
    if key not in BOUNDS:
        near = did_you_mean(key, BOUNDS, f"it has {', '.join(BOUNDS)}")
        raise UsageError(f"a link has no {key[:80]!r}", where=where, hint=near)
    low, high = BOUNDS[key]
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        number = Decimal("nan")
    if isinstance(value, bool) or not number.is_finite() or not low <= number <= high:
        raise UsageError(f"{key} is {str(value)[:40]}, allowed is {low:f} to {high:f}", where=where)
    return number


def files_of_system(reference: str) -> list[files.Named]:
    """The files that are read for a system: its own, and the programs and chips that it names, as far as it can be."""
    found: list[files.Named] = [("SYSTEM", reference)]
    try:
        rows = _SystemFile(reference)._rows()
    except UsageError:
        return found
    named = [(key, row.get(key)) for row in rows for key in ("program", "chip")]
    folder = Path(reference).parent
    return found + [(f"a {key} of SYSTEM", str(folder / name)) for key, name in named if isinstance(name, str)]


def relative(path: str, system: str) -> str:
    """A file as the file of a system names it: from where that lies."""
    return Path(os.path.relpath(path, Path(system).parent)).as_posix()
