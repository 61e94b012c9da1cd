"""The progress bar: on a terminal only, and only where there is something to wait for."""

from __future__ import annotations

import io
import sys

import pytest

from acortex.tools.console import progress
from acortex.tools.console.progress import ProgressBar


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
