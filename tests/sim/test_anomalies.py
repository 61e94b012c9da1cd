"""The timing anomaly of docs/timing-anomalies.md is as the page says: each command prints what stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.cli import cli

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "timing-anomalies.md").read_text()
ROWS = re.findall(r"^\| (\d+)[^|]* \| ([\d,]+) \|$", PAGE, re.MULTILINE)
COMMANDS = re.findall(r"^    acortex ([^\n]+)\n\n```\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
(MEND,) = re.findall(r"```\n(        fetch .*?)```", PAGE, re.DOTALL)
SOURCE = (CHECKOUT / "programs" / "residual.s").read_text()
BEFORE = "        fetch   d0, w0\n        operand d1\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs, and with the mended one beside its data."""
    made = tmp_path_factory.mktemp("anomaly")
    shutil.copytree(CHECKOUT / "programs", made / "programs", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for data in (made / "programs").glob("*.npz"):
        shutil.copy(data, made)
    (made / "mended.s").write_text(SOURCE.replace(BEFORE, MEND))
    return made


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_each_command_prints_what_the_page_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    assert len(COMMANDS) == PAGE.count("\n    acortex ") > 5 and SOURCE.count(BEFORE) == 1
    for command, shown in COMMANDS:
        result = CliRunner().invoke(cli, shlex.split(command))
        printed, wanted = squeezed(result.stdout), squeezed(shown)
        assert result.exit_code == 0, result.stderr
        assert any(printed[at : at + len(wanted)] == wanted for at in range(len(printed))), (command, printed)


@pytest.mark.parametrize(("words", "cycles"), ROWS)
def test_the_page_has_the_cycles_of_each_queue(words: str, cycles: str) -> None:
    program = assemble_file(CHECKOUT / "programs" / "residual.s")
    chip = load_chip(program.chip, [f"vector.queue_words={words}"])
    assert f"{run(program, chip, values=False).cycles:,}" == cycles


def test_the_page_has_a_queue_of_one_word_and_the_chip_s_own() -> None:
    words = [int(words) for words, _ in ROWS]
    assert words[0] == 1
    assert words[-1] == load_chip("acortex_resnet").vector.queue_words


@pytest.mark.parametrize("words", [1, 8, 32])
def test_the_token_of_the_neurons_would_come_too_late(words: int) -> None:
    after = "        convert q0, PIXELS, to=vector\n"
    late = "        signal  neurons, t9\n        await   operand, t9\n        operand d1\n"
    text = SOURCE.replace("        operand d1\n", "").replace(after, after + late)
    program = assemble(text, file="late.s", folder=CHECKOUT / "programs")
    with pytest.raises(AcortexError, match="nothing can happen any more"):
        run(program, load_chip(program.chip, [f"vector.queue_words={words}"]), values=False)
