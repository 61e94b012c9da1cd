"""The process of a command: closed streams, signals, faults of its own, two runs at once, a disk that is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import acortex
from acortex.tools.console import process
from acortex.traces.file import reader

ECHO = Path(__file__).parents[1] / "echo.s"
COMMAND = [sys.executable, "-m", "acortex"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="streams and signals of POSIX systems")

SLOW = """
import sys, time
from acortex.tools import cli
from acortex.tools.commands import run
{plant}
sys.argv = ["acortex", *{words!r}]
cli.main()
"""
"""A command with something planted in it."""


def planted(plant: str, *words: object) -> list[str]:
    return [sys.executable, "-c", SLOW.format(plant=plant, words=[str(word) for word in words])]


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    """Starts a command that signals reach: a job in the background would ignore Ctrl-C."""
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


# --- streams ---------------------------------------------------------------------------------------------------------

CLOSED = "stdout: is closed\n  hint: redirect it to a file or a pipe\n"


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("words", "redirect", "code", "told"),
    [
        ("zoo", ">&-", 2, CLOSED),
        ("isa", ">&- <&-", 2, CLOSED),
        ("--help", ">&-", 2, CLOSED),
        ("--version", ">&-", 2, CLOSED),
        ("disasm echo.acx", ">&-", 2, CLOSED),
        ("zoo", ">&- 2>&-", 2, ""),
        ("zoo", ">&- <&- 2>&-", 2, ""),
        ("zoo", "<&- 2>&- >/dev/null", 0, ""),
        ("zoo", "2>&- >/dev/null", 0, ""),
        ("no-such-command", "2>&-", 2, ""),
        ("no-such-command", "2>/dev/full", 2, ""),
        ("asm -", "<&-", 2, "stdin: is closed\n  hint: redirect it to a file or a pipe\n"),
        ("run -", "<&- >&-", 2, "stdin: is closed\n  hint: redirect it to a file or a pipe\n"),
        ("zoo", ">/dev/full", 2, "stdout: no space left on device\n  hint: redirect it to a file or a pipe\n"),
        ("isa", ">/dev/full", 2, "stdout: no space left on device\n  hint: redirect it to a file or a pipe\n"),
    ],
)
def test_a_stream_that_is_closed_or_full_is_an_error_in_words(
    tmp_path: Path, words: str, redirect: str, code: int, told: str
) -> None:
    from acortex.isa.asm.assembler import assemble_file
    from acortex.isa.container import save

    save(assemble_file(ECHO), tmp_path / "echo.acx")
    line = f"{sys.executable} -m acortex {words} {redirect}"
    found = subprocess.run(line, shell=True, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (found.returncode, found.stderr, found.stdout) == (code, told, "")


def test_a_file_never_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    line = f"{sys.executable} -m acortex run {ECHO} --trace t.actrace --noise-seed 1 >&- 2>&-"
    assert subprocess.run(line, shell=True, cwd=tmp_path, check=False).returncode == 2
    assert reader.open(tmp_path / "t.actrace").complete


def test_what_is_left_of_a_reader_that_went_away_is_not_said_at_the_end() -> None:
    for words in ("--version", "isa"):
        line = f"{sys.executable} -m acortex {words} | true; exit ${{PIPESTATUS[0]}}"
        found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
        assert (found.returncode, found.stderr) == (0, "")


# --- signals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_during_imports_is_quiet(tmp_path: Path, number: signal.Signals, code: int) -> None:
    plant = "sys.modules.pop('acortex.tools.commands.group', None)\nimport builtins\nreal = builtins.__import__\n" + (
        "def slow(name, *rest, **more):\n"
        "    if name == 'acortex.tools.commands.group':\n"
        "        print('importing', flush=True); time.sleep(60)\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = slow"
    )
    running = start(planted(plant, "zoo"), tmp_path)
    assert running.stdout is not None and running.stdout.readline() == "importing\n"
    running.send_signal(number)
    assert running.communicate() == ("", "")
    assert running.returncode == code


SIMULATING = """
from acortex.sim.timing.wiring import TimedChip
real = TimedChip._simulate
def slow(self, limit, tick):
    if limit is not None or tick is None:
        return real(self, limit, tick)
    def telling():
        print("simulating", file=sys.stderr, flush=True)
        time.sleep(60)
    return real(self, limit, telling)
