"""`acortex verify`: what every layer computes, beside onnxruntime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acortex.programs import lower
from acortex.tools.cli import cli


def invoke(*arguments: str | Path) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


def test_every_layer_of_a_network_equals_onnxruntime() -> None:
    made = invoke("verify", "zoo:digits_cnn", "--format", "json")
    assert made.exit_code == 0, made.output
    report = json.loads(made.stdout)
    assert (report["schema"], report["equal"], report["first"]) == ("acortex.verify/1", True, None)
    assert [row["name"] for row in report["layers"]][-2:] == ["dense", "dense.out"]
    assert all(row["numbers"] and not row["different"] for row in report["layers"])


def test_the_first_layer_that_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    right = lower._filled

    def wrong(layer: Any, *others: Any) -> Any:
        filled = right(layer, *others)
        return filled if layer.name != "hidden" else np.clip(filled + (np.arange(len(filled)) == 0)[:, None], -8, 7)

    monkeypatch.setattr(lower, "_filled", wrong)
    made = invoke("verify", "zoo:letters_mlp", "--format", "json")
    assert made.exit_code == 1
    first = json.loads(made.stdout)["first"]
    assert first["name"] == "hidden"
    assert first["chip"] != first["reference"]
    assert "different from hidden on" in invoke("verify", "zoo:letters_mlp").stdout


@pytest.mark.parametrize("bits", [2, 3])
def test_codes_have_the_width_that_the_chip_gives_them(bits: int) -> None:
    made = invoke("verify", "zoo:digits_cnn", "--set", f"neurons.bits={bits}", "--format", "json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["equal"]


def test_what_is_written_in_assembly_has_no_reference() -> None:
    made = invoke("verify", "zoo:digits_mlp")
    assert made.exit_code == 2
    assert "zoo:digits_mlp is written in assembly" in made.stderr
