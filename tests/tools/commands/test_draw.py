"""`acortex draw`: files by their suffix, the same bytes each time, and errors before any work."""

from __future__ import annotations

import importlib
from importlib import util
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from picture_rules import texts_of

from acortex.isa.asm.assembler import DEFAULT_CHIP
from acortex.tools.commands.draw import SUBJECTS
from acortex.tools.commands.group import cli
from acortex.tools.drawing import subjects


def acortex_(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.mark.parametrize("what", SUBJECTS)
def test_each_picture_is_drawn_the_same_each_time(what: str, tmp_path: Path) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in (first, second):
        result = acortex_("draw", what, "zoo:digits_mlp", "-o", path)
        assert (result.exit_code, result.output) == (0, "")
    assert first.read_bytes() == second.read_bytes()
    assert "digits_mlp on acortex_digits" in texts_of(first.read_text())


@pytest.mark.parametrize("what", SUBJECTS)
def test_each_picture_is_an_image_too(what: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "a.PNG"
    assert acortex_("draw", what, "zoo:digits_mlp", "-o", path).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_names_are_those_that_can_be_drawn() -> None:
    assert tuple(subjects.SUBJECTS) == SUBJECTS


def test_stdout_takes_svg() -> None:
    result = acortex_("draw", "floorplan", "zoo:digits_mlp", "-o", "-")
    assert result.stdout.startswith("<svg")
    assert result.stdout.endswith("</svg>\n")


def test_a_chip_alone_has_a_floor_plan(tmp_path: Path) -> None:
    path = tmp_path / "chip.svg"
    assert acortex_("draw", "floorplan", "--chip", "acortex_resnet", "-o", path).exit_code == 0
    assert texts_of(path.read_text())[0] == "acortex_resnet"


def test_a_setting_changes_the_picture(tmp_path: Path) -> None:
    for name, more in (("a", ()), ("b", ("--set", "memory.capacity_kb=64"))):
        assert acortex_("draw", "floorplan", "zoo:digits_mlp", *more, "-o", tmp_path / f"{name}.svg").exit_code == 0
    assert (tmp_path / "a.svg").read_text() != (tmp_path / "b.svg").read_text()


def test_a_route_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    assert acortex_("draw", "floorplan", "zoo:digits_mlp", "--route", "g1", "-o", path).exit_code == 0
    assert "A word through g1" in texts_of(path.read_text())


@pytest.mark.parametrize(("given", "said"), [((), "3 inferences"), (("--inferences", 5), "5 inferences")])
def test_a_run_of_many_inferences_is_drawn_in_part(given: tuple[object, ...], said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    assert acortex_("draw", "memory", "zoo:digits_mlp", *given, "-o", path).exit_code == 0
    assert said in texts_of(path.read_text())[1]


REFUSED = [
    (
        ("memory", "zoo:digits_mlp", "-o", "a.gif"),
        "a.gif: .gif is not a form of pictures",
        "end the name with .svg or .png",
    ),
    (
        ("memory", "zoo:digits_mlp", "-o", "a"),
        "a: a name without a suffix says no form of pictures",
        "end the name with .svg or .png",
    ),
    (
        ("memory", "-o", "a.svg"),
        "error: a picture of memory is one of a program, and none is given",
        "name one: FILE.s",
    ),
    (
        ("network", "zoo:digits_mlp", "--route", "g0", "-o", "a.svg"),
        "--route is for the floor plan of a program",
        "leave it out",
    ),
    (("floorplan", "--route", "g0", "-o", "a.svg"), "--route is for the floor plan of a program", "leave it out"),
    (
        ("network", "zoo:digits_mlp", "--inferences", "2", "-o", "a.svg"),
        "--inferences is for a picture of a run",
        "leave it out",
    ),
    (
        ("floorplan", "zoo:digits_mlp", "--route", "g9", "-o", "a.svg"),
        "digits_mlp has no group g9",
        "its groups are g0, g1",
    ),
    (("floorplan", "zoo:nothing", "-o", "a.svg"), "nothing", "hint"),
    (("floorplan", "nothing.s", "-o", "a.svg"), "nothing.s", ""),
    (("memory", "zoo:digits_mlp", "--chip", "nothing", "-o", "a.svg"), "nothing", "hint"),
    (("memory", "zoo:digits_mlp"), "-o", ""),
    (
        ("pie", "zoo:digits_mlp", "-o", "a.svg"),
        "'pie' is not one of 'floorplan', 'network', 'memory', 'breakdown'",
        "hint",
    ),
    (("memory", "zoo:digits_mlp", "--inferences", "0", "-o", "a.svg"), "0", ""),
]


@pytest.mark.parametrize(("args", "said", "hint"), REFUSED)
def test_mistakes_are_refused_with_what_to_do(
    args: tuple[str, ...], said: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = acortex_("draw", *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert hint in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


BARE = ".program bare\n.chip acortex_digits\nstart\nhalt\n"


def test_a_program_without_layers_has_no_graph(tmp_path: Path) -> None:
    source = tmp_path / "bare.s"
    source.write_text(BARE)
    result = acortex_("draw", "network", source, "-o", tmp_path / "a.svg")
    assert result.exit_code == 2
    assert "bare marks no layer" in result.stderr
    assert "hint: mark them with `layer NAME`" in result.stderr


@pytest.mark.parametrize("what", ["floorplan", "memory", "breakdown"])
def test_a_program_that_does_nothing_is_drawn(what: str, tmp_path: Path) -> None:
    source, path = tmp_path / "bare.s", tmp_path / "a.svg"
    source.write_text(BARE)
    result = acortex_("draw", what, source, "-o", path)
    assert result.exit_code == 0, result.stderr
    assert "bare on acortex_digits" in texts_of(path.read_text())


def test_the_program_is_not_replaced(tmp_path: Path) -> None:
    source = tmp_path / "a.svg"
    source.write_text(BARE)
    result = acortex_("draw", "floorplan", source, "-o", source)
    assert result.exit_code == 2
    assert source.read_text() == BARE


def test_a_source_with_a_mistake_is_refused_at_its_line(tmp_path: Path) -> None:
    source = tmp_path / "bad.s"
    source.write_text(BARE.replace("halt", "hault"))
    result = acortex_("draw", "memory", source, "-o", tmp_path / "a.svg")
    assert result.exit_code == 1
    assert "bad.s:4" in result.stderr
    assert not (tmp_path / "a.svg").exists()


def test_an_image_without_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "matplotlib" else known(name, *rest))
    result = acortex_("draw", "memory", "zoo:digits_mlp", "-o", tmp_path / "a.png")
    assert result.exit_code == 2
    assert "acortex[plots]" in result.stderr
    assert acortex_("draw", "memory", "zoo:digits_mlp", "-o", tmp_path / "a.svg").exit_code == 0


@pytest.mark.slow
def test_a_run_draws_itself(tmp_path: Path) -> None:
    plain, traced = tmp_path / "a.svg", tmp_path / "b.svg"
    args = ("run", "zoo:digits_mlp", "--timing-only", "--plot")
    assert acortex_(*args, plain).exit_code == 0
    assert "Busy units" in texts_of(plain.read_text())
    assert acortex_(*args, traced, "--trace", tmp_path / "r.actrace", "--format", "json").exit_code == 0
    assert "Time" in texts_of(traced.read_text())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--functional-only",), "--plot needs time"),
        (("--chip", "acortex_digits", "--chip", "acortex_inception"), "--plot is for one"),
    ],
)
def test_a_plot_of_a_run_needs_one_run_in_time(more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = acortex_("run", "zoo:digits_mlp", "--plot", tmp_path / "a.svg", *more)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_plot_of_a_run_is_refused_by_its_suffix_before_the_run(tmp_path: Path) -> None:
    result = acortex_("run", "zoo:digits_mlp", "--plot", tmp_path / "a.jpeg")
    assert result.exit_code == 2
    assert ".jpeg is not a form of pictures" in result.stderr


def test_the_floor_plan_of_a_chip_is_the_same_everywhere(tmp_path: Path) -> None:
    one, other = tmp_path / "a.svg", tmp_path / "b.svg"
    acortex_("draw", "floorplan", "zoo:digits_mlp", "-o", one)
    acortex_("chip", "show", "acortex_digits", "--program", "zoo:digits_mlp", "--svg", other)
    assert one.read_text() == other.read_text()


SHOWN = [("floorplan", "inception_v1"), ("memory", "inception_v1"), ("breakdown", "gnmt"), ("network", "resnet152")]


@pytest.mark.parametrize(("what", "network"), SHOWN)
def test_the_pictures_of_the_page_are_what_is_drawn(what: str, network: str, checkout: Path) -> None:
    """`make pages` draws them anew."""
    drawn = acortex_("draw", what, f"zoo:{network}", "-o", "-").stdout
    assert drawn == (checkout / "docs" / f"draw-{what}.svg").read_text()


def test_the_module_loads_no_heavy_library() -> None:
    source = Path(importlib.import_module("acortex.tools.commands.draw").__file__ or "").read_text()
    assert "\nimport numpy" not in source and "\nfrom acortex.tools.drawing" not in source


def test_settings_are_laid_over_the_chip_that_is_drawn_without_a_program(tmp_path: Path) -> None:
    """The usual chip, too, where none is named."""
    drawn = {}
    for name, more in (
        ("a", ()),
        ("b", ("--set", "arrays.n=2")),
        ("c", ("--chip", DEFAULT_CHIP, "--set", "arrays.n=2")),
    ):
        assert acortex_("draw", "floorplan", "-o", tmp_path / f"{name}.svg", *more).exit_code == 0
        drawn[name] = (tmp_path / f"{name}.svg").read_bytes()
    assert drawn["a"] != drawn["b"] == drawn["c"]
