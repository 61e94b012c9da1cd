"""The progress bar: on a terminal only, and only where there is something to wait for."""

from __future__ import annotations

import io
import sys
import time

import pytest

from acortex.tools.console import progress
from acortex.tools.console.progress import ProgressBar, Working


class Terminal(io.StringIO):
    """A stderr that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Makes stderr a terminal. No fixture: pytest takes stderr back before a test begins."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    return made


def test_a_short_task_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    with ProgressBar("inferences") as bar:
        bar(1, 2)
    assert stderr.getvalue() == ""


def test_a_long_task_shows_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    stderr = terminal(monkeypatch)
    with ProgressBar("inferences") as bar:
        bar(700, 1500)
        bar(800, 1500)
    assert "inferences" in stderr.getvalue()
    assert "700/1500" in stderr.getvalue()


def test_a_pipe_gets_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with ProgressBar("inferences") as bar:
        bar(700, 1500)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("rate", "words"), [(0.42, "0.4/s"), (9.96, "10.0/s"), (10, "10/s"), (12345.6, "12,346/s")])
def test_a_slow_rate_has_a_tenth(rate: float, words: str) -> None:
    assert progress.per_second(rate) == words


def until(wanted: str, stderr: Terminal) -> bool:
    """Waits a moment for a text that another thread writes."""
    for _ in range(200):
        if wanted in stderr.getvalue():
            return True
        time.sleep(0.02)
    return False


def test_work_of_unknown_length_shows_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.01)
    stderr = terminal(monkeypatch)
    with Working("compiling"):
        assert until("compiling", stderr) and until("0:00:0", stderr)
    assert sys.stderr is stderr


def test_short_work_of_unknown_length_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch)
    with Working("compiling"):
        pass
    time.sleep(0.05)
    assert stderr.getvalue() == ""


def test_a_pipe_gets_no_bar_of_unknown_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with Working("compiling"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""


def test_a_failure_of_the_work_ends_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.01)
    stderr = terminal(monkeypatch)
    with pytest.raises(KeyboardInterrupt), Working("compiling"):
        assert until("compiling", stderr)
        raise KeyboardInterrupt
    shown = stderr.getvalue()
    time.sleep(0.3)
    assert stderr.getvalue() == shown


def test_a_part_that_is_told_ends_as_all_of_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind it may take as long as it likes: a full bar would say that it is over."""
    monkeypatch.setattr(progress, "PATIENCE_S", 0.01)
    stderr = terminal(monkeypatch)
    with Working("comparing") as bar:
        assert until("comparing", stderr)
        assert bar._bar is not None
        (task,) = bar._bar.tasks
        for done, shown in ((0, (0, 9)), (8, (8, 9)), (9, (0, None)), (3, (3, 9))):
            bar(done, 9)
            assert (task.completed, task.total) == shown
