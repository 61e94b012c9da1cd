"""The pictures of the studies: SVGs, the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from acortex.tools.drawing.chart import Scale, across
from acortex.tools.drawing.column import Column
from acortex.tools.drawing.letters import shortest, width_of, wrapped
from acortex.tools.drawing.page import MARGIN, TOP, page
from acortex.tools.drawing.palette import COLOURS, DIM, EMPTY, INK, Look, ink_on
from acortex.tools.drawing.scene import Box, Line, Mark, MarkShape, Rect, Shape, Text, centred, paragraph
from acortex.tools.drawing.svg import svg
from acortex.tools.paper.studies import FAST, PARTS, Point, Stage, Study, by_part, stages
from acortex.traces.results_of_paths import CriticalPath
from acortex.units import percent
from acortex.wording import all_of, count

BLUE, ORANGE, GREEN, GREY = COLOURS[0], COLOURS[5], COLOURS[2], COLOURS[7]

OF_PARTS = dict(zip(PARTS, (COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[3], COLOURS[4], COLOURS[7]), strict=True))
"""The colour of each part of the chip that a critical path runs through."""

NAMES = 218.0
"""The width of the names of rows, in pixels."""

Titles = Mapping[str, str]


def limits(studies: Sequence[Study], titles: Titles) -> bytes:
    """Where the critical path of each network runs, as published and with its loads out of the way."""
    width, row = 640.0, 34.0
    left = MARGIN + NAMES + 40
    rows = [(f"{titles[one.network]}, {how}", by_part(path)) for one in studies for how, path in _paths(one)]
    box = Box(left, TOP + 8, left + width, TOP + 8 + row * len(rows))
    scale = Scale(0, 100, box.left, box.right)
    shapes: list[Shape] = [*across(box, scale, lambda value: f"{value:.0f} %", "share of the critical path")]
    for number, (name, shares) in enumerate(rows):
        y = box.top + number * row
        shapes.append(Text(left - 10, y + 21, shortest(name, NAMES + 30, 12), 12, "end"))
        shapes += _stacked(shares, scale, y + 5, row - 10)
    keys = Column(box.right + 34, TOP + 4, 170)
    keys.heading("Part of the chip")
    for part, colour in OF_PARTS.items():
        keys.key(Look(colour), part)
    published, fast = ([_rest(path) for path in paths] for paths in zip(*map(_two, studies), strict=True))
    caption = (
        f"As published, all but loads and frames take at most {percent(max(published))} of a critical path; with "
        f"{FAST.name} up to {percent(max(fast))}."
    )
    bottom = max(box.bottom + 40, keys.y)
    made = page(
        "What limits a network",
        "Critical paths by part",
        [*shapes, *keys.shapes],
        keys.x + keys.width + MARGIN,
        bottom,
        caption,
    )
    return svg(made).encode()


def _two(one: Study) -> tuple[CriticalPath, CriticalPath]:
    return one.critical, one.fast


def _rest(path: CriticalPath) -> float:
    """The share of a path that is neither loads nor frames."""
    shares = by_part(path)
    return 1 - shares["loads"] - shares["frames"]


def _paths(one: Study) -> tuple[tuple[str, CriticalPath], ...]:
    return tuple(zip(("published", FAST.name), _two(one), strict=True))


def _stacked(shares: Mapping[str, float], scale: Scale, y: float, height: float) -> Iterator[Shape]:
    """Parts of a whole one after another, those with their number that have room for it."""
    done = 0.0
    for part, share in shares.items():
        start, end = scale.at(100 * done), scale.at(100 * (done + share))
        done += share
        if end <= start:
            continue
        colour, said = OF_PARTS[part], f"{100 * share:.0f}"
        yield Rect(start, y, end - start, height, colour, tip=f"{part}: {percent(share)}")
        if width_of(said, 11) + 6 <= end - start:
            yield centred(Box(start, y, end, y + height), said, 11, colour=ink_on(colour))


MEASURES: tuple[tuple[str, str, MarkShape], ...] = (
    ("latency", BLUE, "circle"),
    ("energy", ORANGE, "diamond"),
    ("area", INK, "square"),
)
"""What is compared: its name, and the mark that it has."""

MOVES = 0.02
"""The change, as a share, from which on a variant has a row: without one in any network it is named alone."""

LANE, ROW = 12.0, 42.0
"""From one mark of a row to the next, and from one row to the next."""

WIDE, APART = 270.0, 26.0
"""The width of a network's points, and what is free between two."""


