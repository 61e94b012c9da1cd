"""What the cells of Fig. 7b imply: units, and numbers that other cells, or a network's own sizes, say too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper import contradictions
from acortex.tools.paper.printed import NETWORKS, figure_7b


@pytest.mark.parametrize("network", NETWORKS)
def test_the_energy_of_an_inference_is_that_of_its_operations_at_the_printed_efficiency(network: str) -> None:
    cells = figure_7b()[network]
    operations, tops_per_j = (float(cells[row].value) for row in ("operations", "efficiency_tops_per_j"))
    assert contradictions._energy_uj(network) == pytest.approx(operations / 1e12 / tops_per_j * 1e6, rel=0.05)


def test_a_count_is_implied_by_its_energy_over_its_price() -> None:
    """GNMT's array operations are 327,680: the price of one was derived from them."""
    config = load_chip("acortex_gnmt").config
    assert contradictions.implied("gnmt", "array_operations", config) == pytest.approx(327_680, rel=1e-3)
    double = {"energy": {**config["energy"], "sensing_pj": 2 * float(config["energy"]["sensing_pj"])}}
    assert contradictions.implied("gnmt", "array_operations", double) == pytest.approx(327_680 / 2, rel=1e-3)


def test_operations_are_throughput_times_latency_beside_two_for_each_multiply_accumulate() -> None:
    runs: Any = {network: SimpleNamespace(run=SimpleNamespace(macs=1_500_000_000)) for network in NETWORKS}
    found = {row[0]: row[1:] for row in contradictions._operations(runs)}
    assert found["Inception-v1"] == ("5.2e+09", "5.239e+09", "3e+09")
    assert found["GNMT"][1] == "2.679e+09"


def test_utilisation_of_memory_is_that_of_its_peak() -> None:
    memory = SimpleNamespace(peak_words=25, current_words=3, capacity_words=200)
    runs: Any = {"gnmt": SimpleNamespace(run=SimpleNamespace(occupancy=memory))}
    ((name, _, ours),) = contradictions._peaks(runs)
    assert (name, ours) == ("GNMT", "12.50 %")


def test_a_packed_first_layer_takes_its_arrays_fewer_in_each_of_its_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_chip("acortex_resnet").config
    wanted = round(contradictions.implied("resnet_152", "array_operations", config))
    first = SimpleNamespace(name="conv1", arrays=49, array_operations=49 * 12_544)
    compiled = SimpleNamespace(layers=[first], arrays_used=1)
    run = SimpleNamespace(chip=SimpleNamespace(config=config), latency_s=8e-3, energy_j=2e-4)
    one: Any = SimpleNamespace(compiled=compiled, run=run)
    counts = SimpleNamespace(array_operations=wanted + 12_544 * (49 - 28), arrays=7)
    monkeypatch.setattr(contradictions, "counts_of", lambda network, measured: counts)
    monkeypatch.setattr(contradictions, "_counted", lambda whole, fewer: ())
    found = contradictions._blocks(one, one)
    assert found.off_when_packed == pytest.approx(0, abs=1e-6)
    assert (found.latency_ms, found.energy_uj, found.printed_uj) == pytest.approx((8, 200, 173.25))
