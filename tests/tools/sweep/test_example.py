"""The sweep of the how-to page: 216 chips that can all be planned, none of them faster for nothing."""

from __future__ import annotations

from pathlib import Path

from acortex.sim.chip.specs import load_chip
from acortex.tools.sweep.axes import text_of
from acortex.tools.sweep.points import points_of
from acortex.tools.sweep.spec import read_spec

CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_sweep_of_the_page_has_its_points() -> None:
    spec = read_spec(str(CHECKOUT / "docs" / "how-to" / "parallel.toml"))
    points = list(points_of(spec))
    published = load_chip("acortex_resnet")
    assert (len(points), spec.timing_only) == (216, True)
    page = (CHECKOUT / "docs" / "how-to" / "explore-a-chip.md").read_text()
    assert "216 chips" in page
    for point in points[:: len(points) // 12]:
        chip = load_chip("acortex_resnet", [f"{name}={text_of(value)}" for name, value in point.values.items()])
        assert chip.clock_ns >= published.clock_ns  # no price is known of a faster clock
