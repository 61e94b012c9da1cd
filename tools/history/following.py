"""Goldens, or programs, followed through commits or chip files: what `acortex history` does."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from acortex.errors import UsageError
from acortex.safe_files import reason
from acortex.tools.history.git import Commit, Repository, repository
from acortex.tools.history.moves import Progress, halved, series_of
from acortex.tools.history.results import HistoryReport, HistorySeries
from acortex.tools.history.states import OnChips, Pinned, Simulated, State
from acortex.wording import count


def of_goldens(folder: str, span: str = "HEAD") -> HistoryReport:
    """The past values of every golden of a folder, as the commits of a range have them; nothing is run.

    `span` is A..B, or a revision for all commits up to it. Raises UsageError for what is in no repository, a revision
    that git does not know, and a folder that never had a golden.
    """
    found = repository(Path(folder))
    inside = os.path.relpath(Path(folder).resolve(), found.root.resolve())
    inside = "" if inside == os.curdir else inside
    commits = found.commits(span)
    names = [name for name in found.files(span, inside) if name.endswith(".json")]
    series = [_pinned(found, name, span) for name in names]
    series = [one for one in series if any(point.cycles is not None for point in one.points)]
    if not series:
        hint = "name the folder in which they lie, such as tests/timing"
        raise UsageError("no commit of the range has a golden in this folder", where=folder, hint=hint)
    return _report(found, commits, series)


def _pinned(found: Repository, name: str, span: str) -> HistorySeries:
    one = Pinned(found, name)
    return series_of(one, [one.state(commit) for commit in found.commits(span, name)])


def of_programs(
    span: str,
    programs: Sequence[str],
    chips: Sequence[str] = (),
    *,
    folder: str = ".",
    settings: Sequence[str] = (),
    kept: str | None = None,
    each: bool = False,
    progress: Progress = lambda *_: None,
) -> HistoryReport:
    """Programs, run at the commits of a range on each of the chips, or on their own one.

    Programs and chips are looked for in the commit, from its top; `zoo:NAME` and names of built-in chips are taken too.
    A commit of acortex runs its own sources. Without `each` ranges are halved where their ends differ. A commit that
    does not run has no numbers, and the others go on. `kept` is a folder of results that are not run again. Raises
    UsageError for what is no repository or no range of one.
    """
    if ".." not in span or "..." in span:
        hint = "write A..B, such as v1.0..HEAD, or name a folder of chip files"
        raise UsageError(f"{span!r} is no range of commits", hint=hint)
    found = repository(Path(folder))
    commits = found.commits(span)
    place = _folder(kept)
    wanted = [
        Simulated(found, program, chip, tuple(settings), place) for program in programs for chip in chips or (None,)
    ]
    total = len(wanted) * len(commits)
    before = iter(range(0, total, len(commits)))
    series = [_followed(one, commits, each, partial(_after, next(before), total, progress)) for one in wanted]
    looked = sum(len(one.points) for one in series)
    covers = None if looked == total else {"looked_at": looked, "of": total}
    return _report(found, commits, series, sum(one.runs for one in wanted), covers)


def of_chips(
    folder: str, programs: Sequence[str], *, settings: Sequence[str] = (), progress: Progress = lambda *_: None
) -> HistoryReport:
    """Programs, run on one chip file of a folder after the other, in the order of their names: v9 comes before v10.

    A chip on which a program does not run has no numbers, and the others go on. Raises UsageError for a folder with
    fewer than two chip files.
    """
    # A chip file stands where a commit does: what moved between two of them is found and shown in the same way.
    files = [Commit(str(path), "", path.stem) for path in sorted(Path(folder).glob("*.toml"), key=_order)]
    if len(files) < 2:
        hint = "a series takes two chip files at least, such as v1.toml and v2.toml"
        raise UsageError(f"the folder has {count(len(files), 'chip file')}", where=folder, hint=hint)
    wanted = [OnChips(program, tuple(settings)) for program in programs]
    total = len(wanted) * len(files)
    before = iter(range(0, total, len(files)))
    series = [_followed(one, files, True, partial(_after, next(before), total, progress)) for one in wanted]
    return HistoryReport(
        repository=str(Path(folder)),
        of="chips",
        span=[files[0].subject, files[-1].subject],
        commits=len(files),
        runs=sum(one.runs for one in wanted),
        complete=True,
        series=series,
    )


def _order(path: Path) -> list[str | int]:
    """Sorts names with the numbers in them as numbers."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", path.stem)]


def _followed(one: Simulated | OnChips, commits: Sequence[Commit], each: bool, progress: Progress) -> HistorySeries:
    """A program at the commits of a range: at each of them, or where halving leads."""
    looked = 0

    def look(commit: Commit) -> State:
        nonlocal looked
        state = one.state(commit)
        looked += 1
        progress(looked, len(commits))
        return state

    states = [look(commit) for commit in commits] if each else halved(commits, look)
    progress(len(commits), len(commits))
    return series_of(one, states)


def _after(before: int, total: int, progress: Progress, done: int, _: int) -> None:
    """Says how far a part of the work is that follows another one."""
    progress(before + done, total)


def _folder(kept: str | None) -> Path | None:
    """The folder of results, made where it is missing."""
    if kept is None:
        return None
    try:
        Path(kept).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be written: {reason(error)}", where=kept) from None
    return Path(kept)


def _report(
    found: Repository,
    commits: Sequence[Commit],
    series: Sequence[HistorySeries],
    runs: int = 0,
    covers: dict[str, int] | None = None,
) -> HistoryReport:
    return HistoryReport(
        repository=str(found.root),
        span=[commits[0].name, commits[-1].name],
        commits=len(commits),
        runs=runs,
        complete=covers is None,
        covers=covers,
        series=list(series),
    )
