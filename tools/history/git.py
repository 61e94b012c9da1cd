"""What a git repository holds: its commits in order, and files as they were. Nothing in it is changed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acortex.errors import UsageError

_FORMAT = "--format=%H%x00%cI%x00%s"


@dataclass(frozen=True)
class Commit:
    """A commit: its whole name, when it was made (ISO 8601), and the first line of its message."""

    name: str
    date: str
    subject: str

    @property
    def short(self) -> str:
        """As many characters of its name as a person reads."""
        return self.name[:10]


@dataclass(frozen=True)
class Repository:
    """A git repository, by the folder at its top."""

    root: Path

    def commits(self, span: str, path: str = "") -> list[Commit]:
        """The commits of a range such as A..B, A itself first, the oldest first; of a single revision all up to it.

        With `path` those that changed a file. Of merges the first parent is followed, so that each commit is a step
        from the one before. Raises UsageError for what git does not know.
        """
        first, dots, last = span.partition("..")
        ends = [self.commit(end or "HEAD") for end in ((first, last) if dots else (first,))]
        names = f"{ends[0].name}..{ends[1].name}" if dots else ends[0].name
        told = self._git("log", "--first-parent", "--reverse", _FORMAT, names, "--", *_literal(path))
        rows = told.decode(errors="replace").split("\n")  # a message may hold what else ends a line
        found = [_commit(row) for row in rows if row]
        return [ends[0], *found] if dots else found

    def commit(self, revision: str) -> Commit:
        """The commit of a revision. Raises UsageError for one that git does not know."""
        if revision.startswith("-") or "\0" in revision:
            raise UsageError(f"{revision!r} is no revision", hint="name a commit, a tag or a branch")
        try:
            told = self._git("log", "-1", _FORMAT, f"{revision}^{{commit}}", "--")
        except UsageError:
            hint = "`git log --oneline` lists commits; a shallow clone has the latest alone"
            raise UsageError(f"git knows no revision {revision!r}", where=str(self.root), hint=hint) from None
        return _commit(told.decode(errors="replace").rstrip("\n"))

    def text(self, commit: Commit, path: str) -> str | None:
        """A file as it was; None where a commit does not have it. Raises UsageError for what is no text."""
        if path not in self._names(commit, path):
            return None
        try:
            return self._git("show", f"{commit.name}:{path}").decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"byte {error.start} is not UTF-8 text", where=f"{commit.short}:{path}") from None

    def files(self, span: str, folder: str) -> list[str]:
        """Every file of a folder itself, not of folders in it, that any commit of a range has."""
        ends = self.commits(span)
        touched = self._git(
            "log", "--format=", "--name-only", "-z", "-m", "--first-parent", span_of(ends), "--", *_literal(folder)
        )
        known = {*touched.decode(errors="replace").split("\0"), *self._names(ends[0], f"{folder}/" if folder else "")}
        inside = (name.strip("\n") for name in known)
        return sorted(name for name in inside if name and os.path.dirname(name) == folder)

    def export(self, commit: Commit, folder: Path) -> None:
        """Writes all files of a commit into a folder, as a checkout does: an archive leaves out what `export-ignore`
        says, and cannot hold every link.
        """
        with tempfile.TemporaryDirectory(prefix="acortex-index-") as place:
            index = {"GIT_INDEX_FILE": str(Path(place, "index"))}  # that of the repository stays
            self._git("read-tree", commit.name, **index)
            self._git("checkout-index", "--all", "--quiet", f"--prefix={folder.absolute()}/", **index)

    def _names(self, commit: Commit, path: str) -> list[str]:
        """The files of a commit at a path, or in a folder whose name ends with a slash; no folders."""
        told = self._git("ls-tree", "-z", commit.name, "--", *([path] if path else []))
        rows = (row.partition("\t") for row in told.decode(errors="replace").split("\0"))
        return [name for kind, _, name in rows if " blob " in kind]

    def _git(self, *arguments: str, **environment: str) -> bytes:
        return _git(self.root, arguments, environment)


def _literal(path: str) -> list[str]:
    """A path as git takes it whatever its name, brackets and colons too; nothing for the whole repository."""
    return [f":(literal){path}"] if path else []


def span_of(commits: Sequence[Commit]) -> str:
    """The range of some commits in order, as git takes it, without the first one."""
    return f"{commits[0].name}..{commits[-1].name}"


def repository(folder: Path) -> Repository:
    """The repository that a folder lies in. Raises UsageError where it lies in none."""
    if not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder))
    try:
        told = _git(folder, ("rev-parse", "--show-toplevel"))
    except UsageError as error:
        if "not a git repository" not in error.message:
            raise
        hint = "history is read from git: go into a clone, or name a folder of one"
        raise UsageError("is not in a git repository", where=str(folder), hint=hint) from None
    return Repository(Path(os.fsdecode(told).rstrip("\n")))


def _commit(line: str) -> Commit:
    return Commit(*line.split("\0", 2))


def _git(folder: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> bytes:
    """What git prints, with no more of its own environment than is given. Raises UsageError with its words."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {"LC_ALL": "C"}
    command = ("git", "-C", str(folder), *arguments)
    try:
        done = subprocess.run(command, capture_output=True, env={**others, **(environment or {})}, check=False)
    except OSError:  # there is none on the path
        raise UsageError("git is not installed here", hint="install git") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        why = next((line for line in told if line.startswith("fatal: ")), told[-1]).removeprefix("fatal: ")
        remedy = told[-1].strip()
        hint = remedy if remedy.startswith("git ") else ""
        raise UsageError(f"git {arguments[0]} failed: {why}", where=str(folder), hint=hint)
    return done.stdout
