"""Half-selected cells: closed forms against simulation, and the numbers of the published crossbars."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.analog.crossbar import disturbed, disturbed_cells, disturbed_crossbar, thresholds
from acortex.sim.analog.pairs import from_crossbar, split, to_crossbar
from acortex.sim.analog.passive import Writing, steps, write_passive
from acortex.sim.analog.streams import fine_normals, stream

MEMRISTOR = replace(resistive_cell, level_us=1.0)
"""The published memristor, with targets in uS."""


def sources(chips: int) -> list[np.random.PCG64]:
    return [stream(3, chip, "array", (0, 0), "pulses") for chip in range(chips)]


def drawn(spread: float, shape: tuple[int, ...]) -> np.ndarray:
    return thresholds(fine_normals(stream(0, 0, "array", (0, 0), "threshold"), shape), 1.05, spread)


def face() -> np.ndarray:
    """A face of 10 equally spaced states from 96.6 to 7.0 kOhm on 20x20 cells, in uS: round, two eyes, a mouth."""
    y, x = np.mgrid[:20, :20] - 9.5
    grey = np.clip(6 - np.hypot(x, y) * 0.5, 0, 9)
    grey[np.hypot(abs(x) - 3.6, y + 3) < 1.5] = 9
    grey[(abs(np.hypot(x, y + 0.5) - 5.5) < 0.9) & (y > 1.5)] = 8
    return 1e3 / 96.6 + (1e3 / 7.0 - 1e3 / 96.6) * np.rint(grey) / 9


def test_thresholds_are_normal_and_not_below_a_tenth_of_a_volt() -> None:
    volts = drawn(0.15, (1_000_000,))
    sigma = 0.15 * 1.05
    assert abs(volts.mean() - 1.05) < 5 * sigma / 1000
    assert abs(volts.var() - sigma**2) < 5 * sigma**2 * math.sqrt(2) / 1000
    assert drawn(0.6, (100_000,)).min() == 0.1
    assert (drawn(0.0, (9,)) == 1.05).all()
    assert thresholds(np.zeros(3, np.float32), 1.05, 0.1).dtype == np.float32


@pytest.mark.parametrize(
    ("spread", "one", "crossbar"),
    [(0.10, 0.00070, 0.0076), (0.15, 0.01660, 0.1013), (0.20, 0.05511, 0.2430), (0.26, 0.10961, 0.3835)],
)
def test_the_closed_forms_give_these_shares(spread: float, one: float, crossbar: float) -> None:
    assert disturbed(spread) == pytest.approx(one, abs=5e-6)
    assert disturbed_crossbar(spread, 20, 20) == pytest.approx(crossbar, abs=1e-4)


@pytest.mark.parametrize("scheme", ["V/2", "V/3"])
@pytest.mark.parametrize("spread", [0.15, 0.20, 0.26])
def test_simulated_crossbars_agree_with_the_closed_forms(spread: float, scheme: str) -> None:
    share = {"V/2": 1 / 2, "V/3": 1 / 3}[scheme]
    volts = drawn(spread, (200_000, 2, 2))
    one = disturbed(spread, scheme)
    hit = share * (volts[:, 0, 0] + 0.3) > volts[:, 0, 1]  # one write of one cell, one half-selected neighbour
    assert abs(hit.mean() - one) < 4 * math.sqrt(one * (1 - one) / len(hit))
    crossbars = disturbed_cells(drawn(spread, (400, 20, 20)), scheme).mean(axis=(1, 2))
    error = crossbars.std(ddof=1) / math.sqrt(len(crossbars))
    assert abs(crossbars.mean() - disturbed_crossbar(spread, 20, 20, scheme)) < 4 * error


def test_a_cell_is_disturbed_by_its_row_and_its_column_and_not_by_its_own_write() -> None:
    volts = np.full((4, 5), 1.0)
    volts[1, 2] = 3.0  # half of 3.3 V exceeds every other threshold
    cross = np.zeros((4, 5), bool)
    cross[1], cross[:, 2], cross[1, 2] = True, True, False
    assert (disturbed_cells(volts) == cross).all()
    assert (disturbed_cells(volts, "V/3") == cross).all()
    assert not disturbed_cells(volts, "1T1R").any()
    assert not disturbed_cells(np.full((1, 1), 1.0)).any()
    # Half of 0.2 + 0.3 V exceeds the 0.2 V of the first cell, but that is its own write.
    assert disturbed_cells(np.array([[0.2, 0.05]])).tolist() == [[False, True]]
    # Half of 1.75 + 0.25 V is 1 V: what is at its threshold is not beyond it.
    assert disturbed_cells(np.array([[1.75, 1.0, 0.99]]), overdrive=0.25).tolist() == [[False, False, True]]


@pytest.mark.parametrize("scheme", ["V/2", "V/3", "1T1R"])
def test_without_a_spread_no_cell_is_disturbed(scheme: str) -> None:
    assert disturbed(0.0, scheme) == 0
    assert disturbed_crossbar(0.0, 20, 20, scheme) == 0
    assert not disturbed_cells(drawn(0.0, (20, 20)), scheme).any()
    assert disturbed(0.3, "1T1R") == disturbed_crossbar(0.3, 20, 20, "1T1R") == 0


@pytest.mark.parametrize(("mean", "overdrive"), [(2.0, 0.5), (0.6, 0.1)])
def test_the_closed_forms_follow_mean_and_overdrive(mean: float, overdrive: float) -> None:
    given = {"mean": mean, "overdrive": overdrive}
    # f (mean + overdrive) - mean over sigma sqrt(1 + f^2), of which Phi is taken.
    for scheme, share in (("V/2", 0.5), ("V/3", 1 / 3)):
        away = (share * (mean + overdrive) - mean) / (0.3 * mean * math.sqrt(1 + share**2))
        assert disturbed(0.3, scheme, **given) == pytest.approx(0.5 * math.erfc(-away / math.sqrt(2)), rel=1e-12)
    noise = fine_normals(stream(0, 0, "array", (0, 0), "threshold"), (3000, 3, 4))
    volts = mean * (1 + 0.3 * noise)
    found = disturbed_cells(volts, "V/2", overdrive).mean(axis=(1, 2))
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - disturbed_crossbar(0.3, 3, 4, "V/2", **given)) < 4 * error


def test_without_a_spread_all_cells_or_none_are_disturbed() -> None:
    """At 0.2 V and 0.3 V beyond that half of a write is 0.25 V; at 0.4 V it is 0.35 V, which is too little."""
    for mean, all_of_them in ((0.2, 1.0), (0.3, 0.0), (0.4, 0.0)):
        assert disturbed(0.0, "V/2", mean) == disturbed_crossbar(0.0, 20, 20, "V/2", mean) == all_of_them
        assert disturbed_cells(np.full((3, 4), mean)).all() == bool(all_of_them)
    assert disturbed(0.0, "V/2", 0.3, 0.4) == disturbed_crossbar(0.0, 20, 20, "V/2", 0.3, 0.4) == 1


def test_an_unknown_scheme_and_order_and_odd_thresholds_are_named() -> None:
    with pytest.raises(ValueError, match=r"^no scheme of writing 'V/4'; there are V/2, V/3, 1T1R$"):
        disturbed(0.1, "V/4")
    with pytest.raises(ValueError, match=r"^no order of writing 'columns'; there are diagonals, rows$"):
        list(steps(2, 2, "columns"))
    with pytest.raises(ValueError, match=r"^thresholds of 1.05 V with a spread of -0.1 are none: the mean is above 0"):
        thresholds(np.zeros(2), 1.05, -0.1)
    for mean, spread in ((0.0, 0.1), (-1.0, 0.1), (1.0, math.inf), (1.0, math.nan)):
        with pytest.raises(ValueError, match="are none: the mean is above 0, the spread 0 or more"):
            thresholds(np.zeros(2), mean, spread)


@pytest.mark.parametrize("order", ["diagonals", "rows"])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (1, 4)])
def test_an_order_writes_each_cell_once_and_no_row_or_column_twice_in_a_step(
    order: str, shape: tuple[int, int]
) -> None:
    done = np.zeros(shape, int)
    for rows, columns in steps(*shape, order):
        assert len(set(rows.tolist())) == len(rows)
        assert len(set(columns.tolist())) == len(columns)
        done[rows, columns] += 1
    assert (done == 1).all()


@pytest.mark.slow
def test_a_tuned_pattern_ends_as_the_published_one() -> None:
    # 20x20, 10 states, 5 %, thresholds with a spread of 15 %, passive, two rounds; most devices within 5 %.
    target = face()
    assert target.min() == pytest.approx(1e3 / 96.6)
    assert target.max() == pytest.approx(1e3 / 7)
    achieved, pulses = write_passive(MEMRISTOR, target, 0.05, sources(40))
    error = abs(achieved / target - 1)
    assert error.mean() == pytest.approx(0.028, abs=0.003)
    assert (error <= 0.05).mean() >= 0.88
    assert (error <= 0.10).mean() >= 0.99
    assert 30 <= pulses.mean() <= 60


@pytest.mark.slow
def test_row_by_row_the_pattern_ends_alike() -> None:
    target = face()
    error = abs(write_passive(MEMRISTOR, target, 0.05, sources(10), order="rows")[0] / target - 1)
    assert error.mean() == pytest.approx(0.028, abs=0.003)
    assert (error <= 0.10).mean() >= 0.99


def test_to_2_percent_a_cell_takes_about_50_pulses() -> None:
    _, pulses = write_passive(MEMRISTOR, face(), 0.02, sources(10))
    assert 35 <= pulses.mean() <= 65


@pytest.mark.slow
def test_a_wide_spread_cannot_be_tuned_without_transistors() -> None:
    target, wide = face(), replace(MEMRISTOR, threshold_spread=0.26)
    passive = abs(write_passive(wide, target, 0.05, sources(4))[0] / target - 1)
    assert (passive <= 0.05).mean() < 0.80
    for spread in (0.05, 0.26, 0.35):
        cell = replace(MEMRISTOR, threshold_spread=spread)
        error = abs(write_passive(cell, target, 0.05, sources(10), "1T1R")[0] / target - 1)
        assert (error <= 0.05).mean() >= 0.90


@pytest.mark.parametrize("scheme", ["V/2", "V/3", "1T1R"])
def test_a_crossbar_that_is_written_among_others_is_the_crossbar_alone(scheme: str) -> None:
    target, wide = face()[:7, :9], replace(MEMRISTOR, threshold_spread=0.26)
    together = write_passive(wide, target, 0.05, sources(4), scheme)
    for chip, one in enumerate(sources(4)):
        alone = write_passive(wide, target, 0.05, [one], scheme)
        assert (together[0][chip] == alone[0][0]).all()
        assert (together[1][chip] == alone[1][0]).all()


def test_where_nothing_is_disturbed_the_scheme_does_not_matter() -> None:
    calm = replace(MEMRISTOR, threshold_spread=0.01)
    found = [write_passive(calm, face()[:6, :6], 0.05, sources(3), scheme) for scheme in ("V/2", "V/3", "1T1R")]
    for other in found[1:]:
        assert (found[0][0] == other[0]).all()
        assert (found[0][1] == other[1]).all()


@pytest.mark.parametrize(
    ("scheme", "volts", "moved"),
    [
        # Set thresholds are 0.6 V and reset thresholds 0.4 V in a 3x4 crossbar; pulses are on the cell (1, 2).
        ("V/2", 1.1, []),
        ("V/2", 1.3, [". . + .", "+ + . +", ". . + ."]),
        ("V/2", -0.9, [". . - .", "- - . -", ". . - ."]),
        ("V/3", 1.1, []),
        ("V/3", 1.3, ["- - . -", ". . . .", "- - . -"]),
        ("V/3", 1.9, ["- - + -", "+ + . +", "- - + -"]),
        ("V/3", -1.3, [". . - .", "- - . -", ". . - ."]),
        ("V/3", -1.9, ["+ + - +", "- - . -", "+ + - +"]),
        ("1T1R", 9.0, []),
    ],
)
def test_a_pulse_moves_half_selected_cells_beyond_their_thresholds(scheme: str, volts: float, moved: list[str]) -> None:
    shape = (2, 3, 4)
    state = {"g": np.full(shape, 50.0), "set": np.full(shape, 0.6), "reset": np.full(shape, 0.4)}
    writing = Writing(MEMRISTOR, state, 0.05, 9, sources(2), scheme)
    writing.disturb(np.array([[0.0, 0.0], [volts, 0.0], [0.0, 0.0]]), 1, 2)
    signs = {".": 0, "+": 1, "-": -1}
    wanted = [[signs[sign] for sign in row.split()] for row in moved] or np.zeros(shape[1:])
    assert np.sign(state["g"][0] - 50).tolist() == np.asarray(wanted).tolist()
    assert (state["g"][1] == 50).all()  # no pulse there


def test_pulses_on_a_half_selected_cell_add_up_one_after_the_other() -> None:
    shape, train = (1, 1, 2), np.array([1.3, -0.9, 1.5, 0.0, 1.4])
    state = {"g": np.full(shape, 50.0), "set": np.full(shape, 0.6), "reset": np.full(shape, 0.4)}
    calm = replace(MEMRISTOR, pulse_sigma=0.0)
    Writing(calm, state, 0.05, 9, sources(1), "V/2").disturb(train[:, None], 0, 0)
    g = np.array([50.0])
    for volts in train / 2:
        g = calm.after(g, calm.push(np.array([volts]), np.array([0.6]), np.array([0.4])))
    assert state["g"].tolist() == [[[50.0, g[0]]]]


def test_each_pulse_on_each_cell_has_a_factor_of_its_own() -> None:
    shape = (1, 2, 5000)
    state = {"g": np.full(shape, 30.0), "set": np.full(shape, 0.6), "reset": np.full(shape, 9.0)}
    writing = Writing(MEMRISTOR, state, 0.05, 1, sources(1), "V/2")
    writing.disturb(np.array([[1.5]]), 0, 7)
    changes = np.log(np.log(state["g"][0, 0, 9:] / 30))
    assert changes.std() == pytest.approx(MEMRISTOR.pulse_sigma, rel=0.05)
    assert abs(changes[1:] - changes[:-1]).min() > 0


def test_each_pulse_of_a_closed_loop_has_a_factor_of_its_own() -> None:
    count = 400
    shape = (1, count, count)
    state = {"g": np.full(shape, 30.0), "set": np.full(shape, 0.2), "reset": np.full(shape, 9.0)}
    state |= {"target": np.full(shape, 60.0), "volts": np.zeros(shape)}
    at = np.arange(count)
    Writing(MEMRISTOR, state, 0.05, 1, sources(1), "V/2").write(at, at)
    changes = np.log(np.log(state["g"][0, at, at] / 30))
    assert changes.std() == pytest.approx(MEMRISTOR.pulse_sigma, rel=0.15)
    assert (state["g"][0][~np.eye(count, dtype=bool)] == 30).all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tolerance": 0.0}, "a tolerance of 0.0 is not within 0 and 1; it is a share, such as 0.05 for 5 %"),
        ({"target": np.ones((2, 3, 3))}, r"targets of shape \(2, 3, 3\) do not fit 1 crossbars, one for each stream"),
        ({"target": np.zeros((3, 3))}, "targets reach from 0 to 0 uS, the device from 6.667 to 200 uS; give cells"),
        ({"scheme": "V"}, "no scheme of writing 'V'; there are V/2, V/3, 1T1R"),
        ({"order": "spiral"}, "no order of writing 'spiral'; there are diagonals, rows"),
    ],
)
def test_a_wrong_argument_of_writing_a_crossbar_is_named(changes: dict[str, object], text: str) -> None:
    arguments = {
        "cell": MEMRISTOR, "target": np.full((3, 3), 50.0), "tolerance": 0.05, "sources": sources(1),
    } | changes  # fmt: skip
    with pytest.raises(ValueError, match=f"^{text}"):
        write_passive(**arguments)  # type: ignore[arg-type]


def test_pairs_lie_side_by_side_in_a_crossbar() -> None:
    cells = split(np.array([[[1, -2], [3, -4]]]))
    assert to_crossbar(cells).tolist() == [[[1, 0, 0, 2], [3, 0, 0, 4]]]
    assert (from_crossbar(to_crossbar(cells)) == cells).all()
    with pytest.raises(ValueError, match=r"^a crossbar of shape \(2, 3\) holds no pairs: its columns are not even"):
        from_crossbar(np.ones((2, 3)))
