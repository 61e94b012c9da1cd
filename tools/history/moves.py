"""Where numbers moved between commits: which of them are looked at, and what two neighbours say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from acortex.tools.history.git import Commit
from acortex.tools.history.results import HistoryMove, HistoryPoint, HistorySeries
from acortex.tools.history.states import State
from acortex.traces import golden as goldens

Look = Callable[[Commit], State]
Progress = Callable[[int, int], None]


class Followed(Protocol):
    """What is followed through commits."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def chip(self) -> str | None:
        """The chip that was asked for."""

    def state(self, commit: Commit) -> State:
        """Its numbers at a commit."""


def halved(commits: Sequence[Commit], look: Look) -> list[State]:
    """The states of both ends, and of whatever lies between two that differ, down to neighbours.

    Between two that agree nothing is looked at: changes that cancel there are missed.
    """
    found = {at: look(commits[at]) for at in {0, len(commits) - 1}}
    left = [(0, len(commits) - 1)]
    while left:
        low, high = left.pop()
        if high - low < 2 or not differ(found[low], found[high]):
            continue
        middle = (low + high) // 2
        found[middle] = look(commits[middle])
        left += [(low, middle), (middle, high)]
    return [found[at] for at in sorted(found)]


def differ(before: State, after: State) -> bool:
    """Whether numbers moved; two states without numbers agree."""
    return numbers(before, after) > 0 if before.golden and after.golden else bool(before.golden) != bool(after.golden)


def numbers(before: State, after: State) -> int:
    """How many numbers moved; none where one side has none."""
    if not (before.golden and after.golden):
        return 0
    return len(goldens.compare(before.golden, goldens.in_names_of(before.golden, after.golden)))


def series_of(one: Followed, states: Sequence[State]) -> HistorySeries:
    """What was followed, with each state, and each pair of neighbours that differ."""
    moves = [_move(before, after) for before, after in pairwise(states) if differ(before, after)]
    return HistorySeries(name=one.name, chip=one.chip, points=[_point(state) for state in states], moves=moves)


def _point(state: State) -> HistoryPoint:
    return HistoryPoint(
        **_known(state.commit), cycles=state.cycles, energy_aj=state.energy_aj, error=state.error or None
    )


def _move(before: State, after: State) -> HistoryMove:
    """What moved at the commit of `after`, and by what."""
    from acortex.tools.views.changed import cause

    changed = goldens.changed(before.golden, after.golden) if before.golden and after.golden else None
    if changed is not None:
        known = cause(changed)
    else:
        known = f"no numbers: {after.error}" if after.error else f"numbers again; before: {before.error}"
    return HistoryMove(
        **_known(after.commit),
        since=before.commit.name,
        cycles=[before.cycles, after.cycles],
        energy_aj=[before.energy_aj, after.energy_aj],
        numbers=numbers(before, after),
        changed=changed,
        cause=known,
    )


def _known(commit: Commit) -> Mapping[str, str]:
    return {"commit": commit.name, "date": commit.date, "subject": commit.subject}
