"""The picture of a sweep: the same bytes for the same rows, its words, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.tools.sweep.results import SweepReport
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import sweep
from acortex.tools.views.sweep_plot import draw

VMM = str(Path(__file__).parents[3] / "programs" / "vmm.s")


def report(folder: Path, **axes: object) -> SweepReport:
    return sweep(spec_of({"program": VMM, "axes": axes}, "s.toml"), folder)


def test_a_picture_is_the_same_bytes_and_names_its_axes(tmp_path: Path) -> None:
    made = report(tmp_path, **{"memory.access_cycles": [1, 2, 3], "memory.ports": [1, 2]})
    svg = draw(made)
    assert svg == draw(made)
    text = svg.decode()
    for words in ("6 points", "latency, s   (less is better)", "memory.access_cycles", "share of the variance, %"):
        assert f"<!-- {words} -->" in text


def test_fewer_than_two_points_make_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a picture needs two points with latency_s and energy_j, there are 1"):
        draw(report(tmp_path, **{"memory.ports": [1, 0]}))
