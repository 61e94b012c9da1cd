"""The same everywhere: sessions of nox, each in an environment of its own.

make same                                    what the simulator gives, compared between versions, threads and seeds
make release                                 wheel, source distribution and SBOM from a clean clone, in dist/
.venv/bin/nox -f tests/noxfile.py -s oldest  its tests with the oldest version of each library
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
from pathlib import Path

import nox

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
ROOT = Path(__file__).parent.parent

nox.options.sessions = ["suite", "oldest", "same", "release"]
nox.options.error_on_missing_interpreters = False
nox.options.envdir = str(ROOT / ".nox")

CONDITIONS = (
    {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
    {"OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "1"},
    {"OPENBLAS_NUM_THREADS": "4", "PYTHONHASHSEED": "random", "PYTHONOPTIMIZE": "1"},
)
"""Under which an answer must not change: threads of the linear algebra, the order of sets, without assertions."""


def oldest() -> list[str]:
    """The oldest version that setup.cfg allows of each library without which acortex does nothing, as pins."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split("\n")
    return [re.sub(r">=([0-9.]+)", r"==\1.*", line) for line in lines if line]


@nox.session(python=PYTHONS)
def suite(session: nox.Session) -> None:
    """The default tests."""
    session.chdir(ROOT)
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(name="oldest", python=PYTHONS[0])
def oldest_tests(session: nox.Session) -> None:
    """The tests of the simulator with the oldest libraries that it may have."""
    session.chdir(ROOT)
    session.install("-e", ".[test]")
    session.install(*oldest())
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/isa", "tests/sim", "tests/traces"]))


@nox.session(python=PYTHONS)
@nox.parametrize("libraries", ["newest", "oldest"])
def same(session: nox.Session, libraries: str) -> None:
    """What programs, runs, traces and pictures hold, under each condition; all sessions must have found the same."""
    session.chdir(ROOT)
    session.install("-e", ".[onnx,vcd,verify]")
    if libraries == "oldest":
        session.install(*oldest())
    folder = ROOT / "build" / "same"
    folder.mkdir(parents=True, exist_ok=True)
    for number, condition in enumerate(CONDITIONS):
        name = f"{session.python}-{libraries}-{number}.json"
        session.run("python", "-P", "tests/same_everywhere.py", str(folder / name), env=condition)
    compare(session, folder)


def compare(session: nox.Session, folder: Path) -> None:
    """Ends the session where two files of a folder differ."""
    found = {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    first, reference = next(iter(found.items()))
    for name, content in found.items():
        own = next(one for other, one in found.items() if environment(other) == environment(name))
        differs = [
            key
            for key in reference.keys() | content.keys()
            if content.get(key) != (own if key.startswith("here-") else reference).get(key)
        ]
        if differs:
            session.error(f"{name} differs from {first}: {', '.join(sorted(differs))}")
    session.log(f"{len(found)} files hold the same {len(reference)} digests")


def environment(name: str) -> str:
    """The Python and the libraries by which a file was made."""
    return name.rpartition("-")[0]


@nox.session(python=PYTHONS[0])
def release(session: nox.Session) -> None:
    """Wheel and source distribution of a clean clone; the wheel is installed and run; what it needs, as a list."""
    session.chdir(ROOT)
    out = ROOT / "dist"
    shutil.rmtree(out, ignore_errors=True)
    clone = Path(session.create_tmp()) / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    session.run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone), external=True)
    session.install("build", "twine", "cyclonedx-bom")
    session.run("python", "-m", "build", "--outdir", str(out), str(clone))
    made = [str(path) for path in sorted(out.glob("acortex-*"))]
    session.run("python", "-m", "twine", "check", "--strict", *made)
    target = Path(session.create_tmp()) / "installed"
    shutil.rmtree(target, ignore_errors=True)
    session.run("python", "-m", "venv", str(target))
    python = str(target / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(
        python, "-m", "pip", "install", "--quiet", *(one for one in made if one.endswith(".whl")), external=True
    )
    session.run(python, "-P", "-m", "acortex", "run", "zoo:digits_mlp", external=True)
    options = ("--output-reproducible", "--of", "JSON", "--mc-type", "library")
    session.run("cyclonedx-py", "environment", *options, "-o", str(out / "acortex-sbom.cdx.json"), python)
