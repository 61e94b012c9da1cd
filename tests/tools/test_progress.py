"""The progress bar: on a terminal only, and only where there is something to wait for."""

from __future__ import annotations

import io
import sys

import pytest

from acortex.tools import progress
from acortex.tools.progress import ProgressBar


class Terminal(io.StringIO):
    """A stderr that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    return made


def test_a_short_task_shows_no_bar(terminal: Terminal) -> None:
    with ProgressBar("inferences") as bar:
        bar(1, 2)
    assert terminal.getvalue() == ""


def test_a_long_task_shows_what_is_done(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with ProgressBar("inferences") as bar:
        bar(700, 1500)
    assert "inferences" in terminal.getvalue()
    assert "700/1500" in terminal.getvalue()


def test_a_pipe_gets_no_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with ProgressBar("inferences") as bar:
        bar(700, 1500)
    assert capsys.readouterr().err == ""
