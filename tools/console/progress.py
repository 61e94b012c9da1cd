"""A progress bar on stderr for what takes longer than a moment, on a terminal only."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 2.0
"""How long a run may take before the bar appears."""


class ProgressBar:
    """A bar with rate and time left; call it with what is done and what there is to do.

    Where stderr is no terminal it does nothing. It appears after `PATIENCE_S` and is gone when the work is.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._begin = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Says how far the work is."""
        elapsed = time.monotonic() - self._begin
        rate = per_second(done / max(elapsed, 1e-9))
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, rate=rate)
        elif sys.stderr.isatty() and elapsed >= PATIENCE_S:
            self._bar = _bar(self.what)
            self._bar.start()
            self._task = self._bar.add_task(self.what, completed=done, total=total, rate=rate)


def per_second(rate: float) -> str:
    """A rate in words; a slow one with a tenth, for "0/s" would be none."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _bar(what: str) -> Progress:
    """A bar that is not shown yet. It leaves stdout alone: what is printed meanwhile is a result."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


class Working:
    """A bar without an end, with the time that has passed, for work that cannot say how far it is.

    As `ProgressBar` it appears on a terminal only, after `PATIENCE_S`, and is gone when the work is. While a part of
    the work can say how far it is, by calling it, it shows that.
    """

    def __init__(self, what: str) -> None:
        from threading import Lock, Timer  # `--help` need not pay for it

        self.what = what
        self._lock = Lock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._far: tuple[int, int] | None = None
        self._over = False
        self._timer = Timer(PATIENCE_S, self._show)
        self._timer.daemon = True  # an interrupt does not wait for it

    def __enter__(self) -> Working:
        if sys.stderr is not None and sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:  # the bar may be about to appear
            self._over = True
            if self._bar is not None:
                self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Says how far the work is, where it can say so; all of it done is the begin of what cannot."""
        with self._lock:
            self._far = (done, total) if done < total else None
            self._update()

    def _show(self) -> None:
        with self._lock:
            if not self._over:
                self._bar = _endless(self.what)
                self._bar.start()
                self._task = self._bar.add_task(self.what, total=None)
                self._update()

    def _update(self) -> None:
        if self._bar is not None and self._task is not None:
            done, total = self._far or (0, None)
            self._bar.update(self._task, completed=done)
            self._bar.tasks[0].total = total  # for `update` None is no change, and not the lack of an end


def _endless(what: str) -> Progress:
    """A bar that moves to and fro, with the time that has passed."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
