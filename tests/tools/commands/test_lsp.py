"""`acortex lsp` without its extra."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from acortex.tools.cli import cli


def test_without_its_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    result = CliRunner().invoke(cli, ["lsp"], prog_name="acortex")
    assert result.exit_code == 2
    assert "acortex lsp needs an optional package" in result.stderr
    assert 'pip install "acortex[lsp]"' in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_it_takes_no_argument() -> None:
    result = CliRunner().invoke(cli, ["lsp", "programs/vmm.s"], prog_name="acortex")
    assert result.exit_code == 2
    assert "programs/vmm.s" in result.stderr
