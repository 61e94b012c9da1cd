"""What a language server knows of its documents: names at once, mistakes and costs once they were worked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from acortex.tools.editor.check import Checked, Problem, check
from acortex.tools.editor.costs import Costs, costs_of
from acortex.tools.editor.family import Family, family_of
from acortex.tools.editor.hover import Known
from acortex.tools.editor.navigate import files_around
from acortex.tools.editor.sources import Sources, Text

KEPT = 8
"""Families that are kept."""


class Job(NamedTuple):
    """A root to be checked: its text, the texts that stand for files, and what it was made of."""

    root: str
    text: str
    texts: dict[str, str]
    parts: tuple[Text, ...]

    def checked(self) -> Checked:
        """Checks it: needs nothing of the session, so that another thread may do it."""
        return check(self.root, self.text, self.texts)


@dataclass
class Session:
    """The documents of an editor, and what is known of them."""

    sources: Sources = field(default_factory=Sources)
    found: dict[str, tuple[tuple[Text, ...], Checked]] = field(default_factory=dict)
    """The last check of each root, and what it was made of."""
    costs: dict[str, Costs] = field(default_factory=dict)
    _families: list[tuple[tuple[Text, ...], Family]] = field(default_factory=list)

    def known(self, key: str) -> Known:
        """The names around a document, and what was found if it was of this text."""
        family = self._family(key)
        for root in self.sources.roots(key):
            if self.is_checked(root) and self.found[root][1].program is not None:
                return Known(family, self.found[root][1], self.costs.get(root))
        return Known(family)

    def _family(self, key: str) -> Family:
        files = files_around(self.sources, key)
        parts = tuple(text for one in files if (text := self.sources.get(one)) is not None)
        for kept in self._families:
            if _same(kept[0], parts):
                return kept[1]
        family = family_of(self.sources, files)
        self._families = [(parts, family), *self._families[: KEPT - 1]]
        return family

    def parts(self, root: str) -> tuple[Text, ...]:
        """The texts that a root is made of."""
        return tuple(text for one in self.sources.closure(root) if (text := self.sources.get(one)) is not None)

    def roots(self) -> list[str]:
        """The roots of all documents that are open."""
        return list(dict.fromkeys(root for key in self.sources.opened for root in self.sources.roots(key)))

    def job(self, root: str) -> Job | None:
        """A root as it is now; None where it cannot be read."""
        text = self.sources.get(root)
        return Job(root, text.text, dict(self.sources.texts()), self.parts(root)) if text else None

    def is_checked(self, root: str) -> bool:
        """Whether nothing of a root has changed since its last check."""
        return root in self.found and _same(self.found[root][0], self.parts(root))

    def is_current(self, job: Job) -> bool:
        """Whether nothing that a job was made of has changed."""
        return _same(job.parts, self.parts(job.root))

    def take(self, job: Job, checked: Checked) -> None:
        """Takes the result of a check."""
        self.found[job.root] = job.parts, checked
        self.costs.pop(job.root, None)

    def words(self) -> dict[str, list[int]]:
        """The words of the roots that make a program and have not changed since their last check."""
        known = ((root, checked.program) for root, (_, checked) in self.found.items() if self.is_checked(root))
        return {root: program.words.tolist() for root, program in known if program is not None}

    def keep(self, roots: list[str]) -> None:
        """Forgets what was found of other roots."""
        self.found = {root: one for root, one in self.found.items() if root in roots}
        self.costs = {root: one for root, one in self.costs.items() if root in roots}

    def problems(self) -> dict[str, list[Problem]]:
        """All problems by file, each once."""
        found: dict[str, dict[Problem, None]] = {}
        for _, checked in self.found.values():
            for key, problems in checked.problems.items():
                found.setdefault(key, {}).update(dict.fromkeys(problems))
        return {key: list(problems) for key, problems in found.items()}

    def problems_at(self, key: str, first: tuple[int, int], last: tuple[int, int]) -> Iterator[Problem]:
        """The problems of a file that lie in a part of it."""
        for problem in self.problems().get(key, ()):
            span = problem.span
            if (span.line, span.start) <= last and first <= (span.line, span.end):
                yield problem


def costs_for(checked: Checked) -> Costs | None:
    """What the instructions of a program take; None where there is no program."""
    return costs_of(checked.program) if checked.program is not None else None


def _same(parts: tuple[Text, ...], others: tuple[Text, ...]) -> bool:
    """Whether two lists have the very same texts: what changes is another object."""
    return len(parts) == len(others) and all(one is other for one, other in zip(parts, others, strict=True))
