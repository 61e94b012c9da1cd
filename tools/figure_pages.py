"""Writes the pages and pictures of docs/ that hold numbers of simulated runs: `make reproduce` rebuilds them all.

python -m acortex.tools.figure_pages docs
"""

from __future__ import annotations

import sys
from pathlib import Path

from acortex.errors import AcortexError
from acortex.tools import files, report_fig7b
from acortex.tools.fig7b_plot import draw
from acortex.tools.reproduce import runs_of_fig7b

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
    runs, beside, largest = runs_of_fig7b()
    files.write(str(Path(folder) / "figure-7b.svg"), draw(runs))
    files.write(str(Path(folder) / "figure-7b.md"), INTRODUCTION + report_fig7b.markdown(runs, beside, largest))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AcortexError as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.exit_code)
