"""`acortex trace reprice`, `stats` and `info`: text and JSON of the smallest run, whose numbers are added up by hand.

Two accesses to main memory cost 4,360,333 aJ there and 2,915,286 aJ elsewhere, and 27 cycles leak 103,211 aJ each.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"
MEMORY, OTHERS, LEAK, CYCLES = 2 * 4_360_333, 2 * 2_915_286, 27 * 103_211, 27
WHOLE = MEMORY + OTHERS + LEAK

REPRICED = """\
echo: 27 cycles recorded on acortex_digits, priced as acortex_digits
  setting  energy.memory_access_pj  52.0 -> 20.0

Component      recorded   priced    change
  main memory   8.72 pJ  3.35 pJ  -5.37 pJ  28.0 %
  leakage       2.79 pJ  2.79 pJ       0 J  23.3 %
  others        5.83 pJ  5.83 pJ       0 J  48.7 %

Layer               recorded   priced    change
  copy               16.7 pJ  11.4 pJ  -5.37 pJ  94.8 %
  (outside layers)    619 fJ   619 fJ       0 J   5.2 %

Total     recorded   priced    change
  energy   17.3 pJ  12.0 pJ  -5.37 pJ  100.0 %
"""

STATS = """\
18 events, 27 cycles, 17.3 pJ

Component      events   energy
  main_memory       2  8.72 pJ  50.3 %
  others            2  5.83 pJ  33.6 %
  leakage           0  2.79 pJ  16.1 %

Kind of event       events   energy
  memory.read            1  7.28 pJ  42.0 %
  memory.write           1  7.28 pJ  42.0 %
  controller.issue      12      0 J   0.0 %
  sync                   2      0 J   0.0 %
  host.in                1      0 J   0.0 %
  host.out               1      0 J   0.0 %

Unit                   events    busy  waiting     idle
  controller               12  44.4 %    0.0 %   55.6 %
  host/in                   3  18.5 %    0.0 %   81.5 %
  host/out                  3  18.5 %   51.9 %   29.6 %
"""

BELOW = """\
Layer               events  cycles           energy
  copy                  11      21  77.8 %  16.7 pJ  96.4 %
  (outside layers)       7       6  22.2 %   619 fJ   3.6 %

Longest waits                 cycles
  host/out waits for latency      10
  host/out waits for token         3
  host/out waits for grant         1

Source line                          events  busy  waiting   energy
  echo.s:15 output 0, d0                  3     5       11  7.28 pJ  42.0 %
  echo.s:12 input 0, d0                   3     5        0  7.28 pJ  42.0 %
  echo.s:14 await host_out, t0            2     2        3      0 J   0.0 %
