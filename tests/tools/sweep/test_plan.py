"""What the points of a sweep are known by: each thing that a result depends on is part of its key, and no other is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.tools.sweep import uncertainty
from acortex.tools.sweep import work as working
from acortex.tools.sweep.course import Course
from acortex.tools.sweep.plan import Plan as Plans
from acortex.tools.sweep.plan import Planned, Planner
from acortex.tools.sweep.points import Point, points_of
from acortex.tools.sweep.spec import Spec, spec_of
from acortex.tools.sweep.work import _median, failed, work

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


def said(value: object) -> str:
    """A value in the name of a test: sets in order, which each process has in an order of its own."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


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
    ids=said,
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
    ids=said,
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
    ids=said,
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
    ids=said,
)
def test_a_network_whose_accuracy_is_not_told_is_compiled_in_the_cheap_way(
    program: str, more: dict[str, Any], effort: str | None
) -> None:
    options = Planner(spec_of({"program": program, "axes": {}, **more}, "s.toml"))._compiling(Point(program, {}))
    assert options is not None and options["quantise"] == effort


DONE = {"status": "done"}
RESULTS = {
    "p": {**DONE, "cpu_s": 50.0, "labels": True, "name": "p"},
    "k": {**DONE, "cpu_s": 2.0, "cycles": 7},
    "v": {**DONE, "cpu_s": 0.5, "accuracy": 0.25},
    "s": {**DONE, "cpu_s": 1.0, "counting_cpu_s": 4.0, "cycles_p5": 6.0},
}


@pytest.mark.parametrize(
    ("values", "spread", "lost", "wanted"),
    [
        ("", "", {}, {"cycles": 7, "cpu_s": 2.0}),
        ("v", "", {}, {"cycles": 7, "accuracy": 0.25, "cpu_s": 2.5}),
        ("", "s", {}, {"cycles": 7, "cycles_p5": 6.0, "cpu_s": 7.0}),
        ("v", "s", {}, {"cycles": 7, "accuracy": 0.25, "cycles_p5": 6.0, "cpu_s": 7.5}),
        ("v", "s", {"s": None}, {"status": "missing"}),
        ("v", "s", {"v": failed("no"), "s": None}, {"status": "failed", "error": "no"}),
        ("v", "", {"k": None, "p": failed("bad")}, {"status": "failed", "error": "bad"}),
        ("v", "", {"p": {**DONE, "labels": False}}, {"cycles": 7, "cpu_s": 2.0}),
    ],
    ids=said,
)
def test_a_point_is_what_its_jobs_found_and_took_but_for_its_program(
    values: str, spread: str, lost: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """The program is made once for many points. Of what failed, the first job tells."""
    rows = {key: row for key, row in {**RESULTS, **lost}.items() if row is not None}
    log: Any = SimpleNamespace(rows=rows)
    course = Course(Plans("s.toml", (), (), True, False, ()), Path(), log)
    found = course.of(Planned("p.s", {}, "k", program="p", values=values, spread=spread))
    assert wanted.items() <= found.items()
    assert ("accuracy" in found) == ("accuracy" in wanted)


@pytest.mark.parametrize(
    ("numbers", "median"),
    [([], None), ([3.0], 3.0), ([1.0, 2.0], 2.0), ([9.0, 1.0, 5.0], 5.0), ([4.0, 1.0, 3.0, 2.0], 3.0)],
)
def test_the_middle_of_an_even_number_is_the_larger(numbers: list[float], median: float | None) -> None:
    assert _median(numbers) == median


def test_what_runs_of_draws_took_is_shared_by_the_points_that_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_chips", lambda job: [])
    monkeypatch.setattr(uncertainty, "intervals", lambda chips, drawn: iter([{"a": 1.0}, {"a": 2.0}]))
    counts = {"x": {"cpu_s": 3.0}, "y": {"cpu_s": 1.0}, "z": {"cpu_s": None}}
    found = work({"do": "spread", "keys": ["k", "l"], "sampled": {"counts": counts}})  # type: ignore[typeddict-item]
    assert [(row["a"], row["counting_cpu_s"], row["status"]) for row in found.values()] == [
        (1.0, 2.0, "done"), (2.0, 2.0, "done"),
    ]  # fmt: skip
