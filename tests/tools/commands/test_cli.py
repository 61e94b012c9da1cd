"""The command as a whole: what it offers, what its help costs, completion, `python -m acortex`."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import acortex
from acortex.programs.shipped import FOLDER
from acortex.tools.cli import cli

COMMANDS = {
    "accuracy", "asm", "bench", "chip", "compile", "debug", "disasm", "draw", "explain", "fmt", "history", "info",
    "isa", "lint", "lsp", "optimise", "recalibrate", "reproduce", "run", "schema", "serve", "sweep", "trace",
    "verify", "view", "zoo",
}  # fmt: skip
HEAVY = {"backports.zstd", "difflib", "msgpack", "networkx", "numpy", "pydantic", "rich", "simpy"}


def test_help_lists_the_commands() -> None:
    assert set(cli.commands) == COMMANDS
    text = CliRunner().invoke(cli, ["--help"], prog_name="acortex").stdout
    assert all(f"  {name} " in text for name in COMMANDS)
    assert max(map(len, text.splitlines())) <= 100


def _loaded(modules: set[str], arguments: list[str]) -> str:
    """Those of the modules that a process of the command has loaded at its end, as a sorted list in words."""
    code = (
        "import atexit, sys; from acortex.tools.cli import main; sys.argv = ['acortex', *sys.argv[1:]];"
        f"atexit.register(lambda: print(sorted({modules!r} & set(sys.modules)))); main()"
    )
    found = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True).stdout
    return found.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["trace", "--help"]])
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    found = _loaded(HEAVY, arguments)
    assert found == "[]"


@pytest.mark.parametrize(
    ("program", "unneeded"),
    [
        (str(FOLDER / "vmm.s"), {"networkx", "pandas", "acortex.programs.compiler", "acortex.programs.front"}),
        ("zoo:lstm", {"networkx", "pandas", "onnx"}),
    ],
)
def test_a_run_loads_what_it_needs(program: str, unneeded: set[str]) -> None:
    assert _loaded(unneeded, ["run", program, "--timing-only"]) == "[]"


def test_every_command_has_help() -> None:
    for name, command in cli.commands.items():
        assert command.help, name
        assert all(option.help for option in command.params if isinstance(option, click.Option)), name


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"acortex {acortex.__version__}\n"


def test_python_m_acortex_is_the_command() -> None:
    found = subprocess.run([sys.executable, "-m", "acortex", "-V"], check=True, capture_output=True, text=True)
    assert found.stdout == f"acortex {acortex.__version__}\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("acortex ch", ["plain,chip"]),
        ("acortex chip s", ["plain,schema", "plain,show"]),
        ("acortex chip show acortex_d", ["plain,acortex_digits", "plain,acortex_digits_parallel"]),
        ("acortex run x.s --timing", ["plain,--timing-only"]),
        ("acortex schema trace-", [f"plain,trace-{name}" for name in ("info", "query", "stats", "top")]),
        ("acortex run zoo:digits_c", ["plain,zoo:digits_cnn"]),
        ("acortex run zoo:letters_mlp", [f"plain,zoo:letters_mlp{end}" for end in ("", "_4flips", "_5flips")]),
    ],
)
def test_completion_offers_what_may_follow(words: str, offered: list[str]) -> None:
    asked = {"_ACORTEX_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    code = "from acortex.tools.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked}, check=False
    )
    assert found.stdout.splitlines() == offered


def test_a_terminal_without_unicode_gets_a_report_all_the_same() -> None:
    command = [sys.executable, "-m", "acortex", "chip", "show", "acortex_digits"]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run(command, capture_output=True, text=True, env=ascii_only, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    assert "main memory" in found.stdout
