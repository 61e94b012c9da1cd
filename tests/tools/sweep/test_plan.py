"""What the points of a sweep are known by: each thing that a result depends on is part of its key, and no other is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.tools.sweep.plan import Planned, Planner
from acortex.tools.sweep.points import Point, points_of
from acortex.tools.sweep.spec import Spec, spec_of

ROOT = Path(__file__).parents[3]
VMM, ECHO = str(ROOT / "programs" / "vmm.s"), str(ROOT / "tests" / "tools" / "echo.s")
NETWORK = {"program": "zoo:letters_mlp"}
GIVEN = {"input": "a.npy", "labels": "la.npy"}
ANALOG = {"settings": ["errors.model=analog"]}

KEYS = ("key", "program", "time", "values", "spread", "run", "drawn")
ALL = set(KEYS)
OF_RUN = ALL - {"program"}
TIME = {"key", "time", "spread", "drawn"}
RIGHT = {"key", "values", "spread"}

Plan = Callable[..., Planned]


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """plan(...): the one point of a sweep of these keys; files lie beside it."""
    for number, name in enumerate("ab"):
        np.save(tmp_path / f"{name}.npy", np.full((3, 64), number))
        np.save(tmp_path / f"l{name}.npy", np.full(3, number))

    def made(samples: int = 60, time_samples: int = 10, **more: Any) -> Planned:
        spec = spec_of({"program": VMM, "axes": {}, **more}, str(tmp_path / "s.toml"))
        spec = replace(spec, samples=samples, time_samples=time_samples)
        (one,) = Planner(spec).planned(points_of(spec))
        assert not one.error
        return one

    yield made


def settings(*given: str) -> dict[str, Any]:
    return {"settings": list(given)}


def compiled(**options: Any) -> dict[str, Any]:
    return {"compile": options}


@pytest.mark.parametrize(
    ("base", "more", "differ"),
    [
        ({}, {}, set()),
        ({}, {"limit": 5, "objectives": ["area_mm2", "energy_j"]}, set()),
        ({}, {"accuracy": {"chips": 3}}, set()),  # of an ideal chip there is but one
        ({}, {"program": ECHO}, ALL),
        ({}, settings("energy.sensing_pj=2"), {"key", "spread", "drawn"}),
        ({}, settings("memory.retention_s=0.001"), {"key", "spread", "drawn"}),
        ({}, settings("memory.ports=2"), TIME),
        ({}, settings("errors.stuck_off_ppm=5"), RIGHT),
        ({}, {"timing_only": True}, RIGHT),
        ({}, {"sample": {"seed": 5}}, {"spread"}),
        ({}, {"samples": 61}, {"spread"}),
        ({}, {"time_samples": 11}, {"spread"}),
        ({}, {"samples": 0}, {"spread"}),
        (ANALOG, {"accuracy": {"chips": 3}}, RIGHT),
        (ANALOG, {"accuracy": {"seed": 3}}, RIGHT),
        (GIVEN, {"input": "b.npy"}, OF_RUN),
        (GIVEN, {"labels": "lb.npy"}, OF_RUN),
        (NETWORK, settings("memory.ports=2"), TIME),
        (NETWORK, settings("memory.capacity_kb=1024"), ALL),
        (NETWORK, compiled(mapping="best"), ALL),
        (NETWORK, compiled(quantise="fast"), ALL),
        (NETWORK, compiled(calibration="a.npy"), ALL),
        (NETWORK | compiled(calibration="a.npy"), compiled(calibration="b.npy"), ALL),
        (NETWORK | GIVEN, {"input": "b.npy"}, ALL),
        (NETWORK | GIVEN, {"labels": "lb.npy"}, OF_RUN),
    ],
    ids=str,
)
def test_a_key_goes_by_all_that_its_result_depends_on(
    plan: Plan, base: dict[str, Any], more: dict[str, Any], differ: set[str]
) -> None:
    one, other = plan(**base), plan(**{**base, **more})
    assert {key for key in KEYS if getattr(one, key) != getattr(other, key)} == differ


@pytest.mark.parametrize(
    ("base", "file", "differ"),
    [
        (GIVEN, "a.npy", OF_RUN),
        (GIVEN, "la.npy", OF_RUN),
        (GIVEN, "b.npy", set()),
        (NETWORK | GIVEN, "a.npy", ALL),
        (NETWORK | compiled(calibration="b.npy"), "b.npy", ALL),
        (NETWORK | compiled(calibration="b.npy"), "a.npy", set()),
        ({"program": "p.s"}, "p.s", ALL),
        ({"chip": "c.toml"}, "c.toml", TIME),
    ],
    ids=str,
)
def test_a_file_counts_by_what_it_holds(
    plan: Plan, tmp_path: Path, base: dict[str, Any], file: str, differ: set[str]
) -> None:
    """Whatever its name: another content in its place is another point."""
    (tmp_path / "p.s").write_text(Path(ECHO).read_text())
    (tmp_path / "c.toml").write_text('inherits = "acortex_digits"\n')
    one, path = plan(**base), tmp_path / file
    if path.suffix == ".npy":
        np.save(path, np.load(path) + 1)
    else:
        path.write_text(path.read_text() + {".s": "halt\n", ".toml": "[memory]\nports = 2\n"}[path.suffix])
    other = plan(**base)
    assert {key for key in KEYS if getattr(one, key) != getattr(other, key)} == differ


def point(spec: Spec, values: dict[str, Any]) -> tuple[str, ...]:
    return Planner(spec)._settings(Point(VMM, values))


@pytest.mark.parametrize(
    ("given", "axes", "laid"),
    [
        ([], {}, ()),
        ([], {"chip": "acortex_digits", "compile.mapping": "best", "memory.ports": 2}, ("memory.ports=2",)),
        (["memory.ports=1"], {"memory.ports": 2}, ("memory.ports=1", "memory.ports=2")),
        (["errors.stuck_off_ppm=5"], {}, ("errors.stuck_off_ppm=5", "errors.model=analog")),
        ([], {"errors.stuck_off_ppm": 5}, ("errors.stuck_off_ppm=5", "errors.model=analog")),
        (["errors.model=ideal"], {"errors.stuck_off_ppm": 5}, ("errors.model=ideal", "errors.stuck_off_ppm=5")),
        (["errors.stuck_off_ppm=5"], {"errors.model": "ideal"}, ("errors.stuck_off_ppm=5", "errors.model=ideal")),
    ],
    ids=str,
)
def test_axes_are_laid_over_settings_and_errors_act_unless_a_model_is_said(
    given: list[str], axes: dict[str, Any], laid: tuple[str, ...]
) -> None:
    assert point(spec_of({"program": VMM, "axes": {}, "settings": given}, "s.toml"), axes) == laid


@pytest.mark.parametrize(
    ("program", "more", "effort"),
    [
        ("zoo:letters_mlp", {"timing_only": True}, None),
        ("net.onnx", {}, "fast"),
        ("net.onnx", {"timing_only": True}, "fast"),
        ("net.onnx", {"labels": "la.npy"}, None),
        ("net.onnx", {"labels": "la.npy", "timing_only": True}, "fast"),
        ("net.onnx", {"compile": {"quantise": "best"}}, "best"),
    ],
    ids=str,
)
def test_a_network_whose_accuracy_is_not_told_is_compiled_in_the_cheap_way(
    program: str, more: dict[str, Any], effort: str | None
) -> None:
    options = Planner(spec_of({"program": program, "axes": {}, **more}, "s.toml"))._compiling(Point(program, {}))
    assert options is not None and options["quantise"] == effort
