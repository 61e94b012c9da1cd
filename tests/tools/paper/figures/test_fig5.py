"""Fig. 5: counts and totals of the digits classifier, what chips lose, and a user's MNIST files."""

from __future__ import annotations

import gzip
import json
import struct
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from acortex.programs import digits_reference
from acortex.tools.cli import cli
from acortex.tools.paper.figures import digits, fig5, mnist
from acortex.tools.paper.figures.figure import Options, Printed

IMAGES = np.random.default_rng(5).integers(0, 256, (7, 28, 28)).astype(np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2], np.uint8)


@cache
def shipped() -> digits.Digits:
    return digits.digits(Options())


def idx(values: np.ndarray) -> bytes:
    """A file as the authors of MNIST publish them."""
    return struct.pack(f">{values.ndim + 1}I", 0x0800 | values.ndim, *values.shape) + values.tobytes()


def folder_of(tmp_path: Path, images: bytes, labels: bytes) -> Path:
    (tmp_path / mnist.IMAGES).write_bytes(images)
    (tmp_path / mnist.LABELS).write_bytes(labels)
    return tmp_path


def test_the_totals_are_what_the_parts_come_to() -> None:
    run = digits.one_digit(shipped())
    assert digits.arrays_ns(run) < 1_000 < 1e9 * run.latency_s
    assert 0.5 * 20e-9 < run.energy_j < 20e-9
    assert 0.5 < run.area_mm2 < 1
    assert run.energy_by_component_j["arrays"] / run.energy_j > 0.9


def test_the_rows_of_the_chip_say_that_they_are_fitted() -> None:
    chip = digits.chip()
    found = [
        fig5.of_chip("a row", "", 1.0, chip, "Fig. 5", moves, Printed(1, "below"))
        for moves in ("latency_ms", "power_mw", "area_mm2")
    ]
    assert [row.basis for row in found] == ["fitted"] * 3
    assert "arrays.frame_ns" in found[0].seen_by
    assert "energy.array_pj" in found[1].seen_by


def test_chips_as_written_lose_less_than_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "CHIPS", 20)
    report = digits.written(shipped(), ())
    assert 100 * report.ideal == pytest.approx(96.73, abs=0.01)
    assert digits.lost_points(report) == pytest.approx(0.45, abs=0.2)
    more = digits.written(shipped(), fig5.offset_settings(1.0))
    assert 1.2 < digits.lost_points(more) < 3
    assert 100 * (more.ideal - more.accuracy.p95) < 1.55 < 100 * (more.ideal - more.accuracy.p5)


def test_a_fit_lies_on_the_line_between_its_neighbours() -> None:
    assert digits.fitted((0, 0.5, 1.0), (0.4, 1.0, 2.0), 1.5) == 0.75
    assert digits.fitted((0, 0.5, 1.0), (0.4, 1.0, 2.0), 9) == 1.0
    assert digits.fitted((0, 0.5, 1.0), (0.4, 1.0, 2.0), 0.1) == 0


def test_ties_move_nothing_where_every_cell_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "TIES", 3)
    assert digits.lost_by_ties(shipped(), 0.5).tolist() == [0, 0, 0]
    few = digits.lost_by_ties(shipped(), 0.1)
    assert len({*few.tolist()}) == 3
    assert few.min() > 2


def test_the_largest_outputs_are_smaller_where_they_are_wrong() -> None:
    right, wrong = digits.largest(shipped())
    assert len(right) + len(wrong) == len(shipped().labels)
    assert right.mean() > wrong.mean() + 1


