"""`acortex debug`: commands of a file and at a prompt, what is wrong with them, and how a session ends."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.isa import assemble_file
from acortex.isa.container import dumps
from acortex.tools.cli import cli
from acortex.tools.commands.debug_session import ALIASES, COMMANDS, PRINTERS, completions

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAMS = CHECKOUT / "programs"
STUCK = CHECKOUT / "tests" / "sim" / "stuck.s"
PAGE = (CHECKOUT / "docs" / "debugger.md").read_text()
FAILS = """
        .chip   acortex_digits
        .input  x, shape=64
        .output y, shape=64
        start
        base    d0, 0
        inference
        input   x, d0
        output  y, d1
        halt
"""


def acortex_(*args: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex", input=stdin)


def debugged(*commands: str, program: str | Path = PROGRAMS / "vmm.s") -> Result:
    """A session of some commands."""
    return acortex_("debug", program, "--commands", "-", stdin="\n".join(commands))


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    path = tmp_path / "fails.s"
    path.write_text(FAILS)
    return path


# Sessions -------------------------------------------------------------------------------------------------------------


def test_the_session_of_the_page_is_what_it_prints() -> None:
    [session] = re.findall(r"```console\n\$ acortex debug programs/vmm\.s\n(.*?)```", PAGE, re.DOTALL)
    commands = [line.removeprefix("> ") for line in session.splitlines() if line.startswith("> ")]
    assert len(commands) > 8
    assert debugged(*commands).stdout == session


def test_the_python_of_the_page_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(CHECKOUT)
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, {})
    assert capsys.readouterr().out.splitlines()[0] == "14 vmm.s:42"


def test_the_page_has_each_command_and_each_thing_to_print() -> None:
    assert [name for name in (*COMMANDS, *PRINTERS) if f"`{name}" not in PAGE and f"`print {name}" not in PAGE] == []
    short = ", ".join(f"`{one}`" for one in list(ALIASES)[:-1])
    assert f"{short} and `q` are short" in " ".join(PAGE.split())


def test_forwards_back_and_forwards_again_prints_the_same_again() -> None:
    there = ["step 20", "print waits", "cycle 7", "print memory 0..3", "print buffer", "print queues"]
    once = debugged(*there).stdout.splitlines()[1:]
    twice = debugged(*there, "back 27", *there).stdout.splitlines()[1:]
    assert twice == [*once, "> back 27", twice[len(once) + 1], *once]
    assert twice[len(once) + 1].startswith("cycle 0 ")


def test_each_way_to_name_a_program_gives_the_same_text(tmp_path: Path) -> None:
    path = tmp_path / "vmm.acx"
    path.write_bytes(dumps(assemble_file(PROGRAMS / "vmm.s")))
    commands = ("break at_10", "run", "print memory 0..1", "print waits", "continue")
    assert debugged(*commands, program=path).stdout == debugged(*commands).stdout
    commands = ("break 12", "continue", "step 3", "print registers", "print tokens")
    zoo, source = (debugged(*commands, program=one) for one in ("zoo:digits_mlp", PROGRAMS / "digits_mlp.s"))
    assert (zoo.exit_code, zoo.stdout) == (source.exit_code, source.stdout)


def test_a_network_is_compiled_and_debugged_by_the_lines_of_its_text() -> None:
    found = debugged("step 40", "list", "print waits", "print g0", "print memory 0", program="zoo:digits_cnn")
    assert found.exit_code == 0
    [line] = re.findall(r"^ > <digits_cnn>:(\d+) ", found.stdout, re.MULTILINE)
    again = debugged(f"break {line}", "run", program="zoo:digits_cnn")
    assert f"breakpoint 1, <digits_cnn>:{line}\ncycle" in again.stdout


def test_settings_a_chip_and_inputs_are_those_of_run(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "x.npy", np.full((1, 64), 7, np.uint8))
    options = ("--set", "controller.queue_depth=1", "--chip", "acortex_gnmt", "--input", tmp_path / "x.npy")
    found = acortex_("debug", PROGRAMS / "vmm.s", *options, "--commands", "-", stdin="info\nc\nback\nprint tensor x 0")
    assert "vmm: 29 instructions, 1 inference\n" in found.stdout and "chip       acortex_gnmt" in found.stdout
    assert "    7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7\n" in found.stdout
    run = acortex.run(PROGRAMS / "vmm.s", "acortex_gnmt", settings=options[1:2], inputs=np.full((1, 64), 7, np.uint8))
    assert f"cycle {run.cycles:<8} the program has ended" in found.stdout


def test_comments_and_blank_lines_are_left_out_and_quit_ends() -> None:
    found = debugged("# first", "", "  ; second", "step", "q", "nonsense")
    assert (found.exit_code, found.stdout.count("> ")) == (0, 2)


def test_the_commands_of_a_file_and_of_stdin_without_an_option(tmp_path: Path) -> None:
    path = tmp_path / "look.txt"
    path.write_text("\N{BYTE ORDER MARK}step 2\nwhere\n")
    from_file = acortex_("debug", PROGRAMS / "vmm.s", "--commands", path)
    from_stdin = acortex_("debug", PROGRAMS / "vmm.s", stdin="step 2\nwhere\n")
    assert from_file.exit_code == 0 and from_file.stdout == from_stdin.stdout


def test_help_lists_each_command_and_a_wide_list_is_wrapped() -> None:
    found = debugged("help", "where", "step 30", "where").stdout
    assert all(command.usage in found for command in COMMANDS.values())
    assert max(map(len, found.partition("> where")[2].splitlines())) <= 110


def test_tensors_are_printed_in_their_shape_and_cut() -> None:
    names = [one.name for one in assemble_file(PROGRAMS / "conv3x3.s").weights]
    found = debugged("print tensor x", f"print tensor {names[0]}", program=PROGRAMS / "conv3x3.s").stdout
    assert "  [0]\n" in found and re.search(r"  … \d+ more lines; `debugger\.tensor\('", found)
    assert max(map(len, found.splitlines())) < 140


# What is wrong --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        ("stpe", "no command is called 'stpe'", "did you mean `step`"),
        ("step x", "step takes a whole number, not 'x'", "step 3"),
        ("step 0", "step 0 goes nowhere", "1 or more"),
        ("step 1 2", "step does not take `1 2`", "usage: step [N]"),
        ("step 99999999999999999999", "step takes a whole number", "step 3"),
        ("back -1", "back takes a whole number, not '-1'", "back 3"),
        ("watch", "watch does not take ``", "usage: watch WORD"),
        ("watch 32", "main memory has no word 32", "its words are 0 to 31"),
        ("print", "print does not take ``", "usage: print memory A..B|buffer"),
        ("print memry 1", "print knows no 'memry'", "did you mean `memory`?"),
        ("print memory", "print memory does not take ``", "usage: print memory A..B"),
        ("print memory 0..32", "main memory has no word 32", "0 to 31"),
        ("print memory 3..1", "3..1 ends before it begins", "1..3"),
        ("print memory ..", "print memory takes a whole number, not ''", "print memory 3"),
        ("print g7", "the program has no group g7", "it has g0"),
        ("print tensor z", "the program has no tensor 'z'", "there are x, y or w"),
        ("print tensor y 3", "there is no inference 3", "3 inferences, 0 to 2"),
        ("break 36", "line 36 of vmm.s has no instruction", "the next is line 37: layer product"),
        ("break cycle", "cycle is ''", "cycle 100"),
        ("delete 3", "there is no breakpoint 3", "set are: none"),
        ("list vmm/load", "an event of vmm/load is no line", "list a line or a label"),
    ],
)
def test_a_wrong_command_ends_a_script_and_names_its_line(command: str, message: str, hint: str) -> None:
    found = debugged("step", "", command, "step")
    assert found.exit_code == 1
    assert found.stderr.startswith(f"<stdin>:3: {message}") and hint in found.stderr
    assert found.stdout.splitlines()[-1] == f"> {command}"


def test_many_words_are_printed_in_parts() -> None:
    found = debugged("print memory 0..255", "print memory 0..256", program=PROGRAMS / "conv3x3.s")
    assert "main memory has no word" in found.stderr or "print 256 of them at a time" in found.stderr


def test_a_program_and_commands_cannot_both_come_from_stdin(tmp_path: Path) -> None:
    for options in ((), ("--commands", "-")):
        found = acortex_("debug", "-", *options, stdin="step")
        assert found.exit_code == 2 and "comes from stdin, and so would the commands" in found.stderr
    path = tmp_path / "look.txt"
    path.write_text("list\n")
    source = ".chip acortex_digits\nstart\nhalt\n"
    assert "halt" in acortex_("debug", "-", "--commands", path, stdin=source).stdout


@pytest.mark.parametrize(("data", "message"), [(b"\xff\xfe", "is not UTF-8 text"), (None, "no such file")])
def test_a_file_of_commands_that_is_none_is_wrong_usage(data: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "look.txt"
    if data is not None:
        path.write_bytes(data)
    found = acortex_("debug", PROGRAMS / "vmm.s", "--commands", path)
    assert (found.exit_code, found.stdout) == (2, "") and message in found.stderr


def test_a_source_that_does_not_assemble_is_reported_as_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "wrong.s"
    path.write_text("start\nbase d99, 0\n")
    found, other = (acortex_(command, path, stdin="step") for command in ("debug", "run"))
    assert (found.exit_code, found.stderr, found.stdout) == (1, other.stderr, "")


# Failures -------------------------------------------------------------------------------------------------------------


def test_a_program_that_was_seen_to_fail_is_exit_1(failing: Path) -> None:
    assert debugged("step", program=failing).exit_code == 0
    found = debugged("continue", "back", "where", program=failing)
    assert found.exit_code == 1 and "stream d1 is used before it is set" in found.stdout
    assert "fails.s:9: output y, d1" in found.stdout and "fails.s:8: input x, d0" in found.stdout


def test_a_deadlock_is_shown_with_who_waits_for_whom() -> None:
    found = acortex_("debug", STUCK, "--set", "vector.queue_words=4", stdin="run\nprint waits\nprint tokens\nback")
    assert found.exit_code == 1
    assert "nothing can happen any more after cycle" in found.stdout and "a circle closes it" in found.stdout
    assert re.search(r"main_memory/read +waits since cycle \d+ for buffer_full: .*, from vector\n", found.stdout)


def test_run_with_debug_opens_at_the_failure(failing: Path) -> None:
    found = acortex_("run", failing, "--debug", stdin="back\nprint registers\n")
    assert found.exit_code == 1
    assert found.stdout.startswith("cycle 3        the program has failed\n") and "> print registers" in found.stdout
    plain = acortex_("run", PROGRAMS / "vmm.s", "--debug")
    assert plain.exit_code == 0 and plain.stdout == acortex_("run", PROGRAMS / "vmm.s").stdout


def test_run_with_debug_reports_what_fails_before_there_is_anything_to_debug(failing: Path) -> None:
    failing.write_text(FAILS.replace("base    d0, 0", "base d0, 100"))
    found = acortex_("run", failing, "--debug", stdin="where\n")
    assert (found.exit_code, found.stdout) == (1, "") and "address is 100" in found.stderr


@pytest.mark.parametrize(
    "options",
    [("--format", "json"), ("--chip", "acortex_digits", "--chip", "acortex_gnmt"), ("--noise-seed", "1")],
)
def test_run_with_debug_is_refused_where_there_is_no_one_run(options: tuple[str, ...]) -> None:
    found = acortex_("run", PROGRAMS / "vmm.s", "--debug", *options)
    assert found.exit_code == 2 and "--debug does not go with" in found.stderr


# At a terminal --------------------------------------------------------------------------------------------------------

pty = pytest.importorskip("pty")


class Terminal:
    """A session at a terminal of its own."""

    def __init__(self, *args: str | Path) -> None:
        self.screen, other = pty.openpty()
        command = [sys.executable, "-m", "acortex", "debug", *map(str, args)]
        environment = {**os.environ, "TERM": "dumb", "INPUTRC": os.devnull, "ACORTEX_CHECK_ORDER": ""}
        self.process = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(other)

    def read(self, upto: str, again: str = "") -> str:
        """What is shown, up to a text; `again` is typed each few seconds: a line may not be edited yet."""
        shown, begun = "", time.monotonic()
        while not shown.endswith(upto):
            if time.monotonic() - begun > 60:
                self.process.kill()
                self.process.wait()
                raise AssertionError(shown)
            if not select.select([self.screen], [], [], 5)[0]:
                self.type(again)
            else:
                try:
                    shown += os.read(self.screen, 65536).decode().replace("\r\n", "\n")
                except OSError:  # its end, on Linux
                    break
        return shown

    def type(self, text: str) -> None:
        """Types a text."""
        os.write(self.screen, text.encode())

    def end(self) -> int:
        """The exit code."""
        code = self.process.wait(60)
        os.close(self.screen)
        return code


def test_a_prompt_repeats_completes_says_what_is_wrong_and_ends() -> None:
    terminal = Terminal(PROGRAMS / "vmm.s")
    assert "cycle 0" in terminal.read("(acortex) ")
    terminal.type("step 2\n")
    assert "cycle 2 " in terminal.read("(acortex) ")
    terminal.type("\n")
    assert "cycle 4 " in terminal.read("(acortex) ")
    terminal.type("whence\n")
    assert "no command is called 'whence'" in terminal.read("(acortex) ")
    terminal.type("pri\tque\t\n")
    assert "words    0 of 256 places" in terminal.read("(acortex) ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_ctrl_c_ends_a_command_and_the_session_goes_on() -> None:
    terminal = Terminal("zoo:digits_mlp")
    terminal.read("(acortex) ")
    terminal.type("continue\n")
    terminal.read("continue\n")
    time.sleep(0.3)
    terminal.type("\x03")
    shown = terminal.read("(acortex) ")
    assert "interrupted\ncycle" in shown and "has ended" not in shown
    time.sleep(1)  # what is typed before the line can be edited is dropped
    terminal.type("half a line")
    terminal.read("half a line")
    terminal.type("\x03")
    terminal.read("(acortex) ", again="\x03")
    time.sleep(1)
    terminal.type("step\n")
    assert re.search(r"cycle \d+ ", terminal.read("(acortex) "))
    terminal.type("quit\n")
    assert terminal.end() == 0


def test_names_are_completed_where_they_stand() -> None:
    one = acortex.debug(PROGRAMS / "vmm.s")
    for text, line, found in (
        ("st", "st", ["step"]),
        ("", "print ", list(PRINTERS)),
        ("t", "p t", ["tokens", "tensor"]),
        ("", "print tensor ", ["x", "y", "w"]),
        ("", "print group ", ["g0"]),
        ("ve", "b ve", ["vector"]),
        ("vm", "until vm", ["vmm/load", "vmm/frame"]),
        ("x", "step x", []),
    ):
        assert completions(text, line, one) == found
