"""The text of `acortex serve`, from a document of `acortex.system/1` alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.sim.system.results import SystemReport
from acortex.tools.views.system import system_parts

from .conftest import Said

AJ = 10**12  # a microjoule


def times(mean: float) -> dict[str, float]:
    """Latencies that are told apart."""
    return {"mean": mean, "min": 0.0, "p50": 2 * mean, "p95": 3 * mean, "p99": 4 * mean, "max": 5 * mean}


def chip(stage: str, replica: int, utilisation: float, wait_s: float, requests: int, aj: int) -> dict[str, Any]:
    own = {"program": f"{stage}.acx", "chip": f"acortex_{stage}", "idle_latency_s": 2e-6, "interval_s": 1e-6}
    load = {"requests": requests, "utilisation": utilisation, "wait_s": wait_s, "energy_aj": aj, "leakage_aj": AJ}
    return {"stage": stage, "replica": replica, **own, **load}


LINK = {
    "source": "a", "target": "b", "replica": 0, "tensors": ["x"], "requests": 4, "words": 1568, "interval_s": 3e-7,
    "latency_s": 4e-7, "utilisation": 0.125, "wait_s": 2e-9, "energy_aj": 8 * AJ,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "system": "pair", "stages": 2, "replicas": 1, "span_s": 1e-3, "throughput_per_s": 4000.0, "idle_latency_s": 5e-6,
    "stream": {"kind": "saturated", "requests": 4, "rate_per_s": None, "seed": None},
    "latency_s": times(1e-6), "wait_s": times(1e-9), "energy_j": 1e-4, "energy_aj": 100 * AJ,
    "energy_per_request_j": 2.5e-5, "energy_by_part_aj": {"chips": 70 * AJ, "leakage": 20 * AJ, "links": 10 * AJ},
    "bottleneck": {"kind": "link", "name": "a to b", "interval_s": 2.5e-6, "requests_per_s": 4e5},
    "chips": [chip("a", 0, 0.5, 1e-6, 4, 7 * AJ), chip("b", 0, 0.25, 3e-6, 4, 3 * AJ)], "links": [LINK],
}  # fmt: skip


def report(**changed: Any) -> SystemReport:
    return SystemReport.model_validate({**REPORT, **changed})


def test_a_stream_through_two_chips_is_told_as_a_whole_in_percentiles_and_by_part(said: Said) -> None:
    assert said(system_parts(report())) == [
        "pair on 2 chips 4 requests, all at once",
        "",
        "throughput 4.00 k/s at most 400 k/s for long: the link a to b takes one in 2.50 us",
        "idle latency 5.00 us of a request that is alone",
        "energy 25.0 uJ per request: 70.0 % chips, 20.0 % leakage, 10.0 % links",
        "",
        "mean p50 p95 p99 max",
        "latency 1.00 us 2.00 us 3.00 us 4.00 us 5.00 us",
        "of it waiting 1.00 ns 2.00 ns 3.00 ns 4.00 ns 5.00 ns",
        "",
        "Stage chip idle interval busy waiting energy",
        "a acortex_a 2.00 us 1.00 us 50.0 % 1.00 us 2.00 uJ",
        "b acortex_b 2.00 us 1.00 us 25.0 % 3.00 us 1.00 uJ",
        "",
        "Link words latency interval busy waiting energy",
        "a to b 1,568 400 ns 300 ns 12.5 % 2.00 ns 2.00 uJ",
    ]


def test_replicas_share_a_row_whose_waiting_is_the_mean_of_requests(said: Said) -> None:
    """One of the copies took three requests that waited 1 us each, the other one that waited 5 us: 2 us on average."""
    chips = [chip("a", 0, 0.75, 1e-6, 3, 5 * AJ), chip("a", 1, 0.25, 5e-6, 1, 1 * AJ)]
    links = [{**LINK, "requests": 3}, {**LINK, "replica": 1, "requests": 1, "wait_s": 6e-9, "utilisation": 0.0}]
    found = said(system_parts(report(chips=chips, links=links, stages=1, replicas=2)))
    assert found[0] == "pair on 2 replicas of 1 chip 4 requests, all at once"
    assert "a acortex_a 2.00 us 1.00 us 25.0 % to 75.0 % 2.00 us 2.00 uJ" in found
    assert found[-1] == "a to b 1,568 400 ns 300 ns 0.0 % to 12.5 % 3.00 ns 4.00 uJ"


def test_links_the_other_way_round_are_others(said: Said) -> None:
    found = said(system_parts(report(links=[LINK, {**LINK, "source": "b", "target": "a", "words": 7}])))
    assert [line.split()[:4] for line in found[-2:]] == [["a", "to", "b", "1,568"], ["b", "to", "a", "7"]]


def test_one_chip_has_no_table_of_links(said: Said) -> None:
    found = said(system_parts(report(links=[], stages=1, chips=REPORT["chips"][:1])))
    assert found[0].startswith("pair on 1 chip ")
    assert found[-1].startswith("a acortex_a ") and not [line for line in found if line.startswith("Link")]


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ({"kind": "saturated", "requests": 1, "rate_per_s": None, "seed": None}, "1 request, all at once"),
        ({"kind": "recorded", "requests": 2000, "rate_per_s": None, "seed": None}, "2,000 requests, as recorded"),
        ({"kind": "poisson", "requests": 2, "rate_per_s": 5e4, "seed": 7}, "2 requests, 50.0 k/s at random, seed 7"),
    ],
    ids=str,
)
def test_the_first_line_says_how_requests_came(stream: dict[str, Any], told: str, said: Said) -> None:
    assert said(system_parts(report(stream=stream)))[0] == f"pair on 2 chips {told}"


@pytest.mark.parametrize("timing", ["composed", "simulated"])
def test_only_of_a_simulated_stream_is_each_word_simulated(timing: str, said: Said) -> None:
    found = said(system_parts(report(timing=timing)))
    assert ("each word of each request is simulated" in found) == (timing == "simulated")
