"""No command replaces what it reads, nor writes two results into one file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

import acortex
from acortex.errors import UsageError
from acortex.isa.container import loads
from acortex.tools.cli import cli
from acortex.traces.export.registry import export

ECHO = (Path(__file__).parents[1] / "echo.s").read_text()
NAMED = '; file="free.npz" is a comment\n' + ECHO.replace(
    "start\n", '.samples x, file="x.npy"\n.labels file="labels.npy"\nstart\n', 1
)
CHIP = 'inherits = "acortex_digits"\nname = "mine"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a source, its data, a container, a trace, a golden, a chip file and arrays."""
    monkeypatch.chdir(tmp_path)
    Path("p.s").write_text(ECHO)
    Path("heir.toml").write_text('inherits = "chip.toml"\n')
    Path("onheir.s").write_text(re.sub(r"[.]chip.*", '.chip "heir.toml"', ECHO))
    Path("chip.toml").write_text(CHIP)
    _save_included()
    np.save("x.npy", np.zeros((1, 64), dtype=np.uint8))
    np.save("labels.npy", np.zeros(1, dtype=np.int64))
    Path("named.s").write_text(NAMED)
    for words in (
        "asm onheir.s -o onheir.acx",
        "asm p.s -o p.acx",
        "run p.s --trace r.actrace",
        "trace check r.actrace g.json --update",
    ):
        assert call(words) == (0, ""), words
    _save_network()
    Path("times.csv").write_text("time_s\n0\n")
    Path("link").symlink_to("p.s")
    os.link("r.actrace", "hard")
    return tmp_path


def _save_included() -> None:
    """A source in two files, the second of which names data, a chip and, with a parameter of a macro, a third."""
    Path("lib").mkdir()
    Path("whole.s").write_text(re.sub(r"[.]chip.*", '.include "lib/head.s"  ; .include "free.s"', ECHO))
    head = '.chip "heir.toml"\n.samples x, file="seen.npy"\n.macro more name\n.include "\\name.s"\n.endm\nmore tail'
    Path("lib/head.s").write_text(head)
    Path("lib/tail.s").write_text(".equ NOTHING, 0\n")
    np.save("lib/seen.npy", np.zeros((1, 64), dtype=np.uint8))


def _save_network() -> None:
    """A network whose weights lie in a file beside it."""
    weights = onnx.numpy_helper.from_array(np.zeros((64, 8), np.float32), "w")
    ends = [onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", (1, 64)), ("y", (1, 8)))]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "n", ends[:1], ends[1:], [weights]
    )
    options = {"save_as_external_data": True, "size_threshold": 0, "location": "w.bin"}
    onnx.save_model(onnx.helper.make_model(graph), "net.onnx", **options)


