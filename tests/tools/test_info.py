"""`acortex info`: what it prints, to the word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from acortex.tools.cli import cli

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
        "macs          10 an inference",
        "samples       1 with labels",
        "",
        "layer  macs",
        "only     10  100.0 %",
    ]


def test_info_reports_in_json(net: Path) -> None:
    report = json.loads(CliRunner().invoke(cli, ["info", str(net), "--format", "json"]).stdout)
    assert report["schema"] == "acortex.info/1"
    assert (report["chip"], report["macs"]) == ("acortex_gnmt", 10)
