"""`python -P -m mutation [MODULE …]`, with `tests` in PYTHONPATH: changes sources a little; does a test fail?

    MODULE               files such as `isa/codec.py`; folders such as `isa/asm`
    --since REVISION     instead: the files that changed since then
    --tests PATH         tests that judge them, beside those that mirror their folder; several are possible
    --again              only what survived the last run
    --jobs N             processes at a time
    --out FOLDER         where survivors are written, build/mutation else

Exits 1 where one is not explained in tests/mutation/survivors.toml, or a folder
does not reach its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutation.changes import Mutant, mutants
from mutation.scores import EXPLAINED, Key, Outcome, diff, explained, needless, scores, table
from mutation.trial import KILLED, LEAST, SURVIVED, fork, wait

from judge.plant import ROOT, copied

FOLDERS = ("isa", "traces", "sim", "programs", "tools")
OFTEN = ("numpy", "pydantic", "networkx", "click", "rich", "simpy", "msgpack", "pytest", "hypothesis", "xdist")
"""What is imported once for all processes that try a mutant alone. Nothing of acortex is."""

LEFT = "left.json"
OPTIONS = ("-n", "0", "-q", "-p", "no:cacheprovider", "-p", "mutation.trial")
IMPORTED = "ignore:Module already imported so cannot be rewritten"
"""A warning that is an error else: of plugins that this process has imported."""


def main(given: list[str]) -> int:
    """Tries all mutants of the files that are named, and says what they came to."""
    words = _words(given)
    files = sorted(_changed(words.since) if words.since else _named(words.module))
    if not files:
        print("no module of the package changed" if words.since else "no module is named", file=sys.stderr)
        return 0 if words.since else 2
    left = _left(words.out) if words.again else None
    shutil.rmtree(words.out, ignore_errors=True)
    slots = [copied(_made(words.out / f"slot{number}")) for number in range(words.jobs)]
    outcomes: list[Outcome] = []
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for file in files:
        groups[tuple(path for path in (_mirror(file), *words.tests) if Path(path).exists())].append(file)
    for tests, members in groups.items():
        if tests:
            outcomes += Group(members, tests, slots, words.out.resolve(), left).outcomes()
        else:
            print(f"not tried, as no tests mirror them and none are named: {', '.join(members)}", flush=True)
    return _report(outcomes, words.out, again=words.again)


def _words(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description="Tries mutants of sources.")
    parser.add_argument("module", nargs="*")
    parser.add_argument("--since", default="")
    parser.add_argument("--tests", action="append", default=[])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path("build/mutation"))
    return parser.parse_args(given)


def _left(folder: Path) -> set[Key]:
    """What survived the run that wrote a folder."""
    path = folder / LEFT
    if not path.exists():
        raise SystemExit(f"{path} is not there: no run came to its end")
    return {(file, function, original, mutated) for file, function, original, mutated in json.loads(path.read_text())}


def _named(names: Iterable[str]) -> set[str]:
    paths = [Path(name) for name in names]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise SystemExit(f"there is no {missing[0]}")
    return {str(file) for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))}


def _changed(since: str) -> set[str]:
    """The modules that differ from a revision, in this working tree."""
    command = ["git", "diff", "--name-only", "--diff-filter=d", since, "--", *FOLDERS, ":(glob)*.py"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"git knows no changes since {since}: {run.stderr.splitlines()[0]}")
    return {name for name in run.stdout.split() if name.endswith(".py")}


def _mirror(file: str) -> str:
    """The tests that judge a module: its wing's, of `isa` and `traces` all, of a module at the root its own file."""
    parts = Path(file).parts
    if len(parts) == 1:
        return f"tests/test_{file}"
    wing = Path("tests", *parts[:2])
    return str(wing) if parts[0] not in ("isa", "traces") and len(parts) > 2 and wing.is_dir() else f"tests/{parts[0]}"


