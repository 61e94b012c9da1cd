"""What the paper says, sentence by sentence, and what we find: the page that leads to all others.

A sentence names rows of the reproduced figures. The sentences are in our words: what is printed are the numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper import fig7b
from acortex.tools.paper.fig7b import TITLES, FigureRuns
from acortex.tools.paper.figures.figure import Figure, Printed, put_in
from acortex.tools.paper.figures.view import AGREES, number, printed
from acortex.tools.paper.render import render
from acortex.tools.paper.results import Basis, FigureRow

KINDS: tuple[Basis, ...] = ("exact", "published", "predicted", "chosen", "fitted")


@dataclass(frozen=True)
class Sentence:
    """Something that the paper says, and the row of a figure that answers it."""

    says: str
    figure: str
    row: str
    denied: str = ""
    """Why the sentence is wrong, where its numbers agree with ours."""


SENTENCES = (
    Sentence("Seven kinds of multipliers score - to ++++ in density", "fig2", "rank correlation, density"),
    Sentence("… in precision", "fig2", "rank correlation, precision"),
    Sentence("… in speed", "fig2", "rank correlation, speed"),
    Sentence("… in energy efficiency", "fig2", "rank correlation, energy"),
    Sentence("Half of a write on other cells disturbs some where thresholds spread", "fig3",
             "0T1R, 20 x 20, each cell once, 15 % spread"),
    Sentence("… and none where each cell has a transistor", "fig3", "1T1R, every spread"),
    Sentence("The letters network is on two passive crossbars of 20 x 20", "fig4", "crossbars"),
    Sentence("Cells are tuned within about 5 %", "fig4", "tolerance of writing"),
    Sentence("The pattern has ten levels", "fig4", "levels of the pattern"),
    Sentence("… from 96.6 kOhm, white", "fig4", "white, the highest resistance"),
    Sentence("… to 7.0 kOhm, black", "fig4", "black, the lowest resistance"),
    Sentence("The digits classifier has 101,780 cells", "fig5", "cells"),
    Sentence("… and 74 neurons", "fig5", "neurons"),
    Sentence("It takes less than 1 us for a pattern", "fig5", "latency of loads, frames and conversions"),
    Sentence("… and less than 20 nJ", "fig5", "energy"),
    Sentence("… on less than 1 mm2", "fig5", "area"),
    Sentence("In simulation it recognises 96.2 % of digits", "fig5", "accuracy of the ideal chip"),
    Sentence("The chip itself recognises 94.65 % of digits", "fig5", "accuracy of chips as written, mean"),
    Sentence("So it loses 1.55 points, by its weights' precision", "fig5", "accuracy lost by chips as written"),
    Sentence("The classifier in 55 nm has about 13 million cells", "fig6", "cells"),
    Sentence("Its arrays take about 30 % of the area", "fig6", "arrays of the area"),
    Sentence("Its neurons take about 6 % of the area", "fig6", "neurons of the area"),
    Sentence("The digital chip for GNMT has 607 mm2", "fig7c", "area, digital"),
    Sentence("… of it about 92 % static RAM", "fig7c", "static RAM of the area, digital"),
    Sentence("… and about 6 % units", "fig7c", "units of the area, digital"),
    Sentence("It takes 0.35 ms", "fig7c", "latency, digital"),
    Sentence("… at 3.21 TOp/J", "fig7c", "efficiency, digital"),
    Sentence("The mixed-signal chip is smaller", "fig7c", "area, digital over mixed-signal"),
    Sentence("… takes much less energy", "fig7c", "energy, digital over mixed-signal"),
    Sentence("The mixed-signal chip keeps a large advantage in speed, too",
             "fig7c", "latency, digital over mixed-signal",
             "the latencies that are printed beside it, and ours, say that the digital chip is the faster one"),
    Sentence("The mixed-signal chip has 293 mm2", "fig7c", "area, mixed-signal"),
    Sentence("… takes 0.59 ms", "fig7c", "latency, mixed-signal"),
    Sentence("… at 283 TOp/J", "fig7c", "efficiency, mixed-signal"),
)  # fmt: skip
"""In the order of the paper."""


ARCHITECTURE = "fig7a"
"""What stands for the figure whose numbers are settings of the published chips, and simulated nowhere."""


def architecture() -> list[FigureRow]:
    """What Fig. 7a prints of the chips, as the chip file has it."""
    config = load_chip("acortex_gnmt").config
    blocks = 2 * sum(f"m_{half}" in config["arrays"] for half in ("top", "bottom"))
    return [
        put_in("Arrays have 64 rows and 64 columns", "", config["arrays"]["k"], Printed(64)),
        put_in("They lie in four blocks", "blocks", blocks, Printed(4)),
        put_in("Main memory has 1024 KB", "KB", config["memory"]["capacity_kb"], Printed(1024)),
        put_in("Weights and activations have 4 bits", "bits", config["neurons"]["bits"], Printed(4)),
    ]


def page(figures: Mapping[str, Figure], runs: FigureRuns) -> str:
    """The page, from the figures and the runs of Fig. 7b."""
    rows = {name: {row.row: row for row in figure.rows} for name, figure in figures.items()}
    chips = architecture()
    sentences = (*SENTENCES, *(Sentence(row.row, ARCHITECTURE, row.row) for row in chips))
    rows[ARCHITECTURE] = {row.row: row for row in chips}
    cells = fig7b.rows(runs.own)
    said = [_judged(one, rows[one.figure][one.row]) for one in sentences]
    largest = {(one.network, one.row): one.ratio for one in fig7b.on_largest(runs.own, runs.largest)}
    return render(
        "findings.md.j2",
        sentences=list(map(_line, sentences, said)),
        cells=list(cells_of(cells)),
        tally=tally([*said, *cells]),
        largest=max(ratio for (_, row), ratio in largest.items() if row == "latency_ms"),
        disagree=disagreements(sentences, said),
    )


def _judged(one: Sentence, row: FigureRow) -> FigureRow:
    """The row of a sentence; it does not agree where the sentence is denied, though the numbers do."""
    return row.model_copy(update={"within": False}) if one.denied else row


def _line(one: Sentence, row: FigureRow) -> Sequence[str]:
    """A line of the first table."""
    stem = one.figure.removeprefix("fig")
    unit = f" {row.unit}" if row.unit else ""
    return (
        "Fig. 7a" if one.figure == ARCHITECTURE else f"[Fig. {stem}](figure-{stem}.md)",
        one.says,
        printed(row),
        f"{number(row.ours)}{unit}",
        row.basis,
        AGREES[row.within],
    )


def cells_of(rows: Sequence[FigureRow]) -> Iterator[Sequence[str]]:
    """The table of Fig. 7b, a line for each of its rows: the three networks one behind the other."""
    names = list(dict.fromkeys(row.row for row in rows))
    for name in names:
        own = {row.network: row for row in rows if row.row == name}
        mine = [own[network] for network in TITLES if network in own]
        unit = f" ({mine[0].unit})" if mine[0].unit else ""
        yield (
            f"{name}{unit}",
            " / ".join(printed(row) for row in mine),
            " / ".join(number(row.ours) for row in mine),
            " / ".join(row.basis for row in mine) if len({row.basis for row in mine}) > 1 else mine[0].basis,
            " / ".join(AGREES[row.within] for row in mine),
        )


def tally(rows: Sequence[FigureRow]) -> list[Sequence[str]]:
    """For each basis how many printed numbers there are, and how many of ours agree."""
    judged = [row for row in rows if row.within is not None]
    every, agreeing = Counter(row.basis for row in judged), Counter(row.basis for row in judged if row.within)
    return [(kind, str(every[kind]), str(agreeing[kind])) for kind in KINDS if every[kind]]


def disagreements(sentences: Sequence[Sentence], rows: Sequence[FigureRow]) -> list[str]:
    """What is said of each sentence that ours does not agree with."""
    found = []
    for one, row in zip(sentences, rows, strict=True):
        if row.within is False or one.denied:
            unit = f" {row.unit}" if row.unit else ""
            numbers = f"printed {printed(row)}, ours {number(row.ours)}{unit}"
            found.append(f"{one.says}: {numbers}. {_sentence(one.denied or row.note)}")
    return found


def _sentence(text: str) -> str:
    """A note as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
