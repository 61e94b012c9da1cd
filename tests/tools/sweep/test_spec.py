"""The file of a sweep: what it may say, and every mistake in it with its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.tools.sweep.spec import Compile, Population, Sample, Spec, read_spec

WHOLE = """
program = ["zoo:digits_mlp", "mine.acx", "/abs/net.onnx"]
chip = "chips/mine.toml"
settings = ["memory.ports=2"]
input = "x.npy"
labels = "y.npy"
timing_only = true
limit = 50
[axes]
"memory.banks" = [4, 8]
[sample]
kind = "random"
points = 7
seed = 3
[compile]
mapping = "taps"
quantise = "fast"
host = "auto"
dims = { N = 2 }
fill_weights = true
calibration = "c.npy"
[accuracy]
chips = 20
seed = 5
"""


def read(tmp_path: Path, text: str) -> Spec:
    path = tmp_path / "s.toml"
    path.write_text(text)
    return read_spec(path)


def test_files_are_named_from_where_the_sweep_lies(tmp_path: Path) -> None:
    spec = read(tmp_path, WHOLE)
    assert spec.programs == ("zoo:digits_mlp", str(tmp_path / "mine.acx"), "/abs/net.onnx")
    assert spec.chip == str(tmp_path / "chips" / "mine.toml")
    assert (spec.inputs, spec.labels) == (str(tmp_path / "x.npy"), str(tmp_path / "y.npy"))
    assert spec.compile == Compile("taps", "fast", "auto", {"N": 2}, True, str(tmp_path / "c.npy"))


def test_the_rest_is_taken_as_it_stands(tmp_path: Path) -> None:
    spec = read(tmp_path, WHOLE)
    assert (spec.settings, spec.timing_only, spec.limit, spec.names) == (
        ("memory.ports=2",),
        True,
        50,
        ("memory.banks",),
    )
    assert (spec.sample, spec.accuracy) == (Sample("random", 7, 3), Population(20, 5))


def test_programs_and_chips_can_be_axes(tmp_path: Path) -> None:
    spec = read(tmp_path, '[axes]\nprogram = ["zoo:lstm", "a.s"]\nchip = ["acortex_digits", "b.toml"]')
    assert spec.programs == ()
    assert [axis.rows for axis in spec.axes] == [
        (("zoo:lstm",), (str(tmp_path / "a.s"),)),
        (("acortex_digits",), (str(tmp_path / "b.toml"),)),
    ]


WRONG = [
    ("", "a sweep names its program", 0),
    ("program = []", "a sweep names its program", 1),
    ('program = "a.s"\nprogramm = 1', "a sweep has no programm", 2),
    ('program = "a.s"\nchip = 3', "chip is a text", 2),
    ('program = "a.s"\nsettings = "memory.ports=2"', "settings is a list of texts", 2),
    ('program = "a.s"\ntiming_only = 1', "timing_only is true or false", 2),
    ('program = "a.s"\nlimit = 0', "limit is 0, allowed is 1 to 10,000,000", 2),
    ('program = "a.s"\nlimit = true', "limit is a whole number from 1", 2),
    ('program = "a.s"\naxes = 1', "axes is a table", 0),
    ('program = "a.s"\n[axes]\nprogram = ["b.s"]', "program stands beside the axis of that name", 1),
    ('program = "a.s"\n[sample]\nkind = "latin"', "sample.kind is 'latin', allowed are grid, list, random, sobol", 3),
    ('program = "a.s"\n[sample]\nkind = "sobol"', "a sobol sample says how many points it has", 2),
    ('program = "a.s"\n[sample]\npoints = 3', "points are for random and sobol", 3),
    ('program = "a.s"\n[sample]\npoint = 3', "[sample] has no point", 3),
    ('program = "a.s"\n[compile]\nmapping = "bset"', "compile.mapping is 'bset', allowed are taps, dense, best", 3),
    ('program = "a.s"\n[compile]\ndims = { N = 0 }', "the size of the axis N is a whole number above 0", 3),
    ('program = "a.s"\n[accuracy]\nchips = 0', "accuracy.chips is 0, allowed is 1 to 100,000", 3),
    ('program = "a.s"\n[axes]\n"memory.bank" = [1]', "no setting is called memory.bank", 3),
    (
        'program = "a.s"\n[sample]\nkind = "list"\n[axes]\n"memory.banks" = [1, 2]\n"memory.ports" = [1]',
        "in a list all axes have equally many values: memory.banks has 2, memory.ports has 1",
        3,
    ),
]


@pytest.mark.parametrize(("text", "message", "line"), WRONG)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, text: str, message: str, line: int) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert caught.value.message.startswith(message)
    assert caught.value.where == f"{tmp_path / 's.toml'}" + (f":{line}" if line else "")
    assert caught.value.exit_code == 2


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ManyErrors) as caught:
        read(tmp_path, 'limit = 0\nchip = 3\n[axes]\n"memory.bank" = [1]\n[sample]\nkind = "x"')
    assert len(caught.value.errors) == 5


@pytest.mark.parametrize(
    "text", ["program = ", "a" * 70000, "x = " + "[" * 20 + "]" * 20, b"\xff\xfe".decode("latin1")]
)
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AcortexError) as caught:
        read(tmp_path, text)
    assert caught.value.exit_code == 2


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the sweep cannot be read: No such file or directory"):
        read_spec(tmp_path / "none.toml")
