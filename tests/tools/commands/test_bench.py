"""`acortex bench`: every row is measured and judged; how fast this machine is decides nothing here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from click.testing import CliRunner

from acortex.programs.convolution import Convolution
from acortex.programs.shipped import FOLDER
from acortex.tools import accuracy_benchmarks, benchmarks, measuring, skip_benchmarks, user_benchmarks
from acortex.tools.cli import cli
from acortex.tools.commands.bench import _number
from acortex.tools.measuring import Benchmark, best, python, with_bytecode

ROWS = [
    "core_events", "array_operations", "core_events_letters_mlp", "simpy_interface", "trace_cost",
    "trace_bytes_per_event", "scaling_exponent",
    "skip_letters_mlp", "skip_lstm", "run_lstm", "trace_lstm", "instruction_letters_mlp",
    "values_conv", "accuracy_digits_mlp", "analog_letters_mlp",
    "values_letters_mlp", "values_alone_letters_mlp", "values_lstm", "values_alone_lstm",
    "batch_letters_mlp", "compile_letters_mlp", "compile_lstm", "memory_lstm", "assembler_lines",
    "assembler_macros", "startup",
    "cli_lstm", "first_event",
]  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same measurements on layers of a few positions, and on small networks."""
    monkeypatch.setattr(benchmarks, "BENCH", Convolution(6, 64, 64))
    monkeypatch.setattr(skip_benchmarks, "REACHES", {"letters_mlp": 1.0, "lstm": 1.0})
    monkeypatch.setattr(skip_benchmarks, "WHOLE", "lstm")
    monkeypatch.setattr(skip_benchmarks, "EVENTS", ("letters_mlp",))
    monkeypatch.setattr(skip_benchmarks, "SHORT", "letters_mlp")
    monkeypatch.setattr(accuracy_benchmarks, "NETWORK", "letters_mlp")
    monkeypatch.setattr(accuracy_benchmarks, "CHIPS", 2)
    monkeypatch.setattr(user_benchmarks, "LARGE", ("letters_mlp", "lstm"))
    monkeypatch.setattr(user_benchmarks, "BATCH", "letters_mlp")
    monkeypatch.setattr(user_benchmarks, "TIMED", "lstm")
    monkeypatch.setattr(user_benchmarks, "FULL", "lstm")


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_every_row_has_a_value_beside_its_limit_in_json_and_in_text() -> None:
    result = CliRunner().invoke(cli, ["bench", "--quick", "--format", "json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["schema"] == "acortex.bench/1"
    assert set(report["machine"]) >= {"python", "numpy", "simpy", "cores"}
    assert [row["name"] for row in report["rows"]] == ROWS
    for row in report["rows"]:
        assert math.isfinite(row["value"]) and row["unit"]
        if row["limit"] is not None:
            assert row["ratio"] == pytest.approx(row["value"] / row["limit"])
        if row["reach"] is not None:
            assert isinstance(row["holds"], bool) and row["reach"] > 0


def test_the_table_shows_value_unit_limit_ratio_reach_and_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Benchmark("speed", 1500.0, "events/s", 3000.0, 0.7, against="a bare loop"), Benchmark("size", 3.0, "bytes")]
    monkeypatch.setattr(benchmarks, "measure", lambda quick, tick, only: rows)
    lines = CliRunner().invoke(cli, ["bench"]).stdout.splitlines()
    assert any(line.split() == ["speed", "1,500", "events/s", "3,000", "0.5", ">", "0.7", "no"] for line in lines)
    assert any(line.split() == ["size", "3", "bytes"] for line in lines)
    assert "speed: the limit is a bare loop" in lines


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_only_the_rows_of_parts_that_are_named_are_measured() -> None:
    result = CliRunner().invoke(
        cli, ["bench", "--quick", "--only", "instructions", "--only", "events", "--format", "json"]
    )
    assert [row["name"] for row in json.loads(result.stdout)["rows"]] == [
        "core_events_letters_mlp", "instruction_letters_mlp"
    ]  # fmt: skip


def test_a_part_that_there_is_not_is_one_error_with_those_that_there_are() -> None:
    result = CliRunner().invoke(cli, ["bench", "--only", "core", "--only", "cores"])
    assert result.exit_code == 2
    assert result.stderr.startswith("--only: there is no part 'cores'\n  hint: they are core, events, simpy,")


@pytest.mark.parametrize(
    ("value", "at_most", "holds"), [(2, True, True), (4, True, False), (4, False, True), (2, False, False)]
)
def test_a_row_holds_on_the_right_side_of_its_reach(value: float, at_most: bool, holds: bool) -> None:
    assert Benchmark("x", value, "s", 1.0, 3.0, at_most).holds is holds
    assert Benchmark("x", value, "s").holds is None


def test_the_shortest_of_turns_counts_and_works_take_turns() -> None:
    order: list[str] = []

    def work(name: str, *times: float) -> Callable[[], float]:
        left = iter(times)

        def once() -> float:
            order.append(name)
            return next(left)

        return once

    assert best(2, work("a", 3.0, 1.0), work("b", 2.0, 5.0)) == (1.0, 2.0)
    assert order == ["a", "b", "a", "b"]


def test_a_process_says_what_it_took_alone() -> None:
    held = b"1" * 200_000_000  # of this process, and not of those that it starts
    small, large = (python("-c", f"x = b'1' * {size}") for size in (1, 150_000_000))
    assert small.memory < 100_000_000 < large.memory < len(held)
    assert 0 < small.seconds < large.seconds + 1
    assert python("-c", "sum(range(20_000_000))").seconds > small.seconds


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(CalledProcessError, match="exit status 3"):
        python("-c", "raise SystemExit(3)")


def test_a_system_without_accounts_of_processes_gives_the_time_that_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(measuring.os, "wait4")
    spent = python("-c", "pass")
    assert spent.seconds > 0 and spent.memory == 0


def test_processes_find_their_modules_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "module.py").write_text("x = 1")
    with with_bytecode() as environment:
        python("-c", "import module", environment=environment | {"PYTHONPATH": str(tmp_path)})
        assert list(Path(environment["PYTHONPYCACHEPREFIX"]).rglob("module.*.pyc"))


