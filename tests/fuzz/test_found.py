"""What fuzzing found once stays mended: each kept case gives a right answer, or the error that it should give."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.run import Harness
from fuzz.targets import TARGETS
from fuzz.verdict import command

FOUND = Path(__file__).parent / "found"

TOLD = {
    "network-kernel-larger-than-its-file.onnx": ("compile", 2, "and the file fewer numbers of it"),
    "network-slice-of-a-size-below-nothing.onnx": (
        "compile",
        1,
        "its window of [17, 1] does not fit its image",
    ),
    "network-expand-along-64-axes.onnx": (
        "compile",
        1,
        "its constants do not fit together (this function only",
    ),
    "sweep-range-beyond-floats.toml": ("sweep", 2, "the range of clock_ns goes from a number that no setting has"),
    "sweep-range-with-many-digits.toml": ("sweep", 2, "the range of clock_ns goes from a number that no setting has"),
    "source-conditions-nested-deep.s": ("asm", 1, "calls, repetitions, conditions and files nest deeper than 64"),
    "source-many-macros-unclosed.s": ("asm", 1, "`.macro` is never closed"),
    "container-tensor-beyond-64-bits.acx": ("disasm", 2, "the program is malformed: a tensor"),
}
"""For each case the command that fails, its exit code, and what it says."""


TAKEN = "source-input-of-more-words-in-its-next-turn.s"
"""A source that assembles, and that the linter takes."""

WORDS = "arguments-query-not-utf8.words"
"""A command line; what it says is held beside queries."""


def test_every_kept_case_has_what_is_right() -> None:
    assert {path.name for path in FOUND.iterdir()} == {"README.md", WORDS, TAKEN, *TOLD}


@pytest.mark.parametrize("name", [WORDS, TAKEN, *TOLD])
def test_a_kept_case_is_no_finding(tmp_path: Path, name: str) -> None:
    target = TARGETS[name.partition("-")[0]]
    harness = Harness(target, tmp_path / "harness", tmp_path / "findings")
    data = (FOUND / name).read_bytes()
    harness.judge(data, cpu_s=60)  # imports what it needs, so that the next one does not pay for it
    assert harness.judge(data) is None


@pytest.mark.parametrize("name", TOLD)
def test_a_kept_case_fails_with_its_error(tmp_path: Path, name: str) -> None:
    verb, code, told = TOLD[name]
    done = command(verb, str(FOUND / name), "-o", str(tmp_path / "made.acx"))
    assert (done.code, told in done.err) == (code, True)
    assert not (tmp_path / "made.acx").exists()
