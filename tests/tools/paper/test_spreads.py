"""Spreads of fitted constants are those of refits: computed anew from simulated networks, and rounded outwards."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper import fig7b, fit, measure
from acortex.tools.paper.fit import LAWS, Counts
from acortex.tools.paper.printed import NETWORKS, figure_7b

pytestmark = pytest.mark.slow

ALONE = ("energy.bus_to_arrays_pj_per_mm", "energy.bus_from_arrays_pj_per_mm")
"""Of these two the refit without ResNet-152 lies farthest off; the one without Inception-v1 is between."""


@pytest.fixture(scope="module")
def counts() -> dict[str, Counts]:
    """What the three networks of the figure count."""
    return {column: fig7b.counts_of(column, measure.measure(name)) for column, name in measure.COLUMNS.items()}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.row)
def test_the_ends_of_a_fitted_constant_are_those_of_refits(law: fit.Law, counts: dict[str, Counts]) -> None:
    chip = load_chip("acortex_gnmt")
    refits = [fit.fit(law, counts, fit.others(law.on, left_out)) for left_out in NETWORKS]
    for path, _, _ in law.terms:
        value, spread = chip.value(path), chip.spreads[path]
        ends = sorted(float(one) for one in spread.ends(Decimal(str(value))))
        found = [*(one[path] for one in refits), value]
        assert ends == pytest.approx([min(found), max(found)], rel=0.005)
        assert spread.reason == "refitted without one network of Fig. 7b at a time"


def test_constants_that_are_drawn_together_lie_where_one_refit_has_both(counts: dict[str, Counts]) -> None:
    chip, law = load_chip("acortex_gnmt"), next(one for one in LAWS if one.row == "energy_pct.buses")
    refit = fit.fit(law, counts, fit.others(law.on, "resnet_152"))
    for path in ALONE:
        assert float(chip.spreads[path].at(Decimal(str(chip.value(path))), 1.0)) == pytest.approx(
            refit[path], rel=0.005
        )
        assert float(chip.spreads[path].at(Decimal(str(chip.value(path))), 0.0)) == chip.value(path)


def test_frame_and_clock_are_those_of_refits_to_the_latencies(counts: dict[str, Counts]) -> None:
    """A latency is that of its frames, one for each position, and of all other cycles that were simulated."""
    chip = load_chip("acortex_gnmt")
    printed = {name: 1e6 * float(figure_7b()[name]["latency_ms"].value) for name in NETWORKS}
    refits = []
    for left_out in NETWORKS:
        pair = [name for name in NETWORKS if name != left_out]
        found = [counts[name] for name in pair]
        terms = [[one.positions, one.cycles - one.positions * one.frame_cycles] for one in found]
        refits.append(np.linalg.solve(np.array(terms, float), [printed[name] for name in pair]))
    by_frame = sorted(map(tuple, refits))
    for end, (frame_ns, clock_ns) in ((0.0, by_frame[0]), (1.0, by_frame[-1])):  # the two lie on one way
        assert float(chip.spreads["arrays.frame_ns"].at(chip.arrays.frame_ns, end)) == pytest.approx(
            frame_ns, rel=0.005
        )
        assert float(chip.spreads["clock_ns"].at(chip.clock_ns, end)) == pytest.approx(clock_ns, rel=0.005)
    assert chip.spreads["area.frame_anchor_ns"].ends(chip.area.frame_anchor_ns) == chip.spreads["arrays.frame_ns"].ends(
        chip.arrays.frame_ns
    )  # whatever the frame is, the printed area is that of its circuits