def test_numpy_computes_on_one_core_as_it_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """On more, processor time has in it the cores that wait, busily, for the next product."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        monkeypatch.delenv(f"{library}_NUM_THREADS", raising=False)
    code = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'numpy': print('threads', os.environ.get('OPENBLAS_NUM_THREADS'))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "from acortex.tools.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "bench", "--only", "nothing"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert found.stdout == "threads 1\n"


def test_a_command_up_to_its_first_event_simulates_none() -> None:
    spent = python("-c", user_benchmarks.UP_TO_THE_FIRST_EVENT, "run", str(FOLDER / "vmm.s"), "--max-cycles", "1")
    assert spent.seconds > 0
    with pytest.raises(CalledProcessError):
        python("-c", user_benchmarks.UP_TO_THE_FIRST_EVENT, "run", "missing.s")


def test_products_are_those_of_the_program() -> None:
    assert user_benchmarks.products_of(Convolution(6, 128, 64, 3, 2).program()) == {(9, 9 * 128, 64): 1}


@pytest.mark.usefixtures("small")
def test_a_row_of_skipping_says_how_many_of_the_events_are_simulated() -> None:
    chip = skip_benchmarks._Chip(skip_benchmarks._prepared("lstm"))
    chip(False)
    assert chip.simulated == chip.events > 0
    chip(True)
    assert 0 < chip.simulated < chip.events
    rows = {row.name: row.against for row in skip_benchmarks.skipping(True)}
    assert rows["skip_lstm"].endswith(f": {chip.simulated / chip.events:.1%} of the events are simulated")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""), (0.0, "0"), (0.123456, "0.123"), (12.3456, "12.3"), (999.4, "999"), (1000.0, "1,000"),
        (-1000.0, "-1,000"), (1234567.8, "1,234,568"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_or_more(value: float | None, shown: str) -> None:
    assert _number(value) == shown