def changes(one: Study, point: Point) -> list[float]:
    """What a variant changes of the published chip's latency, energy and area, as shares."""
    base = one.published
    pairs = (
        (point.latency_ms, base.latency_ms),
        (point.energy_uj, base.energy_uj),
        (point.area_mm2, base.area_mm2),
    )
    return [value / published - 1 for value, published in pairs]


def parallel(studies: Sequence[Study], titles: Titles) -> bytes:
    """What each variant changes of latency, energy and area, as points left or right of the published chip."""
    every = {row: [changes(one, one.variants[row]) for one in studies] for row in range(len(studies[0].variants))}
    moved = sorted((row for row in every if _largest(every[row]) >= MOVES), key=lambda row: _latencies(every[row]))
    top, end = TOP + 34, TOP + 34 + ROW * len(moved)
    low, high = _span([every[row] for row in moved])
    shapes: list[Shape] = _row_names([studies[0].variants[row].variant.name for row in moved], top)
    right = MARGIN + NAMES
    for number, one in enumerate(studies):
        left = MARGIN + NAMES + 12 + number * (WIDE + APART)
        right = left + WIDE
        scale = Scale(low, high, left + 44, right - 46)
        shapes.append(Text(left, TOP + 14, titles[one.network], 14, bold=True))
        shapes += across(Box(left, top, right, end), scale, _signed)
        shapes.append(Line(((scale.at(0), top), (scale.at(0), end)), INK, 1.2))
        for at, row in enumerate(moved):
            shapes += _lollipops(every[row][number], scale, top + ROW * at + ROW / 2)
    shapes += _marks_key(end + 38)
    caption = _caption_of_parallel(studies, titles, every, moved)
    subtitle = "Change against the published chip; left of the line is less"
    return svg(page("Doing more at once", subtitle, shapes, right + MARGIN, end + 50, caption)).encode()


def _largest(held: Sequence[Sequence[float]]) -> float:
    """The largest change that a variant makes of any number of any network."""
    return max(abs(value) for row in held for value in row)


def _latencies(held: Sequence[Sequence[float]]) -> float:
    return sum(row[0] for row in held)


def _span(changed: Sequence[Sequence[Sequence[float]]]) -> tuple[float, float]:
    """The least and the largest of some changes in percent, with the published chip between them."""
    values = [0.0, *(100 * value for variant in changed for row in variant for value in row)]
    return min(values), max(values)


def _signed(value: float) -> str:
    return f"{value:+.0f} %" if value else "0"


def _row_names(names: Sequence[str], top: float) -> list[Shape]:
    """The names of rows at the left, in two lines where they need them, each on a band of its own."""
    shapes: list[Shape] = []
    for number, name in enumerate(names):
        y = top + ROW * number
        lines = wrapped(name, NAMES, 12)
        shapes += paragraph(MARGIN, y + ROW / 2 + 4 - (len(lines) - 1) * 8, lines, 12, INK)
        shapes.append(Line(((MARGIN, y), (MARGIN + NAMES, y)), EMPTY, 1.0))
    return shapes


def _lollipops(values: Sequence[float], scale: Scale, y: float) -> Iterator[Shape]:
    """A mark for each measure of a variant, on a stem from the published chip, with its change in percent."""
    for number, (value, (name, colour, mark)) in enumerate(zip(values, MEASURES, strict=True)):
        at, x = y + (number - 1) * LANE, scale.at(100 * value)
        yield Line(((scale.at(0), at), (x, at)), colour, 1.6)
        yield Mark(x, at, mark, colour, 8, f"{name}: {value:+.1%}")
        if abs(value) >= MOVES / 4:
            yield Text(
                x + (7 if value > 0 else -7), at + 3.3, f"{100 * value:+.0f}", 9, "start" if value > 0 else "end"
            )


def _marks_key(y: float) -> Iterator[Shape]:
    x = MARGIN + NAMES + 12
    for name, colour, mark in MEASURES:
        yield Mark(x + 5, y, mark, colour)
        yield Text(x + 16, y + 4, name, 12)
        x += 90


