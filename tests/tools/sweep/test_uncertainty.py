"""Sweeps whose constants are drawn: intervals beside sums by hand, shares of constants, and what is done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.sim.chip.specs import load_chip
from acortex.sim.chip.timing_settings import DELAYS
from acortex.sim.counted import Counted, counted
from acortex.sim.run import prepare
from acortex.sim.uncertain import Courses, Samples, drawn, samples_of, settled
from acortex.tools.open.programs import open_program
from acortex.tools.sweep import workers
from acortex.tools.sweep.effects import chance_of, share_of, shares_of
from acortex.tools.sweep.jobs import Job
from acortex.tools.sweep.metrics import PRICED, UNCERTAIN
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import look, sweep
from acortex.tools.sweep.uncertainty import _shares, intervals
from acortex.tools.sweep.work import metrics, passing, work
from acortex.units import cycles_of

ROOT = Path(__file__).parents[3]
VMM = str(ROOT / "programs" / "vmm.s")
ECHO = str(ROOT / "tests" / "tools" / "echo.s")
AXES = {"memory.ports": [1, 2], "energy.sensing_pj": [5, 6]}
ONE = {"memory.ports": [1]}
NUMBER = 60


def made(
    folder: Path, number: int = NUMBER, axes: dict[str, Any] = AXES, draws: int = 0, program: str = VMM, **more: Any
) -> SweepReport:
    spec = spec_of({"program": program, "axes": axes, **more}, "s.toml")
    return sweep(replace(spec, samples=number, time_samples=draws), folder)


def fixed(chip: str, *but: str, among: Sequence[str] = DELAYS) -> list[str]:
    """Settings that leave a spread to no constant `among` these but those."""
    known = load_chip(chip)
    return [f"{path}={known.constant(path)}" for path in known.spreads if path in among and path not in but]


def mine(folder: Path, **spreads: str) -> str:
    """A chip for the digits with these spreads, `word_cycles="from = 1, to = 9"` by the last words of their paths."""
    paths = {path.rpartition(".")[2]: path for path in DELAYS if path != "buses.word_cycles"}
    lines = "".join(f'"{paths[name]}" = {{ {said}, reason = "r" }}\n' for name, said in spreads.items())
    (folder / "mine.toml").write_text(f'inherits = "acortex_digits"\n[spreads]\n{lines}')
    return str(folder / "mine.toml")


def ends(values: Sequence[object]) -> list[float]:
    return np.percentile(np.array(values, np.float64), [5, 95]).tolist()


def without_cpu(rows: Sequence[SweepRow]) -> list[SweepRow]:
    """Rows without what a clock has measured."""
    return [row.model_copy(update={"cpu_s": None}) for row in rows]


def counts_in(folder: Path) -> list[dict[str, Any]]:
    """What was counted in runs of draws, as the folder keeps it."""
    rows = map(json.loads, (folder / "results.jsonl").read_text().splitlines())
    return [row for row in rows if "events" in row]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    """Four points, each with intervals of prices."""
    return made(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    """Four points, each with intervals of prices and delays."""
    return made(tmp_path_factory.mktemp("timed"), draws=25)


def test_intervals_of_prices_are_percentiles_of_the_samples_of_a_run(report: SweepReport) -> None:
    for row in report.rows:
        chip = load_chip(str(row.chip), [f"{name}={value}" for name, value in row.axes.items()])
        run = counted(prepare(open_program(VMM), chip), [])
        found = samples_of(settled(chip, DELAYS), Courses([run], run, {}), NUMBER, 0).numbers
        assert [row.energy_j_p5, row.energy_j_p95] == ends(found["energy_j"])
        assert [row.area_mm2_p5, row.area_mm2_p95] == ends(found["area_mm2"])
        assert row.latency_s and row.efficiency_ops_per_j and row.energy_j and row.energy_j_p95
        assert row.power_w_p95 == pytest.approx(row.energy_j_p95 / row.latency_s)
        least = row.efficiency_ops_per_j * row.energy_j / row.energy_j_p95
        assert row.efficiency_ops_per_j_p5 == pytest.approx(
            least, rel=0.01
        )  # between two samples it is no straight line
        assert all(row[f"{name}_p5"] is None for name in UNCERTAIN if name not in PRICED)


@pytest.mark.parametrize("least", [1, 2])
def test_of_a_run_that_is_linear_in_its_only_delay_the_ends_are_a_closed_form(tmp_path: Path, least: int) -> None:
    """One word goes in and one comes out, each `host.word_cycles` long: a cycle more of that is two of the run."""
    chip = mine(tmp_path, word_cycles=f"from = {least}, to = 9")
    settings = fixed(chip, "host.word_cycles")
    (row,) = made(tmp_path, axes=ONE, draws=40, program=ECHO, chip=chip, settings=settings).rows
    taken = [least + int(share * (10 - least)) for share in drawn("host.word_cycles", 40, 0)]
    assert set(taken) == set(range(least, 10)) and row.cycles is not None
    cycles = [row.cycles + 2 * (taken[at % 40] - 2) for at in range(NUMBER)]
    assert [row.cycles_p5, row.cycles_p95] == ends(cycles)
    assert [row.latency_s_p5, row.latency_s_p95] == pytest.approx([1.785e-9 * end for end in ends(cycles)])
    assert len(counts_in(tmp_path)) == 10 - least  # each number once, those of its ends and its middle among them


@pytest.mark.parametrize(("draws", "told"), [(2, []), (3, ["host.word_cycles"])])
def test_fewer_than_three_draws_for_a_delay_do_not_say_what_it_matters(
    tmp_path: Path, draws: int, told: list[str]
) -> None:
    chip = mine(tmp_path, word_cycles="from = 1, to = 9")
    settings = fixed(chip, "host.word_cycles")
    found = made(tmp_path, axes=ONE, draws=draws, program=ECHO, chip=chip, settings=settings)
    assert found.uncertainty is not None and found.rows[0].latency_s_p5 is not None
    assert [one.constant for one in found.uncertainty.constants if one.metric == "latency_s"] == told


@pytest.mark.parametrize(
    ("clock", "runs"),
    [("from = 1.785, to = 1.785", 12), pytest.param("from = 1.785, to = 1.79", 12, marks=pytest.mark.slow)],
)
def test_each_figure_has_the_ends_of_all_combinations_by_brute_force(tmp_path: Path, clock: str, runs: int) -> None:
    program, many = str(ROOT / "programs" / "concat.s"), 80
    delays = {"memory.access_cycles": (1, 2, 3, 4), "host.word_cycles": (1, 2, 3)}
    spreads = {"access_cycles": "from = 1, to = 4", "word_cycles": "from = 1, to = 3", "clock_ns": clock}
    chip = mine(tmp_path, **spreads)
    known = load_chip(chip)
    settings = [*fixed(chip, *delays, "clock_ns", among=tuple(known.spreads)), "memory.retention_s=5e-7"]
    (row,) = made(tmp_path, many, ONE, many, program, chip=chip, settings=settings).rows
    shares = {path: drawn(path, many, 0) for path in (*delays, "clock_ns")}
    found: dict[str, dict[str, Any]] = {}
    figures: list[dict[str, Any]] = []
    for at in range(many):
        values = {path: all_of[int(shares[path][at] * len(all_of))] for path, all_of in delays.items()}
        values["clock_ns"] = known.spreads["clock_ns"].at(known.clock_ns, float(shares["clock_ns"][at]))
        if str(values) not in found:
            own = load_chip(chip, [*settings, *(f"{path}={value}" for path, value in values.items())])
            found[str(values)] = dict(metrics(prepare(open_program(program), own).time().report))
        figures.append(found[str(values)])
    assert len({figure["cycles"] for figure in figures}) > 4
    for name in UNCERTAIN:
        assert [row[f"{name}_p5"], row[f"{name}_p95"]] == ends([figure[name] for figure in figures]), name
    assert row.late_reads_p95 and row.late_reads_p95 > (row.late_reads_p5 or 0)
    assert len(counts_in(tmp_path)) == runs  # a clock that is moved by so little makes the same cycles


def test_the_report_says_what_intervals_rest_on(report: SweepReport) -> None:
    found = report.uncertainty
    assert found is not None
    assert (found.samples, found.seed, found.points) == (NUMBER, 0, 4)
    assert "energy.sensing_pj" in found.held  # each point states it
    assert not {one.constant for one in found.constants} & set(found.held)
    energy = [one for one in found.constants if one.metric == "energy_j"]
    assert [one.share for one in energy] == sorted((one.share for one in energy), reverse=True)
    assert all(0 <= one.least <= one.share <= one.most <= 1 and one.points in (2, 4) for one in found.constants)
    assert {one.constant for one in found.constants if "port_share" in one.constant} == {"area.port_share"}
    joined = next(one for one in found.constants if one.constant == "energy.bus_from_arrays_pj_per_mm")
    assert joined.drawn_with == ["energy.bus_to_arrays_pj_per_mm"]


def test_a_constant_that_only_some_points_feel_is_a_mean_of_these(report: SweepReport) -> None:
    assert report.uncertainty is not None
    points = {one.constant: one.points for one in report.uncertainty.constants if one.metric == "area_mm2"}
    assert points["area.port_share"] == 2  # of the chips with a second port
    assert points["area.cells_um2"] == 4


def test_the_table_has_the_intervals(report: SweepReport, timed: SweepReport) -> None:
    names = ", ".join(f"{name}_p{end}" for name in UNCERTAIN for end in (5, 95))
    for one in (report, timed):
        rows = duckdb.connect().read_parquet(str(one.table)).select(names).fetchall()
        assert rows == [tuple(row[name] for name in names.split(", ")) for row in one.rows]
    assert all(value is not None for row in rows for value in row)


def test_delays_that_matter_are_drawn_and_no_others(timed: SweepReport) -> None:
    found = timed.uncertainty
    assert found is not None and (found.time_samples, found.points) == (25, 4)
    assert "memory.access_cycles" in found.delays and "arrays.frame_ns" in found.delays
    assert not {"host.part_ns", "program_erase.pulse_ns", "vector.step_cycles"} & {*found.delays, *found.held}
    assert "neurons.cycles_per_step" in found.held
    latency = [one for one in found.constants if one.metric == "latency_s"]
    assert {one.constant for one in latency} <= set(found.delays)
    assert 0.7 < sum(one.share for one in latency) < 1.1
    assert {one.metric for one in found.constants} == {"latency_s", "energy_j", "power_w", "area_mm2"}
    slower = next(one for one in latency if one.constant == "host.word_cycles")
    assert 0.01 < slower.change < 1


def test_energy_and_power_hold_both_prices_and_delays(report: SweepReport, timed: SweepReport) -> None:
    for row, other in zip(report.rows, timed.rows, strict=True):
        assert other.power_w_p5 and other.power_w_p95 and row.power_w_p5 and row.power_w_p95
        assert other.power_w_p95 / other.power_w_p5 > 1.05 * row.power_w_p95 / row.power_w_p5
        assert (other.area_mm2_p5, other.area_mm2_p95) == (row.area_mm2_p5, row.area_mm2_p95)


def test_points_that_differ_in_prices_share_the_runs_of_their_draws(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    made(one, axes=ONE, draws=20)
    both = made(two, axes={"energy.sensing_pj": [5, 6], "area.cells_um2": [3000, 4000]}, draws=20)
    assert len(counts_in(two)) == len(counts_in(one)) == len({row["key"] for row in counts_in(two)})
    assert len({row.latency_s_p5 for row in both.rows}) == 1 and len({row.power_w_p5 for row in both.rows}) == 4


def test_a_delay_that_is_an_axis_or_a_setting_is_not_drawn(tmp_path: Path) -> None:
    axes = {"memory.access_cycles": [2, 3]}
    found = made(tmp_path, axes=axes, draws=20, settings=["host.word_cycles=2"]).uncertainty
    assert found is not None and "memory.bank_cycles" in found.delays
    assert not {"memory.access_cycles", "host.word_cycles"} & set(found.delays)


def test_without_delays_in_the_chip_numbers_are_those_of_prices_alone(tmp_path: Path) -> None:
    settings = fixed("acortex_digits")
    timed = made(tmp_path / "all", axes=ONE, draws=30, settings=settings)
    prices = made(tmp_path / "prices", axes=ONE, draws=0, settings=settings)
    assert without_cpu(timed.rows) == without_cpu(prices.rows)
    assert timed.uncertainty == prices.uncertainty
    assert timed.uncertainty is not None and timed.uncertainty.delays == []
    drawn_too = made(tmp_path / "all", axes=ONE, draws=0)
    assert [row.energy_j_p5 for row in drawn_too.rows] == [row.energy_j_p5 for row in prices.rows]


@pytest.mark.parametrize("left", [1, 4, 9])
def test_what_was_interrupted_among_its_draws_goes_on_to_the_same_rows(tmp_path: Path, left: int) -> None:
    whole = made(tmp_path / "whole", axes=ONE, draws=20)
    lines = (tmp_path / "whole" / "results.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "results.jsonl").write_text("".join(lines[: 2 + left]) + lines[2 + left][:20])
    again = made(tmp_path / "cut", axes=ONE, draws=20)
    assert again.simulations == 0 and len(counts_in(tmp_path / "cut")) == len(counts_in(tmp_path / "whole"))
    assert without_cpu(again.rows) == without_cpu(whole.rows)
    assert again.uncertainty == whole.uncertainty == look(tmp_path / "cut").uncertainty


@pytest.mark.slow
def test_two_workers_find_what_one_does(tmp_path: Path, timed: SweepReport) -> None:
    spec = replace(spec_of({"program": VMM, "axes": AXES}, "s.toml"), samples=NUMBER, time_samples=25)
    seen: list[tuple[int, int]] = []
    both = sweep(spec, tmp_path, workers=2, progress=lambda done, total: seen.append((done, total)))
    assert without_cpu(both.rows) == without_cpu(timed.rows)
    runs = len(counts_in(tmp_path))
    assert (runs, runs) in seen and seen[-1] == (4, 4)


def test_more_runs_than_the_limit_are_refused_before_any_of_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"need [0-9]+ runs, more than the sweep's limit of 10") as error:
        made(tmp_path, axes=ONE, draws=20, limit=10)
    assert "--time-samples" in error.value.hint and counts_in(tmp_path) == []
    assert made(tmp_path, axes=ONE, draws=0, limit=10).complete


def test_as_many_runs_as_the_limit_are_done_and_one_more_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        made(tmp_path, axes=ONE, draws=2, program=ECHO, limit=1)
    number = int(str(error.value).partition("need ")[2].partition(" runs")[0])
    with pytest.raises(UsageError, match=f"need {number} runs, more than the sweep's limit of {number - 1}"):
        made(tmp_path, axes=ONE, draws=2, program=ECHO, limit=number - 1)
    assert made(tmp_path, axes=ONE, draws=2, program=ECHO, limit=number).complete
    assert len(counts_in(tmp_path)) == number


def test_a_point_whose_runs_fail_says_so_and_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(job: Job) -> Any:
        lost = {**passing("no memory"), "cpu_s": 0.0}
        return dict.fromkeys(job["keys"], lost) if job["do"] == "count" else work(job)

    monkeypatch.setattr(workers, "work", no_memory)
    failed = made(tmp_path, axes=ONE, draws=20)
    assert [(row.status, row.error) for row in failed.rows] == [("failed", "no memory")]
    monkeypatch.undo()
    assert made(tmp_path, axes=ONE, draws=20).rows[0].latency_s_p95 is not None


def test_the_same_again_does_nothing_and_says_the_same(tmp_path: Path) -> None:
    first = made(tmp_path, axes=ONE)
    log = (tmp_path / "results.jsonl").read_bytes()
    again = made(tmp_path, axes=ONE)
    assert (again.rows, again.uncertainty, again.reused) == (first.rows, first.uncertainty, 1)
    assert (tmp_path / "results.jsonl").read_bytes() == log
    assert look(tmp_path).uncertainty == first.uncertainty


def test_points_that_were_run_without_are_not_run_again_and_lose_nothing_when_run_without(tmp_path: Path) -> None:
    without = made(tmp_path, 0, axes=ONE)
    assert without.uncertainty is None and without.rows[0].energy_j_p5 is None
    drawn = made(tmp_path, axes=ONE)
    assert (drawn.simulations, drawn.rows[0].key) == (0, without.rows[0].key)
    assert drawn.rows[0].energy_j_p5 is not None
    assert made(tmp_path, 0, axes=ONE).rows == [without.rows[0].model_copy(update={"cpu_s": without.rows[0].cpu_s})]


def test_another_seed_draws_others_and_more_samples_are_drawn_anew(tmp_path: Path) -> None:
    first, other = (made(tmp_path, axes=ONE, sample={"seed": seed}) for seed in (0, 1))
    assert first.rows[0].energy_j_p5 != other.rows[0].energy_j_p5
    assert first.rows[0].energy_j == other.rows[0].energy_j
    more = made(tmp_path, 2 * NUMBER, axes=ONE)
    assert more.uncertainty is not None and more.uncertainty.samples == 2 * NUMBER


def test_what_was_interrupted_before_its_intervals_is_not_complete_and_goes_on(tmp_path: Path) -> None:
    made(tmp_path)
    lines = (tmp_path / "results.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in lines if "energy_j_p5" not in line]
    assert len(kept) < len(lines)
    (tmp_path / "results.jsonl").write_text("".join(kept))
    cut = look(tmp_path)
    assert (cut.complete, cut.covers) == (False, {"points": 4, "results": 0})
    assert made(tmp_path).complete


def test_a_point_that_fails_has_no_interval_and_the_others_have(tmp_path: Path) -> None:
    report = made(tmp_path, axes={"memory.ports": [1, 0]})
    assert [row.status for row in report.rows] == ["done", "failed"]
    assert [row.energy_j_p5 is None for row in report.rows] == [False, True]
    assert report.complete and report.uncertainty is not None and report.uncertainty.points == 1


def test_a_plan_of_before_can_be_shown(tmp_path: Path) -> None:
    made(tmp_path, 0, axes=ONE)
    plan = json.loads((tmp_path / "plan.json").read_text())
    del plan["samples"], plan["seed"]
    for point in plan["points"]:
        del point["spread"]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    assert look(tmp_path).uncertainty is None


def test_results_of_before_delays_were_drawn_can_be_shown(tmp_path: Path) -> None:
    """A folder of an older version, which `show` still reads."""
    first = made(tmp_path, axes=ONE).uncertainty
    log = tmp_path / "results.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    later = ("change ", "time_samples", "delays", "courses", "still", "counting_cpu_s")
    kept = [{name: value for name, value in row.items() if not name.startswith(later)} for row in rows]
    log.write_text("".join(f"{json.dumps(row)}\n" for row in kept))
    found = look(tmp_path).uncertainty
    assert first is not None and found is not None
    assert [one.share for one in found.constants] == [one.share for one in first.constants]
    assert (found.time_samples, found.delays, found.courses) == (0, [], 0)


def test_shares_of_a_sum_are_those_of_variances_by_hand() -> None:
    # y = exp(a + 3 b): the variances of even numbers are in the ratio 1 to 9.
    a, b, c = np.random.default_rng(0).random((3, 4000))
    y = np.exp(a + 3 * b)
    assert share_of(a, y) == pytest.approx(0.1, abs=0.02)
    assert share_of(b, y) == pytest.approx(0.9, abs=0.03)  # in eight classes a little of it is lost
    assert share_of(c, y) < 0.01
    assert share_of(a, np.ones(4000)) == 0


def test_shares_of_few_draws_are_those_of_variances_by_hand() -> None:
    a, b, c = np.random.default_rng(0).random((3, 200))
    y = np.tile(np.exp(a + 3 * b), 5) * np.exp(0.1 * np.random.default_rng(1).random(1000))
    found = shares_of({"a": a, "b": b, "c": c}, y)
    assert found["a"] == pytest.approx(0.1, abs=0.02)
    assert found["b"] == pytest.approx(0.9, abs=0.04)
    assert found["c"] < 0.01
    assert shares_of({"a": a}, np.ones(1000)) == {"a": 0.0} and shares_of({}, y) == {}


def test_what_draws_have_in_common_by_chance_is_the_share_of_the_one_that_matters() -> None:
    a = np.random.default_rng(0).random(100)
    like = np.clip(a + 0.6 * np.random.default_rng(1).random(100), 0, 2)
    y = np.exp(np.where(a > np.median(a), 1.0, 0.0))
    assert shares_of({"a": a, "like": like}, y) == pytest.approx({"a": 1.0, "like": 0.0})
    assert share_of(like, y) > 0.3  # taken by itself


def test_a_run_without_cycles_or_energy_has_the_intervals_that_can_be_told() -> None:
    chip = settled(load_chip("acortex_gnmt"), load_chip("acortex_gnmt").spreads)
    none = {**Counted(0, {}, 0).plain(), "status": "done"}
    (found,) = intervals(
        [chip],
        {"samples": 3, "seed": 0, "still": (), "drawn": ("a",), "middle": "a", "ends": {}, "counts": {"a": none}},
    )
    assert {name for name in found if name.endswith("_p5")} == {"energy_j_p5", "area_mm2_p5"}


@pytest.mark.parametrize("draws", [-1, 2.5, 10**7])
def test_a_number_of_draws_is_within_bounds(tmp_path: Path, draws: Any) -> None:
    with pytest.raises(UsageError, match="time_samples is"):
        sweep(spec_of({"program": VMM, "axes": ONE}, "s.toml"), tmp_path / "out", samples=20, time_samples=draws)
    assert not (tmp_path / "out").exists()


def test_the_speed_of_a_host_is_drawn_where_it_works(tmp_path: Path) -> None:
    """One part of 100 operations, by itself: its cycles are those of the run, but for what it waits for."""
    source = tmp_path / "host.s"
    source.write_text(
        ".chip acortex_digits\n.input x, shape=2\n.output y, shape=2\n.part p, shape=1\n.row 1\nstart\n"
        "loop l0, host\nturn: inference l0\nbase d0, 0\ninput x, d0\nsignal host_in, t0\nawait host, t0\n"
        "work p, 100\nsignal host, t1\nawait host_out, t1\noutput y, d0\nnext l0, turn\nhalt\n"
    )
    chip = mine(tmp_path, part_ns="from = 500, to = 1500")
    settings = fixed(chip, "host.part_ns", among=tuple(load_chip(chip).spreads))
    report = made(tmp_path, 40, ONE, 40, str(source), chip=chip, settings=settings, timing_only=True)
    (row,) = report.rows
    assert report.uncertainty is not None and report.uncertainty.delays == ["host.part_ns"] and row.cycles
    clock_ns = Decimal("1.785")
    took = [cycles_of(510 + 1000 * Decimal(share), clock_ns) for share in drawn("host.part_ns", 40, 0).tolist()]
    rest = row.cycles - cycles_of(1010, clock_ns)
    assert [row.cycles_p5, row.cycles_p95] == ends([rest + part for part in took])


@pytest.mark.parametrize(("samples", "chance"), [(5, 1.0), (NUMBER, 4 * 14**0.5 / NUMBER)])
def test_a_report_says_what_share_may_be_chance_and_from_how_many_draws_delays_are_told_apart(
    tmp_path: Path, samples: int, chance: float
) -> None:
    found = made(tmp_path, samples, ONE, draws=2).uncertainty
    assert found is not None and found.chance == pytest.approx(chance)
    assert found.fewest_time_samples == 3 * len(found.delays) > found.time_samples == 2


@pytest.mark.parametrize("samples", [50, 200])
def test_what_moves_nothing_hardly_has_a_larger_share_than_chance_is_said_to_give(samples: int) -> None:
    random = np.random.default_rng(samples)
    shares = [share_of(random.random(samples), 1 + random.random(samples)) for _ in range(2000)]
    assert np.mean([share > chance_of(samples) for share in shares]) < 0.005
    assert np.mean([share > chance_of(samples) / 4 for share in shares]) > 0.1  # and it is not said of far too many


def test_a_change_is_from_one_end_to_the_other_over_the_number_at_the_first() -> None:
    some = np.linspace(0, 1, 40)
    moves = {"energy_j": {"energy.dacs_pj": (2.0, 3.0), "energy.array_pj": (4.0, 3.0), "energy.sensing_pj": (0.0, 1.0)}}
    numbers = {"energy_j": 2 + some, "area_mm2": np.ones(40)}
    found = _shares(Samples(dict.fromkeys(moves["energy_j"], some), numbers, moves, frozenset()))
    told = {name.rpartition(" ")[2]: change for name, change in found.items() if name.startswith("change energy_j")}
    assert told == {"energy.dacs_pj": 0.5, "energy.array_pj": -0.25, "energy.sensing_pj": 0.0}
    assert not [name for name in found if "area_mm2" in name]  # nothing moves it
