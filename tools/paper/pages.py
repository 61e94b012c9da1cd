"""Writes the pages and pictures of docs/ that hold numbers of simulated runs: `make reproduce` rebuilds them all.

python -m acortex.tools.paper docs
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from acortex.programs import zoo
from acortex.sim.specs import load_chip
from acortex.tools import files
from acortex.tools.paper import report as report_fig7b
from acortex.tools.paper import study_pages, study_plots
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.contradictions import BUILT, contradictions
from acortex.tools.paper.fig7b import Measured
from acortex.tools.paper.fig7b_plot import draw
from acortex.tools.paper.measure import runs_of_fig7b
from acortex.tools.paper.studies import VARIANTS, Study, point, study

INTRODUCTION = """# Fig. 7b, the paper's and ours

The table of Bavandpour et al. 2018, "Mixed-Signal Neuromorphic Inference Accelerators: Recent Results and Future
Prospects", with what this simulator says beside it. The networks are compiled, and their programs simulated cycle by
cycle; every count is of events that happened. `make reproduce` rebuilds this page and its picture; `acortex reproduce
fig7b` prints the same.

`~` marks cells that do not agree with the rest of the table. *left out* is the ratio with every constant derived
anew without the network of the column. *basis*: `exact` rows are counted; `predicted` ones use only constants that were
derived on other networks; the constants of `fitted` ones saw this network too. The last column says why a row lies
more than 5 % outside what its printed digits allow, or more than half a point where it is a percentage.

![The shares of energy and area, the paper's and ours](figure-7b.svg)

"""


def main(folder: str) -> None:
    """Writes all pages into a folder."""
    target = Path(folder)
    _told("Fig. 7b")
    runs, beside, largest = runs_of_fig7b()
    files.write(str(target / "figure-7b.svg"), draw(runs))
    files.write(str(target / "figure-7b.md"), INTRODUCTION + report_fig7b.markdown(runs, beside, largest))
    files.write(str(target / "study-table.md"), _contradictions(runs, beside))
    studies = [_studied(name) for name in study_pages.NAMES]
    # GNMT's layers are all alike.
    for name, content in pages_of(studies, studies[:2]).items():
        files.write(str(target / name), content)


def _told(what: str) -> None:
    print(f"simulating {what}", file=sys.stderr, flush=True)


def _studied(name: str) -> Study:
    _told(f"{name} on {len(VARIANTS)} variants of its chip")
    return study(compiled_network(name), compiled_network(name, mapping="dense"), zoo.entry(name).chip)


def _contradictions(runs: Mapping[str, Measured], beside: Measured) -> str:
    """The page that needs the runs of Fig. 7b, and one more."""
    chip = zoo.entry("inception_v1").chip
    built = point(compiled_network("inception_v1", settings=(BUILT,)), load_chip(chip, (BUILT,)))
    used = runs["resnet_152"].compiled.arrays_used
    return contradictions(runs, beside, built, used)


def pages_of(studies: Sequence[Study], layered: Sequence[Study]) -> dict[str, str | bytes]:
    """The pages and pictures of the studies by file name; `layered` are those whose layers are told."""
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
