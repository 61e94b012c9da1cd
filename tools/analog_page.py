"""Writes the tables of docs/analog-networks.md: what analog errors cost the networks of the zoo, and what wins it back.

    python -m acortex.tools.analog_page docs/analog-networks.md

Each table stands between two marks of its name. All are of simulated populations: minutes of computing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import AcortexError, UsageError, run_as_script
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.programs.network import published
from acortex.sim.accuracy.recalibrate import recalibrate
from acortex.sim.accuracy.results import AccuracyReport, Trims
from acortex.sim.accuracy.study import accuracy
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.programs import open_program
from acortex.tools.paper.markdown import table
from acortex.units import scaled

CHIPS = 100
"""Chips of a population: that of seed 0."""


@dataclass(frozen=True)
class Case:
    """Errors on top of those of the technology: how they are called, and their settings."""

    name: str
    settings: tuple[str, ...]

    @property
    def chip_settings(self) -> list[str]:
        """The settings with their section."""
        return [f"errors.{one}" for one in self.settings]


OWN = Case("its technology's own", ())
TUNING = Case("tuning, 20 % of the target", ("tuning_pct=20",))
FULL_SCALE = Case("tuning, 10 % of full scale", ("tuning_pct=10", "tuning_of=full_scale"))
OFFSETS = Case("offsets of neurons, 1 code", ("neuron_offset_codes=1",))
GAINS = Case("gains of neurons, 20 %", ("neuron_gain_pct=20",))
READS = Case("noise of cells at a read, 5 %", ("read_pct=5",))
DRIFT = Case("drift, exponent 0.02, after 10^6 s", ("drift_exponent=0.02", "age_s=1e6"))
WIRES = Case("wires of 5 ohm, cells of 50 uS", ("wire_row_ohm=5", "wire_column_ohm=5", "cell_full_scale_us=50"))
BOTH = Case("offsets of 1 code, tuning 10 % of full scale", (*OFFSETS.settings, *FULL_SCALE.settings))

NOTICED = (OWN, TUNING, FULL_SCALE, OFFSETS, GAINS, READS, DRIFT, WIRES)

NETWORKS = (
    "digits_mlp", "digits_mlp_unsaturated", "digits_cnn", "letters_mlp", "letters_mlp_4flips", "letters_mlp_5flips",
)  # fmt: skip


@cache
def measured(network: str, case: Case) -> AccuracyReport:
    """A network of the zoo on its own chip, with errors."""
    return _on(open_program(f"zoo:{network}", None, case.chip_settings), network, case)


def _on(program: Program, network: str, case: Case) -> AccuracyReport:
    return accuracy(program, load_chip(zoo.entry(network).chip, case.chip_settings), chips=CHIPS)


def noticed() -> str:
    """How much each network notices of each error: the mean, and the spread from chip to chip."""
    rows = [["ideal", *(f"{100 * measured(name, OWN).ideal:.2f}" for name in NETWORKS)]]
    for case in NOTICED:
        rows.append([case.name, *(_mean(measured(name, case)) for name in NETWORKS)])
    margins = [_margin(measured(name, OWN)) for name in NETWORKS]
    return table(["errors", *map(_code, NETWORKS)], [*rows, ["margin of the ideal chip", *margins]])


def aware() -> str:
    """Aware against unaware training."""
    unaware, trained = "digits_mlp_unsaturated", "digits_mlp_aware"
    heads = ["errors", "unaware: mean", "spread", "p5", "margin", "aware: mean", "spread", "p5", "margin"]
    rows = [["none", *_ideal(measured(unaware, OWN)), *_ideal(measured(trained, OWN))]]
    for case in (OWN, TUNING, FULL_SCALE, OFFSETS, BOTH, GAINS, READS):
        found = [measured(name, case) for name in (unaware, trained)]
        rows.append([case.name, *(cell for one in found for cell in _whole(one))])
    return table(heads, rows)


def recalibrated() -> str:
    """What scales chosen anew win back, and what measuring takes."""
    heads = ["network", "errors", "ideal", "before", "after", "sums shrink to", "time", "energy for each chip"]
    rows = []
    for network in ("digits_mlp", "digits_mlp_unsaturated", "letters_mlp_5flips"):
        for case in (WIRES, DRIFT):
            rows.append(_recalibrated(network, case))
    return table(heads, rows)


def _recalibrated(network: str, case: Case) -> list[str]:
    before = measured(network, case)
    chip = load_chip(zoo.entry(network).chip, case.chip_settings)
    program = open_program(f"zoo:{network}", chip)
    found = recalibrate(program, chip, inputs={program.inputs[0].name: calibration(network)})
    after, cost = _on(found.program, network, case), found.report.cost
    shrink = ", ".join(f"{100 * row.gain:.0f} %" for row in found.report.scales)
    took = scaled(cost.time_s, "s"), scaled(cost.energy_j / found.report.chips, "J")
    return [_code(network), case.name, f"{100 * before.ideal:.2f}", _mean(before), _mean(after), shrink, *took]


def calibration(network: str) -> NDArray[np.uint8]:
    """Inputs that no accuracy is judged by: 200 training digits, or training letters."""
    if network.startswith("letters"):
        return np.asarray(published.arrays("letters_mlp.npz")["calibration"])
    return np.unpackbits(published.arrays("digits_cnn.npz")["calibration"], axis=1)


def trimmed() -> str:
    """What trims of offsets and gains win back, and what they take."""
    heads = ["network", "errors", "trims", "mean", "spread", "p5", "time", "energy for each chip"]
    rows = []
    for network in ("digits_mlp", "digits_mlp_unsaturated"):
        for case, trims in ((OFFSETS, ("trim_codes=0.5", "trim_codes=0.125")), (GAINS, ("trim_pct=1",))):
            for trim in ("", *trims):
                with_trim = Case(case.name, (*case.settings, *filter(None, [trim])))
                found = measured(network, with_trim)
                mean, spread, low, _ = _whole(found)
                name = f"`{trim}`" if trim else "none"
                rows.append([_code(network), case.name, name, mean, spread, low, *_cost(found.trims)])
    return table(heads, rows)


def settings() -> str:
    """What the rows of the other tables set."""
    rows = [[case.name, " ".join(f"`--set errors.{one}`" for one in case.settings)] for case in (*NOTICED[1:], BOTH)]
    return table(["errors", "settings"], rows)


def _cost(trims: Trims | None) -> tuple[str, str]:
    return ("-", "-") if trims is None else (scaled(trims.time_s, "s"), scaled(trims.energy_j, "J"))


def _code(name: str) -> str:
    return f"`{name}`"


def _mean(report: AccuracyReport) -> str:
    return f"{100 * report.accuracy.mean:.2f} ({100 * report.accuracy.sd:.2f})"


def _margin(report: AccuracyReport) -> str:
    assert report.margin is not None
    return f"{report.margin.ideal_median:g} (p5 {report.margin.ideal_p5:g})"


def _whole(report: AccuracyReport) -> tuple[str, str, str, str]:
    assert report.margin is not None
    found = report.accuracy
    return f"{100 * found.mean:.2f}", f"{100 * found.sd:.2f}", f"{100 * found.p5:.2f}", f"{report.margin.median:g}"


def _ideal(report: AccuracyReport) -> tuple[str, str, str, str]:
    assert report.margin is not None
    return f"{100 * report.ideal:.2f}", "-", "-", f"{report.margin.ideal_median:g}"


TABLES: Mapping[str, Callable[[], str]] = {
    "noticed": noticed,
    "settings": settings,
    "aware": aware,
    "recalibrated": recalibrated,
    "trimmed": trimmed,
}
"""The tables of the page by the name in their marks."""


def marks(name: str, writer: str = "analog_page") -> tuple[str, str]:
    """The lines before and after a table that a module of `acortex.tools` writes."""
    return f"<!-- {name}: written by tools/{writer}.py -->\n", f"<!-- end of {name} -->\n"


def with_tables(page: str, tables: Mapping[str, str], writer: str = "analog_page") -> str:
    """A page with each of the tables between the marks of their writer. Raises AcortexError for one without them."""
    for name, text in tables.items():
        begins, ends = marks(name, writer)
        before, found, rest = page.partition(begins)
        _, ended, after = rest.partition(ends)
        if not found or not ended:
            raise AcortexError(f"the page has no place for the table {name}", hint=f"mark it with {begins}{ends}")
        page = f"{before}{begins}\n{text}\n\n{ends}{after}"
    return page


def main(path: str, *names: str) -> None:
    """Writes the tables into a page: all of them, or those that are named."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise UsageError(f"the page has no table {unknown[0]}", hint=f"it has {', '.join(TABLES)}")
    chosen = {name: TABLES[name]() for name in names or TABLES}
    safe_files.write(path, with_tables(Path(path).read_text(encoding="utf-8"), chosen).encode())


if __name__ == "__main__":
    run_as_script(main, *sys.argv[1:])
