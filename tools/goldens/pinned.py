"""What the pytest plugin does for one check: find the files, simulate, hold the run against its golden, explain."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acortex import safe_files
from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.ledger.reprice import completed
from acortex.sim.run import run
from acortex.tools.goldens import check as checking
from acortex.tools.open.arrays import read_arrays
from acortex.tools.open.programs import ZOO, open_program
from acortex.traces import golden as goldens
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.wording import setting_value

NAME = re.compile(r"[\w][\w.\[\]=+-]*")
"""What a golden may be called: it is the name of a file on every system."""

KEPT = 32
"""Traces that the cache keeps, the latest."""


@dataclass(frozen=True)
class Outcome:
    """What a check found: the golden's file, what was measured, why the test fails ("" if not), what was written."""

    golden: Path
    measured: goldens.Golden
    failure: str = ""
    note: str = ""


@dataclass(frozen=True)
class Pins:
    """The checks of one test.

    `folders` are where its files are looked for, in order, `home` is the folder of its goldens, `tolerances` are
    those of the ini file, `cache` keeps the traces of runs that were equal to their goldens, so that the first event
    which differs can be reported, and `written` has the goldens that this session wrote.
    """

    folders: Sequence[Path]
    home: Path
    update: bool
    tolerances: Sequence[str]
    cache: Path | None
    written: dict[Path, str]

    def check(
        self,
        name: str,
        program: object,
        *,
        chip: object = None,
        input: object = None,
        set: Mapping[str, object] | Sequence[str] | None = None,
        tolerances: Mapping[str, float] | None = None,
    ) -> Outcome:
        """Runs a program and compares; AcortexError for a run that cannot be made or a golden that cannot be read."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise UsageError(f"{name!r} cannot name a golden", hint="take letters, digits and any of . _ - + = [ ]")
        _check_kinds(set, tolerances)
        path = self.home / f"{name}.json"
        loaded = self._program(program)
        simulated = self._chip(chip, loaded, set)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "run.actrace")
            run(loaded, simulated, inputs=self._input(input), trace=file, values=False)
            trace = open_trace(file)
            allowed = {**checking.tolerances(self.tolerances), **(tolerances or {})}
            return self._judge(name, path, trace, allowed)

    def _judge(self, name: str, path: Path, trace: Trace, tolerances: Mapping[str, float]) -> Outcome:
        measured = goldens.golden(trace)
        if self.update:
            goldens.check_tolerances(tolerances, measured)
            return self._update(path, trace, measured)
        if not path.exists():
            text = f"timing of {name} has no golden {self._short(path)}\n{_MAKE}"
            return Outcome(path, measured, failure=text)
        before = checking.read_golden(str(path))
        reference = self._kept(path, before)
        report = checking.check(trace, before, self._short(path), tolerances=tolerances, reference=reference)
        if report["equal"]:
            if reference is None and not goldens.compare(before, goldens.in_names_of(before, measured)):
                self._keep(path, trace, before)
            return Outcome(path, measured)
        told = [*checking.lines(report), *([] if reference else [_NO_TRACE]), _ACCEPT]
        return Outcome(path, measured, failure="\n".join(told))

    def _update(self, path: Path, trace: Trace, measured: goldens.Golden) -> Outcome:
        """Writes the golden; says what changed. Two checks of one session may share a golden only where they agree."""
        text = goldens.dumps(measured)
        if self.written.setdefault(path, text) != text:
            told = f"two checks use the golden {self._short(path)}, and differ\n  hint: give each a name of its own"
            return Outcome(path, measured, failure=told)
        old = checking.old_golden(str(path))
        changed = checking.write_golden(path, measured)
        self._keep(path, trace, measured)
        if not changed:
            return Outcome(path, measured)
        if old is None:
            return Outcome(path, measured, note=f"{self._short(path)}: written, {measured['cycles']} cycles")
        report = checking.check(trace, old, self._short(path))
        changes = [] if report.equal else checking.lines(report)
        return Outcome(path, measured, note="\n".join((f"{self._short(path)}: updated", *changes)))

    def _short(self, path: Path) -> str:
        """A path as a person names it: from the root of the tests where it lies below."""
        root = self.folders[-1]
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    def _find(self, given: object, what: str) -> str:
        """The file that a test names."""
        path = Path(os.fspath(given)) if isinstance(given, str | os.PathLike) else None
        if path is None:
            raise UsageError(f"{given!r} is no {what}", hint="give the path of a file")
        found = next((folder / path for folder in self.folders if (folder / path).exists()), None)
        if found is None:
            places = " or ".join(dict.fromkeys(map(str, self.folders)))
            raise UsageError(f"there is no {what} {path}", where=f"in {places}", hint="paths go from the test's folder")
        return str(found)

    def _program(self, given: object) -> Program:
        if isinstance(given, Program):
            return given
        return open_program(given if str(given).startswith(ZOO) else self._find(given, "program"))  # type: ignore[arg-type]

    def _chip(self, given: object, program: Program, settings: Mapping[str, object] | Sequence[str] | None) -> Chip:
        overrides = (
            [f"{key}={setting_value(value)}" for key, value in settings.items()]
            if isinstance(settings, Mapping)
            else settings
        )
        if isinstance(given, Chip):
            if overrides:
                raise UsageError("settings are laid over a named chip, not over a Chip", hint="load it with them")
            return given
        name = program.chip if given is None else str(given)
        return load_chip(self._find(name, "chip") if name.endswith(".toml") else name, list(overrides or ()))

    def _input(self, given: object) -> Any:
        if given is None or isinstance(given, np.ndarray | Mapping):
            return given
        return read_arrays(self._find(given, "input"))

    def _place(self, path: Path, content: goldens.Golden) -> Path | None:
        """Where the trace of a golden's run is kept: named by the golden's path and content."""
        key = hashlib.sha256(f"{path}\n{goldens.dumps(content)}".encode()).hexdigest()[:24]
        return self.cache / f"{key}.actrace" if self.cache else None

    def _keep(self, path: Path, trace: Trace, content: goldens.Golden) -> None:
        """Keeps a trace of the golden's run. The cache is a help: where it cannot be written there is none."""
        place = self._place(path, content)
        if place is None or place.exists():
            return
        try:
            with safe_files.writing(place) as part:
                shutil.copyfile(trace.path, part)
            old = sorted(place.parent.glob("*.actrace"), key=lambda file: file.stat().st_mtime)[:-KEPT]
            for file in old:
                file.unlink(missing_ok=True)
        except OSError:
            return

    def _kept(self, path: Path, content: goldens.Golden) -> Trace | None:
        place = self._place(path, content)
        try:
            return completed(open_trace(place)) if place and place.exists() else None
        except UsageError:
            return None


def _check_kinds(settings: object, tolerances: object) -> None:
    """Refuses what is neither names with values nor texts, before anything is simulated."""
    if not (settings is None or isinstance(settings, Mapping) or _is_texts(settings)):
        raise UsageError(f"{settings!r} is no set of settings", hint='write set={"memory.ports": 2}')
    if not (tolerances is None or isinstance(tolerances, Mapping)):
        raise UsageError(f"{tolerances!r} is no set of tolerances", hint='write tolerances={"energy_aj": 1e-6}')


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


_MAKE = "  hint: pytest --timing-update writes it; look it over, and commit it"
_ACCEPT = "  hint: where this is meant, pytest --timing-update writes the new golden; commit it with the change"
_NO_TRACE = (
    "first divergence: unknown, for no trace of the golden's run is in pytest's cache (a passing run leaves one)"
)
