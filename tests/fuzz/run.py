"""Runs a target on many cases: guided by coverage where atheris is installed, else at random; keeps what is found."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .targets import Target
from .verdict import CPU_S, Finding, verdict

CURRENT, COUNT = "current", "count"
"""Files in the folder of a harness: the case that is tried, and the number of those before it."""

PATIENCE, PATIENCE_S = 400, 60.0
"""Attempts of the minimiser for one finding, and their processor time together."""


@dataclass
class Harness:
    """A target with the folder in which its cases are tried, and that in which its findings are kept."""

    target: Target
    folder: Path
    findings: Path
    kinds: dict[str, Finding] = field(default_factory=dict)
    cases: int = 0

    def judge(self, data: bytes, cpu_s: float = CPU_S) -> Finding | None:
        """What is wrong with a case."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        case = work / f"case{self.target.suffix}"
        case.write_bytes(data)
        return verdict(self.target.check, case, work, cpu_s)

    def warm(self) -> None:
        """Imports what the target needs, so that the first case does not pay for it."""
        for data in self.target.seeds():
            self.judge(data, cpu_s=60)

    def try_case(self, data: bytes) -> Finding | None:
        """Judges a case; one that is wrong in a new way is minimised and kept."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / CURRENT).write_bytes(data)  # for who looks at a process that died
        found = self.judge(data)
        self.cases += 1
        (self.folder / COUNT).write_text(str(self.cases))
        if found is not None and found.kind not in self.kinds:
            self.kinds[found.kind] = found
            self._keep(data, found)
            self._keep(minimised(data, self._same(found)), found)
        return found

    def _same(self, found: Finding) -> Callable[[bytes], bool]:
        """Whether a smaller case has the same fault."""

        def same(data: bytes) -> bool:
            other = self.judge(data)
            return other is not None and other.kind == found.kind

        return same

    def _keep(self, data: bytes, found: Finding) -> None:
        self.findings.mkdir(parents=True, exist_ok=True)
        name = f"{len(self.kinds)}"
        (self.findings / f"{name}{self.target.suffix}").write_bytes(data)
        (self.findings / f"{name}.txt").write_text(f"{found.kind}\n\n{found.text}\n", errors="replace")


def minimised(data: bytes, same: Callable[[bytes], bool], attempts: int = PATIENCE) -> bytes:
    """The case with as many of its lines, then of its bytes, left out as it can be without losing its fault."""
    left, end = attempts, time.process_time() + PATIENCE_S

    def tried(parts: list[bytes]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and time.process_time() < end and same(b"".join(parts))

    for cut in (lambda whole: whole.splitlines(keepends=True), lambda whole: [bytes([one]) for one in whole]):
        data = b"".join(_fewer(cut(data), tried))
    return data


def _fewer(parts: list[bytes], tried: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Leaves out runs of parts, halves first, then shorter ones."""
    size = max(len(parts) // 2, 1)
    while size:
        at = 0
        while at < len(parts):
            fewer = parts[:at] + parts[at + size :]
            if fewer and tried(fewer):
                parts = fewer
            else:
                at += size
        size //= 2
    return parts


@dataclass(frozen=True)
class Bounds:
    """How long a target runs: so many cases, or so many seconds of processor time, whatever comes first."""

    cases: int
    seconds: float
    seed: int = 0


def at_random(harness: Harness, bounds: Bounds) -> None:
    """Tries the right files, then mutants of them, and mutants of mutants that were of a kind not seen before."""
    rng = random.Random(f"{harness.target.name} {bounds.seed}")
    pool = list(harness.target.seeds())
    harness.warm()
    end = time.process_time() + bounds.seconds
    for at in range(bounds.cases):
        if time.process_time() > end:
            break
        seed = pool[at] if at < len(pool) else harness.target.mutate(rng.choice(pool), rng)
        harness.try_case(seed[: harness.target.longest])


def by_coverage(harness: Harness, bounds: Bounds) -> None:
    """The same, with mutants of whatever reached lines that no case before it had reached. Never returns."""
    import atheris  # type: ignore[import-not-found]

    corpus = harness.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for at, seed in enumerate(harness.target.seeds()):
        (corpus / f"seed-{at}").write_bytes(seed[: harness.target.longest])
    harness.warm()

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        return harness.target.mutate(data, random.Random(seed))[:most]

    def one(data: bytes) -> None:
        harness.try_case(data)

    limits = [f"-runs={bounds.cases}", f"-max_total_time={max(int(bounds.seconds), 1)}", f"-seed={bounds.seed + 1}"]
    quiet = ["-verbosity=0", "-print_final_stats=0", "-timeout=60", "-rss_limit_mb=4096", "-detect_leaks=0"]
    words = ["fuzz", str(corpus), *limits, *quiet, f"-max_len={harness.target.longest}"]
    atheris.Setup(words, one, custom_mutator=mutate)
    atheris.Fuzz()
