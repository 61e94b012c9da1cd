"""Fig. 2: seven kinds of analog multipliers, ranked by simulation beside the paper's scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from acortex.tools.paper.figures import kinds
from acortex.tools.paper.figures.fig2_plot import fill
from acortex.tools.paper.figures.figure import Figure, Given, Options, Progress, columns, simulated
from acortex.tools.paper.figures.kinds import ALONE, CHIPS, KINDS, METRICS, OWN, PUBLISHED, Result
from acortex.tools.paper.results import Drawn, FigureRow

UNITS = {"density": "um2 per weight", "precision": "bits", "speed": "ms", "energy": "uJ"}

FROM_TABLE = "II floating gate, amplitude"
"""The kind that the chips of Fig. 7b have: that table saw what its area, energy and time rest on."""

GIVEN = (
    Given("prices, frames, areas and errors of each kind", "technologies of cells", "chosen",
          "docs/technologies.md: what each rests on; each row says whether that is an own choice"),
    Given("prices of floating gates with amplitudes", "those of Fig. 7b", "fitted", "on Fig. 7b alone (DEVIATIONS.md)",
          (f"density, {FROM_TABLE}", f"energy, {FROM_TABLE}")),
    Given("clock, and cycles of each unit", "those of Fig. 7b", "chosen", "by its latencies (DEVIATIONS.md, D17)",
          (f"speed, {FROM_TABLE}",)),
    Given("network", "Inception-v1 on its chip of Fig. 7b", "chosen", "own choice: Fig. 2 names no network"),
    Given("products whose bits are counted", f"64 rows, {CHIPS} arrays", "chosen",
          "own choice: normal weights, even codes of 4 bits, one common gain taken out, no converter"),
    Given("scores", "- to ++++", "published", "Fig. 2; read as 0 to 4"),
)  # fmt: skip

WHY = {
    ("energy", "switched_capacitor"): "its published energy is of a chip that was made, with converters of 6 bits; the"
    " score may be of what is possible",
    ("energy", "floating_gate_time"): "its published 7 fJ/Op are of 6 bits; Fig. 7b's 1.1 fJ/Op for amplitudes are of"
    " 4. The paper scores time higher",
    ("energy", "memristor_0t1r_amplitude"): "the heat of its cells by Fig. 4, whose states conduct much",
    ("energy", "memristor_1t1r_amplitude"): "a forecast of 100 TOp/J",
    ("precision", "floating_gate"): "shot noise, which is published for amplitude circuits alone",
    ("precision", "memristor_1t1r_amplitude"): "no error is published that tells it from inputs in time: a tie",
    ("speed", "memristor_1t1r"): "2 ns per step as published; the paper scores it lowest",
}
"""Why single numbers stand where they do."""


def made(options: Options, progress: Progress) -> Figure:
    """Fig. 2, simulated."""
    results = kinds.simulated(progress)
    return Figure(
        name="fig2",
        title="Fig. 2",
        caption="Seven kinds of multipliers, each in the same chip with the same network; to the right is better in"
        " every panel. On the right of each panel stands the paper's score. Full marks rest on published numbers,"
        " grey ones on those of another kind, hollow ones on our own choice. Ranks agree in precision; in energy they"
        " do not, and of speed and density we claim nothing.",
        rows=rows(results),
        given=GIVEN,
        drawn=drawn_of(results),
        size=(9.6, 4.3),
        fill=partial(fill, results),
        facts={
            "agreement": {metric: kinds.agreement(results, metric) for metric in METRICS},
            "alone": {what: kinds.alone(what) for what in ALONE},
            "scores": _scores(results),
        },
    )


def rows(results: Sequence[Result]) -> list[FigureRow]:
    """The rows of the figure: correlations first. A score is no number of a unit, so that none is printed."""
    found = []
    for metric in METRICS:
        value, of = kinds.agreement(results, metric)
        found.append(simulated(f"rank correlation, {metric}", "", value, GIVEN, note=_caution(results, metric, of)))
    for what in ALONE:
        value, of = kinds.alone(what)
        note = f"{of} kinds; numbers as they are published, of other processes, precisions and parts of a chip"
        found.append(simulated(f"rank correlation of published numbers alone, {what}", "", value, GIVEN, note=note))
    for metric in METRICS:
        found += [_of_kind(one, metric) for one in results if one.better(metric) is not None]
    return found


def _caution(results: Sequence[Result], metric: str, of: int) -> str:
    """How many kinds a correlation is of, and how many of their numbers are not published."""
    free = [one for one in results if one.better(metric) is not None and one.rests(metric) != PUBLISHED]
    own = sum(one.rests(metric) == OWN for one in free)
    return f"{of} kinds; own choices: {own}, numbers of another kind: {len(free) - own}"


def _of_kind(one: Result, metric: str) -> FigureRow:
    values = {
        "density": one.um2_per_weight, "precision": one.bits or 0.0, "speed": one.latency_ms, "energy": one.energy_uj,
    }  # fmt: skip
    why = WHY.get((metric, one.kind.cell), "")
    rests = f"scored {score(getattr(one.kind, metric))}; {one.sources[metric]}"
    note = f"{rests}; {why}" if why else rests
    return simulated(f"{metric}, {one.kind.name}", UNITS[metric], values[metric], GIVEN, note=note)


def score(value: int) -> str:
    """A score as the paper writes it."""
    return "+" * value or "-"


def _scores(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """For each kind the paper's scores and our ranks, 1 the best; "-" where we have no number."""
    ranks = {metric: _ranked(results, metric) for metric in METRICS}
    return [
        (one.kind.name, *(f"{score(getattr(one.kind, metric))} / {ranks[metric][at]}" for metric in METRICS))
        for at, one in enumerate(results)
    ]


def _ranked(results: Sequence[Result], metric: str) -> list[str]:
    """The rank of each kind, equal ones at the same."""
    better = [one.better(metric) for one in results]
    known = [value for value in better if value is not None]
    return ["-" if value is None else str(1 + sum(other > value * (1 + 1e-6) for other in known)) for value in better]


def drawn_of(results: Sequence[Result]) -> list[Drawn]:
    """The numbers of the picture, in the order of the paper's kinds; 0 bits where none is known."""
    numbers = columns(
        "kinds of Fig. 2",
        um2_per_weight=[one.um2_per_weight for one in results],
        bits=[one.bits or 0.0 for one in results],
        latency_ms=[one.latency_ms for one in results],
        energy_uj=[one.energy_uj for one in results],
    )
    scores = columns("scores", **{metric: [getattr(kind, metric) for kind in KINDS] for metric in METRICS})
    return [numbers, scores]
