"""Each bug of `planted_limits.py` changes a text of the sources once, and its tests fail for it and pass without it."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from judge.plant import ROOT, copied
from judge.planted_limits import BUGS, Planted


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_text_stands_in_its_file_once_and_the_tests_are_there(bug: Planted) -> None:
    source = (ROOT / bug.file).read_text()
    assert source.count(bug.text) == 1
    planted = source.replace(bug.text, bug.instead)
    assert planted != source
    ast.parse(planted)
    assert (ROOT / bug.tests).is_file()


def test_there_are_bugs_of_every_layer_and_none_stands_twice() -> None:
    assert len({bug.name for bug in BUGS}) == len({(bug.file, bug.instead) for bug in BUGS}) == len(BUGS)
    assert {bug.file.partition("/")[0] for bug in BUGS} == {"isa", "sim", "traces", "programs", "tools"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sources and the tests in a folder of their own."""
    folder = tmp_path_factory.mktemp("planted")
    yield copied(folder)
    shutil.rmtree(folder)


def judged(copy: Path, tests: str) -> tuple[int, str]:
    """How tests end in the copy: pytest's exit code, and what it printed."""
    line = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb=line", tests]
    without = ("PYTEST_CURRENT_TEST", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")  # compiled once, not each time
    environment = {name: text for name, text in os.environ.items() if name not in without}
    environment["PYTHONPATH"] = str(copy.parent)
    done = subprocess.run(line, cwd=copy, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def written(path: Path, text: str) -> None:
    """Writes a source, and forgets what was compiled of it: two texts of a second may have one length."""
    path.write_text(text)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("tests", sorted({bug.tests for bug in BUGS}))
def test_without_a_bug_the_tests_pass(copy: Path, tests: str) -> None:
    code, printed = judged(copy, tests)
    assert code == 0, printed


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_is_noticed(copy: Path, bug: Planted) -> None:
    path = copy / bug.file
    source = path.read_text()
    written(path, source.replace(bug.text, bug.instead))
    try:
        code, printed = judged(copy, bug.tests)
    finally:
        written(path, source)
    assert code == 1, printed  # 1 is of tests that failed; any other is of tests that did not run
