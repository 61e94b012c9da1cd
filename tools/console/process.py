"""The process that runs a command: its standard streams, and the signals that end it.

Imported before anything else, so it imports next to nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from _thread import start_new_thread
from io import TextIOWrapper

TYPE_CHECKING = False  # as `typing` has it, which is not to be imported yet
if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that end a process: Ctrl-C, `kill`, a terminal that is closed."""

GRACE_S = 0.25
"""How long after the first signal another one counts as the same: `timeout` sends its signal twice."""


def open_streams() -> None:
    """Makes sure that there are three standard streams, and that text for a poor terminal is no error.

    The numbers of closed ones would go to the next files that are opened, and messages would be written into those.
    What is read from a closed stdin, and written to a closed stdout, then fails as it should: "bad file descriptor".
    """
    for number, way in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  # a stream of the process
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without bars and boxes shows question marks


def abandon_stdout() -> None:
    """Drops what stdout still holds: it must not fail again as the interpreter closes the stream."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):  # no stream of a process, as in tests
        return


def _send_later(number: int) -> None:
    time.sleep(GRACE_S / 50)
    os.kill(os.getpid(), number)


class Signals:
    """What SIGINT, SIGTERM and SIGHUP do to a command. A signal that was ignored at the start stays ignored."""

    def __init__(self) -> None:
        self._received = 0
        self._at = 0.0

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal that ended the command, as shells have it; 0 if none did."""
        return 128 + self._received if self._received else 0

    def resume(self) -> bool:
        """Forgets a Ctrl-C, so that the command goes on; returns whether it was one. Other signals end the command."""
        if self._received not in (0, signal.SIGINT):
            return False
        self._received = 0
        return True

    def exit_at_once(self) -> None:
        """From now on a signal ends the process quietly: there is nothing to tidy up yet."""
        self._handle_with(lambda number, _frame: os._exit(128 + number))

    def interrupt(self) -> None:
        """From now on the first signal raises KeyboardInterrupt, and the next one kills."""
        sys.unraisablehook = self._unraisable
        self._handle_with(self._interrupt)

    def kill(self) -> None:
        """From now on a signal kills: the work is done."""
        self._handle_with(signal.SIG_DFL)

    def _handle_with(self, handler: object) -> None:
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)  # type: ignore[arg-type]

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._received:
            self._received, self._at = number, now
            raise KeyboardInterrupt
        if now - self._at > GRACE_S:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def _unraisable(self, found: UnraisableHookArgs) -> None:
        """Raises again what Python dropped because the signal came while it freed an object or a lock."""
        if self._received and isinstance(found.exc_value, KeyboardInterrupt):
            number, self._received = self._received, 0
            start_new_thread(_send_later, (number,))  # raised within this hook it would be dropped again
        else:
            sys.__unraisablehook__(found)


SIGNALS = Signals()
"""The signals of this process."""
