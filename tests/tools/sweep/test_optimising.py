"""Searches: what they find beside a whole grid, and that one which was ended goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna
import pytest

from acortex.errors import UsageError
from acortex.tools.sweep.optimising import _propose, _Search, optimise
from acortex.tools.sweep.results import SweepReport
from acortex.tools.sweep.spec import Spec, spec_of
from acortex.tools.sweep.sweeping import look, sweep

ROOT = Path(__file__).parents[3]
VMM = str(ROOT / "programs" / "vmm.s")
AXES = {"memory.access_cycles": {"from": 1, "to": 9}, "memory.banks": [1, 2], "clock_ns": {"from": 1.5, "to": 3}}


def spec(axes: dict[str, Any] = AXES, **more: Any) -> Spec:
    return spec_of({"program": VMM, "axes": axes, **more}, "s.toml")


def keys(report: SweepReport) -> list[str]:
    return [row.key for row in report.rows]


@pytest.mark.slow
def test_a_search_has_so_many_trials_within_its_axes(tmp_path: Path) -> None:
    report = optimise(spec(), tmp_path, trials=11)
    assert (report.points, report.done) == (11, 11)
    for row in report.rows:
        assert row.axes["memory.access_cycles"] in range(1, 10)
        assert row.axes["memory.banks"] in (1, 2)
        assert 1.5 <= float(row.axes["clock_ns"]) <= 3


@pytest.mark.slow
def test_the_same_search_elsewhere_tries_the_same_points(tmp_path: Path) -> None:
    one, other = (optimise(spec(), tmp_path / name, trials=9) for name in ("a", "b"))
    assert keys(one) == keys(other)
    assert keys(optimise(spec(sample={"seed": 7}), tmp_path / "c", trials=9)) != keys(one)


def test_a_search_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    first = optimise(spec(), tmp_path, trials=5)
    more = optimise(spec(), tmp_path, trials=12)
    assert more.points == 12
    assert keys(more)[:5] == keys(first)
    assert keys(optimise(spec(), tmp_path, trials=12)) == keys(more)


def test_a_search_that_was_killed_makes_up_for_the_trials_that_were_under_way(tmp_path: Path) -> None:
    class Killed(Exception):
        """Stands for what ends a process between a proposal and its result."""

    def killed(*_: object) -> None:
        raise Killed

    optimise(spec(), tmp_path, trials=5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("acortex.tools.sweep.optimising.Hands.work", killed)
        with pytest.raises(Killed):
            optimise(spec(), tmp_path, trials=50)
    report = optimise(spec(), tmp_path, trials=9)
    assert (report.complete, report.points, report.done) == (True, 9, 9)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "other",
    [
        {"settings": ["clock_ns=9"]},
        {"axes": {"memory.ports": [2, 1]}},
        {"axes": {"memory.ports": [1]}},
        {"axes": {"memory.ports": [1, 2, 4]}},
        {"axes": {"memory.ports": {"from": 1, "to": 2}}},
        {"objectives": ["latency_s", "area_mm2"]},
    ],
    ids=str,
)
def test_another_search_in_the_same_folder_begins_anew(tmp_path: Path, other: dict[str, Any]) -> None:
    """Its trials are not taken for those of the one before: they have other numbers, and other values."""
    axes = {"memory.ports": [1, 2]}
    optimise(spec(axes), tmp_path, trials=4)
    report = optimise(spec(**{"axes": axes, **other}), tmp_path, trials=3)
    assert (report.complete, report.points, report.done) == (True, 3, 3)
    again = optimise(spec(axes), tmp_path, trials=4)
    assert (again.points, again.done) == (4, 4)


def test_a_trial_whose_worker_died_is_no_trial_of_the_next_call(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("acortex.tools.sweep.optimising.Hands.work", lambda *_: None)  # as if no worker answered
        left = optimise(spec(), tmp_path, trials=4)
    assert (left.complete, left.points, left.done) == (False, 4, 0)
    report = optimise(spec(), tmp_path, trials=4)
    assert (report.complete, report.points, report.done) == (True, 4, 4)


@pytest.mark.slow
def test_a_search_finds_the_best_of_a_grid(tmp_path: Path) -> None:
    axes = {"memory.access_cycles": {"from": 1, "to": 6, "steps": 6}, "memory.ports": [1, 2, 4]}
    grid = sweep(spec(axes), tmp_path / "grid")
    found = optimise(spec(axes, objectives=["latency_s"]), tmp_path / "search", trials=24)
    assert min(row.latency_s or 1 for row in found.rows) == min(row.latency_s or 1 for row in grid.rows)
    assert found.front_of == ["latency_s"]


@pytest.mark.slow
def test_what_more_is_better_in_becomes_larger(tmp_path: Path) -> None:
    axes = {"clock_ns": {"from": 1.5, "to": 30}}
    found = optimise(spec(axes, objectives=["throughput_ops_per_s"]), tmp_path, trials=24)
    assert float(min(row.axes["clock_ns"] for row in found.rows)) < 3


@pytest.mark.slow
def test_points_that_fail_are_rows_and_the_search_goes_on(tmp_path: Path) -> None:
    report = optimise(spec({"instruction_memory.words": [1, 64]}), tmp_path, trials=10)
    assert report.failed > 0
    assert report.done + report.failed == 10


def test_a_trial_that_was_left_is_proposed_anew(tmp_path: Path) -> None:
    first = optimise(spec(), tmp_path, trials=4)
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    (summary,) = optuna.get_all_study_summaries(storage)
    optuna.load_study(study_name=summary.study_name, storage=storage).ask()
    more = optimise(spec(), tmp_path, trials=8)
    assert keys(more)[:4] == keys(first)
    assert more.done >= 7


def test_show_has_the_trials(tmp_path: Path) -> None:
    report = optimise(spec(), tmp_path, trials=4)
    assert keys(look(tmp_path)) == keys(report)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"axes": {}}, "a search needs axes"),
        ({"program": [VMM, "zoo:lstm"]}, "a search is of one program"),
        ({"program": None, "axes": {"program": [VMM]}}, "a search is of one program"),
    ],
)
def test_what_cannot_be_searched_is_refused(made: dict[str, Any], message: str, tmp_path: Path) -> None:
    table = {"program": VMM, "axes": AXES, **made}
    with pytest.raises(UsageError, match=message):
        optimise(spec_of({name: one for name, one in table.items() if one is not None}, "s.toml"), tmp_path)


def test_a_damaged_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="is no study"):
        optimise(spec(), tmp_path)


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(UsageError, match="no number of a run is called 'latency'"):
        spec(objectives=["latency"])


class Asked:
    """A trial that keeps what was asked of it."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def suggest_categorical(self, name: str, values: list[int]) -> None:
        self.said.append((name, values))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> None:
        self.said.append((name, int, low, high, log))

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> None:
        self.said.append((name, float, low, high, log))


