"""What a case of fuzzing may do: give a right answer, or fail with one precise error, soon and in little memory."""

from __future__ import annotations

import io
import os
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

CPU_S = 2.0
"""Processor time of each command of a case; what is imported at its first use is imported before."""

MEMORY = 512 << 20
"""Bytes of a case beyond those of its file."""

Check = Callable[[Path, Path], None]
"""Does what a target does with the file of a case, in an empty folder of its own. Raises Wrong."""


class Wrong(Exception):
    """An answer that is not right, or a failure that is not one precise error."""


class TooLong(BaseException):
    """A case has used up its time; no handler of errors may take it for one."""


@dataclass(frozen=True)
class Finding:
    """What is wrong with a case: `kind` is the same for the same fault, so that one of them is kept."""

    kind: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str


class _Stream(io.TextIOWrapper):
    """A standard stream that is kept, bytes too."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="surrogateescape", newline="", write_through=True)

    def kept(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(errors="replace")  # type: ignore[attr-defined]


def command(*words: str) -> Outcome:
    """Runs a command in this process. Raises Wrong where it fails otherwise than with an error in words."""
    from acortex.tools.cli import cli

    out, err = _Stream(), _Stream()
    with CLOCK.anew(), redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.main(list(words), prog_name="acortex", standalone_mode=False)
        except SystemExit as end:
            code = end.code
    done = Outcome(words, int(code or 0), out.kept(), err.kept())
    _hold(done)
    return done


def _hold(done: Outcome) -> None:
    """Holds an outcome to what is allowed."""
    told = f"acortex {' '.join(done.words)}: exit {done.code}\n{done.err[:2000]}"
    if done.code not in (0, 1, 2):
        raise Wrong(f"exit code {done.code}\n{told}")
    if "Traceback (most recent call last)" in done.err:
        raise Wrong(f"a traceback\n{told}")
    if "more memory than there is" in done.err:
        raise Wrong(f"out of memory\n{told}")
    if done.code and not (done.err.strip() or done.out.strip()):
        raise Wrong(f"a failure without a word\n{told}")


def verdict(check: Check, case: Path, folder: Path, cpu_s: float = CPU_S, memory: int = MEMORY) -> Finding | None:
    """Runs one case within its bounds; None where all is as it may be. Each command has the time for itself."""
    before = _memory("VmRSS")
    _forget_peak()
    try:
        with CLOCK.running(cpu_s):
            check(case, folder)
    except TooLong as error:
        return Finding(
            f"time {_place(error).partition(':')[0]}", f"more than {cpu_s} s of processor time\n{_stack(error)}"
        )
    except Wrong as error:
        return Finding(_kind(str(error)), str(error))
    except (Exception, SystemExit) as error:
        return Finding(f"{type(error).__name__} {_place(error)}", _stack(error))
    if CLOCK.longest > cpu_s:
        return Finding("time in one call", f"{CLOCK.longest:.1f} s of processor time, in a call that Python cannot end")
    if (peak := _memory("VmHWM") - before) > memory + case.stat().st_size:
        return Finding("memory", f"{peak >> 20} MB more than before")
    return None


def _kind(text: str) -> str:
    """An answer's fault without what differs from case to case."""
    return re.sub(r"[0-9]+|'[^']*'|\S*/\S*", "_", text)[:120]


def _stack(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]


def _place(error: BaseException) -> str:
    """The last line of ours that an error came through."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "site-packages" not in one.filename]
    ours = [one for one in frames if f"{os.sep}fuzz{os.sep}verdict.py" not in one.filename]
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else ""


class _Clock:
    """Ends a block that takes more processor time than it may; it says so again where the block goes on."""

    def __init__(self) -> None:
        self._bound = self._begun = 0.0
        self.longest = 0.0
        """The longest stretch so far, in seconds."""

    @contextmanager
    def running(self, cpu_s: float) -> Iterator[None]:
        """Within the block no stretch may take more."""
        old = signal.signal(signal.SIGPROF, self._end)
        self._bound, self.longest = cpu_s, 0.0
        try:
            self._begin()
            yield
            self._note()
        finally:
            self._bound = 0.0
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, old)

    @contextmanager
    def anew(self) -> Iterator[None]:
        """The block is a stretch of its own, and what follows another one."""
        self._next()
        try:
            yield
        finally:
            self._next()

    def _next(self) -> None:
        if self._bound:
            self._note()
            self._begin()

    def _begin(self) -> None:
        self._begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, self._bound, self._bound)

    def _note(self) -> None:
        self.longest = max(self.longest, time.process_time() - self._begun)

    @staticmethod
    def _end(_number: int, _frame: FrameType | None) -> None:
        raise TooLong


CLOCK = _Clock()


def _forget_peak() -> None:
    """Has the kernel of Linux count the peak of memory anew."""
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _memory(name: str) -> int:
    """A number of bytes of this process; 0 where the system does not say it so."""
    with suppress(OSError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith(name):
                return int(line.split()[1]) << 10
    return 0
