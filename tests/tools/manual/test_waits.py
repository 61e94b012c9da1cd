"""docs/reference/waits.md has a remedy for each cause, and the remedies that it measures work."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.sim.timing.handovers import CAUSES
from acortex.tools.manual.remedies import REMEDIES
from acortex.tools.manual.waits import measured, page

CHECKOUT = Path(__file__).resolve().parents[3]
PAIRS = [cause for cause, remedy in REMEDIES.items() if remedy.pair]


def test_each_cause_has_a_remedy_and_each_remedy_a_cause() -> None:
    declared = CAUSES[: len(REMEDIES)]  # a file of an agent that a test imports declares more behind them
    assert list(REMEDIES) == declared


@pytest.mark.parametrize("cause", PAIRS)
def test_a_remedy_shortens_the_wait_and_the_run(cause: str) -> None:
    pair = REMEDIES[cause].pair
    assert pair is not None
    found = measured(cause, pair)
    assert found.cycles[1] < found.cycles[0]
    assert found.waited[1] < found.waited[0]


def test_what_is_not_measured_says_why() -> None:
    for cause, remedy in REMEDIES.items():
        assert bool(remedy.pair) != bool(remedy.no_pair), cause
    assert len(PAIRS) > 3 * (len(REMEDIES) - len(PAIRS))


@pytest.mark.slow
def test_the_page_is_what_make_pages_writes() -> None:
    written = (CHECKOUT / "docs" / "reference" / "waits.md").read_text(encoding="utf-8")
    assert written == page(), "make pages writes it anew"
    assert all(f"\n## {cause}\n" in written for cause in REMEDIES)