def call(words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, words.split(), prog_name="acortex")
    return result.exit_code, result.stderr


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of all files in a folder and below it."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("asm p.s -o p.s", ("-o", "PROGRAM")),
        ("asm p.s -o ./link", ("-o", "PROGRAM")),
        ("asm p.s --listing p.s", ("--listing", "PROGRAM")),
        ("asm p.s -o new --listing new", ("-o", "--listing")),
        ("asm named.s -o labels.npy", ("-o", 'file="labels.npy"')),
        ("asm whole.s -o lib/head.s", ("-o", '.include "lib/head.s"')),
        ("asm whole.s --listing lib/../lib/tail.s", ("--listing", '.include "\\name.s"')),
        ("asm whole.s -o lib/seen.npy", ("-o", 'file="seen.npy"')),
        ("asm whole.s -o chip.toml", ("-o", "what .chip heir.toml inherits")),
        ("run whole.s --output lib/head.s", ("--output", '.include "lib/head.s"')),
        ("run whole.s --trace lib/tail.s", ("--trace", '.include "\\name.s"')),
        ("run whole.s --report lib/tail.s", ("--report", '.include "\\name.s"')),
        ("chip show acortex_digits --program whole.s --svg lib/head.s", ("--svg", '.include "lib/head.s"')),
        ("accuracy whole.s --plot lib/head.s", ("--plot", '.include "lib/head.s"')),
        ("disasm p.acx -o p.acx", ("-o", "OUT.acx")),
        ("disasm p.acx --source whole.s -o lib/head.s", ("-o", '.include "lib/head.s"')),
        ("run p.s --trace p.s", ("--trace", "PROGRAM")),
        ("run p.s --output link", ("--output", "PROGRAM")),
        ("run p.s --trace same --output same", ("--output", "--trace")),
        ("run p.s --trace same --output same.part", ("--output", "--trace")),
        ("run p.s --input x.npy --output x.npy", ("--output", "--input")),
        ("run p.s --labels labels.npy --output labels.npy", ("--output", "--labels")),
        ("run m.onnx --calibration x.npy --output x.npy", ("--output", "--calibration")),
        ("serve p.s --input x.npy --output x.npy", ("--output", "--input")),
        ("serve p.s --arrivals times.csv --output times.csv", ("--output", "--arrivals")),
        ("serve p.s --chip heir.toml --output chip.toml", ("--output", "what --chip inherits")),
        ("accuracy p.s --input x.npy --plot x.npy", ("--plot", "--input")),
        ("accuracy p.s --labels labels.npy --plot labels.npy", ("--plot", "--labels")),
        ("run p.s --chip chip.toml --trace chip.toml", ("--trace", "--chip")),
        ("run p.s --output new --dump-layers new", ("--output", "--dump-layers")),
        ("run p.s --output copy.npz --dump-layers .", ("--output", "--dump-layers")),
        ("run named.s --trace labels.npy", ("--trace", 'file="labels.npy"')),
        ("trace export r.actrace --to csv -o r.actrace", ("-o", "RUN.actrace")),
        ("trace export r.actrace --to csv -o hard", ("-o", "RUN.actrace")),
        ("trace check r.actrace hard --update", ("--update", "RUN.actrace")),
        ("trace check x.npy hard --before r.actrace --update", ("--update", "--before")),
        ("trace report r.actrace -o hard", ("-o", "RUN.actrace")),
        ("trace report x.npy r.actrace -o hard", ("-o", "B.actrace")),
        ("chip show chip.toml --svg chip.toml", ("--svg", "CHIP")),
        ("chip show acortex_digits --program p.s --svg p.s", ("--svg", "PROGRAM")),
        ("compile m.onnx --emit-asm new.npz", ("--emit-asm", "arrays of --emit-asm")),
        ("compile m.onnx -o new --reference ./new", ("-o", "--reference")),
        ("compile x.npy -o x.npy", ("-o", "MODEL.onnx")),
        ("compile m.onnx --calibration x.npy --reference x.npy", ("--reference", "--calibration")),
        ("compile m.onnx --chip chip.toml -o chip.toml", ("-o", "--chip")),
        ("compile m.onnx --chip heir.toml -o chip.toml", ("-o", "what --chip inherits")),
        ("run p.s --chip heir.toml --trace chip.toml", ("--trace", "what --chip inherits")),
        ("run onheir.s --output heir.toml", ("--output", ".chip heir.toml")),
        ("asm onheir.s -o chip.toml", ("-o", "what .chip heir.toml inherits")),
        ("run onheir.acx --output chip.toml", ("--output", "what the program's chip inherits")),
        ("chip show heir.toml --svg chip.toml", ("--svg", "what CHIP inherits")),
        ("compile net.onnx -o w.bin", ("-o", "the weights of MODEL.onnx")),
        ("compile net.onnx --reference w.bin", ("--reference", "the weights of MODEL.onnx")),
        ("compile net.onnx --emit-asm w.bin", ("--emit-asm", "the weights of MODEL.onnx")),
        ("run net.onnx --output w.bin", ("--output", "the weights of PROGRAM")),
        ("run net.onnx --trace w.bin", ("--trace", "the weights of PROGRAM")),
    ],
)
def test_an_output_that_would_replace_something_is_refused(folder: Path, words: str, names: tuple[str, str]) -> None:
    before = contents(folder)
    code, told = call(words)
    assert code == 2
    assert all(name in told.splitlines()[0] for name in names), told
    assert len(told.splitlines()) == 2
    assert contents(folder) == before


@pytest.mark.parametrize(
    "words",
    [
        "asm named.s -o free.npz",
        "asm whole.s -o free.s",
        "run p.s --output y.npy --trace t.actrace",
        "run p.s --dump-layers d --output d2",
    ],
)
def test_outputs_of_their_own_are_written(folder: Path, words: str) -> None:
    assert call(words) == (0, "")
    assert not {path.name for path in folder.iterdir() if path.suffix == ".part"}


@pytest.mark.parametrize(
    "words", ["asm p.s -o - --listing -", "asm p.s -o - --format json", "run p.s --input - --labels -"]
)
def test_a_stream_is_not_shared(folder: Path, words: str) -> None:
    code, told = call(words)
    assert code == 2
    assert "both" in told


@pytest.mark.parametrize("words", ["trace diff - -", "chip diff - -", "run p.s --chip - --chip -"])
def test_stdin_is_read_once(folder: Path, words: str) -> None:
    code, told = call(words)
    assert code == 2
    assert told.splitlines()[0].endswith("stdin is read already, and can be read once")


def test_a_network_on_stdout_stands_alone_there(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["compile", "zoo:digits_cnn", "-o", "-"], prog_name="acortex")
    assert result.exit_code == 0
    assert loads(result.stdout_bytes).name == "digits_cnn"
    assert result.stderr.startswith("digits_cnn for ")


def test_a_trace_from_python_does_not_replace_its_program(folder: Path) -> None:
    for options in ({"trace": "p.s"}, {"trace": Path("link")}, {"chip": "heir.toml", "trace": "chip.toml"}):
        with pytest.raises(UsageError, match="trace would replace "):
            acortex.run("p.s", **options)
    with pytest.raises(UsageError, match="trace would replace "):
        acortex.run("onheir.acx", trace="chip.toml")
    assert Path("p.s").read_text() == ECHO


def test_an_export_from_python_does_not_replace_its_trace(folder: Path) -> None:
    with pytest.raises(UsageError, match="hard: is the trace itself"):
        export(acortex.open_trace("r.actrace"), "csv", "hard")
