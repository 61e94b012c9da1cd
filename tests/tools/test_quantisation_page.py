"""The page about quantisation: its table is what the script writes, and its columns differ by what they do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.programs.network.network import Network
from acortex.tools import quantisation_page as page
from acortex.tools.analog_page import marks


def rows(checkout: Path) -> list[list[str]]:
    """The cells of the page's table, its heads first."""
    begins, ends = marks(page.TABLE, "quantisation_page")
    text = (checkout / "docs" / "quantisation.md").read_text().partition(begins)[2].partition(ends)[0].strip()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [found[0], *found[2:]]


def test_the_page_has_each_network_and_each_way(checkout: Path) -> None:
    heads, *body = rows(checkout)
    assert heads == ["network", *page.WAYS]
    assert [row[0] for row in body] == [case.name for case in page.CASES]


def test_by_the_page_all_steps_together_gain_on_all_but_unrelated_numbers(checkout: Path) -> None:
    _, *body = rows(checkout)
    for name, *cells in body:
        fast, *_, best = (float(cell.split()[0]) for cell in cells)
        assert best > fast or "random inputs" in name


@pytest.mark.slow
def test_a_row_of_the_page_is_what_is_measured(checkout: Path) -> None:
    (case,) = (one for one in page.CASES if one.name.startswith("three matrices"))
    row = next(row for row in rows(checkout) if row[0] == case.name)
    found = [page._text(page.correlation_of(case, way)) for way in page.WAYS.values()]
    assert found == row[1:]


def test_each_way_does_something_else() -> None:
    case = page.Case("small", lambda: Network("n", input=(3, 6, 6)).conv(8, 3).relu().flatten().linear(4), 8, 8)
    assert len({page.correlation_of(case, way) for way in page.WAYS.values()}) == len(page.WAYS)


def test_smooth_images_are_seeded_and_near_pixels_are_alike() -> None:
    images = page.smooth(0, 5, (3, 16, 16))
    assert np.array_equal(images, page.smooth(0, 5, (3, 16, 16)))
    assert not np.array_equal(images, page.smooth(1, 5, (3, 16, 16)))
    apart = images - images.mean(axis=(2, 3), keepdims=True)
    assert (apart * np.roll(apart, 1, axis=3)).mean() > 0.4 * np.square(apart).mean()


@pytest.mark.parametrize(
    ("found", "text"), [(1.0, "1.0000"), (np.sqrt(0.5), "0.7071 (-0.0 dB)"), (0.0, "0.0000 (-inf dB)")]
)
def test_a_correlation_is_shown_with_the_noise_that_it_stands_for(found: float, text: str) -> None:
    assert page._text(found).replace("(0.0", "(-0.0") == text


def test_a_page_without_a_place_for_the_table_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "measured", lambda: "| table |")
    (tmp_path / "page.md").write_text("nothing")
    with pytest.raises(AcortexError, match="no place for the table measured"):
        page.main(str(tmp_path / "page.md"))
    assert (tmp_path / "page.md").read_text() == "nothing"
    begins, ends = marks(page.TABLE, "quantisation_page")
    (tmp_path / "page.md").write_text(begins + ends)
    page.main(str(tmp_path / "page.md"))
    assert "| table |" in (tmp_path / "page.md").read_text()