def _caption_of_parallel(
    studies: Sequence[Study], titles: Titles, every: Mapping[int, Sequence[Sequence[float]]], moved: Sequence[int]
) -> str:
    parts = []
    for number, one in enumerate(studies):
        row = min(every, key=lambda at: every[at][number][0])
        parts.append(f"{titles[one.network]} {-100 * every[row][number][0]:.0f} % ({one.variants[row].variant.name})")
    still = [studies[0].variants[row].variant.name for row in every if row not in moved]
    said = f"The most that latency falls by: {all_of(parts)}."
    if still:
        said += f" Not drawn, for they change nothing by {100 * MOVES:.0f} % or more: {all_of(still)}."
    return said


def layers(studies: Sequence[Study], titles: Titles) -> bytes:
    """Shares of energy, time and multiply-accumulates of each stage, in the order of the program."""
    wide, apart = 500.0, 40.0
    shapes: list[Shape] = []
    bottom = TOP
    for number, one in enumerate(studies):
        left = MARGIN + number * (wide + apart)
        held = stages(one.published.run, one.critical)
        shapes.append(Text(left, TOP + 14, titles[one.network], 14, bold=True))
        shapes += _stages(one, held, left, wide)
        bottom = max(bottom, TOP + 26 + STAGE * len(held))
    x = MARGIN
    for name, colour in SERIES:
        shapes += [Rect(x, bottom + 8, 13, 13, colour), Text(x + 20, bottom + 19, name, 12)]
        x += 40 + width_of(name, 12)
    width = 2 * MARGIN + len(studies) * (wide + apart) - apart
    caption = " ".join(_dearest(one, titles[one.network]) for one in studies)
    subtitle = "Layers taken together by the first part of their names, in the order of the program"
    return svg(page("Energy by layer", subtitle, shapes, width, bottom + 24, caption)).encode()


SERIES = (("of the energy", ORANGE), ("of the critical path", BLUE), ("of the multiply-accumulates", GREY))
"""The bars of a stage."""

SMALL = 0.0005
"""The smallest share that has a number."""

STAGE = 40.0
"""The height of a stage's bars with what is free below them."""


def _stages(one: Study, held: Sequence[Stage], left: float, wide: float) -> Iterator[Shape]:
    """Three bars for each stage, all of them on one scale from 0."""
    run = one.published.run
    names = [f"{stage.name}, {count(stage.layers, 'layer')}" if stage.layers > 1 else stage.name for stage in held]
    start = left + min(max(width_of(name, 12) for name in names), 190.0) + 12
    shares = [_three(stage, run.energy_j, one.critical.cycles, run.macs) for stage in held]
    scale = Scale(0, max(map(max, shares)), start, left + wide - 48)
    for number, (name, row) in enumerate(zip(names, shares, strict=True)):
        y = TOP + 28 + STAGE * number
        yield Text(start - 8, y + 20, shortest(name, start - left - 10, 12), 12, "end")
        yield from _bars(name, row, scale, y)
    yield Line(((start, TOP + 26), (start, TOP + 24 + STAGE * len(held))), INK, 1.0)


def _bars(name: str, row: Sequence[float], scale: Scale, y: float) -> Iterator[Shape]:
    """The bars of a stage, with the numbers of those that are not next to nothing."""
    for at, (share, (what, colour)) in enumerate(zip(row, SERIES, strict=True)):
        top = y + at * 11.5
        yield Rect(scale.start, top, scale.at(share) - scale.start, 9.5, colour, tip=f"{name}: {percent(share)} {what}")
        if share >= SMALL:
            yield Text(scale.at(share) + 5, top + 8.5, percent(share), 9, colour=DIM)
    if max(row) < SMALL:
        yield Text(scale.start + 5, y + 20, "below 0.1 % of each", 9, colour=DIM)


def _three(stage: Stage, energy_j: float, cycles: int, macs: int) -> tuple[float, float, float]:
    return stage.energy_j / energy_j, stage.cycles / cycles, stage.macs / macs if macs else 0.0


def _dearest(one: Study, title: str) -> str:
    run = one.published.run
    stage = max(stages(run, one.critical), key=lambda held: held.energy_j)
    energy, _, macs = _three(stage, run.energy_j, one.critical.cycles, run.macs)
    return f"{title}: {stage.name} takes {percent(energy)} of the energy for {percent(macs)} of the work."