@dataclass
class Group:
    """Modules that the same tests judge."""

    files: list[str]
    tests: tuple[str, ...]
    slots: list[Path]
    out: Path
    only: set[Key] | None

    def outcomes(self) -> Iterator[Outcome]:
        """What became of each mutant: first in forks of one process; alone what cannot be judged there."""
        every = {file: mutants(file, Path(file).read_text()) for file in self.files}
        numbers = {
            file: [number for number, one in enumerate(found) if self.wanted(one)] for file, found in every.items()
        }
        print(f"{', '.join(self.tests)}: {sum(map(len, numbers.values()))} mutants of {len(every)} modules", flush=True)
        begun, counted = time.monotonic(), 0
        rest = []
        for result in self.quick({file: found for file, found in numbers.items() if found}):
            file = str(Path(result["path"]).relative_to(self.slots[0]))
            mutant = every[file][result["number"]]
            counted += 1
            if result["code"] == KILLED:
                yield Outcome(mutant, "killed", len(result["tests"]))
            elif not result["executed"]:
                yield Outcome(mutant, "not run", 0)
            elif result["code"] == SURVIVED and not result["import"]:
                yield Outcome(mutant, "survived", len(result["tests"]))
            else:
                rest.append((mutant, result["tests"]))
        print(f"  {counted} tried in {time.monotonic() - begun:.0f} s, {len(rest)} to be tried alone", flush=True)
        yield from self.alone(rest)
        print(f"  done in {time.monotonic() - begun:.0f} s", flush=True)

    def wanted(self, mutant: Mutant) -> bool:
        return self.only is None or mutant.key in self.only

    def quick(self, numbers: dict[str, list[int]]) -> Iterator[dict[str, Any]]:
        """The results of `mutation.trial` in the first copy."""
        slot = self.slots[0]
        results = self.out / "results.jsonl"
        wanted = {str(slot / file): found for file, found in numbers.items()}
        job = self.out / "job.json"
        job.write_text(
            json.dumps({"mutants": wanted, "jobs": len(self.slots), "results": str(results), "folder": str(self.out)})
        )
        with (self.out / "quick.log").open("w") as log:
            command = [sys.executable, "-m", "pytest", *OPTIONS, *self.tests]
            code = subprocess.run(
                command, cwd=slot, env=_environment(slot, job), stdout=log, stderr=log, check=False
            ).returncode
        if code not in (0, 5):
            raise SystemExit(f"the tests did not run: see {self.out}/quick.log")
        for line in results.read_text().splitlines():
            yield json.loads(line)

    def alone(self, rest: list[tuple[Mutant, list[str]]]) -> Iterator[Outcome]:
        """Tries mutants in processes that import the mutant's file, several at a time, each in its copy.

        Tests that fail there without a mutant judge none.
        """
        for library in ("OPENBLAS", "OMP", "MKL"):  # or their threads would be lost in forks
            os.environ[f"{library}_NUM_THREADS"] = "1"
        for name in OFTEN:
            __import__(name)
        running: dict[Path, tuple[Mutant, int, int, float]] = {}
        free = list(self.slots)
        seconds = json.loads((self.out / "first.json").read_text())["seconds"]
        failures = self.failures(sorted({test for _, tests in rest for test in tests}))
        for mutant, every in rest:
            tests = [test for test in every if test not in failures]
            if not free:
                yield from self.ended(running, free)
            slot = free.pop()
            limit = 2 * LEAST + 3 * sum(seconds[test] for test in tests)
            running[slot] = (mutant, len(tests), _fresh(slot, mutant, tests), limit)
        while running:
            yield from self.ended(running, free)

    def failures(self, tests: list[str]) -> set[str]:
        """Which of some tests fail alone, without a mutant."""
        if not tests:
            return set()
        slot = self.slots[0]
        out = slot.parent / "failures"
        out.write_text("")
        code = wait(_run(slot, {"only": tests, "failures": str(out)}, ()), 3600)
        failed = set(out.read_text().splitlines())
        if code != SURVIVED and not failed:
            raise SystemExit(f"the tests did not run: see {slot.parent}/alone.log")
        return failed

    def ended(self, running: dict[Path, tuple[Mutant, int, int, float]], free: list[Path]) -> Iterator[Outcome]:
        """Waits for the process that began first, and puts its file right again."""
        slot = next(iter(running))
        mutant, tests, child, limit = running.pop(slot)
        code = wait(child, limit)
        if code not in (SURVIVED, KILLED):
            raise SystemExit(f"the tests did not run: see {slot.parent}/alone.log")
        shutil.copystat(ROOT / mutant.file, _restored(slot / mutant.file, mutant))
        free.append(slot)
        yield Outcome(mutant, "survived" if code == SURVIVED else "killed", tests)


def _restored(path: Path, mutant: Mutant) -> Path:
    path.write_bytes(mutant.source)
    return path


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder.resolve()


def _environment(slot: Path, job: Path) -> dict[str, str]:
    paths = os.pathsep.join(map(str, (slot.parent, slot / "tests", slot / "tests/programs")))
    return {**os.environ, "PYTHONPATH": paths, "ACORTEX_MUTATION": str(job), "PYTHONHASHSEED": "0"}


def _fresh(slot: Path, mutant: Mutant, tests: list[str]) -> int:
    """Starts the tests of a mutant in a fork of this process, which has imported nothing of acortex yet."""
    path = slot / mutant.file
    path.write_text(mutant.applied())
    stat = path.stat()
    os.utime(path, (stat.st_atime, stat.st_mtime + 1000))  # so that no bytecode of the original counts for it
    return _run(slot, {"only": tests}, ("-x",))


def _run(slot: Path, what: dict[str, Any], more: tuple[str, ...]) -> int:
    """Starts pytest on tests in a fork: KILLED where one fails, or none can be collected."""
    job = slot.parent / "only.json"
    job.write_text(json.dumps(what))

    def work() -> int:
        environment = _environment(slot, job)
        os.environ.update(environment, PYTHONDONTWRITEBYTECODE="1")
        sys.dont_write_bytecode = True
        sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
        os.chdir(slot)
        log = os.open(slot.parent / "alone.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        import pytest

        files = sorted({test.split("::")[0] for test in what["only"]})
        code = pytest.main([*OPTIONS, *more, "-W", IMPORTED, *files])
        return SURVIVED if code == 0 else KILLED

    return fork(work)


def _report(outcomes: list[Outcome], folder: Path, again: bool = False) -> int:
    """Prints the table, writes survivors, and says what is left to explain."""
    known = explained(EXPLAINED.read_text())
    left = [outcome for outcome in outcomes if outcome.verdict != "killed" and outcome.mutant.key not in known]
    for outcome in sorted(left, key=lambda outcome: (outcome.mutant.file, outcome.mutant.begin)):
        path = folder / f"{outcome.mutant.file}.diff"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as out:
            out.write(diff(outcome))
    (folder / LEFT).write_text(json.dumps([outcome.mutant.key for outcome in left]))
    rows = scores(outcomes, known)
    text = table(rows)
    (folder / "scores.md").write_text(text)
    print(text)
    for key in () if again else needless(outcomes, known):  # those that are explained are not tried again
        print(f"survivors.toml has a row that is needed no more: {key[0]}, {key[1]}: {key[3]}")
    if left:
        print(f"{len(left)} survivors are not explained: see {folder}/*/*.diff")
    return int(not all(row.passes for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
