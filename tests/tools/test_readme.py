"""What the README says exists: its commands, their options, the files that it names."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from acortex.tools.cli import cli

CHECKOUT = Path(__file__).resolve().parents[2]
README = (CHECKOUT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:\.venv/bin/)?acortex (.+)$", README, re.MULTILINE)

AS_A_USER = {"COLUMNS": "100", "ACORTEX_CHECK_ORDER": None}
"""What a user's runs have about them: they skip what repeats, as those of tests do not."""


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_one_that_the_program_takes(line: str) -> None:
    name, *args = shlex.split(line, comments=True)
    command: click.Command | None = cli.commands[name]
    context = click.Context(cli, info_name="acortex")
    while isinstance(command, click.Group):
        named = args.pop(0) if args[0] in command.commands else "run"  # of a sweep its file alone is typed
        command = command.get_command(context, named)
    assert command is not None
    assert command.make_context(name, args, parent=context).params


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    named = set(re.findall(r"\bmake (\w+)", README.replace("3.11 and make", "")))
    assert {"demo", "test", "check"} <= named
    assert [name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


def test_the_files_of_the_readme_exist() -> None:
    named = re.findall(r"`((?:[\w.]+/)*[\w.*]+\.(?:py|s|md|toml)|LICENSE|\.ci/run)`", README)
    assert len(named) > 10
    assert [name for name in named if not list(CHECKOUT.glob(name))] == []


def test_the_public_names_of_the_readme_exist() -> None:
    import acortex

    assert [name for name in re.findall(r"\bacortex\.(\w+)\(", README) if name not in dir(acortex)] == []


def test_the_example_of_how_python_reads_a_trace_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    import acortex

    images = np.zeros((2, 784), dtype=np.uint8)
    acortex.run("zoo:digits_mlp", inputs=images, values=False, trace=tmp_path / "run.actrace")
    trace = acortex.open_trace(tmp_path / "run.actrace")
    page = (CHECKOUT / "docs" / "trace-format.md").read_text()
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[-1]
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "trace-format.md", "exec"), {})
    first, energy, frame, rows = capsys.readouterr().out.splitlines()
    assert first == f"digits_mlp {trace.cycles} {len(trace)} True"
    assert (int(energy), int(rows)) == (trace["energy_aj"].sum(), len(trace))
    assert "vmm." in frame


def test_the_report_of_the_readme_is_what_its_command_prints() -> None:
    shown = re.findall(r"```\n(digits_mlp on .*?)```", README, re.DOTALL)
    assert shown == [CliRunner().invoke(cli, ["run", "zoo:digits_mlp"], env=AS_A_USER).stdout]


def test_what_the_readme_says_of_more_in_parallel_is_what_it_costs() -> None:
    said = re.search(r"take a (\w+) less time, a (\w+) more energy and a (\w+) more area", " ".join(README.split()))
    chips = ("--chip", "acortex_digits", "--chip", "acortex_digits_parallel", "--format", "json")
    found = CliRunner().invoke(cli, ["run", "zoo:digits_mlp", *chips, "--timing-only"], env=AS_A_USER)
    ratios = {row["name"]: row["ratio"] for row in json.loads(found.stdout)["rows"]}
    parts = (1 / (1 - ratios["time"]), 1 / (ratios["energy"] - 1), 1 / (ratios["area"] - 1))
    named = {6: "sixth", 10: "tenth", 12: "twelfth"}
    nearest = [named[min(named, key=lambda whole: abs(1 / whole - 1 / part))] for part in parts]
    assert said and list(said.groups()) == nearest
