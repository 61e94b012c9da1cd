"""docs/analog.md: its examples run, its table is what the command gives, and it names every setting."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import acortex
from acortex.sim.accuracy import own
from acortex.sim.chip import technology_files
from acortex.sim.chip.errors import CONDITIONS, Errors
from acortex.sim.chip.specs import load_chip


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "analog.md").read_text()


def test_the_page_names_every_setting(page: str) -> None:
    named = set(re.findall(r"`([a-z_0-9]+)(?: = \"\w+\")?`", page))
    assert [name for name in Errors.model_fields if name not in named | {"model", *CONDITIONS}] == []


def test_its_python_runs(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "_REGISTERED", {})
    first, second = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    found: dict[str, object] = {}
    exec(first, found)  # the page's own example
    report = found["report"]
    assert isinstance(report, acortex.sim.accuracy.results.AccuracyReport)
    assert report.errors["errors.own"] == "leak"
    exec(second, found)  # the page's own example
    away = np.asarray(found["achieved"]) - np.asarray(found["weights"])
    assert 0 < np.abs(away).max() < 2  # levels of 8


def test_its_technology_loads(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(technology_files, "_OWN", type(technology_files._OWN)(dict))
    (text,) = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "fefet.toml").write_text(text)
    errors = load_chip("acortex_digits", [f"arrays.cell={tmp_path / 'fefet.toml'}"]).errors
    assert (errors.tuning_pct, errors.tuning_of) == (4, "full_scale")


@pytest.mark.slow
def test_its_table_is_what_the_command_gives(page: str) -> None:
    rows = re.findall(r"^\| .*?: `([^`]*)` \| (\d+\.\d\d) % \| (\d+\.\d\d) \|$", page, re.MULTILINE)
    assert len(rows) == 13
    for settings, mean, sd in rows:
        given = ["arrays.cell=digital_sram", *(f"errors.{one}" for one in settings.split())]
        found = acortex.accuracy("zoo:digits_mlp", settings=given).accuracy
        assert (f"{100 * found.mean:.2f}", f"{100 * found.sd:.2f}") == (mean, sd), settings