TimedChip._simulate = slow
from acortex.sim.timing.kernel import Kernel
drain = Kernel.drain
Kernel.drain = lambda self, limit, every, tick: drain(self, limit, 1 if tick else every, tick)
"""
"""A run that stands still in the midst of its simulated time."""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_its_summary_and_its_trace_so_far(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    running = start(planted(SIMULATING, "run", ECHO, "--trace", "t.actrace"), tmp_path)
    assert running.stderr is not None and running.stderr.readline() == "simulating\n"
    running.send_signal(number)
    out, errors = running.communicate()
    assert running.returncode == code
    assert out.startswith("echo on acortex_digits   incomplete: stopped at cycle ")
    assert out.endswith("trace: t.actrace.part\n")
    assert "interrupted; the program goes on" in errors and "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["t.actrace.part"]
    assert not reader.open(tmp_path / "t.actrace.part").complete


def test_a_second_signal_kills_and_one_that_comes_twice_does_not(tmp_path: Path) -> None:
    plant = (
        "def stubborn(*_, **__):\n"
        "    for wait in (60, 60):\n"
        "        try:\n            print('ready', flush=True); time.sleep(wait)\n"
        "        except KeyboardInterrupt: pass\n"
        "run.opened = stubborn"
    )
    running = start(planted(plant, "run", ECHO), tmp_path)
    assert running.stdout is not None and running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)  # at once, as `timeout` does: it is the same
    time.sleep(2 * process.GRACE_S)
    assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    running.communicate()
    assert running.returncode == -signal.SIGTERM


def test_sigterm_leaves_no_temporary_file(tmp_path: Path) -> None:
    plant = (
        "from pathlib import Path\n"
        "def slow(self, data):\n    open(self, 'wb').write(b'half'); print('writing', flush=True); time.sleep(60)\n"
        "Path.write_bytes = slow"
    )
    running = start(planted(plant, "asm", ECHO, "-o", "out.acx"), tmp_path)
    assert running.stdout is not None and running.stdout.readline() == "writing\n"
    assert len(list(tmp_path.iterdir())) == 1
    running.terminate()
    assert running.communicate() == ("", "\ninterrupted\n")
    assert running.returncode == 143
    assert list(tmp_path.iterdir()) == []


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    """A job of a script's background ignores Ctrl-C, and `nohup` a closed terminal."""
    code = (
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from acortex.tools.console.process import SIGNALS\nSIGNALS.interrupt()\nsignal.raise_signal(signal.SIGHUP)\n"
        "print(SIGNALS.exit_code)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "0\n"


def test_a_signal_that_comes_while_an_object_is_freed_is_not_lost() -> None:
    code = (
        "import signal\nfrom acortex.tools.console.process import SIGNALS\nSIGNALS.interrupt()\n"
        "class Freed:\n    def __del__(self): signal.raise_signal(signal.SIGTERM)\n"
        "import time\ntry:\n    one = Freed()\n    del one\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    print(SIGNALS.exit_code)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("143\n", "")


def test_a_signal_within_a_text_that_is_executed_ends_with_the_code_of_the_signal(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(
        "import signal, sys\nfrom acortex.tools import cli\n"
        "def run():\n    cli.SIGNALS.interrupt()\n    try: exec('signal.raise_signal(signal.SIGTERM)')\n"
        "    except KeyboardInterrupt: sys.exit(cli.SIGNALS.exit_code)\n"
        "cli._main = run\ncli.main()"
    )
    found = subprocess.run([sys.executable, "-m", "late"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (143, "")


# --- faults ----------------------------------------------------------------------------------------------------------

FAULTY = "def broken(*_, **__): raise LookupError('a fault\\nof two lines')\nrun.opened = broken"


def test_a_fault_of_our_own_is_two_lines_and_a_report(tmp_path: Path) -> None:
    command = planted(FAULTY, "run", "my program.s")
    env = {**os.environ, "SECRET": "not to be told"}
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=env, check=False)
    (report,) = tmp_path.iterdir()
    assert report.name.startswith("acortex-crash-") and report.suffix == ".txt"
    assert (found.returncode, found.stdout) == (70, "")
    assert found.stderr.splitlines() == [
        "acortex failed, through a fault of its own: LookupError: a fault of two lines",
        f"a report was saved as {report.name}: read it, and attach it to a bug report",
    ]
    text = report.read_text()
    assert f"acortex: {acortex.__version__}\ncommand line: acortex run 'my program.s'\n" in text
    assert "in broken" in text and "SECRET" not in text and "not to be told" not in text


def test_a_report_goes_into_the_folder_of_temporary_files_where_it_must(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    gone = FAULTY + "\nimport os\nos.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
    env = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = planted(gone, "run", "p.s")
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=env, check=False)
    (report,) = (tmp_path / "tmp").iterdir()
    assert found.returncode == 70
    assert f"a report was saved as {report}: " in found.stderr


# --- runs and their traces -------------------------------------------------------------------------------------------


def test_of_two_runs_that_write_one_trace_the_second_is_refused(tmp_path: Path) -> None:
    first = start(planted(SIMULATING, "run", ECHO, "--trace", "t.actrace"), tmp_path)
    assert first.stderr is not None and first.stderr.readline() == "simulating\n"
    second = subprocess.run(
        [*COMMAND, "run", str(ECHO), "--trace", "t.actrace", "--output", "y.npy"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = "t.actrace.part: another run is writing it\n  hint: let it end, or give --trace another name\n"
    assert (second.returncode, second.stdout, second.stderr) == (2, "", told)
    assert not (tmp_path / "y.npy").exists()
    first.kill()
    first.communicate()
    third = subprocess.run([*COMMAND, "run", str(ECHO), "--trace", "t.actrace"], cwd=tmp_path, check=False)
    assert third.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["t.actrace"]


FULL = """
from acortex.traces.file import writer
real = writer._create
def full(*where):
    real(*where).close()
    return open("/dev/full", "wb", buffering=0)
writer._create = full
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_ends_the_trace_and_not_the_run(tmp_path: Path) -> None:
    command = planted(FULL, "run", ECHO, "--trace", "t.actrace", "--output", "y.npy")
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stdout.startswith("echo on acortex_digits")
    told = "warning: the trace is incomplete: t.actrace.part cannot be written (No space left on device)\n"
    assert found.stderr == told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.actrace.part", "y.npy"]


def test_from_python_the_result_of_a_run_has_a_warning_about_its_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acortex.traces.file import writer

    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(writer, "_create", lambda *_: full)
        result = acortex.run(ECHO, trace=tmp_path / "t.actrace")
    assert result.report["trace_failure"] == "cannot be written (No space left on device)"
    assert result.report["warnings"][-1].startswith("the trace is incomplete: ")
    assert len(result.outputs) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_as_all_is_done_is_quiet(tmp_path: Path, number: signal.Signals, code: int) -> None:
    plant = (
        "import os\nfrom acortex.tools.console.process import SIGNALS, Signals\nkill = Signals.kill\n"
        "def late(self):\n"
        "    Signals.kill = kill\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    time.sleep(60)\n"
        "Signals.kill = late"
    )
    ended = subprocess.run(planted(plant, "--version"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (code, "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("libopenblas.so: failed to map segment from shared object", 1),
        ("x.so: cannot allocate memory in static TLS block", 1),
        ("No module named 'acortex.gone'", 70),
    ],
)
def test_a_library_that_finds_no_memory_is_no_fault_of_acortex(tmp_path: Path, words: str, code: int) -> None:
    plant = f"from acortex.tools.commands import zoo\ndef fail(*_, **__): raise ImportError({words!r})\n"
    plant += "zoo.zoo.callback = fail"
    ended = subprocess.run(planted(plant, "zoo"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ("needs more memory than there is" in ended.stderr) == (code == 1)
    assert bool(list(tmp_path.iterdir())) == (code == 70)