def test_each_axis_is_proposed_within_its_ends_and_by_factors_where_it_says_so() -> None:
    whole, real = {"from": 1, "to": 64}, {"from": 0.5, "to": 8.0}
    axes = {"memory.banks": [1, 2, 8], "memory.ports": whole, "buffer.words": {**whole, "log": True},
            "clock_ns": real, "energy.sensing_pj": {**real, "log": True}}  # fmt: skip
    trial = Asked()
    for axis in spec(axes).axes:
        _propose(trial, axis)
    assert trial.said == [
        ("memory.banks", [0, 1, 2]),
        ("memory.ports", int, 1, 64, False),
        ("buffer.words", int, 1, 64, True),
        ("clock_ns", float, 0.5, 8.0, False),
        ("energy.sensing_pj", float, 0.5, 8.0, True),
    ]


def test_a_search_goes_the_better_way_of_each_objective_with_a_seed_of_its_own_for_each_continuation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []
    sampler = optuna.samplers.TPESampler

    def seeded(seed: int | None = None) -> optuna.samplers.TPESampler:
        if seed is not None:  # optuna makes one of its own, too
            seeds.append(seed)
        return sampler(seed=seed)

    monkeypatch.setattr(optuna.samplers, "TPESampler", seeded)
    made = spec(objectives=["latency_s", "efficiency_ops_per_j"], sample={"kind": "random", "points": 1, "seed": 70})
    first = _Search(made, tmp_path, optuna)
    assert [one.name for one in first.study.directions] == ["MINIMIZE", "MAXIMIZE"]
    trial = first.study.ask()
    first.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    _Search(made, tmp_path, optuna)
    assert seeds == [70, 71]
