"""A technology and an error model of a user's own, each in one file, without touching ours."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import acortex
from acortex.errors import UsageError
from acortex.programs import zoo
from acortex.sim.accuracy import own
from acortex.sim.chip import technology_files
from acortex.sim.chip.specs import load_chip

FEFET = """
description = "ferroelectric transistors"
inherits = "floating_gate"

[errors]
programming = "drawn"
tuning_pct = 30
tuning_of = "full_scale"
tuning_shape = "normal"

[sources]
"errors.tuning_pct" = "measured, 2026"
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is registered here is not known elsewhere."""
    monkeypatch.setattr(own, "_REGISTERED", {})
    monkeypatch.setattr(technology_files, "_OWN", type(technology_files._OWN)(dict))
    yield


@pytest.fixture
def fefet(tmp_path: Path) -> Path:
    path = tmp_path / "fefet.toml"
    path.write_text(FEFET)
    return path


def mean(settings: list[str], chip: str | None = None, chips: int = 4) -> float:
    return acortex.accuracy("zoo:digits_mlp", chip, settings=settings, chips=chips).accuracy.mean


# A technology


def test_a_technology_is_named_by_its_file(fefet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fefet.parent)
    chip = load_chip("acortex_digits", ["arrays.cell=fefet.toml"])
    assert chip.arrays.cell == "fefet"
    assert float(chip.errors.tuning_pct or 0) == 30 and chip.errors.shot_pct is None
    assert chip.energy == load_chip("acortex_digits").energy
    assert chip.sources["errors.tuning_pct"] == "measured, 2026"
    assert mean(["arrays.cell=fefet.toml"]) < mean([]) - 0.01


def test_a_chip_file_names_one_beside_itself(fefet: Path) -> None:
    chip = fefet.parent / "mine.toml"
    chip.write_text('inherits = "acortex_digits"\n[arrays]\ncell = "fefet.toml"\n')
    assert load_chip(chip).errors == load_chip("acortex_digits", [f"arrays.cell={fefet}"]).errors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.toml", "--set arrays.cell: there is no file nothing.toml"),
        ("pcm.toml", "--set arrays.cell: pcm is a built-in technology"),
    ],
)
def test_a_file_that_is_none_or_has_a_taken_name_is_refused(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pcm.toml").write_text(FEFET)
    with pytest.raises(UsageError) as found:
        load_chip("acortex_digits", [f"arrays.cell={name}"])
    assert str(found.value).startswith(said)


def test_an_installed_package_brings_a_technology(fefet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provide(monkeypatch, technology_files.ENTRY_POINTS, "cell.installed", fefet)
    assert float(load_chip("acortex_digits", ["arrays.cell=installed"]).errors.tuning_pct or 0) == 30


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ImportError("no module named x"), "ImportError: no module named x"),
        (3, "TypeError: "),
    ],
)
def test_an_entry_point_that_brings_no_file_is_one_error(
    value: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provide(monkeypatch, technology_files.ENTRY_POINTS, "cell.absent", value)
    with pytest.raises(UsageError, match=f"'cell.absent' of acortex.technologies gives no file: {said}"):
        load_chip("acortex_digits", ["arrays.cell=absent"])


def provide(monkeypatch: pytest.MonkeyPatch, group: str, name: str, value: Any) -> None:
    """Stands for an installed package with an entry point."""

    class Point:
        def load(self) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

    def entry_points(**wanted: str) -> list[Point]:
        return [Point()] if wanted == {"group": group, "name": name} else []

    monkeypatch.setattr(metadata, "entry_points", entry_points)


# An error model


def test_a_model_changes_cells() -> None:
    acortex.ErrorModel("leak", cells=lambda cells, drawn: cells + 2 * abs(drawn.normals())).register()
    assert mean(["errors.own=leak"]) < mean([]) - 0.01


def test_a_model_changes_sums() -> None:
    acortex.ErrorModel("hum", sums=lambda sums, noise: sums + 60 * noise).register()
    found = acortex.accuracy("zoo:digits_mlp", settings=["errors.own=hum"], chips=3, ablate=True)
    assert found.accuracy.mean < found.ideal - 0.01
    assert found.errors["errors.own"] == "hum"
    (row,) = [row for row in found.ablation if row.error == "own model"]
    assert row.alone < found.ideal - 0.01 < row.without


def test_a_model_has_the_same_chips_in_any_population() -> None:
    acortex.ErrorModel(
        "both",
        cells=lambda cells, drawn: cells * (1 + 0.2 * (drawn.uniforms() - 0.5)),
        sums=lambda sums, noise: sums + 10 * noise,
    ).register()
    found = [acortex.accuracy("zoo:digits_mlp", settings=["errors.own=both"], chips=chips) for chips in (2, 3)]
    assert found[1].per_chip[:2] == found[0].per_chip
    images = zoo.load("digits_mlp").samples["image"][:40]
    changed = [
        acortex.run("zoo:digits_mlp", settings=["errors.own=both"], inputs=images, noise_seed=seed, timing=False)
        for seed in (0, 0, 1)
    ]
    scores = [np.asarray(one.outputs["scores"]) for one in changed]
    assert (scores[0] == scores[1]).all() and (scores[0] != scores[2]).any()


def test_an_installed_package_brings_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = acortex.ErrorModel("installed", cells=lambda cells, drawn: cells * 0)
    provide(monkeypatch, own.ENTRY_POINTS, "installed", model)
    assert mean(["errors.own=installed"]) < 0.5


@pytest.mark.parametrize("part", ["cells", "sums"])
def test_a_model_that_loses_numbers_is_refused(part: str) -> None:
    acortex.ErrorModel("short", **{part: lambda values, drawn: values[:-1]}).register()
    with pytest.raises(UsageError, match=f"errors.own: {part} of error model 'short' gave"):
        mean(["errors.own=short"])


def test_a_name_that_no_model_has_is_refused() -> None:
    acortex.ErrorModel("leak").register()
    with pytest.raises(UsageError) as found:
        mean(["errors.own=leek"])
    assert str(found.value) == "errors.own: no error model is called 'leek'\n  hint: did you mean `leak`?"
