"""The numbers of a commit, read from a golden that it holds or measured by a run of what it holds; and of a chip."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import acortex
from acortex import safe_files
from acortex.errors import UsageError
from acortex.tools.history.git import Commit, Repository
from acortex.traces import golden as goldens

LONGEST_S = 900
"""Seconds after which a run of a commit is given up."""


@dataclass(frozen=True)
class State:
    """The numbers of a commit, as a golden holds them, or why there are none."""

    commit: Commit
    golden: goldens.Golden | None = None
    error: str = ""

    @property
    def cycles(self) -> int | None:
        """Cycles of the run; None where there was none."""
        return self.golden["cycles"] if self.golden else None

    @property
    def energy_aj(self) -> int | None:
        """Its energy in attojoules; None where the golden has none."""
        parts = self.golden.get("energy_aj") if self.golden else None
        return sum(parts.values()) if parts else None


@dataclass(frozen=True)
class Pinned:
    """A golden in a repository: its path from the top."""

    repository: Repository
    name: str
    chip: str | None = None

    def state(self, commit: Commit) -> State:
        """Its numbers at a commit; what is no golden there has none."""
        try:
            text = self.repository.text(commit, self.name)
            if text is None:
                return State(commit, error="there is no such golden")
            return State(commit, goldens.loads(text, self.name))
        except UsageError as error:
            return State(commit, error=error.message)


@dataclass
class Simulated:
    """A program that is run at commits, on a chip, each in a process of its own and in a folder that is gone after it.

    A commit of acortex itself runs its own sources, any other one this acortex. `kept` is a folder of what was measured
    before, or None; `runs` counts the runs that were made.
    """

    repository: Repository
    name: str
    chip: str | None = None
    settings: Sequence[str] = ()
    kept: Path | None = None
    runs: int = 0

    def state(self, commit: Commit) -> State:
        """The numbers of a run at a commit. A failure is not kept: the machine may have caused it."""
        place = self._place(commit)
        if place and (known := _known(place)):
            return State(commit, known)
        self.runs += 1
        with tempfile.TemporaryDirectory(prefix="acortex-history-") as folder:
            found = self._run(commit, Path(folder))
        if place and found.golden:
            safe_files.write(place, goldens.dumps(found.golden).encode())
        return found

    def _place(self, commit: Commit) -> Path | None:
        if self.kept is None or any(Path(name).is_absolute() for name in (self.name, self.chip or "")):
            return None  # a file outside the commit may change
        given = [commit.name, self.name, self.chip, *self.settings, acortex.__version__]
        return self.kept / f"{commit.short}-{hashlib.sha256(json.dumps(given).encode()).hexdigest()[:24]}.json"

    def _run(self, commit: Commit, folder: Path) -> State:
        checkout = folder / "acortex"  # the name under which its own sources are imported
        checkout.mkdir()
        self.repository.export(commit, checkout)
        own = {"PYTHONPATH": str(folder)} if is_acortex(checkout) else {}
        return _measured(commit, [self.name, *_options(self.chip, self.settings)], folder, checkout, own)


@dataclass
class OnChips:
    """A program that is run on one chip file after the other, by this acortex and in the current folder."""

    name: str
    settings: Sequence[str] = ()
    chip: str | None = None
    runs: int = 0

    def state(self, file: Commit) -> State:
        """The numbers of a run on a chip."""
        self.runs += 1
        with tempfile.TemporaryDirectory(prefix="acortex-history-") as folder:
            return _measured(file, [self.name, *_options(file.name, self.settings)], Path(folder), Path.cwd(), {})


def _options(chip: str | None, settings: Sequence[str]) -> list[str]:
    return [*(["--chip", chip] if chip else []), *(f"--set={one}" for one in settings)]


def _measured(at: Commit, run: Sequence[str], folder: Path, cwd: Path, environment: Mapping[str, str]) -> State:
    """The numbers of a run, in whose folder nothing stays; `run` is a program with options of `acortex run`."""
    trace, golden = folder / "run.actrace", folder / "golden.json"
    error = _failure(cwd, environment, ["run", *run, "--timing-only", "--trace", str(trace)])
    error = error or _failure(cwd, environment, ["trace", "check", str(trace), str(golden), "--update"])
    if error or not golden.exists():
        return State(at, error=error or "its run leaves no golden")
    try:
        return State(at, goldens.loads(golden.read_text(), at.short))
    except UsageError as wrong:
        return State(at, error=f"its golden cannot be read: {wrong.message}")


def _known(place: Path) -> goldens.Golden | None:
    """What was measured before; None where it was not, or the file was damaged since."""
    try:
        return goldens.loads(safe_files.read(place, goldens.LARGEST).decode(), str(place))
    except (OSError, UnicodeDecodeError, UsageError):
        return None


def _failure(cwd: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Runs a command of acortex in a folder; what it says where it fails, else ""."""
    command = [sys.executable, "-P", "-m", "acortex", *arguments]
    whole = {**os.environ, "NO_COLOR": "1", **environment}
    try:
        done = subprocess.run(command, cwd=cwd, env=whole, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return f"took longer than {LONGEST_S} s"
    return "" if done.returncode == 0 else _told(done.stderr.decode(errors="replace"))


def is_acortex(checkout: Path) -> bool:
    """Whether a folder holds the sources of acortex."""
    names = ("__init__.py", "__main__.py", "isa", "sim")
    return all((checkout / name).exists() for name in names)


def _told(text: str) -> str:
    """The line of an error that says what is wrong: of a traceback the last one, else the first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "it fails, and says nothing"
    last = lines[-1] if any(line.startswith("Traceback") for line in lines) else ""
    return last or next((line for line in lines if not line.startswith("warning:")), lines[0])