def test_outputs_settle_to_those_of_the_network() -> None:
    one = digits.transient(shipped(), 2)
    ends = one.outputs[-1]
    ideal = digits_reference.evaluate(shipped().images[2:3])[0]
    assert np.abs(np.clip(ends, 0, 15) - ideal).max() < 0.7  # half a code of rounding, and what has not settled
    assert ends.argmax() == one.label
    assert one.outputs[0] == pytest.approx(5)  # the code of a sum of 0
    x = one.settled_ns / digits.TAU_NS
    assert (1 + x) * np.exp(-x) == pytest.approx(1 / 30)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_a_users_files_are_read(tmp_path: Path, zipped: bool, dotted: bool) -> None:
    for name, values in ((mnist.IMAGES, IMAGES), (mnist.LABELS, LABELS)):
        spelled = name.replace("-idx", ".idx") if dotted else name
        content = idx(values)
        path = tmp_path / (f"{spelled}.gz" if zipped else spelled)
        path.write_bytes(gzip.compress(content) if zipped else content)
    images, labels = mnist.test_set(tmp_path)
    assert np.array_equal(images, IMAGES.reshape(7, 784))
    assert np.array_equal(labels, LABELS)
    assert digits.digits(Options(tmp_path)).source == "the 7 test images of MNIST"


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (b"", idx(LABELS), "it begins with 0x00000000, allowed is 0x00000803"),
        (idx(LABELS), idx(LABELS), "it begins with 0x00000801, allowed is 0x00000803"),
        (idx(IMAGES)[:-1], idx(LABELS), "it holds 5487 bytes of data, its head says 5488"),
        (idx(IMAGES[:3]), idx(LABELS), "3 images and 7 labels"),
        (idx(IMAGES[:, 1:]), idx(LABELS), "images of 27 x 28 pixels, allowed is 28 x 28"),
        (idx(IMAGES), idx(LABELS + 1), "the label 10, allowed is 0 to 9"),
    ],
)
def test_files_that_are_none_are_one_error(tmp_path: Path, images: bytes, labels: bytes, said: str) -> None:
    folder = folder_of(tmp_path, images, labels)
    result = CliRunner().invoke(cli, ["reproduce", "fig5", "--mnist", str(folder)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert str(folder) in result.stderr
    assert f"hint: {mnist.HINT}" in result.stderr


def test_a_folder_without_files_and_another_figure_are_errors(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["reproduce", "fig5", "--mnist", str(tmp_path)])
    assert result.exit_code == 2
    assert f"there is no {mnist.IMAGES}" in result.stderr
    (tmp_path / f"{mnist.IMAGES}.gz").write_bytes(b"no gzip")
    result = CliRunner().invoke(cli, ["reproduce", "fig5", "--mnist", str(tmp_path)])
    assert result.exit_code == 2
    assert "no IDX file can be read from it" in result.stderr
    result = CliRunner().invoke(cli, ["reproduce", "fig3", "--mnist", str(tmp_path)])
    assert (result.exit_code, "fig3 takes no digits" in result.stderr) == (2, True)


def population(ideal: float, mean: float, p5: float, p95: float) -> SimpleNamespace:
    return SimpleNamespace(ideal=ideal, accuracy=SimpleNamespace(mean=mean, p5=p5, p95=p95))


def few() -> fig5.Classifier:
    """A study of numbers that are easily told apart."""
    units = {"vmm/load": 10, "vmm/frame": 200, "neurons": 40, "controller": 1000}
    run = SimpleNamespace(
        utilisation={name: SimpleNamespace(busy=busy) for name, busy in units.items()},
        clock_ns=2.0, latency_s=9e-7, energy_j=18e-9, area_mm2=0.8,
    )  # fmt: skip
    outputs = np.arange(30.0).reshape(3, 10)
    parts: dict[str, Any] = {
        "given": digits.Digits(IMAGES, LABELS, "seven digits"),
        "as_written": {0.0: population(0.95, 0.94, 0.91, 0.96), 0.5: population(0.95, 0.93, 0.9, 0.94)},
        "offset": 0.75,
        "with_offset": population(0.95, 0.92, 0.88, 0.94),
        "run": run,
        "ties": np.array([0.2, 0.4, 0.6]),
        "right": np.array([3, 3, 15]),
        "wrong": np.array([0, 3]),
        "transient": digits.Transient(np.array([0.0, 1.5, 3.0]), outputs, 3, 700.0),
    }
    return fig5.Classifier(**parts)


def test_rows_are_the_numbers_of_the_study() -> None:
    rows = {row.row: row for row in fig5.rows(few())}
    wanted = {
        "cells": (101_780, "cells", "exact"), "neurons": (74, "neurons", "exact"),
        "latency of loads, frames and conversions": (0.5, "us", "fitted"),
        "latency from host to host": (0.9, "us", "fitted"), "energy": (18, "nJ", "fitted"),
        "area": (0.8, "mm2", "fitted"), "outputs settled to half a code": (700, "ns", "chosen"),
        "accuracy of the ideal chip": (95, "%", "predicted"), "cells that are tuned": (30, "%", "published"),
        "accuracy of chips as written, mean": (94, "%", "predicted"), fig5.LOST: (1, "points", "predicted"),
        "of it, by which of equal weights are tuned, standard deviation": (0.163299, "points", "predicted"),
        fig5.OFFSET: (0.75, "codes", "fitted"), fig5.LOST_FITTED: (3, "points", "fitted"),
    }  # fmt: skip
    assert {name: (rows[name].ours, rows[name].unit, rows[name].basis) for name in wanted} == {
        name: (pytest.approx(ours, rel=1e-5), unit, how) for name, (ours, unit, how) in wanted.items()
    }
    printed = {name: rows[name].paper for name in wanted if rows[name].paper is not None}
    assert printed == {
        "cells": 101_780, "neurons": 74, "latency of loads, frames and conversions": 1, "energy": 20, "area": 1,
        "outputs settled to half a code": 1000, "accuracy of the ideal chip": 96.2,
        "accuracy of chips as written, mean": 94.65, fig5.LOST: 1.55, fig5.LOST_FITTED: 1.55,
    }  # fmt: skip
    assert "lose 0.20 to 0.60 points" in rows["of it, by which of equal weights are tuned, standard deviation"].note
    assert "percentile of chips is 1.00 to 7.00 points" in rows[fig5.LOST_FITTED].note
    assert "a standard error of 8.2 points" in rows["accuracy of the ideal chip"].note  # of seven digits at 95 %


def test_the_picture_has_the_numbers_of_the_study() -> None:
    drawn = {one.name: one.columns for one in fig5.drawn_of(few())}
    counts = drawn["digits by their largest output"]
    assert counts["code"] == [*range(16)]
    assert [counts["right"][at] for at in (0, 3, 15)] == [0, 2, 1]
    assert [counts["wrong"][at] for at in (0, 3, 15)] == [1, 1, 0]
    turned = drawn["turn-on of one digit"]
    assert (turned["ns"], turned["output_3"], turned["output_9"]) == ([0, 1.5, 3], [3, 13, 23], [9, 19, 29])
    assert drawn["points lost by the spread of offsets"] == {
        "codes": [0, 0.5], "mean": [1, 2], "p5": [-1, 1], "p95": [4, 5],
    }  # fmt: skip


def test_a_population_without_offsets_has_no_setting_of_them() -> None:
    assert fig5.offset_settings(0.0) == ()
    assert fig5.offset_settings(0.25) == ("errors.neuron_offset_codes=0.25",)


@pytest.mark.slow  # seven populations of 100 chips
def test_the_figure_is_reproduced() -> None:
    result = CliRunner().invoke(cli, ["reproduce", "fig5", "--format", "json"])
    rows = {row["row"]: row for row in json.loads(result.stdout)["rows"]}
    assert (rows["cells"]["ours"], rows["neurons"]["ours"]) == (101_780, 74)
    assert {rows[name]["basis"] for name in ("cells", "neurons")} == {"exact"}
    assert all(row["note"] for row in rows.values() if row["within"] is False)
    assert rows[fig5.LOST_FITTED]["basis"] == rows[fig5.OFFSET]["basis"] == "fitted"
    assert rows[fig5.LOST]["basis"] == "predicted"
    assert rows[fig5.LOST]["within"] is False
    assert rows[fig5.LOST_FITTED]["within"] is True
