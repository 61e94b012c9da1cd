"""`acortex info`: what it prints, to the word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from acortex.isa.results import ConstantsInfo, MemoryInfo, WeightsInfo
from acortex.isa.summary import summary
from acortex.sim import run as simulator
from acortex.sim.chip.specs import load_chip
from acortex.tools.cli import cli
from acortex.tools.commands.info import _data
from acortex.tools.open.programs import open_program

PROGRAMS = sorted((Path(__file__).parents[3] / "programs").glob("*.s"))

SOURCE = """\
.program net
.input image, shape=3x8x8|192, axes=1.2.0, packed=16, encode=linear, scale=0.0173, zero=7
.output y, shape=1x2, axes=0.1, encode=linear, scale=0.5, bits=8
.weights w, 1x2, macs=1
.row 1, 2
.constants c, 2
.row 1, 2
.row 3, 4
.memory 3, 1
.blob "eNpjYKAMAAAAQAAB"
.samples image, shape=1x192, type=float32
.blob "{blob}"
.labels shape=1
.row 1
group g0, 1, 2
rect g0, 0, 0
program g0, w
start
layer only
multiply g0, 10
halt
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    from acortex.isa.data import to_blob

    path = tmp_path / "net.s"
    path.write_text(SOURCE.replace("{blob}", to_blob(bytes(4 * 192))))
    return path


def test_info_reads_like_a_data_sheet(net: Path) -> None:
    lines = CliRunner().invoke(cli, ["info", str(net)], env={"COLUMNS": "110"}).stdout.splitlines()
    assert lines[:2] == ["net for acortex_gnmt", ""]
    assert [line.strip() for line in lines if "sha256" not in line][2:] == [
        "input         image  3x8x8 or 192, (code - 7) * 0.0173, 4 bits, axes 1.2.0, 16 a word, 8 words",
        "output        y  1x2, code * 0.5, 8 bits, axes 0.1, 1 word",
        "instructions  7",
        "weights       1 matrix, 2 weights, 1 bytes",
        "constants     1 table for 2 neurons",
        "memory        1 word before anything runs",
        "macs          10 for one inference",
        "samples       1 with labels",
        "",
        "layer  macs",
        "only     10  100.0 %",
    ]


def test_info_reports_in_json(net: Path) -> None:
    report = json.loads(CliRunner().invoke(cli, ["info", str(net), "--format", "json"]).stdout)
    assert report["schema"] == "acortex.info/1"
    assert (report["chip"], report["macs"]) == ("acortex_gnmt", 10)


def info_of(reference: str) -> dict[str, Any]:
    """What `acortex info` reports of a program."""
    result = CliRunner().invoke(cli, ["info", reference, "--format", "json"])
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


@pytest.mark.parametrize("name", [str(path) for path in PROGRAMS] + ["zoo:letters_mlp", "zoo:digits_cnn", "zoo:lstm"])
def test_the_macs_are_those_of_a_run(name: str) -> None:
    """In all and by layer, for as many inferences as the report says and for more."""
    program, report = open_program(name), info_of(name)
    for inferences in (1, 2):
        given = {tensor.name: np.zeros((inferences, *tensor.shapes[0]), dtype=np.uint8) for tensor in program.inputs}
        ran = simulator.run(program, load_chip(program.chip), inputs=given, values=False).report
        assert ran["macs"] == inferences * report["macs"]
        layers = {layer["name"]: layer["macs"] for layer in ran["layers"]}
        assert layers.pop("-", 0) == inferences * report["macs_outside_layers"]
        assert layers == {layer["name"]: inferences * layer["macs"] for layer in report["layers"]}
    assert report["macs_inferences"] == 1


def test_macs_count_every_row_and_column_at_every_position_of_every_turn(tmp_path: Path) -> None:
    """Two loops of fixed counts, one in the other, around a matrix of 3 x 2; and one position outside of layers."""
    path = tmp_path / "p.s"
    body = "layer a\nloop l1, 3\nb: multiply g0, 5\nnext l1, b\nendlayer\nmultiply g0, 1\nnext l0, a\nhalt\n"
    path.write_text(
        ".weights w, 3x2\n.row 1, 2\n.row 3, 4\n.row 5, 6\ngroup g0, 3, 2\nrect g0, 0, 0\nprogram g0, w\nstart\n"
        f"loop l0, 4\na: {body}"
    )
    report = info_of(str(path))
    assert report["layers"] == [{"name": "a", "macs": 4 * 3 * 5 * 6}]
    assert (report["macs"], report["macs_outside_layers"]) == (4 * 3 * 5 * 6 + 4 * 6, 4 * 6)
    lines = CliRunner().invoke(cli, ["info", str(path)]).stdout.splitlines()
    assert [line.split()[:2] for line in lines[-2:]] == [["a", "360"], ["-", "24"]]


def test_a_program_of_a_fixed_count_of_inferences_is_counted_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "p.s"
    path.write_text(
        ".input x, shape=1\n.samples x, shape=3x1\n.row 1\n.row 1\n.row 1\n.weights w, 1x1\n.row 1\n"
        "group g0, 1, 1\nrect g0, 0, 0\nprogram g0, w\nstart\nloop l0, 3\na: inference l0\nmultiply g0, 7\n"
        "next l0, a\nhalt\n"
    )
    report = info_of(str(path))
    assert (report["macs"], report["macs_inferences"]) == (21, 3)
    assert "21 for 3 inferences" in CliRunner().invoke(cli, ["info", str(path)]).stdout


def test_what_a_program_brings_along_is_added_up(net: Path) -> None:
    report = summary(open_program(str(net))).model_copy(
        update={
            "weights": [
                WeightsInfo(name=name, rows=3, columns=columns, bytes=8) for name, columns in (("a", 5), ("b", 2))
            ],
            "constants": [ConstantsInfo(name=name, columns=columns) for name, columns in (("a", 64), ("b", 1))],
            "memory": [MemoryInfo(address=address, words=words) for address, words in ((0, 5), (1000, 1200))],
        }
    )
    assert list(_data(report)) == [
        ("weights", "2 matrices, 21 weights, 16 bytes"),
        ("constants", "2 tables for 65 neurons"),
        ("memory", "1,205 words before anything runs"),
    ]
