"""Any number of chips beside each other, each with settings of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.errors import UsageError
from acortex.sim import run as simulator
from acortex.sim.chip.comparison import compare
from acortex.sim.chip.specs import load_chip
from acortex.tools.api import run
from acortex.tools.cli import cli
from acortex.tools.open.chip_options import Side, side_of

ECHO = Path(__file__).parents[1] / "echo.s"
DIGITS, PARALLEL = "acortex_digits", "acortex_digits_parallel"
ADCS = f"{DIGITS},neurons.adcs_per_column=2"
MLP = ("run", "zoo:digits_mlp", "--timing-only", "--max-cycles", "1000")


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


def chips(*names: str) -> list[str]:
    return [word for name in names for word in ("--chip", name)]


def document(*args: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(acortex_(*args, "--format", "json").stdout)
    return found


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("acortex_digits", ("acortex_digits", ())),
        ("acortex_digits,memory.ports=2", ("acortex_digits", ("memory.ports=2",))),
        ("a.toml, memory.ports=2 ,clock_ns=1", ("a.toml", ("memory.ports=2", "clock_ns=1"))),
        ("acortex_digits,", ("acortex_digits", ("",))),
    ],
)
def test_a_side_is_a_chip_and_settings_after_commas(text: str, side: tuple[str, tuple[str, ...]]) -> None:
    assert side_of(text) == Side(*side, text)


def test_a_file_may_have_a_comma_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a,memory.ports=4.toml"
    path.write_text('inherits = "acortex_digits"\nname = "odd"\n')
    assert side_of(f"{path},memory.ports=2")[:2] == (str(path), ("memory.ports=2",))
    assert document("run", ECHO, "--chip", f"{path},memory.ports=2")["chip"]["overrides"] == ["memory.ports=2"]


def test_the_settings_of_a_side_are_those_of_set() -> None:
    own, all_of_them = (
        document("run", ECHO, *given) for given in (chips(ADCS), [*chips(DIGITS), "--set", ADCS.split(",")[1]])
    )
    assert own == all_of_them


def test_each_of_four_chips_is_held_against_the_first() -> None:
    names = (DIGITS, PARALLEL, ADCS, f"{DIGITS},memory.ports=2,arrays.overlap_loads=true")
    report = document("run", ECHO, *chips(*names))
    assert report["chips"] == [
        DIGITS,
        PARALLEL,
        f"{DIGITS}, neurons.adcs_per_column=2",
        f"{DIGITS}, arrays.overlap_loads=true, memory.ports=2",
    ]
    assert [run["chip"]["name"] for run in report["runs"]] == [DIGITS, PARALLEL, DIGITS, DIGITS]
    area = next(row for row in report["rows"] if row["name"] == "area")
    assert area["values"] == [run["area_mm2"] for run in report["runs"]]
    assert area["ratios"] == [value / area["values"][0] for value in area["values"]] and area["ratios"][0] == 1
    assert area["ratio"] == area["ratios"][1]


def test_every_setting_in_which_any_chip_differs_is_named() -> None:
    changed = document("run", ECHO, *chips(DIGITS, f"{DIGITS},memory.ports=2", ADCS))["changed"]
    assert {row["path"]: (row["a"], row["b"], row["values"]) for row in changed["settings"]} == {
        "memory.ports": (1, 2, [1, 2, 1]),
        "neurons.adcs_per_column": (1, 1, [1, 1, 2]),
    }
    assert changed["program"] == []


def test_the_first_lines_name_the_chips_and_what_differs() -> None:
    lines = acortex_("run", ECHO, *chips(DIGITS, f"{DIGITS},memory.ports=2", ADCS)).stdout.splitlines()
    assert [" ".join(line.split()) for line in lines[:6]] == [
        "echo on 3 chips",
        "a acortex_digits",
        "b acortex_digits, memory.ports=2",
        "c acortex_digits, neurons.adcs_per_column=2",
        "setting memory.ports a 1, b 2, c 1",
        "setting neurons.adcs_per_column a 1, b 1, c 2",
    ]
    assert next(line for line in lines if " a " in line and "to a" in line).split() == [
        "a",
        "b",
        "to",
        "a",
        "c",
        "to",
        "a",
    ]


def test_a_setting_for_all_is_in_each_name_and_in_none_of_what_differs() -> None:
    report = document("run", ECHO, *chips(DIGITS, ADCS), "--set", "memory.ports=2")
    assert report["chips"] == [
        f"{DIGITS}, memory.ports=2",
        f"{DIGITS}, memory.ports=2, neurons.adcs_per_column=2",
    ]
    assert [row["path"] for row in report["changed"]["settings"]] == ["neurons.adcs_per_column"]
    text = acortex_("run", ECHO, *chips(DIGITS, ADCS), "--set", "memory.ports=2").stdout
    assert " ".join(text.split()).startswith(f"echo on {report['chips'][0]} and {report['chips'][1]} setting ")


def test_a_run_on_one_chip_names_its_settings_too(tmp_path: Path) -> None:
    trace = tmp_path / "t.actrace"
    found = acortex_("run", ECHO, "--set", "memory.ports=2", "--trace", trace)
    assert found.stdout.startswith("echo on acortex_digits, memory.ports=2   1 inference, ")
    assert "echo on acortex_digits, memory.ports=2" in acortex_("trace", "info", trace).stdout
    assert document("trace", "info", trace)["chip"]["overrides"] == ["memory.ports=2"]


def test_a_side_wins_over_what_is_set_for_all() -> None:
    report = document("run", ECHO, *chips(DIGITS, f"{DIGITS},memory.ports=4"), "--set", "memory.ports=2")
    assert [run["chip"]["config"]["memory"]["ports"] for run in report["runs"]] == [2, 4]


def test_the_same_chip_twice_has_the_same_settings() -> None:
    found = acortex_("run", ECHO, *chips(DIGITS, DIGITS))
    assert (found.exit_code, found.stdout.splitlines()[1]) == (0, "  the same settings")


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ("memory.port=2", "there is no setting memory.port\n  hint: did you mean `memory.ports`?"),
        ("memory.ports=0", "memory.ports is 0: allowed is a whole number from 1 to 64 ports"),
        ("memory.ports=", "an empty text is no value: a number, true, false or a word"),
        ("memory", 'an override has the form path=value: "memory"'),
        ("", 'an override has the form path=value: ""'),
    ],
)
def test_a_wrong_setting_names_its_side(side: str, message: str) -> None:
    found = acortex_("run", ECHO, *chips(DIGITS, f"{DIGITS},{side}"), "--set", "clock_ns=2")
    assert found.exit_code == 2
    assert found.stderr.startswith(f"--chip {DIGITS},{side}: {message}\n")


def test_a_wrong_setting_for_all_is_not_that_of_a_side() -> None:
    found = acortex_("run", ECHO, *chips(DIGITS, ADCS), "--set", "memory.port=2")
    assert found.stderr.startswith("--set memory.port: there is no setting memory.port")


def test_a_comma_without_a_chip_is_refused() -> None:
    found = acortex_("run", ECHO, "--chip", ",memory.ports=2")
    assert (found.exit_code, found.stderr) == (
        2,
        "--chip ,memory.ports=2: no chip is named before the comma\n"
        "  hint: for example acortex_digits,memory.ports=2\n",
    )


def test_a_program_that_fails_on_one_chip_says_on_which() -> None:
    found = acortex_("run", "zoo:digits_mlp", "--timing-only", *chips(DIGITS, "acortex_gnmt"))
    assert found.exit_code == 1
    assert re.match(r"digits_mlp\.s:\d+: on acortex_gnmt: group g1 needs the bus", found.stderr)


def test_what_was_stopped_is_not_compared_as_if_it_were_whole() -> None:
    report = document(*MLP, *chips(DIGITS, PARALLEL))
    assert (report["complete"], [one["finished"] for one in report["covers"]]) == (
        False,
        [sum(row["end_cycle"] is not None for row in run["inferences"]) for run in report["runs"]],
    )
    ratios = {row["name"]: row["ratio"] for row in report["rows"]}
    assert ratios.pop("area") > 1 and set(ratios.values()) == {None}
    found = acortex_(*MLP, *chips(DIGITS, PARALLEL))
    assert found.stdout.startswith("acortex_digits: incomplete: stopped at cycle ")
    assert f"\n{PARALLEL}: incomplete: stopped at cycle " in found.stdout.partition("\ndigits_mlp on")[0]
    assert found.exit_code == 1 and f"warning: {PARALLEL}: stopped at cycle" in found.stderr


def test_a_comparison_takes_reports_of_python() -> None:
    reports = [run(ECHO, load_chip(DIGITS, [f"memory.ports={ports}"]), values=False).report for ports in (1, 2, 4)]
    found = compare(*reports)
    assert [row.values_ for row in found.changed.settings] == [[1, 2, 4]]
    assert found.complete and found.runs == reports
    with pytest.raises(UsageError, match="a comparison needs two runs or more, and 1 was given"):
        compare(reports[0])


def test_a_latency_is_the_mean_of_what_had_finished_on_each_chip() -> None:
    found = compare(*(run(ECHO, load_chip(DIGITS), values=False).report for _ in range(2)))
    (one,) = found.runs[0].inferences or ()
    rows = [[2e-6, 4e-6, None], [6e-6], [None]]
    runs = [
        found.runs[0].model_copy(update={"inferences": [one.model_copy(update={"latency_s": s}) for s in row]})
        for row in rows
    ]
    (row,) = (row for row in compare(*runs).rows if row.name == "latency of an inference")
    assert (row.values_, row.ratios) == ([3e-6, 6e-6, None], [1, 2, None])


def test_that_any_program_differs_from_the_first_is_told() -> None:
    same = run(ECHO, values=False).report
    other = same.model_copy(update={"program": same.program.model_copy(update={"sha256": "0"})})
    assert [compare(same, *more).changed.program for more in ([same, same], [same, other], [other, same])] == [
        [],
        None,
        None,
    ]


def test_an_interrupt_ends_the_comparison_and_not_one_side_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate, begun = simulator.run, []

    def interrupted(program: Any, chip: Any, **options: Any) -> Any:
        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        begun.append(chip.name)
        return simulate(program, chip, **{**options, "progress": interrupt})

    monkeypatch.setattr(simulator, "run", interrupted)
    found = acortex_("run", "zoo:digits_mlp", "--timing-only", *chips(DIGITS, PARALLEL))
    assert (found.exit_code, found.stdout, begun) == (130, "", [DIGITS])


@pytest.mark.parametrize(
    ("args", "first"),
    [
        (("compile", "zoo:letters_mlp"), "letters_mlp for acortex_digits, memory.ports=2"),
        (("chip", "show", DIGITS), "acortex_digits, memory.ports=2"),
        (("chip", "show", DIGITS, "--program", "zoo:digits_mlp"), "acortex_digits, memory.ports=2"),
        (("verify", "zoo:letters_mlp"), "letters_mlp on acortex_digits, memory.ports=2 and in onnxruntime: equal"),
    ],
)
def test_settings_stand_wherever_a_chip_is_named(args: tuple[str, ...], first: str) -> None:
    assert acortex_(*args, "--set", "memory.ports=2").stdout.startswith(first)


def test_a_price_that_differs_is_named_first(tmp_path: Path) -> None:
    trace = tmp_path / "t.actrace"
    acortex_("run", ECHO, "--trace", trace)
    given = ("trace", "reprice", trace, "--set", "energy.memory_access_pj=100")
    before = load_chip(DIGITS).config["energy"]["memory_access_pj"]
    assert document(*given)["changed"] == {
        "settings": [{"path": "energy.memory_access_pj", "a": before, "b": 100.0}],
        "program": [],
    }
    assert acortex_(*given).stdout.splitlines()[1].split() == [
        "setting", "energy.memory_access_pj", f"{before}", "->", "100.0",
    ]  # fmt: skip
