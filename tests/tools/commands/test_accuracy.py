"""`acortex accuracy`: what it prints, what it takes, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.programs import zoo
from acortex.tools.cli import cli

ERRORS = ("--set", "arrays.cell=digital_sram", "--set", "errors.tuning_pct=30", "--set", "errors.neuron_offset_codes=1")


AGES = ("--ablate", "--at-age", "10", "--at-age", "1e4", "--at-temperature", "85")


def accuracy(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["accuracy", *map(str, arguments)], prog_name="acortex")


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A folder with a hundred digits as `x.npy` and their labels as `l.npy`."""
    program = zoo.load("digits_mlp")
    assert program.labels is not None
    np.save(tmp_path / "x.npy", program.samples["image"][:100])
    np.save(tmp_path / "l.npy", program.labels[:100])
    return tmp_path


def test_it_prints_what_the_call_from_python_returns(digits: Path) -> None:
    options = ("--input", digits / "x.npy", "--labels", digits / "l.npy", "--chips", "5", "--noise-seed", "3", *ERRORS)
    report = json.loads(accuracy("zoo:digits_mlp", *options, "--ablate", "--at-age", "9", "--format", "json").stdout)
    wanted = acortex.accuracy(
        "zoo:digits_mlp",
        settings=ERRORS[1::2],
        inputs=np.load(digits / "x.npy"),
        labels=np.load(digits / "l.npy"),
        chips=5,
        seed=3,
        ages_s=[9],
        ablate=True,
    ).as_dict()
    assert {**report, "cpu_s": 0} == {**wanted, "cpu_s": 0}


def test_its_text_has_the_numbers_of_its_json(digits: Path) -> None:
    options = ("--input", digits / "x.npy", "--labels", digits / "l.npy", "--chips", "6", *ERRORS, "--ablate")
    report = json.loads(accuracy("zoo:digits_mlp", *options, "--format", "json").stdout)
    text = accuracy("zoo:digits_mlp", *options).stdout
    assert f"mean{100 * report['accuracy']['mean']:.2f}%" in text.replace(" ", "")
    assert f"idealchip{100 * report['ideal']:.2f}%bythelabels" in text.replace(" ", "")
    bars = re.findall(r"^ *\d+\.\d\d to \d+\.\d\d % .*?(\d+) *$", text, re.MULTILINE)
    assert sum(map(int, bars)) == 6
    assert all(row["error"] in text for row in report["ablation"])
    assert "Errors that the chip states: tuning_pct 30, neuron_offset_codes 1." in text
    assert "Not stated, and not modelled: " in text


def test_a_chip_that_states_no_errors_says_so() -> None:
    text = accuracy("zoo:letters_mlp", "--set", "arrays.cell=digital_sram", "--chips", "2").stdout
    said = "The chip states no errors: every chip is ideal. State one with --set errors.tuning_pct=5."
    assert said in " ".join(text.split())


def test_one_chip_says_that_nothing_is_known_of_others() -> None:
    text = accuracy("zoo:letters_mlp", "--chips", "1").stdout
    assert "one chip: nothing is known of others" in text and "one chip in twenty" not in text


def test_inputs_without_labels_are_judged_by_the_ideal_chip(digits: Path) -> None:
    text = accuracy("zoo:digits_mlp", "--input", digits / "x.npy", "--chips", "2").stdout
    assert "there are no labels: what it says is right" in text


@pytest.mark.slow
def test_the_picture_has_the_chips_and_the_kinds_of_errors(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plots = []
    for name in ("a.svg", "b.svg"):
        result = accuracy("zoo:letters_mlp", "--chips", "4", *ERRORS, *AGES, "--plot", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        plots.append((tmp_path / name).read_bytes())
    assert plots[0] == plots[1]
    assert plots[0].startswith(b"<?xml") and b"<svg" in plots[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zoo:digits_mlp", "--chips", "0"), "invalid value for '--chips': 0 is not in the range 1<=x<=100000"),
        (("zoo:digits_mlp", "--at-least", "96"), "invalid value for '--at-least'"),
        (("zoo:digits_mlp", "--at-temperature", "200"), "invalid value for '--at-temperature'"),
        (("zoo:digits_mlp", "--set", "errors.statistics=sonos", "--at-age", "1e8"), "is not within 0 to 432000 s"),
        (("zoo:digits_mlp", "--set", "errors.own=nobody"), "no error model is called 'nobody'"),
        (("zoo:digits_mlp", "--set", "errors.wire_row_ohm=2"), "errors.wire_row_ohm needs errors.cell_full_scale_us"),
        (("nothing.s",), "nothing.s"),
    ],
)
def test_what_is_wrong_is_one_error(arguments: tuple[str, ...], said: str) -> None:
    result = accuracy(*arguments)
    assert result.exit_code in (1, 2) and said in result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""


@pytest.mark.parametrize("option", ["--input", "--labels", "--calibration"])
def test_a_picture_does_not_replace_what_is_read(digits: Path, option: str) -> None:
    result = accuracy("zoo:digits_mlp", option, digits / "x.npy", "--plot", digits / "x.npy")
    assert result.exit_code == 2 and f"--plot would replace {option}" in result.stderr
    assert np.load(digits / "x.npy").shape == (100, 784)
