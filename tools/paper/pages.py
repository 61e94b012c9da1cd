"""Writes the pages and pictures of docs/ that hold numbers of simulated runs: `make reproduce` rebuilds them all.

python -m acortex.tools.paper docs
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.tools.console import files
from acortex.tools.paper import findings, report, study_pages, study_plots
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.contradictions import BUILT, contradictions
from acortex.tools.paper.fig7b_plot import draw
from acortex.tools.paper.figures import registry, view
from acortex.tools.paper.figures.figure import Figure, Options
from acortex.tools.paper.measure import runs_of_fig7b
from acortex.tools.paper.studies import VARIANTS, Point, Study, point, study


def main(folder: str) -> None:
    """Writes all pages into a folder."""
    target = Path(folder)
    figures = {}
    for name in registry.NAMES:
        _report(name)
        figures[name] = registry.demonstrator(name).made(Options(), lambda done, total: None)
        for file, content in of_figure(figures[name]).items():
            files.write(str(target / file), content)
    _report("Fig. 7b")
    runs = runs_of_fig7b()
    files.write(str(target / "figure-7b.svg"), draw(runs.own))
    files.write(str(target / "figure-7b.md"), report.page(runs))
    files.write(str(target / "findings.md"), findings.page(figures, runs))
    files.write(str(target / "study-table.md"), contradictions(runs, _built()))
    studies = [_studied(name) for name in study_pages.NAMES]
    # GNMT's layers are all alike.
    for name, content in pages_of(studies, studies[:2]).items():
        files.write(str(target / name), content)


def of_figure(figure: Figure) -> dict[str, str | bytes]:
    """The page and the picture of a figure by file name."""
    stem = f"figure-{figure.name.removeprefix('fig')}"
    return {f"{stem}.md": view.page(figure), f"{stem}.svg": figure.picture()}


def _report(what: str) -> None:
    print(f"simulating {what}", file=sys.stderr, flush=True)


def _studied(name: str) -> Study:
    _report(f"{name} on {len(VARIANTS)} variants of its chip")
    return study(compiled_network(name), compiled_network(name, mapping="dense"), zoo.entry(name).chip)


def _built() -> Point:
    """Inception-v1 on the chip that its printed areas follow from."""
    chip = zoo.entry("inception_v1").chip
    return point(compiled_network("inception_v1", settings=(BUILT,)), load_chip(chip, (BUILT,)))


def pages_of(studies: Sequence[Study], layered: Sequence[Study]) -> dict[str, str | bytes]:
    """The pages and pictures of the studies by file name; `layered` are those whose layers have a page."""
    titles = {one.network: study_pages.title(one) for one in studies}
    return {
        "study-limits.md": study_pages.limits(studies),
        "study-limits.svg": study_plots.limits(studies, titles),
        "study-parallel.md": study_pages.parallel(studies),
        "study-parallel.svg": study_plots.parallel(studies, titles),
        "study-mapping.md": study_pages.mapping(studies),
        "study-layers.md": study_pages.layers(layered),
        "study-layers.svg": study_plots.layers(layered, titles),
    }
