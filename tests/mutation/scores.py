"""What a run of mutants comes to: scores by folder beside their bars, and survivors beside those that are explained."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from mutation.changes import Mutant

EXPLAINED = Path(__file__).with_name("survivors.toml")
PARSERS = ("isa/", "traces/file/", "sim/chip/chip_files.py", "toml_files.py", "programs/network/")
"""What reads files of users, and what a program is: held to the higher bar."""
HIGH, LOW = 95, 85

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: "killed", "survived" or "not run", where no test executes its line."""

    mutant: Mutant
    verdict: str
    tests: int


@dataclass(frozen=True)
class Explained:
    """A survivor with the reason why it may survive; `equivalent` where no test can tell it from the original."""

    key: Key
    reason: str
    equivalent: bool


def explained(text: str) -> dict[Key, Explained]:
    """The rows of survivors.toml, by what their mutants are known by. ValueError for one without a reason."""
    found: dict[Key, Explained] = {}
    for row in tomllib.loads(text).get("survivor", []):
        key = (row["file"], row["function"], row["original"], row["mutated"])
        if not row["reason"].strip():
            raise ValueError(f"{key}: no reason is given")
        found[key] = Explained(key, row["reason"], row["equivalent"])
    return found


def bar(file: str) -> int:
    """How many of a hundred mutants of a file are to be killed."""
    return HIGH if file.startswith(PARSERS) else LOW


def group(file: str) -> str:
    """The folder, or the file among parsers and at the root, that a file is counted with."""
    single = [name for name in PARSERS if name == file]
    return single[0] if single else str(Path(file).parent) if "/" in file else file


@dataclass(frozen=True)
class Score:
    """A folder's mutants. Those that are equivalent count neither as tried nor as survived."""

    name: str
    killed: int
    survived: int
    accepted: int
    equivalent: int
    bar: int

    @property
    def percent(self) -> float:
        """Killed ones, of a hundred that can be."""
        tried = self.killed + self.survived
        return 100 * self.killed / tried if tried else 100.0

    @property
    def unexplained(self) -> int:
        """Survivors that survivors.toml says nothing of."""
        return self.survived - self.accepted

    @property
    def passes(self) -> bool:
        """Whether the bar is reached and every survivor has its reason."""
        return self.percent >= self.bar and not self.unexplained


def scores(outcomes: Iterable[Outcome], known: dict[Key, Explained]) -> list[Score]:
    """The scores by folder, in the order of their names."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    bars: dict[str, int] = {}
    for outcome in outcomes:
        name = group(outcome.mutant.file)
        bars[name] = bar(outcome.mutant.file)
        row = known.get(outcome.mutant.key)
        if outcome.verdict == "killed":
            counts[name]["killed"] += 1
        elif row and row.equivalent:
            counts[name]["equivalent"] += 1
        else:
            counts[name]["survived"] += 1
            counts[name]["accepted"] += row is not None
    parts = ("killed", "survived", "accepted", "equivalent")
    return [Score(name, *[counts[name][part] for part in parts], bars[name]) for name in sorted(counts)]


def table(rows: Iterable[Score]) -> str:
    """Scores as a table of Markdown."""
    lines = [
        "| folder | tried | killed | survived | explained | equivalent | score | bar |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        numbers = (row.killed + row.survived + row.equivalent, row.killed, row.survived, row.accepted, row.equivalent)
        percent = f"{row.percent:.1f} %{'' if row.passes else ' **fails**'}"
        lines.append(f"| `{row.name}` | {' | '.join(map(str, numbers))} | {percent} | {row.bar} % |")
    return "\n".join(lines) + "\n"


def needless(outcomes: Iterable[Outcome], known: dict[Key, Explained]) -> list[Key]:
    """Rows of survivors.toml about files that were tried, whose mutants are killed or are there no more."""
    rows = list(outcomes)
    files = {outcome.mutant.file for outcome in rows}
    left = {outcome.mutant.key for outcome in rows if outcome.verdict != "killed"}
    return [key for key in known if key[0] in files and key not in left]


def diff(outcome: Outcome) -> str:
    """A survivor as its difference to the original, headed by what a row of survivors.toml would say of it."""
    mutant = outcome.mutant
    before, after = (text.splitlines(keepends=True) for text in (mutant.source.decode(), mutant.applied()))
    place = f"{mutant.file}:{mutant.line}, {mutant.function or 'module level'}"
    head = [
        f"{place}: {outcome.verdict} by {outcome.tests} tests",
        "[[survivor]]",
        f"file = {toml(mutant.file)}",
        f"function = {toml(mutant.function)}",
        f"original = {toml(mutant.original)}",
        f"mutated = {toml(mutant.mutated)}",
        "equivalent = false",
        'reason = ""',
    ]
    return "".join([*[f"# {line}\n" for line in head], *unified_diff(before, after, mutant.file, "mutant", n=2)]) + "\n"


def toml(text: str) -> str:
    """A text as TOML writes it: literally where that is possible."""
    if "'" not in text:
        return f"'{text}'"
    if "'''" not in text:
        return f"'''{text}'''"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
