"""What views print, as lines without the blanks that only align them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from rich.console import Console, RenderableType

from acortex.tools.console.output import show

Said = Callable[[Iterable[RenderableType]], list[str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """said(parts): the lines of a report on a wide terminal, each run of blanks as one."""

    def lines(parts: Iterable[RenderableType]) -> list[str]:
        show(Console(width=200, highlight=False), parts)
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return lines