"""


def invoke(*arguments: str, columns: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(columns), "NO_COLOR": "1"}).invoke(cli, arguments, prog_name="acortex")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("echo") / "run.actrace")
    assert invoke("run", str(ECHO), "--trace", path).exit_code == 0
    return path


def text(*arguments: str) -> str:
    result = invoke("trace", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return "".join(line.rstrip() + "\n" for line in result.stdout.splitlines())


def test_a_run_priced_anew_shows_both_energies_their_difference_and_the_share_of_the_new_one(trace: str) -> None:
    assert text("reprice", trace, "--set", "energy.memory_access_pj=20") == REPRICED


def test_its_json_has_pairs_of_before_and_after_in_whole_attojoules(trace: str) -> None:
    found = json.loads(text("reprice", trace, "--set", "energy.memory_access_pj=20", "--format", "json"))
    priced = 3_354_102
    assert found["energy_by_component_aj"] | {"arrays": [0, 0]} == {
        **{key: [0, 0] for key in found["energy_by_component_aj"]},
        "main_memory": [MEMORY, priced],
        "others": [OTHERS, OTHERS],
        "leakage": [LEAK, LEAK],
    }
    assert found["energy_aj"] == [WHOLE, WHOLE - MEMORY + priced]
    assert found["energy_j"] == [energy / 1e18 for energy in found["energy_aj"]]
    layers = [[row["energy_aj"][of] for row in found["layers"]] for of in (0, 1)]
    assert [sum(energies) for energies in layers] == found["energy_aj"]
    assert (found["cycles"], found["latency_s"], found["timing_may_differ"]) == (CYCLES, 48.195e-9, [])
    assert found["power_w"] == pytest.approx(found["energy_j"][1] / found["latency_s"], rel=1e-15)


def test_on_another_clock_time_power_and_leakage_are_of_that_clock(trace: str) -> None:
    result = invoke("trace", "reprice", trace, "--set", "clock_ns=2", "--format", "json")
    found = json.loads(result.stdout)
    assert found["latency_s"] == pytest.approx(27 * 2e-9, rel=1e-15)
    assert found["power_w"] == pytest.approx(found["energy_j"][1] / 54e-9, rel=1e-12)
    assert found["energy_by_component_aj"]["leakage"][1] == pytest.approx(LEAK * 2 / 1.785, abs=CYCLES)
    assert found["timing_may_differ"] == ["memory.read_latency_ns", "arrays.frame_ns"]
    assert "may take other cycles than those recorded" in result.stderr


def test_statistics_have_the_dearest_first_and_shares_of_the_whole(trace: str) -> None:
    said = text("stats", trace)
    assert said.startswith(STATS)
    assert BELOW in said
    assert said.endswith("\nLatency of an inference  least 21, p50 21, p90 21, p99 21, greatest 21 cycles\n")


def test_what_a_trace_holds_is_counted_with_its_waits(trace: str) -> None:
    said = text("info", trace)
    size = Path(trace).stat().st_size
    assert f"  size     {size:,} bytes, {size / (18 + 3):.2f} a row\n" in said
    assert "  time     27 cycles, 48.2 ns\n  energy   17.3 pJ, leakage included\n  events   18, and 3 waits\n" in said


@pytest.mark.parametrize("at_once", [1, 5, 14])
def test_segments_are_one_list_of_json_however_many_are_printed_at_once(
    trace: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = text("critical", trace, "--format", "json")
    monkeypatch.setattr(
        import_module("acortex.tools.commands.trace_critical"),
        "_some",
        lambda path: (list(path)[at : at + at_once] for at in range(0, len(path), at_once)),
    )
    assert text("critical", trace, "--format", "json") == whole
    assert len(json.loads(whole)["segments"]) == 14


@pytest.mark.parametrize("options", [(), ("--unit", "host/out"), ("--from", "6", "--unit", "controller")], ids=len)
def test_the_json_of_a_path_is_that_of_its_document_to_the_byte(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Of the last selection no segment is left."""
    (tmp_path / "é.s").write_text(ECHO.read_text())
    path = str(tmp_path / "run.actrace")
    assert invoke("run", str(tmp_path / "é.s"), "--trace", path).exit_code == 0
    said = invoke("trace", "critical", path, *options, "--format", "json").stdout
    assert said == json.dumps(json.loads(said), indent=2, ensure_ascii=False) + "\n"
    assert ("é.s:" in said) == (options[:1] != ("--from",))
    assert (json.loads(said)["segments"] == []) == (options[:1] == ("--from",))


@pytest.mark.parametrize("arguments", [("critical",), ("reprice",), ("stats",), ("info",), ("top",)], ids=str)
def test_into_a_pipe_no_line_is_cut_however_narrow_the_terminal(trace: str, arguments: tuple[str, ...]) -> None:
    narrow, wide = (invoke("trace", *arguments, trace, columns=columns).stdout for columns in (40, 400))
    assert narrow == wide


def test_a_path_of_more_rows_than_are_shown_says_how_many_are_left(tmp_path: Path) -> None:
    source = ECHO.read_text().replace("start\n", "start\n" + "        nop\n" * 20, 1)
    (tmp_path / "long.s").write_text(source)
    path = str(tmp_path / "run.actrace")
    assert invoke("run", str(tmp_path / "long.s"), "--trace", path).exit_code == 0
    lines = json.loads(text("critical", path, "--format", "json"))["by_line"]
    assert len(lines) > 20
    assert f"  and {len(lines) - 12} more\n" in text("critical", path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "energy.memory_acces_pj=20"], "did you mean `energy.memory_access_pj`?"),
        (["--set", "energy.memory_access_pj=-1"], "energy.memory_access_pj"),
        (["--chip", "acortex_digit"], "did you mean `acortex_digits`?"),
    ],
)
def test_a_chip_that_there_is_not_prices_nothing(trace: str, arguments: list[str], said: str) -> None:
    result = invoke("trace", "reprice", trace, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr
