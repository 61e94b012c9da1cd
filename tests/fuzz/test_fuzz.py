"""The fuzzer itself: it sees what is planted, makes small what it found, each target has right files."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz import __main__ as fuzz
from fuzz.run import Bounds, Harness, at_random, minimised
from fuzz.targets import TARGETS
from fuzz.verdict import CLOCK, Check, Finding, Wrong, command, verdict

from acortex.errors import UsageError

SECONDS = 45 if os.environ.get("CI") else 10


def judged(check: Callable[[], object], folder: Path, **bounds: float) -> Finding | None:
    """The verdict on what does not look at its case."""
    case = folder / "case"
    case.write_bytes(b"")
    return verdict(lambda _case, _folder: check() and None, case, folder, **bounds)  # type: ignore[arg-type]


def forever() -> None:
    while True:
        pass


def stubborn() -> None:
    try:
        forever()
    except Exception:
        pytest.fail("a handler of errors took the end of time for an error")


@pytest.mark.parametrize("planted", [forever, stubborn])
def test_a_hang_is_a_finding(tmp_path: Path, planted: Callable[[], object]) -> None:
    found = judged(planted, tmp_path, cpu_s=0.1)
    assert found is not None and found.kind == "time test_fuzz.py"


def test_time_in_one_call_is_a_finding(tmp_path: Path) -> None:
    found = judged(lambda: sum(range(4_000_000)) and None, tmp_path, cpu_s=0.01)
    assert found is not None and found.kind.startswith("time")


def work(seconds: float) -> None:
    """Takes so much processor time."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.slow
def test_each_command_of_a_case_has_its_own_time(tmp_path: Path) -> None:
    def command_of(seconds: float) -> None:
        with CLOCK.anew():
            work(seconds)

    assert judged(lambda: [command_of(0.2) for _ in range(3)] and None, tmp_path, cpu_s=0.4) is None
    assert judged(lambda: [work(0.2) for _ in range(3)] and None, tmp_path, cpu_s=0.4) is not None
    assert judged(lambda: command_of(0.1) or command_of(0.6), tmp_path, cpu_s=0.4) is not None


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are those of Linux")
def test_much_memory_is_a_finding(tmp_path: Path) -> None:
    found = judged(lambda: len(b"x" * (64 << 20)) and None, tmp_path, memory=32 << 20)
    assert found is not None and found.kind == "memory"
    assert judged(lambda: len(b"x" * (64 << 20)) and None, tmp_path, memory=256 << 20) is None


def test_an_error_that_no_command_words_is_a_finding_with_its_place(tmp_path: Path) -> None:
    found = judged(lambda: {}["gone"], tmp_path)
    assert found is not None and found.kind == "KeyError test_fuzz.py:<lambda>"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (RuntimeError("planted"), "RuntimeError"),
        (RecursionError("planted"), "RecursionError"),
        (MemoryError(), "out of memory"),
        (UsageError("wrong"), None),
        (UsageError("wrong", hint="Traceback (most recent call last)"), "a traceback"),
    ],
)
def test_a_fault_in_a_command_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, kind: str | None
) -> None:
    from acortex.isa.asm import assembler

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(assembler, "assemble_file", fail)
    found = judged(lambda: command("asm", "x.s", "-o", str(tmp_path / "x.acx")) and None, tmp_path)
    assert (found and found.kind.startswith(kind or "-")) is (None if kind is None else True)


def test_a_command_that_ends_with_another_code_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    from acortex.tools.cli import cli

    for code in (3, 70, 130):
        monkeypatch.setattr(cli, "main", lambda *_, code=code, **__: code)
        with pytest.raises(Wrong, match=f"exit code {code}"):
            command("zoo")
    monkeypatch.setattr(cli, "main", lambda *_, **__: 1)
    with pytest.raises(Wrong, match="without a word"):
        command("zoo")


def test_a_usage_error_is_right() -> None:
    assert command("no-such-command").code == 2


# --- the search -------------------------------------------------------------------------------------------------------


def planted_in(check: Check, folder: Path, name: str = "source") -> Harness:
    return Harness(replace(TARGETS[name], check=check), folder / "harness", folder / "findings")


def test_a_planted_fault_is_found_made_small_and_kept_once(tmp_path: Path) -> None:
    def check(case: Path, _folder: Path) -> None:
        if b"halt" not in case.read_bytes():
            raise Wrong(f"no halt in {case}")

    harness = planted_in(check, tmp_path)
    at_random(harness, Bounds(300, 1e6))
    assert harness.cases == 300
    assert [one.kind for one in harness.kinds.values()] == ["no halt in _"]
    assert sorted(path.name for path in (tmp_path / "findings").iterdir()) == ["1.s", "1.txt"]
    assert len((tmp_path / "findings" / "1.s").read_bytes()) == 1
    assert (tmp_path / "findings" / "1.txt").read_text().startswith("no halt in _\n\nno halt in /")


def test_a_bound_in_time_ends_the_search(tmp_path: Path) -> None:
    harness = planted_in(lambda _case, _folder: None, tmp_path)
    at_random(harness, Bounds(10**9, 0.05))
    assert 0 < harness.cases < 10**6


def test_the_smallest_case_is_found_by_lines_and_then_by_bytes() -> None:
    text = b"".join(b"line %d\n" % number for number in range(200))
    assert minimised(text, lambda data: b"77" in data and b"150" in data) == b"15077"
    assert minimised(text, lambda data: True, attempts=0) == text


@pytest.mark.parametrize("name", TARGETS)
def test_each_target_has_right_files_and_mutants_that_a_seed_gives_again(tmp_path: Path, name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds and len(set(seeds)) == len(seeds)
    harness = Harness(target, tmp_path / "harness", tmp_path / "findings")
    assert harness.judge(seeds[0], cpu_s=60) is None
    first, again = ([target.mutate(seeds[0], random.Random(one)) for one in range(20)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 10


@pytest.mark.slow  # 45 s for each target in CI
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzing_finds_nothing(tmp_path: Path, name: str) -> None:
    harness = Harness(TARGETS[name], tmp_path / "harness", tmp_path / "findings")
    at_random(harness, Bounds(100_000, SECONDS, seed=1))
    assert harness.cases > 20
    assert {kind: one.text for kind, one in harness.kinds.items()} == {}


def test_a_target_that_there_is_not_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["no-such-target"]) == 2
    assert capsys.readouterr().err.startswith("no target is called no-such-target: there are source, container, ")


def test_a_process_that_dies_is_a_finding_with_its_last_case(tmp_path: Path) -> None:
    folder = tmp_path / "of a child"
    folder.mkdir()
    (folder / "log").write_text("Fatal Python error: Segmentation fault\n")
    (folder / "current").write_bytes(b"the case")
    fuzz._keep_last(folder, tmp_path / "findings")
    assert (tmp_path / "findings" / "died").read_bytes() == b"the case"
    assert (tmp_path / "findings" / "died.txt").read_text().startswith("the process died\nFatal Python error")


@pytest.mark.slow  # a process that imports all
def test_targets_run_in_processes_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["chip", "-n", "12", "--findings", str(tmp_path), "--at-random"]) == 0
    assert capsys.readouterr().out == "chip: 12 cases, 0 findings\n"
