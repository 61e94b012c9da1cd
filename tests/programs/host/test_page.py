"""docs/host.md: its network is made as the page has it, and the commands say what stands below them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner

from acortex.tools.cli import cli


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    """The page."""
    return (checkout / "docs" / "host.md").read_text()


def test_the_network_of_the_page_is_divided_as_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(page.split("```python\n")[1].split("```")[0], {})
    commands = [line.strip().removeprefix("$ acortex ") for line in page.splitlines() if line.startswith("    $ ")]
    compiled = CliRunner().invoke(cli, commands[0].split())
    assert compiled.exit_code == 0, compiled.output
    shown = page.split(commands[0] + "\n")[1].split("\n    $ ")[0]
    said = [" ".join(line.split()) for line in shown.splitlines() if line.strip()]
    printed = " ".join(compiled.stdout.split())  # on a narrow terminal lines are wrapped
    assert said
    assert [line for line in said if line not in printed] == []
    assert CliRunner().invoke(cli, commands[1].split()).exit_code == 0
    inputs, outputs = np.load("x.npy"), np.load("y.npy")
    session = ort.InferenceSession("ref.onnx")
    expected = np.stack([session.run(None, {"x": one[None]})[0] for one in inputs])
    assert np.array_equal(outputs, expected.reshape(outputs.shape))
    model = ort.InferenceSession("gated.onnx")
    exact = np.stack([model.run(None, {"x": one[None]})[0] for one in inputs])
    assert np.corrcoef(exact.ravel(), outputs.ravel())[0, 1] > 0.9
