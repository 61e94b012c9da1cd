"""`python -P -m fuzz [TARGET …]`, with `tests` in PYTHONPATH: fuzzes each target in a process of its own.

    -n N, --seconds S    cases of each target, and processor time; whatever ends first
    --seed S             what is drawn
    --findings FOLDER    where minimised cases go
    --at-random          without atheris, also where it is installed

Exits 1 where something was found.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from fuzz.run import COUNT, CURRENT, Bounds, Harness, at_random, by_coverage
from fuzz.targets import TARGETS

MEMORY = 6 << 30
"""Address space of a target's process, so that no case takes the machine with it."""


def main(given: list[str]) -> int:
    """Fuzzes the targets that are named, else all; 1 where something was found, 2 for a target that there is not."""
    words = _words(given)
    if words.child:
        return _child(words)
    unknown = [name for name in words.target if name not in TARGETS]
    if unknown:
        print(f"no target is called {unknown[0]}: there are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    return max([_target(name, words) for name in words.target or TARGETS])


def _words(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description="Fuzzes what reads files and command lines.")
    parser.add_argument("target", nargs="*")
    parser.add_argument("-n", type=int, default=100_000, help="cases of each target")
    parser.add_argument("--seconds", type=float, default=1e6, help="processor time of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--findings", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--at-random", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args(given)


def _target(name: str, words: argparse.Namespace) -> int:
    """Fuzzes one target in a process of its own, says what it came to, and returns whether something was found.

    Where that process dies, its last case is a finding.
    """
    shutil.rmtree(words.findings / name, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="acortex-fuzz-") as folder:
        options = [
            f"-n={words.n}",
            f"--seconds={words.seconds}",
            f"--seed={words.seed}",
            f"--findings={words.findings}",
        ]
        options += ["--at-random"] if words.at_random else []
        command = [sys.executable, "-P", "-m", "fuzz", name, "--child", folder, *options]
        with Path(folder, "log").open("w+") as log:
            paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            code = subprocess.run(command, check=False, stdout=log, stderr=log, env=paths).returncode
        if code:
            _keep_last(Path(folder), words.findings / name)
        cases = Path(folder, COUNT)
        kept = sorted((words.findings / name).glob("*.txt"))
        print(f"{name}: {cases.read_text() if cases.exists() else 0} cases, {len(kept)} findings", flush=True)
    for one in kept:
        print(f"  {one}: {one.read_text().splitlines()[0]}", flush=True)
    return bool(kept)


def _keep_last(folder: Path, findings: Path) -> None:
    """Keeps the last case of a process that died, and what it said."""
    findings.mkdir(parents=True, exist_ok=True)
    log = (folder / "log").read_text(errors="replace").splitlines()
    (findings / "died.txt").write_text("\n".join(["the process died", *log[-60:]]))
    if (folder / CURRENT).exists():
        (findings / "died").write_bytes((folder / CURRENT).read_bytes())


def _child(words: argparse.Namespace) -> int:
    """One target in this process; with atheris it ends in there."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    guided = not words.at_random and find_spec("atheris") is not None
    if guided:
        _instrument()
    (name,) = words.target
    harness = Harness(TARGETS[name], Path(words.child), words.findings / name)
    (by_coverage if guided else at_random)(harness, Bounds(words.n, words.seconds, words.seed))
    return 0


def _instrument() -> None:
    """Has atheris see which lines of the sources a case reaches: modules are rewritten as they are imported."""
    import atheris  # type: ignore[import-not-found]

    atheris.instrument_imports(include=["acortex"]).__enter__()  # for good: much is imported where it is used


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
