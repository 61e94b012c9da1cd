"""The file of a sweep: what it may say, and every mistake in it with its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.tools.sweep.spec import Compile, Population, Sample, Spec, read_spec, spec_of

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
    ('program = "a.s"\nsettings = ["memory.ports"]', "'memory.ports' is no setting with its value", 2),
    ('program = "a.s"\nsettings = ["memory.ports=2", "memory.bank=2"]', "no setting is called memory.bank", 2),
    ('program = "a.s"\ntiming_only = 1', "timing_only is true or false", 2),
    ('program = "a.s"\nlimit = 0', "limit is 0, allowed is 1 to 10,000,000", 2),
    ('program = "a.s"\nlimit = true', "limit is a whole number from 1", 2),
    ('program = "a.s"\naxes = 1', "axes is a table", 0),
    ('program = "a.s"\n[axes]\nprogram = ["b.s"]', "program stands beside the axis of that name", 1),
    ('program = "a.s"\n[sample]\nkind = "latin"', "sample.kind is 'latin', allowed are grid, list, random, sobol", 3),
    ('program = "a.s"\n[sample]\nkind = "sobol"', "a sobol sample says how many points it has", 2),
    ('program = "a.s"\n[sample]\nkind = "random"\npoints = 3', "a random sample draws from axes, and there", 2),
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


TWICE_SAID = [
    ('settings = ["clock_ns=2", "memory.ports=2"]', '"memory.ports" = [1]', "memory.ports"),
    ('settings = [" memory.ports = 2"]', '"clock_ns, memory.ports" = { linked = [[1, 4], [2, 8]] }', "memory.ports"),
    ('chip = "acortex_digits"', 'chip = ["acortex_digits"]', "chip"),
    ('compile.mapping = "taps"', '"compile.mapping" = ["taps", "best"]', "compile.mapping"),
    ("compile.dims = { N = 1 }", '"compile.mapping" = ["taps", "best"]', ""),
    ('settings = ["memory.ports=2"]', '"memory.banks" = [1]', ""),
]


@pytest.mark.parametrize(("fixed", "axis", "name"), TWICE_SAID)
def test_what_is_fixed_and_moved_is_refused_with_both_lines(tmp_path: Path, fixed: str, axis: str, name: str) -> None:
    text = f'program = "a.s"\n{fixed}\n[axes]\n{axis}\n'
    if not name:
        assert read(tmp_path, text).axes
        return
    with pytest.raises(UsageError, match=f"{name} stands beside the axis of that name") as caught:
        read(tmp_path, text)
    file = tmp_path / "s.toml"
    assert (caught.value.where, caught.value.places) == (f"{file}:2", (("the axis", f"{file}:4"),))


LIST = '[sample]\nkind = "list"\n'
DRAWN = '[sample]\nkind = "random"\npoints = 5\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[axes]\n"memory.ports" = [1, 2, 1]', ":3: memory.ports has 1 more than once"),
        ('[axes]\n"clock_ns" = [1, 2, 1.0]', ":3: clock_ns has 1.0 more than once"),
        (
            '[axes]\n"a, b" = { linked = [["memory.ports", "memory.banks"], [1, 4], [2, 4], [1, 4]] }',
            ":3: memory.ports, memory.banks has 1, 4 more than once",
        ),
        (
            LIST + '[axes]\n"memory.ports" = [1, 1]\n"memory.banks" = [4, 4]',
            ": the list of memory.ports, memory.banks has 1, 4 more than once",
        ),
        (LIST + '[axes]\n"memory.ports" = [1, 1]\n"memory.banks" = [4, 8]', ""),
        (DRAWN + '[axes]\n"memory.ports" = [1, 1, 2]', ""),
        ('[axes]\n"memory.ports" = [1, 2]', ""),
    ],
)
def test_a_point_that_is_said_twice_is_told(tmp_path: Path, text: str, told: str) -> None:
    """Axes side by side may say a value often, and a draw takes what stands often more often."""
    found = read(tmp_path, f'program = "a.s"\n{text}').repeated
    assert found == ([f"{tmp_path / 's.toml'}{told}"] if told else [])


def test_a_program_that_is_listed_twice_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, 'program = ["zoo:lstm", "zoo:digits_mlp", "zoo:lstm"]').repeated
    assert found == [f"{tmp_path / 's.toml'}: program has zoo:lstm more than once"]


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


PROGRAM = {"program": "zoo:digits_mlp"}


def faults(**given: object) -> list[tuple[str, str, str]]:
    """What is wrong with a sweep: messages, places and hints."""
    with pytest.raises(AcortexError) as caught:
        spec_of({**PROGRAM, **given}, "s.toml", {"accuracy.seed": "s.toml:7"})
    errors = caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]
    return [(one.message, one.where, one.hint) for one in errors]


def test_what_a_sweep_leaves_out_is_usual() -> None:
    for made in (spec_of(PROGRAM, "s.toml"), Spec("s.toml", ("zoo:digits_mlp",), ())):
        assert (made.sample.kind, made.sample.points, made.sample.seed) == ("grid", 0, 0)
        assert (made.accuracy.chips, made.accuracy.seed, made.limit, made.samples) == (1, 0, 100_000, 0)
        assert (made.timing_only, made.objectives, made.settings, made.chip) == (
            False,
            ("latency_s", "energy_j"),
            (),
            None,
        )
        assert (made.compile.fill_weights, made.compile.dims, made.compile.host) == (False, {}, None)


BOUNDS = [
    ("limit", None, 1, 10_000_000),
    ("sample", "points", 1, 10_000_000),
    ("sample", "seed", 0, 2**63 - 1),
    ("accuracy", "chips", 1, 100_000),
    ("accuracy", "seed", 0, 2**63 - 1),
]


@pytest.mark.parametrize(("name", "key", "least", "most"), BOUNDS)
def test_whole_numbers_are_taken_up_to_their_bounds(name: str, key: str | None, least: int, most: int) -> None:
    def given(value: int) -> dict[str, object]:
        kind = {"kind": "random", "points": 5} if name == "sample" else {}
        return {name: {**kind, key: value} if key else value}

    for value in (least, most):
        made = getattr(spec_of({**PROGRAM, "axes": {"memory.ports": [1]}, **given(value)}, "s.toml"), name)
        assert (getattr(made, key) if key else made) == value
    for value in (least - 1, most + 1):
        path = f"{name}.{key}" if key else name
        told = [message for message, _, _ in faults(**given(value))]
        assert f"{path} is {value}, allowed is {least:,} to {most:,}" in told


def test_a_mistake_has_the_line_that_is_known_of_it() -> None:
    assert faults(accuracy={"seed": -1}, limit=0) == [
        ("accuracy.seed is -1, allowed is 0 to 9,223,372,036,854,775,807", "s.toml:7", ""),
        ("limit is 0, allowed is 1 to 10,000,000", "s.toml", ""),
    ]


@pytest.mark.parametrize(
    ("given", "told", "hint"),
    [
        ({"accuracy": {"chip": 1}}, "[accuracy] has no chip", "did you mean `chips`?"),
        ({"compile": {"quantize": "best"}}, "[compile] has no quantize", "did you mean `quantise`?"),
        ({"smple": {}}, "a sweep has no smple", "did you mean `sample`?"),
        ({"settings": [5]}, "settings is a list of texts", 'settings = ["memory.ports=2"]'),
        ({"objectives": ["energy"]}, "no number of a run is called 'energy'", "did you mean `energy_j`?"),
        ({"sample": {"kind": "sobol"}}, "a sobol sample says how many points it has", "points = 200"),
    ],
)
def test_a_mistake_has_its_hint(given: dict[str, object], told: str, hint: str) -> None:
    assert faults(**given) == [(told, "s.toml", hint)]


@pytest.mark.parametrize("program", [["a.s", 5], ["a.s", ""], [], 5, "", [[]]], ids=str)
def test_programs_are_named_by_texts(program: object) -> None:
    told = "a sweep names its program, or a list of them"
    assert [message for message, _, _ in faults(program=program)] == [told]


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "2"])
def test_sizes_of_axes_are_whole_numbers_above_0(size: object) -> None:
    told = "the size of the axis N is a whole number above 0"
    assert [message for message, _, _ in faults(compile={"dims": {"N": size}})] == [told]
    assert spec_of({**PROGRAM, "compile": {"dims": {"N": 1}}}, "s.toml").compile.dims == {"N": 1}


def test_objectives_are_taken_once_each_in_their_order() -> None:
    found = spec_of({**PROGRAM, "objectives": ["cycles", "area_mm2", "cycles"]}, "s.toml").objectives
    assert found == ("cycles", "area_mm2")
